// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SkipReason} from "../../../contracts/interfaces/ISettlement.sol";
import {OrderRecord} from "../../../contracts/settlement/BatchRun.sol";
import {FillLibrary} from "../../../contracts/settlement/Fill.sol";
import {Registers} from "../../../contracts/settlement/Registers.sol";
import {SlotTable} from "../../../contracts/settlement/SlotTable.sol";
import {Word} from "../../../contracts/settlement/Word.sol";

/// @dev Proofs by halmos: lanes, sequence numbers, amounts.
contract FillProofs {
    /// @dev The lowest bit of `filled` in a slot.
    uint256 private constant FILLED_AT = 64;
    uint256 private constant LOCATION = 0x5107;

    /// @dev What a lane is after a fill of an order: a newer order takes it from nothing, its own order fills further, up to
    /// the quantity and not beyond; every other one is refused. Seqs never fall, and nothing but the lane's fields changes.
    function check_laneRule(uint256 word, uint64 quantity, uint24 tag, uint48 seq, uint64 lots) external pure {
        uint256 order = orderWith(word, quantity, tag, seq);
        (uint256 after_, SkipReason reason) = FillLibrary.laneAfter(order, lots);
        uint256 filled = uint64(word >> FILLED_AT);
        uint256 laneSeq = uint48(word >> 152);
        uint256 laneTag = uint24(word >> 128);
        if (reason != SkipReason.NONE) {
            assert(after_ == word);
            bool fits = seq > laneSeq ? lots <= quantity : tag == laneTag && filled + lots <= quantity;
            // Never refused without one of these causes.
            assert(lots == 0 || seq < laneSeq || (seq == laneSeq && tag != laneTag) || !fits);
            return;
        }
        assert(lots != 0);
        assert(seq > laneSeq || (seq == laneSeq && tag == laneTag));
        uint256 start = seq > laneSeq ? 0 : filled;
        assert(uint64(after_ >> FILLED_AT) == start + lots);
        assert(start + lots <= quantity);
        assert(uint48(after_ >> 152) == seq && uint24(after_ >> 128) == tag);
        assert(uint64(after_) == uint64(word) && after_ >> 200 == word >> 200);
    }

    /// @dev An order never fills beyond its quantity in two steps, whatever another order did to the lane between them.
    function check_twoFillsOfAnOrder(uint256 word, uint64 quantity, uint24 tag, uint48 seq, uint64 one, uint64 two)
        external
        pure
    {
        uint256 order = orderWith(word, quantity, tag, seq);
        (uint256 first, SkipReason reason) = FillLibrary.laneAfter(order, one);
        if (reason != SkipReason.NONE) return;
        Word.put(FillLibrary.laneOf(order), first);
        (, reason) = FillLibrary.laneAfter(order, two);
        if (reason == SkipReason.NONE) assert(uint256(one) + two <= quantity);
    }

    function check_anotherOrderBetween(
        uint64 quantity,
        uint24 tag,
        uint48 seq,
        uint64 otherQuantity,
        uint24 otherTag,
        uint48 otherSeq,
        uint64 lots
    ) external pure {
        // The lane is full of the first order; another one with another tag or seq takes it, or not.
        uint256 word = (uint256(seq) << 152) | (uint256(tag) << 128) | (uint256(quantity) << FILLED_AT);
        uint256 other = orderWith(word, otherQuantity, otherTag, otherSeq);
        if (otherTag == tag && otherSeq == seq) return;
        (uint256 taken,) = FillLibrary.laneAfter(other, lots);
        uint256 first = orderWith(taken, quantity, tag, seq);
        (, SkipReason reason) = FillLibrary.laneAfter(first, 1);
        assert(reason != SkipReason.NONE);
    }

    /// @dev An order that is given its lane has as many lots left as the rule of lanes lets it fill; and what it filled, when
    /// the lane is released, is what the rule makes of the lane. Without a fill the lane is as it was.
    function check_aGivenLaneKeepsTheRule(uint256 word, uint64 quantity, uint24 tag, uint48 seq, uint64 lots)
        external
        pure
    {
        word &= ~SlotTable.GIVEN;
        Registers.open();
        Word.put(Registers.LANES_LATER, 0);
        uint256 order = orderWith(word, quantity, tag, seq);
        uint256 cell = FillLibrary.laneOf(order);
        (uint256 expected, SkipReason reason) = FillLibrary.laneAfter(order, lots);
        FillLibrary.giveLaneAgain(order, cell);
        uint256 left = uint64(Word.load(order));
        if (lots != 0) assert((reason == SkipReason.NONE) == (lots <= left));
        if (lots != 0 && lots <= left) Word.put(order, Word.load(order) - lots);
        else expected = word;
        SlotTable.releaseLane(cell);
        assert(Word.load(cell) == expected);
        assert(uint64(Word.load(order)) == 0 && FillLibrary.laneOf(order) == cell);
    }

    /// @dev What is stored of a lane that an order has is what would be if it were released before, in both layouts.
    function check_aGivenLaneIsStoredAsItIsReleased(
        uint256 word,
        uint256 quote,
        uint64 quantity,
        uint24 tag,
        uint48 seq,
        uint64 lots
    ) external {
        word &= ~SlotTable.GIVEN;
        Registers.open();
        Word.put(Registers.LANES_LATER, 0);
        // Two cells, and what ends them.
        uint256 cell = Word.reserve(5);
        uint256 order = orderIn(cell, word, quantity, tag, seq);
        Word.put(cell + 32, LOCATION);
        Word.put(cell + 64, quote);
        Word.put(Registers.CELLS, cell);
        Word.put(Registers.CELLS_END, cell + (word & SlotTable.ISOLATED == 0 ? 64 : 128));
        FillLibrary.giveLaneAgain(order, cell);
        if (lots <= uint64(Word.load(order))) Word.put(order, Word.load(order) - lots);
        SlotTable.store();
        uint256 given = SlotTable.stored(cell);
        SlotTable.releaseLane(cell);
        SlotTable.store();
        assert(given == SlotTable.stored(cell));
    }

    /// @dev Of two orders in a lane, one has lots left at most.
    function check_oneOrderHasALane(
        uint256 word,
        uint64 quantity,
        uint24 tag,
        uint48 seq,
        uint64 otherQuantity,
        uint24 otherTag,
        uint48 otherSeq
    ) external pure {
        word &= ~SlotTable.GIVEN;
        Registers.open();
        Word.put(Registers.LANES_LATER, 0);
        uint256 first = orderWith(word, quantity, tag, seq);
        uint256 second = orderWith(word, otherQuantity, otherTag, otherSeq);
        uint256 cell = FillLibrary.laneOf(first);
        FillLibrary.giveLaneAgain(first, cell);
        FillLibrary.giveLaneAgain(second, cell);
        assert(uint64(Word.load(first)) == 0 || uint64(Word.load(second)) == 0);
    }

    /// @dev What a fill moves does not overflow, whatever the numbers.
    function check_amountsDoNotOverflow(uint64 lots, uint64 lotUnits) external pure {
        uint256 order = orderWith(0, 1, 0, 1);
        Word.put(FillLibrary.marketOf(order), lotUnits);
        (uint256 base,) = FillLibrary.amounts(order, 1, lots);
        assert(base <= uint256(type(uint64).max) * type(uint64).max);
        assert(lots == 0 || lotUnits == 0 || base >= lots);
    }

    /// @dev An order's record in memory, and its lane with this word in it.
    function orderWith(uint256 lane, uint64 quantity, uint24 tag, uint48 seq) private pure returns (uint256) {
        return orderIn(Word.reserve(2), lane, quantity, tag, seq);
    }

    function orderIn(uint256 cell, uint256 lane, uint64 quantity, uint24 tag, uint48 seq)
        private
        pure
        returns (uint256 order)
    {
        order = Word.reserve(OrderRecord.BYTES / 32);
        Word.put(cell, lane);
        uint256 key = (uint256(seq) << OrderRecord.SEQ_AT) | (uint256(tag) << OrderRecord.TAG_AT);
        Word.put(order, key | (uint256(quantity) << OrderRecord.QUANTITY_AT));
        Word.put(order + OrderRecord.LANE, cell);
        Word.put(order + OrderRecord.TERMS, Word.reserve(8) << OrderRecord.MARKET_AND_SIDE_AT);
    }
}

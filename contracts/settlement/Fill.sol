// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SkipReason} from "../interfaces/ISettlement.sol";
import {MarketRecord, OrderRecord, OrderRecordLibrary, OrderTerms} from "./OrderRecord.sol";
import {Slot, SlotLibrary} from "./Slot.sol";
import {SlotTableLibrary} from "./SlotTable.sol";
import {Word} from "./Word.sol";

/// @title Fill: one fill between two orders that were read into memory
/// @dev `settle` either makes all changes of a fill or none. It only finds out whether the fill can be; `explain` says why
/// not. The two must agree, which `explain` enforces: it does not return for a fill without a fault.
///
/// Unchecked throughout. Prices, quantities and a market's units are u64, so products of three are below 2^192; amounts
/// are u64, and the sum of all balances of an asset is below 2^63, so no credit carries out of its field.
library FillLibrary {
    uint256 internal constant BUY = 0;
    int256 private constant PPM = 1e6;
    // The layouts as assembly takes them, in plain numbers.
    uint256 private constant FILLED_AT = 64;
    uint256 private constant QUANTITY_AT = 64;
    uint256 private constant MAKER_PPM_AT = 200;
    uint256 private constant REASON_AT = 240;
    uint256 private constant RECORD_BYTES = 160;
    uint256 private constant BASE = 32;
    uint256 private constant QUOTE = 64;
    uint256 private constant LANE = 96;
    uint256 private constant MARKET = 128;
    uint256 private constant SIDE_BIT = 1 << 232;
    uint256 private constant AMOUNT_MASK = 0xffffffffffffffff;
    uint256 private constant SEQ_MASK = 0xffffffffffff << 152;
    uint256 private constant ORDER_MASK = 0xffffffffffffffffff << 128;
    /// @dev All of a slot but the order in its lane.
    uint256 private constant KEPT_MASK = (2 ** 256 - 1) - ((2 ** 136 - 1) << 64);
    uint256 private constant DIRTY = 1 << 254;

    /// @dev Assembly, because this runs once per fill and makes half of what a fill costs. All tests are joined without
    /// jumps; `explain` has the same tests one by one, in the same words as the documentation. Memory is read and written
    /// at record, market and cell addresses only, which this code allocated.
    ///
    /// The layouts: `OrderTerms`, `OrderRecord`, `MarketRecord` and `Slot`.
    /// @return done whether the fill settled; if not, nothing changed
    function settle(uint256 records, uint256 makerIndex, uint256 takerIndex, uint256 quantity)
        internal
        pure
        returns (bool done)
    {
        assembly ("memory-safe") {
            function amountOf(cell) -> units {
                units := and(mload(cell), AMOUNT_MASK)
            }
            // Adds to the amount of a cell, modulo 2^256, and marks it.
            function change(cell, units) {
                mstore(cell, or(add(mload(cell), units), DIRTY))
            }
            // Lots filled of an order after this fill, and not 0 if its lane or its quantity does not allow that.
            function filledAfter(order, lots) -> filled, fault {
                let terms := mload(order)
                let lane := mload(mload(add(order, LANE)))
                let same := iszero(and(xor(lane, terms), ORDER_MASK))
                filled := add(mul(same, and(shr(FILLED_AT, lane), AMOUNT_MASK)), lots)
                fault := iszero(or(same, gt(and(terms, SEQ_MASK), and(lane, SEQ_MASK))))
                fault := or(fault, gt(filled, and(shr(QUANTITY_AT, terms), AMOUNT_MASK)))
            }
            // Records in its lane how far an order is filled.
            function advance(order, filled) {
                let lane := mload(add(order, LANE))
                let kept := or(and(mload(lane), KEPT_MASK), DIRTY)
                mstore(lane, or(kept, or(and(mload(order), ORDER_MASK), shl(FILLED_AT, filled))))
            }
            // FillLibrary.fee, at the maker's rate or, 16 bits above it, the taker's.
            function feeOf(order, isTaker, notional) -> units {
                let ppm := signextend(1, shr(add(MAKER_PPM_AT, shl(4, isTaker)), mload(order)))
                units := sdiv(add(mul(notional, ppm), mul(999999, sgt(ppm, 0))), 1000000)
            }

            let buyer := add(records, mul(makerIndex, RECORD_BYTES))
            let seller := add(records, mul(takerIndex, RECORD_BYTES))
            let price := and(mload(buyer), AMOUNT_MASK)
            let takerBuys := iszero(and(mload(seller), SIDE_BIT))
            let fault := 0
            {
                let either := or(mload(buyer), mload(seller))
                fault := or(shr(REASON_AT, either), xor(mload(add(buyer, MARKET)), mload(add(seller, MARKET))))
                fault := or(fault, iszero(and(xor(mload(buyer), mload(seller)), SIDE_BIT)))
                fault := or(fault, eq(mload(add(buyer, LANE)), mload(add(seller, LANE))))
                // So far buyer was the maker and seller the taker: swap them if it is the other way round.
                let swap := mul(xor(buyer, seller), takerBuys)
                buyer := xor(buyer, swap)
                seller := xor(seller, swap)
            }
            fault := or(fault, lt(and(mload(buyer), AMOUNT_MASK), and(mload(seller), AMOUNT_MASK)))
            fault := or(fault, iszero(quantity))
            {
                let filled, laneFault := filledAfter(buyer, quantity)
                fault := or(fault, laneFault)
                mstore(0x00, filled)
                filled, laneFault := filledAfter(seller, quantity)
                fault := or(fault, laneFault)
                mstore(0x20, filled)
            }
            let market := mload(add(buyer, MARKET))
            let cost := mul(mul(price, quantity), mload(add(market, 32)))
            let base := mul(quantity, mload(market))
            let fees := feeOf(seller, iszero(takerBuys), cost)
            {
                let buyerFee := feeOf(buyer, takerBuys, cost)
                cost := add(cost, buyerFee)
                fees := add(fees, buyerFee)
            }
            let feeCell := mload(add(market, 64))
            fault := or(fault, lt(amountOf(mload(add(seller, BASE))), base))
            fault := or(fault, lt(amountOf(mload(add(buyer, QUOTE))), cost))
            done := iszero(or(fault, slt(add(amountOf(feeCell), fees), 0)))
            if done {
                change(feeCell, fees)
                change(mload(add(seller, QUOTE)), sub(cost, fees))
                change(mload(add(buyer, QUOTE)), sub(0, cost))
                change(mload(add(seller, BASE)), sub(0, base))
                change(mload(add(buyer, BASE)), base)
                // After the amounts, which may be in the same cells.
                advance(buyer, mload(0x00))
                advance(seller, mload(0x20))
            }
        }
    }

    /// @notice The fee of a fill. A charge rounds up, a rebate (negative) rounds down in size, so that splitting a fill
    /// never pays.
    function fee(uint256 notional, int256 ppm) internal pure returns (int256) {
        unchecked {
            // Signed division rounds towards zero: right for a rebate as it is.
            int256 product = int256(notional) * ppm;
            return (ppm > 0 ? product + (PPM - 1) : product) / PPM;
        }
    }

    /// @dev Why a fill that `settle` refused cannot be, in the order of the checks.
    function explain(uint256 records, uint256 makerIndex, uint256 takerIndex, uint256 quantity)
        internal
        pure
        returns (SkipReason)
    {
        OrderRecord makerRecord = OrderRecordLibrary.get(records, makerIndex);
        OrderRecord takerRecord = OrderRecordLibrary.get(records, takerIndex);
        OrderTerms maker = makerRecord.read();
        OrderTerms taker = takerRecord.read();
        if (maker.reason() != SkipReason.NONE) return maker.reason();
        if (taker.reason() != SkipReason.NONE) return taker.reason();
        if (maker.side() == taker.side() || makerRecord.market() != takerRecord.market()) {
            return SkipReason.NOT_OPPOSITE;
        }
        bool buy = taker.side() == BUY;
        if (buy ? maker.price() > taker.price() : maker.price() < taker.price()) return SkipReason.LIMIT_CROSSED;
        // Each would take the other's place in the lane.
        if (makerRecord.lane() == takerRecord.lane()) return SkipReason.SHARED_LANE;
        SkipReason reason = _explainLane(makerRecord, quantity);
        if (reason != SkipReason.NONE) return reason;
        reason = _explainLane(takerRecord, quantity);
        if (reason != SkipReason.NONE) return reason;
        return _explainMove(
            maker.price(),
            quantity,
            buy ? takerRecord : makerRecord,
            buy ? taker.takerPpm() : maker.makerPpm(),
            buy ? makerRecord : takerRecord,
            buy ? maker.makerPpm() : taker.takerPpm()
        );
    }

    function _amounts(uint256 market, uint256 price, uint256 quantity)
        private
        pure
        returns (uint256 baseUnits, uint256 notional, uint256 feeCell)
    {
        uint256 baseUnitsPerLot;
        uint256 quoteUnitsPerTickLot;
        (baseUnitsPerLot, quoteUnitsPerTickLot, feeCell) = MarketRecord.get(market);
        unchecked {
            baseUnits = quantity * baseUnitsPerLot;
            notional = price * quantity * quoteUnitsPerTickLot;
        }
    }

    function _amountOf(uint256 cell) private pure returns (uint256) {
        return Word.load(cell) & SlotLibrary.AMOUNT_MASK;
    }

    function _explainLane(OrderRecord record, uint256 quantity) private pure returns (SkipReason) {
        OrderTerms terms = record.read();
        Slot lane = SlotTableLibrary.read(record.lane());
        uint256 filled = 0;
        if (terms.seq() < lane.seq()) return SkipReason.SUPERSEDED;
        if (terms.seq() == lane.seq()) {
            if (terms.tag() != lane.tag()) return SkipReason.SEQ_REUSED;
            filled = lane.filled();
        }
        return quantity == 0 || filled + quantity > terms.quantity() ? SkipReason.OVERFILL : SkipReason.NONE;
    }

    function _explainMove(
        uint256 price,
        uint256 quantity,
        OrderRecord buyer,
        int256 buyerPpm,
        OrderRecord seller,
        int256 sellerPpm
    ) private pure returns (SkipReason) {
        (uint256 baseUnits, uint256 notional, uint256 feeCell) = _amounts(buyer.market(), price, quantity);
        if (_amountOf(seller.base()) < baseUnits) return SkipReason.BASE_SHORT;
        int256 buyerFee = fee(notional, buyerPpm);
        if (int256(_amountOf(buyer.quote())) < int256(notional) + buyerFee) return SkipReason.QUOTE_SHORT;
        assert(int256(_amountOf(feeCell)) + buyerFee + fee(notional, sellerPpm) < 0);
        return SkipReason.REBATE_UNFUNDED;
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SkipReason} from "../interfaces/ISettlement.sol";
import {MarketRecord, OrderRecord} from "./BatchRun.sol";
import {SlotTable} from "./SlotTable.sol";
import {Word} from "./Word.sol";

/// @title Fill: fills between orders that were read into memory
/// @dev `settle` makes all changes of a fill or none. It only finds out whether the fill can be; `explain` says why not. The
/// two must agree, which `explain` enforces: it does not return for a fill without a fault.
///
/// Unchecked throughout. Prices, quantities and a market's units are u64, so products of three are below 2^192; amounts
/// are u64, and the sum of all balances of an asset is below 2^63, so no credit carries out of its field.
library FillLibrary {
    uint256 internal constant BUY = 0;
    uint256 internal constant UNLIMITED = type(uint64).max;
    uint256 internal constant ISOLATED_AMOUNT_BITS = 56;
    int256 internal constant PPM = 1e6;
    // The layouts as assembly takes them, in plain numbers: `Registers`, `OrderRecord`, `MarketRecord`, `SlotTable`.
    uint256 private constant FILL = 0x8a0;
    uint256 private constant FILLS_END = 0x8c0;
    uint256 private constant FILL_BYTES = 0x8e0;
    uint256 private constant INDEX_BITS = 0x900;
    uint256 private constant INDEX_RIGHT = 0x920;
    uint256 private constant LOTS_RIGHT = 0x940;
    uint256 private constant ORDERS = 0x960;
    uint256 private constant ORDERS_LAST = 0x980;
    uint256 private constant LANES_LATER = 0xbc0;
    uint256 private constant TERMS = 0x20;
    uint256 private constant BASE = 0x40;
    uint256 private constant QUOTE = 0x60;
    uint256 private constant LANE = 0x80;
    uint256 private constant RECORD_BYTES = 0xa0;
    uint256 private constant FEE_CELL = 0x40;
    uint256 private constant MASK_64 = 0xffffffffffffffff;
    uint256 private constant MASK_32 = 0xffffffff;
    uint256 private constant MASK_20 = 0xfffff;
    /// @dev The terms of an order that is isolated, or of a session key.
    uint256 private constant SPECIAL = (0xffffffff << 128) | (1 << 112);
    // Parts of a lane's word.
    uint256 private constant KEY = (2 ** 72 - 1) << 128;
    uint256 private constant SEQ = (2 ** 48 - 1) << 152;
    uint256 private constant FILLED = (2 ** 64 - 1) << 64;
    uint256 private constant GIVEN = 1 << 250;
    uint256 private constant SEQ_AND_GIVEN = ((2 ** 48 - 1) << 152) | (1 << 250);
    /// @dev How far a seq is above what is filled.
    uint256 private constant SEQ_ABOVE = 88;

    /// @dev Settles fills up to the first that cannot be as things stand, which it leaves in the registers; or to the end.
    ///
    /// Assembly, because this runs once per fill and makes most of what a further fill of an order costs. Tests are joined;
    /// `explain` has the same ones one by one, in the same words as the documentation. Memory is read and written at
    /// record, market and cell addresses only, which the batch allocated; those of an order that cannot fill are zero.
    function settle() internal pure {
        assembly ("memory-safe") {
            // A function of its own that has a `leave` is not made part of its caller, whose variables would be in its way.
            function settleAll() {
                let offset := mload(FILL)
                if eq(offset, mload(FILLS_END)) { leave }
                for {} lt(offset, mload(FILLS_END)) { offset := add(offset, mload(FILL_BYTES)) } {
                    let lots := calldataload(offset)
                    let buyer := add(mload(ORDERS), mul(shr(mload(INDEX_RIGHT), lots), RECORD_BYTES))
                    lots := shl(mload(INDEX_BITS), lots)
                    let seller := add(mload(ORDERS), mul(shr(mload(INDEX_RIGHT), lots), RECORD_BYTES))
                    if or(gt(buyer, mload(ORDERS_LAST)), gt(seller, mload(ORDERS_LAST))) { break }
                    lots := shr(mload(LOTS_RIGHT), shl(mload(INDEX_BITS), lots))

                    // So far buyer is the maker and seller the taker. One market and two sides differ in the lowest bit
                    // alone.
                    let terms := mload(add(buyer, TERMS))
                    let takerTerms := mload(add(seller, TERMS))
                    let fault := or(xor(1, shr(224, xor(terms, takerTerms))), iszero(lots))
                    let market := shr(224, terms)
                    let base
                    let cost
                    let fees
                    let special
                    {
                        let sells := and(market, 1)
                        market := xor(market, sells)
                        base := mul(lots, mload(market))
                        special := and(or(terms, takerTerms), SPECIAL)
                        cost := mul(mul(lots, and(terms, MASK_64)), mload(add(market, 0x20)))
                        // The notional and its fee, of both; rounded up.
                        let paid := div(add(mul(cost, and(shr(64, terms), MASK_20)), 999999), 1000000)
                        let takerPaid := div(add(mul(cost, and(shr(84, takerTerms), MASK_20)), 999999), 1000000)
                        fees := sub(add(paid, takerPaid), shl(1, cost))
                        // What the buyer pays; the seller gets it less all fees.
                        switch sells
                        case 0 {
                            cost := paid
                            fault := or(fault, lt(and(terms, MASK_64), and(takerTerms, MASK_64)))
                        }
                        default {
                            cost := takerPaid
                            fault := or(fault, lt(and(takerTerms, MASK_64), and(terms, MASK_64)))
                            terms := buyer
                            buyer := seller
                            seller := terms
                        }
                    }
                    market := mload(add(market, FEE_CELL))
                    fault := or(fault, slt(add(mload(market), fees), 0))
                    fault := or(fault, lt(and(mload(mload(add(seller, BASE))), MASK_64), base))
                    fault := or(fault, lt(and(mload(mload(add(buyer, QUOTE))), MASK_64), cost))

                    // An order that does not have its lane has no lots left.
                    fault := or(fault, lt(and(mload(buyer), MASK_64), lots))
                    if or(fault, lt(and(mload(seller), MASK_64), lots)) { break }
                    // Isolated accounts and session keys have limits of their own.
                    if special {
                        let got := add(and(mload(mload(add(buyer, BASE))), MASK_64), base)
                        got := or(got, add(and(mload(mload(add(seller, QUOTE))), MASK_64), sub(cost, fees)))
                        if or(shr(56, got), shr(128, special)) {
                            if exceeds(buyer, seller, base, cost, fees) { break }
                        }
                    }

                    mstore(buyer, sub(mload(buyer), lots))
                    mstore(seller, sub(mload(seller), lots))
                    mstore(market, add(mload(market), fees))
                    let cell := mload(add(seller, QUOTE))
                    mstore(cell, add(mload(cell), sub(cost, fees)))
                    cell := mload(add(buyer, QUOTE))
                    mstore(cell, sub(mload(cell), cost))
                    cell := mload(add(seller, BASE))
                    mstore(cell, sub(mload(cell), base))
                    cell := mload(add(buyer, BASE))
                    mstore(cell, add(mload(cell), base))
                }
                mstore(FILL, offset)
            }
            // Whether a credit is more than an isolated account can hold, or a payment more than what is left of a session;
            // if neither, takes the payments from the sessions.
            function exceeds(buyer, seller, base, cost, fees) -> fault {
                let got := add(and(mload(mload(add(buyer, BASE))), MASK_64), base)
                let earned := add(and(mload(mload(add(seller, QUOTE))), MASK_64), sub(cost, fees))
                let terms := mload(add(buyer, TERMS))
                let sellerTerms := mload(add(seller, TERMS))
                fault := mul(and(shr(112, terms), 1), shr(56, got))
                fault := or(fault, mul(and(shr(112, sellerTerms), 1), shr(56, earned)))
                terms := and(shr(128, terms), MASK_32)
                sellerTerms := and(shr(128, sellerTerms), MASK_32)
                if terms { fault := or(fault, gt(cost, and(shr(64, mload(terms)), MASK_64))) }
                if sellerTerms { fault := or(fault, gt(base, and(mload(sellerTerms), MASK_64))) }
                if fault { leave }
                spend(terms, 64, cost)
                spend(sellerTerms, 0, base)
            }
            // Takes a payment from a session, if that has a limit.
            function spend(session, left, payment) {
                if session {
                    let word := mload(session)
                    if xor(and(shr(left, word), MASK_64), MASK_64) {
                        mstore(session, sub(word, shl(left, payment)))
                    }
                }
            }
            settleAll()
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

    /// @dev Reads the fill that `settle` stopped at: addresses of records, which may be out of range.
    function current() internal pure returns (uint256 maker, uint256 taker, uint256 lots) {
        unchecked {
            uint256 fields = Word.fromCalldata(Word.load(FILL));
            uint256 right = Word.load(INDEX_RIGHT);
            uint256 bits = Word.load(INDEX_BITS);
            uint256 orders = Word.load(ORDERS);
            maker = orders + (fields >> right) * RECORD_BYTES;
            taker = orders + ((fields << bits) >> right) * RECORD_BYTES;
            lots = ((fields << bits) << bits) >> Word.load(LOTS_RIGHT);
        }
    }

    /// @dev Why a fill that `settle` refused cannot be, in the order of the checks.
    function explain(uint256 maker, uint256 taker, uint256 lots) internal pure returns (SkipReason) {
        unchecked {
            SkipReason reason = reasonOf(maker);
            if (reason != SkipReason.NONE) return reason;
            reason = reasonOf(taker);
            if (reason != SkipReason.NONE) return reason;
            if (marketOf(maker) != marketOf(taker) || sideOf(maker) == sideOf(taker)) return SkipReason.NOT_OPPOSITE;
            (uint256 buyer, uint256 seller) = sideOf(maker) == BUY ? (maker, taker) : (taker, maker);
            if (priceOf(buyer) < priceOf(seller)) return SkipReason.LIMIT_CROSSED;
            // Each would take the other's place in the lane.
            if (laneOf(maker) == laneOf(taker)) return SkipReason.SHARED_LANE;
            SlotTable.releaseLane(laneOf(maker));
            SlotTable.releaseLane(laneOf(taker));
            (, reason) = laneAfter(maker, lots);
            if (reason != SkipReason.NONE) return reason;
            (, reason) = laneAfter(taker, lots);
            if (reason != SkipReason.NONE) return reason;
            (uint256 base, uint256 notional) = amounts(maker, priceOf(maker), lots);
            int256 makerFee = fee(notional, rateOf(maker, false));
            int256 takerFee = fee(notional, rateOf(taker, true));
            (int256 buyerFee, int256 sellerFee) = buyer == maker ? (makerFee, takerFee) : (takerFee, makerFee);
            return _explainMove(buyer, seller, base, uint256(int256(notional) + buyerFee), buyerFee + sellerFee);
        }
    }

    function _explainMove(uint256 buyer, uint256 seller, uint256 base, uint256 cost, int256 fees)
        private
        pure
        returns (SkipReason)
    {
        unchecked {
            SkipReason reason = _explainFunds(buyer, seller, base, cost);
            if (reason != SkipReason.NONE) return reason;
            uint256 proceeds = uint256(int256(cost) - fees);
            if (isFull(buyer, Word.load(buyer + BASE), base) || isFull(seller, Word.load(seller + QUOTE), proceeds)) {
                return SkipReason.ACCOUNT_FULL;
            }
            if (cost > sessionLeft(buyer, BUY) || base > sessionLeft(seller, 1)) return SkipReason.SESSION_LIMIT;
            uint256 feeCell = Word.load(marketOf(buyer) + FEE_CELL);
            assert(int256(Word.load(feeCell)) + fees < 0);
            return SkipReason.REBATE_UNFUNDED;
        }
    }

    function _explainFunds(uint256 buyer, uint256 seller, uint256 base, uint256 cost)
        private
        pure
        returns (SkipReason)
    {
        unchecked {
            if (units(Word.load(seller + BASE)) < base) return SkipReason.BASE_SHORT;
            return units(Word.load(buyer + QUOTE)) < cost ? SkipReason.QUOTE_SHORT : SkipReason.NONE;
        }
    }

    function reasonOf(uint256 order) internal pure returns (SkipReason) {
        unchecked {
            return SkipReason(uint8(Word.load(order + TERMS) >> OrderRecord.REASON_AT));
        }
    }

    /// @dev The record of an order's market.
    function marketOf(uint256 order) internal pure returns (uint256) {
        unchecked {
            return Word.load(order + TERMS) >> (OrderRecord.MARKET_AND_SIDE_AT + 1) << 1;
        }
    }

    function sideOf(uint256 order) internal pure returns (uint256) {
        unchecked {
            return (Word.load(order + TERMS) >> OrderRecord.MARKET_AND_SIDE_AT) & 1;
        }
    }

    function priceOf(uint256 order) internal pure returns (uint256) {
        unchecked {
            return uint64(Word.load(order + TERMS));
        }
    }

    /// @dev Parts per million, negative for a rebate.
    function rateOf(uint256 order, bool asTaker) internal pure returns (int256) {
        unchecked {
            uint256 shift = asTaker ? OrderRecord.TAKER_RATE_AT : OrderRecord.MAKER_RATE_AT;
            return int256((Word.load(order + TERMS) >> shift) & MASK_20) - PPM;
        }
    }

    /// @dev What a fill of an order moves: base units, and quote units without fees.
    function amounts(uint256 order, uint256 price, uint256 lots)
        internal
        pure
        returns (uint256 base, uint256 notional)
    {
        unchecked {
            uint256 market = marketOf(order);
            base = lots * Word.load(market);
            notional = price * lots * Word.load(market + MarketRecord.QUOTE_UNITS_PER_TICK_LOT);
        }
    }

    /// @dev The units in a cell.
    function units(uint256 cell) internal pure returns (uint256) {
        return uint64(Word.load(cell));
    }

    /// @dev Whether a credit is more than the account of an order can hold.
    function isFull(uint256 order, uint256 cell, uint256 credit) internal pure returns (bool) {
        unchecked {
            uint256 isolated = (Word.load(order + TERMS) >> OrderRecord.ISOLATED_AT) & 1;
            return isolated != 0 && (units(cell) + credit) >> ISOLATED_AMOUNT_BITS != 0;
        }
    }

    /// @dev The cell of an order's session; 0 without.
    function sessionOf(uint256 order) internal pure returns (uint256) {
        unchecked {
            return uint32(Word.load(order + TERMS) >> OrderRecord.SESSION_AT);
        }
    }

    /// @dev What may still leave the account by the session key of an order: quote units for a buy, else base units.
    function sessionLeft(uint256 order, uint256 side) internal pure returns (uint256) {
        unchecked {
            uint256 session = sessionOf(order);
            if (session == 0) return type(uint256).max;
            return uint64(Word.load(session) >> (side == BUY ? 64 : 0));
        }
    }

    /// @dev Gives an order its lane, if it may have it and no other order of the batch does: from then on its fills count down
    /// in its record, and the lane knows where.
    function giveLane(uint256 order, uint256 lane) internal pure {
        // Assembly because this runs once per order.
        assembly ("memory-safe") {
            let word := mload(lane)
            let state := mload(order)
            // A newer order starts from nothing. A lane that is given, or may not be yet, is above every seq.
            switch lt(or(and(word, SEQ_AND_GIVEN), mload(LANES_LATER)), and(state, SEQ))
            case 0 { giveFurther(order, lane, word, state) }
            default { give(order, lane, word) }

            function give(record, cell, lane_) {
                let filled := and(lane_, FILLED)
                mstore(add(record, LANE), or(cell, shr(32, filled)))
                mstore(cell, or(or(xor(lane_, filled), shl(64, record)), GIVEN))
            }
            // The order that last used the lane fills further, to its quantity; any other has no lots left.
            function giveFurther(record, cell, lane_, full) {
                let left := sub(and(full, FILLED), and(lane_, FILLED))
                let fault := or(and(xor(lane_, full), KEY), or(and(lane_, GIVEN), mload(LANES_LATER)))
                full := shl(64, shr(64, full))
                if or(fault, iszero(sgt(left, 0))) {
                    mstore(record, full)
                    mstore(add(record, LANE), cell)
                    leave
                }
                mstore(record, or(full, shr(64, left)))
                give(record, cell, lane_)
            }
        }
    }

    /// @dev Gives the orders of a fill that stopped `settle` their lanes, which others of the batch have.
    /// @return whether the fill may be possible now
    function giveLanes(uint256 maker, uint256 taker) internal pure returns (bool) {
        unchecked {
            bool makerHas = _regainLane(maker);
            return _regainLane(taker) || makerHas;
        }
    }

    function _regainLane(uint256 order) private pure returns (bool) {
        unchecked {
            uint256 lane = laneOf(order);
            // An order that cannot fill has no lane.
            if (lane == 0 || uint64(Word.load(order)) != 0) return false;
            SlotTable.releaseLane(lane);
            giveLaneAgain(order, lane);
            return uint64(Word.load(order)) != 0;
        }
    }

    /// @dev Gives an order that has no lots left its lane.
    function giveLaneAgain(uint256 order, uint256 lane) internal pure {
        unchecked {
            uint256 state = Word.load(order);
            Word.put(order, state | uint64(state >> OrderRecord.QUANTITY_AT));
            giveLane(order, lane);
        }
    }

    /// @dev The cell of an order's lane.
    function laneOf(uint256 order) internal pure returns (uint256) {
        unchecked {
            return uint32(Word.load(order + LANE));
        }
    }

    /// @dev The lane's word after a fill of an order, or why there is none. No order of the batch has the lane.
    function laneAfter(uint256 order, uint256 lots) internal pure returns (uint256 word, SkipReason reason) {
        unchecked {
            word = Word.load(laneOf(order));
            uint256 full = Word.load(order) >> OrderRecord.QUANTITY_AT;
            uint256 state = (word << 56) >> 120;
            uint256 start = state;
            if (state >> 64 != full >> 64) {
                // Another order: a newer one takes the lane and starts from nothing.
                if (state >> SEQ_ABOVE > full >> SEQ_ABOVE) return (word, SkipReason.SUPERSEDED);
                if (state >> SEQ_ABOVE == full >> SEQ_ABOVE) return (word, SkipReason.SEQ_REUSED);
                start = full >> 64 << 64;
            }
            if (lots == 0 || start + lots > full) return (word, SkipReason.OVERFILL);
            word += (start + lots - state) << 64;
        }
    }
}

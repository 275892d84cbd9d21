// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SkipReason} from "../interfaces/ISettlement.sol";
import {Word} from "./Word.sol";

/// @dev What a fill needs of an order, from the low end: price u64, quantity u64, tag u24, seq u48 (the two where a slot
/// has them), maker ppm i16, taker ppm i16, side u8, reason u8 (why the order cannot fill, if it cannot).
type OrderTerms is uint256;

/// @dev The address of an order's record in memory. Its words: the terms, then where the order's state is: the cells of
/// (owner, base), of (owner, quote) and of its lane, and its market's record.
type OrderRecord is uint256;

using OrderRecordLibrary for OrderTerms global;
using OrderRecordLibrary for OrderRecord global;

/// @title OrderRecord: an order of the batch in memory
library OrderRecordLibrary {
    uint256 internal constant QUANTITY_AT = 64;
    uint256 internal constant TAG_AT = 128;
    uint256 internal constant SEQ_AT = 152;
    uint256 internal constant MAKER_PPM_AT = 200;
    uint256 internal constant TAKER_PPM_AT = 216;
    uint256 internal constant RATES_MASK = uint256(type(uint32).max) << MAKER_PPM_AT;
    uint256 internal constant SIDE_AT = 232;
    uint256 internal constant REASON_AT = 240;
    uint256 internal constant BYTES = 160;

    function allocate(uint256 count) internal pure returns (uint256 records) {
        return Word.allocate(count * (BYTES / 32));
    }

    /// @dev Record `index`; the caller has checked it against the count that was allocated.
    function get(uint256 records, uint256 index) internal pure returns (OrderRecord) {
        unchecked {
            return OrderRecord.wrap(records + index * BYTES);
        }
    }

    /// @dev Fills in the state of an order; its terms are the record's first word.
    function putCells(uint256 record, uint256 base_, uint256 quote_, uint256 lane_, uint256 market_) internal pure {
        unchecked {
            Word.put(record + 32, base_);
            Word.put(record + 64, quote_);
            Word.put(record + 96, lane_);
            Word.put(record + 128, market_);
        }
    }

    function read(OrderRecord record) internal pure returns (OrderTerms) {
        return OrderTerms.wrap(Word.load(OrderRecord.unwrap(record)));
    }

    function price(OrderTerms terms) internal pure returns (uint256) {
        return uint64(OrderTerms.unwrap(terms));
    }

    function quantity(OrderTerms terms) internal pure returns (uint256) {
        return uint64(OrderTerms.unwrap(terms) >> QUANTITY_AT);
    }

    function tag(OrderTerms terms) internal pure returns (uint24) {
        return uint24(OrderTerms.unwrap(terms) >> TAG_AT);
    }

    function seq(OrderTerms terms) internal pure returns (uint48) {
        return uint48(OrderTerms.unwrap(terms) >> SEQ_AT);
    }

    function makerPpm(OrderTerms terms) internal pure returns (int16) {
        return int16(uint16(OrderTerms.unwrap(terms) >> MAKER_PPM_AT));
    }

    function takerPpm(OrderTerms terms) internal pure returns (int16) {
        return int16(uint16(OrderTerms.unwrap(terms) >> TAKER_PPM_AT));
    }

    function side(OrderTerms terms) internal pure returns (uint256) {
        return uint8(OrderTerms.unwrap(terms) >> SIDE_AT);
    }

    function reason(OrderTerms terms) internal pure returns (SkipReason) {
        return SkipReason(uint8(OrderTerms.unwrap(terms) >> REASON_AT));
    }

    function base(OrderRecord record) internal pure returns (uint256 cell) {
        return _word(record, 32);
    }

    function quote(OrderRecord record) internal pure returns (uint256 cell) {
        return _word(record, 64);
    }

    function lane(OrderRecord record) internal pure returns (uint256 cell) {
        return _word(record, 96);
    }

    function market(OrderRecord record) internal pure returns (uint256) {
        return _word(record, 128);
    }

    function _word(OrderRecord record, uint256 offset) private pure returns (uint256) {
        unchecked {
            return Word.load(OrderRecord.unwrap(record) + offset);
        }
    }
}

/// @title MarketRecord: what a fill needs of its market, in three words of memory
/// @dev Each section has its own record, so two orders are of one section if their records are the same.
library MarketRecord {
    function put(uint256 baseUnitsPerLot, uint256 quoteUnitsPerTickLot, uint256 feeCell)
        internal
        pure
        returns (uint256 record)
    {
        uint256[3] memory words = [baseUnitsPerLot, quoteUnitsPerTickLot, feeCell];
        assembly ("memory-safe") {
            record := words
        }
    }

    function get(uint256 record)
        internal
        pure
        returns (uint256 baseUnitsPerLot, uint256 quoteUnitsPerTickLot, uint256 feeCell)
    {
        unchecked {
            return (Word.load(record), Word.load(record + 32), Word.load(record + 64));
        }
    }
}

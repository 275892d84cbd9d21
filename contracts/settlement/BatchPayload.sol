// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISettlement} from "../interfaces/ISettlement.sol";
import {Word} from "./Word.sol";

/// @dev The fields of an order as its owner signed them, one word each and in the order of the EIP-712 type, so that the
/// struct in memory is the encoding that its hash is taken of.
struct SignedOrder {
    bytes32 typehash;
    uint256 market;
    uint256 side;
    uint256 price;
    uint256 quantity;
    uint256 expiry;
    uint256 seq;
    uint256 lane;
    uint256 maxFeeBps;
    uint256 flags;
}

/// @dev A payload being read. Positions count bytes of calldata.
struct BatchPayload {
    uint256 start;
    uint256 position;
    uint256 end;
    uint256 classes;
    uint256 classCount;
    uint256 sectionCount;
    uint256 orderCount;
    uint256 fillCount;
    uint256 indexBits;
    uint256 indexRight;
    uint256 quantityRight;
}

/// @dev The orders of one market. `*Left` and `*Right` are the shifts that cut a field out of a record's first word.
struct Section {
    uint256 market;
    uint256 orderCount;
    uint256 records;
    uint256 fieldBytes;
    uint256 seqBase;
    uint256 expiryBase;
    uint256 priceRight;
    uint256 quantityLeft;
    uint256 quantityRight;
    uint256 seqLeft;
    uint256 seqRight;
    uint256 expiryLeft;
    uint256 expiryRight;
    uint256 laneLeft;
    uint256 laneRight;
    uint256 slideBytes;
}

/// @title Reading of batch payloads: docs/contracts/batch-format.md
/// @dev All sizes are checked before the bytes are read; a payload that is not exactly as long as it says reverts.
/// Unchecked arithmetic throughout: every operand is a field of at most 8 bytes or a position in calldata.
library BatchPayloadLibrary {
    uint256 internal constant VERSION = 1;
    uint256 internal constant SIGNATURE_BYTES = 64;
    uint256 private constant HEADER_BYTES = 8;
    uint256 private constant CLASS_BYTES = 8;
    uint256 private constant SECTION_BYTES = 20;
    /// @dev Control byte and class byte, before the fields of variable width.
    uint256 private constant PREFIX_BYTES = 2;

    function open(bytes calldata raw) internal pure returns (BatchPayload memory payload) {
        unchecked {
            uint256 start;
            assembly ("memory-safe") {
                start := raw.offset
            }
            payload.start = start;
            payload.position = start;
            payload.end = start + raw.length;
            uint256 header = Word.fromCalldata(_take(payload, HEADER_BYTES));
            if (header >> 248 != VERSION) revert ISettlement.SettlementUnsupportedVersion(uint8(header >> 248));
            payload.classCount = (header >> 240) & 0xff;
            payload.sectionCount = (header >> 232) & 0xff;
            payload.orderCount = (header >> 216) & 0xffff;
            payload.fillCount = (header >> 200) & 0xffff;
            uint256 indexBytes = (header >> 196) & 0xf;
            uint256 quantityBytes = (header >> 192) & 0xf;
            // Zero wraps around.
            if (indexBytes - 1 > 1 || quantityBytes - 1 > 7) _malformed(payload, start + 7);
            payload.indexBits = 8 * indexBytes;
            payload.indexRight = 256 - 8 * indexBytes;
            payload.quantityRight = 256 - 8 * quantityBytes;
            // Memory is allocated for as many orders as the header says: no more than there are bytes for.
            uint256 least = payload.orderCount * (PREFIX_BYTES + SIGNATURE_BYTES);
            if (least > payload.end - payload.position) _malformed(payload, start + 3);
            payload.classes = _take(payload, payload.classCount * CLASS_BYTES);
        }
    }

    /// @dev Reads a section's header and steps over its records.
    function nextSection(BatchPayload memory payload) internal pure returns (Section memory section) {
        unchecked {
            uint256 offset = _take(payload, SECTION_BYTES);
            uint256 header = Word.fromCalldata(offset);
            section.market = header >> 224;
            section.orderCount = (header >> 208) & 0xffff;
            section.seqBase = (header >> 136) & type(uint48).max;
            section.expiryBase = (header >> 96) & type(uint40).max;
            uint256 price = (header >> 204) & 0xf;
            uint256 quantity = (header >> 200) & 0xf;
            uint256 seq = (header >> 196) & 0xf;
            uint256 expiry = (header >> 192) & 0xf;
            uint256 lane = (header >> 188) & 0xf;
            uint256 slide = (header >> 184) & 0xf;
            if (price > 8 || quantity > 8 || seq > 6 || expiry > 5 || lane > 2 || slide > 8) {
                _malformed(payload, offset + 6);
            }

            section.priceRight = 256 - 8 * price;
            section.quantityLeft = 8 * (PREFIX_BYTES + price);
            section.quantityRight = 256 - 8 * quantity;
            section.seqLeft = section.quantityLeft + 8 * quantity;
            section.seqRight = 256 - 8 * seq;
            section.expiryLeft = section.seqLeft + 8 * seq;
            section.expiryRight = 256 - 8 * expiry;
            section.laneLeft = section.expiryLeft + 8 * expiry;
            section.laneRight = 256 - 8 * lane;
            section.slideBytes = slide;
            section.fieldBytes = section.laneLeft / 8 + lane + slide;
            section.records = _take(payload, section.orderCount * (section.fieldBytes + SIGNATURE_BYTES));
        }
    }

    /// @dev Row `index` of the class table: maker ppm (i16), taker ppm (i16), cap in basis points (u16), flags (u16).
    function class(BatchPayload memory payload, uint256 index) internal pure returns (uint256) {
        unchecked {
            return Word.fromCalldata(payload.classes + index * CLASS_BYTES) >> 192;
        }
    }

    /// @dev Reads the record at `offset` into `order`, all but what is common to its section or its class.
    /// @return classIndex the row of the class table, which exists
    function readOrder(BatchPayload memory payload, Section memory section, uint256 offset, SignedOrder memory order)
        internal
        pure
        returns (uint256 classIndex)
    {
        unchecked {
            uint256 fields = Word.fromCalldata(offset);
            uint256 seq = section.seqBase + ((fields << section.seqLeft) >> section.seqRight);
            uint256 expiry = section.expiryBase + ((fields << section.expiryLeft) >> section.expiryRight);
            // All of the control byte but the side.
            uint256 control = fields >> 249;
            classIndex = (fields >> 240) & 0xff;
            uint256 bad = control | (seq >> 48) | (expiry >> 40) | Word.isZero(Word.lt(classIndex, payload.classCount));
            if (bad != 0) {
                uint256 kind = fields >> 252;
                if (kind != 0) revert ISettlement.SettlementUnsupportedAuthorization(uint8(kind));
                _malformed(payload, offset);
            }
            order.side = (fields >> 248) & 1;
            order.price = (fields << 16) >> section.priceRight;
            order.quantity = (fields << section.quantityLeft) >> section.quantityRight;
            order.seq = seq;
            order.expiry = expiry;
            order.lane = (fields << section.laneLeft) >> section.laneRight;
        }
    }

    /// @dev The price in force of the order that was read from the record at `offset`, whose owner let the engine slide it:
    /// the signed price, or one that is better for the owner. 0 if there is no such price.
    function readPriceInForce(Section memory section, uint256 offset, SignedOrder memory order)
        internal
        pure
        returns (uint256 price)
    {
        unchecked {
            uint256 size = section.slideBytes;
            // A shift by 256 leaves zero.
            uint256 slide = Word.fromCalldata(offset + section.fieldBytes - size) >> (256 - 8 * size);
            price = order.side == 0 ? order.price - slide : order.price + slide;
            // What is under zero wraps around.
            if (price > type(uint64).max) price = 0;
        }
    }

    /// @dev Checks that the fills are all that is left.
    /// @return offset where they start
    /// @return size the bytes of each
    function fills(BatchPayload memory payload) internal pure returns (uint256 offset, uint256 size) {
        unchecked {
            size = (2 * payload.indexBits + 256 - payload.quantityRight) / 8;
            offset = _take(payload, payload.fillCount * size);
            if (payload.position != payload.end) _malformed(payload, payload.position);
        }
    }

    /// @dev Reads the fill at `offset`.
    function readFill(BatchPayload memory payload, uint256 offset)
        internal
        pure
        returns (uint256 maker, uint256 taker, uint256 quantity)
    {
        unchecked {
            uint256 fields = Word.fromCalldata(offset);
            maker = fields >> payload.indexRight;
            fields <<= payload.indexBits;
            taker = fields >> payload.indexRight;
            quantity = (fields << payload.indexBits) >> payload.quantityRight;
            uint256 count = payload.orderCount;
            if ((Word.lt(maker, count) & Word.lt(taker, count)) == 0) _malformed(payload, offset);
        }
    }

    function _take(BatchPayload memory payload, uint256 size) private pure returns (uint256 offset) {
        unchecked {
            offset = payload.position;
            if (size > payload.end - offset) _malformed(payload, offset);
            payload.position = offset + size;
        }
    }

    function _malformed(BatchPayload memory payload, uint256 offset) private pure {
        unchecked {
            revert ISettlement.SettlementMalformedPayload(offset - payload.start);
        }
    }
}

using BatchPayloadLibrary for BatchPayload global;

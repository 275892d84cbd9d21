// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISettlementBatches} from "../interfaces/ISettlement.sol";
import {Word} from "./Word.sol";

/// @dev A payload being read. `start`, `position` and `end` are bytes of calldata; the rest is its header.
struct BatchPayload {
    uint256 start;
    uint256 position;
    uint256 end;
    uint256 classCount;
    uint256 marketCount;
    uint256 assetCount;
    uint256 sectionCount;
    uint256 orderCount;
    uint256 groupCount;
    uint256 slotCount;
    uint256 rowCount;
    uint256 fillCount;
    uint256 indexBits;
    uint256 quantityBits;
}

/// @title Reading of batch payloads: docs/contracts/batch-format.md
/// @dev All sizes are checked before the bytes are read; a payload that is not exactly as long as it says reverts.
/// Unchecked arithmetic throughout: every operand is a field of at most 8 bytes or a position in calldata.
library BatchPayloadLibrary {
    uint256 internal constant VERSION = 2;
    uint256 internal constant SIGNATURE_BYTES = 64;
    uint256 internal constant CLASS_BYTES = 8;
    uint256 internal constant MARKET_BYTES = 4;
    uint256 internal constant ASSET_BYTES = 2;
    uint256 internal constant FILL_WIDTHS_POSITION = 15;
    uint256 internal constant ROWS_POSITION = 11;
    uint256 private constant HEADER_BYTES = 16;
    uint256 private constant CLASSES_MAX = 128;
    /// @dev No more slots than that for an order: base, quote, lane, session.
    uint256 private constant ORDER_SLOTS = 4;

    function open(bytes calldata raw) internal pure returns (BatchPayload memory payload) {
        unchecked {
            uint256 start;
            assembly ("memory-safe") {
                start := raw.offset
            }
            payload.start = start;
            payload.position = start;
            payload.end = start + raw.length;
            uint256 header = Word.fromCalldata(take(payload, HEADER_BYTES));
            if (header >> 248 != VERSION) revert ISettlementBatches.SettlementUnsupportedVersion(uint8(header >> 248));
            payload.classCount = (header >> 240) & 0xff;
            payload.marketCount = (header >> 232) & 0xff;
            payload.assetCount = (header >> 224) & 0xff;
            payload.sectionCount = (header >> 208) & 0xffff;
            payload.orderCount = (header >> 192) & 0xffff;
            payload.groupCount = (header >> 184) & 0xff;
            payload.slotCount = (header >> 168) & 0xffff;
            payload.rowCount = (header >> 152) & 0xffff;
            payload.fillCount = (header >> 136) & 0xffff;
            payload.indexBits = 8 * ((header >> 132) & 0xf);
            payload.quantityBits = 8 * ((header >> 128) & 0xf);
            _checkHeader(payload);
        }
    }

    /// @dev Steps over the next `size` bytes, which are there.
    function take(BatchPayload memory payload, uint256 size) internal pure returns (uint256 offset) {
        unchecked {
            offset = payload.position;
            if (size > payload.end - offset) malformed(payload, offset);
            payload.position = offset + size;
        }
    }

    /// @dev Reverts with the position that a byte of calldata has in the payload.
    function malformed(BatchPayload memory payload, uint256 offset) internal pure {
        unchecked {
            revert ISettlementBatches.SettlementMalformedPayload(offset - payload.start);
        }
    }

    /// @dev Memory is allocated for as many items as the header says, so no more than there are bytes for.
    function _checkHeader(BatchPayload memory payload) private pure {
        unchecked {
            uint256 start = payload.start;
            uint256 left = payload.end - payload.position;
            if (payload.classCount > CLASSES_MAX) malformed(payload, start + 1);
            if (payload.orderCount > left) malformed(payload, start + 6);
            if (payload.rowCount > left) malformed(payload, start + ROWS_POSITION);
            uint256 tables = payload.marketCount + payload.assetCount;
            if (payload.slotCount > tables + ORDER_SLOTS * payload.orderCount + payload.rowCount) {
                malformed(payload, start + 9);
            }
            // Zero wraps around.
            if (payload.indexBits - 8 > 8 || payload.quantityBits - 8 > 56) {
                malformed(payload, start + FILL_WIDTHS_POSITION);
            }
        }
    }
}

using BatchPayloadLibrary for BatchPayload global;

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISettlementBatches, SkipReason} from "../interfaces/ISettlement.sol";
import {Authorization} from "./Authorization.sol";
import {BatchOwnStatements} from "./BatchOwnStatements.sol";
import {BatchPayload, BatchPayloadLibrary} from "./BatchPayload.sol";
import {
    ASSET_AT,
    AssetRecord,
    BatchRun,
    GroupRecord,
    MARKET_AT,
    MarketRecord,
    OWNER_AT,
    StatementRecord
} from "./BatchRun.sol";
import {Registers} from "./Registers.sol";
import {SlotTable} from "./SlotTable.sol";
import {Word} from "./Word.sol";

/// @dev Reads the net groups of a batch into memory: their statements, by whom they are signed, and where their halves and
/// fee rows stand. Nothing changes yet but marks: the floors of all statements count for all orders of the batch.
abstract contract BatchStatements is BatchOwnStatements {
    uint256 private constant GROUP_BYTES = 14;
    uint256 private constant HEAD_BYTES = 2;
    uint256 private constant CONTROL_BITS = 0x11;
    uint256 private constant ISOLATED_AT = 4;
    uint256 private constant ISOLATED_FLOOR_BITS = 42;
    uint256 private constant ISOLATED_ROWS = 2;
    /// @dev The selector of `SettlementMalformedPayload`.
    uint256 private constant MALFORMED = 0xaba021bb;
    // The layouts as assembly takes them, in plain numbers: `Registers`, `StatementRecord`, `AssetRecord`.
    uint256 private constant PAYLOAD = 0x600;
    uint256 private constant STATEMENT_FIRST = 0xa60;
    uint256 private constant STATEMENT_SECOND = 0xa80;
    uint256 private constant ROW_BYTES = 0xb00;
    uint256 private constant DELTA_RIGHT = 0xb20;
    uint256 private constant ASSETS = 0xb40;
    uint256 private constant ASSET_COUNT = 0xb60;
    uint256 private constant ROW_RECORD_BYTES = 0x60;
    uint256 private constant ROW_DELTA = 0x20;
    uint256 private constant ROW_ASSET = 0x40;
    uint256 private constant ASSET_RECORD_BYTES = 0x60;

    function _readGroups(BatchRun memory run) internal view {
        unchecked {
            BatchPayload memory payload = run.payload;
            uint256 left = payload.rowCount;
            uint256 record = 0;
            uint256 groupsEnd = run.groups + payload.groupCount * GroupRecord.BYTES;
            Word.put(Registers.STATEMENT_BATCH, run.number);
            Word.put(Registers.STATEMENT_PREVIOUS_HASH, uint256(run.previousHash));
            for (uint256 group = run.groups; group != groupsEnd; group += GroupRecord.BYTES) {
                _readGroupHeader(payload, group);
                uint256 count = Word.load(group + GroupRecord.STATEMENT_COUNT);
                if (group == run.groups) {
                    (run.appliedCount, left) = _applyStatements(run, count, left);
                    count -= run.appliedCount;
                    record = Word.reserve(left * StatementRecord.BYTES / 32);
                    run.statements = record;
                }
                Word.put(group + GroupRecord.STATEMENTS, record);
                for (; count != 0; --count) {
                    uint256 end = _readStatement(run, record, left);
                    left -= (end - record) / StatementRecord.BYTES;
                    record = end;
                }
                _skipItems(payload, group);
            }
            run.statementsEnd = record;
            if (left != 0) payload.malformed(payload.start + BatchPayloadLibrary.ROWS_POSITION);
        }
    }

    function _readGroupHeader(BatchPayload memory payload, uint256 group) private pure {
        unchecked {
            uint256 offset = payload.take(GROUP_BYTES);
            uint256 header = Word.fromCalldata(offset);
            Word.put(group + GroupRecord.STATEMENT_COUNT, header >> 240);
            Word.put(group + GroupRecord.HALF_COUNT, (header >> 224) & 0xffff);
            Word.put(group + GroupRecord.FEE_COUNT, (header >> 216) & 0xff);
            uint256 floorBytes = (header >> 212) & 0xf;
            uint256 deltaBytes = (header >> 208) & 0xf;
            uint256 widths = (header >> 192) & 0xffff;
            // Zero wraps around.
            if (floorBytes > 6 || deltaBytes - 1 > 7) payload.malformed(offset + 5);
            if (
                (widths >> 12) - 1 > 1 || ((widths >> 8) & 0xf) - 1 > 7 || ((widths >> 4) & 0xf) - 1 > 7
                    || (widths & 0xf) - 1 > 7
            ) payload.malformed(offset + 6);
            Word.put(group + GroupRecord.WIDTHS, widths);
            Word.put(Registers.FLOOR_BASE, (header >> 144) & type(uint48).max);
            Word.put(Registers.FLOOR_RIGHT, 256 - 8 * floorBytes);
            Word.put(Registers.HEAD_BYTES, HEAD_BYTES + floorBytes);
            Word.put(Registers.ROW_BYTES, 1 + deltaBytes);
            Word.put(Registers.DELTA_RIGHT, 256 - 8 * deltaBytes);
        }
    }

    /// @dev Steps over the halves and fee rows of a group, which are read when it settles.
    function _skipItems(BatchPayload memory payload, uint256 group) private pure {
        unchecked {
            uint256 widths = Word.load(group + GroupRecord.WIDTHS);
            uint256 halfBytes = 1 + (widths >> 12) + ((widths >> 8) & 0xf) + ((widths >> 4) & 0xf);
            uint256 halves = Word.load(group + GroupRecord.HALF_COUNT);
            Word.put(group + GroupRecord.HALVES, payload.take(halves * halfBytes));
            uint256 fees = Word.load(group + GroupRecord.FEE_COUNT);
            Word.put(group + GroupRecord.FEES, payload.take(fees * (1 + (widths & 0xf))));
        }
    }

    /// @dev Reads a statement into the record at `record`, for which there is room if `left` rows are.
    /// @return end of the record
    function _readStatement(BatchRun memory run, uint256 record, uint256 left) private view returns (uint256 end) {
        unchecked {
            BatchPayload memory payload = run.payload;
            uint256 offset = payload.position;
            uint256 head = Word.fromCalldata(offset);
            uint256 control = head >> 248;
            uint256 subject = (head >> 240) & 0xff;
            uint256 isolated = control >> ISOLATED_AT;
            if (control & ~CONTROL_BITS != 0) _refuseControl(payload, offset, control);
            uint256 market = isolated == 0 ? 0 : subject;
            uint256 rows = isolated == 0 ? subject : ISOLATED_ROWS;
            if (rows == 0 || (isolated != 0 && market >= payload.marketCount)) payload.malformed(offset + 1);
            if (rows >= left) payload.malformed(payload.start + BatchPayloadLibrary.ROWS_POSITION);
            end = record + (1 + rows) * StatementRecord.BYTES;
            offset += HEAD_BYTES;
            if (control == Authorization.SESSION_KEY) {
                market = Word.fromCalldata(offset) >> 248;
                if (market >= payload.marketCount) payload.malformed(offset);
                ++offset;
            }
            market = run.markets + market * MarketRecord.BYTES;
            uint256 floor =
                Word.load(Registers.FLOOR_BASE) + (Word.fromCalldata(offset) >> Word.load(Registers.FLOOR_RIGHT));
            if (floor >> 48 != 0) payload.malformed(offset);
            offset += Word.load(Registers.HEAD_BYTES) - HEAD_BYTES;
            uint256 bytes_ = rows * (Word.load(Registers.ROW_BYTES) - isolated);
            // All is read within calldata; whether it is within the payload is found out before it counts.
            payload.take(offset + bytes_ - payload.position);
            Word.put(Registers.STATEMENT_FLOOR, floor);
            uint256 digest = _typedDigest(
                isolated == 0 ? _readRows(offset, record, rows) : _readIsolatedRows(offset, record, market)
            );
            (uint256 ownerKey, uint256 session, SkipReason reason) =
                _authorizeStatement(payload, control, digest, record, end, market);
            Word.put(record + StatementRecord.SESSION, session);
            Word.put(record + StatementRecord.MARKET, market);
            if (isolated * (floor >> ISOLATED_FLOOR_BITS) != 0) reason = SkipReason.UNSUPPORTED_ORDER;
            head = StatementRecord.HEAD | ((1 + rows) << StatementRecord.ENTRIES_AT)
                | (isolated << StatementRecord.ISOLATED_AT) | (floor << StatementRecord.FLOOR_AT);
            if (reason != SkipReason.NONE) {
                for (uint256 row = record; row != end; row += StatementRecord.BYTES) {
                    Word.put(row, 0);
                }
                Word.put(record, head | uint256(reason));
                return end;
            }
            reason = isolated == 0
                ? _attribute(run, record, end, ownerKey)
                : _attributeIsolated(run, record, ownerKey | (Word.load(market + MarketRecord.NUMBER) << MARKET_AT));
            Word.put(record, head | uint256(reason));
        }
    }

    function _refuseControl(BatchPayload memory payload, uint256 offset, uint256 control) private pure {
        uint256 kind = control & 0xf;
        if (kind <= Authorization.SESSION_KEY) payload.malformed(offset);
        revert ISettlementBatches.SettlementUnsupportedAuthorization(uint8(kind));
    }

    /// @dev Gives the rows of a statement their cells, which are marked.
    function _attribute(BatchRun memory run, uint256 record, uint256 end, uint256 ownerKey)
        private
        view
        returns (SkipReason reason)
    {
        unchecked {
            for (uint256 row = record + StatementRecord.BYTES; row != end; row += StatementRecord.BYTES) {
                uint256 asset = Word.load(Word.load(row + StatementRecord.ASSET_OR_WORD));
                uint256 cell = _cell(ownerKey | (asset << ASSET_AT));
                if (_isNetted(run, cell)) reason = SkipReason.NET_REPEATED;
                Word.put(cell, Word.load(cell) | SlotTable.NETTED);
                Word.put(row, cell);
            }
        }
    }

    /// @dev Whether a statement of the batch has named the slot of a cell.
    function _isNetted(BatchRun memory run, uint256 cell) private pure returns (bool) {
        return Word.load(cell) & SlotTable.NETTED != 0 || (cell >= run.applied && cell < run.appliedEnd);
    }

    /// @dev Gives the two rows of a statement the cells of an isolated account, of which the first is marked.
    function _attributeIsolated(BatchRun memory run, uint256 record, uint256 key)
        private
        view
        returns (SkipReason reason)
    {
        unchecked {
            uint256 cell = _isolatedCells(key);
            if (_isNetted(run, cell)) reason = SkipReason.NET_REPEATED;
            Word.put(cell, Word.load(cell) | SlotTable.NETTED);
            Word.put(record + StatementRecord.BYTES, cell);
            Word.put(record + 2 * StatementRecord.BYTES, cell + SlotTable.CELL_BYTES);
        }
    }

    function _authorizeStatement(
        BatchPayload memory payload,
        uint256 control,
        uint256 digest,
        uint256 record,
        uint256 end,
        uint256 market
    ) private view returns (uint256 ownerKey, uint256 session, SkipReason reason) {
        unchecked {
            if (control & Authorization.SESSION_KEY == 0) {
                uint256 owner = _recover(digest, payload.take(BatchPayloadLibrary.SIGNATURE_BYTES));
                return (owner << OWNER_AT, 0, owner == 0 ? SkipReason.BAD_SIGNATURE : SkipReason.NONE);
            }
            ownerKey = Word.fromCalldata(payload.take(Authorization.OWNER_BYTES)) >> OWNER_AT << OWNER_AT;
            uint256 signer = _recover(digest, payload.take(BatchPayloadLibrary.SIGNATURE_BYTES));
            if (signer == 0) return (ownerKey, 0, SkipReason.BAD_SIGNATURE);
            session = _sessionCell(ownerKey, signer, Word.load(market + MarketRecord.NUMBER));
            bool covered = control >> ISOLATED_AT != 0 || _isOfMarket(record, end, market);
            if (session == 0 || !covered) reason = SkipReason.SESSION_INVALID;
        }
    }

    /// @dev Whether the rows of a statement are the two assets of a market.
    function _isOfMarket(uint256 record, uint256 end, uint256 market) private pure returns (bool) {
        unchecked {
            if (end - record != 3 * StatementRecord.BYTES) return false;
            uint256 first = Word.load(record + StatementRecord.BYTES + StatementRecord.ASSET_OR_WORD);
            uint256 second = Word.load(record + 2 * StatementRecord.BYTES + StatementRecord.ASSET_OR_WORD);
            uint256 base = Word.load(market + MarketRecord.BASE_ASSET);
            uint256 quote = Word.load(market + MarketRecord.QUOTE_ASSET);
            return (first == base && second == quote) || (first == quote && second == base);
        }
    }

    /// @dev Reads the rows at `offset` into a record.
    /// @return structHash of the statement
    function _readRows(uint256 offset, uint256 record, uint256 rows) private pure returns (bytes32 structHash) {
        Word.put(Registers.STATEMENT, uint256(STATEMENT_TYPEHASH));
        // Assembly because this is most of what reading a statement costs. The two lists to be hashed stand in memory
        // that is free again afterwards.
        assembly ("memory-safe") {
            // A function of its own that has a `leave` is not made part of its caller, whose variables would be in its way.
            function read(position, row, assets, bytes_) {
                if iszero(bytes_) { leave }
                let end := add(assets, bytes_)
                // The index of an asset is above the last one: at least one more than it.
                let least := 0
                for { let item := assets } lt(item, end) { item := add(item, 0x20) } {
                    let fields := calldataload(position)
                    let asset := shr(248, fields)
                    if or(lt(asset, least), iszero(lt(asset, mload(ASSET_COUNT)))) {
                        mstore(0x00, MALFORMED)
                        mstore(0x20, sub(position, mload(PAYLOAD)))
                        revert(0x1c, 0x24)
                    }
                    position := add(position, mload(ROW_BYTES))
                    least := add(asset, 1)
                    asset := add(mload(ASSETS), mul(asset, ASSET_RECORD_BYTES))
                    row := add(row, ROW_RECORD_BYTES)
                    mstore(add(row, ROW_ASSET), asset)
                    mstore(item, mload(asset))
                    fields := sar(mload(DELTA_RIGHT), shl(8, fields))
                    mstore(add(row, ROW_DELTA), fields)
                    mstore(add(item, bytes_), fields)
                }
                mstore(STATEMENT_FIRST, keccak256(assets, bytes_))
                mstore(STATEMENT_SECOND, keccak256(end, bytes_))
            }
            read(offset, record, mload(0x40), shl(5, rows))
        }
        return Word.keccak(Registers.STATEMENT, Registers.STATEMENT_BYTES);
    }

    /// @dev Reads the two deltas at `offset` into a record.
    /// @return structHash of the statement
    function _readIsolatedRows(uint256 offset, uint256 record, uint256 market)
        private
        pure
        returns (bytes32 structHash)
    {
        unchecked {
            uint256 right = Word.load(Registers.DELTA_RIGHT);
            uint256 base = uint256(int256(Word.fromCalldata(offset)) >> right);
            uint256 quote = uint256(int256(Word.fromCalldata(offset + Word.load(Registers.ROW_BYTES) - 1)) >> right);
            Word.put(Registers.STATEMENT, uint256(ISOLATED_STATEMENT_TYPEHASH));
            Word.put(Registers.STATEMENT_FIRST, Word.load(market + MarketRecord.NUMBER));
            Word.put(Registers.STATEMENT_SECOND, base);
            Word.put(Registers.STATEMENT_THIRD, quote);
            record += StatementRecord.BYTES;
            Word.put(record + StatementRecord.ASSET_OR_WORD, Word.load(market + MarketRecord.BASE_ASSET));
            Word.put(record + StatementRecord.DELTA, base);
            record += StatementRecord.BYTES;
            Word.put(record + StatementRecord.ASSET_OR_WORD, Word.load(market + MarketRecord.QUOTE_ASSET));
            Word.put(record + StatementRecord.DELTA, quote);
            return Word.keccak(Registers.STATEMENT, Registers.ISOLATED_STATEMENT_BYTES);
        }
    }
}

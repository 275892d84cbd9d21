// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {BatchAccounts} from "./BatchAccounts.sol";
import {BatchPayloadLibrary} from "./BatchPayload.sol";
import {BatchRun} from "./BatchRun.sol";
import {Registers} from "./Registers.sol";
import {SlotTable} from "./SlotTable.sol";
import {Word} from "./Word.sol";

/// @dev Applies by far the most statements as they are read: the first ones of the first group, as far as their owners
/// signed them and nothing is to be said about them. Nothing settles before them, so nothing else is to be known. Their
/// slots are new to the table, and without a flag; so what they were is still in storage, and their cells follow each other.
///
/// Assembly in one, because this is all that a netted account costs but for its storage and its signature. It takes
/// `_recover`, `_cell` and `_isolatedCells` of `BatchAccounts` in one with what comes between them.
abstract contract BatchOwnStatements is BatchAccounts {
    bytes32 internal constant STATEMENT_TYPEHASH =
        keccak256("NetStatement(uint64 batch,bytes32 previousHash,uint48 floor,uint16[] assets,int64[] deltas)");
    bytes32 internal constant ISOLATED_STATEMENT_TYPEHASH = keccak256(
        "IsolatedNetStatement(uint64 batch,bytes32 previousHash,uint48 floor,uint32 market,int64 base,int64 quote)"
    );
    /// @dev As many rows as the lists in the registers have room for.
    uint256 private constant ROWS_MAX = 8;
    /// @dev The selector of `SettlementMalformedPayload`.
    uint256 private constant MALFORMED = 0xaba021bb;
    // The layouts as assembly takes them, in plain numbers: `Registers`, `MarketRecord`, `AssetRecord`, `SlotTable`.
    uint256 private constant DIGEST = 0x440;
    uint256 private constant DIGEST_HASH = 0x462;
    uint256 private constant DIGEST_BYTES = 66;
    uint256 private constant RECOVER = 0x4a0;
    uint256 private constant RECOVER_V = 0x4c0;
    uint256 private constant RECOVER_R = 0x4e0;
    uint256 private constant RECOVER_S = 0x500;
    uint256 private constant RECOVER_BYTES = 0x80;
    uint256 private constant BUCKETS = 0x520;
    uint256 private constant LAST_BUCKET = 0x540;
    uint256 private constant HASH_SHIFT = 0x560;
    uint256 private constant HASH_MULTIPLIER = 0x580;
    uint256 private constant CELLS_END = 0x5c0;
    uint256 private constant CELLS_LIMIT = 0x5e0;
    uint256 private constant PAYLOAD = 0x600;
    uint256 private constant STATEMENT = 0x9e0;
    uint256 private constant STATEMENT_FLOOR = 0xa40;
    uint256 private constant STATEMENT_FIRST = 0xa60;
    uint256 private constant STATEMENT_SECOND = 0xa80;
    uint256 private constant STATEMENT_THIRD = 0xaa0;
    uint256 private constant STATEMENT_BYTES = 0xc0;
    uint256 private constant ISOLATED_STATEMENT_BYTES = 0xe0;
    uint256 private constant FLOOR_BASE = 0xac0;
    uint256 private constant HEAD_BYTES = 0xae0;
    uint256 private constant ROW_BYTES = 0xb00;
    uint256 private constant DELTA_RIGHT = 0xb20;
    uint256 private constant ASSETS = 0xb40;
    uint256 private constant ASSET_COUNT = 0xb60;
    uint256 private constant FLOOR_RIGHT = 0xc40;
    uint256 private constant LIST = 0xd20;
    uint256 private constant DELTAS = 0xe20;
    uint256 private constant LIST_BYTES = 0x100;
    uint256 private constant KEY = 0xc80;
    uint256 private constant PAYLOAD_END = 0xcc0;
    uint256 private constant MARKETS = 0xce0;
    uint256 private constant MARKET_COUNT = 0xd00;
    uint256 private constant MARKET_BYTES = 0x100;
    uint256 private constant MARKET_NUMBER = 0xa0;
    uint256 private constant BASE_ASSET = 0xc0;
    uint256 private constant QUOTE_ASSET = 0xe0;
    uint256 private constant ASSET_BYTES = 0x60;
    uint256 private constant ASSET_SUM = 0x20;
    uint256 private constant ISOLATED = 1 << 251;
    uint256 private constant MASK_64 = 0xffffffffffffffff;
    uint256 private constant MASK_56 = 0xffffffffffffff;
    uint256 private constant LOW_200 = 2 ** 200 - 1;
    uint256 private constant MASK_42 = 0x3ffffffffff;
    uint256 private constant MASK_40 = 0xffffffffff;

    /// @dev Applies statements from the payload's position on, up to one that is not as plain as most. From that one on they
    /// are for records.
    /// @param left rows that the payload has
    /// @return how many were applied
    /// @return the rows left after them
    function _applyStatements(BatchRun memory run, uint256 count, uint256 left)
        internal
        view
        returns (uint256, uint256)
    {
        uint256 position = run.payload.position;
        uint256 remaining = count;
        bytes32 typehash = STATEMENT_TYPEHASH;
        bytes32 isolatedTypehash = ISOLATED_STATEMENT_TYPEHASH;
        uint256 cellsEnd = Word.load(Registers.CELLS_END);
        run.applied = cellsEnd;
        assembly ("memory-safe") {
            // What stands after the next statement; 0 if it was not applied, and nothing has changed.
            function applyUnified(offset, rows, head, typehash_) -> next {
                let floor := add(mload(FLOOR_BASE), shr(mload(FLOOR_RIGHT), shl(16, head)))
                offset := add(offset, mload(HEAD_BYTES))
                next := add(add(offset, mul(rows, mload(ROW_BYTES))), 64)
                rows := shl(5, rows)
                let cell := mload(CELLS_END)
                if or(
                    shr(48, floor),
                    or(gt(next, mload(PAYLOAD_END)), gt(add(cell, shl(1, rows)), mload(CELLS_LIMIT)))
                ) {
                    next := 0
                    leave
                }
                mstore(STATEMENT_FLOOR, floor)
                readRows(offset, rows)
                mstore(STATEMENT, typehash_)
                mstore(STATEMENT_FIRST, keccak256(LIST, rows))
                mstore(STATEMENT_SECOND, keccak256(DELTAS, rows))
                mstore(DIGEST_HASH, keccak256(STATEMENT, STATEMENT_BYTES))
                let owner := shl(96, recover(sub(next, 64)))
                let end := add(LIST, rows)
                if owner {
                    cell := applyRows(end, owner, shl(200, floor))
                    if cell {
                        mstore(CELLS_END, cell)
                        leave
                    }
                }
                next := 0
                takeBackSums(offset, end)
            }
            // Reads rows into the list of assets' numbers and that of deltas, which it also adds to the assets' sums.
            function readRows(offset, size) {
                let end := add(LIST, size)
                // The index of an asset is above the last one: at least one more than it.
                let least := 0
                for { let row := LIST } lt(row, end) { row := add(row, 0x20) } {
                    let delta := calldataload(offset)
                    let asset := shr(248, delta)
                    if iszero(lt(sub(asset, least), sub(mload(ASSET_COUNT), least))) {
                        mstore(0x00, MALFORMED)
                        mstore(0x20, sub(offset, mload(PAYLOAD)))
                        revert(0x1c, 0x24)
                    }
                    least := add(asset, 1)
                    asset := add(mload(ASSETS), mul(asset, ASSET_BYTES))
                    mstore(row, mload(asset))
                    delta := sar(mload(DELTA_RIGHT), shl(8, delta))
                    mstore(add(row, LIST_BYTES), delta)
                    asset := add(asset, ASSET_SUM)
                    mstore(asset, add(mload(asset), delta))
                    offset := add(offset, mload(ROW_BYTES))
                }
            }
            // Applies the rows to new cells; their end, or 0 if that cannot be.
            function applyRows(end, owner, floor) -> cell {
                cell := mload(CELLS_END)
                for { let row := LIST } lt(row, end) { row := add(row, 0x20) } {
                    mstore(KEY, or(owner, shl(16, mload(row))))
                    let location := keccak256(KEY, 0x40)
                    let bucket :=
                        add(mload(BUCKETS), shl(5, shr(mload(HASH_SHIFT), mul(location, mload(HASH_MULTIPLIER)))))
                    let word := sload(location)
                    let delta := mload(add(row, LIST_BYTES))
                    // Under zero an amount wraps around; the highest bits of a word are flags.
                    let fault := or(shr(64, add(and(word, MASK_64), delta)), shr(252, word))
                    if mload(bucket) { bucket, fault := nextBucket(bucket, location, fault) }
                    if fault {
                        takeBack(cell)
                        cell := 0
                        break
                    }
                    mstore(bucket, cell)
                    mstore(add(cell, 0x20), location)
                    delta := add(word, delta)
                    // A floor that is higher takes the place of the slot's.
                    if lt(word, floor) { delta := or(floor, and(delta, LOW_200)) }
                    mstore(cell, delta)
                    cell := add(cell, 0x40)
                }
            }
            function applyIsolated(offset, head, typehash_) -> next {
                let market := and(shr(240, head), 0xff)
                let floor := add(mload(FLOOR_BASE), shr(mload(FLOOR_RIGHT), shl(16, head)))
                offset := add(offset, mload(HEAD_BYTES))
                let bytes_ := sub(mload(ROW_BYTES), 1)
                next := add(offset, shl(1, bytes_))
                let fault := iszero(lt(market, mload(MARKET_COUNT)))
                if or(fault, or(shr(42, floor), gt(add(next, 64), mload(PAYLOAD_END)))) {
                    next := 0
                    leave
                }
                market := add(mload(MARKETS), mul(market, MARKET_BYTES))
                let named := mload(add(market, MARKET_NUMBER))
                mstore(STATEMENT, typehash_)
                mstore(STATEMENT_FLOOR, floor)
                mstore(STATEMENT_FIRST, named)
                let base := sar(mload(DELTA_RIGHT), calldataload(offset))
                let quote := sar(mload(DELTA_RIGHT), calldataload(add(offset, bytes_)))
                mstore(STATEMENT_SECOND, base)
                mstore(STATEMENT_THIRD, quote)
                mstore(DIGEST_HASH, keccak256(STATEMENT, ISOLATED_STATEMENT_BYTES))
                let owner := recover(next)
                next := add(next, 64)
                mstore(KEY, or(shl(96, owner), shl(32, named)))
                let location := keccak256(KEY, 0x40)
                let bucket := add(mload(BUCKETS), shl(5, shr(mload(HASH_SHIFT), mul(location, mload(HASH_MULTIPLIER)))))
                let raw := sload(location)
                let cell := mload(CELLS_END)
                {
                    let baseAfter := add(and(raw, MASK_56), base)
                    let quoteAfter := add(and(shr(56, raw), MASK_56), quote)
                    fault := or(or(shr(56, or(baseAfter, quoteAfter)), shr(252, raw)), iszero(owner))
                    if mload(bucket) { bucket, fault := nextBucket(bucket, location, fault) }
                    if or(fault, gt(add(cell, 0x80), mload(CELLS_LIMIT))) {
                        next := 0
                        leave
                    }
                    // `SlotTable.unpackIsolated`, with the amounts and the floor as they are now.
                    let word := or(baseAfter, and(shr(48, raw), shl(64, MASK_40)))
                    word := or(word, and(shr(24, raw), shl(128, 0xffff)))
                    word := or(word, and(shr(16, raw), shl(152, MASK_42)))
                    raw := shr(210, raw)
                    let rise := sub(floor, raw)
                    mstore(cell, or(or(word, shl(200, add(raw, mul(sgt(rise, 0), rise)))), ISOLATED))
                    mstore(add(cell, 0x40), quoteAfter)
                }
                mstore(add(cell, 0x20), location)
                mstore(CELLS_END, add(cell, 0x80))
                mstore(bucket, cell)
                addToSum(mload(add(market, BASE_ASSET)), base)
                addToSum(mload(add(market, QUOTE_ASSET)), quote)
            }
            // The empty bucket for a slot that is not in the table; if it is, that is a fault.
            function nextBucket(bucket, location, before) -> empty, fault {
                fault := before
                empty := bucket
                for { let cell := mload(empty) } cell { cell := mload(empty) } {
                    if eq(mload(add(cell, 0x20)), location) {
                        fault := 1
                        leave
                    }
                    empty := add(empty, 0x20)
                    if gt(empty, mload(LAST_BUCKET)) { empty := mload(BUCKETS) }
                }
            }
            // The signer of the struct whose hash is in place, by the signature at `offset`; 0 if there is none.
            function recover(offset) -> signer {
                let parityAndS := calldataload(add(offset, 0x20))
                mstore(RECOVER, keccak256(DIGEST, DIGEST_BYTES))
                mstore(RECOVER_V, add(27, shr(255, parityAndS)))
                mstore(RECOVER_R, calldataload(offset))
                mstore(RECOVER_S, shr(1, shl(1, parityAndS)))
                mstore(0x00, 0)
                pop(staticcall(gas(), 1, RECOVER, RECOVER_BYTES, 0x00, 0x20))
                signer := mload(0x00)
            }
            function addToSum(asset, delta) {
                asset := add(asset, ASSET_SUM)
                mstore(asset, add(mload(asset), delta))
            }
            // Keeps the new cells up to `end`, with the words that are stored.
            function takeBack(end) {
                for { let cell := mload(CELLS_END) } lt(cell, end) { cell := add(cell, 0x40) } {
                    mstore(cell, sload(mload(add(cell, 0x20))))
                }
                mstore(CELLS_END, end)
            }
            function takeBackSums(offset, end) {
                for { let row := LIST } lt(row, end) { row := add(row, 0x20) } {
                    let asset := add(mload(ASSETS), mul(shr(248, calldataload(offset)), ASSET_BYTES))
                    addToSum(asset, sub(0, mload(add(row, LIST_BYTES))))
                    offset := add(offset, mload(ROW_BYTES))
                }
            }

            for {} remaining { remaining := sub(remaining, 1) } {
                let head := calldataload(position)
                // Control and count of rows; control 0 is a unified statement that its owner signed.
                let rows := shr(240, head)
                let next := 0
                switch lt(sub(rows, 1), ROWS_MAX)
                case 0 { if eq(shr(8, rows), 0x10) { next := applyIsolated(position, head, isolatedTypehash) } }
                default { next := applyUnified(position, rows, head, typehash) }
                if iszero(next) { break }
                position := next
                cellsEnd := mload(CELLS_END)
            }
        }
        unchecked {
            count -= remaining;
            // A cell for each row. Under zero it wraps around.
            uint256 rowsLeft = left - count - (cellsEnd - run.applied) / SlotTable.CELL_BYTES;
            if (rowsLeft > left) run.payload.malformed(run.payload.start + BatchPayloadLibrary.ROWS_POSITION);
            run.payload.position = position;
            run.appliedEnd = cellsEnd;
            return (count, rowsLeft);
        }
    }
}

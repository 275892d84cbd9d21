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
    /// @dev The lists in the registers have room for eight rows.
    uint256 private constant LAST_ROW = 7;
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
    uint256 private constant LAST_ASSET = 0xcc0;
    uint256 private constant LIST = 0xd20;
    uint256 private constant DELTAS = 0xe20;
    uint256 private constant LIST_BYTES = 0x100;
    uint256 private constant KEY = 0xc80;
    uint256 private constant MARKETS = 0xce0;
    uint256 private constant MARKET_COUNT = 0xd00;
    uint256 private constant MARKET_BYTES = 0x100;
    uint256 private constant MARKET_NUMBER = 0xa0;
    uint256 private constant BASE_ASSET = 0xc0;
    uint256 private constant QUOTE_ASSET = 0xe0;
    uint256 private constant ASSET_BYTES = 0x60;
    uint256 private constant ASSET_SUM = 0x20;
    uint256 private constant ISOLATED = 1 << 251;
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
            // Applies unified statements up to one that is another's to apply; what stands there, and how many are left.
            function applyUnified(position_, remaining_, typehash_) -> at, left_, cell {
                at := position_
                left_ := remaining_
                cell := mload(CELLS_END)
                mstore(LAST_ASSET, add(mload(ASSETS), mul(sub(mload(ASSET_COUNT), 1), ASSET_BYTES)))
                mstore(STATEMENT, typehash_)
                for {} 1 { left_ := sub(left_, 1) } {
                    let head := calldataload(at)
                    // Control and count of rows; control 0 is a unified statement that its owner signed.
                    let rows := shr(240, head)
                    let floor := add(mload(FLOOR_BASE), shr(mload(FLOOR_RIGHT), shl(16, head)))
                    let end := add(cell, shl(6, rows))
                    // One test for all.
                    if or(
                        or(iszero(left_), gt(sub(rows, 1), LAST_ROW)),
                        or(shr(48, floor), gt(end, mload(CELLS_LIMIT)))
                    ) { break }
                    mstore(STATEMENT_FLOOR, floor)
                    let offset := add(at, mload(HEAD_BYTES))
                    at := add(offset, mul(rows, mload(ROW_BYTES)))
                    let size := readRows(offset, at)
                    mstore(STATEMENT_FIRST, keccak256(LIST, size))
                    mstore(STATEMENT_SECOND, keccak256(DELTAS, size))
                    mstore(DIGEST_HASH, keccak256(STATEMENT, STATEMENT_BYTES))
                    // As in `recover`, of which a second call would keep the compiler from making it part of either.
                    let parityAndS := calldataload(add(at, 0x20))
                    mstore(RECOVER, keccak256(DIGEST, DIGEST_BYTES))
                    mstore(RECOVER_V, add(27, shr(255, parityAndS)))
                    mstore(RECOVER_R, calldataload(at))
                    mstore(RECOVER_S, shr(1, shl(1, parityAndS)))
                    mstore(0x00, 0)
                    pop(staticcall(gas(), 1, RECOVER, RECOVER_BYTES, 0x00, 0x20))
                    if lt(applyRows(cell, end, shl(96, mload(0x00))), end) {
                        at := takeBackRows(at, shr(6, sub(end, cell)))
                        leave
                    }
                    cell := end
                    at := add(at, 64)
                }
                mstore(CELLS_END, cell)
            }
            // Reads rows into the list of assets' numbers and that of deltas, which it also adds to the assets' sums;
            // how many bytes each list has.
            function readRows(offset, end) -> size {
                let row := LIST
                // The record of an asset is above the last one.
                for { let least := mload(ASSETS) } 1 {} {
                    let delta := calldataload(offset)
                    let asset := add(mload(ASSETS), mul(shr(248, delta), ASSET_BYTES))
                    if or(lt(asset, least), gt(asset, mload(LAST_ASSET))) {
                        mstore(0x00, MALFORMED)
                        mstore(0x20, sub(offset, mload(PAYLOAD)))
                        revert(0x1c, 0x24)
                    }
                    mstore(row, mload(asset))
                    delta := sar(mload(DELTA_RIGHT), shl(8, delta))
                    mstore(add(row, LIST_BYTES), delta)
                    asset := add(asset, ASSET_SUM)
                    mstore(asset, add(mload(asset), delta))
                    least := asset
                    row := add(row, 0x20)
                    offset := add(offset, mload(ROW_BYTES))
                    if iszero(lt(offset, end)) { break }
                }
                size := sub(row, LIST)
            }
            // Applies the rows to new cells up to `end`, and comes as far; if that cannot be, it takes them back.
            function applyRows(start, end, owner) -> cell {
                cell := start
                // Under its floor it has all bits set.
                let least := or(shl(200, mload(STATEMENT_FLOOR)), LOW_200)
                for { let row := LIST } 1 {} {
                    mstore(KEY, or(owner, shl(16, mload(row))))
                    let location := keccak256(KEY, 0x40)
                    let bucket :=
                        add(mload(BUCKETS), shl(5, shr(mload(HASH_SHIFT), mul(location, mload(HASH_MULTIPLIER)))))
                    let word := sload(location)
                    let sum := add(word, mload(add(row, LIST_BYTES)))
                    let floor := least
                    // One test for all that is rare. An amount that leaves its bits changes those above them. The highest
                    // bits of a word are flags, its floor is under them.
                    if or(or(shr(64, xor(sum, word)), iszero(owner)), or(gt(word, floor), mload(bucket))) {
                        let fault := or(or(shr(64, xor(sum, word)), iszero(owner)), shr(252, word))
                        for { let other := mload(bucket) } other { other := mload(bucket) } {
                            // The table has the slot: a statement before has named it.
                            fault := or(fault, eq(mload(add(other, 0x20)), location))
                            bucket := add(bucket, 0x20)
                            if gt(bucket, mload(LAST_BUCKET)) { bucket := mload(BUCKETS) }
                        }
                        if fault {
                            takeBack(start, cell)
                            break
                        }
                        // The slot keeps a floor that is higher.
                        if gt(word, floor) { floor := or(word, LOW_200) }
                    }
                    mstore(bucket, cell)
                    mstore(cell, and(floor, or(sum, not(LOW_200))))
                    mstore(add(cell, 0x20), location)
                    row := add(row, 0x20)
                    cell := add(cell, 0x40)
                    if iszero(lt(cell, end)) { break }
                }
            }
            // The same for isolated statements.
            function applyIsolated(position_, remaining_, typehash_) -> at, left_, cell {
                at := position_
                left_ := remaining_
                cell := mload(CELLS_END)
                mstore(STATEMENT, typehash_)
                for {} left_ { left_ := sub(left_, 1) } {
                    let head := calldataload(at)
                    // Control, and the index of the market.
                    let market := shr(240, head)
                    if iszero(eq(shr(8, market), 0x10)) { break }
                    market := and(market, 0xff)
                    let floor := add(mload(FLOOR_BASE), shr(mload(FLOOR_RIGHT), shl(16, head)))
                    let offset := add(at, mload(HEAD_BYTES))
                    let bytes_ := sub(mload(ROW_BYTES), 1)
                    let signature := add(offset, shl(1, bytes_))
                    if or(
                        or(iszero(lt(market, mload(MARKET_COUNT))), gt(add(cell, 0x80), mload(CELLS_LIMIT))),
                        shr(42, floor)
                    ) { break }
                    market := add(mload(MARKETS), mul(market, MARKET_BYTES))
                    mstore(STATEMENT_FLOOR, floor)
                    mstore(STATEMENT_FIRST, mload(add(market, MARKET_NUMBER)))
                    let base := sar(mload(DELTA_RIGHT), calldataload(offset))
                    let quote := sar(mload(DELTA_RIGHT), calldataload(add(offset, bytes_)))
                    mstore(STATEMENT_SECOND, base)
                    mstore(STATEMENT_THIRD, quote)
                    mstore(DIGEST_HASH, keccak256(STATEMENT, ISOLATED_STATEMENT_BYTES))
                    if iszero(applyAmounts(cell, recover(signature), base, quote)) { break }
                    addToSum(mload(add(market, BASE_ASSET)), base)
                    addToSum(mload(add(market, QUOTE_ASSET)), quote)
                    cell := add(cell, 0x80)
                    at := add(signature, 64)
                }
                mstore(CELLS_END, cell)
            }
            // Applies the two deltas of the statement in place to two new cells; whether that can be.
            function applyAmounts(cell, owner, base, quote) -> applied {
                mstore(KEY, or(shl(96, owner), shl(32, mload(STATEMENT_FIRST))))
                let location := keccak256(KEY, 0x40)
                let bucket := add(mload(BUCKETS), shl(5, shr(mload(HASH_SHIFT), mul(location, mload(HASH_MULTIPLIER)))))
                let raw := sload(location)
                base := add(and(raw, MASK_56), base)
                quote := add(and(shr(56, raw), MASK_56), quote)
                let fault := or(or(shr(56, or(base, quote)), shr(252, raw)), iszero(owner))
                if mload(bucket) { bucket, fault := nextBucket(bucket, location, fault) }
                if iszero(fault) {
                    // `SlotTable.unpackIsolated`, with the amounts and the floor as they are now.
                    let word := or(base, and(shr(48, raw), shl(64, MASK_40)))
                    word := or(word, and(shr(24, raw), shl(128, 0xffff)))
                    word := or(word, and(shr(16, raw), shl(152, MASK_42)))
                    raw := shr(210, raw)
                    let rise := sub(mload(STATEMENT_FLOOR), raw)
                    mstore(cell, or(or(word, shl(200, add(raw, mul(sgt(rise, 0), rise)))), ISOLATED))
                    mstore(add(cell, 0x20), location)
                    mstore(add(cell, 0x40), quote)
                    mstore(bucket, cell)
                    applied := 1
                }
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
            // Keeps the new cells from `cell` to `end`, with the words that are stored.
            function takeBack(cell, end) {
                mstore(CELLS_END, end)
                for {} lt(cell, end) { cell := add(cell, 0x40) } {
                    mstore(cell, sload(mload(add(cell, 0x20))))
                }
            }
            // Takes rows that end at `end` out of the assets' sums; where their statement begins.
            function takeBackRows(end, rows) -> start {
                let offset := sub(end, mul(rows, mload(ROW_BYTES)))
                start := sub(offset, mload(HEAD_BYTES))
                for { let row := DELTAS } lt(offset, end) { row := add(row, 0x20) } {
                    let asset := add(mload(ASSETS), mul(shr(248, calldataload(offset)), ASSET_BYTES))
                    addToSum(asset, sub(0, mload(row)))
                    offset := add(offset, mload(ROW_BYTES))
                }
            }

            position, remaining, cellsEnd := applyUnified(position, remaining, typehash)
            // Each goes on where the other has stopped, up to a statement that neither applies.
            for {} remaining {} {
                let next, left_, cell := applyIsolated(position, remaining, isolatedTypehash)
                if eq(left_, remaining) { break }
                position, remaining, cellsEnd := applyUnified(next, left_, typehash)
                if eq(left_, remaining) { break }
            }
        }
        unchecked {
            count -= remaining;
            // Only here it is found out whether what was read is within the payload.
            if (position > run.payload.end) run.payload.malformed(position);
            // A cell for each row. Under zero it wraps around.
            uint256 rowsLeft = left - count - (cellsEnd - run.applied) / SlotTable.CELL_BYTES;
            if (rowsLeft > left) run.payload.malformed(run.payload.start + BatchPayloadLibrary.ROWS_POSITION);
            run.payload.position = position;
            run.appliedEnd = cellsEnd;
            return (count, rowsLeft);
        }
    }
}

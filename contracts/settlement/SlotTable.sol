// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {OrderRecord} from "./BatchRun.sol";
import {Registers} from "./Registers.sol";
import {Word} from "./Word.sol";

/// @title SlotTable: each storage word that a batch touches is read once and written once
/// @dev A cell is two words of memory: the value, and its location in storage. An isolated account takes two cells: in the
/// first its base amount and its order, floor and flags where a unified slot has them (and `ISOLATED`), in the second its
/// quote amount, and no location. So a fill treats both kinds of account alike.
///
/// Cells stand one after another; buckets hold their addresses, by open addressing. The hash is multiply-shift with a
/// multiplier from the batch's hash, which nobody can know while choosing an address, so no choice of addresses makes
/// lookups slow.
library SlotTable {
    // Marks of a cell, in bits of a slot that storage never holds.
    /// @dev The account's exit is in effect.
    uint256 internal constant EXITED = 1 << 255;
    uint256 internal constant EXITED_AT = 255;
    /// @dev A statement of the batch names it, which was not applied when it was read.
    uint256 internal constant NETTED = 1 << 254;
    uint256 internal constant MARKS_AT = 254;
    /// @dev First cell of an isolated account.
    uint256 internal constant ISOLATED = 1 << 251;
    /// @dev An order of the batch has the lane. What is filled stands in its record, whose address takes the place.
    uint256 internal constant GIVEN = 1 << 250;
    uint256 internal constant CELL_BYTES = 64;
    /// @dev Flags that are stored start here.
    uint256 internal constant FLAGS_AT = 252;
    uint256 private constant STORED_MASK = (2 ** 254 - 1) ^ (3 << 250);
    uint256 private constant MARKS = (3 << 254) | (3 << 250);
    uint256 private constant STATE = (2 ** 136 - 1) << 64;
    uint256 private constant FILLED = (2 ** 64 - 1) << 64;
    uint256 private constant FLOOR_AT = 200;
    uint256 private constant ISOLATED_FLOOR_AT = 210;
    uint256 private constant BITS_56 = 2 ** 56 - 1;
    uint256 private constant BITS_42 = 2 ** 42 - 1;
    uint256 private constant BITS_40 = 2 ** 40 - 1;
    /// @dev The selector of `SettlementMalformedPayload`, and where a payload says how many slots it touches.
    uint256 private constant MALFORMED = 0xaba021bb;
    uint256 private constant SLOTS_POSITION = 9;
    // `Registers`.
    uint256 private constant BUCKETS = 0x520;
    uint256 private constant LAST_BUCKET = 0x540;
    uint256 private constant HASH_SHIFT = 0x560;
    uint256 private constant HASH_MULTIPLIER = 0x580;
    uint256 private constant CELLS = 0x5a0;
    uint256 private constant CELLS_END = 0x5c0;
    uint256 private constant CELLS_LIMIT = 0x5e0;
    // `OrderRecord`.
    uint256 private constant RECORD_LANE = 0x80;

    /// @dev A table for at most `count` cells. It is not much more than half full, so searches are short: an isolated account
    /// takes two cells, but one bucket.
    function create(uint256 count, bool isolated, uint256 seed) internal pure {
        unchecked {
            // `count` is at most 2^16, by its width in a payload. One bucket stays empty, so every search ends.
            uint256 least = isolated ? count + 1 : 2 * count;
            uint256 capacity = 4;
            uint256 shift = 254;
            while (capacity < least) {
                capacity <<= 1;
                --shift;
            }
            uint256 buckets = Word.allocate(capacity);
            Word.put(Registers.BUCKETS, buckets);
            Word.put(Registers.LAST_BUCKET, buckets + 32 * (capacity - 1));
            Word.put(Registers.HASH_SHIFT, shift);
            Word.put(Registers.HASH_MULTIPLIER, seed | 1);
            uint256 cells = Word.reserve(2 * count);
            Word.put(Registers.CELLS, cells);
            Word.put(Registers.CELLS_END, cells);
            Word.put(Registers.CELLS_LIMIT, cells + CELL_BYTES * count);
        }
    }

    /// @dev The cell of a storage location. One that was not there gets the stored word.
    function find(uint256 location) internal view returns (uint256 cell) {
        // Assembly because cells are raw memory. Every bucket is inside the table, and one is empty.
        assembly ("memory-safe") {
            let bucket := add(mload(BUCKETS), shl(5, shr(mload(HASH_SHIFT), mul(location, mload(HASH_MULTIPLIER)))))
            for {} 1 {} {
                cell := mload(bucket)
                if iszero(cell) {
                    cell := mload(CELLS_END)
                    if eq(cell, mload(CELLS_LIMIT)) {
                        mstore(0x00, MALFORMED)
                        mstore(0x20, SLOTS_POSITION)
                        revert(0x1c, 0x24)
                    }
                    mstore(CELLS_END, add(cell, 0x40))
                    mstore(bucket, cell)
                    mstore(cell, sload(location))
                    mstore(add(cell, 0x20), location)
                    break
                }
                if eq(mload(add(cell, 0x20)), location) { break }
                bucket := add(bucket, 0x20)
                if gt(bucket, mload(LAST_BUCKET)) { bucket := mload(BUCKETS) }
            }
        }
    }

    /// @dev Fills the two cells of an isolated account from its stored word.
    function unpackIsolated(uint256 cell, uint256 raw) internal pure {
        // Assembly because cells are raw memory; fields move down by 48, 24, 16 and 10 bits.
        assembly ("memory-safe") {
            let word := or(and(raw, BITS_56), and(shr(48, raw), shl(64, BITS_40)))
            word := or(word, and(shr(24, raw), shl(128, 0xffff)))
            word := or(word, and(shr(16, raw), shl(152, BITS_42)))
            word := or(word, and(shr(10, raw), shl(200, BITS_42)))
            mstore(cell, or(word, or(and(raw, shl(252, 0xf)), ISOLATED)))
            mstore(add(cell, 0x40), and(shr(56, raw), BITS_56))
        }
    }

    /// @dev Puts the stored words back into cells that have no flags.
    function restore(uint256 cell, uint256 end) internal view {
        unchecked {
            for (; cell != end; cell += CELL_BYTES) {
                uint256 word = stored(cell);
                if (Word.load(cell) & ISOLATED == 0) {
                    Word.put(cell, word);
                } else {
                    unpackIsolated(cell, word);
                    cell += CELL_BYTES;
                }
            }
        }
    }

    /// @dev The stored floor of a cell that has no flags.
    function storedFloor(uint256 cell) internal view returns (uint256) {
        unchecked {
            return stored(cell) >> (Word.load(cell) & ISOLATED == 0 ? FLOOR_AT : ISOLATED_FLOOR_AT);
        }
    }

    function stored(uint256 cell) internal view returns (uint256 word) {
        assembly ("memory-safe") {
            word := sload(mload(add(cell, 0x20)))
        }
    }

    /// @dev Takes a lane back from the order that has it, if one does, and puts into its word what that has filled.
    function releaseLane(uint256 cell) internal pure {
        unchecked {
            uint256 word = Word.load(cell);
            if (word & GIVEN == 0) return;
            uint256 order = uint32(word >> 64);
            uint256 state = Word.load(order);
            uint256 before = Word.load(order + OrderRecord.LANE) >> 32;
            state -= uint256(uint64(state)) << 64;
            word = state & FILLED != 0 ? (word & ~STATE) | (state & STATE) : (word & ~FILLED) | (before << 64);
            Word.put(cell, word ^ GIVEN);
            Word.put(order, Word.load(order) >> 64 << 64);
            Word.put(order + OrderRecord.LANE, cell);
        }
    }

    /// @dev Writes all cells to storage. A word that did not change costs no more than finding that out would.
    function store() internal {
        // Assembly because locations are raw; each is one that `find` was given.
        assembly ("memory-safe") {
            // What stands after the cells is not needed any more. A mark without its flag, which no cell has, ends them.
            mstore(mload(CELLS_END), EXITED)
            for { let cell := mload(CELLS) } 1 { cell := add(cell, 0x40) } {
                let word := mload(cell)
                if and(word, MARKS) {
                    if and(word, GIVEN) {
                        // `releaseLane`: what is left of the quantity, taken from it, is what is filled.
                        let order := and(shr(64, word), 0xffffffff)
                        let state := mload(order)
                        state := and(sub(state, shl(64, and(state, 0xffffffffffffffff))), STATE)
                        switch and(state, FILLED)
                        case 0 {
                            order := shl(64, shr(32, mload(add(order, RECORD_LANE))))
                            word := or(and(word, not(FILLED)), order)
                        }
                        default { word := or(and(word, not(STATE)), state) }
                    }
                    if and(word, ISOLATED) {
                        let location := mload(add(cell, 0x20))
                        cell := add(cell, 0x40)
                        // The inverse of `unpackIsolated`.
                        let packed := or(and(word, BITS_56), shl(56, mload(cell)))
                        packed := or(packed, and(shl(48, word), shl(112, BITS_40)))
                        packed := or(packed, and(shl(24, word), shl(152, 0xffff)))
                        packed := or(packed, and(shl(16, word), shl(168, BITS_42)))
                        packed := or(packed, and(shl(10, word), shl(210, BITS_42)))
                        sstore(location, or(packed, and(word, shl(252, 3))))
                        continue
                    }
                    if eq(word, EXITED) { break }
                    word := and(word, STORED_MASK)
                }
                sstore(mload(add(cell, 0x20)), word)
            }
        }
    }
}

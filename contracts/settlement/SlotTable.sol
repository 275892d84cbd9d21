// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Slot} from "./Slot.sol";
import {Word} from "./Word.sol";

/// @dev A table of storage slots in memory: `buckets` hold the addresses of entries, which stand one after another from
/// `entries` to `end`, two words each: the slot's value, then its location in storage.
struct SlotTable {
    uint256 buckets;
    uint256 mask;
    uint256 shift;
    uint256 multiplier;
    uint256 entries;
    uint256 end;
}

/// @title SlotTable: each slot that a batch touches is read once and written once
/// @dev Open addressing. The hash is multiply-shift with a multiplier from the batch's hash, which nobody can know while
/// choosing an address, so no choice of addresses makes lookups slow.
///
/// A cell is the memory address of an entry, so of its value. Two flags live in cells only, in bits that storage never holds.
library SlotTableLibrary {
    /// @dev The owner's exit is in effect.
    uint8 internal constant EXITED = 0x80;
    uint256 internal constant EXITED_AT = 255;
    /// @dev To be written back.
    uint256 internal constant DIRTY = 1 << 254;
    uint256 private constant STORED_MASK = (1 << 254) - 1;

    /// @dev A table for at most `count` slots. It is never more than three quarters full, so every search ends.
    function create(uint256 count, uint256 seed) internal pure returns (SlotTable memory table) {
        unchecked {
            // `count` is at most 3 * 2^16 + 2^8, by the widths of the counts in a payload.
            uint256 capacity = 4;
            uint256 bits = 2;
            while (capacity * 3 < count * 4) {
                capacity <<= 1;
                ++bits;
            }
            table.buckets = Word.allocate(capacity);
            table.mask = capacity - 1;
            table.shift = 256 - bits;
            table.multiplier = seed | 1;
            table.entries = Word.reserve(2 * count);
            table.end = table.entries;
        }
    }

    /// @dev The cell of a storage location, read from storage when it is first asked for.
    /// @return cell its memory address
    /// @return flags the slot's flags if this was the first time, 0 after that
    function find(SlotTable memory table, uint256 location) internal view returns (uint256 cell, uint256 flags) {
        // Assembly because entries are raw memory. Every bucket is inside the table: index <= mask. There are no more
        // entries than the caller said, so the last one ends where the reserved memory does.
        assembly ("memory-safe") {
            let index := shr(mload(add(table, 0x40)), mul(location, mload(add(table, 0x60))))
            for {} 1 {} {
                let bucket := add(mload(table), shl(5, index))
                cell := mload(bucket)
                if iszero(cell) {
                    cell := mload(add(table, 0xa0))
                    mstore(add(table, 0xa0), add(cell, 0x40))
                    mstore(bucket, cell)
                    mstore(add(cell, 0x20), location)
                    flags := sload(location)
                    mstore(cell, flags)
                    flags := shr(248, flags)
                    break
                }
                if eq(mload(add(cell, 0x20)), location) { break }
                index := and(add(index, 1), mload(add(table, 0x20)))
            }
        }
    }

    function read(uint256 cell) internal pure returns (Slot) {
        return Slot.wrap(Word.load(cell));
    }

    /// @dev Writes the changed cells to storage.
    function store(SlotTable memory table) internal {
        // Assembly because locations are raw; each is one that `find` was given.
        assembly ("memory-safe") {
            let end := mload(add(table, 0xa0))
            for { let cell := mload(add(table, 0x80)) } lt(cell, end) { cell := add(cell, 0x40) } {
                let word := mload(cell)
                if and(word, DIRTY) { sstore(mload(add(cell, 0x20)), and(word, STORED_MASK)) }
            }
        }
    }
}

using SlotTableLibrary for SlotTable global;

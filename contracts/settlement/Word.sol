// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Word: comparisons that give 0 or 1, and raw memory
/// @dev For the paths that run once per order or per fill: tests joined by `|` cost a third of tests joined by `||`,
/// which jump. The compiler puts each of these in place of its call.
library Word {
    function lt(uint256 left, uint256 right) internal pure returns (uint256 result) {
        assembly ("memory-safe") {
            result := lt(left, right)
        }
    }

    function gt(uint256 left, uint256 right) internal pure returns (uint256 result) {
        assembly ("memory-safe") {
            result := gt(left, right)
        }
    }

    function isZero(uint256 value) internal pure returns (uint256 result) {
        assembly ("memory-safe") {
            result := iszero(value)
        }
    }

    /// @dev The word at a memory address that the caller has allocated.
    function load(uint256 pointer) internal pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(pointer)
        }
    }

    /// @dev Writes a word to a memory address that the caller has allocated.
    function put(uint256 pointer, uint256 word) internal pure {
        assembly ("memory-safe") {
            mstore(pointer, word)
        }
    }

    /// @dev Zeroed memory for `count` words.
    function allocate(uint256 count) internal pure returns (uint256 pointer) {
        pointer = reserve(count);
        assembly ("memory-safe") {
            calldatacopy(pointer, calldatasize(), shl(5, count))
        }
    }

    /// @dev Memory for `count` words with anything in them: it costs nothing until it is written.
    function reserve(uint256 count) internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := mload(0x40)
            mstore(0x40, add(pointer, shl(5, count)))
        }
    }

    function fromCalldata(uint256 offset) internal pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := calldataload(offset)
        }
    }

    function keccak(uint256 pointer, uint256 size) internal pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            hash := keccak256(pointer, size)
        }
    }
}

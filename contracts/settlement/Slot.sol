// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Slot: one storage word of an owner
/// @dev From the low end: amount u64, filled u64, tag u24, seq u48, floor u48, flags u8.
///
/// Lane 0 of (owner, asset) is the balance: `amount` in ledger units, the cancel floor of all orders with this base
/// asset, and the fill state of the order that last used lane 0. Lanes 1 and up hold a fill state only.
///
/// Casts truncate on purpose: they cut a field out of the word. What is put in always fits its field, because callers
/// pass the field's own type.
type Slot is uint256;

using SlotLibrary for Slot global;

library SlotLibrary {
    /// @dev The owner has requested an exit with this asset.
    uint8 internal constant EXIT_REQUESTED = 1;
    /// @dev The owner has requested a higher cancel floor that may not yet be in effect.
    uint8 internal constant FLOOR_REQUESTED = 2;

    uint256 internal constant AMOUNT_MASK = type(uint64).max;
    uint256 internal constant FILLED_AT = 64;
    uint256 internal constant TAG_AT = 128;
    uint256 internal constant SEQ_AT = 152;
    uint256 internal constant FLOOR_AT = 200;
    uint256 internal constant FLAGS_AT = 248;
    uint256 internal constant SEQ_MASK = uint256(type(uint48).max) << SEQ_AT;
    /// @dev seq and tag: which order it is.
    uint256 internal constant ORDER_MASK = SEQ_MASK | (uint256(type(uint24).max) << TAG_AT);
    uint256 internal constant FILLED_MASK = uint256(type(uint64).max) << FILLED_AT;

    /// @notice The key of a slot in storage. Lanes and assets are 16 bits wide; the 64 bits above them are free for
    /// slots of other kinds (sub-accounts by market).
    function keyOf(address owner, uint16 asset, uint16 lane) internal pure returns (uint256) {
        return (uint256(uint160(owner)) << 96) | (uint256(asset) << 16) | lane;
    }

    function amount(Slot slot) internal pure returns (uint64) {
        return uint64(Slot.unwrap(slot));
    }

    function filled(Slot slot) internal pure returns (uint64) {
        return uint64(Slot.unwrap(slot) >> FILLED_AT);
    }

    function seq(Slot slot) internal pure returns (uint48) {
        return uint48(Slot.unwrap(slot) >> SEQ_AT);
    }

    function floor(Slot slot) internal pure returns (uint48) {
        return uint48(Slot.unwrap(slot) >> FLOOR_AT);
    }

    function tag(Slot slot) internal pure returns (uint24) {
        return uint24(Slot.unwrap(slot) >> TAG_AT);
    }

    function has(Slot slot, uint8 flag) internal pure returns (bool) {
        return (Slot.unwrap(slot) >> FLAGS_AT) & flag != 0;
    }

    function withAmount(Slot slot, uint64 value) internal pure returns (Slot) {
        return Slot.wrap((Slot.unwrap(slot) & ~uint256(type(uint64).max)) | value);
    }

    function withFloor(Slot slot, uint48 value) internal pure returns (Slot) {
        uint256 cleared = Slot.unwrap(slot) & ~(uint256(type(uint48).max) << FLOOR_AT);
        return Slot.wrap(cleared | (uint256(value) << FLOOR_AT));
    }

    function withFlag(Slot slot, uint8 flag) internal pure returns (Slot) {
        return Slot.wrap(Slot.unwrap(slot) | (uint256(flag) << FLAGS_AT));
    }

    function withoutFlag(Slot slot, uint8 flag) internal pure returns (Slot) {
        return Slot.wrap(Slot.unwrap(slot) & ~(uint256(flag) << FLAGS_AT));
    }
}

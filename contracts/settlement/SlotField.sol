// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Slot} from "./Slot.sol";

/// @title SlotField: one number in a slot, by its lowest bit and its width
/// @dev For the calls of one owner, which treat both kinds of account alike. The batches cut words apart by themselves.
type SlotField is uint256;

using SlotFieldLibrary for SlotField global;

library SlotFieldLibrary {
    uint256 private constant AT = 8;

    /// @dev The number of the field in `slot`. No field is wider than 64 bits.
    function read(SlotField field, Slot slot) internal pure returns (uint64) {
        return uint64((Slot.unwrap(slot) >> _at(field)) & highest(field));
    }

    /// @dev The slot with `value`, at most `highest`, in the field.
    function write(SlotField field, Slot slot, uint64 value) internal pure returns (Slot) {
        uint256 others = Slot.unwrap(slot) & ~(uint256(highest(field)) << _at(field));
        return Slot.wrap(others | (uint256(value) << _at(field)));
    }

    function highest(SlotField field) internal pure returns (uint64) {
        return uint64((1 << (SlotField.unwrap(field) & 0xff)) - 1);
    }

    function _at(SlotField field) private pure returns (uint256) {
        return SlotField.unwrap(field) >> AT;
    }
}

/// @title The fields of both kinds of slot: docs/contracts/settlement.md
library SlotFields {
    // Unified: lane 0 of (owner, asset), and all lanes from 1 on, of either kind of account.
    SlotField internal constant AMOUNT = SlotField.wrap((0 << 8) | 64);
    SlotField internal constant FILLED = SlotField.wrap((64 << 8) | 64);
    SlotField internal constant TAG = SlotField.wrap((128 << 8) | 24);
    SlotField internal constant SEQ = SlotField.wrap((152 << 8) | 48);
    SlotField internal constant FLOOR = SlotField.wrap((200 << 8) | 48);

    // Isolated: lane 0 of (owner, market).
    SlotField internal constant ISOLATED_BASE = SlotField.wrap((0 << 8) | 56);
    SlotField internal constant ISOLATED_QUOTE = SlotField.wrap((56 << 8) | 56);
    SlotField internal constant ISOLATED_FILLED = SlotField.wrap((112 << 8) | 40);
    SlotField internal constant ISOLATED_TAG = SlotField.wrap((152 << 8) | 16);
    SlotField internal constant ISOLATED_SEQ = SlotField.wrap((168 << 8) | 42);
    SlotField internal constant ISOLATED_FLOOR = SlotField.wrap((210 << 8) | 42);

    /// @dev In lane 0 of both kinds: the owner has requested an exit, or a higher cancel floor that may not yet count.
    uint256 internal constant EXIT_REQUESTED = 1 << 252;
    uint256 internal constant FLOOR_REQUESTED = 1 << 253;

    /// @dev The key of an isolated account's slot. Markets are not 0, so it is no key of a unified account.
    function isolatedKeyOf(address owner, uint32 market, uint16 lane) internal pure returns (uint256) {
        return (uint256(uint160(owner)) << 96) | (uint256(market) << 32) | lane;
    }

    /// @dev Where the cancel floor is in the slot of a key.
    function floorOf(uint256 key) internal pure returns (SlotField) {
        return uint64(key) >> 32 == 0 ? FLOOR : ISOLATED_FLOOR;
    }

    function has(Slot slot, uint256 flag) internal pure returns (bool) {
        return Slot.unwrap(slot) & flag != 0;
    }

    function withFlag(Slot slot, uint256 flag) internal pure returns (Slot) {
        return Slot.wrap(Slot.unwrap(slot) | flag);
    }

    function withoutFlag(Slot slot, uint256 flag) internal pure returns (Slot) {
        return Slot.wrap(Slot.unwrap(slot) & ~flag);
    }
}

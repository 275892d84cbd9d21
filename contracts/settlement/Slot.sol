// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Slot: one storage word of an account
/// @dev Lane 0 of a unified account (owner, asset), and every lane from 1 on of either kind of account, from the low end:
/// amount u64, filled u64, tag u24, seq u48, floor u48, flags u8. `amount` is in ledger units; amount, floor and flags are
/// those of lane 0 only.
///
/// Lane 0 of an isolated account (owner, market): base u56, quote u56, filled u40, tag u16, seq u42, floor u42, flags u4. In
/// both, a flag is the same bit: `SlotFields`, which cuts words apart for the calls of one owner. Batches hold an isolated
/// account in memory as two words of the first layout: `SlotTable`.
type Slot is uint256;

library SlotLibrary {
    /// @notice The key of a slot of a unified account. Bits 32 to 63 are 0, where that of an isolated one has its market.
    function keyOf(address owner, uint16 asset, uint16 lane) internal pure returns (uint256) {
        return (uint256(uint160(owner)) << 96) | (uint256(asset) << 16) | lane;
    }
}

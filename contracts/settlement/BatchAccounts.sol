// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISettlementAccounts} from "../interfaces/ISettlementAccounts.sol";
import {OWNER_AT} from "./BatchRun.sol";
import {SettlementApprovals} from "./SettlementApprovals.sol";
import {Slot} from "./Slot.sol";
import {SlotFields} from "./SlotField.sol";
import {SlotTable} from "./SlotTable.sol";
import {Word} from "./Word.sol";

/// @dev Accounts and sessions of a batch in memory, and whose signature it is that consents for them.
abstract contract BatchAccounts is SettlementApprovals {
    uint256 private constant SESSION_EXPIRY_AT = 128;
    /// @dev The selector of `SettlementMalformedPayload`, and where a payload says how many slots it touches.
    uint256 private constant MALFORMED = 0xaba021bb;
    uint256 private constant SLOTS_POSITION = 9;
    // `Registers`.
    uint256 private constant BUCKETS = 0x520;
    uint256 private constant LAST_BUCKET = 0x540;
    uint256 private constant HASH_SHIFT = 0x560;
    uint256 private constant HASH_MULTIPLIER = 0x580;
    uint256 private constant CELLS_END = 0x5c0;
    uint256 private constant CELLS_LIMIT = 0x5e0;
    uint256 private constant KEY = 0xc80;
    // `SlotTable`.
    uint256 private constant ISOLATED = 1 << 251;
    uint256 private constant BITS_56 = 2 ** 56 - 1;
    uint256 private constant BITS_42 = 2 ** 42 - 1;
    uint256 private constant BITS_40 = 2 ** 40 - 1;
    uint256 private constant DIGEST = 0x440;
    uint256 private constant DIGEST_HASH = 0x462;
    uint256 private constant DIGEST_BYTES = 66;
    uint256 private constant RECOVER = 0x4a0;
    uint256 private constant RECOVER_V = 0x4c0;
    uint256 private constant RECOVER_R = 0x4e0;
    uint256 private constant RECOVER_S = 0x500;
    uint256 private constant RECOVER_BYTES = 0x80;

    /// @dev The cell of a slot in the unified layout. `SlotTable.find` in one with the slot's location, because this runs for
    /// every account of every order and statement.
    function _cell(uint256 key) internal view returns (uint256 cell) {
        uint256 flags;
        assembly ("memory-safe") {
            mstore(KEY, key)
            let location := keccak256(KEY, 0x40)
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
                    mstore(add(cell, 0x20), location)
                    flags := sload(location)
                    mstore(cell, flags)
                    flags := shr(252, flags)
                    break
                }
                if eq(mload(add(cell, 0x20)), location) { break }
                bucket := add(bucket, 0x20)
                if gt(bucket, mload(LAST_BUCKET)) { bucket := mload(BUCKETS) }
            }
        }
        if (flags != 0) Word.put(cell, _withDueFlags(Word.load(cell), key));
    }

    /// @dev The first of the two cells of an isolated account, by the key of its lane 0. Like `_cell`.
    function _isolatedCells(uint256 key) internal view returns (uint256 cell) {
        uint256 flags;
        assembly ("memory-safe") {
            mstore(KEY, key)
            let location := keccak256(KEY, 0x40)
            let bucket := add(mload(BUCKETS), shl(5, shr(mload(HASH_SHIFT), mul(location, mload(HASH_MULTIPLIER)))))
            for {} 1 {} {
                cell := mload(bucket)
                if iszero(cell) {
                    cell := mload(CELLS_END)
                    let end := add(cell, 0x80)
                    if gt(end, mload(CELLS_LIMIT)) {
                        mstore(0x00, MALFORMED)
                        mstore(0x20, SLOTS_POSITION)
                        revert(0x1c, 0x24)
                    }
                    mstore(CELLS_END, end)
                    mstore(bucket, cell)
                    mstore(add(cell, 0x20), location)
                    // Fields move down by 48, 24, 16 and 10 bits, to where a unified slot has them.
                    let raw := sload(location)
                    flags := shr(252, raw)
                    let word := or(and(raw, BITS_56), and(shr(48, raw), shl(64, BITS_40)))
                    word := or(word, and(shr(24, raw), shl(128, 0xffff)))
                    word := or(word, and(shr(16, raw), shl(152, BITS_42)))
                    word := or(word, and(shr(10, raw), shl(200, BITS_42)))
                    mstore(cell, or(word, ISOLATED))
                    mstore(add(cell, 0x40), and(shr(56, raw), BITS_56))
                    break
                }
                if eq(mload(add(cell, 0x20)), location) { break }
                bucket := add(bucket, 0x20)
                if gt(bucket, mload(LAST_BUCKET)) { bucket := mload(BUCKETS) }
            }
        }
        if (flags != 0) SlotTable.unpackIsolated(cell, _withDueFlags(SlotTable.stored(cell), key));
    }

    /// @dev The cell of a session that is live; 0 without.
    function _sessionCell(uint256 ownerKey, uint256 signer, uint256 market) internal view returns (uint256 cell) {
        mapping(uint256 => ISettlementAccounts.Session) storage sessions =
            _sessions[address(uint160(ownerKey >> OWNER_AT))];
        uint256 session = _sessionKeyOf(address(uint160(signer)), uint32(market));
        uint256 location;
        assembly ("memory-safe") {
            mstore(0x00, session)
            mstore(0x20, sessions.slot)
            location := keccak256(0x00, 0x40)
        }
        cell = SlotTable.find(location);
        if (uint40(Word.load(cell) >> SESSION_EXPIRY_AT) <= block.timestamp) cell = 0;
    }

    /// @dev The EIP-712 digest of a struct in the contract's domain.
    function _typedDigest(bytes32 structHash) internal pure returns (uint256 digest) {
        assembly ("memory-safe") {
            mstore(DIGEST_HASH, structHash)
            digest := keccak256(DIGEST, DIGEST_BYTES)
        }
    }

    /// @dev The signer of a digest by the EIP-2098 signature at `offset` of calldata; 0 if it is none.
    function _recover(uint256 digest, uint256 offset) internal view returns (uint256 signer) {
        // Assembly because a precompile is called. It answers nothing if it finds no signer.
        assembly ("memory-safe") {
            let parityAndS := calldataload(add(offset, 0x20))
            mstore(RECOVER, digest)
            mstore(RECOVER_V, add(27, shr(255, parityAndS)))
            mstore(RECOVER_R, calldataload(offset))
            mstore(RECOVER_S, shr(1, shl(1, parityAndS)))
            mstore(0x00, 0)
            pop(staticcall(gas(), 1, RECOVER, RECOVER_BYTES, 0x00, 0x20))
            signer := mload(0x00)
        }
    }

    /// @dev A flagged slot as it counts now: with its floor if that is due, marked if the owner's exit is in effect.
    function _withDueFlags(uint256 raw, uint256 key) private view returns (uint256) {
        Slot slot = _withDueFloor(Slot.wrap(raw), key);
        raw = Slot.unwrap(slot);
        if (SlotFields.has(slot, SlotFields.EXIT_REQUESTED) && block.timestamp >= _exitEffectiveAt[key]) {
            raw |= SlotTable.EXITED;
        }
        return raw;
    }
}

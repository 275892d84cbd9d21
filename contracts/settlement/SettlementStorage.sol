// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISettlement} from "../interfaces/ISettlement.sol";
import {Slot, SlotLibrary} from "./Slot.sol";

/// @dev The storage layout, and the reads that more than one concern needs. Only slots matter for the cost of trading;
/// what is rare lives in mappings of its own.
abstract contract SettlementStorage is ISettlement {
    struct PendingFloor {
        uint48 floor;
        uint40 effectiveAt;
    }

    struct Control {
        address engineKey;
        uint40 pausedUntil;
    }

    uint40 public constant EXIT_DELAY = 24 hours;
    uint40 public constant CANCEL_DELAY = 10 minutes;
    uint40 public constant PAUSE_DURATION = 7 days;
    uint16 public constant MAX_FEE_BPS = 50;

    /// @dev Uncollected fees are the balance of an owner that cannot sign.
    address internal constant FEE_OWNER = address(0);
    /// @dev Keeps every sum of balances within 64 bits, signed, on chain and off.
    uint64 internal constant MAX_TOTAL_UNITS = uint64(type(int64).max);

    mapping(uint256 key => Slot) internal _slots;
    mapping(uint256 key => uint40) internal _exitEffectiveAt;
    mapping(uint256 key => PendingFloor) internal _pendingFloors;
    mapping(address owner => mapping(uint256 word => uint256)) internal _usedNonces;
    mapping(uint16 asset => Asset) internal _assets;
    mapping(address token => uint16) internal _assetOfToken;
    mapping(uint32 market => Market) internal _markets;
    Control internal _control;
    bytes32 internal _batchHash;

    modifier whenNotPaused() {
        uint40 until = _control.pausedUntil;
        require(block.timestamp >= until, SettlementPaused(until));
        _;
    }

    /// @dev The slot of a key as it counts now, whether that is stored or not.
    function _currentSlot(uint256 key) internal view returns (Slot) {
        return _withDueFloor(_slots[key], key);
    }

    /// @dev The slot with a requested floor whose time has come.
    function _withDueFloor(Slot slot, uint256 key) internal view returns (Slot) {
        if (!slot.has(SlotLibrary.FLOOR_REQUESTED)) return slot;
        PendingFloor memory pending = _pendingFloors[key];
        if (block.timestamp < pending.effectiveAt) return slot;
        slot = slot.withoutFlag(SlotLibrary.FLOOR_REQUESTED);
        // An approved floor may have overtaken the requested one.
        return pending.floor > slot.floor() ? slot.withFloor(pending.floor) : slot;
    }

    function _listedAsset(uint16 asset) internal view returns (Asset storage listed) {
        listed = _assets[asset];
        require(listed.token != address(0), SettlementUnknownAsset(asset));
    }
}

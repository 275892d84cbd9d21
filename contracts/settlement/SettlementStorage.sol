// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISettlementAccounts} from "../interfaces/ISettlementAccounts.sol";
import {Slot} from "./Slot.sol";
import {SlotField, SlotFields} from "./SlotField.sol";
import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";

/// @dev The storage layout, and the reads that more than one concern needs. Only slots matter for the cost of trading;
/// what is rare lives in mappings of its own. `Settlement` and `SettlementAccounts` work on one storage: all state is here
/// and in the bases of this contract, nowhere else.
abstract contract SettlementStorage is AccessManaged {
    struct PendingFloor {
        uint48 floor;
        uint40 effectiveAt;
    }

    /// @param pausedUntil settlement and deposits are open from then on; `CLOSED` is never
    struct Control {
        address engineKey;
        uint40 pausedUntil;
    }

    uint40 internal constant CLOSED = type(uint40).max;
    /// @dev Uncollected fees are the balance of an owner that cannot sign.
    address internal constant FEE_OWNER = address(0);
    /// @dev The last batch, from the low end: its number u40, when it settled u40, the first 176 bits of its digest.
    uint256 internal constant BATCH_TIME_AT = 40;
    uint256 internal constant BATCH_DIGEST_AT = 80;

    mapping(uint256 key => Slot) internal _slots;
    mapping(uint256 key => uint40) internal _exitEffectiveAt;
    mapping(uint256 key => PendingFloor) internal _pendingFloors;
    /// @dev By owner, then by the session key's address in the high bits and the market in the low 32.
    mapping(address owner => mapping(uint256 keyAndMarket => ISettlementAccounts.Session)) internal _sessions;
    mapping(address owner => mapping(uint256 word => uint256)) internal _usedNonces;
    mapping(uint16 asset => ISettlementAccounts.Asset) internal _assets;
    mapping(address token => uint16) internal _assetOfToken;
    mapping(uint32 market => ISettlementAccounts.Market) internal _markets;
    Control internal _control;
    uint256 internal _lastBatch;

    modifier whenOpen() {
        _checkOpen(_control.pausedUntil);
        _;
    }

    /// @dev Reverts while the exchange is paused or closed, which `until` tells.
    function _checkOpen(uint40 until) internal view {
        if (block.timestamp >= until) return;
        require(until != CLOSED, ISettlementAccounts.SettlementClosed());
        revert ISettlementAccounts.SettlementPaused(until);
    }

    /// @dev The slot of a key as it counts now, whether that is stored or not.
    function _currentSlot(uint256 key) internal view returns (Slot) {
        return _withDueFloor(_slots[key], key);
    }

    /// @dev The slot with a requested floor whose time has come.
    function _withDueFloor(Slot slot, uint256 key) internal view returns (Slot) {
        if (!SlotFields.has(slot, SlotFields.FLOOR_REQUESTED)) return slot;
        PendingFloor memory pending = _pendingFloors[key];
        if (block.timestamp < pending.effectiveAt) return slot;
        slot = SlotFields.withoutFlag(slot, SlotFields.FLOOR_REQUESTED);
        SlotField floor = SlotFields.floorOf(key);
        // An approved floor, or one of a netted statement, may have overtaken the requested one.
        return pending.floor > floor.read(slot) ? floor.write(slot, pending.floor) : slot;
    }

    function _listedAsset(uint16 asset) internal view returns (ISettlementAccounts.Asset storage listed) {
        listed = _assets[asset];
        require(listed.token != address(0), ISettlementAccounts.SettlementUnknownAsset(asset));
    }

    function _listedMarket(uint32 market) internal view returns (ISettlementAccounts.Market memory listed) {
        listed = _markets[market];
        require(listed.base != 0, ISettlementAccounts.SettlementUnknownMarket(market));
    }

    /// @dev Key of a session in the sessions of its owner.
    function _sessionKeyOf(address key, uint32 market) internal pure returns (uint256) {
        return (uint256(uint160(key)) << 32) | market;
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Limits} from "./Limits.sol";
import {SettlementVault} from "./SettlementVault.sol";
import {Slot, SlotLibrary} from "./Slot.sol";
import {SlotField, SlotFields} from "./SlotField.sol";

/// @dev What an owner can do alone, slowly, and with the engine's consent at once. Nothing here looks at the pause, and
/// the slow ways look at no key and no role either.
abstract contract SettlementExits is SettlementVault {
    bytes32 private constant CANCEL_APPROVAL_TYPEHASH =
        keccak256("CancelApproval(address owner,uint16 asset,uint48 floor,uint40 deadline)");
    bytes32 private constant ISOLATED_CANCEL_APPROVAL_TYPEHASH =
        keccak256("IsolatedCancelApproval(address owner,uint32 market,uint48 floor,uint40 deadline)");

    function requestExit(uint16 asset) external {
        emit ExitRequested(msg.sender, asset, _requestExit(_unified(asset)));
    }

    function requestExitIsolated(uint32 market) external {
        emit IsolatedExitRequested(msg.sender, market, _requestExit(_isolated(market)));
    }

    function cancelExit(uint16 asset) external {
        _cancelExit(_unified(asset));
        emit ExitCancelled(msg.sender, asset);
    }

    function cancelExitIsolated(uint32 market) external {
        _cancelExit(_isolated(market));
        emit IsolatedExitCancelled(msg.sender, market);
    }

    function exit(uint16 asset) external nonReentrant {
        uint256 key = _unified(asset);
        Slot slot = _exitingSlot(key);
        uint64 amount = SlotFields.AMOUNT.read(slot);
        _endExit(key, SlotFields.AMOUNT.write(slot, 0));
        emit Exited(msg.sender, asset, amount);
        _send(asset, amount, msg.sender);
    }

    function exitIsolated(uint32 market, uint16 asset) external nonReentrant {
        uint256 key = _isolated(market);
        SlotField field = _fieldOf(market, asset);
        Slot slot = _exitingSlot(key);
        uint64 amount = field.read(slot);
        slot = field.write(slot, 0);
        bool complete = SlotFields.ISOLATED_BASE.read(slot) | SlotFields.ISOLATED_QUOTE.read(slot) == 0;
        if (complete) _endExit(key, slot);
        else _slots[key] = slot;
        emit IsolatedExited(msg.sender, market, asset, amount, complete);
        _send(asset, amount, msg.sender);
    }

    function requestCancel(uint16 asset, uint48 floor) external {
        emit CancelRequested(msg.sender, asset, floor, _requestFloor(_unified(asset), floor));
    }

    function requestCancelIsolated(uint32 market, uint48 floor) external {
        emit IsolatedCancelRequested(msg.sender, market, floor, _requestFloor(_isolated(market), floor));
    }

    function cancelNow(uint16 asset, uint48 floor, uint40 deadline, bytes calldata engineSignature) external {
        bytes32 approval = keccak256(abi.encode(CANCEL_APPROVAL_TYPEHASH, msg.sender, asset, floor, deadline));
        _raiseFloor(_unified(asset), floor, deadline, approval, engineSignature);
        emit CancelFloorRaised(msg.sender, asset, floor);
    }

    function cancelNowIsolated(uint32 market, uint48 floor, uint40 deadline, bytes calldata engineSignature) external {
        bytes32 approval = keccak256(abi.encode(ISOLATED_CANCEL_APPROVAL_TYPEHASH, msg.sender, market, floor, deadline));
        _raiseFloor(_isolated(market), floor, deadline, approval, engineSignature);
        emit IsolatedCancelFloorRaised(msg.sender, market, floor);
    }

    /// @dev The caller's account in an asset. It must be listed: otherwise a floor could lie in wait for an asset that is
    /// listed later, which the exchange would not know.
    function _unified(uint16 asset) private view returns (uint256 key) {
        _listedAsset(asset);
        return SlotLibrary.keyOf(msg.sender, asset, 0);
    }

    function _isolated(uint32 market) private view returns (uint256 key) {
        _listedMarket(market);
        return SlotFields.isolatedKeyOf(msg.sender, market, 0);
    }

    function _requestExit(uint256 key) private returns (uint40 effectiveAt) {
        Slot slot = _currentSlot(key);
        require(!SlotFields.has(slot, SlotFields.EXIT_REQUESTED), SettlementExitPending(_exitEffectiveAt[key]));
        effectiveAt = uint40(block.timestamp) + Limits.EXIT_DELAY;
        _slots[key] = SlotFields.withFlag(slot, SlotFields.EXIT_REQUESTED);
        _exitEffectiveAt[key] = effectiveAt;
    }

    function _cancelExit(uint256 key) private {
        Slot slot = _currentSlot(key);
        require(SlotFields.has(slot, SlotFields.EXIT_REQUESTED), SettlementNoExit());
        _endExit(key, slot);
    }

    /// @dev The caller's slot, from which it may take everything now.
    function _exitingSlot(uint256 key) private view returns (Slot slot) {
        slot = _currentSlot(key);
        if (_control.pausedUntil == CLOSED) return slot;
        require(SlotFields.has(slot, SlotFields.EXIT_REQUESTED), SettlementNoExit());
        uint40 effectiveAt = _exitEffectiveAt[key];
        require(block.timestamp >= effectiveAt, SettlementExitTooEarly(effectiveAt));
    }

    function _endExit(uint256 key, Slot slot) private {
        _slots[key] = SlotFields.withoutFlag(slot, SlotFields.EXIT_REQUESTED);
        delete _exitEffectiveAt[key];
    }

    function _requestFloor(uint256 key, uint48 floor) private returns (uint40 effectiveAt) {
        Slot slot = _currentSlot(key);
        // Casts: floors have at most 48 bits.
        uint48 lowest = uint48(SlotFields.floorOf(key).read(slot));
        if (SlotFields.has(slot, SlotFields.FLOOR_REQUESTED) && _pendingFloors[key].floor > lowest) {
            lowest = _pendingFloors[key].floor;
        }
        _checkFloor(key, floor, lowest);
        effectiveAt = uint40(block.timestamp) + Limits.CANCEL_DELAY;
        _slots[key] = SlotFields.withFlag(slot, SlotFields.FLOOR_REQUESTED);
        _pendingFloors[key] = PendingFloor(floor, effectiveAt);
    }

    function _raiseFloor(uint256 key, uint48 floor, uint40 deadline, bytes32 approval, bytes calldata engineSignature)
        private
    {
        _checkDeadline(deadline);
        _checkEngineSignature(_hashTypedData(approval), engineSignature);
        Slot slot = _currentSlot(key);
        SlotField field = SlotFields.floorOf(key);
        _checkFloor(key, floor, uint48(field.read(slot)));
        _slots[key] = field.write(slot, floor);
    }

    function _checkFloor(uint256 key, uint48 floor, uint48 lowest) private pure {
        require(floor > lowest, SettlementFloorTooLow(lowest, floor));
        uint48 highest = uint48(SlotFields.floorOf(key).highest());
        require(floor <= highest, SettlementFloorTooHigh(highest, floor));
    }
}

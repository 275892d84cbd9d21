// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SettlementVault} from "./SettlementVault.sol";
import {Slot, SlotLibrary} from "./Slot.sol";

/// @dev What an owner can do alone, slowly, and with the engine's consent at once. Nothing here looks at the pause, and
/// the slow ways look at no key and no role either.
abstract contract SettlementExits is SettlementVault {
    bytes32 private constant CANCEL_APPROVAL_TYPEHASH =
        keccak256("CancelApproval(address owner,uint16 asset,uint48 floor,uint40 deadline)");

    function requestExit(uint16 asset) external {
        _listedAsset(asset);
        (uint256 key, Slot slot) = _callerSlot(asset);
        require(!slot.has(SlotLibrary.EXIT_REQUESTED), SettlementExitPending(msg.sender, asset));
        uint40 effectiveAt = uint40(block.timestamp) + EXIT_DELAY;
        _slots[key] = slot.withFlag(SlotLibrary.EXIT_REQUESTED);
        _exitEffectiveAt[key] = effectiveAt;
        emit ExitRequested(msg.sender, asset, effectiveAt);
    }

    function cancelExit(uint16 asset) external {
        (uint256 key, Slot slot) = _callerSlot(asset);
        require(slot.has(SlotLibrary.EXIT_REQUESTED), SettlementNoExit(msg.sender, asset));
        _slots[key] = slot.withoutFlag(SlotLibrary.EXIT_REQUESTED);
        delete _exitEffectiveAt[key];
        emit ExitCancelled(msg.sender, asset);
    }

    function exit(uint16 asset) external nonReentrant {
        (uint256 key, Slot slot) = _callerSlot(asset);
        require(slot.has(SlotLibrary.EXIT_REQUESTED), SettlementNoExit(msg.sender, asset));
        uint40 effectiveAt = _exitEffectiveAt[key];
        require(block.timestamp >= effectiveAt, SettlementExitTooEarly(effectiveAt));
        delete _exitEffectiveAt[key];
        uint64 amount = slot.amount();
        emit Exited(msg.sender, asset, amount);
        _payOut(msg.sender, asset, amount, key, slot.withoutFlag(SlotLibrary.EXIT_REQUESTED), msg.sender);
    }

    function requestCancel(uint16 asset, uint48 floor) external {
        // Otherwise a floor could lie in wait for an asset that is listed later, which the exchange would not know.
        _listedAsset(asset);
        (uint256 key, Slot slot) = _callerSlot(asset);
        uint48 highest = slot.floor();
        if (slot.has(SlotLibrary.FLOOR_REQUESTED) && _pendingFloors[key].floor > highest) {
            highest = _pendingFloors[key].floor;
        }
        require(floor > highest, SettlementFloorTooLow(highest, floor));
        uint40 effectiveAt = uint40(block.timestamp) + CANCEL_DELAY;
        _slots[key] = slot.withFlag(SlotLibrary.FLOOR_REQUESTED);
        _pendingFloors[key] = PendingFloor(floor, effectiveAt);
        emit CancelRequested(msg.sender, asset, floor, effectiveAt);
    }

    function cancelNow(uint16 asset, uint48 floor, uint40 deadline, bytes calldata engineSignature) external {
        _checkDeadline(deadline);
        _listedAsset(asset);
        bytes32 approval = keccak256(abi.encode(CANCEL_APPROVAL_TYPEHASH, msg.sender, asset, floor, deadline));
        _checkEngineSignature(_hashTypedData(approval), engineSignature);
        (uint256 key, Slot slot) = _callerSlot(asset);
        require(floor > slot.floor(), SettlementFloorTooLow(slot.floor(), floor));
        _slots[key] = slot.withFloor(floor);
        emit CancelFloorRaised(msg.sender, asset, floor);
    }

    function slotOf(address owner, uint16 asset) external view returns (Balance memory) {
        uint256 key = SlotLibrary.keyOf(owner, asset, 0);
        Slot slot = _currentSlot(key);
        bool waiting = slot.has(SlotLibrary.FLOOR_REQUESTED);
        return Balance({
            amount: slot.amount(),
            filled: slot.filled(),
            seq: slot.seq(),
            tag: slot.tag(),
            floor: slot.floor(),
            requestedFloor: waiting ? _pendingFloors[key].floor : 0,
            floorEffectiveAt: waiting ? _pendingFloors[key].effectiveAt : 0,
            exitEffectiveAt: _exitEffectiveAt[key]
        });
    }

    function laneOf(address owner, uint16 base, uint16 lane)
        external
        view
        returns (uint64 filled, uint48 seq, uint24 tag)
    {
        Slot slot = _slots[SlotLibrary.keyOf(owner, base, lane)];
        return (slot.filled(), slot.seq(), slot.tag());
    }

    function _callerSlot(uint16 asset) private view returns (uint256 key, Slot slot) {
        key = SlotLibrary.keyOf(msg.sender, asset, 0);
        slot = _currentSlot(key);
    }
}

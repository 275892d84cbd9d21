// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISettlementAccounts} from "../interfaces/ISettlementAccounts.sol";
import {SettlementStorage} from "./SettlementStorage.sol";
import {Slot, SlotLibrary} from "./Slot.sol";
import {SlotFields} from "./SlotField.sol";

/// @dev What slots hold, field by field. Casts cut down numbers that are no wider.
abstract contract SettlementViews is SettlementStorage, ISettlementAccounts {
    function balanceOf(address owner, uint16 asset) external view returns (uint64) {
        return SlotFields.AMOUNT.read(_slots[SlotLibrary.keyOf(owner, asset, 0)]);
    }

    function feesOf(uint16 asset) external view returns (uint64) {
        return SlotFields.AMOUNT.read(_slots[SlotLibrary.keyOf(FEE_OWNER, asset, 0)]);
    }

    function slotOf(address owner, uint16 asset) external view returns (Balance memory balance) {
        uint256 key = SlotLibrary.keyOf(owner, asset, 0);
        Slot slot = _currentSlot(key);
        balance.amount = SlotFields.AMOUNT.read(slot);
        (balance.filled, balance.seq, balance.tag) = _lane(slot);
        balance.floor = uint48(SlotFields.FLOOR.read(slot));
        (balance.requestedFloor, balance.floorEffectiveAt) = _requestedFloor(slot, key);
        balance.exitEffectiveAt = _exitEffectiveAt[key];
    }

    function laneOf(address owner, uint16 base, uint16 lane)
        external
        view
        returns (uint64 filled, uint48 seq, uint24 tag)
    {
        return _lane(_slots[SlotLibrary.keyOf(owner, base, lane)]);
    }

    function isolatedOf(address owner, uint32 market) external view returns (IsolatedBalance memory balance) {
        uint256 key = SlotFields.isolatedKeyOf(owner, market, 0);
        Slot slot = _currentSlot(key);
        balance.base = SlotFields.ISOLATED_BASE.read(slot);
        balance.quote = SlotFields.ISOLATED_QUOTE.read(slot);
        balance.filled = SlotFields.ISOLATED_FILLED.read(slot);
        balance.seq = uint48(SlotFields.ISOLATED_SEQ.read(slot));
        balance.tag = uint16(SlotFields.ISOLATED_TAG.read(slot));
        balance.floor = uint48(SlotFields.ISOLATED_FLOOR.read(slot));
        (balance.requestedFloor, balance.floorEffectiveAt) = _requestedFloor(slot, key);
        balance.exitEffectiveAt = _exitEffectiveAt[key];
    }

    function isolatedLaneOf(address owner, uint32 market, uint16 lane)
        external
        view
        returns (uint64 filled, uint48 seq, uint24 tag)
    {
        return _lane(_slots[SlotFields.isolatedKeyOf(owner, market, lane)]);
    }

    function _lane(Slot slot) private pure returns (uint64 filled, uint48 seq, uint24 tag) {
        filled = SlotFields.FILLED.read(slot);
        seq = uint48(SlotFields.SEQ.read(slot));
        tag = uint24(SlotFields.TAG.read(slot));
    }

    function _requestedFloor(Slot slot, uint256 key) private view returns (uint48 floor, uint40 effectiveAt) {
        if (!SlotFields.has(slot, SlotFields.FLOOR_REQUESTED)) return (0, 0);
        return (_pendingFloors[key].floor, _pendingFloors[key].effectiveAt);
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISettlementAccounts, SkipReason} from "../../contracts/interfaces/ISettlement.sol";
import {TestOrder} from "./base/Batches.sol";
import {SettlementFixture} from "./base/SettlementFixture.sol";

/// @dev Leaving and cancelling, without anybody's help and with the engine's.
contract SettlementExitsTest is SettlementFixture {
    bytes32 private constant CANCEL_TYPEHASH =
        keccak256("CancelApproval(address owner,uint16 asset,uint48 floor,uint40 deadline)");

    function assertReason(SkipReason reason, SkipReason expected) private pure {
        assertEq(uint256(reason), uint256(expected), "reason");
    }

    function later(uint256 time) private {
        vm.warp(vm.getBlockTimestamp() + time);
    }

    function testExitPaysEverythingAfterADayWhateverTheState() public {
        vm.prank(wallet(0));
        vault.requestExit(QTRA);
        vault.pause();
        vault.revokeEngineKey();
        later(24 hours - 1);
        vm.expectRevert(
            abi.encodeWithSelector(ISettlementAccounts.SettlementExitTooEarly.selector, vm.getBlockTimestamp() + 1)
        );
        vm.prank(wallet(0));
        vault.exit(QTRA);
        later(1);
        vm.prank(wallet(0));
        vault.exit(QTRA);
        assertEq(qtra.balanceOf(wallet(0)), uint256(FUNDS) * QTRA_SCALE, "paid");
        assertEq(vault.balanceOf(wallet(0), QTRA), 0, "empty");
        assertEq(vault.slotOf(wallet(0), QTRA).exitEffectiveAt, 0, "done");
    }

    function testAnExitInEffectStopsSettlementOnBothSides() public {
        vm.prank(wallet(0));
        vault.requestExit(USDC);
        later(24 hours - 1);
        assertReason(settlePair(orderOf(0, SELL, 1), orderOf(1, BUY, 1), 1), SkipReason.NONE);
        later(1);
        assertReason(settlePair(orderOf(0, SELL, 1), orderOf(1, BUY, 1), 1), SkipReason.EXITED);
        assertReason(settlePair(orderOf(1, SELL, 2), orderOf(0, BUY, 2), 1), SkipReason.EXITED);
        vm.prank(wallet(0));
        vault.cancelExit(USDC);
        assertReason(settlePair(orderOf(0, SELL, 3), orderOf(1, BUY, 3), 1), SkipReason.NONE);
    }

    function testARequestStandsUntilItIsTakenBack() public {
        vm.prank(wallet(0));
        vault.requestExit(USDC);
        vm.expectRevert(
            abi.encodeWithSelector(
                ISettlementAccounts.SettlementExitPending.selector, uint40(vm.getBlockTimestamp()) + 24 hours
            )
        );
        vm.prank(wallet(0));
        vault.requestExit(USDC);
        vm.prank(wallet(0));
        vault.cancelExit(USDC);
        vm.expectRevert(abi.encodeWithSelector(ISettlementAccounts.SettlementNoExit.selector));
        vm.prank(wallet(0));
        vault.cancelExit(USDC);
        vm.expectRevert(abi.encodeWithSelector(ISettlementAccounts.SettlementNoExit.selector));
        vm.prank(wallet(0));
        vault.exit(USDC);
    }

    function testASlowCancelTakesEffectAfterTenMinutes() public {
        vm.prank(wallet(0));
        vault.requestCancel(QTRA, 5);
        later(10 minutes - 1);
        assertReason(settlePair(orderOf(0, SELL, 5), orderOf(1, BUY, 1), 1), SkipReason.NONE);
        assertEq(vault.slotOf(wallet(0), QTRA).floor, 0, "waiting");
        assertEq(vault.slotOf(wallet(0), QTRA).requestedFloor, 5, "requested");
        later(1);
        assertReason(settlePair(orderOf(0, SELL, 5), orderOf(1, BUY, 2), 1), SkipReason.CANCELLED);
        assertEq(vault.slotOf(wallet(0), QTRA).floor, 5, "in effect");
        TestOrder memory inLane = orderOf(0, SELL, 4);
        inLane.lane = 3;
        assertReason(settlePair(inLane, orderOf(1, BUY, 3), 1), SkipReason.CANCELLED);
        assertReason(settlePair(orderOf(0, SELL, 6), orderOf(1, BUY, 4), 1), SkipReason.NONE);
        assertReason(settlePair(orderOf(0, SELL, 5), orderOf(1, BUY, 5), 1), SkipReason.CANCELLED);
    }

    function testAFloorOnlyRises() public {
        vm.prank(wallet(0));
        vault.requestCancel(QTRA, 5);
        vm.expectRevert(abi.encodeWithSelector(ISettlementAccounts.SettlementFloorTooLow.selector, 5, 5));
        vm.prank(wallet(0));
        vault.requestCancel(QTRA, 5);
        cancelNow(0, 9);
        later(10 minutes);
        assertEq(vault.slotOf(wallet(0), QTRA).floor, 9, "the approved floor had overtaken the requested one");
        bytes memory signature = approval(0, 9, ENGINE_KEY);
        vm.expectRevert(abi.encodeWithSelector(ISettlementAccounts.SettlementFloorTooLow.selector, 9, 9));
        vm.prank(wallet(0));
        vault.cancelNow(QTRA, 9, type(uint40).max, signature);
        vm.expectRevert(abi.encodeWithSelector(ISettlementAccounts.SettlementFloorTooLow.selector, 9, 8));
        vm.prank(wallet(0));
        vault.requestCancel(QTRA, 8);
    }

    /// A floor for an asset that is listed later would bind here and be unknown to the exchange, which never heard of it.
    function testAFloorNeedsAListedAsset() public {
        vm.expectRevert(abi.encodeWithSelector(ISettlementAccounts.SettlementUnknownAsset.selector, 99));
        vm.prank(wallet(0));
        vault.requestCancel(99, type(uint48).max);
        bytes32 approved = keccak256(abi.encode(CANCEL_TYPEHASH, wallet(0), 99, 5, type(uint40).max));
        bytes memory signature = sign(ENGINE_KEY, approved);
        vm.expectRevert(abi.encodeWithSelector(ISettlementAccounts.SettlementUnknownAsset.selector, 99));
        vm.prank(wallet(0));
        vault.cancelNow(99, 5, type(uint40).max, signature);
    }

    function testALaterRequestReplacesOneThatWaits() public {
        vm.prank(wallet(0));
        vault.requestCancel(QTRA, 5);
        later(9 minutes);
        vm.prank(wallet(0));
        vault.requestCancel(QTRA, 7);
        later(9 minutes);
        assertEq(vault.slotOf(wallet(0), QTRA).floor, 0, "replaced");
        later(1 minutes);
        assertEq(vault.slotOf(wallet(0), QTRA).floor, 7, "in effect");
    }

    function testAFastCancelNeedsTheEngineAndTheOwner() public {
        bytes memory signature = approval(0, 5, walletKey(0));
        vm.expectPartialRevert(ISettlementAccounts.SettlementBadEngineSignature.selector);
        vm.prank(wallet(0));
        vault.cancelNow(QTRA, 5, type(uint40).max, signature);
        signature = approval(0, 5, ENGINE_KEY);
        vm.expectPartialRevert(ISettlementAccounts.SettlementBadEngineSignature.selector);
        vm.prank(wallet(1));
        vault.cancelNow(QTRA, 5, type(uint40).max, signature);
        cancelNow(0, 5);
        assertReason(settlePair(orderOf(0, SELL, 5), orderOf(1, BUY, 1), 1), SkipReason.CANCELLED);
    }

    function testACancelLeavesOtherAssetsAlone() public {
        cancelNow(0, 5);
        TestOrder memory maker = orderOf(0, SELL, 5);
        TestOrder memory taker = orderOf(1, BUY, 1);
        (maker.market, taker.market) = (BTC_USDC, BTC_USDC);
        assertReason(settlePair(maker, taker, 1), SkipReason.NONE);
    }

    function approval(uint256 index, uint48 floor, uint256 key) private view returns (bytes memory) {
        return sign(key, keccak256(abi.encode(CANCEL_TYPEHASH, wallet(index), QTRA, floor, type(uint40).max)));
    }

    function cancelNow(uint256 index, uint48 floor) private {
        bytes memory signature = approval(index, floor, ENGINE_KEY);
        vm.prank(wallet(index));
        vault.cancelNow(QTRA, floor, type(uint40).max, signature);
    }
}

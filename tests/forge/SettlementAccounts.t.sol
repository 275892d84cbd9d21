// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISettlementAccounts, SkipReason} from "../../contracts/interfaces/ISettlement.sol";
import {FalseReturningToken, FeeOnTransferToken} from "../../contracts/mocks/HostileTokens.sol";
import {TestToken} from "../../contracts/mocks/TestToken.sol";
import {TestOrder} from "./base/Batches.sol";
import {SettlementFixture} from "./base/SettlementFixture.sol";
import {TypedData} from "./base/TypedData.sol";

/// @dev Deposits, withdrawals, sessions, listings, the pause and the end, and every refusal of each.
contract SettlementAccountsTest is SettlementFixture {
    uint16 private constant ODD = 9;

    function refused(bytes4 error_) private {
        vm.expectPartialRevert(error_);
    }

    function later(uint256 time) private {
        vm.warp(vm.getBlockTimestamp() + time);
    }

    function word(uint256 index, uint16 asset, uint64 amount, uint64 nonce) private view returns (bytes memory) {
        return sign(walletKey(index), TypedData.withdrawal(asset, amount, nonce, FOREVER));
    }

    function approval(uint256 index, uint16 asset, uint64 amount, uint64 nonce) private view returns (bytes memory) {
        return sign(ENGINE_KEY, TypedData.withdrawalApproval(wallet(index), asset, amount, nonce, FOREVER));
    }

    function testAWithdrawalNeedsBothSignaturesOnce() public {
        bytes memory owners = word(0, USDC, 100, 1);
        bytes memory engines = approval(0, USDC, 100, 1);
        vault.withdraw(wallet(0), USDC, 100, 1, FOREVER, owners, engines);
        assertEq(usdc.balanceOf(wallet(0)), 100, "paid");
        assertTrue(vault.nonceUsed(wallet(0), 1) && !vault.nonceUsed(wallet(0), 2), "nonce");
        refused(ISettlementAccounts.SettlementNonceUsed.selector);
        vault.withdraw(wallet(0), USDC, 100, 1, FOREVER, owners, engines);
        refused(ISettlementAccounts.SettlementBadOwnerSignature.selector);
        vault.withdraw(wallet(0), USDC, 100, 2, FOREVER, owners, engines);
        owners = word(0, USDC, 100, 2);
        refused(ISettlementAccounts.SettlementBadEngineSignature.selector);
        vault.withdraw(wallet(0), USDC, 100, 2, FOREVER, owners, engines);
        refused(ISettlementAccounts.SettlementInvalidOwner.selector);
        vault.withdraw(address(0), USDC, 100, 2, FOREVER, owners, engines);
        refused(ISettlementAccounts.SettlementDeadlinePassed.selector);
        vault.withdraw(wallet(0), USDC, 100, 2, 1, owners, engines);
        (owners, engines) = (word(0, USDC, FUNDS, 2), approval(0, USDC, FUNDS, 2));
        refused(ISettlementAccounts.SettlementInsufficientBalance.selector);
        vault.withdraw(wallet(0), USDC, FUNDS, 2, FOREVER, owners, engines);
        vault.revokeEngineKey();
        refused(ISettlementAccounts.SettlementEngineRevoked.selector);
        vault.withdraw(wallet(0), USDC, FUNDS, 2, FOREVER, owners, engines);
    }

    function testAnIsolatedWithdrawalIsOfItsMarket() public {
        bytes memory owners = sign(walletKey(0), TypedData.isolatedWithdrawal(QTRA_USDC, QTRA, 7, 1, FOREVER));
        bytes memory engines =
            sign(ENGINE_KEY, TypedData.isolatedWithdrawalApproval(wallet(0), QTRA_USDC, QTRA, 7, 1, FOREVER));
        refused(ISettlementAccounts.SettlementBadOwnerSignature.selector);
        vault.withdrawIsolated(wallet(0), BTC_USDC, QTRA, 7, 1, FOREVER, owners, engines);
        vault.withdrawIsolated(wallet(0), QTRA_USDC, QTRA, 7, 1, FOREVER, owners, engines);
        assertEq(vault.isolatedOf(wallet(0), QTRA_USDC).base, FUNDS - 7, "taken");
        owners = sign(walletKey(0), TypedData.isolatedWithdrawal(BTC_USDC, QTRA, 7, 2, FOREVER));
        engines = sign(ENGINE_KEY, TypedData.isolatedWithdrawalApproval(wallet(0), BTC_USDC, QTRA, 7, 2, FOREVER));
        refused(ISettlementAccounts.SettlementNotOfMarket.selector);
        vault.withdrawIsolated(wallet(0), BTC_USDC, QTRA, 7, 2, FOREVER, owners, engines);
    }

    function testDepositsThatAreRefused() public {
        refused(ISettlementAccounts.SettlementUnknownAsset.selector);
        vault.deposit(ODD, 1);
        refused(ISettlementAccounts.SettlementZeroAmount.selector);
        vault.deposit(USDC, 0);
        refused(ISettlementAccounts.SettlementNotWholeUnits.selector);
        vault.deposit(QTRA, 1);
        refused(ISettlementAccounts.SettlementInvalidOwner.selector);
        vault.depositFor(address(0), USDC, 1);
        refused(ISettlementAccounts.SettlementAssetFull.selector);
        vault.deposit(USDC, uint256(type(uint64).max));
        refused(ISettlementAccounts.SettlementUnknownMarket.selector);
        vault.depositIsolated(99, USDC, 1);
        usdc.mint(address(this), 2 ** 57);
        usdc.approve(address(vault), 2 ** 57);
        refused(ISettlementAccounts.SettlementAccountFull.selector);
        vault.depositIsolated(QTRA_USDC, USDC, 2 ** 56);
        vault.depositIsolated(QTRA_USDC, USDC, 2 ** 56 - 1);
        vault.deposit(USDC, 5);
        // A permit that is of no use is no obstacle: the allowance is there.
        vault.depositWithPermit(USDC, 5, 1, 27, bytes32(0), bytes32(0));
        assertEq(vault.balanceOf(address(this), USDC), 10, "deposited");
    }

    function testTokensThatDoNotDoAsTheySay() public {
        FeeOnTransferToken odd = new FeeOnTransferToken();
        vault.listAsset(ODD, address(odd), 1);
        odd.mint(address(this), 1000);
        odd.approve(address(vault), 1000);
        refused(ISettlementAccounts.SettlementUnexpectedReceipt.selector);
        vault.deposit(ODD, 1000);
        FalseReturningToken mute = new FalseReturningToken();
        vault.listAsset(ODD + 1, address(mute), 1);
        mute.mint(address(this), 1000);
        mute.approve(address(vault), 1000);
        vault.deposit(ODD + 1, 1000);
        mute.setRefusing(true);
        (bool success,) = address(vault).call(abi.encodeCall(vault.deposit, (ODD + 1, 0)));
        assertTrue(!success, "refused");
        vault.requestExit(ODD + 1);
        later(24 hours);
        (success,) = address(vault).call(abi.encodeCall(vault.exit, (ODD + 1)));
        assertTrue(!success && vault.balanceOf(address(this), ODD + 1) == 1000, "nothing is lost");
        mute.setRefusing(false);
        vault.exit(ODD + 1);
        assertEq(mute.balanceOf(address(this)), 1000, "paid");
    }

    function testIsolatedExitsGoOneAssetAtATime() public {
        vm.startPrank(wallet(0));
        refused(ISettlementAccounts.SettlementNoExit.selector);
        vault.exitIsolated(QTRA_USDC, QTRA);
        vault.requestExitIsolated(QTRA_USDC);
        refused(ISettlementAccounts.SettlementExitTooEarly.selector);
        vault.exitIsolated(QTRA_USDC, QTRA);
        vault.cancelExitIsolated(QTRA_USDC);
        vault.requestExitIsolated(QTRA_USDC);
        later(24 hours);
        vault.exitIsolated(QTRA_USDC, QTRA);
        assertTrue(vault.isolatedOf(wallet(0), QTRA_USDC).exitEffectiveAt != 0, "goes on");
        vault.exitIsolated(QTRA_USDC, USDC);
        assertEq(vault.isolatedOf(wallet(0), QTRA_USDC).exitEffectiveAt, 0, "done");
        refused(ISettlementAccounts.SettlementNotOfMarket.selector);
        vault.exitIsolated(QTRA_USDC, BTC);
        vm.stopPrank();
        assertEq(usdc.balanceOf(wallet(0)), FUNDS, "quote");
    }

    function testIsolatedFloors() public {
        vm.startPrank(wallet(0));
        refused(ISettlementAccounts.SettlementFloorTooHigh.selector);
        vault.requestCancelIsolated(QTRA_USDC, 2 ** 42);
        vault.requestCancelIsolated(QTRA_USDC, 5);
        assertEq(vault.isolatedOf(wallet(0), QTRA_USDC).requestedFloor, 5, "waits");
        later(10 minutes);
        assertEq(vault.isolatedOf(wallet(0), QTRA_USDC).floor, 5, "counts");
        bytes memory engines = sign(ENGINE_KEY, TypedData.isolatedCancelApproval(wallet(0), QTRA_USDC, 6, FOREVER));
        vault.cancelNowIsolated(QTRA_USDC, 6, FOREVER, engines);
        refused(ISettlementAccounts.SettlementDeadlinePassed.selector);
        vault.cancelNowIsolated(QTRA_USDC, 7, 1, engines);
        vm.stopPrank();
        assertTrue(settlePair(isolatedOrderOf(0, SELL, 6), orderOf(1, BUY, 1), 1) == SkipReason.CANCELLED, "dead");
        assertTrue(settlePair(isolatedOrderOf(0, SELL, 7), orderOf(1, BUY, 2), 1) == SkipReason.NONE, "alive");
    }

    function testSessionsThatAreRefused() public {
        address key = vm.addr(sessionKeyOf(0));
        vm.startPrank(wallet(0));
        refused(ISettlementAccounts.SettlementInvalidSessionKey.selector);
        vault.setSessionKey(address(0), QTRA_USDC, 1, 1, FOREVER);
        refused(ISettlementAccounts.SettlementInvalidSessionKey.selector);
        vault.setSessionKey(wallet(0), QTRA_USDC, 1, 1, FOREVER);
        refused(ISettlementAccounts.SettlementUnknownMarket.selector);
        vault.setSessionKey(key, 99, 1, 1, FOREVER);
        refused(ISettlementAccounts.SettlementDeadlinePassed.selector);
        vault.setSessionKey(key, QTRA_USDC, 1, 1, uint40(vm.getBlockTimestamp()));
        refused(ISettlementAccounts.SettlementNoSession.selector);
        vault.requestSessionRevocation(key, QTRA_USDC);
        vault.setSessionKey(key, QTRA_USDC, 1, 1, uint40(vm.getBlockTimestamp() + 1 minutes));
        refused(ISettlementAccounts.SettlementSessionLive.selector);
        vault.setSessionKey(key, QTRA_USDC, 2, 2, FOREVER);
        vault.requestSessionRevocation(key, QTRA_USDC);
        assertEq(vault.sessionOf(wallet(0), key, QTRA_USDC).expiry, vm.getBlockTimestamp() + 1 minutes, "the sooner");
        later(1 minutes);
        vault.setSessionKey(key, QTRA_USDC, 100e6, UNLIMITED, FOREVER);
        vm.stopPrank();
        TestOrder memory sell = sessionOrderOf(0, SELL, 1);
        assertTrue(settlePair(sell, orderOf(1, BUY, 1), 60) == SkipReason.NONE, "covered");
        sell.seq = 2;
        assertTrue(settlePair(sell, orderOf(1, BUY, 2), 41) == SkipReason.SESSION_LIMIT, "too much");
        assertTrue(settlePair(orderOf(1, SELL, 3), sessionOrderOf(0, BUY, 3), 50) == SkipReason.NONE, "no limit");
        assertEq(vault.sessionOf(wallet(0), key, QTRA_USDC).baseLeft, 40e6, "base left");
        assertEq(vault.sessionOf(wallet(0), key, QTRA_USDC).quoteLeft, UNLIMITED, "quote left");
        vm.prank(wallet(0));
        vault.requestSessionRevocation(key, QTRA_USDC);
        later(10 minutes);
        sell.seq = 4;
        assertTrue(settlePair(sell, orderOf(1, BUY, 4), 1) == SkipReason.SESSION_INVALID, "over");
    }

    function testASessionEndsAtOnceWithTheEngine() public {
        address key = vm.addr(sessionKeyOf(0));
        bytes memory engines = sign(ENGINE_KEY, TypedData.sessionRevocationApproval(wallet(0), key, QTRA_USDC, FOREVER));
        vm.startPrank(wallet(0));
        vault.setSessionKey(key, QTRA_USDC, 1e9, 1e9, FOREVER);
        vault.revokeSessionNow(key, QTRA_USDC, FOREVER, engines);
        refused(ISettlementAccounts.SettlementNoSession.selector);
        vault.revokeSessionNow(key, QTRA_USDC, FOREVER, engines);
        vm.stopPrank();
        TestOrder memory sell = sessionOrderOf(0, SELL, 1);
        assertTrue(settlePair(sell, orderOf(1, BUY, 1), 1) == SkipReason.SESSION_INVALID, "over");
    }

    function testListingsThatAreRefused() public {
        refused(ISettlementAccounts.SettlementInvalidAsset.selector);
        vault.listAsset(0, address(usdc), 1);
        refused(ISettlementAccounts.SettlementInvalidAsset.selector);
        vault.listAsset(ODD, address(usdc), 0);
        refused(ISettlementAccounts.SettlementInvalidAsset.selector);
        vault.listAsset(ODD, address(1), 1);
        TestToken odd = new TestToken("Odd", "ODD", 6);
        refused(ISettlementAccounts.SettlementAssetListed.selector);
        vault.listAsset(USDC, address(odd), 1);
        refused(ISettlementAccounts.SettlementTokenListed.selector);
        vault.listAsset(ODD, address(usdc), 1);
        ISettlementAccounts.Market memory terms = ISettlementAccounts.Market(QTRA, USDC, 1, 1);
        refused(ISettlementAccounts.SettlementInvalidMarket.selector);
        vault.listMarket(0, terms);
        refused(ISettlementAccounts.SettlementMarketListed.selector);
        vault.listMarket(QTRA_USDC, terms);
        refused(ISettlementAccounts.SettlementInvalidMarket.selector);
        vault.listMarket(ODD, ISettlementAccounts.Market(USDC, USDC, 1, 1));
        refused(ISettlementAccounts.SettlementInvalidMarket.selector);
        vault.listMarket(ODD, ISettlementAccounts.Market(QTRA, USDC, 0, 1));
        refused(ISettlementAccounts.SettlementInvalidMarket.selector);
        vault.listMarket(ODD, ISettlementAccounts.Market(QTRA, USDC, 1, 0));
        refused(ISettlementAccounts.SettlementUnknownAsset.selector);
        vault.listMarket(ODD, ISettlementAccounts.Market(ODD, USDC, 1, 1));
    }

    function testAPauseStopsDepositsAndBatchesAndRests() public {
        refused(ISettlementAccounts.SettlementNotPaused.selector);
        vault.unpause();
        vault.pause();
        usdc.mint(address(this), 1);
        refused(ISettlementAccounts.SettlementPaused.selector);
        vault.deposit(USDC, 1);
        uint64 number = vault.batchNumber() + 1;
        refused(ISettlementAccounts.SettlementPaused.selector);
        vault.settle("", number, bytes32(0), 0, "");
        vault.unpause();
        refused(ISettlementAccounts.SettlementPauseTooSoon.selector);
        vault.pause();
        later(7 days);
        vault.pause();
        later(7 days);
        settlePayload(hex"02000000000000000000000000000011");
    }

    function testASilentExchangeIsClosedForEver() public {
        later(14 days - 1);
        refused(ISettlementAccounts.SettlementCloseTooEarly.selector);
        vault.closeExchange();
        later(1);
        vm.prank(address(0xBAD));
        vault.closeExchange();
        assertTrue(vault.isClosed(), "closed");
        refused(ISettlementAccounts.SettlementClosed.selector);
        vault.closeExchange();
        refused(ISettlementAccounts.SettlementClosed.selector);
        vault.pause();
        refused(ISettlementAccounts.SettlementClosed.selector);
        vault.unpause();
        refused(ISettlementAccounts.SettlementClosed.selector);
        vault.deposit(USDC, 1);
        refused(ISettlementAccounts.SettlementClosed.selector);
        vault.setSessionKey(address(1), QTRA_USDC, 1, 1, FOREVER);
        vm.startPrank(wallet(0));
        vault.exit(QTRA);
        vault.exitIsolated(QTRA_USDC, USDC);
        vm.stopPrank();
        assertEq(usdc.balanceOf(wallet(0)), FUNDS, "paid without request");
    }

    function testTheEnginesKeyIsSomebodys() public {
        refused(ISettlementAccounts.SettlementInvalidOwner.selector);
        vault.setEngineKey(address(0));
        vault.setEngineKey(address(7));
        assertTrue(vault.engineKey() == address(7), "set");
        assertEq(vault.EXIT_DELAY(), 24 hours, "exit");
        assertEq(vault.CANCEL_DELAY(), 10 minutes, "cancel");
        assertEq(vault.PAUSE_DURATION(), 7 days, "pause");
        assertEq(vault.DEAD_MAN_DELAY(), 14 days, "dead man");
        assertEq(vault.MAX_FEE_BPS(), 50, "fees");
    }

    function testFeesAreCollectedUpToWhatWasEarned() public {
        settlePair(orderOf(0, SELL, 1), orderOf(1, BUY, 1), 100);
        uint64 earned = vault.feesOf(USDC);
        refused(ISettlementAccounts.SettlementInsufficientBalance.selector);
        vault.collectFees(USDC, earned + 1, address(9));
        vault.collectFees(USDC, earned, address(9));
        assertEq(usdc.balanceOf(address(9)), earned, "paid");
    }
}

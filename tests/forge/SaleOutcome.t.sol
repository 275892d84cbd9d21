// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISaleManager, RoundState} from "../../contracts/interfaces/ISaleManager.sol";
import {SaleFixture} from "./base/SaleFixture.sol";

/// @dev How a round ends: vesting, proceeds and referrals, or refunds.
contract SaleOutcomeTest is SaleFixture {
    address private constant STRANGER = address(0x57A);
    address private constant FRIEND = address(0xF21E);

    function testARoundIsFinalisedOnceItIsOverAndByAnybody() public {
        enter(A);
        buy(buyer(0), A, USDC, 20_000 * DOLLAR);
        vm.warp(sale.roundOf(A).end - 1);
        vm.expectRevert(abi.encodeWithSelector(ISaleManager.SaleNotEnded.selector, A));
        sale.finalise(A);
        finish(A);
        vm.prank(STRANGER);
        sale.finalise(A);
        vm.expectRevert(abi.encodeWithSelector(ISaleManager.SaleFinalisedAlready.selector, A));
        sale.finalise(A);
    }

    function testASoldOutRoundIsFinalisedAtOnce() public {
        enter(C);
        buy(buyer(0), C, USDC, 40_000 * DOLLAR);
        buy(buyer(1), C, EIGHT, 40_000 * DOLLAR);
        buy(buyer(2), C, DAI, 20_000 * DOLLAR);
        sale.finalise(C);
        assertState(C, RoundState.SUCCEEDED);
        assertEq(vesting.fundedOf(C), 2_000_000e18, "all of it vests");
        // Nobody can pay into it any more.
        refuse(abi.encodeWithSelector(ISaleManager.SaleSoldOut.selector, C), buyer(3), purchaseOf(C, USDC, 50 * DOLLAR));
    }

    function testTheSoftCapCountsToTheUnit() public {
        enter(A);
        buy(buyer(0), A, USDC, 20_000 * DOLLAR);
        buy(buyer(1), A, USDC, 20_000 * DOLLAR);
        buy(buyer(2), A, USDC, 10_000 * DOLLAR - 1);
        uint256 state = vm.snapshotState();
        finish(A);
        assertEq(sale.allocationOf(buyer(0), A), 0, "failed before anybody says so");
        sale.finalise(A);
        assertState(A, RoundState.FAILED);
        vm.revertToState(state);
        buy(buyer(3), A, USDC, 100 * DOLLAR);
        finish(A);
        sale.finalise(A);
        assertState(A, RoundState.SUCCEEDED);
        assertEq(sale.allocationOf(buyer(0), A), 1_000_000e18, "allocated");
    }

    function testAFailedRoundPaysEverybodyBack() public {
        enter(A);
        buy(buyer(0), A, USDC, 1000 * DOLLAR);
        buy(buyer(0), A, DAI, 2000 * DOLLAR);
        buy(buyer(1), A, EIGHT, 3000 * DOLLAR);
        finish(A);
        vm.expectRevert(abi.encodeWithSelector(ISaleManager.SaleNotFailed.selector, A));
        vm.prank(buyer(0));
        sale.refund(A);
        uint256 supply_ = qtra.totalSupply();
        vm.expectEmit();
        emit ISaleManager.RoundFinalised(A, false, 6000 * DOLLAR, 0, 10_000_000e18);
        sale.finalise(A);
        assertEq(supply_ - qtra.totalSupply(), 10_000_000e18, "burned, as its policy says");
        assertEq(vesting.fundedOf(A), 0, "nothing vests");
        vm.expectEmit();
        emit ISaleManager.Refunded(A, buyer(0), USDC, 1000 * DOLLAR);
        vm.prank(buyer(0));
        sale.refund(A);
        assertEq(heldBy(buyer(0), USDC), 1_000_000e6, "dollars of 6");
        assertEq(heldBy(buyer(0), DAI), 1_000_000e18, "dollars of 18");
        assertEq(heldBy(address(sale), EIGHT), 3000e8, "another's are still here");
        vm.expectRevert(abi.encodeWithSelector(ISaleManager.SaleNothingToPay.selector, A));
        vm.prank(buyer(0));
        sale.refund(A);
        vm.expectRevert(abi.encodeWithSelector(ISaleManager.SaleNothingToPay.selector, A));
        vm.prank(STRANGER);
        sale.refund(A);
        // In the middle of the next round, and in the wallet's own older standing.
        buy(buyer(1), B, USDC, 100 * DOLLAR);
        vm.prank(buyer(1));
        sale.refund(A);
        assertEq(heldBy(buyer(1), EIGHT), 1_000_000e8, "refunded from an earlier round");
        assertEq(sale.paidOf(buyer(1), B), 100 * DOLLAR, "this round is untouched");
        for (uint8 payment = 0; payment < PAYMENTS; ++payment) {
            assertEq(heldBy(address(sale), payment), payment == USDC ? 100e6 : 0, "nothing remains");
        }
        assertEq(sale.raisedOf(A), 6000 * DOLLAR, "what was raised is remembered");
    }

    function testASuccessPaysTheSharesAndFundsVesting() public {
        enter(B);
        buy(buyer(0), B, USDC, 30_000 * DOLLAR);
        buy(buyer(1), B, DAI, 29_000 * DOLLAR + 1);
        buy(buyer(2), B, DAI, 1000 * DOLLAR);
        finish(B);
        uint256 sold = uint256(60_000 * DOLLAR + 1) * 1e18 / 33_333;
        uint256 reserved = qtra.balanceOf(address(sale));
        vm.expectEmit();
        emit ISaleManager.RoundFinalised(B, true, 60_000 * DOLLAR + 1, uint128(sold), uint128(6_000_000e18 - sold));
        sale.finalise(B);
        assertEq(vesting.fundedOf(B), sold, "funded");
        assertEq(qtra.balanceOf(address(vesting)), sold, "held");
        assertEq(qtra.balanceOf(TREASURY), 6_000_000e18 - sold, "unsold tokens, as the policy says");
        assertEq(reserved - qtra.balanceOf(address(sale)), 6_000_000e18, "the tokens of the other rounds stay");
        assertEq(heldBy(TREASURY, USDC), 20_001e6, "66.67 % of 30,000");
        assertEq(heldBy(FOUNDATION, USDC), 9999e6, "the rest");
        assertEq(heldBy(TREASURY, DAI) + heldBy(FOUNDATION, DAI), (30_000e6 + 1) * 1e12, "to the unit");
        assertEq(heldBy(address(sale), DAI) + heldBy(address(sale), USDC), 0, "nothing remains");
        vm.expectRevert(abi.encodeWithSelector(ISaleManager.SaleNothingToPay.selector, B));
        sale.payProceeds(B);
        vm.expectRevert(abi.encodeWithSelector(ISaleManager.SaleNotFailed.selector, B));
        vm.prank(buyer(0));
        sale.refund(B);
        // What everybody has together is never more than what vests.
        for (uint256 i = 0; i < 3; ++i) {
            sold -= sale.allocationOf(buyer(i), B);
        }
        assertTrue(sold < 3, "less than a unit for each");
    }

    function testARoundWithoutASoftCapSucceedsEmpty() public {
        finish(PUBLIC);
        sale.finalise(PUBLIC);
        assertState(PUBLIC, RoundState.SUCCEEDED);
        assertEq(vesting.fundedOf(PUBLIC), 0, "nothing vests");
        assertEq(qtra.balanceOf(TREASURY), 1_000_000e18, "all is unsold");
    }

    function testAReferrerIsPaidAfterASuccessOnly() public {
        enter(B);
        _buyFor(FRIEND, 0, 30_000 * DOLLAR);
        _buyFor(FRIEND, 1, 29_000 * DOLLAR + 399);
        buy(buyer(2), B, DAI, 10_000 * DOLLAR);
        assertEq(sale.referralOf(FRIEND, B, USDC), 1475 * DOLLAR + 9, "2.5 %, rounded down at each purchase");
        assertEq(sale.referralsOf(B, USDC), 1475 * DOLLAR + 9, "the round's");
        vm.expectRevert(abi.encodeWithSelector(ISaleManager.SaleNotSucceeded.selector, B));
        vm.prank(FRIEND);
        sale.claimReferral(B);
        finish(B);
        sale.finalise(B);
        assertEq(heldBy(address(sale), USDC), 1475e6 + 9, "what referrers have earned stays");
        vm.expectEmit();
        emit ISaleManager.ReferralPaid(B, FRIEND, USDC, 1475 * DOLLAR + 9);
        vm.prank(FRIEND);
        sale.claimReferral(B);
        assertEq(heldBy(FRIEND, USDC), 1475e6 + 9, "paid");
        assertEq(heldBy(address(sale), USDC), 0, "nothing remains");
        vm.expectRevert(abi.encodeWithSelector(ISaleManager.SaleNothingToPay.selector, B));
        vm.prank(FRIEND);
        sale.claimReferral(B);
        vm.expectRevert(abi.encodeWithSelector(ISaleManager.SaleNothingToPay.selector, B));
        vm.prank(STRANGER);
        sale.claimReferral(B);
    }

    function testAReferrerOfAFailedRoundEarnsNothing() public {
        enter(B);
        _buyFor(FRIEND, 0, 30_000 * DOLLAR);
        finish(B);
        sale.finalise(B);
        vm.expectRevert(abi.encodeWithSelector(ISaleManager.SaleNotSucceeded.selector, B));
        vm.prank(FRIEND);
        sale.claimReferral(B);
        vm.expectRevert(abi.encodeWithSelector(ISaleManager.SaleNotSucceeded.selector, B));
        sale.payProceeds(B);
        vm.prank(buyer(0));
        sale.refund(B);
        assertEq(heldBy(buyer(0), USDC), 1_000_000e6, "the buyer gets all of it back");
    }

    function testNobodyRefersOneself() public {
        enter(A);
        ISaleManager.Purchase memory purchase = purchaseOf(A, USDC, 100 * DOLLAR);
        purchase.referrer = buyer(0);
        refuse(abi.encodeWithSelector(ISaleManager.SaleSelfReferral.selector), buyer(0), purchase);
        buy(buyer(1), purchase);
        assertEq(sale.referralOf(buyer(0), A, USDC), 5 * DOLLAR, "another may");
        assertEq(sale.referralOf(buyer(0), A, 200), 0, "an unknown payment");
    }

    function testAPoolThatWasFundedEarlyHoldsUpNoRound() public {
        qtra.approve(address(vesting), 1);
        vesting.fund(B, 1);
        enter(B);
        for (uint256 i = 0; i < 3; ++i) {
            buy(buyer(i), B, USDC, 20_000 * DOLLAR);
        }
        finish(B);
        sale.finalise(B);
        assertEq(vesting.fundedOf(B), 1 + uint256(60_000e6) * 1e18 / 33_333, "both");
    }

    /// @dev Whatever anybody pays, a round's money is where it should be, to the unit.
    function testEveryUnitIsAccountedFor(uint256 dice) public {
        enter(B);
        uint256[3] memory paid;
        for (uint256 i = 0; i < BUYERS; ++i) {
            dice = uint256(keccak256(abi.encode(dice)));
            uint8 payment = uint8(dice % PAYMENTS);
            ISaleManager.Purchase memory purchase =
                purchaseOf(B, payment, uint64(100 * DOLLAR + (dice >> 8) % (29_000 * DOLLAR)));
            if ((dice >> 80) % 2 == 0) purchase.referrer = FRIEND;
            buy(buyer(i), purchase);
            paid[payment] += purchase.micros;
        }
        finish(B);
        sale.finalise(B);
        bool succeeded = sale.stateOf(B) == RoundState.SUCCEEDED;
        for (uint256 i = 0; i < BUYERS && !succeeded; ++i) {
            vm.prank(buyer(i));
            sale.refund(B);
        }
        vm.prank(FRIEND);
        try sale.claimReferral(B) {} catch {}
        for (uint8 payment = 0; payment < PAYMENTS; ++payment) {
            assertEq(heldBy(address(sale), payment), 0, "nothing remains");
            uint256 out = heldBy(TREASURY, payment) + heldBy(FOUNDATION, payment) + heldBy(FRIEND, payment);
            assertEq(out, succeeded ? paid[payment] * scaleOf(payment) : 0, "paid out");
        }
    }

    function _buyFor(address referrer, uint256 index, uint64 micros) private {
        ISaleManager.Purchase memory purchase = purchaseOf(B, USDC, micros);
        purchase.referrer = referrer;
        buy(buyer(index), purchase);
    }
}

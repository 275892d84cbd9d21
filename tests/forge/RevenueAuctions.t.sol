// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IReportedPrice} from "../../contracts/interfaces/IReportedPrice.sol";
import {IRevenueRouter} from "../../contracts/interfaces/IRevenueRouter.sol";
import {TestToken} from "../../contracts/mocks/TestToken.sol";
import {RevenueFixture} from "./base/RevenueFixture.sol";

/// @dev The buyback: revenue for QTRA at a price that falls, never under the floor, never above the day's cap.
contract RevenueAuctionsTest is RevenueFixture {
    /// @dev 16 QTRA a dollar: 110 % of it, and 90 %.
    uint256 private constant START = 17.6e30;
    uint256 private constant FLOOR = 14.4e30;

    function setUp() public override {
        super.setUp();
        router.setSplit(IRevenueRouter.Split(0, 10_000, 0, 0));
        router.setBounty(address(usdc), 0, 0);
    }

    function testAnAuctionFallsFromItsStartToItsFloor() external {
        fill(1000e6);
        vm.expectEmit(address(router));
        emit IRevenueRouter.AuctionStarted(1, address(usdc), 1000e6, START, FLOOR);
        assertEq(startAuction(), 1, "number");
        assertEq(router.quote(1, 1000e6), 17_600e18, "the start");
        pass(AUCTION / 2);
        assertEq(router.quote(1, 1000e6), 16_000e18, "half way");
        pass(AUCTION / 2);
        assertEq(router.quote(1, 1000e6), 14_400e18, "the floor");
        pass(1);
        assertEq(router.quote(1, 1000e6), 0, "over");
    }

    function testWhatABuyerPaysIsBurned() external {
        fill(1000e6);
        startAuction();
        pass(AUCTION / 2);
        uint256 supply = qtra.totalSupply();
        vm.expectEmit(address(router));
        emit IRevenueRouter.AuctionBought(1, bob, 400e6, 6400e18);
        assertEq(buy(1, 400e6), 6400e18, "cost");
        assertEq(qtra.totalSupply(), supply - 6400e18, "burned");
        assertEq(qtra.balanceOf(bob), FUNDS - 6400e18, "paid");
        assertEq(usdc.balanceOf(bob), 400e6, "bought");
        assertEq(router.soldToday(address(usdc)), 400e6, "of the day");
        assertEq(router.auctionOf(1).left, 600e6, "left");
        vm.expectEmit(address(router));
        emit IRevenueRouter.AuctionEnded(1, 0);
        buy(1, 600e6);
        assertEq(router.runningOf(address(usdc)), 0, "ended");
        assertEq(usdc.balanceOf(address(router)), 0, "sold out");
    }

    function testNoSplitOfAPurchaseIsUnderTheFloor(uint32 amount, uint16 waits) external {
        fill(5000e6);
        startAuction();
        pass(bound(waits, 0, AUCTION));
        uint256 bought = bound(amount, 1, 5000e6);
        uint256 cost = buy(1, bought);
        assertTrue(cost * 1e18 >= bought * FLOOR, "floor");
        assertTrue(cost * 1e18 <= bought * START + 1e18, "start");
    }

    function testWhatAPartCostsNeverRises(uint32 amount, uint16 early, uint16 late) external {
        fill(5000e6);
        startAuction();
        uint256 bought = bound(amount, 1, 5000e6);
        uint256 first = bound(early, 0, AUCTION);
        pass(first);
        uint256 before = router.quote(1, bought);
        pass(bound(late, first, AUCTION) - first);
        assertTrue(router.quote(1, bought) <= before, "never dearer later");
        assertTrue(router.quote(1, bought) * 1e18 >= bought * FLOOR, "nor under the floor");
    }

    function testABuyerSaysWhatItPaysAtMostAndUntilWhen() external {
        fill(1000e6);
        startAuction();
        vm.startPrank(bob);
        vm.expectRevert(abi.encodeWithSelector(IRevenueRouter.RouterTooExpensive.selector, 176e18, 176e18 - 1));
        router.buy(1, 10e6, 176e18 - 1, vm.getBlockTimestamp());
        uint256 late = vm.getBlockTimestamp() - 1;
        vm.expectRevert(abi.encodeWithSelector(IRevenueRouter.RouterDeadlinePassed.selector, late));
        router.buy(1, 10e6, 176e18, late);
        assertEq(router.buy(1, 10e6, 176e18, late + 1), 176e18, "exactly");
    }

    function testOnlyWhatIsLeftIsSold() external {
        fill(1000e6);
        startAuction();
        vm.expectRevert(abi.encodeWithSelector(IRevenueRouter.RouterInvalidAmount.selector, 0, 1000e6));
        buy(1, 0);
        vm.expectRevert(abi.encodeWithSelector(IRevenueRouter.RouterInvalidAmount.selector, 1000e6 + 1, 1000e6));
        buy(1, 1000e6 + 1);
        vm.expectRevert(abi.encodeWithSelector(IRevenueRouter.RouterUnknownAuction.selector, 2));
        buy(2, 1);
        pass(AUCTION + 1);
        vm.expectRevert(abi.encodeWithSelector(IRevenueRouter.RouterAuctionOver.selector, 1));
        buy(1, 1);
    }

    function testWhatIsUnsoldWaitsForTheNextAuction() external {
        fill(1000e6);
        startAuction();
        vm.expectRevert(abi.encodeWithSelector(IRevenueRouter.RouterAuctionRuns.selector, 1));
        router.endAuction(1);
        vm.expectRevert(abi.encodeWithSelector(IRevenueRouter.RouterAuctionRuns.selector, 1));
        startAuction();
        buy(1, 300e6);
        pass(AUCTION + 1);
        vm.expectEmit(address(router));
        emit IRevenueRouter.AuctionEnded(1, 700e6);
        router.endAuction(1);
        (uint256 waiting, uint256 inAuction) = router.heldOf(address(usdc));
        assertEq(waiting, 700e6, "waits");
        assertEq(inAuction, 0, "no auction");
        vm.expectRevert(abi.encodeWithSelector(IRevenueRouter.RouterAuctionOver.selector, 1));
        router.endAuction(1);
        vm.expectRevert(abi.encodeWithSelector(IRevenueRouter.RouterUnknownAuction.selector, 2));
        router.endAuction(2);
    }

    function testTheNextAuctionEndsOneThatIsOver() external {
        fill(1000e6);
        startAuction();
        pass(AUCTION + 1);
        prices.report(address(usdc), USDC_PRICE);
        assertEq(startAuction(), 2, "number");
        assertEq(router.auctionOf(1).left, 0, "the first has ended");
        assertEq(router.auctionOf(2).left, 1000e6, "with what it left");
        assertEq(router.runningOf(address(usdc)), 2, "runs");
        assertEq(router.auctionCount(), 2, "count");
    }

    function testNoMoreThanTheCapIsSoldInADay() external {
        fill(350_000e6);
        nextDay();
        assertEq(router.auctionOf(startAuction()).left, USDC_CAP, "a day's cap at most");
        buy(1, USDC_CAP - 50e6);
        pass(AUCTION + 1);
        // 50 dollars may still be sold, and an auction is of a hundred at least.
        vm.expectRevert(abi.encodeWithSelector(IRevenueRouter.RouterTooLittle.selector, address(usdc), 50e6, 100e6));
        startAuction();
        nextDay();
        assertEq(router.soldToday(address(usdc)), 0, "a new day");
        assertEq(router.auctionOf(startAuction()).left, USDC_CAP, "a new cap");
        router.setAuctionTerms(address(usdc), IRevenueRouter.AuctionTerms(1000e6, 100e6, 11_000, 9000, AUCTION));
        vm.expectRevert(
            abi.encodeWithSelector(IRevenueRouter.RouterDailyCap.selector, address(usdc), 1000e6, 1000e6 + 1)
        );
        buy(2, 1000e6 + 1);
        buy(2, 1000e6);
        vm.expectRevert(abi.encodeWithSelector(IRevenueRouter.RouterDailyCap.selector, address(usdc), 0, 1));
        buy(2, 1);
        router.setAuctionTerms(address(usdc), IRevenueRouter.AuctionTerms(100e6, 100e6, 11_000, 9000, AUCTION));
        vm.expectRevert(abi.encodeWithSelector(IRevenueRouter.RouterDailyCap.selector, address(usdc), 0, 1));
        buy(2, 1);
    }

    function testDustStartsNoAuction() external {
        fill(100e6 - 1);
        vm.expectRevert(
            abi.encodeWithSelector(IRevenueRouter.RouterTooLittle.selector, address(usdc), 100e6 - 1, 100e6)
        );
        startAuction();
    }

    function testThereIsNoAuctionWithoutAFreshPrice() external {
        fill(1000e6);
        pass(1 hours + 1);
        vm.expectPartialRevert(IReportedPrice.ReportedPriceStale.selector);
        startAuction();
        prices.report(address(usdc), USDC_PRICE);
        startAuction();
    }

    function testThereIsNoAuctionWithoutAnyPrice() external {
        TestToken unpriced = new TestToken("Unpriced", "NONE", 6);
        router.setAuctionTerms(address(unpriced), IRevenueRouter.AuctionTerms(1, 1, 11_000, 9000, AUCTION));
        unpriced.mint(address(router), 1);
        router.route(address(unpriced));
        vm.expectRevert(abi.encodeWithSelector(IReportedPrice.ReportedPriceUnknown.selector, address(unpriced)));
        router.startAuction(address(unpriced));
        fill(1000e6);
        pass(3 hours);
        prices.setPrice(address(usdc), USDC_PRICE);
        vm.expectPartialRevert(IReportedPrice.ReportedPriceTooYoung.selector);
        startAuction();
    }

    /// @dev Past buybacks sold at whatever price a pool gave in that block. Here a report moves the mean, and the floor with
    /// it, by a part of a tenth.
    function testAReportBarelyMovesTheFloor() external {
        fill(1000e6);
        prices.report(address(usdc), USDC_PRICE * 9 / 10);
        startAuction();
        assertEq(router.auctionOf(1).floorPrice, FLOOR, "not at once");
        pass(AUCTION + 1);
        prices.report(address(usdc), USDC_PRICE * 9 / 10);
        startAuction();
        assertTrue(router.auctionOf(2).floorPrice >= FLOOR * 9 / 10, "by a tenth at most");
    }

    function testTheGuardianHaltsAuctions() external {
        fill(1000e6);
        startAuction();
        vm.expectEmit(address(router));
        emit IRevenueRouter.AuctionTermsSet(address(usdc), IRevenueRouter.AuctionTerms(0, 0, 0, 0, 0));
        vm.expectEmit(address(router));
        emit IRevenueRouter.AuctionEnded(1, 1000e6);
        router.haltAuctions(address(usdc));
        vm.expectRevert(abi.encodeWithSelector(IRevenueRouter.RouterAuctionOver.selector, 1));
        buy(1, 1);
        vm.expectRevert(abi.encodeWithSelector(IRevenueRouter.RouterNotAuctioned.selector, address(usdc)));
        startAuction();
        router.haltAuctions(address(usdc));
        assertEq(router.termsOf(address(usdc)).dailyCap, 0, "until terms are set");
    }

    function testTermsAreWithinBounds() external {
        IRevenueRouter.AuctionTerms memory good = IRevenueRouter.AuctionTerms(10, 10, 10_000, 10_000, 10 minutes);
        router.setAuctionTerms(address(usdc), good);
        refuse(address(qtra), good);
        IRevenueRouter.AuctionTerms[8] memory bad;
        bad[0] = IRevenueRouter.AuctionTerms(10, 0, 10_000, 10_000, 10 minutes);
        bad[1] = IRevenueRouter.AuctionTerms(10, 11, 10_000, 10_000, 10 minutes);
        bad[2] = IRevenueRouter.AuctionTerms(10, 10, 9999, 9000, 10 minutes);
        bad[3] = IRevenueRouter.AuctionTerms(10, 10, 20_001, 9000, 10 minutes);
        bad[4] = IRevenueRouter.AuctionTerms(10, 10, 10_000, 7999, 10 minutes);
        bad[5] = IRevenueRouter.AuctionTerms(10, 10, 10_001, 10_001, 10 minutes);
        bad[6] = IRevenueRouter.AuctionTerms(10, 10, 10_000, 10_000, 10 minutes - 1);
        bad[7] = IRevenueRouter.AuctionTerms(10, 10, 10_000, 10_000, 1 days + 1);
        for (uint256 i = 0; i < bad.length; ++i) {
            refuse(address(usdc), bad[i]);
        }
    }

    function refuse(address token, IRevenueRouter.AuctionTerms memory terms) private {
        vm.expectRevert(abi.encodeWithSelector(IRevenueRouter.RouterInvalidTerms.selector, token));
        router.setAuctionTerms(token, terms);
    }

    /// @dev Has dollars wait for an auction.
    function fill(uint256 amount) private {
        earn(amount);
        router.route(address(usdc));
    }

    function nextDay() private {
        vm.warp((vm.getBlockTimestamp() / 1 days + 1) * 1 days + 1 hours);
        prices.report(address(usdc), USDC_PRICE);
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRevenueRouter} from "../../contracts/interfaces/IRevenueRouter.sol";
import {ISettlementAccounts} from "../../contracts/interfaces/ISettlement.sol";
import {IStaking} from "../../contracts/interfaces/IStaking.sol";
import {RevenueFixture} from "./base/RevenueFixture.sol";

/// @dev Fees in, and how they are split.
contract RevenueRouterTest is RevenueFixture {
    bytes4 private constant UNAUTHORIZED = bytes4(keccak256("AccessManagedUnauthorized(address)"));

    function testARouteSplitsToTheUnit() external {
        earn(10_007);
        router.setBounty(address(usdc), 0, 0);
        vm.expectEmit(address(router));
        emit IRevenueRouter.RevenueRouted(address(usdc), keeper, 0, 4002, 3002, 2001, 1002);
        vm.prank(keeper);
        assertEq(router.route(address(usdc)), 10_007, "amount");
        assertEq(usdc.balanceOf(address(staking)), 4002, "stakers");
        (uint256 waiting, uint256 inAuction) = router.heldOf(address(usdc));
        assertEq(waiting, 3002, "buyback");
        assertEq(inAuction, 0, "no auction");
        assertEq(usdc.balanceOf(treasury), 2001, "treasury");
        assertEq(usdc.balanceOf(insurance), 1002, "insurance, with what rounding leaves");
        assertEq(router.routable(address(usdc)), 0, "nothing more");
    }

    function testPartsAddUpToTheAmount(uint96 amount, uint16 first, uint16 second, uint16 third, uint8 bps) external {
        amount = uint96(bound(amount, 1, 1e14));
        IRevenueRouter.Split memory split;
        split.stakersBps = uint16(bound(first, 0, 10_000));
        split.buybackBps = uint16(bound(second, 0, 10_000 - split.stakersBps));
        split.treasuryBps = uint16(bound(third, 0, 10_000 - split.stakersBps - split.buybackBps));
        split.insuranceBps = 10_000 - split.stakersBps - split.buybackBps - split.treasuryBps;
        router.setSplit(split);
        router.setBounty(address(usdc), uint16(bound(bps, 0, 50)), 1e9);
        earn(amount);
        vm.prank(keeper);
        router.route(address(usdc));
        (uint256 waiting,) = router.heldOf(address(usdc));
        uint256 sum = usdc.balanceOf(keeper) + usdc.balanceOf(address(staking)) + waiting;
        assertEq(sum + usdc.balanceOf(treasury) + usdc.balanceOf(insurance), amount, "every unit");
        assertEq(usdc.balanceOf(address(router)), waiting, "here for the buyback alone");
        uint256 rest = amount - usdc.balanceOf(keeper);
        assertEq(usdc.balanceOf(address(staking)), rest * split.stakersBps / 10_000, "stakers");
        assertEq(waiting, rest * split.buybackBps / 10_000, "buyback");
        assertEq(usdc.balanceOf(treasury), rest * split.treasuryBps / 10_000, "treasury");
    }

    function testAKeeperIsPaidAPart() external {
        earn(10_000e6);
        vm.prank(keeper);
        router.route(address(usdc));
        assertEq(usdc.balanceOf(keeper), 10e6, "ten basis points");
        vm.expectRevert(abi.encodeWithSelector(IRevenueRouter.RouterBountyTooHigh.selector, 51));
        router.setBounty(address(usdc), 51, 1);
        (uint16 bps, uint128 cap) = router.bountyOf(address(usdc));
        assertEq(bps, 10, "bps");
        assertEq(cap, BOUNTY_CAP, "cap");
        vm.expectPartialRevert(bytes4(keccak256("SafeCastOverflowedUintDowncast(uint8,uint256)")));
        router.setBounty(address(usdc), 10, 2 ** 96);
    }

    /// @dev However the revenue is cut into amounts.
    function testKeepersGetNoMoreThanTheCapInADay() external {
        for (uint256 i = 0; i < 7; ++i) {
            earn(10_000e6);
            vm.prank(keeper);
            router.route(address(usdc));
        }
        assertEq(usdc.balanceOf(keeper), BOUNTY_CAP, "a day");
        vm.expectEmit();
        emit IRevenueRouter.BountySet(address(usdc), 50, 1e6);
        router.setBounty(address(usdc), 50, 1e6);
        earn(10_000e6);
        vm.prank(keeper);
        router.route(address(usdc));
        assertEq(usdc.balanceOf(keeper), BOUNTY_CAP, "and a lower cap is kept too");
        pass(1 days);
        earn(10_000e6);
        vm.prank(keeper);
        router.route(address(usdc));
        assertEq(usdc.balanceOf(keeper), BOUNTY_CAP + 1e6, "another day");
    }

    function testStakersGetTheirsStreamedForAWeek() external {
        stake(alice, 1e18);
        earn(1000e6);
        uint256 stakers = 999e6 * uint256(4000) / 10_000;
        vm.expectEmit(address(staking));
        emit IStaking.RewardNotified(DOLLARS, address(router), uint128(stakers), uint40(vm.getBlockTimestamp()) + WEEK);
        router.route(address(usdc));
        assertEq(usdc.allowance(address(router), address(staking)), 0, "no allowance stays");
        pass(WEEK);
        assertAbout(claim(alice, DOLLARS), stakers, 1, "claimed");
    }

    function testQtraIsBurnedAtOnce() external {
        stake(alice, 1e18);
        uint256 supply = qtra.totalSupply();
        qtra.transfer(address(router), 1000e18);
        vm.expectEmit(address(router));
        emit IRevenueRouter.RevenueRouted(address(qtra), keeper, 0, 400e18, 300e18, 200e18, 100e18);
        vm.prank(keeper);
        router.route(address(qtra));
        assertEq(qtra.totalSupply(), supply - 300e18, "burned");
        assertEq(qtra.balanceOf(address(router)), 0, "nothing is left");
        pass(WEEK);
        assertAbout(claim(alice, QTRAS), 400e18, 1e6, "stakers");
    }

    function testWhatIsNoRewardIsBoughtBackInstead() external {
        btc.mint(address(router), 10e8);
        vm.expectEmit(address(router));
        emit IRevenueRouter.RevenueRouted(address(btc), keeper, 0, 0, 7e8, 2e8, 1e8);
        vm.prank(keeper);
        router.route(address(btc));
        (uint256 waiting,) = router.heldOf(address(btc));
        assertEq(waiting, 7e8, "waits for an auction");
        assertEq(btc.balanceOf(address(staking)), 0, "none is streamed");
    }

    /// @dev What waits for an auction, or is in one, is no stray token.
    function testWhatIsHeldForAuctionsIsNotRoutedAgain() external {
        earn(1_000_000e6);
        router.route(address(usdc));
        vm.expectRevert(abi.encodeWithSelector(IRevenueRouter.RouterNothingToRoute.selector, address(usdc)));
        router.route(address(usdc));
        startAuction();
        vm.expectRevert(abi.encodeWithSelector(IRevenueRouter.RouterNothingToRoute.selector, address(usdc)));
        router.route(address(usdc));
        earn(1);
        assertEq(router.route(address(usdc)), 1, "what came in since");
        (uint256 waiting, uint256 inAuction) = router.heldOf(address(usdc));
        assertEq(usdc.balanceOf(address(router)), waiting + inAuction, "held");
    }

    function testNothingIsRoutedBeforeAllIsSet() external {
        IRevenueRouter fresh = IRevenueRouter(
            vm.deployCode(
                "RevenueRouter.sol:RevenueRouter",
                abi.encode(address(access), address(vault), address(qtra), address(staking), address(prices))
            )
        );
        usdc.mint(address(fresh), 100);
        vm.expectRevert(IRevenueRouter.RouterNotConfigured.selector);
        fresh.route(address(usdc));
        fresh.setSplit(IRevenueRouter.Split(4000, 3000, 2000, 1000));
        vm.expectRevert(IRevenueRouter.RouterNotConfigured.selector);
        fresh.route(address(usdc));
        fresh.setTreasury(treasury);
        vm.expectRevert(IRevenueRouter.RouterNotConfigured.selector);
        fresh.route(address(usdc));
        fresh.setInsurance(insurance);
        assertEq(fresh.route(address(usdc)), 100, "all set");
    }

    function testASplitIsOfTheWhole() external {
        vm.expectRevert(abi.encodeWithSelector(IRevenueRouter.RouterInvalidSplit.selector, 9999));
        router.setSplit(IRevenueRouter.Split(4000, 3000, 2000, 999));
        vm.expectRevert(abi.encodeWithSelector(IRevenueRouter.RouterInvalidSplit.selector, 10_001));
        router.setSplit(IRevenueRouter.Split(4000, 3000, 2000, 1001));
        vm.expectRevert(abi.encodeWithSelector(IRevenueRouter.RouterInvalidSplit.selector, 75_536));
        router.setSplit(IRevenueRouter.Split(65_535, 1, 10_000, 0));
        vm.expectEmit();
        emit IRevenueRouter.SplitSet(IRevenueRouter.Split(0, 10_000, 0, 0));
        router.setSplit(IRevenueRouter.Split(0, 10_000, 0, 0));
        assertEq(router.split().buybackBps, 10_000, "split");
    }

    function testPartsOfNothingAreNotSent() external {
        router.setSplit(IRevenueRouter.Split(0, 10_000, 0, 0));
        earn(500e6);
        router.setBounty(address(usdc), 0, 0);
        router.route(address(usdc));
        (uint256 waiting,) = router.heldOf(address(usdc));
        assertEq(waiting, 500e6, "all for the buyback");
        assertEq(staking.streamOf(DOLLARS).end, 0, "nothing is streamed");
    }

    function testRecipientsAreSomebodyElse() external {
        address[2] memory wrong = [address(0), address(router)];
        for (uint256 i = 0; i < wrong.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IRevenueRouter.RouterInvalidRecipient.selector, wrong[i]));
            router.setTreasury(wrong[i]);
            vm.expectRevert(abi.encodeWithSelector(IRevenueRouter.RouterInvalidRecipient.selector, wrong[i]));
            router.setInsurance(wrong[i]);
        }
        assertTrue(router.treasury() == treasury && router.insurance() == insurance, "unchanged");
    }

    function testOnlyWhatAnybodyMayDoIsOpen() external {
        vm.startPrank(alice);
        vm.expectPartialRevert(UNAUTHORIZED);
        router.setSplit(IRevenueRouter.Split(10_000, 0, 0, 0));
        vm.expectPartialRevert(UNAUTHORIZED);
        router.setTreasury(alice);
        vm.expectPartialRevert(UNAUTHORIZED);
        router.setInsurance(alice);
        vm.expectPartialRevert(UNAUTHORIZED);
        router.setBounty(address(usdc), 50, 1e12);
        vm.expectPartialRevert(UNAUTHORIZED);
        router.setAuctionTerms(address(usdc), IRevenueRouter.AuctionTerms(1, 1, 10_000, 8000, 1 hours));
        vm.expectPartialRevert(UNAUTHORIZED);
        router.haltAuctions(address(usdc));
    }

    function testOnlyTheRouterCollects() external {
        vm.expectPartialRevert(UNAUTHORIZED);
        vm.prank(alice);
        vault.collectFees(USDC_ASSET, 0, alice);
        vm.expectPartialRevert(ISettlementAccounts.SettlementInsufficientBalance.selector);
        router.collect(USDC_ASSET, 1);
        vm.expectRevert(abi.encodeWithSelector(ISettlementAccounts.SettlementUnknownAsset.selector, 9));
        router.collect(9, 1);
    }

    function testItSaysWhomItWorksWith() external view {
        assertTrue(router.settlement() == address(vault), "settlement");
        assertTrue(router.staking() == address(staking), "staking");
        assertTrue(router.prices() == address(prices), "prices");
        assertTrue(router.qtra() == address(qtra), "qtra");
        assertEq(router.MAX_BOUNTY_BPS(), 50, "bounty");
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IStaking} from "../../contracts/interfaces/IStaking.sol";
import {StakingFixture} from "./base/StakingFixture.sol";

/// @dev Stakes: in, out, cooldown, permits, tiers, and who may do what.
contract StakingTest is StakingFixture {
    function testAStakeIsTakenAndCounted() external {
        vm.expectEmit();
        emit IStaking.Staked(alice, 100e18, 100e18);
        stake(alice, 100e18);
        vm.expectEmit();
        emit IStaking.Staked(alice, 1, 100e18 + 1);
        stake(alice, 1);
        assertEq(staking.stakedOf(alice), 100e18 + 1, "stake");
        assertEq(staking.totalStaked(), 100e18 + 1, "total");
        assertEq(qtra.balanceOf(address(staking)), 100e18 + 1, "held");
        assertEq(qtra.balanceOf(alice), FUNDS - 100e18 - 1, "paid");
    }

    function testNothingIsNoStakeAndNoRequest() external {
        vm.expectRevert(IStaking.StakingZeroAmount.selector);
        stake(alice, 0);
        vm.expectRevert(IStaking.StakingZeroAmount.selector);
        unstake(alice, 0);
        vm.expectRevert(abi.encodeWithSelector(IStaking.StakingInsufficientStake.selector, alice, 0, 1));
        unstake(alice, 1);
        vm.expectRevert(abi.encodeWithSelector(IStaking.StakingInsufficientStake.selector, alice, 0, 0));
        vm.prank(alice);
        staking.exit();
    }

    function testMoreThanTheBalanceIsRefused() external {
        vm.expectPartialRevert(bytes4(keccak256("ERC20InsufficientBalance(address,uint256,uint256)")));
        stake(alice, FUNDS + 1);
        vm.expectPartialRevert(bytes4(keccak256("ERC20InsufficientBalance(address,uint256,uint256)")));
        stake(alice, 2 ** 96 + 1);
        vm.expectPartialRevert(bytes4(keccak256("ERC20InsufficientBalance(address,uint256,uint256)")));
        stake(alice, 2 ** 128 + 1);
    }

    function testAStakeComesBackAfterTheCooldownAndNotBefore() external {
        stake(alice, 100e18);
        uint40 availableAt = uint40(vm.getBlockTimestamp()) + 7 days;
        vm.expectEmit();
        emit IStaking.UnstakeRequested(alice, 0, 40e18, availableAt, 60e18);
        assertEq(unstake(alice, 40e18), 0, "first request");
        assertEq(staking.requestOf(alice, 0).amount, 40e18, "amount");
        assertEq(staking.requestOf(alice, 0).availableAt, availableAt, "time");
        assertEq(staking.totalStaked(), 60e18, "no part of the total");

        vm.warp(availableAt - 1);
        vm.startPrank(alice);
        vm.expectRevert(abi.encodeWithSelector(IStaking.StakingCooldown.selector, availableAt));
        staking.withdraw(0);
        vm.warp(availableAt);
        vm.expectEmit();
        emit IStaking.Withdrawn(alice, 0, 40e18);
        staking.withdraw(0);
        assertEq(qtra.balanceOf(alice), FUNDS - 60e18, "paid");
    }

    function testARequestIsPaidOnceAndToItsAccount() external {
        stake(alice, 100e18);
        stake(bob, 100e18);
        unstake(alice, 100e18);
        pass(7 days);
        vm.expectRevert(abi.encodeWithSelector(IStaking.StakingNoRequest.selector, bob, 0));
        vm.prank(bob);
        staking.withdraw(0);
        vm.startPrank(alice);
        staking.withdraw(0);
        vm.expectRevert(abi.encodeWithSelector(IStaking.StakingNoRequest.selector, alice, 0));
        staking.withdraw(0);
        vm.expectRevert(abi.encodeWithSelector(IStaking.StakingNoRequest.selector, alice, 0));
        staking.cancelUnstake(0);
        vm.expectRevert(abi.encodeWithSelector(IStaking.StakingNoRequest.selector, alice, 1));
        staking.requestOf(alice, 1);
    }

    function testEveryRequestHasACooldownOfItsOwn() external {
        stake(alice, 100e18);
        assertEq(unstake(alice, 10e18), 0, "first");
        pass(3 days);
        assertEq(unstake(alice, 20e18), 1, "second");
        assertEq(staking.requestCount(alice), 2, "count");
        pass(4 days);
        vm.startPrank(alice);
        staking.withdraw(0);
        vm.expectPartialRevert(IStaking.StakingCooldown.selector);
        staking.withdraw(1);
        pass(3 days);
        staking.withdraw(1);
        assertEq(qtra.balanceOf(alice), FUNDS - 70e18, "paid");
    }

    function testARequestThatIsTakenBackIsStakedAgain() external {
        stake(alice, 100e18);
        unstake(alice, 40e18);
        pass(8 days);
        vm.expectEmit();
        emit IStaking.UnstakeCancelled(alice, 0, 40e18, 100e18);
        vm.prank(alice);
        staking.cancelUnstake(0);
        assertEq(staking.stakedOf(alice), 100e18, "stake");
        assertEq(staking.totalStaked(), 100e18, "total");
        vm.expectPartialRevert(IStaking.StakingNoRequest.selector);
        vm.prank(alice);
        staking.withdraw(0);
    }

    function testAPermitStakesInOneTransaction() external {
        vm.prank(alice);
        qtra.approve(address(staking), 0);
        (uint8 v, bytes32 r, bytes32 s) = signPermit(5e18, vm.getBlockTimestamp());
        vm.prank(alice);
        staking.stakeWithPermit(5e18, vm.getBlockTimestamp(), v, r, s);
        assertEq(staking.stakedOf(alice), 5e18, "staked");
    }

    /// @dev Whoever watches the mempool can use the permit first.
    function testAPermitThatSomebodyElseUsedIsNoObstacle() external {
        vm.prank(alice);
        qtra.approve(address(staking), 0);
        (uint8 v, bytes32 r, bytes32 s) = signPermit(5e18, vm.getBlockTimestamp());
        vm.prank(bob);
        qtra.permit(alice, address(staking), 5e18, vm.getBlockTimestamp(), v, r, s);
        vm.prank(alice);
        staking.stakeWithPermit(5e18, vm.getBlockTimestamp(), v, r, s);
        assertEq(staking.stakedOf(alice), 5e18, "staked");
    }

    function testAPermitOfSomebodyElseStakesNothing() external {
        vm.prank(alice);
        qtra.approve(address(staking), 0);
        vm.prank(bob);
        qtra.approve(address(staking), 0);
        (uint8 v, bytes32 r, bytes32 s) = signPermit(5e18, vm.getBlockTimestamp());
        vm.expectPartialRevert(bytes4(keccak256("ERC20InsufficientAllowance(address,uint256,uint256)")));
        vm.prank(bob);
        staking.stakeWithPermit(5e18, vm.getBlockTimestamp(), v, r, s);
    }

    function testATierIsWhatTheStakeReaches() external {
        assertEq(staking.tierOf(alice), 0, "no tiers");
        uint128[] memory thresholds = new uint128[](3);
        (thresholds[0], thresholds[1], thresholds[2]) = (100e18, 1000e18, 10_000e18);
        staking.setTiers(thresholds);
        stake(alice, 100e18 - 1);
        assertEq(staking.tierOf(alice), 0, "a unit short");
        stake(alice, 1);
        assertEq(staking.tierOf(alice), 1, "first");
        stake(alice, 9900e18);
        assertEq(staking.tierOf(alice), 3, "last");
        unstake(alice, 1);
        assertEq(staking.tierOf(alice), 2, "what cools down does not count");
    }

    function testTiersAreReplacedAsAWhole() external {
        uint128[] memory thresholds = new uint128[](2);
        (thresholds[0], thresholds[1]) = (1, 2);
        staking.setTiers(thresholds);
        thresholds = new uint128[](1);
        thresholds[0] = 5e18;
        vm.expectEmit();
        emit IStaking.TierSet(1, 5e18);
        vm.expectEmit();
        emit IStaking.TierSet(2, 0);
        staking.setTiers(thresholds);
        assertEq(staking.tiers().length, 1, "count");
        assertEq(staking.tiers()[0], 5e18, "threshold");
    }

    function testTiersRiseAndAreFew() external {
        uint128[] memory thresholds = new uint128[](2);
        vm.expectRevert(IStaking.StakingInvalidTiers.selector);
        staking.setTiers(thresholds);
        (thresholds[0], thresholds[1]) = (5, 5);
        vm.expectRevert(IStaking.StakingInvalidTiers.selector);
        staking.setTiers(thresholds);
        thresholds = new uint128[](staking.MAX_TIERS() + 1);
        for (uint128 i = 0; i < thresholds.length; ++i) {
            thresholds[i] = i + 1;
        }
        vm.expectRevert(IStaking.StakingInvalidTiers.selector);
        staking.setTiers(thresholds);
    }

    function testOnlyTheOperatorListsRewardsAndSetsTiers() external {
        bytes4 unauthorized = bytes4(keccak256("AccessManagedUnauthorized(address)"));
        vm.startPrank(alice);
        vm.expectPartialRevert(unauthorized);
        staking.listReward(address(usdc));
        vm.expectPartialRevert(unauthorized);
        staking.setTiers(new uint128[](0));
    }

    function testItSaysWhatNobodyCanChange() external view {
        assertEq(staking.COOLDOWN(), 7 days, "cooldown");
        assertEq(staking.MIN_DURATION(), 7 days, "shortest stream");
        assertEq(staking.MAX_DURATION(), 90 days, "longest stream");
        assertEq(staking.MIN_TOTAL(), 1e18, "least total");
        assertEq(staking.MAX_REWARDS(), 5, "rewards");
        assertTrue(staking.qtra() == address(qtra), "token");
    }

    function signPermit(uint256 amount, uint256 deadline) private view returns (uint8 v, bytes32 r, bytes32 s) {
        bytes32 typeHash =
            keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");
        bytes32 hash = keccak256(abi.encode(typeHash, alice, address(staking), amount, qtra.nonces(alice), deadline));
        return vm.sign(ALICE_KEY, keccak256(abi.encodePacked("\x19\x01", qtra.DOMAIN_SEPARATOR(), hash)));
    }
}

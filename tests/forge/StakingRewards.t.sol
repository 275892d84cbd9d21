// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IStaking} from "../../contracts/interfaces/IStaking.sol";
import {TestToken} from "../../contracts/mocks/TestToken.sol";
import {StakingFixture} from "./base/StakingFixture.sol";

/// @dev Rewards: in proportion to stake and time, to the unit, whoever else acts.
contract StakingRewardsTest is StakingFixture {
    /// @dev A dollar over a week is 1.65 units a second: an integer rate would pay out 60 % of it.
    function testADollarOverAWeekIsNotTruncated() external {
        stake(alice, 100e18);
        notifyDollars(1e6);
        pass(WEEK);
        assertAbout(staking.earned(alice, DOLLARS), 1e6, 1, "a dollar");
        assertEq(staking.streamOf(DOLLARS).waiting, 0, "none held back");
    }

    /// @dev Any amount over any time, with the index brought up to date at any moments, and any stakes.
    function testNoAmountIsTruncated(uint256 dice, uint96 amount, uint96 whale) external {
        uint256 paidIn = bound(amount, 1e4, 5e14);
        uint40 duration = uint40(bound(dice >> 64, 7 days, 90 days));
        stake(alice, 1e18 + whale % FUNDS / 2);
        usdc.mint(address(this), paidIn);
        staking.notify(DOLLARS, paidIn, duration);
        for (uint256 i = 0; i < 5; ++i) {
            pass(duration / 5);
            stake(alice, 1);
        }
        pass(5);
        uint256 earned = staking.earned(alice, DOLLARS) + staking.streamOf(DOLLARS).waiting;
        assertAbout(earned, paidIn, 8, "all of it");
    }

    /// @dev With all of the supply staked, and acting in every second for ten minutes.
    function testActingOftenCostsNothing() external {
        qtra.transfer(alice, qtra.balanceOf(address(this)));
        stake(alice, qtra.balanceOf(alice));
        stake(bob, FUNDS - 600);
        notifyDollars(10e6);
        for (uint256 i = 0; i < 600; ++i) {
            pass(1);
            stake(bob, 1);
        }
        uint256 sum = staking.earned(alice, DOLLARS) + staking.earned(bob, DOLLARS);
        // Ten dollars a week are 16.5 units a second. Bob loses up to a part of a unit each time.
        assertTrue(sum + 20 >= uint256(10e6) * 600 / WEEK, "a second at a time");
    }

    function testEverybodyGetsByStakeAndTime(uint96 first, uint96 second, uint32 later) external {
        uint256 ofAlice = bound(first, 1e18, FUNDS);
        uint256 ofBob = bound(second, 1, FUNDS);
        uint256 joins = bound(later, 0, WEEK);
        stake(alice, ofAlice);
        notifyDollars(1_000_000e6);
        pass(joins);
        stake(bob, ofBob);
        pass(WEEK - joins);
        uint256 shared = 1_000_000e6 * (WEEK - joins) / WEEK;
        uint256 expected = shared * ofBob / (ofAlice + ofBob);
        assertTrue(staking.earned(bob, DOLLARS) <= expected + 1, "no more");
        assertTrue(staking.earned(bob, DOLLARS) + 3 >= expected, "no less");
        uint256 rest = 1_000_000e6 - expected;
        assertTrue(staking.earned(alice, DOLLARS) <= rest + 1, "the rest and no more");
        assertTrue(staking.earned(alice, DOLLARS) + 3 >= rest, "the rest and no less");
    }

    function testNothingIsStrandedWhileNobodyStakes() external {
        notifyDollars(700e6);
        pass(30 days);
        assertEq(staking.rateOf(DOLLARS), 0, "nobody earns");
        stake(alice, 100e18);
        assertEq(staking.streamOf(DOLLARS).end, vm.getBlockTimestamp() + WEEK, "the whole week is to come");
        pass(1 days);
        unstake(alice, 100e18);
        assertAbout(staking.earned(alice, DOLLARS), 100e6, 1, "a day's");
        pass(365 days);
        assertAbout(staking.streamOf(DOLLARS).left, 600e6, 1, "the rest stands still");
        assertEq(staking.streamOf(DOLLARS).end, vm.getBlockTimestamp() + 6 days, "and its end moves");
        stake(bob, 1e18);
        pass(6 days);
        assertAbout(staking.earned(bob, DOLLARS), 600e6, 2, "and goes to whoever stakes");
        assertAbout(staking.earned(alice, DOLLARS), 100e6, 1, "what she had stays hers");
    }

    /// @dev Less than a whole QTRA, all together, is nobody: it keeps the sums within their bounds.
    function testLessThanOneQtraIsNobody() external {
        notifyDollars(700e6);
        stake(alice, 1e18 - 1);
        pass(1 days);
        assertEq(staking.earned(alice, DOLLARS), 0, "nothing");
        assertEq(staking.rateOf(DOLLARS), 0, "no rate");
        stake(bob, 1);
        pass(7 days);
        assertAbout(staking.earned(alice, DOLLARS), 700e6, 2, "all");
    }

    function testAFlashStakeEarnsNothing() external {
        stake(alice, 1e18);
        notifyDollars(1_000_000e6);
        pass(1 days);
        stake(bob, FUNDS);
        assertEq(claim(bob, DOLLARS), 0, "within the block");
        unstake(bob, FUNDS);
        assertEq(staking.earned(bob, DOLLARS), 0, "nothing stays");
        pass(7 days);
        assertEq(staking.earned(bob, DOLLARS), 0, "the cooldown earns nothing");
        assertAbout(staking.earned(alice, DOLLARS), 1_000_000e6, 1, "alice gets all");
    }

    /// @dev Tokens that are sent here count as nothing: no stake and no reward becomes more or less.
    function testADonationChangesNothing() external {
        stake(alice, 1);
        qtra.transfer(address(staking), 1_000_000e18);
        stake(bob, 100e18);
        assertEq(staking.stakedOf(bob), 100e18, "bob's stake");
        assertEq(staking.totalStaked(), 100e18 + 1, "total");
        notifyDollars(700e6);
        usdc.mint(address(staking), 1000e6);
        pass(WEEK);
        assertAbout(staking.earned(bob, DOLLARS), 700e6, 2, "no more and no less");
        assertEq(staking.earned(alice, DOLLARS), 0, "her part of a unit");
    }

    function testRewardsInQtraAreKeptApartFromStakes() external {
        stake(alice, 100e18);
        staking.notify(QTRAS, 70e18, WEEK);
        pass(WEEK);
        uint256 paid = claim(alice, QTRAS);
        assertAbout(paid, 70e18, 1e6, "all rewards");
        assertEq(claim(alice, QTRAS), 0, "once");
        assertTrue(qtra.balanceOf(address(staking)) >= 100e18, "the stake is here");
        unstake(alice, 100e18);
        pass(WEEK);
        vm.prank(alice);
        staking.withdraw(0);
        assertEq(qtra.balanceOf(alice), FUNDS + paid, "stake and rewards");
    }

    function testWhatWasEarnedStaysWhenTheStakeChanges() external {
        stake(alice, 100e18);
        notifyDollars(700e6);
        pass(1 days);
        stake(alice, 900e18);
        assertAbout(staking.earned(alice, DOLLARS), 100e6, 2, "after staking more");
        unstake(alice, 999e18);
        assertAbout(staking.earned(alice, DOLLARS), 100e6, 2, "after unstaking");
        pass(1 days);
        unstake(alice, 1e18);
        vm.prank(alice);
        staking.cancelUnstake(0);
        assertAbout(staking.earned(alice, DOLLARS), 200e6, 4, "after staking again");
        pass(1 days);
        vm.expectEmit();
        emit IStaking.RewardPaid(DOLLARS, alice, uint128(staking.earned(alice, DOLLARS)));
        assertAbout(claim(alice, DOLLARS), 300e6, 6, "claimed");
        assertEq(staking.earned(alice, DOLLARS), 0, "nothing left");
    }

    function testAllRewardsAreClaimedAtOnce() external {
        stake(alice, 100e18);
        notifyDollars(700e6);
        staking.notify(QTRAS, 700e18, 14 days);
        pass(WEEK);
        vm.prank(alice);
        staking.claim();
        assertAbout(usdc.balanceOf(alice), 700e6, 2, "dollars");
        assertAbout(qtra.balanceOf(alice), FUNDS - 100e18 + 350e18, 1e6, "QTRA");
        vm.prank(alice);
        staking.claim();
        assertAbout(usdc.balanceOf(alice), 700e6, 2, "once");
    }

    /// @dev Rewards of any decimals, in both words of an account, some listed after it staked.
    function testFiveRewardsAreStreamedAtOnce() external {
        stake(alice, 300e18);
        uint8[3] memory decimals = [0, 8, 18];
        TestToken[3] memory tokens;
        for (uint256 i = 0; i < decimals.length; ++i) {
            tokens[i] = new TestToken("Reward", "RWD", decimals[i]);
            tokens[i].mint(address(this), 700 * 10 ** decimals[i]);
            tokens[i].approve(address(staking), type(uint256).max);
            vm.expectEmit();
            emit IStaking.RewardListed(uint8(3 + i), address(tokens[i]));
            assertEq(staking.listReward(address(tokens[i])), 3 + i, "number");
            assertEq(staking.rewardOf(address(tokens[i])), 3 + i, "by token");
            staking.notify(uint8(3 + i), 700 * 10 ** decimals[i], WEEK);
        }
        notifyDollars(700e6);
        staking.notify(QTRAS, 700e18, WEEK);
        pass(1 days);
        stake(bob, 100e18);
        unstake(alice, 200e18);
        pass(3 days);
        stake(alice, 200e18);
        pass(3 days);
        // Alice: a day alone, three days at a half, three days at three quarters.
        uint256[5] memory units = [uint256(1e6), 1e18, 1, 1e8, 1e18];
        for (uint8 reward = 1; reward <= 5; ++reward) {
            uint256 unit = units[reward - 1];
            assertAbout(staking.earned(alice, reward), 475 * unit, 2 + unit / 1e10, "alice");
            assertAbout(claim(bob, reward), 225 * unit, 2 + unit / 1e10, "bob");
        }
        assertEq(staking.rewardCount(), 5, "count");
        TestToken another = new TestToken("Another", "RWD", 6);
        vm.expectRevert(IStaking.StakingTooManyRewards.selector);
        staking.listReward(address(another));
    }

    function testARewardIsListedOnceAndHasFewDecimals() external {
        vm.expectRevert(abi.encodeWithSelector(IStaking.StakingInvalidReward.selector, address(usdc)));
        staking.listReward(address(usdc));
        vm.expectRevert(abi.encodeWithSelector(IStaking.StakingInvalidReward.selector, alice));
        staking.listReward(alice);
        address fine = address(new TestToken("Fine", "FINE", 19));
        vm.expectRevert(abi.encodeWithSelector(IStaking.StakingInvalidReward.selector, fine));
        staking.listReward(fine);
        assertEq(staking.rewardOf(fine), 0, "none");
    }

    function testUnknownRewardsAreRefused() external {
        uint8[2] memory unknown = [0, 3];
        for (uint256 i = 0; i < unknown.length; ++i) {
            bytes memory refusal = abi.encodeWithSelector(IStaking.StakingUnknownReward.selector, unknown[i]);
            vm.expectRevert(refusal);
            staking.notify(unknown[i], 1, WEEK);
            vm.expectRevert(refusal);
            staking.claim(unknown[i]);
            vm.expectRevert(refusal);
            staking.earned(alice, unknown[i]);
            vm.expectRevert(refusal);
            staking.streamOf(unknown[i]);
            vm.expectRevert(refusal);
            staking.rateOf(unknown[i]);
        }
    }

    function testAStreamLastsAWeekAtLeast() external {
        vm.expectRevert(abi.encodeWithSelector(IStaking.StakingInvalidDuration.selector, WEEK - 1));
        staking.notify(QTRAS, 1e18, WEEK - 1);
        vm.expectRevert(abi.encodeWithSelector(IStaking.StakingInvalidDuration.selector, 90 days + 1));
        staking.notify(QTRAS, 1e18, 90 days + 1);
        vm.expectRevert(IStaking.StakingZeroAmount.selector);
        staking.notify(QTRAS, 0, WEEK);
        vm.expectEmit();
        emit IStaking.RewardNotified(QTRAS, address(this), 7e18, uint40(vm.getBlockTimestamp()) + WEEK);
        staking.notify(QTRAS, 7e18, WEEK);
        uint256 perSecond = 7e18 / uint256(WEEK);
        stake(alice, 1e18);
        assertEq(staking.rateOf(QTRAS) >> 64, perSecond, "rate");
        assertTrue(staking.streamOf(QTRAS).token == address(qtra), "token");
    }

    /// @dev Paying in dust again and again must not make a stream last for ever.
    function testDustDoesNotStretchAStream() external {
        stake(alice, 1e18);
        notifyDollars(700e6);
        uint40 end = staking.streamOf(DOLLARS).end;
        for (uint256 i = 0; i < 6; ++i) {
            pass(1 days);
            usdc.mint(address(this), 1e6);
            vm.expectEmit(address(staking));
            emit IStaking.RewardNotified(DOLLARS, address(this), 1e6, end);
            staking.notify(DOLLARS, 1e6, WEEK);
            assertEq(staking.streamOf(DOLLARS).end, end, "end");
        }
        assertEq(staking.streamOf(DOLLARS).waiting, 6e6, "waits");
        pass(1 days);
        assertAbout(staking.earned(alice, DOLLARS), 700e6, 1, "in time");
        staking.notify(DOLLARS, 0, WEEK);
        pass(WEEK);
        assertAbout(staking.earned(alice, DOLLARS), 706e6, 2, "and what waited");
    }

    function testEachPartOfAStreamCountsWithItsOwnDuration() external {
        stake(alice, 1e18);
        notifyDollars(700e6);
        pass(4 days);
        usdc.mint(address(this), 300e6);
        staking.notify(DOLLARS, 300e6, 21 days);
        // 300 are left, which count with a week, and 300 come for three.
        uint256 end = staking.streamOf(DOLLARS).end;
        assertAbout(end, vm.getBlockTimestamp() + 14 days, 2, "the mean");
        pass(14 days);
        assertAbout(staking.earned(alice, DOLLARS), 1000e6, 2, "all of both");
    }

    /// @dev What one streams never ends what another streams, nor moves it.
    function testStreamsAreApart(uint32 gap) external {
        stake(alice, 1e18);
        notifyDollars(700e6);
        pass(bound(gap, 0, 20 days));
        staking.notify(QTRAS, 7e18, WEEK);
        pass(WEEK);
        assertAbout(staking.earned(alice, DOLLARS), 700e6, 2, "dollars");
        assertAbout(staking.earned(alice, QTRAS), 7e18, 1e6, "QTRA");
    }

    function testWhatIsForfeitedIsStreamedAgain() external {
        stake(alice, 100e18);
        stake(bob, 100e18);
        notifyDollars(700e6);
        pass(1 days);
        unstake(bob, 50e18);
        pass(1 days);
        uint256 forfeited = staking.earned(bob, DOLLARS);
        vm.expectEmit();
        emit IStaking.RewardsForfeited(bob);
        vm.prank(bob);
        assertEq(staking.exit(), 1, "a request");
        assertEq(staking.earned(bob, DOLLARS), 0, "forfeited");
        assertEq(staking.streamOf(DOLLARS).waiting, forfeited, "waits");
        pass(7 days);
        vm.startPrank(bob);
        staking.withdraw(0);
        staking.withdraw(1);
        vm.stopPrank();
        assertEq(qtra.balanceOf(bob), FUNDS, "the stake is back");
        staking.notify(DOLLARS, 0, WEEK);
        pass(WEEK);
        assertAbout(staking.earned(alice, DOLLARS), 700e6, 6, "alice gets it");
    }

    /// @dev At the bound everything still counts right; above it is refused.
    function testARewardThatCouldOverflowIsRefused() external {
        uint256 most = 976_562_500e6;
        usdc.mint(address(this), 2 ** 97);
        vm.expectPartialRevert(IStaking.StakingRewardTooLarge.selector);
        staking.notify(DOLLARS, most, WEEK);
        vm.expectPartialRevert(IStaking.StakingRewardTooLarge.selector);
        staking.notify(DOLLARS, 2 ** 96 + 1, WEEK);
        staking.notify(DOLLARS, most - 1e6, WEEK);
        stake(alice, 1e18);
        pass(WEEK);
        assertAbout(claim(alice, DOLLARS), most - 1e6, 2, "all to the only stake");
        vm.expectPartialRevert(IStaking.StakingRewardTooLarge.selector);
        staking.notify(DOLLARS, 2e6, WEEK);
        stake(alice, 99e18);
        vm.prank(alice);
        staking.exit();
    }
}

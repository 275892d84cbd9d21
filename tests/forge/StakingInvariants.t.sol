// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IStaking} from "../../contracts/interfaces/IStaking.sol";
import {TestBase} from "./base/TestBase.sol";
import {StakingHandler, StakingRule} from "./handler/StakingHandler.sol";

/// @dev What is true of the staking contract after any sequence of calls by anybody, whatever a reward token does.
contract StakingInvariantsTest is TestBase {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    uint256 private constant ACCOUNTS = 4;
    uint8 private constant REWARDS = 3;
    uint8 private constant QTRAS = 2;

    StakingHandler private _handler;
    IStaking private _staking;

    function setUp() public {
        _handler = new StakingHandler();
        _handler.setUp();
        _staking = _handler.stakingOf();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    /// @dev A function that stands here twice is drawn twice as often.
    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        bytes4[15] memory drawn = [
            StakingHandler.stakeSome.selector,
            StakingHandler.stakeSome.selector,
            StakingHandler.requestUnstake.selector,
            StakingHandler.cancelUnstake.selector,
            StakingHandler.withdraw.selector,
            StakingHandler.claimSome.selector,
            StakingHandler.exit.selector,
            StakingHandler.notify.selector,
            StakingHandler.notify.selector,
            StakingHandler.flash.selector,
            StakingHandler.donate.selector,
            StakingHandler.wait.selector,
            StakingHandler.refuse.selector,
            StakingHandler.setTiers.selector,
            StakingHandler.intrude.selector
        ];
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(_handler), new bytes4[](drawn.length));
        for (uint256 i = 0; i < drawn.length; ++i) {
            targets[0].selectors[i] = drawn[i];
        }
    }

    /// @dev One campaign for all: each is looked at after every call.
    function invariantAll() external view {
        checkEarnedAndPaidAreAtMostWhatWasPaidIn();
        checkNothingOfARewardIsLost();
        checkEveryUnitIsHere();
        checkStakesAreHeldApartFromRewards();
        checkTheTotalIsTheSumOfStakes();
        checkStakesAndRequestsAreTheTextbooks();
        checkRewardsAreTheTextbooks();
        never(StakingRule.OTHERS_KEEP, "NobodyLosesRewardsByAnothersAction");
        never(StakingRule.COOLDOWN, "TheCooldownIsKeptAndPaysOnce");
        never(StakingRule.FLASH, "AFlashStakeEarnsNothing");
        never(StakingRule.STANDSTILL, "StreamsStandStillWhileNobodyStakes");
        never(StakingRule.STREAM_LENGTH, "AStreamLastsAWeekAndIsNotStretchedByDust");
        never(StakingRule.LEAVING, "LeavingIsAlwaysPossible");
        never(StakingRule.CLAIM_PAYS, "AClaimPaysWhatWasEarned");
        never(StakingRule.TIERS, "ATierIsWhatTheStakeReaches");
        never(StakingRule.STRANGER, "AStrangerCanDoNothing");
    }

    /// @dev After the last call of a sequence.
    function afterInvariant() external {
        _handler.everybodyLeaves();
    }

    function checkEarnedAndPaidAreAtMostWhatWasPaidIn() private view {
        for (uint8 reward = 1; reward <= REWARDS; ++reward) {
            assertTrue(accounted(reward) <= _handler.paidIn(reward), "EarnedAndPaidAreAtMostWhatWasPaidIn");
        }
    }

    function checkNothingOfARewardIsLost() private view {
        for (uint8 reward = 1; reward <= REWARDS; ++reward) {
            uint256 lost = _handler.paidIn(reward) - accounted(reward);
            assertTrue(lost <= rounding(reward), "NothingOfARewardIsLost");
        }
    }

    function checkEveryUnitIsHere() private view {
        for (uint8 reward = 1; reward <= REWARDS; ++reward) {
            uint256 expected = _handler.paidIn(reward) - _handler.paidOut(reward) + _handler.donated(reward);
            if (reward == QTRAS) expected += ofStakers();
            assertEq(_handler.balanceHere(reward), expected, "EveryUnitIsHere");
        }
    }

    function checkStakesAreHeldApartFromRewards() private view {
        uint256 rewards = accounted(QTRAS) - _handler.paidOut(QTRAS);
        assertTrue(_handler.balanceHere(QTRAS) >= ofStakers() + rewards, "StakesAreHeldApartFromRewards");
    }

    function checkTheTotalIsTheSumOfStakes() private view {
        uint256 sum = 0;
        for (uint256 i = 0; i < ACCOUNTS; ++i) {
            sum += _staking.stakedOf(_handler.accountOf(i));
        }
        assertEq(_staking.totalStaked(), sum, "TheTotalIsTheSumOfStakes");
    }

    function checkStakesAndRequestsAreTheTextbooks() private view {
        for (uint256 i = 0; i < ACCOUNTS; ++i) {
            address account = _handler.accountOf(i);
            assertEq(_staking.stakedOf(account), _handler.bookStake(account), "StakesAreTheTextbooks");
            IStaking.Request[] memory requests = _handler.requestsOf(account);
            assertEq(_staking.requestCount(account), requests.length, "RequestsAreTheTextbooks");
            for (uint256 k = 0; k < requests.length; ++k) {
                IStaking.Request memory request = _staking.requestOf(account, k);
                assertEq(request.amount, requests[k].amount, "RequestsAreTheTextbooks");
                assertEq(request.availableAt, requests[k].availableAt, "RequestsAreTheTextbooks");
            }
        }
    }

    function checkRewardsAreTheTextbooks() private view {
        for (uint256 i = 0; i < ACCOUNTS; ++i) {
            address account = _handler.accountOf(i);
            for (uint8 reward = 1; reward <= REWARDS; ++reward) {
                uint256 earned = _staking.earned(account, reward);
                uint256 expected = _handler.bookEarned(account, reward);
                assertTrue(earned <= expected + rounding(reward), "RewardsAreTheTextbooks");
                assertTrue(earned + rounding(reward) >= expected, "RewardsAreTheTextbooks");
            }
        }
    }

    function never(StakingRule rule, string memory name) private view {
        assertTrue(_handler.broken() & (1 << uint256(rule)) == 0, name);
    }

    /// @dev Where all of a reward is that can be said to be somewhere.
    function accounted(uint8 reward) private view returns (uint256 sum) {
        IStaking.Stream memory stream = _staking.streamOf(reward);
        sum = _handler.paidOut(reward) + stream.left + stream.waiting;
        for (uint256 i = 0; i < ACCOUNTS; ++i) {
            sum += _staking.earned(_handler.accountOf(i), reward);
        }
    }

    /// @dev What rounding can have taken by now: two units an account and call, and of QTRA 2^34, a hundred-millionth.
    function rounding(uint8 reward) private view returns (uint256) {
        return 2 * (_handler.roundings() + 2) * ACCOUNTS * (reward == QTRAS ? 2 ** 34 : 1);
    }

    function ofStakers() private view returns (uint256 sum) {
        for (uint256 i = 0; i < ACCOUNTS; ++i) {
            address account = _handler.accountOf(i);
            sum += _handler.bookStake(account) + _handler.cooling(account);
        }
    }
}

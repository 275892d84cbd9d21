// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";

/// @title Staking: QTRA staked for rewards and lower fees
/// @notice Rewards come in several tokens, each streamed over at least 7 days in proportion to stakes and time. While
/// nobody stakes a stream stands still, so nothing is stranded. Who unstakes waits for the cooldown, in which the stake
/// earns nothing. Leaving needs nobody, and no reward token.
/// @dev Amounts are base units of the token. Rewards are numbered from 1. "Nobody stakes" means: less than `MIN_TOTAL`
/// is staked by all together.
interface IStaking is IAccessManaged {
    /// @notice How a reward is paid out now.
    /// @param left what the stream will still pay
    /// @param waiting what joins the next stream: too little to start one beside `left`, or forfeited
    /// @param rate base units a second that all stakes earn together, times 2^64; nobody gets them while nobody stakes
    /// @param end when the stream runs dry, if somebody stakes all the time; in the past if it has
    struct Stream {
        address token;
        uint128 left;
        uint128 waiting;
        uint256 rate;
        uint40 end;
    }

    /// @notice QTRA on its way out. Nothing is left of a request that was withdrawn or taken back.
    struct Request {
        uint128 amount;
        uint40 availableAt;
    }

    /// @param threshold what must be staked for the tier; 0: there is no such tier any more
    event TierSet(uint256 indexed tier, uint128 threshold);
    event RewardListed(uint8 indexed reward, address token);
    /// @param end when the stream ends if somebody stakes all the time. If the amount has to wait: when the one ends
    /// that runs now
    event RewardNotified(uint8 indexed reward, address indexed payer, uint128 amount, uint40 end);
    /// @param staked what the account has staked after it
    event Staked(address indexed account, uint128 amount, uint128 staked);
    /// @param request number of the request among the account's
    /// @param availableAt first second in which it can be withdrawn
    event UnstakeRequested(
        address indexed account, uint256 request, uint128 amount, uint40 availableAt, uint128 staked
    );
    event UnstakeCancelled(address indexed account, uint256 request, uint128 amount, uint128 staked);
    event Withdrawn(address indexed account, uint256 request, uint128 amount);
    event RewardPaid(uint8 indexed reward, address indexed account, uint128 amount);
    /// @notice An account left without its rewards, which are streamed again.
    event RewardsForfeited(address indexed account);

    error StakingZeroAmount();
    error StakingInsufficientStake(address account, uint256 staked, uint256 amount);
    error StakingNoRequest(address account, uint256 request);
    error StakingCooldown(uint40 availableAt);
    error StakingUnknownReward(uint8 reward);
    /// @dev A reward is a token with 18 decimals or fewer, listed once.
    error StakingInvalidReward(address token);
    error StakingTooManyRewards();
    /// @dev A stream lasts from `MIN_DURATION` to `MAX_DURATION`.
    error StakingInvalidDuration(uint40 duration);
    /// @dev The token moved another amount than it was asked to; such tokens are no rewards.
    error StakingUnexpectedReceipt(uint256 asked, uint256 received);
    /// @dev So much that the sums could overflow: about 10^9 whole tokens for each whole QTRA of `MIN_TOTAL`.
    error StakingRewardTooLarge(uint8 reward, uint256 amount);
    /// @dev Thresholds rise, from above 0, and there are at most `MAX_TIERS`.
    error StakingInvalidTiers();

    /// @notice Stakes the caller's QTRA, which it has approved.
    function stake(uint256 amount) external;

    /// @notice The same with an EIP-2612 permit. A permit that somebody else has already used is no obstacle.
    function stakeWithPermit(uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external;

    /// @notice Takes a part of the stake out, or all: it earns nothing from now on, and can be withdrawn after `COOLDOWN`.
    /// What it has earned stays claimable.
    /// @return request its number among the caller's requests, from 0
    function requestUnstake(uint256 amount) external returns (uint256 request);

    /// @notice Stakes again what was on its way out.
    function cancelUnstake(uint256 request) external;

    /// @notice Pays a request whose cooldown is over.
    function withdraw(uint256 request) external;

    /// @notice Pays the caller what it has earned of all rewards.
    function claim() external;

    /// @notice Pays the caller what it has earned of one reward, whatever the tokens of the others do.
    /// @return amount 0 if there is nothing to pay
    function claim(uint8 reward) external returns (uint256 amount);

    /// @notice Takes out the whole stake and forfeits all rewards. No token is called, and nothing in it can fail.
    /// @return request its number among the caller's requests; the cooldown is the same
    function exit() external returns (uint256 request);

    /// @notice Pays in a reward. Together with what is left of its stream it is streamed anew; each part counts with its
    /// own duration, what is left with at least `MIN_DURATION`.
    /// @dev Less than a tenth of what is left waits until there is more or the stream is over, so that nobody can
    /// stretch a stream by paying in dust. An amount of 0 streams what waits.
    /// @param duration seconds
    function notify(uint8 reward, uint256 amount, uint40 duration) external;

    /// @notice Lists a token as a reward. There is no way to take it off.
    function listReward(address token) external returns (uint8 reward);

    /// @notice Replaces all tiers.
    /// @param thresholds what must be staked for tiers 1, 2, ...; rising
    function setTiers(uint128[] calldata thresholds) external;

    /// @notice What an account could claim of a reward.
    function earned(address account, uint8 reward) external view returns (uint256 amount);
    function stakedOf(address account) external view returns (uint256 amount);

    /// @notice The highest tier whose threshold the account's stake reaches; 0 is none. What cools down does not count.
    function tierOf(address account) external view returns (uint256 tier);

    /// @notice Thresholds of tiers 1, 2, ...
    function tiers() external view returns (uint128[] memory thresholds);
    function totalStaked() external view returns (uint256 amount);

    function requestOf(address account, uint256 request) external view returns (Request memory);

    /// @notice How many requests an account ever made.
    function requestCount(address account) external view returns (uint256 count);
    function streamOf(uint8 reward) external view returns (Stream memory);

    /// @notice Base units a second that all stakes earn together, times 2^64; 0 while nobody stakes.
    function rateOf(uint8 reward) external view returns (uint256 rate);

    /// @notice The number of a reward token; 0 if it is none.
    function rewardOf(address token) external view returns (uint8 reward);
    function rewardCount() external view returns (uint8 count);
    function qtra() external view returns (address token);

    function COOLDOWN() external view returns (uint40);
    function MIN_DURATION() external view returns (uint40);
    function MAX_DURATION() external view returns (uint40);
    function MIN_TOTAL() external view returns (uint256);
    function MAX_REWARDS() external view returns (uint8);
    function MAX_TIERS() external view returns (uint8);
}

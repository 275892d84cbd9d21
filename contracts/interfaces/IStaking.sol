// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Staking: QTRA staked for rewards and lower fees
/// @notice Rewards come in several tokens, each streamed over at least 7 days in proportion to stakes and time. While
/// nobody stakes a stream stands still, so nothing is stranded. Who unstakes waits for the cooldown, in which the stake
/// earns nothing. Leaving needs nobody, and no reward token.
interface IStaking {
    event TierSet(uint256 indexed tier, uint128 threshold);
    event RewardListed(uint8 indexed reward, address token);
    event RewardNotified(uint8 indexed reward, address indexed payer, uint128 amount, uint40 end);
    /// @param staked what the account has staked after it
    event Staked(address indexed account, uint128 amount, uint128 staked);
    /// @param request number of the request among the account's
    /// @param at first second in which it can be withdrawn
    event UnstakeRequested(address indexed account, uint256 request, uint128 amount, uint40 at, uint128 staked);
    event UnstakeCancelled(address indexed account, uint256 request, uint128 amount, uint128 staked);
    event Withdrawn(address indexed account, uint256 request, uint128 amount);
    event RewardPaid(uint8 indexed reward, address indexed account, uint128 amount);
    /// @notice An account left without its rewards, which are streamed again.
    event RewardsForfeited(address indexed account);
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IStaking} from "../interfaces/IStaking.sol";
import {Pool, RewardStream, RewardStreams} from "./RewardStream.sol";
import {StakeAccount, StakeAccounts} from "./StakeAccount.sol";
import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

/// @title Staking
/// @dev Documented on `IStaking`. What is held for stakes and what is held for rewards is never mixed up, though both can be
/// QTRA: neither is read from a balance, and nothing given to this contract by a plain transfer counts as anything.
/// Rewards are counted from 0 in here, from 1 outside.
contract Staking is AccessManaged, ReentrancyGuardTransient, IStaking {
    using RewardStreams for Pool;
    using RewardStreams for RewardStream;
    using SafeERC20 for IERC20;
    using StakeAccounts for StakeAccount;

    uint40 public constant COOLDOWN = 7 days;
    uint40 public constant MIN_DURATION = 7 days;
    uint40 public constant MAX_DURATION = 90 days;
    /// @dev So many checkpoints fit an account.
    uint8 public constant MAX_REWARDS = 5;
    uint8 public constant MAX_TIERS = 16;
    /// @dev A payment starts a new stream if it is at least this part of what is left of the old one.
    uint256 private constant LEAST_PART = 10;

    address public immutable qtra;

    Pool private _pool;
    uint128[] private _tiers;
    mapping(uint256 reward => RewardStream) private _streams;
    mapping(uint256 reward => address) private _tokens;
    /// @dev Paid in and not streamed yet.
    mapping(uint256 reward => uint256) private _waiting;
    mapping(address token => uint8) private _rewardOfToken;
    mapping(address account => StakeAccount) private _accounts;
    /// @dev Earned by stakes that were taken out since, and not claimed.
    mapping(address account => uint128[MAX_REWARDS]) private _earnedBefore;
    mapping(address account => Request[]) private _requests;

    /// @param accessManager decides who may call what is `restricted`
    /// @param qtra_ the token that is staked: no fee on transfer, no callbacks, and a supply of less than 2^96
    constructor(address accessManager, address qtra_) AccessManaged(accessManager) {
        qtra = qtra_;
    }

    function stake(uint256 amount) external {
        _stake(amount);
    }

    function stakeWithPermit(uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external {
        // Whoever saw the permit may have used it first. Then the allowance is there, or the transfer fails.
        try IERC20Permit(qtra).permit(msg.sender, address(this), amount, deadline, v, r, s) {} catch {}
        _stake(amount);
    }

    function requestUnstake(uint256 amount) external returns (uint256 request) {
        require(amount != 0, StakingZeroAmount());
        (Pool memory pool, uint256[] memory perStake) = _sync();
        StakeAccount memory account = _accounts[msg.sender].load(pool.rewards);
        uint256 staked = account.staked();
        require(amount <= staked, StakingInsufficientStake(msg.sender, staked, amount));
        for (uint256 i = 0; i < pool.rewards; ++i) {
            uint256 reward = account.earned(i, perStake[i], _streams[i].shift);
            if (reward != 0) _earnedBefore[msg.sender][i] += uint128(reward);
            account.restart(i, perStake[i]);
        }
        account.setStaked(staked - amount);
        account.save(_accounts[msg.sender], pool.rewards);
        return _startCooldown(pool, amount, staked - amount);
    }

    function cancelUnstake(uint256 request) external {
        uint256 amount = _takeRequest(request).amount;
        uint256 staked = _addStake(amount);
        emit UnstakeCancelled(msg.sender, request, uint128(amount), uint128(staked));
    }

    function withdraw(uint256 request) external nonReentrant {
        Request memory taken = _takeRequest(request);
        require(block.timestamp >= taken.availableAt, StakingCooldown(taken.availableAt));
        emit Withdrawn(msg.sender, request, taken.amount);
        IERC20(qtra).safeTransfer(msg.sender, taken.amount);
    }

    function claim() external nonReentrant {
        Pool memory pool = _pool;
        for (uint256 i = 0; i < pool.rewards; ++i) {
            _claim(pool, i);
        }
    }

    function claim(uint8 reward) external nonReentrant returns (uint256 amount) {
        Pool memory pool = _pool;
        return _claim(pool, _indexOf(pool, reward));
    }

    function exit() external returns (uint256 request) {
        (Pool memory pool, uint256[] memory perStake) = _sync();
        StakeAccount memory account = _accounts[msg.sender].load(pool.rewards);
        uint256 staked = account.staked();
        require(staked != 0, StakingInsufficientStake(msg.sender, 0, 0));
        for (uint256 i = 0; i < pool.rewards; ++i) {
            uint256 forfeited = account.earned(i, perStake[i], _streams[i].shift) + _earnedBefore[msg.sender][i];
            if (forfeited == 0) continue;
            delete _earnedBefore[msg.sender][i];
            _waiting[i] += forfeited;
        }
        delete _accounts[msg.sender];
        emit RewardsForfeited(msg.sender);
        return _startCooldown(pool, staked, 0);
    }

    function notify(uint8 reward, uint256 amount, uint40 duration) external nonReentrant {
        require(duration >= MIN_DURATION && duration <= MAX_DURATION, StakingInvalidDuration(duration));
        uint256 i = _indexOf(_pool, reward);
        if (amount != 0) _receive(IERC20(_tokens[i]), amount);
        uint256 waiting = _waiting[i] + amount;
        require(waiting != 0, StakingZeroAmount());

        (Pool memory pool, uint256[] memory perStake) = _sync();
        RewardStream memory stream = _streams[i];
        uint256 left = stream.leftAt(block.timestamp);
        if (waiting * LEAST_PART >= left) {
            require(stream.fits(perStake[i], left + waiting), StakingRewardTooLarge(reward, waiting));
            _restartIndex(pool, perStake);
            uint256 span = duration;
            if (left != 0) {
                uint256 remaining = stream.end - block.timestamp;
                if (remaining < MIN_DURATION) remaining = MIN_DURATION;
                span = (left * remaining + waiting * duration) / (left + waiting);
            }
            uint256 paid;
            (stream.rate, paid) = stream.rateFor(left + waiting, span);
            stream.perStake = uint120(perStake[i]);
            stream.end = uint40(block.timestamp + span);
            _streams[i] = stream;
            waiting = left + waiting - paid;
        }
        _waiting[i] = waiting;
        _pool = pool;
        emit RewardNotified(reward, msg.sender, uint128(amount), stream.end);
    }

    function listReward(address token) external restricted returns (uint8 reward) {
        Pool memory pool = _pool;
        require(pool.rewards < MAX_REWARDS, StakingTooManyRewards());
        require(token.code.length != 0 && _rewardOfToken[token] == 0, StakingInvalidReward(token));
        uint8 decimals = IERC20Metadata(token).decimals();
        require(decimals <= 18, StakingInvalidReward(token));
        reward = pool.rewards + 1;
        _streams[pool.rewards].shift = RewardStreams.shiftOf(decimals);
        _tokens[pool.rewards] = token;
        _rewardOfToken[token] = reward;
        _pool.rewards = reward;
        emit RewardListed(reward, token);
    }

    function setTiers(uint128[] calldata thresholds) external restricted {
        require(thresholds.length <= MAX_TIERS, StakingInvalidTiers());
        uint256 before = _tiers.length;
        uint128 last = 0;
        for (uint256 i = 0; i < thresholds.length; ++i) {
            require(thresholds[i] > last, StakingInvalidTiers());
            last = thresholds[i];
            emit TierSet(i + 1, last);
        }
        for (uint256 i = thresholds.length; i < before; ++i) {
            emit TierSet(i + 1, 0);
        }
        _tiers = thresholds;
    }

    function earned(address account, uint8 reward) external view returns (uint256 amount) {
        Pool memory pool = _pool;
        uint256 i = _indexOf(pool, reward);
        RewardStream memory stream = _streams[i];
        uint256 perStake = stream.perStakeAt(pool, block.timestamp);
        return _accounts[account].load(pool.rewards).earned(i, perStake, stream.shift) + _earnedBefore[account][i];
    }

    function stakedOf(address account) public view returns (uint256 amount) {
        return _accounts[account].load(0).staked();
    }

    function tierOf(address account) external view returns (uint256 tier) {
        uint256 staked = stakedOf(account);
        tier = _tiers.length;
        while (tier != 0 && staked < _tiers[tier - 1]) --tier;
    }

    function tiers() external view returns (uint128[] memory thresholds) {
        return _tiers;
    }

    function totalStaked() external view returns (uint256 amount) {
        return _pool.total;
    }

    function requestOf(address account, uint256 request) external view returns (Request memory) {
        require(request < _requests[account].length, StakingNoRequest(account, request));
        return _requests[account][request];
    }

    function requestCount(address account) external view returns (uint256 count) {
        return _requests[account].length;
    }

    function streamOf(uint8 reward) external view returns (Stream memory) {
        Pool memory pool = _pool;
        uint256 i = _indexOf(pool, reward);
        RewardStream memory stream = _streams[i];
        (uint256 since, uint256 end) = _standstill(pool, stream);
        return Stream({
            token: _tokens[i],
            left: uint128(stream.leftAt(since)),
            waiting: uint128(_waiting[i]),
            rate: stream.rate64(),
            end: uint40(end)
        });
    }

    function rateOf(uint8 reward) external view returns (uint256 rate) {
        Pool memory pool = _pool;
        RewardStream memory stream = _streams[_indexOf(pool, reward)];
        bool runs = pool.total >= RewardStreams.MIN_TOTAL && block.timestamp < stream.end;
        return runs ? stream.rate64() : 0;
    }

    function rewardOf(address token) external view returns (uint8 reward) {
        return _rewardOfToken[token];
    }

    function rewardCount() external view returns (uint8 count) {
        return _pool.rewards;
    }

    function MIN_TOTAL() external pure returns (uint256) {
        return RewardStreams.MIN_TOTAL;
    }

    function _stake(uint256 amount) private nonReentrant {
        require(amount != 0, StakingZeroAmount());
        // All that there is of the token fits 96 bits, so an amount that does not is refused here.
        IERC20(qtra).safeTransferFrom(msg.sender, address(this), amount);
        uint256 staked = _addStake(amount);
        emit Staked(msg.sender, uint128(amount), uint128(staked));
    }

    function _addStake(uint256 amount) private returns (uint256 staked) {
        (Pool memory pool, uint256[] memory perStake) = _sync();
        StakeAccount memory account = _accounts[msg.sender].load(pool.rewards);
        for (uint256 i = 0; i < pool.rewards; ++i) {
            account.blend(i, perStake[i], amount);
        }
        staked = account.staked() + amount;
        account.setStaked(staked);
        account.save(_accounts[msg.sender], pool.rewards);
        pool.total += uint96(amount);
        _pool = pool;
    }

    /// @dev Takes an amount off the total and starts its cooldown.
    function _startCooldown(Pool memory pool, uint256 amount, uint256 staked) private returns (uint256 request) {
        pool.total -= uint96(amount);
        _pool = pool;
        uint40 availableAt = uint40(block.timestamp) + COOLDOWN;
        request = _requests[msg.sender].length;
        _requests[msg.sender].push(Request({amount: uint128(amount), availableAt: availableAt}));
        emit UnstakeRequested(msg.sender, request, uint128(amount), availableAt, uint128(staked));
    }

    function _takeRequest(uint256 request) private returns (Request memory taken) {
        require(request < _requests[msg.sender].length, StakingNoRequest(msg.sender, request));
        taken = _requests[msg.sender][request];
        require(taken.amount != 0, StakingNoRequest(msg.sender, request));
        delete _requests[msg.sender][request];
    }

    /// @dev Pays the caller a reward. The total stays, so nothing but the account's checkpoint moves.
    function _claim(Pool memory pool, uint256 i) private returns (uint256 amount) {
        RewardStream memory stream = _streams[i];
        uint256 perStake = stream.perStakeAt(pool, block.timestamp);
        StakeAccount memory account = _accounts[msg.sender].load(pool.rewards);
        uint256 before = _earnedBefore[msg.sender][i];
        amount = account.earned(i, perStake, stream.shift) + before;
        if (amount == 0) return 0;
        if (before != 0) delete _earnedBefore[msg.sender][i];
        account.restart(i, perStake);
        account.save(_accounts[msg.sender], pool.rewards);
        emit RewardPaid(uint8(i + 1), msg.sender, uint128(amount));
        IERC20(_tokens[i]).safeTransfer(msg.sender, amount);
    }

    /// @dev Brings the index to the present: streams that ran dry are closed, and while nobody staked all stood still.
    /// @return pool the pool as it is now, which the caller stores
    /// @return perStake of each reward, what a base unit of stake has earned
    function _sync() private returns (Pool memory pool, uint256[] memory perStake) {
        pool = _pool;
        uint256 count = pool.rewards;
        perStake = new uint256[](count);
        bool runs = pool.total >= RewardStreams.MIN_TOTAL;
        for (uint256 i = 0; i < count; ++i) {
            RewardStream memory stream = _streams[i];
            perStake[i] = stream.perStakeAt(pool, block.timestamp);
            if (stream.rate == 0) continue;
            if (!runs) {
                if (block.timestamp != pool.updatedAt) {
                    _streams[i].end = stream.end + uint40(block.timestamp) - pool.updatedAt;
                }
            } else if (stream.end <= block.timestamp) {
                (stream.perStake, stream.rate) = (uint120(perStake[i]), 0);
                _streams[i] = stream;
            }
        }
        pool.index = uint96(pool.indexAt(block.timestamp));
        pool.updatedAt = uint40(block.timestamp);
    }

    /// @dev Lets the index count from 0 again; what it has counted goes into `perStake` of the streams that run.
    function _restartIndex(Pool memory pool, uint256[] memory perStake) private {
        pool.index = 0;
        for (uint256 i = 0; i < pool.rewards; ++i) {
            if (_streams[i].rate != 0) _streams[i].perStake = uint120(perStake[i]);
        }
    }

    function _receive(IERC20 token, uint256 amount) private {
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(msg.sender, address(this), amount);
        uint256 received = token.balanceOf(address(this)) - before;
        require(received == amount, StakingUnexpectedReceipt(amount, received));
    }

    /// @dev Since when a stream pays as `leftAt` says, and when it ends, if nobody acted any more.
    function _standstill(Pool memory pool, RewardStream memory stream)
        private
        view
        returns (uint256 since, uint256 end)
    {
        if (pool.total >= RewardStreams.MIN_TOTAL || stream.rate == 0) {
            return (block.timestamp, stream.end);
        }
        return (pool.updatedAt, stream.end + block.timestamp - pool.updatedAt);
    }

    function _indexOf(Pool memory pool, uint8 reward) private pure returns (uint256) {
        require(reward != 0 && reward <= pool.rewards, StakingUnknownReward(reward));
        return reward - 1;
    }
}

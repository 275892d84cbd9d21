// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {RewardStreams} from "./RewardStream.sol";

/// @dev An account in memory: its stake (96 bits) and two checkpoints of 80 bits, then three more.
struct StakeAccount {
    uint256 first;
    uint256 second;
}

/// @title StakeAccounts: an account's stake and, of each reward, the checkpoint that it earns from
/// @dev A checkpoint is a value of `perStake`, cut to 80 bits and rounded up, so that nobody gains by acting often.
/// An account has earned stake * (perStake - checkpoint). When the stake grows the checkpoint becomes the mean, weighted by
/// stake, of the old one and the present: what was earned stays earned without a slot of its own.
library StakeAccounts {
    uint256 private constant IN_FIRST = 2;
    uint256 private constant STAKE_BITS = 96;
    uint256 private constant STAKE_MASK = 2 ** 96 - 1;
    uint256 private constant BITS = RewardStreams.CHECKPOINT_BITS;
    uint256 private constant MASK = 2 ** RewardStreams.CHECKPOINT_BITS - 1;

    /// @dev Reads only the slots that hold something while so many rewards are listed.
    function load(StakeAccount storage stored, uint256 rewards) internal view returns (StakeAccount memory account) {
        account.first = stored.first;
        if (rewards > IN_FIRST) account.second = stored.second;
    }

    function save(StakeAccount memory account, StakeAccount storage stored, uint256 rewards) internal {
        stored.first = account.first;
        if (rewards > IN_FIRST) stored.second = account.second;
    }

    function staked(StakeAccount memory account) internal pure returns (uint256) {
        return account.first & STAKE_MASK;
    }

    function setStaked(StakeAccount memory account, uint256 amount) internal pure {
        account.first = (account.first & ~STAKE_MASK) | amount;
    }

    /// @dev What an account has earned of a reward by itself, rounded down.
    /// @param shift binary digits after the point of a checkpoint
    function earned(StakeAccount memory account, uint256 reward, uint256 perStake, uint8 shift)
        internal
        pure
        returns (uint256)
    {
        unchecked {
            uint256 from = _checkpoint(account, reward) << RewardStreams.EXTRA_BITS;
            if (from >= perStake) return 0;
            return staked(account) * (perStake - from) >> (shift + RewardStreams.EXTRA_BITS);
        }
    }

    /// @dev Earning starts anew.
    function restart(StakeAccount memory account, uint256 reward, uint256 perStake) internal pure {
        unchecked {
            uint256 up = (1 << RewardStreams.EXTRA_BITS) - 1;
            _setCheckpoint(account, reward, (perStake + up) >> RewardStreams.EXTRA_BITS);
        }
    }

    /// @dev The stake is about to grow by an amount that has earned nothing yet.
    function blend(StakeAccount memory account, uint256 reward, uint256 perStake, uint256 amount) internal pure {
        unchecked {
            uint256 before = staked(account);
            uint256 sum = (_checkpoint(account, reward) << RewardStreams.EXTRA_BITS) * before + perStake * amount;
            uint256 unit = (before + amount) << RewardStreams.EXTRA_BITS;
            _setCheckpoint(account, reward, (sum + unit - 1) / unit);
        }
    }

    function _checkpoint(StakeAccount memory account, uint256 reward) private pure returns (uint256) {
        unchecked {
            return reward < IN_FIRST
                ? account.first >> (STAKE_BITS + BITS * reward) & MASK
                : account.second >> (BITS * (reward - IN_FIRST)) & MASK;
        }
    }

    function _setCheckpoint(StakeAccount memory account, uint256 reward, uint256 value) private pure {
        unchecked {
            if (reward < IN_FIRST) {
                uint256 place = STAKE_BITS + BITS * reward;
                account.first = (account.first & ~(MASK << place)) | (value << place);
            } else {
                uint256 place = BITS * (reward - IN_FIRST);
                account.second = (account.second & ~(MASK << place)) | (value << place);
            }
        }
    }
}

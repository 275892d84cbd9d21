// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev What all streams share, in one slot.
/// @param total QTRA staked by all
/// @param index seconds that one base unit of stake has shared in since the last stream began: the integral of dt / total,
/// times 2^120
/// @param updatedAt until when `index` counts
/// @param rewards how many rewards are listed
struct Pool {
    uint96 total;
    uint96 index;
    uint40 updatedAt;
    uint8 rewards;
}

/// @dev A reward's stream, in one slot.
/// @param perStake what a base unit of stake had earned since the beginning when `index` was last 0, times 2^(shift + 40)
/// @param rate base units a second for all, times 2^(shift - 33); 0 if nothing is streamed
/// @param end when it runs dry
/// @param shift binary digits after the point of a checkpoint; more for tokens with fewer decimals
struct RewardStream {
    uint120 perStake;
    uint88 rate;
    uint40 end;
    uint8 shift;
}

/// @title RewardStreams: what a base unit of stake has earned of a reward
/// @dev While somebody stakes, a stake of one base unit earns rate * index of each reward, so a stake that comes or goes
/// writes the index alone, whatever the number of rewards. Nothing here can revert: `notify` keeps every stream so small
/// that `perStake` stays within 120 bits, and the products fit 256 bits by their widths.
library RewardStreams {
    /// @dev Less than this, all together, is nobody. It bounds the index, whose unit is seconds per base unit of stake.
    uint256 internal constant MIN_TOTAL = 1e18;
    /// @dev Checkpoints have 80 bits.
    uint256 internal constant CHECKPOINT_BITS = 80;
    /// @dev Bits that `perStake` has after the point and a checkpoint has not.
    uint256 internal constant EXTRA_BITS = 40;
    uint256 private constant INDEX_BITS = 120;
    /// @dev Bits that a checkpoint has after the point and a rate has not, for a rate of 88 bits.
    uint256 private constant RATE_DROPS = 33;

    /// @dev So that a checkpoint counts up to about 10^9 whole reward tokens per whole QTRA, whatever their decimals.
    function shiftOf(uint8 decimals) internal pure returns (uint8) {
        return uint8(110 - 10 * uint256(decimals) / 3);
    }

    /// @dev The index at a time from `updatedAt` on.
    function indexAt(Pool memory pool, uint256 time) internal pure returns (uint256) {
        unchecked {
            if (pool.total < MIN_TOTAL || time <= pool.updatedAt) return pool.index;
            return pool.index + ((time - pool.updatedAt) << INDEX_BITS) / pool.total;
        }
    }

    /// @dev What a base unit of stake has earned at a time from `updatedAt` on, times 2^(shift + 40).
    function perStakeAt(RewardStream memory stream, Pool memory pool, uint256 time) internal pure returns (uint256) {
        unchecked {
            if (stream.rate == 0) return stream.perStake;
            uint256 index = indexAt(pool, time < stream.end ? time : stream.end);
            return stream.perStake + (stream.rate * index >> (INDEX_BITS - RATE_DROPS - EXTRA_BITS));
        }
    }

    /// @dev What a stream still pays after a time at which somebody stakes, or after `updatedAt`.
    function leftAt(RewardStream memory stream, uint256 time) internal pure returns (uint256) {
        unchecked {
            if (stream.rate == 0 || time >= stream.end) return 0;
            return (stream.end - time) * stream.rate >> (stream.shift - RATE_DROPS);
        }
    }

    /// @dev Base units a second for all, times 2^64.
    function rate64(RewardStream memory stream) internal pure returns (uint256) {
        return (uint256(stream.rate) << 64) >> (stream.shift - RATE_DROPS);
    }

    /// @dev The rate that pays an amount in a time, and the part of the amount that it pays.
    function rateFor(RewardStream memory stream, uint256 amount, uint256 duration)
        internal
        pure
        returns (uint88 rate, uint256 paid)
    {
        uint256 bits = stream.shift - RATE_DROPS;
        uint256 exact = (amount << bits) / duration;
        // Rounded up: a part of a base unit that is streamed is a base unit taken.
        return (uint88(exact), (exact * duration + (1 << bits) - 1) >> bits);
    }

    /// @dev Whether all of an amount can be streamed on top of what a base unit of stake has earned, even if `MIN_TOTAL` is
    /// staked.
    function fits(RewardStream memory stream, uint256 perStake, uint256 amount) internal pure returns (bool) {
        if (amount > type(uint96).max) return false;
        uint256 rise = (amount << (stream.shift + EXTRA_BITS)) / MIN_TOTAL;
        return perStake + rise < (2 ** CHECKPOINT_BITS - 1) << EXTRA_BITS;
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Standing: what the sale knows of a wallet in a round, in one word
/// @dev From the low end: micros paid by payment token 4 x u44, limit u44, hour u20, epoch u8, round u4. `limit` is what the
/// wallet may pay in the round, all in all; zero: not known yet. A limit that a voucher gave holds before `hour` (hours since
/// 1970) and while the voucher signers' epoch is the same.
type Standing is uint256;

using StandingLibrary for Standing global;

library StandingLibrary {
    uint256 internal constant LANE_BITS = 44;
    uint256 internal constant LANE_MAX = 2 ** 44 - 1;
    uint256 internal constant LANES = 4;
    uint256 internal constant HOUR_MAX = 2 ** 20 - 1;
    uint256 internal constant ROUNDS_MAX = 16;
    uint256 private constant PAID_MASK = 2 ** 176 - 1;
    uint256 private constant LIMIT_AT = 176;
    uint256 private constant HOUR_AT = 220;
    uint256 private constant EPOCH_AT = 240;
    uint256 private constant ROUND_AT = 248;

    /// @dev Of a wallet that has paid nothing in a round.
    function start(uint256 round_) internal pure returns (Standing) {
        return Standing.wrap(round_ << ROUND_AT);
    }

    function round(Standing standing) internal pure returns (uint256) {
        return Standing.unwrap(standing) >> ROUND_AT;
    }

    function limit(Standing standing) internal pure returns (uint256) {
        return (Standing.unwrap(standing) >> LIMIT_AT) & LANE_MAX;
    }

    function hour(Standing standing) internal pure returns (uint256) {
        return (Standing.unwrap(standing) >> HOUR_AT) & HOUR_MAX;
    }

    function epoch(Standing standing) internal pure returns (uint256) {
        return (Standing.unwrap(standing) >> EPOCH_AT) & 0xff;
    }

    function paidBy(Standing standing, uint256 payment) internal pure returns (uint256) {
        return payment < LANES ? (Standing.unwrap(standing) >> (payment * LANE_BITS)) & LANE_MAX : 0;
    }

    /// @dev In all payment tokens.
    function paid(Standing standing) internal pure returns (uint256 sum) {
        uint256 word = Standing.unwrap(standing);
        return (word & LANE_MAX) + ((word >> LANE_BITS) & LANE_MAX) + ((word >> (2 * LANE_BITS)) & LANE_MAX)
            + ((word >> (3 * LANE_BITS)) & LANE_MAX);
    }

    /// @dev Sound while what is paid in all stays below 2^44.
    function pay(Standing standing, uint256 payment, uint256 micros) internal pure returns (Standing) {
        return Standing.wrap(Standing.unwrap(standing) + (micros << (payment * LANE_BITS)));
    }

    /// @dev Sound for what was paid.
    function takeBack(Standing standing, uint256 payment, uint256 micros) internal pure returns (Standing) {
        return Standing.wrap(Standing.unwrap(standing) - (micros << (payment * LANE_BITS)));
    }

    /// @dev The same payments with another limit.
    function remember(Standing standing, uint256 limit_, uint256 hour_, uint256 epoch_)
        internal
        pure
        returns (Standing)
    {
        uint256 kept = Standing.unwrap(standing) & PAID_MASK;
        uint256 round_ = standing.round();
        return
            Standing.wrap(
                kept | (limit_ << LIMIT_AT) | (hour_ << HOUR_AT) | (epoch_ << EPOCH_AT) | (round_ << ROUND_AT)
            );
    }
}

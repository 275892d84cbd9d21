// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Lanes: micros of a round by payment token, in one word: 4 x u48 from the low end, then the round's outcome
/// @dev Sound while all lanes together stay below 2^48, which is what a round may take.
type Lanes is uint256;

using LanesLibrary for Lanes global;

library LanesLibrary {
    uint256 internal constant LANE_MAX = 2 ** 48 - 1;
    uint256 internal constant LANES = 4;
    uint256 private constant LANE_BITS = 48;
    uint256 private constant OUTCOME_AT = 192;

    function get(Lanes lanes, uint256 payment) internal pure returns (uint256) {
        return payment < LANES ? (Lanes.unwrap(lanes) >> (payment * LANE_BITS)) & LANE_MAX : 0;
    }

    function sum(Lanes lanes) internal pure returns (uint256) {
        uint256 word = Lanes.unwrap(lanes);
        return (word & LANE_MAX) + ((word >> LANE_BITS) & LANE_MAX) + ((word >> (2 * LANE_BITS)) & LANE_MAX)
            + ((word >> (3 * LANE_BITS)) & LANE_MAX);
    }

    function add(Lanes lanes, uint256 payment, uint256 micros) internal pure returns (Lanes) {
        return Lanes.wrap(Lanes.unwrap(lanes) + (micros << (payment * LANE_BITS)));
    }

    function take(Lanes lanes, uint256 payment, uint256 micros) internal pure returns (Lanes) {
        return Lanes.wrap(Lanes.unwrap(lanes) - (micros << (payment * LANE_BITS)));
    }

    /// @dev Zero until the round is finalised.
    function outcome(Lanes lanes) internal pure returns (uint256) {
        return Lanes.unwrap(lanes) >> OUTCOME_AT;
    }

    function close(Lanes lanes, uint256 outcome_) internal pure returns (Lanes) {
        return Lanes.wrap(Lanes.unwrap(lanes) | (outcome_ << OUTCOME_AT));
    }
}

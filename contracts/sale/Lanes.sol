// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Lanes: micros of a round by payment token, in one word
/// @dev From the low end: 4 x u48, sound while all of them together stay below 2^48, which is what a round may take. The word
/// of what a round has raised goes on: outcome u8, epoch u8, suspects u48. They lie there because every purchase reads it.
/// `epoch` counts the signers of vouchers. `suspects` has the bit of each buyer of whom a voucher was revoked; others share
/// the bit, so it says who has to be looked up.
type Lanes is uint256;

using LanesLibrary for Lanes global;

library LanesLibrary {
    uint256 internal constant LANE_MAX = 2 ** 48 - 1;
    uint256 internal constant LANES = 4;
    uint256 private constant LANE_BITS = 48;
    uint256 internal constant EPOCH_MAX = 0xff;
    uint256 private constant OUTCOME_AT = 192;
    uint256 private constant EPOCH_AT = 200;
    uint256 private constant SUSPECTS_AT = 208;
    uint256 private constant SUSPECT_BITS = 48;

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
        return (Lanes.unwrap(lanes) >> OUTCOME_AT) & 0xff;
    }

    function close(Lanes lanes, uint256 outcome_) internal pure returns (Lanes) {
        return Lanes.wrap(Lanes.unwrap(lanes) | (outcome_ << OUTCOME_AT));
    }

    function epoch(Lanes lanes) internal pure returns (uint256) {
        return (Lanes.unwrap(lanes) >> EPOCH_AT) & EPOCH_MAX;
    }

    function setEpoch(Lanes lanes, uint256 epoch_) internal pure returns (Lanes) {
        return Lanes.wrap((Lanes.unwrap(lanes) & ~(EPOCH_MAX << EPOCH_AT)) | (epoch_ << EPOCH_AT));
    }

    function suspects(Lanes lanes, address buyer) internal pure returns (bool) {
        return (Lanes.unwrap(lanes) >> _placeOf(buyer)) & 1 != 0;
    }

    function suspect(Lanes lanes, address buyer) internal pure returns (Lanes) {
        return Lanes.wrap(Lanes.unwrap(lanes) | (1 << _placeOf(buyer)));
    }

    function _placeOf(address buyer) private pure returns (uint256) {
        return SUSPECTS_AT + uint256(uint160(buyer)) % SUSPECT_BITS;
    }
}

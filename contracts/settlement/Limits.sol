// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Limits: what nobody can change
/// @dev Times are in seconds.
library Limits {
    uint40 internal constant EXIT_DELAY = 24 hours;
    uint40 internal constant CANCEL_DELAY = 10 minutes;
    uint40 internal constant PAUSE_DURATION = 7 days;
    uint40 internal constant DEAD_MAN_DELAY = 14 days;
    uint16 internal constant MAX_FEE_BPS = 50;
    /// @dev Keeps every sum of balances of an asset within 64 bits, signed, on chain and off.
    uint64 internal constant MAX_TOTAL_UNITS = uint64(type(int64).max);
    /// @dev A session's limit that is never counted down.
    uint64 internal constant UNLIMITED = type(uint64).max;
}

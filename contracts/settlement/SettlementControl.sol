// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISettlementAccounts} from "../interfaces/ISettlementAccounts.sol";
import {Limits} from "./Limits.sol";
import {SettlementApprovals} from "./SettlementApprovals.sol";

/// @dev Who signs for the engine, the pause, and the end of the exchange.
abstract contract SettlementControl is SettlementApprovals, ISettlementAccounts {
    function setEngineKey(address newKey) external restricted {
        require(newKey != address(0), SettlementInvalidOwner(newKey));
        _setEngineKey(newKey);
    }

    function revokeEngineKey() external restricted {
        _setEngineKey(address(0));
    }

    function pause() external restricted {
        uint40 until = _control.pausedUntil;
        require(until != CLOSED, SettlementClosed());
        uint40 allowedFrom = until == 0 ? 0 : until + Limits.PAUSE_DURATION;
        require(block.timestamp >= allowedFrom, SettlementPauseTooSoon(allowedFrom));
        _setPausedUntil(uint40(block.timestamp) + Limits.PAUSE_DURATION);
    }

    function unpause() external restricted {
        uint40 until = _control.pausedUntil;
        require(until != CLOSED, SettlementClosed());
        require(block.timestamp < until, SettlementNotPaused());
        _setPausedUntil(uint40(block.timestamp));
    }

    function closeExchange() external {
        require(!isClosed(), SettlementClosed());
        uint40 allowedFrom = lastBatchAt() + Limits.DEAD_MAN_DELAY;
        require(block.timestamp >= allowedFrom, SettlementCloseTooEarly(allowedFrom));
        _control.pausedUntil = CLOSED;
        emit ExchangeClosed();
    }

    function engineKey() external view returns (address) {
        return _control.engineKey;
    }

    function pausedUntil() external view returns (uint40) {
        return _control.pausedUntil;
    }

    function isClosed() public view returns (bool) {
        return _control.pausedUntil == CLOSED;
    }

    // Casts cut the fields out of the word.

    function lastBatchAt() public view returns (uint40) {
        return uint40(_lastBatch >> BATCH_TIME_AT);
    }

    function batchNumber() external view returns (uint64) {
        return uint40(_lastBatch);
    }

    function batchHash() external view returns (bytes32) {
        return bytes32(((_lastBatch >> BATCH_DIGEST_AT) << BATCH_DIGEST_AT) | uint40(_lastBatch));
    }

    function domainSeparator() external view returns (bytes32) {
        return _domainSeparator();
    }

    function EXIT_DELAY() external pure returns (uint40) {
        return Limits.EXIT_DELAY;
    }

    function CANCEL_DELAY() external pure returns (uint40) {
        return Limits.CANCEL_DELAY;
    }

    function PAUSE_DURATION() external pure returns (uint40) {
        return Limits.PAUSE_DURATION;
    }

    function DEAD_MAN_DELAY() external pure returns (uint40) {
        return Limits.DEAD_MAN_DELAY;
    }

    function MAX_FEE_BPS() external pure returns (uint16) {
        return Limits.MAX_FEE_BPS;
    }

    function _setPausedUntil(uint40 until) private {
        _control.pausedUntil = until;
        emit PauseSet(until);
    }
}

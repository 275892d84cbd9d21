// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISettlementAccounts} from "../interfaces/ISettlementAccounts.sol";
import {Limits} from "./Limits.sol";
import {SettlementApprovals} from "./SettlementApprovals.sol";

/// @dev Keys that may trade for an owner in one market. What they sign is judged where batches settle.
abstract contract SettlementSessions is SettlementApprovals, ISettlementAccounts {
    bytes32 private constant REVOCATION_APPROVAL_TYPEHASH =
        keccak256("SessionRevocationApproval(address owner,address key,uint32 market,uint40 deadline)");

    function setSessionKey(address key, uint32 market, uint64 baseLimit, uint64 quoteLimit, uint40 expiry) external {
        require(!(_control.pausedUntil == CLOSED), SettlementClosed());
        require(key != address(0) && key != msg.sender, SettlementInvalidSessionKey(key));
        _listedMarket(market);
        require(expiry > block.timestamp, SettlementDeadlinePassed(expiry));
        Session storage session = _session(key, market);
        // A limit that could be set anew would let the owner take back what the engine has matched.
        require(session.expiry <= block.timestamp, SettlementSessionLive(session.expiry));
        _sessions[msg.sender][_sessionKeyOf(key, market)] = Session(baseLimit, quoteLimit, expiry);
        emit SessionKeySet(msg.sender, key, market, baseLimit, quoteLimit, expiry);
    }

    function requestSessionRevocation(address key, uint32 market) external {
        Session storage session = _liveSession(key, market);
        uint40 effectiveAt = uint40(block.timestamp) + Limits.CANCEL_DELAY;
        if (effectiveAt > session.expiry) effectiveAt = session.expiry;
        session.expiry = effectiveAt;
        emit SessionKeyRevoked(msg.sender, key, market, effectiveAt);
    }

    function revokeSessionNow(address key, uint32 market, uint40 deadline, bytes calldata engineSignature) external {
        _checkDeadline(deadline);
        bytes32 approval = keccak256(abi.encode(REVOCATION_APPROVAL_TYPEHASH, msg.sender, key, market, deadline));
        _checkEngineSignature(_hashTypedData(approval), engineSignature);
        _liveSession(key, market).expiry = uint40(block.timestamp);
        emit SessionKeyRevoked(msg.sender, key, market, uint40(block.timestamp));
    }

    function sessionOf(address owner, address key, uint32 market) external view returns (Session memory) {
        return _sessions[owner][_sessionKeyOf(key, market)];
    }

    function _session(address key, uint32 market) private view returns (Session storage) {
        return _sessions[msg.sender][_sessionKeyOf(key, market)];
    }

    function _liveSession(address key, uint32 market) private view returns (Session storage session) {
        session = _session(key, market);
        require(session.expiry > block.timestamp, SettlementNoSession(msg.sender, key, market));
    }
}

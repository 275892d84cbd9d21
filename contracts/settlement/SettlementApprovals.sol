// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SettlementStorage} from "./SettlementStorage.sol";
import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {ECDSA} from "solady/src/utils/ECDSA.sol";
import {EIP712} from "solady/src/utils/EIP712.sol";

/// @dev The engine's key and what it signs, and the pause.
abstract contract SettlementApprovals is SettlementStorage, AccessManaged, EIP712 {
    function setEngineKey(address newKey) external restricted {
        require(newKey != address(0), SettlementInvalidOwner(newKey));
        _setEngineKey(newKey);
    }

    function revokeEngineKey() external restricted {
        _setEngineKey(address(0));
    }

    function pause() external restricted {
        uint40 allowedFrom = _control.pausedUntil == 0 ? 0 : _control.pausedUntil + PAUSE_DURATION;
        require(block.timestamp >= allowedFrom, SettlementPauseTooSoon(allowedFrom));
        _setPausedUntil(uint40(block.timestamp) + PAUSE_DURATION);
    }

    function unpause() external restricted {
        require(block.timestamp < _control.pausedUntil, SettlementNotPaused());
        _setPausedUntil(uint40(block.timestamp));
    }

    function engineKey() external view returns (address) {
        return _control.engineKey;
    }

    function pausedUntil() external view returns (uint40) {
        return _control.pausedUntil;
    }

    function domainSeparator() external view returns (bytes32) {
        return _domainSeparator();
    }

    function _setEngineKey(address newKey) internal {
        _control.engineKey = newKey;
        emit EngineKeySet(newKey);
    }

    function _checkEngineSignature(bytes32 digest, bytes calldata signature) internal view {
        address key = _control.engineKey;
        require(key != address(0), SettlementEngineRevoked());
        address recovered = ECDSA.tryRecoverCalldata(digest, signature);
        require(recovered == key, SettlementBadEngineSignature(recovered));
    }

    function _checkDeadline(uint40 deadline) internal view {
        require(block.timestamp <= deadline, SettlementDeadlinePassed(deadline));
    }

    function _domainNameAndVersion() internal pure override returns (string memory name, string memory version) {
        return ("QuantaTrade", "1");
    }

    function _setPausedUntil(uint40 until) private {
        _control.pausedUntil = until;
        emit PauseSet(until);
    }
}

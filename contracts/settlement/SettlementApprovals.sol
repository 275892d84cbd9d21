// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISettlementAccounts} from "../interfaces/ISettlementAccounts.sol";
import {SettlementStorage} from "./SettlementStorage.sol";
import {ECDSA} from "solady/src/utils/ECDSA.sol";
import {EIP712} from "solady/src/utils/EIP712.sol";

/// @dev The engine's key, and what it signs.
abstract contract SettlementApprovals is SettlementStorage, EIP712 {
    function _setEngineKey(address newKey) internal {
        _control.engineKey = newKey;
        emit ISettlementAccounts.EngineKeySet(newKey);
    }

    function _checkEngineSignature(bytes32 digest, bytes calldata signature) internal view {
        address key = _control.engineKey;
        require(key != address(0), ISettlementAccounts.SettlementEngineRevoked());
        address recovered = ECDSA.tryRecoverCalldata(digest, signature);
        require(recovered == key, ISettlementAccounts.SettlementBadEngineSignature(recovered));
    }

    function _checkDeadline(uint40 deadline) internal view {
        require(block.timestamp <= deadline, ISettlementAccounts.SettlementDeadlinePassed(deadline));
    }

    function _domainNameAndVersion() internal pure override returns (string memory name, string memory version) {
        return ("QuantaTrade", "1");
    }
}

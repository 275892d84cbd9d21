// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SettlementAccounts} from "./SettlementAccounts.sol";
import {SettlementBatches} from "./SettlementBatches.sol";
import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";

/// @title Settlement
/// @dev Documented on `ISettlement`. Not upgradeable: the code that calls are handed to was created with this contract, and
/// neither can be replaced.
contract Settlement is SettlementBatches {
    address private immutable _ACCOUNTS;

    /// @param accessManager decides who may call what is `restricted`
    /// @param engine signs batches and approvals
    constructor(address accessManager, address engine) AccessManaged(accessManager) {
        _ACCOUNTS = address(new SettlementAccounts());
        // The deployment counts as a batch, number 0.
        _lastBatch = block.timestamp << BATCH_TIME_AT;
        _setEngineKey(engine);
    }

    /// @dev Runs `SettlementAccounts` on this contract's storage, and answers or reverts as it does. That contract has no
    /// fallback, so what it does not know reverts too.
    fallback() external {
        address accounts = _ACCOUNTS;
        // Assembly because the answer has no type here.
        assembly ("memory-safe") {
            let buffer := mload(0x40)
            calldatacopy(buffer, 0, calldatasize())
            let success := delegatecall(gas(), accounts, buffer, calldatasize(), 0, 0)
            returndatacopy(buffer, 0, returndatasize())
            if iszero(success) { revert(buffer, returndatasize()) }
            return(buffer, returndatasize())
        }
    }
}

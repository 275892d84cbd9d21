// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SettlementBatches} from "./SettlementBatches.sol";
import {SettlementExits} from "./SettlementExits.sol";
import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";

/// @title Settlement
/// @dev Documented on `ISettlement`. Not upgradeable.
contract Settlement is SettlementBatches, SettlementExits {
    /// @param accessManager decides who may call what is `restricted`
    /// @param engine signs batches and approvals
    constructor(address accessManager, address engine) AccessManaged(accessManager) {
        _setEngineKey(engine);
    }
}

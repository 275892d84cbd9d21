// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SettlementControl} from "./SettlementControl.sol";
import {SettlementExits} from "./SettlementExits.sol";
import {SettlementRegistry} from "./SettlementRegistry.sol";
import {SettlementSessions} from "./SettlementSessions.sol";
import {SettlementViews} from "./SettlementViews.sol";
import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";

/// @title SettlementAccounts
/// @notice The code that `Settlement` runs, on its own storage, for everything but batches.
/// @dev Nothing is ever listed in this contract's own storage and nobody has a role in it, so a call to it directly can
/// hold or move nothing.
contract SettlementAccounts is
    SettlementExits,
    SettlementSessions,
    SettlementControl,
    SettlementRegistry,
    SettlementViews
{
    constructor() AccessManaged(address(0)) {}
}

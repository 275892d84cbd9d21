// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";

/// @title ExchangeAccess: who may call the restricted functions of the exchange's contracts, and after what delay
/// @dev OpenZeppelin's AccessManager as it is. docs/contracts/roles.md names the roles.
contract ExchangeAccess is AccessManager {
    constructor(address initialAdmin) AccessManager(initialAdmin) {}
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";

/// @title ExchangeTimelock: who administers the exchange on a public network, and no sooner than everybody could leave
/// @dev OpenZeppelin's TimelockController as it is. docs/contracts/roles.md says who proposes, cancels and executes.
contract ExchangeTimelock is TimelockController {
    constructor(uint256 minDelay, address[] memory proposers, address[] memory executors, address admin)
        TimelockController(minDelay, proposers, executors, admin)
    {}
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SilentToken} from "../../../contracts/mocks/HostileTokens.sol";

/// @dev Returns nothing from transfers, and says how many decimals it has.
contract QuietToken is SilentToken {
    function decimals() external pure returns (uint8) {
        return 6;
    }
}

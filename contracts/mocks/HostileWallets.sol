// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";

/// @title BurningWallet: uses up all gas that it is given to answer
contract BurningWallet is IERC1271 {
    function isValidSignature(bytes32, bytes calldata) external pure returns (bytes4) {
        while (true) {}
        return this.isValidSignature.selector;
    }
}

/// @title RevertingWallet: answers nothing but that it will not
contract RevertingWallet is IERC1271 {
    error NotNow();

    function isValidSignature(bytes32, bytes calldata) external pure returns (bytes4) {
        revert NotNow();
    }
}

/// @title FloodingWallet: says no at great length
contract FloodingWallet is IERC1271 {
    function isValidSignature(bytes32, bytes calldata) external pure returns (bytes4) {
        assembly ("memory-safe") {
            return(0x80, 100000)
        }
    }
}

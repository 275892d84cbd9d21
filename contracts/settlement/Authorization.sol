// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISettlementBatches} from "../interfaces/ISettlement.sol";
import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";

/// @title Authorization: the kinds of consent in a payload, and a contract wallet's answer
library Authorization {
    uint256 internal constant OWNER = 0;
    uint256 internal constant SESSION_KEY = 1;
    uint256 internal constant CONTRACT_WALLET = 2;
    uint256 internal constant OWNER_BYTES = 20;
    uint256 internal constant LENGTH_BYTES = 2;
    /// @dev What a contract wallet may spend on its answer: enough for a multisignature or a passkey, and too little for
    /// one wallet to use up a batch.
    uint256 internal constant WALLET_GAS = 300_000;

    /// @dev Whether a contract wallet accepts the signature at `offset` of calldata (ERC-1271).
    function isAccepted(address wallet, bytes32 digest, uint256 offset, uint256 length)
        internal
        view
        returns (bool accepted)
    {
        bytes4 magic = IERC1271.isValidSignature.selector;
        uint256 input;
        uint256 size;
        // Assembly because the signature goes from calldata to the wallet as it is.
        assembly ("memory-safe") {
            input := mload(0x40)
            mstore(input, magic)
            mstore(add(input, 0x04), digest)
            mstore(add(input, 0x24), 0x40)
            mstore(add(input, 0x44), length)
            calldatacopy(add(input, 0x64), offset, length)
            // The arguments of a call are padded to whole words; what follows in memory may be anything.
            calldatacopy(add(add(input, 0x64), length), calldatasize(), 32)
            size := add(0x64, and(add(length, 31), not(31)))
        }
        // A caller of `settle` who gives too little gas must not be able to make the wallet fail. At most 63/64 of what
        // is left go along; the rest of the margin is for the call itself, whose memory is paid for by now.
        require(gasleft() > WALLET_GAS * 64 / 63 + 10_000, ISettlementBatches.SettlementGasTooLow());
        // Assembly because the answer may be of any length, and only one word of it is wanted.
        assembly ("memory-safe") {
            mstore(0x00, 0)
            let success := staticcall(WALLET_GAS, wallet, input, size, 0x00, 0x20)
            // An owner without code succeeds with no answer.
            accepted := and(and(success, gt(returndatasize(), 31)), eq(mload(0x00), magic))
        }
    }
}

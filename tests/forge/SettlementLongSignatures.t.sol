// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SkipReason} from "../../contracts/interfaces/ISettlement.sol";
import {Batch, PayloadWriter} from "./base/Batches.sol";
import {SettlementFixture} from "./base/SettlementFixture.sol";

/// @dev The longest signatures of contract wallets (ERC-1271), for which the memory alone costs gas.
contract SettlementLongSignaturesTest is SettlementFixture {
    uint256 private constant LONGEST = 65_535;
    /// @dev Says yes where it has been given more than 299,900 gas, and no otherwise, whatever the signature.
    bytes private constant THIRSTY = hex"6204937c5a11631626ba7e60e01b025f5260205ff3";

    function testALongSignatureSettlesAtNoGasLimitThatStarvesItsWallet() public {
        assertNeverStarved(LONGEST);
    }

    function testAShortSignatureSettlesAtNoGasLimitThatStarvesItsWallet() public {
        assertNeverStarved(64);
    }

    /// @dev Whoever submits cannot choose a gas limit at which the wallet gets too little to say yes.
    function assertNeverStarved(uint256 length) private {
        vm.etch(address(fickle), THIRSTY);
        Batch memory batch = batchOf(pair(orderOf(WALLETS, SELL, 1), orderOf(1, BUY, 1)), oneFill(5));
        batch.sections[0].signatures[0] = new bytes(length);
        bytes memory payload = PayloadWriter.write(batch);
        bytes memory signature = signBatch(payload, 1);
        uint256 enough = 4_000_000;
        for (uint256 step = enough / 2; step > 100; step /= 2) {
            if (settles(payload, signature, enough - step)) enough -= step;
        }
        assertTrue(enough < 4_000_000, "settles");
        // Around the least gas that is enough the check before the wallet's call is passed by little, or not.
        for (uint256 less = 100; less < 5000; less += 300) {
            settles(payload, signature, enough - less);
            settles(payload, signature, enough + less);
        }
    }

    /// @dev Whether a batch goes through with this gas; if it does, its fill settles.
    function settles(bytes memory payload, bytes memory signature, uint256 limit) private returns (bool passes) {
        uint256 state = vm.snapshotState();
        vm.recordLogs();
        try vault.settle{gas: limit}(payload, 1, bytes32(0), 0, signature) {
            passes = true;
            assertTrue(readOutcome(1, 0).fills[0] == SkipReason.NONE, "starved");
        } catch {}
        vm.revertToState(state);
    }
}

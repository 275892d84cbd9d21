// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISettlement, SkipReason} from "../../contracts/interfaces/ISettlement.sol";
import {TestFill, TestOrder} from "./base/Batches.sol";
import {SettlementFixture} from "./base/SettlementFixture.sol";

/// @dev Payloads that are not what they should be. All are signed by the engine: only their form is wrong.
contract SettlementPayloadTest is SettlementFixture {
    uint256 private constant CLASSES = 8;
    uint256 private constant SECTION = CLASSES + 2 * 8;
    uint256 private constant RECORD = SECTION + 20;
    uint256 private constant RECORD_BYTES = 2 + 37 + 64;
    uint256 private constant FILLS = RECORD + 2 * RECORD_BYTES;

    function validPayload() private view returns (bytes memory) {
        return payloadOf(pair(orderOf(0, SELL, 1), orderOf(1, BUY, 1)), oneFill(10));
    }

    function assertMalformed(bytes memory payload, uint256 position) private {
        uint64 number = vault.batchNumber() + 1;
        bytes memory signature = signBatch(payload, number);
        vm.expectRevert(abi.encodeWithSelector(ISettlement.SettlementMalformedPayload.selector, position));
        vault.settle(payload, number, bytes32(0), 0, signature);
    }

    function testTheValidPayloadSettles() public {
        bytes memory payload = validPayload();
        assertEq(payload.length, FILLS + 12, "length");
        settlePayload(payload);
        assertEq(vault.balanceOf(wallet(1), QTRA), FUNDS + 10e6, "settled");
    }

    function testEveryTruncationReverts(uint256 length) public {
        bytes memory payload = validPayload();
        length = bound(length, 0, payload.length - 1);
        assembly ("memory-safe") {
            mstore(payload, length)
        }
        uint64 number = vault.batchNumber() + 1;
        bytes memory signature = signBatch(payload, number);
        vm.expectPartialRevert(ISettlement.SettlementMalformedPayload.selector);
        vault.settle(payload, number, bytes32(0), 0, signature);
    }

    function testTrailingBytesRevert(bytes calldata tail) public {
        vm.assume(tail.length > 0);
        bytes memory payload = validPayload();
        assertMalformed(bytes.concat(payload, tail), payload.length);
    }

    function testCountsThatContradictTheContentRevert() public {
        bytes memory payload = validPayload();
        payload[2] = 0x02;
        assertMalformed(payload, FILLS);
        payload = validPayload();
        payload[4] = 0x01;
        assertMalformed(payload, RECORD);
        payload = validPayload();
        payload[4] = 0x03;
        assertMalformed(payload, FILLS);
        payload = validPayload();
        payload[3] = 0xff;
        assertMalformed(payload, 3);
        payload = validPayload();
        payload[5] = 0xff;
        assertMalformed(payload, FILLS);
        payload = validPayload();
        payload[SECTION + 4] = 0xff;
        assertMalformed(payload, RECORD);
    }

    function testWidthsOutOfRangeRevert() public {
        uint8[6] memory bad = [0x08, 0x38, 0xf8, 0x20, 0x29, 0x00];
        for (uint256 i = 0; i < bad.length; ++i) {
            bytes memory payload = validPayload();
            payload[7] = bytes1(bad[i]);
            assertMalformed(payload, 7);
        }
        bytes3[6] memory widths = [bytes3(0x986520), 0x896520, 0x887520, 0x886620, 0x886530, 0x886529];
        for (uint256 i = 0; i < widths.length; ++i) {
            bytes memory payload = validPayload();
            for (uint256 k = 0; k < 3; ++k) {
                payload[SECTION + 6 + k] = widths[i][k];
            }
            assertMalformed(payload, SECTION + 6);
        }
    }

    function testIndicesOutOfRangeRevert() public {
        bytes memory payload = validPayload();
        payload[FILLS + 1] = 0x02;
        assertMalformed(payload, FILLS);
        payload = validPayload();
        payload[FILLS + 2] = 0x01;
        assertMalformed(payload, FILLS);
        payload = validPayload();
        payload[RECORD + 1] = 0x02;
        assertMalformed(payload, RECORD);
    }

    function testBasesThatOverflowRevert() public {
        bytes memory payload = validPayload();
        for (uint256 i = 0; i < 6; ++i) {
            payload[SECTION + 9 + i] = 0xff;
        }
        assertMalformed(payload, RECORD);
        payload = validPayload();
        for (uint256 i = 0; i < 5; ++i) {
            payload[SECTION + 15 + i] = 0xff;
        }
        assertMalformed(payload, RECORD);
    }

    function testKindsOfAuthorizationToComeRevert(uint8 kind) public {
        kind = uint8(bound(kind, 1, 15));
        bytes memory payload = validPayload();
        payload[RECORD] = bytes1((kind << 4) | 1);
        uint64 number = vault.batchNumber() + 1;
        bytes memory signature = signBatch(payload, number);
        vm.expectRevert(abi.encodeWithSelector(ISettlement.SettlementUnsupportedAuthorization.selector, kind));
        vault.settle(payload, number, bytes32(0), 0, signature);
    }

    function testReservedBitsOfTheControlByteRevert() public {
        for (uint8 bits = 1; bits < 8; ++bits) {
            bytes memory payload = validPayload();
            payload[RECORD] |= bytes1(bits << 1);
            assertMalformed(payload, RECORD);
        }
    }

    function testAnEmptyBatchSettles() public {
        settlePayload(hex"0100000000000011");
        assertEq(vault.batchNumber(), 1, "number");
    }

    /// @dev Whatever is flipped, even under the engine's own signature, value is conserved and nobody pays more, or sells
    /// for less, than what it signed.
    function testAFlippedBitTakesNothingThatWasNotSigned(uint256 position, uint8 bit) public {
        bytes memory payload = validPayload();
        position = bound(position, 0, payload.length - 1);
        payload[position] ^= bytes1(uint8(1) << (bit % 8));
        uint64 number = vault.batchNumber() + 1;
        try vault.settle(payload, number, bytes32(0), 0, signBatch(payload, number)) {}
        catch {
            assertEq(vault.batchNumber(), number - 1, "unsettled");
            return;
        }
        int256 sold = int256(uint256(FUNDS)) - int256(uint256(vault.balanceOf(wallet(0), QTRA)));
        int256 bought = int256(uint256(vault.balanceOf(wallet(1), QTRA))) - int256(uint256(FUNDS));
        int256 earned = int256(uint256(vault.balanceOf(wallet(0), USDC))) - int256(uint256(FUNDS));
        int256 paid = int256(uint256(FUNDS)) - int256(uint256(vault.balanceOf(wallet(1), USDC)));
        assertTrue(sold == bought && sold >= 0 && sold <= 100e6, "within the orders' quantity");
        int256 notional = sold / 1e6 * 50;
        assertTrue(paid <= notional + notional * 5000 / 1e6 + 1, "buyer's limit and cap");
        assertTrue(earned >= notional - notional * 5000 / 1e6 - 1, "seller's limit and cap");
        assertEq(uint256(paid), uint256(earned) + vault.feesOf(USDC), "conserved");
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISettlementAccounts, ISettlementBatches} from "../../contracts/interfaces/ISettlement.sol";
import {Batch, FeeRow, Group, Half, PayloadWriter, Section, Statement, TestOrder} from "./base/Batches.sol";
import {SettlementFixture} from "./base/SettlementFixture.sol";

/// @dev Payloads that are not what they should be. All are signed by the engine: only their form is wrong.
contract SettlementPayloadTest is SettlementFixture {
    uint256 private constant HEADER = 16;
    uint256 private constant MARKETS = HEADER + 2 * 8;
    uint256 private constant SECTION = MARKETS + 2 * 4;
    uint256 private constant RECORD = SECTION + 18;
    uint256 private constant RECORD_BYTES = 1 + 37;
    uint256 private constant FILLS = RECORD + 2 * (RECORD_BYTES + 64);
    // Of the payload with a net group: three assets, then the group.
    uint256 private constant ASSETS = MARKETS + 2 * 4;
    uint256 private constant GROUP = ASSETS + 3 * 2;
    uint256 private constant STATEMENT = GROUP + 14;
    uint256 private constant ROWS = STATEMENT + 2 + 6;
    uint256 private constant HALF = ROWS + 2 * 9 + 64;
    uint256 private constant FEE = HALF + 1 + 2 + 8 + 8;

    function validPayload() private view returns (bytes memory) {
        return PayloadWriter.write(batchOf(pair(orderOf(0, SELL, 1), orderOf(1, BUY, 1)), oneFill(10)));
    }

    function ladderPayload() private view returns (bytes memory) {
        Batch memory batch;
        batch.sections = new Section[](1);
        batch.sections[0] = ladderOf(pair(orderOf(0, SELL, 1), orderOf(0, SELL, 2)), 0);
        setTables(batch);
        return PayloadWriter.write(batch);
    }

    function netPayload() private view returns (bytes memory) {
        Batch memory batch = batchOf(pair(orderOf(0, SELL, 1), orderOf(1, BUY, 1)), oneFill(10));
        batch.groups = new Group[](1);
        Statement memory statement;
        (statement.owner, statement.key) = (wallet(2), walletKey(2));
        statement.assets = new uint16[](2);
        (statement.assets[0], statement.assets[1]) = (QTRA, USDC);
        statement.deltas = new int64[](2);
        signStatement(statement);
        batch.groups[0].statements = new Statement[](1);
        batch.groups[0].statements[0] = statement;
        batch.groups[0].halves = new Half[](1);
        batch.groups[0].halves[0] = Half(0, 1, 50, 0);
        batch.groups[0].fees = new FeeRow[](1);
        batch.groups[0].fees[0] = FeeRow(USDC, 0);
        setTables(batch);
        return PayloadWriter.write(batch);
    }

    function assertMalformed(bytes memory payload, uint256 position) private {
        assertRefused(payload, abi.encodeWithSelector(ISettlementBatches.SettlementMalformedPayload.selector, position));
    }

    function assertRefused(bytes memory payload, bytes memory error_) private {
        uint64 number = vault.batchNumber() + 1;
        bytes memory signature = signBatch(payload, number);
        vm.expectRevert(error_);
        vault.settle(payload, number, bytes32(0), 0, signature);
    }

    /// @dev With one byte of a payload changed.
    function assertMalformedWith(bytes memory payload, uint256 offset, uint8 value, uint256 position) private {
        payload[offset] = bytes1(value);
        assertMalformed(payload, position);
    }

    function testTheValidPayloadSettles() public {
        bytes memory payload = validPayload();
        assertEq(payload.length, FILLS + 12, "length");
        settlePayload(payload);
        assertEq(vault.balanceOf(wallet(1), QTRA), FUNDS + 10e6, "settled");
        payload = netPayload();
        assertEq(payload.length, FEE + 9 + FILLS - SECTION + 12, "length with a group");
        settlePayload(payload);
        settlePayload(ladderPayload());
    }

    function testAnEmptyBatchSettles() public {
        settlePayload(hex"02000000000000000000000000000011");
        assertEq(vault.batchNumber(), 1, "number");
    }

    function testEveryTruncationReverts(uint256 length) public {
        bytes memory payload = length % 2 == 0 ? validPayload() : netPayload();
        length = bound(length, 0, payload.length - 1);
        assembly ("memory-safe") {
            mstore(payload, length)
        }
        uint64 number = vault.batchNumber() + 1;
        bytes memory signature = signBatch(payload, number);
        vm.expectPartialRevert(ISettlementBatches.SettlementMalformedPayload.selector);
        vault.settle(payload, number, bytes32(0), 0, signature);
    }

    /// @dev The call goes on after its payload, so all bytes of the statement are there to be read.
    function testAStatementThatEndsAfterThePayloadReverts(bool isIsolated, uint256 missing) public {
        Batch memory batch;
        batch.groups = new Group[](1);
        batch.groups[0].statements = new Statement[](1);
        batch.groups[0].statements[0] = stated(2, 0, 0, isIsolated);
        setTables(batch);
        bytes memory payload = PayloadWriter.write(batch);
        uint256 end = payload.length;
        missing = bound(missing, 1, 64);
        assembly ("memory-safe") {
            mstore(payload, sub(end, missing))
        }
        uint64 number = vault.batchNumber() + 1;
        bytes memory signature = signBatch(payload, number);
        assembly ("memory-safe") {
            mstore(payload, end)
        }
        bytes memory call_ =
            abi.encodeCall(ISettlementBatches.settle, (payload, number, bytes32(0), uint64(0), signature));
        assembly ("memory-safe") {
            // After the selector and five arguments, of which the first says where the payload's length stands.
            mstore(add(call_, 196), sub(end, missing))
        }
        (bool settled, bytes memory answer) = address(vault).call(call_);
        assertTrue(!settled, "settled");
        bytes memory error_ = abi.encodeWithSelector(ISettlementBatches.SettlementMalformedPayload.selector, end);
        assertEq(keccak256(answer), keccak256(error_), "error");
    }

    function testTrailingBytesRevert(bytes calldata tail) public {
        vm.assume(tail.length > 0);
        bytes memory payload = validPayload();
        assertMalformed(bytes.concat(payload, tail), payload.length);
    }

    function testAnotherVersionReverts(uint8 version) public {
        vm.assume(version != 2);
        bytes memory payload = validPayload();
        payload[0] = bytes1(version);
        assertRefused(
            payload, abi.encodeWithSelector(ISettlementBatches.SettlementUnsupportedVersion.selector, version)
        );
    }

    function testCountsThatContradictTheContentRevert() public {
        assertMalformedWith(validPayload(), 1, 129, 1);
        assertMalformedWith(validPayload(), 5, 2, FILLS);
        assertMalformedWith(validPayload(), 6, 0xff, 6);
        assertMalformedWith(validPayload(), 7, 3, FILLS);
        assertMalformedWith(validPayload(), 7, 1, RECORD);
        assertMalformedWith(validPayload(), 9, 0xff, 9);
        assertMalformedWith(validPayload(), 12, 1, 11);
        assertMalformedWith(validPayload(), 11, 0xff, 11);
        assertMalformedWith(validPayload(), 13, 0xff, FILLS);
        assertMalformedWith(validPayload(), SECTION + 2, 0xff, RECORD);
        assertMalformedWith(netPayload(), 12, 4, 11);
        assertMalformedWith(netPayload(), 12, 2, 11);
    }

    function testABatchThatTouchesMoreSlotsThanItSaysReverts() public {
        // Two accounts of two slots each, and the fees.
        bytes memory payload = validPayload();
        for (uint8 slots = 0; slots < 5; ++slots) {
            assertMalformedWith(payload, 10, slots, 9);
        }
        payload[10] = 0x05;
        settlePayload(payload);
        assertEq(vault.balanceOf(wallet(1), QTRA), FUNDS + 10e6, "settled");
    }

    function testWidthsOutOfRangeRevert() public {
        uint8[6] memory bad = [0x08, 0x38, 0xf8, 0x20, 0x29, 0x00];
        for (uint256 i = 0; i < bad.length; ++i) {
            assertMalformedWith(validPayload(), 15, bad[i], 15);
        }
        bytes3[6] memory widths = [bytes3(0x986528), 0x896528, 0x887528, 0x886628, 0x886538, 0x886529];
        for (uint256 i = 0; i < widths.length; ++i) {
            bytes memory payload = validPayload();
            for (uint256 k = 0; k < 3; ++k) {
                payload[SECTION + 4 + k] = widths[i][k];
            }
            assertMalformed(payload, SECTION + 4);
        }
        for (uint8 floor = 7; floor < 16; ++floor) {
            assertMalformedWith(netPayload(), GROUP + 5, (floor << 4) | 8, GROUP + 5);
        }
        assertMalformedWith(netPayload(), GROUP + 5, 0x60, GROUP + 5);
        assertMalformedWith(netPayload(), GROUP + 5, 0x69, GROUP + 5);
        bytes2[8] memory half = [bytes2(0x0888), 0x3888, 0x2088, 0x2988, 0x2808, 0x2898, 0x2880, 0x2889];
        for (uint256 i = 0; i < half.length; ++i) {
            bytes memory payload = netPayload();
            (payload[GROUP + 6], payload[GROUP + 7]) = (half[i][0], half[i][1]);
            assertMalformed(payload, GROUP + 6);
        }
    }

    function testTablesThatDoNotAscendRevert() public {
        assertMalformedWith(validPayload(), MARKETS + 3, 0, MARKETS);
        assertMalformedWith(validPayload(), MARKETS + 3, 2, MARKETS + 4);
        assertMalformedWith(netPayload(), ASSETS + 1, 0, ASSETS);
        assertMalformedWith(netPayload(), ASSETS + 3, 1, ASSETS + 2);
        // Without the assets of a market.
        assertMalformedWith(netPayload(), ASSETS + 5, 4, MARKETS + 4);
    }

    function testAMarketThatIsNotListedReverts() public {
        bytes memory payload = validPayload();
        payload[MARKETS + 7] = 0x09;
        assertRefused(payload, abi.encodeWithSelector(ISettlementAccounts.SettlementUnknownMarket.selector, 9));
    }

    function testIndicesOutOfRangeRevert() public {
        assertMalformedWith(validPayload(), FILLS + 1, 2, FILLS);
        assertMalformedWith(validPayload(), FILLS + 2, 1, FILLS);
        assertMalformedWith(validPayload(), RECORD, 0x82, RECORD);
        assertMalformedWith(validPayload(), SECTION, 2, SECTION);
        assertMalformedWith(netPayload(), STATEMENT + 1, 0, STATEMENT + 1);
        assertMalformedWith(netPayload(), ROWS, 3, ROWS);
        assertMalformedWith(netPayload(), ROWS + 9, 0, ROWS + 9);
        assertMalformedWith(netPayload(), HALF, 2, HALF);
        assertMalformedWith(netPayload(), HALF + 2, 2, HALF);
        assertMalformedWith(netPayload(), FEE, 3, FEE);
    }

    function testIndicesOfIsolatedAndSessionStatementsRevertOutOfRange() public {
        bytes memory payload = netPayload();
        (payload[STATEMENT], payload[STATEMENT + 1]) = (0x10, 0x02);
        assertMalformed(payload, STATEMENT + 1);
        payload = netPayload();
        (payload[STATEMENT], payload[STATEMENT + 2]) = (0x01, 0x02);
        assertMalformed(payload, STATEMENT + 2);
    }

    function testBasesThatOverflowRevert() public {
        bytes memory payload = validPayload();
        for (uint256 i = 0; i < 6; ++i) {
            payload[SECTION + 7 + i] = 0xff;
        }
        assertMalformed(payload, RECORD);
        payload = validPayload();
        for (uint256 i = 0; i < 5; ++i) {
            payload[SECTION + 13 + i] = 0xff;
        }
        assertMalformed(payload, RECORD);
        payload = netPayload();
        for (uint256 i = 0; i < 6; ++i) {
            (payload[GROUP + 8 + i], payload[STATEMENT + 2 + i]) = (0xff, 0xff);
        }
        assertMalformed(payload, STATEMENT + 2);
    }

    function testKindsOfAuthorizationToComeRevert(uint8 kind) public {
        kind = uint8(bound(kind, 3, 15));
        bytes4 unsupported = ISettlementBatches.SettlementUnsupportedAuthorization.selector;
        bytes memory payload = validPayload();
        payload[SECTION + 1] = bytes1(kind);
        assertRefused(payload, abi.encodeWithSelector(unsupported, kind));
        // A contract wallet that changes its mind would take a group with it.
        kind = kind % 2 == 0 ? kind : 2;
        payload = netPayload();
        payload[STATEMENT] = bytes1(kind);
        assertRefused(payload, abi.encodeWithSelector(unsupported, kind));
    }

    function testReservedBitsRevert() public {
        for (uint8 bit = 4; bit < 7; ++bit) {
            assertMalformedWith(validPayload(), SECTION + 1, uint8(1 << bit), SECTION + 1);
        }
        for (uint8 bit = 5; bit < 8; ++bit) {
            assertMalformedWith(netPayload(), STATEMENT, uint8(1 << bit), STATEMENT);
        }
        for (uint8 bit = 1; bit < 8; ++bit) {
            assertMalformedWith(netPayload(), HALF, uint8(1 << bit), HALF);
        }
    }

    function testLaddersOfNoOrTooManyRecordsRevert() public {
        assertMalformedWith(ladderPayload(), SECTION + 3, 0, SECTION + 2);
        assertMalformedWith(ladderPayload(), SECTION + 2, 1, SECTION + 2);
        // A bit past the last record.
        assertMalformedWith(ladderPayload(), SECTION + 18 + 6, 0xe0, SECTION + 18 + 6);
    }

    function testALadderMayLeaveRecordsUnused() public {
        bytes memory payload = ladderPayload();
        payload[SECTION + 18 + 6] = 0x40;
        payload[7] = 0x01;
        settlePayload(payload);
        assertEq(vault.batchNumber(), 1, "settled");
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISettlementBatches, SkipReason} from "../../contracts/interfaces/ISettlement.sol";
import {Batch, FeeRow, Fill, Group, Half, MAKER, PayloadWriter, Section, TAKER, TestOrder} from "./base/Batches.sol";
import {SettlementFixture} from "./base/SettlementFixture.sol";

/// @dev Several orders of one lane in one batch, and orders that a batch lists and does not fill.
contract SettlementLanesTest is SettlementFixture {
    function assertReasons(SkipReason[] memory reasons, SkipReason[3] memory expected) private pure {
        for (uint256 i = 0; i < reasons.length; ++i) {
            assertEq(uint256(reasons[i]), uint256(expected[i]), "reason");
        }
    }

    /// @dev Two orders of wallet 0 in one lane, and one of wallet 1 for both.
    function three(TestOrder memory one, TestOrder memory two) private view returns (TestOrder[] memory orders) {
        orders = new TestOrder[](3);
        (orders[0], orders[1], orders[2]) = (one, two, orderOf(1, BUY, 1));
    }

    function threeFills(uint16 first, uint16 second, uint16 third) private pure returns (Fill[] memory fills) {
        fills = new Fill[](3);
        (fills[0], fills[1], fills[2]) = (Fill(first, 2, 10), Fill(second, 2, 20), Fill(third, 2, 5));
    }

    function testOrdersOfALaneFillInTurn() public {
        SkipReason[] memory reasons = settle(three(orderOf(0, SELL, 5), orderOf(0, SELL, 6)), threeFills(0, 1, 0));
        assertReasons(reasons, [SkipReason.NONE, SkipReason.NONE, SkipReason.SUPERSEDED]);
        assertEq(vault.slotOf(wallet(0), QTRA).filled, 20, "filled");
        assertEq(vault.slotOf(wallet(0), QTRA).seq, 6, "seq");
        assertEq(vault.slotOf(wallet(1), QTRA).filled, 30, "the other side");
    }

    /// @dev Where they stand in the payload says nothing.
    function testTheOlderOrderOfALaneMayBeListedLast() public {
        SkipReason[] memory reasons = settle(three(orderOf(0, SELL, 6), orderOf(0, SELL, 5)), threeFills(1, 0, 1));
        assertReasons(reasons, [SkipReason.NONE, SkipReason.NONE, SkipReason.SUPERSEDED]);
        assertEq(vault.slotOf(wallet(0), QTRA).filled, 20, "filled");
        assertEq(vault.slotOf(wallet(0), QTRA).seq, 6, "seq");
    }

    function testOrdersOfAnIsolatedLaneFillInTurn() public {
        TestOrder[] memory orders = three(isolatedOrderOf(0, SELL, 6), isolatedOrderOf(0, SELL, 5));
        assertReasons(settle(orders, threeFills(1, 0, 1)), [SkipReason.NONE, SkipReason.NONE, SkipReason.SUPERSEDED]);
        assertEq(vault.isolatedOf(wallet(0), QTRA_USDC).filled, 20, "filled");
        assertEq(vault.isolatedOf(wallet(0), QTRA_USDC).seq, 6, "seq");
    }

    /// @dev What a record counts is not lost when another of the same order has the lane.
    function testAnOrderListedTwiceFillsInTurn() public {
        TestOrder[] memory orders = three(orderOf(0, SELL, 5), orderOf(0, SELL, 5));
        assertReasons(settle(orders, threeFills(0, 1, 0)), [SkipReason.NONE, SkipReason.NONE, SkipReason.NONE]);
        assertEq(vault.slotOf(wallet(0), QTRA).filled, 35, "filled");
        Fill[] memory fills = new Fill[](2);
        (fills[0], fills[1]) = (Fill(1, 2, 65), Fill(0, 2, 1));
        SkipReason[] memory reasons = settle(orders, fills);
        assertEq(uint256(reasons[0]), uint256(SkipReason.NONE), "to the last lot");
        assertEq(uint256(reasons[1]), uint256(SkipReason.OVERFILL), "and not one more");
    }

    function testAnOrderThatDoesNotFillLeavesItsLane() public {
        settlePair(orderOf(0, SELL, 5), orderOf(1, BUY, 1), 40);
        TestOrder[] memory orders = three(orderOf(0, SELL, 6), isolatedOrderOf(0, SELL, 6));
        assertReasons(
            settle(orders, threeFills(2, 2, 2)),
            [SkipReason.NOT_OPPOSITE, SkipReason.NOT_OPPOSITE, SkipReason.NOT_OPPOSITE]
        );
        assertEq(vault.slotOf(wallet(0), QTRA).seq, 5, "seq");
        assertEq(vault.slotOf(wallet(0), QTRA).filled, 40, "filled");
        assertEq(vault.isolatedOf(wallet(0), QTRA_USDC).seq, 0, "isolated");
        assertTrue(settlePair(orderOf(0, SELL, 5), orderOf(1, BUY, 1), 60) == SkipReason.NONE, "it goes on");
    }

    /// @dev A fill that cannot be does not take the lane from the order before.
    function testASkippedFillLeavesItsLane() public {
        TestOrder[] memory orders = three(orderOf(0, SELL, 5), orderOf(0, SELL, 6));
        Fill[] memory fills = new Fill[](3);
        (fills[0], fills[1], fills[2]) = (Fill(0, 2, 10), Fill(1, 2, 101), Fill(0, 2, 20));
        assertReasons(settle(orders, fills), [SkipReason.NONE, SkipReason.OVERFILL, SkipReason.NONE]);
        assertEq(vault.slotOf(wallet(0), QTRA).seq, 5, "seq");
        assertEq(vault.slotOf(wallet(0), QTRA).filled, 30, "filled");
    }

    /// @dev A half counts in its order's lane, and the fills after it go on from there.
    function testFillsGoOnAfterHalves() public {
        Batch memory batch = batchOf(three(orderOf(0, SELL, 5), orderOf(0, SELL, 6)), threeFills(0, 1, 0));
        batch.groups = new Group[](1);
        batch.groups[0].halves = new Half[](2);
        (batch.groups[0].halves[0], batch.groups[0].halves[1]) = (Half(MAKER, 0, 50, 85), Half(TAKER, 2, 50, 85));
        batch.groups[0].fees = new FeeRow[](1);
        batch.groups[0].fees[0] = FeeRow(USDC, 7 + 11);
        batch.fills[1].quantity = 5;
        setTables(batch);
        Outcome memory outcome = settleBatch(batch);
        assertEq(uint256(outcome.groups[0]), uint256(SkipReason.NONE), "group");
        assertReasons(outcome.fills, [SkipReason.NONE, SkipReason.NONE, SkipReason.SUPERSEDED]);
        assertEq(vault.slotOf(wallet(1), QTRA).filled, 100, "85 and 15");
        assertEq(vault.slotOf(wallet(0), QTRA).filled, 5, "of the newer");
    }

    /// @dev Reading a taker that has less left is as good a reason as reading a maker.
    function testATakerDoesNotFillBeyondItsQuantity() public {
        TestOrder memory small = orderOf(1, BUY, 1);
        small.quantity = 9;
        assertTrue(settlePair(orderOf(0, SELL, 5), small, 10) == SkipReason.OVERFILL, "taker");
    }

    function testASectionMayBeEmpty() public {
        Batch memory batch = batchOf(pair(orderOf(0, SELL, 1), orderOf(1, BUY, 1)), oneFill(10));
        Section[] memory sections = new Section[](2);
        sections[0].market = BTC_USDC;
        sections[1] = batch.sections[0];
        batch.sections = sections;
        assertTrue(settleBatch(batch).fills[0] == SkipReason.NONE, "the other section settles");
    }

    function testABatchHasTheNextNumber() public {
        bytes memory payload = PayloadWriter.write(batchOf(pair(orderOf(0, SELL, 1), orderOf(1, BUY, 1)), oneFill(1)));
        bytes memory signature = signBatch(payload, 2);
        vm.expectRevert(abi.encodeWithSelector(ISettlementBatches.SettlementWrongBatch.selector, 1, 2));
        vault.settle(payload, 2, bytes32(0), 0, signature);
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISettlementBatches, SkipReason} from "../../contracts/interfaces/ISettlement.sol";
import {
    Batch,
    FeeRow,
    Fill,
    Group,
    Half,
    ISOLATED,
    PayloadWriter,
    SESSION_KEY,
    Section,
    Statement,
    TAKER,
    TestOrder
} from "./base/Batches.sol";
import {SettlementFixture} from "./base/SettlementFixture.sol";

/// @dev Statements beside each other and beside orders, whether they are applied when they are read or later: those of the
/// first group are at once, up to one that something is to be said about. What becomes of them does not depend on it.
contract SettlementStatementsTest is SettlementFixture {
    function groupOf(Statement memory one, Statement memory two, Statement memory three)
        private
        pure
        returns (Group memory group)
    {
        group.statements = new Statement[](3);
        (group.statements[0], group.statements[1], group.statements[2]) = (one, two, three);
    }

    function assertGroup(Group memory group, SkipReason reason, uint32 item) private {
        (SkipReason seen, uint32 fault) = settleGroup(new TestOrder[](0), group);
        assertEq(uint256(seen), uint256(reason), "reason");
        assertEq(fault, item, "item");
    }

    function openSession(uint256 index) private {
        vm.prank(wallet(index));
        vault.setSessionKey(vm.addr(sessionKeyOf(index)), QTRA_USDC, UNLIMITED, UNLIMITED, FOREVER);
    }

    function signBySession(Statement memory statement, uint256 index) private view {
        (statement.kind, statement.key) = (SESSION_KEY, sessionKeyOf(index));
        signStatement(statement);
    }

    /// @dev The one in the middle is signed by a session key, so it and the last one are applied later.
    function testStatementsOfBothWaysAddUp() public {
        openSession(1);
        Statement memory middle = stated(1, 20e6, -500, false);
        signBySession(middle, 1);
        assertGroup(groupOf(stated(0, -30e6, 700, true), middle, stated(2, 10e6, -200, false)), SkipReason.NONE, 0);
        assertEq(vault.isolatedOf(wallet(0), QTRA_USDC).base, FUNDS - 30e6, "first");
        assertEq(vault.balanceOf(wallet(1), QTRA), FUNDS + 20e6, "second");
        assertEq(vault.balanceOf(wallet(2), USDC), FUNDS - 200, "third");
        assertEq(vault.slotOf(wallet(2), USDC).floor, 7, "floor");
        assertEq(vault.isolatedOf(wallet(0), QTRA_USDC).floor, 7, "isolated floor");
    }

    function testStatementsOfBothWaysAreUndone() public {
        openSession(1);
        Statement memory middle = stated(1, 20e6, -500, false);
        signBySession(middle, 1);
        Group memory group = groupOf(stated(0, -30e6, 700, true), middle, stated(2, 10e6, -201, false));
        assertGroup(group, SkipReason.UNBALANCED, 3);
        assertEq(vault.isolatedOf(wallet(0), QTRA_USDC).base, FUNDS, "first");
        assertEq(vault.isolatedOf(wallet(0), QTRA_USDC).floor, 0, "its floor");
        assertEq(vault.balanceOf(wallet(1), QTRA), FUNDS, "second");
        assertEq(vault.balanceOf(wallet(2), USDC), FUNDS, "third");
        assertEq(vault.slotOf(wallet(2), QTRA).floor, 0, "their floors");
    }

    /// @dev The first row of it would do.
    function testAStatementOfWhichOneRowFailsChangesNothing() public {
        Group memory group =
            groupOf(stated(0, -30e6, 700, false), stated(1, 20e6, -int64(FUNDS) - 1, false), stated(2, 0, 0, false));
        assertGroup(group, SkipReason.NET_SHORT, 1);
        assertEq(vault.balanceOf(wallet(0), QTRA), FUNDS, "before it");
        assertEq(vault.balanceOf(wallet(1), QTRA), FUNDS, "its first row");
        group = groupOf(stated(0, -30e6, 700, false), stated(1, 30e6, -700, false), stated(2, 0, 0, false));
        assertGroup(group, SkipReason.NONE, 0);
        assertEq(vault.balanceOf(wallet(1), USDC), FUNDS - 700, "now");
    }

    function testAnIsolatedStatementOfWhichOneRowFailsChangesNothing() public {
        Group memory group =
            groupOf(stated(0, -30e6, 700, false), stated(1, 20e6, -int64(FUNDS) - 1, true), stated(2, 0, 0, true));
        assertGroup(group, SkipReason.NET_SHORT, 1);
        assertEq(vault.isolatedOf(wallet(1), QTRA_USDC).base, FUNDS, "its first row");
        group = groupOf(stated(0, 0, 0, false), stated(1, int64(2 ** 56), 0, true), stated(2, 0, 0, true));
        assertGroup(group, SkipReason.ACCOUNT_FULL, 1);
    }

    function namedTwice(bool isIsolated, bool firstBySession, bool secondBySession) private {
        Statement memory one = stated(0, -30e6, 700, isIsolated);
        Statement memory two = stated(0, 30e6, -700, isIsolated);
        if (firstBySession) signBySession(one, 0);
        if (secondBySession) signBySession(two, 0);
        assertGroup(groupOf(one, two, stated(2, 0, 0, false)), SkipReason.NET_REPEATED, 1);
    }

    /// @dev A slot is named twice: by two statements that are applied at once, by two that are not, and by one of each.
    function testNoSlotIsNamedTwice() public {
        openSession(0);
        for (uint256 isolated = 0; isolated < 2; ++isolated) {
            namedTwice(isolated == 1, false, false);
            namedTwice(isolated == 1, false, true);
            namedTwice(isolated == 1, true, false);
            namedTwice(isolated == 1, true, true);
        }
        assertEq(vault.balanceOf(wallet(0), QTRA), FUNDS, "nothing");
    }

    /// @dev The one with a request under way is not applied at once, nor any after it.
    function testARequestedFloorIsHigherThanAStatements() public {
        vm.prank(wallet(1));
        vault.requestCancel(QTRA, 9);
        vm.prank(wallet(1));
        vault.requestCancelIsolated(QTRA_USDC, 9);
        vm.warp(vm.getBlockTimestamp() + 10 minutes);
        Group memory group = groupOf(stated(0, -30e6, 700, false), stated(1, 30e6, -700, false), stated(1, 0, 0, true));
        assertGroup(group, SkipReason.NONE, 0);
        assertEq(vault.slotOf(wallet(1), QTRA).floor, 9, "the requested");
        assertEq(vault.slotOf(wallet(1), USDC).floor, 7, "the stated");
        assertEq(vault.isolatedOf(wallet(1), QTRA_USDC).floor, 9, "isolated");
        assertTrue(settlePair(isolatedOrderOf(1, SELL, 9), orderOf(2, BUY, 1), 1) == SkipReason.CANCELLED, "dead");
        vm.prank(wallet(1));
        vault.requestExitIsolated(QTRA_USDC);
        assertTrue(settlePair(isolatedOrderOf(1, SELL, 10), orderOf(2, BUY, 1), 1) == SkipReason.NONE, "not yet");
        vm.warp(vm.getBlockTimestamp() + 24 hours);
        assertTrue(settlePair(isolatedOrderOf(1, SELL, 10), orderOf(2, BUY, 1), 1) == SkipReason.EXITED, "left");
        assertGroup(
            groupOf(stated(0, 0, 0, false), stated(1, 0, 0, true), stated(2, 0, 0, false)), SkipReason.EXITED, 1
        );
    }

    /// @dev Floors count for the orders of the batch, of statements in skipped groups too, but not for its ladders.
    function testAFloorOfTheBatchCountsForOrdersAndNotForLadders() public {
        for (uint256 skipped = 0; skipped < 2; ++skipped) {
            TestOrder[] memory rungs = new TestOrder[](1);
            rungs[0] = orderOf(0, SELL, 8);
            TestOrder[] memory others = pair(orderOf(0, SELL, 7), orderOf(2, BUY, 1));
            Batch memory batch;
            batch.sections = new Section[](2);
            batch.sections[0] = ladderOf(rungs, 7);
            batch.sections[1] = sectionsOf(others)[0];
            batch.fills = new Fill[](2);
            (batch.fills[0], batch.fills[1]) = (Fill(0, 2, 10), Fill(1, 2, 10));
            batch.groups = new Group[](1);
            int64 quote = skipped == 0 ? -700 : -701;
            batch.groups[0] =
                groupOf(stated(0, -30e6, 700, false), stated(1, 30e6, quote, false), stated(3, 0, 0, true));
            setTables(batch);
            uint256 state = vm.snapshotState();
            Outcome memory outcome = settleBatch(batch);
            assertEq(
                uint256(outcome.groups[0]), uint256(skipped == 0 ? SkipReason.NONE : SkipReason.UNBALANCED), "group"
            );
            assertEq(uint256(outcome.fills[0]), uint256(SkipReason.LADDER_WAITING), "the ladder waits");
            assertEq(uint256(outcome.fills[1]), uint256(SkipReason.CANCELLED), "the order is dead");
            assertEq(vault.slotOf(wallet(0), QTRA).floor, skipped == 0 ? 7 : 0, "floor");
            vm.revertToState(state);
        }
    }

    /// @dev The fills of a batch see what its statements left, or what was there if they were undone.
    function testFillsFollowAGroupThatWasUndone() public {
        Batch memory batch = batchOf(pair(orderOf(0, SELL, 8), orderOf(1, BUY, 8)), oneFill(100));
        batch.groups = new Group[](1);
        batch.groups[0] = groupOf(stated(0, -int64(FUNDS), 700, false), stated(1, 0, 0, false), stated(3, 0, 0, true));
        setTables(batch);
        Outcome memory outcome = settleBatch(batch);
        assertEq(uint256(outcome.groups[0]), uint256(SkipReason.UNBALANCED), "group");
        assertEq(uint256(outcome.fills[0]), uint256(SkipReason.NONE), "fill");
        assertEq(vault.balanceOf(wallet(0), QTRA), FUNDS - 100e6, "of what was there");
        assertEq(vault.slotOf(wallet(0), QTRA).seq, 8, "lane");
        assertEq(vault.slotOf(wallet(0), QTRA).filled, 100, "filled");
    }

    /// @dev Three assets, of which the statements name each once.
    function testAStatementNamesEachAssetOnce() public {
        Statement memory statement = stated(0, -10e6, 0, false);
        statement.assets = new uint16[](3);
        statement.deltas = new int64[](3);
        (statement.assets[0], statement.assets[1], statement.assets[2]) = (QTRA, USDC, BTC);
        (statement.deltas[0], statement.deltas[1], statement.deltas[2]) = (-10e6, 500, -3);
        signStatement(statement);
        Statement memory other = stated(1, 10e6, 0, false);
        (other.assets, other.deltas) = (statement.assets, new int64[](3));
        (other.deltas[0], other.deltas[1], other.deltas[2]) = (10e6, -500, 3);
        signStatement(other);
        assertGroup(groupOf(statement, other, stated(2, 0, 0, false)), SkipReason.NONE, 0);
        assertEq(vault.balanceOf(wallet(1), BTC), FUNDS + 3, "third asset");
    }

    /// @dev A half that would fill an isolated account beyond its bits.
    function testAHalfDoesNotOverfillAnIsolatedAccount() public {
        fundIsolated(wallet(1), QTRA_USDC, QTRA, uint64(2 ** 56 - 1 - FUNDS));
        TestOrder[] memory orders = new TestOrder[](1);
        orders[0] = orderOf(1, BUY, 8);
        orders[0].flags = ISOLATED;
        Group memory group = groupOf(stated(0, -20e6, 1000, false), stated(2, 0, 0, false), stated(3, 0, 0, false));
        group.halves = new Half[](1);
        group.halves[0] = Half(TAKER, 0, 50, 20);
        group.fees = new FeeRow[](1);
        group.fees[0] = FeeRow(USDC, 3);
        (SkipReason reason, uint32 item) = settleGroup(orders, group);
        assertEq(uint256(reason), uint256(SkipReason.ACCOUNT_FULL), "full");
        assertEq(item, 3, "the half");
    }

    /// @dev What is wrong with an order is said whoever signed it, and a signature of nobody otherwise.
    function testOrdersOfSessionsAndLaddersAreJudged() public {
        TestOrder[] memory orders = pair(sessionOrderOf(0, SELL, 1), orderOf(1, BUY, 1));
        orders[0].expiry = uint40(vm.getBlockTimestamp() - 1);
        assertTrue(settle(orders, oneFill(1))[0] == SkipReason.EXPIRED, "without a session, too");
        orders[0].expiry = uint40(vm.getBlockTimestamp());
        Batch memory batch = batchOf(orders, oneFill(1));
        batch.sections[0].signatures[0] = new bytes(64);
        assertTrue(settleBatch(batch).fills[0] == SkipReason.BAD_SIGNATURE, "nobody's");
        TestOrder[] memory rungs = new TestOrder[](1);
        rungs[0] = orderOf(0, SELL, 2);
        rungs[0].expiry = uint40(vm.getBlockTimestamp() - 1);
        batch.sections[0] = ladderOf(rungs, 0);
        assertTrue(settleBatch(batch).fills[0] == SkipReason.EXPIRED, "a rung");
    }

    /// @dev The rows of a statement that is not applied at once are within those that the payload says it has.
    function testRowsOfASessionsStatementAreCounted() public {
        openSession(0);
        Batch memory batch;
        batch.groups = new Group[](1);
        batch.groups[0].statements = new Statement[](1);
        batch.groups[0].statements[0] = stated(0, 0, 0, false);
        signBySession(batch.groups[0].statements[0], 0);
        setTables(batch);
        bytes memory payload = PayloadWriter.write(batch);
        (payload[10], payload[12]) = (0x07, 0x02);
        bytes memory signature = signBatch(payload, 1);
        vm.expectRevert(abi.encodeWithSelector(ISettlementBatches.SettlementMalformedPayload.selector, 11));
        vault.settle(payload, 1, bytes32(0), 0, signature);
    }
}

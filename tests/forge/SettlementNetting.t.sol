// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISettlementBatches, SkipReason} from "../../contracts/interfaces/ISettlement.sol";
import {
    Batch,
    FeeRow,
    Fill,
    Group,
    Half,
    MAKER,
    PayloadWriter,
    SESSION_KEY,
    Section,
    Statement,
    TAKER,
    TestOrder
} from "./base/Batches.sol";
import {SettlementFixture} from "./base/SettlementFixture.sol";
import {FickleWallet} from "./base/TestWallets.sol";

/// @dev Netted statements, the groups they stand in, ladders and contract wallets. 20 lots at 50 ticks change hands: 1,000
/// units, of which the maker pays a fee of 2 and the taker one of 3.
contract SettlementNettingTest is SettlementFixture {
    function bySession(Statement memory statement, uint256 index) private view returns (Statement memory) {
        (statement.kind, statement.key) = (SESSION_KEY, sessionKeyOf(index));
        signStatement(statement);
        return statement;
    }

    function groupOf(Statement memory one, Statement memory two, int64 fees) private pure returns (Group memory group) {
        group.statements = new Statement[](2);
        (group.statements[0], group.statements[1]) = (one, two);
        group.fees = new FeeRow[](1);
        group.fees[0] = FeeRow(USDC, fees);
    }

    function fair() private view returns (Group memory) {
        return groupOf(stated(0, -20e6, 998, false), stated(1, 20e6, -1003, false), 5);
    }

    function assertGroup(Group memory group, SkipReason reason, uint32 item) private {
        assertGroup(new TestOrder[](0), group, reason, item);
    }

    function assertGroup(TestOrder[] memory orders, Group memory group, SkipReason reason, uint32 item) private {
        (SkipReason seen, uint32 fault) = settleGroup(orders, group);
        assertEq(uint256(seen), uint256(reason), "reason");
        assertEq(fault, item, "item");
        if (reason != SkipReason.NONE) assertEq(vault.balanceOf(wallet(1), QTRA), FUNDS, "undone");
    }

    function testAFairGroupSettlesAndRaisesFloors() public {
        assertGroup(fair(), SkipReason.NONE, 0);
        assertEq(vault.balanceOf(wallet(0), QTRA), FUNDS - 20e6, "base");
        assertEq(vault.balanceOf(wallet(1), USDC), FUNDS - 1003, "quote");
        assertEq(vault.feesOf(USDC), 5, "fees");
        assertEq(vault.slotOf(wallet(0), QTRA).floor, 7, "floor of the base");
        assertEq(vault.slotOf(wallet(0), USDC).floor, 7, "floor of the quote");
        assertTrue(settlePair(orderOf(0, SELL, 7), orderOf(2, BUY, 1), 1) == SkipReason.CANCELLED, "dead");
    }

    function testUnifiedAndIsolatedAccountsNetTogether() public {
        Group memory group = groupOf(stated(0, -20e6, 998, true), stated(1, 20e6, -1003, false), 5);
        assertGroup(group, SkipReason.NONE, 0);
        assertEq(vault.isolatedOf(wallet(0), QTRA_USDC).base, FUNDS - 20e6, "base");
        assertEq(vault.isolatedOf(wallet(0), QTRA_USDC).floor, 7, "floor");
    }

    function testAGroupThatDoesNotAddUpIsUndone() public {
        Group memory group = fair();
        group.fees[0].units = 4;
        assertGroup(group, SkipReason.UNBALANCED, 3);
        group = groupOf(stated(0, -20e6, 1008, false), stated(1, 20e6, -1003, false), -5);
        assertGroup(group, SkipReason.REBATE_UNFUNDED, 2);
        group = groupOf(stated(0, 20e6, 0, false), stated(1, -int64(FUNDS) - 1, 0, false), 0);
        assertGroup(group, SkipReason.NET_SHORT, 1);
        group = groupOf(stated(0, 0, 0, false), stated(1, int64(2 ** 56), 0, true), 0);
        assertGroup(group, SkipReason.ACCOUNT_FULL, 1);
        group = groupOf(stated(0, -20e6, 998, false), stated(0, 20e6, -1003, false), 5);
        assertGroup(group, SkipReason.NET_REPEATED, 1);
        group = fair();
        group.statements[1].signature = new bytes(64);
        assertGroup(group, SkipReason.BAD_SIGNATURE, 1);
        group = fair();
        group.statements[1] = stated(1, 20e6, -1003, true);
        group.statements[1].floor = 2 ** 42;
        signStatement(group.statements[1]);
        assertGroup(group, SkipReason.UNSUPPORTED_ORDER, 1);
        vm.prank(wallet(1));
        vault.requestExit(USDC);
        vm.warp(vm.getBlockTimestamp() + 24 hours);
        assertGroup(fair(), SkipReason.EXITED, 1);
    }

    function testSessionsStateWithinTheirMarketAndLimit() public {
        Group memory group = fair();
        bySession(group.statements[0], 0);
        assertGroup(group, SkipReason.SESSION_INVALID, 0);
        vm.prank(wallet(0));
        vault.setSessionKey(vm.addr(sessionKeyOf(0)), QTRA_USDC, 39e6, UNLIMITED, FOREVER);
        group = fair();
        bySession(group.statements[0], 0);
        assertGroup(group, SkipReason.NONE, 0);
        group = groupOf(bySession(stated(0, -20e6, 998, false), 0), stated(2, 20e6, -1003, false), 5);
        group.statements[0].floor = 8;
        signStatement(group.statements[0]);
        (SkipReason reason, uint32 item) = settleGroup(new TestOrder[](0), group);
        assertTrue(reason == SkipReason.SESSION_LIMIT && item == 0, "limit");
        // Not of its market, or of more than its market.
        Statement memory other = stated(0, 0, 0, false);
        other.assets[0] = USDC;
        other.assets[1] = BTC;
        (reason, item) = settleGroup(new TestOrder[](0), groupOf(bySession(other, 0), stated(2, 0, 0, false), 0));
        assertTrue(reason == SkipReason.SESSION_INVALID && item == 0, "another market");
        other = stated(0, 0, 0, false);
        other.assets = new uint16[](1);
        other.deltas = new int64[](1);
        other.assets[0] = QTRA;
        (reason, item) = settleGroup(new TestOrder[](0), groupOf(bySession(other, 0), stated(2, 0, 0, false), 0));
        assertTrue(reason == SkipReason.SESSION_INVALID && item == 0, "one asset only");
        other = bySession(stated(0, 0, 0, true), 0);
        other.signature = new bytes(64);
        (reason, item) = settleGroup(new TestOrder[](0), groupOf(other, stated(2, 0, 0, false), 0));
        assertTrue(reason == SkipReason.BAD_SIGNATURE && item == 0, "nobody's signature");
    }

    function withHalf(TestOrder memory order, uint8 role, uint64 price, uint64 lots, SkipReason reason) private {
        TestOrder[] memory orders = new TestOrder[](1);
        orders[0] = order;
        Group memory group = fair();
        group.statements = new Statement[](1);
        bool buys = order.side == BUY;
        int64 base = int64(lots) * 1e6;
        int64 quote = int64(price * lots);
        group.statements[0] = stated(0, buys ? -base : base, buys ? quote : -quote, false);
        group.halves = new Half[](1);
        group.halves[0] = Half(role, 0, price, lots);
        uint256 ppm = role == MAKER ? 1500 : 2500;
        group.fees[0].units = int64(uint64((uint256(price) * lots * ppm + 999_999) / 1e6));
        (SkipReason seen, uint32 item) = settleGroup(orders, group);
        assertEq(uint256(seen), uint256(reason), "reason of the half");
        if (reason != SkipReason.NONE) assertEq(item, 1, "the half is at fault");
    }

    function testHalvesAreFillsOfOneSide() public {
        withHalf(orderOf(1, BUY, 1), TAKER, 50, 20, SkipReason.NONE);
        assertEq(vault.slotOf(wallet(1), QTRA).filled, 20, "filled");
        withHalf(orderOf(1, BUY, 1), TAKER, 50, 81, SkipReason.OVERFILL);
        withHalf(orderOf(1, BUY, 1), TAKER, 51, 1, SkipReason.LIMIT_CROSSED);
        withHalf(orderOf(1, SELL, 2), MAKER, 49, 1, SkipReason.LIMIT_CROSSED);
        withHalf(orderOf(1, SELL, 2), MAKER, 50, 1, SkipReason.NONE);
        withHalf(orderOf(1, BUY, 1), TAKER, 50, 1, SkipReason.SUPERSEDED);
        withHalf(orderOf(1, BUY, 2), TAKER, 50, 1, SkipReason.SEQ_REUSED);
        withHalf(orderOf(8, BUY, 1), TAKER, 50, 1, SkipReason.QUOTE_SHORT);
        withHalf(orderOf(8, SELL, 1), TAKER, 50, 1, SkipReason.BASE_SHORT);
        withHalf(isolatedOrderOf(1, BUY, 1), TAKER, 50, 1, SkipReason.NONE);
        withHalf(sessionOrderOf(1, BUY, 9), TAKER, 50, 1, SkipReason.SESSION_INVALID);
        vm.prank(wallet(1));
        vault.setSessionKey(vm.addr(sessionKeyOf(1)), QTRA_USDC, 1e6, 60, FOREVER);
        withHalf(sessionOrderOf(1, BUY, 9), TAKER, 50, 1, SkipReason.NONE);
        withHalf(sessionOrderOf(1, BUY, 9), TAKER, 50, 1, SkipReason.SESSION_LIMIT);
    }

    function testAGroupOfHalvesAloneSettlesOrIsUndone() public {
        TestOrder[] memory orders = pair(orderOf(0, SELL, 1), orderOf(1, BUY, 1));
        Group memory group;
        group.halves = new Half[](2);
        (group.halves[0], group.halves[1]) = (Half(MAKER, 0, 49, 20), Half(TAKER, 1, 50, 20));
        group.fees = new FeeRow[](1);
        group.fees[0] = FeeRow(USDC, 5);
        assertGroup(orders, group, SkipReason.LIMIT_CROSSED, 0);
        (group.halves[0].price, group.halves[1].quantity) = (50, 101);
        assertGroup(orders, group, SkipReason.OVERFILL, 1);
        (group.halves[1].quantity, group.fees[0].units) = (20, 4);
        assertGroup(orders, group, SkipReason.UNBALANCED, 3);
        assertEq(vault.slotOf(wallet(0), QTRA).filled, 0, "undone");
        group.fees[0].units = 5;
        assertGroup(orders, group, SkipReason.NONE, 0);
        assertEq(vault.balanceOf(wallet(0), USDC), FUNDS + 998, "maker");
        assertEq(vault.balanceOf(wallet(1), USDC), FUNDS - 1003, "taker");
        assertEq(vault.balanceOf(wallet(1), QTRA), FUNDS + 20e6, "base");
    }

    /// @dev The half of an order in a group before the one with its owner's statement: the fill would settle twice.
    function testAStatementCountsForEveryOrderOfItsBatch() public {
        TestOrder[] memory orders = pair(orderOf(0, SELL, 7), orderOf(1, BUY, 1));
        Batch memory batch = batchOf(orders, oneFill(20));
        batch.groups = new Group[](2);
        batch.groups[0] = groupOf(stated(2, 0, 0, false), stated(3, 0, 0, false), 5);
        batch.groups[0].halves = new Half[](2);
        (batch.groups[0].halves[0], batch.groups[0].halves[1]) = (Half(MAKER, 0, 50, 20), Half(TAKER, 1, 50, 20));
        batch.groups[1] = groupOf(stated(0, -20e6, 998, false), stated(WALLETS + 1, 0, 0, false), 5);
        batch.groups[1].halves = new Half[](1);
        batch.groups[1].halves[0] = Half(TAKER, 1, 50, 20);
        setTables(batch);
        Outcome memory outcome = settleBatch(batch);
        assertTrue(outcome.groups[0] == SkipReason.CANCELLED && outcome.items[0] == 2, "by order");
        assertTrue(outcome.fills[0] == SkipReason.CANCELLED, "by fill");
        assertEq(
            vault.balanceOf(wallet(0), QTRA) + 20e6, outcome.groups[1] == SkipReason.NONE ? FUNDS : FUNDS + 20e6, "once"
        );
    }

    function testALadderWaitsForItsFloor() public {
        Batch memory batch;
        TestOrder[] memory rungs = pair(orderOf(0, SELL, 8), orderOf(0, SELL, 9));
        rungs[1].lane = 1;
        batch.sections = new Section[](2);
        batch.sections[0] = ladderOf(rungs, 7);
        TestOrder[] memory buys = new TestOrder[](1);
        buys[0] = orderOf(1, BUY, 8);
        batch.sections[1] = sectionsOf(buys)[0];
        batch.fills = new Fill[](2);
        (batch.fills[0], batch.fills[1]) = (Fill(0, 2, 10), Fill(1, 2, 10));
        setTables(batch);
        Outcome memory outcome = settleBatch(batch);
        assertTrue(outcome.fills[0] == SkipReason.LADDER_WAITING, "waits");
        assertGroup(fair(), SkipReason.NONE, 0);
        outcome = settleBatch(batch);
        assertTrue(outcome.fills[0] == SkipReason.NONE && outcome.fills[1] == SkipReason.NONE, "due");
        batch.sections[0].signatures[0] = new bytes(64);
        assertTrue(settleBatch(batch).fills[0] == SkipReason.BAD_SIGNATURE, "nobody's signature");
    }

    function testAContractWalletSpoilsItsOwnOrdersOnly() public {
        TestOrder[] memory orders = new TestOrder[](4);
        (orders[0], orders[1]) = (orderOf(WALLETS, SELL, 1), orderOf(1, BUY, 1));
        (orders[2], orders[3]) = (orderOf(2, SELL, 1), orderOf(3, BUY, 1));
        Fill[] memory fills = new Fill[](2);
        (fills[0], fills[1]) = (Fill(0, 1, 5), Fill(2, 3, 5));
        for (uint8 mood = 1; mood <= uint8(FickleWallet.Mood.WRONG_MAGIC); ++mood) {
            fickle.setMood(FickleWallet.Mood(mood));
            SkipReason[] memory reasons = settle(orders, fills);
            assertTrue(reasons[0] == SkipReason.BAD_SIGNATURE && reasons[1] == SkipReason.NONE, "its own");
        }
        fickle.setMood(FickleWallet.Mood.HONEST);
        assertTrue(settle(orders, fills)[0] == SkipReason.NONE, "honest");
        // A wallet without code says nothing.
        orders[0].owner = address(0xC0DE);
        assertTrue(settle(orders, fills)[0] == SkipReason.BAD_SIGNATURE, "no code");
    }

    /// @dev Whoever sends too little gas for a wallet to answer makes the batch fail, and not the wallet.
    function testTooLittleGasForAWalletReverts() public {
        TestOrder[] memory orders = pair(orderOf(WALLETS, SELL, 1), orderOf(1, BUY, 1));
        Batch memory batch = batchOf(orders, oneFill(5));
        bytes memory payload = PayloadWriter.write(batch);
        bytes memory signature = signBatch(payload, 1);
        vm.expectPartialRevert(ISettlementBatches.SettlementGasTooLow.selector);
        vault.settle{gas: 250_000}(payload, 1, bytes32(0), 0, signature);
    }

    function testAnIsolatedAccountHasItsOwnLimits() public {
        TestOrder memory large = isolatedOrderOf(0, SELL, 1);
        large.quantity = 2 ** 40;
        assertTrue(settlePair(large, orderOf(1, BUY, 1), 1) == SkipReason.UNSUPPORTED_ORDER, "quantity");
        TestOrder memory late = isolatedOrderOf(0, SELL, 2 ** 42);
        assertTrue(settlePair(late, orderOf(1, BUY, 1), 1) == SkipReason.UNSUPPORTED_ORDER, "seq");
        fundIsolated(wallet(0), QTRA_USDC, USDC, uint64(2 ** 56 - 1 - FUNDS));
        assertTrue(settlePair(isolatedOrderOf(0, SELL, 1), orderOf(1, BUY, 1), 1) == SkipReason.ACCOUNT_FULL, "full");
    }
}

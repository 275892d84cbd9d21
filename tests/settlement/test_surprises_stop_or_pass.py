"""What nobody foresaw: settlement goes on after it, or stops and says so; it never loses what it has read."""

import asyncio

import pytest
from sqlalchemy.exc import InterfaceError

from offchain.settlement.ages import Ages
from offchain.settlement.models import BatchStatus
from tests.settlement.settling import Settling
from tests.support.waiting import PATIENCE_S, eventually


@pytest.fixture
async def settling(exchange, database):
    world = Settling(exchange, database, max_fills=1)
    await world.fund(11, 12)
    await world.feed()
    return world


def failing_once(settling, monkeypatch, failure):
    """Makes the database's next write fail; the list is empty once it has."""
    record, failures = settling.store.record, [failure]

    def record_or_fail(*arguments):
        if failures:
            raise failures.pop()
        record(*arguments)

    monkeypatch.setattr(settling.store, "record", record_or_fail)
    return failures


async def test_what_can_never_be_written_down_stops_settlement_and_is_read_again_after_a_restart(settling, monkeypatch):
    settling.log.trade()
    failures = failing_once(settling, monkeypatch, OverflowError("int too large"))
    await settling.feed()
    assert failures == []
    assert "OverflowError" in settling.service.status().halted
    await settling.feed()
    await settling.service.stop()
    await settling.kill_and_revive()
    await settling.settle_all()
    await settling.assert_balances((11, 12))
    assert await settling.exchange.read("batchNumber") == 1


async def test_a_batch_that_closes_by_age_and_cannot_be_written_down_stops_settlement(exchange, database, monkeypatch):
    settling = Settling(exchange, database, max_fills=50)
    await settling.fund(11, 12)
    settling.log.trade()
    await settling.feed()
    failing_once(settling, monkeypatch, OverflowError("int too large"))
    await settling.turn()
    assert "OverflowError" in settling.service.status().halted


async def test_a_database_that_hangs_up_is_asked_until_it_takes_the_write(settling, monkeypatch):
    settling.log.trade()
    hung_up = InterfaceError("INSERT", {}, Exception("the connection is closed"))
    failures = failing_once(settling, monkeypatch, hung_up)
    await settling.feed()
    assert failures == []
    await settling.settle_all()
    await settling.assert_balances((11, 12))


async def test_a_senseless_answer_of_a_node_is_survived(settling, monkeypatch):
    call, senseless = settling.exchange.nodes.call, [None]

    async def call_or_nonsense(method, *params):
        if method == "eth_getTransactionCount" and senseless:
            return senseless.pop()
        return await call(method, *params)

    monkeypatch.setattr(settling.exchange.nodes, "call", call_or_nonsense)
    await settling.service.start()
    settling.log.trade()
    await settling.feed()
    await eventually(lambda: [row.status for row in settling.store.unsettled()] == [BatchStatus.MINED])
    assert senseless == []
    await settling.service.stop()


async def test_while_no_block_is_made_fees_stay_within_what_the_chain_asks_for(settling):
    nodes = settling.exchange.nodes
    await nodes.call("evm_setAutomine", False)
    settling.log.trade()
    await settling.feed()
    await settling.turn()
    (first,) = settling.store.unsettled()
    for _ in range(100):
        settling.now_us = settling.clock() + settling.patience_us + 1
        await settling.turn()
    (last,) = settling.store.unsettled()
    assert last.nonce == first.nonce
    assert last.max_fee_wei <= 20 * first.max_fee_wei
    assert last.priority_fee_wei <= 20 * first.priority_fee_wei
    await settling.exchange.mine()
    await nodes.call("evm_setAutomine", True)
    await settling.settle_all()
    await settling.assert_balances((11, 12))


async def test_a_transaction_that_the_node_dropped_long_ago_is_sent_at_the_fees_of_today(settling):
    nodes = settling.exchange.nodes
    await nodes.call("evm_setAutomine", False)
    settling.log.trade()
    await settling.feed()
    await settling.turn()
    (first,) = settling.store.unsettled()
    await nodes.call("anvil_dropTransaction", "0x" + first.tx_hash.hex())
    await nodes.call("anvil_setNextBlockBaseFeePerGas", hex(first.max_fee_wei * 3))
    await settling.exchange.mine()
    settling.now_us = settling.clock() + settling.patience_us + 1
    await settling.turn()
    (second,) = settling.store.unsettled()
    assert second.nonce == first.nonce
    assert second.max_fee_wei > 3 * first.max_fee_wei
    await settling.exchange.mine()
    await settling.index()
    await asyncio.wait_for(settling.settle_all(), PATIENCE_S)
    await settling.assert_balances((11, 12))


async def test_a_receipt_of_another_variant_is_not_believed(settling, monkeypatch):
    """A node may tell of a batch with the same number from before a reorganisation."""
    call, stale = settling.exchange.nodes.call, [True]

    async def call_or_stale(method, *params):
        answer = await call(method, *params)
        if stale and method == "eth_getTransactionReceipt":
            for row in answer["logs"]:
                row["data"] = "0x" + "11" * 32 + row["data"][66:]
        return answer

    monkeypatch.setattr(settling.exchange.nodes, "call", call_or_stale)
    settling.log.trade()
    await settling.feed()
    await settling.turn(3)
    assert [row.status for row in settling.store.unsettled()] == [BatchStatus.SENT]
    stale.clear()
    await settling.turn()
    assert [row.status for row in settling.store.unsettled()] == [BatchStatus.MINED]


async def test_batches_that_are_given_up_again_and_again_do_not_outbid_themselves(settling):
    nodes = settling.exchange.nodes
    await nodes.call("evm_setAutomine", False)
    settling.log.trade()
    await settling.feed()
    await settling.turn()
    (first,) = settling.store.unsettled()
    for _ in range(30):
        await settling.submitter._fall_back(settling.store.unsettled()[0], "for the sake of it")
        await settling.turn()
    (last,) = settling.store.unsettled()
    assert first.max_fee_wei <= last.max_fee_wei <= 20 * first.max_fee_wei
    await nodes.call("evm_setAutomine", True)
    await settling.exchange.mine()
    await settling.settle_all()
    await settling.assert_balances((11, 12))


async def test_a_clock_that_is_set_back_does_not_leave_a_transaction_waiting(settling):
    nodes = settling.exchange.nodes
    await nodes.call("evm_setAutomine", False)
    settling.log.trade()
    await settling.feed()
    settling.now_us = settling.log.now_us + 10**12
    await settling.turn()
    (first,) = settling.store.unsettled()
    settling.now_us = 0
    await settling.turn()
    (second,) = settling.store.unsettled()
    assert second.nonce == first.nonce
    assert second.sent_us <= settling.clock() < first.sent_us
    await settling.exchange.mine()
    await nodes.call("evm_setAutomine", True)
    await settling.settle_all()


async def test_a_clock_that_is_set_back_does_not_keep_a_batch_open(exchange, database):
    settling = Settling(exchange, database, max_age_us=2_000_000)
    await settling.fund(11, 12)
    settling.log.now_us += 10**12
    settling.log.trade()
    await settling.feed()
    behind_us, monotonic_s = settling.log.now_us - 10**12, [5.0]
    ages = settling.service._ages = Ages(lambda: behind_us, lambda: monotonic_s[0])
    await settling.service._close_due()
    assert settling.store.unsettled() == []
    assert settling.service.status().waiting_ms == 0
    monotonic_s[0] += 3
    assert settling.service.status().waiting_ms == 3_000, "orders are held in time"
    await settling.service._close_due()
    assert len(settling.store.unsettled()) == 1
    assert ages.of("open", None) == 0
    await settling.settle_all()

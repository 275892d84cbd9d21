"""Killed before or after any write to the database or the chain, settlement goes on with nothing lost or repeated."""

import pytest
from msgspec import msgpack
from sqlalchemy import delete, func, select, update

from offchain.core.commands import Side
from offchain.settlement.models import BatchStatus, SettlementBatch, SettlementProgress
from tests.settlement.kills import Killed, Trap
from tests.settlement.settling import Settling, reader_of


@pytest.mark.parametrize("after", [False, True])
async def test_a_kill_at_any_step_loses_and_repeats_nothing(exchange, database, monkeypatch, after):
    settling = Settling(exchange, database)
    await settling.fund(11, 12)
    trap = Trap(monkeypatch, exchange)
    deep = settling.log.place(12, Side.SELL, 101, 10_000)
    step, killed = 0, True
    while killed:
        settling.log.place(11, Side.BUY, 101, 3, [(deep, 3)])
        trap.set(step, after=after)
        try:
            await settling.settle_all()
            killed = False
        except Killed:
            await settling.kill_and_revive()
            await settling.settle_all()
        step += 1
    assert step > 4
    await settling.assert_balances((11, 12))
    with settling.store.sessions() as session:
        assert session.scalar(select(func.count()).select_from(SettlementBatch)) == step
    assert await exchange.read("batchNumber") == step
    nonce = await exchange.nodes.call("eth_getTransactionCount", "0x" + settling.courier.address.hex(), "latest")
    assert int(nonce, 16) == step


async def test_a_transaction_that_no_node_kept_is_sent_again(exchange, database):
    settling = Settling(exchange, database)
    await settling.fund(11, 12)
    await exchange.nodes.call("evm_setAutomine", False)
    settling.log.trade()
    await settling.feed()
    await settling.turn()
    (sent,) = settling.store.unsettled()
    await exchange.nodes.call("anvil_dropTransaction", "0x" + sent.tx_hash.hex())
    await settling.kill_and_revive()
    await settling.feed()
    await settling.turn()
    await exchange.mine()
    await settling.settle_all()
    assert settling.store.by_hash(sent.batch_hash).tx_hash == sent.tx_hash
    await settling.assert_balances((11, 12))


async def test_a_transaction_that_waits_too_long_is_replaced_at_higher_fees(exchange, database):
    settling = Settling(exchange, database)
    await settling.fund(11, 12)
    await exchange.nodes.call("evm_setAutomine", False)
    settling.log.trade()
    await settling.feed()
    await settling.turn()
    (first,) = settling.store.unsettled()
    settling.now_us = settling.log.now_us + settling.patience_us + 1
    await settling.turn()
    (second,) = settling.store.unsettled()
    assert second.nonce == first.nonce
    assert second.tx_hash != first.tx_hash
    assert second.max_fee_wei >= first.max_fee_wei * 125 // 100
    await exchange.mine()
    await settling.settle_all()
    await settling.assert_balances((11, 12))


async def test_a_batch_that_somebody_else_submitted_is_not_sent_again(exchange, database):
    settling = Settling(exchange, database)
    await settling.fund(11, 12)
    await exchange.nodes.call("evm_setAutomine", False)
    settling.log.trade()
    await settling.feed()
    await settling.turn()
    (sent,) = settling.store.unsettled()
    calldata = settling.submitter._calldata(sent)
    await exchange.nodes.call("anvil_dropTransaction", "0x" + sent.tx_hash.hex())
    await exchange.nodes.call("evm_setAutomine", True)
    await exchange.transact(exchange.settlement, calldata)
    await settling.settle_all()
    assert await exchange.read("batchNumber") == 1
    nonce = await exchange.nodes.call("eth_getTransactionCount", "0x" + settling.courier.address.hex(), "latest")
    assert int(nonce, 16) == 0


async def test_a_batch_that_a_reorganisation_took_off_the_chain_settles_again(exchange, database):
    settling = Settling(exchange, database)
    await settling.fund(11, 12)
    settling.log.trade()
    await settling.feed()
    await settling.turn(2)
    assert [row.status for row in settling.store.unsettled()] == [BatchStatus.MINED]
    await exchange.nodes.call("anvil_rollback", 1)
    assert await exchange.read("batchNumber") == 0
    await settling.turn(3)
    await settling.settle_all()
    assert await exchange.read("batchNumber") == 1
    await settling.assert_balances((11, 12))


async def test_a_chain_that_lost_final_batches_gets_no_new_ones(exchange, database):
    settling = Settling(exchange, database)
    await settling.fund(11, 12)
    before = await exchange.nodes.block_number()
    settling.log.trade()
    await settling.settle_all()
    await exchange.nodes.call("anvil_rollback", await exchange.nodes.block_number() - before)
    settling.log.trade()
    await settling.feed()
    await settling.turn(2)
    assert "DEEP_REORG" in settling.service.status().error
    assert [row.number for row in settling.store.unsettled()] == [None]


async def test_a_batch_that_was_never_signed_here_stops_settlement(exchange, database):
    settling = Settling(exchange, database)
    await settling.fund(11, 12)
    settling.log.trade()
    await settling.feed()
    await settling.turn(2)
    with settling.store.sessions.begin() as session:
        session.execute(delete(SettlementBatch))
    settling.log.trade()
    await settling.feed()
    await settling.turn()
    assert "not signed here" in settling.service.status().halted
    assert settling.service.status().pending_fills == 2


async def test_a_batch_that_the_log_confirms_while_it_is_looked_at_stays_confirmed(exchange, database):
    settling = Settling(exchange, database)
    await settling.fund(11, 12)
    settling.log.trade()
    await settling.feed()
    await settling.turn()
    (seen,) = settling.store.unsettled()
    await settling.index()
    seen.status = BatchStatus.MINED
    assert not settling.store.save(seen)
    assert settling.store.unsettled() == []
    settling.store.replace(seen, "SettlementWrongBatch(2, 1)", [0], (seen.payload, seen.payload_hash))
    assert settling.store.unsettled() == []
    assert settling.store.backlog().last_batch == 1


async def test_a_snapshot_of_another_version_costs_time_and_nothing_else(exchange, database):
    settling = Settling(exchange, database, max_fills=2)
    await settling.fund(11, 12)
    deep = settling.log.place(12, Side.SELL, 101, 20)
    for _ in range(5):
        settling.log.place(11, Side.BUY, 101, 2, [(deep, 2)])
    await settling.settle_all()
    await settling.service.stop()
    with settling.store.sessions.begin() as session:
        session.execute(update(SettlementProgress).values(snapshot=msgpack.encode([1, 2, {}, "older"])))
    await settling.kill_and_revive()
    assert settling.service.sequence == 0
    for _ in range(3):
        settling.log.place(11, Side.BUY, 101, 2, [(deep, 2)])
    await settling.settle_all()
    await settling.assert_balances((11, 12))
    assert settling.service.status().error is None
    state = await reader_of(exchange).derive(exchange.manifest.first_block, await exchange.nodes.block_number())
    assert (state.fills_settled, state.fills_skipped) == (8, 0)

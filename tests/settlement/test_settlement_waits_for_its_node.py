"""Without a node orders go on: fills gather, nothing is lost, the status says so, and settlement catches up."""

from sqlalchemy.exc import OperationalError

from offchain.chain.node import NodePool
from offchain.core.errors import StateDiverged
from offchain.health import reason_to_hold_orders
from offchain.local.children import free_port
from offchain.settlement.models import BatchStatus
from offchain.settlement.store import open_settlement_database
from tests.settlement.settling import ENGINE_KEY, SUBMITTER_KEY, Settling
from tests.support.chain import deploy_exchange, running_anvil
from tests.support.waiting import eventually

HELD_AFTER_S = 300


async def test_settlement_catches_up_when_the_node_comes_back(database, tmp_path):
    port, state = free_port(), tmp_path / "chain.json"
    with running_anvil(f"--state={state}", port=port) as url:
        nodes = NodePool([url])
        exchange = await deploy_exchange(nodes, ENGINE_KEY.address)
        await exchange.fund(SUBMITTER_KEY.address)
        settling = Settling(exchange, database)
        await settling.fund(11, 12)
        settling.log.trade()
        await settling.settle_all()
        await settling.service.start()
        await nodes.close()
    for _ in range(3):
        settling.log.trade()
        await settling.feed()
    await eventually(lambda: not settling.service.status().node_reachable)
    assert "NODE_UNAVAILABLE" in settling.service.status().error
    assert settling.service.status().halted is None
    assert settling.service.pending_fills == 3
    with running_anvil(f"--state={state}", port=port):
        await eventually(
            lambda: settling.service.status().node_reachable and settling.service.status().waiting_batches == 0
        )
        await settling.settle_all()
        await settling.assert_balances((11, 12))
        assert settling.service.status().error is None
        await settling.service.stop()
        await nodes.close()


async def test_a_stopped_service_leaves_what_the_next_one_needs(exchange, database):
    settling = Settling(exchange, database, max_age_us=10**15)
    await settling.fund(11, 12)
    await settling.service.start()
    settling.log.trade()
    await settling.feed()
    await settling.service.stop()
    settling.limits = type(settling.limits)(max_fills=50, max_age_us=0)
    await settling.kill_and_revive()
    assert settling.service.sequence == settling.log.sequence, "nothing has to be read again"
    await settling.service.start()
    await eventually(lambda: [row.status for row in settling.store.unsettled()] == [BatchStatus.MINED])
    await settling.index()
    assert settling.service.pending_fills == 0
    await settling.service.stop()
    await settling.assert_balances((11, 12))


async def test_a_submitter_without_gas_money_says_so_and_goes_on_when_it_has_some(exchange, database):
    settling = Settling(exchange, database)
    await settling.fund(11, 12)
    address = "0x" + SUBMITTER_KEY.address.hex()
    await exchange.nodes.call("anvil_setBalance", address, "0x0")
    settling.log.trade()
    await settling.feed()
    await settling.turn(2)
    assert "insufficient funds" in settling.service.status().error.lower()
    assert settling.service.status().node_reachable
    await exchange.fund(SUBMITTER_KEY.address)
    await settling.settle_all()
    await settling.assert_balances((11, 12))


async def test_orders_are_held_while_trades_wait_too_long_for_the_chain_and_not_for_finality(exchange, database):
    settling = Settling(exchange, database)
    await settling.fund(11, 12)
    await settling.feed()
    await exchange.nodes.call("evm_setAutomine", False)
    settling.log.trade()
    await settling.feed()
    made_us = settling.log.now_us
    await settling.turn()
    settling.now_us = made_us + 300_000_000
    assert reason_to_hold_orders(settling.service, HELD_AFTER_S) is None
    settling.now_us = made_us + 301_000_000
    assert reason_to_hold_orders(settling.service, HELD_AFTER_S) == "trades have waited for settlement for 301 s"
    await exchange.nodes.call("evm_setAutomine", True)
    await exchange.mine()
    await settling.turn(2)
    assert settling.service.status().lag_ms > 300_000, "it is on the chain and not confirmed"
    assert reason_to_hold_orders(settling.service, HELD_AFTER_S) is None
    settling.service._halt(StateDiverged("for a test"))
    assert reason_to_hold_orders(settling.service, HELD_AFTER_S) == "settlement has stopped"


async def test_a_database_that_refuses_a_write_is_asked_until_it_takes_it(exchange, database, monkeypatch):
    settling = Settling(exchange, database, max_fills=1)
    await settling.fund(11, 12)
    settling.log.trade()
    record, refusals = settling.store.record, [OperationalError("INSERT", {}, Exception("database is locked"))]

    def refuse_once(*arguments):
        if refusals:
            raise refusals.pop()
        record(*arguments)

    monkeypatch.setattr(settling.store, "record", refuse_once)
    await settling.feed()
    assert refusals == []
    await settling.settle_all()
    assert settling.service.status().error is None
    await settling.assert_balances((11, 12))


def test_the_database_of_settlement_waits_for_the_disk(tmp_path):
    engine = open_settlement_database(f"sqlite+pysqlite:///{tmp_path / 'settlement.db'}")
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
    engine.dispose()

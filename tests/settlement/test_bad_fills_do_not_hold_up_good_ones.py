"""A fill that cannot settle is skipped or left out, unwound exactly once, and the others settle."""

import pytest

from offchain.chain.bindings import load_contract
from offchain.core.intents import UnwindFill
from offchain.settlement.batch import SkipReason
from offchain.settlement.batch_rows import REASON_REVERTS_BATCH
from offchain.settlement.models import BatchStatus, FillStatus, SettlementFill
from offchain.settlement.submitter import BLOCKING_ERRORS
from tests.settlement.settling import Settling

UNLISTED = 9
"""A market that the log knows and the contract does not: a batch with one of its orders reverts."""


@pytest.fixture
async def settling(exchange, database):
    world = Settling(exchange, database)
    await world.fund(11, 12)
    world.log.list_market(UNLISTED)
    return world


def test_every_refusal_that_is_waited_out_is_one_of_the_contract():
    assert {row["name"] for row in load_contract("Settlement").abi if row["type"] == "error"} >= BLOCKING_ERRORS


def fills_of(settling, *takers):
    return {fill.order_id: fill for fill in settling.log.fills() if fill.order_id in takers}


async def test_a_fill_that_the_contract_skips_is_unwound_with_its_reason(settling):
    settling.log.trade()
    short = settling.log.trade(maker=13)
    settling.log.trade()
    await settling.settle_all()
    fill = fills_of(settling, short)[short]
    assert settling.intents == [UnwindFill(fill, SkipReason.BASE_SHORT)]
    await settling.assert_balances((11, 12), skipped={fill.sequence})


async def test_a_skipped_fill_is_unwound_once(settling):
    short = settling.log.trade(maker=13)
    await settling.settle_all()
    await settling.turn(3)
    assert len(settling.intents) == 1
    settling.log.unwound(fills_of(settling, short)[short])
    await settling.kill_and_revive()
    await settling.feed()
    await settling.turn(3)
    assert len(settling.intents) == 1
    with settling.store.sessions() as session:
        assert session.get(SettlementFill, fills_of(settling, short)[short].sequence).status == FillStatus.UNWOUND


async def test_an_unwind_that_was_lost_in_a_crash_is_asked_for_again(settling):
    settling.log.trade(maker=13)
    await settling.settle_all()
    settling.intents.clear()
    await settling.kill_and_revive()
    await settling.feed()
    await settling.turn()
    assert [type(intent) for intent in settling.intents] == [UnwindFill]


async def test_a_batch_that_reverts_is_rebuilt_without_the_offender(settling):
    takers = [settling.log.trade(), settling.log.trade(market=UNLISTED), settling.log.trade(), settling.log.trade()]
    offender = fills_of(settling, *takers)[takers[1]]
    await settling.feed()
    await settling.turn(2)
    (rebuilt,) = settling.store.unsettled()
    assert settling.intents == [], "not before the batch without it is final"
    await settling.settle_all()
    assert settling.intents == [UnwindFill(offender, REASON_REVERTS_BATCH)]
    await settling.assert_balances((11, 12), skipped={offender.sequence})
    assert settling.store.by_hash(rebuilt.batch_hash).status == BatchStatus.CONFIRMED
    with settling.store.sessions() as session:
        failed = session.query(type(rebuilt)).filter_by(status=BatchStatus.FAILED).one()
    assert "SettlementUnknownMarket(market=9)" in failed.error
    assert failed.replaced_by == rebuilt.id
    assert (failed.through_sequence, failed.journal_root) == (rebuilt.through_sequence, rebuilt.journal_root)


async def test_several_offenders_are_all_found(settling):
    takers = [settling.log.trade(market=UNLISTED if n in (0, 3, 4, 8) else 3) for n in range(9)]
    fills = fills_of(settling, *takers)
    bad = [fills[takers[n]] for n in (0, 3, 4, 8)]
    await settling.settle_all()
    assert settling.intents == [UnwindFill(fill, REASON_REVERTS_BATCH) for fill in bad]
    await settling.assert_balances((11, 12), skipped={fill.sequence for fill in bad})


async def test_a_batch_of_nothing_but_offenders_settles_empty(settling):
    settling.log.trade(market=UNLISTED)
    await settling.settle_all()
    assert len(settling.intents) == 1
    settling.log.trade()
    await settling.settle_all()
    assert await settling.exchange.read("batchNumber") == 2


async def test_an_offender_stays_settled_if_the_refused_batch_settles_after_all(settling):
    settling.log.trade()
    settling.log.trade(market=UNLISTED)
    await settling.feed()
    await settling.exchange.nodes.call("evm_setAutomine", False)
    await settling.turn(2)
    (rebuilt,) = settling.store.unsettled()
    with settling.store.sessions() as session:
        refused = session.query(type(rebuilt)).filter_by(status=BatchStatus.FAILED).one()
    await settling.exchange.nodes.call("anvil_dropTransaction", "0x" + rebuilt.tx_hash.hex())
    await settling.exchange.nodes.call("evm_setAutomine", True)
    await settling.exchange.call("listMarket", UNLISTED, (3, 4, 1, 1))
    await settling.exchange.transact(settling.exchange.settlement, settling.submitter._calldata(refused))
    await settling.turn()
    await settling.settle_all()
    assert settling.intents == []
    assert settling.store.by_hash(refused.batch_hash).status == BatchStatus.CONFIRMED
    assert settling.store.by_hash(rebuilt.batch_hash).status == BatchStatus.FAILED
    await settling.assert_balances((11, 12))


async def test_while_the_contract_is_paused_nothing_is_given_up(settling):
    await settling.exchange.call("pause")
    settling.log.trade()
    await settling.feed()
    await settling.turn(3)
    assert "SettlementPaused" in settling.service.status().error
    assert settling.service.pending_fills == 1
    await settling.exchange.call("unpause")
    await settling.settle_all()
    assert settling.intents == []
    assert settling.service.status().error is None
    await settling.assert_balances((11, 12))


async def test_a_transaction_that_reverts_on_chain_is_tried_again(settling):
    settling.log.trade()
    await settling.feed()
    await settling.exchange.nodes.call("evm_setAutomine", False)
    await settling.turn()
    pause = settling.exchange.contract.encode_call("pause")
    to = "0x" + settling.exchange.settlement.hex()
    urgent = {"from": settling.exchange.deployer, "to": to, "data": "0x" + pause.hex(), "gasPrice": hex(10**12)}
    await settling.exchange.nodes.call("eth_sendTransaction", urgent)
    await settling.exchange.nodes.call("evm_setAutomine", True)
    await settling.exchange.mine()
    assert await settling.exchange.read("batchNumber") == 0
    await settling.turn(2)
    assert "SettlementPaused" in settling.service.status().error
    await settling.exchange.call("unpause")
    await settling.settle_all()
    await settling.assert_balances((11, 12))

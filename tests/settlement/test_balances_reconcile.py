"""Engine, ledger and contract agree, also in the middle of settling; and the chain alone gives every balance."""

import asyncio

import pytest

from offchain.chain.bindings import Log, load_contract
from offchain.chain.node import RpcError
from offchain.core.commands import FEE_OWNER
from offchain.core.errors import ChainError, StateDiverged
from offchain.settlement.accounts import Account, Accounts
from offchain.settlement.chain_check import Difference, differences
from offchain.settlement.chain_logs import apply_log
from offchain.settlement.contract import SettlementContract
from offchain.settlement.encoding import drop_fills
from offchain.settlement.reconcile import Books, reconcile
from offchain.settlement.watch import EngineBooks, ReconciliationWatch, Sources
from tests.settlement.settling import FUNDS, Settling, reader_of, wallet
from tests.settlement.written_log import BASE, MARKET, QUOTE
from tests.support.waiting import eventually

ACCOUNTS = (11, 12, 13)


@pytest.fixture
async def settling(exchange, database):
    world = Settling(exchange, database)
    await world.fund(*ACCOUNTS)
    return world


def contract_of(exchange):
    return SettlementContract(
        exchange.nodes, load_contract("Settlement"), exchange.settlement, exchange.manifest.chain_id
    )


async def books(settling):
    """What the engine would hold after the log so far."""
    balances = settling.expected_balances(ACCOUNTS)
    balances[0, QUOTE] = sum(fill.fee + fill.counter_fee for fill in settling.log.fills())
    _, in_transit = await settling.service.in_transit(settling.exchange.markets)
    owners = {account: wallet(account).address for account in ACCOUNTS}
    return Books(owners, settling.exchange.assets, balances, dict(balances), in_transit, {})


async def compare(settling, books):
    block = await settling.exchange.nodes.block_number()
    return await reconcile(contract_of(settling.exchange), books, block)


async def test_all_agree_at_every_moment_of_settling(settling):
    settling.limits = type(settling.limits)(max_fills=2, max_age_us=0)
    await settling.kill_and_revive()
    for _ in range(3):
        settling.log.trade(7)
    settling.log.withdraw(11, 1_000, nonce=1)
    await settling.feed()
    for _ in range(5):
        assert (await compare(settling, await books(settling))).is_clean
        await settling.turn()
        await settling.index()
    result = await compare(settling, await books(settling))
    assert result.is_clean
    assert result.holdings_compared == 4 * len(ACCOUNTS) + 4
    assert (await books(settling)).in_transit == {}


async def test_one_unit_that_is_missing_anywhere_is_found(settling):
    settling.log.trade(7)
    await settling.settle_all()
    good = await books(settling)
    for name in ("engine", "ledger"):
        wrong = {**getattr(good, name), (12, BASE): getattr(good, name)[12, BASE] - 1}
        (mismatch,) = (await compare(settling, Books(**{**_fields(good), name: wrong}))).mismatches
        assert (mismatch.account, mismatch.asset) == (12, BASE)


async def test_an_account_that_the_books_do_not_know_breaks_conservation(settling):
    settling.log.trade(7)
    await settling.settle_all()
    good = await books(settling)
    unknown = {account: owner for account, owner in good.owners.items() if account != 13}
    result = await compare(settling, Books(**{**_fields(good), "owners": unknown}))
    assert {row.asset: row.error_units for row in result.conservation} == {1: 0, 2: 0, BASE: FUNDS, QUOTE: FUNDS}


async def test_isolated_accounts_are_among_what_the_contract_owes(settling):
    await settling.exchange.deposit_isolated(wallet(13).address, MARKET, QUOTE, 7)
    unified = await books(settling)
    result = await compare(settling, unified)
    assert {row.asset: row.error_units for row in result.conservation} == {1: 0, 2: 0, BASE: 0, QUOTE: 7}
    assert (await compare(settling, Books(**{**_fields(unified), "isolated": {QUOTE: 7}}))).is_clean


async def test_the_chain_alone_gives_every_balance(settling):
    exchange = settling.exchange
    settling.log.set_fees(12, -50, 2_500)
    settling.log.trade(70)
    settling.log.trade(5, maker=14)
    settling.log.trade(9, taker=13)
    settling.log.withdraw(11, 1_000, nonce=1)
    await settling.settle_all()
    settling.log.trade(3)
    await settling.settle_all()
    await exchange.call("collectFees", QUOTE, 1, bytes([5]) * 20)
    sender = "0x" + wallet(13).address.hex()
    await exchange.fund(wallet(13).address)
    await exchange.nodes.call("anvil_impersonateAccount", sender)
    await exchange.call("requestExit", BASE, sender=sender)
    await exchange.nodes.call("evm_increaseTime", 86_401)
    await exchange.call("exit", BASE, sender=sender)

    head = await exchange.nodes.block_number()
    state = await reader_of(settling.exchange).derive(exchange.manifest.first_block, head)
    assert await differences(state.accounts, contract_of(exchange), head) == {}
    assert (state.batch_number, state.batch_hash) == (2, await exchange.read("batchHash"))
    assert (state.fills_settled, state.fills_skipped) == (3, 1)
    assert state.balances[wallet(13).address, BASE] == 0
    assert state.balances[FEE_OWNER, QUOTE] == await exchange.read("feesOf", QUOTE) > 0

    owner = wallet(12).address
    state.accounts.add(Account(owner), QUOTE, 1)
    stored = await exchange.read("balanceOf", owner, QUOTE)
    ((view, found),) = (await differences(state.accounts, contract_of(exchange), head)).items()
    assert view == ("slotOf", (owner, QUOTE))
    assert found == Difference((stored + 1, *found.stored[1:]), (stored, *found.stored[1:]))


async def test_a_batch_that_came_through_another_contract_counts_like_any_other(settling):
    exchange = settling.exchange
    await exchange.nodes.call("evm_setAutomine", False)
    settling.log.trade(70)
    await settling.feed()
    await settling.turn()
    (sent,) = settling.store.unsettled()
    await exchange.nodes.call("anvil_dropTransaction", "0x" + sent.tx_hash.hex())
    await exchange.nodes.call("evm_setAutomine", True)
    passing_on = bytes(19) + b"\x77"
    # calldatacopy(0, 0, calldatasize()), then call(gas(), settlement, 0, 0, calldatasize(), 0, 0) twice: the second one
    # reverts inside and changes nothing.
    once = "60006000366000600073" + exchange.settlement.hex() + "5af1"
    await exchange.nodes.call("anvil_setCode", "0x" + passing_on.hex(), "0x366000600037" + once + "50" + once + "00")
    await exchange.transact(passing_on, settling.submitter._calldata(sent))
    await settling.settle_all()
    head = await exchange.nodes.block_number()
    state = await reader_of(exchange).derive(exchange.manifest.first_block, head)
    assert (state.batch_number, state.fills_settled) == (1, 1)
    assert await differences(state.accounts, contract_of(exchange), head) == {}
    (batch,) = await reader_of(exchange).settled_batches(exchange.manifest.first_block)
    assert batch.payload == sent.payload


async def test_a_node_that_cannot_trace_says_what_is_missing(settling, monkeypatch):
    settling.log.trade()
    await settling.settle_all()
    call = settling.exchange.nodes.call

    async def without_traces(method, *params):
        if method == "debug_traceTransaction":
            raise RpcError(method, {"code": -32601, "message": "the method does not exist"})
        answer = await call(method, *params)
        return {**answer, "to": "0x" + "77" * 20} if method == "eth_getTransactionByHash" else answer

    monkeypatch.setattr(settling.exchange.nodes, "call", without_traces)
    with pytest.raises(ChainError, match="through another contract") as caught:
        await reader_of(settling.exchange).settled_batches(settling.exchange.manifest.first_block)
    assert "node that can trace" in caught.value.next_step


async def test_calldata_that_is_not_what_was_settled_is_noticed(settling, monkeypatch):
    settling.log.trade()
    settling.log.trade()
    await settling.settle_all()
    chain = reader_of(settling.exchange)
    arguments = chain._settle_arguments

    async def forged(*log):
        real = await arguments(*log)
        return {**real, "payload": drop_fills(real["payload"], [0])}

    monkeypatch.setattr(chain, "_settle_arguments", forged)
    with pytest.raises(StateDiverged, match="does not follow batch 0"):
        await chain.derive(settling.exchange.manifest.first_block, await settling.exchange.nodes.block_number())


async def test_a_node_without_the_transaction_is_no_base_for_a_verdict(settling, monkeypatch):
    settling.log.trade()
    await settling.settle_all()
    call = settling.exchange.nodes.call

    async def forgetful(method, *params):
        return None if method == "eth_getTransactionByHash" else await call(method, *params)

    monkeypatch.setattr(settling.exchange.nodes, "call", forgetful)
    with pytest.raises(ChainError, match="archive node"):
        await reader_of(settling.exchange).derive(
            settling.exchange.manifest.first_block, await settling.exchange.nodes.block_number()
        )


def _fields(books):
    return {name: getattr(books, name) for name in books.__struct_fields__}


async def test_a_node_that_limits_its_answers_is_asked_for_less_at_a_time(settling, monkeypatch):
    settling.log.trade()
    await settling.settle_all()
    call, sizes = settling.exchange.nodes.call, []

    async def limited(method, *params):
        if method == "eth_getLogs":
            sizes.append(int(params[0]["toBlock"], 16) - int(params[0]["fromBlock"], 16) + 1)
            if sizes[-1] > 10:
                raise RpcError(method, {"message": "query returned more than 10000 results"})
        return await call(method, *params)

    monkeypatch.setattr(settling.exchange.nodes, "call", limited)
    head = await settling.exchange.nodes.block_number()
    state = await reader_of(settling.exchange).derive(settling.exchange.manifest.first_block, head)
    assert await differences(state.accounts, contract_of(settling.exchange), head) == {}
    assert max(sizes) > 10 > sizes[-1]


def test_logs_that_take_more_than_there_is_are_refused():
    accounts = Accounts()
    apply_log(accounts, Log("Deposited", {"owner": bytes(20), "asset": 1, "amount": 5}))
    with pytest.raises(StateDiverged):
        apply_log(accounts, Log("Withdrawn", {"owner": bytes(20), "asset": 1, "amount": 6}))
    with pytest.raises(StateDiverged):
        apply_log(accounts, Log("FeesCollected", {"asset": 1, "amount": 1}))


async def test_the_watch_finds_what_does_not_agree_and_waits_while_the_parts_are_apart(settling, caplog):
    settling.log.trade(7)
    await settling.settle_all()
    good = await books(settling)
    stands_at = {"engine": settling.log.sequence - 1, "missing": 0}

    def engine():
        totals = {**good.engine, (12, BASE): good.engine[12, BASE] - stands_at["missing"]}
        return EngineBooks(stands_at["engine"], 0, good.owners, good.assets, settling.exchange.markets, totals)

    head = await settling.exchange.nodes.block_number()
    sources = Sources(
        engine,
        lambda: (settling.log.sequence, good.ledger),
        settling.service.in_transit,
        lambda: head,
        lambda _: {},
    )
    watch = ReconciliationWatch(contract_of(settling.exchange), sources, clock=settling.clock, interval_s=0.01)
    await watch.start()
    await asyncio.sleep(0.3)
    assert watch.last is None
    stands_at["engine"] += 1
    await eventually(lambda: watch.last is not None)
    assert watch.last.is_clean
    assert not caplog.records
    stands_at["missing"] = 1
    await eventually(lambda: not watch.last.is_clean)
    await watch.stop()
    assert "the books do not agree" in caplog.text

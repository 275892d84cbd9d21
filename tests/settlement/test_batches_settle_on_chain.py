"""Fills settle on the real contract, with the balances that the engine's fees make, in gap-free batches."""

from offchain.core.commands import OrderInstructions, OrderType, PostOnly, Side, TimeInForce
from offchain.settlement.batcher import FILL_GAS, ORDER_GAS
from offchain.settlement.decoding import decode_payload
from offchain.settlement.models import BatchStatus
from tests.settlement.settling import FUNDS, Settling, reader_of, wallet
from tests.settlement.written_log import BASE, QUOTE


def flags(*instructions, **named) -> int:
    return OrderInstructions(*instructions, **named).flags


async def test_fills_settle_and_the_contract_holds_what_they_make(exchange, database):
    settling = Settling(exchange, database)
    await settling.fund(11, 12, 13)
    settling.log.set_fees(12, -50, 1_000)
    deep = settling.log.place(13, Side.SELL, 101, 1_000)
    for quantity in (1, 7, 333):
        settling.log.trade(quantity)
        settling.log.place(11, Side.BUY, 101, quantity, [(deep, quantity)])
    await settling.settle_all()
    await settling.assert_balances((11, 12, 13))
    assert await exchange.read("batchNumber") == settling.service.status().last_batch == 1
    assert settling.service.status().error is None


async def test_an_order_fills_over_several_batches(exchange, database):
    settling = Settling(exchange, database, max_fills=2)
    await settling.fund(11, 12)
    deep = settling.log.place(12, Side.SELL, 101, 100)
    for _ in range(7):
        settling.log.place(11, Side.BUY, 101, 3, [(deep, 3)])
    await settling.settle_all()
    await settling.assert_balances((11, 12))
    assert await exchange.read("batchNumber") == 4


async def test_orders_of_every_kind_settle_like_any_other(exchange, database):
    settling = Settling(exchange, database)
    await settling.fund(11, 12, 13)
    log = settling.log
    stop = log.place(13, Side.BUY, 120, 40, flags=flags(TimeInForce.FOK, OrderType.STOP_MARKET))
    reduced = log.place(12, Side.SELL, 101, 100, flags=flags(self_trade_prevention=4))
    log.place(11, Side.BUY, 101, 30, [(reduced, 30)], flags=flags(TimeInForce.IOC, OrderType.MARKET))
    log.amend(reduced, 45)
    log.place(11, Side.BUY, 101, 5, [(reduced, 5)], flags=flags(TimeInForce.FOK), then=[(stop, 115, [(reduced, 40)])])
    slid = log.place(12, Side.SELL, 90, 10, flags=flags(post_only=PostOnly.SLIDE), limit=103)
    log.place(11, Side.BUY, 104, 10, [(slid, 10)], flags=flags(TimeInForce.FOK_BUDGET))
    bid = log.place(11, Side.BUY, 140, 10, flags=flags(post_only=PostOnly.SLIDE), limit=102)
    bid = log.place(11, Side.BUY, 139, 9, flags=flags(post_only=PostOnly.SLIDE), limit=102, replaces=bid)
    log.place(12, Side.SELL, 100, 9, [(bid, 9)])
    await settling.settle_all()
    await settling.assert_balances((11, 12, 13))
    status = settling.service.status()
    assert (status.error, status.last_batch) == (None, 1)
    block = await exchange.nodes.block_number()
    state = await reader_of(exchange).derive(exchange.manifest.first_block, block)
    assert (state.fills_settled, state.fills_skipped) == (5, 0)


async def test_takers_of_other_rates_meet_one_maker_in_one_batch(exchange, database):
    settling = Settling(exchange, database)
    await settling.fund(11, 12, 13)
    log = settling.log
    log.set_fees(12, -100, 2_500)
    log.set_fees(11, 0, 0)
    resting = log.place(12, Side.SELL, 101, 60)
    for taker in [11, 13] * 3:
        log.place(taker, Side.BUY, 101, 10, [(resting, 10)])
    await settling.settle_all()
    await settling.assert_balances((11, 12, 13))
    status = settling.service.status()
    assert (status.error, status.last_batch) == (None, 1)
    block = await exchange.nodes.block_number()
    state = await reader_of(exchange).derive(exchange.manifest.first_block, block)
    assert (state.fills_settled, state.fills_skipped) == (6, 0)


async def test_a_batch_is_confirmed_by_the_log_and_not_by_its_receipt(exchange, database):
    settling = Settling(exchange, database)
    await settling.fund(11, 12)
    settling.log.trade()
    await settling.feed()
    await settling.turn(3)
    assert await exchange.read("batchNumber") == 1
    assert settling.service.pending_fills == 1
    assert [row.status for row in settling.store.unsettled()] == [BatchStatus.MINED]
    await settling.index()
    await settling.turn()
    assert settling.service.pending_fills == 0


async def test_while_a_batch_is_on_its_way_the_next_one_gathers_fills(exchange, database):
    settling = Settling(exchange, database)
    await settling.fund(11, 12)
    await exchange.nodes.call("evm_setAutomine", False)
    for _ in range(5):
        settling.log.trade()
        await settling.feed()
        await settling.turn()
    assert len(settling.store.unsettled()) == 1
    await exchange.nodes.call("evm_setAutomine", True)
    await exchange.mine()
    await settling.settle_all()
    assert await exchange.read("batchNumber") == 2
    await settling.assert_balances((11, 12))


async def test_a_batch_costs_no_more_than_the_batcher_reckons_with(exchange, database):
    settling = Settling(exchange, database)
    for account in range(1, 21):
        await exchange.deposit(wallet(account).address, BASE if account > 10 else QUOTE, FUNDS)
    for taker in range(1, 11):
        settling.log.trade(3, taker, taker + 10)
    for _ in range(30):
        settling.log.place(1, Side.BUY, 100, 1, [(settling.log.place(30, Side.SELL, 100, 1), 1)])
    await settling.feed()
    await settling.turn()
    (batch,) = settling.store.unsettled()
    receipt = await exchange.nodes.call("eth_getTransactionReceipt", "0x" + batch.tx_hash.hex())
    orders = len(decode_payload(batch.payload).orders)
    assert orders == 80
    assert int(receipt["gasUsed"], 16) <= orders * ORDER_GAS + 40 * FILL_GAS
    assert len(receipt["logs"]) == 31, "thirty fills of a seller without funds are skipped"

"""The batcher: every fill in exactly one batch, in the order of the log, at the fees that the engine charged."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from merkletools import MerkleTools

from offchain.core.commands import OrderInstructions, OrderType, PostOnly, Side, TimeInForce, encode_attachment
from offchain.core.errors import StateDiverged
from offchain.core.money import fee_units
from offchain.settlement.batcher import ORDER_GAS, Batcher, BatchLimits
from offchain.settlement.encoding import FEE_CLASSES_MAX, SECTIONS_MAX, decode_payload
from offchain.settlement.journal_root import EMPTY_ROOT
from offchain.settlement.packing import pack_batch
from tests.settlement.written_log import QUOTE_MULTIPLIER, WrittenLog

LIMITS = BatchLimits(max_fills=4, max_age_us=2_000_000)
FAR_US = 2**62


def batches_of(log, limits=LIMITS, deliveries=None):
    batcher = Batcher(limits)
    closed = []
    for part in deliveries or [log.entries]:
        closed += batcher.consume(part)
    last = batcher.close_due(FAR_US)
    return [*closed, *([last] if last else [])]


def merkletools_root(entries):
    tree = MerkleTools("sha256")
    for command, attachment, _ in entries:
        tree.add_leaf(sha256(command.pack() + encode_attachment(attachment)).hexdigest())
    tree.make_tree()
    root = tree.get_merkle_root()
    return bytes.fromhex(root) if root else EMPTY_ROOT


def test_a_batch_closes_when_it_is_full():
    log = WrittenLog()
    trades = [log.trade() for _ in range(5)]
    first, second = batches_of(log)
    assert [len(first.fills), len(second.fills)] == [4, 1]
    assert first.through_sequence == trades[3]
    assert second.through_sequence == log.sequence


def test_a_batch_closes_when_its_first_fill_is_old_enough():
    log = WrittenLog()
    log.trade()
    batcher = Batcher(LIMITS)
    assert list(batcher.consume(log.entries)) == []
    filled_us = log.fills()[0].timestamp_us
    assert batcher.close_due(filled_us + LIMITS.max_age_us - 1) is None
    batch = batcher.close_due(filled_us + LIMITS.max_age_us)
    assert list(batch.fills) == log.fills()
    assert batcher.close_due(FAR_US) is None


def test_a_batch_closes_before_it_outgrows_a_transaction():
    log = WrittenLog()
    for _ in range(6):
        log.trade()
    limits = BatchLimits(max_fills=100, max_age_us=1, max_gas=6 * ORDER_GAS)
    assert all(len(batch.orders) <= 6 for batch in batches_of(log, limits))
    assert sum(len(batch.fills) for batch in batches_of(log, limits)) == 6


def test_a_sweep_larger_than_a_batch_is_split_and_its_command_counts_only_when_all_of_it_is_in():
    log = WrittenLog()
    resting = [log.place(12, Side.SELL, 100 + n, 1) for n in range(9)]
    sweep = log.place(11, Side.BUY, 200, 9, [(order, 1) for order in resting])
    batches = batches_of(log)
    assert [len(batch.fills) for batch in batches] == [4, 4, 1]
    assert [batch.through_sequence for batch in batches] == [sweep - 1, sweep - 1, sweep]
    assert batches[1].journal_root == EMPTY_ROOT


def test_a_command_whose_fills_fit_one_batch_is_not_split():
    log = WrittenLog()
    for _ in range(3):
        log.trade()
    resting = [log.place(12, Side.SELL, 100 + n, 1) for n in range(3)]
    sweep = log.place(11, Side.BUY, 200, 3, [(order, 1) for order in resting])
    batches = batches_of(log)
    assert [len(batch.fills) for batch in batches] == [3, 3]
    assert [batch.through_sequence for batch in batches] == [sweep - 1, sweep]
    assert set(batches[1].orders) == {*resting, sweep}
    assert [batch.journal_root for batch in batches] == [
        merkletools_root(log.entries[: sweep - 1]),
        merkletools_root(log.entries[sweep - 1 :]),
    ]


def rates_of(batch, order_id):
    """The (maker, taker) rates of an order in each of its fills."""
    roles = [
        role
        for fill, (taker, maker) in zip(batch.fills, batch.rates, strict=True)
        for role in ((fill.order_id, taker), (fill.counter_order_id, maker))
    ]
    return [pair for one, pair in roles if one == order_id]


def test_an_order_whose_rates_change_stands_in_the_batch_once_for_each():
    log = WrittenLog()
    resting = log.place(12, Side.SELL, 100, 10)
    log.place(11, Side.BUY, 100, 1, [(resting, 1)])
    log.set_fees(12, -100, 900)
    log.place(11, Side.BUY, 100, 1, [(resting, 1)])
    (batch,) = batches_of(log)
    assert [maker for maker, _ in rates_of(batch, resting)] == [1_500, -100]
    orders, fills = decode_payload(pack_batch(batch)[0])
    assert [orders[fill.maker].maker_fee_ppm for fill in fills] == [1_500, -100]
    assert len(orders) == 4
    assert len({orders[fill.maker].signature for fill in fills}) == 1


def test_takers_of_two_rates_in_turn_do_not_make_a_batch_of_each_fill():
    log = WrittenLog()
    log.set_fees(12, -100, 2_500)
    log.set_fees(11, 0, 0)
    resting = log.place(12, Side.SELL, 100, 40)
    for taker in [11, 13] * 20:
        log.place(taker, Side.BUY, 100, 1, [(resting, 1)])
    (batch,) = batches_of(log, BatchLimits(max_fills=100, max_age_us=2_000_000))
    assert rates_of(batch, resting) == [(0, 2_500), (-100, 2_500)] * 20
    orders, fills = decode_payload(pack_batch(batch)[0])
    assert len(orders) == 42
    assert [orders[fill.maker].maker_fee_ppm for fill in fills] == [0, -100] * 20


def test_a_change_of_rates_that_touches_no_order_twice_splits_nothing():
    log = WrittenLog()
    takers = [log.trade()]
    log.set_fees(0, 1_000, 2_000)
    takers.append(log.trade())
    (batch,) = batches_of(log)
    assert [rates_of(batch, taker) for taker in takers] == [[(1_500, 2_500)], [(1_000, 2_000)]]


def test_a_signed_fee_cap_bounds_the_rate():
    log = WrittenLog()
    resting = log.place(12, Side.SELL, 100, 1, max_fee_bps=3)
    log.place(11, Side.BUY, 100, 1, [(resting, 1)])
    (batch,) = batches_of(log)
    assert rates_of(batch, resting) == [(300, 300)]


def test_a_rebate_is_at_most_what_the_taker_of_that_fill_pays():
    log = WrittenLog()
    log.set_fees(12, -2_000, 2_500)
    log.set_fees(11, 0, 1_000)
    resting = log.place(12, Side.SELL, 100, 10)
    log.place(11, Side.BUY, 100, 1, [(resting, 1)])
    log.place(13, Side.BUY, 100, 1, [(resting, 1)])
    (batch,) = batches_of(log)
    assert rates_of(batch, resting) == [(-1_000, 2_500), (-2_000, 2_500)]


@pytest.mark.parametrize("field", ["fee", "counter_fee", "remaining", "counter_remaining", "price"])
def test_a_fill_that_the_contract_would_book_otherwise_stops_settlement(field):
    log = WrittenLog()
    log.trade()
    events = log.entries[-1].events
    forged = tuple(
        event._replace(**{field: getattr(event, field) + 1}) if event.quantity else event for event in events
    )
    log.entries[-1] = log.entries[-1]._replace(events=forged)
    with pytest.raises(StateDiverged):
        batches_of(log)


def test_a_gap_in_the_log_stops_settlement():
    log = WrittenLog()
    log.trade()
    with pytest.raises(StateDiverged, match="Command 3 came after 1"):
        list(Batcher(LIMITS).consume([log.entries[0], log.entries[2]]))


def test_a_batch_holds_no_more_fee_classes_than_a_payload_can():
    log = WrittenLog()
    for account in range(100, 500):
        log.set_fees(account, account, 2_500)
        log.trade(maker=account)
    batches = batches_of(log, BatchLimits(max_fills=500, max_age_us=0, max_gas=10**9))
    assert [len(batch.fills) for batch in batches] == [FEE_CLASSES_MAX - 1, 400 - FEE_CLASSES_MAX + 1]
    assert all(decode_payload(pack_batch(batch)[0]).fills for batch in batches)


def test_orders_with_other_instructions_are_of_other_fee_classes():
    log = WrittenLog()
    for flags in range(400):
        resting = log.place(12, Side.SELL, 100, 1)
        log.place(11, Side.BUY, 100, 1, [(resting, 1)], flags=flags)
    batches = batches_of(log, BatchLimits(max_fills=500, max_age_us=0, max_gas=10**9))
    assert [len(batch.fills) for batch in batches] == [FEE_CLASSES_MAX, 400 - FEE_CLASSES_MAX]
    signed = [order.order.flags for batch in batches for order in decode_payload(pack_batch(batch)[0]).orders]
    assert sorted(signed) == sorted([*range(400), *[0] * 400])


def test_a_batch_holds_no_more_markets_than_a_payload_can():
    log = WrittenLog()
    for market in range(10, 410):
        log.list_market(market)
        log.trade(market=market)
    batches = batches_of(log, BatchLimits(max_fills=500, max_age_us=0, max_gas=10**9))
    assert [len(batch.fills) for batch in batches] == [SECTIONS_MAX, 400 - SECTIONS_MAX]
    assert all(decode_payload(pack_batch(batch)[0]).fills for batch in batches)


def test_an_order_that_was_reduced_fills_up_to_what_is_left():
    log = WrittenLog()
    resting = log.place(12, Side.SELL, 100, 10)
    log.place(11, Side.BUY, 100, 3, [(resting, 3)])
    log.amend(resting, 2)
    log.place(11, Side.BUY, 100, 2, [(resting, 2)])
    batcher = Batcher(LIMITS)
    list(batcher.consume(log.entries))
    assert [fill.quantity for fill in batcher.open_fills] == [3, 2]
    assert batcher.live_orders == 0
    (batch,) = batches_of(log)
    assert batch.orders[resting].quantity == 10


def test_a_reduction_that_does_not_add_up_stops_settlement():
    log = WrittenLog()
    resting = log.place(12, Side.SELL, 100, 10)
    log.amend(resting, 2)
    (event,) = log.entries[-1].events
    log.entries[-1] = log.entries[-1]._replace(events=(event._replace(remaining=3),))
    with pytest.raises(StateDiverged):
        batches_of(log)


def test_an_order_that_replaces_another_fills_in_its_place():
    log = WrittenLog()
    old = log.place(12, Side.SELL, 100, 10)
    new = log.place(12, Side.SELL, 99, 4, replaces=old)
    log.place(11, Side.BUY, 100, 4, [(new, 4)])
    batcher = Batcher(LIMITS)
    list(batcher.consume(log.entries))
    assert batcher.live_orders == 0
    assert [fill.counter_order_id for fill in batcher.open_fills] == [new]


def test_a_stop_that_fires_fills_in_the_command_that_fired_it():
    log = WrittenLog()
    deep = log.place(12, Side.SELL, 100, 10)
    stop = log.place(13, Side.BUY, 120, 4, flags=OrderInstructions(TimeInForce.IOC, OrderType.STOP_MARKET).flags)
    sweep = log.place(11, Side.BUY, 100, 1, [(deep, 1)], then=[(stop, 110, [(deep, 4)])])
    (batch,) = batches_of(log)
    assert [(fill.order_id, fill.command_sequence) for fill in batch.fills] == [(sweep, sweep), (stop, sweep)]
    (order,) = [order for order in decode_payload(pack_batch(batch)[0]).orders if order.order.seq == stop]
    assert (order.order.price, order.slide) == (120, 0)


def test_an_order_that_slid_fills_at_its_price_in_force():
    log = WrittenLog()
    slide = OrderInstructions(post_only=PostOnly.SLIDE).flags
    sell = log.place(12, Side.SELL, 100, 5, flags=slide, limit=104)
    buy = log.place(13, Side.BUY, 108, 5, flags=slide, limit=103)
    log.place(11, Side.BUY, 110, 5, [(sell, 5)])
    log.place(11, Side.SELL, 90, 5, [(buy, 5)])
    (batch,) = batches_of(log)
    assert [fill.price for fill in batch.fills] == [104, 103]
    by_seq = {order.order.seq: order for order in decode_payload(pack_batch(batch)[0]).orders}
    assert [(by_seq[one].order.price, by_seq[one].price_in_force) for one in (sell, buy)] == [(100, 104), (108, 103)]


def test_only_orders_that_may_still_fill_are_remembered():
    log = WrittenLog()
    resting = log.place(12, Side.SELL, 100, 5)
    log.place(12, Side.SELL, 100, 5, rejected=True)
    log.place(11, Side.BUY, 90, 5, cancel=True)
    gone = log.place(11, Side.BUY, 80, 5)
    log.cancel(gone)
    log.place(11, Side.BUY, 100, 2, [(resting, 2)])
    batcher = Batcher(LIMITS)
    list(batcher.consume(log.entries))
    assert batcher.live_orders == 1


steps = st.lists(
    st.one_of(
        st.tuples(st.just("trade"), st.integers(1, 50)),
        st.tuples(st.just("sweep"), st.integers(1, 9)),
        st.tuples(st.just("fees"), st.integers(-500, 4_000)),
        st.tuples(st.just("rest"), st.integers(1, 9)),
    ),
    max_size=25,
)


def written(plan):
    log = WrittenLog()
    depth = log.place(13, Side.SELL, 101, 1_000)
    for step, size in plan:
        if step == "trade":
            log.trade(size)
        elif step == "sweep":
            resting = [log.place(12, Side.SELL, 100, 2) for _ in range(size)]
            log.place(11, Side.BUY, 101, size + 1, [*((order, 1) for order in resting), (depth, 1)])
        elif step == "fees":
            log.set_fees(13, size, 2_500)
        else:
            log.place(14, Side.BUY, 50, size)
    return log


@given(steps, st.integers(1, 7))
def test_fills_in_are_fills_out_in_order_with_their_orders_and_rates(plan, max_fills):
    log = written(plan)
    batches = batches_of(log, BatchLimits(max_fills=max_fills, max_age_us=0))
    assert [fill for batch in batches for fill in batch.fills] == log.fills()
    for batch in batches:
        assert 0 < len(batch.fills) <= max_fills
        named = {order for fill in batch.fills for order in (fill.order_id, fill.counter_order_id)}
        assert set(batch.orders) == named
        for fill, ((_, taker_ppm), (maker_ppm, _)) in zip(batch.fills, batch.rates, strict=True):
            notional = fill.price * fill.quantity * QUOTE_MULTIPLIER
            assert fill.fee == fee_units(notional, taker_ppm)
            assert fill.counter_fee == fee_units(notional, maker_ppm)


@given(steps, st.integers(1, 7))
def test_journal_roots_cover_the_log_once_and_are_those_of_merkletools(plan, max_fills):
    log = written(plan)
    through = 0
    for batch in batches_of(log, BatchLimits(max_fills=max_fills, max_age_us=0)):
        assert batch.journal_root == merkletools_root(log.entries[through : batch.through_sequence])
        assert batch.through_sequence >= through
        through = batch.through_sequence


@given(steps, st.integers(1, 7), st.data())
def test_a_batcher_restored_from_an_older_snapshot_goes_on_without_losing_or_repeating_a_fill(plan, max_fills, data):
    log = written(plan)
    limits = BatchLimits(max_fills=max_fills, max_age_us=0)
    snapshot_at = data.draw(st.integers(0, log.sequence))
    killed_at = data.draw(st.integers(snapshot_at, log.sequence))
    batcher = Batcher(limits)
    closed = list(batcher.consume(log.entries[:snapshot_at]))
    snapshot = batcher.snapshot()
    closed += batcher.consume(log.entries[snapshot_at:killed_at])
    by_age = batcher.close_due(FAR_US) if data.draw(st.booleans()) else None
    closed += [by_age] if by_age else []
    through = max((batch.through_sequence for batch in closed), default=0)
    batched = max((batch.fills[-1].sequence for batch in closed), default=0)
    restored = Batcher.restore(limits, snapshot, through, batched)
    assert restored.sequence == snapshot_at
    closed += restored.consume(log.entries[snapshot_at:])
    last = restored.close_due(FAR_US)
    closed += [last] if last else []
    assert [fill for batch in closed for fill in batch.fills] == log.fills()
    start = 0
    for batch in closed:
        assert batch.journal_root == merkletools_root(log.entries[start : batch.through_sequence])
        start = batch.through_sequence

"""The batcher: every fill in exactly one batch, in the order of the log, at the fees that the engine charged."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from merkletools import MerkleTools
from msgspec.structs import replace

from offchain.core.commands import (
    CommandKind,
    LadderAuthorization,
    LadderOrder,
    OrderInstructions,
    OrderType,
    PostOnly,
    RenewalLadder,
    RenewedOrder,
    Side,
    StatementAnswer,
    TimeInForce,
    encode_attachment,
)
from offchain.core.errors import StateDiverged
from offchain.core.money import fee_units
from offchain.settlement.batcher import ORDER_GAS, Batcher, BatchLimits
from offchain.settlement.decoding import decode_payload
from offchain.settlement.journal_root import EMPTY_ROOT
from offchain.settlement.packing import pack_batch
from offchain.settlement.payload_format import FEE_CLASSES_MAX, MARKETS_MAX, PAYLOAD_BYTES_MAX
from tests.settlement.written_log import MARKET, QUOTE_MULTIPLIER, WrittenLog

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
    orders, fills, _, _ = decode_payload(pack_batch(batch)[0])
    assert [orders[fill.maker].maker_fee_ppm for fill in fills] == [1_500, -100]
    assert len(orders) == 4
    assert len({orders[fill.maker].authorization.signature for fill in fills}) == 1


def test_takers_of_two_rates_in_turn_do_not_make_a_batch_of_each_fill():
    log = WrittenLog()
    log.set_fees(12, -100, 2_500)
    log.set_fees(11, 0, 0)
    resting = log.place(12, Side.SELL, 100, 40)
    for taker in [11, 13] * 20:
        log.place(taker, Side.BUY, 100, 1, [(resting, 1)])
    (batch,) = batches_of(log, BatchLimits(max_fills=100, max_age_us=2_000_000))
    assert rates_of(batch, resting) == [(0, 2_500), (-100, 2_500)] * 20
    orders, fills, _, _ = decode_payload(pack_batch(batch)[0])
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
    for account in range(100, 300):
        log.set_fees(account, account, 2_500)
        log.trade(maker=account)
    batches = batches_of(log, BatchLimits(max_fills=500, max_age_us=0, max_gas=10**9))
    assert [len(batch.fills) for batch in batches] == [FEE_CLASSES_MAX - 1, 200 - FEE_CLASSES_MAX + 1]
    assert all(decode_payload(pack_batch(batch)[0]).fills for batch in batches)


def test_orders_with_other_instructions_are_of_other_fee_classes():
    log = WrittenLog()
    for flags in range(200):
        resting = log.place(12, Side.SELL, 100, 1)
        log.place(11, Side.BUY, 100, 1, [(resting, 1)], flags=flags)
    batches = batches_of(log, BatchLimits(max_fills=500, max_age_us=0, max_gas=10**9))
    assert [len(batch.fills) for batch in batches] == [FEE_CLASSES_MAX, 200 - FEE_CLASSES_MAX]
    signed = [order.order.flags for batch in batches for order in decode_payload(pack_batch(batch)[0]).orders]
    assert sorted(signed) == sorted([*range(200), *[0] * 200])


def test_a_batch_holds_no_more_markets_than_a_payload_can():
    log = WrittenLog()
    for market in range(10, 410):
        log.list_market(market)
        log.trade(market=market)
    batches = batches_of(log, BatchLimits(max_fills=500, max_age_us=0, max_gas=10**9))
    assert [len(batch.fills) for batch in batches] == [MARKETS_MAX, 400 - MARKETS_MAX]
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


def test_the_orders_of_ladders_count_against_the_gas_of_a_batch():
    def batched(rungs):
        log = SignedLadders()
        for _ in range(20):
            ladder = log.sign_ladder(12, rungs)
            resting = log.place(12, Side.SELL, 100, 1)
            order = log.entries[-1].attachment
            log.entries[-1] = log.entries[-1]._replace(attachment=replace(order, ladder=ladder, place=1))
            log.place(11, Side.BUY, 100, 1, [(resting, 1)])
        return [
            len(batch.fills) for batch in batches_of(log, BatchLimits(max_fills=500, max_age_us=0, max_gas=5_000_000))
        ]

    assert batched(1) == [20]
    assert batched(200)[0] < 10


class SignedLadders(WrittenLog):
    def sign_ladder(self, account, rungs):
        row = LadderOrder(Side.SELL, 100, 1, 2_000_000_000, 1, 1, 50, 0)
        owner = account.to_bytes(20, "big")
        ladder = LadderAuthorization(owner, MARKET, 0, (row,) * rungs, bytes(64) + b"\x1b")
        return self.add(CommandKind.SIGN_LADDER, [], ladder, account=account, market=MARKET)

    def trade_of_ladder(self, others):
        """A trade of a lot with the first order of a ladder that these stand in too."""
        sequence = self.sequence + 2
        signed = self.authorization(sequence, MARKET, 12, Side.SELL, 100, 1, 50, 0)
        row = LadderOrder(Side.SELL, 100, 1, signed.expiry_s, signed.seq, signed.lane, 50, 0)
        owner = (12).to_bytes(20, "big")
        ladder = LadderAuthorization(owner, MARKET, 0, (row, *others), sequence.to_bytes(64, "big") + b"\x1b")
        place = self.add(CommandKind.SIGN_LADDER, [], ladder, account=12, market=MARKET)
        resting = self.place(12, Side.SELL, 100, 1)
        order = self.entries[-1].attachment
        self.entries[-1] = self.entries[-1]._replace(attachment=replace(order, ladder=place, place=1))
        return self.place(11, Side.BUY, 100, 1, [(resting, 1)])


@pytest.mark.parametrize("caps", [1, 50])
def test_what_ladders_hold_beside_their_orders_that_fill_never_outgrows_a_payload(caps):
    """Whoever signs a ladder chooses what stands in it: the widest values, and many fee classes."""
    widest = (2**64 - 1, 2**64 - 1, 2**40 - 1, 2**48 - 1, 2**16 - 1)
    log = SignedLadders()
    for number in range(200):
        flags = OrderInstructions(self_trade_prevention=number % 4).flags
        log.trade_of_ladder([LadderOrder(Side.SELL, *widest, cap % caps, flags) for cap in range(49)])
    batches = batches_of(log, BatchLimits(max_fills=500, max_age_us=0))
    payloads = [pack_batch(batch)[0] for batch in batches]
    assert sum(len(batch.fills) for batch in batches) == 200
    assert max(map(len, payloads)) <= PAYLOAD_BYTES_MAX


def test_what_was_signed_again_counts_too():
    log = WrittenLog()
    resting = [
        log.place(12, Side.SELL, 100, 2, max_fee_bps=number % 50 + 1, flags=number // 50) for number in range(150)
    ]
    renewed = tuple(RenewedOrder(order_id, 1_000 + order_id, 2) for order_id in resting)
    ladders = tuple(RenewalLadder(MARKET, renewed[start : start + 40], bytes(65)) for start in range(0, 150, 40))
    owner = log.owner(12)
    for number, ladder in enumerate(ladders):
        signature = bytes([number]) * 65
        log.answered(StatementAnswer(owner, number + 1, bytes(32), 1_000, (1, 2), (0, 0), signature, (), (ladder,)))
    for order_id in resting[::40]:
        log.place(11, Side.BUY, 100, 2, [(order_id, 2)])
    assert [len(batch.fills) for batch in batches_of(log, BatchLimits(max_fills=500, max_age_us=0))] == [3, 1]

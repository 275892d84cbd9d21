"""Accounts, assets, markets, balances, orders, levels and events beyond what a new engine has room for."""

import numpy as np
import pytest

from offchain.core.commands import COMMAND_DTYPE, CancelReason, CommandKind, OrderType
from offchain.core.events import RejectReason
from offchain.core.money import UNITS_MAX
from offchain.matching import layout
from offchain.matching.engine import Engine
from offchain.matching.tape import Tape
from offchain.matching.words import blank
from tests.matching.desk import BUY, RICH, SELL, Desk, fills
from tests.matching.engines import AnyEngine, UncompiledEngine
from tests.matching.naive import NaiveEngine

K = CommandKind
MARKET = {"amount": 1, "counter_amount": 1, "price": 10**12, "quantity": 10**6}


def grown(engine: AnyEngine) -> Desk:
    desk = Desk(engine)
    for asset in (4, 300, 65_535):
        desk.take(K.LIST_ASSET, asset=asset)
    for account in range(5, 300):
        desk.take(K.OPEN_ACCOUNT, account=account)
        for asset in (1, 300, 65_535):
            desk.take(K.CHAIN_DEPOSIT, account=account, asset=asset, amount=10**9)
    for market, base, quote in ((3, 4, 300), (40, 1, 300), (65_535, 300, 65_535)):
        desk.take(K.LIST_MARKET, market=market, asset=base, counter_asset=quote, **MARKET)
    for account in range(5, 300):
        desk.take(K.PLACE, account=account, market=40, side=SELL, price=account**4, quantity=2, taker_fee_ppm=5_000)
        desk.take(K.PLACE, account=account, market=65_535, side=BUY, price=account, quantity=2, taker_fee_ppm=5_000)
    return desk


def test_all_three_grow_alike(compiled_type: type[Engine]) -> None:
    desks = [grown(compiled_type()), grown(UncompiledEngine()), grown(NaiveEngine())]

    assert {desk.engine.open_orders for desk in desks} == {590}
    assert len({desk.engine.state_hash() for desk in desks}) == 1
    events = [
        desk.take(K.PLACE, account=7, market=65_535, side=SELL, price=6, quantity=700, taker_fee_ppm=5_000)
        for desk in desks
    ]
    assert [len(fills(batch)) for batch in events] == [294] * 3
    assert events[0] == events[1] == events[2]
    assert len({desk.engine.state_hash() for desk in desks}) == 1


@pytest.mark.parametrize(
    ("count", "unit"),
    [
        (layout.HUGE_PAGE_WORDS - 1, layout.LINE_WORDS),
        (layout.HUGE_PAGE_WORDS, layout.HUGE_PAGE_WORDS),
        (3 * layout.HUGE_PAGE_WORDS + 1, layout.HUGE_PAGE_WORDS),
    ],
)
def test_new_arrays_are_zero_and_begin_with_a_line_or_a_huge_page(count: int, unit: int) -> None:
    words = np.asarray(blank(count))

    assert len(words) == count
    assert not words.any()
    assert words.ctypes.data % (8 * unit) == 0
    words[[0, -1]] = 1, 2


def test_a_tape_takes_more_words_than_it_has_room_for() -> None:
    tape = Tape(blank(3))
    for word in range(100):
        tape.put(word)

    assert list(tape.words[:100]) == list(range(100))


def test_a_large_engine_restores(real_type: type[Engine]) -> None:
    desk = grown(real_type())

    restored = real_type.restore(desk.engine.snapshot())

    assert restored.state_hash() == desk.engine.state_hash()
    assert restored.depth(40, SELL, 1_000) == desk.engine.depth(40, SELL, 1_000)
    assert (restored.accounts, restored.assets, restored.open_orders) == (300, 6, 590)


def test_volumes_limits_and_caps_of_any_number_of_accounts_are_kept(real_type: type[Engine]) -> None:
    desk = grown(real_type())
    for account in range(5, 300):
        desk.take(K.SET_POSITION_CAP, account=account, asset=1, amount=10**10 + account)
        desk.take(K.SET_ACCOUNT_LIMITS, account=account, quantity=account)
    sold = desk.take(K.PLACE, account=7, market=65_535, side=SELL, price=6, quantity=700, taker_fee_ppm=5_000)
    desk.take(K.ROLL_VOLUMES, amount=1)

    for engine in (desk.engine, real_type.restore(desk.engine.snapshot())):
        assert [engine.position_cap(account, 1) for account in range(5, 300)] == [10**10 + n for n in range(5, 300)]
        assert [engine.limits(account)[0] for account in range(5, 300)] == list(range(5, 300))
        bought = {fill.counter_account: fill.price * fill.quantity for fill in fills(sold)}
        assert [engine.volume(account) for account in bought if account != 7] == [
            worth for account, worth in bought.items() if account != 7
        ]


@pytest.mark.parametrize("count", [15, 16, 17, 33, 66, 67, 100, 142])
def test_any_number_of_markets_can_be_hashed_and_restored(real_type: type[Engine], count: int) -> None:
    desk = Desk(real_type())
    for market in range(3, count + 1):
        desk.take(K.LIST_MARKET, market=market, asset=1, counter_asset=2, **MARKET)
    desk.rest(1, SELL, 7, 1, market=count)

    restored = real_type.restore(desk.engine.snapshot())

    assert restored.state_hash() == desk.engine.state_hash()
    assert restored.depth(count, SELL, 5) == [(7, 1, 1)]


def test_places_of_orders_that_left_are_used_again(desk: Desk) -> None:
    for _ in range(3):
        ids = [desk.rest(account, BUY, price, 1) for account in (1, 2) for price in range(1, 100)]
        for order_id in ids[::2]:
            desk.cancel(desk.engine.order(order_id)[0], order_id)
        assert [desk.engine.order(order_id) is None for order_id in ids] == [True, False] * 99
        for account in (1, 2):
            desk.take(K.CANCEL_ALL, account=account, reason=CancelReason.USER)
    assert desk.engine.open_orders == 0
    assert {row[2:] for row in desk.engine.balances()} == {(RICH, 0)}


def test_a_sum_that_trades_brought_out_of_debt_is_counted_anew_before_a_deposit_is_refused(desk: Desk) -> None:
    desk.take(K.CHAIN_EXITED, account=1, asset=2, amount=RICH + 10**6)
    desk.rest(1, SELL, 10**6, 2)
    desk.place(2, BUY, 10**6, 2)  # pays 2 * 10**6 to account 1, half of it into its debt
    owned = sum(max(available, 0) + reserved for _, asset, available, reserved in desk.engine.balances() if asset == 2)

    desk.take(K.CHAIN_DEPOSIT, account=3, asset=2, amount=UNITS_MAX - owned)
    assert desk.refusal(K.CHAIN_DEPOSIT, account=3, asset=2, amount=1) == RejectReason.OVERFLOW


@pytest.mark.parametrize("asset", [1, 2, 3])
def test_no_more_of_an_asset_comes_in_than_a_word_can_count(desk: Desk, asset: int) -> None:
    desk.take(K.CHAIN_DEPOSIT, account=4, asset=asset, amount=UNITS_MAX - 4 * RICH)

    assert desk.refusal(K.CHAIN_DEPOSIT, account=3, asset=asset, amount=1) == RejectReason.OVERFLOW


def test_one_command_after_a_batch_has_all_its_events(real_type: type[Engine]) -> None:
    desk = Desk(real_type())
    ids = [desk.rest(1, BUY, 100, 1) for _ in range(600)]
    desk.engine.apply_batch(np.empty(0, COMMAND_DTYPE))

    assert [event.order_id for event in desk.take(K.CANCEL_ALL, account=1, reason=CancelReason.USER)] == ids


@pytest.mark.parametrize("crowd", range(53, 65))
def test_orders_are_whole_whether_they_or_their_levels_find_no_place_left(desk: Desk, crowd: int) -> None:
    for _ in range(crowd):
        desk.rest(1, BUY, 50, 1)
    plain = desk.rest(2, BUY, 51, 7)
    assert desk.engine.order(plain) == (2, 1, BUY, 51, 7)
    stops = {"order_type": OrderType.STOP_LIMIT, "counter_amount": 60}
    armed = [desk.place(account, SELL, 130 + account, 5, **stops)[0].order_id for account in (2, 3)]
    assert [desk.engine.order(order_id) for order_id in armed] == [(2, 1, SELL, 132, 5), (3, 1, SELL, 133, 5)]

    nearest = desk.rest(3, BUY, 60, 2)
    assert desk.engine.order(nearest) == (3, 1, BUY, 60, 2)
    desk.place(4, SELL, 60, 1)

    assert [desk.engine.order(order_id) for order_id in armed] == [(2, 1, SELL, 132, 5), (3, 1, SELL, 133, 5)]
    assert desk.engine.depth(1, BUY, 5) == [(60, 1, 1), (51, 7, 1), (50, crowd, crowd)]
    assert desk.engine.depth(1, SELL, 5) == [(132, 5, 1), (133, 5, 1)]
    assert desk.engine.open_orders == crowd + 4


@pytest.mark.parametrize("crowd", range(53, 65))
def test_a_restored_order_is_whole_whether_it_or_its_level_finds_no_place_left(
    real_type: type[Engine], crowd: int
) -> None:
    desk = Desk(real_type())
    for _ in range(crowd):
        desk.rest(1, BUY, 50, 1)
    ids = [desk.rest(2, BUY, price, 7) for price in range(40, 50)]

    restored = real_type.restore(desk.engine.snapshot())

    assert [restored.order(order_id) for order_id in ids] == [(2, 1, BUY, price, 7) for price in range(40, 50)]
    assert restored.state_hash() == desk.engine.state_hash()

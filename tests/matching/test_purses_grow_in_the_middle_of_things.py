"""An account's balances are in a block that moves when it gets another: nothing is lost, whatever is going on then."""

from itertools import permutations

import pytest

from offchain.core.commands import CommandKind, OrderType, TimeInForce
from offchain.core.events import RejectReason
from offchain.matching.engine import Engine
from tests.matching.desk import BUY, LOT, RICH, SELL, Desk, fills

K = CommandKind
FUNDS = 10**9
MEETING = (1, 5, 9, 257, 65_533)
"""Assets of which any two want the same place in a block of four."""


@pytest.fixture
def newcomers(desk: Desk) -> Desk:
    """Accounts 5 and 6 have assets 1 and 4 only, which fills their blocks of two; market 1 is 1/2."""
    desk.take(K.LIST_ASSET, asset=4)
    for account in (5, 6):
        desk.take(K.OPEN_ACCOUNT, account=account)
        for asset in (1, 4):
            desk.take(K.CHAIN_DEPOSIT, account=account, asset=asset, amount=FUNDS)
    return desk


@pytest.mark.parametrize("tif", [TimeInForce.GTC, TimeInForce.IOC])
def test_a_taker_may_be_paid_in_an_asset_it_never_had(newcomers: Desk, tif: int) -> None:
    desk = newcomers
    desk.rest(1, BUY, 100, 3)
    desk.rest(2, BUY, 99, 4)

    events = desk.place(5, SELL, 99, 10, tif=tif)

    made = fills(events)
    earned = sum(event.price * event.quantity - event.fee for event in made)
    assert [event.quantity for event in made] == [3, 4]
    assert desk.engine.balance(5, 2) == (earned, 0)
    left = 3 * LOT if tif == TimeInForce.GTC else 0
    assert desk.engine.balance(5, 1) == (FUNDS - 7 * LOT - left, left)
    assert desk.engine.balance(5, 4) == (FUNDS, 0)
    assert desk.total(1) == 4 * RICH + 2 * FUNDS


def test_a_maker_may_be_paid_in_an_asset_it_never_had(newcomers: Desk) -> None:
    desk = newcomers
    resting = desk.rest(5, SELL, 100, 10)

    events = fills(desk.place(1, BUY, 100, 3) + desk.place(2, BUY, 100, 4))

    earned = sum(event.price * event.quantity - event.counter_fee for event in events)
    assert desk.engine.balance(5, 2) == (earned, 0)
    assert desk.engine.balance(5, 1) == (FUNDS - 10 * LOT, 3 * LOT)
    assert desk.cancel(5, resting).amount == 3 * LOT
    assert desk.engine.balance(5, 1) == (FUNDS - 7 * LOT, 0)
    assert desk.engine.balance(5, 4) == (FUNDS, 0)


def test_a_stop_that_fires_may_be_paid_in_an_asset_it_never_had(newcomers: Desk) -> None:
    desk = newcomers
    desk.rest(1, BUY, 100, 1)
    desk.rest(2, BUY, 98, 5)
    desk.place(5, SELL, 90, 5, order_type=OrderType.STOP_LIMIT, counter_amount=100)

    events = desk.place(6, SELL, 100, 1)

    assert [event.account for event in fills(events)] == [6, 5]
    for account, sold in ((5, 5), (6, 1)):
        earned = sum(event.price * event.quantity - event.fee for event in fills(events) if event.account == account)
        assert desk.engine.balance(account, 2) == (earned, 0)
        assert desk.engine.balance(account, 1) == (FUNDS - sold * LOT, 0)
        assert desk.engine.balance(account, 4) == (FUNDS, 0)


def test_a_fill_may_be_unwound_between_accounts_that_never_had_its_assets(desk: Desk) -> None:
    for asset in (4, 5):
        desk.take(K.LIST_ASSET, asset=asset)
    for account in (5, 6):
        desk.take(K.OPEN_ACCOUNT, account=account)
        for asset in (4, 5):
            desk.take(K.CHAIN_DEPOSIT, account=account, asset=asset, amount=FUNDS)

    desk.take(K.UNWIND_FILL, market=1, side=BUY, account=5, counter_account=6, price=100, quantity=3, amount=1)

    assert desk.engine.balance(5, 1) == (-3 * LOT, 0)
    assert desk.engine.balance(5, 2) == (301, 0)
    assert desk.engine.balance(6, 1) == (3 * LOT, 0)
    assert desk.engine.balance(6, 2) == (-300, 0)
    assert desk.engine.balance(0, 2) == (-1, 0)
    assert [desk.engine.balance(account, asset) for account in (5, 6) for asset in (4, 5)] == [(FUNDS, 0)] * 4


def meeting(engine: Engine, order: tuple[int, ...]) -> Desk:
    """An account whose balances in assets that want the same places came about in this order."""
    desk = Desk(engine, opened=False)
    for asset in (*MEETING, 2):
        desk.take(K.LIST_ASSET, asset=asset)
    desk.take(K.OPEN_ACCOUNT, account=1)
    for asset in order:
        desk.take(K.CHAIN_DEPOSIT, account=1, asset=asset, amount=asset)
    return desk


def test_assets_that_want_the_same_place_are_told_apart(real_type: type[Engine]) -> None:
    for order in permutations(MEETING):
        engine = meeting(real_type(), order).engine
        assert engine.balances() == [(1, asset, asset, 0) for asset in MEETING]
        assert [engine.balance(1, asset) for asset in MEETING] == [(asset, 0) for asset in MEETING]
        assert engine.balance(1, 2) == (0, 0)


def test_a_cap_and_an_exit_stay_with_their_balance_when_it_moves(real_type: type[Engine]) -> None:
    desk = Desk(real_type())
    desk.take(K.OPEN_ACCOUNT, account=5)
    desk.take(K.CHAIN_DEPOSIT, account=5, asset=1, amount=FUNDS)
    desk.take(K.CHAIN_DEPOSIT, account=5, asset=3, amount=FUNDS)
    desk.take(K.SET_POSITION_CAP, account=5, asset=1, amount=77)
    desk.take(K.CHAIN_EXIT_REQUESTED, account=5, asset=3)

    desk.take(K.CHAIN_DEPOSIT, account=5, asset=2, amount=FUNDS)

    assert desk.engine.position_cap(5, 1) == 77
    assert [desk.engine.position_cap(5, asset) for asset in (2, 3)] == [0, 0]
    order = {"account": 5, "side": BUY, "price": 1, "quantity": 1, "taker_fee_ppm": 5_000}
    assert desk.refusal(K.PLACE, market=1, **order) == RejectReason.POSITION_CAP
    assert desk.refusal(K.PLACE, market=2, **order) == RejectReason.ACCOUNT_EXITING


def test_a_block_that_was_left_is_empty_for_the_next_account(desk: Desk) -> None:
    for account in range(5, 12):
        desk.take(K.OPEN_ACCOUNT, account=account)
        desk.take(K.CHAIN_DEPOSIT, account=account, asset=1, amount=FUNDS)
        assert [desk.engine.balance(account, asset) for asset in (2, 3)] == [(0, 0)] * 2
        desk.take(K.CHAIN_DEPOSIT, account=account, asset=2, amount=2 * FUNDS)
        desk.take(K.CHAIN_DEPOSIT, account=account, asset=3, amount=3 * FUNDS)

    held = [(account, asset, asset * FUNDS, 0) for account in range(5, 12) for asset in (1, 2, 3)]
    assert [row for row in desk.engine.balances() if row[0] > 4] == held


def test_who_is_no_account_has_nothing(real_type: type[Engine]) -> None:
    desk = Desk(real_type())
    for account in (5, 2**40, -1):
        assert desk.engine.balance(account, 1) == (0, 0)
        assert desk.engine.position_cap(account, 1) == 0
    assert desk.engine.balance(1, 65_537) == (0, 0)

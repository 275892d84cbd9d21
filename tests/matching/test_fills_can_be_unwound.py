import pytest

from offchain.core.commands import CommandKind, Side
from offchain.core.events import EventKind, RejectReason
from offchain.core.money import UNITS_MAX
from tests.matching.desk import BUY, RICH, SELL, Desk, fills

K = CommandKind


def traded(desk: Desk, taker_side: Side) -> dict[str, int]:
    """A trade of accounts 1 (maker) and 2 (taker), and the fields that unwind it."""
    desk.rest(1, 1 - taker_side, 1_001, 3)
    (fill,) = fills(desk.place(2, taker_side, 1_001, 3))
    return {
        "market": 1,
        "side": taker_side,
        "account": 2,
        "counter_account": 1,
        "price": fill.price,
        "quantity": fill.quantity,
        "amount": fill.fee,
        "counter_amount": fill.counter_fee,
        "order_id": fill.sequence,
        "reason": 3,
    }


@pytest.mark.parametrize("taker_side", Side)
def test_unwinding_a_fill_gives_both_sides_back_what_they_had(desk: Desk, taker_side: Side) -> None:
    before = desk.engine.balances()
    fields = traded(desk, taker_side)

    (event,) = desk.take(K.UNWIND_FILL, **fields)

    assert desk.engine.balances() == before
    assert (event.kind, event.order_id, event.reason, event.side) == (
        EventKind.UNWOUND,
        fields["order_id"],
        3,
        taker_side,
    )
    assert (event.account, event.fee, event.counter_account, event.counter_fee) == (
        2,
        fields["amount"],
        1,
        fields["counter_amount"],
    )


def test_what_is_no_longer_there_becomes_a_debt(desk: Desk) -> None:
    fields = traded(desk, BUY)
    desk.take(K.WITHDRAW, account=1, asset=2, amount=desk.engine.balance(1, 2)[0])

    desk.take(K.UNWIND_FILL, **fields)

    assert desk.engine.balance(1, 2) == (-3_003 + fields["counter_amount"], 0)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"market": 9}, RejectReason.UNKNOWN_MARKET),
        ({"side": 2}, RejectReason.BAD_SIDE),
        ({"account": 0}, RejectReason.UNKNOWN_ACCOUNT),
        ({"counter_account": 77}, RejectReason.UNKNOWN_ACCOUNT),
        ({"price": 0}, RejectReason.BAD_PRICE),
        ({"quantity": -1}, RejectReason.BAD_QUANTITY),
        ({"quantity": 2**62}, RejectReason.BAD_QUANTITY),
        ({"amount": 40}, RejectReason.BAD_FEE),
        ({"counter_amount": -(2**63)}, RejectReason.BAD_FEE),
    ],
)
def test_what_was_never_a_fill_is_refused(desk: Desk, fields: dict[str, int], reason: RejectReason) -> None:
    assert desk.refusal(K.UNWIND_FILL, **traded(desk, SELL) | fields) == reason


def test_a_fee_may_be_a_percent_of_the_notional_either_way_rounded_up(desk: Desk) -> None:
    fields = traded(desk, SELL)  # of 3,003 units
    for name in ("amount", "counter_amount"):
        desk.take(K.UNWIND_FILL, **fields | {name: 31})
        desk.take(K.UNWIND_FILL, **fields | {name: -31})
        assert desk.refusal(K.UNWIND_FILL, **fields | {name: 32}) == RejectReason.BAD_FEE
        assert desk.refusal(K.UNWIND_FILL, **fields | {name: -32}) == RejectReason.BAD_FEE


def test_an_unwind_beyond_64_bits_is_refused_and_moves_nothing(desk: Desk) -> None:
    desk.take(K.CHAIN_DEPOSIT, account=3, asset=2, amount=UNITS_MAX - 4 * RICH)
    fields = {"market": 1, "side": BUY, "account": 2, "counter_account": 1, "price": 10**9, "quantity": 10**6}
    desk.take(K.UNWIND_FILL, **fields)  # account 1 has as much to give back

    assert desk.refusal(K.UNWIND_FILL, **fields) == RejectReason.OVERFLOW


def test_a_deposit_that_settles_a_debt_fits_even_where_others_own_all_there_can_be(desk: Desk) -> None:
    desk.take(K.CHAIN_EXITED, account=1, asset=2, amount=RICH + 100)
    desk.take(K.CHAIN_DEPOSIT, account=3, asset=2, amount=UNITS_MAX - 3 * RICH)

    assert desk.refusal(K.CHAIN_DEPOSIT, account=2, asset=2, amount=1) == RejectReason.OVERFLOW
    desk.take(K.CHAIN_DEPOSIT, account=1, asset=2, amount=100)
    assert desk.engine.balance(1, 2) == (0, 0)

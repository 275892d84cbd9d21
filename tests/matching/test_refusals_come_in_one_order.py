"""Of all reasons to refuse an order, the first in the order of the rules is given: an order that breaks every one of
them is mended rule by rule."""

from offchain.core.commands import CommandKind, MarketStatus, OrderType, SelfTradePrevention
from offchain.core.events import RejectReason
from tests.matching.desk import BUY, LOT, RICH, SELL, Desk

K, R = CommandKind, RejectReason
Fields = dict[str, int]
Mending = tuple[RejectReason, list[tuple[CommandKind, Fields]], Fields]
ALL_WRONG: Fields = {
    "account": 9,
    "market": 9,
    "side": 2,
    "order_type": 4,
    "time_in_force": 4,
    "post_only": 3,
    "self_trade_prevention": 5,
    "price": 0,
    "quantity": 0,
    "counter_amount": 5,
    "amount": 5,
    "taker_fee_ppm": 6_000,
}
SMALL: Fields = {"account": 1, "market": 2, "side": BUY, "price": 10, "quantity": 1, "taker_fee_ppm": 5_000}
FORM: list[Mending] = [
    (R.BAD_SIDE, [], {"side": BUY}),
    (R.BAD_ORDER_TYPE, [], {"order_type": 0}),
    (R.BAD_TIME_IN_FORCE, [], {"time_in_force": 0}),
    (R.BAD_POST_ONLY, [], {"post_only": 1}),
    (R.BAD_SELF_TRADE_PREVENTION, [], {"self_trade_prevention": 0}),
    (R.BAD_PRICE, [], {"price": 10}),
    (R.BAD_QUANTITY, [], {"quantity": 2}),
    (R.BAD_TRIGGER, [], {"counter_amount": 0}),
    (R.BAD_BUDGET, [], {"amount": 0}),
    (R.NOTIONAL_TOO_SMALL, [], {"price": 900, "quantity": 100}),
    (R.NOTIONAL_TOO_LARGE, [], {"quantity": 40}),
]
MARKET: list[Mending] = [
    # A kill switch took all orders of the account: one that counts is placed once it is off.
    (R.TRADING_KILLED, [(K.SET_KILL_SWITCH, {"account": 1, "mode": 0}), (K.PLACE, SMALL)], {}),
    (R.MARKET_CLOSED, [(K.SET_MARKET_STATUS, {"market": 1, "mode": MarketStatus.POST_ONLY})], {}),
    (R.PRICE_OUTSIDE_BAND, [], {"price": 540}),
    (R.PRICE_TOO_FAR, [], {"price": 510}),
    (R.WOULD_CROSS, [], {"price": 504}),
]
MEANS: list[Mending] = [
    (R.BAD_FEE, [], {"taker_fee_ppm": 10}),
    (R.FEE_CAP_TOO_LOW, [], {"taker_fee_ppm": 5_000}),
    (R.ACCOUNT_EXITING, [(K.CHAIN_EXIT_CANCELLED, {"account": 1, "asset": 2})], {}),
]
ORDERS_LIMIT: list[Mending] = [
    (
        R.TOO_MANY_ORDERS,
        [(K.SET_ACCOUNT_LIMITS, {"account": 1, "quantity": 2, "amount": 1, "counter_amount": 2**40})],
        {},
    ),
]
FUNDS: list[Mending] = [
    (
        R.TOO_MANY_MESSAGES,
        [(K.SET_ACCOUNT_LIMITS, {"account": 1, "quantity": 2, "amount": 2, "counter_amount": 2**40})],
        {},
    ),
    (R.POSITION_CAP, [(K.SET_POSITION_CAP, {"account": 1, "asset": 1})], {}),
    (R.INSUFFICIENT_BALANCE, [(K.CHAIN_DEPOSIT, {"account": 1, "asset": 2, "amount": RICH})], {}),
]


def make_strict(desk: Desk) -> None:
    """Put every rule in force for account 1 in market 1, whose last price is 500, with a sell order at 505."""
    desk.take(K.SET_MARKET_LIMITS, market=1, price=1_000, quantity=100, counter_amount=2, amount=500)
    desk.rest(2, SELL, 505, 10)
    desk.take(K.SET_MARKET_RISK, market=1, amount=100_000, counter_amount=50_000, quantity=50_000, price=500)
    desk.take(K.WITHDRAW, account=1, asset=2, amount=RICH)
    desk.take(K.SET_ACCOUNT_LIMITS, account=1, quantity=1, amount=1, counter_amount=2**40)
    desk.take(K.SET_POSITION_CAP, account=1, asset=1, amount=RICH + LOT)
    desk.take(K.CHAIN_EXIT_REQUESTED, account=1, asset=2)
    desk.take(K.SET_MARKET_STATUS, market=1, mode=MarketStatus.HALT)
    desk.take(K.SET_KILL_SWITCH, account=1, mode=1)


def mend(desk: Desk, kind: CommandKind, fields: Fields, mendings: list[Mending]) -> Fields:
    """See each rule refuse the order in turn, and mend it."""
    for reason, commands, better in mendings:
        assert desk.refusal(kind, **fields) == reason
        for command, options in commands:
            desk.take(command, **options)
        fields = fields | better
    return fields


def test_of_a_new_order(desk: Desk) -> None:
    make_strict(desk)
    names: list[Mending] = [(R.UNKNOWN_ACCOUNT, [], {"account": 1}), (R.UNKNOWN_MARKET, [], {"market": 1})]

    fields = mend(desk, K.PLACE, ALL_WRONG, names + FORM + MARKET + MEANS + ORDERS_LIMIT + FUNDS)

    desk.take(K.PLACE, **fields)


def test_of_a_replacement(desk: Desk) -> None:
    other = desk.rest(2, BUY, 10, 1)
    elsewhere = desk.rest(1, BUY, 10, 1, market=2)
    make_strict(desk)
    names: list[Mending] = [
        (R.UNKNOWN_ACCOUNT, [], {"account": 1}),
        (R.UNKNOWN_MARKET, [], {"market": 1}),
        (R.UNKNOWN_ORDER, [], {"order_id": other}),
        (R.NOT_OWNER, [], {"account": 2, "side": SELL}),
        (R.BAD_REPLACEMENT, [], {"side": 2}),
        (R.BAD_REPLACEMENT, [], {"side": BUY}),
    ]
    assert desk.engine.order(elsewhere) is None  # its owner's kill switch

    fields = mend(desk, K.REPLACE, ALL_WRONG | {"order_id": 999}, names)

    assert desk.refusal(K.REPLACE, **fields) == R.BAD_ORDER_TYPE


def test_of_a_replacement_the_owners_other_orders_come_last(desk: Desk) -> None:
    old = desk.rest(1, BUY, 100, 1)
    desk.rest(1, SELL, 110, 1)
    desk.take(K.WITHDRAW, account=1, asset=2, amount=RICH - 102)
    fields = {"account": 1, "market": 1, "side": BUY, "price": 110, "quantity": 5, "taker_fee_ppm": 5_000}
    fields |= {"order_id": old, "self_trade_prevention": SelfTradePrevention.CANCEL_BOTH}

    assert desk.refusal(K.REPLACE, **fields) == R.INSUFFICIENT_BALANCE
    desk.take(K.CHAIN_DEPOSIT, account=1, asset=2, amount=10_000)
    assert desk.refusal(K.REPLACE, **fields) == R.WOULD_SELF_TRADE


def test_of_a_stop(desk: Desk) -> None:
    make_strict(desk)
    stop = {"order_type": OrderType.STOP_LIMIT, "counter_amount": 500, "post_only": 0, "time_in_force": 0}
    start = ALL_WRONG | {"account": 1, "market": 1, "side": BUY, "price": 900, "quantity": 40, "amount": 0} | stop
    start |= {"self_trade_prevention": 0}
    trading = [(K.SET_MARKET_STATUS, {"market": 1, "mode": MarketStatus.TRADING})]
    rules: list[Mending] = [
        MARKET[0],
        (R.MARKET_CLOSED, [(K.SET_MARKET_STATUS, {"market": 1, "mode": MarketStatus.POST_ONLY})], {}),
        (R.MARKET_CLOSED, trading, {}),
        (R.WOULD_TRIGGER, [], {"counter_amount": 501}),
    ]

    fields = mend(desk, K.PLACE, start, rules + MEANS + ORDERS_LIMIT + FUNDS)

    desk.take(K.PLACE, **fields)


def test_of_a_reduction(desk: Desk) -> None:
    order = desk.rest(1, BUY, 10, 5)
    desk.take(K.SET_ACCOUNT_LIMITS, account=1, amount=1, counter_amount=2**40)
    desk.take(K.PLACE, **SMALL)
    desk.take(K.SET_MARKET_STATUS, market=1, mode=MarketStatus.HALT)

    off = [(K.SET_MARKET_STATUS, {"market": 1, "mode": MarketStatus.CANCEL_ONLY})]
    lifted = [(K.SET_ACCOUNT_LIMITS, {"account": 1})]
    rules: list[Mending] = [
        (R.UNKNOWN_ACCOUNT, [], {"account": 2}),
        (R.UNKNOWN_ORDER, [], {"order_id": order}),
        (R.NOT_OWNER, [], {"account": 1}),
        (R.MARKET_CLOSED, off, {}),
        (R.BAD_QUANTITY, [], {"quantity": 4}),
        (R.TOO_MANY_MESSAGES, lifted, {}),
    ]
    fields = mend(desk, K.AMEND, {"account": 9, "order_id": 999, "quantity": 5}, rules)
    desk.take(K.AMEND, **fields)


def test_instructions_that_do_not_go_together_are_refused(desk: Desk) -> None:
    plain = SMALL | {"market": 1}
    for reason, *wrong in (
        (R.BAD_TIME_IN_FORCE, {"order_type": 1}, {"order_type": 3, "counter_amount": 5}),
        (R.BAD_TIME_IN_FORCE, {"order_type": 2, "time_in_force": 3, "amount": 5, "counter_amount": 5}),
        (R.BAD_TIME_IN_FORCE, {"order_type": 3, "time_in_force": 3, "amount": 5, "counter_amount": 5}),
        (R.BAD_POST_ONLY, {"post_only": 1, "time_in_force": 1}, {"post_only": 2, "time_in_force": 2}),
        (R.BAD_POST_ONLY, {"post_only": 1, "order_type": 2, "counter_amount": 5}),
        (R.BAD_TRIGGER, {"counter_amount": 1}, {"counter_amount": -1}, {"order_type": 2}),
        (R.BAD_TRIGGER, {"order_type": 2, "counter_amount": 10**9 + 1}, {"order_type": 2, "counter_amount": -1}),
        (R.BAD_BUDGET, {"amount": 1}, {"amount": -1}, {"time_in_force": 3}, {"time_in_force": 3, "amount": -1}),
        (R.BAD_BUDGET, {"time_in_force": 3, "amount": 2**62 + 1}, {"time_in_force": 2, "amount": 1}),
    ):
        for fields in wrong:
            assert desk.refusal(K.PLACE, **plain | fields) == reason, fields
    for fields in (
        {"order_type": 1, "time_in_force": 3, "amount": 2**62},
        {"time_in_force": 3, "amount": 1},
        {"order_type": 2, "counter_amount": 10**9},
        {"order_type": 3, "time_in_force": 2, "counter_amount": 1, "side": SELL},
    ):
        desk.take(K.PLACE, **plain | fields)

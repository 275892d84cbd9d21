"""Orders of every kind in any order, and what must hold after each: a machine of rules over all three engines."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from offchain.core.commands import (
    CancelReason,
    Command,
    CommandKind,
    MarketStatus,
    OrderType,
    PostOnly,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
from offchain.core.events import Event, EventKind
from offchain.core.money import buy_reservation_units
from offchain.matching.engine import Engine
from tests.matching.desk import BUY, LOT, SELL, Desk
from tests.matching.engines import AnyEngine, UncompiledEngine
from tests.matching.flows import Flows
from tests.matching.naive import NaiveEngine

K = CommandKind
ACCOUNTS = st.sampled_from([1, 1, 2, 2, 3])
MARKETS = st.sampled_from([1, 1, 1, 2])
QUOTES = {1: 2, 2: 3}
PRICES = st.integers(94, 106)
LOTS = st.integers(1, 12)
TERMS = {
    "account": ACCOUNTS,
    "market": MARKETS,
    "side": st.sampled_from(Side),
    "price": PRICES,
    "quantity": LOTS,
    "self_trade_prevention": st.sampled_from(SelfTradePrevention),
    "taker_fee_ppm": st.sampled_from([2_500, 5_000]),
}
RESTING = st.fixed_dictionaries({**TERMS, "post_only": st.sampled_from([PostOnly.NO] * 3 + [*PostOnly])})
IMMEDIATE = st.fixed_dictionaries(
    {
        **TERMS,
        "time_in_force": st.sampled_from([TimeInForce.IOC, TimeInForce.FOK]),
        "order_type": st.sampled_from([OrderType.LIMIT, OrderType.MARKET]),
    }
)
BUDGETED = st.fixed_dictionaries(
    {**TERMS, "time_in_force": st.just(TimeInForce.FOK_BUDGET), "amount": st.integers(1, 1_300)}
)
STOPS = st.fixed_dictionaries(
    {
        **TERMS,
        "order_type": st.sampled_from([OrderType.STOP_LIMIT, OrderType.STOP_MARKET]),
        "time_in_force": st.sampled_from([TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK]),
        "counter_amount": PRICES,
    }
)


class Exchange(RuleBasedStateMachine):
    """All three engines, driven alike; invariants are asked of the first."""

    compiled_type: type[Engine]

    @initialize()
    def open(self) -> None:
        self.engines: list[AnyEngine] = [self.compiled_type(), UncompiledEngine(), NaiveEngine()]
        self.sequence = max(Desk(engine).sequence for engine in self.engines)
        self.flows = Flows()
        self.caps: dict[int, int] = {}

    def send(self, kind: CommandKind, **fields: int) -> list[Event]:
        self.sequence += 1
        command = Command(self.sequence, 1_000 * self.sequence, kind, **fields)
        compiled, uncompiled, naive = (engine.apply(command) for engine in self.engines)
        assert compiled == naive
        assert uncompiled == naive
        self.flows.follow(naive)
        self.caps[self.sequence] = command.taker_fee_ppm
        return naive

    def pick(self, place: int) -> dict[str, int]:
        """The name and owner of one of the open orders, if there is any."""
        ids = self.engines[0].open_order_ids()
        if not len(ids):
            return {"account": 1, "order_id": 1}
        order_id = int(ids[place % len(ids)])
        order = self.engines[0].order(order_id)
        assert order is not None
        return {"account": order[0], "order_id": order_id}

    @rule(order=RESTING | IMMEDIATE | BUDGETED | STOPS)
    def place(self, order: dict[str, int]) -> None:
        self.send(K.PLACE, **order)

    @rule(orders=st.lists(RESTING, min_size=2, max_size=5))
    def crowd(self, orders: list[dict[str, int]]) -> None:
        for order in orders:
            self.send(K.PLACE, **order)

    @rule(order=RESTING | IMMEDIATE | STOPS, place=st.integers(0, 99), own=st.sampled_from([True] * 4 + [False]))
    def replace(self, order: dict[str, int], place: int, own: bool) -> None:
        picked = self.pick(place)
        standing = self.engines[0].order(picked["order_id"])
        if own and standing:
            order = order | {"account": standing[0], "market": standing[1], "side": standing[2]}
        events = self.send(K.REPLACE, **order | {"order_id": picked["order_id"]})
        gone = self.engines[0].order(picked["order_id"]) is None
        assert gone == (events[0].kind != EventKind.REJECTED or standing is None)

    @rule(place=st.integers(0, 99), lots=st.integers(0, 12))
    def amend(self, place: int, lots: int) -> None:
        self.send(K.AMEND, **self.pick(place), quantity=lots)

    @rule(place=st.integers(0, 99))
    def cancel(self, place: int) -> None:
        self.send(K.CANCEL, **self.pick(place), reason=CancelReason.USER)

    @rule(account=ACCOUNTS, market=st.sampled_from([0, 1, 2]), asset=st.sampled_from([0, 0, 2, 3]))
    def cancel_all(self, account: int, market: int, asset: int) -> None:
        self.send(K.CANCEL_ALL, account=account, market=market, asset=asset, reason=CancelReason.USER)

    @rule(market=MARKETS, status=st.sampled_from([MarketStatus.TRADING] * 4 + [*MarketStatus]))
    def change_status(self, market: int, status: int) -> None:
        self.send(K.SET_MARKET_STATUS, market=market, mode=status)

    @rule(market=MARKETS, ppm=st.sampled_from([0, 10_000, 30_000]), window_us=st.sampled_from([2_000, 20_000]))
    def arm_breaker(self, market: int, ppm: int, window_us: int) -> None:
        self.send(K.SET_CIRCUIT_BREAKER, market=market, amount=ppm, counter_amount=window_us if ppm else 0)

    @rule(market=MARKETS, collar=st.sampled_from([0, 20_000, 50_000]), reference=st.sampled_from([0, 100]))
    def set_collar(self, market: int, collar: int, reference: int) -> None:
        self.send(K.SET_MARKET_RISK, market=market, amount=collar, price=reference)

    @rule(account=ACCOUNTS, asset=st.sampled_from([1, 2, 3]), units=st.integers(1, 10**12))
    def deposit_or_withdraw(self, account: int, asset: int, units: int) -> None:
        self.send(K.CHAIN_DEPOSIT if units % 2 else K.WITHDRAW, account=account, asset=asset, amount=units)

    @rule(switch=st.sampled_from([{}, {"account": 1}, {"market": 1}]), on=st.booleans())
    def switch_trading(self, switch: dict[str, int], on: bool) -> None:
        self.send(K.SET_KILL_SWITCH, **switch, mode=int(on))
        self.send(K.SET_KILL_SWITCH, **switch)

    @rule()
    def restore(self) -> None:
        compiled, uncompiled, _ = self.engines
        assert isinstance(compiled, Engine)
        assert isinstance(uncompiled, Engine)
        snapshot = compiled.snapshot()
        assert uncompiled.snapshot() == snapshot
        self.engines = [
            self.compiled_type.restore(uncompiled.snapshot()),
            UncompiledEngine.restore(snapshot),
            NaiveEngine.restore(snapshot),
        ]

    @invariant()
    def no_unit_is_lost_or_made(self) -> None:
        self.flows.check(self.engines[0])

    @invariant()
    def reserved_is_what_open_orders_need(self) -> None:
        engine = self.engines[0]
        needed = dict.fromkeys([(account, asset) for account in (1, 2, 3, 4) for asset in (1, 2, 3)], 0)
        for order_id in engine.open_order_ids():
            found = engine.order(int(order_id))
            assert found is not None
            account, market, side, price, lots = found
            if side == SELL:
                needed[account, 1] += lots * LOT
            else:
                needed[account, QUOTES[market]] += buy_reservation_units(price * lots, lots, self.caps[int(order_id)])
        assert {pair: engine.balance(*pair)[1] for pair in needed} == needed

    @invariant()
    def no_book_is_crossed(self) -> None:
        for market in QUOTES:
            bids, asks = (self.engines[0].depth(market, side, 1) for side in (BUY, SELL))
            assert not bids or not asks or bids[0][0] < asks[0][0]

    @invariant()
    def open_orders_are_counted(self) -> None:
        assert len({engine.open_orders for engine in self.engines}) == 1
        assert len({tuple(engine.open_order_ids()) for engine in self.engines}) == 1
        assert self.engines[0].open_orders == len(self.engines[0].open_order_ids())

    @invariant()
    def all_three_have_the_same_state(self) -> None:
        assert len({engine.state_hash() for engine in self.engines}) == 1


def test_whatever_orders_come(compiled_type: type[Engine]) -> None:
    machine = type("CompiledExchange", (Exchange,), {"compiled_type": compiled_type})
    run_state_machine_as_test(machine, settings=settings(stateful_step_count=40))

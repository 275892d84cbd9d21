"""Random trading by session keys against a contract that counts: no fill that reaches it may find a limit used up."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from offchain.core.commands import UNLIMITED, OrderAuthorization, Side
from offchain.core.errors import SessionLimit
from offchain.core.events import Event, EventKind
from offchain.core.intents import AmendOrder, CancelAllOrders, Receipt, ReplaceOrder, UnwindFill
from offchain.sequencer.sessions import NOTHING, Spending
from tests.sequencer.journaled_rules import JournaledRules
from tests.sequencer.world import (
    ALICE,
    BOB,
    BUY,
    GTC,
    INSTRUCTIONS,
    IOC,
    KEY,
    OTHER_KEY,
    SELL,
    Desk,
    by_key,
    cancel,
    in_ladder,
    order,
    session_revoked,
    session_set,
    settled,
)

OWNERS = st.sampled_from([ALICE, BOB])
KEYS = st.sampled_from([KEY, KEY, OTHER_KEY, b""])
SIDES = st.sampled_from([BUY, SELL])
NAMES = st.integers(1, 400)
PRICES = st.integers(95, 105)
LOTS = st.integers(1, 9)
FLAGS = st.sampled_from([GTC, GTC, IOC, *(one.flags for one in INSTRUCTIONS)])
BASE_PER_LOT = 1_000_000
LIMITS = st.sampled_from([0, 800, 3_000, 20_000, UNLIMITED])


class Contract:
    """What `Settlement` counts of sessions: the limits of the key that is registered now, as fills settle.

    A fill of a former session counts for it too, or is skipped where that is more than is left: whoever registers a key
    anew with less, while its fills are on their way, takes that from them. Those of the session itself always fit.
    """

    def __init__(self) -> None:
        self.left: dict[tuple[bytes, bytes], list[int]] = {}
        self.number: dict[tuple[bytes, bytes], int] = {}

    def register(self, owner: bytes, key: bytes, number: int, base_limit: int, quote_limit: int) -> None:
        self.left[owner, key] = [base_limit, quote_limit]
        self.number[owner, key] = number

    def spend(self, owner: bytes, key: bytes, number: int, spent: Spending) -> None:
        left = self.left[owner, key]
        fits = all(limit == UNLIMITED or units <= limit for limit, units in zip(left, spent, strict=True))
        assert fits or number < self.number[owner, key], "SESSION_LIMIT"
        if fits:
            for asset, units in enumerate(spent):
                left[asset] -= units if left[asset] != UNLIMITED else 0


class SessionRules(JournaledRules):
    """Orders of keys and of owners, amended, replaced, cancelled and filled; batches that settle, or skip a fill."""

    def __init__(self) -> None:
        super().__init__(Desk(ALICE, BOB))
        self.contract = Contract()
        self.place, self.seq, self.settled_through, self.batch_fills = 100, 0, 0, 0
        self.live: set[tuple[bytes, bytes]] = set()

    @initialize(limit=LIMITS)
    def begin(self, limit):
        self.register(ALICE, KEY, limit, limit)
        self.register(BOB, KEY, UNLIMITED, UNLIMITED)

    def signed(self, owner: bytes, key: bytes, name: int, side: int, price: int, lots: int, flags: int):
        self.seq += 1
        is_stop, has_budget = flags >> 3 & 3 >= 2, flags & 7 == 3
        intent = order(
            owner, f"n{name}", side, price, lots, lane=name, seq=self.seq, flags=flags,
            trigger=100 if is_stop else 0, budget=1_000 if has_budget else 0,
        )  # fmt: skip
        return by_key(intent, key) if key else intent

    @rule(owner=OWNERS, key=KEYS, name=NAMES, side=SIDES, price=PRICES, lots=LOTS, flags=FLAGS)
    def place_order(self, owner, key, name, side, price, lots, flags):
        self.give(self.signed(owner, key, name, side, price, lots, flags))

    @rule(owner=OWNERS, key=KEYS, names=st.lists(NAMES, min_size=1, max_size=4, unique=True), price=PRICES, lots=LOTS)
    def place_ladder(self, owner, key, names, price, lots):
        rungs = [self.signed(owner, key, name, name % 2, price, lots, GTC) for name in names]
        for one in in_ladder(*rungs):
            self.give(one)

    @rule(owner=OWNERS, key=KEYS, old=NAMES, name=NAMES, price=PRICES, lots=LOTS)
    def replace(self, owner, key, old, name, price, lots):
        taken = self.desk.machine.registry.orders.find(self.account(owner), f"n{old}")
        side = BUY if taken is None else taken.side
        self.give(ReplaceOrder(self.signed(owner, key, name, side, price, lots, GTC), f"n{old}"))

    @rule(owner=OWNERS, name=NAMES, lots=LOTS)
    def amend(self, owner, name, lots):
        self.give(AmendOrder(owner, lots, f"n{name}"))

    @rule(owner=OWNERS, name=NAMES)
    def cancel(self, owner, name):
        self.give(cancel(owner, f"n{name}"))

    @rule(owner=OWNERS)
    def cancel_all(self, owner):
        self.give(CancelAllOrders(owner))

    @rule(owner=OWNERS, key=st.sampled_from([KEY, OTHER_KEY]), base=LIMITS, quote=LIMITS)
    def register(self, owner, key, base, quote):
        if (owner, key) in self.live:  # What it spent and is not settled counts for it again.
            self.revoke(owner, key)
        self.place += 1
        base_limit = base if base == UNLIMITED else base * BASE_PER_LOT // 100
        assert isinstance(self.give(session_set(self.place, owner, key, base_limit, quote)), Receipt)
        self.contract.register(owner, key, len(self.desk.machine.registry.sessions.sessions), base_limit, quote)
        self.live.add((owner, key))

    @rule(owner=OWNERS, key=st.sampled_from([KEY, OTHER_KEY]))
    def take_back(self, owner, key):
        if (owner, key) in self.live:
            self.revoke(owner, key)

    def revoke(self, owner, key):
        self.place += 1
        self.give(session_revoked(self.place, owner, key))
        self.live.discard((owner, key))

    @rule(back=st.integers(0, 6), skips=st.sets(st.integers(0, 40), max_size=3))
    def settle(self, back, skips):
        """A batch settles all fills but those of the last commands; some of them it skips."""
        through = max(self.settled_through, self.desk.machine.sequence - back)
        fills = self.fills(self.settled_through, through)
        for number, fill in enumerate(fills):
            if number not in skips:
                self.spend(fill)
        self.place, self.settled_through = self.place + 1, through
        self.give(settled(self.place, through))
        for number in skips:
            if number < len(fills):
                self.give(UnwindFill(fills[number], 1))

    def fills(self, after: int, through: int) -> list[Event]:
        logged = self.desk.group.logged[after:through]
        return [event for one in logged for event in one.events if event.kind == EventKind.FILLED]

    def spend(self, fill: Event) -> None:
        notional = fill.price * fill.quantity
        maker_side = Side.SELL if fill.side == BUY else Side.BUY
        for order_id, side, fee in (
            (fill.order_id, fill.side, fill.fee), (fill.counter_order_id, maker_side, fill.counter_fee)
        ):  # fmt: skip
            signed = self.desk.group.logged[order_id - 1].attachment
            assert isinstance(signed, OrderAuthorization)
            if signed.session:
                key = self.desk.machine.registry.sessions.sessions[signed.session].key
                is_sale = side == Side.SELL
                spent = Spending(fill.quantity * BASE_PER_LOT, 0) if is_sale else Spending(0, notional + fee)
                self.contract.spend(signed.owner, key, signed.session, spent)

    def account(self, owner: bytes) -> int:
        return self.desk.machine.registry.accounts[owner]

    @invariant()
    def what_is_held_back_is_what_open_orders_of_keys_could_spend(self):
        registry, engine = self.desk.machine.registry, self.desk.machine.engine
        held = dict.fromkeys(registry.sessions.sessions, NOTHING)
        expected = {
            order_id: signed.session
            for order_id in registry.live
            if (signed := self.desk.group.logged[order_id - 1].attachment).session
        }
        assert {order_id: one.session for order_id, one in registry.sessions.orders.items()} == expected
        for order_id, one in registry.sessions.orders.items():
            assert one.remaining_lots == engine.order(order_id)[4]
            held[one.session] = held[one.session].plus(one.reserved)
        for number, units in held.items():
            assert registry.sessions.reserved(number) == units

    def teardown(self):
        for fill in self.fills(self.settled_through, self.desk.machine.sequence):
            self.spend(fill)
        super().teardown()


def test_the_contract_that_counts_says_no():
    contract = Contract()
    contract.register(ALICE, KEY, 2, 5, UNLIMITED)
    contract.spend(ALICE, KEY, 2, Spending(4, 10**18))
    contract.spend(ALICE, KEY, 1, Spending(2, 0))
    assert contract.left[ALICE, KEY][0] == 1
    with pytest.raises(AssertionError, match="SESSION_LIMIT"):
        contract.spend(ALICE, KEY, 2, Spending(2, 0))


def test_a_key_that_is_registered_anew_with_nothing_to_spend_takes_nothing_more():
    """What was on its way is the former session's: the new one begins with it, past its limits or not."""
    rules = SessionRules()
    rules.begin(800)
    rules.place_ladder(ALICE, KEY, [1, 3], 95, 1)
    rules.place_ladder(BOB, KEY, [2, 4], 95, 1)
    rules.register(ALICE, KEY, 0, 0)
    sessions = rules.desk.machine.registry.sessions
    assert sessions.sessions[3].spent.base_units > 0
    rules.desk.refusal(by_key(order(ALICE, "x", SELL, 95, 1, lane=9, seq=99)), SessionLimit)
    rules.desk.refusal(by_key(order(ALICE, "x", BUY, 95, 1, lane=9, seq=99)), SessionLimit)
    rules.settle(0, set())
    rules.teardown()


TestSessionRules = SessionRules.TestCase
TestSessionRules.settings = settings(stateful_step_count=40)

"""The reference model: what the engine does, in plain Python, as simply as it can be said. Slow, to be read.

`naive_state.py` is what it remembers; `naive_verdicts.py` and `naive_order_verdicts.py` say why a command is refused;
`naive_matching.py` is the life of an order; `naive_words.py` the canonical form. Here is what each command does.
"""

import hashlib
import struct
from array import array
from collections.abc import Callable

from offchain.core.commands import CancelReason, Command, CommandKind
from offchain.core.events import Event, EventKind, RejectReason
from offchain.core.money import UNITS_MAX
from tests.matching.naive_matching import Matching
from tests.matching.naive_state import VOLUME_DAYS, Account, Breaker, Limits, Market, Order, Tier
from tests.matching.naive_verdicts import Verdicts
from tests.matching.naive_words import load, words_of

K, R = CommandKind, RejectReason
HEADER = struct.Struct("<8sIQ")
CHECKSUM_BYTES = 32


class NaiveEngine(Verdicts, Matching):
    @classmethod
    def restore(cls, snapshot: bytes) -> "NaiveEngine":
        """The model in the state of an engine's snapshot."""
        model = cls()
        load(model, array("q", snapshot[HEADER.size : -CHECKSUM_BYTES]))
        return model

    def state_hash(self) -> bytes:
        return hashlib.sha256(array("q", words_of(self)).tobytes()).digest()

    def check(self, c: Command) -> RejectReason:
        try:
            c.pack()
        except struct.error:
            return R.MALFORMED
        if not self.last_sequence < c.sequence < 2**63:
            return R.BAD_SEQUENCE
        return RULES[c.kind][0](self, c) if c.kind in RULES else R.UNKNOWN_COMMAND

    def apply(self, c: Command) -> list[Event]:
        reason = self.check(c)
        if reason != R.NONE:
            return [self.emit(c, EventKind.REJECTED, reason=reason)]
        self.last_sequence = c.sequence
        return RULES[c.kind][1](self, c) or [self.emit(c, EventKind.NOTED)]

    # -- listings and their limits

    def open_account(self, c: Command) -> None:
        self.people.append(Account())

    def list_asset(self, c: Command) -> None:
        self.listed.add(c.asset)

    def list_market(self, c: Command) -> None:
        self.markets[c.market] = Market(c.asset, c.counter_asset, c.amount, c.counter_amount, c.price, c.quantity)
        self.markets[c.market].volume_divisor = c.order_id if c.mode == 1 else 1

    def set_market_limits(self, c: Command) -> None:
        market = self.markets[c.market]
        market.max_price, market.max_quantity = c.price, c.quantity
        market.min_quantity, market.min_notional = c.counter_amount, c.amount

    def set_status(self, c: Command) -> list[Event]:
        market = self.markets[c.market]
        market.status = c.mode
        market.breaker.clear()
        return [self.emit(c, EventKind.STATUS_CHANGED, market=c.market, reason=c.mode)]

    def set_risk(self, c: Command) -> None:
        market = self.markets[c.market]
        market.band, market.fat_finger, market.max_notional = c.amount, c.counter_amount, c.quantity
        market.last_price = c.price or market.last_price

    def set_breaker(self, c: Command) -> None:
        self.markets[c.market].breaker = Breaker(c.amount, c.counter_amount)

    def set_kill_switch(self, c: Command) -> list[Event]:
        if c.account:
            self.people[c.account].killed = c.mode
        elif c.market:
            self.markets[c.market].killed = c.mode
        else:
            self.all_killed = c.mode
        there = [one for one in self.orders.values() if one.account == c.account or not c.account]
        there = [one for one in there if one.market == c.market or not c.market]
        return self.close_all(c, there, CancelReason.KILLED) if c.mode else []

    def set_account_limits(self, c: Command) -> None:
        self.own_limits[c.account] = Limits(c.quantity, c.amount, c.counter_amount)
        if not any(self.own_limits[c.account]):
            del self.own_limits[c.account]

    def set_position_cap(self, c: Command) -> None:
        self.caps[c.account, c.asset] = c.amount

    # -- fees

    def set_fees(self, c: Command) -> None:
        if c.account == 0:
            self.tiers[1] = Tier(0, c.maker_fee_ppm, c.taker_fee_ppm)
        else:
            self.people[c.account].own_rates = None if c.mode == 1 else (c.maker_fee_ppm, c.taker_fee_ppm)

    def set_tier(self, c: Command) -> None:
        self.tiers[c.mode] = Tier(c.amount, c.maker_fee_ppm, c.taker_fee_ppm)
        if c.amount == 0:
            del self.tiers[c.mode]
        self.find_tiers()

    def find_tiers(self) -> None:
        for person in self.people:
            person.tier = max(tier for tier, terms in self.tiers.items() if person.counted_volume >= terms.volume)

    def set_discounts(self, c: Command) -> None:
        self.people[c.account].maker_off, self.people[c.account].taker_off = c.amount, c.counter_amount

    def roll_volumes(self, c: Command) -> None:
        self.rolled_day = c.amount
        oldest = c.amount - VOLUME_DAYS + 1
        for person in self.people:
            person.volumes = {day: units for day, units in person.volumes.items() if day >= oldest}
            person.newest_day = person.newest_day if person.volumes else 0
            counted = sum(units for day, units in person.volumes.items() if day < c.amount)
            person.counted_volume = min(counted, UNITS_MAX)
        self.find_tiers()

    # -- orders

    def place(self, c: Command) -> list[Event]:
        return self.take_in(c, self.order_of(c))

    def cancel(self, c: Command) -> list[Event]:
        return [self.close(c, self.orders[c.order_id], c.reason)]

    def cancel_all(self, c: Command) -> list[Event]:
        orders = [order for order in self.orders_with(c) if c.market in (0, order.market)]
        return self.close_all(c, orders, c.reason)

    def orders_with(self, c: Command) -> list[Order]:
        """The account's open orders in markets of the asset (0: any)."""
        pairs = {number: (0, market.base, market.quote) for number, market in self.markets.items()}
        return [order for order in self.orders_of(c.account) if c.asset in pairs[order.market]]

    def amend(self, c: Command) -> list[Event]:
        self.count_message(c)
        order = self.orders[c.order_id]
        return [self.shrink(c, order, order.remaining - c.quantity, 0)]

    # -- funds

    def move(self, c: Command, kind: EventKind, units: int) -> list[Event]:
        self.available[c.account, c.asset] += units
        return [self.emit(c, kind, account=c.account, asset=c.asset, amount=c.amount)]

    def debit(self, c: Command) -> list[Event]:
        return self.move(c, EventKind.DEBITED, -c.amount)

    def credit(self, c: Command) -> list[Event]:
        return self.move(c, EventKind.CREDITED, c.amount)

    def note(self, c: Command) -> None:
        pass

    def begin_exit(self, c: Command) -> list[Event]:
        self.exiting.add((c.account, c.asset))
        return self.close_all(c, self.orders_with(c), CancelReason.EXIT)

    def cancel_exit(self, c: Command) -> None:
        self.exiting.discard((c.account, c.asset))

    def end_exit(self, c: Command) -> list[Event]:
        self.exiting.discard((c.account, c.asset))
        events = self.close_all(c, self.orders_with(c), CancelReason.EXIT)
        return events + (self.debit(c) if c.amount else [])

    def take_back(self, c: Command) -> list[Event]:
        self.unwind(c)
        fields = {"market": c.market, "price": c.price, "quantity": c.quantity, "side": c.side, "reason": c.reason}
        taker = {"account": c.account, "fee": c.amount, "order_id": c.order_id}
        maker = {"counter_account": c.counter_account, "counter_fee": c.counter_amount}
        quote = self.markets[c.market].quote
        return [self.emit(c, EventKind.UNWOUND, **fields, **taker, **maker, asset=quote)]


Check = Callable[[NaiveEngine, Command], RejectReason]
Effect = Callable[[NaiveEngine, Command], list[Event] | None]
N = NaiveEngine
RULES: dict[int, tuple[Check, Effect]] = {
    K.OPEN_ACCOUNT: (N.check_opening, N.open_account),
    K.LIST_ASSET: (N.check_asset, N.list_asset),
    K.LIST_MARKET: (N.check_market, N.list_market),
    K.SET_MARKET_LIMITS: (N.check_market_limits, N.set_market_limits),
    K.SET_FEES: (N.check_fees, N.set_fees),
    K.PLACE: (N.check_order, N.place),
    K.CANCEL: (N.check_cancel, N.cancel),
    K.CANCEL_ALL: (N.check_cancel, N.cancel_all),
    K.WITHDRAW: (N.check_funds, N.debit),
    K.REVERT_WITHDRAWAL: (N.check_funds, N.credit),
    K.UNWIND_FILL: (N.check_unwind, N.take_back),
    K.CHAIN_DEPOSIT: (N.check_funds, N.credit),
    K.CHAIN_WITHDRAWN: (N.check_funds, N.note),
    K.CHAIN_BATCH_SETTLED: (lambda _, __: R.NONE, N.note),
    K.CHAIN_EXIT_REQUESTED: (N.check_funds, N.begin_exit),
    K.CHAIN_EXIT_CANCELLED: (N.check_funds, N.cancel_exit),
    K.CHAIN_EXITED: (N.check_funds, N.end_exit),
    K.CHAIN_CANCEL_FLOOR: (N.check_funds, N.note),
    K.REPLACE: (N.check_order, N.place),
    K.AMEND: (N.check_amend, N.amend),
    K.SET_MARKET_STATUS: (N.check_status_change, N.set_status),
    K.SET_MARKET_RISK: (N.check_risk, N.set_risk),
    K.SET_CIRCUIT_BREAKER: (N.check_breaker, N.set_breaker),
    K.SET_KILL_SWITCH: (N.check_kill_switch, N.set_kill_switch),
    K.SET_ACCOUNT_LIMITS: (N.check_account_limits, N.set_account_limits),
    K.SET_POSITION_CAP: (N.check_position_cap, N.set_position_cap),
    K.SET_FEE_TIER: (N.check_tier, N.set_tier),
    K.SET_DISCOUNTS: (N.check_discounts, N.set_discounts),
    K.ROLL_VOLUMES: (N.check_roll, N.roll_volumes),
    K.SIGN_LADDER: (lambda _, __: R.NONE, N.note),
    K.RENEW_AUTHORIZATION: (lambda _, __: R.NONE, N.note),
    K.CHAIN_SESSION_SET: (lambda _, __: R.NONE, N.note),
    K.CHAIN_SESSION_REVOKED: (lambda _, __: R.NONE, N.note),
}
assert set(RULES) == set(K)

"""The private feed: orders, fills and balances of each account as they change, with one sequence per account.

It starts from the tables at one moment of the log and follows the log from there. Everything here belongs to the event
loop: nothing awaits between a snapshot and the updates that follow it.
"""

import copy
from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
from sqlalchemy.orm import Session

from offchain.core.balance_moves import Balance, Purse, balance_moves
from offchain.core.bus import Subscription, Topic
from offchain.core.commands import ORDER_KINDS
from offchain.core.events import EventKind, LoggedCommand
from offchain.core.listings import Listings
from offchain.core.order_life import AccountFill, Order, advance_orders, fill_of, orders_named_by, side_of
from offchain.core.prevention import PreventedMatch, prevented_of

UPDATES_KEPT: Final = 20_000
"""How many updates of all accounts together can be replayed to a reader who comes back."""

_COLUMN: Final = {Purse.AVAILABLE: 0, Purse.RESERVED: 1, Purse.WITHDRAWING: 2}


class AccountSnapshot(msgspec.Struct, frozen=True):
    """An account's open orders and balances after its update `sequence`."""

    account: int
    sequence: int
    orders: tuple[Order, ...]
    balances: tuple[Balance, ...]


class AccountUpdate(msgspec.Struct, frozen=True):
    """What changed for an account: orders and balances as they are now, new fills, and matches that were prevented.

    `previous_sequence` is the `sequence` of the account's snapshot or update before; if a reader has another one, it
    missed something.
    """

    account: int
    sequence: int
    previous_sequence: int
    timestamp_us: int
    orders: tuple[Order, ...]
    fills: tuple[AccountFill, ...]
    balances: tuple[Balance, ...]
    prevented: tuple[PreventedMatch, ...] = ()


class _Change:
    """What one delivery does to one account."""

    def __init__(self) -> None:
        self.last: LoggedCommand | None = None
        self.orders: dict[int, Order] = {}
        self.fills: list[AccountFill] = []
        self.prevented: list[PreventedMatch] = []
        self.assets: set[int] = set()


class AccountFeed:
    """All accounts. A consumer of the log: `subscribe(name, feed.sequence, feed.deliver)`."""

    def __init__(self) -> None:
        self._listings = Listings()
        self._orders: dict[int, Order] = {}
        self._open: dict[int, dict[int, Order]] = defaultdict(dict)
        self._balances: dict[int, dict[int, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0, 0]))
        self._sequences: dict[int, int] = {}
        self._topics: dict[int, Topic[AccountUpdate]] = defaultdict(Topic)
        self._kept: deque[AccountUpdate] = deque()
        self._kept_after = 0
        self._restored_at = 0
        self.sequence = 0

    def restore(
        self, session: Session, sequence: int, open_orders: Iterable[Order], balances: Iterable[Balance]
    ) -> None:
        """Start from the tables, whose projections all stand at `sequence` in this session's view."""
        self.sequence = self._restored_at = self._kept_after = sequence
        self._listings.load(session)
        for order in open_orders:
            own = copy.copy(order)
            self._orders[own.order_id] = self._open[own.account][own.order_id] = own
        for one in balances:
            self._balances[one.account][one.asset] = [one.available_units, one.reserved_units, one.withdrawing_units]

    async def deliver(self, logged: Sequence[LoggedCommand]) -> None:
        """Follow commands and tell subscribers, one update per account and delivery."""
        changes: dict[int, _Change] = defaultdict(_Change)
        for one in logged:
            if one.command.sequence <= self.sequence:
                continue
            self._listings.note(one)
            self._follow_orders(one, changes)
            self._follow_balances(one, changes)
            self.sequence = one.command.sequence
        for account, change in changes.items():
            update = self._update(account, change)
            self._keep(update)
            if account in self._topics:
                self._topics[account].publish(update)

    def snapshot(self, account: int) -> AccountSnapshot:
        """The account as it is now (empty if it never was heard of). Updates of `subscribe` go on from it."""
        return AccountSnapshot(
            account=account,
            sequence=self._sequence_of(account),
            orders=tuple(copy.copy(order) for order in self._open.get(account, {}).values()),
            balances=self._balances_of(account, self._balances.get(account, {})),
        )

    def replay(self, account: int, since_sequence: int) -> list[AccountUpdate] | None:
        """The account's updates after `since_sequence`; None if they are no longer kept and a snapshot is needed."""
        if not self._kept_after <= since_sequence <= self.sequence:
            return None
        return [update for update in self._kept if update.account == account and update.sequence > since_sequence]

    def subscribe(self, account: int, limit: int = 1_024) -> Subscription[AccountUpdate]:
        """The account's updates from now on; a reader with more than `limit` waiting is cut."""
        return self._topics[account].subscribe(limit)

    def close(self) -> None:
        """End all subscriptions after what is waiting in them."""
        for topic in self._topics.values():
            topic.close()

    def _follow_orders(self, one: LoggedCommand, changes: dict[int, _Change]) -> None:
        advance_orders(one, self._orders, self._listings.markets)
        named = {order_id for event in one.events for order_id in orders_named_by(event)}
        if one.command.kind in ORDER_KINDS:
            named.add(one.command.sequence)
        for order_id in named:
            order = self._orders[order_id]
            change = changes[order.account]
            change.last, change.orders[order_id] = one, order
            if order.is_open:
                self._open[order.account][order_id] = order
            else:
                del self._orders[order_id]
                self._open[order.account].pop(order_id, None)
        for event in one.events:
            if event.kind == EventKind.FILLED:
                fill = fill_of(event, self._listings.markets[event.market])
                changes[event.account].fills.append(side_of(fill, maker=False))
                changes[event.counter_account].fills.append(side_of(fill, maker=True))
            elif event.kind == EventKind.PREVENTED:
                changes[event.account].prevented.append(prevented_of(event))

    def _follow_balances(self, one: LoggedCommand, changes: dict[int, _Change]) -> None:
        for event in one.events:
            for account, asset, purse, amount_units in balance_moves(one.command, event, self._listings.markets):
                if purse != Purse.VAULT:
                    self._balances[account][asset][_COLUMN[Purse(purse)]] += amount_units
                    change = changes[account]
                    change.last = one
                    change.assets.add(asset)

    def _update(self, account: int, change: _Change) -> AccountUpdate:
        assert change.last is not None, f"account {account} changed without a command"
        command = change.last.command
        held = self._balances[account]
        update = AccountUpdate(
            account=account,
            sequence=command.sequence,
            previous_sequence=self._sequence_of(account),
            timestamp_us=command.timestamp_us,
            orders=tuple(copy.copy(order) for order in change.orders.values()),
            fills=tuple(change.fills),
            balances=self._balances_of(account, {asset: held[asset] for asset in sorted(change.assets)}),
            prevented=tuple(change.prevented),
        )
        self._sequences[account] = command.sequence
        return update

    def _keep(self, update: AccountUpdate) -> None:
        self._kept.append(update)
        if len(self._kept) > UPDATES_KEPT:
            self._kept_after = max(self._kept_after, self._kept.popleft().sequence)

    def _sequence_of(self, account: int) -> int:
        return self._sequences.get(account, self._restored_at)

    def _balances_of(self, account: int, held: dict[int, list[int]]) -> tuple[Balance, ...]:
        return tuple(Balance(account, asset, *units) for asset, units in held.items())

"""Session keys: who may sign for whom, in which market, until when, and how much of its limits is left.

The contract counts what leaves an account by a key when a fill settles. Here it is counted when the fill happens, and
what a key's open orders could still spend is held back, so no order that is taken can find its limit used up on chain.
What was spent by a fill that the contract skips is not given back. It is a fold over the log, part of the registry's.
"""

from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from offchain.core.commands import (
    Attachment,
    BatchSettledFact,
    Command,
    CommandKind,
    OrderAuthorization,
    SessionFact,
    SessionRevokedFact,
    Side,
)
from offchain.core.events import Event, EventKind, LoggedCommand, events_of
from offchain.core.listings import Listings
from offchain.core.money import Market, fee_units
from offchain.sequencer.authorizations import unpack_authorization
from offchain.sequencer.kinds import kind_table

SESSION_KINDS: Final = frozenset(
    {CommandKind.CHAIN_SESSION_SET, CommandKind.CHAIN_SESSION_REVOKED, CommandKind.CHAIN_BATCH_SETTLED}
)
"""The commands that change sessions, beside orders."""
_IS_ABOUT_SESSIONS: Final = kind_table(SESSION_KINDS)
_FILLED: Final = int(EventKind.FILLED)
_AMENDED: Final = int(EventKind.AMENDED)
_CANCELLED: Final = int(EventKind.CANCELLED)
_PPM_PER_BPS: Final = 100


class Spending(NamedTuple):
    """What leaves an account: units of a market's base asset and of its quote asset."""

    base_units: int = 0
    quote_units: int = 0

    def plus(self, other: "Spending") -> "Spending":
        """Both together."""
        return Spending(self.base_units + other.base_units, self.quote_units + other.quote_units)

    def minus(self, other: "Spending") -> "Spending":
        """This without the other."""
        return Spending(self.base_units - other.base_units, self.quote_units - other.quote_units)


NOTHING: Final = Spending()


class Session(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A key that may sign for an account in one market. `limits` are as on chain, `spent` is what its fills took.

    `revoked_at_s` is when the contract stops taking the key, 0 while that is at its expiry.
    """

    account: int
    market: int
    key: bytes
    limits: Spending
    expiry_s: int
    spent: Spending = NOTHING
    revoked_at_s: int = 0


class SessionOrder(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An open order that a session's key signed. `lot_cost` is the most that a lot of it can spend, in units."""

    session: int
    side: int
    lot_cost: int
    remaining_lots: int

    @property
    def reserved(self) -> Spending:
        """The most that it can still spend."""
        units = self.lot_cost * self.remaining_lots
        return Spending(units, 0) if self.side == Side.SELL else Spending(0, units)


class UnsettledSpending(NamedTuple):
    """What a fill of the command `sequence` spent of a session, and the chain has not counted yet."""

    sequence: int
    session: int
    spent: Spending


class Told(NamedTuple):
    """Many consecutive commands, as rows of COMMAND_DTYPE, and what belongs to them.

    `kinds` are those of the commands, `orders` the places of the orders among them, `signed` a row of
    AUTHORIZATION_DTYPE for each of these, `attachments` those of others by their place, and `events` rows of
    EVENT_DTYPE.
    """

    commands: npt.NDArray[Any]
    kinds: npt.NDArray[np.uint8]
    orders: npt.NDArray[np.intp]
    signed: npt.NDArray[Any]
    attachments: dict[int, Attachment]
    events: npt.NDArray[Any]


def lot_cost(market: Market, side: int, price_ticks: int, max_fee_ppm: int) -> int:
    """The most units that one lot can spend: base units of a sale, or quote units with the fee, rounded up.

    The fee of a fill rounds up once, and a fill has at least a lot, so a fill never costs more than its lots.
    """
    if side == Side.SELL:
        return market.base_units_per_lot
    notional_units = market.notional_units(price_ticks, 1)
    return notional_units + fee_units(notional_units, max_fee_ppm)


class SessionBook:
    """All sessions. A session's number is its place among all that ever were, from 1 on."""

    def __init__(self) -> None:
        self.sessions: dict[int, Session] = {}
        self.newest: dict[tuple[int, int, bytes], int] = {}
        """The last session of an account, a market and a key."""
        self.of_account: dict[int, list[int]] = {}
        self.keys: set[tuple[int, bytes]] = set()
        """Every account with every key that it ever registered."""
        self.orders: dict[int, SessionOrder] = {}
        """The open orders that session keys signed."""
        self.unsettled: list[UnsettledSpending] = []
        self._reserved: dict[int, Spending] = {}

    def restore(
        self, sessions: dict[int, Session], orders: dict[int, SessionOrder], unsettled: list[UnsettledSpending]
    ) -> None:
        """Set everything, and what follows from it."""
        for number, session in sessions.items():
            self._index(number, session)
        for order_id, order in orders.items():
            self._put(order_id, order)
        self.unsettled = unsettled

    def reserved(self, number: int) -> Spending:
        """The most that the open orders of a session can still spend."""
        return self._reserved.get(number, NOTHING)

    def orders_of(self, number: int) -> list[int]:
        """The open orders of a session, oldest first."""
        return sorted(order_id for order_id, order in self.orders.items() if order.session == number)

    def is_concerned(self, logged: LoggedCommand) -> bool:
        """Whether a command may be about sessions; if not, it need not be applied."""
        command, attachment, _ = logged
        if self.orders or command.kind in SESSION_KINDS:
            return True
        return isinstance(attachment, OrderAuthorization) and attachment.session > 0

    def apply(self, logged: LoggedCommand, listings: Listings) -> None:
        """Take in a command with its events."""
        command, attachment, events = logged
        if isinstance(attachment, SessionFact):
            self._begin(command, attachment)
        elif isinstance(attachment, SessionRevokedFact):
            session = self.sessions[command.counter_account]
            revoked = msgspec.structs.replace(session, revoked_at_s=attachment.effective_at_s)
            self.sessions[command.counter_account] = revoked
        elif isinstance(attachment, BatchSettledFact):
            through = attachment.through_sequence
            self.unsettled = [one for one in self.unsettled if one.sequence > through]
        elif isinstance(attachment, OrderAuthorization) and attachment.session:
            cost = lot_cost(
                listings.markets[command.market], command.side, command.price, attachment.max_fee_bps * _PPM_PER_BPS
            )
            self._put(command.sequence, SessionOrder(attachment.session, command.side, cost, command.quantity))
        for event in events:
            self._follow(event, listings)

    def apply_many(self, told: Told, listings: Listings) -> None:
        """Take in those of many commands that are about sessions, one by one."""
        commands, kinds, orders, signed, attachments, events = told
        numbers = {int(orders[number]): int(number) for number in np.flatnonzero(signed["session"] != 0)}
        facts = set(np.flatnonzero(_IS_ABOUT_SESSIONS.take(kinds)).tolist())
        if not (numbers or facts or self.orders):
            return
        first = int(commands["sequence"][0])
        ids = np.array([*self.orders, *(first + place for place in numbers)], np.uint64)
        is_own = np.isin(events["order_id"], ids) | np.isin(events["counter_order_id"], ids)
        touched = {int(sequence) - first for sequence in events["command_sequence"][is_own]}
        for place in sorted(touched | facts | numbers.keys()):
            command, attachment = Command.unpack(commands[place].tobytes()), attachments.get(place)
            if place in numbers:
                attachment = unpack_authorization(signed[numbers[place]].tobytes())
            self.apply(LoggedCommand(command, attachment, events_of(command.sequence, events)), listings)

    def expiry_s(self, number: int, expiry_s: int) -> int:
        """When an order's signature ends to count: with the session, if any, at the latest."""
        return min(expiry_s, self.sessions[number].expiry_s) if number else expiry_s

    def _begin(self, command: Command, fact: SessionFact) -> None:
        """A key is registered. What fills spent of its session before and is not settled yet counts here."""
        number = command.counter_account
        former = self.newest.get((command.account, command.market, fact.key), 0)
        spent = NOTHING
        for place, one in enumerate(self.unsettled):
            if one.session == former:
                self.unsettled[place] = one._replace(session=number)
                spent = spent.plus(one.spent)
        limits = Spending(fact.base_limit, fact.quote_limit)
        self._index(number, Session(command.account, command.market, fact.key, limits, fact.expiry_s, spent))

    def _index(self, number: int, session: Session) -> None:
        self.sessions[number] = session
        self.newest[session.account, session.market, session.key] = number
        self.of_account.setdefault(session.account, []).append(number)
        self.keys.add((session.account, session.key))

    def _follow(self, event: Event, listings: Listings) -> None:
        if event.kind == _FILLED:
            self._fill(event.order_id, event, event.fee, event.remaining, listings)
            self._fill(event.counter_order_id, event, event.counter_fee, event.counter_remaining, listings)
        elif event.kind == _CANCELLED:
            self._put(event.order_id, None)
        elif event.kind == _AMENDED:
            self._leave(event.order_id, event.remaining)

    def _fill(self, order_id: int, event: Event, fee: int, remaining_lots: int, listings: Listings) -> None:
        order = self.orders.get(order_id)
        if order is None:
            return
        market = listings.markets[event.market]
        if order.side == Side.SELL:
            spent = Spending(event.quantity * market.base_units_per_lot, 0)
        else:
            spent = Spending(0, market.notional_units(event.price, event.quantity) + max(fee, 0))
        session = self.sessions[order.session]
        self.sessions[order.session] = msgspec.structs.replace(session, spent=session.spent.plus(spent))
        self.unsettled.append(UnsettledSpending(event.command_sequence, order.session, spent))
        self._leave(order_id, remaining_lots)

    def _leave(self, order_id: int, remaining_lots: int) -> None:
        order = self.orders.get(order_id)
        if order is not None:
            left = msgspec.structs.replace(order, remaining_lots=remaining_lots)
            self._put(order_id, left if remaining_lots else None)

    def _put(self, order_id: int, order: SessionOrder | None) -> None:
        """Set or (None) forget an open order, and what it holds back."""
        before = self.orders.pop(order_id, None)
        if before is not None:
            self._reserved[before.session] = self.reserved(before.session).minus(before.reserved)
        if order is not None:
            self.orders[order_id] = order
            self._reserved[order.session] = self.reserved(order.session).plus(order.reserved)

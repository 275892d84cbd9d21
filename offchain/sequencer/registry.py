"""What the exchange knows beside books and balances: a fold over the log, like the engine's own state.

Two replays of one journal give two equal registries. The intake reads it to judge; nothing but `apply` writes it.
"""

from collections import Counter
from collections.abc import Sequence
from enum import IntEnum
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from offchain.core.commands import (
    ORDER_KINDS,
    AccountOpening,
    Attachment,
    ChainFact,
    Command,
    CommandKind,
    FloorFact,
    OperatorMark,
    OrderAuthorization,
    StatementAnswer,
    WithdrawalAuthorization,
    WithdrawnFact,
)
from offchain.core.errors import StateDiverged
from offchain.core.events import Event, EventKind, LoggedCommand, events_of
from offchain.core.listings import LISTING_KINDS, Listings
from offchain.core.money import Market
from offchain.sequencer.kinds import IS_ORDER, kind_table
from offchain.sequencer.orders import OrderIndex
from offchain.sequencer.sessions import SessionBook, Told

FEE_ACCOUNT: Final = 0
_ACCEPTED: Final = int(EventKind.ACCEPTED)
_FILLED: Final = int(EventKind.FILLED)
_CANCELLED: Final = int(EventKind.CANCELLED)
_STATUS_CHANGED: Final = int(EventKind.STATUS_CHANGED)
_NO_EVENTS: Final[tuple[Event, ...]] = ()
_EVENTS_ONLY: Final = (CommandKind.CANCEL, CommandKind.CANCEL_ALL, CommandKind.AMEND)
"""Commands of which the events say all that is to be kept."""
_IS_RARE: Final = ~kind_table((*ORDER_KINDS, *_EVENTS_ONLY))


class Mark(NamedTuple):
    """Which command recorded something, and when."""

    sequence: int
    timestamp_us: int


class LiveOrder(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An order in a book. `asset` is its market's base asset, in whose lanes it stands."""

    account: int
    market: int
    side: int
    asset: int
    lane: int
    seq: int
    expiry_s: int


class WithdrawalState(IntEnum):
    """What became of a withdrawal that left the available balance."""

    OPEN = 0
    PAID = 1
    REVERTED = 2


class Withdrawal(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A withdrawal, known by the sequence of its WITHDRAW command. `ended` is what paid or reverted it."""

    timestamp_us: int
    account: int
    asset: int
    amount_units: int
    nonce: int
    deadline_s: int
    state: WithdrawalState = WithdrawalState.OPEN
    ended: Mark | None = None


class FeeRates(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Rates in parts per million. `set_by` is the SET_FEES command; None: they are the engine's own."""

    maker_fee_ppm: int
    taker_fee_ppm: int
    set_by: Mark | None = None


class Answered(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The last answer that an account signed: its signatures, and the command that noted it."""

    signatures: bytes
    mark: Mark


_ASSET_SHIFT: Final = 16
_ACCOUNT_SHIFT: Final = 32


def lane_key(account: int, asset: int, lane: int) -> int:
    """One number of 64 bits for a lane of an account in a base asset."""
    return account << _ACCOUNT_SHIFT | asset << _ASSET_SHIFT | lane


class Registry:
    """The fold. Account 0 takes the fees and has no owner."""

    def __init__(self, default_fees: FeeRates) -> None:
        self.owners: list[bytes] = [b""]
        self.accounts: dict[bytes, int] = {}
        self.listings = Listings()
        self.markets_by_symbol: dict[str, Market] = {}
        self.listed: dict[tuple[bool, int], Mark] = {}
        """The command that listed an asset (False, id), or set the limits of a market (True, id)."""
        self.orders = OrderIndex()
        self.live: dict[int, LiveOrder] = {}
        self.live_of: dict[int, set[int]] = {}
        self.busy: dict[int, int] = {}
        """The order that occupies a lane, by `lane_key`."""
        self.lane_seqs: dict[int, int] = {}
        """Highest seq that each lane has seen, by `lane_key`."""
        self._lanes_known = 0
        """Of so many orders, the first ones, the lanes are in `lane_seqs`."""
        self.renewed_seqs: dict[int, int] = {}
        """Highest seq that orders of a lane were signed again with, by `lane_key`."""
        self.floors: dict[tuple[int, int], int] = {}
        """Cancel floor by account and base asset: the highest on the chain, or that a statement will raise it to."""
        self.answers: dict[int, Answered] = {}
        self.sessions = SessionBook()
        self.withdrawals: dict[int, Withdrawal] = {}
        self.nonces: dict[tuple[int, int], int] = {}
        """Sequence of the WITHDRAW by account and nonce."""
        self.open_withdrawals: dict[int, int] = {}
        """How many withdrawals of an account are neither paid nor reverted, where there are any."""
        self.unwound: dict[int, Mark] = {}
        """The UNWIND_FILL by the sequence of the FILLED event."""
        self.default_fees = default_fees
        self.fees: dict[int, FeeRates] = {}
        self.chosen_discounts: set[int] = set()
        """Accounts of which an operator set the discounts, and not to 0."""
        self.chain_position = (0, -1)
        """Block number and log index of the last chain fact; (0, -1) before the first."""
        self.chain_mark = Mark(0, 0)
        """The command that recorded it."""

    def apply(self, logged: LoggedCommand) -> None:
        """Take in a command with the events that the engine gave for it."""
        command, attachment, events = logged
        if command.kind in ORDER_KINDS:
            if not isinstance(attachment, OrderAuthorization):
                raise StateDiverged(f"Command {command.sequence} is not the order that the journal says it is.")
            self.orders.add(command, attachment)
        elif command.kind not in _EVENTS_ONLY:
            self._apply_rare(logged)
        for event in events:
            if event.kind == _ACCEPTED:
                self._put_taken(command, attachment)
            elif event.kind == _FILLED:
                if event.remaining == 0:
                    self._remove(event.order_id)
                if event.counter_remaining == 0:
                    self._remove(event.counter_order_id)
            elif event.kind == _CANCELLED:
                self._remove(event.order_id)
            elif event.kind == _STATUS_CHANGED:
                self.listings.note(logged)
                self.index_markets()
        if self.sessions.is_concerned(logged):
            self.sessions.apply(logged, self.listings)

    def apply_many(
        self,
        commands: npt.NDArray[Any],
        signed: npt.NDArray[Any],
        attachments: Sequence[tuple[int, Attachment]],
        events: npt.NDArray[Any],
    ) -> None:
        """Take in many commands at once. What follows from all orders together is left for `settle`.

        Args:
            commands: rows of COMMAND_DTYPE that the engine took.
            signed: rows of AUTHORIZATION_DTYPE, one for each order among them.
            attachments: of other commands, by their place, ascending.
            events: rows of EVENT_DTYPE, those of the commands.
        """
        # Copied once: a column of wide rows costs as much memory traffic to look through as the rows.
        kinds, notes = commands["kind"].copy(), dict(attachments)
        places = np.flatnonzero(IS_ORDER.take(kinds))
        self.orders.extend(np.take(commands, places), signed)
        self._apply_noted(commands, _IS_RARE.take(kinds), notes, events)
        self.sessions.apply_many(Told(commands, kinds, places, signed, notes, events), self.listings)

    def settle(self, order_ids: npt.NDArray[np.uint64]) -> None:
        """Work out what follows from all orders, after `apply_many`: the lanes, and which orders are live.

        Args:
            order_ids: those of the orders that the engine holds, ascending.

        Raises:
            StateDiverged: one of them was never taken.
        """
        for rows in self.orders.rows_from(self._lanes_known):
            self._see_lanes(rows)
        self._lanes_known = len(self.orders)
        self._set_live(order_ids)

    def seq_seen(self, key: int) -> int:
        """The highest seq that a lane (`lane_key`) has seen, of orders as they were placed or signed again."""
        return max(self.lane_seqs.get(key, 0), self.renewed_seqs.get(key, 0))

    def _see_lanes(self, rows: npt.NDArray[Any]) -> None:
        """Take in the lanes and seqs of orders, given as rows of TAKEN_DTYPE."""
        lanes = self._base_assets()[rows["market"]] << _ASSET_SHIFT | rows["lane"]
        keys = rows["account"].astype(np.uint64) << _ACCOUNT_SHIFT | lanes.astype(np.uint64)
        order = np.argsort(keys)
        keys, seqs = keys[order], rows["seq"][order]
        starts = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))
        highest = np.maximum.reduceat(seqs, starts)
        self.lane_seqs.update(zip(keys[starts].tolist(), highest.tolist(), strict=True))

    def _set_live(self, order_ids: npt.NDArray[np.uint64]) -> None:
        """Set the orders in the books, and the indexes that follow from them."""
        try:
            rows = self.orders.rows_of(order_ids)
        except KeyError as error:
            raise StateDiverged(f"The engine holds order {error}, which was never taken.") from error
        self.live, self.live_of, self.busy = {}, {}, {}
        by_key = self.sessions.orders
        assets = self._base_assets()[rows["market"]].tolist()
        columns = [rows[name].tolist() for name in ("account", "market", "side", "lane", "seq", "expiry_s")]
        for order_id, asset, account, market, side, lane, seq, expiry_s in zip(
            order_ids.tolist(), assets, *columns, strict=True
        ):
            session = by_key[order_id].session if order_id in by_key else 0
            until_s = self.sessions.expiry_s(session, expiry_s)
            self._put_live(order_id, LiveOrder(account, market, side, asset, lane, seq, until_s))

    def index_markets(self) -> None:
        """Follow the listings; a new dict, because others may be reading the old one."""
        self.markets_by_symbol = {market.symbol: market for market in self.listings.markets.values()}

    def restore_withdrawals(self, withdrawals: dict[int, Withdrawal]) -> None:
        """Set the withdrawals, and with them the indexes that follow from them."""
        self.withdrawals = withdrawals
        self.nonces = {(one.account, one.nonce): sequence for sequence, one in withdrawals.items()}
        self.open_withdrawals = dict(
            Counter(one.account for one in withdrawals.values() if one.state == WithdrawalState.OPEN)
        )

    def _apply_noted(
        self,
        commands: npt.NDArray[Any],
        noted: npt.NDArray[np.bool_],
        attachments: dict[int, Attachment],
        events: npt.NDArray[Any],
    ) -> None:
        """Take in, one by one, the commands that are `noted` and those of which an event changed a market's status."""
        changes = events["command_sequence"][events["kind"] == _STATUS_CHANGED]
        changed = frozenset((changes - commands["sequence"][:1]).tolist())
        places = sorted(changed.union(np.flatnonzero(noted).tolist()))
        rows = np.take(commands, places) if places else commands[:0]
        for place, command in zip(places, Command.unpack_all(rows.tobytes()), strict=True):
            is_changed, own = place in changed, _NO_EVENTS
            if is_changed or command.kind in LISTING_KINDS:
                own = events_of(command.sequence, events)
            logged = LoggedCommand(command, attachments.get(place), own)
            if noted[place]:
                self._apply_rare(logged)
            if is_changed:
                self.listings.note(logged)
                self.index_markets()

    def _base_assets(self) -> npt.NDArray[np.uint32]:
        """The base asset of each market, by its id."""
        markets = self.listings.markets
        assets = np.zeros(max(markets, default=0) + 1, np.uint32)
        for market_id, market in markets.items():
            assets[market_id] = market.base.asset_id
        return assets

    def _put_taken(self, command: Command, attachment: Attachment) -> None:
        """The order of a command is in a book, or armed."""
        assert isinstance(attachment, OrderAuthorization), "only orders are accepted"
        account, market = command.account, command.market
        asset = self.listings.markets[market].base.asset_id
        lane, seq = attachment.lane, attachment.seq
        self.lane_seqs[lane_key(account, asset, lane)] = seq
        self._lanes_known = len(self.orders)
        expiry_s = self.sessions.expiry_s(attachment.session, attachment.expiry_s)
        self._put_live(command.sequence, LiveOrder(account, market, command.side, asset, lane, seq, expiry_s))

    def _put_live(self, order_id: int, order: LiveOrder) -> None:
        self.live[order_id] = order
        self.live_of.setdefault(order.account, set()).add(order_id)
        self.busy[lane_key(order.account, order.asset, order.lane)] = order_id

    def _remove(self, order_id: int) -> None:
        order = self.live.pop(order_id, None)
        if order is None:
            raise StateDiverged(f"The engine ended order {order_id}, which was not open.")
        orders = self.live_of[order.account]
        orders.discard(order_id)
        if not orders:
            del self.live_of[order.account]
        del self.busy[lane_key(order.account, order.asset, order.lane)]

    def _apply_rare(self, logged: LoggedCommand) -> None:
        command, attachment, _ = logged
        if isinstance(attachment, ChainFact):
            self._apply_chain_fact(command, attachment)
        elif command.kind in LISTING_KINDS:
            self.listings.note(logged)
            self.index_markets()
            if command.kind == CommandKind.LIST_ASSET:
                self.listed[False, command.asset] = _mark(command)
            elif command.kind == CommandKind.SET_MARKET_LIMITS:  # A new market is listed when its limits are set.
                self.listed[True, command.market] = _mark(command)
        elif isinstance(attachment, AccountOpening):
            self.accounts[attachment.owner] = len(self.owners)
            self.owners.append(attachment.owner)
        elif command.kind == CommandKind.SET_FEES:
            rates = FeeRates(command.maker_fee_ppm, command.taker_fee_ppm, _mark(command))
            if command.account == FEE_ACCOUNT:
                self.default_fees = rates
            elif command.mode:
                self.fees.pop(command.account, None)
            else:
                self.fees[command.account] = rates
        elif command.kind == CommandKind.SET_DISCOUNTS:
            chosen = isinstance(attachment, OperatorMark) and (command.amount or command.counter_amount)
            (self.chosen_discounts.add if chosen else self.chosen_discounts.discard)(command.account)
        elif command.kind == CommandKind.UNWIND_FILL:
            self.unwound[command.order_id] = _mark(command)
        else:
            self._apply_funds(command, attachment)

    def _apply_funds(self, command: Command, attachment: Attachment) -> None:
        if isinstance(attachment, WithdrawalAuthorization):
            self.withdrawals[command.sequence] = Withdrawal(
                command.timestamp_us,
                command.account,
                command.asset,
                command.amount,
                attachment.nonce,
                attachment.deadline_s,
            )
            self.nonces[command.account, attachment.nonce] = command.sequence
            self.open_withdrawals[command.account] = self.open_withdrawals.get(command.account, 0) + 1
        elif command.kind == CommandKind.REVERT_WITHDRAWAL:
            self._end_withdrawal(command.order_id, WithdrawalState.REVERTED, _mark(command))
        elif isinstance(attachment, StatementAnswer):
            self._answer(command, attachment)

    def _apply_chain_fact(self, command: Command, fact: ChainFact) -> None:
        if isinstance(fact, WithdrawnFact):
            withdraw_sequence = self.nonces[command.account, fact.nonce]
            self._end_withdrawal(withdraw_sequence, WithdrawalState.PAID, _mark(command))
        elif isinstance(fact, FloorFact):
            key = (command.account, command.asset)
            self.floors[key] = max(self.floors.get(key, 0), fact.floor)
        self.chain_position = (fact.position.block_number, fact.position.log_index)
        self.chain_mark = _mark(command)

    def _answer(self, command: Command, answer: StatementAnswer) -> None:
        """Take in what a netted statement and the renewals beside it leave to new orders: higher seqs."""
        self.answers[command.account] = Answered(answer.signatures, _mark(command))
        for asset in answer.assets:
            floor = self.floors.get((command.account, asset), 0)
            self.floors[command.account, asset] = max(floor, answer.floor)
        for ladder in answer.ladders:
            asset = self.listings.markets[ladder.market].base.asset_id
            for renewed in ladder.orders:
                taken = self.orders.by_id(renewed.order_id)
                assert taken is not None, "only orders that were taken are signed again"
                key = lane_key(command.account, asset, taken.lane)
                self.renewed_seqs[key] = max(self.renewed_seqs.get(key, 0), renewed.seq)

    def _end_withdrawal(self, withdraw_sequence: int, state: WithdrawalState, ended: Mark) -> None:
        withdrawal = self.withdrawals[withdraw_sequence]
        self.withdrawals[withdraw_sequence] = msgspec.structs.replace(withdrawal, state=state, ended=ended)
        left = self.open_withdrawals.pop(withdrawal.account) - 1
        if left:
            self.open_withdrawals[withdrawal.account] = left


def _mark(command: Command) -> Mark:
    return Mark(command.sequence, command.timestamp_us)

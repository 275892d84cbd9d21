"""From fills to batches: follows the log and says which fills settle together. No clock, no I/O.

A batch closes before a fill that would not fit (its limits, or those of a payload), when it is full, and when its first
fill is old enough. An order whose fee rates are others in one fill than in another stands in the batch once for each.
Whatever the contract will be told is checked against what the engine did before it enters a batch.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

from offchain.core.commands import (
    Attachment,
    BatchSettledFact,
    Command,
    CommandKind,
    LadderAuthorization,
    StatementAnswer,
)
from offchain.core.errors import StateDiverged
from offchain.core.events import Event, EventKind, LoggedCommand
from offchain.core.money import fee_units
from offchain.settlement.accounts import MarketTerms
from offchain.settlement.batch import FeeClass, fee_class
from offchain.settlement.fee_rates import FeeRates, Rates
from offchain.settlement.history import History, SettledBatch, ToldFill
from offchain.settlement.journal_root import EMPTY_ROOT, SegmentRoot, record_leaf
from offchain.settlement.net_record import NetRecord
from offchain.settlement.order_book import BookOrder, OrderBook, RenewedLadder
from offchain.settlement.payload_format import (
    ADDRESS_BYTES,
    AMOUNT_BYTES_MAX,
    FEE_CLASSES_MAX,
    LADDER_ORDERS_MAX,
    MARKETS_MAX,
    PAYLOAD_BYTES_MAX,
    RECORD_WIDTHS_MOST,
    SECTION,
    SEQ_BYTES,
    SIGNATURE_BYTES,
)

PPM_PER_BPS: Final = 100
ORDER_GAS: Final = 80_000
"""The most that one more order can cost the contract: its signature, and three storage slots that were never used."""
FILL_GAS: Final = 4_500
"""The most that one more fill between loaded orders can cost it."""
RECORD_GAS: Final = 1_500
"""The most that each order of a ladder costs it once: all of them are sent to prove any."""
RECORD_BYTES: Final = 1 + sum(RECORD_WIDTHS_MOST) + 1
"""The most that an order of a ladder takes of a payload, with its bit among those that are used."""
ORDER_BYTES: Final = RECORD_BYTES + ADDRESS_BYTES + SIGNATURE_BYTES + SECTION.size + SEQ_BYTES
"""The most that an order takes, if it has a section to itself. A statement, but for its rows, takes less."""
FILL_BYTES: Final = 2 * (3 + 2 * AMOUNT_BYTES_MAX + 2 * (1 + AMOUNT_BYTES_MAX))
"""The most that a fill takes: two halves, and two rows in the statements of each side."""
TABLES_BYTES: Final = 8_000
"""The most that the header, the tables and what a net group has beside its items take, of as many as there can be."""


Entry = tuple[int, Rates]
"""An order's id, and the (maker, taker) rates that it is charged in some of a batch's fills."""
FillRates = tuple[Rates, Rates]
"""The (maker, taker) rates of a fill's taker, then of its maker."""


class BatchLimits(msgspec.Struct, frozen=True):
    """When a batch closes. `max_gas` is what it may cost at most; one transaction may use 2^24 (EIP-7825)."""

    max_fills: int
    max_age_us: int
    max_gas: int = 15_000_000


class FilledBatch(msgspec.Struct, frozen=True):
    """FILLED events that settle together, in the order of the log, and the orders that they fill by order id.

    `rates` are those that the contract shall charge in each fill, in parts per million, `ladders` those that orders
    name. `through_sequence` is the last command all of whose fills are in this batch or an earlier one; `journal_root`
    is over the records after the previous batch's up to that one. A batch that the chain holds already is `settled`,
    `record` says where in it the fills are, and `dropped` are those that it left out.
    """

    fills: tuple[Event, ...]
    orders: dict[int, BookOrder]
    rates: tuple[FillRates, ...]
    through_sequence: int
    journal_root: bytes
    ladders: dict[int, LadderAuthorization] = {}
    settled: SettledBatch | None = None
    record: NetRecord | None = None
    dropped: tuple[Event, ...] = ()


class BatcherState(msgspec.Struct, forbid_unknown_fields=True):
    """All that the batcher remembers; as MessagePack it is the batcher's snapshot."""

    sequence: int = 0
    """The last command seen."""
    through_sequence: int = 0
    """The end of the last closed batch's journal segment."""
    batched_event: int = 0
    """The last FILLED event that a closed batch holds."""
    fees: FeeRates = msgspec.field(default_factory=FeeRates)
    book: OrderBook = msgspec.field(default_factory=OrderBook)
    history: History = msgspec.field(default_factory=History)
    segment: SegmentRoot = msgspec.field(default_factory=SegmentRoot)
    open_fills: list[Event] = msgspec.field(default_factory=list)
    open_orders: dict[int, BookOrder] = msgspec.field(default_factory=dict)
    open_rates: list[FillRates] = msgspec.field(default_factory=list)
    open_entries: set[Entry] = msgspec.field(default_factory=set)
    open_ladders: dict[int, int] = msgspec.field(default_factory=dict)
    """How many records the ladders take that its orders were signed in, by the command that told of them."""
    open_classes: set[FeeClass] = msgspec.field(default_factory=set)
    """The fee classes of all these orders, those too that stand in ladders only."""
    open_markets: set[int] = msgspec.field(default_factory=set)


class Batcher:
    """Follows the log in order. Commands that it has seen are passed over, so a replayed tail does no harm."""

    def __init__(self, limits: BatchLimits, state: BatcherState | None = None) -> None:
        self._limits = limits
        self._state = state or BatcherState()
        self._renewed: list[tuple[int, RenewedLadder]] = []

    @property
    def sequence(self) -> int:
        """The last command seen."""
        return self._state.sequence

    @property
    def open_fills(self) -> Sequence[Event]:
        """Fills that no closed batch holds yet."""
        return tuple(self._state.open_fills)

    @property
    def takes_back(self) -> bool:
        """Whether the chain has batches that the log has not told yet, after a loss of the database."""
        return bool(self._state.history)

    @property
    def live_orders(self) -> int:
        """Orders that may still fill, of which the authorization is kept."""
        return len(self._state.book.live)

    @property
    def max_gas(self) -> int:
        """What a batch may cost at most."""
        return self._limits.max_gas

    @property
    def book(self) -> OrderBook:
        """The orders that are still to be settled, and the listed markets."""
        return self._state.book

    def snapshot(self) -> bytes:
        """The state, for `restore`."""
        return msgspec.msgpack.encode(self._state)

    @classmethod
    def of_history(cls, limits: BatchLimits, settled: list[SettledBatch]) -> "Batcher":
        """A batcher that begins with the log, of which the chain has settled batches that nobody here remembers."""
        return cls(limits, BatcherState(history=History.of(settled)))

    @classmethod
    def restore(
        cls, limits: BatchLimits, snapshot: bytes | None, through_sequence: int, batched_event: int
    ) -> "Batcher":
        """The batcher of a snapshot that may be older than the last closed batch, whose ends are given.

        The log is then followed again from the snapshot's `sequence` (without a snapshot: from its beginning); fills of
        closed batches are not batched twice.
        """
        state = BatcherState() if snapshot is None else msgspec.msgpack.decode(snapshot, type=BatcherState)
        batcher = cls(limits, state)
        state.batched_event = max(state.batched_event, batched_event)
        if not state.history:
            batched = sum(fill.sequence <= batched_event for fill in state.open_fills)
            batcher._reopen(state.open_fills[batched:], state.open_orders, state.open_rates[batched:])
        state.through_sequence = max(state.through_sequence, through_sequence)
        return batcher

    def consume(self, logged: Iterable[LoggedCommand]) -> Iterator[FilledBatch]:
        """Follows the next commands and yields the batches that close on the way.

        Raises:
            StateDiverged: the log contradicts itself or what the contract would compute; settlement must stop.
        """
        for command, attachment, events in logged:
            if command.sequence <= self._state.sequence:
                continue
            if command.sequence != self._state.sequence + 1:
                raise StateDiverged(f"Command {command.sequence} came after {self._state.sequence}.")
            while self._state.history.is_told(command.sequence):
                yield from self._close_settled()
            if command.sequence == self._state.through_sequence + 1:
                self._state.segment.clear()
            self._note(command, attachment, events)
            for event in events:
                if event.kind == EventKind.FILLED:
                    yield from self._fill(event)
                else:
                    self._state.book.follow(event, command, attachment)
            self._state.segment.add(record_leaf(command, attachment))
            self._state.sequence = command.sequence
            if self._full() and not self._state.history:
                yield self._close(command.sequence)

    def take_renewed(self) -> list[tuple[int, RenewedLadder]]:
        """The ladders that were told since the last call, each with the command that told of it."""
        renewed, self._renewed = self._renewed, []
        return renewed

    def close_due(self, now_us: int) -> FilledBatch | None:
        """Closes the open batch if its first fill is old enough."""
        fills = self._state.open_fills
        if not fills or self._state.history or now_us - fills[0].timestamp_us < self._limits.max_age_us:
            return None
        return self._close(self._state.sequence)

    def close_empty(self) -> FilledBatch | None:
        """A batch without fills, which tells the chain how far the journal is; None while there are fills to settle."""
        state = self._state
        if state.open_fills or state.history:
            return None
        batch = FilledBatch((), {}, (), state.sequence, state.segment.root())
        state.through_sequence = state.sequence
        state.segment.clear()
        return batch

    def _note(self, command: Command, attachment: Attachment, events: tuple[Event, ...]) -> None:
        if any(event.kind == EventKind.REJECTED for event in events):
            return
        if command.kind == CommandKind.LIST_MARKET:
            self._state.book.markets[command.market] = MarketTerms(
                command.asset, command.counter_asset, command.amount, command.counter_amount
            )
        elif command.kind == CommandKind.CHAIN_BATCH_SETTLED and isinstance(attachment, BatchSettledFact):
            self._state.book.note_settled(attachment.through_sequence)
        elif command.kind == CommandKind.SIGN_LADDER and isinstance(attachment, LadderAuthorization):
            self._state.book.ladders[command.sequence] = attachment
        elif command.kind == CommandKind.RENEW_AUTHORIZATION and isinstance(attachment, StatementAnswer):
            renewed = self._state.book.renewed(command.sequence, attachment)
            self._renewed += [(command.sequence, ladder) for ladder in renewed]
        self._state.fees.note(command)

    def _fill(self, event: Event) -> Iterator[FilledBatch]:
        taker, maker = self._state.book.of(event.order_id), self._state.book.of(event.counter_order_id)
        taker.remaining -= event.quantity
        maker.remaining -= event.quantity
        rates = self._rates(taker, maker)
        self._check(event, taker, maker, rates)
        for order in (taker, maker):
            self._state.fees.traded(order.account, event.market, event.timestamp_us, self._notional(event))
        while self._state.history.is_told(event.command_sequence):
            yield from self._close_settled()
        if self._state.history:
            told = ToldFill(event, taker, maker, (rates[taker.order_id], rates[maker.order_id]))
            self._state.history.accept(told, self._state.book.ladders)
        elif event.sequence > self._state.batched_event:
            while self._state.open_fills and (self._full() or not self._fits(taker, maker, rates)):
                yield self._close(event.command_sequence - 1)
            self._take(event, taker, maker, (rates[taker.order_id], rates[maker.order_id]))
        for order in (taker, maker):
            if order.remaining == 0:
                self._state.book.end(order.order_id, event.command_sequence)

    def _rates(self, taker: BookOrder, maker: BookOrder) -> dict[int, Rates]:
        """The (maker, taker) rates of both orders in this fill; a rebate is never more than this taker pays."""
        taker_rates, (rebate_ppm, maker_taker_ppm) = self._capped(taker), self._capped(maker)
        maker_rates = (max(rebate_ppm, -taker_rates[1]), maker_taker_ppm)
        return {taker.order_id: taker_rates, maker.order_id: maker_rates}

    def _notional(self, fill: Event) -> int:
        return fill.price * fill.quantity * self._state.book.markets[fill.market].quote_units_per_tick_lot

    def _capped(self, order: BookOrder) -> tuple[int, int]:
        maker_ppm, taker_ppm = self._state.fees.of(order.account)
        cap_ppm = order.authorization.max_fee_bps * PPM_PER_BPS
        return min(maker_ppm, cap_ppm), min(taker_ppm, cap_ppm)

    def _check(self, event: Event, taker: BookOrder, maker: BookOrder, rates: dict[int, Rates]) -> None:
        """Refuses a fill that the contract would book otherwise than the engine did."""
        notional = self._notional(event)
        taker_ppm, maker_ppm = rates[taker.order_id][1], rates[maker.order_id][0]
        expected = (fee_units(notional, taker_ppm), fee_units(notional, maker_ppm))
        if (event.fee, event.counter_fee) != expected:
            raise StateDiverged(
                f"Fill {event.sequence} charged fees {event.fee} and {event.counter_fee}; "
                f"the contract will charge {expected[0]} and {expected[1]}."
            )
        if (taker.remaining, maker.remaining) != (event.remaining, event.counter_remaining):
            raise StateDiverged(f"Fill {event.sequence} leaves other quantities than settlement counted.")
        if event.price != maker.limit or taker.side == maker.side or taker.market != maker.market:
            raise StateDiverged(f"Fill {event.sequence} is not between its two orders.")

    def _fits(self, taker: BookOrder, maker: BookOrder, rates: dict[int, Rates]) -> bool:
        state = self._state
        classes = state.open_classes.union(*(self._classes(order, rates[order.order_id]) for order in (taker, maker)))
        return len(classes) <= FEE_CLASSES_MAX and len(state.open_markets | {taker.market}) <= MARKETS_MAX

    def _classes(self, order: BookOrder, rates: Rates) -> set[FeeClass]:
        """What an order takes of the table of fee classes, with those that have to be sent to prove it."""
        beside = {terms for ladder in self._state.book.ladder_terms(order).values() for terms in ladder}
        return {_fee_class(order, rates), *(fee_class(0, 0, *terms) for terms in beside)}

    def _full(self) -> bool:
        """Whether one more fill, of two more orders, might be too much for a transaction."""
        state = self._state
        entries, fills = len(state.open_entries) + 2, len(state.open_fills) + 1
        records = sum(state.open_ladders.values())
        if state.book.ladders or state.book.renewals:
            records += 2 * LADDER_ORDERS_MAX
        gas = entries * ORDER_GAS + fills * FILL_GAS + records * RECORD_GAS
        size = TABLES_BYTES + entries * ORDER_BYTES + fills * FILL_BYTES + records * RECORD_BYTES
        return fills > self._limits.max_fills or gas > self._limits.max_gas or size > PAYLOAD_BYTES_MAX

    def _take(self, event: Event, taker: BookOrder, maker: BookOrder, rates: FillRates) -> None:
        state = self._state
        state.open_fills.append(event)
        state.open_rates.append(rates)
        state.open_markets.add(event.market)
        for order, pair in zip((taker, maker), rates, strict=True):
            if (order.order_id, pair) in state.open_entries:
                continue
            for key, terms in state.book.ladder_terms(order).items():
                # For another rate of an order its ladder is sent once more.
                if key not in state.open_ladders or order.order_id in state.open_orders:
                    state.open_ladders[key] = state.open_ladders.get(key, 0) + len(terms)
            state.open_classes |= self._classes(order, pair)
            state.open_orders[order.order_id] = order
            state.open_entries.add((order.order_id, pair))

    def _close(self, through_sequence: int) -> FilledBatch:
        """Closes the open batch; fills of a later command stay open.

        Unless there are no others: then that command has more than a batch can hold, and is split.
        """
        state = self._state
        fills, orders, rates = state.open_fills, state.open_orders, state.open_rates
        whole = [fill for fill in fills if fill.command_sequence <= through_sequence] or fills
        self._reopen(whole, orders, rates[: len(whole)])
        batch = FilledBatch(
            tuple(whole),
            state.open_orders,
            tuple(state.open_rates),
            through_sequence,
            state.segment.root(),
            state.book.ladders_of(state.open_orders.values()),
        )
        state.batched_event = whole[-1].sequence
        state.through_sequence = through_sequence
        state.segment.clear()
        self._reopen(fills[len(whole) :], orders, rates[len(whole) :])
        return batch

    def _close_settled(self) -> Iterator[FilledBatch]:
        """Closes the batch that the chain holds already, and after the last one what none of them settled."""
        state = self._state
        settled, fills, record, dropped = state.history.pop(state.book.ladders)
        state.batched_event = max([state.batched_event, *(event.sequence for event in (*fills, *dropped))])
        if settled.through_sequence > state.through_sequence:
            state.through_sequence = settled.through_sequence
            state.segment.clear()
        yield FilledBatch(
            tuple(fills),
            {},
            (),
            settled.through_sequence,
            settled.journal_root,
            settled=settled,
            record=record,
            dropped=tuple(dropped),
        )
        if not state.history and state.history.left_over:
            left_over, state.history.left_over = state.history.left_over, []
            orders = {order.order_id: order for fill in left_over for order in (fill.taker, fill.maker)}
            yield FilledBatch(
                tuple(fill.event for fill in left_over),
                orders,
                tuple(fill.rates for fill in left_over),
                state.through_sequence,
                EMPTY_ROOT,
                state.book.ladders_of(orders.values()),
            )

    def _reopen(self, fills: Sequence[Event], orders: dict[int, BookOrder], rates: Sequence[FillRates]) -> None:
        """Makes the open batch hold exactly these fills, of these orders, each at its rates."""
        state = self._state
        state.open_fills, state.open_orders, state.open_rates, state.open_entries = [], {}, [], set()
        state.open_ladders, state.open_classes, state.open_markets = {}, set(), set()
        for fill, pairs in zip(fills, rates, strict=True):
            self._take(fill, orders[fill.order_id], orders[fill.counter_order_id], pairs)


def _fee_class(order: BookOrder, rates: Rates) -> FeeClass:
    return fee_class(*rates, order.authorization.max_fee_bps, order.authorization.flags)

"""From fills to batches: follows the log and says which fills settle together. No clock, no I/O.

A batch closes before a fill that would not fit (its limits, or those of a payload), when it is full, and when its first
fill is old enough. An order whose fee rates are others in one fill than in another stands in the batch once for each.
Whatever the contract will be told is checked against what the engine did before it enters a batch.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

from offchain.core.commands import Attachment, Command, CommandKind, OrderAuthorization
from offchain.core.errors import StateDiverged
from offchain.core.events import Event, EventKind, LoggedCommand
from offchain.core.money import fee_units
from offchain.settlement.encoding import FEE_CLASSES_MAX, SECTIONS_MAX, FeeClass, fee_class
from offchain.settlement.fee_rates import FeeRates, Rates
from offchain.settlement.history import History, SettledBatch
from offchain.settlement.journal_root import SegmentRoot, record_leaf

PPM_PER_BPS: Final = 100
ORDER_GAS: Final = 80_000
"""The most that one more order can cost the contract: its signature, and three storage slots that were never used."""
FILL_GAS: Final = 4_500
"""The most that one more fill between loaded orders can cost it."""


Entry = tuple[int, Rates]
"""An order's id, and the (maker, taker) rates that it is charged in some of a batch's fills."""
FillRates = tuple[Rates, Rates]
"""The (maker, taker) rates of a fill's taker, then of its maker."""


class BatchLimits(msgspec.Struct, frozen=True):
    """When a batch closes. `max_gas` is what it may cost at most; one transaction may use 2^24 (EIP-7825)."""

    max_fills: int
    max_age_us: int
    max_gas: int = 15_000_000


class BookOrder(msgspec.Struct, array_like=True):
    """An accepted order: what its owner signed, and how many lots may still fill.

    `price` is the signed one, `limit` the one in force: a post-only order may have slid away from the other side.
    """

    order_id: int
    account: int
    market: int
    side: int
    price: int
    limit: int
    quantity: int
    remaining: int
    authorization: OrderAuthorization


class FilledBatch(msgspec.Struct, frozen=True):
    """FILLED events that settle together, in the order of the log, and the orders that they fill by order id.

    `rates` are those that the contract shall charge in each fill, in parts per million.
    `through_sequence` is the last command all of whose fills are in this batch or an earlier one; `journal_root` is
    over the records after the previous batch's up to that one. A batch that the chain holds already is `settled`, and
    `dropped` are the fills that it left out.
    """

    fills: tuple[Event, ...]
    orders: dict[int, BookOrder]
    rates: tuple[FillRates, ...]
    through_sequence: int
    journal_root: bytes
    settled: SettledBatch | None = None
    dropped: tuple[Event, ...] = ()


class BatcherState(msgspec.Struct):
    """All that the batcher remembers; as MessagePack it is the batcher's snapshot."""

    sequence: int = 0
    """The last command seen."""
    through_sequence: int = 0
    """The end of the last closed batch's journal segment."""
    batched_event: int = 0
    """The last FILLED event that a closed batch holds."""
    fees: FeeRates = msgspec.field(default_factory=FeeRates)
    quote_units_per_tick_lot: dict[int, int] = msgspec.field(default_factory=dict)
    live: dict[int, BookOrder] = msgspec.field(default_factory=dict)
    history: History = msgspec.field(default_factory=History)
    segment: SegmentRoot = msgspec.field(default_factory=SegmentRoot)
    open_fills: list[Event] = msgspec.field(default_factory=list)
    open_orders: dict[int, BookOrder] = msgspec.field(default_factory=dict)
    open_rates: list[FillRates] = msgspec.field(default_factory=list)
    open_entries: set[Entry] = msgspec.field(default_factory=set)


class Batcher:
    """Follows the log in order. Commands that it has seen are passed over, so a replayed tail does no harm."""

    def __init__(self, limits: BatchLimits, state: BatcherState | None = None) -> None:
        self._limits = limits
        self._state = state or BatcherState()

    @property
    def sequence(self) -> int:
        """The last command seen."""
        return self._state.sequence

    @property
    def open_fills(self) -> Sequence[Event]:
        """Fills that no closed batch holds yet."""
        return tuple(self._state.open_fills)

    @property
    def live_orders(self) -> int:
        """Orders that may still fill, of which the authorization is kept."""
        return len(self._state.live)

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
                yield self._close_settled()
            if command.sequence == self._state.through_sequence + 1:
                self._state.segment.clear()
            self._note(command, events)
            for event in events:
                if event.kind == EventKind.FILLED:
                    yield from self._fill(event)
                else:
                    self._follow(event, command, attachment)
            self._state.segment.add(record_leaf(command, attachment))
            self._state.sequence = command.sequence
            if self._full() and not self._state.history:
                yield self._close(command.sequence)

    def close_due(self, now_us: int) -> FilledBatch | None:
        """Closes the open batch if its first fill is old enough."""
        fills = self._state.open_fills
        if not fills or self._state.history or now_us - fills[0].timestamp_us < self._limits.max_age_us:
            return None
        return self._close(self._state.sequence)

    def _note(self, command: Command, events: tuple[Event, ...]) -> None:
        if any(event.kind == EventKind.REJECTED for event in events):
            return
        if command.kind == CommandKind.LIST_MARKET:
            self._state.quote_units_per_tick_lot[command.market] = command.counter_amount
        self._state.fees.note(command)

    def _follow(self, event: Event, command: Command, attachment: Attachment) -> None:
        """Takes in what happens to orders beside fills."""
        match event.kind:
            case EventKind.ACCEPTED:
                self._state.live[event.order_id] = _book_order(event, command, attachment)
            case EventKind.TRIGGERED:
                self._order(event.order_id).limit = event.price
            case EventKind.AMENDED:
                order = self._order(event.order_id)
                order.remaining -= event.quantity
                if order.remaining != event.remaining:
                    raise StateDiverged(f"Event {event.sequence} leaves other lots than settlement counted.")
            case EventKind.CANCELLED:
                self._state.live.pop(event.order_id, None)
            case _:
                pass

    def _fill(self, event: Event) -> Iterator[FilledBatch]:
        taker, maker = self._order(event.order_id), self._order(event.counter_order_id)
        taker.remaining -= event.quantity
        maker.remaining -= event.quantity
        rates = self._rates(taker, maker)
        self._check(event, taker, maker, rates)
        for order in (taker, maker):
            self._state.fees.traded(order.account, event.timestamp_us, self._notional(event))
        while self._state.history.is_told(event.command_sequence):
            yield self._close_settled()
        if self._state.history:
            if self._state.history.accept(event, maker.authorization.signature, taker.authorization.signature):
                self._take(event, taker, maker, (rates[taker.order_id], rates[maker.order_id]))
        elif event.sequence > self._state.batched_event:
            while self._full() or not self._fits(taker, maker, rates):
                yield self._close(event.command_sequence - 1)
            self._take(event, taker, maker, (rates[taker.order_id], rates[maker.order_id]))
        for order in (taker, maker):
            if order.remaining == 0:
                del self._state.live[order.order_id]

    def _order(self, order_id: int) -> BookOrder:
        order = self._state.live.get(order_id)
        if order is None:
            raise StateDiverged(f"Order {order_id} fills and is not in the book that settlement keeps.")
        return order

    def _rates(self, taker: BookOrder, maker: BookOrder) -> dict[int, Rates]:
        """The (maker, taker) rates of both orders in this fill; a rebate is never more than this taker pays."""
        taker_rates, (rebate_ppm, maker_taker_ppm) = self._capped(taker), self._capped(maker)
        maker_rates = (max(rebate_ppm, -taker_rates[1]), maker_taker_ppm)
        return {taker.order_id: taker_rates, maker.order_id: maker_rates}

    def _notional(self, fill: Event) -> int:
        return fill.price * fill.quantity * self._state.quote_units_per_tick_lot[fill.market]

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
        if len(state.open_entries) + 2 <= min(FEE_CLASSES_MAX, SECTIONS_MAX):
            return True
        orders = state.open_orders | {order.order_id: order for order in (taker, maker)}
        entries = state.open_entries.union(rates.items())
        classes = {_fee_class(orders[order_id], pair) for order_id, pair in entries}
        markets = {order.market for order in orders.values()}
        return len(classes) <= FEE_CLASSES_MAX and len(markets) <= SECTIONS_MAX

    def _full(self) -> bool:
        gas = len(self._state.open_entries) * ORDER_GAS + (len(self._state.open_fills) + 1) * FILL_GAS
        return len(self._state.open_fills) >= self._limits.max_fills or gas + 2 * ORDER_GAS > self._limits.max_gas

    def _take(self, event: Event, taker: BookOrder, maker: BookOrder, rates: FillRates) -> None:
        self._state.open_fills.append(event)
        self._state.open_rates.append(rates)
        for order, pair in zip((taker, maker), rates, strict=True):
            self._state.open_orders[order.order_id] = order
            self._state.open_entries.add((order.order_id, pair))

    def _close(self, through_sequence: int) -> FilledBatch:
        """Closes the open batch; fills of a later command stay open.

        Unless there are no others: then that command has more than a batch can hold, and is split.
        """
        state = self._state
        fills, orders, rates = state.open_fills, state.open_orders, state.open_rates
        whole = [fill for fill in fills if fill.command_sequence <= through_sequence] or fills
        self._reopen(whole, orders, rates[: len(whole)])
        batch = FilledBatch(
            tuple(whole), state.open_orders, tuple(state.open_rates), through_sequence, state.segment.root()
        )
        state.batched_event = whole[-1].sequence
        state.through_sequence = through_sequence
        state.segment.clear()
        self._reopen(fills[len(whole) :], orders, rates[len(whole) :])
        return batch

    def _close_settled(self) -> FilledBatch:
        """Closes the batch that the chain holds already."""
        state = self._state
        settled, dropped = state.history.pop()
        batch = FilledBatch(
            tuple(state.open_fills), {}, (), settled.through_sequence, settled.journal_root, settled, dropped
        )
        told = [*batch.fills, *dropped]
        state.batched_event = max([state.batched_event, *(event.sequence for event in told)])
        state.through_sequence = max(state.through_sequence, settled.through_sequence)
        state.segment.clear()
        self._reopen([], {}, [])
        return batch

    def _reopen(self, fills: Sequence[Event], orders: dict[int, BookOrder], rates: Sequence[FillRates]) -> None:
        """Makes the open batch hold exactly these fills, of these orders, each at its rates."""
        state = self._state
        state.open_fills, state.open_orders, state.open_rates, state.open_entries = [], {}, [], set()
        for fill, pairs in zip(fills, rates, strict=True):
            self._take(fill, orders[fill.order_id], orders[fill.counter_order_id], pairs)


def _book_order(accepted: Event, command: Command, attachment: Attachment) -> BookOrder:
    if not isinstance(attachment, OrderAuthorization):
        raise StateDiverged(f"Order {accepted.order_id} has no authorization in the log.")
    return BookOrder(
        accepted.order_id,
        command.account,
        command.market,
        command.side,
        command.price,
        accepted.price,
        command.quantity,
        command.quantity,
        attachment,
    )


def _fee_class(order: BookOrder, rates: Rates) -> FeeClass:
    return fee_class(*rates, order.authorization.max_fee_bps, order.authorization.flags)

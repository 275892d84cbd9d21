"""The orders that settlement has to prove: those that may still fill, and those whose last fills are on their way."""

from collections.abc import Collection, Iterable
from typing import Final

import msgspec

from offchain.chain.typed_data import Order
from offchain.core.commands import Attachment, Command, LadderAuthorization, OrderAuthorization, StatementAnswer
from offchain.core.errors import StateDiverged
from offchain.core.events import Event, EventKind
from offchain.settlement.accounts import MarketTerms

KEPT_BATCHES: Final = 16
"""Orders are kept for so many batches after the one that settled their last fills."""
Terms = tuple[int, int]
"""A fee cap in basis points, and flags: what a payload has in a table, and no more of than fit there."""


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
    ended_by: int = 0
    """The command that took it out of the book; 0 while it may fill."""

    @property
    def signed(self) -> Order:
        """What its owner signed."""
        signed = self.authorization
        return Order(
            self.market,
            self.side,
            self.price,
            self.quantity,
            signed.expiry_s,
            signed.seq,
            signed.lane,
            signed.max_fee_bps,
            signed.flags,
        )


class RenewedLadder(msgspec.Struct, frozen=True, array_like=True):
    """Orders of one owner and market, signed again together, that count from a cancel floor on.

    `orders` are each order's id and what was signed instead of it: another seq and quantity.
    """

    owner: bytes
    base: int
    floor: int
    orders: tuple[tuple[int, Order], ...]
    signature: bytes

    @property
    def market(self) -> int:
        """The market of all its orders."""
        return self.orders[0][1].market


class OrderBook(msgspec.Struct):
    """The orders by id, and the listed markets."""

    markets: dict[int, MarketTerms] = msgspec.field(default_factory=dict)
    live: dict[int, BookOrder] = msgspec.field(default_factory=dict)
    ended: dict[int, BookOrder] = msgspec.field(default_factory=dict)
    """Orders that cannot fill any more, and that may still have to be proved."""
    ladders: dict[int, LadderAuthorization] = msgspec.field(default_factory=dict)
    """The ladders that these orders were signed in, by the command that told of them."""
    renewals: dict[int, tuple[Terms, ...]] = msgspec.field(default_factory=dict)
    """The terms of orders that were signed again together, by the command that told of them."""
    renewed_by: dict[int, int] = msgspec.field(default_factory=dict)
    """The last command that signed an order again, by the order's id."""
    settled_through: list[int] = msgspec.field(default_factory=list)
    """The last commands of the newest batches that are final."""

    def of(self, order_id: int) -> BookOrder:
        """An order that may fill.

        Raises:
            StateDiverged: there is none of this id.
        """
        order = self.live.get(order_id)
        if order is None:
            raise StateDiverged(f"Order {order_id} fills and is not in the book that settlement keeps.")
        return order

    def orders_of(self, accounts: Collection[int]) -> list[BookOrder]:
        """The orders of some accounts that may still fill or still have to be settled, oldest first."""
        found = [order for order in (*self.ended.values(), *self.live.values()) if order.account in accounts]
        return sorted(found, key=lambda order: order.order_id)

    def follow(self, event: Event, command: Command, attachment: Attachment) -> None:
        """Takes in what happens to orders beside fills."""
        match event.kind:
            case EventKind.ACCEPTED:
                self.live[event.order_id] = _book_order(event, command, attachment)
            case EventKind.TRIGGERED:
                self.of(event.order_id).limit = event.price
            case EventKind.AMENDED:
                order = self.of(event.order_id)
                order.remaining -= event.quantity
                if order.remaining != event.remaining:
                    raise StateDiverged(f"Event {event.sequence} leaves other lots than settlement counted.")
            case EventKind.CANCELLED:
                self.end(event.order_id, event.command_sequence)
            case _:
                pass

    def end(self, order_id: int, command_sequence: int) -> None:
        """Takes an order out of the book. It is kept for a while: fills of it, or a renewal, may be on their way."""
        order = self.live.pop(order_id, None)
        if order is not None:
            order.ended_by = command_sequence
            self.ended[order_id] = order

    def note_settled(self, through_sequence: int) -> None:
        """Notes a batch that is final on the chain, and lets go of what ended before one some batches ago.

        Not before: what the chain left out of net groups is to be proved once more, in one of the next batches.
        """
        self.settled_through.append(through_sequence)
        if len(self.settled_through) > KEPT_BATCHES:
            self._forget(self.settled_through.pop(0))

    def _forget(self, through_sequence: int) -> None:
        self.ended = {key: order for key, order in self.ended.items() if order.ended_by > through_sequence}
        if self.ladders:
            used = {order.authorization.ladder for orders in (self.live, self.ended) for order in orders.values()}
            self.ladders = {
                key: ladder for key, ladder in self.ladders.items() if key in used or key > through_sequence
            }
        if self.renewals:
            self.renewed_by = {
                key: command for key, command in self.renewed_by.items() if key in self.live or key in self.ended
            }
            used = set(self.renewed_by.values())
            self.renewals = {key: terms for key, terms in self.renewals.items() if key in used}

    def ladder_terms(self, order: BookOrder) -> dict[int, tuple[Terms, ...]]:
        """The terms of all orders that an order was signed with, at first and last, by the command that told of it."""
        found = {
            key: tuple((row.max_fee_bps, row.flags) for row in ladder.orders)
            for key, ladder in self.ladders_of((order,)).items()
        }
        renewed = self.renewed_by.get(order.order_id)
        return found if renewed is None else found | {renewed: self.renewals[renewed]}

    def ladders_of(self, orders: Iterable[BookOrder]) -> dict[int, LadderAuthorization]:
        """The ladders that some orders were signed in.

        Raises:
            StateDiverged: one is not in the log.
        """
        wanted = {order.authorization.ladder for order in orders if order.authorization.place}
        missing = wanted - self.ladders.keys()
        if missing:
            raise StateDiverged(f"Ladders {sorted(missing)[:5]} have orders to be settled and are not in the log.")
        return {key: self.ladders[key] for key in wanted}

    def renewed(self, command_sequence: int, answer: StatementAnswer) -> list[RenewedLadder]:
        """The ladders of an answer, with all that their orders sign.

        Raises:
            StateDiverged: it renews an order that is not here.
        """
        ladders = [
            RenewedLadder(
                answer.owner,
                self.markets[ladder.market].base,
                answer.floor,
                tuple(
                    (renewed.order_id, self._renewed(renewed.order_id, renewed.seq, renewed.quantity_lots))
                    for renewed in ladder.orders
                ),
                ladder.signature,
            )
            for ladder in answer.ladders
        ]
        orders = [row for ladder in ladders for row in ladder.orders]
        if orders:
            self.renewals[command_sequence] = tuple((order.max_fee_bps, order.flags) for _, order in orders)
            self.renewed_by |= dict.fromkeys((order_id for order_id, _ in orders), command_sequence)
        return ladders

    def _renewed(self, order_id: int, seq: int, quantity_lots: int) -> Order:
        order = self.live.get(order_id) or self.ended.get(order_id)
        if order is None:
            raise StateDiverged(f"Order {order_id} is signed again and was never placed, or is settled long ago.")
        return msgspec.structs.replace(order.signed, seq=seq, quantity=quantity_lots)


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

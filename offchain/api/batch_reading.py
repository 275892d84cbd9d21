"""A batch of order entry, read: what each operation asks for, and the signature that has to prove it."""

from collections.abc import Sequence
from typing import NamedTuple

from offchain.api.signatures import Signed
from offchain.api.signed_orders import SignedOrders, replacing
from offchain.client.messages import BatchMessage, Operation, PlaceMessage
from offchain.core.errors import InvalidRequest, QuantaTradeError
from offchain.core.intents import Intent


class Prepared(NamedTuple):
    """An operation that could be read. Orders of one ladder share one `signed`."""

    position: int
    intent: Intent
    signed: Signed


def read_batch(batch: BatchMessage, orders: SignedOrders) -> tuple[list[Prepared], dict[int, QuantaTradeError]]:
    """The operations that could be read, in order, and what is wrong with the others, by their position.

    A ladder of which one order cannot be read is refused whole: no signature over it can be checked.

    Raises:
        InvalidRequest: a ladder signs no order of the batch.
    """
    prepared: list[Prepared] = []
    refused: dict[int, QuantaTradeError] = {}
    members: list[list[int]] = [[] for _ in batch.ladders]
    for position, operation in enumerate(batch.operations):
        order = _order_of(operation)
        try:
            if order is None or order.ladder is None:
                prepared.append(Prepared(position, *orders.operation(operation)))
            elif order.ladder < len(members):
                members[order.ladder].append(position)
            else:
                raise InvalidRequest(
                    f"The batch has {len(members)} ladders, counted from 0.", "Name one of them, or sign the order."
                )
        except QuantaTradeError as error:
            refused[position] = error
    for number, (positions, signature) in enumerate(zip(members, batch.ladders, strict=True)):
        if not positions:
            raise InvalidRequest(f"No order of the batch is in ladder {number}.", "Leave the ladder out.")
        try:
            prepared += _ladder(batch, positions, signature, orders)
        except QuantaTradeError as error:
            refused |= dict.fromkeys(positions, error)
    return sorted(prepared, key=lambda one: one.position), refused


def _ladder(batch: BatchMessage, positions: Sequence[int], signature: str, orders: SignedOrders) -> list[Prepared]:
    operations = [batch.operations[position] for position in positions]
    taken, signed = orders.ladder([_order_in(operation) for operation in operations], signature)
    return [
        Prepared(position, order if operation.replace is None else replacing(operation.replace, order), signed)
        for position, operation, order in zip(positions, operations, taken, strict=True)
    ]


def _order_of(operation: Operation) -> PlaceMessage | None:
    """The order of an operation that is one thing only."""
    if operation.place is not None and operation.replace is None and operation.cancel is None:
        return operation.place
    if operation.replace is not None and operation.place is None and operation.cancel is None:
        return operation.replace.order
    return None


def _order_in(operation: Operation) -> PlaceMessage:
    order = _order_of(operation)
    assert order is not None, "it is in a ladder"
    return order

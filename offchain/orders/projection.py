"""Follows the log into the tables of orders, fills and prevented matches."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec
from sqlalchemy import Table, bindparam, select, update
from sqlalchemy.orm import Session

from offchain.core.commands import ORDER_KINDS, BatchSettledFact
from offchain.core.database import Base, insert_rows
from offchain.core.events import Event, EventKind, LoggedCommand
from offchain.core.money import Market
from offchain.core.order_life import Order, OrderStatus, advance_orders, fill_of, orders_named_by
from offchain.core.prevention import prevented_of
from offchain.orders.models import FillRow, OrderRow, PreventedMatchRow

_ORDERS, _FILLS, _PREVENTED = (
    Base.metadata.tables[row.__tablename__] for row in (OrderRow, FillRow, PreventedMatchRow)
)
_IDS_PER_QUERY: Final = 1_000
_CHANGING: Final = (
    "price_ticks",
    "quantity_lots",
    "filled_lots",
    "remaining_lots",
    "prevented_lots",
    "notional_units",
    "fee_units",
    "status",
    "reason",
    "is_triggered",
    "replaced_by",
    "updated_us",
    "updated_sequence",
)
_ORDER_COLUMNS: Final = [_ORDERS.c[name] for name in Order.__struct_fields__]
_UPDATE: Final = (
    update(_ORDERS)
    .where(_ORDERS.c.order_id == bindparam("of_order_id"))
    .values({name: bindparam(name) for name in _CHANGING})
)


class OrdersProjection:
    """Orders through their whole life, their fills, and what self-trade prevention kept them from."""

    name = "orders"
    tables: Sequence[Table] = (_ORDERS, _FILLS, _PREVENTED)

    def __init__(self, markets: Mapping[int, Market]) -> None:
        self._markets = markets

    def load(self, session: Session) -> None:
        """Nothing is kept in memory."""

    def apply(self, session: Session, logged: Sequence[LoggedCommand]) -> None:
        """Write what the commands did to orders and fills."""
        placed = {one.command.sequence for one in logged if one.command.kind in ORDER_KINDS}
        named = {order_id for one in logged for event in one.events for order_id in orders_named_by(event)}
        earlier = _read(session, sorted(named - placed))
        orders = dict(earlier)
        for one in logged:
            advance_orders(one, orders, self._markets)
        insert_rows(session, _ORDERS, [msgspec.structs.asdict(orders[order_id]) for order_id in sorted(placed)])
        if earlier:
            session.execute(_UPDATE, [_changes(order) for order in earlier.values()])
        self._note_matches(session, [event for one in logged for event in one.events])
        for one in logged:
            if isinstance(one.attachment, BatchSettledFact):
                _mark_settled(session, one.attachment)

    def _note_matches(self, session: Session, events: Iterable[Event]) -> None:
        fills: list[dict[str, object]] = []
        prevented: list[dict[str, object]] = []
        unwound: list[Event] = []
        for event in events:
            if event.kind == EventKind.FILLED:
                fills.append(msgspec.structs.asdict(fill_of(event, self._markets[event.market])))
            elif event.kind == EventKind.PREVENTED:
                prevented.append(msgspec.structs.asdict(prevented_of(event)))
            elif event.kind == EventKind.UNWOUND:
                unwound.append(event)
        insert_rows(session, _FILLS, fills)
        insert_rows(session, _PREVENTED, prevented)
        for event in unwound:
            session.execute(
                update(_FILLS).where(_FILLS.c.fill_id == event.order_id).values(unwound_reason=event.reason)
            )


def _read(session: Session, order_ids: Sequence[int]) -> dict[int, Order]:
    orders: dict[int, Order] = {}
    for start in range(0, len(order_ids), _IDS_PER_QUERY):
        ids = order_ids[start : start + _IDS_PER_QUERY]
        for row in session.execute(select(*_ORDER_COLUMNS).where(_ORDERS.c.order_id.in_(ids))):
            order = Order(*row)
            order.status = OrderStatus(order.status)
            orders[order.order_id] = order
    return orders


def _changes(order: Order) -> dict[str, object]:
    changes: dict[str, object] = {name: getattr(order, name) for name in _CHANGING}
    changes["of_order_id"] = order.order_id
    return changes


def _mark_settled(session: Session, fact: BatchSettledFact) -> None:
    """A batch settles every fill up to its last command that no earlier batch carried."""
    session.execute(
        update(_FILLS)
        .where(_FILLS.c.batch_number.is_(None), _FILLS.c.command_sequence <= fact.through_sequence)
        .values(batch_number=fact.number)
    )

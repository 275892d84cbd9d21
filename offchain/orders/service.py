"""What can be asked about orders, fills and prevented matches: newest first, in pages; the next from the last id."""

from typing import Final

from sqlalchemy import ColumnElement, Engine, literal_column, select
from sqlalchemy.orm import Session

from offchain.core.database import reading_sessions
from offchain.core.order_life import AccountFill, Fill, Order, OrderStatus, side_of
from offchain.core.prevention import PreventedMatch
from offchain.orders.models import FillRow, OrderRow, PreventedMatchRow

PAGE_MAX: Final = 500
_ORDER_COLUMNS: Final = [getattr(OrderRow, name) for name in Order.__struct_fields__]
_FILL_COLUMNS: Final = [getattr(FillRow, name) for name in Fill.__struct_fields__]
_PREVENTED_COLUMNS: Final = [getattr(PreventedMatchRow, name) for name in PreventedMatch.__struct_fields__]
# A literal, because a bound parameter would keep the partial index of open orders from being used.
_IS_OPEN: Final[ColumnElement[bool]] = OrderRow.remaining_lots > literal_column("0")


class OrderService:
    """Orders and fills by every key that their owners have."""

    def __init__(self, database: Engine) -> None:
        self._sessions = reading_sessions(database)

    def order(self, account: int, order_id: int) -> Order | None:
        """The account's order of this id."""
        return self._one(OrderRow.account == account, OrderRow.order_id == order_id)

    def order_by_client_id(self, account: int, client_order_id: str) -> Order | None:
        """The account's order of this client order id."""
        return self._one(OrderRow.account == account, OrderRow.client_order_id == client_order_id)

    def open_orders(self, account: int, market: int | None = None) -> list[Order]:
        """The account's open orders, in the book or armed, of one market or all, newest first."""
        conditions = [OrderRow.account == account, _IS_OPEN]
        if market is not None:
            conditions.append(OrderRow.market == market)
        with self._sessions() as session:
            return _orders(session, *conditions)

    def history(
        self, account: int, market: int | None = None, limit: int = 100, before: int | None = None
    ) -> list[Order]:
        """The account's orders, open or not; at most `limit` (500) of them, with ids under `before`."""
        conditions = [OrderRow.account == account]
        if market is not None:
            conditions.append(OrderRow.market == market)
        if before is not None:
            conditions.append(OrderRow.order_id < before)
        with self._sessions() as session:
            return _orders(session, *conditions, limit=min(limit, PAGE_MAX))

    def fills(
        self, account: int, market: int | None = None, limit: int = 100, before: int | None = None
    ) -> list[AccountFill]:
        """The account's fills with ids under `before`; at most `limit` (500), one more if it met itself in the last."""
        limit = min(limit, PAGE_MAX)
        conditions: list[ColumnElement[bool]] = []
        if market is not None:
            conditions.append(FillRow.market == market)
        if before is not None:
            conditions.append(FillRow.fill_id < before)
        with self._sessions() as session:
            taken = _fills(session, FillRow.taker_account == account, *conditions, limit=limit + 1)
            made = _fills(session, FillRow.maker_account == account, *conditions, limit=limit + 1)
        sides = [side_of(fill, maker=False) for fill in taken] + [side_of(fill, maker=True) for fill in made]
        sides.sort(key=lambda side: side.fill_id, reverse=True)
        # Both sides of a fill with oneself belong on one page, or `before` would skip the second.
        splits_a_pair = len(sides) > limit and sides[limit].fill_id == sides[limit - 1].fill_id
        return sides[: limit + splits_a_pair]

    def prevented_matches(
        self, account: int, market: int | None = None, limit: int = 100, before: int | None = None
    ) -> list[PreventedMatch]:
        """What self-trade prevention kept from happening to the account; at most `limit` (500), ids under `before`."""
        query = select(*_PREVENTED_COLUMNS).where(PreventedMatchRow.account == account)
        if market is not None:
            query = query.where(PreventedMatchRow.market == market)
        if before is not None:
            query = query.where(PreventedMatchRow.prevented_id < before)
        with self._sessions() as session:
            rows = session.execute(query.order_by(PreventedMatchRow.prevented_id.desc()).limit(min(limit, PAGE_MAX)))
            return [PreventedMatch(*row) for row in rows]

    def _one(self, *conditions: ColumnElement[bool]) -> Order | None:
        with self._sessions() as session:
            found = _orders(session, *conditions, limit=1)
            return found[0] if found else None


def read_open_orders(session: Session) -> list[Order]:
    """Every open order, in the books or armed, in this session's view."""
    return _orders(session, _IS_OPEN)


def _orders(session: Session, *conditions: ColumnElement[bool], limit: int | None = None) -> list[Order]:
    query = select(*_ORDER_COLUMNS).where(*conditions).order_by(OrderRow.order_id.desc()).limit(limit)
    orders = [Order(*row) for row in session.execute(query)]
    for order in orders:
        order.status = OrderStatus(order.status)
    return orders


def _fills(session: Session, *conditions: ColumnElement[bool], limit: int) -> list[Fill]:
    query = select(*_FILL_COLUMNS).where(*conditions).order_by(FillRow.fill_id.desc()).limit(limit)
    return [Fill(*row) for row in session.execute(query)]

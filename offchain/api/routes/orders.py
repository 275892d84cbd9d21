"""Own orders and fills."""

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Path, Query

from offchain.api.bodies.trading import FillsBody, OrderBody, OrdersBody, PreventedMatchesBody
from offchain.api.dependencies import Before, Limit, OwnWrites, PrincipalOf, ServicesOf, for_session
from offchain.api.services import Services, market_named
from offchain.api.views import fill_body, order_body, prevented_match_body
from offchain.core.errors import NotFound
from offchain.core.order_life import Order

router = APIRouter(prefix="/api/v1", tags=["orders"])
MarketFilter = Annotated[str | None, Query(max_length=40, description="Only this market.", examples=["BTC-USDC"])]


class OrderFilter(StrEnum):
    """Which orders to list."""

    OPEN = "open"
    ALL = "all"


@router.get("/orders", **for_session("listOrders"))
def list_orders(
    *,
    principal: PrincipalOf,
    services: ServicesOf,
    _: OwnWrites,
    status: OrderFilter = OrderFilter.ALL,
    market: MarketFilter = None,
    limit: Limit = 100,
    before: Before = None,
) -> OrdersBody:
    """Own orders, newest first. `status=open` lists all that are in the book, in one page."""
    account = services.sequencer.directory.account_of(principal.owner)
    market_id = _market_id(services, market)
    if account is None:
        return OrdersBody(orders=[], next_before=None)
    if status == OrderFilter.OPEN:
        return OrdersBody(orders=_bodies(services, services.orders.open_orders(account, market_id)), next_before=None)
    orders = services.orders.history(account, market_id, limit, before)
    return OrdersBody(
        orders=_bodies(services, orders), next_before=orders[-1].order_id if len(orders) == limit else None
    )


@router.get("/orders/by-client-id/{client_order_id}", **for_session("getOrderByClientId"))
def read_order_by_client_id(
    principal: PrincipalOf, services: ServicesOf, _: OwnWrites, client_order_id: Annotated[str, Path(max_length=36)]
) -> OrderBody:
    """An own order by the id that the client gave it."""
    account = services.sequencer.directory.account_of(principal.owner)
    order = None if account is None else services.orders.order_by_client_id(account, client_order_id)
    return _body(services, order, client_order_id)


@router.get("/orders/{order_id}", **for_session("getOrder"))
def read_order(
    principal: PrincipalOf, services: ServicesOf, _: OwnWrites, order_id: Annotated[int, Path(ge=1, lt=2**63)]
) -> OrderBody:
    """An own order by its id."""
    account = services.sequencer.directory.account_of(principal.owner)
    order = None if account is None else services.orders.order(account, order_id)
    return _body(services, order, str(order_id))


@router.get("/fills", **for_session("listFills"))
def list_fills(
    *,
    principal: PrincipalOf,
    services: ServicesOf,
    _: OwnWrites,
    market: MarketFilter = None,
    limit: Limit = 100,
    before: Before = None,
) -> FillsBody:
    """Own fills, newest first, each with its way to the chain."""
    directory = services.sequencer.directory
    account = directory.account_of(principal.owner)
    market_id = _market_id(services, market)
    fills = [] if account is None else services.orders.fills(account, market_id, limit, before)
    return FillsBody(
        fills=[fill_body(fill, directory.markets[fill.market]) for fill in fills],
        next_before=fills[-1].fill_id if len(fills) >= limit else None,
    )


@router.get("/prevented-matches", **for_session("listPreventedMatches"))
def list_prevented_matches(
    *,
    principal: PrincipalOf,
    services: ServicesOf,
    _: OwnWrites,
    market: MarketFilter = None,
    limit: Limit = 100,
    before: Before = None,
) -> PreventedMatchesBody:
    """Matches that self-trade prevention kept from happening, newest first."""
    directory = services.sequencer.directory
    account = directory.account_of(principal.owner)
    market_id = _market_id(services, market)
    rows = [] if account is None else services.orders.prevented_matches(account, market_id, limit, before)
    return PreventedMatchesBody(
        prevented_matches=[prevented_match_body(row, directory.markets[row.market]) for row in rows],
        next_before=rows[-1].prevented_id if len(rows) == limit else None,
    )


def _market_id(services: Services, symbol: str | None) -> int | None:
    return None if symbol is None else market_named(services, symbol).market_id


def _bodies(services: Services, orders: list[Order]) -> list[OrderBody]:
    markets = services.sequencer.directory.markets
    return [order_body(order, markets[order.market]) for order in orders]


def _body(services: Services, order: Order | None, name: str) -> OrderBody:
    if order is None:
        raise NotFound(f"The account has no order {name!r}.", "It was never taken: it may be sent again.")
    return order_body(order, services.sequencer.directory.markets[order.market])

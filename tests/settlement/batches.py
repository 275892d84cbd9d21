"""Batches for tests: any that the format can hold, by hypothesis."""

import msgspec
from hypothesis import strategies as st

from offchain.chain.typed_data import Ladder, Order
from offchain.core.commands import AuthorizationKind
from offchain.settlement.batch import (
    Authorization,
    BatchFill,
    BatchOrder,
    BatchPayload,
    Delta,
    Half,
    IsolatedStatement,
    LadderPlace,
    NetGroup,
    Role,
    UnifiedStatement,
    may_slide,
)

MARKETS = (1, 2, 700)
ASSETS = (1, 2, 3, 9)
"""All assets of all markets."""
u64 = st.integers(0, 2**64 - 1)
i64 = st.integers(-(2**63), 2**63 - 1)
i16 = st.integers(-(2**15), 2**15 - 1)
addresses = st.binary(min_size=20, max_size=20)
signatures = st.builds(
    lambda r, s, v: r + (int.from_bytes(s, "big") >> 1).to_bytes(32, "big") + bytes([v]),
    st.binary(min_size=32, max_size=32),
    st.binary(min_size=32, max_size=32),
    st.sampled_from([27, 28]),
)
by_owner = st.builds(Authorization, signatures)
by_session = st.builds(Authorization, signatures, st.just(AuthorizationKind.SESSION_KEY), addresses)
by_wallet = st.builds(Authorization, st.binary(max_size=200), st.just(AuthorizationKind.CONTRACT_WALLET), addresses)
authorizations = by_owner | by_session | by_wallet


def orders_of(market: st.SearchStrategy[int]) -> st.SearchStrategy[Order]:
    return st.builds(
        Order,
        market=market,
        side=st.integers(0, 1),
        price=u64,
        quantity=u64,
        expiry=st.integers(0, 2**40 - 1),
        seq=st.integers(0, 2**48 - 1),
        lane=st.integers(0, 2**16 - 1),
        max_fee_bps=st.integers(0, 2**16 - 1),
        flags=st.integers(0, 2**16 - 1),
    )


def sliding(order: BatchOrder, ticks: int) -> BatchOrder:
    """The order with a slide, if it may have one."""
    price = order.order.price
    if not may_slide(order.order.flags) or price == 0:
        return order
    return msgspec.structs.replace(order, slide=ticks % (2**64 - price if order.order.side else price))


single_orders = st.builds(BatchOrder, orders_of(st.sampled_from(MARKETS)), authorizations, i16, i16)


@st.composite
def laddered_orders(draw: st.DrawFn) -> list[BatchOrder]:
    """Some orders of a ladder, perhaps one of them twice at other rates."""
    market = draw(st.sampled_from(MARKETS))
    orders = tuple(draw(st.lists(orders_of(st.just(market)), min_size=1, max_size=12)))
    ladder, authorization = Ladder(draw(st.integers(0, 2**48 - 1)), orders), draw(authorizations)
    places = draw(st.lists(st.integers(0, len(orders) - 1), min_size=1, max_size=8))
    return [
        BatchOrder(orders[place], authorization, draw(i16), draw(i16), ladder=LadderPlace(ladder, place))
        for place in places
    ]


floors = st.integers(0, 2**48 - 1)


@st.composite
def unified_statements(draw: st.DrawFn) -> UnifiedStatement:
    authorization = draw(by_owner | by_session)
    assets = sorted(draw(st.sets(st.sampled_from(ASSETS), min_size=1)))
    market = draw(st.sampled_from(MARKETS)) if authorization.kind == AuthorizationKind.SESSION_KEY else 0
    return UnifiedStatement(authorization, draw(floors), tuple(Delta(asset, draw(i64)) for asset in assets), market)


isolated_statements = st.builds(IsolatedStatement, by_owner | by_session, floors, st.sampled_from(MARKETS), i64, i64)
statements = unified_statements() | isolated_statements


@st.composite
def batches(draw: st.DrawFn) -> BatchPayload:
    """Any batch. Orders are numbered as they come, not as the payload will have them."""
    orders = draw(st.lists(single_orders, max_size=8))
    for laddered in draw(st.lists(laddered_orders(), max_size=3)):
        orders += laddered
    orders = [sliding(order, draw(u64)) for order in draw(st.permutations(orders))]
    groups, fills = [], []
    if orders:
        index = st.integers(0, len(orders) - 1)
        halves = st.lists(st.builds(Half, index, st.sampled_from(Role), u64, u64), max_size=5).map(tuple)
        fees = st.lists(st.builds(Delta, st.sampled_from(ASSETS), i64), max_size=3).map(tuple)
        group = st.builds(NetGroup, st.lists(statements, max_size=4).map(tuple), halves, fees)
        groups = draw(st.lists(group, max_size=3))
        fills = draw(st.lists(st.builds(BatchFill, index, index, u64), max_size=8))
    return BatchPayload(tuple(orders), tuple(fills), tuple(groups), ASSETS if groups else ())

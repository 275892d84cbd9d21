"""Commands at a time of one's choice, for what goes by time: circuit breakers and volumes by day."""

from offchain.core.commands import Command, CommandKind
from offchain.core.events import Event, EventKind, RejectReason
from tests.matching.desk import BUY, SELL, Desk, fills

DAY_US = 86_400_000_000


def take_at(desk: Desk, timestamp_us: int, kind: int, **fields: int) -> list[Event]:
    """Send a command with this timestamp, which must be taken."""
    desk.sequence += 1
    events = desk.engine.apply(Command(desk.sequence, timestamp_us, kind, **fields))
    assert events[0].kind != EventKind.REJECTED, RejectReason(events[0].reason)
    return events


def trade_at(
    desk: Desk, timestamp_us: int, price: int, lots: int = 1, *, maker: int = 1, taker: int = 2, market: int = 1
) -> list[Event]:
    """A sell of the maker and a buy of the taker that meet at a price; the events of the buy."""
    order = {"market": market, "price": price, "quantity": lots, "taker_fee_ppm": 5_000}
    take_at(desk, timestamp_us, CommandKind.PLACE, account=maker, side=SELL, **order)
    return take_at(desk, timestamp_us, CommandKind.PLACE, account=taker, side=BUY, time_in_force=1, **order)


def traded_at(desk: Desk, timestamp_us: int, price: int, lots: int = 1) -> bool:
    """Whether such a trade came about."""
    return bool(fills(trade_at(desk, timestamp_us, price, lots)))

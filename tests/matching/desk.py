"""A desk in front of an engine: numbers commands, and opens a small exchange to test on.

Assets 1 (base) and 2, 3 (quotes); market 1 is 1/2 with lots of 1000 units and one unit a tick and lot, market 2 is 1/3.
Market 1 is listed as in logs of before a market had a unit of volume, market 2 counts `COUNTED_BY` quote units as one.
Accounts 1 to 4 have `RICH` units of each asset.
"""

from offchain.core.commands import CancelReason, Command, CommandKind, Side, TimeInForce
from offchain.core.events import Event, EventKind, RejectReason
from tests.matching.engines import AnyEngine

RICH = 10**15
LOT = 1_000
COUNTED_BY = 10_007
BUY, SELL = Side.BUY, Side.SELL
K = CommandKind


class Desk:
    def __init__(self, engine: AnyEngine, *, opened: bool = True) -> None:
        self.engine = engine
        self.sequence = 0
        if not opened:
            return
        for asset in (1, 2, 3):
            self.take(K.LIST_ASSET, asset=asset)
        for account in (1, 2, 3, 4):
            self.take(K.OPEN_ACCOUNT, account=account)
            for asset in (1, 2, 3):
                self.take(K.CHAIN_DEPOSIT, account=account, asset=asset, amount=RICH)
        terms = {"asset": 1, "amount": LOT, "counter_amount": 1, "price": 10**9, "quantity": 10**6}
        self.take(K.LIST_MARKET, market=1, counter_asset=2, **terms)
        self.take(K.LIST_MARKET, market=2, counter_asset=3, mode=1, order_id=COUNTED_BY, **terms)

    def send(self, kind: int, **fields: int) -> list[Event]:
        self.sequence += 1
        command = Command(self.sequence, 1_000 * self.sequence, kind, **fields)
        verdict = self.engine.check(command)
        events = self.engine.apply(command)
        refused = [event.reason for event in events if event.kind == EventKind.REJECTED]
        assert refused == ([verdict] if verdict else [])
        return events

    def take(self, kind: int, **fields: int) -> list[Event]:
        """Send a command that must be taken."""
        events = self.send(kind, **fields)
        assert events[0].kind != EventKind.REJECTED, RejectReason(events[0].reason)
        return events

    def refusal(self, kind: int, **fields: int) -> RejectReason:
        """Send a command that must be refused, and leave all but the event sequence as it was."""
        before = self.view()
        events = self.send(kind, **fields)
        assert [event.kind for event in events] == [EventKind.REJECTED]
        assert self.view() == before
        return RejectReason(events[0].reason)

    def view(self) -> tuple[object, ...]:
        books = [self.engine.depth(market, side, 1000) for market in (1, 2) for side in Side]
        return self.engine.balances(), books, self.engine.accounts, self.engine.assets, self.engine.last_sequence

    def place(
        self,
        account: int,
        side: int,
        price: int,
        quantity: int,
        *,
        market: int = 1,
        tif: int = TimeInForce.GTC,
        cap: int = 5_000,
        **fields: int,
    ) -> list[Event]:
        return self.take(
            K.PLACE,
            **fields,
            account=account,
            market=market,
            side=side,
            time_in_force=tif,
            price=price,
            quantity=quantity,
            taker_fee_ppm=cap,
        )

    def rest(self, account: int, side: int, price: int, quantity: int, **options: int) -> int:
        """Place an order that must rest whole; returns its id."""
        events = self.place(account, side, price, quantity, **options)
        assert [event.kind for event in events] == [EventKind.ACCEPTED]
        return events[0].order_id

    def cancel(self, account: int, order_id: int) -> Event:
        (event,) = self.take(K.CANCEL, account=account, order_id=order_id, reason=CancelReason.USER)
        return event

    def total(self, asset: int) -> int:
        """All that accounts have of an asset, available and reserved."""
        return sum(sum(row[2:]) for row in self.engine.balances() if row[1] == asset)


def fills(events: list[Event]) -> list[Event]:
    return [event for event in events if event.kind == EventKind.FILLED]

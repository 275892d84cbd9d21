"""What the reference model remembers, and what can be asked of it.

Balances are a dictionary, open orders a dictionary in the order of their arrival; what is reserved is summed up anew
each time from the orders themselves.
"""

import hashlib
from array import array
from collections import defaultdict
from dataclasses import dataclass
from typing import NamedTuple

from offchain.core.commands import Side
from offchain.core.money import UNITS_MAX, buy_reservation_units


class Market(NamedTuple):
    base: int
    quote: int
    units_per_lot: int
    units_per_tick_lot: int
    max_price: int
    max_quantity: int
    min_quantity: int
    min_notional: int

    def held_asset(self, side: int) -> int:
        return self.quote if side == Side.BUY else self.base


@dataclass
class Order:
    order_id: int
    account: int
    market: int
    side: int
    price: int
    remaining: int
    fee_cap: int


class NaiveState:
    def __init__(self) -> None:
        self.last_sequence = 0
        self.event_sequence = 0
        self.accounts = 1
        self.rates = {0: (1_500, 2_500)}
        self.listed: set[int] = set()
        self.markets: dict[int, Market] = {}
        self.available: defaultdict[tuple[int, int], int] = defaultdict(int)
        self.exiting: set[tuple[int, int]] = set()
        self.orders: dict[int, Order] = {}

    @property
    def assets(self) -> int:
        return len(self.listed)

    @property
    def open_orders(self) -> int:
        return len(self.orders)

    def balance(self, account: int, asset: int) -> tuple[int, int]:
        return self.available.get((account, asset), 0), self.reserved().get((account, asset), 0)

    def balances(self) -> list[tuple[int, int, int, int]]:
        keys = sorted({*self.available, *self.reserved()})
        return [(*key, *self.balance(*key)) for key in keys if any(self.balance(*key))]

    def order(self, order_id: int) -> tuple[int, int, int, int, int] | None:
        order = self.orders.get(order_id)
        return order and (order.account, order.market, order.side, order.price, order.remaining)

    def depth(self, market: int, side: int, limit: int) -> list[tuple[int, int, int]]:
        levels: dict[int, tuple[int, int, int]] = {}
        for order in self.book(market, side):
            _, lots, orders = levels.get(order.price, (0, 0, 0))
            levels[order.price] = (order.price, lots + order.remaining, orders + 1)
        return list(levels.values())[:limit]

    def book(self, market: int, side: int) -> list[Order]:
        """The open orders of one side, best price first, oldest first."""
        orders = [order for order in self.orders.values() if (order.market, order.side) == (market, side)]
        return sorted(orders, key=lambda order: order.price * (1 if side == Side.SELL else -1))

    def reservation(self, order: Order) -> int:
        market = self.markets[order.market]
        if order.side == Side.SELL:
            return order.remaining * market.units_per_lot
        notional = order.price * order.remaining * market.units_per_tick_lot
        return buy_reservation_units(notional, order.remaining, order.fee_cap)

    def reserved(self) -> dict[tuple[int, int], int]:
        total: defaultdict[tuple[int, int], int] = defaultdict(int)
        for order in self.orders.values():
            total[order.account, self.markets[order.market].held_asset(order.side)] += self.reservation(order)
        return total

    def rates_of(self, account: int) -> tuple[int, int]:
        return self.rates.get(account, self.rates[0])

    def fits(self, account: int, asset: int, units: int) -> bool:
        """Whether a balance can take `units`, and all that accounts own of the asset stays within 64 bits."""
        after = dict(self.available)
        after[account, asset] = after.get((account, asset), 0) + units
        gross = sum(max(held, 0) for (_, of), held in after.items() if of == asset)
        gross += sum(held for (_, of), held in self.reserved().items() if of == asset)
        return abs(after[account, asset]) <= UNITS_MAX and (units <= 0 or gross <= UNITS_MAX)

    def state_hash(self) -> bytes:
        return hashlib.sha256(array("q", self._words()).tobytes()).digest()

    def _words(self) -> list[int]:
        held = [
            (account, asset, *self.balance(account, asset), int((account, asset) in self.exiting))
            for account, asset in sorted({*self.available, *self.exiting, *self.reserved()})
        ]
        orders = [
            (market, side, order.order_id, order.account, order.price, order.remaining, order.fee_cap)
            for market in sorted(self.markets)
            for side in Side
            for order in self.book(market, side)
        ]
        sections = [
            [(account, *self.rates[account]) for account in sorted(self.rates)],
            [(asset,) for asset in sorted(self.listed)],
            [(market, *self.markets[market]) for market in sorted(self.markets)],
            [row for row in held if any(row[2:])],
            orders,
        ]
        words = [1, self.last_sequence, self.event_sequence, self.accounts]
        for rows in sections:
            words += [len(rows), *(word for row in rows for word in row)]
        return words

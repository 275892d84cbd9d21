"""What the reference model remembers, and what can be asked of it.

Balances are a dictionary of what is available; what is reserved is summed up anew each time from the open orders. These
are in one dictionary, in the order in which they came to stand where they are now: an order that a stop became is put
back at the end.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from offchain.core.commands import MarketStatus, Side
from offchain.core.money import PPM, UNITS_MAX, buy_reservation_units

DAY_US = 86_400_000_000
VOLUME_DAYS = 31


@dataclass
class Breaker:
    """Two windows of time, and the lowest and highest price of the fills in each; 0: there is none."""

    ppm: int = 0
    window_us: int = 0
    start: int = 0
    low: int = 0
    high: int = 0
    earlier_low: int = 0
    earlier_high: int = 0

    def clear(self) -> None:
        self.start = self.low = self.high = self.earlier_low = self.earlier_high = 0

    def trips(self, price: int, now: int) -> bool:
        """Whether a fill at this price moves too far; if it does not, it is taken in."""
        if self.ppm == 0:
            return False
        if self.start == 0 or now - self.start >= 2 * self.window_us:
            self.clear()
            self.start = max(now, 1)
        elif now - self.start >= self.window_us:
            self.earlier_low, self.earlier_high = self.low, self.high
            self.low = self.high = 0
            self.start += self.window_us
        seen = [one for one in (self.low, self.high, self.earlier_low, self.earlier_high) if one]
        if seen and price - min(seen) > mul_ppm(min(seen), self.ppm):
            return True
        if seen and max(seen) - price > mul_ppm(max(seen), self.ppm):
            return True
        self.low, self.high = min(self.low or price, price), max(self.high, price)
        return False


@dataclass
class Market:
    base: int
    quote: int
    units_per_lot: int
    units_per_tick_lot: int
    max_price: int
    max_quantity: int
    min_quantity: int = 1
    min_notional: int = 0
    volume_divisor: int = 1
    max_notional: int = 0
    band: int = 0
    fat_finger: int = 0
    last_price: int = 0
    status: int = MarketStatus.TRADING
    killed: int = 0
    breaker: Breaker = field(default_factory=Breaker)

    def held_asset(self, side: int) -> int:
        return self.quote if side == Side.BUY else self.base

    def notional(self, price: int, lots: int) -> int:
        return price * lots * self.units_per_tick_lot

    def reservation(self, side: int, price: int, lots: int, fee_cap: int) -> int:
        if side == Side.SELL:
            return lots * self.units_per_lot
        return buy_reservation_units(self.notional(price, lots), lots, fee_cap)

    def collared(self, side: int, price: int) -> int:
        """The price of a market order: as signed, but no further from the last price than limits let others go."""
        widths = [mul_ppm(self.last_price, ppm) for ppm in (self.band, self.fat_finger) if ppm > 0]
        if not widths or self.last_price == 0:
            return price
        if side == Side.BUY:
            return min(price, self.last_price + min(widths))
        return max(price, self.last_price - min(widths), 1)


@dataclass
class Order:
    order_id: int
    account: int
    market: int
    side: int
    price: int
    remaining: int
    fee_cap: int
    time_in_force: int = 0
    order_type: int = 0
    self_trade_prevention: int = 0
    trigger: int = 0
    budget: int = 0


@dataclass
class Account:
    own_rates: tuple[int, int] | None = None
    tier: int = 1
    counted_volume: int = 0
    maker_off: int = 0
    taker_off: int = 0
    killed: int = 0
    window_start: int = 0
    messages: int = 0
    newest_day: int = 0
    volumes: dict[int, int] = field(default_factory=dict)


class Limits(NamedTuple):
    orders: int = 0
    messages: int = 0
    window: int = 0


class Tier(NamedTuple):
    volume: int
    maker: int
    taker: int


class NaiveState:
    def __init__(self) -> None:
        self.last_sequence = 0
        self.event_sequence = 0
        self.all_killed = 0
        self.rolled_day = 0
        self.tiers = {1: Tier(0, 1_500, 2_500)}
        self.own_limits: dict[int, Limits] = {}
        self.people = [Account()]
        self.listed: set[int] = set()
        self.markets: dict[int, Market] = {}
        self.available: defaultdict[tuple[int, int], int] = defaultdict(int)
        self.exiting: set[tuple[int, int]] = set()
        self.caps: dict[tuple[int, int], int] = {}
        self.orders: dict[int, Order] = {}

    # -- questions

    @property
    def accounts(self) -> int:
        return len(self.people)

    @property
    def assets(self) -> int:
        return len(self.listed)

    @property
    def open_orders(self) -> int:
        return len(self.orders)

    def open_order_ids(self) -> npt.NDArray[np.uint64]:
        return np.array(sorted(self.orders), dtype=np.uint64)

    def order(self, order_id: int) -> tuple[int, int, int, int, int] | None:
        order = self.orders.get(order_id)
        return None if order is None else (order.account, order.market, order.side, order.price, order.remaining)

    def status(self, market: int) -> int:
        return self.markets[market].status if market in self.markets else MarketStatus.TRADING

    def last_price(self, market: int) -> int:
        return self.markets[market].last_price if market in self.markets else 0

    def volume(self, account: int) -> int:
        return self.people[account].counted_volume if account < self.accounts else 0

    def limits(self, account: int) -> Limits:
        return self.own_limits.get(account) or self.own_limits.get(0) or Limits()

    def position_cap(self, account: int, asset: int) -> int:
        return self.caps.get((account, asset), 0)

    def killed(self, account: int, market: int) -> tuple[bool, bool, bool]:
        of_market = market in self.markets and bool(self.markets[market].killed)
        return bool(self.all_killed), bool(self.people[account].killed), of_market

    def rates(self, account: int) -> tuple[int, int]:
        """The rates in force, for makers and takers: one's own, or those of one's tier less discounts."""
        if account >= self.accounts:
            return 0, 0
        person = self.people[account]
        if person.own_rates is not None:
            return person.own_rates
        tier = self.tiers[person.tier]
        return discounted(tier.maker, person.maker_off), discounted(tier.taker, person.taker_off)

    def balance(self, account: int, asset: int) -> tuple[int, int]:
        return self.available.get((account, asset), 0), self.reserved().get((account, asset), 0)

    def balances(self) -> list[tuple[int, int, int, int]]:
        reserved = self.reserved()
        rows = [(*key, self.available.get(key, 0), reserved.get(key, 0)) for key in {*self.available, *reserved}]
        return sorted(row for row in rows if any(row[2:]))

    def best_price(self, market: int, side: int) -> int:
        return next((order.price for order in self.book(market, side)), 0)

    def depth(self, market: int, side: int, limit: int) -> list[tuple[int, int, int]]:
        levels: dict[int, tuple[int, int, int]] = {}
        for order in self.book(market, side):
            _, lots, orders = levels.get(order.price, (0, 0, 0))
            levels[order.price] = (order.price, lots + order.remaining, orders + 1)
        return list(levels.values())[:limit]

    # -- what verdicts and effects ask

    def book(self, market: int, side: int) -> list[Order]:
        """The resting orders of one side, best price first, oldest first."""
        found = [one for one in self.orders.values() if one.market == market and one.side == side and not one.trigger]
        found.sort(key=lambda order: order.price if side == Side.SELL else -order.price)
        return found

    def stops(self, market: int, side: int) -> list[Order]:
        """The armed stops of one side, the one that fires first at the front."""
        found = [one for one in self.orders.values() if one.market == market and one.side == side and one.trigger]
        found.sort(key=lambda order: -order.trigger if side == Side.SELL else order.trigger)
        return found

    def orders_of(self, account: int) -> Iterable[Order]:
        return (order for order in self.orders.values() if order.account == account)

    def held(self, order: Order) -> int:
        """What an order reserves."""
        return self.markets[order.market].reservation(order.side, order.price, order.remaining, order.fee_cap)

    def reserved(self) -> dict[tuple[int, int], int]:
        total: defaultdict[tuple[int, int], int] = defaultdict(int)
        for order in self.orders.values():
            total[order.account, self.markets[order.market].held_asset(order.side)] += self.held(order)
        return total

    def fits(self, account: int, asset: int, units: int) -> bool:
        """Whether a balance can take `units`, and all that accounts own of the asset stays within 64 bits."""
        after = self.available.get((account, asset), 0) + units
        if units <= 0:
            return after >= -UNITS_MAX
        owned = sum(max(held, 0) for key, held in self.available.items() if key[1] == asset and key[0] != account)
        owned += sum(held for (_, of), held in self.reserved().items() if of == asset)
        return after <= UNITS_MAX and max(after, 0) + owned <= UNITS_MAX


def discounted(rate: int, off: int) -> int:
    return rate - mul_ppm(rate, off) if rate > 0 else rate


def mul_ppm(amount: int, ppm: int) -> int:
    return amount * ppm // PPM

"""A long random day on the desk's exchange, the same for the same seed: every kind of order, and every switch there is.

Orders stand around prices that wander. What closes a market or an account is taken back some commands later, so that
the day goes on; now and then something absurd comes.
"""

import heapq
import random
from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

from offchain.core.commands import CancelReason, Command, CommandKind, MarketStatus, OrderType, PostOnly, Side
from offchain.core.commands import SelfTradePrevention as Stp
from offchain.core.commands import TimeInForce as Tif
from tests.matching.desk import LOT, RICH

K = CommandKind
Fields = dict[str, int]
DAY_US = 86_400_000_000
ACCOUNTS = (1, 2, 3, 4)
POOR = 4
POOR_UNITS = 10**6
MARKETS = {1: (1, 2), 2: (1, 3), 3: (2, 3)}
"""Base and quote; the day lists the third itself, and no fill there is counted as volume."""
MIDDLE_AT_FIRST, MIDDLE_LEAST = 1_000, 300
OPEN_ORDERS_MOST = 120
KINDS_OF_ORDER = (
    [(OrderType.LIMIT, Tif.GTC)] * 30
    + [(OrderType.LIMIT, Tif.IOC)] * 4
    + [(OrderType.LIMIT, Tif.FOK)] * 3
    + [(OrderType.LIMIT, Tif.FOK_BUDGET)] * 2
    + [(OrderType.MARKET, tif) for tif in (Tif.IOC, Tif.IOC, Tif.FOK, Tif.FOK_BUDGET)]
    + [(OrderType.STOP_LIMIT, tif) for tif in (Tif.GTC, Tif.GTC, Tif.GTC, Tif.IOC, Tif.FOK)]
    + [(OrderType.STOP_MARKET, tif) for tif in (Tif.IOC, Tif.IOC, Tif.FOK)]
)
MODES = [Stp.NONE] * 5 + [*Stp]
ABSURD = (0, -1, 1, 2**31, 2**62, 2**63 - 1, -(2**63))


class Placed(NamedTuple):
    order_id: int
    account: int
    market: int
    side: int
    lots: int


class MarketDay:
    """An endless stream. `keep` tells it which of its orders are still open, so that it names fewer that are gone."""

    def __init__(self, seed: int, first: int) -> None:
        self.chance = random.Random(seed)
        self.sequence = first - 1
        self.now_us = DAY_US
        self.middles = dict.fromkeys(MARKETS, MIDDLE_AT_FIRST)
        self.placed: list[Placed] = []
        self.later: list[tuple[int, int, Fields]] = []
        self.opening = self.opening_moves()
        self.settings: list[Callable[[int, int], Fields]] = [
            *[self.funds] * 8,
            *[self.mass_cancel] * 2,
            self.exit,
            self.unwind,
            self.fees,
            self.tier,
            self.discounts,
            *[self.status] * 12,
            *[self.risk] * 3,
            self.breaker,
            self.kill,
            self.account_limits,
            self.position_cap,
            self.market_limits,
            self.roll,
        ]

    def opening_moves(self) -> Iterator[Fields]:
        """A third market, and an account that has to count its units."""
        base, quote = MARKETS[3]
        sizes = {"amount": 7, "counter_amount": 3, "price": 10**9, "quantity": 10**6, "mode": 1}
        yield {"kind": K.LIST_MARKET, "market": 3, "asset": base, "counter_asset": quote, **sizes}
        for asset in (1, 2, 3):
            yield {"kind": K.WITHDRAW, "account": POOR, "asset": asset, "amount": RICH - POOR_UNITS}

    def take(self, count: int) -> list[Command]:
        return [self.next() for _ in range(count)]

    def keep(self, open_orders: Collection[int]) -> None:
        self.placed = [order for order in self.placed if order.order_id in open_orders]

    def next(self) -> Command:
        self.sequence += 1
        self.pass_time()
        fields = next(self.opening, None) or self.draw()
        if self.chance.random() < 0.002:
            name = self.chance.choice(("price", "quantity", "amount", "counter_amount"))
            fields[name] = self.chance.choice(ABSURD)
        return Command(sequence=self.sequence, timestamp_us=self.now_us, **fields)

    def pass_time(self) -> None:
        draw = self.chance.random()
        self.now_us += int(2_000 * draw)
        if draw > 0.996:
            self.now_us += self.chance.randrange(DAY_US // 6)
        elif draw < 0.000_1:
            self.now_us += self.chance.choice((-DAY_US, 33 * DAY_US))
            self.now_us = max(self.now_us, 0)

    def draw(self) -> Fields:
        if self.later and self.later[0][0] <= self.sequence:
            return heapq.heappop(self.later)[2]
        draw, crowd = self.chance.random(), len(self.placed)
        account, market = self.chance.choice(ACCOUNTS), self.chance.choice((1, 1, 1, 2, 2, 3))
        if self.placed and draw < (0.25 if crowd < OPEN_ORDERS_MOST else 0.7):
            return self.cancel()
        if draw < 0.92:
            return self.order(account, market)
        return self.chance.choice(self.settings)(account, market)

    def after(self, fields: Fields) -> None:
        """Send this some commands later."""
        heapq.heappush(self.later, (self.sequence + self.chance.randint(3, 40), self.sequence, fields))

    # -- orders

    def order(self, account: int, market: int) -> Fields:
        """A new order; now and then a replacement or an amendment of one that may be there."""
        draw = self.chance.random()
        old = self.chance.choice(self.placed) if self.placed and draw < 0.16 else None
        if old and draw < 0.05:
            lots = self.chance.randint(0, old.lots)
            return {"kind": K.AMEND, "account": old.account, "order_id": old.order_id, "quantity": lots}
        side = self.chance.randint(0, 1)
        if old:
            account, market, side = old.account, old.market, old.side if draw > 0.055 else 1 - old.side
        order_type, time_in_force = self.chance.choice(KINDS_OF_ORDER)
        middle = self.wander(market)
        sign = 1 if side == Side.SELL else -1
        away = int(self.chance.expovariate(0.1)) * sign
        lots = self.chance.randint(1, 60)
        fields = {
            "kind": K.PLACE,
            "account": account,
            "market": market,
            "side": side,
            "order_type": order_type,
            "time_in_force": time_in_force,
            "self_trade_prevention": self.chance.choice(MODES),
            "price": max(1, middle + away + self.chance.randint(-3, 3)),
            "quantity": lots,
            "taker_fee_ppm": 5_000 if draw > 0.3 else self.chance.randint(2_000, 5_000),
        }
        if old:
            fields |= {"kind": K.REPLACE, "order_id": old.order_id}
        if order_type in (OrderType.STOP_LIMIT, OrderType.STOP_MARKET):
            fields["counter_amount"] = max(1, middle - sign * self.chance.randint(1, 12))
        if order_type != OrderType.LIMIT:
            fields["price"] = max(1, middle - sign * self.chance.randint(0, 40))
        elif time_in_force != Tif.GTC:
            fields["price"] = max(1, middle - sign * self.chance.randint(0, 12))
        elif draw > 0.9:
            fields["post_only"] = self.chance.choice((PostOnly.REJECT, PostOnly.SLIDE))
        if time_in_force == Tif.FOK_BUDGET:
            fields["amount"] = max(1, (middle - sign * self.chance.randint(-5, 9)) * lots * (3 if market == 3 else 1))
        if time_in_force == Tif.GTC or order_type > OrderType.MARKET:
            self.placed.append(Placed(self.sequence, account, market, side, lots))
        return fields

    def wander(self, market: int) -> int:
        moved = self.middles[market] + self.chance.choice((-2, -1, 0, 0, 1, 2))
        self.middles[market] = max(MIDDLE_LEAST, moved)
        return self.middles[market]

    def cancel(self) -> Fields:
        gone = self.placed.pop(self.chance.randrange(len(self.placed)))
        account = gone.account if self.chance.random() < 0.99 else self.chance.choice(ACCOUNTS)
        return {"kind": K.CANCEL, "account": account, "order_id": gone.order_id, "reason": CancelReason.USER}

    def mass_cancel(self, account: int, market: int) -> Fields:
        fields = {"kind": K.CANCEL_ALL, "account": account, "reason": CancelReason.USER}
        chosen: dict[str, int] = {"market": market} if self.chance.random() < 0.5 else {"asset": self.asset()}
        return fields | (chosen if self.chance.random() < 0.8 else {})

    # -- funds

    def asset(self) -> int:
        return self.chance.choice((1, 2, 3))

    def funds(self, account: int, _: int) -> Fields:
        kind = self.chance.choice((K.WITHDRAW, K.WITHDRAW, K.CHAIN_DEPOSIT, K.REVERT_WITHDRAWAL, K.CHAIN_WITHDRAWN))
        most = POOR_UNITS // 2 if account == POOR else RICH // 1_000
        return {"kind": kind, "account": account, "asset": self.asset(), "amount": self.chance.randint(1, most)}

    def exit(self, account: int, _: int) -> Fields:
        asset = self.asset()
        ends = self.chance.choice((K.CHAIN_EXIT_CANCELLED, K.CHAIN_EXIT_CANCELLED, K.CHAIN_EXITED))
        amount = self.chance.choice((0, POOR_UNITS)) if ends == K.CHAIN_EXITED else 0
        self.after({"kind": ends, "account": account, "asset": asset, "amount": amount})
        return {"kind": K.CHAIN_EXIT_REQUESTED, "account": account, "asset": asset}

    def unwind(self, account: int, market: int) -> Fields:
        fields = {"account": account, "counter_account": self.chance.choice(ACCOUNTS), "market": market}
        fields |= {"side": self.chance.randint(0, 1), "price": self.middles[market], "order_id": self.sequence}
        fields |= {"quantity": self.chance.randint(1, 20), "reason": self.chance.randint(0, 9)}
        return {"kind": K.UNWIND_FILL, **fields, "amount": 3, "counter_amount": self.chance.randint(-2, 2)}

    # -- switches, limits and fees

    def status(self, _: int, market: int) -> Fields:
        if self.chance.random() < 0.85:
            return {"kind": K.SET_MARKET_STATUS, "market": market}
        self.after({"kind": K.SET_MARKET_STATUS, "market": market})
        return {"kind": K.SET_MARKET_STATUS, "market": market, "mode": self.chance.choice(list(MarketStatus))}

    def risk(self, _: int, market: int) -> Fields:
        bands = (0, 10_000, 30_000, 100_000)
        self.after({"kind": K.SET_MARKET_RISK, "market": market, "price": self.middles[market]})
        return {
            "kind": K.SET_MARKET_RISK,
            "market": market,
            "amount": self.chance.choice(bands),
            "counter_amount": self.chance.choice(bands),
            "quantity": self.chance.choice((0, 0, 40_000)),
            "price": self.chance.choice((0, self.middles[market])),
        }

    def breaker(self, _: int, market: int) -> Fields:
        ppm, window_us = self.chance.choice(((0, 0), (0, 0), (8_000, 20_000), (15_000, 50_000), (20_000, DAY_US)))
        return {"kind": K.SET_CIRCUIT_BREAKER, "market": market, "amount": ppm, "counter_amount": window_us}

    def kill(self, account: int, market: int) -> Fields:
        whom: dict[str, int] = self.chance.choice(({"account": account}, {"market": market}, {}))
        self.after({"kind": K.SET_KILL_SWITCH, **whom})
        return {"kind": K.SET_KILL_SWITCH, "mode": 1, **whom}

    def account_limits(self, account: int, _: int) -> Fields:
        whose = {"kind": K.SET_ACCOUNT_LIMITS, "account": self.chance.choice((0, account))}
        messages, window = self.chance.choice(((0, 0), (3, 40), (20, 60)))
        self.after(whose)
        orders = self.chance.choice((0, 3, 12))
        return whose | {"quantity": orders, "amount": messages, "counter_amount": window}

    def position_cap(self, account: int, _: int) -> Fields:
        whose = {"kind": K.SET_POSITION_CAP, "account": account, "asset": self.asset()}
        self.after(whose)
        about = POOR_UNITS if account == POOR else RICH
        return whose | {"amount": about + self.chance.randint(-50, 100) * LOT}

    def market_limits(self, _: int, market: int) -> Fields:
        whose = {"kind": K.SET_MARKET_LIMITS, "market": market}
        wide = {"price": 10**9, "quantity": 10**6, "counter_amount": 1}
        self.after(whose | wide)
        narrow = {"price": self.middles[market] + 2, "quantity": 50, "counter_amount": 4, "amount": 20_000}
        return whose | self.chance.choice((wide, narrow))

    def fees(self, account: int, _: int) -> Fields:
        if self.chance.random() < 0.4:
            return {"kind": K.SET_FEES, "account": account, "mode": 1}
        rates = {"maker_fee_ppm": self.chance.randint(-500, 2_000), "taker_fee_ppm": self.chance.randint(0, 3_000)}
        return {"kind": K.SET_FEES, "account": self.chance.choice((0, account)), **rates}

    def tier(self, _: int, __: int) -> Fields:
        fields = {"kind": K.SET_FEE_TIER, "mode": self.chance.randint(2, 7)}
        if self.chance.random() < 0.2:
            return fields
        rates = {"maker_fee_ppm": self.chance.randint(-500, 1_500), "taker_fee_ppm": self.chance.randint(0, 2_500)}
        return fields | {"amount": self.chance.randint(1, 30) * 10 ** self.chance.randint(4, 8), **rates}

    def discounts(self, account: int, _: int) -> Fields:
        parts = {
            "amount": self.chance.choice((0, 100_000, 250_001)),
            "counter_amount": self.chance.choice((0, 333_333, 1_000_000)),
        }
        return {"kind": K.SET_DISCOUNTS, "account": account, **parts}

    def roll(self, _: int, __: int) -> Fields:
        return {"kind": K.ROLL_VOLUMES, "amount": self.now_us // DAY_US + self.chance.choice((0, 0, 0, 1))}


def market_day(seed: int, count: int, first: int) -> list[Command]:
    """The first `count` commands of a day, numbered from `first`."""
    return MarketDay(seed, first).take(count)

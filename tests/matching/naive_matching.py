"""What orders do in the reference model: how they match, fire, rest and leave."""

from collections.abc import Iterable
from dataclasses import replace

from offchain.core.commands import (
    CancelReason,
    Command,
    CommandKind,
    MarketStatus,
    OrderType,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
from offchain.core.events import Event, EventKind
from offchain.core.money import UNITS_MAX, fee_units
from tests.matching.naive_order_verdicts import STOPS, crosses
from tests.matching.naive_state import DAY_US, VOLUME_DAYS, Account, NaiveState, Order

E, STP = EventKind, SelfTradePrevention


def now_of(c: Command) -> int:
    """The command's time as the engine's signed word; what comes out negative counts as 0."""
    return c.timestamp_us if c.timestamp_us < 2**63 else 0


class Matching(NaiveState):
    def emit(self, c: Command, kind: EventKind, **fields: int) -> Event:
        self.event_sequence += 1
        names = [value if isinstance(value, int) and 0 <= value < 2**64 else 0 for value in c[:2]]
        blank = dict.fromkeys(Event._fields, 0) | fields
        return Event(**blank)._replace(
            sequence=self.event_sequence, command_sequence=names[0], timestamp_us=names[1], kind=kind
        )

    def emit_of(self, c: Command, kind: EventKind, order: Order, **fields: int) -> Event:
        """An event of one order and the asset that it reserves."""
        asset = self.markets[order.market].held_asset(order.side)
        names = {"order_id": order.order_id, "account": order.account, "market": order.market, "side": order.side}
        return self.emit(c, kind, **names, price=order.price, asset=asset, **fields)

    # -- an order's life

    def take_in(self, c: Command, order: Order) -> list[Event]:
        """Reserve for a new order that was found good, and let it match or arm it; then stops may fire."""
        events = []
        if c.kind == CommandKind.REPLACE:
            events.append(self.close(c, self.orders[c.order_id], CancelReason.REPLACED))
        self.count_message(c)
        need = self.held(order)
        self.available[order.account, self.markets[order.market].held_asset(order.side)] -= need
        lots = {"quantity": order.remaining, "remaining": order.remaining}
        events.append(self.emit_of(c, E.ACCEPTED, order, time_in_force=order.time_in_force, **lots, amount=need))
        if order.order_type in STOPS:
            self.orders[order.order_id] = order
            return events
        events += self.match(c, order)
        while stop := self.firing(order.market, [one.price for one in events if one.kind == E.FILLED]):
            events += self.fire(c, stop)
        return events

    def count_message(self, c: Command) -> None:
        limits, person = self.limits(c.account), self.people[c.account]
        if limits.messages > 0:
            if c.sequence - person.window_start >= limits.window:
                person.window_start, person.messages = c.sequence, 0
            person.messages += 1

    def firing(self, market: int, filled_at: list[int]) -> Order | None:
        """The stop that fires next, after fills at these prices."""
        if not filled_at or self.markets[market].status != MarketStatus.TRADING:
            return None
        buys = [stop for stop in self.stops(market, Side.BUY) if stop.trigger <= max(filled_at)]
        sells = [stop for stop in self.stops(market, Side.SELL) if stop.trigger >= min(filled_at)]
        return next(iter(buys + sells), None)

    def fire(self, c: Command, stop: Order) -> list[Event]:
        del self.orders[stop.order_id]
        held = self.held(stop)
        market = self.markets[stop.market]
        if stop.order_type == OrderType.STOP_MARKET:
            stop.price = market.collared(stop.side, stop.price)
        released = held - self.held(stop)
        self.available[stop.account, market.held_asset(stop.side)] += released
        lots = {"quantity": stop.remaining, "remaining": stop.remaining}
        triggered = self.emit_of(c, E.TRIGGERED, stop, time_in_force=stop.time_in_force, **lots, amount=released)
        stop.trigger = 0
        return [triggered, *self.match(c, stop)]

    def match(self, c: Command, order: Order) -> list[Event]:
        """Fill an order as far as it goes; what is left rests or is cancelled."""
        if order.time_in_force in (TimeInForce.FOK, TimeInForce.FOK_BUDGET) and not self.can_fill_whole(c, order):
            return [self.close(c, order, CancelReason.FOK_KILLED)]
        events: list[Event] = []
        for maker in self.book(order.market, 1 - order.side):
            if order.remaining == 0 or not crosses(order.side, order.price, maker.price):
                break
            if maker.account == order.account and order.self_trade_prevention != STP.NONE:
                met, ended = self.prevent(c, order, maker)
                events += met
                if ended:
                    return events
            elif self.markets[order.market].breaker.trips(maker.price, now_of(c)):
                return [*events, *self.halt(c, order, maker.price)]
            else:
                events.append(self.fill(c, order, maker))
        if order.remaining and order.time_in_force == TimeInForce.GTC:
            self.orders[order.order_id] = order
        elif order.remaining:
            events.append(self.close(c, order, CancelReason.IOC_REMAINDER))
        return events

    def can_fill_whole(self, c: Command, order: Order) -> bool:
        """Whether a fill-or-kill order would be filled whole now, and within its budget. Nothing changes."""
        market, wanted, worth = self.markets[order.market], order.remaining, 0
        breaker = replace(market.breaker)
        for maker in self.book(order.market, 1 - order.side):
            if wanted == 0 or not crosses(order.side, order.price, maker.price):
                break
            if maker.account == order.account and order.self_trade_prevention != STP.NONE:
                if order.self_trade_prevention == STP.CANCEL_RESTING:
                    continue
                return False
            if breaker.trips(maker.price, now_of(c)):
                return False
            lots = min(wanted, maker.remaining)
            wanted -= lots
            worth += market.notional(maker.price, lots)
        if order.time_in_force == TimeInForce.FOK_BUDGET:
            within = worth <= order.budget if order.side == Side.BUY else worth >= order.budget
            return wanted == 0 and within
        return wanted == 0

    def halt(self, c: Command, order: Order, price: int) -> list[Event]:
        """The circuit breaker trips on a fill at this price: nothing trades here any more."""
        market = self.markets[order.market]
        market.status = MarketStatus.HALT
        market.breaker.clear()
        changed = self.emit(c, E.STATUS_CHANGED, market=order.market, reason=MarketStatus.HALT, price=price)
        return [changed, self.close(c, order, CancelReason.HALTED)]

    # -- orders of one account that meet

    def prevent(self, c: Command, order: Order, maker: Order) -> tuple[list[Event], bool]:
        """What comes of it, and whether the incoming order ends here."""
        mode = order.self_trade_prevention
        lots = min(order.remaining, maker.remaining)
        prevented = self.emit(
            c,
            E.PREVENTED,
            order_id=order.order_id,
            account=order.account,
            counter_order_id=maker.order_id,
            counter_account=maker.account,
            market=order.market,
            side=order.side,
            price=maker.price,
            quantity=lots,
            remaining=order.remaining,
            counter_remaining=maker.remaining,
            reason=mode,
        )
        if mode == STP.DECREMENT_AND_CANCEL:
            shrunk = [self.shrink(c, one, lots, CancelReason.SELF_TRADE) for one in (maker, order)]
            return [prevented, *shrunk], order.remaining == 0
        going = {STP.CANCEL_RESTING: [maker], STP.CANCEL_INCOMING: [order], STP.CANCEL_BOTH: [maker, order]}[STP(mode)]
        closed = [self.close(c, one, CancelReason.SELF_TRADE) for one in going]
        return [prevented, *closed], order in going

    def shrink(self, c: Command, order: Order, lots: int, reason: int) -> Event:
        """Take lots away from an order that keeps its place; one without any left is closed."""
        if lots == order.remaining:
            closed = self.close(c, order, reason)
            order.remaining = 0
            return closed
        before = self.held(order)
        order.remaining -= lots
        released = before - self.held(order)
        self.available[order.account, self.markets[order.market].held_asset(order.side)] += released
        return self.emit_of(
            c, E.AMENDED, order, quantity=lots, remaining=order.remaining, amount=released, reason=reason
        )

    # -- fills

    def fill(self, c: Command, taker: Order, maker: Order) -> Event:
        market = self.markets[taker.market]
        market.last_price = maker.price
        lots = min(taker.remaining, maker.remaining)
        notional = market.notional(maker.price, lots)
        taker_rate = min(self.rates(taker.account)[1], taker.fee_cap)
        maker_rate = max(min(self.rates(maker.account)[0], maker.fee_cap), -taker_rate)
        fee, maker_fee = fee_units(notional, taker_rate), fee_units(notional, maker_rate)
        self.available[0, market.quote] += fee + maker_fee
        released, maker_released = self.pay(taker, lots, notional, fee), self.pay(maker, lots, notional, maker_fee)
        volume = notional // market.volume_divisor if market.volume_divisor else 0
        for account in (taker.account, maker.account) if volume else ():
            add_volume(self.people[account], now_of(c) // DAY_US, volume)
        if maker.remaining == 0:
            del self.orders[maker.order_id]
        return self.emit(
            c,
            E.FILLED,
            order_id=taker.order_id,
            account=taker.account,
            side=taker.side,
            remaining=taker.remaining,
            fee=fee,
            amount=released,
            counter_order_id=maker.order_id,
            counter_account=maker.account,
            counter_remaining=maker.remaining,
            counter_fee=maker_fee,
            counter_amount=maker_released,
            market=taker.market,
            price=maker.price,
            quantity=lots,
            asset=market.quote,
        )

    def pay(self, order: Order, lots: int, notional: int, fee: int) -> int:
        """Move one side's funds; returns what of its reservation is left over and becomes available."""
        market, before = self.markets[order.market], self.held(order)
        order.remaining -= lots
        freed = before - self.held(order)
        if order.side == Side.SELL:
            self.available[order.account, market.quote] += notional - fee
            return 0
        self.available[order.account, market.quote] += freed - notional - fee
        self.available[order.account, market.base] += lots * market.units_per_lot
        return freed - notional - fee

    # -- orders that leave

    def close(self, c: Command, order: Order, reason: int) -> Event:
        """Cancel what is left of an order, resting or not."""
        held = self.held(order)
        self.available[order.account, self.markets[order.market].held_asset(order.side)] += held
        self.orders.pop(order.order_id, None)
        return self.emit_of(c, E.CANCELLED, order, quantity=order.remaining, reason=reason, amount=held)

    def close_all(self, c: Command, orders: Iterable[Order], reason: int) -> list[Event]:
        return [self.close(c, order, reason) for order in sorted(orders, key=lambda order: order.order_id)]


def add_volume(person: Account, day: int, volume: int) -> None:
    """Count a fill on its day, unless that is too long ago; older days than are kept from then on are forgotten."""
    person.newest_day = max(person.newest_day, day)
    oldest = person.newest_day - VOLUME_DAYS + 1
    if day >= oldest:
        person.volumes[day] = min(person.volumes.get(day, 0) + volume, UNITS_MAX)
    person.volumes = {one: counted for one, counted in person.volumes.items() if one >= oldest}

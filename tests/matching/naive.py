"""The reference model: what the engine does, in plain Python, as simply as it can be said. Slow, to be read."""

import struct

from offchain.core.commands import CancelReason, Command, CommandKind, Side, TimeInForce
from offchain.core.events import Event, EventKind, RejectReason
from offchain.core.money import NOTIONAL_MAX_UNITS, UNITS_MAX, fee_units
from tests.matching.naive_state import Market, NaiveState, Order

K, R = CommandKind, RejectReason
FEE_CAP_MAX_PPM = 5_000


class NaiveEngine(NaiveState):
    # -- verdicts

    def check(self, c: Command) -> RejectReason:
        try:
            c.pack()
        except struct.error:
            return R.MALFORMED
        if not self.last_sequence < c.sequence < 2**63:
            return R.BAD_SEQUENCE
        if c.kind not in set(K):
            return R.UNKNOWN_COMMAND
        return self._verdict(c)

    def _verdict(self, c: Command) -> RejectReason:
        match c.kind:
            case K.OPEN_ACCOUNT:
                return self._check_opening(c)
            case K.LIST_ASSET:
                return self._check_asset(c)
            case K.LIST_MARKET:
                return self._check_market(c)
            case K.SET_MARKET_LIMITS:
                return self._check_limits(c)
            case K.SET_FEES:
                return self._check_fees(c)
            case K.PLACE:
                return self._check_place(c)
            case K.CANCEL | K.CANCEL_ALL:
                return self._check_cancel(c)
            case K.UNWIND_FILL:
                return self._check_unwind(c)
            case K.CHAIN_BATCH_SETTLED:
                return R.NONE
            case _:
                return self._check_funds(c)

    def _check_opening(self, c: Command) -> RejectReason:
        if c.account < self.accounts:
            return R.ALREADY_LISTED
        return R.NONE if c.account == self.accounts else R.UNKNOWN_ACCOUNT

    def _check_asset(self, c: Command) -> RejectReason:
        if c.asset in self.listed:
            return R.ALREADY_LISTED
        return R.NONE if 0 < c.asset < 2**16 else R.UNKNOWN_ASSET

    def _check_market(self, c: Command) -> RejectReason:
        if c.market in self.markets:
            return R.ALREADY_LISTED
        if not {c.asset, c.counter_asset} <= self.listed:
            return R.UNKNOWN_ASSET
        if c.asset == c.counter_asset or not 0 < c.market < 2**16:
            return R.BAD_MARKET
        return R.NONE if within_bounds(c.price, c.quantity, c.amount, c.counter_amount) else R.BAD_MARKET

    def _check_limits(self, c: Command) -> RejectReason:
        market = self.markets.get(c.market)
        if market is None:
            return R.UNKNOWN_MARKET
        if not within_bounds(c.price, c.quantity, market.units_per_lot, market.units_per_tick_lot):
            return R.BAD_MARKET
        return R.NONE if 1 <= c.counter_amount <= c.quantity and c.amount >= 0 else R.BAD_MARKET

    def _check_fees(self, c: Command) -> RejectReason:
        if c.account >= self.accounts:
            return R.UNKNOWN_ACCOUNT
        sound = abs(c.maker_fee_ppm) <= FEE_CAP_MAX_PPM and 0 <= c.taker_fee_ppm <= FEE_CAP_MAX_PPM
        return R.NONE if sound else R.BAD_FEE

    def _check_place(self, c: Command) -> RejectReason:
        if not 0 < c.account < self.accounts:
            return R.UNKNOWN_ACCOUNT
        market = self.markets.get(c.market)
        if market is None:
            return R.UNKNOWN_MARKET
        if c.side > Side.SELL:
            return R.BAD_SIDE
        if c.time_in_force > TimeInForce.IOC:
            return R.BAD_TIME_IN_FORCE
        if not 0 < c.price <= market.max_price:
            return R.BAD_PRICE
        if not market.min_quantity <= c.quantity <= market.max_quantity:
            return R.BAD_QUANTITY
        if c.price * c.quantity * market.units_per_tick_lot < market.min_notional:
            return R.NOTIONAL_TOO_SMALL
        if not 0 <= c.taker_fee_ppm <= FEE_CAP_MAX_PPM:
            return R.BAD_FEE
        if c.taker_fee_ppm < max(self.rates_of(c.account)):
            return R.FEE_CAP_TOO_LOW
        if self.exiting & {(c.account, market.base), (c.account, market.quote)}:
            return R.ACCOUNT_EXITING
        available = self.available.get((c.account, market.held_asset(c.side)), 0)
        return R.NONE if self.reservation(order_of(c)) <= available else R.INSUFFICIENT_BALANCE

    def _check_cancel(self, c: Command) -> RejectReason:
        if c.account >= self.accounts:
            return R.UNKNOWN_ACCOUNT
        if c.reason not in set(CancelReason):
            return R.MALFORMED
        if c.kind == K.CANCEL_ALL:
            return R.NONE if c.asset in {0, *self.listed} else R.UNKNOWN_ASSET
        if c.order_id not in self.orders:
            return R.UNKNOWN_ORDER
        return R.NONE if self.orders[c.order_id].account == c.account else R.NOT_OWNER

    def _check_unwind(self, c: Command) -> RejectReason:
        market = self.markets.get(c.market)
        if market is None:
            return R.UNKNOWN_MARKET
        if c.side > Side.SELL:
            return R.BAD_SIDE
        if not (0 < c.account < self.accounts and 0 < c.counter_account < self.accounts):
            return R.UNKNOWN_ACCOUNT
        if c.price <= 0:
            return R.BAD_PRICE
        if not within_bounds(c.price, c.quantity, market.units_per_lot, market.units_per_tick_lot):
            return R.BAD_QUANTITY
        most = c.price * c.quantity * market.units_per_tick_lot // 100 + 1
        if max(abs(c.amount), abs(c.counter_amount)) > most:
            return R.BAD_FEE
        kept = self.available.copy()
        possible = self._unwind(c)
        self.available = kept
        return R.NONE if possible else R.OVERFLOW

    def _check_funds(self, c: Command) -> RejectReason:
        if c.account >= self.accounts:
            return R.UNKNOWN_ACCOUNT
        if c.asset not in self.listed:
            return R.UNKNOWN_ASSET
        if c.kind == K.CHAIN_EXITED:
            if c.amount < 0:
                return R.BAD_AMOUNT
            return R.NONE if self.fits(c.account, c.asset, -c.amount) else R.OVERFLOW
        if c.kind in (K.CHAIN_EXIT_REQUESTED, K.CHAIN_EXIT_CANCELLED, K.CHAIN_CANCEL_FLOOR):
            return R.NONE
        if c.amount <= 0:
            return R.BAD_AMOUNT
        if c.kind == K.WITHDRAW:
            enough = self.available.get((c.account, c.asset), 0) >= c.amount
            return R.NONE if enough else R.INSUFFICIENT_BALANCE
        if c.kind == K.CHAIN_WITHDRAWN or self.fits(c.account, c.asset, c.amount):
            return R.NONE
        return R.OVERFLOW

    # -- effects

    def apply(self, c: Command) -> list[Event]:
        reason = self.check(c)
        if reason != R.NONE:
            return [self._event(c, EventKind.REJECTED, reason=reason)]
        self.last_sequence = c.sequence
        events = getattr(self, f"_{K(c.kind).name.lower()}", lambda _: [])(c)
        return events or [self._event(c, EventKind.NOTED)]

    def _event(self, c: Command, kind: EventKind, **fields: int) -> Event:
        self.event_sequence += 1
        names = [value if isinstance(value, int) and 0 <= value < 2**64 else 0 for value in c[:2]]
        return Event(**dict.fromkeys(Event._fields, 0) | fields)._replace(
            sequence=self.event_sequence, command_sequence=names[0], timestamp_us=names[1], kind=kind
        )

    def _open_account(self, c: Command) -> None:
        self.accounts += 1

    def _list_asset(self, c: Command) -> None:
        self.listed.add(c.asset)

    def _list_market(self, c: Command) -> None:
        self.markets[c.market] = Market(
            c.asset, c.counter_asset, c.amount, c.counter_amount, c.price, c.quantity, min_quantity=1, min_notional=0
        )

    def _set_market_limits(self, c: Command) -> None:
        self.markets[c.market] = self.markets[c.market]._replace(
            max_price=c.price, max_quantity=c.quantity, min_quantity=c.counter_amount, min_notional=c.amount
        )

    def _set_fees(self, c: Command) -> None:
        self.rates[c.account] = (c.maker_fee_ppm, c.taker_fee_ppm)

    def _place(self, c: Command) -> list[Event]:
        market, order = self.markets[c.market], order_of(c)
        asset, need = market.held_asset(c.side), self.reservation(order)
        self.available[c.account, asset] -= need
        common = {"order_id": c.sequence, "account": c.account, "market": c.market, "side": c.side, "price": c.price}
        events = [
            self._event(
                c,
                EventKind.ACCEPTED,
                **common,
                time_in_force=c.time_in_force,
                quantity=c.quantity,
                remaining=c.quantity,
                asset=asset,
                amount=need,
            )
        ]
        for maker in self.book(c.market, 1 - c.side):
            crosses = maker.price <= c.price if c.side == Side.BUY else maker.price >= c.price
            if order.remaining == 0 or not crosses:
                break
            events.append(self._fill(c, order, maker))
        if order.remaining and c.time_in_force == TimeInForce.GTC:
            self.orders[c.sequence] = order
        elif order.remaining:
            events.append(self._close(c, order, CancelReason.IOC_REMAINDER))
        return events

    def _fill(self, c: Command, taker: Order, maker: Order) -> Event:
        market = self.markets[c.market]
        lots = min(taker.remaining, maker.remaining)
        notional = maker.price * lots * market.units_per_tick_lot
        taker_rate = self.rates_of(taker.account)[1]
        maker_rate = max(min(self.rates_of(maker.account)[0], maker.fee_cap), -taker_rate)
        fee, maker_fee = fee_units(notional, taker_rate), fee_units(notional, maker_rate)
        self.available[0, market.quote] += fee + maker_fee
        released = self._pay(market, taker, lots, notional, fee)
        maker_released = self._pay(market, maker, lots, notional, maker_fee)
        if maker.remaining == 0:
            del self.orders[maker.order_id]
        return self._event(
            c,
            EventKind.FILLED,
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
            market=c.market,
            price=maker.price,
            quantity=lots,
            asset=market.quote,
        )

    def _pay(self, market: Market, order: Order, lots: int, notional: int, fee: int) -> int:
        before = self.reservation(order)
        order.remaining -= lots
        freed = before - self.reservation(order)
        if order.side == Side.SELL:
            self.available[order.account, market.quote] += notional - fee
            return 0
        self.available[order.account, market.quote] += freed - notional - fee
        self.available[order.account, market.base] += lots * market.units_per_lot
        return freed - notional - fee

    def _close(self, c: Command, order: Order, reason: int) -> Event:
        asset, held = self.markets[order.market].held_asset(order.side), self.reservation(order)
        self.available[order.account, asset] += held
        self.orders.pop(order.order_id, None)
        return self._event(
            c,
            EventKind.CANCELLED,
            order_id=order.order_id,
            account=order.account,
            market=order.market,
            side=order.side,
            price=order.price,
            quantity=order.remaining,
            reason=reason,
            asset=asset,
            amount=held,
        )

    def _cancel(self, c: Command) -> list[Event]:
        return [self._close(c, self.orders[c.order_id], c.reason)]

    def _cancel_all(self, c: Command, reason: int | None = None) -> list[Event]:
        mine = [order for order in self.orders.values() if order.account == c.account]
        return [
            self._close(c, order, reason or c.reason)
            for order in mine
            if c.asset in (0, self.markets[order.market].base, self.markets[order.market].quote)
        ]

    def _move(self, c: Command, kind: EventKind, units: int) -> list[Event]:
        self.available[c.account, c.asset] += units
        return [self._event(c, kind, account=c.account, asset=c.asset, amount=c.amount)]

    def _withdraw(self, c: Command) -> list[Event]:
        return self._move(c, EventKind.DEBITED, -c.amount)

    def _chain_deposit(self, c: Command) -> list[Event]:
        return self._move(c, EventKind.CREDITED, c.amount)

    _revert_withdrawal = _chain_deposit

    def _chain_exit_requested(self, c: Command) -> list[Event]:
        self.exiting.add((c.account, c.asset))
        return self._cancel_all(c, CancelReason.EXIT)

    def _chain_exit_cancelled(self, c: Command) -> None:
        self.exiting.discard((c.account, c.asset))

    def _chain_exited(self, c: Command) -> list[Event]:
        self.exiting.discard((c.account, c.asset))
        events = self._cancel_all(c, CancelReason.EXIT)
        return events + (self._move(c, EventKind.DEBITED, -c.amount) if c.amount else [])

    def _unwind_fill(self, c: Command) -> list[Event]:
        self._unwind(c)
        return [
            self._event(
                c,
                EventKind.UNWOUND,
                market=c.market,
                price=c.price,
                quantity=c.quantity,
                asset=self.markets[c.market].quote,
                side=c.side,
                account=c.account,
                fee=c.amount,
                counter_account=c.counter_account,
                counter_fee=c.counter_amount,
                order_id=c.order_id,
                reason=c.reason,
            )
        ]

    def _unwind(self, c: Command) -> bool:
        """Move the funds of a fill back; False if a balance would not fit 64 bits on the way."""
        market = self.markets[c.market]
        base_units = c.quantity * market.units_per_lot
        notional = c.price * c.quantity * market.units_per_tick_lot
        taker, maker = (c.account, c.amount), (c.counter_account, c.counter_amount)
        (buyer, buyer_fee), (seller, seller_fee) = (taker, maker) if c.side == Side.BUY else (maker, taker)
        movements = [
            (buyer, market.base, -base_units),
            (seller, market.quote, seller_fee - notional),
            (0, market.quote, -buyer_fee - seller_fee),
            (seller, market.base, base_units),
            (buyer, market.quote, notional + buyer_fee),
        ]
        for account, asset, units in movements:
            if not self.fits(account, asset, units):
                return False
            self.available[account, asset] += units
        return True


def order_of(c: Command) -> Order:
    return Order(c.sequence, c.account, c.market, c.side, c.price, c.quantity, c.taker_fee_ppm)


def within_bounds(price: int, quantity: int, units_per_lot: int, units_per_tick_lot: int) -> bool:
    return (
        min(price, quantity, units_per_lot, units_per_tick_lot) > 0
        and price * quantity * units_per_tick_lot <= NOTIONAL_MAX_UNITS
        and quantity * units_per_lot <= UNITS_MAX
    )

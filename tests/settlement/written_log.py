"""Writes a log as the sequencer would, one named step at a time, with fills chosen by the test."""

from offchain.core.commands import (
    BatchSettledFact,
    ChainPosition,
    Command,
    CommandKind,
    MarketListing,
    OrderAuthorization,
    Side,
    SkippedFill,
    SkippedGroup,
    StatementAnswer,
    WithdrawalAuthorization,
    WithdrawnFact,
)
from offchain.core.events import Event, EventKind, LoggedCommand
from offchain.core.money import fee_units

NO_EVENT = Event(*([0] * len(Event._fields)))
MARKET, BASE, QUOTE = 3, 3, 4
QUOTE_MULTIPLIER = 2


class WrittenLog:
    """`entries` is the log so far. Every step returns the sequence of its command."""

    def __init__(self, quote_units_per_tick_lot: int = QUOTE_MULTIPLIER, now_us: int = 1_700_000_000_000_000) -> None:
        self.quote_units_per_tick_lot = quote_units_per_tick_lot
        self.entries: list[LoggedCommand] = []
        self.events = 0
        self.now_us = now_us
        self.rates: dict[int, tuple[int, int]] = {}
        self.orders: dict[int, dict[str, int]] = {}
        self.list_market(MARKET)
        self.set_fees(0, 1_500, 2_500)

    @property
    def sequence(self) -> int:
        return len(self.entries)

    def add(self, kind, events=(), attachment=None, **fields) -> int:
        sequence = len(self.entries) + 1
        self.now_us += 1_000
        written = []
        for event in events or [{"kind": EventKind.NOTED}]:
            self.events += 1
            written.append(
                NO_EVENT._replace(sequence=self.events, command_sequence=sequence, timestamp_us=self.now_us, **event)
            )
        command = Command(sequence=sequence, timestamp_us=self.now_us, kind=kind, **fields)
        self.entries.append(LoggedCommand(command, attachment, tuple(written)))
        return sequence

    def list_market(self, market: int) -> int:
        return self.add(
            CommandKind.LIST_MARKET,
            [],
            MarketListing("BASE-QUOTE"),
            market=market,
            asset=BASE,
            counter_asset=QUOTE,
            amount=1,
            counter_amount=self.quote_units_per_tick_lot,
        )

    def set_fees(self, account: int, maker_fee_ppm: int, taker_fee_ppm: int) -> int:
        self.rates[account] = (maker_fee_ppm, taker_fee_ppm)
        return self.add(CommandKind.SET_FEES, account=account, maker_fee_ppm=maker_fee_ppm, taker_fee_ppm=taker_fee_ppm)

    def place(
        self,
        account,
        side,
        price,
        quantity,
        takes=(),
        *,
        max_fee_bps=50,
        flags=0,
        limit=None,
        then=(),
        replaces=0,
        cancel=False,
        rejected=False,
        market=MARKET,
    ) -> int:
        """An order that fills, in turn, `takes`: (resting order id, quantity). Its price in force is `limit`.

        `then` are steps that its fills lead to, each (stop's order id, the price in force, what the stop takes).
        """
        sequence = len(self.entries) + 1
        self.orders[sequence] = {
            "account": account,
            "side": side,
            "price": limit or price,
            "remaining": quantity,
            "cap": max_fee_bps * 100,
            "market": market,
        }
        events = [{"kind": EventKind.CANCELLED, "order_id": replaces}] if replaces else []
        accepted = EventKind.REJECTED if rejected else EventKind.ACCEPTED
        events.append({"kind": accepted, "order_id": sequence, "price": limit or price})
        events += [self._fill(sequence, maker, lots) for maker, lots in takes]
        for stop, stop_limit, stop_takes in then:
            events.append({"kind": EventKind.TRIGGERED, "order_id": stop, "price": stop_limit})
            events += [self._fill(stop, maker, lots) for maker, lots in stop_takes]
        if cancel:
            events.append({"kind": EventKind.CANCELLED, "order_id": sequence})
        return self.add(
            CommandKind.REPLACE if replaces else CommandKind.PLACE,
            events,
            self.authorization(sequence, market, account, side, price, quantity, max_fee_bps, flags),
            order_id=replaces,
            account=account,
            side=side,
            market=market,
            price=price,
            quantity=quantity,
        )

    def amend(self, order_id: int, remaining: int) -> int:
        """Takes lots away from an order, so that this many remain."""
        taken = self.orders[order_id]["remaining"] - remaining
        self.orders[order_id]["remaining"] = remaining
        amended = {"kind": EventKind.AMENDED, "order_id": order_id, "quantity": taken, "remaining": remaining}
        return self.add(CommandKind.AMEND, [amended], order_id=order_id, quantity=remaining)

    def authorization(self, sequence, market, account, side, price, quantity, max_fee_bps, flags) -> OrderAuthorization:
        return OrderAuthorization(
            f"order-{sequence}",
            account.to_bytes(20, "big"),
            2_000_000_000,
            sequence,
            sequence % 65_535,
            max_fee_bps,
            flags,
            bytes(64) + b"\x1b",
            bytes(32),
        )

    def withdrawal_authorization(self, account, amount, nonce, deadline_s) -> WithdrawalAuthorization:
        return WithdrawalAuthorization(account.to_bytes(20, "big"), nonce, deadline_s, bytes(65))

    def cancel(self, order_id: int) -> int:
        return self.add(CommandKind.CANCEL, [{"kind": EventKind.CANCELLED, "order_id": order_id}], order_id=order_id)

    def trade(self, quantity: int = 1, taker: int = 11, maker: int = 12, market: int = MARKET) -> int:
        """A resting sell order and a buy order that takes all of it; the buy's sequence."""
        resting = self.place(maker, Side.SELL, 100, quantity, market=market)
        return self.place(taker, Side.BUY, 100, quantity, [(resting, quantity)], market=market)

    def answered(self, answer: StatementAnswer) -> int:
        account = next(row["account"] for row in self.orders.values() if self.owner(row["account"]) == answer.owner)
        return self.add(CommandKind.RENEW_AUTHORIZATION, [], answer, account=account)

    def owner(self, account: int) -> bytes:
        return account.to_bytes(20, "big")

    def settled(self, number: int, batch_hash: bytes, through_sequence: int, skipped=(), groups=()) -> int:
        fact = BatchSettledFact(
            ChainPosition(number, 0, bytes(32), bytes(32)),
            number,
            batch_hash,
            through_sequence,
            tuple(SkippedFill(*skip) for skip in skipped),
            tuple(SkippedGroup(*skip) for skip in groups),
        )
        return self.add(CommandKind.CHAIN_BATCH_SETTLED, [], fact)

    def unwound(self, fill: Event) -> int:
        event = {"kind": EventKind.UNWOUND, "order_id": fill.sequence}
        return self.add(CommandKind.UNWIND_FILL, [event], order_id=fill.sequence)

    def withdraw(self, account: int, amount: int, nonce: int, deadline_s: int = 2_000_000_000) -> int:
        return self.add(
            CommandKind.WITHDRAW,
            [{"kind": EventKind.DEBITED}],
            self.withdrawal_authorization(account, amount, nonce, deadline_s),
            account=account,
            asset=QUOTE,
            amount=amount,
        )

    def paid(self, account: int, nonce: int) -> int:
        fact = WithdrawnFact(ChainPosition(1, 0, bytes(32), bytes(32)), nonce)
        return self.add(CommandKind.CHAIN_WITHDRAWN, [], fact, account=account, asset=QUOTE)

    def fills(self) -> list[Event]:
        return [event for entry in self.entries for event in entry.events if event.kind == EventKind.FILLED]

    def _fill(self, taker_id: int, maker_id: int, quantity: int) -> dict[str, int]:
        taker, maker = self.orders[taker_id], self.orders[maker_id]
        for order in (taker, maker):
            order["remaining"] -= quantity
        notional = maker["price"] * quantity * self.quote_units_per_tick_lot
        taker_ppm = min(self.rates.get(taker["account"], self.rates[0])[1], taker["cap"])
        # As the engine has it: no rebate above what this taker pays.
        maker_ppm = max(min(self.rates.get(maker["account"], self.rates[0])[0], maker["cap"]), -taker_ppm)
        return {
            "kind": EventKind.FILLED,
            "market": taker["market"],
            "order_id": taker_id,
            "account": taker["account"],
            "side": taker["side"],
            "remaining": taker["remaining"],
            "fee": fee_units(notional, taker_ppm),
            "counter_order_id": maker_id,
            "counter_account": maker["account"],
            "counter_remaining": maker["remaining"],
            "counter_fee": fee_units(notional, maker_ppm),
            "price": maker["price"],
            "quantity": quantity,
        }

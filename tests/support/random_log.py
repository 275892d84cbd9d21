"""Random logs: accounts that do all that can be done, in a market that is disturbed now and then.

The same seed gives the same log.
"""

import random

from offchain.core.commands import (
    STOP_TYPES,
    CancelReason,
    CommandKind,
    MarketStatus,
    OrderType,
    PostOnly,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
from offchain.core.events import LoggedCommand
from tests.support.exchange_log import ASSETS, MARKETS, ExchangeLog


def random_log(seed: int, commands: int, accounts: int = 4) -> ExchangeLog:
    """A log with at least `commands` commands of every kind, by accounts that meet each other and themselves."""
    dice = random.Random(seed)
    log = ExchangeLog(accounts)
    for account in log.accounts:
        for asset in ASSETS:
            log.deposit(account, asset, dice.randrange(10**7, 10**10))
    deeds = _Deeds(log, dice)
    while len(log.logged) < commands:
        log.now_us += dice.randrange(0, 20_000_000)
        deeds.do()
    return log


class _Deeds:
    """What can happen next, by weight."""

    def __init__(self, log: ExchangeLog, dice: random.Random) -> None:
        self.log = log
        self.dice = dice
        self.withdrawals: list[LoggedCommand] = []
        self.unwound: set[int] = set()
        self.settled = 0
        self.deeds = {
            self.place: 50,
            self.place_unusual: 25,
            self.replace: 8,
            self.amend: 6,
            self.cancel: 14,
            self.cancel_all: 1,
            self.deposit: 3,
            self.withdraw: 3,
            self.end_withdrawal: 3,
            self.settle: 3,
            self.unwind: 1,
            self.set_fees: 2,
            self.exit: 1,
            self.exited: 1,
            self.calm: 10,
            self.disturb: 1,
            self.kill: 0.2,
            self.set_schedule: 1,
        }

    def do(self) -> None:
        (deed,) = self.dice.choices(list(self.deeds), list(self.deeds.values()))
        deed()

    def account(self) -> int:
        return self.dice.choice(self.log.accounts)

    def asset(self) -> int:
        return self.dice.choice(list(ASSETS))

    def place(self) -> None:
        market = self.dice.choice(list(MARKETS))
        time_in_force = self.dice.choices([TimeInForce.GTC, TimeInForce.IOC], [4, 1])[0]
        price, quantity = self.dice.randrange(95, 106), self.dice.randrange(1, 40)
        self.log.place(self.account(), market, self.dice.choice(list(Side)), price, quantity, time_in_force)

    def place_unusual(self) -> None:
        """An order with any instructions; many contradict themselves or the market, and are refused."""
        side, price = self.dice.choice(list(Side)), self.dice.randrange(95, 106)
        quantity = self.dice.randrange(1, 40)
        time_in_force = self.dice.choice(list(TimeInForce))
        order_type = self.dice.choice(list(OrderType))
        is_stop = order_type in STOP_TYPES
        self.log.place(
            self.account(),
            self.dice.choice(list(MARKETS)),
            side,
            price,
            quantity,
            time_in_force,
            order_type=order_type,
            post_only=self.dice.choice([PostOnly.NO, PostOnly.NO, PostOnly.REJECT, PostOnly.SLIDE]),
            prevention=self.dice.choice(list(SelfTradePrevention)),
            trigger=self.dice.randrange(95, 106) if is_stop else 0,
            budget=self.dice.randrange(1, 30_000) if time_in_force == TimeInForce.FOK_BUDGET else 0,
        )

    def recent(self) -> tuple[int, tuple[int, int, int, int, int]] | None:
        """The id of an order of late, and what the engine says of it, if it is open."""
        order_id = max(1, len(self.log.logged) - self.dice.randrange(0, 30))
        order = self.log.engine.order(order_id)
        return None if order is None else (order_id, order)

    def replace(self) -> None:
        found = self.recent()
        if found is not None:
            order_id, (account, market, side, price, remaining) = found
            price += self.dice.randrange(-2, 3)
            prevention = self.dice.choice(list(SelfTradePrevention))
            self.log.place(account, market, Side(side), price, remaining + 3, prevention=prevention, replaces=order_id)

    def amend(self) -> None:
        found = self.recent()
        if found is not None:
            order_id, (account, *_, remaining) = found
            self.log.amend(account, order_id, self.dice.randrange(0, remaining + 1))

    def cancel(self) -> None:
        found = self.recent()
        if found is not None:
            order_id, (account, *_) = found
            self.log.cancel(account, order_id, self.dice.choice([CancelReason.USER, CancelReason.EXPIRED]))

    def cancel_all(self) -> None:
        asset = self.dice.choice([0, *ASSETS])
        self.log.add(CommandKind.CANCEL_ALL, account=self.account(), asset=asset, reason=CancelReason.USER)

    def deposit(self) -> None:
        self.log.deposit(self.account(), self.asset(), self.dice.randrange(1, 10**9))

    def withdraw(self) -> None:
        one = self.log.withdraw(self.account(), self.asset(), self.dice.randrange(1, 10**8))
        self.withdrawals += [one] if one else []

    def end_withdrawal(self) -> None:
        if self.withdrawals:
            one = self.withdrawals.pop(self.dice.randrange(len(self.withdrawals)))
            self.log.end_withdrawal(one, paid=self.dice.random() < 0.7)

    def settle(self) -> None:
        self.settled = self.dice.randrange(self.settled, len(self.log.logged) + 1)
        self.log.settle(self.settled)

    def unwind(self) -> None:
        fills = [
            fill
            for fill in self.log.fills()
            if fill.command_sequence <= self.settled and fill.sequence not in self.unwound
        ]
        if fills:
            fill = self.dice.choice(fills)
            self.unwound.add(fill.sequence)
            self.log.unwind(fill)

    def set_fees(self) -> None:
        maker, taker = self.dice.randrange(-2_000, 3_000), self.dice.randrange(0, 5_000)
        account = self.dice.choice([0, *self.log.accounts])
        self.log.add(CommandKind.SET_FEES, account=account, maker_fee_ppm=maker, taker_fee_ppm=taker)

    def exit(self) -> None:
        account, asset = self.account(), self.asset()
        self.log.exit(CommandKind.CHAIN_EXIT_REQUESTED, account, asset)
        if self.dice.random() < 0.5:
            self.log.exit(CommandKind.CHAIN_EXIT_CANCELLED, account, asset)

    def exited(self) -> None:
        account, asset = self.account(), self.asset()
        available, _ = self.log.engine.balance(account, asset)
        self.log.exit(CommandKind.CHAIN_EXITED, account, asset, self.dice.randrange(0, max(1, available // 10)))

    def calm(self) -> None:
        for market in MARKETS:
            if self.log.engine.status(market) != MarketStatus.TRADING:
                self.log.add(CommandKind.SET_MARKET_STATUS, market=market, mode=MarketStatus.TRADING)

    def disturb(self) -> None:
        market = self.dice.choice(list(MARKETS))
        match self.dice.randrange(3):
            case 0:
                status = self.dice.choice(list(MarketStatus))
                self.log.add(CommandKind.SET_MARKET_STATUS, market=market, mode=status)
            case 1:
                band, finger = self.dice.choice([0, 60_000]), self.dice.choice([0, 40_000])
                fields = {"amount": band, "counter_amount": finger, "quantity": self.dice.choice([0, 20_000])}
                self.log.add(CommandKind.SET_MARKET_RISK, market=market, **fields)
            case _:
                move, window = self.dice.choice([(0, 0), (50_000, 120_000_000)])
                self.log.add(CommandKind.SET_CIRCUIT_BREAKER, market=market, amount=move, counter_amount=window)

    def kill(self) -> None:
        whose = self.dice.choice([{}, {"market": self.dice.choice(list(MARKETS))}, {"account": self.account()}])
        for mode in (1, 0):
            self.log.add(CommandKind.SET_KILL_SWITCH, mode=mode, **whose)

    def set_schedule(self) -> None:
        account = self.account()
        match self.dice.randrange(4):
            case 0:
                tier, maker, taker = (
                    self.dice.randrange(2, 8),
                    self.dice.randrange(0, 1_000),
                    self.dice.randrange(3_000),
                )
                volume = self.dice.randrange(1, 200_000)
                fields = {"amount": volume, "maker_fee_ppm": maker, "taker_fee_ppm": taker}
                self.log.add(CommandKind.SET_FEE_TIER, mode=tier, **fields)
            case 1:
                maker_off, taker_off = self.dice.randrange(0, 1_000_001), self.dice.randrange(0, 1_000_001)
                self.log.add(CommandKind.SET_DISCOUNTS, account=account, amount=maker_off, counter_amount=taker_off)
            case 2:
                self.log.add(CommandKind.SET_FEES, account=account, mode=1)
            case _:
                self.log.now_us += 20_000 * 1_000_000
                self.log.add(CommandKind.ROLL_VOLUMES, amount=self.log.now_us // 86_400_000_000)

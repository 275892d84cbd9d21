"""Logs of an exchange that never ran: commands through the real engine, with attachments as the intake writes them."""

from collections.abc import Iterable

from offchain.core.commands import (
    AccountOpening,
    AssetListing,
    Attachment,
    BatchSettledFact,
    CancelReason,
    ChainPosition,
    Command,
    CommandKind,
    DepositFact,
    ExitFact,
    MarketListing,
    OrderAuthorization,
    OrderInstructions,
    OrderType,
    PostOnly,
    SelfTradePrevention,
    Side,
    SkippedFill,
    TimeInForce,
    WithdrawalAuthorization,
    WithdrawnFact,
)
from offchain.core.events import Event, EventKind, LoggedCommand
from offchain.matching.engine import Engine

START_US = 1_760_000_000_000_000
ASSETS = {1: ("QTRA", 18, 10**10), 2: ("USDC", 6, 1), 3: ("BTC", 8, 1)}
MARKETS = {1: ("QTRA-USDC", 1, 2, 1_000_000, 1), 2: ("BTC-USDC", 3, 2, 1_000, 7)}
"""symbol, base, quote, base units per lot, quote units per tick and lot"""
COUNTED_BY = {1: 3, 2: 0}
"""How many quote units are one of volume; 0: fills are not counted."""


def owner_of(account: int) -> bytes:
    """The wallet of an account."""
    return account.to_bytes(20, "big")


class ExchangeLog:
    """Writes a log. Each method returns the logged command, or None if the engine would refuse it."""

    def __init__(self, accounts: int = 4) -> None:
        self.engine = Engine()
        self.logged: list[LoggedCommand] = []
        self.now_us = START_US
        self.accounts = range(1, accounts + 1)
        self._block = 0
        self._batches = 0
        for asset, (symbol, decimals, scale) in ASSETS.items():
            self.add(CommandKind.LIST_ASSET, AssetListing(symbol, bytes([asset] * 20), decimals, scale), asset=asset)
        for market in MARKETS:
            self._list_market(market)
        for account in self.accounts:
            self.add(CommandKind.OPEN_ACCOUNT, AccountOpening(owner_of(account)), account=account)

    def add(self, kind: CommandKind, attachment: Attachment = None, **fields: int) -> LoggedCommand | None:
        """Add any command."""
        command = Command(len(self.logged) + 1, self.now_us, int(kind), **fields)
        if self.engine.check(command):
            return None
        one = LoggedCommand(command, attachment, tuple(self.engine.apply(command)))
        self.logged.append(one)
        return one

    def deposit(self, account: int, asset: int, amount: int) -> LoggedCommand | None:
        """A final deposit."""
        fact = DepositFact(self._position(), owner_of(account))
        return self.add(CommandKind.CHAIN_DEPOSIT, fact, account=account, asset=asset, amount=amount)

    def place(
        self,
        account: int,
        market: int,
        side: Side,
        price: int,
        quantity: int,
        time_in_force: TimeInForce = TimeInForce.GTC,
        cap_bps: int = 50,
        *,
        order_type: OrderType = OrderType.LIMIT,
        post_only: PostOnly = PostOnly.NO,
        prevention: SelfTradePrevention = SelfTradePrevention.NONE,
        trigger: int = 0,
        budget: int = 0,
        replaces: int = 0,
    ) -> LoggedCommand | None:
        """An order, or one that takes the place of the order `replaces`."""
        sequence = len(self.logged) + 1
        instructions = OrderInstructions(time_in_force, order_type, post_only, prevention)
        authorization = OrderAuthorization(
            client_order_id=f"order-{sequence}",
            owner=owner_of(account),
            expiry_s=self.now_us // 1_000_000 + 3_600,
            seq=sequence,
            lane=sequence % 65_536,
            max_fee_bps=cap_bps,
            flags=instructions.flags,
            signature=bytes(65),
            digest=bytes(32),
        )
        return self.add(
            CommandKind.REPLACE if replaces else CommandKind.PLACE,
            authorization,
            account=account,
            market=market,
            side=side,
            price=price,
            quantity=quantity,
            taker_fee_ppm=cap_bps * 100,
            amount=budget,
            counter_amount=trigger,
            order_id=replaces,
            **instructions._asdict(),
        )

    def amend(self, account: int, order_id: int, quantity: int) -> LoggedCommand | None:
        """Less of an order from now on."""
        return self.add(CommandKind.AMEND, account=account, order_id=order_id, quantity=quantity)

    def cancel(self, account: int, order_id: int, reason: CancelReason = CancelReason.USER) -> LoggedCommand | None:
        """A cancel."""
        return self.add(CommandKind.CANCEL, account=account, order_id=order_id, reason=reason)

    def withdraw(self, account: int, asset: int, amount: int) -> LoggedCommand | None:
        """A withdrawal; its nonce is its sequence."""
        nonce = len(self.logged) + 1
        signed = WithdrawalAuthorization(owner_of(account), nonce, self.now_us // 1_000_000 + 600, bytes(65))
        return self.add(CommandKind.WITHDRAW, signed, account=account, asset=asset, amount=amount)

    def end_withdrawal(self, withdrawal: LoggedCommand, *, paid: bool) -> LoggedCommand | None:
        """The chain paid a withdrawal, or it lapsed."""
        of = withdrawal.command
        if paid:
            fact = WithdrawnFact(self._position(), of.sequence)
            return self.add(CommandKind.CHAIN_WITHDRAWN, fact, account=of.account, asset=of.asset, amount=of.amount)
        return self.add(
            CommandKind.REVERT_WITHDRAWAL,
            account=of.account,
            asset=of.asset,
            amount=of.amount,
            order_id=of.sequence,
        )

    def settle(self, through_sequence: int, skipped: Iterable[int] = ()) -> LoggedCommand | None:
        """A batch of everything up to a command."""
        self._batches += 1
        fact = BatchSettledFact(
            self._position(),
            self._batches,
            bytes(32),
            through_sequence,
            tuple(SkippedFill(fill, 3) for fill in skipped),
        )
        return self.add(CommandKind.CHAIN_BATCH_SETTLED, fact)

    def unwind(self, fill: Event, reason: int = 3) -> LoggedCommand | None:
        """A fill that the contract skipped."""
        return self.add(
            CommandKind.UNWIND_FILL,
            market=fill.market,
            side=fill.side,
            account=fill.account,
            counter_account=fill.counter_account,
            price=fill.price,
            quantity=fill.quantity,
            amount=fill.fee,
            counter_amount=fill.counter_fee,
            order_id=fill.sequence,
            reason=reason,
        )

    def exit(self, kind: CommandKind, account: int, asset: int, amount: int = 0) -> LoggedCommand | None:
        """One of the CHAIN_EXIT* facts."""
        return self.add(kind, ExitFact(self._position()), account=account, asset=asset, amount=amount)

    def fills(self) -> list[Event]:
        """Every fill so far."""
        return [event for one in self.logged for event in one.events if event.kind == EventKind.FILLED]

    def _position(self) -> ChainPosition:
        self._block += 1
        return ChainPosition(self._block, 0, bytes(32), self._block.to_bytes(32, "big"))

    def _list_market(self, market: int) -> None:
        symbol, base, quote, lot, tick_lot = MARKETS[market]
        self.add(
            CommandKind.LIST_MARKET,
            MarketListing(symbol),
            market=market,
            asset=base,
            counter_asset=quote,
            amount=lot,
            counter_amount=tick_lot,
            price=1_000_000,
            quantity=1_000_000,
            mode=1,
            order_id=COUNTED_BY[market],
        )
        self.add(
            CommandKind.SET_MARKET_LIMITS, market=market, price=900_000, quantity=800_000, counter_amount=1, amount=5
        )

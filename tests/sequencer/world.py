"""A small exchange to test with: two assets, one market, wallets with funds, and intents in one line each."""

import hashlib
import itertools
from pathlib import Path

from offchain.core.commands import (
    AssetListing,
    ChainPosition,
    Command,
    CommandKind,
    DepositFact,
    ExitFact,
    FloorFact,
    OrderAuthorization,
    OrderInstructions,
    OrderType,
    PostOnly,
    SelfTradePrevention,
    TimeInForce,
    WithdrawalAuthorization,
    WithdrawnFact,
)
from offchain.core.intents import (
    CancelOrder,
    Intent,
    ListAsset,
    ListMarket,
    PlaceOrder,
    RecordChainFact,
    RequestWithdrawal,
)
from offchain.sequencer.disk import Disk
from offchain.sequencer.group import Group
from offchain.sequencer.intake import take
from offchain.sequencer.machine import Machine
from offchain.sequencer.replay import new_machine
from offchain.sequencer.sequencer import Sequencer, SequencerOptions
from tests.sequencer.journals import iterate_commands

BASE, QUOTE, MARKET = 1, 2, 1
NOW_S = 1_700_000_000
NOW_US = NOW_S * 1_000_000
LIFETIME_S = 120
BUY, SELL = 0, 1
GTC, IOC = 0, 1
ALICE, BOB, CAROL = (bytes([letter]) * 20 for letter in b"abc")

CANCEL_INCOMING = OrderInstructions(self_trade_prevention=SelfTradePrevention.CANCEL_INCOMING).flags
INSTRUCTIONS = [
    OrderInstructions(TimeInForce.FOK, OrderType.MARKET),
    OrderInstructions(TimeInForce.FOK_BUDGET),
    OrderInstructions(post_only=PostOnly.REJECT),
    OrderInstructions(post_only=PostOnly.SLIDE),
    *(
        OrderInstructions(time_in_force, order_type, self_trade_prevention=mode)
        for mode in SelfTradePrevention
        for time_in_force, order_type in (
            (TimeInForce.GTC, OrderType.LIMIT),
            (TimeInForce.GTC, OrderType.STOP_LIMIT),
            (TimeInForce.IOC, OrderType.STOP_MARKET),
        )
    ),
]
"""Every kind of order but plain ones."""

LISTINGS: tuple[Intent, ...] = (
    ListAsset(BASE, AssetListing("QTRA", b"\x01" * 20, 18, 10**10)),
    ListAsset(QUOTE, AssetListing("USDC", b"\x02" * 20, 6, 1)),
    ListMarket(MARKET, "QTRA-USDC", BASE, QUOTE, 1_000_000, 1, 10**9, 10**9, 1, 0),
)


class Clock:
    """Microseconds since 1970 that pass only when told to."""

    def __init__(self, now_us: int = NOW_US) -> None:
        self.now_us = now_us

    def __call__(self) -> int:
        return self.now_us


def position(place: int) -> ChainPosition:
    """A position on the chain; places are ordered, ten to a block."""
    return ChainPosition(place // 10, place % 10, bytes(32), bytes(32))


def deposit(place: int, owner: bytes, asset: int = QUOTE, amount: int = 10**12) -> RecordChainFact:
    return RecordChainFact(CommandKind.CHAIN_DEPOSIT, DepositFact(position(place), owner), owner, asset, amount)


def paid(place: int, owner: bytes, nonce: int, amount: int, asset: int = QUOTE) -> RecordChainFact:
    return RecordChainFact(CommandKind.CHAIN_WITHDRAWN, WithdrawnFact(position(place), nonce), owner, asset, amount)


def floor(place: int, owner: bytes, seq: int, asset: int = BASE) -> RecordChainFact:
    return RecordChainFact(CommandKind.CHAIN_CANCEL_FLOOR, FloorFact(position(place), seq), owner, asset)


def exit_requested(place: int, owner: bytes, asset: int = QUOTE) -> RecordChainFact:
    return RecordChainFact(CommandKind.CHAIN_EXIT_REQUESTED, ExitFact(position(place), NOW_S + 86_400), owner, asset)


def order(
    owner: bytes,
    client_order_id: str,
    side: int = BUY,
    price: int = 100,
    quantity: int = 10,
    *,
    lane: int = 1,
    seq: int = 1,
    tif: int = GTC,
    expiry_s: int = NOW_S + 3_600,
    bps: int = 50,
    market: int = MARKET,
    flags: int | None = None,
    content: object = None,
    trigger: int = 0,
    budget: int = 0,
) -> PlaceOrder:
    """A signed order; its digest follows from everything that an owner signs."""
    flags = tif if flags is None else flags
    signed = (owner, market, side, price, quantity, lane, seq, expiry_s, bps, flags, content)
    digest = hashlib.sha256(repr(signed).encode()).digest()
    signature = (digest * 3)[:65]
    authorization = OrderAuthorization(client_order_id, owner, expiry_s, seq, lane, bps, flags, signature, digest)
    return PlaceOrder(market, side, price, quantity, authorization, trigger, budget)


def withdrawal(
    owner: bytes, nonce: int, amount: int, asset: int = QUOTE, deadline_s: int = NOW_S + 3_600
) -> RequestWithdrawal:
    return RequestWithdrawal(asset, amount, WithdrawalAuthorization(owner, nonce, deadline_s, b"s" * 65))


def cancel(owner: bytes, client_order_id: str) -> CancelOrder:
    return CancelOrder(owner, client_order_id)


def funding(*owners: bytes, start: int = 1) -> list[Intent]:
    """Listings, then deposits of both assets for each owner."""
    places = itertools.count(start)
    deposits = [deposit(next(places), owner, asset, 10**12) for owner in owners for asset in (BASE, QUOTE)]
    return [*LISTINGS, *deposits]


class Desk:
    """The intake without a journal: takes intents one by one."""

    def __init__(self, *owners: bytes, now_us: int = NOW_US) -> None:
        self.machine: Machine = new_machine()
        self.group = Group(self.machine, now_us, LIFETIME_S)
        for intent in funding(*owners):
            self.take(intent)

    def take(self, intent: Intent):
        return take(self.group, intent)

    @property
    def kinds(self) -> list[int]:
        return [logged.command.kind for logged in self.group.logged]


async def opened(folder: Path, clock: Clock | None = None, **options: int) -> Sequencer:
    """A started sequencer on a clock that stands still."""
    sequencer = Sequencer.open(folder, SequencerOptions(**options), clock or Clock())
    await sequencer.start()
    return sequencer


async def started(folder: Path, disk: Disk, clock: Clock | None = None, **options: int) -> Sequencer:
    """A funded sequencer on a disk that can fail."""
    sequencer = Sequencer.open(folder, SequencerOptions(**options), clock or Clock(), disk)
    await sequencer.start()
    await sequencer.submit_many(funding(ALICE, BOB))
    return sequencer


def journaled(folder: Path, from_sequence: int = 0) -> list[Command]:
    """The commands of a journal."""
    return [journaled.command for journaled in iterate_commands(folder, from_sequence)]

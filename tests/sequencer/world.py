"""A small exchange to test with: two assets, one market, wallets with funds, and intents in one line each."""

import hashlib
import itertools
from pathlib import Path

import msgspec
import pytest

from offchain.core.commands import (
    UNLIMITED,
    AssetListing,
    BatchSettledFact,
    ChainPosition,
    Command,
    CommandKind,
    DepositFact,
    ExitFact,
    FloorFact,
    LadderAuthorization,
    LadderOrder,
    OrderAuthorization,
    OrderInstructions,
    OrderType,
    PostOnly,
    RenewalLadder,
    RenewedOrder,
    SelfTradePrevention,
    SessionFact,
    SessionRevokedFact,
    StatementAnswer,
    TimeInForce,
    WithdrawalAuthorization,
    WithdrawnFact,
)
from offchain.core.errors import QuantaTradeError
from offchain.core.intents import (
    CancelOrder,
    Intent,
    ListAsset,
    ListMarket,
    PlaceOrder,
    RecordChainFact,
    RenewAuthorization,
    RequestWithdrawal,
)
from offchain.sequencer.disk import Disk
from offchain.sequencer.group import Group
from offchain.sequencer.intake import take
from offchain.sequencer.machine import Machine
from offchain.sequencer.replay import new_machine
from offchain.sequencer.sequencer import Sequencer, SequencerOptions
from offchain.sequencer.snapshot import state_hash
from tests.sequencer.journals import iterate_commands

BASE, QUOTE, MARKET = 1, 2, 1
NOW_S = 1_700_000_000
NOW_US = NOW_S * 1_000_000
LIFETIME_S = 120
BUY, SELL = 0, 1
GTC, IOC = 0, 1
ALICE, BOB, CAROL = (bytes([letter]) * 20 for letter in b"abc")
KEY, OTHER_KEY = (bytes([letter]) * 20 for letter in b"KL")
"""Addresses of session keys."""

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
    ListMarket(MARKET, "QTRA-USDC", BASE, QUOTE, 1_000_000, 1, 1, 10**9, 10**9, 1, 0),
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


def session_set(
    place: int,
    owner: bytes,
    key: bytes = KEY,
    base_limit: int = UNLIMITED,
    quote_limit: int = UNLIMITED,
    *,
    expiry_s: int = NOW_S + 7_200,
    market: int = MARKET,
) -> RecordChainFact:
    fact = SessionFact(position(place), key, base_limit, quote_limit, expiry_s)
    return RecordChainFact(CommandKind.CHAIN_SESSION_SET, fact, owner, market=market)


def session_revoked(place: int, owner: bytes, key: bytes = KEY, market: int = MARKET) -> RecordChainFact:
    fact = SessionRevokedFact(position(place), key, NOW_S + 600)
    return RecordChainFact(CommandKind.CHAIN_SESSION_REVOKED, fact, owner, market=market)


def settled(place: int, through_sequence: int) -> RecordChainFact:
    fact = BatchSettledFact(position(place), place, bytes(32), through_sequence)
    return RecordChainFact(CommandKind.CHAIN_BATCH_SETTLED, fact)


def by_key(intent: PlaceOrder, key: bytes = KEY) -> PlaceOrder:
    """The order as a session key signed it."""
    return msgspec.structs.replace(intent, session_key=key)


def in_ladder(*orders: PlaceOrder, floor: int = 0) -> list[PlaceOrder]:
    """The orders, signed together."""
    rungs = tuple(ladder_order(one) for one in orders)
    owner, market = orders[0].authorization.owner, orders[0].market
    signature = (hashlib.sha256(repr((owner, market, floor, rungs)).encode()).digest() * 3)[:65]
    ladder = LadderAuthorization(owner, market, floor, rungs, signature)
    return [
        msgspec.structs.replace(
            one,
            ladder=ladder,
            authorization=msgspec.structs.replace(one.authorization, signature=b"", place=place),
        )
        for place, one in enumerate(orders, 1)
    ]


def ladder_order(intent: PlaceOrder) -> LadderOrder:
    signed = intent.authorization
    return LadderOrder(
        intent.side,
        intent.price_ticks,
        intent.quantity_lots,
        signed.expiry_s,
        signed.seq,
        signed.lane,
        signed.max_fee_bps,
        signed.flags,
    )


def answer(
    owner: bytes, floor: int, *renewed: tuple[int, int, int], batch: int = 1, assets: tuple[int, ...] = (BASE, QUOTE)
) -> RenewAuthorization:
    """A netted statement that moves nothing, with orders signed again: id, seq and lots of each."""
    ladders = (RenewalLadder(MARKET, tuple(RenewedOrder(*one) for one in renewed), b"l" * 65),) if renewed else ()
    signature = (hashlib.sha256(repr((owner, floor, renewed, batch, assets)).encode()).digest() * 3)[:65]
    deltas = (0,) * len(assets)
    return RenewAuthorization(StatementAnswer(owner, batch, bytes(32), floor, assets, deltas, signature, (), ladders))


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

    def refusal(self, intent: Intent, kind: type[QuantaTradeError]) -> QuantaTradeError:
        """The error of this kind that an intent gets; it leaves no trace."""
        before, written = state_hash(self.machine), len(self.group.entries)
        with pytest.raises(kind) as refused:
            self.take(intent)
        assert state_hash(self.machine) == before
        assert len(self.group.entries) == written
        return refused.value

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

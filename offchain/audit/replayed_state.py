"""`quantatrade replay`: the state after any command, from the journal alone, in figures that people read.

It reads beside a running exchange, without a lock.
"""

import time
from pathlib import Path
from typing import Final

import msgspec

from offchain.core.commands import Side
from offchain.core.errors import InvalidRequest, NotFound, UnknownAccount, UnknownMarket
from offchain.core.money import Market
from offchain.sequencer.machine import Machine
from offchain.sequencer.replay import replay
from offchain.sequencer.snapshot import state_hash

_LEVELS: Final = 2**31
_ADDRESS_BYTES: Final = 20


class Level(msgspec.Struct, frozen=True):
    """A price of a book, the quantity there, and of how many orders it is."""

    price: str
    quantity: str
    orders: int


class Book(msgspec.Struct, frozen=True):
    """The book of a market, best prices first."""

    market: str
    bids: list[Level]
    asks: list[Level]


class Holding(msgspec.Struct, frozen=True):
    """What an account has of an asset."""

    asset: str
    available: str
    reserved: str


class OpenOrder(msgspec.Struct, frozen=True, rename="camel"):
    """An order in a book, or an armed stop."""

    order_id: int
    client_order_id: str
    market: str
    side: str
    price: str
    remaining: str


class Holder(msgspec.Struct, frozen=True, rename="camel"):
    """An account with all that it has."""

    address: str
    account: int
    balances: list[Holding]
    open_orders: list[OpenOrder]


class ReplayedState(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """The state after command `sequence`. Hashes are in hex: `state_hash` is of engine and registry together."""

    sequence: int
    timestamp_us: int
    state_hash: str
    engine_hash: str
    accounts: int
    assets: int
    markets: int
    orders_taken: int
    open_orders: int
    seconds: float
    commands_per_second: int
    book: Book | None = None
    account: Holder | None = None


def replayed_state(folder: Path, through: int | None, symbol: str | None, address: str | None) -> ReplayedState:
    """The state after command `through` (None: the last), with a market's book and an account if they are named.

    Raises:
        JournalCorrupt: the journal is damaged.
        StateDiverged: the engine refuses what it once took.
        NotFound: the journal has no such command.
        UnknownMarket, UnknownAccount, InvalidRequest: there was no such market or account then.
    """
    start = time.perf_counter()
    machine = replay(folder, through)
    seconds = time.perf_counter() - start
    if through is not None and machine.sequence != through:
        raise NotFound(f"The journal ends with command {machine.sequence}.", "Name that one, or one before it.")
    registry = machine.registry
    return ReplayedState(
        sequence=machine.sequence,
        timestamp_us=machine.timestamp_us,
        state_hash=state_hash(machine).hex(),
        engine_hash=machine.engine.state_hash().hex(),
        accounts=len(registry.owners),
        assets=len(registry.listings.assets),
        markets=len(registry.listings.markets),
        orders_taken=len(registry.orders),
        open_orders=machine.engine.open_orders,
        seconds=round(seconds, 3),
        commands_per_second=round(machine.sequence / seconds),
        book=None if symbol is None else _book(machine, symbol),
        account=None if address is None else _holder(machine, address),
    )


def _book(machine: Machine, symbol: str) -> Book:
    market = machine.registry.markets_by_symbol.get(symbol)
    if market is None:
        raise UnknownMarket(f"There is no market {symbol}.", "Write its symbol as the exchange does, like QTRA-USDC.")
    bids, asks = (_levels(machine, market, side) for side in Side)
    return Book(symbol, bids, asks)


def _levels(machine: Machine, market: Market, side: Side) -> list[Level]:
    return [
        Level(market.price_text(price), market.quantity_text(lots), orders)
        for price, lots, orders in machine.engine.depth(market.market_id, side, _LEVELS)
    ]


def _holder(machine: Machine, address: str) -> Holder:
    try:
        owner = bytes.fromhex(address.removeprefix("0x"))
    except ValueError:
        owner = b""
    if len(owner) != _ADDRESS_BYTES:
        raise InvalidRequest(f"{address} is not an address.", "Write 0x and 40 hexadecimal digits.")
    account = machine.registry.accounts.get(owner)
    if account is None:
        raise UnknownAccount(f"The wallet {address} had no account then.", "Name a later command with --to.")
    assets = machine.registry.listings.assets.values()
    held = [(asset, *machine.engine.balance(account, asset.asset_id)) for asset in assets]
    return Holder(
        address=f"0x{owner.hex()}",
        account=account,
        balances=[
            Holding(asset.symbol, asset.to_decimal(available), asset.to_decimal(reserved))
            for asset, available, reserved in held
            if available or reserved
        ],
        open_orders=[_open_order(machine, order_id) for order_id in sorted(machine.registry.live_of.get(account, ()))],
    )


def _open_order(machine: Machine, order_id: int) -> OpenOrder:
    found, taken = machine.engine.order(order_id), machine.registry.orders.by_id(order_id)
    if found is None or taken is None:
        raise NotFound(f"Order {order_id} is not open.", "Report it.")
    _, market_id, side, price, remaining = found
    market = machine.registry.listings.markets[market_id]
    return OpenOrder(
        order_id=order_id,
        client_order_id=taken.client_order_id,
        market=market.symbol,
        side=Side(side).name,
        price=market.price_text(price),
        remaining=market.quantity_text(remaining),
    )

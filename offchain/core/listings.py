"""Assets and markets as the log lists and changes them: in memory for readers of events, in tables for all others."""

from collections.abc import Sequence
from typing import Final

import msgspec
from sqlalchemy import Boolean, Integer, SmallInteger, String, Table, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from offchain.core.commands import AssetListing, Command, CommandKind, MarketListing, MarketStatus
from offchain.core.database import Address, Base, Int64, insert_or_update
from offchain.core.events import EventKind, LoggedCommand
from offchain.core.money import Asset, Market

LISTING_KINDS: Final = frozenset(
    {
        CommandKind.LIST_ASSET,
        CommandKind.LIST_MARKET,
        CommandKind.SET_MARKET_LIMITS,
        CommandKind.SET_MARKET_RISK,
        CommandKind.SET_CIRCUIT_BREAKER,
        CommandKind.SET_KILL_SWITCH,
    }
)
"""Commands that list something or change it. A market's status changes by event: its circuit breaker does it too."""

COUNTS_BY_ORDER_ID: Final = 1
"""The mode of LIST_MARKET in which its `order_id` says how many quote units are a unit of volume."""


class ListedAsset(Base):
    """A token of the exchange; see `Asset`."""

    __tablename__ = "assets"

    asset: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    symbol: Mapped[str] = mapped_column(String)
    token: Mapped[bytes] = mapped_column(Address)
    token_decimals: Mapped[int] = mapped_column(SmallInteger)
    unit_scale: Mapped[int] = mapped_column(Int64)


class ListedMarket(Base):
    """A market of the exchange, with what operators have set for it; see `Market`."""

    __tablename__ = "markets"

    market: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    symbol: Mapped[str] = mapped_column(String)
    base_asset: Mapped[int] = mapped_column(Integer)
    quote_asset: Mapped[int] = mapped_column(Integer)
    base_units_per_lot: Mapped[int] = mapped_column(Int64)
    quote_units_per_tick_lot: Mapped[int] = mapped_column(Int64)
    quote_units_per_volume_unit: Mapped[int] = mapped_column(Int64)
    max_price_ticks: Mapped[int] = mapped_column(Int64)
    max_quantity_lots: Mapped[int] = mapped_column(Int64)
    min_quantity_lots: Mapped[int] = mapped_column(Int64)
    min_notional_units: Mapped[int] = mapped_column(Int64)
    status: Mapped[int] = mapped_column(SmallInteger)
    is_killed: Mapped[bool] = mapped_column(Boolean)
    max_notional_units: Mapped[int] = mapped_column(Int64)
    band_ppm: Mapped[int] = mapped_column(Integer)
    fat_finger_ppm: Mapped[int] = mapped_column(Integer)
    breaker_ppm: Mapped[int] = mapped_column(Integer)
    breaker_window_us: Mapped[int] = mapped_column(Int64)


_MARKET_FIGURES: Final = (
    "base_units_per_lot",
    "quote_units_per_tick_lot",
    "quote_units_per_volume_unit",
    "max_price_ticks",
    "max_quantity_lots",
    "min_quantity_lots",
    "min_notional_units",
    "is_killed",
    "max_notional_units",
    "band_ppm",
    "fat_finger_ppm",
    "breaker_ppm",
    "breaker_window_us",
)
"""Columns that are named like the fields of `Market`, and hold the same."""


class Listings:
    """Assets and markets by id, as they are now. Noting a command again changes nothing, so a retry does no harm."""

    def __init__(self) -> None:
        self.assets: dict[int, Asset] = {}
        self.markets: dict[int, Market] = {}

    def note(self, logged: LoggedCommand) -> bool:
        """Take in a logged command; True if it listed something or changed what is listed."""
        events = logged.events
        noted = logged.command.kind in LISTING_KINDS and events[0].kind != EventKind.REJECTED and self._list(logged)
        for event in events:
            if event.kind == EventKind.STATUS_CHANGED:
                self._change(event.market, status=MarketStatus(event.reason))
                noted = True
        return noted

    def load(self, session: Session) -> None:
        """Take in what the tables hold."""
        for asset in session.scalars(select(ListedAsset)):
            self.assets[asset.asset] = Asset(
                asset.asset, asset.symbol, asset.token, asset.token_decimals, asset.unit_scale
            )
        for market in session.scalars(select(ListedMarket)):
            self.markets[market.market] = Market(
                market_id=market.market,
                symbol=market.symbol,
                base=self.assets[market.base_asset],
                quote=self.assets[market.quote_asset],
                status=MarketStatus(market.status),
                **{name: getattr(market, name) for name in _MARKET_FIGURES},
            )

    def _list(self, logged: LoggedCommand) -> bool:
        command, attachment, _ = logged
        if isinstance(attachment, AssetListing):
            self.assets[command.asset] = Asset(
                command.asset,
                attachment.symbol,
                attachment.token,
                attachment.token_decimals,
                attachment.unit_scale,
            )
        elif isinstance(attachment, MarketListing):
            self.markets[command.market] = self._market(command, attachment.symbol)
        elif command.market:
            self._change(command.market, **_what_it_sets(command))
        else:
            return False
        return True

    def _market(self, command: Command, symbol: str) -> Market:
        return Market(
            market_id=command.market,
            symbol=symbol,
            base=self.assets[command.asset],
            quote=self.assets[command.counter_asset],
            base_units_per_lot=command.amount,
            quote_units_per_tick_lot=command.counter_amount,
            quote_units_per_volume_unit=quote_units_per_volume_unit(command),
            max_price_ticks=command.price,
            max_quantity_lots=command.quantity,
            min_quantity_lots=1,
            min_notional_units=0,
        )

    def _change(self, market: int, **fields: int) -> None:
        self.markets[market] = msgspec.structs.replace(self.markets[market], **fields)


class ListingsProjection:
    """Keeps `Listings` and its tables. It comes first of all projections, because the others read `listings`."""

    name = "listings"
    tables: Sequence[Table] = (Base.metadata.tables["assets"], Base.metadata.tables["markets"])

    def __init__(self, listings: Listings) -> None:
        self.listings = listings

    def load(self, session: Session) -> None:
        """Read what earlier runs listed."""
        self.listings.load(session)

    def apply(self, session: Session, logged: Sequence[LoggedCommand]) -> None:
        """Store every listing in these commands."""
        noted = [one.command for one in logged if self.listings.note(one)]
        for asset in {command.asset for command in noted if command.kind == CommandKind.LIST_ASSET}:
            self._store_asset(session, self.listings.assets[asset])
        for market in {command.market for command in noted if command.kind != CommandKind.LIST_ASSET}:
            self._store_market(session, self.listings.markets[market])

    def _store_asset(self, session: Session, asset: Asset) -> None:
        row = {
            "asset": asset.asset_id,
            "symbol": asset.symbol,
            "token": asset.token,
            "token_decimals": asset.token_decimals,
            "unit_scale": asset.unit_scale,
        }
        _put(session, self.tables[0], row, "asset")

    def _store_market(self, session: Session, market: Market) -> None:
        row: dict[str, object] = {
            "market": market.market_id,
            "symbol": market.symbol,
            "base_asset": market.base.asset_id,
            "quote_asset": market.quote.asset_id,
            "status": market.status,
        }
        row |= {name: getattr(market, name) for name in _MARKET_FIGURES}
        _put(session, self.tables[1], row, "market")


def quote_units_per_volume_unit(command: Command) -> int:
    """How many quote units LIST_MARKET counts as one unit of volume: in logs from before it said so, each counts."""
    return command.order_id if command.mode == COUNTS_BY_ORDER_ID else 1


def _what_it_sets(command: Command) -> dict[str, int]:
    """What an operator's command sets of its market, by the names of `Market`."""
    match command.kind:
        case CommandKind.SET_MARKET_LIMITS:
            return {
                "max_price_ticks": command.price,
                "max_quantity_lots": command.quantity,
                "min_quantity_lots": command.counter_amount,
                "min_notional_units": command.amount,
            }
        case CommandKind.SET_MARKET_RISK:
            return {
                "band_ppm": command.amount,
                "fat_finger_ppm": command.counter_amount,
                "max_notional_units": command.quantity,
            }
        case CommandKind.SET_CIRCUIT_BREAKER:
            return {"breaker_ppm": command.amount, "breaker_window_us": command.counter_amount}
        case _:
            return {"is_killed": command.mode == 1}


def _put(session: Session, table: Table, row: dict[str, object], key: str) -> None:
    insert = insert_or_update(session, table).values(row)
    session.execute(insert.on_conflict_do_update(index_elements=[key], set_=row))

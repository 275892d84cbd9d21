"""What the routes need; `offchain/app.py` puts it together."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from offchain.api.bodies.system import ComponentStatus
from offchain.core.clock import ClockUs, wall_clock_us
from offchain.core.errors import UnknownAsset, UnknownMarket

if TYPE_CHECKING:
    from indexer.service import Indexer
    from offchain.accounts.feed import AccountFeed
    from offchain.chain.manifest import Manifest
    from offchain.core.database import Sessions
    from offchain.core.money import Asset, Market
    from offchain.core.operator_settings import OperatorSettings
    from offchain.core.projecting import Projector
    from offchain.core.settings import Settings
    from offchain.ledger.service import LedgerService
    from offchain.marketdata.feed import MarketDataFeed
    from offchain.marketdata.service import MarketDataService
    from offchain.orders.service import OrderService
    from offchain.presale.service import SaleService
    from offchain.presale.vesting import VestingService
    from offchain.presale.vouchers import VoucherFiles
    from offchain.revenue.service import RevenueService
    from offchain.sequencer.sequencer import Sequencer
    from offchain.settlement.statement_desk import StatementDesk
    from offchain.settlement.withdrawal_store import WithdrawalStore
    from offchain.staking.fee_schedule import FeeSchedule
    from offchain.staking.service import StakingService
    from offchain.staking.view import StakingView


class StatusSource(Protocol):
    """A part of the exchange that can say how it does."""

    def __call__(self) -> ComponentStatus:
        """How it does now; cheap, and without waiting for anything."""


@dataclass(frozen=True, slots=True)
class TokenEconomy:
    """What tells of the token's own contracts. Of those that are not deployed there is nothing to tell."""

    sale: "SaleService"
    vesting: "VestingService"
    vouchers: "VoucherFiles"
    staking: "StakingService"
    staking_view: "StakingView | None"
    revenue: "RevenueService"
    schedule: "FeeSchedule"


@dataclass(frozen=True, slots=True)
class Services:
    """The parts behind the API. `status_sources` are those that /status tells of beside sequencer and projections."""

    settings: "Settings"
    manifest: "Manifest"
    sequencer: "Sequencer"
    projector: "Projector"
    orders: "OrderService"
    ledger: "LedgerService"
    market_data: "MarketDataService"
    market_feed: "MarketDataFeed"
    account_feed: "AccountFeed"
    operator_settings: "OperatorSettings"
    withdrawals: "WithdrawalStore"
    statements: "StatementDesk"
    indexer: "Indexer"
    economy: TokenEconomy
    writing: "Sessions"
    status_sources: Sequence[StatusSource] = ()
    frontend: Path | None = None
    clock: ClockUs = field(default=wall_clock_us)


def market_named(services: Services, symbol: str) -> "Market":
    """The market of this symbol.

    Raises:
        UnknownMarket: there is none.
    """
    market = services.sequencer.directory.markets_by_symbol.get(symbol)
    if market is None:
        raise UnknownMarket(f"There is no market {symbol!r}.", "/api/v1/exchange-info lists the markets.")
    return market


def asset_named(services: Services, symbol: str) -> "Asset":
    """The asset of this symbol.

    Raises:
        UnknownAsset: there is none.
    """
    for asset in services.sequencer.directory.assets.values():
        if asset.symbol == symbol:
            return asset
    raise UnknownAsset(f"There is no asset {symbol!r}.", "/api/v1/exchange-info lists the assets.")

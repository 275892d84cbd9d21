"""The deployment plan: which assets, markets and roles the deploy script shall put on which network."""

from pathlib import Path
from typing import Final

import msgspec

from offchain.chain.manifest import ManifestMarket
from offchain.core.errors import ConfigurationError
from offchain.core.money import NOTIONAL_MAX_UNITS, VOLUME_UNITS_PER_DOLLAR

PLAN_FILE: Final = Path(__file__).parents[2] / "scripts" / "deployment.toml"
QTRA_SUPPLY_TOKENS: Final = 1_000_000_000
BPS: Final = 10_000
EXIT_DELAY_S: Final = 24 * 3_600
"""How long an owner needs to leave with its funds; whatever an administrator widens must take longer."""


class PlannedAsset(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An asset to list. One ledger unit is `unit_scale` base units of its token.

    If it `is_dollar`, a whole token counts as a dollar of the volume that fee tiers follow from.
    """

    asset_id: int
    symbol: str
    token_decimals: int
    unit_scale: int
    is_dollar: bool


class PlannedMarket(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A market to list, its assets by symbol."""

    market_id: int
    symbol: str
    base: str
    quote: str
    base_units_per_lot: int
    quote_units_per_tick_lot: int
    max_price_ticks: int
    max_quantity_lots: int
    min_quantity_lots: int
    min_notional_units: int


class PlannedStaking(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What stakers get: rewards in the tokens of these assets, and tiers from so many whole QTRA on."""

    rewards: list[str]
    tier_thresholds: list[int]


class PlannedAuctions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How an asset's token is sold for QTRA. Amounts are whole tokens."""

    asset: str
    daily_cap: int
    min_amount: int
    bounty_cap: int
    start_bps: int
    floor_bps: int
    duration_s: int

    def terms(self, token_unit: int) -> tuple[int, int, int, int, int]:
        """The row that the contract takes; `token_unit` is the base units of a whole token."""
        amounts = self.daily_cap * token_unit, self.min_amount * token_unit
        return *amounts, self.start_bps, self.floor_bps, self.duration_s


class PlannedRevenue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the fees go, in hundredths of a percent, and what a keeper gets before."""

    stakers_bps: int
    buyback_bps: int
    treasury_bps: int
    insurance_bps: int
    bounty_bps: int
    auctions: list[PlannedAuctions]

    def split(self) -> tuple[int, int, int, int]:
        """The row that the contract takes."""
        return self.stakers_bps, self.buyback_bps, self.treasury_bps, self.insurance_bps


class PlannedNetwork(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A network. `tokens` has the addresses of existing tokens by asset symbol.

    On a public one a timelock administers, and `admin_delay_s` is how long it waits.
    """

    chain_id: int
    public: bool
    test_tokens: bool
    admin_delay_s: int
    tokens: dict[str, str] = {}


class DeploymentPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of the plan; `allocations` are whole QTRA tokens by name."""

    assets: list[PlannedAsset]
    markets: list[PlannedMarket]
    allocations: dict[str, int]
    staking: PlannedStaking
    revenue: PlannedRevenue
    networks: dict[str, PlannedNetwork]

    def network(self, choice: str) -> PlannedNetwork:
        """The network of Ape's choice, such as `base:sepolia`.

        Raises:
            ConfigurationError: the plan has no such network.
        """
        try:
            return self.networks[choice]
        except KeyError:
            raise ConfigurationError(
                f"The deployment plan has no network {choice}.", f"Choose one of {', '.join(self.networks)}."
            ) from None

    def market_rows(self) -> tuple[ManifestMarket, ...]:
        """The markets as the manifest lists them."""
        asset_ids = {asset.symbol: asset.asset_id for asset in self.assets}
        return tuple(
            ManifestMarket(
                market.market_id,
                market.symbol,
                asset_ids[market.base],
                asset_ids[market.quote],
                market.base_units_per_lot,
                market.quote_units_per_tick_lot,
                market.max_price_ticks,
                market.max_quantity_lots,
                market.min_quantity_lots,
                market.min_notional_units,
            )
            for market in self.markets
        )


def load_plan(path: Path = PLAN_FILE) -> DeploymentPlan:
    """The plan in a file.

    Raises:
        ConfigurationError: it cannot be read, or contradicts itself.
    """
    try:
        plan = msgspec.toml.decode(path.read_bytes(), type=DeploymentPlan)
    except (OSError, msgspec.DecodeError) as error:
        raise ConfigurationError(f"{path} is not a deployment plan: {error}.", "Correct it.") from error
    faults = [*_asset_faults(plan), *_market_faults(plan), *_economy_faults(plan), *_network_faults(plan)]
    if sum(plan.allocations.values()) != QTRA_SUPPLY_TOKENS:
        faults.append(f"the allocations add up to {sum(plan.allocations.values())}, not {QTRA_SUPPLY_TOKENS}")
    if faults:
        raise ConfigurationError(f"{path} contradicts itself: {'; '.join(faults)}.", "Correct it.")
    return plan


def _asset_faults(plan: DeploymentPlan) -> list[str]:
    faults = [
        f"{asset.symbol} has no whole number of units in a token"
        for asset in plan.assets
        if asset.unit_scale <= 0 or 10**asset.token_decimals % asset.unit_scale
    ]
    faults += [
        f"{asset.symbol} is a dollar and has no whole number of units in a millionth of a token"
        for asset in plan.assets
        if asset.is_dollar and asset.unit_scale > 0
        if 10**asset.token_decimals % (asset.unit_scale * VOLUME_UNITS_PER_DOLLAR)
    ]
    ids, symbols = {asset.asset_id for asset in plan.assets}, {asset.symbol for asset in plan.assets}
    if len(ids) < len(plan.assets) or len(symbols) < len(plan.assets):
        faults.append("two assets share a number or a symbol")
    return faults


def _market_faults(plan: DeploymentPlan) -> list[str]:
    faults = []
    symbols = {asset.symbol for asset in plan.assets}
    for market in plan.markets:
        if not {market.base, market.quote} <= symbols or market.base == market.quote:
            faults.append(f"{market.symbol} is not of two listed assets")
        if market.max_price_ticks * market.max_quantity_lots * market.quote_units_per_tick_lot > NOTIONAL_MAX_UNITS:
            faults.append(f"{market.symbol} allows orders worth more than 2^62 units")
    if len({market.market_id for market in plan.markets}) != len(plan.markets):
        faults.append("two markets share a number")
    return faults


def _economy_faults(plan: DeploymentPlan) -> list[str]:
    faults = []
    symbols = {asset.symbol for asset in plan.assets}
    auctioned = [terms.asset for terms in plan.revenue.auctions]
    if not {*plan.staking.rewards, *auctioned} <= symbols or "QTRA" in auctioned:
        faults.append("a reward or an auction is not of a listed asset, or an auction sells QTRA for itself")
    if len(set(plan.staking.rewards)) < len(plan.staking.rewards) or len(set(auctioned)) < len(auctioned):
        faults.append("a reward or an auction stands there twice")
    thresholds = plan.staking.tier_thresholds
    if thresholds != sorted(set(thresholds)) or min(thresholds, default=1) <= 0:
        faults.append("the tiers do not rise from above 0")
    if sum(plan.revenue.split()) != BPS or min(plan.revenue.split()) < 0:
        faults.append(f"the shares of the revenue add up to {sum(plan.revenue.split())}, not {BPS}")
    return faults


def _network_faults(plan: DeploymentPlan) -> list[str]:
    faults = []
    for choice, network in plan.networks.items():
        missing = {asset.symbol for asset in plan.assets} - set(network.tokens) - {"QTRA"}
        if missing and not network.test_tokens:
            faults.append(f"{choice} has no token for {', '.join(sorted(missing))}")
        if network.public and network.admin_delay_s <= EXIT_DELAY_S:
            faults.append(f"{choice} lets its administrator act before everybody can leave")
    return faults

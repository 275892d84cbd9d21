"""The composition root's part for the token's own contracts: what tells of them, and the discounts that follow."""

import asyncio

from sqlalchemy import Engine

from indexer.service import Indexer
from offchain.api.services import TokenEconomy
from offchain.chain.bindings import load_contract
from offchain.chain.manifest import Manifest
from offchain.chain.node import NodePool
from offchain.core.operator_settings import OperatorSettings
from offchain.core.projecting import Projector
from offchain.core.settings import Settings
from offchain.presale.proofs import ProofFiles
from offchain.presale.service import SaleService
from offchain.presale.vesting import VestingService
from offchain.presale.vouchers import VoucherFiles
from offchain.revenue.service import RevenueService
from offchain.sequencer.sequencer import Sequencer
from offchain.staking.discounts import DiscountKeeper, Sources
from offchain.staking.entitlements import Entitlements
from offchain.staking.fee_schedule import FeeSchedule, fee_schedule, journal_volume_tiers
from offchain.staking.service import StakingService
from offchain.staking.view import StakingView

_NOTHING = bytes(20)
"""Stands for a contract that a deployment does not have: nobody holds or sells it."""


def token_economy(settings: Settings, manifest: Manifest, nodes: NodePool, database: Engine) -> TokenEconomy:
    """What the API asks about the token. Of contracts that are not deployed there is nothing to tell."""
    chain = (database, manifest.chain_id)
    staking_view = None
    if "Staking" in manifest.contracts:
        staking_view = StakingView(nodes, load_contract("Staking"), manifest.address("Staking"))
    return TokenEconomy(
        sale=SaleService(*chain),
        vesting=VestingService(*chain, ProofFiles(settings.state / "vesting")),
        vouchers=VoucherFiles(settings.state / "vouchers", manifest.chain_id, _address(manifest, "SaleManager")),
        staking=StakingService(*chain),
        staking_view=staking_view,
        revenue=RevenueService(*chain, _qtra(manifest)),
        schedule=fee_schedule(settings),
    )


async def set_volume_tiers(sequencer: Sequencer, settings: OperatorSettings) -> None:
    """Journals the volume tiers that nobody has ever set. The log of the exchange must show in its tables."""
    await journal_volume_tiers(sequencer.submit, await asyncio.to_thread(settings.tiers_ever_set))


def entitlements(manifest: Manifest, database: Engine, schedule: FeeSchedule) -> Entitlements:
    """What accounts are entitled to by the deployment's token and its staking."""
    return Entitlements(database, manifest.chain_id, _qtra(manifest), schedule)


def discount_keeper(
    due: Entitlements, sequencer: Sequencer, projector: Projector, indexer: Indexer, interval_s: float
) -> DiscountKeeper:
    """Follows the log from here on, and the chain once it is started."""

    async def tables_caught_up() -> None:
        await projector.caught_up(sequencer.last_sequence)

    sources = Sources(due, sequencer.submit_in_order, tables_caught_up, lambda: indexer.status().caught_up)
    keeper = DiscountKeeper(sources, interval_s)
    sequencer.subscribe("discounts", sequencer.last_sequence, keeper.deliver)
    return keeper


def _qtra(manifest: Manifest) -> bytes:
    return _address(manifest, "QTRAToken")


def _address(manifest: Manifest, contract: str) -> bytes:
    return manifest.address(contract) if contract in manifest.contracts else _NOTHING

"""One deployment by one account: the contracts, what they are told at once, and who may do what from then on."""

from typing import Any, NamedTuple

import ape
import click
from ape.api import AccountAPI
from ape.contracts import ContractInstance

from offchain.chain.authorities import (
    ADMIN,
    COLLECTOR,
    GUARDIAN,
    OPERATOR,
    POWERS,
    REPORTER,
    ROLE_LABELS,
)
from offchain.chain.bindings import load_contract
from offchain.chain.deployment_plan import DeploymentPlan, PlannedAsset, PlannedNetwork
from offchain.chain.manifest import DeployedContract, ManifestAsset
from offchain.chain.typed_data import keccak

ANYBODY = "0x" + "00" * 20
"""As an executor of the timelock."""


class Parties(NamedTuple):
    """Who is who, by address.

    Attributes:
        engine: signs batches and approvals.
        admin: administers, or proposes to the timelock that does.
        guardian: narrows powers, and cancels what was proposed.
        reporter: reports prices; None: nobody does until the administrator says who.
        treasury: gets its share of the revenue, and what vesting takes back; None: who administers.
        insurance: gets its share of the revenue; None: the treasury.
    """

    engine: str
    admin: str
    guardian: str
    reporter: str | None
    treasury: str | None
    insurance: str | None


class Deployment:
    """What one account puts on a chain. `admin` is the address that administers in the end."""

    def __init__(self, plan: DeploymentPlan, network: PlannedNetwork, deployer: AccountAPI, parties: Parties) -> None:
        self.plan = plan
        self.network = network
        self.deployer = deployer
        self.parties = parties
        self.admin = parties.admin
        self.begun_at_block = ape.chain.blocks.height + 1
        self.contracts: dict[str, ContractInstance] = {}
        self.tokens: dict[str, ContractInstance] = {}

    def deploy(self, name: str, *arguments: Any) -> ContractInstance:
        """Deploys a contract of the project, which is known by its interface `I<name>` where it has one."""
        contract = self.deployer.deploy(ape.project.contracts[name], *arguments)
        interface = ape.project.contracts.get(f"I{name}")
        if interface is not None:
            contract = ContractInstance(contract.address, interface.contract_type)
        self.contracts[name] = contract
        return contract

    def put_timelock(self) -> None:
        """Deploys the timelock, which administers from then on: `admin` proposes, the guardian can cancel."""
        proposers = [self.parties.admin]
        timelock = self.deploy(
            "ExchangeTimelock", self.network.admin_delay_s, proposers, [ANYBODY], self.deployer.address
        )
        timelock.grantRole(timelock.CANCELLER_ROLE(), self.parties.guardian, sender=self.deployer)
        timelock.renounceRole(timelock.DEFAULT_ADMIN_ROLE(), self.deployer.address, sender=self.deployer)
        self.admin = timelock.address

    def put_exchange(self) -> tuple[ManifestAsset, ...]:
        """Deploys `Settlement` and lists every asset and market of the plan; says which token each asset is."""
        settlement = self.deploy("Settlement", self.contracts["ExchangeAccess"].address, self.parties.engine)
        rows = []
        for asset in self.plan.assets:
            self.tokens[asset.symbol] = token = self._token_of(asset)
            settlement.listAsset(asset.asset_id, token.address, asset.unit_scale, sender=self.deployer)
            rows.append(
                ManifestAsset(asset.asset_id, asset.symbol, token.address, asset.token_decimals, asset.unit_scale)
            )
        for market in self.plan.market_rows():
            terms = (market.base_asset, market.quote_asset, market.base_units_per_lot, market.quote_units_per_tick_lot)
            settlement.listMarket(market.market_id, terms, sender=self.deployer)
        return tuple(rows)

    def put_economy(self) -> None:
        """Deploys the sale, vesting, staking and the revenue router, and tells them what the plan says.

        The sale's rounds are told later, by `configure_sale`.
        """
        access, qtra = self.contracts["ExchangeAccess"].address, self.tokens["QTRA"].address
        treasury = self.parties.treasury or self.admin
        vesting = self.deploy("MerkleVesting", access, qtra, treasury)
        self.deploy("SaleManager", access, qtra, vesting.address)
        staking = self.deploy("Staking", access, qtra)
        prices = self.deploy("ReportedPrice", access)
        settlement = self.contracts["Settlement"].address
        router = self.deploy("RevenueRouter", access, settlement, qtra, staking.address, prices.address)
        for symbol in self.plan.staking.rewards:
            staking.listReward(self.tokens[symbol].address, sender=self.deployer)
        staking.setTiers([tokens * 10**18 for tokens in self.plan.staking.tier_thresholds], sender=self.deployer)
        router.setTreasury(treasury, sender=self.deployer)
        router.setInsurance(self.parties.insurance or treasury, sender=self.deployer)
        router.setSplit(self.plan.revenue.split(), sender=self.deployer)
        decimals = {asset.symbol: asset.token_decimals for asset in self.plan.assets}
        for auctions in self.plan.revenue.auctions:
            token, unit = self.tokens[auctions.asset].address, 10 ** decimals[auctions.asset]
            router.setAuctionTerms(token, auctions.terms(unit), sender=self.deployer)
            router.setBounty(token, self.plan.revenue.bounty_bps, auctions.bounty_cap * unit, sender=self.deployer)

    def hand_over(self) -> None:
        """Hands the restricted functions to roles, and the roles to who shall have them; a deployer keeps none.

        The guardian can only narrow: pause, end a key, a voucher or an auction, and cancel what was proposed.
        """
        access = self.contracts["ExchangeAccess"]
        calls = [access.labelRole.encode_input(role, label) for role, label in ROLE_LABELS.items()]
        for name, powers in POWERS.items():
            contract = self.contracts[name]
            ids = selectors(contract)
            for role, functions in powers.items():
                chosen = [ids[function] for function in functions]
                calls.append(access.setTargetFunctionRole.encode_input(contract.address, chosen, role))
        members = [
            (GUARDIAN, self.parties.guardian),
            (OPERATOR, self.admin),
            (COLLECTOR, self.contracts["RevenueRouter"].address),
            (REPORTER, self.parties.reporter),
        ]
        calls += [access.grantRole.encode_input(role, account, 0) for role, account in members if account is not None]
        if self.admin != self.deployer.address:
            calls.append(access.grantRole.encode_input(ADMIN, self.admin, 0))
            calls.append(access.renounceRole.encode_input(ADMIN, self.deployer.address))
        access.multicall(calls, sender=self.deployer)

    def deployed(self) -> dict[str, DeployedContract]:
        """The contracts as the manifest has them."""
        return {
            name: DeployedContract(contract.address, load_contract(name).abi_hash)
            for name, contract in self.contracts.items()
        }

    def _token_of(self, asset: PlannedAsset) -> ContractInstance:
        """The token of an asset: the network's own, or a new one."""
        existing = self.network.tokens.get(asset.symbol)
        if existing is None and asset.symbol == "QTRA":
            allocations = [
                (name.encode().ljust(32, b"\0"), self.admin, tokens * 10**asset.token_decimals)
                for name, tokens in self.plan.allocations.items()
            ]
            return self.deploy("QTRAToken", allocations)
        if existing is None:
            return self.deployer.deploy(
                ape.project.TestToken, f"Test {asset.symbol}", asset.symbol, asset.token_decimals
            )
        token = ape.project.TestToken.at(existing)
        if token.decimals() != asset.token_decimals:
            raise click.ClickException(f"{existing} has {token.decimals()} decimals, not {asset.token_decimals}.")
        return token


def selectors(contract: ContractInstance) -> dict[str, bytes]:
    """The selectors of a contract's functions by name."""
    return {
        signature.partition("(")[0]: bytes.fromhex(selector[2:])
        for signature, selector in contract.contract_type.method_identifiers.items()
    }


def role_hash(role: str) -> bytes:
    """A role of the timelock as AccessControl names it."""
    return bytes(32) if role == "DEFAULT_ADMIN_ROLE" else keccak(role.encode())

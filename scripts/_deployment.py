"""One deployment by one account: the contracts, what they are told at once, and who may do what from then on."""

import json
from functools import cache
from typing import Any, NamedTuple

import ape
import click
from ape.api import AccountAPI
from ape.contracts import ContractContainer, ContractInstance
from ethpm_types import ContractType

from offchain.chain.authorities import (
    ADMIN,
    CANCELLER,
    COLLECTOR,
    GUARDIAN,
    OPERATOR,
    POWERS,
    REPORTER,
    ROLE_LABELS,
    TIMELOCK_ADMIN,
)
from offchain.chain.bindings import ARTIFACTS, load_contract
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
        contract = self.deployer.deploy(_compiled(name), *arguments)
        if f"I{name}" in _artifacts():
            contract = ContractInstance(contract.address, _compiled(f"I{name}").contract_type)
        self.contracts[name] = contract
        return contract

    def tell(self, name: str, function: str, *arguments: Any) -> None:
        """Sends a call to a contract of this deployment. Ape's own way first makes a class for each of its errors."""
        transaction = self.deployer.provider.network.ecosystem.create_transaction(
            sender=self.deployer.address,
            receiver=self.contracts[name].address,
            data=load_contract(name).encode_call(function, *arguments),
            chain_id=self.network.chain_id,
        )
        self.deployer.call(transaction)

    def put_timelock(self) -> None:
        """Deploys the timelock, which administers from then on: `admin` proposes, the guardian can cancel."""
        proposers = [self.parties.admin]
        timelock = self.deploy(
            "ExchangeTimelock", self.network.admin_delay_s, proposers, [ANYBODY], self.deployer.address
        )
        self.tell("ExchangeTimelock", "grantRole", role_hash(CANCELLER), self.parties.guardian)
        self.tell("ExchangeTimelock", "renounceRole", role_hash(TIMELOCK_ADMIN), self.deployer.address)
        self.admin = timelock.address

    def put_exchange(self) -> tuple[ManifestAsset, ...]:
        """Deploys `Settlement` and lists every asset and market of the plan; says which token each asset is."""
        self.deploy("Settlement", self.contracts["ExchangeAccess"].address, self.parties.engine)
        rows = []
        for asset in self.plan.assets:
            self.tokens[asset.symbol] = token = self._token_of(asset)
            self.tell("Settlement", "listAsset", asset.asset_id, token.address, asset.unit_scale)
            units = (asset.token_decimals, asset.unit_scale, asset.is_dollar)
            rows.append(ManifestAsset(asset.asset_id, asset.symbol, token.address, *units))
        for market in self.plan.market_rows():
            terms = (market.base_asset, market.quote_asset, market.base_units_per_lot, market.quote_units_per_tick_lot)
            self.tell("Settlement", "listMarket", market.market_id, terms)
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
        self.deploy("RevenueRouter", access, settlement, qtra, staking.address, prices.address)
        for symbol in self.plan.staking.rewards:
            self.tell("Staking", "listReward", self.tokens[symbol].address)
        self.tell("Staking", "setTiers", [tokens * 10**18 for tokens in self.plan.staking.tier_thresholds])
        self.tell("RevenueRouter", "setTreasury", treasury)
        self.tell("RevenueRouter", "setInsurance", self.parties.insurance or treasury)
        self.tell("RevenueRouter", "setSplit", self.plan.revenue.split())
        decimals = {asset.symbol: asset.token_decimals for asset in self.plan.assets}
        for auctions in self.plan.revenue.auctions:
            token, unit = self.tokens[auctions.asset].address, 10 ** decimals[auctions.asset]
            self.tell("RevenueRouter", "setAuctionTerms", token, auctions.terms(unit))
            self.tell("RevenueRouter", "setBounty", token, self.plan.revenue.bounty_bps, auctions.bounty_cap * unit)

    def hand_over(self) -> None:
        """Hands the restricted functions to roles, and the roles to who shall have them; a deployer keeps none.

        The guardian can only narrow: pause, end a key, a voucher or an auction, and cancel what was proposed.
        """
        encode = load_contract("ExchangeAccess").encode_call
        calls = [encode("labelRole", role, label) for role, label in ROLE_LABELS.items()]
        for name, powers in POWERS.items():
            contract = self.contracts[name]
            ids = selectors(contract)
            for role, functions in powers.items():
                chosen = [ids[function] for function in functions]
                calls.append(encode("setTargetFunctionRole", contract.address, chosen, role))
        members = [
            (GUARDIAN, self.parties.guardian),
            (OPERATOR, self.admin),
            (COLLECTOR, self.contracts["RevenueRouter"].address),
            (REPORTER, self.parties.reporter),
        ]
        calls += [encode("grantRole", role, account, 0) for role, account in members if account is not None]
        if self.admin != self.deployer.address:
            calls.append(encode("grantRole", ADMIN, self.admin, 0))
            calls.append(encode("renounceRole", ADMIN, self.deployer.address))
        self.tell("ExchangeAccess", "multicall", calls)

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
            title = f"Test {asset.symbol}"
            return self.deployer.deploy(_compiled("TestToken"), title, asset.symbol, asset.token_decimals)
        token = _compiled("TestToken").at(existing)
        if token.decimals() != asset.token_decimals:
            raise click.ClickException(f"{existing} has {token.decimals()} decimals, not {asset.token_decimals}.")
        return token


@cache
def _artifacts() -> dict[str, Any]:
    """The contracts as `make build` compiled them. Ape's project would look whether they need compiling again."""
    return json.loads(ARTIFACTS.read_bytes())["contractTypes"]


def _compiled(name: str) -> ContractContainer:
    return ContractContainer(ContractType.model_validate(_artifacts()[name]))


def selectors(contract: ContractInstance) -> dict[str, bytes]:
    """The selectors of a contract's functions by name."""
    return {
        signature.partition("(")[0]: bytes.fromhex(selector[2:])
        for signature, selector in contract.contract_type.method_identifiers.items()
    }


def role_hash(role: str) -> bytes:
    """A role of the timelock as AccessControl names it."""
    return bytes(32) if role == TIMELOCK_ADMIN else keccak(role.encode())

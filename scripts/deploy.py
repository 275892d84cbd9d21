"""Deploys the exchange's contracts and writes the deployment manifest that everything else reads.

`ape run deploy --network ethereum:local:http://127.0.0.1:8545 --engine 0x...` for a running local node, or
`--network base:sepolia:https://... --account alias --admin 0x... --guardian 0x... --engine 0x...`. What is deployed is
written in `deployment.toml`. A deployment that the manifest describes and the chain holds is left as it is.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import ape
import click
from ape.api import AccountAPI, ProviderAPI
from ape.cli import ConnectedProviderCommand, network_option
from ape.contracts import ContractInstance

from offchain.chain.authorities import (
    ADMIN,
    GUARDIAN,
    NARROWING_FUNCTIONS,
    OPERATOR,
    ROLE_LABELS,
    WIDENING_FUNCTIONS,
    Holder,
    authority_faults,
)
from offchain.chain.bindings import load_contract
from offchain.chain.deployment_plan import EXIT_DELAY_S, DeploymentPlan, PlannedAsset, PlannedNetwork, load_plan
from offchain.chain.manifest import DeployedContract, Manifest, ManifestAsset, load_manifest, save_manifest
from offchain.core.errors import QuantaTradeError
from offchain.core.settings import load_settings


def _address(_: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """A checksummed address, checked by Ape."""
    if value is None:
        return None
    try:
        return str(ape.convert(value, ape.types.AddressType))
    except Exception as error:  # Ape's converters raise what they like.
        raise click.BadParameter(f"{value} is not an address.", param=parameter) from error


class Parties(NamedTuple):
    """Who is who: addresses, and the alias of the account that deploys. None is the deployer, on a local chain."""

    engine: str
    admin: str | None
    guardian: str | None
    account: str | None


class Deployment:
    """One deployment by one account."""

    def __init__(self, plan: DeploymentPlan, network: PlannedNetwork, deployer: AccountAPI, admin: str) -> None:
        self.plan = plan
        self.network = network
        self.deployer = deployer
        self.admin = admin
        self.begun_at_block = ape.chain.blocks.height + 1
        self.contracts: dict[str, ContractInstance] = {}

    def deploy(self, name: str, *arguments: Any) -> ContractInstance:
        """Deploys a contract of the project, which is known by its interface `I<name>` where it has one."""
        contract = self.deployer.deploy(ape.project.contracts[name], *arguments)
        interface = ape.project.contracts.get(f"I{name}")
        if interface is not None:
            contract = ContractInstance(contract.address, interface.contract_type)
        self.contracts[name] = contract
        return contract

    def token_of(self, asset: PlannedAsset) -> ContractInstance:
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

    def list_all(self, settlement: ContractInstance) -> tuple[ManifestAsset, ...]:
        """Lists every asset and market of the plan, and says which token each asset is."""
        rows = []
        for asset in self.plan.assets:
            token = self.token_of(asset)
            settlement.listAsset(asset.asset_id, token.address, asset.unit_scale, sender=self.deployer)
            rows.append(
                ManifestAsset(asset.asset_id, asset.symbol, token.address, asset.token_decimals, asset.unit_scale)
            )
        for market in self.plan.market_rows():
            terms = (market.base_asset, market.quote_asset, market.base_units_per_lot, market.quote_units_per_tick_lot)
            settlement.listMarket(market.market_id, terms, sender=self.deployer)
        return tuple(rows)

    def set_roles(self, access: ContractInstance, settlement: ContractInstance, guardian: str) -> None:
        """Hands the restricted functions to roles, and the roles to the administrator and the guardian.

        The guardian can only narrow: pause, revoke the engine's key, and cancel what an operator has scheduled.
        """
        delay_s = self.network.admin_delay_s
        selectors = _selectors(settlement)
        calls = [access.labelRole.encode_input(role, label) for role, label in ROLE_LABELS.items()]
        for role, functions in ((GUARDIAN, NARROWING_FUNCTIONS), (OPERATOR, WIDENING_FUNCTIONS)):
            ids = [selectors[function] for function in functions]
            calls.append(access.setTargetFunctionRole.encode_input(settlement.address, ids, role))
        calls += [
            access.setRoleGuardian.encode_input(OPERATOR, GUARDIAN),
            access.grantRole.encode_input(GUARDIAN, guardian, 0),
            access.grantRole.encode_input(OPERATOR, self.admin, delay_s),
        ]
        if self.admin != self.deployer.address:
            calls.append(access.grantRole.encode_input(ADMIN, self.admin, delay_s))
            calls.append(access.renounceRole.encode_input(ADMIN, self.deployer.address))
        access.multicall(calls, sender=self.deployer)

    def holders(self, access: ContractInstance, settlement: ContractInstance, provider: ProviderAPI) -> list[Holder]:
        """Everybody who was ever given a role, and what that lets it do now, as the chain tells it."""
        grants = access.RoleGranted.range(self.begun_at_block, ape.chain.blocks.height + 1)
        granted = [log.event_arguments for log in grants]
        roles = {int(grant["roleId"]) for grant in granted}
        return [
            self._holder(access, settlement, account, roles, is_contract=len(provider.get_code(account)) > 0)
            for account in sorted({str(grant["account"]) for grant in granted})
        ]

    def _holder(
        self,
        access: ContractInstance,
        settlement: ContractInstance,
        account: str,
        roles: set[int],
        *,
        is_contract: bool,
    ) -> Holder:
        held = {role: access.hasRole(role, account) for role in sorted(roles)}
        now, later = [], {}
        changing = {function.name for function in settlement.contract_type.mutable_methods}
        for name, selector in _selectors(settlement).items():
            immediate, delay_s = access.canCall(account, settlement, selector) if name in changing else (False, 0)
            if immediate:
                now.append(name)
            elif delay_s:
                later[name] = int(delay_s)
        delays_s = {role: int(delay_s) for role, (is_member, delay_s) in held.items() if is_member}
        return Holder(account, is_contract, delays_s, tuple(now), later)


def _selectors(contract: ContractInstance) -> dict[str, bytes]:
    """The selectors of a contract's functions by name."""
    return {
        signature.partition("(")[0]: bytes.fromhex(selector[2:])
        for signature, selector in contract.contract_type.method_identifiers.items()
    }


def _prove_authorities(deployment: Deployment, provider: ProviderAPI) -> None:
    """Refuses a deployment to a public network in which somebody can widen a power before everybody can leave."""
    if not deployment.network.public:
        return
    contracts = deployment.contracts
    holders = deployment.holders(contracts["ExchangeAccess"], contracts["Settlement"], provider)
    faults = authority_faults(holders, contracts_only=not deployment.network.test_tokens)
    if faults:
        raise click.ClickException(f"The roles are not safe: {'; '.join(faults)}. Do not use this deployment.")
    click.echo(f"Nobody can widen a power within the {EXIT_DELAY_S} s of an exit: {len(holders)} accounts checked.")


@contextmanager
def _mining_at_once(provider: ProviderAPI, network: PlannedNetwork) -> Iterator[None]:
    """A local node mines each transaction at once for the while, and then as it did before."""
    if network.public:
        yield
        return
    interval_s = provider.make_request("anvil_getIntervalMining", [])
    if interval_s is None:
        yield
        return
    provider.make_request("evm_setAutomine", [True])
    try:
        yield
    finally:
        provider.make_request("evm_setIntervalMining", [interval_s])


def _stands(manifest: Manifest, provider: ProviderAPI) -> bool:
    """Whether the provider's chain holds the contracts of the manifest."""
    if manifest.chain_id != provider.chain_id:
        return False
    return all(len(provider.get_code(contract.address)) > 0 for contract in manifest.contracts.values())


def _deployer(account: str | None, network: PlannedNetwork) -> AccountAPI:
    if account is not None:
        deployer = ape.accounts.load(account)
        deployer.set_autosign(enabled=True)
        return deployer
    if network.public:
        raise click.UsageError("Name the account that deploys: --account ALIAS (see `ape accounts`).")
    return ape.accounts.test_accounts[0]


def _check_authorities(network: PlannedNetwork, provider: ProviderAPI, parties: Parties) -> None:
    if not network.public:
        return
    if parties.admin is None or parties.guardian is None:
        raise click.UsageError("Name who administers and who guards: --admin 0x... --guardian 0x...")
    if not network.test_tokens and len(provider.get_code(parties.admin)) == 0:
        raise click.UsageError(f"The administrator {parties.admin} is no contract; name a timelock or multisignature.")


def _deployed(contract: ContractInstance, name: str) -> DeployedContract:
    return DeployedContract(contract.address, load_contract(name).abi_hash)


@click.command(cls=ConnectedProviderCommand, help=__doc__)
@network_option()
@click.option("--engine", required=True, callback=_address, help="Address of the key that signs batches and approvals.")
@click.option("--admin", callback=_address, help="Who administers (on a local chain: the deployer).")
@click.option("--guardian", callback=_address, help="Who may pause and revoke (on a local chain: the deployer).")
@click.option("--account", help="Alias of the keyfile account that deploys (on a local chain: the first test account).")
@click.option(
    "--manifest",
    "manifest_path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where the manifest is written; the state folder unless told otherwise.",
)
def cli(
    *,
    provider: ProviderAPI,
    engine: str,
    admin: str | None,
    guardian: str | None,
    account: str | None,
    manifest_path: Path | None,
) -> None:
    """The command; its help is the module's."""
    choice = f"{provider.network.ecosystem.name}:{provider.network.name}"
    try:
        path = manifest_path or load_settings().manifest_path
        _deploy(provider, choice, path, Parties(engine, admin, guardian, account))
    except QuantaTradeError as error:
        raise click.ClickException(str(error)) from error


def _deploy(provider: ProviderAPI, choice: str, path: Path, parties: Parties) -> None:
    plan = load_plan()
    network = plan.network(choice)
    if provider.chain_id != network.chain_id:
        raise click.UsageError(f"The node is of chain {provider.chain_id}, and {choice} is {network.chain_id}.")
    if path.exists():
        if not _stands(load_manifest(path), provider):
            raise click.ClickException(
                f"{path} describes a deployment that this chain does not hold. Move it away to deploy anew."
            )
        click.echo(f"The deployment of {path} stands on chain {provider.chain_id}; nothing to do.")
        return
    _check_authorities(network, provider, parties)
    deployer = _deployer(parties.account, network)
    deployment = Deployment(plan, network, deployer, parties.admin or deployer.address)
    with _mining_at_once(provider, network):
        access = deployment.deploy("ExchangeAccess", deployer.address)
        first_block = ape.chain.blocks.height + 1
        settlement = deployment.deploy("Settlement", access.address, parties.engine)
        assets = deployment.list_all(settlement)
        deployment.set_roles(access, settlement, parties.guardian or deployer.address)
    _prove_authorities(deployment, provider)
    manifest = Manifest(
        provider.chain_id,
        choice,
        first_block,
        {name: _deployed(contract, name) for name, contract in deployment.contracts.items()},
        assets,
        plan.market_rows(),
    )
    save_manifest(manifest, path)
    click.echo(f"Deployed to chain {provider.chain_id}; the manifest is {path}.")

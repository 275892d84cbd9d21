"""Deploys the exchange's contracts and writes the deployment manifest that everything else reads.

`ape run deploy --network ethereum:local:http://127.0.0.1:8545 --engine 0x...` for a running local node, or
`--network base:sepolia:https://... --account alias --admin 0x... --guardian 0x... --engine 0x...`. What is deployed is
written in `deployment.toml`. A deployment that the manifest describes and the chain holds is left as it is.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import ape
import click
from ape.api import AccountAPI, ProviderAPI
from ape.cli import ConnectedProviderCommand, network_option
from ape.contracts import ContractInstance

from offchain.chain.bindings import load_contract
from offchain.chain.deployment_plan import DeploymentPlan, PlannedAsset, PlannedNetwork, load_plan
from offchain.chain.manifest import DeployedContract, Manifest, ManifestAsset, load_manifest, save_manifest
from offchain.core.errors import QuantaTradeError
from offchain.core.settings import load_settings

ADMIN: Final = 0
GUARDIAN: Final = 1
OPERATOR: Final = 2
_ROLE_LABELS: Final = {GUARDIAN: "GUARDIAN", OPERATOR: "OPERATOR"}
_GUARDIAN_FUNCTIONS: Final = ("pause", "revokeEngineKey")
_OPERATOR_FUNCTIONS: Final = ("listAsset", "listMarket", "setEngineKey", "unpause", "collectFees")


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
        self.contracts: dict[str, ContractInstance] = {}

    def deploy(self, name: str, *arguments: Any) -> ContractInstance:
        """Deploys a contract of the project."""
        contract = self.deployer.deploy(ape.project.contracts[name], *arguments)
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
        selectors = {
            signature.partition("(")[0]: bytes.fromhex(selector[2:])
            for signature, selector in settlement.contract_type.method_identifiers.items()
        }
        calls = [access.labelRole.encode_input(role, label) for role, label in _ROLE_LABELS.items()]
        for role, functions in ((GUARDIAN, _GUARDIAN_FUNCTIONS), (OPERATOR, _OPERATOR_FUNCTIONS)):
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

"""Deploys the exchange's contracts and writes the deployment manifest that everything else reads.

`ape run deploy --network ethereum:local:http://127.0.0.1:8545 --engine 0x...` for a running local node, or
`--network base:sepolia:https://... --account alias --admin 0x... --guardian 0x... --engine 0x...`. What is deployed is
written in `deployment.toml`. A deployment that the manifest describes and the chain holds is left as it is. With
`--dry-run` nothing is sent.
"""

from pathlib import Path

import ape
import click
from ape.api import ProviderAPI
from ape.cli import ConnectedProviderCommand, network_option

from offchain.chain.authorities import POWERS
from offchain.chain.deployment_plan import DeploymentPlan, PlannedNetwork, load_plan
from offchain.chain.manifest import Manifest, load_manifest, save_manifest
from offchain.core.errors import QuantaTradeError
from offchain.core.settings import load_settings
from scripts._authority_proof import prove_authorities
from scripts._deployment import Deployment, Parties
from scripts._desk import load_account, mining_at_once


def _address(_: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """A checksummed address, checked by Ape."""
    if value is None:
        return None
    try:
        return str(ape.convert(value, ape.types.AddressType))
    except Exception as error:  # Ape's converters raise what they like.
        raise click.BadParameter(f"{value} is not an address.", param=parameter) from error


def _stands(manifest: Manifest, provider: ProviderAPI) -> bool:
    """Whether the provider's chain holds the contracts of the manifest."""
    if manifest.chain_id != provider.chain_id:
        return False
    return all(len(provider.get_code(contract.address)) > 0 for contract in manifest.contracts.values())


def _check_parties(network: PlannedNetwork, provider: ProviderAPI, named: dict[str, str | None]) -> None:
    if not network.public:
        return
    if named["admin"] is None or named["guardian"] is None:
        raise click.UsageError("Name who administers and who guards: --admin 0x... --guardian 0x...")
    for role in ("admin", "reporter"):
        address = named[role]
        if address is not None and not network.test_tokens and len(provider.get_code(address)) == 0:
            raise click.UsageError(f"The {role} {address} is no contract; name a multisignature wallet.")


def _parties(network: PlannedNetwork, deployer: str, named: dict[str, str | None]) -> Parties:
    """Who was named, and on a local chain the deployer for whom nobody was."""
    others = None if network.public else deployer
    return Parties(
        named["engine"] or "",
        named["admin"] or deployer,
        named["guardian"] or deployer,
        named["reporter"] or others,
        named["treasury"],
        named["insurance"],
    )


def _echo_plan(plan: DeploymentPlan, network: PlannedNetwork, choice: str, parties: Parties) -> None:
    """Says what would be deployed."""
    contracts = [*(["ExchangeTimelock"] if network.public else []), "ExchangeAccess", *POWERS]
    tokens = [asset.symbol for asset in plan.assets if asset.symbol not in network.tokens]
    click.echo(f"To {choice} (chain {network.chain_id}):")
    click.echo(f"  contracts: {', '.join(contracts)}")
    click.echo(f"  new tokens: {', '.join(tokens)}; markets: {', '.join(market.symbol for market in plan.markets)}")
    for party, address in parties._asdict().items():
        click.echo(f"  {party}: {address or 'not named'}")
    if network.public:
        click.echo(f"  what {parties.admin} proposes waits {network.admin_delay_s} s in the timelock")


@click.command(cls=ConnectedProviderCommand, help=__doc__)
@network_option()
@click.option("--engine", required=True, callback=_address, help="Address of the key that signs batches and approvals.")
@click.option("--admin", callback=_address, help="Who administers; on a public network by proposing to the timelock.")
@click.option("--guardian", callback=_address, help="Who may pause, revoke and cancel.")
@click.option("--reporter", callback=_address, help="Who reports prices to the buyback (public: nobody, if not named).")
@click.option("--treasury", callback=_address, help="Who gets the treasury's share (if not named: who administers).")
@click.option("--insurance", callback=_address, help="Who gets the insurance's share (if not named: the treasury).")
@click.option("--account", help="Alias of the keyfile account that deploys (on a local chain: the first test account).")
@click.option(
    "--manifest",
    "manifest_path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where the manifest is written; the state folder unless told otherwise.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be deployed, and send nothing.")
def cli(*, provider: ProviderAPI, manifest_path: Path | None, dry_run: bool, **named: str | None) -> None:
    """The command; its help is the module's."""
    try:
        _deploy(provider, manifest_path or load_settings().manifest_path, named, dry_run=dry_run)
    except QuantaTradeError as error:
        raise click.ClickException(str(error)) from error


def _deploy(provider: ProviderAPI, path: Path, named: dict[str, str | None], *, dry_run: bool) -> None:
    choice = f"{provider.network.ecosystem.name}:{provider.network.name}"
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
    _check_parties(network, provider, named)
    deployer = load_account(named["account"], choice)
    deployment = Deployment(plan, network, deployer, _parties(network, deployer.address, named))
    if dry_run:
        _echo_plan(plan, network, choice, deployment.parties)
        return
    with mining_at_once(provider):
        if network.public:
            deployment.put_timelock()
        deployment.deploy("ExchangeAccess", deployer.address)
        first_block = ape.chain.blocks.height + 1
        assets = deployment.put_exchange()
        deployment.put_economy()
        deployment.hand_over()
    prove_authorities(deployment, provider)
    manifest = Manifest(provider.chain_id, choice, first_block, deployment.deployed(), assets, plan.market_rows())
    save_manifest(manifest, path)
    click.echo(f"Deployed to chain {provider.chain_id}; the manifest is {path}.")

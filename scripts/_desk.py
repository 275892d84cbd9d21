"""What the scripts share: who acts, what is to be sent, the question before it, and the record of it afterwards.

What is restricted is done by the administrator: the account itself where it is an operator, and otherwise the timelock.
To that one a first run proposes the steps, and the same command, run again when their time has come, executes them.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import ape
import click
from ape.api import AccountAPI, ProviderAPI
from ape.cli import ConnectedProviderCommand, network_option
from eth_utils.address import to_checksum_address

from offchain.chain.authorities import OPERATOR
from offchain.chain.bindings import load_contract
from offchain.chain.manifest import Manifest, load_manifest
from offchain.chain.typed_data import keccak
from offchain.core.errors import ConfigurationError, QuantaTradeError
from offchain.core.settings import load_settings
from offchain.deployer.chain_view import ChainView
from offchain.deployer.runs import SentStep, save_run

TIMELOCK = "ExchangeTimelock"


class Step(NamedTuple):
    """A transaction to send. `contract` names the bindings; `target` is its 20-byte address."""

    says: str
    contract: str
    target: bytes
    calldata: bytes


class Desk:
    """One run of a script by one account on one deployment."""

    def __init__(self, provider: ProviderAPI, manifest_path: Path, account: str | None, *, dry_run: bool, yes: bool):
        self.manifest: Manifest = load_manifest(manifest_path)
        self.folder = manifest_path.parent
        self.account = load_account(account, self.manifest.network)
        self.sender = bytes.fromhex(self.account.address[2:])
        self.view = ChainView(provider.web3.provider.make_request, self.manifest)
        self._provider = provider
        self.is_dry_run = dry_run
        self._yes = yes
        choice = f"{provider.network.ecosystem.name}:{provider.network.name}"
        if (provider.chain_id, choice) != (self.manifest.chain_id, self.manifest.network):
            raise ConfigurationError(
                f"{manifest_path} is of {self.manifest.network}, and the node of {choice}, chain {provider.chain_id}.",
                "Name the network and the manifest that belong together.",
            )

    def token(self, symbol: str) -> bytes:
        """The token of a listed asset.

        Raises:
            ConfigurationError: there is no such asset.
        """
        for asset in self.manifest.assets:
            if asset.symbol == symbol:
                return bytes.fromhex(asset.token[2:])
        raise ConfigurationError(f"The deployment has no asset {symbol}.", "Name one that is listed.")

    def step(self, says: str, contract: str, function: str, *arguments: Any, target: bytes | None = None) -> Step:
        """A call of a contract of the deployment, or of one at another address."""
        calldata = load_contract(contract).encode_call(function, *arguments)
        return Step(says, contract, target or self.manifest.address(contract), calldata)

    @property
    def administrator(self) -> bytes:
        """Who does what is restricted: this account if it may, or else the timelock.

        Raises:
            ConfigurationError: neither may.
        """
        is_operator, _ = self.view.reads("ExchangeAccess", "hasRole", OPERATOR, self.sender)
        if is_operator:
            return self.sender
        if TIMELOCK in self.manifest.contracts:
            return self.manifest.address(TIMELOCK)
        raise ConfigurationError(
            f"{self.account.address} is no operator of this deployment.", "Name another account: --account ALIAS."
        )

    @property
    def delay_s(self) -> int:
        """How long what is restricted waits before it is done."""
        return 0 if self.administrator == self.sender else int(self.view.read(TIMELOCK, "getMinDelay"))

    def perform(self, script: str, steps: Sequence[Step], *, by: bytes | None = None, **results: Any) -> bool:
        """Sends steps in order, after they were shown and agreed to, and keeps a record; whether all are done now.

        Args:
            script: the name that the record has.
            steps: what is to be done; none: it is done already.
            by: who acts, where the steps are restricted.
            results: what else the record shall say.

        Raises:
            SettlementRejected: a contract would refuse a step; those before it are sent and recorded.
        """
        if not steps:
            click.echo("Everything is done already; nothing was sent.")
            return True
        waiting = by is not None and by != self.sender
        for number, step in enumerate(steps, 1):
            click.echo(f"{number}. {step.says}")
        if waiting:
            steps = self._through_timelock(steps)
        if not steps:
            return False
        if self.is_dry_run:
            self._rehearse(steps[0])
            click.echo(f"A dry run: {self.account.address} would send {len(steps)}; nothing was sent.")
            return False
        if not self._yes:
            click.confirm(f"Send {len(steps)} transactions from {self.account.address}?", abort=True)
        sent: list[SentStep] = []
        try:
            with mining_at_once(self._provider):
                for step in steps:
                    self._send(step, sent)
        finally:
            if sent:
                path = save_run(self.folder, self.manifest, script, self.account.address, sent, **results)
                click.echo(f"Sent {len(sent)} transactions; {path} says what they did.")
        return not waiting or load_contract(TIMELOCK).decode_call(steps[-1].calldata)[0] == "executeBatch"

    def _through_timelock(self, steps: Sequence[Step]) -> list[Step]:
        """The one transaction that brings the steps on their way through the timelock; none, if they have to wait."""
        targets = ["0x" + step.target.hex() for step in steps]
        batch = targets, [0] * len(steps), [step.calldata for step in steps], bytes(32), bytes(32)
        operation = self.view.read(TIMELOCK, "hashOperationBatch", *batch)
        _, now = self.view.head()
        ready_at, delay_s = self.view.read(TIMELOCK, "getTimestamp", operation), self.view.read(TIMELOCK, "getMinDelay")
        if ready_at == 0:
            propose = self.step(
                f"Propose it to the timelock, which waits {delay_s} s", TIMELOCK, "scheduleBatch", *batch, delay_s
            )
            if not self.view.read(TIMELOCK, "hasRole", keccak(b"PROPOSER_ROLE"), self.sender):
                click.echo(f"{self.account.address} may not propose. Who may, sends this to 0x{propose.target.hex()}:")
                click.echo(f"0x{propose.calldata.hex()}")
                return []
            click.echo(f"{propose.says}; run this again then.")
            return [propose]
        if ready_at > now:
            click.echo(f"It is proposed, and can be executed in {ready_at - now} s. Run this again then.")
            return []
        click.echo("Execute what was proposed.")
        return [self.step("Execute what was proposed", TIMELOCK, "executeBatch", *batch)]

    def _send(self, step: Step, sent: list[SentStep]) -> None:
        self._rehearse(step)
        transaction = self._provider.network.ecosystem.create_transaction(
            sender=self.account.address,
            receiver=to_checksum_address(step.target),
            data=step.calldata,
            chain_id=self.manifest.chain_id,
        )
        receipt = self.account.call(transaction)
        fields = to_checksum_address(step.target), "0x" + step.calldata.hex()
        sent.append(SentStep(step.says, *fields, receipt.txn_hash, receipt.block_number, receipt.gas_used))

    def _rehearse(self, step: Step) -> None:
        self.view.rehearse(self.sender, step.contract, step.target, step.calldata)


def desk_command(script: Callable[..., None]) -> click.Command:
    """A command with the options that all scripts have; the function gets the desk, and its own options."""

    # Ape reads its parameters to know what a command wants of it, so it shows its own.
    def run(*, provider: ProviderAPI, manifest_path: Path | None, account: str | None, **options: Any) -> None:
        dry_run, yes = options.pop("dry_run"), options.pop("yes")
        try:
            path = manifest_path or load_settings().manifest_path
            script(Desk(provider, path, account, dry_run=dry_run, yes=yes), **options)
        except QuantaTradeError as error:
            raise click.ClickException(str(error)) from error

    file = click.Path(path_type=Path, dir_okay=False)
    options = (
        network_option(),
        click.option(
            "--account", help="Alias of the keyfile account that sends (local chain: the first test account)."
        ),
        click.option("--manifest", "manifest_path", type=file, help="The deployment; the state folder's if not named."),
        click.option("--dry-run", is_flag=True, help="Say what would be sent, and send nothing."),
        click.option("--yes", is_flag=True, help="Send without asking."),
    )
    run.__click_params__ = list(getattr(script, "__click_params__", []))
    for option in reversed(options):
        run = option(run)
    return click.command("cli", cls=ConnectedProviderCommand, help=script.__globals__["__doc__"])(run)


def load_account(alias: str | None, network: str) -> AccountAPI:
    """The keyfile account of this alias, ready to sign; on the local chain the first test account, if none is named.

    Raises:
        ConfigurationError: none is named, and the network is another.
    """
    if alias is not None:
        account = ape.accounts.load(alias)
        account.set_autosign(enabled=True)
        return account
    if network != "ethereum:local":
        raise ConfigurationError("Who sends is not named.", "Name an account: --account ALIAS (see `ape accounts`).")
    return ape.accounts.test_accounts[0]


@contextmanager
def mining_at_once(provider: ProviderAPI) -> Iterator[None]:
    """A local node that mines at intervals mines each transaction at once for the while; others do as they do."""
    local = provider.network.name == "local"
    interval_s = provider.make_request("anvil_getIntervalMining", []) if local else None
    if interval_s is None:
        yield
        return
    provider.make_request("evm_setAutomine", [True])
    try:
        yield
    finally:
        provider.make_request("evm_setIntervalMining", [interval_s])

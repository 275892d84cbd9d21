"""The `quantatrade` command. Each of its commands loads only the rooms that it needs, so that all start fast."""

import contextlib
import logging
import sys

import click

from indexer.commands import index
from offchain.core.errors import QuantaTradeError
from offchain.core.settings import Settings, load_settings


class _Commands(click.Group):
    """Commands whose expected errors end in one clear line instead of a traceback."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except QuantaTradeError as error:
            click.echo(f"QuantaTrade: {error.message} {error.next_step}".rstrip(), err=True)
            sys.exit(1)


@click.group(cls=_Commands)
@click.version_option(package_name="quantatrade")
@click.pass_context
def main(context: click.Context) -> None:
    """QuantaTrade: orders match off chain, funds settle on chain."""
    settings = load_settings()
    context.obj = settings
    logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)


@main.command()
@click.option("--bots/--no-bots", default=True, help="Let resident bots keep the markets alive.")
@click.pass_obj
def up(settings: Settings, *, bots: bool) -> None:
    """Run the whole exchange on this machine: chain, contracts, engine, settlement, indexer, API and web app."""
    from offchain.local.supervisor import Supervisor

    Supervisor(settings, bots=bots, say=click.echo).run()


@main.command()
@click.pass_obj
def serve(settings: Settings) -> None:
    """Run the exchange and its API on a chain that has the contracts already."""
    import uvloop

    from offchain.app import serve as serve_exchange

    uvloop.run(serve_exchange(settings))


@main.command()
@click.pass_obj
def keys(settings: Settings) -> None:
    """Show the addresses of the exchange's keys: what the deploy script and the gas money need. Makes missing keys."""
    from eth_utils.address import to_checksum_address

    from offchain.chain.keys import load_or_create_keyfile
    from offchain.settlement.signer import engine_address

    submitter = load_or_create_keyfile(settings.submitter_keyfile).address
    for role, address in (("engine", engine_address(settings)), ("submitter", submitter)):
        click.echo(f"{role} {to_checksum_address(address)}")


@main.command()
@click.pass_obj
def bots(settings: Settings) -> None:
    """Let resident bots trade on the local exchange, each with a wallet of its own."""
    import asyncio

    from offchain.bots.resident import run_bots
    from offchain.chain.manifest import load_manifest

    url = f"http://{settings.host}:{settings.port}"
    manifest = load_manifest(settings.manifest_path)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(run_bots(url, settings.node_urls, manifest, settings.state / "keys" / "bots"))


@main.command()
@click.option("--chain", "chain_only", is_flag=True, help="From the chain alone: needs a node and the manifest.")
@click.pass_obj
def verify(settings: Settings, *, chain_only: bool) -> None:
    """Recompute the state from the journal alone and from the chain alone, and compare; exit code 1 if they differ."""
    import asyncio

    import msgspec

    from offchain.audit.verification import ChainVerification, Verification, verify_chain
    from offchain.audit.verification import verify as verify_records

    verification: Verification | ChainVerification
    verification = asyncio.run(verify_chain(settings)) if chain_only else asyncio.run(verify_records(settings))
    click.echo(msgspec.json.format(msgspec.json.encode(verification)).decode())
    if not verification.is_clean:
        sys.exit(1)


@main.command()
@click.option("--to", "through", type=click.IntRange(min=0), help="Stop after this command; the last one if not given.")
@click.option("--book", metavar="SYMBOL", help="Show the book of this market.")
@click.option("--account", metavar="ADDRESS", help="Show the balances and open orders of this wallet.")
@click.pass_obj
def replay(settings: Settings, *, through: int | None, book: str | None, account: str | None) -> None:
    """Compute the state after any command from the journal alone. The exchange may be running."""
    import msgspec

    from offchain.audit.replayed_state import replayed_state

    state = replayed_state(settings.journal_folder, through, book, account)
    click.echo(msgspec.json.format(msgspec.json.encode(state)).decode())


@main.group()
def journal() -> None:
    """Look into the journal."""


@journal.command()
@click.option("--from", "first", type=click.IntRange(min=1), help="Show the commands from this one on.")
@click.option("--to", "last", type=click.IntRange(min=1), help="Show the commands up to this one.")
@click.pass_obj
def inspect(settings: Settings, *, first: int | None, last: int | None) -> None:
    """Check every segment, group and snapshot, or show commands; exit code 1 if anything is damaged."""
    from offchain.audit.journal_check import check_journal, told_commands

    if first is not None or last is not None:
        for line in told_commands(settings.journal_folder, first or 1, last):
            click.echo(line)
        return
    is_damaged = False
    for finding in check_journal(settings.journal_folder):
        click.echo(f"DAMAGE {finding.text}" if finding.is_damage else finding.text)
        is_damaged = is_damaged or finding.is_damage
    if is_damaged:
        sys.exit(1)


@main.command()
@click.argument("projections", nargs=-1)
@click.pass_obj
def rebuild(settings: Settings, projections: tuple[str, ...]) -> None:
    """Drop projections (default: all) and make them again from the journal. The exchange must not be running."""
    from offchain.app import rebuild_projections

    names = rebuild_projections(settings, projections)
    click.echo(f"Rebuilt {', '.join(names)} from the journal.")


main.add_command(index)


if __name__ == "__main__":
    main()

"""`make replay`: recorded order flow through the running exchange, from signed orders to balances on chain."""

import asyncio
import random
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from benchmarks.figures import Figures
from benchmarks.replay.books import compare_books
from benchmarks.replay.driver import Driver, Played
from benchmarks.replay.killer import Killer
from benchmarks.replay.netting import Netting
from benchmarks.replay.recording import Recording, read_recording
from benchmarks.replay.report import SettlementWatch, lost_acknowledgements, trades_of
from benchmarks.replay.result import Result
from benchmarks.replay.wallets import funded_wallets
from offchain.chain.node import NodePool
from offchain.client.client import Client
from offchain.client.wallet import Wallet
from offchain.core.errors import QuantaTradeError
from offchain.core.settings import load_settings
from offchain.local.launch import LaunchedExchange, launched_exchange

MARKET: Final = "BTC-DAI"
WALLETS: Final = 256
NET_WAIT_MS: Final = 3_000
"""How long a batch waits for the wallets that net: all of them are in one process here."""
RECORDING: Final = "bitstamp-btcusd-2015-05-01.log.xz"


@click.command()
@click.option("--data", type=click.Path(path_type=Path), help="A recording; default: the Bitstamp day.")
@click.option("--speed", default=0.0, help="Recorded seconds per second; 0: as fast as it goes.")
@click.option("--kills", default=0, help="How often the process is killed on the way.")
@click.option("--net", default=0.0, help="The share of the wallets that answer for themselves by netted statements.")
@click.option("--seed", type=int, help="Decides the moments of the kills; default: a new one, which is printed.")
def main(data: Path | None, speed: float, kills: int, net: float, seed: int | None) -> None:
    """Replay a recording against an exchange of its own, and compare what came of it everywhere."""
    try:
        _replay(data, Plan(speed, kills, net), seed)
    except QuantaTradeError as error:
        raise click.ClickException(f"{error.message} {error.next_step}") from error


class Plan(NamedTuple):
    """How a recording is played: how fast, how often the process is killed, and which share of the wallets nets."""

    speed: float
    kills: int
    net: float


def _replay(data: Path | None, plan: Plan, seed: int | None) -> None:
    settings = load_settings()
    recording = read_recording(data or settings.data / RECORDING)
    state = settings.state / "replay"
    shutil.rmtree(state, ignore_errors=True)
    console = Console(stderr=True)
    seed = random.SystemRandom().getrandbits(32) if seed is None else seed
    with launched_exchange(state, net_wait_ms=NET_WAIT_MS if plan.net else 0) as exchange:
        console.print(f"The exchange of this replay is open at {exchange.url}")
        result = asyncio.run(Run(exchange, recording, console).go(plan, random.Random(seed)))
    figures = Figures("replay", _command(data, plan, seed))
    for row in result.rows():
        figures.tell(*row)
    if result.faults():
        raise click.ClickException(f"{'; '.join(result.faults())}. The state is in {state}.")


def _command(data: Path | None, plan: Plan, seed: int) -> str:
    words = [f"make replay-kill SEED={seed}" if plan.kills else "make replay"]
    words += [f"SPEED={plan.speed:g}"] if plan.speed else []
    words += [f"NET={plan.net:g}"] if plan.net else []
    words += [f"DATA={data.name}"] if data else []
    return " ".join(words)


class Run:
    """One replay, from funding the wallets to comparing the books."""

    def __init__(self, exchange: LaunchedExchange, recording: Recording, console: Console) -> None:
        self._exchange = exchange
        self._recording = recording
        self._console = console

    async def go(self, plan: Plan, rng: random.Random) -> Result:
        """Replays, waits until all is settled, and compares."""
        manifest = self._exchange.manifest
        async with NodePool([self._exchange.node_url]) as nodes, Client(self._exchange.url) as client:
            self._console.print(f"Funding {WALLETS} wallets and depositing on chain")
            crew = await funded_wallets(client, nodes, manifest, client.terms.markets[MARKET], WALLETS)
            sessions = {wallet.signer.address: session for wallet, session in crew}
            watch = SettlementWatch(client)
            watching = asyncio.create_task(watch.run())
            killer = Killer(self._exchange, rng, plan.kills, len(self._recording.steps), self._console)
            netting = Netting(self._exchange.url, nodes, client.terms, crew[: round(plan.net * len(crew))])
            async with netting.answering():
                played = await self._play(client, [wallet for wallet, _ in crew], plan.speed, killer, netting)
                struck = await killer.finish()
                settled = await watch.until_settled()
            watching.cancel()
            return Result(
                played=played,
                recorded=self._recording.trades,
                trades=await trades_of(client, MARKET),
                batches=settled["lastBatch"],
                gas_used=settled["gasUsed"],
                netted_fills=settled["fillsByStatement"],
                statements=settled["statements"],
                longest_lag_ms=watch.longest_lag_ms,
                agreement=await compare_books(self._exchange.settings, manifest, nodes, sessions),
                lost=await lost_acknowledgements(sessions, played),
                kills=struck,
            )

    async def _play(
        self, client: Client, wallets: Sequence[Wallet], speed: float, killer: Killer, netting: Netting
    ) -> Played:
        steps = self._recording.steps
        with _progress(self._console) as progress:
            task = progress.add_task("Orders and deletions", total=len(steps))

            def advance(count: int) -> None:
                progress.advance(task, count)
                killer.advance(count)

            return await Driver(client, wallets, MARKET, speed, progress=advance, placing=netting.placing).play(steps)


def _progress(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console)


if __name__ == "__main__":
    main()

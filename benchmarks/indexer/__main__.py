"""`make bench-indexer`: cold to caught up, beside a plain web3.py loop; decoding, latency and memory.

A local node gets a history of real deposits and token transfers. The indexer runs as a process of its own with every
stage on: headers and bloom filters checked, raw logs, projections, holders' balances, and facts published to a sink
that syncs each page to the disk. Every run starts from an empty database, the quickest counts, and what is stored is
compared with the plain loop's rows.
"""

import asyncio
import hashlib
import random
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from statistics import quantiles
from typing import Final

import click
import msgspec
from sqlalchemy import Engine, func, select

from benchmarks.figures import Figures
from benchmarks.indexer.follow import CONFIRMATIONS, HEAD_INTERVAL_S, DurableFacts, Followed
from benchmarks.indexer.history import EVENTS_A_BLOCK, History, make_history
from benchmarks.indexer.plain_loop import PlainLoop
from indexer.blocks import RawLog
from indexer.contracts import contracts_of
from indexer.decode import Decoder
from indexer.fetch.fetcher import Fetcher
from indexer.fetch.http_node import HttpNode
from indexer.project.funds import ChainDeposit
from indexer.project.projection import table_of
from indexer.project.tokens import ChainTokenTransfer
from indexer.service import Indexer, IndexerSettings
from indexer.store.models import IndexerLog
from offchain.chain.manifest import save_manifest
from offchain.chain.node import NodePool
from offchain.core.database import open_database, upgrade_database
from tests.support.chain import running_anvil
from tests.support.database import postgres_schema

PLAIN_LOOP_EVENTS: Final = 10_000
LATENCY_BLOCKS: Final = 300
LATENCY_PAUSE_MAX_S: Final = 0.2
DECODED_LOGS: Final = 20_000
DECODE_ROUNDS: Final = 10
RUN_TIMEOUT_S: Final = 900
TEN_TIMES: Final = 10


class Bench:
    """The node with its history, and where figures go."""

    def __init__(self, figures: Figures, url: str, history: History, folder: Path) -> None:
        self._figures = figures
        self._url = url
        self._history = history
        self._folder = folder
        self._manifest = folder / "deployment.json"
        save_manifest(history.manifest, self._manifest)

    @property
    def events(self) -> int:
        """The events of the history so far."""
        return self._history.blocks * EVENTS_A_BLOCK

    async def follow(self, database_url: str) -> Followed:
        """One cold run in a process of its own."""
        facts = self._folder / "facts"
        command = [sys.executable, "-m", "benchmarks.indexer.follow", self._url, self._manifest, database_url, facts]
        done = await asyncio.to_thread(
            partial(subprocess.run, command, check=True, capture_output=True, text=True, timeout=RUN_TIMEOUT_S)
        )
        return msgspec.json.decode(done.stdout, type=Followed)

    def tell_run(self, run: Followed, suffix: str = "") -> float:
        """Tells the figures of a cold run; its events a second."""
        rate = self.events / run.seconds
        for metric, value, unit in (
            ("events_per_second", round(rate), "events/s"),
            ("cpu_seconds", round(run.cpu_seconds, 2), "s"),
            ("facts_published", run.facts, "facts"),
            ("rss_mb_peak", round(run.rss_mb_peak), "MiB"),
        ):
            self._figures.tell(metric + suffix, value, unit, self.events)
        return rate

    async def ratio(self, database_url: str, rate: float) -> None:
        """The plain loop on the first blocks, and whether both wrote the same rows."""
        with postgres_schema() as url:
            database = open_database(url)
            upgrade_database(database)
            first = self._history.first_block
            last = first + min(PLAIN_LOOP_EVENTS, self.events) // EVENTS_A_BLOCK - 1
            loop = PlainLoop(self._url, self._history.manifest, database)
            events, seconds = await asyncio.to_thread(loop.run, first, last)
            theirs = await asyncio.to_thread(_digests, url, first, last)
            database.dispose()
        if theirs != await asyncio.to_thread(_digests, database_url, first, last):
            raise click.ClickException("The plain loop and the indexer wrote different rows.")
        self._figures.tell("web3_loop_events_per_second", round(events / seconds), "events/s", events)
        self._figures.tell("ratio_to_web3_loop", round(rate * seconds / events, 1), "ratio", events)

    async def decoding(self) -> None:
        """Decoding alone, of the logs that the node tells: one by one, and those of an event together."""
        contracts = contracts_of(self._history.manifest)
        node = HttpNode(self._url)
        fetcher, number = Fetcher(node, contracts), self._history.manifest.first_block
        logs: list[RawLog] = []
        while len(logs) < min(DECODED_LOGS, self.events):
            blocks = await fetcher.range(number, number + 10_000)
            logs += blocks.logs
            number = blocks.headers[-1].number + 1
        await node.close()
        decoder = Decoder(contracts)
        for metric, decode in (
            ("decode_events_per_second", decoder.decode_all),
            ("decode_together_events_per_second", decoder.decode_together),
        ):
            seconds = []
            for _ in range(DECODE_ROUNDS):
                started_s = time.perf_counter()
                decode(logs)
                seconds.append(time.perf_counter() - started_s)
            self._figures.tell(metric, round(len(logs) / min(seconds)), "events/s", len(logs))

    async def latency(self, database_url: str) -> None:
        """From the moment that a block is asked for to the moment that another connection reads its rows."""
        database, reader = open_database(database_url), open_database(database_url)
        node = HttpNode(self._url)
        contracts = contracts_of(self._history.manifest)
        settings = IndexerSettings(self._history.manifest.chain_id, CONFIRMATIONS, HEAD_INTERVAL_S)
        indexer = Indexer([node], database, settings, lambda: contracts, DurableFacts(self._folder / "live"))
        await indexer.start()
        while not indexer.status().caught_up:  # noqa: ASYNC110 - nothing tells us
            await asyncio.sleep(0.05)
        waited_ms = []
        for _ in range(LATENCY_BLOCKS):
            number = await self._history.exchange.nodes.block_number() + 1
            started_s = time.perf_counter()
            await self._history.mine_block()
            while await asyncio.to_thread(_newest_deposit, reader) < number:  # noqa: ASYNC110 - nothing tells us
                await asyncio.sleep(0.001)
            waited_ms.append((time.perf_counter() - started_s) * 1_000)
            await asyncio.sleep(random.random() * LATENCY_PAUSE_MAX_S)
        await indexer.stop()
        await node.close()
        database.dispose()
        reader.dispose()
        cuts = quantiles(waited_ms, n=100)
        self._figures.tell("live_latency_ms_p50", round(cuts[49], 1), "ms", len(waited_ms))
        self._figures.tell("live_latency_ms_p99", round(cuts[98], 1), "ms", len(waited_ms))


def _newest_deposit(reader: Engine) -> int:
    table = table_of(ChainDeposit)
    with reader.connect() as connection:
        return connection.scalar(select(func.max(table.c.block_number))) or 0


def _digests(database_url: str, first: int, last: int) -> dict[str, str]:
    """A hash of the rows of each table from one block to another."""
    database, digests = open_database(database_url), {}
    with database.connect() as connection:
        for model in (IndexerLog, ChainDeposit, ChainTokenTransfer):
            table = table_of(model)
            query = select(table).where(table.c.block_number.between(first, last)).order_by(*table.primary_key.columns)
            rows = [tuple(row) for row in connection.execute(query)]
            digests[table.name] = f"{len(rows)} {hashlib.blake2b(repr(rows).encode()).hexdigest()}"
    database.dispose()
    return digests


async def measure(figures: Figures, events: int, rounds: int, folder: Path, *, ten_times: bool) -> None:
    """Makes the history and measures everything."""
    with running_anvil() as url:
        async with NodePool([url], timeout_s=60) as nodes:
            history = await make_history(nodes)
            bench = Bench(figures, url, history, folder)
            await history.extend(events)
            with ExitStack() as stack:
                runs = []
                for _ in range(rounds):
                    database_url = stack.enter_context(postgres_schema())
                    runs.append(await bench.follow(database_url))
                best = min(runs, key=lambda run: run.seconds)
                rate = bench.tell_run(best)
                figures.tell("rss_mb_of_the_modules", round(best.rss_mb_before), "MiB", 1)
                await bench.ratio(database_url, rate)
                on_sqlite = [
                    await bench.follow(f"sqlite+pysqlite:///{folder / f'{number}.db'}") for number in range(rounds)
                ]
                bench.tell_run(min(on_sqlite, key=lambda run: run.seconds), "_sqlite")
                await bench.decoding()
                await bench.latency(database_url)
            if ten_times:
                await history.extend(events * TEN_TIMES)
                with postgres_schema() as database_url:
                    bench.tell_run(await bench.follow(database_url), "_of_ten_times")


@click.command()
@click.option("--events", default=200_000, show_default=True, help="Events in the history.")
@click.option("--rounds", default=3, show_default=True, help="Cold runs on each database; the quickest counts.")
@click.option("--ten-times/--once", default=True, help="Measure with ten times the history too: memory must not grow.")
def main(events: int, rounds: int, *, ten_times: bool) -> None:
    """Measure the indexer."""
    with tempfile.TemporaryDirectory() as folder:
        figures = Figures("indexer", f"make bench-indexer EVENTS={events} ROUNDS={rounds}")
        asyncio.run(measure(figures, events, rounds, Path(folder), ten_times=ten_times))


if __name__ == "__main__":
    main()

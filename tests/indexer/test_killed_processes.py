"""A process that is killed at any moment has lost nothing and told nothing twice when it is started again."""

import asyncio
import random
import subprocess
import sys
from pathlib import Path

from offchain.chain.keys import LocalSigner
from offchain.chain.manifest import save_manifest
from offchain.chain.node import NodePool
from tests.support.chain import deploy_exchange, running_anvil
from tests.support.waiting import eventually

KILLS = 4
OWNERS = [bytes([number]) * 20 for number in (1, 2, 3)]


def start(*arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "tests.indexer.killable", *arguments])


async def test_kill_9_loses_and_repeats_nothing(tmp_path: Path, database_url: str) -> None:
    rng = random.Random(20_260_101)
    facts = tmp_path / "facts"
    with running_anvil() as url:
        async with NodePool([url]) as nodes:
            exchange = await deploy_exchange(nodes, LocalSigner(bytes([7]) * 32).address)
            save_manifest(exchange.manifest, tmp_path / "deployment.json")
            arguments = (url, str(tmp_path / "deployment.json"), database_url, str(facts))
            expected: list[tuple[str, int]] = []
            process = start(*arguments)
            try:
                for kill in range(KILLS):
                    # The last deposit is not final before more blocks are mined.
                    await eventually(lambda: len(_lines(facts)) >= len(expected) - 1)
                    for _ in range(rng.randrange(3, 8)):
                        owner, amount = rng.choice(OWNERS), rng.randrange(1, 10**6)
                        await exchange.deposit(owner, 2, amount)
                        expected.append((owner.hex(), amount))
                    await asyncio.sleep(rng.random() * 0.1)
                    process.kill()
                    process.wait()
                    await exchange.mine(kill)
                    process = start(*arguments)
                await exchange.mine(2)
                await eventually(lambda: len(_lines(facts)) >= len(expected))
                await asyncio.sleep(0.2)
            finally:
                process.kill()
                process.wait()
            told = [(line.split()[2], int(line.split()[3])) for line in _lines(facts)]
            assert told == expected
            for owner in OWNERS:
                mine = sum(amount for name, amount in told if name == owner.hex())
                assert await exchange.read("balanceOf", owner, 2) == mine


def _lines(facts: Path) -> list[str]:
    return facts.read_text().splitlines() if facts.exists() else []

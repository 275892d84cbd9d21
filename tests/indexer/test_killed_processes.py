"""A process that is killed at any moment has lost nothing and told nothing twice when it is started again.

`make kill-indexer` does it two hundred times.
"""

import random
from pathlib import Path

from offchain.chain.node import NodePool
from tests.indexer.chain_load import ChainLoad
from tests.indexer.kill_proof import KillProof
from tests.indexer.killable import FileSink
from tests.support.chain import running_anvil

KILLS = 6


async def test_kill_9_loses_and_repeats_nothing(tmp_path: Path, database_url: str) -> None:
    rng = random.Random(20_260_101)
    with running_anvil() as url:
        async with NodePool([url], 300) as nodes:
            load = await ChainLoad.on(nodes, rng, 100)
            for _ in range(20):
                await load.do_something()
            proof = KillProof(load, database_url, tmp_path, rng)
            await proof.run(KILLS)
            assert proof.findings == []
            assert proof.totals["kills"] == KILLS
            assert proof.totals["facts"] > 10


async def test_the_proof_sees_a_fact_that_is_told_twice_or_lost(tmp_path: Path) -> None:
    with running_anvil() as url:
        async with NodePool([url], 300) as nodes:
            load = await ChainLoad.on(nodes, random.Random(1), 5)
            proof = KillProof(load, f"sqlite+pysqlite:///{tmp_path / 'killed.db'}", tmp_path, random.Random(1))
            proof._empty()
            await proof._follow_to_the_end()
            await proof._compare()
            assert proof.findings == []
            lines = (tmp_path / "facts").read_text().splitlines(keepends=True)
            for wrong in ([*lines, lines[-1]], lines[1:]):
                (tmp_path / "facts").write_text("".join(wrong))
                proof.findings = []
                await proof._compare()
                assert len(proof.findings) == 2


def test_a_line_that_was_cut_off_is_no_fact(tmp_path: Path) -> None:
    (tmp_path / "facts").write_text("7 1 aa CHAIN_DEPOSIT bb 5\n8 2 cc CHAIN_DEP")
    sink = FileSink(tmp_path / "facts")
    assert sink.chain_position == (7, 1)
    sink.close()
    assert (tmp_path / "facts").read_text() == "7 1 aa CHAIN_DEPOSIT bb 5\n"

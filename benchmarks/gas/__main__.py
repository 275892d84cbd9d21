"""`make bench-gas`: what settlement costs, one JSON line a figure; `RECORD=1` writes docs/contracts/gas.json anew."""

import asyncio
import json
from pathlib import Path
from typing import Final

import click

from benchmarks.figures import Figures
from benchmarks.gas.cases import TRADERS, Figure, measure
from benchmarks.gas.ground import ENGINE_KEY, Ground
from offchain.chain.node import NodePool
from tests.support.chain import deploy_exchange, running_anvil

TABLE: Final = Path(__file__).parents[2] / "docs" / "contracts" / "gas.json"
"""The figures as they were reviewed: what costs more than it says there is a fault."""


async def measured() -> dict[str, Figure]:
    """All figures, on a node of their own."""
    with running_anvil() as url:
        async with NodePool([url], timeout_s=120) as nodes:
            ground = Ground(await deploy_exchange(nodes, ENGINE_KEY.address), TRADERS)
            await ground.prepare()
            return await measure(ground)


@click.command()
@click.option("--record", is_flag=True, help="Write the figures to docs/contracts/gas.json.")
def main(record: bool) -> None:
    """Measure what settlement costs."""
    figures = asyncio.run(measured())
    if record:
        TABLE.write_text(json.dumps({name: figure.value for name, figure in figures.items()}, indent=2) + "\n")
    tell = Figures("gas", "make bench-gas").tell
    for name, figure in figures.items():
        tell(name, figure.value, figure.unit, figure.n)


if __name__ == "__main__":
    main()

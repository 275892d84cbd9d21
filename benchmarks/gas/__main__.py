"""`make bench-gas`: what settlement and the token economy cost, one JSON line a figure.

`RECORD=1` writes docs/contracts/gas.json anew.
"""

import asyncio
import json
from pathlib import Path
from typing import Final

import click

from benchmarks.figures import Figures
from benchmarks.gas.cases import TRADERS, Figure, measure
from benchmarks.gas.ground import ENGINE_KEY, Ground
from benchmarks.gas.revenue import measure_revenue
from benchmarks.gas.sale import measure_sale
from benchmarks.gas.staking import measure_staking
from benchmarks.gas.vesting import measure_vesting
from offchain.chain.node import NodePool
from tests.support.chain import deploy_exchange, running_anvil

TABLE: Final = Path(__file__).parents[2] / "docs" / "contracts" / "gas.json"
"""The figures as they were reviewed: what costs more than it says there is a fault."""


async def measured() -> dict[str, Figure]:
    """All figures."""
    return await settlement() | await sale() | await economy()


async def sale() -> dict[str, Figure]:
    """The figures of the sale and of vesting, on a node of their own."""
    with running_anvil() as url:
        async with NodePool([url], timeout_s=120) as nodes:
            exchange = await deploy_exchange(nodes, ENGINE_KEY.address)
            return await measure_sale(exchange) | await measure_vesting(exchange)


async def economy() -> dict[str, Figure]:
    """The figures of the token economy, on a node of their own."""
    with running_anvil() as url:
        async with NodePool([url], timeout_s=120) as nodes:
            exchange = await deploy_exchange(nodes, ENGINE_KEY.address)
            return await measure_staking(exchange) | await measure_revenue(exchange)


async def settlement() -> dict[str, Figure]:
    """The figures of settlement, on a node of their own."""
    with running_anvil() as url:
        async with NodePool([url], timeout_s=120) as nodes:
            ground = Ground(await deploy_exchange(nodes, ENGINE_KEY.address), TRADERS)
            await ground.prepare()
            return await measure(ground)


@click.command()
@click.option("--record", is_flag=True, help="Write the figures to docs/contracts/gas.json.")
def main(record: bool) -> None:
    """Measure what settlement and the token economy cost."""
    figures = asyncio.run(measured())
    if record:
        TABLE.write_text(json.dumps({name: figure.value for name, figure in figures.items()}, indent=2) + "\n")
    tell = Figures("gas", "make bench-gas").tell
    for name, figure in figures.items():
        tell(name, figure.value, figure.unit, figure.n)


if __name__ == "__main__":
    main()

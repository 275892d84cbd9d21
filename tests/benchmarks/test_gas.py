"""What settlement costs on a real node, against the figures of docs/contracts/gas.json: none may rise.

Gas is exact: everything that is signed, and so all calldata, is the same in every run. Where a figure falls, write the
table anew with `make bench-gas RECORD=1`, so that what was saved stays saved.
"""

import json

from benchmarks.gas.__main__ import TABLE, measured

MORE_IS_BETTER = {"max_pairs_per_transaction"}


async def test_nothing_costs_more_than_the_table_says():
    figures = {name: figure.value for name, figure in (await measured()).items()}
    recorded = json.loads(TABLE.read_text())
    assert figures.keys() == recorded.keys()
    risen = {
        name: (recorded[name], value)
        for name, value in figures.items()
        if (value < recorded[name] if name in MORE_IS_BETTER else value > recorded[name])
    }
    assert risen == {}

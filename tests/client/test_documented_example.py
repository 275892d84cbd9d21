"""The example in docs/api.md runs as it stands."""

import re
import textwrap
from pathlib import Path
from typing import Any

from offchain.client.client import Client
from tests.support.chainless_exchange import RunningExchange

DOCUMENT = Path(__file__).parents[2] / "docs" / "api.md"


async def test_the_example_of_the_client_runs(exchange: RunningExchange) -> None:
    section = DOCUMENT.read_text().partition("## The Python client")[2]
    found = re.search(r"```python\n(.*?)```", section, re.DOTALL)
    assert found is not None
    code = found.group(1).replace("http://127.0.0.1:8000", exchange.url)
    names: dict[str, Any] = {"Client": Client, "private_key": exchange.new_wallet(USDC="100000").private_key}
    exec(f"async def example():\n{textwrap.indent(code, '    ')}\n    return placed, balances, wallet", names)
    placed, balances, wallet = await names["example"]()
    assert placed.status == "NEW"
    assert balances["USDC"]["total"] == "100000"
    assert wallet.lanes.take(3) == 1

"""The examples in docs/api.md run as they stand."""

import asyncio
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from offchain.chain.bindings import load_contract
from offchain.chain.keys import LocalSigner
from offchain.chain.node import NodePool
from offchain.chain.settlement_view import SettlementView
from offchain.client.client import Client
from offchain.client.lanes import LaneBook
from offchain.client.statement_book import StatementBook
from offchain.client.statements import answer_statements
from tests.support.chainless_exchange import RunningExchange, exchange_running

DOCUMENT = Path(__file__).parents[2] / "docs" / "api.md"
OPERATOR = LocalSigner(b"\x43" * 32)


def example(section: str, number: int = 0) -> str:
    """The code of a section of the document."""
    text = DOCUMENT.read_text().partition(f"## {section}\n")[2].partition("\n## ")[0]
    return re.findall(r"```python\n(.*?)```", text, re.DOTALL)[number]


async def run(exchange: RunningExchange, code: str, **given: Any) -> dict[str, Any]:
    """Runs an example; returns the names that it leaves."""
    code = code.replace("http://127.0.0.1:8000", exchange.url)
    names: dict[str, Any] = {"Client": Client, **given}
    exec(f"async def example():\n{textwrap.indent(code, '    ')}\n    return locals()", names)
    left: dict[str, Any] = await names["example"]()
    return left


@pytest.fixture(scope="module")
def operated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningExchange]:
    """An exchange with an operator."""
    operators = ("0x" + OPERATOR.address.hex(),)
    with exchange_running(tmp_path_factory.mktemp("operated"), operators=operators) as running:
        yield running


async def test_the_example_of_the_client_runs(exchange: RunningExchange) -> None:
    key = exchange.new_wallet(USDC="100000").private_key
    left = await run(exchange, example("The Python client"), private_key=key)
    assert left["placed"].status == "NEW"
    assert left["balances"]["USDC"]["total"] == "100000"
    assert left["wallet"].lanes.take(3) == 1


async def test_the_example_of_every_kind_of_order_runs(exchange: RunningExchange) -> None:
    key = exchange.new_wallet(USDC="100000").private_key
    left = await run(exchange, example("The Python client", 1), private_key=key)
    replaced, armed = left["replaced"], left["armed"]
    assert replaced.cancelled.cancelled_quantity == "0.1"
    assert left["cancelled"].order_ids == [replaced.placed.order_id, armed.order_id]
    lanes: LaneBook = left["wallet"].lanes
    assert left["lower"].lane == left["maker"].lane == 1
    assert lanes.take(3) == 3


async def test_the_example_of_an_operator_runs(operated: RunningExchange) -> None:
    left = await run(operated, example("Operators"), operator_key=OPERATOR.private_key)
    assert left["taken"]["cancelledOrderIds"] == []


async def test_the_example_of_a_session_key_runs(exchange: RunningExchange) -> None:
    owner, key = exchange.new_wallet(USDC="10000"), LocalSigner(b"\x44" * 32)
    exchange.register_session_key(owner.address, key.address, "BTC-USDC")
    left = await run(
        exchange, example("The Python client", 2), session_key=key.private_key, owner_address=owner.address
    )
    assert [placed.status for placed in left["outcomes"]] == ["NEW"] * 3
    assert [gone.status for gone in left["cancelled"]] == ["CANCELLED"] * 3


async def test_the_example_of_netted_statements_runs(exchange: RunningExchange) -> None:
    key = exchange.new_wallet(USDC="100000").private_key
    names = {
        "asyncio": asyncio,
        "NodePool": NodePool,
        "StatementBook": StatementBook,
        "SettlementView": SettlementView,
        "load_contract": load_contract,
        "answer_statements": answer_statements,
    }
    code = example("The Python client", 3).replace("3_600", "1")
    with pytest.raises(TimeoutError):
        await run(exchange, code, private_key=key, node_url="http://127.0.0.1:9", **names)

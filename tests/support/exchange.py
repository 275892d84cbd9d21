"""A whole exchange for a test: chain, contracts, server and, if asked for, bots."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from offchain.chain.keys import LocalSigner
from offchain.local.launch import LaunchedExchange, launched_exchange
from tests.support.chain import running_anvil
from tests.support.database import postgres_schema

OPERATOR = LocalSigner(b"\x42" * 32)
"""The wallet that may set what operators set, on the shared exchange."""


@pytest.fixture
def node_url() -> Iterator[str]:
    """A chain of the test's own."""
    with running_anvil() as url:
        yield url


@pytest.fixture(scope="session")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LaunchedExchange]:
    """An exchange without bots, shared by the tests of a run; each test uses wallets of its own."""
    folder: Path = tmp_path_factory.mktemp("exchange")
    with launched_exchange(folder, operators=("0x" + OPERATOR.address.hex(),)) as launched:
        yield launched


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def exchange_on_either_database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LaunchedExchange]:
    """The shared exchange, and then one that keeps its tables in PostgreSQL."""
    if request.param == "sqlite":
        yield request.getfixturevalue("exchange")
        return
    with postgres_schema() as url, launched_exchange(tmp_path_factory.mktemp("exchange"), database_url=url) as launched:
        yield launched

"""`quantatrade verify` finds what does not agree."""

import sqlite3
from pathlib import Path

import pytest

from offchain.audit.verification import Verification, count_differences, holdings_hash, verify, verify_chain
from offchain.client.client import Client
from offchain.local.launch import LaunchedExchange
from tests.support.traders import trader

OWNER = b"o" * 20


async def verification_of_a_copy(exchange: LaunchedExchange, folder: Path, change: str) -> Verification:
    """Verifies against a copy of the exchange's database in which a statement has changed something."""
    path = folder / "copy.db"
    with sqlite3.connect(exchange.settings.state / "quantatrade.db") as source, sqlite3.connect(path) as copy:
        source.backup(copy)
        assert copy.execute(change).rowcount == 1
    return await verify(exchange.settings.model_copy(update={"database_url": f"sqlite+pysqlite:///{path}"}))


@pytest.fixture
async def funded_exchange(exchange: LaunchedExchange) -> LaunchedExchange:
    """An exchange where somebody has something."""
    async with Client(exchange.url) as client:
        await trader(exchange, client, "verified", USDC="100")
    return exchange


async def test_a_balance_that_was_tampered_with_is_found(funded_exchange: LaunchedExchange, tmp_path: Path) -> None:
    assert (await verify(funded_exchange.settings)).is_clean
    found = await verification_of_a_copy(
        funded_exchange,
        tmp_path,
        "UPDATE balances SET total_units = total_units + 1"
        " WHERE (account, asset) = (SELECT account, asset FROM balances LIMIT 1)",
    )
    assert (found.ledger_mismatches, found.ledger_faults) == (1, 1)
    assert not found.is_clean


async def test_an_entry_that_does_not_balance_is_found(funded_exchange: LaunchedExchange, tmp_path: Path) -> None:
    found = await verification_of_a_copy(
        funded_exchange,
        tmp_path,
        "UPDATE ledger_lines SET amount_units = amount_units - 1"
        " WHERE purse = 4 AND event_sequence = (SELECT MIN(event_sequence) FROM ledger_lines)",
    )
    assert (found.ledger_mismatches, found.ledger_faults) == (0, 1)
    assert not found.is_clean


async def test_the_chain_is_verified_without_a_journal_or_a_database(
    funded_exchange: LaunchedExchange, tmp_path: Path
) -> None:
    manifest = funded_exchange.settings.manifest_path.read_bytes()
    alone = funded_exchange.settings.model_copy(update={"state": tmp_path})
    alone.manifest_path.parent.mkdir(parents=True, exist_ok=True)
    alone.manifest_path.write_bytes(manifest)
    found = await verify_chain(alone)
    assert found.is_clean
    assert found.views_compared > 0
    assert found.chain_hash == (await verify(funded_exchange.settings)).chain_hash


def test_a_holding_that_one_side_lacks_counts_as_nothing() -> None:
    assert count_differences({(1, 1): 5, (1, 2): 0}, {(1, 1): 5}) == 0
    assert count_differences({(1, 1): 5}, {(1, 1): 6, (2, 1): 1}) == 2


def test_the_hash_of_holdings_depends_on_every_unit_and_on_no_order() -> None:
    holdings = {(OWNER, 1): 5, (OWNER, 2): 7}
    assert holdings_hash(holdings) == holdings_hash({(OWNER, 2): 7, (OWNER, 3): 0, (OWNER, 1): 5})
    assert holdings_hash(holdings) != holdings_hash({(OWNER, 1): 5, (OWNER, 2): 8})

"""A token beside the vault, on a real node: holders' balances, a contract that is added later, rebuild and verify."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner
from sqlalchemy import Engine, delete, func, select, update

from indexer.blocks import IndexedContract
from indexer.contracts import ManifestContracts
from indexer.project.funds import ChainDeposit
from indexer.project.registry import PROJECTIONS
from indexer.project.tokens import ChainTokenBalance, ChainTokenTransfer
from indexer.rebuild import projection_named, rebuild
from indexer.service import Indexer
from indexer.store.models import IndexerContract, IndexerLog
from indexer.verify import stored_status, verify
from offchain.chain.bindings import load_contract
from offchain.chain.keys import LocalSigner
from offchain.chain.manifest import DeployedContract, save_manifest
from offchain.chain.node import NodePool
from offchain.cli import main
from offchain.core.errors import ChainError, InvalidRequest
from offchain.core.settings import Settings
from tests.indexer import real_node
from tests.indexer.real_node import caught_up
from tests.support.chain import TestExchange, deploy_exchange
from tests.support.chainless_exchange import MANIFEST
from tests.support.waiting import eventually

CONFIRMATIONS = 3
ALICE, BOB, CAROL = (bytes([number]) * 20 for number in (0xA1, 0xB0, 0xC0))
QTRA = 1
TOKEN_ABI = load_contract("TestToken")


@pytest.fixture
async def exchange(node_url: str) -> AsyncIterator[TestExchange]:
    async with NodePool([node_url]) as nodes:
        yield await deploy_exchange(nodes, LocalSigner(bytes([7]) * 32).address)


class Watched:
    """What is indexed: the vault, and the token once it is added."""

    def __init__(self, exchange: TestExchange) -> None:
        manifest = exchange.manifest
        self.vault = IndexedContract(
            "Settlement", manifest.address("Settlement"), manifest.first_block, load_contract("Settlement")
        )
        token = exchange.assets[QTRA].token
        self.token = IndexedContract("QTRAToken", token, manifest.first_block, TOKEN_ABI)
        self.contracts: tuple[IndexedContract, ...] = (self.vault,)

    def __call__(self) -> tuple[IndexedContract, ...]:
        return self.contracts


def indexing(
    exchange: TestExchange, database: Engine, watched: Watched
) -> contextlib.AbstractAsyncContextManager[Indexer]:
    return real_node.indexing(exchange.nodes.urls, database, exchange.manifest.chain_id, CONFIRMATIONS, watched)


async def give(exchange: TestExchange, holder: bytes, amount: int) -> None:
    await exchange.transact(exchange.assets[QTRA].token, TOKEN_ABI.encode_call("mint", holder, amount))


def balances(database: Engine) -> dict[bytes, int]:
    with database.connect() as connection:
        table = ChainTokenBalance.__table__
        return {row.holder: row.amount for row in connection.execute(select(table))}


async def true_balances(exchange: TestExchange, *holders: bytes) -> dict[bytes, int]:
    told = {}
    for holder in holders:
        calldata = TOKEN_ABI.encode_call("balanceOf", holder)
        result = await exchange.nodes.eth_call(exchange.assets[QTRA].token, calldata)
        told[holder] = int.from_bytes(result)
    return {holder: amount for holder, amount in told.items() if amount}


async def test_holders_have_what_the_token_says_through_reorgs(exchange: TestExchange, database: Engine) -> None:
    watched = Watched(exchange)
    watched.contracts = (watched.vault, watched.token)
    async with indexing(exchange, database, watched) as indexer:
        await give(exchange, ALICE, 10**30)
        await exchange.deposit(BOB, QTRA, 5)
        await exchange.mine(CONFIRMATIONS)
        for depth in range(1, CONFIRMATIONS + 1):
            for holder in (ALICE, BOB, CAROL)[:depth]:
                await give(exchange, holder, 2**200)
            await caught_up(indexer, exchange.nodes)
            vault = exchange.settlement
            assert balances(database) == await true_balances(exchange, ALICE, BOB, CAROL, vault)
            await exchange.nodes.call("anvil_reorg", depth, [])
            await exchange.mine()
            await caught_up(indexer, exchange.nodes)
            assert balances(database) == await true_balances(exchange, ALICE, BOB, CAROL, vault)
        assert indexer.status().reorgs == CONFIRMATIONS
        for projection in PROJECTIONS:
            assert rebuild(database, exchange.manifest.chain_id, watched(), projection).is_same, projection.name


async def test_a_contract_that_is_added_gets_its_whole_history_without_a_restart(
    exchange: TestExchange, database: Engine
) -> None:
    watched = Watched(exchange)
    async with indexing(exchange, database, watched) as indexer:
        for amount in range(1, 6):
            await give(exchange, ALICE, amount)
            await exchange.deposit(BOB, QTRA, amount)
        await exchange.mine(2)
        await caught_up(indexer, exchange.nodes)
        assert balances(database) == {}
        watched.contracts = (watched.vault, watched.token)
        await eventually(lambda: stored_status(database, exchange.manifest.chain_id).contracts[1:] != ())
        await caught_up(indexer, exchange.nodes)
        assert indexer.status().catching_up == ()
        holders = (ALICE, BOB, exchange.settlement)
        assert balances(database) == await true_balances(exchange, *holders)
        with database.connect() as connection:
            assert connection.scalar(select(func.count()).select_from(ChainDeposit)) == 5
        await give(exchange, CAROL, 3)
        await exchange.mine(CONFIRMATIONS)
        await caught_up(indexer, exchange.nodes)
        assert balances(database) == await true_balances(exchange, *holders, CAROL)
        assert len(indexer._publisher._sink.facts) == 5
        assert rebuild(database, exchange.manifest.chain_id, watched(), projection_named("tokens")).is_same


async def test_a_history_of_another_chain_is_thrown_away_and_read_again(
    exchange: TestExchange, database: Engine
) -> None:
    watched = Watched(exchange)
    await give(exchange, ALICE, 7)
    await exchange.mine(CONFIRMATIONS)
    async with indexing(exchange, database, watched) as indexer:
        await caught_up(indexer, exchange.nodes)
        final = indexer.status().final
    with database.begin() as connection:
        row = {"chain_id": exchange.manifest.chain_id, "address": watched.token.address, "name": "QTRAToken"}
        wrong = {"first_block": 0, "joined": False, "through_number": final, "through_hash": b"\xee" * 32}
        connection.execute(IndexerContract.__table__.insert().values(row | wrong))
    watched.contracts = (watched.vault, watched.token)
    async with indexing(exchange, database, watched) as indexer:
        await caught_up(indexer, exchange.nodes)
        assert balances(database) == await true_balances(exchange, ALICE)


async def test_rebuild_tells_and_mends_what_was_wrong(exchange: TestExchange, database: Engine) -> None:
    watched = Watched(exchange)
    watched.contracts = (watched.vault, watched.token)
    chain_id = exchange.manifest.chain_id
    async with indexing(exchange, database, watched) as indexer:
        await exchange.deposit(ALICE, QTRA, 5)
        await give(exchange, BOB, 5)
        await caught_up(indexer, exchange.nodes)
    truth = balances(database)
    with database.begin() as connection:
        connection.execute(update(ChainTokenBalance).values(amount=1))
        connection.execute(delete(ChainDeposit))
    for name in ("tokens", "funds"):
        rebuilt = rebuild(database, chain_id, watched(), projection_named(name))
        assert not rebuilt.is_same
        assert rebuild(database, chain_id, watched(), projection_named(name)).is_same
    assert balances(database) == truth
    with pytest.raises(InvalidRequest, match="Choose from funds"):
        projection_named("nothing")


async def test_verify_compares_with_the_contracts_storage(exchange: TestExchange, database: Engine) -> None:
    watched = Watched(exchange)
    watched.contracts = (watched.vault, watched.token)
    chain_id = exchange.manifest.chain_id
    with pytest.raises(ChainError, match="never indexed"):
        await verify(database, chain_id, watched(), exchange.nodes)
    async with indexing(exchange, database, watched) as indexer:
        await exchange.deposit(ALICE, QTRA, 5)
        await exchange.call("requestExit", QTRA)
        await exchange.call("requestCancel", QTRA, 44)
        await give(exchange, BOB, 5)
        await exchange.mine(CONFIRMATIONS)
        await caught_up(indexer, exchange.nodes)
    verified = await verify(database, chain_id, watched(), exchange.nodes)
    assert verified.is_clean, verified
    of_these = [projection for projection in PROJECTIONS if projection.contracts & {"Settlement", "QTRAToken"}]
    assert {one.projection for one in verified.checked} == {projection.name for projection in of_these}
    with database.begin() as connection:
        connection.execute(update(ChainTokenTransfer).values(amount=1))
        connection.execute(update(ChainDeposit).values(amount=1))
    wrong = await verify(database, chain_id, watched(), exchange.nodes)
    found = {one.projection: [mismatch.what for mismatch in one.mismatches] for one in wrong.checked}
    assert found["funds"] == [f"units owed of asset {QTRA}"]
    assert f"balance of 0x{BOB.hex()}" in found["tokens"]


async def test_the_commands_say_the_same_of_a_deployment(
    exchange: TestExchange, database_url: str, tmp_path: Path
) -> None:
    save_manifest(exchange.manifest, tmp_path / "deployment.json")
    settings = Settings(state=tmp_path, database_url=database_url, node_urls=exchange.nodes.urls)
    await exchange.deposit(ALICE, QTRA, 5)
    await exchange.mine(CONFIRMATIONS)

    async def ran(*arguments: str, exit_code: int = 0) -> str:
        environment = {
            "QUANTATRADE_STATE": str(tmp_path),
            "QUANTATRADE_DATABASE_URL": database_url,
            "QUANTATRADE_NODE_URLS": msgspec.json.encode(settings.node_urls).decode(),
        }
        result = await asyncio.to_thread(CliRunner().invoke, main, ["index", *arguments], env=environment)
        assert result.exit_code == exit_code, result.output
        return result.output

    await ran("catch-up")
    assert msgspec.json.decode(await ran("status"))["rows"]["chain_deposits"] == 1
    assert all(not one["mismatches"] for one in msgspec.json.decode(await ran("verify"))["checked"])
    assert msgspec.json.decode(await ran("rebuild", "funds"))["tables"][0]["same"]
    assert "Choose from" in await ran("rebuild", "nothing", exit_code=1)


def test_a_manifest_that_changes_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "deployment.json"
    save_manifest(MANIFEST, path)
    contracts = ManifestContracts(path)
    first = contracts()
    assert [contract.name for contract in first] == ["Settlement"]
    assert contracts() is first
    token = DeployedContract("0x" + "77" * 20, "", first_block=12)
    save_manifest(msgspec.structs.replace(MANIFEST, contracts={**MANIFEST.contracts, "QTRAToken": token}), path)
    assert [(contract.name, contract.first_block) for contract in contracts()][1:] == [("QTRAToken", 12)]


def test_every_log_table_is_a_projection_s_or_the_raw_one() -> None:
    tables = {model.__tablename__ for projection in PROJECTIONS for model in projection.models}
    assert IndexerLog.__tablename__ not in tables
    assert len(tables) == sum(len(projection.models) for projection in PROJECTIONS)

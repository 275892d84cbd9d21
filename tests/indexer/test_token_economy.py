"""What the sale, vesting, staking and the revenue router tell, on a real node: rows, sums and checks through reorgs."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from sqlalchemy import Engine, delete, func, insert, select, update

from indexer.blocks import IndexedContract, RawLog
from indexer.contracts import contracts_of
from indexer.decode import Decoder
from indexer.project.projection import table_of
from indexer.project.registry import PROJECTIONS
from indexer.project.revenue import (
    ChainRevenueAuction,
    ChainRevenueAuctionEnd,
    ChainRevenuePrice,
    ChainRevenuePurchase,
    ChainRevenueRouting,
    ChainRevenueSplit,
    ChainRevenueTerms,
)
from indexer.project.sale import (
    ChainSale,
    ChainSaleOutcome,
    ChainSalePayment,
    ChainSalePayout,
    ChainSalePurchase,
    ChainSaleRound,
    ChainSaleShare,
    ChainSaleVoucher,
)
from indexer.project.staking import ChainStake, ChainStakingMove, ChainStakingReward, ChainStakingTier
from indexer.project.tokens import ChainTokenTransfer
from indexer.project.vesting import (
    ChainVestingClaim,
    ChainVestingFunding,
    ChainVestingPool,
    ChainVestingRevocation,
    ChainVestingSurplus,
)
from indexer.rebuild import rebuild
from indexer.service import Indexer
from indexer.verify import verify
from offchain.chain.bindings import load_contract
from offchain.chain.keys import LocalSigner
from offchain.chain.manifest import DeployedContract
from offchain.chain.node import NodePool
from offchain.presale.tree import ALLOCATION_TYPES, StandardTree
from tests.indexer import real_node
from tests.support.chain import deploy_contract, deploy_exchange
from tests.support.economy import DAY_S, DOLLAR, NOBODY, QTRA, TestEconomy, deploy_economy, round_terms

CONFIRMATIONS: Final = 3
OURS: Final = ("sale", "vesting", "staking", "revenue")
USDC_REWARD: Final = 1


@pytest.fixture
async def economy(node_url: str) -> AsyncIterator[TestEconomy]:
    async with NodePool([node_url]) as nodes:
        exchange = await deploy_exchange(nodes, LocalSigner(bytes([7]) * 32).address)
        yield await deploy_economy(exchange)


def indexing(economy: TestEconomy, database: Engine) -> contextlib.AbstractAsyncContextManager[Indexer]:
    contracts, chain_id = contracts_of(economy.manifest), economy.manifest.chain_id
    return real_node.indexing(economy.nodes.urls, database, chain_id, CONFIRMATIONS, lambda: contracts)


async def caught_up(indexer: Indexer, economy: TestEconomy) -> None:
    await real_node.caught_up(indexer, economy.nodes)
    assert indexer.status().unreadable_logs == 0


async def sell(economy: TestEconomy) -> None:
    """A round that succeeds, with a referral; and one that fails and pays back."""
    start_s = await economy.now_s() + 100
    alice, bob, carol, _ = economy.people
    million = 1_000_000 * QTRA
    rounds = [
        round_terms(start_s, start_s + DAY_S, price=40_000, tokens=million),
        round_terms(start_s + DAY_S, start_s + 2 * DAY_S, price=50_000, tokens=million, soft_cap=9_000 * DOLLAR),
    ]
    await economy.configure_sale(rounds, 50_000 * DOLLAR)
    await economy.pass_time(101)
    await economy.buy(alice, 0, 30_000)
    await economy.buy(bob, 0, 1_000, referrer=carol)
    await economy.buy(bob, 0, 7)
    await economy.pass_time(DAY_S)
    await economy.send("SaleManager", "finalise", 0)
    await economy.send("SaleManager", "claimReferral", 0, sender=carol)
    await economy.buy(alice, 1, 500)
    await economy.buy(bob, 1, 11)
    await economy.send("SaleManager", "revokeVoucher", carol, 77)
    await economy.pass_time(DAY_S)
    await economy.send("SaleManager", "finalise", 1)
    await economy.send("SaleManager", "refund", 1, sender=alice)


async def vest(economy: TestEconomy, folder: Path) -> None:
    """A revocable pool: claims, a revocation, and a surplus that goes back."""
    alice, bob, carol, _ = economy.people
    pool, vesting, now_s = 7, economy.address("MerkleVesting"), await economy.now_s()
    amounts = {alice: 3_000 * QTRA, bob: 1_000 * QTRA + 1, carol: 5}
    rows = [(economy.manifest.chain_id, vesting, pool, *one) for one in amounts.items()]
    tree = StandardTree.build(rows, ALLOCATION_TYPES)
    tree.dump(folder / f"{pool}.json")
    total = sum(amounts.values())
    await economy.send("QTRAToken", "approve", vesting, total + 99)
    await economy.send("MerkleVesting", "fund", pool, total + 99)
    schedule = (now_s, now_s, now_s + 100 * DAY_S, 1_000, True)
    await economy.send("MerkleVesting", "publish", pool, tree.root, total, schedule)
    await economy.send("MerkleVesting", "returnSurplus", pool)
    await economy.pass_time(DAY_S)
    await economy.send("MerkleVesting", "claim", pool, amounts[alice], tree.proof(alice), sender=alice)
    await economy.pass_time(DAY_S)
    await economy.send("MerkleVesting", "claimAgain", pool, sender=alice)
    await economy.send("MerkleVesting", "revoke", pool, bob, amounts[bob], tree.proof(bob))


async def stake(economy: TestEconomy) -> None:
    """Stakes that come, go, come back and leave for good, tiers that change, and rewards."""
    alice, bob, carol, _ = economy.people
    await economy.send("Staking", "setTiers", [100 * QTRA, 1_000 * QTRA, 9_000 * QTRA])
    await economy.send("Staking", "setTiers", [100 * QTRA, 2_000 * QTRA])
    await economy.send("Staking", "listReward", economy.usdc)
    for person, amount in ((alice, 5_000 * QTRA), (bob, 150 * QTRA), (carol, 7)):
        await economy.give(person, amount)
        await economy.stake(person, amount)
    deployer = bytes.fromhex(economy.exchange.deployer[2:])
    await economy.give_dollars(deployer, 700 * DOLLAR)
    await economy.notify(USDC_REWARD, economy.usdc, 700 * DOLLAR)
    await economy.send("Staking", "requestUnstake", 1_000 * QTRA, sender=alice)
    await economy.send("Staking", "requestUnstake", 500 * QTRA, sender=alice)
    await economy.send("Staking", "cancelUnstake", 0, sender=alice)
    await economy.pass_time(7 * DAY_S)
    await economy.send("Staking", "withdraw", 1, sender=alice)
    await economy.send("Staking", "claim", sender=alice)
    await economy.send("Staking", "exit", sender=bob)


async def route(economy: TestEconomy) -> None:
    """Dollars that are split, auctioned for QTRA in two goes, and what was left of another auction."""
    alice, *_ = economy.people
    treasury, router = economy.people[3], economy.address("RevenueRouter")
    for setter in ("setTreasury", "setInsurance"):
        await economy.send("RevenueRouter", setter, treasury)
    await economy.send("RevenueRouter", "setSplit", (5_000, 3_000, 1_500, 500))
    terms = (10**12, 1, 11_000, 9_000, 3_600)
    await economy.send("RevenueRouter", "setAuctionTerms", economy.usdc, terms)
    await economy.give_dollars(router, 1_000 * DOLLAR)
    await economy.send("RevenueRouter", "route", economy.usdc)
    # 20 QTRA a dollar.
    await economy.send("ReportedPrice", "setPrice", economy.usdc, 20 * 10**30)
    for _ in range(7):
        await economy.pass_time(601)
        await economy.send("ReportedPrice", "report", economy.usdc, 20 * 10**30)
    await economy.send("RevenueRouter", "startAuction", economy.usdc)
    await economy.give(alice, 10_000 * QTRA)
    await economy.send("QTRAToken", "approve", router, 2**200, sender=alice)
    for dollars in (100, 50):
        await economy.send("RevenueRouter", "buy", 1, dollars * DOLLAR, 2**200, 2**40, sender=alice)
    await economy.pass_time(3_700)
    await economy.send("RevenueRouter", "endAuction", 1)


async def index_everything(economy: TestEconomy, database: Engine, folder: Path) -> None:
    """Indexes all that the contracts can tell, down to the last final block."""
    async with indexing(economy, database) as indexer:
        await sell(economy)
        await vest(economy, folder)
        await stake(economy)
        await route(economy)
        await economy.exchange.mine(CONFIRMATIONS)
        await caught_up(indexer, economy)


def rows(database: Engine) -> dict[str, int]:
    """How many rows our tables have."""
    tables = [table_of(model) for one in PROJECTIONS if one.name in OURS for model in one.models]
    with database.connect() as connection:
        return {table.name: connection.scalar(select(func.count()).select_from(table)) or 0 for table in tables}


def stakes(database: Engine) -> dict[bytes, int]:
    with database.connect() as connection:
        return {row.account: row.amount for row in connection.execute(select(table_of(ChainStake)))}


async def assert_true(economy: TestEconomy, database: Engine) -> None:
    """The tables are what the contracts hold at the final block, and what a rebuild makes of the logs."""
    contracts = contracts_of(economy.manifest)
    verified = await verify(database, economy.manifest.chain_id, contracts, economy.nodes)
    assert not [one for one in verified.checked if one.mismatches]
    assert {one.projection for one in verified.checked} >= set(OURS)
    for projection in PROJECTIONS:
        rebuilt = rebuild(database, economy.manifest.chain_id, contracts, projection)
        assert rebuilt.is_same, projection.name


async def test_every_event_has_its_row_and_the_contracts_agree(
    economy: TestEconomy, database: Engine, tmp_path: Path
) -> None:
    await index_everything(economy, database, tmp_path)
    await assert_true(economy, database)
    empty = {name for name, count in rows(database).items() if not count}
    # Fees come from settled trades only.
    assert empty == {"chain_revenue_collections"}
    alice, _, carol, _ = economy.people
    assert stakes(database) == {alice: 4_500 * QTRA, carol: 7}
    with database.connect() as connection:
        micros = connection.execute(select(ChainSalePurchase.micros, ChainSalePurchase.tokens)).all()
    assert [tuple(row) for row in micros][:2] == [
        (30_000 * DOLLAR, 750_000 * QTRA),
        (1_000 * DOLLAR, 25_000 * QTRA),
    ]


@pytest.mark.parametrize("deeds", [stake, route], ids=["staking", "revenue"])
async def test_reorgs_undo_what_they_replace(
    economy: TestEconomy, database: Engine, deeds: Callable[[TestEconomy], Awaitable[None]]
) -> None:
    alice = economy.people[0]
    async with indexing(economy, database) as indexer:
        await deeds(economy)
        await economy.exchange.mine(CONFIRMATIONS)
        await caught_up(indexer, economy)
        before, staked_before = rows(database), stakes(database)
        await economy.give(alice, 30 * QTRA)
        for depth in range(1, CONFIRMATIONS + 1):
            await economy.send("QTRAToken", "approve", economy.address("Staking"), 2**90, sender=alice)
            await economy.exchange.mine(CONFIRMATIONS - depth + 1)
            for amount in range(1, depth + 1):
                await economy.send("Staking", "stake", amount, sender=alice)
            await caught_up(indexer, economy)
            staked = await economy.read("Staking", "stakedOf", alice)
            assert stakes(database)[alice] == staked
            await economy.nodes.call("anvil_reorg", depth, [])
            await economy.exchange.mine()
            await caught_up(indexer, economy)
            assert stakes(database).get(alice, 0) == await economy.read("Staking", "stakedOf", alice)
        assert indexer.status().reorgs == CONFIRMATIONS
        assert (rows(database), stakes(database)) == (before, staked_before)
        await economy.exchange.mine(CONFIRMATIONS)
        await caught_up(indexer, economy)
    await assert_true(economy, database)


WRONG: Final[list[tuple[Any, dict[str, Any], str]]] = [
    (ChainSale, {"wallet_cap": 1}, "cap of a wallet"),
    (ChainSaleRound, {"price": 1}, "terms of round 0"),
    (ChainSalePayment, {"token": bytes(20)}, "payments"),
    (ChainSaleShare, {"bps": 1}, "shares"),
    (ChainSaleVoucher, {"account": b"\x01" * 20}, "signer of vouchers"),
    (ChainSaleVoucher, {"nonce": 1}, "voucher that is void"),
    (ChainSalePurchase, {"micros": 1}, "micros of round and payment"),
    (ChainSalePurchase, {"tokens": 1}, "tokens of wallet and round"),
    (ChainSalePurchase, {"referrer": bytes(20)}, "micros owed to referrer"),
    (ChainSaleOutcome, {"succeeded": 0}, "state of round"),
    (ChainSaleOutcome, {"raised": 1}, "micros raised by round 0"),
    (ChainSaleOutcome, {"sold": 1}, "tokens sold by round 0"),
    (ChainSaleOutcome, {"unsold": 1}, "tokens not sold by round 0"),
    (ChainSalePayout, {"micros": 1}, "micros of wallet and round"),
    (ChainVestingFunding, {"amount": 1}, "funding of pool 7"),
    (ChainVestingSurplus, {"amount": 1}, "funding of pool 7"),
    (ChainVestingPool, {"root": bytes(32)}, "root of pool 7"),
    (ChainVestingPool, {"total": 1}, "total of pool 7"),
    (ChainVestingPool, {"end_s": 1}, "schedule of pool 7"),
    (ChainVestingClaim, {"claimed": 1}, "claims of pool and account 7"),
    (ChainVestingClaim, {"account": b"\x01" * 20}, "what nobody has proved of pool 7"),
    (ChainVestingRevocation, {"vested": 1}, "claims of pool and account 7"),
    (ChainStakingTier, {"threshold": 1}, "tiers"),
    (ChainStakingReward, {"token": bytes(20)}, "reward of token"),
    (ChainStakingMove, {"amount": 1}, "all stakes"),
    (ChainStakingMove, {"at_s": 1}, "request of account"),
    (ChainRevenueSplit, {"stakers_bps": 1}, "split"),
    (ChainRevenueTerms, {"duration_s": 1}, "terms of auctions of"),
    (ChainRevenueRouting, {"buyback": 1}, "what waits for an auction of"),
    (ChainRevenueAuction, {"floor_price": 1}, "prices of auction 1"),
    (ChainRevenuePurchase, {"amount": 1}, "what waits for an auction of"),
    (ChainRevenueAuctionEnd, {"unsold": 1}, "unsold of auction 1"),
    (ChainRevenuePrice, {"price": 1}, "last price of"),
    (ChainTokenTransfer, {"amount": 1}, "total supply"),
]
"""Rows that are spoilt, and what `verify` says then."""


async def test_verify_tells_what_is_wrong(economy: TestEconomy, database: Engine, tmp_path: Path) -> None:
    await index_everything(economy, database, tmp_path)
    chain_id, contracts = economy.manifest.chain_id, contracts_of(economy.manifest)
    for model, values, what in WRONG:
        with database.begin() as connection:
            before = [dict(row) for row in connection.execute(select(table_of(model))).mappings()]
            connection.execute(update(model).values(values))
        verified = await verify(database, chain_id, contracts, economy.nodes)
        found = [mismatch.what for one in verified.checked for mismatch in one.mismatches]
        assert any(one.startswith(what) for one in found), (model.__tablename__, what, found)
        with database.begin() as connection:
            connection.execute(delete(table_of(model)))
            connection.execute(insert(table_of(model)), before)
    assert (await verify(database, chain_id, contracts, economy.nodes)).is_clean


async def test_a_contract_above_the_final_block_is_not_asked_yet(economy: TestEconomy, database: Engine) -> None:
    first_block = await economy.nodes.block_number() + 1
    needs = [economy.address(name) for name in ("ExchangeAccess", "QTRAToken", "MerkleVesting")]
    sale = await deploy_contract(economy.nodes, economy.exchange.deployer, "SaleManager", *needs)
    added = DeployedContract("0x" + sale.hex(), "", first_block=first_block)
    economy.manifest = msgspec.structs.replace(
        economy.manifest, contracts={**economy.manifest.contracts, "SaleManager": added}
    )
    contracts, checked = contracts_of(economy.manifest), []
    async with indexing(economy, database) as indexer:
        for _ in range(2):
            await caught_up(indexer, economy)
            verified = await verify(database, economy.manifest.chain_id, contracts, economy.nodes)
            checked.append({one.contract for one in verified.checked})
            assert verified.is_clean
            await economy.exchange.mine(CONFIRMATIONS)
    assert checked[1] - checked[0] == {"SaleManager"}


async def test_a_deployment_without_them_is_indexed_as_before(economy: TestEconomy, database: Engine) -> None:
    economy.manifest = economy.exchange.manifest
    async with indexing(economy, database) as indexer:
        await economy.exchange.deposit(economy.people[0], 2, 5)
        await caught_up(indexer, economy)
    assert not any(rows(database).values())
    assert NOBODY not in stakes(database)


def test_collected_fees_are_rows_in_base_units() -> None:
    abi, router, token = load_contract("RevenueRouter"), b"\x70" * 20, b"\x02" * 20
    decoder = Decoder([IndexedContract("RevenueRouter", router, 0, abi)])
    topics = abi.topic("FeesCollected") + (2).to_bytes(32) + token.rjust(32, b"\0")
    log = RawLog(router, 1, bytes(32), bytes(32), 0, 0, topics, (10**30).to_bytes(32))
    (projection,) = [one for one in PROJECTIONS if one.name == "revenue"]
    row = projection.events["FeesCollected"]
    decoded = decoder.decode(log)
    assert decoded.error == ""
    assert (row.columns, row.values(decoded)) == (("asset", "token", "amount"), (2, token, str(10**30)))

"""The running exchange on a real chain: what a wallet holds and stakes shows in its fees, and over the API."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest

from offchain.chain.keys import LocalSigner
from offchain.chain.node import NodePool
from offchain.client.client import Client
from offchain.client.session import Session
from offchain.core.commands import CommandKind
from offchain.sequencer.replay import replay_events
from tests.support.chain import deploy_exchange
from tests.support.chainless_exchange import RunningExchange, exchange_running
from tests.support.economy import DAY_S, DOLLAR, QTRA, USDC_ID, TestEconomy, deploy_economy
from tests.support.waiting import eventually

CONFIRMATIONS: Final = 2
SIGNER: Final = LocalSigner(b"\x31" * 32)
WALLET: Final = SIGNER.address
FIRST_TIER: Final = 5_000 * QTRA
BASE: Final = (1_500, 2_500)
HOLDER: Final = (300, 600)
STAKER: Final = (270, 525)


@pytest.fixture
async def economy(node_url: str) -> AsyncIterator[TestEconomy]:
    async with NodePool([node_url]) as nodes:
        exchange = await deploy_exchange(nodes, LocalSigner(bytes([7]) * 32).address)
        economy = await deploy_economy(exchange)
        # The wallet's key is here alone: the node sends for it without a signature.
        await nodes.call("anvil_impersonateAccount", "0x" + WALLET.hex())
        await exchange.fund(WALLET)
        await economy.send("Staking", "setTiers", [FIRST_TIER])
        await economy.send("Staking", "listReward", economy.usdc)
        yield economy


async def fees(session: Session) -> tuple[int, int]:
    told = (await session.account())["fees"]
    return told["makerPpm"], told["takerPpm"]


async def final(economy: TestEconomy) -> None:
    await economy.exchange.mine(CONFIRMATIONS)


def journaled(running: RunningExchange) -> list[tuple[int, int]]:
    log = replay_events(running.services.settings.journal_folder, 0, running.last_sequence)
    kind = CommandKind.SET_DISCOUNTS
    return [(one.command.amount, one.command.counter_amount) for one in log if one.command.kind == kind]


async def test_fees_follow_what_is_final_and_survive_a_restart(economy: TestEconomy, tmp_path: Path) -> None:
    await economy.give(WALLET, 1_000 * QTRA - 1)
    await economy.exchange.deposit(WALLET, USDC_ID, 100 * DOLLAR)
    await final(economy)
    options: dict[str, Any] = {"manifest": economy.manifest, "node_url": economy.nodes.urls[0]}
    with exchange_running(tmp_path, **options) as running:
        async with Client(running.url) as client:
            session = await client.sign_in(client.wallet(SIGNER))

            async def has(expected: tuple[int, int]) -> bool:
                return await fees(session) == expected

            await eventually(lambda: running.services.sequencer.directory.account_of(WALLET) is not None)
            assert await has(BASE)
            await economy.give(WALLET, 1)
            await asyncio.sleep(1)
            assert await has(BASE), "not final yet"
            await final(economy)
            await eventually(lambda: has(HOLDER))

            await economy.give(WALLET, FIRST_TIER - 1_000 * QTRA)
            await economy.stake(WALLET, FIRST_TIER)
            await economy.give_dollars(bytes.fromhex(economy.exchange.deployer[2:]), 70 * DOLLAR)
            await economy.notify(1, economy.usdc, 70 * DOLLAR)
            await economy.pass_time(DAY_S)
            await final(economy)
            await eventually(lambda: has(STAKER))
            await _assert_told(client)

    with exchange_running(tmp_path, **options) as running:
        async with Client(running.url) as client:
            session = await client.sign_in(client.wallet(SIGNER))
            assert await fees(session) == STAKER
            await economy.send("Staking", "requestUnstake", FIRST_TIER, sender=WALLET)
            await final(economy)

            async def is_base() -> bool:
                return await fees(session) == BASE

            await eventually(is_base)
            # The engine has what the disk is about to have.
            await eventually(lambda: journaled(running)[2:] == [(0, 0)])
            assert journaled(running) == [(800_000, 760_000), (820_000, 790_000), (0, 0)]


async def _assert_told(client: Client) -> None:
    """What the API tells of the stake, and what the contract alone knows."""
    address = "0x" + WALLET.hex()
    position = await client.read(f"/staking/{address}")
    assert (position["staked"], position["stakedFinal"], position["tier"]) == ("5000", "5000", 1)
    (reward,) = position["rewards"]
    assert 9.9 < float(reward["claimable"]) < 10.1
    staking = await client.read("/staking")
    (told,) = staking["rewards"]
    assert (told["token"]["symbol"], told["notified"]) == ("USDC", "70")
    assert 9.9 < float(told["stream"]["perDay"]) <= 10
    assert 0.729 < float(told["stream"]["perQtraYear"]) <= 0.73
    assert [row["source"] for row in told["livePayments"]] == ["OTHER"]

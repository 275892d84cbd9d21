"""Who holds QTRA on chain pays a holder's fees once that is final, who stakes it a staker's, and no longer than so."""

from typing import Any, Final

from offchain.audit.verification import verify
from offchain.chain.bindings import load_contract
from offchain.chain.node import NodePool
from offchain.client.client import Client
from offchain.client.funding import Call, send_all
from offchain.core.commands import CommandKind
from offchain.local.launch import LaunchedExchange
from offchain.sequencer.replay import replay_events
from tests.support.chain import mined_receipt
from tests.support.traders import Trader, trader
from tests.support.waiting import eventually

QTRA: Final = 10**18
BASE: Final = {"makerPpm": 1_500, "takerPpm": 2_500}
HOLDER: Final = {"makerPpm": 300, "takerPpm": 600}
FIRST_TIER: Final = {"makerPpm": 270, "takerPpm": 525}
FIRST_TIER_QTRA: Final = 10_000 * QTRA


async def give(exchange: LaunchedExchange, owner: bytes, amount: int) -> None:
    """QTRA in base units from the deployer, whom the local node signs for."""
    token = exchange.manifest.address("QTRAToken")
    calldata = load_contract("QTRAToken").encode_call("transfer", owner, amount)
    async with NodePool([exchange.node_url]) as nodes:
        deployer = (await nodes.call("eth_accounts"))[0]
        call = {"from": deployer, "to": "0x" + token.hex(), "data": "0x" + calldata.hex()}
        # Mined, or what the owner sends next could stand before it in the same block.
        await mined_receipt(nodes, call)


async def send(exchange: LaunchedExchange, who: Trader, *calls: tuple[str, str, tuple[Any, ...]]) -> None:
    """Transactions of a trader: (contract, function, arguments)."""
    sent = [
        Call(who.signer, exchange.manifest.address(name), load_contract(name).encode_call(function, *arguments))
        for name, function, arguments in calls
    ]
    async with NodePool([exchange.node_url]) as nodes:
        await send_all(nodes, exchange.manifest.chain_id, sent)


async def has_fees(who: Trader, fees: dict[str, int]) -> bool:
    return bool((await who.session.account())["fees"] == fees)


def journaled(exchange: LaunchedExchange, account: int, last: int) -> list[tuple[int, int]]:
    """Every discount that was journaled for an account."""
    log = replay_events(exchange.settings.journal_folder, 0, last)
    return [
        (one.command.amount, one.command.counter_amount)
        for one in log
        if one.command.kind == CommandKind.SET_DISCOUNTS and one.command.account == account
    ]


async def test_fees_follow_what_a_wallet_holds_and_stakes(exchange: LaunchedExchange) -> None:
    async with Client(exchange.url) as client:
        holder = await trader(exchange, client, "a holder", USDC="100000")
        seller = await trader(exchange, client, "who sells to a holder", BTC="1")
        assert await has_fees(holder, BASE)

        await give(exchange, holder.signer.address, 1_000 * QTRA)
        await eventually(lambda: has_fees(holder, HOLDER), seconds=60)
        await client.place(seller.wallet.order("BTC-USDC", "SELL", "40000", "0.1"))
        bought = await client.place(holder.wallet.order("BTC-USDC", "BUY", "40000", "0.1", time_in_force="IOC"))
        assert [fill.fee for fill in bought.fills] == ["2.4"]

        await give(exchange, holder.signer.address, FIRST_TIER_QTRA - 1_000 * QTRA)
        staking = exchange.manifest.address("Staking")
        await send(
            exchange,
            holder,
            ("QTRAToken", "approve", (staking, FIRST_TIER_QTRA)),
            ("Staking", "stake", (FIRST_TIER_QTRA,)),
        )
        await eventually(lambda: has_fees(holder, FIRST_TIER), seconds=60)
        position = await client.read(f"/staking/{holder.wallet.owner}")
        assert (position["staked"], position["tier"], position["makerDiscountPpm"]) == ("10000", 1, 820_000)
        assert [row["claimable"] for row in position["rewards"]] == ["0"] * len(position["rewards"])

        exchange.kill_server()
        await eventually(exchange.answers, seconds=60)
        assert await has_fees(holder, FIRST_TIER)

        await send(exchange, holder, ("Staking", "requestUnstake", (FIRST_TIER_QTRA,)))
        await eventually(lambda: has_fees(holder, BASE), seconds=60)
        (request,) = (await client.read(f"/staking/{holder.wallet.owner}"))["requests"]
        assert (request["amount"], request["withdrawable"]) == ("10000", False)

        account = (await holder.session.account())["accountId"]
        last = (await client.read("/status"))["lastSequence"]
        assert journaled(exchange, account, last) == [(800_000, 760_000), (820_000, 790_000), (0, 0)]

        async def is_settled() -> bool:
            parts = {part["name"]: part for part in (await client.read("/status"))["components"]}
            return bool(parts["settlement"]["figures"]["pendingFills"] == 0)

        await eventually(is_settled, seconds=60)
        assert (await verify(exchange.settings)).is_clean

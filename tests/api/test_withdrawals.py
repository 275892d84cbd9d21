"""Withdrawals: the owner signs, the balance falls at once, and whatever is wrong changes nothing."""

import asyncio
from typing import Any

import msgspec
import pytest

from offchain.chain.keys import load_or_create_keyfile, recover
from offchain.chain.typed_data import WithdrawalApproval, domain_separator
from offchain.client.client import Client
from offchain.client.wallet import Wallet, WithdrawalMessage
from tests.support.chainless_exchange import RunningExchange
from tests.support.http import ask, assert_refused
from tests.support.waiting import PATIENCE_S


@pytest.fixture
def wallet(exchange: RunningExchange, client: Client) -> Wallet:
    return client.wallet(exchange.new_wallet(USDC="1000", BTC="2"))


async def test_a_withdrawal_leaves_the_balance_at_once(client: Client, wallet: Wallet) -> None:
    session = await client.sign_in(wallet)
    withdrawal = wallet.withdrawal("USDC", "400.000001", nonce=2**63)
    accepted = await client.withdraw(withdrawal)
    assert (accepted["asset"], accepted["amount"], accepted["repeated"]) == ("USDC", "400.000001", False)
    balance = (await session.balances())["USDC"]
    assert (balance["available"], balance["total"], balance["pendingWithdrawal"]) == (
        "599.999999",
        "599.999999",
        "400.000001",
    )
    (row,) = [row async for row in session.withdrawals()]
    assert (row["withdrawalId"], row["nonce"]) == (accepted["withdrawalId"], str(2**63))
    assert row["state"] in ("REQUESTED", "APPROVED")  # settlement may have co-signed it by now
    again = await client.withdraw(withdrawal)
    assert again == accepted | {"repeated": True}
    assert (await session.balances())["USDC"] == balance


async def test_an_approved_withdrawal_shows_what_its_owner_needs_to_be_paid(
    exchange: RunningExchange, client: Client, wallet: Wallet
) -> None:
    withdrawal = wallet.withdrawal("BTC", "0.5")
    await client.withdraw(withdrawal)
    session = await client.sign_in(wallet)
    async with asyncio.timeout(PATIENCE_S):
        while (shown := await anext(session.withdrawals()))["approval"] is None:  # noqa: ASYNC110 - it is polled for
            await asyncio.sleep(0.05)
    approval = shown["approval"]
    signature = bytes.fromhex(approval.pop("approvalSignature")[2:])
    assert approval == {
        "contract": "0x" + "5e" * 20,
        "owner": wallet.owner,
        "assetId": 3,
        "amountUnits": "50000000",
        "nonce": withdrawal.nonce,
        "deadline": withdrawal.deadline,
        "ownerSignature": withdrawal.signature,
    }
    signed = WithdrawalApproval(wallet.signer.address, 3, 50_000_000, int(withdrawal.nonce), withdrawal.deadline)
    digest = signed.digest(domain_separator(client.terms.chain_id, client.terms.contract))
    engine_key = load_or_create_keyfile(exchange.services.settings.engine_keyfile)
    assert recover(digest, signature) == engine_key.address


async def refused(exchange: RunningExchange, body: Any, status: int, code: int) -> None:
    before = exchange.last_sequence
    assert_refused(await ask(exchange.url, "POST", "/api/v1/withdrawals", body), status, code)
    assert exchange.last_sequence == before


def as_json(withdrawal: WithdrawalMessage, **changes: Any) -> dict[str, Any]:
    return msgspec.to_builtins(withdrawal) | changes


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"asset": "DOGE"}, 400, 1003),
        ({"amount": "0"}, 422, 3003),
        ({"amount": "-1"}, 422, 3003),
        ({"amount": "0.0000001"}, 422, 3003),
        ({"amount": "9" * 30}, 422, 3003),
        ({"amount": 1}, 400, 1000),
        ({"nonce": "-1"}, 400, 1000),
        ({"nonce": str(2**64)}, 400, 1000),
        ({"nonce": "1e3"}, 400, 1000),
        ({"deadline": 2**40}, 400, 1000),
        ({"deadline": "soon"}, 400, 1000),
        ({"owner": "0x1"}, 400, 1000),
        ({"signature": "0x1"}, 400, 1000),
        ({"signature": "0x" + "00" * 65}, 401, 4001),
        ({"amount": "2"}, 401, 4001),
        ({"more": 1}, 400, 1000),
    ],
)
async def test_a_wrong_withdrawal_is_refused(
    exchange: RunningExchange, wallet: Wallet, changes: dict[str, Any], status: int, code: int
) -> None:
    await refused(exchange, as_json(wallet.withdrawal("USDC", "1"), **changes), status, code)


async def test_what_is_not_there_is_not_paid(exchange: RunningExchange, client: Client, wallet: Wallet) -> None:
    await refused(exchange, as_json(wallet.withdrawal("USDC", "1000.000001")), 422, 3001)
    await client.place(wallet.order("BTC-USDC", "SELL", "100", "1.5"))
    await refused(exchange, as_json(wallet.withdrawal("BTC", "0.50001")), 422, 3001)
    await client.withdraw(wallet.withdrawal("BTC", "0.5", nonce=7))
    await refused(exchange, as_json(wallet.withdrawal("USDC", "1", nonce=7)), 409, 3004)
    unknown = client.wallet(b"\x06" * 32)
    await refused(exchange, as_json(unknown.withdrawal("USDC", "1")), 422, 3005)
    await (await client.sign_in(wallet)).cancel_all()


async def test_a_deadline_that_is_over_is_refused(exchange: RunningExchange, wallet: Wallet) -> None:
    await refused(exchange, as_json(wallet.withdrawal("USDC", "1", deadline_s=1_700_000_000)), 400, 1000)

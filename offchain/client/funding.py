"""Wallets on a local chain: gas money, tokens and deposits, for many wallets at once.

Test tokens mint to whoever asks; QTRA is not minted, and comes from the deployer, whom the local node signs for.
"""

import asyncio
from collections.abc import Sequence
from typing import Final, NamedTuple

from eth_account import Account

from offchain.chain.bindings import load_contract
from offchain.chain.keys import LocalSigner
from offchain.chain.manifest import Manifest
from offchain.chain.node import NodePool, RpcError
from offchain.core.errors import ChainError

GAS_MONEY_WEI: Final = 10**19
_GAS_LIMIT: Final = 300_000
_MAX_FEE_WEI: Final = 20 * 10**9
_TIP_WEI: Final = 10**9
_RECEIPT_TIMEOUT_S: Final = 60.0
_RECEIPT_POLL_S: Final = 0.25


class Deposit(NamedTuple):
    """What a wallet shall hold in the exchange: an asset of the manifest and an amount in ledger units."""

    wallet: LocalSigner
    asset_id: int
    amount_units: int


class Call(NamedTuple):
    """A transaction of a wallet: which contract it calls, and with what."""

    wallet: LocalSigner
    contract: bytes
    calldata: bytes


async def fund_and_deposit(nodes: NodePool, manifest: Manifest, deposits: Sequence[Deposit]) -> None:
    """Gives each wallet gas money and tokens on a local chain, and deposits them by the wallet's own transactions.

    Raises:
        ChainError: a transaction failed, or was not mined in time.
    """
    wallets = {deposit.wallet.address: deposit.wallet for deposit in deposits}
    await nodes.batch([("anvil_setBalance", ["0x" + owner.hex(), hex(GAS_MONEY_WEI)]) for owner in wallets])
    settlement = manifest.address("Settlement")
    token = load_contract("TestToken")
    vault = load_contract("Settlement")
    assets = manifest.asset_list()
    gifts, calls = [], []
    for wallet, asset_id, amount_units in deposits:
        asset = assets[asset_id]
        amount = amount_units * asset.unit_scale
        if asset.token == manifest.address("QTRAToken"):
            gifts.append((asset.token, token.encode_call("transfer", wallet.address, amount)))
        else:
            calls.append(Call(wallet, asset.token, token.encode_call("mint", wallet.address, amount)))
        calls.append(Call(wallet, asset.token, token.encode_call("approve", settlement, amount)))
        calls.append(Call(wallet, settlement, vault.encode_call("deposit", asset_id, amount)))
    await _give(nodes, gifts)
    await send_all(nodes, manifest.chain_id, calls)


async def _give(nodes: NodePool, gifts: Sequence[tuple[bytes, bytes]]) -> None:
    if not gifts:
        return
    deployer = (await nodes.call("eth_accounts"))[0]
    # Nonces are named, because the node takes the requests of a batch at the same time.
    nonce = int(await nodes.call("eth_getTransactionCount", deployer, "pending"), 16)
    transactions = [
        {"from": deployer, "to": "0x" + contract.hex(), "data": "0x" + calldata.hex(), "nonce": hex(nonce + offset)}
        for offset, (contract, calldata) in enumerate(gifts)
    ]
    await _mined(nodes, await nodes.batch([("eth_sendTransaction", [transaction]) for transaction in transactions]))


async def send_all(nodes: NodePool, chain_id: int, calls: Sequence[Call]) -> None:
    """Sends transactions, those of a wallet in their order, and waits until all are mined.

    Raises:
        ChainError: one failed, or was not mined in time.
    """
    nonces = await _nonces(nodes, calls)
    raw = []
    for wallet, contract, calldata in calls:
        transaction = {
            "chainId": chain_id,
            "nonce": nonces[wallet.address],
            "to": contract,
            "data": calldata,
            "gas": _GAS_LIMIT,
            "maxFeePerGas": _MAX_FEE_WEI,
            "maxPriorityFeePerGas": _TIP_WEI,
            "value": 0,
        }
        nonces[wallet.address] += 1
        raw.append(Account.sign_transaction(transaction, wallet.private_key).raw_transaction)
    await _mined(
        nodes,
        await nodes.batch([("eth_sendRawTransaction", ["0x" + bytes(transaction).hex()]) for transaction in raw]),
    )


async def _nonces(nodes: NodePool, calls: Sequence[Call]) -> dict[bytes, int]:
    owners = list({call.wallet.address for call in calls})
    counts = await nodes.batch([("eth_getTransactionCount", ["0x" + owner.hex(), "pending"]) for owner in owners])
    return {owner: int(count, 16) for owner, count in zip(owners, counts, strict=True)}


async def _mined(nodes: NodePool, sent: Sequence[str | RpcError]) -> None:
    waiting = []
    for answer in sent:
        if isinstance(answer, RpcError):
            raise answer
        waiting.append(answer)
    deadline = asyncio.get_running_loop().time() + _RECEIPT_TIMEOUT_S
    while waiting:
        receipts = await nodes.batch([("eth_getTransactionReceipt", [transaction]) for transaction in waiting])
        for transaction, receipt in zip(waiting, receipts, strict=True):
            if receipt is not None and int(receipt["status"], 16) != 1:
                raise ChainError(f"Transaction {transaction} failed.", "Look it up on the chain for its reason.")
        waiting = [transaction for transaction, receipt in zip(waiting, receipts, strict=True) if receipt is None]
        if waiting and asyncio.get_running_loop().time() > deadline:
            raise ChainError(f"{len(waiting)} transactions were not mined in {_RECEIPT_TIMEOUT_S:.0f} s.")
        await asyncio.sleep(_RECEIPT_POLL_S if waiting else 0)

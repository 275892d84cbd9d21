"""The `Settlement` contract as this room uses it: its reads, its calldata, and a trial of a call before it is sent."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from offchain.chain.bindings import Contract
from offchain.chain.node import NodePool, RpcError
from offchain.chain.typed_data import Batch, WithdrawalApproval, domain_separator
from offchain.core.errors import ChainError, SettlementRejected
from offchain.settlement.encoding import compact_signature

TRANSACTION_GAS_MAX: Final = 2**24
"""What one transaction may use (EIP-7825)."""
_GAS_MARGIN_PERCENT: Final = 20
_GAS_HINT: Final = "Set QUANTATRADE_BATCH_MAX_FILLS lower; a batch that is closed already needs a person."
_HASH_PREFIX_BYTES: Final = 22
_NUMBER_BYTES: Final = 5
_BALANCE_OF_TOKEN: Final = bytes.fromhex("70a08231")
"""Selector of ERC-20 `balanceOf(address)`."""


class Rejection(SettlementRejected):
    """The contract reverts. `error` is the name of its custom error, or empty where it gave none."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The contract refuses it: {reason}.")
        self.error = reason.split("(", maxsplit=1)[0] if "(" in reason else ""


class ChainHead(NamedTuple):
    """The last batch that the contract settled; number 0 and a zero hash before the first."""

    number: int
    batch_hash: bytes


class View(NamedTuple):
    """A question to the contract: the name of a view and its arguments."""

    function: str
    arguments: tuple[int | bytes, ...]


class FinalBlock(NamedTuple):
    """The newest block that counts as final; its timestamp is in seconds since 1970."""

    number: int
    timestamp_s: int

    @property
    def tag(self) -> str:
        """The block as JSON-RPC names it."""
        return hex(self.number)


def batch_hash_of(batch: Batch, domain: bytes) -> bytes:
    """How the contract names a settled batch: the first 22 bytes of its EIP-712 digest, and its number at the end."""
    return batch.digest(domain)[:_HASH_PREFIX_BYTES] + batch.number.to_bytes(32 - _HASH_PREFIX_BYTES, "big")


class SettlementContract:
    """One deployed contract.

    Raises of every method that asks a node:
        NodeUnavailable: no node answered.
        ChainError: the node refused the request, other than by a revert.
    """

    def __init__(self, nodes: NodePool, contract: Contract, address: bytes, chain_id: int) -> None:
        self.nodes = nodes
        self.address = address
        self.chain_id = chain_id
        self.domain_separator = domain_separator(chain_id, address)
        self._contract = contract

    def batch_hash(self, batch: Batch) -> bytes:
        """How the contract names a settled batch."""
        return batch_hash_of(batch, self.domain_separator)

    def settle_calldata(self, batch: Batch, payload: bytes, signature: bytes) -> bytes:
        """The calldata of `settle`; the engine's signature goes as 64 bytes (EIP-2098)."""
        return self._contract.encode_call(
            "settle", payload, batch.number, batch.journal_root, batch.through_sequence, compact_signature(signature)
        )

    def withdraw_calldata(self, approval: WithdrawalApproval, owner_signature: bytes, engine_signature: bytes) -> bytes:
        """The calldata of `withdraw`."""
        return self._contract.encode_call(
            "withdraw",
            approval.owner,
            approval.asset,
            approval.amount,
            approval.nonce,
            approval.deadline,
            owner_signature,
            engine_signature,
        )

    async def head(self) -> ChainHead:
        """The last settled batch at the newest block."""
        (batch_hash,) = await self._read("batchHash")
        return ChainHead(int.from_bytes(batch_hash[-_NUMBER_BYTES:], "big"), batch_hash)

    async def nonce_used(self, owner: bytes, nonce: int, block: str) -> bool:
        """Whether a withdrawal nonce of an owner was used as of a block."""
        (used,) = await self._read("nonceUsed", owner, nonce, block=block)
        return bool(used)

    async def final_block(self, confirmations: int) -> FinalBlock:
        """The newest block with that many blocks on top of it (block 0 where the chain is shorter)."""
        number = max(await self.nodes.block_number() - confirmations, 0)
        return FinalBlock(number, await self.time_of(number))

    async def time_of(self, number: int) -> int:
        """When a block was made, seconds since 1970."""
        block = await self.nodes.call("eth_getBlockByNumber", hex(number), False)
        if block is None:
            raise ChainError(f"The node has no block {number}.", "Use a node that keeps recent blocks.")
        return int(block["timestamp"], 16)

    async def trial(self, calldata: bytes, sender: bytes) -> int:
        """The gas limit to send a call with, found by trying it at the newest block.

        Raises:
            Rejection: the call reverts.
            ChainError: it needs more gas than one transaction may use.
        """
        call = {"from": "0x" + sender.hex(), "to": "0x" + self.address.hex(), "data": "0x" + calldata.hex()}
        try:
            estimate = int(await self.nodes.call("eth_estimateGas", call, "latest"), 16)
        except RpcError as error:
            if error.data or "revert" in error.message.lower():
                raise Rejection(self._contract.describe_revert(error.data)) from error
            raise
        if estimate > TRANSACTION_GAS_MAX:
            raise ChainError(f"It needs {estimate} gas, more than one transaction may use.", _GAS_HINT)
        return min(estimate + estimate * _GAS_MARGIN_PERCENT // 100, TRANSACTION_GAS_MAX)

    async def balances(self, accounts: Sequence[tuple[bytes, int]], block: str) -> dict[tuple[bytes, int], int]:
        """The ledger units of each (owner, asset) as of a block."""
        calls = [self._contract.encode_call("balanceOf", owner, asset) for owner, asset in accounts]
        return dict(zip(accounts, await self._read_many(self.address, calls, block), strict=True))

    async def fees(self, assets: Sequence[int], block: str) -> dict[int, int]:
        """The uncollected fees of each asset as of a block."""
        calls = [self._contract.encode_call("feesOf", asset) for asset in assets]
        return dict(zip(assets, await self._read_many(self.address, calls, block), strict=True))

    async def owed(self, asset: int, block: str) -> int:
        """What the contract says it owes to all accounts together, in ledger units, as of a block."""
        (listed,) = await self._read("assetOf", asset, block=block)
        return int(listed[-1])

    async def token_balance(self, token: bytes, block: str) -> int:
        """The base units of a token that the contract holds as of a block."""
        (units,) = await self._read_many(token, [_BALANCE_OF_TOKEN + self.address.rjust(32, b"\0")], block)
        return units

    async def read_views(self, views: Sequence[View], block: str) -> list[tuple[int, ...]]:
        """What views return as of a block, each as a tuple of its numbers, also where it is a struct."""
        calls = [self._contract.encode_call(view.function, *view.arguments) for view in views]
        found = []
        for view, result in zip(views, await self._results(self.address, calls, block), strict=True):
            values = self._contract.decode_result(view.function, bytes.fromhex(result[2:]))
            found.append(values[0] if isinstance(values[0], tuple) else values)
        return found

    async def _read(self, function: str, *arguments: Any, block: str = "latest") -> tuple[Any, ...]:
        result = await self.nodes.eth_call(self.address, self._contract.encode_call(function, *arguments), block)
        return self._contract.decode_result(function, result)

    async def _read_many(self, target: bytes, calls: Sequence[bytes], block: str) -> list[int]:
        return [int(result, 16) for result in await self._results(target, calls, block)]

    async def _results(self, target: bytes, calls: Sequence[bytes], block: str) -> list[str]:
        to = "0x" + target.hex()
        results = await self.nodes.batch(
            [("eth_call", [{"to": to, "data": "0x" + call.hex()}, block]) for call in calls]
        )
        for result in results:
            if isinstance(result, RpcError):
                raise result
        return results

"""Carries transactions of one key to the chain: EIP-1559 fees, nonces, replacement of what is stuck.

What is sent is fixed by its row (nonce, gas, fees), so signing it again gives the same transaction: the row is saved
first, and after a crash the same bytes can be sent again without harm.
"""

import asyncio
import itertools
from collections.abc import Mapping
from enum import Enum
from typing import Any, Final, NamedTuple, Protocol

from eth_account.typed_transactions.typed_transaction import TypedTransaction

from offchain.chain.keys import Signer
from offchain.chain.node import RpcError
from offchain.chain.typed_data import keccak
from offchain.core.clock import ClockUs
from offchain.settlement.contract import SettlementContract
from offchain.settlement.models import TransactionColumns

_BUMP_PERCENT: Final = 25
"""By how much a replacement pays more; nodes ask for at least 10."""
_MARKET_MULTIPLE: Final = 10
"""A replacement offers at most so many times what the market asks: more does not bring a chain back that stands still,
and the tip is paid in full once it moves again."""
_BASE_FEE_MULTIPLE: Final = 2
"""The maximum fee covers a base fee that doubles (six full blocks in a row)."""
_PRIORITY_FEE_WEI: Final = 10**6
"""The tip where the node suggests none: 0.001 gwei, what Base takes."""
_KNOWN: Final = ("already known", "already imported", "nonce too low", "transaction already")
"""How nodes say that a transaction, or another with its nonce, has arrived before."""


class Flight(Enum):
    """Where a sent transaction is."""

    WAITING = "waiting"
    """With the node, not mined."""
    LOST = "lost"
    """The node does not know it: send it again."""
    STUCK = "stuck"
    """Not mined for too long: replace it."""
    LANDED = "landed"
    """Its nonce is used: it, or one that it replaced, was mined."""
    BLOCKED = "blocked"
    """A lower nonce is unused, and nothing that is sent has it: prepare it again, and it gets that nonce."""


class Fees(NamedTuple):
    """Wei per gas."""

    max_fee_wei: int
    priority_fee_wei: int


class SentTransactions(Protocol):
    """The transactions of the courier's key as they are saved. Its methods may block."""

    def sent_nonces(self) -> set[int]:
        """The nonces of those that are followed: sent, and not known to have landed."""

    def abandoned(self, first_nonce: int) -> Mapping[int, tuple[int, int]]:
        """By nonce, from this one on, the highest (maximum, priority) fees of those that nobody follows any more."""


class Courier:
    """The transactions of one key. Not for concurrent use: nonces are given out one after the other.

    Args:
        contract: what all transactions call.
        signer: the key that pays.
        sent: what is saved of the transactions.
        clock: microseconds since 1970.
        patience_us: how long a transaction may wait before its fees are raised.
    """

    def __init__(
        self,
        contract: SettlementContract,
        signer: Signer,
        sent: SentTransactions,
        clock: ClockUs,
        patience_us: int,
    ) -> None:
        self._sent = sent
        self._contract = contract
        self._nodes = contract.nodes
        self._signer = signer
        self._clock = clock
        self._patience_us = patience_us

    @property
    def address(self) -> bytes:
        """Who pays."""
        return self._signer.address

    async def prepare(self, row: TransactionColumns, calldata: bytes, gas: int) -> None:
        """Fixes a new transaction in a row: the lowest free nonce and today's fees. Nothing is sent.

        One that nobody follows any more, and that may still be with a node, is replaced: with fees too low for the day
        it would hold up all that have higher nonces.
        """
        market = await self._market_fees()
        abandoned = await asyncio.to_thread(self._sent.abandoned, await self._count("latest"))
        sent = await asyncio.to_thread(self._sent.sent_nonces)
        raised = {nonce: _above(market, Fees(*fees)) for nonce, fees in abandoned.items() if nonce not in sent}
        # What offers a multiple of the market's fees does not hold up anything.
        affordable = {nonce: fees for nonce, fees in raised.items() if _is_affordable(fees, market)}
        row.nonce = min([await self._free_nonce(), *affordable])
        row.gas = gas
        self._fix(row, calldata, affordable.get(row.nonce, market))

    async def raise_fees(self, row: TransactionColumns, calldata: bytes) -> None:
        """Fixes a replacement of a row's transaction that pays more, with the same nonce. Nothing is sent.

        One that offers a multiple of the market's fees already stays as it is.
        """
        market = await self._market_fees()
        offered = Fees(row.max_fee_wei or 0, row.priority_fee_wei or 0)
        fees = _above(market, offered)
        self._fix(row, calldata, fees if _is_affordable(fees, market) else offered)

    async def send(self, row: TransactionColumns, calldata: bytes) -> None:
        """Hands the row's transaction to a node. That the node has it already is no error.

        Raises:
            NodeUnavailable: no node answered; whether the transaction arrived is open.
            RpcError: the node refuses it, such as for want of funds.
        """
        try:
            await self._nodes.call("eth_sendRawTransaction", "0x" + self._signed(row, calldata).hex())
        except RpcError as error:
            if not any(known in error.message.lower() for known in _KNOWN):
                raise

    async def flight(self, row: TransactionColumns) -> Flight:
        """Where the row's transaction is."""
        assert row.nonce is not None
        assert row.tx_hash is not None
        if await self._count("latest") > row.nonce:
            return Flight.LANDED
        if await self._free_nonce() < row.nonce:
            return Flight.BLOCKED
        if not 0 <= self._clock() - (row.sent_us or 0) <= self._patience_us:
            # Too long ago, or before the clock was set back: then nobody can say how long it waits.
            # Known to the node or not: what it dropped for its low fees would be dropped again.
            return Flight.STUCK
        known = await self._nodes.call("eth_getTransactionByHash", "0x" + row.tx_hash.hex())
        return Flight.LOST if known is None else Flight.WAITING

    async def _free_nonce(self) -> int:
        """The lowest nonce that neither the node nor anything that is saved as sent has."""
        sent = await asyncio.to_thread(self._sent.sent_nonces)
        return next(nonce for nonce in itertools.count(await self._count("pending")) if nonce not in sent)

    async def _count(self, block: str) -> int:
        return int(await self._nodes.call("eth_getTransactionCount", "0x" + self.address.hex(), block), 16)

    async def _market_fees(self) -> Fees:
        block, tip = await self._nodes.batch(
            [("eth_getBlockByNumber", ["latest", False]), ("eth_maxPriorityFeePerGas", [])]
        )
        if isinstance(block, RpcError):
            raise block
        priority = _PRIORITY_FEE_WEI if isinstance(tip, RpcError) else max(int(tip, 16), _PRIORITY_FEE_WEI)
        return Fees(int(block["baseFeePerGas"], 16) * _BASE_FEE_MULTIPLE + priority, priority)

    def _fix(self, row: TransactionColumns, calldata: bytes, fees: Fees) -> None:
        row.max_fee_wei, row.priority_fee_wei = fees
        row.tx_hash = keccak(self._signed(row, calldata))
        row.sent_us = self._clock()

    def _signed(self, row: TransactionColumns, calldata: bytes) -> bytes:
        fields: dict[str, Any] = {
            "type": 2,
            "chainId": self._contract.chain_id,
            "nonce": row.nonce,
            "maxPriorityFeePerGas": row.priority_fee_wei,
            "maxFeePerGas": row.max_fee_wei,
            "gas": row.gas,
            "to": self._contract.address,
            "value": 0,
            "data": calldata,
            "accessList": [],
        }
        signature = self._signer.sign_digest(bytes(TypedTransaction.from_dict(fields).hash()))
        fields |= {
            "v": signature[64] - 27,
            "r": int.from_bytes(signature[:32], "big"),
            "s": int.from_bytes(signature[32:64], "big"),
        }
        return bytes(TypedTransaction.from_dict(fields).encode())


def _above(market: Fees, offered: Fees) -> Fees:
    """What the market asks, and enough to replace what was offered."""
    return Fees(*(max(asked, _raised(wei)) for asked, wei in zip(market, offered, strict=True)))


def _is_affordable(fees: Fees, market: Fees) -> bool:
    return fees.max_fee_wei <= _MARKET_MULTIPLE * market.max_fee_wei


def _raised(wei: int) -> int:
    return wei + -(-wei * _BUMP_PERCENT // 100)

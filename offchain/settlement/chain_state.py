"""Every balance from the chain alone: logs, and the calldata of the transactions that settled batches.

Nothing of the exchange is asked: whoever has a node can run this and compare it with the contract's storage.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any, Final

import msgspec

from offchain.chain.bindings import Contract, Log
from offchain.chain.keys import recover
from offchain.chain.node import NodePool, RpcError
from offchain.chain.typed_data import Batch, domain_separator
from offchain.core.commands import FEE_OWNER
from offchain.core.errors import ChainError, StateDiverged
from offchain.core.money import fee_units
from offchain.settlement.contract import SettlementContract, batch_hash_of
from offchain.settlement.encoding import BatchFill, BatchOrder, decode_payload, payload_hash
from offchain.settlement.history import SettledBatch

LOG_RANGE_BLOCKS: Final = 2_000
_BUY: Final = 0
_TRACE_HINT: Final = "Use a node that can trace (debug_traceTransaction)."


class MarketTerms(msgspec.Struct, frozen=True):
    """A market as the contract lists it."""

    base: int
    quote: int
    base_units_per_lot: int
    quote_units_per_tick_lot: int


class ChainState(msgspec.Struct):
    """The balances by (owner, asset) in ledger units, and the batches that led to them."""

    balances: dict[tuple[bytes, int], int] = msgspec.field(default_factory=dict)
    markets: dict[int, MarketTerms] = msgspec.field(default_factory=dict)
    batch_number: int = 0
    batch_hash: bytes = bytes(32)
    fills_settled: int = 0
    fills_skipped: int = 0

    def credit(self, owner: bytes, asset: int, units: int) -> None:
        """Adds units (or takes them, where negative).

        Raises:
            StateDiverged: the balance would be negative, which the contract never allows.
        """
        balance = self.balances.get((owner, asset), 0) + units
        if balance < 0:
            raise StateDiverged(f"The logs leave 0x{owner.hex()} with {balance} units of asset {asset}.")
        self.balances[owner, asset] = balance


class ChainReader:
    """Reads one deployed `Settlement`.

    Args:
        nodes: the chain.
        contract: the bindings of `Settlement`.
        address: where it is.
        chain_id: the chain's id.
    """

    def __init__(self, nodes: NodePool, contract: Contract, address: bytes, chain_id: int) -> None:
        self._nodes = nodes
        self._contract = contract
        self._address = address
        self._domain = domain_separator(chain_id, address)

    async def derive(self, first_block: int, last_block: int) -> ChainState:
        """The state after a block, from the deployment's first block on.

        Raises:
            NodeUnavailable: no node answered.
            ChainError: the node lacks logs or transactions, or the trace of one that settled through another contract.
            StateDiverged: the logs contradict the calldata or each other.
        """
        state = ChainState()
        skipped: dict[int, int] = {}
        async for transaction_hash, log in self._logs(first_block, last_block):
            if log.event == "FillSkipped":
                skipped[log["fill"]] = log["reason"]
            elif log.event == "BatchSettled":
                await self._settle(state, log, transaction_hash, skipped)
                skipped = {}
            else:
                _apply(state, log)
        return state

    async def settled_batches(self, first_block: int) -> list[SettledBatch]:
        """All batches from the deployment's first block on, in order, from the calldata of their transactions.

        Raises:
            NodeUnavailable: no node answered.
            ChainError: the node lacks logs or transactions, or the trace of one that settled through another contract.
        """
        batches: list[SettledBatch] = []
        async for transaction_hash, log in self._logs(first_block, await self._nodes.block_number()):
            if log.event == "BatchSettled":
                arguments = await self._settle_arguments(transaction_hash, log["number"])
                batches.append(
                    SettledBatch(
                        log["number"],
                        log["throughSequence"],
                        log["journalRoot"],
                        batches[-1].batch_hash if batches else bytes(32),
                        log["batchHash"],
                        arguments["engineSignature"],
                        arguments["payload"],
                    )
                )
        return batches

    async def _logs(self, first_block: int, last_block: int) -> AsyncIterator[tuple[str, Log]]:
        size, start = LOG_RANGE_BLOCKS, first_block
        while start <= last_block:
            end = min(start + size - 1, last_block)
            query = {"address": "0x" + self._address.hex(), "fromBlock": hex(start), "toBlock": hex(end)}
            try:
                rows = await self._nodes.call("eth_getLogs", query)
            except RpcError:
                # Nodes limit the size of an answer, each in its own words.
                if size == 1:
                    raise
                size = max(1, size // 4)
                continue
            for row in rows:
                topics = [bytes.fromhex(topic[2:]) for topic in row["topics"]]
                yield row["transactionHash"], self._contract.decode_log(topics, bytes.fromhex(row["data"][2:]))
            start = end + 1

    async def _settle(self, state: ChainState, log: Log, transaction_hash: str, skipped: dict[int, int]) -> None:
        arguments = await self._settle_arguments(transaction_hash, log["number"])
        batch = Batch(
            arguments["number"],
            payload_hash(arguments["payload"]),
            state.batch_hash,
            arguments["journalRoot"],
            arguments["throughSequence"],
        )
        batch_hash = batch_hash_of(batch, self._domain)
        if batch.number != state.batch_number + 1 or batch_hash != log["batchHash"]:
            raise StateDiverged(f"Batch {log['number']} on the chain does not follow batch {state.batch_number}.")
        orders, fills = decode_payload(arguments["payload"])
        if len(skipped) != log["skipped"] or len(fills) != log["fills"] + log["skipped"]:
            raise StateDiverged(f"Batch {batch.number} counts other fills in its log than in its payload.")
        self._apply_fills(state, orders, [fill for index, fill in enumerate(fills) if index not in skipped])
        state.batch_number, state.batch_hash = batch.number, batch_hash
        state.fills_settled += log["fills"]
        state.fills_skipped += log["skipped"]

    async def _settle_arguments(self, transaction_hash: str, number: int) -> dict[str, Any]:
        """What `settle` was called with for a batch. Anybody may call it, through whatever contract."""
        transaction = await self._nodes.call("eth_getTransactionByHash", transaction_hash)
        if transaction is None:
            raise ChainError(f"The node does not have transaction {transaction_hash}.", "Use an archive node.")
        arguments = self._arguments_of(transaction, number)
        if arguments is not None:
            return arguments
        try:
            trace = await self._nodes.call("debug_traceTransaction", transaction_hash, {"tracer": "callTracer"})
        except RpcError as error:
            message = f"Transaction {transaction_hash} settled batch {number} through another contract."
            raise ChainError(message, _TRACE_HINT) from error
        for call in _calls(trace):
            arguments = self._arguments_of(call, number)
            if arguments is not None:
                return arguments
        raise StateDiverged(f"No call in transaction {transaction_hash} settles batch {number}.")

    def _arguments_of(self, call: dict[str, Any], number: int) -> dict[str, Any] | None:
        if call.get("to") != "0x" + self._address.hex():
            return None
        function, arguments = self._contract.decode_call(bytes.fromhex(call["input"][2:]))
        return arguments if function == "settle" and arguments["number"] == number else None

    def _apply_fills(self, state: ChainState, orders: Sequence[BatchOrder], fills: Sequence[BatchFill]) -> None:
        owners: dict[int, bytes] = {}
        for fill in fills:
            for index in (fill.maker, fill.taker):
                if index not in owners:
                    order = orders[index]
                    owners[index] = recover(order.order.digest(self._domain), order.signature)
            _apply_fill(state, fill, orders, owners)


def _calls(trace: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The calls of a trace that were not undone, outer ones first."""
    if "error" not in trace:
        yield trace
        for inner in trace.get("calls", ()):
            yield from _calls(inner)


async def differences(
    state: ChainState, contract: SettlementContract, block: int
) -> dict[tuple[bytes, int], tuple[int, int]]:
    """Where derived balances differ from the contract's storage as of a block: (derived, stored) by (owner, asset).

    Raises:
        NodeUnavailable: no node answered.
        ChainError: the node refused a read.
    """
    holdings = [holding for holding in state.balances if holding[0] != FEE_OWNER]
    stored = await contract.balances(holdings, hex(block))
    fees = await contract.fees(sorted({asset for _, asset in state.balances}), hex(block))
    stored |= {(FEE_OWNER, asset): units for asset, units in fees.items()}
    return {
        holding: (state.balances.get(holding, 0), units)
        for holding, units in stored.items()
        if state.balances.get(holding, 0) != units
    }


def _apply_fill(state: ChainState, fill: BatchFill, orders: Sequence[BatchOrder], owners: dict[int, bytes]) -> None:
    maker, taker = orders[fill.maker], orders[fill.taker]
    market = state.markets[maker.order.market]
    base_units = fill.quantity_lots * market.base_units_per_lot
    notional = maker.price_in_force * fill.quantity_lots * market.quote_units_per_tick_lot
    maker_side = (owners[fill.maker], fee_units(notional, maker.maker_fee_ppm))
    taker_side = (owners[fill.taker], fee_units(notional, taker.taker_fee_ppm))
    buyer, seller = (maker_side, taker_side) if maker.order.side == _BUY else (taker_side, maker_side)
    state.credit(buyer[0], market.base, base_units)
    state.credit(seller[0], market.base, -base_units)
    state.credit(buyer[0], market.quote, -(notional + buyer[1]))
    state.credit(seller[0], market.quote, notional - seller[1])
    state.credit(FEE_OWNER, market.quote, buyer[1] + seller[1])


def _apply(state: ChainState, log: Log) -> None:
    match log.event:
        case "Deposited":
            state.credit(log["owner"], log["asset"], log["amount"])
        case "Withdrawn" | "Exited":
            state.credit(log["owner"], log["asset"], -log["amount"])
        case "FeesCollected":
            state.credit(FEE_OWNER, log["asset"], -log["amount"])
        case "MarketListed":
            state.markets[log["market"]] = MarketTerms(
                log["base"], log["quote"], log["baseUnitsPerLot"], log["quoteUnitsPerTickLot"]
            )
        case _:
            pass

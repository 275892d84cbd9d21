"""All that the contract remembers, from the chain alone: logs, and the calldata of transactions that settled batches.

Nothing of the exchange is asked: whoever has a node can run this and compare it with the contract's storage. Each batch
is settled again by `rules.py`, which must leave out the same fills and groups, for the same reasons, as the logs say.
"""

from collections.abc import AsyncIterator, Iterator
from typing import Any, Final, NamedTuple

import msgspec

from offchain.chain.bindings import Contract, Log
from offchain.chain.keys import recover
from offchain.chain.node import NodePool, RpcError
from offchain.chain.typed_data import Batch, domain_separator
from offchain.core.commands import FEE_OWNER
from offchain.core.errors import ChainError, StateDiverged
from offchain.settlement.accounts import Accounts
from offchain.settlement.batch import SkipReason, UnifiedStatement
from offchain.settlement.chain_logs import apply_log
from offchain.settlement.contract import batch_hash_of
from offchain.settlement.decoding import decode_payload, expand_signature
from offchain.settlement.encoding import payload_hash
from offchain.settlement.history import SettledBatch
from offchain.settlement.net_record import Stated
from offchain.settlement.payload_format import SIGNATURE_BYTES
from offchain.settlement.rules import Circumstances, Outcome, settle
from offchain.settlement.wallet_answers import wallet_answers

LOG_RANGE_BLOCKS: Final = 2_000
_TRACE_HINT: Final = "Use a node that can trace (debug_traceTransaction)."


class ChainState(msgspec.Struct):
    """What the contract remembers, and the batches that led to it. Groups and fills left out count as skipped."""

    accounts: Accounts = msgspec.field(default_factory=Accounts)
    batch_number: int = 0
    batch_hash: bytes = bytes(32)
    fills_settled: int = 0
    fills_skipped: int = 0
    groups_settled: int = 0
    groups_skipped: int = 0

    @property
    def balances(self) -> dict[tuple[bytes, int], int]:
        """Ledger units by owner and asset, isolated accounts included; the fees belong to the zero address."""
        units = {(FEE_OWNER, asset): fee for asset, fee in self.accounts.fees.items()}
        for (account, asset), balance in self.accounts.balances.items():
            units[account.owner, asset] = units.get((account.owner, asset), 0) + balance
        return units


class _Mined(NamedTuple):
    """A log of the contract, and where it stands."""

    log: Log
    transaction_hash: str
    block: int


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
        state, skipped = ChainState(), Outcome({}, {})
        async for mined in self._logs(first_block, last_block):
            log = mined.log
            if log.event == "FillSkipped":
                skipped.skipped_fills[log["fill"]] = SkipReason(log["reason"])
            elif log.event == "NetGroupSkipped":
                skipped.skipped_groups[log["group"]] = (SkipReason(log["reason"]), log["item"])
            elif log.event == "BatchSettled":
                await self._settle(state, mined, skipped)
                skipped = Outcome({}, {})
            else:
                apply_log(state.accounts, log)
        return state

    async def settled_batches(self, first_block: int) -> list[SettledBatch]:
        """All batches from the deployment's first block on, in order, from the calldata of their transactions.

        Raises:
            NodeUnavailable: no node answered.
            ChainError: the node lacks logs or transactions, or the trace of one that settled through another contract.
        """
        batches: list[SettledBatch] = []
        skipped: list[int] = []
        async for log, transaction_hash, _ in self._logs(first_block, await self._nodes.block_number()):
            if log.event == "NetGroupSkipped":
                skipped.append(log["group"])
            elif log.event == "BatchSettled":
                arguments = await self._settle_arguments(transaction_hash, log["number"])
                signature = arguments["engineSignature"]
                previous_hash = batches[-1].batch_hash if batches else bytes(32)
                batches.append(
                    SettledBatch(
                        log["number"],
                        log["throughSequence"],
                        log["journalRoot"],
                        previous_hash,
                        log["batchHash"],
                        expand_signature(signature) if len(signature) == SIGNATURE_BYTES else signature,
                        arguments["payload"],
                        self._stated(arguments["payload"], log["number"], previous_hash),
                        tuple(skipped),
                    )
                )
                skipped = []
        return batches

    def _stated(self, payload: bytes, number: int, previous_hash: bytes) -> tuple[tuple[Stated, ...], ...]:
        """Who stated what in each net group of a batch."""

        def stated(statement: UnifiedStatement) -> Stated:
            digest = statement.stated(number, previous_hash).digest(self._domain)
            owner = recover(digest, statement.authorization.signature)
            return Stated(owner, statement.floor, tuple(delta.asset for delta in statement.deltas))

        groups = decode_payload(payload).groups
        return tuple(
            tuple(stated(one) for one in group.statements if isinstance(one, UnifiedStatement)) for group in groups
        )

    async def _logs(self, first_block: int, last_block: int) -> AsyncIterator[_Mined]:
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
                log = self._contract.decode_log(topics, bytes.fromhex(row["data"][2:]))
                yield _Mined(log, row["transactionHash"], int(row["blockNumber"], 16))
            start = end + 1

    async def _settle(self, state: ChainState, mined: _Mined, skipped: Outcome) -> None:
        log = mined.log
        arguments = await self._settle_arguments(mined.transaction_hash, log["number"])
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
        payload = decode_payload(arguments["payload"])
        fills_skipped, groups_skipped = len(skipped.skipped_fills), len(skipped.skipped_groups)
        counted = (log["fills"] + fills_skipped, log["skipped"])
        if counted != (len(payload.fills), fills_skipped + groups_skipped):
            raise StateDiverged(f"Batch {batch.number} counts other fills in its log than in its payload.")
        block = await self._nodes.call("eth_getBlockByNumber", hex(mined.block), False)
        answers = wallet_answers(payload, skipped, self._domain)
        now_s = int(block["timestamp"], 16)
        circumstances = Circumstances(batch.number, state.batch_hash, now_s, self._domain, answers)
        outcome = settle(state.accounts, payload, circumstances)
        if outcome != skipped:
            raise StateDiverged(f"Batch {batch.number} skipped {skipped}, and by the rules {outcome}.")
        state.batch_number, state.batch_hash = batch.number, batch_hash
        state.fills_settled += log["fills"]
        state.fills_skipped += fills_skipped
        state.groups_settled += len(payload.groups) - groups_skipped
        state.groups_skipped += groups_skipped

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


def _calls(trace: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The calls of a trace that were not undone, outer ones first."""
    if "error" not in trace:
        yield trace
        for inner in trace.get("calls", ()):
            yield from _calls(inner)

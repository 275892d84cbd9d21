"""Publish: final logs to the sequencer, as chain facts, in the strict order of block and log index.

Each fact arrives exactly once: the sequenced state keeps the position of the last one it took and drops what is at or
before it, so resuming from that position after any crash neither loses nor repeats.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol

from indexer.decode import DecodedLog, Decoder
from indexer.fetch import RawLog
from indexer.store import LogPosition, Store
from offchain.core.commands import (
    FEE_OWNER,
    BatchSettledFact,
    ChainPosition,
    CommandKind,
    DepositFact,
    ExitFact,
    FloorFact,
    SkippedFill,
    WithdrawnFact,
)
from offchain.core.errors import StateDiverged
from offchain.core.intents import RecordChainFact

PAGE_LOGS: Final = 500


class FactSink(Protocol):
    """Whoever takes final chain facts: the sequencer."""

    @property
    def chain_position(self) -> LogPosition:
        """Block number and log index of the last fact taken; (0, 0) or lower before the first."""

    async def submit(self, intent: RecordChainFact, /) -> Any:
        """Takes a fact; returns once it is durable."""


class Publisher:
    """Hands the final logs of a store to a sink."""

    def __init__(self, store: Store, decoder: Decoder, sink: FactSink) -> None:
        self._store = store
        self._decoder = decoder
        self._sink = sink

    @property
    def position(self) -> LogPosition:
        """Block number and log index of the last fact that the sink took."""
        return self._sink.chain_position

    def next_facts(self) -> list[RecordChainFact]:
        """The next final facts that the sink has not taken, in order; empty when it has all."""
        logs = self._store.final_logs(self.position, _FACTS, PAGE_LOGS)
        skipped = self._store.skipped_fills(logs) if logs else {}
        return [fact_of(self._decoder.decode(log), skipped) for log in logs]

    async def submit(self, facts: Sequence[RecordChainFact]) -> None:
        """Submits facts one after the other; none is sent before the one ahead of it was taken.

        Raises:
            QuantaTradeError: the sink refused a fact; it and the later ones are told again by `next_facts`.
        """
        for fact in facts:
            await self._sink.submit(fact)


SkippedFills = Mapping[tuple[bytes, int], Sequence[SkippedFill]]


def fact_of(log: DecodedLog, skipped: SkippedFills) -> RecordChainFact:
    """The chain fact that a log of one of the events of `_FACTS` tells.

    Args:
        log: the decoded log.
        skipped: skipped fills by transaction hash and batch number.

    Raises:
        StateDiverged: the stored log can no longer be decoded.
    """
    if log.error:
        raise StateDiverged(
            f"A stored log of block {log.raw.block_number} was decoded before and cannot be now: {log.error}.",
            "Use the artifacts that this deployment was made from.",
        )
    return _FACTS[log.event](log, skipped)


def _position(log: RawLog) -> ChainPosition:
    return ChainPosition(log.block_number, log.log_index, log.block_hash, log.transaction_hash)


def _deposited(log: DecodedLog, _: SkippedFills) -> RecordChainFact:
    values = log.arguments
    fact = DepositFact(_position(log.raw), values["owner"])
    return RecordChainFact(CommandKind.CHAIN_DEPOSIT, fact, values["owner"], values["asset"], values["amount"])


def _withdrawn(log: DecodedLog, _: SkippedFills) -> RecordChainFact:
    values = log.arguments
    fact = WithdrawnFact(_position(log.raw), values["nonce"])
    return RecordChainFact(CommandKind.CHAIN_WITHDRAWN, fact, values["owner"], values["asset"], values["amount"])


def _batch_settled(log: DecodedLog, skipped: SkippedFills) -> RecordChainFact:
    values = log.arguments
    fact = BatchSettledFact(
        _position(log.raw),
        values["number"],
        values["batchHash"],
        values["throughSequence"],
        tuple(skipped.get((log.raw.transaction_hash, values["number"]), ())),
    )
    return RecordChainFact(CommandKind.CHAIN_BATCH_SETTLED, fact)


def _exit(kind: CommandKind) -> Callable[[DecodedLog, SkippedFills], RecordChainFact]:
    def fact(log: DecodedLog, _: SkippedFills) -> RecordChainFact:
        values = log.arguments
        exit_fact = ExitFact(_position(log.raw), values.get("effectiveAt", 0))
        return RecordChainFact(kind, exit_fact, values["owner"], values["asset"], values.get("amount", 0))

    return fact


def _collected(log: DecodedLog, _: SkippedFills) -> RecordChainFact:
    values = log.arguments
    fact = ExitFact(_position(log.raw))
    return RecordChainFact(CommandKind.CHAIN_EXITED, fact, FEE_OWNER, values["asset"], values["amount"])


def _floor(log: DecodedLog, _: SkippedFills) -> RecordChainFact:
    values = log.arguments
    fact = FloorFact(_position(log.raw), values["floor"])
    return RecordChainFact(CommandKind.CHAIN_CANCEL_FLOOR, fact, values["owner"], values["asset"])


_FACTS: Final[Mapping[str, Callable[[DecodedLog, SkippedFills], RecordChainFact]]] = {
    "Deposited": _deposited,
    "Withdrawn": _withdrawn,
    "BatchSettled": _batch_settled,
    "ExitRequested": _exit(CommandKind.CHAIN_EXIT_REQUESTED),
    "ExitCancelled": _exit(CommandKind.CHAIN_EXIT_CANCELLED),
    "Exited": _exit(CommandKind.CHAIN_EXITED),
    "FeesCollected": _collected,
    "CancelRequested": _floor,
    "CancelFloorRaised": _floor,
}

"""Publish: final logs to the sequencer, as chain facts, in the strict order of block and log index.

Each fact arrives exactly once: the sequenced state keeps the position of the last one it took and drops what is at or
before it, so resuming from that position after any crash neither loses nor repeats.
"""

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

from indexer.blocks import DecodedLog, RawLog
from indexer.decode import Decoder
from indexer.store.reading import BatchPlace, LogPosition, Skipped, StoredLogs
from offchain.core.commands import (
    FEE_OWNER,
    BatchSettledFact,
    ChainPosition,
    CommandKind,
    DepositFact,
    ExitFact,
    FloorFact,
    SessionFact,
    SessionRevokedFact,
    WithdrawnFact,
)
from offchain.core.errors import StateDiverged
from offchain.core.intents import RecordChainFact

PAGE_LOGS: Final = 500
READ_LOGS: Final = 4_000
"""So many final logs are read of the store at once, for the pages to come."""


class FactSink(Protocol):
    """Whoever takes final chain facts: the sequencer."""

    @property
    def chain_position(self) -> LogPosition:
        """Block number and log index of the last fact taken; (0, 0) or lower before the first."""

    async def submit_in_order(self, intents: Sequence[RecordChainFact], /) -> None:
        """Takes facts one after the other; returns once they are durable.

        Raises:
            QuantaTradeError: a fact is refused; those before it were taken, none after it.
        """


class Publisher:
    """Hands the final logs that are stored to a sink."""

    def __init__(self, stored: StoredLogs, decoder: Decoder, sink: FactSink) -> None:
        self._stored = stored
        self._decoder = decoder
        self._sink = sink
        self._after: LogPosition = (-1, -1)
        self._read: list[RawLog] = []
        """Every final log of a fact after that position, up to the last that was read: what is final stays as it is."""

    @property
    def position(self) -> LogPosition:
        """Block number and log index of the last fact that the sink took."""
        return self._sink.chain_position

    def next_facts(self) -> list[RecordChainFact]:
        """The next final facts that the sink has not taken, in order; empty when it has all."""
        decoded = self._decoder.decode_all(self._next_logs())
        batches = [log.raw for log in decoded if log.event == "BatchSettled"]
        skipped = self._stored.skipped(batches) if batches else {}
        return [fact_of(log, skipped) for log in decoded]

    def _next_logs(self) -> list[RawLog]:
        """The next page of final logs after the sink's position."""
        position = self.position
        taken = bisect_right(self._read, position, key=_place) if self._after <= position else len(self._read)
        self._after, self._read = position, self._read[taken:]
        if len(self._read) < PAGE_LOGS:
            last = _place(self._read[-1]) if self._read else position
            self._read += self._stored.final_logs(last, _FACTS, READ_LOGS)
        return self._read[:PAGE_LOGS]

    async def submit(self, facts: Sequence[RecordChainFact]) -> None:
        """Submits facts; none is taken before the one ahead of it was.

        Raises:
            QuantaTradeError: the sink refused a fact; it and the later ones are told again by `next_facts`.
        """
        if facts:
            await self._sink.submit_in_order(facts)


SkippedByBatch = Mapping[BatchPlace, Skipped]
_NOTHING: Final = Skipped([], [])


def fact_of(log: DecodedLog, skipped: SkippedByBatch) -> RecordChainFact:
    """The chain fact that a log of one of the events of `_FACTS` tells.

    Args:
        log: the decoded log.
        skipped: what each batch left out.

    Raises:
        StateDiverged: the stored log can no longer be decoded.
    """
    if log.error:
        raise StateDiverged(
            f"A stored log of block {log.raw.block_number} was decoded before and cannot be now: {log.error}.",
            "Use the artifacts that this deployment was made from.",
        )
    return _FACTS[log.event](log, skipped)


def _place(log: RawLog) -> LogPosition:
    return log.block_number, log.log_index


def _position(log: RawLog) -> ChainPosition:
    return ChainPosition(log.block_number, log.log_index, log.block_hash, log.transaction_hash)


def _deposited(log: DecodedLog, _: SkippedByBatch) -> RecordChainFact:
    values = log.arguments
    fact = DepositFact(_position(log.raw), values["owner"])
    return RecordChainFact(CommandKind.CHAIN_DEPOSIT, fact, values["owner"], values["asset"], values["amount"])


def _withdrawn(log: DecodedLog, _: SkippedByBatch) -> RecordChainFact:
    values = log.arguments
    fact = WithdrawnFact(_position(log.raw), values["nonce"])
    return RecordChainFact(CommandKind.CHAIN_WITHDRAWN, fact, values["owner"], values["asset"], values["amount"])


def _batch_settled(log: DecodedLog, skipped: SkippedByBatch) -> RecordChainFact:
    values = log.arguments
    left_out = skipped.get((log.raw.transaction_hash, values["number"]), _NOTHING)
    fact = BatchSettledFact(
        _position(log.raw),
        values["number"],
        values["batchHash"],
        values["throughSequence"],
        tuple(left_out.fills),
        tuple(left_out.groups),
    )
    return RecordChainFact(CommandKind.CHAIN_BATCH_SETTLED, fact)


def _exit(kind: CommandKind) -> Callable[[DecodedLog, SkippedByBatch], RecordChainFact]:
    def fact(log: DecodedLog, _: SkippedByBatch) -> RecordChainFact:
        values = log.arguments
        exit_fact = ExitFact(_position(log.raw), values.get("effectiveAt", 0))
        return RecordChainFact(kind, exit_fact, values["owner"], values["asset"], values.get("amount", 0))

    return fact


def _collected(log: DecodedLog, _: SkippedByBatch) -> RecordChainFact:
    values = log.arguments
    fact = ExitFact(_position(log.raw))
    return RecordChainFact(CommandKind.CHAIN_EXITED, fact, FEE_OWNER, values["asset"], values["amount"])


def _floor(log: DecodedLog, _: SkippedByBatch) -> RecordChainFact:
    values = log.arguments
    fact = FloorFact(_position(log.raw), values["floor"])
    return RecordChainFact(CommandKind.CHAIN_CANCEL_FLOOR, fact, values["owner"], values["asset"])


def _session_set(log: DecodedLog, _: SkippedByBatch) -> RecordChainFact:
    values = log.arguments
    limits = values["baseLimit"], values["quoteLimit"]
    fact = SessionFact(_position(log.raw), values["key"], *limits, values["expiry"])
    return RecordChainFact(CommandKind.CHAIN_SESSION_SET, fact, values["owner"], market=values["market"])


def _session_revoked(log: DecodedLog, _: SkippedByBatch) -> RecordChainFact:
    values = log.arguments
    fact = SessionRevokedFact(_position(log.raw), values["key"], values["effectiveAt"])
    return RecordChainFact(CommandKind.CHAIN_SESSION_REVOKED, fact, values["owner"], market=values["market"])


_FACTS: Final[Mapping[str, Callable[[DecodedLog, SkippedByBatch], RecordChainFact]]] = {
    "Deposited": _deposited,
    "Withdrawn": _withdrawn,
    "BatchSettled": _batch_settled,
    "ExitRequested": _exit(CommandKind.CHAIN_EXIT_REQUESTED),
    "ExitCancelled": _exit(CommandKind.CHAIN_EXIT_CANCELLED),
    "Exited": _exit(CommandKind.CHAIN_EXITED),
    "FeesCollected": _collected,
    "CancelRequested": _floor,
    "CancelFloorRaised": _floor,
    "SessionKeySet": _session_set,
    "SessionKeyRevoked": _session_revoked,
}

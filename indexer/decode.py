"""Decode: events from raw logs, by a Python function for each event that is generated from the ABI once.

A field is read by slicing its words out of the log, so decoding costs less than half a microsecond. Many logs of one
event are decoded together: their words are columns of one matrix. A log that no event of the ABI fits is no reason to
stop: it is kept raw with the reason.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Final, NamedTuple

import numpy as np

from indexer.blocks import TOPIC_BYTES, Decoded, DecodedLog, EventLogs, IndexedContract, RawLog
from offchain.chain.bindings import Contract
from offchain.core.errors import ChainError, NodeInconsistent

_WORD: Final = 32
_ERROR_CHARACTERS_MAX: Final = 300
_BATCH: Final = "BatchSettled"
_SKIPS: Final = ("FillSkipped", "NetGroupSkipped")
_Decode = Callable[[bytes, bytes], dict[str, Any]]
_NONE: Final[Mapping[str, Any]] = {}


class _Place(NamedTuple):
    """Where a field is: in the topics or in the data, and from which byte to which.

    `wide` are the bits of its word that no value of its type sets.
    """

    in_topics: bool
    start: int
    end: int
    wide: bytes


class _Event(NamedTuple):
    """An event: its names, its function, and where its fields are if many logs are decoded together."""

    contract: str
    name: str
    decode: _Decode
    topics_bytes: int
    data_bytes: int
    places: Mapping[str, _Place] | None


class MalformedLogError(ValueError):
    """A log does not have the shape of its event, or a word does not hold a value of its type."""


class Decoder:
    """Decodes the logs of some contracts.

    Events whose fields all have one word (every event that the exchange reads) get a function of their own; the others
    are left to the ABI library.
    """

    def __init__(self, contracts: Sequence[IndexedContract]) -> None:
        self._contracts = {contract.address: contract for contract in contracts}
        self._decoders = {contract.address: _decoders_of(contract.name, contract.abi) for contract in contracts}

    def decode_all(self, logs: Sequence[RawLog]) -> list[DecodedLog]:
        """The events of logs in their order."""
        return list(map(self.decode, logs))

    def decode_together(self, logs: Sequence[RawLog]) -> Decoded:
        """The events of logs, event by event; those of one event are in their order.

        Logs of events that are checked against each other, and those of an event of which one is malformed, are decoded
        one by one.
        """
        kinds: defaultdict[tuple[bytes, bytes], list[RawLog]] = defaultdict(list)
        for log in logs:
            kinds[log.contract, log.topics[:TOPIC_BYTES]].append(log)
        together, alone = [], []
        for (contract, topic), of_kind in kinds.items():
            known = self._decoders[contract].get(topic)
            columns = None if known is None else _columns(known, of_kind)
            if columns is None:
                alone += self.decode_all(of_kind)
            else:
                together.append(columns)
        return Decoded(together, alone)

    def decode(self, log: RawLog) -> DecodedLog:
        """The event of a log, or why there is none."""
        known = self._decoders[log.contract].get(log.topics[:TOPIC_BYTES])
        if known is None:
            return self._by_library(log)
        try:
            return DecodedLog(log, known.contract, known.name, known.decode(log.topics, log.data))
        except MalformedLogError as error:
            return DecodedLog(log, known.contract, "", _NONE, str(error)[:_ERROR_CHARACTERS_MAX])

    def _by_library(self, log: RawLog) -> DecodedLog:
        contract = self._contracts[log.contract]
        topics = [log.topics[start : start + TOPIC_BYTES] for start in range(0, len(log.topics), TOPIC_BYTES)]
        try:
            decoded = contract.abi.decode_log(topics, log.data)
        except ChainError as error:
            return DecodedLog(log, contract.name, "", _NONE, str(error)[:_ERROR_CHARACTERS_MAX])
        return DecodedLog(log, contract.name, decoded.event, decoded)


def check_batches(logs: Sequence[DecodedLog]) -> None:
    """Checks that every settled batch of some whole blocks comes with as many skipped fills and groups as it counts.

    Raises:
        NodeInconsistent: the node left some out.
    """
    settled = [log for log in logs if log.event == _BATCH]
    if not settled:
        return
    told = Counter((log.raw.transaction_hash, log.arguments["number"]) for log in logs if log.event in _SKIPS)
    for log in settled:
        number, skipped = log.arguments["number"], log.arguments["skipped"]
        if told[log.raw.transaction_hash, number] != skipped:
            raise NodeInconsistent(f"The node does not tell all {skipped} that batch {number} skipped.")


def _columns(known: _Event, logs: Sequence[RawLog]) -> EventLogs | None:
    """Logs of an event together; nothing where they cannot be, or one is malformed."""
    if known.places is None:
        return None
    topics_of, data_of = [log.topics for log in logs], [log.data for log in logs]
    if set(map(len, topics_of)) != {known.topics_bytes} or set(map(len, data_of)) != {known.data_bytes}:
        return None
    topics, data = (
        np.frombuffer(bytearray().join(values), np.uint8).reshape(len(logs), width)
        for values, width in ((topics_of, known.topics_bytes), (data_of, known.data_bytes))
    )
    arguments = {}
    for name, (in_topics, start, end, wide) in known.places.items():
        words = topics if in_topics else data
        first = start // _WORD * _WORD
        if any(wide) and (words[:, first : first + _WORD] & np.frombuffer(wide, np.uint8)).any():
            return None
        arguments[name] = words[:, start:end]
    return EventLogs(known.contract, known.name, logs, topics, data, arguments, known.decode)


@cache
def _decoders_of(name: str, abi: Contract) -> dict[bytes, _Event]:
    """The events of a contract by first topic, those whose fields all have one word."""
    decoders = {}
    for row in abi.abi:
        if row["type"] == "event" and not row.get("anonymous"):
            decode = _compile(row)
            if decode is not None:
                decoders[abi.topic(row["name"])] = _Event(name, row["name"], decode, *_shape(row))
    return decoders


def _shape(row: Mapping[str, Any]) -> tuple[int, int, Mapping[str, _Place] | None]:
    """The bytes of an event's topics and data, and where its fields are in them.

    No places: its logs are decoded one by one, because they are checked against others or have a signed field.
    """
    starts = {True: TOPIC_BYTES, False: 0}
    places: dict[str, _Place] | None = {}
    for field in row["inputs"]:
        cut, wide = _cut(field["type"])
        start = starts[field["indexed"]]
        if cut is None or row["name"] in (_BATCH, *_SKIPS):
            places = None
        elif places is not None:
            places[field["name"]] = _Place(field["indexed"], start + cut.start, start + cut.stop, wide)
        starts[field["indexed"]] += _WORD
    return starts[True], starts[False], places


def _cut(kind: str) -> tuple[slice | None, bytes]:
    """The bytes of a word that have the value of a type, and the bits of it that no value sets; nothing if signed."""
    prefix = kind.rstrip("0123456789")
    size = int(kind.removeprefix(prefix) or 0)
    if prefix == "bytes":
        return slice(0, size), bytes(size) + b"\xff" * (_WORD - size)
    if kind == "bool":
        return slice(_WORD - 1, _WORD), b"\xff" * (_WORD - 1) + b"\xfe"
    if kind == "address" or prefix == "uint":
        unused = _WORD - (20 if kind == "address" else size // 8)
        return slice(unused, _WORD), b"\xff" * unused + bytes(_WORD - unused)
    return None, b""


def _compile(row: Mapping[str, Any]) -> _Decode | None:
    """The function that decodes an event from its topics and data.

    Nothing if a field has more than one word, or no name.
    """
    if not all(field["name"] for field in row["inputs"]):
        return None
    indexed = [field for field in row["inputs"] if field["indexed"]]
    plain = [field for field in row["inputs"] if not field["indexed"]]
    topics_bytes, data_bytes = TOPIC_BYTES * (len(indexed) + 1), _WORD * len(plain)
    places = {field["name"]: ("topics", TOPIC_BYTES * place) for place, field in enumerate(indexed, 1)}
    places |= {field["name"]: ("data", _WORD * place) for place, field in enumerate(plain)}
    lines = [
        "def decode(topics, data):",
        f"    if len(topics) != {topics_bytes} or len(data) != {data_bytes}:",
        f"        raise malformed({row['name']!r}, topics, data)",
    ]
    for number, field in enumerate(row["inputs"]):
        reading = _reading(field["type"], f"field_{number}", *places[field["name"]])
        if reading is None:
            return None
        lines += [f"    {line}" for line in reading]
    values = ", ".join(f"{field['name']!r}: field_{number}" for number, field in enumerate(row["inputs"]))
    lines.append(f"    return {{{values}}}")
    scope: dict[str, Any] = {"integer": int.from_bytes, "malformed": _malformed, "wide": _wide}
    # The text is made of the ABI that was compiled with the contracts; its names are quoted or left out.
    exec("\n".join(lines), scope)  # noqa: S102 - text of our own making
    decode: _Decode = scope["decode"]
    return decode


def _reading(kind: str, name: str, source: str, start: int) -> list[str] | None:
    """The lines that read a word of a type into a variable; nothing for types that are not one word."""
    end = start + _WORD
    word = f"{source}[{start}:{end}]"
    prefix = kind.rstrip("0123456789")
    size = int(kind.removeprefix(prefix) or 0)
    if kind == "bool":
        return [f"{name} = integer({word})", *_refusing(f"{name} > 1", word, "1 bits"), f"{name} = {name} == 1"]
    if kind == "address":
        cut = end - 20
        wide = f"{source}[{start}:{cut}] != {bytes(12)!r}"
        return [*_refusing(wide, word, "20 bytes"), f"{name} = {source}[{cut}:{end}]"]
    if prefix == "uint" and size:
        check = [] if size == 8 * _WORD else _refusing(f"{name} >> {size}", word, f"{size} bits")
        return [f"{name} = integer({word})", *check]
    if prefix == "int" and size:
        limit = 1 << (size - 1)
        check = _refusing(f"not {-limit} <= {name} < {limit}", word, f"{size} bits")
        return [f"{name} = integer({word}, signed=True)", *check]
    if prefix == "bytes" and size:
        cut = start + size
        wide = f"{source}[{cut}:{end}] != {bytes(_WORD - size)!r}"
        return [*_refusing(wide, word, f"{size} bytes"), f"{name} = {source}[{start}:{cut}]"]
    return None


def _refusing(condition: str, word: str, size: str) -> list[str]:
    return [f"if {condition}:", f"    raise wide({word}, {size!r})"]


def _malformed(event: str, topics: bytes, data: bytes) -> MalformedLogError:
    return MalformedLogError(f"{event} with {len(topics) // TOPIC_BYTES} topics and {len(data)} bytes of data")


def _wide(word: bytes, size: str) -> MalformedLogError:
    return MalformedLogError(f"0x{word.hex()} is wider than {size}")

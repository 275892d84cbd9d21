"""Decode: events from raw logs, by a Python function for each event that is generated from the ABI once.

A field is read by slicing its words out of the log, so decoding costs less than half a microsecond. A log that no event
of the ABI fits is no reason to stop: it is kept raw with the reason.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Final

from indexer.blocks import TOPIC_BYTES, DecodedLog, IndexedContract, RawLog
from offchain.chain.bindings import Contract
from offchain.core.errors import ChainError, NodeInconsistent

_WORD: Final = 32
_ERROR_CHARACTERS_MAX: Final = 300
_SKIPS: Final = ("FillSkipped", "NetGroupSkipped")
_Decode = Callable[[bytes, bytes], dict[str, Any]]
_NONE: Final[Mapping[str, Any]] = {}


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

    def decode(self, log: RawLog) -> DecodedLog:
        """The event of a log, or why there is none."""
        known = self._decoders[log.contract].get(log.topics[:TOPIC_BYTES])
        if known is None:
            return self._by_library(log)
        contract, event, decode = known
        try:
            return DecodedLog(log, contract, event, decode(log.topics, log.data))
        except MalformedLogError as error:
            return DecodedLog(log, contract, "", _NONE, str(error)[:_ERROR_CHARACTERS_MAX])

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
    settled = [log for log in logs if log.event == "BatchSettled"]
    if not settled:
        return
    told = Counter((log.raw.transaction_hash, log.arguments["number"]) for log in logs if log.event in _SKIPS)
    for log in settled:
        number, skipped = log.arguments["number"], log.arguments["skipped"]
        if told[log.raw.transaction_hash, number] != skipped:
            raise NodeInconsistent(f"The node does not tell all {skipped} that batch {number} skipped.")


@cache
def _decoders_of(name: str, abi: Contract) -> dict[bytes, tuple[str, str, _Decode]]:
    """The functions of a contract's events by first topic, each with the contract's and the event's name."""
    decoders = {}
    for row in abi.abi:
        if row["type"] == "event" and not row.get("anonymous"):
            decode = _compile(row)
            if decode is not None:
                decoders[abi.topic(row["name"])] = (name, row["name"], decode)
    return decoders


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

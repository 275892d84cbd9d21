"""Decode: events from raw logs, by decoders made once from the ABI.

A log that no event of the ABI fits is no reason to stop: it is kept raw with the reason.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from indexer.fetch import RawLog
from offchain.chain.bindings import Contract
from offchain.core.errors import ChainError, NodeInconsistent

_WORD: Final = 32
_ERROR_CHARACTERS_MAX: Final = 300
_Reader = Callable[[bytes], Any]


class DecodedLog(NamedTuple):
    """A log with its event and arguments by name; `event` is empty where `error` says why it has none."""

    raw: RawLog
    event: str
    arguments: Mapping[str, Any]
    error: str = ""


class MalformedLogError(ValueError):
    """A word does not hold a value of its type."""


class Decoder:
    """Decodes the logs of one contract.

    Events whose fields all have one word (every event that the exchange reads) get a decoder of their own; the others
    are left to the ABI library.
    """

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._decoders: dict[bytes, _EventDecoder] = {}
        for row in contract.abi:
            if row["type"] == "event" and not row.get("anonymous"):
                readers = {field["name"]: _reader_of(field["type"]) for field in row["inputs"]}
                known = {name: reader for name, reader in readers.items() if reader is not None}
                if len(known) == len(row["inputs"]):
                    self._decoders[contract.topic(row["name"])] = _EventDecoder(row, known)

    def decode(self, log: RawLog) -> DecodedLog:
        """The event of a log, or why there is none."""
        try:
            decoder = self._decoders.get(log.topics[0]) if log.topics else None
            if decoder is not None:
                return DecodedLog(log, decoder.event, decoder.decode(log.topics, log.data))
            decoded = self._contract.decode_log(log.topics, log.data)
            return DecodedLog(log, decoded.event, decoded)
        except (ChainError, MalformedLogError) as error:
            return DecodedLog(log, "", {}, str(error)[:_ERROR_CHARACTERS_MAX])


def check_batches(logs: Sequence[DecodedLog]) -> None:
    """Checks that every settled batch of some whole blocks comes with as many skipped fills as it counts.

    Raises:
        NodeInconsistent: the node left some out.
    """
    told = Counter((log.raw.transaction_hash, log.arguments["number"]) for log in logs if log.event == "FillSkipped")
    for log in logs:
        if log.event != "BatchSettled":
            continue
        number, skipped = log.arguments["number"], log.arguments["skipped"]
        if told[log.raw.transaction_hash, number] != skipped:
            raise NodeInconsistent(f"The node does not tell all {skipped} skipped fills of batch {number}.")


class _EventDecoder:
    """The decoder of one event, made of one reader a field."""

    def __init__(self, row: Mapping[str, Any], readers: Mapping[str, _Reader]) -> None:
        self.event: str = row["name"]
        indexed = [field["name"] for field in row["inputs"] if field["indexed"]]
        plain = [field["name"] for field in row["inputs"] if not field["indexed"]]
        self._topics = [(name, readers[name]) for name in indexed]
        self._words = [
            (name, readers[name], slice(_WORD * place, _WORD * (place + 1))) for place, name in enumerate(plain)
        ]
        self._data_bytes = _WORD * len(plain)

    def decode(self, topics: Sequence[bytes], data: bytes) -> dict[str, Any]:
        """The arguments by name.

        Raises:
            MalformedLogError: the number of topics, the length of the data or a word does not fit the event.
        """
        if len(topics) != len(self._topics) + 1 or len(data) != self._data_bytes:
            msg = f"{self.event} with {len(topics)} topics and {len(data)} bytes of data"
            raise MalformedLogError(msg)
        arguments = {name: read(topic) for (name, read), topic in zip(self._topics, topics[1:], strict=True)}
        arguments.update((name, read(data[place])) for name, read, place in self._words)
        return arguments


def _reader_of(kind: str) -> _Reader | None:
    """What reads a word of a type; nothing for types that are not one word."""
    if kind.startswith("uint") and kind[4:].isdigit():
        return _unsigned_reader(int(kind[4:]))
    if kind == "address":
        return lambda word: _tail(word, 20)
    if kind == "bool":
        return lambda word: bool(_unsigned_reader(1)(word))
    if kind.startswith("bytes") and kind[5:].isdigit():
        return _bytes_reader(int(kind[5:]))
    return None


def _unsigned_reader(bits: int) -> _Reader:
    def read(word: bytes) -> int:
        value = int.from_bytes(word)
        if value >> bits:
            msg = f"0x{word.hex()} is wider than {bits} bits"
            raise MalformedLogError(msg)
        return value

    return read


def _bytes_reader(length: int) -> _Reader:
    def read(word: bytes) -> bytes:
        if any(word[length:]):
            msg = f"0x{word.hex()} is longer than {length} bytes"
            raise MalformedLogError(msg)
        return word[:length]

    return read


def _tail(word: bytes, length: int) -> bytes:
    if any(word[:-length]):
        msg = f"0x{word.hex()} is wider than {length} bytes"
        raise MalformedLogError(msg)
    return word[-length:]

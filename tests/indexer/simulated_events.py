"""Logs as contracts tell them: any event of an ABI with values at random, and what nobody can decode."""

import random
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from indexer.fetch.bloom import bloom_of
from offchain.chain.bindings import Contract
from offchain.chain.typed_data import keccak

START_S: Final = 1_760_000_000
OWNERS: Final = tuple(bytes([number]) * 20 for number in range(1, 5))
NOBODY: Final = bytes(20)
_WIDE: Final = frozenset({"nonce", "baseLimit", "quoteLimit"})
"""Fields whose values may need all of their 64 bits; amounts are kept within 63 by the contract."""
_SMALL: Final = {"asset": 5, "market": 4, "fill": 400, "group": 40, "reason": 20, "item": 40} | dict.fromkeys(
    ("round", "pool", "tier", "request", "auction"), 4
)
_TOPICS_MAX: Final = 4
"""More a log cannot have."""
_TIMES: Final = frozenset({"effectiveAt", "expiry", "until"})


class Log(NamedTuple):
    """A log as it truly is; `event` is empty where nobody can decode it or a column cannot hold it."""

    contract: bytes
    transaction_hash: bytes
    log_index: int
    topics: tuple[bytes, ...]
    data: bytes
    event: str
    arguments: dict[str, Any]

    @property
    def bloom(self) -> int:
        """The bits that it sets in its block's filter."""
        bits = bloom_of(self.contract)
        for topic in self.topics:
            bits |= bloom_of(topic)
        return bits


class EventMaker:
    """Makes logs of one contract."""

    def __init__(self, rng: random.Random, address: bytes, abi: Contract) -> None:
        self._rng = rng
        self._address = address
        self._rows = {row["name"]: row for row in abi.abi if row["type"] == "event" and row["inputs"]}
        self._topics = {name: abi.topic(name) for name in self._rows}

    @property
    def names(self) -> tuple[str, ...]:
        """The events that it can make."""
        return tuple(self._rows)

    def log(self, transaction: bytes, index: int, event: str, told: Mapping[str, Any] | None = None) -> Log:
        """A log of an event; values that are not told are made up."""
        values = {field["name"]: self._value(field) for field in self._rows[event]["inputs"]}
        return self.told(transaction, index, event, values | (told or {}))

    def told(self, transaction: bytes, index: int, event: str, arguments: dict[str, Any]) -> Log:
        """A log of an event with these arguments; a struct is a tuple."""
        topics, data = [self._topics[event]], b""
        for field in self._rows[event]["inputs"]:
            words = _words(field, arguments[field["name"]])
            if field["indexed"]:
                topics.append(words)
            else:
                data += words
        return Log(self._address, transaction, index, tuple(topics), data, event, arguments)

    def broken(self, transaction: bytes, index: int) -> Log:
        """A log of one of the events that lacks something or has too much, or of an event unheard of."""
        event = self._rng.choice(self.names)
        fields = self._rows[event]["inputs"]
        topics = [self._topics[event], *(bytes(32) for field in fields if field["indexed"])]
        data = b"".join(_words(field, None) for field in fields if not field["indexed"])
        way = self._rng.randrange(3)
        if way == 0 and len(topics) < _TOPICS_MAX:
            topics.append(bytes(32))
        elif way == 1 and data:
            data = data[:-1]
        else:
            topics = [keccak(b"Unheard(uint256)")]
        return Log(self._address, transaction, index, tuple(topics), data, "", {})

    def unreadable(self, transaction: bytes, index: int) -> Log:
        """A log that no event fits, or with a value that no column holds."""
        deposited = self._topics["Deposited"]
        topics, data = self._rng.choice(
            (
                ((keccak(b"Unheard(uint256)"),), bytes(32)),
                ((), b"anonymous"),
                ((deposited, bytes(32), bytes(32)), bytes(31)),
                ((deposited, b"\xff" * 32, bytes(32)), bytes(32)),
                ((deposited, bytes(32), bytes(32)), b"\xff" * 32),
                ((deposited, bytes(32), bytes(32)), (2**63).to_bytes(32)),
            )
        )
        return Log(self._address, transaction, index, topics, data, "", {})

    def _value(self, field: Mapping[str, Any]) -> Any:
        rng, name, kind = self._rng, field["name"], field["type"]
        if kind == "tuple":
            return tuple(map(self._value, field["components"]))
        if kind == "address":
            return rng.choice((*OWNERS, NOBODY))
        if kind == "bool":
            return rng.random() < 0.5
        if kind == "bytes32":
            return rng.randbytes(32)
        bits = int(kind.removeprefix("uint"))
        if name in _SMALL:
            return rng.randrange(_SMALL[name])
        if name in _TIMES:
            return START_S + rng.randrange(100_000)
        if name in _WIDE or bits < 64:
            return rng.randrange(2**bits)
        return rng.randrange(2 ** rng.choice((10, 40, min(bits, 128) - 1)))


def _words(field: Mapping[str, Any], value: Any) -> bytes:
    """A value in its 32 bytes, or a struct's, by the rules of the ABI and not by a library of the product's."""
    if field["type"] == "tuple":
        parts = field["components"]
        values = [None] * len(parts) if value is None else value
        return b"".join(_words(part, one) for part, one in zip(parts, values, strict=True))
    if isinstance(value, bytes):
        return value.rjust(32, b"\0") if field["type"] == "address" else value
    return int(value or 0).to_bytes(32)

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
_SMALL: Final = {"asset": 5, "market": 4, "fill": 400, "group": 40, "reason": 20, "item": 40}
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
        values = {field["name"]: self._value(field["name"], field["type"]) for field in self._rows[event]["inputs"]}
        values |= told or {}
        topics, data = [self._topics[event]], b""
        for field in self._rows[event]["inputs"]:
            word = _word(field["type"], values[field["name"]])
            if field["indexed"]:
                topics.append(word)
            else:
                data += word
        return Log(self._address, transaction, index, tuple(topics), data, event, values)

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

    def _value(self, name: str, kind: str) -> Any:
        rng = self._rng
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


def _word(kind: str, value: Any) -> bytes:
    """A value in its 32 bytes, by the rules of the ABI and not by a library of the product's."""
    if isinstance(value, bytes):
        return value.rjust(32, b"\0") if kind == "address" else value
    return int(value).to_bytes(32)

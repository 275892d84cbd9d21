"""Which order has a client order id: 8 bytes an order, for as many orders as there will ever be.

An entry is 32 bits of a hash of account and client order id, and the order's place among all orders below them. The
entries are sorted, in shards by the hash's first bits, so that taking in new ones never moves more than one shard.
Newer orders wait in a dictionary until there are enough of a shard. Several orders may have one hash: whoever asks gets
all of them and compares. The hash is strongly universal (multiply-shift over words of 32 bits), and its factors are
drawn anew in every process, so nobody can choose client order ids that make it slow.
"""

import os
import struct
from collections.abc import Callable, Iterator
from operator import mul
from typing import Final

import numpy as np
import numpy.typing as npt

KEY_BYTES: Final = 40
"""Account (32 bits) and client order id (36 bytes, filled up with zeros)."""
_WORDS: Final = KEY_BYTES // 4
_SPLIT: Final = struct.Struct(f"<{_WORDS}I").unpack
_SHARDS: Final = 256
_SHARD_SHIFT: Final = 24
_WAITING_MIN: Final = 256
_WAITING_SHARE: Final = 32
"""A shard takes its waiting orders in when they are more than a 32nd of it."""
_MASK: Final = 2**64 - 1
_LOW32: Final = 2**32 - 1

Key = tuple[int, str]
Entries = npt.NDArray[np.uint64]


class ClientOrderIds:
    """The index. `keys` gives the packed keys of the orders from one place to another, as words."""

    def __init__(self, keys: Callable[[int, int], Iterator[npt.NDArray[np.uint32]]]) -> None:
        self._keys = keys
        self._offset, *self._factors = struct.unpack(f"<{1 + _WORDS}Q", os.urandom(8 * (1 + _WORDS)))
        self._hashed = (b"", 0)
        """The key that was hashed last: who finds nothing under a key is about to take it."""
        self._known = 0
        """Orders up to this place are either in a shard or wait for theirs."""
        self._shards: list[Entries] = [np.empty(0, np.uint64) for _ in range(_SHARDS)]
        self._recent: dict[Key, int] = {}
        self._waiting: list[list[tuple[int, Key]]] = [[] for _ in range(_SHARDS)]

    @property
    def nbytes(self) -> int:
        """Bytes of the sorted entries."""
        return sum(shard.nbytes for shard in self._shards)

    def add(self, key: Key, packed: bytes, place: int) -> None:
        """Take in the order at `place`, the next one."""
        self._catch_up(place)
        hashed = self._hash(packed)
        shard = hashed >> _SHARD_SHIFT
        waiting = self._waiting[shard]
        waiting.append((hashed << 32 | place, key))
        self._recent[key] = place
        self._known = place + 1
        if len(waiting) > _WAITING_MIN + len(self._shards[shard]) // _WAITING_SHARE:
            self._merge(shard, np.array([entry for entry, _ in waiting], np.uint64))
            for _, merged in waiting:
                self._recent.pop(merged, None)
            waiting.clear()

    def candidates(self, key: Key, packed: bytes, count: int) -> Iterator[int]:
        """The places, among the first `count`, of all orders that may have this key."""
        self._catch_up(count)
        place = self._recent.get(key)
        if place is not None:
            yield place
        else:
            yield from self._entered(packed)

    def _entered(self, packed: bytes) -> Iterator[int]:
        """The places of the orders whose entries are sorted."""
        hashed = self._hash(packed)
        entries = self._shards[hashed >> _SHARD_SHIFT]
        at = int(entries.searchsorted(np.uint64(hashed << 32)))
        while at < len(entries) and (entry := int(entries[at])) >> 32 == hashed:
            yield entry & _LOW32
            at += 1

    def _catch_up(self, count: int) -> None:
        """Take in orders that were appended in bulk."""
        if self._known >= count:  # More, if somebody looks while another thread is adding one.
            return
        portions, place = [], self._known
        for words in self._keys(self._known, count):
            places = np.arange(place, place + len(words), dtype=np.uint64)
            portions.append(self._hash_many(words) << np.uint64(32) | places)
            place += len(words)
        entries = np.concatenate(portions)
        entries.sort()
        bounds = np.searchsorted(entries, np.arange(_SHARDS, dtype=np.uint64) << np.uint64(32 + _SHARD_SHIFT)).tolist()
        for shard, (start, stop) in enumerate(zip(bounds, [*bounds[1:], len(entries)], strict=True)):
            self._merge(shard, entries[start:stop])
        self._known = count

    def _merge(self, shard: int, entries: Entries) -> None:
        merged = np.concatenate((self._shards[shard], entries))
        merged.sort()
        self._shards[shard] = merged

    def _hash(self, packed: bytes) -> int:
        if packed != self._hashed[0]:
            total: int = sum(map(mul, self._factors, _SPLIT(packed)), self._offset)
            self._hashed = (packed, (total & _MASK) >> 32)
        return self._hashed[1]

    def _hash_many(self, words: npt.NDArray[np.uint32]) -> Entries:
        sums = np.full(len(words), self._offset, np.uint64)
        for place, factor in enumerate(self._factors):
            sums += words[:, place].astype(np.uint64) * np.uint64(factor)
        return sums >> np.uint64(32)

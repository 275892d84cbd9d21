"""Bloom: what a block's bloom filter promises of its logs, and the proof that an answer has all of them."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

import msgspec

from indexer.blocks import TOPIC_BYTES, Header, RawLog
from indexer.fetch.answers import parse_all_logs
from offchain.chain.typed_data import keccak
from offchain.core.errors import NodeInconsistent

_REMEMBERED: Final = 4_096


@lru_cache(maxsize=_REMEMBERED)
def bloom_of(value: bytes) -> int:
    """The bits that an address or a topic sets in a block's bloom filter (Yellow Paper, 4.4.3)."""
    digest = keccak(value)
    bits = 0
    for start in (0, 2, 4):
        bits |= 1 << (int.from_bytes(digest[start : start + 2]) & 2047)
    return bits


def logs_of_whole_block(answer: msgspec.Raw, header: Header, contracts: Mapping[str, bytes]) -> list[RawLog]:
    """The wanted logs of an answer that must have every log of a block, whoever's it is.

    The addresses and topics of all of them have to make up the whole of the header's bloom filter: so a block that
    promises a log only by chance is told from one whose logs the node does not have yet.

    Raises:
        NodeInconsistent: some are missing, or a log is none, or of no such block.
    """
    logs = parse_all_logs(answer, header)
    if _bloom_of_all(logs) != header.bloom:
        raise NodeInconsistent(f"The node does not tell all logs of block {header.number}.", "Ask another node.")
    wanted = set(contracts.values())
    return [log for log in logs if log.contract in wanted]


def are_all_of_block(logs: Sequence[RawLog], header: Header) -> bool:
    """Whether the wanted logs of a block are seen to be all that it has, whoever's they are.

    They are if none is missing between the first and them, and they make up the whole of the header's bloom filter.
    """
    return [log.log_index for log in logs] == list(range(len(logs))) and _bloom_of_all(logs) == header.bloom


def _bloom_of_all(logs: Sequence[RawLog]) -> int:
    values = {log.contract for log in logs}
    for log in logs:
        values |= {log.topics[start : start + TOPIC_BYTES] for start in range(0, len(log.topics), TOPIC_BYTES)}
    bloom = 0
    for value in values:
        bloom |= bloom_of(value)
    return bloom

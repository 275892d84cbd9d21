"""The vocabulary of the stages: blocks and logs as the indexer knows them, and how it asks nodes for them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from offchain.chain.bindings import Contract
from offchain.core.errors import ChainError

TOPIC_BYTES: Final = 32


class Rpc(Protocol):
    """One node, as far as the indexer asks it. Answers are JSON texts, so that each is read into what it should be."""

    async def call(self, method: str, *params: Any) -> msgspec.Raw:
        """The result of one request.

        Raises:
            ChainError: the node does not answer, or refuses.
        """

    async def batch(self, requests: Sequence[tuple[str, Sequence[Any]]]) -> list[msgspec.Raw | ChainError]:
        """The results of many requests in order, each a JSON text or a refusal.

        Raises:
            ChainError: the node does not answer.
        """


class IndexedContract(NamedTuple):
    """A contract whose logs are wanted, by its name in the manifest. It has no logs before `first_block`."""

    name: str
    address: bytes
    first_block: int
    abi: Contract


class BlockRef(NamedTuple):
    """A block by number and hash."""

    number: int
    hash: bytes


class Header(NamedTuple):
    """What the indexer reads of a block's header; `bloom` is the 2048-bit filter as an integer."""

    number: int
    hash: bytes
    parent_hash: bytes
    timestamp_s: int
    bloom: int

    @property
    def ref(self) -> BlockRef:
        """The block by number and hash."""
        return BlockRef(self.number, self.hash)


class RawLog(msgspec.Struct, frozen=True, gc=False):
    """A log as the node tells it, checked against its block's header. `topics` has 32 bytes for each of them."""

    contract: bytes
    block_number: int
    block_hash: bytes
    transaction_hash: bytes
    log_index: int
    timestamp_s: int
    topics: bytes
    data: bytes


class DecodedLog(msgspec.Struct, frozen=True, gc=False):
    """A log with its event and arguments by name; `event` is empty where `error` says why it has none.

    `contract` is the name of the log's contract in the manifest.
    """

    raw: RawLog
    contract: str
    event: str
    arguments: Mapping[str, Any]
    error: str = ""


class EventLogs(NamedTuple):
    """Logs of one event of one contract, each of which is well-formed, column by column.

    `topics` and `data` have a row of bytes for each log. So have `arguments`, by name: as many as its type has bytes,
    of an integer the highest first.
    """

    contract: str
    event: str
    raw: Sequence[RawLog]
    topics: NDArray[np.uint8]
    data: NDArray[np.uint8]
    arguments: Mapping[str, NDArray[np.uint8]]
    decode: Callable[[bytes, bytes], Mapping[str, Any]]

    def one_by_one(self) -> list[DecodedLog]:
        """Each log with its arguments."""
        return [DecodedLog(log, self.contract, self.event, self.decode(log.topics, log.data)) for log in self.raw]


class Decoded(NamedTuple):
    """The logs of some blocks: many of an event together, and others by themselves."""

    events: Sequence[EventLogs]
    logs: Sequence[DecodedLog]

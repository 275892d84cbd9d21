"""The vocabulary of the stages: blocks and logs as the indexer knows them, and how it asks nodes for them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple, Protocol

import msgspec

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

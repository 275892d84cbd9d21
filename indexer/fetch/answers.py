"""Headers and logs as a node's JSON tells them. What cannot be one is refused."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from indexer.blocks import TOPIC_BYTES, Header, RawLog
from offchain.core.errors import NodeInconsistent

TOPICS_MAX: Final = 4
_ADDRESS_BYTES: Final = 20
_BLOOM_BYTES: Final = 256
_HASH_BYTES: Final = 32
_TOPIC_CHARACTERS: Final = 2 + 2 * TOPIC_BYTES
_from_hex = bytes.fromhex


class _HeaderAnswer(msgspec.Struct, rename="camel"):
    number: str
    hash: str
    parent_hash: str
    timestamp: str
    logs_bloom: str


class _LogAnswer(msgspec.Struct, rename="camel", gc=False):
    address: str
    block_hash: str
    block_number: str
    transaction_hash: str
    log_index: str
    topics: list[str]
    data: str
    removed: bool = False


_header_decoder: Final[msgspec.json.Decoder[_HeaderAnswer | None]] = msgspec.json.Decoder(_HeaderAnswer | None)
_log_decoder: Final[msgspec.json.Decoder[list[_LogAnswer]]] = msgspec.json.Decoder(list[_LogAnswer])


def parse_header(answer: msgspec.Raw) -> Header | None:
    """The header in an answer; nothing where the node has no such block.

    Raises:
        NodeInconsistent: it is something else.
    """
    try:
        told = _header_decoder.decode(answer)
        if told is None:
            return None
        return Header(
            int(told.number, 16),
            _bytes(told.hash, _HASH_BYTES),
            _bytes(told.parent_hash, _HASH_BYTES),
            int(told.timestamp, 16),
            int.from_bytes(_bytes(told.logs_bloom, _BLOOM_BYTES)),
        )
    except (msgspec.MsgspecError, ValueError) as error:
        raise NodeInconsistent(f"The node's block cannot be read: {type(error).__name__} {error}.") from error


def parse_logs(answer: msgspec.Raw, headers: Sequence[Header], contracts: Mapping[str, bytes]) -> list[RawLog]:
    """The logs of an answer, in its order, each checked to be a wanted contract's and of the block that it claims.

    Args:
        answer: the result of `eth_getLogs`.
        headers: the blocks that were asked for.
        contracts: the wanted addresses by their text, which is `0x` and lower-case digits.

    Raises:
        NodeInconsistent: a log is none, or of no such block or contract, or was removed.
    """
    blocks = {
        to_hex(header.hash): (hex(header.number), header.number, header.hash, header.timestamp_s) for header in headers
    }
    logs: list[RawLog] = []
    append = logs.append
    # All logs of a transaction have its hash: it is converted once.
    transaction_text, transaction_hash = "", b""
    try:
        for told in _log_decoder.decode(answer):
            block = blocks.get(told.block_hash)
            contract = contracts.get(told.address) or contracts.get(told.address.lower())
            if block is None or block[0] != told.block_number or contract is None or told.removed:
                raise NodeInconsistent(f"The node told a log that is not of its block {told.block_number}.")
            if told.transaction_hash != transaction_text:
                transaction_text, transaction_hash = told.transaction_hash, _bytes(told.transaction_hash, _HASH_BYTES)
            _, number, block_hash, timestamp_s = block
            topics, data = _topics(told.topics), _bytes(told.data)
            index = int(told.log_index, 16)
            append(RawLog(contract, number, block_hash, transaction_hash, index, timestamp_s, topics, data))
    except (msgspec.MsgspecError, ValueError) as error:
        raise NodeInconsistent(f"The node's log cannot be read: {type(error).__name__} {error}.") from error
    return logs


def parse_all_logs(answer: msgspec.Raw, header: Header) -> list[RawLog]:
    """The logs of a block, whoever's they are; raises as `parse_logs`."""
    try:
        told = {log.address.lower() for log in _log_decoder.decode(answer)}
        addresses = {address: _bytes(address, _ADDRESS_BYTES) for address in told}
    except (msgspec.MsgspecError, ValueError) as error:
        raise NodeInconsistent(f"The node's log cannot be read: {type(error).__name__} {error}.") from error
    return parse_logs(answer, [header], addresses)


def _topics(texts: list[str]) -> bytes:
    # No digit is an x, so what is left are the digits of all topics: one conversion for all of them.
    joined = "".join(texts)
    topics = _from_hex(joined.replace("0x", ""))
    count = len(texts)
    if len(topics) != TOPIC_BYTES * count or len(joined) != _TOPIC_CHARACTERS * count or count > TOPICS_MAX:
        raise ValueError(f"{len(topics)} bytes of {count} topics")
    return topics


def _bytes(text: str, length: int | None = None) -> bytes:
    if not text.startswith("0x"):
        raise ValueError(f"{text[:20]!r} is not hexadecimal")
    value = _from_hex(text[2:])
    if length is not None and len(value) != length:
        raise ValueError(f"{len(value)} bytes, not {length}")
    return value


def to_hex(value: bytes) -> str:
    """Bytes as JSON-RPC writes them."""
    return "0x" + value.hex()


def as_integer(answer: msgspec.Raw) -> int:
    """The integer of an answer that is a 0x number.

    Raises:
        NodeInconsistent: it is something else.
    """
    try:
        return int(msgspec.json.decode(answer, type=str), 16)
    except (msgspec.MsgspecError, ValueError) as error:
        raise NodeInconsistent(f"The node answered with no number: {error}.") from error


def as_value(answer: msgspec.Raw) -> Any:
    """The JSON value of an answer."""
    return msgspec.json.decode(answer)

"""Headers and logs as a node's JSON tells them. What cannot be one is refused."""

from binascii import unhexlify
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
import numpy as np

from indexer.blocks import TOPIC_BYTES, Header, RawLog
from offchain.core.errors import NodeInconsistent

TOPICS_MAX: Final = 4
_ADDRESS_BYTES: Final = 20
_BLOOM_BYTES: Final = 256
_HASH_BYTES: Final = 32
_TOPIC_CHARACTERS: Final = len(',"0x"') + 2 * TOPIC_BYTES
"""What a topic takes in a JSON list: with its quotes and what is before or after it."""
_COUNT_OF_TOPICS: Final = {len("[]"): 0} | {count * _TOPIC_CHARACTERS + 1: count for count in range(1, TOPICS_MAX + 1)}
"""The topics of a list without blanks, by its characters."""
_BEFORE_DIGITS: Final = np.frombuffer(b'"0x', np.uint8)
_PREFIX: Final = np.frombuffer(b"0x", np.uint8)
_CLOSING, _COMMA, _BRACKET, _OPENING = b'",]['


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
    topics: msgspec.Raw
    data: str
    removed: bool = False


_header_decoder: Final[msgspec.json.Decoder[_HeaderAnswer | None]] = msgspec.json.Decoder(_HeaderAnswer | None)
_log_decoder: Final[msgspec.json.Decoder[list[_LogAnswer]]] = msgspec.json.Decoder(list[_LogAnswer])
_decode_texts: Final = msgspec.json.Decoder(list[str]).decode
_encode: Final = msgspec.json.Encoder().encode


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
    try:
        return _read(_log_decoder.decode(answer), headers, contracts)
    except (msgspec.MsgspecError, ValueError) as error:
        raise NodeInconsistent(f"The node's log cannot be read: {type(error).__name__} {error}.") from error


def _read(told: list[_LogAnswer], headers: Sequence[Header], contracts: Mapping[str, bytes]) -> list[RawLog]:
    """The same column by column: many values are converted and compared at once."""
    by_hash = {to_hex(header.hash): header for header in headers}
    numbers = {header.number: hex(header.number) for header in headers}
    blocks = [by_hash.get(log.block_hash) for log in told]
    owners = [contracts.get(log.address) or contracts.get(log.address.lower()) for log in told]
    for log, block, owner in zip(told, blocks, owners, strict=True):
        if block is None or owner is None or log.block_number != numbers[block.number] or log.removed:
            raise NodeInconsistent(f"The node told a log that is not of its block {log.block_number}.")
    transactions = {text: _bytes(text, _HASH_BYTES) for text in {log.transaction_hash for log in told}}
    known = [block for block in blocks if block is not None]
    return list(
        map(
            RawLog,
            [contract for contract in owners if contract is not None],
            [block.number for block in known],
            [block.hash for block in known],
            [transactions[log.transaction_hash] for log in told],
            [int(log.log_index, 16) for log in told],
            [block.timestamp_s for block in known],
            _all_topics([log.topics for log in told]),
            _all_bytes([log.data for log in told]),
        )
    )


def parse_all_logs(answer: msgspec.Raw, header: Header) -> list[RawLog]:
    """The logs of a block, whoever's they are; raises as `parse_logs`."""
    try:
        told = {log.address.lower() for log in _log_decoder.decode(answer)}
        addresses = {address: _bytes(address, _ADDRESS_BYTES) for address in told}
    except (msgspec.MsgspecError, ValueError) as error:
        raise NodeInconsistent(f"The node's log cannot be read: {type(error).__name__} {error}.") from error
    return parse_logs(answer, [header], addresses)


def _all_topics(lists: Sequence[msgspec.Raw]) -> list[bytes]:
    """The topics of each log, one after the other, from JSON lists of them."""
    try:
        return _topics_of_texts(lists)
    except ValueError:
        # Wrong, or not written as nodes write them: with blanks, say.
        return _topics_of_texts([_encode(_decode_texts(one)) for one in lists])


def _topics_of_texts(lists: Sequence[msgspec.Raw | bytes]) -> list[bytes]:
    """The same from lists without blanks. Those of one length lie in a matrix and are converted at once."""
    places: defaultdict[int, list[int]] = defaultdict(list)
    for place, length in enumerate(map(len, lists)):
        places[length].append(place)
    topics = [b""] * len(lists)
    for length, some in places.items():
        count = _COUNT_OF_TOPICS.get(length)
        if count is None:
            raise ValueError(f"no list of topics in {length} characters")
        joined = np.frombuffer(bytearray().join([lists[place] for place in some]), np.uint8).reshape(len(some), length)
        if count == 0:
            _demand((joined == np.frombuffer(b"[]", np.uint8)).all())
            continue
        each = joined[:, 1:].reshape(len(some), count, _TOPIC_CHARACTERS)
        _demand((joined[:, 0] == _OPENING).all() and (each[:, :, :3] == _BEFORE_DIGITS).all())
        _demand((each[:, :, -2] == _CLOSING).all())
        _demand((each[:, :-1, -1] == _COMMA).all() and (each[:, -1, -1] == _BRACKET).all())
        values = unhexlify(np.ascontiguousarray(each[:, :, 3:-2]).data)
        size = count * TOPIC_BYTES
        for start, place in enumerate(some):
            topics[place] = values[start * size : (start + 1) * size]
    return topics


def _demand(is_so: Any) -> None:
    if not is_so:
        raise ValueError("a topic that is not hexadecimal")


def _all_bytes(texts: Sequence[str]) -> list[bytes]:
    """The bytes of each text. One conversion of all is quicker than many by far: there 0x is a byte of each."""
    joined = "".join(texts)
    characters = np.frombuffer(joined.encode(), np.uint8)
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    ends = lengths.cumsum()
    starts = ends - lengths
    if (lengths % 2).any() or not lengths.all():
        raise ValueError("an odd number of digits, or none")
    if joined.count("x") != len(texts) or (characters[starts] != _PREFIX[0]).any():
        raise ValueError("a value that is not hexadecimal")
    if (characters[starts + 1] != _PREFIX[1]).any():
        raise ValueError("a value that is not hexadecimal")
    values = unhexlify(joined.replace("x", "0"))
    return [values[start:end] for start, end in zip((starts // 2 + 1).tolist(), (ends // 2).tolist(), strict=True)]


def _bytes(text: str, length: int | None = None) -> bytes:
    if not text.startswith("0x"):
        raise ValueError(f"{text[:20]!r} is not hexadecimal")
    value = bytes.fromhex(text[2:])
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

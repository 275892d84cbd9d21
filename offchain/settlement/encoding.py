"""The payload of a settlement batch as bytes: docs/contracts/batch-format.md. The contract reads the same format.

Integers are unsigned and big-endian, fee rates signed.
"""

import struct
from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum
from typing import Final, NamedTuple

import msgspec

from offchain.chain.typed_data import Order, keccak
from offchain.core.commands import OrderInstructions, PostOnly, Side
from offchain.core.errors import MalformedPayload

VERSION: Final = 1
ORDERS_MAX: Final = 2**16 - 1
FILLS_MAX: Final = 2**16 - 1
FEE_CLASSES_MAX: Final = 2**8 - 1
SECTIONS_MAX: Final = 2**8 - 1

_HEADER: Final = struct.Struct(">BBBHHB")
_FEE_CLASS: Final = struct.Struct(">hhHH")
_SECTION: Final = struct.Struct(">IH3s6s5s")
_SIGNATURE_BYTES: Final = 64
_PARITY_BIT: Final = 1 << 255
_AMOUNT_BYTES_MAX: Final = 8
"""Prices, slides and quantities."""
_PRICE_END: Final = 1 << 8 * _AMOUNT_BYTES_MAX
_SEQ_BYTES_MAX: Final = 6
_EXPIRY_BYTES_MAX: Final = 5
_LANE_BYTES_MAX: Final = 2


class SkipReason(IntEnum):
    """Why the contract left out a fill: the numbers of its `FillSkipped` event."""

    NONE = 0
    BAD_SIGNATURE = 1
    EXPIRED = 2
    CANCELLED = 3
    EXITED = 4
    UNSUPPORTED_ORDER = 5
    FEE_ABOVE_CAP = 6
    NOT_OPPOSITE = 7
    LIMIT_CROSSED = 8
    SHARED_LANE = 9
    SUPERSEDED = 10
    SEQ_REUSED = 11
    OVERFILL = 12
    BASE_SHORT = 13
    QUOTE_SHORT = 14
    REBATE_UNFUNDED = 15


FeeClass = tuple[int, int, int, int]
"""(maker ppm, taker ppm, signed cap in basis points, signed flags): what many orders of a batch share."""


class BatchOrder(msgspec.Struct, frozen=True):
    """A signed order and the rates that its fills in this batch are charged, in parts per million of the notional.

    `signature` is r, s and v (27 or 28), 65 bytes, with s in the lower half. `slide` is by how many ticks the price in
    force is better for the owner than the signed one; none but an order signed as post-only SLIDE has one. An order
    whose rates changed may stand in a batch twice: its fills count together.
    """

    order: Order
    signature: bytes
    maker_fee_ppm: int
    taker_fee_ppm: int
    slide: int = 0

    @property
    def price_in_force(self) -> int:
        """The price of its fills as a maker, ticks."""
        return self.order.price - self.slide if self.order.side == Side.BUY else self.order.price + self.slide

    @property
    def fee_class(self) -> FeeClass:
        """What it shares with other orders of its batch."""
        return fee_class(self.maker_fee_ppm, self.taker_fee_ppm, self.order.max_fee_bps, self.order.flags)


class BatchFill(NamedTuple):
    """A fill between two orders, which are indices into the batch's orders, at the maker's price."""

    maker: int
    taker: int
    quantity_lots: int


class BatchPayload(NamedTuple):
    """What a payload holds. Fills stand in the order of the engine, which is the order they settle in."""

    orders: tuple[BatchOrder, ...]
    fills: tuple[BatchFill, ...]


class _Section(NamedTuple):
    """The header of a section: its market, how many orders, the widths of their fields in bytes, and the bases."""

    market: int
    orders: int
    price: int
    quantity: int
    seq: int
    expiry: int
    lane: int
    slide: int
    seq_base: int
    expiry_base: int

    @property
    def record_bytes(self) -> int:
        fields = self.price + self.quantity + self.seq + self.expiry + self.lane + self.slide
        return 2 + fields + _SIGNATURE_BYTES


def fee_class(maker_ppm: int, taker_ppm: int, max_fee_bps: int, flags: int) -> FeeClass:
    """The row of a payload's class table for an order; a payload has at most `FEE_CLASSES_MAX` different ones."""
    return maker_ppm, taker_ppm, max_fee_bps, flags


def may_slide(flags: int) -> bool:
    """Whether an order's signed flags let the engine make its price better for the owner, lest it match at once."""
    return OrderInstructions.of(flags).post_only == PostOnly.SLIDE


def payload_hash(payload: bytes) -> bytes:
    """Keccak-256 of a payload: what the engine's signature over the batch covers."""
    return keccak(payload)


def encode_payload(orders: Sequence[BatchOrder], fills: Sequence[BatchFill]) -> bytes:
    """The payload of these fills, which must be in the order of the engine and name orders by index.

    Orders come out grouped by market, so a decoded payload may number them otherwise than this call did.

    Raises:
        MalformedPayload: the batch is too large, an index is out of range, or a field does not fit the format.
    """
    if len(orders) > ORDERS_MAX or len(fills) > FILLS_MAX:
        raise MalformedPayload(f"{len(orders)} orders, {len(fills)} fills are too many for one batch.", "Split it.")
    by_market: dict[int, list[int]] = {}
    for index, order in enumerate(orders):
        by_market.setdefault(order.order.market, []).append(index)
    classes = {row: number for number, row in enumerate(dict.fromkeys(order.fee_class for order in orders))}
    if len(classes) > FEE_CLASSES_MAX or len(by_market) > SECTIONS_MAX:
        raise MalformedPayload(f"{len(classes)} fee classes, {len(by_market)} markets do not fit.", "Split the batch.")
    position = {index: place for place, index in enumerate(i for group in by_market.values() for i in group)}
    try:
        widths, encoded_fills = _encode_fills(fills, position)
        return b"".join(
            [
                _HEADER.pack(VERSION, len(classes), len(by_market), len(orders), len(fills), widths),
                *(_FEE_CLASS.pack(*row) for row in classes),
                *(_encode_section([orders[index] for index in group], classes) for group in by_market.values()),
                encoded_fills,
            ]
        )
    except (struct.error, OverflowError) as error:
        raise MalformedPayload(f"A field does not fit the format: {error}.", "Check widths before matching.") from error
    except KeyError as error:
        raise MalformedPayload(f"A fill names order {error}, which is not in the batch.", "Add the order.") from error


def decode_payload(payload: bytes) -> BatchPayload:
    """What a payload holds, in its own numbering of orders.

    Raises:
        MalformedPayload: the contract would revert on it, for the same reason.
    """
    try:
        version, class_count, section_count, order_count, fill_count, widths = _HEADER.unpack_from(payload)
        _check(version == VERSION, f"Version {version} is not known")
        offset = _HEADER.size
        classes = [_FEE_CLASS.unpack_from(payload, offset + i * _FEE_CLASS.size) for i in range(class_count)]
        offset += class_count * _FEE_CLASS.size
        orders: list[BatchOrder] = []
        for _ in range(section_count):
            section = _read_section(payload, offset)
            offset += _SECTION.size
            end = offset + section.orders * section.record_bytes
            _check(end <= len(payload), "It ends within its orders")
            orders += _read_orders(payload[offset:end], section, classes)
            offset = end
    except struct.error as error:
        raise MalformedPayload(f"It ends early: {error}.", "Read the whole calldata.") from error
    _check(len(orders) == order_count, f"It says {order_count} orders and holds {len(orders)}")
    fills = tuple(_read_fills(payload[offset:], fill_count, widths))
    _check(all(max(fill.maker, fill.taker) < order_count for fill in fills), "A fill names an order that is not there")
    return BatchPayload(tuple(orders), fills)


def drop_fills(payload: bytes, dropped: Iterable[int]) -> bytes:
    """The payload without the fills of these indices, and without the orders that no other fill names.

    Raises:
        MalformedPayload: the payload cannot be read.
    """
    unwanted = set(dropped)
    orders, fills = decode_payload(payload)
    kept = [fill for index, fill in enumerate(fills) if index not in unwanted]
    used = sorted({index for fill in kept for index in (fill.maker, fill.taker)})
    position = {index: place for place, index in enumerate(used)}
    return encode_payload(
        [orders[index] for index in used],
        [fill._replace(maker=position[fill.maker], taker=position[fill.taker]) for fill in kept],
    )


def _width(values: Iterable[int], most: int, least: int = 0) -> int:
    """The bytes that the largest of these values takes, at least `least`."""
    width = max((*values, 0)).bit_length() + 7 >> 3
    if width > most:
        raise OverflowError(f"{width} bytes where {most} are the most")
    return max(width, least)


def _encode_section(orders: Sequence[BatchOrder], classes: dict[FeeClass, int]) -> bytes:
    signed = [order.order for order in orders]
    seq_base = min(order.seq for order in signed)
    expiry_base = min(order.expiry for order in signed)
    section = _Section(
        market=signed[0].market,
        orders=len(orders),
        price=_width((order.price for order in signed), _AMOUNT_BYTES_MAX),
        quantity=_width((order.quantity for order in signed), _AMOUNT_BYTES_MAX),
        seq=_width((order.seq - seq_base for order in signed), _SEQ_BYTES_MAX),
        expiry=_width((order.expiry - expiry_base for order in signed), _EXPIRY_BYTES_MAX),
        lane=_width((order.lane for order in signed), _LANE_BYTES_MAX),
        slide=_width((order.slide for order in orders), _AMOUNT_BYTES_MAX),
        seq_base=seq_base,
        expiry_base=expiry_base,
    )
    widths = section.price << 20 | section.quantity << 16 | section.seq << 12
    widths |= section.expiry << 8 | section.lane << 4 | section.slide
    header = _SECTION.pack(
        section.market,
        section.orders,
        widths.to_bytes(3, "big"),
        seq_base.to_bytes(_SEQ_BYTES_MAX, "big"),
        expiry_base.to_bytes(_EXPIRY_BYTES_MAX, "big"),
    )
    return header + b"".join(_encode_order(order, section, classes) for order in orders)


def _encode_order(batch_order: BatchOrder, section: _Section, classes: dict[FeeClass, int]) -> bytes:
    order = batch_order.order
    if order.side not in (Side.BUY, Side.SELL):
        raise MalformedPayload(f"Side {order.side} has no place in the format.", "Refuse it.")
    if batch_order.slide and not (may_slide(order.flags) and 0 < batch_order.price_in_force < _PRICE_END):
        raise MalformedPayload(f"A slide of {batch_order.slide} ticks is not allowed, or past any price.", "Refuse it.")
    return b"".join(
        [
            bytes([order.side, classes[batch_order.fee_class]]),
            order.price.to_bytes(section.price, "big"),
            order.quantity.to_bytes(section.quantity, "big"),
            (order.seq - section.seq_base).to_bytes(section.seq, "big"),
            (order.expiry - section.expiry_base).to_bytes(section.expiry, "big"),
            order.lane.to_bytes(section.lane, "big"),
            batch_order.slide.to_bytes(section.slide, "big"),
            _compact(batch_order.signature),
        ]
    )


def _encode_fills(fills: Sequence[BatchFill], position: dict[int, int]) -> tuple[int, bytes]:
    """The widths byte of the header and the fills, with each order's index replaced by its position."""
    index_bytes = 1 if len(position) <= 2**8 else 2
    quantity_bytes = _width((fill.quantity_lots for fill in fills), _AMOUNT_BYTES_MAX, least=1)
    return index_bytes << 4 | quantity_bytes, b"".join(
        position[fill.maker].to_bytes(index_bytes, "big")
        + position[fill.taker].to_bytes(index_bytes, "big")
        + fill.quantity_lots.to_bytes(quantity_bytes, "big")
        for fill in fills
    )


def _compact(signature: bytes) -> bytes:
    """The EIP-2098 form: 64 bytes, the parity in the highest bit of s."""
    s = int.from_bytes(signature[32:64], "big")
    if len(signature) != _SIGNATURE_BYTES + 1 or signature[64] not in (27, 28) or s >= _PARITY_BIT:
        raise MalformedPayload("A signature is not r, s in the lower half, and v of 27 or 28.", "Check it at the door.")
    return signature[:32] + (s | (signature[64] - 27) << 255).to_bytes(32, "big")


def _expand(compact: bytes) -> bytes:
    value = int.from_bytes(compact[32:], "big")
    return compact[:32] + (value & (_PARITY_BIT - 1)).to_bytes(32, "big") + bytes([27 + (value >> 255)])


def _read_section(payload: bytes, offset: int) -> _Section:
    market, orders, packed, seq_base, expiry_base = _SECTION.unpack_from(payload, offset)
    widths = int.from_bytes(packed, "big")
    price, quantity, seq, expiry, lane, slide = (widths >> shift & 0xF for shift in (20, 16, 12, 8, 4, 0))
    _check(
        max(price, quantity, slide) <= _AMOUNT_BYTES_MAX
        and seq <= _SEQ_BYTES_MAX
        and expiry <= _EXPIRY_BYTES_MAX
        and lane <= _LANE_BYTES_MAX,
        f"Widths {packed.hex()} are not valid",
    )
    bases = (int.from_bytes(seq_base, "big"), int.from_bytes(expiry_base, "big"))
    return _Section(market, orders, price, quantity, seq, expiry, lane, slide, *bases)


def _read_orders(records: bytes, section: _Section, classes: Sequence[FeeClass]) -> Iterator[BatchOrder]:
    for start in range(0, len(records), section.record_bytes):
        record = records[start : start + section.record_bytes]
        control, class_index = record[0], record[1]
        _check(control >> 4 == 0, f"Authorization of kind {control >> 4} is not known")
        _check(control >> 1 == 0, f"Control byte {control:#x} is not valid")
        _check(class_index < len(classes), f"Fee class {class_index} is not there")
        maker_fee_ppm, taker_fee_ppm, max_fee_bps, flags = classes[class_index]
        offset = 2
        values = []
        for width in (section.price, section.quantity, section.seq, section.expiry, section.lane, section.slide):
            values.append(int.from_bytes(record[offset : offset + width], "big"))
            offset += width
        price, quantity, seq, expiry, lane, slide = values
        seq, expiry = section.seq_base + seq, section.expiry_base + expiry
        _check(seq < 2 ** (8 * _SEQ_BYTES_MAX) and expiry < 2 ** (8 * _EXPIRY_BYTES_MAX), "A seq or expiry overflows")
        order = Order(section.market, control, price, quantity, expiry, seq, lane, max_fee_bps, flags)
        slide = slide if may_slide(flags) else 0
        yield BatchOrder(order, _expand(record[offset:]), maker_fee_ppm, taker_fee_ppm, slide)


def _read_fills(rest: bytes, count: int, widths: int) -> Iterator[BatchFill]:
    index_bytes, quantity_bytes = widths >> 4, widths & 0xF
    _check(index_bytes in (1, 2) and 1 <= quantity_bytes <= _AMOUNT_BYTES_MAX, f"Fill widths {widths:#x} are not valid")
    size = 2 * index_bytes + quantity_bytes
    _check(len(rest) == count * size, f"{count} fills take {count * size} bytes, {len(rest)} are left")
    for start in range(0, len(rest), size):
        yield BatchFill(
            int.from_bytes(rest[start : start + index_bytes], "big"),
            int.from_bytes(rest[start + index_bytes : start + 2 * index_bytes], "big"),
            int.from_bytes(rest[start + 2 * index_bytes : start + size], "big"),
        )


def _check(holds: bool, message: str) -> None:
    if not holds:
        raise MalformedPayload(f"{message}.", "This is not a payload that the contract would take.")

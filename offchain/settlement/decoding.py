"""What the bytes of a batch payload mean: the reverse of `encoding.py`, as strict as the contract.

Only two things are not found here, because they are not in the bytes: whether a market is listed, and whether the batch
touches more slots than it says.
"""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Final, TypeVar

from offchain.chain.typed_data import Ladder, Order
from offchain.core.commands import AuthorizationKind
from offchain.core.errors import MalformedPayload
from offchain.settlement.batch import (
    Authorization,
    BatchFill,
    BatchOrder,
    BatchPayload,
    Delta,
    FeeClass,
    Half,
    IsolatedStatement,
    LadderPlace,
    NetGroup,
    Role,
    Statement,
    UnifiedStatement,
    may_slide,
)
from offchain.settlement.payload_format import (
    ADDRESS_BYTES,
    AMOUNT_BYTES_MAX,
    EXPIRY_BYTES,
    FEE_CLASS,
    FEE_CLASSES_MAX,
    GROUP,
    HEADER,
    ISOLATED_STATEMENT,
    LADDER_FORM,
    LADDER_ORDERS_MAX,
    RECORD_WIDTHS_MOST,
    SECTION,
    SELL_BIT,
    SEQ_BYTES,
    SIGNATURE_BYTES,
    VERSION,
    RecordWidths,
    split_nibbles,
)

_PARITY_BIT: Final = 1 << 255
_Row = TypeVar("_Row")


def decode_payload(payload: bytes) -> BatchPayload:
    """What a payload holds, in its own numbering of orders.

    Raises:
        MalformedPayload: the contract would revert on it.
    """
    return _Reader(payload).batch()


def expand_signature(compact: bytes) -> bytes:
    """The signature as r, s and v of its EIP-2098 form."""
    value = int.from_bytes(compact[32:], "big")
    return compact[:32] + (value & (_PARITY_BIT - 1)).to_bytes(32, "big") + bytes([27 + (value >> 255)])


class _Reader:
    """Reads a payload from its beginning to its end, once."""

    def __init__(self, payload: bytes) -> None:
        self._payload = payload
        self._position = 0
        self._classes: list[FeeClass] = []
        self._markets: list[int] = []
        self._assets: list[int] = []

    def batch(self) -> BatchPayload:
        header = HEADER.unpack(self._bytes(HEADER.size))
        version, classes, markets, assets, sections, order_count, groups, _slots, rows, fills, widths = header
        self._check(version == VERSION, f"Version {version} is not known")
        self._check(classes <= FEE_CLASSES_MAX, f"{classes} fee classes are too many")
        self._classes = [FEE_CLASS.unpack(self._bytes(FEE_CLASS.size)) for _ in range(classes)]
        self._markets = [self._number(4) for _ in range(markets)]
        self._assets = [self._number(2) for _ in range(assets)]
        for table in (self._markets, self._assets):
            self._check(_ascends([0, *table]), "A table does not ascend from 1")
        decoded_groups = tuple(self._group(order_count) for _ in range(groups))
        statements = [statement for group in decoded_groups for statement in group.statements]
        found_rows = sum(1 + len(statement.units) for statement in statements)
        self._check(found_rows == rows, f"It says {rows} statement rows and holds {found_rows}")
        orders = [order for _ in range(sections) for order in self._section()]
        self._check(len(orders) == order_count, f"It says {order_count} orders and holds {len(orders)}")
        decoded_fills = tuple(self._fills(fills, widths, order_count))
        self._check(self._position == len(self._payload), "It goes on after its end")
        return BatchPayload(tuple(orders), decoded_fills, decoded_groups, tuple(self._assets))

    def _section(self) -> Iterator[BatchOrder]:
        market_place, form, count, packed, seq_base, expiry_base = SECTION.unpack(self._bytes(SECTION.size))
        market, kind = self._row(self._markets, market_place), self._kind(form & ~LADDER_FORM)
        widths = RecordWidths(*split_nibbles(int.from_bytes(packed, "big"), len(RECORD_WIDTHS_MOST)))
        fits = all(width <= most for width, most in zip(widths, RECORD_WIDTHS_MOST, strict=True))
        self._check(fits, f"Widths {packed.hex()} are not valid")
        bases = (int.from_bytes(seq_base, "big"), int.from_bytes(expiry_base, "big"))
        if not form & LADDER_FORM:
            for _ in range(count):
                order, row, slide = self._record(market, widths, bases)
                yield BatchOrder(order, self._authorization(kind), row[0], row[1], slide)
            return
        self._check(0 < count <= LADDER_ORDERS_MAX, f"A ladder of {count} orders")
        floor, used = self._number(SEQ_BYTES), self._bytes(count + 7 >> 3)
        is_used = [bool(used[place // 8] >> 7 - place % 8 & 1) for place in range(8 * len(used))]
        self._check(not any(is_used[count:]), "A bit says that a record is used which is not there")
        records = [self._record(market, widths, bases) for _ in range(count)]
        ladder = Ladder(floor, tuple(order for order, _, _ in records))
        authorization = self._authorization(kind)
        for place, (order, row, slide) in enumerate(records):
            if is_used[place]:
                yield BatchOrder(order, authorization, row[0], row[1], slide, LadderPlace(ladder, place))

    def _record(self, market: int, widths: RecordWidths, bases: tuple[int, int]) -> tuple[Order, FeeClass, int]:
        control = self._number(1)
        row = self._row(self._classes, control & ~SELL_BIT)
        price, quantity, seq, expiry, lane, slide = (self._number(width) for width in widths)
        seq, expiry = bases[0] + seq, bases[1] + expiry
        self._check(seq < 1 << 8 * SEQ_BYTES and expiry < 1 << 8 * EXPIRY_BYTES, "A seq or expiry overflows")
        _, _, max_fee_bps, flags = row
        order = Order(market, control // SELL_BIT, price, quantity, expiry, seq, lane, max_fee_bps, flags)
        return order, row, slide if may_slide(flags) else 0

    def _group(self, order_count: int) -> NetGroup:
        statements, halves, fees, statement_widths, half_widths, base = GROUP.unpack(self._bytes(GROUP.size))
        floor_bytes, delta_bytes = split_nibbles(statement_widths, 2)
        index_bytes, price_bytes, quantity_bytes, fee_bytes = split_nibbles(half_widths, 4)
        amounts = (delta_bytes, price_bytes, quantity_bytes, fee_bytes)
        fits = floor_bytes <= SEQ_BYTES and index_bytes in (1, 2) and all(0 < w <= AMOUNT_BYTES_MAX for w in amounts)
        self._check(fits, "The widths of a net group are not valid")
        floor_base = int.from_bytes(base, "big")
        return NetGroup(
            tuple(self._statement(floor_base, floor_bytes, delta_bytes) for _ in range(statements)),
            tuple(self._half(order_count, index_bytes, price_bytes, quantity_bytes) for _ in range(halves)),
            tuple(self._delta(fee_bytes) for _ in range(fees)),
        )

    def _statement(self, floor_base: int, floor_bytes: int, delta_bytes: int) -> Statement:
        control, place = self._number(1), self._number(1)
        kind = self._kind(control & ~ISOLATED_STATEMENT)
        self._check(kind != AuthorizationKind.CONTRACT_WALLET, "A contract wallet cannot sign a statement")
        if control & ISOLATED_STATEMENT:
            market, floor = self._row(self._markets, place), self._floor(floor_base, floor_bytes)
            base, quote = self._signed(delta_bytes), self._signed(delta_bytes)
            return IsolatedStatement(self._authorization(kind), floor, market, base, quote)
        session_market = self._row(self._markets, self._number(1)) if kind == AuthorizationKind.SESSION_KEY else 0
        floor = self._floor(floor_base, floor_bytes)
        deltas = tuple(self._delta(delta_bytes) for _ in range(place))
        self._check(
            bool(deltas) and _ascends(delta.asset for delta in deltas), "The assets of a statement do not ascend"
        )
        return UnifiedStatement(self._authorization(kind), floor, deltas, session_market)

    def _floor(self, base: int, width: int) -> int:
        floor = base + self._number(width)
        self._check(floor < 1 << 8 * SEQ_BYTES, "A floor overflows")
        return floor

    def _half(self, order_count: int, index_bytes: int, price_bytes: int, quantity_bytes: int) -> Half:
        control, order = self._number(1), self._number(index_bytes)
        self._check(control <= Role.TAKER and order < order_count, "A half names what is not there")
        return Half(order, Role(control), self._number(price_bytes), self._number(quantity_bytes))

    def _delta(self, width: int) -> Delta:
        return Delta(self._row(self._assets, self._number(1)), self._signed(width))

    def _fills(self, count: int, widths: int, order_count: int) -> Iterator[BatchFill]:
        index_bytes, quantity_bytes = split_nibbles(widths, 2)
        fits = index_bytes in (1, 2) and 0 < quantity_bytes <= AMOUNT_BYTES_MAX
        self._check(fits, f"Fill widths {widths:#x} are not valid")
        for _ in range(count):
            maker, taker = self._number(index_bytes), self._number(index_bytes)
            self._check(max(maker, taker) < order_count, "A fill names an order that is not there")
            yield BatchFill(maker, taker, self._number(quantity_bytes))

    def _authorization(self, kind: AuthorizationKind) -> Authorization:
        if kind == AuthorizationKind.OWNER:
            return Authorization(expand_signature(self._bytes(SIGNATURE_BYTES)))
        owner = self._bytes(ADDRESS_BYTES)
        if kind == AuthorizationKind.SESSION_KEY:
            return Authorization(expand_signature(self._bytes(SIGNATURE_BYTES)), kind, owner)
        return Authorization(self._bytes(self._number(2)), kind, owner)

    def _kind(self, number: int) -> AuthorizationKind:
        self._check(number <= AuthorizationKind.CONTRACT_WALLET, f"Form or control {number:#x} is not valid")
        return AuthorizationKind(number)

    def _row(self, table: list[_Row], place: int) -> _Row:
        self._check(place < len(table), f"Row {place} is past the end of its table")
        return table[place]

    def _number(self, width: int) -> int:
        return int.from_bytes(self._bytes(width), "big")

    def _signed(self, width: int) -> int:
        return int.from_bytes(self._bytes(width), "big", signed=True)

    def _bytes(self, count: int) -> bytes:
        end = self._position + count
        self._check(end <= len(self._payload), "It ends early")
        found = self._payload[self._position : end]
        self._position = end
        return found

    def _check(self, holds: bool, message: str) -> None:
        if not holds:
            place = f"{message}, at byte {self._position}."
            raise MalformedPayload(place, "This is not a payload that the contract would take.")


def _ascends(numbers: Iterable[int]) -> bool:
    return all(one < another for one, another in pairwise(numbers))

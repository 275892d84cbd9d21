"""A settlement batch as the bytes that the contract reads: docs/contracts/batch-format.md."""

import struct
from collections.abc import Iterable, Sequence
from itertools import count
from typing import Any, Final, NamedTuple

from offchain.chain.typed_data import keccak
from offchain.core.commands import AuthorizationKind, Side
from offchain.core.errors import MalformedPayload
from offchain.settlement.batch import (
    Authorization,
    BatchFill,
    BatchOrder,
    FeeClass,
    IsolatedStatement,
    NetGroup,
    Statement,
)
from offchain.settlement.decoding import decode_payload
from offchain.settlement.payload_format import (
    ADDRESS_BYTES,
    AMOUNT_BYTES_MAX,
    ASSETS_MAX,
    EXPIRY_BYTES,
    FEE_CLASS,
    FEE_CLASSES_MAX,
    FEE_ROWS_MAX,
    FILLS_MAX,
    GROUP,
    GROUPS_MAX,
    HALVES_MAX,
    HEADER,
    ISOLATED_STATEMENT,
    LADDER_FORM,
    MARKETS_MAX,
    ORDERS_MAX,
    RECORD_WIDTHS_MOST,
    SECTION,
    SECTIONS_MAX,
    SELL_BIT,
    SEQ_BYTES,
    SIGNATURE_BYTES,
    SLOTS_MAX,
    STATEMENT_ROWS_MAX,
    STATEMENTS_MAX,
    VERSION,
    RecordWidths,
    join_nibbles,
)
from offchain.settlement.sections import Section, sections_of

_PARITY_BIT: Final = 1 << 255


class _Tables(NamedTuple):
    """The rows that the rest of the payload names by their place."""

    classes: dict[FeeClass, int]
    markets: dict[int, int]
    assets: dict[int, int]


def payload_hash(payload: bytes) -> bytes:
    """Keccak-256 of a payload: what the engine's signature over the batch covers."""
    return keccak(payload)


def encode_payload(
    orders: Sequence[BatchOrder],
    fills: Sequence[BatchFill],
    groups: Sequence[NetGroup] = (),
    assets: Iterable[int] = (),
) -> bytes:
    """The payload of these fills and groups, which must be in the order of the engine and name orders by index.

    Orders come out by section, so a decoded payload may number them otherwise than this call did.

    Args:
        orders: what the fills and the halves of the groups name.
        fills: what settles after the groups.
        groups: what settles first, from `netting.plan_net`.
        assets: with groups, those of all markets of the batch; what the groups themselves name need not be here.

    Raises:
        MalformedPayload: the batch is too large, an index is out of range, or a field does not fit the format.
    """
    sections = sections_of(orders)
    position = _positions(sections)
    try:
        tables = _tables(sections, groups, assets)
        widths, encoded_fills = _encode_fills(fills, position)
        counts = (len(tables.classes), len(tables.markets), len(tables.assets), len(sections), len(orders))
        _check_counts(counts, len(groups), len(fills))
        slots = min(_slots(orders, groups, tables), SLOTS_MAX)
        return b"".join(
            [
                HEADER.pack(VERSION, *counts, len(groups), slots, _statement_rows(groups), len(fills), widths),
                *(FEE_CLASS.pack(*row) for row in tables.classes),
                *(market.to_bytes(4, "big") for market in tables.markets),
                *(asset.to_bytes(2, "big") for asset in tables.assets),
                *(_encode_group(group, tables, position) for group in groups),
                *(_encode_section(section, tables) for section in sections),
                encoded_fills,
            ]
        )
    except (struct.error, OverflowError) as error:
        raise MalformedPayload(f"A field does not fit the format: {error}.", "Check widths before matching.") from error
    except KeyError as error:
        raise MalformedPayload(f"{error} is named and not in the batch.", "Add the order, or the asset.") from error


def drop_fills(payload: bytes, dropped: Iterable[int]) -> bytes:
    """The payload without the fills of these indices, and without the orders that nothing else names.

    Raises:
        MalformedPayload: the payload cannot be read.
    """
    unwanted = set(dropped)
    orders, fills, groups, assets = decode_payload(payload)
    kept = [fill for index, fill in enumerate(fills) if index not in unwanted]
    used = {index for fill in kept for index in (fill.maker, fill.taker)}
    used |= {half.order for group in groups for half in group.halves}
    position = {index: place for place, index in enumerate(sorted(used))}
    return encode_payload(
        [orders[index] for index in position],
        [fill._replace(maker=position[fill.maker], taker=position[fill.taker]) for fill in kept],
        [group.renumbered(position) for group in groups],
        assets,
    )


def width_of(values: Iterable[int], most: int, least: int = 0) -> int:
    """The bytes that the largest of these values takes, at least `least`.

    Raises:
        OverflowError: more than `most`, or a value is negative.
    """
    values = (*values, 0)
    width = max(max(values).bit_length() + 7 >> 3, least)
    if width > most or min(values) < 0:
        raise OverflowError(f"{width} bytes where {most} are the most, or a negative value")
    return width


def signed_width_of(values: Iterable[int]) -> int:
    """The bytes that these values take in two's complement, at least one.

    Raises:
        OverflowError: more than eight.
    """
    width = max((value if value >= 0 else ~value).bit_length() // 8 + 1 for value in (*values, 0))
    if width > AMOUNT_BYTES_MAX:
        raise OverflowError(f"{width} bytes where {AMOUNT_BYTES_MAX} are the most")
    return width


def _positions(sections: Sequence[Section]) -> dict[int, int]:
    """Where the payload has each order, by its index in the call."""
    position = count()
    return {
        record.number: next(position) for section in sections for record in section.records if record.number is not None
    }


def _tables(sections: Sequence[Section], groups: Sequence[NetGroup], assets: Iterable[int]) -> _Tables:
    classes = dict.fromkeys(record.fee_class for section in sections for record in section.records)
    markets = {section.records[0].order.market for section in sections}
    named = set(assets) if groups else set()
    for group in groups:
        named.update(fee.asset for fee in group.fees)
        for statement in group.statements:
            if isinstance(statement, IsolatedStatement):
                markets.add(statement.market)
            else:
                named.update(delta.asset for delta in statement.deltas)
                markets |= {statement.session_market} - {0}
    if 0 in markets or 0 in named:
        raise MalformedPayload("Markets and assets have numbers from 1 on.", "Refuse it.")
    return _Tables(_places(classes), _places(sorted(markets)), _places(sorted(named)))


def _places(rows: Iterable[Any]) -> dict[Any, int]:
    return {row: place for place, row in enumerate(rows)}


def _check_counts(counts: tuple[int, int, int, int, int], groups: int, fills: int) -> None:
    most = (FEE_CLASSES_MAX, MARKETS_MAX, ASSETS_MAX, SECTIONS_MAX, ORDERS_MAX, GROUPS_MAX, FILLS_MAX)
    if any(found > limit for found, limit in zip((*counts, groups, fills), most, strict=True)):
        named = "{} fee classes, {} markets, {} assets, {} sections, {} orders, {} groups, {} fills"
        raise MalformedPayload(f"{named.format(*counts, groups, fills)} do not fit one batch.", "Split it.")


def _slots(orders: Sequence[BatchOrder], groups: Sequence[NetGroup], tables: _Tables) -> int:
    """The most storage slots that the batch can touch, by the rule in docs/contracts/batch-format.md."""
    slots = len(tables.markets) + len(tables.assets) + 2 * len(orders) + sum(entry.order.lane != 0 for entry in orders)
    # One for each session key: of an order, or of a whole ladder.
    by_session = [entry for entry in orders if entry.authorization.kind == AuthorizationKind.SESSION_KEY]
    slots += sum(entry.ladder is None for entry in by_session)
    slots += len({(entry.ladder.ladder, entry.authorization) for entry in by_session if entry.ladder})
    for statement in (statement for group in groups for statement in group.statements):
        slots += len(statement.units) + (statement.authorization.kind == AuthorizationKind.SESSION_KEY)
    return slots


def _statement_rows(groups: Sequence[NetGroup]) -> int:
    """What the header counts of statements: each one, and its rows."""
    return sum(1 + len(statement.units) for group in groups for statement in group.statements)


def _encode_section(section: Section, tables: _Tables) -> bytes:
    orders = [record.order for record in section.records]
    seq_base, expiry_base = min(order.seq for order in orders), min(order.expiry for order in orders)
    values = [
        (order.price, order.quantity, order.seq - seq_base, order.expiry - expiry_base, order.lane, record.slide)
        for order, record in zip(orders, section.records, strict=True)
    ]
    columns = zip(*values, strict=True)
    widths = RecordWidths(*map(width_of, columns, RECORD_WIDTHS_MOST))
    form = section.kind | (LADDER_FORM if section.ladder else 0)
    header = SECTION.pack(
        tables.markets[orders[0].market],
        form,
        len(orders),
        join_nibbles(widths).to_bytes(3, "big"),
        seq_base.to_bytes(SEQ_BYTES, "big"),
        expiry_base.to_bytes(EXPIRY_BYTES, "big"),
    )
    records = [
        bytes([tables.classes[record.fee_class] | (SELL_BIT if record.order.side == Side.SELL else 0)])
        + b"".join(value.to_bytes(width, "big") for value, width in zip(row, widths, strict=True))
        + (b"" if section.ladder or record.authorization is None else _encode_authorization(record.authorization))
        for record, row in zip(section.records, values, strict=True)
    ]
    if section.ladder is None or section.authorization is None:
        return header + b"".join(records)
    used = sum(1 << 7 - place % 8 + 8 * (place // 8) for place, r in enumerate(section.records) if r.number is not None)
    return b"".join(
        [
            header,
            section.ladder.floor.to_bytes(SEQ_BYTES, "big"),
            used.to_bytes(len(orders) + 7 >> 3, "little"),
            *records,
            _encode_authorization(section.authorization),
        ]
    )


def _encode_group(group: NetGroup, tables: _Tables, position: dict[int, int]) -> bytes:
    if max(len(group.statements) - STATEMENTS_MAX, len(group.halves) - HALVES_MAX, len(group.fees) - FEE_ROWS_MAX) > 0:
        raise MalformedPayload("A net group has more statements, halves or fee rows than fit.", "Split it.")
    floor_base = min((statement.floor for statement in group.statements), default=0)
    floor_bytes = width_of((statement.floor - floor_base for statement in group.statements), SEQ_BYTES)
    delta_bytes = signed_width_of(units for statement in group.statements for units in statement.units)
    index_bytes = _index_bytes(position)
    price_bytes = width_of((half.price_ticks for half in group.halves), AMOUNT_BYTES_MAX, least=1)
    quantity_bytes = width_of((half.quantity_lots for half in group.halves), AMOUNT_BYTES_MAX, least=1)
    fee_bytes = signed_width_of(fee.units for fee in group.fees)
    return b"".join(
        [
            GROUP.pack(
                len(group.statements),
                len(group.halves),
                len(group.fees),
                join_nibbles((floor_bytes, delta_bytes)),
                join_nibbles((index_bytes, price_bytes, quantity_bytes, fee_bytes)),
                floor_base.to_bytes(SEQ_BYTES, "big"),
            ),
            *(
                _encode_statement(statement, statement.floor - floor_base, floor_bytes, delta_bytes, tables)
                for statement in group.statements
            ),
            *(
                bytes([half.role])
                + position[half.order].to_bytes(index_bytes, "big")
                + half.price_ticks.to_bytes(price_bytes, "big")
                + half.quantity_lots.to_bytes(quantity_bytes, "big")
                for half in group.halves
            ),
            *(
                bytes([tables.assets[fee.asset]]) + fee.units.to_bytes(fee_bytes, "big", signed=True)
                for fee in group.fees
            ),
        ]
    )


def _encode_statement(
    statement: Statement, floor_above_base: int, floor_bytes: int, delta_bytes: int, tables: _Tables
) -> bytes:
    kind, floor = statement.authorization.kind, floor_above_base.to_bytes(floor_bytes, "big")
    if kind == AuthorizationKind.CONTRACT_WALLET:
        raise MalformedPayload("A contract wallet cannot sign a statement.", "Settle its orders.")
    units = [value.to_bytes(delta_bytes, "big", signed=True) for value in statement.units]
    if isinstance(statement, IsolatedStatement):
        head = bytes([kind | ISOLATED_STATEMENT, tables.markets[statement.market]])
        rows = units
    else:
        assets = [tables.assets[delta.asset] for delta in statement.deltas]
        if not 0 < len(assets) <= STATEMENT_ROWS_MAX or assets != sorted(set(assets)):
            raise MalformedPayload("The assets of a statement ascend, 1 to 255 of them.", "Sign it anew.")
        if (kind == AuthorizationKind.SESSION_KEY) != (statement.session_market != 0):
            raise MalformedPayload("A statement names a session's market if a session key signed it.", "Sign it anew.")
        session = bytes([tables.markets[statement.session_market]]) if statement.session_market else b""
        head = bytes([kind, len(assets)]) + session
        rows = [bytes([asset]) + value for asset, value in zip(assets, units, strict=True)]
    return b"".join([head, floor, *rows, _encode_authorization(statement.authorization)])


def _index_bytes(position: dict[int, int]) -> int:
    return 1 if len(position) <= 2**8 else 2


def _encode_fills(fills: Sequence[BatchFill], position: dict[int, int]) -> tuple[int, bytes]:
    """The widths byte of the header and the fills, with each order's index replaced by its position."""
    index_bytes = _index_bytes(position)
    quantity_bytes = width_of((fill.quantity_lots for fill in fills), AMOUNT_BYTES_MAX, least=1)
    return join_nibbles((index_bytes, quantity_bytes)), b"".join(
        position[fill.maker].to_bytes(index_bytes, "big")
        + position[fill.taker].to_bytes(index_bytes, "big")
        + fill.quantity_lots.to_bytes(quantity_bytes, "big")
        for fill in fills
    )


def _encode_authorization(authorization: Authorization) -> bytes:
    kind, owner, signature = authorization.kind, authorization.owner, authorization.signature
    if len(owner) != (0 if kind == AuthorizationKind.OWNER else ADDRESS_BYTES):
        raise MalformedPayload("An owner is 20 bytes, and not sent where the signature tells it.", "Refuse it.")
    if kind == AuthorizationKind.CONTRACT_WALLET:
        return owner + len(signature).to_bytes(2, "big") + signature
    return owner + compact_signature(signature)


def compact_signature(signature: bytes) -> bytes:
    """The EIP-2098 form of r, s and v: 64 bytes, the parity in the highest bit of s.

    Raises:
        MalformedPayload: it is not r, s in the lower half, and v of 27 or 28.
    """
    s = int.from_bytes(signature[32:64], "big")
    if len(signature) != SIGNATURE_BYTES + 1 or signature[64] not in (27, 28) or s >= _PARITY_BIT:
        raise MalformedPayload("A signature is not r, s in the lower half, and v of 27 or 28.", "Check it at the door.")
    return signature[:32] + (s | (signature[64] - 27) << 255).to_bytes(32, "big")

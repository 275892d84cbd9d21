"""How the orders of a batch stand in its payload: in sections of one market and one form."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final, NamedTuple

from offchain.chain.typed_data import Ladder, Order
from offchain.core.commands import AuthorizationKind, Side
from offchain.core.errors import MalformedPayload
from offchain.settlement.batch import Authorization, BatchOrder, FeeClass, fee_class, may_slide
from offchain.settlement.payload_format import AMOUNT_BYTES_MAX, LADDER_ORDERS_MAX

_PRICE_END: Final = 1 << 8 * AMOUNT_BYTES_MAX


class Record(NamedTuple):
    """One order as it stands in a section: `number` is its index in the call, None if it is there for its hash only."""

    order: Order
    fee_class: FeeClass
    slide: int
    number: int | None
    authorization: Authorization | None


class Section(NamedTuple):
    """Orders of one market and one form. A ladder's authorization is its own, else each record has one."""

    records: tuple[Record, ...]
    kind: AuthorizationKind
    ladder: Ladder | None = None
    authorization: Authorization | None = None


def sections_of(orders: Sequence[BatchOrder]) -> list[Section]:
    """The orders as they stand in the payload: by market and kind of authorization, then ladder by ladder."""
    single: defaultdict[tuple[int, AuthorizationKind], list[Record]] = defaultdict(list)
    laddered: defaultdict[tuple[Ladder, Authorization], list[dict[int, Record]]] = defaultdict(list)
    for number, entry in enumerate(orders):
        _check_order(entry)
        record = Record(entry.order, entry.fee_class, entry.slide, number, entry.authorization)
        if entry.ladder is None:
            single[entry.order.market, entry.authorization.kind].append(record)
            continue
        copies = laddered[entry.ladder.ladder, entry.authorization]
        # A ladder stands in the payload once more for each other rate or slide of one of its orders.
        copy = next((copy for copy in copies if entry.ladder.place not in copy), None)
        if copy is None:
            copies.append(copy := {})
        copy[entry.ladder.place] = record
    return [
        *(Section(tuple(records), kind) for (_, kind), records in single.items()),
        *(
            Section(_ladder_records(ladder, used), authorization.kind, ladder, authorization)
            for (ladder, authorization), copies in laddered.items()
            for used in copies
        ),
    ]


def _ladder_records(ladder: Ladder, used: dict[int, Record]) -> tuple[Record, ...]:
    """All of a ladder: what is not used takes the rates of something that is, if that saves a class."""
    rates = {record.fee_class[2:]: record.fee_class for record in used.values()}
    return tuple(
        used.get(place)
        or Record(order, rates.get(key := (order.max_fee_bps, order.flags), fee_class(0, 0, *key)), 0, None, None)
        for place, order in enumerate(ladder.orders)
    )


def _check_order(entry: BatchOrder) -> None:
    order, ladder = entry.order, entry.ladder
    if order.side not in (Side.BUY, Side.SELL):
        raise MalformedPayload(f"Side {order.side} has no place in the format.", "Refuse it.")
    if entry.slide and not (may_slide(order.flags) and 0 < entry.price_in_force < _PRICE_END):
        raise MalformedPayload(f"A slide of {entry.slide} ticks is not allowed, or past any price.", "Refuse it.")
    if ladder is not None and not (
        len(ladder.ladder.orders) <= LADDER_ORDERS_MAX
        and 0 <= ladder.place < len(ladder.ladder.orders)
        and ladder.ladder.orders[ladder.place] == order
        and all(each.market == order.market and each.side in (Side.BUY, Side.SELL) for each in ladder.ladder.orders)
    ):
        raise MalformedPayload("A ladder has up to 255 orders of one market, and this is not the one.", "Refuse it.")

"""Reads a recording of limit-order events: lines of `<ms> <event> <json>`, plain, gzip or xz.

Events are `order_created`, `order_changed`, `order_deleted`, `trade` and `order_book`; `order_type` 0 is a bid.
"""

import gzip
import json
import lzma
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, TextIO

from offchain.core.commands import Side
from offchain.core.errors import ConfigurationError

_FINEST: Final = Decimal("1e-8")
_ORDER_EVENTS: Final = ("order_created", "order_changed", "order_deleted")


@dataclass(frozen=True, slots=True)
class RecordedOrder:
    """An order that came in. Price and quantity are decimal strings, as recorded."""

    at_ms: int
    recorded_id: int
    side: Side
    price: str
    quantity: str


@dataclass(frozen=True, slots=True)
class RecordedDeletion:
    """An order that left the recorded book, filled or cancelled."""

    at_ms: int
    recorded_id: int


@dataclass(frozen=True)
class Recording:
    """What to play and what came of it then: the multiset of traded (price, quantity)."""

    steps: tuple[RecordedOrder | RecordedDeletion, ...]
    trades: Counter[tuple[Decimal, Decimal]]


def read_recording(path: Path) -> Recording:
    """The recording in a file. Orders that were in the book before it began come first, as the book to start from.

    Raises:
        ConfigurationError: there is no such file, or it is no such recording.
    """
    opening: list[RecordedOrder] = []
    steps: list[RecordedOrder | RecordedDeletion] = []
    trades: Counter[tuple[Decimal, Decimal]] = Counter()
    seen: set[int] = set()
    for at_ms, event, row in _lines(path):
        if event == "trade":
            trades[_exact(row["price"]), _exact(row["amount"])] += 1
        if event not in _ORDER_EVENTS:
            continue
        order = RecordedOrder(at_ms, row["id"], Side(row["order_type"]), row["price"], row["amount"])
        if event == "order_created":
            steps.append(order)
        elif order.recorded_id not in seen and Decimal(order.quantity) > 0:
            opening.append(order)
        if event == "order_deleted":
            steps.append(RecordedDeletion(at_ms, order.recorded_id))
        seen.add(order.recorded_id)
    return Recording((*opening, *steps), trades)


def _lines(path: Path) -> Iterator[tuple[int, str, dict[str, Any]]]:
    try:
        with _open(path) as file:
            for number, line in enumerate(file, 1):
                try:
                    at_ms, event, body = line.split(" ", 2)
                    yield int(at_ms), event, json.loads(body, parse_float=Decimal)
                except ValueError as error:
                    raise ConfigurationError(
                        f"{path}, line {number}, is not `<ms> <event> <json>`: {error}.",
                        "Name a recording in that format with DATA=file.",
                    ) from error
    except FileNotFoundError:
        raise ConfigurationError(
            f"There is no recording at {path}.", "Set QUANTATRADE_DATA to the folder that holds it, or use DATA=file."
        ) from None


def _open(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8")
    if path.suffix == ".xz":
        return lzma.open(path, "rt", encoding="utf-8")
    return path.open(encoding="utf-8")


def _exact(number: Decimal | int) -> Decimal:
    """The number that was meant: whoever recorded the trades wrote them as binary floats."""
    return Decimal(number).quantize(_FINEST).normalize()

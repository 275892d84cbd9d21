"""Every order that was ever taken, found by its id or by account and client order id: append-only, in flat rows.

An order takes 128 bytes for its row, 8 for its id and 8 for its entry among the client order ids, for ever.
"""

import struct
from bisect import bisect_right
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from offchain.core.commands import Command, OrderAuthorization
from offchain.sequencer.authorizations import CLIENT_ORDER_ID_BYTES, DIGEST_BYTES
from offchain.sequencer.client_order_ids import KEY_BYTES, ClientOrderIds

PAGE_ORDERS: Final = 1 << 14
TAKEN_DTYPE: Final = np.dtype(
    [
        ("account", "<u4"),
        ("client_order_id", f"S{CLIENT_ORDER_ID_BYTES}"),
        ("digest", f"V{DIGEST_BYTES}"),
        ("timestamp_us", "<u8"),
        ("expiry_s", "<u8"),
        ("seq", "<u8"),
        ("amount", "<i8"),
        ("counter_amount", "<i8"),
        ("order_id", "<u8"),
        ("lane", "<u2"),
        ("market", "<u2"),
        ("side", "u1"),
        ("padding", "V3"),
    ]
)
"""What is kept of an order beside its id. Account and client order id come first: together they are its key."""
_ROW: Final = struct.Struct("<I36s32sQQQqqQHHB3x")
_KEY: Final = struct.Struct("<I36s")
_FROM_COMMAND: Final = ("account", "timestamp_us", "amount", "counter_amount", "order_id", "market", "side")
_FROM_AUTHORIZATION: Final = ("client_order_id", "digest", "expiry_s", "seq", "lane")
assert _ROW.size == TAKEN_DTYPE.itemsize
assert _KEY.size == KEY_BYTES

Rows = npt.NDArray[Any]


class TakenOrder(NamedTuple):
    """An order that has a place in the log. `order_id` is the sequence of its command."""

    order_id: int
    account: int
    client_order_id: str
    digest: bytes
    timestamp_us: int
    expiry_s: int
    seq: int
    amount: int
    counter_amount: int
    replaced: int
    """The order that it replaced, or 0."""
    lane: int
    market: int
    side: int

    def asks_for(self, command: Command, digest: bytes) -> bool:
        """Whether a command asks for this very order: by what is signed and by what is not."""
        beside = (command.amount, command.counter_amount, command.order_id)
        return (self.digest, self.amount, self.counter_amount, self.replaced) == (digest, *beside)


class OrderPage(msgspec.Struct, frozen=True, array_like=True):
    """Consecutive orders as snapshots hold them: ids of 64 bits, and rows of TAKEN_DTYPE."""

    order_ids: bytes
    rows: bytes


class OrderIndex:
    """Client order ids are unique per account for ever, so nothing is ever removed and nothing is ever changed.

    That makes a consistent copy cheap: the first n orders are the same at any later time.
    """

    def __init__(self) -> None:
        self._count = 0
        self._ids: list[npt.NDArray[np.uint64]] = []
        self._rows: list[Rows] = []
        self._bytes: list[memoryview] = []
        """The same pages, as bytes."""
        self._first_ids: list[int] = []
        self._client_order_ids = ClientOrderIds(self._keys)

    def __len__(self) -> int:
        return self._count

    @property
    def nbytes(self) -> int:
        """Bytes of memory, without those of orders that came lately and wait for their place among the names."""
        return len(self._rows) * PAGE_ORDERS * (_ROW.size + 8) + self._client_order_ids.nbytes

    def add(self, command: Command, signed: OrderAuthorization) -> None:
        """Append the order of a command; its id is higher than all before."""
        page, place = self._room(command.sequence)
        name = signed.client_order_id
        packed_name = name.encode("ascii")
        _ROW.pack_into(
            self._bytes[page],
            place * _ROW.size,
            command.account,
            packed_name,
            signed.digest,
            command.timestamp_us,
            signed.expiry_s,
            signed.seq,
            command.amount,
            command.counter_amount,
            command.order_id,
            signed.lane,
            command.market,
            command.side,
        )
        self._ids[page][place] = command.sequence
        self._client_order_ids.add((command.account, name), _KEY.pack(command.account, packed_name), self._count)
        # Last, because readers on other threads look here first.
        self._count += 1

    def extend(self, commands: Rows, signed: Rows) -> None:
        """Append the orders of many commands, given as rows, with the rows of their authorizations."""
        done = 0
        while done < len(commands):
            page, place = self._room(int(commands["sequence"][done]))
            count = min(len(commands) - done, PAGE_ORDERS - place)
            rows = self._rows[page][place : place + count]
            for name in _FROM_COMMAND:
                rows[name] = commands[name][done : done + count]
            for name in _FROM_AUTHORIZATION:
                rows[name] = signed[name][done : done + count]
            self._ids[page][place : place + count] = commands["sequence"][done : done + count]
            done += count
            self._count += count

    def find(self, account: int, client_order_id: str) -> TakenOrder | None:
        """The order that the account gave this client order id."""
        try:
            key = _KEY.pack(account, client_order_id.encode("ascii"))
        except (struct.error, UnicodeEncodeError):
            return None
        for place in self._client_order_ids.candidates((account, client_order_id), key, self._count):
            order = self._at(place)
            if (order.account, order.client_order_id) == (account, client_order_id):
                return order
        return None

    def by_id(self, order_id: int) -> TakenOrder | None:
        """The order with this id."""
        count = self._count
        page = bisect_right(self._first_ids, order_id) - 1
        if page < 0 or not 0 <= order_id < 1 << 64:
            return None
        ids = self._ids[page][: count - page * PAGE_ORDERS]
        place = int(ids.searchsorted(np.uint64(order_id)))
        return self._at(page * PAGE_ORDERS + place) if place < len(ids) and ids[place] == order_id else None

    def rows_of(self, order_ids: npt.NDArray[np.uint64]) -> Rows:
        """The rows of TAKEN_DTYPE of orders; their ids ascend.

        Raises:
            KeyError: there is no order of one of these ids.
        """
        found = np.empty(len(order_ids), TAKEN_DTYPE)
        bounds = np.searchsorted(order_ids, np.array([*self._first_ids, 2**64 - 1], np.uint64))
        if bounds[0] != 0:
            raise KeyError(int(order_ids[0]))
        for page, (start, stop) in enumerate(zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)):
            ids, wanted = self._ids[page][: self._count - page * PAGE_ORDERS], order_ids[start:stop]
            places = np.minimum(ids.searchsorted(wanted), len(ids) - 1)
            if not np.array_equal(ids[places], wanted):
                raise KeyError(int(wanted[ids[places] != wanted][0]))
            found[start:stop] = self._rows[page][places]
        return found

    def rows_from(self, start: int) -> Iterator[Rows]:
        """The rows of TAKEN_DTYPE of all orders from place `start` on, page by page."""
        while start < self._count:
            page, place = divmod(start, PAGE_ORDERS)
            rows = self._rows[page][place : place + self._count - start]
            yield rows
            start += len(rows)

    def pages(self, count: int) -> Iterator[OrderPage]:
        """Copies of the first `count` orders, one after the other."""
        for page, start in enumerate(range(0, count, PAGE_ORDERS)):
            length = min(count - start, PAGE_ORDERS)
            yield OrderPage(self._ids[page][:length].tobytes(), self._rows[page][:length].tobytes())

    def append_page(self, page: OrderPage) -> None:
        """Append the orders of a page.

        Raises:
            ValueError: the page has not as many ids as rows.
        """
        ids, rows = np.frombuffer(page.order_ids, np.uint64), np.frombuffer(page.rows, TAKEN_DTYPE)
        done = 0
        while done < len(ids):
            number, place = self._room(int(ids[done]))
            count = min(len(ids) - done, PAGE_ORDERS - place)
            self._ids[number][place : place + count] = ids[done : done + count]
            self._rows[number][place : place + count] = rows[done : done + count]
            done += count
            self._count += count

    def _room(self, first_id: int) -> tuple[int, int]:
        """The page that the next order goes to, and its place there."""
        page, place = divmod(self._count, PAGE_ORDERS)
        if page == len(self._rows):
            self._ids.append(np.zeros(PAGE_ORDERS, np.uint64))
            room = np.zeros(PAGE_ORDERS * _ROW.size, np.uint8)
            self._bytes.append(room.data)
            self._rows.append(room.view(TAKEN_DTYPE))
            self._first_ids.append(first_id)
        return page, place

    def _keys(self, start: int, stop: int) -> Iterator[npt.NDArray[np.uint32]]:
        """The keys of the orders at places `start` to `stop`, ten words each, page by page."""
        for rows in self.rows_from(start):
            words = rows[: stop - start].view(np.uint32).reshape(-1, TAKEN_DTYPE.itemsize // 4)
            yield words[:, : KEY_BYTES // 4]
            start += len(words)

    def _at(self, place: int) -> TakenOrder:
        number, place = divmod(place, PAGE_ORDERS)
        fields = _ROW.unpack_from(self._bytes[number], place * _ROW.size)
        name = fields[1].rstrip(b"\0").decode("ascii")
        return TakenOrder(int(self._ids[number][place]), fields[0], name, *fields[2:])

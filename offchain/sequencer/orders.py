"""Every order that was ever taken, by account and client order id: one append-only index, flat to keep it small."""

import itertools
from array import array
from bisect import bisect_left
from typing import NamedTuple

import msgspec

DIGEST_BYTES = 32


class TakenOrder(NamedTuple):
    """An order that has a place in the log. `order_id` is the sequence of its PLACE command."""

    order_id: int
    account: int
    client_order_id: str
    timestamp_us: int
    digest: bytes


class OrderPage(msgspec.Struct, frozen=True, array_like=True):
    """Consecutive orders of the index, column by column, as snapshots hold them."""

    order_ids: bytes
    accounts: bytes
    timestamps: bytes
    digests: bytes
    client_order_ids: list[str]


class OrderIndex:
    """Client order ids are unique per account for ever, so nothing is ever removed and nothing is ever changed.

    That makes a consistent copy cheap: the first n orders are the same at any later time.
    """

    def __init__(self) -> None:
        self._order_ids = array("Q")
        self._accounts = array("I")
        self._timestamps = array("Q")
        self._digests = bytearray()
        self._client_order_ids: list[str] = []
        self._places: dict[tuple[int, str], int] = {}

    def __len__(self) -> int:
        return len(self._places)

    def add(self, order: TakenOrder) -> None:
        """Append an order; its id is higher than all before."""
        self._order_ids.append(order.order_id)
        self._accounts.append(order.account)
        self._timestamps.append(order.timestamp_us)
        self._digests += order.digest
        self._client_order_ids.append(order.client_order_id)
        # Last, because readers on other threads come in through here.
        self._places[order.account, order.client_order_id] = len(self._order_ids) - 1

    def find(self, account: int, client_order_id: str) -> TakenOrder | None:
        """The order that the account gave this client order id."""
        place = self._places.get((account, client_order_id))
        return None if place is None else self._at(place)

    def by_id(self, order_id: int) -> TakenOrder | None:
        """The order with this id."""
        place = bisect_left(self._order_ids, order_id, hi=len(self._places))
        if place < len(self._places) and self._order_ids[place] == order_id:
            return self._at(place)
        return None

    def page(self, start: int, stop: int) -> OrderPage:
        """A copy of the orders at places `start` to `stop`."""
        return OrderPage(
            self._order_ids[start:stop].tobytes(),
            self._accounts[start:stop].tobytes(),
            self._timestamps[start:stop].tobytes(),
            bytes(self._digests[start * DIGEST_BYTES : stop * DIGEST_BYTES]),
            self._client_order_ids[start:stop],
        )

    def extend(self, page: OrderPage) -> None:
        """Append the orders of a page."""
        start = len(self._order_ids)
        self._order_ids.frombytes(page.order_ids)
        self._accounts.frombytes(page.accounts)
        self._timestamps.frombytes(page.timestamps)
        self._digests += page.digests
        self._client_order_ids += page.client_order_ids
        keys = zip(self._accounts[start:], page.client_order_ids, strict=True)
        self._places.update(zip(keys, itertools.count(start), strict=False))

    def _at(self, place: int) -> TakenOrder:
        return TakenOrder(
            self._order_ids[place],
            self._accounts[place],
            self._client_order_ids[place],
            self._timestamps[place],
            bytes(self._digests[place * DIGEST_BYTES : (place + 1) * DIGEST_BYTES]),
        )

"""The books of the economy's contracts on a simulated chain: places with values, as storage is, and what was told.

They are kept as plainly as can be, and know nothing of how the indexer projects events.
"""

import random
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from tests.indexer.simulated_events import OWNERS

ADDRESSES: Final = {
    name: bytes.fromhex(prefix + "00" * 16 + "02")
    for name, prefix in (
        ("QTRAToken", "70ce4e"),
        ("SaleManager", "5a1e00"),
        ("MerkleVesting", "7e5700"),
        ("Staking", "57a4e0"),
        ("RevenueRouter", "407e40"),
        ("ReportedPrice", "941ce0"),
    )
}
TREASURY: Final = b"\x7e" * 20
DOLLARS: Final = tuple(bytes([number]) * 20 for number in (0xD0, 0xD1, 0xD2))
"""Tokens that the sale takes, stakers are paid in and fees come in; nobody indexes them."""
BPS: Final = 10_000
Storage = dict[tuple[Any, ...], Any]


class Reverted(Exception):
    """A transaction that its contract refuses."""


class Told(NamedTuple):
    """An event of a contract, with its arguments in the ABI's names; a struct is a tuple."""

    contract: str
    event: str
    arguments: dict[str, Any]


class Books:
    """Storage while a transaction runs. It is thrown away if that reverts."""

    def __init__(self, storage: Storage, now_s: int) -> None:
        self.storage = dict(storage)
        self.now_s = now_s
        self.told: list[Told] = []

    def get(self, *place: Any) -> Any:
        """What stands at a place: 0 where nothing was written."""
        return self.storage.get(place, 0)

    def put(self, value: Any, *place: Any) -> None:
        """Writes a place."""
        self.storage[place] = value

    def add(self, amount: int, *place: Any) -> int:
        """Adds to a place, which never falls below 0; what it is then."""
        value: int = self.get(*place) + amount
        require(value >= 0)
        self.storage[place] = value
        return value

    def tell(self, contract: str, event: str, **arguments: Any) -> None:
        """An event. A name that Python keeps for itself ends in `_`."""
        named = {name.removesuffix("_"): value for name, value in arguments.items()}
        self.told.append(Told(contract, event, named))

    def at(self, name: str) -> bytes:
        """The address of a contract, which must be there by now."""
        require(self.get("deployed", name))
        return ADDRESSES[name]


def require(condition: object) -> None:
    """Reverts unless a condition holds."""
    if not condition:
        raise Reverted


Deed = Callable[[Books, random.Random], None]
"""A transaction: what it does is drawn from what is possible, so that it does something else on another branch."""


def somebody(rng: random.Random, *others: bytes) -> bytes:
    """One of the people, or of some others."""
    return rng.choice((*OWNERS, *others))


def part(rng: random.Random, whole: int) -> int:
    """A part of an amount: all of it, next to nothing, or any."""
    require(whole)
    return rng.choice((whole, 1, rng.randrange(1, whole + 1), rng.randrange(1, whole + 1)))

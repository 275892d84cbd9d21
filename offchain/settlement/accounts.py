"""What the contract remembers of everybody: balances, cancel floors, lanes, exits and sessions.

One dictionary per kind of fact, keyed by whom it is about. What is absent is zero.
"""

from collections import ChainMap
from collections.abc import MutableMapping
from dataclasses import dataclass, field, fields
from typing import Final, NamedTuple, Self

from offchain.settlement.batch import UNIFIED

UNLIMITED: Final = 2**64 - 1
"""The limit of a session that is never counted down."""


class MarketTerms(NamedTuple):
    """A market as the contract lists it."""

    base: int
    quote: int
    base_units_per_lot: int
    quote_units_per_tick_lot: int


class Account(NamedTuple):
    """An owner's unified account, or the isolated one of a market."""

    owner: bytes
    market: int = UNIFIED


class Slot(NamedTuple):
    """What has a cancel floor, lanes and an exit: an asset of a unified account, or an isolated account (asset 0)."""

    account: Account
    asset: int


class Lane(NamedTuple):
    """The order that last used a lane: its seq, the low bits of its digest, and how many lots of it are filled."""

    seq: int = 0
    tag: int = 0
    filled_lots: int = 0


class RequestedFloor(NamedTuple):
    """A higher cancel floor and when it counts, seconds since 1970."""

    floor: int
    effective_at_s: int


class Session(NamedTuple):
    """What a session key may still let go of its owner's units, and until when (that second not included)."""

    base_left: int
    quote_left: int
    expiry_s: int


@dataclass
class Accounts:
    """All of it. Sessions are by (owner, key, market), uncollected fees by asset, exits by when they take effect."""

    markets: MutableMapping[int, MarketTerms] = field(default_factory=dict)
    balances: MutableMapping[tuple[Account, int], int] = field(default_factory=dict)
    fees: MutableMapping[int, int] = field(default_factory=dict)
    floors: MutableMapping[Slot, int] = field(default_factory=dict)
    requested_floors: MutableMapping[Slot, RequestedFloor] = field(default_factory=dict)
    lanes: MutableMapping[tuple[Slot, int], Lane] = field(default_factory=dict)
    exits: MutableMapping[Slot, int] = field(default_factory=dict)
    sessions: MutableMapping[tuple[bytes, bytes, int], Session] = field(default_factory=dict)

    def balance(self, account: Account, asset: int) -> int:
        """Ledger units."""
        return self.balances.get((account, asset), 0)

    def add(self, account: Account, asset: int, units: int) -> None:
        """Adds units to a balance, or takes them where negative."""
        self.balances[account, asset] = self.balance(account, asset) + units

    def slot(self, account: Account, asset: int) -> Slot:
        """The slot of an asset: an isolated account has one for both."""
        return Slot(account, asset if account.market == UNIFIED else 0)

    def floor(self, slot: Slot, now_s: int) -> int:
        """The cancel floor as it counts now."""
        floor, requested = self.floors.get(slot, 0), self.requested_floors.get(slot)
        return max(floor, requested.floor) if requested and requested.effective_at_s <= now_s else floor

    def has_exited(self, slot: Slot, now_s: int) -> bool:
        """Whether a requested exit is in effect."""
        return slot in self.exits and self.exits[slot] <= now_s

    def draft(self) -> Self:
        """The same, to be changed on trial: this one stays as it is until the draft is kept."""
        return type(self)(*[ChainMap({}, getattr(self, each.name)) for each in fields(self)])

    def keep(self, draft: Self) -> None:
        """Takes over what a draft of this one changed."""
        for each in fields(self):
            getattr(self, each.name).update(getattr(draft, each.name).maps[0])

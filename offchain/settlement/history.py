"""Batches that the chain holds and the database does not: how the log's fills find their way back into them.

Needed once, when settlement starts with an empty database on a chain that has settled batches. No clock, no I/O.

A fill between two accounts that did not answer is recognised by its orders, in the payload's fills or among the halves
of a group. One of an account that answered is in the group of its statement, for a batch with statements holds all
fills up to its last command.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import msgspec

from offchain.core.commands import LadderAuthorization
from offchain.core.errors import StateDiverged
from offchain.core.events import Event
from offchain.settlement.batch import BatchOrder, Half, Role
from offchain.settlement.decoding import decode_payload
from offchain.settlement.journal_root import EMPTY_ROOT
from offchain.settlement.net_record import NetRecord, Stated
from offchain.settlement.order_book import BookOrder

Name = tuple[Any, ...]
"""What tells an order from others: its signature and place, or if it was signed again all that stays the same."""

SEQUENCE_MAX: Final = 2**63 - 1

_OrderNames = tuple[Name, Name]
"""The name of an order as it was placed, and as it was signed again."""
_FillNames = tuple[_OrderNames, _OrderNames]
"""Of its maker and its taker."""


class SettledBatch(msgspec.Struct, frozen=True, array_like=True):
    """A batch as the calldata of its transaction has it, and what its logs say of its groups.

    `stated` are the statements of each group, `skipped_groups` the groups that were left out.
    """

    number: int
    through_sequence: int
    journal_root: bytes
    previous_hash: bytes
    batch_hash: bytes
    signature: bytes
    payload: bytes
    stated: tuple[tuple[Stated, ...], ...] = ()
    skipped_groups: tuple[int, ...] = ()


class ToldFill(msgspec.Struct, array_like=True):
    """A fill as the log tells it, its orders, and the (maker, taker) rates of its taker and its maker."""

    event: Event
    taker: BookOrder
    maker: BookOrder
    rates: tuple[tuple[int, int], tuple[int, int]]


class Retold(msgspec.Struct):
    """The first batch, as far as the log has told it.

    `fills` and `halves` (by group) are the names and lots that are still to come.
    """

    fills: list[tuple[Name, Name, int]] = []
    halves: list[list[tuple[Name, int, int, int]]] = []
    groups_of: dict[bytes, int] = {}
    told: list[Event] = []
    told_by_group: list[list[Event]] = []
    dropped: list[Event] = []


class RetoldBatch(NamedTuple):
    """A batch that the log has told: its fills, where in it they are, and those that it was made without."""

    batch: SettledBatch
    fills: list[Event]
    record: NetRecord
    dropped: list[Event]


class History(msgspec.Struct):
    """The settled batches whose fills the log has not told yet, in order.

    `left_over` are fills of groups that the contract left out: a later batch has them, or none yet.
    """

    batches: list[SettledBatch] = msgspec.field(default_factory=list)
    first: Retold = msgspec.field(default_factory=Retold)
    left_over: list[ToldFill] = msgspec.field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.batches)

    @classmethod
    def of(cls, batches: list[SettledBatch]) -> "History":
        """The history of these batches."""
        return cls(batches, _expected(batches[0]) if batches else Retold())

    def accept(self, fill: ToldFill, ladders: Mapping[int, LadderAuthorization]) -> None:
        """Finds the place of the next fill of the log, in the first batch or as one that it left out."""
        first, names = self.first, _names(fill, ladders)
        group = next((first.groups_of[owner] for owner in _owners(fill) if owner in first.groups_of), None)
        if group is not None:
            self._tell_half(group, fill, names)
        elif (group := self._group_of_halves(fill, names)) is None:
            if self._is_next(fill, names):
                first.fills.pop(0)
                first.told.append(fill.event)
            else:
                first.dropped.append(fill.event)
            return
        if group in self.batches[0].skipped_groups:
            self.left_over.append(fill)
        else:
            first.told_by_group[group].append(fill.event)

    def is_told(self, command_sequence: int) -> bool:
        """Whether the log has told all of the first batch before this command.

        Raises:
            StateDiverged: it has not, and should have.
        """
        if not self.batches:
            return False
        batch, is_open = self.batches[0], bool(self.first.fills or any(self.first.halves))
        if is_open and command_sequence > self._last_command():
            raise StateDiverged(
                f"Batch {batch.number} on the chain settles fills that the log does not have.",
                "Check that journal and chain belong together.",
            )
        return not is_open and command_sequence > batch.through_sequence

    def _last_command(self) -> int:
        """The last command that can have fills of the first batch.

        The fills of the command after `through_sequence` may be split between batches. The first part of a batch that
        was split has no segment of the journal, and fills up to where the last part ends, if that is on the chain.
        """
        first = self.batches[0]
        if first.journal_root != EMPTY_ROOT:
            return first.through_sequence + 1
        later = (batch.through_sequence for batch in self.batches if batch.through_sequence > first.through_sequence)
        return next(later, SEQUENCE_MAX) + 1

    def pop(self, ladders: Mapping[int, LadderAuthorization]) -> RetoldBatch:
        """The first batch; what it left over may be in the one after it."""
        batch, first = self.batches.pop(0), self.first
        fills = sorted([*first.told, *(event for group in first.told_by_group for event in group)])
        place = {event.sequence: index for index, event in enumerate(fills)}
        record = NetRecord(
            tuple(tuple(place[event.sequence] for event in group) for group in first.told_by_group),
            batch.stated,
            tuple(place[event.sequence] for event in first.told),
        )
        self.first = _expected(self.batches[0]) if self.batches else Retold()
        waiting, self.left_over = self.left_over, []
        for fill in waiting:
            names = _names(fill, ladders)
            if self._is_next(fill, names):
                self.first.fills.pop(0)
                self.first.told.append(fill.event)
            else:
                self.left_over.append(fill)
        return RetoldBatch(batch, fills, record, first.dropped)

    def _is_next(self, fill: ToldFill, names: _FillNames) -> bool:
        if not self.first.fills:
            return False
        maker, taker, lots = self.first.fills[0]
        return lots == fill.event.quantity and maker in names[0] and taker in names[1]

    def _tell_half(self, group: int, fill: ToldFill, names: _FillNames) -> None:
        """Takes off the half of a fill's silent side, if it has one."""
        for owner, own_names, role in zip(_owners(fill), names, Role, strict=True):
            if owner not in self.first.groups_of:
                half = self.first.halves[group].pop(0) if self.first.halves[group] else None
                if half is None or not _is_half(half, fill, own_names, role):
                    raise StateDiverged(
                        f"Batch {self.batches[0].number} on the chain nets other fills than {fill.event.sequence}.",
                        "Check that journal and chain belong together.",
                    )

    def _group_of_halves(self, fill: ToldFill, names: _FillNames) -> int | None:
        """The group that has both sides of a fill as its next halves; they are taken off."""
        for group, halves in enumerate(self.first.halves):
            sides = list(zip(halves[:2], names, Role, strict=False))
            if len(sides) == 2 and all(_is_half(half, fill, own, role) for half, own, role in sides):
                del halves[:2]
                return group
        return None


def _expected(batch: SettledBatch) -> Retold:
    orders, fills, groups, _ = decode_payload(batch.payload)
    names = [_name(order) for order in orders]
    return Retold(
        [(names[fill.maker], names[fill.taker], fill.quantity_lots) for fill in fills],
        [[_half(half, names) for half in group.halves] for group in groups],
        {one.owner: group for group, stated in enumerate(batch.stated) for one in stated},
        [],
        [[] for _ in groups],
    )


def _half(half: Half, names: list[Name]) -> tuple[Name, int, int, int]:
    return names[half.order], half.role, half.price_ticks, half.quantity_lots


def _is_half(half: tuple[Name, int, int, int], fill: ToldFill, names: _OrderNames, role: Role) -> bool:
    name, half_role, price_ticks, lots = half
    return name in names and (half_role, price_ticks, lots) == (role, fill.event.price, fill.event.quantity)


def _name(order: BatchOrder) -> Name:
    if order.ladder is None:
        return (order.authorization.signature,)
    if order.ladder.ladder.floor == 0:
        return order.authorization.signature, order.ladder.place
    signed = order.order
    return signed.market, signed.side, signed.price, signed.expiry, signed.lane, signed.max_fee_bps, signed.flags


def _names(fill: ToldFill, ladders: Mapping[int, LadderAuthorization]) -> _FillNames:
    """The names of a fill's maker and taker."""
    maker, taker = (_order_names(order, ladders) for order in (fill.maker, fill.taker))
    return maker, taker


def _order_names(order: BookOrder, ladders: Mapping[int, LadderAuthorization]) -> _OrderNames:
    signed, terms = order.authorization, order.signed
    placed: Name = (signed.signature,)
    if signed.place:
        placed = (ladders[signed.ladder].signature, signed.place - 1)
    again = (terms.market, terms.side, terms.price, terms.expiry, terms.lane, terms.max_fee_bps, terms.flags)
    return placed, again


def _owners(fill: ToldFill) -> Iterator[bytes]:
    """Whose maker and taker are."""
    yield fill.maker.authorization.owner
    yield fill.taker.authorization.owner

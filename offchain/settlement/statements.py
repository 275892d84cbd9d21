"""What an account is asked to sign for a batch: its net result, and its orders anew. No clock, no I/O.

A statement raises the cancel floor of every slot that it names, so no order at or under the floor can be proved again.
Those that may still have to be are signed again with a seq above it, and with no more lots than are left to prove.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from offchain.chain.typed_data import Ladder, NetStatement, Order
from offchain.core.commands import LADDER_TERMS_MAX, RenewalLadder, RenewedOrder, Side, StatementAnswer
from offchain.core.events import Event
from offchain.settlement.accounts import MarketTerms
from offchain.settlement.order_book import BookOrder

SEQ_MAX: Final = 2**48 - 1
RENEWED_MAX: Final = 40
"""The most orders of a market that an account is asked to sign again: all are sent to prove any of them later."""
Lane = tuple[int, int]
"""Base asset and lane."""


class Predecessor(NamedTuple):
    """The batch that the contract settled last, which the one to be signed names."""

    number: int
    batch_hash: bytes


class OrderToRenew(msgspec.Struct, frozen=True):
    """An order to be signed again with the floor plus `seq_step` as its seq, and `quantity_lots`; else as it was."""

    order_id: int
    signed: Order
    seq_step: int
    quantity_lots: int

    def renewed(self, floor: int) -> Order:
        """What is signed for a floor."""
        return msgspec.structs.replace(self.signed, seq=floor + self.seq_step, quantity=self.quantity_lots)


class StatementRequest(msgspec.Struct, frozen=True):
    """What an account is asked for. `deltas` are ledger units by asset, ascending; `fills` FILLED events, ascending.

    The account chooses the floor, from `floor` to `floor_max`: above all that it signed before, below what stays valid.
    """

    account: int
    owner: bytes
    batch: int
    previous_hash: bytes
    floor: int
    floor_max: int
    deltas: tuple[tuple[int, int], ...]
    fills: tuple[int, ...]
    renewals: tuple[OrderToRenew, ...]

    def statement(self, floor: int) -> NetStatement:
        """What is signed about the batch."""
        assets, units = zip(*self.deltas, strict=True)
        return NetStatement(self.batch, self.previous_hash, floor, assets, units)

    def by_market(self) -> dict[int, list[OrderToRenew]]:
        """The orders to be signed again, by market, in the order in which a ladder has them."""
        ladders: dict[int, list[OrderToRenew]] = defaultdict(list)
        for renewal in self.renewals:
            ladders[renewal.signed.market].append(renewal)
        return dict(ladders)

    def ladder(self, market: int, floor: int) -> Ladder:
        """What is signed about the orders of a market."""
        return Ladder(floor, tuple(renewal.renewed(floor) for renewal in self.by_market()[market]))

    def answered(self, floor: int, signature: bytes, ladders: Mapping[int, bytes]) -> StatementAnswer:
        """The answer with these signatures, of the ladders by market."""
        assets, units = zip(*self.deltas, strict=True)
        renewed = tuple(
            RenewalLadder(
                market,
                tuple(RenewedOrder(row.order_id, floor + row.seq_step, row.quantity_lots) for row in rows),
                ladders[market],
            )
            for market, rows in self.by_market().items()
        )
        return StatementAnswer(
            self.owner, self.batch, self.previous_hash, floor, assets, units, signature, self.fills, renewed
        )


class Standing(NamedTuple):
    """How the orders of some accounts stand when a batch is about to be signed.

    Args:
        orders: all that may fill, or have fills that are not on the chain.
        seqs: by order, the seq under which it can be proved now; orders without one as they were placed.
        later_lots: by order, what filled after the batch.
        renewed_to: by owner and base asset, the highest seq that was ever signed again.
        markets: the listed markets.
    """

    orders: Sequence[BookOrder]
    seqs: Mapping[int, int]
    later_lots: Mapping[int, int]
    renewed_to: Mapping[tuple[bytes, int], int]
    markets: Mapping[int, MarketTerms]

    def seq(self, order: BookOrder) -> int:
        """The seq under which an order can be proved now."""
        return self.seqs.get(order.order_id, order.authorization.seq)

    def lots_to_prove(self, order: BookOrder) -> int:
        """What of an order may have to be proved after the batch."""
        return self.later_lots.get(order.order_id, 0) + (0 if order.ended_by else order.remaining)


def requests_of(fills: Sequence[Event], after: Predecessor, standing: Standing) -> list[StatementRequest]:
    """What each account of the standing orders would have to sign for the batch after another, of those that can.

    Not asked is who would have more than `RENEWED_MAX` orders of a market to renew, or more pairs of fee cap and flags
    among them than a ladder may have, or a seq that leaves no room above.
    """
    orders: dict[int, list[BookOrder]] = defaultdict(list)
    for order in standing.orders:
        orders[order.account].append(order)
    own: dict[int, list[Event]] = defaultdict(list)
    for fill in fills:
        for account in {fill.account, fill.counter_account} & orders.keys():
            own[account].append(fill)
    asked = [_request(account, own[account], orders[account], after, standing) for account in sorted(own)]
    return [request for request in asked if request is not None]


def deltas_of(account: int, fills: Sequence[Event], markets: Mapping[int, MarketTerms]) -> dict[int, int]:
    """What an account gets by its sides of some fills, ledger units by asset, also where that is nothing."""
    units: dict[int, int] = defaultdict(int)
    for fill in fills:
        terms = markets[fill.market]
        sides = ((fill.account, fill.side, fill.fee), (fill.counter_account, 1 - fill.side, fill.counter_fee))
        for side_account, side, fee in sides:
            if side_account == account:
                sign = 1 if side == Side.BUY else -1
                units[terms.base] += sign * fill.quantity * terms.base_units_per_lot
                units[terms.quote] -= sign * fill.price * fill.quantity * terms.quote_units_per_tick_lot + fee
    return dict(units)


def _request(
    account: int, fills: Sequence[Event], orders: Sequence[BookOrder], after: Predecessor, standing: Standing
) -> StatementRequest | None:
    deltas = deltas_of(account, fills, standing.markets)
    filled = {fill.order_id for fill in fills if fill.account == account}
    filled |= {fill.counter_order_id for fill in fills if fill.counter_account == account}
    named = [order for order in orders if standing.markets[order.market].base in deltas]
    owner = next(order.authorization.owner for order in orders if order.order_id in filled)
    floor = max(standing.seq(order) for order in orders if order.order_id in filled)
    floor = max([floor, *(standing.renewed_to.get((owner, asset), 0) for asset in deltas)])
    to_prove = [order for order in named if standing.lots_to_prove(order)]
    floor, floor_max, renewals = _renewals(floor, to_prove, standing)
    sizes = Counter(renewal.signed.market for renewal in renewals)
    terms = {(renewal.signed.max_fee_bps, renewal.signed.flags) for renewal in renewals}
    if floor > floor_max or len(terms) > LADDER_TERMS_MAX or any(size > RENEWED_MAX for size in sizes.values()):
        return None
    return StatementRequest(
        account,
        owner,
        after.number + 1,
        after.batch_hash,
        floor,
        floor_max,
        tuple(sorted(deltas.items())),
        tuple(sorted(fill.sequence for fill in fills)),
        tuple(renewals),
    )


def _renewals(floor: int, orders: Sequence[BookOrder], standing: Standing) -> tuple[int, int, list[OrderToRenew]]:
    """The lowest floor from the given one on, the highest, and the orders that have to be signed again.

    Orders of one lane get rising seqs in the order that they have now; all stay below those that are not signed again.
    """
    while True:
        steps: dict[Lane, int] = defaultdict(int)
        renewals = []
        for order in sorted(orders, key=standing.seq):
            if standing.seq(order) <= floor:
                lane = _lane(order, standing)
                steps[lane] += 1
                renewals.append(OrderToRenew(order.order_id, order.signed, steps[lane], standing.lots_to_prove(order)))
        floor_max = SEQ_MAX - max(steps.values(), default=0)
        above = [order for order in orders if standing.seq(order) > floor]
        for order in above:
            floor_max = min(floor_max, standing.seq(order) - 1 - steps[_lane(order, standing)])
        if floor <= floor_max or not above:
            return floor, floor_max, renewals
        floor = min(standing.seq(order) for order in above)


def _lane(order: BookOrder, standing: Standing) -> Lane:
    return standing.markets[order.market].base, order.authorization.lane

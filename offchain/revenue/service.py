"""What the flow of revenue can be asked. Amounts are base units of their token.

Read from the indexer's tables, as of their newest block.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from indexer.project.revenue import (
    ChainRevenueAuction,
    ChainRevenueAuctionEnd,
    ChainRevenueCollection,
    ChainRevenuePrice,
    ChainRevenuePurchase,
    ChainRevenueRouting,
    ChainRevenueSplit,
    ChainRevenueTerms,
)
from indexer.store.asking import Moment, OncePerBlock, moment_of, rows_of
from indexer.store.models import LogRow
from indexer.store.tally import Tally, Values, added, replaced
from offchain.core.database import reading_sessions

AUCTIONS_MAX: Final = 100
"""The newest auctions that are told."""
_PARTS: Final = ("bounty", "stakers", "buyback", "treasury", "insurance")
"""Where a routed amount goes."""
_NOTHING_ROUTED: Final = (0,) * len(_PARTS)
_NONE_SOLD: Final = (0, 0)
"""So much of a token, for so much QTRA."""


class Split(msgspec.Struct, frozen=True):
    """The shares in force, in basis points."""

    stakers_bps: int
    buyback_bps: int
    treasury_bps: int
    insurance_bps: int


class Flow(msgspec.Struct, frozen=True):
    """What happened to the fees of one token, in all.

    Attributes:
        token: the token.
        collected: what came from `Settlement`.
        bounty: what whoever routed it got.
        stakers: what was streamed to stakers.
        buyback: what was set aside for auctions; of QTRA, what was burned at once.
        treasury: what the treasury got.
        insurance: what the insurance fund got.
        sold: what auctions sold.
        sold_for: base units of QTRA that were paid for it, and burned.
        price: the price that was reported last, and when.
    """

    token: bytes
    collected: int
    bounty: int
    stakers: int
    buyback: int
    treasury: int
    insurance: int
    sold: int
    sold_for: int
    price: tuple[int, int] | None


class Auction(msgspec.Struct, frozen=True):
    """An auction of a token. Prices are base units of QTRA for 10^18 of it; `unsold` is null until it ends."""

    number: int
    token: bytes
    amount: int
    start_price: int
    floor_price: int
    started_s: int
    duration_s: int
    sold: int
    sold_for: int
    unsold: int | None
    is_final: bool

    def asks(self, now_s: int) -> int | None:
        """What it asks at a time, rounded up as the contract does; nothing once it is over."""
        remaining = self.started_s + self.duration_s - now_s
        if self.unsold is not None or remaining < 0 or not self.duration_s:
            return None
        return self.floor_price - -((self.start_price - self.floor_price) * remaining) // self.duration_s


class Revenue(msgspec.Struct, frozen=True):
    """The flow of revenue. `burned` is base units of QTRA: what auctions were paid, and the buyback's share of QTRA."""

    moment: Moment
    split: Split | None
    flows: tuple[Flow, ...]
    auctions: tuple[Auction, ...]
    burned: int
    burned_final: int


class RevenueService:
    """The revenue of one chain. `qtra` is the token; of a deployment without one, the zero address."""

    def __init__(self, database: Engine, chain_id: int, qtra: bytes) -> None:
        self._sessions = reading_sessions(database)
        self._chain_id = chain_id
        self._qtra = qtra
        self._revenue = OncePerBlock()
        routing, purchase, price = ChainRevenueRouting, ChainRevenuePurchase, ChainRevenuePrice
        self._collected = Tally(chain_id, ChainRevenueCollection.token, ChainRevenueCollection.amount)
        self._routed = Tally(chain_id, routing.token, *(getattr(routing, part) for part in _PARTS))
        self._sold = Tally(chain_id, purchase.auction, purchase.amount, purchase.qtra)
        self._prices = Tally(chain_id, price.token, price.price, price.timestamp_s, combine=replaced)

    def revenue(self) -> Revenue | None:
        """All of it as of the newest stored block; nothing before there is one."""
        with self._sessions() as session:
            moment = moment_of(session, self._chain_id)
            return None if moment is None else self._revenue.get(moment, lambda: self._read(session, moment))

    def _read(self, session: Session, moment: Moment) -> Revenue:
        chain_id = self._chain_id
        splits = rows_of(session, chain_id, ChainRevenueSplit)
        started = rows_of(session, chain_id, ChainRevenueAuction)
        ended = {row.auction: row.unsold for row in rows_of(session, chain_id, ChainRevenueAuctionEnd)}
        terms = rows_of(session, chain_id, ChainRevenueTerms)
        routed, sold = self._routed.at(session, moment), self._sold.at(session, moment)
        prices = self._prices.at(session, moment).all
        return Revenue(
            moment=moment,
            split=_split(splits[-1]) if splits else None,
            flows=_flows(self._collected.at(session, moment).all, routed.all, _by_token(started, sold.all), prices),
            auctions=tuple(
                _auction(row, _duration_s(row, terms), sold.all.get(row.auction, _NONE_SOLD), ended, moment)
                for row in started[: -AUCTIONS_MAX - 1 : -1]
            ),
            burned=self._burned(routed.all, sold.all),
            burned_final=self._burned(routed.final, sold.final),
        )

    def _burned(self, routed: Mapping[bytes, Values], sold: Mapping[int, Values]) -> int:
        at_once = routed.get(self._qtra, _NOTHING_ROUTED)[_PARTS.index("buyback")]
        return at_once + sum(sold_for for _, sold_for in sold.values())


def _by_token(started: Sequence[ChainRevenueAuction], sold: Mapping[int, Values]) -> dict[bytes, Values]:
    """What the auctions of each token sold, and for how much."""
    sums: dict[bytes, Values] = {}
    for row in started:
        sums[row.token] = added(sums.get(row.token, _NONE_SOLD), sold.get(row.auction, _NONE_SOLD))
    return sums


def _flows(
    collected: Mapping[bytes, Values],
    routed: Mapping[bytes, Values],
    sold: Mapping[bytes, Values],
    prices: Mapping[bytes, Values],
) -> tuple[Flow, ...]:
    last = {token: (price, at_s) for token, (price, at_s) in prices.items()}
    flows = []
    for token in sorted({*collected, *routed, *sold, *last}):
        amounts = (*collected.get(token, (0,)), *routed.get(token, _NOTHING_ROUTED), *sold.get(token, _NONE_SOLD))
        told = dict(zip(("collected", *_PARTS, "sold", "sold_for"), amounts, strict=True))
        flows.append(Flow(token=token, price=last.get(token), **told))
    return tuple(flows)


def _split(row: ChainRevenueSplit) -> Split:
    return Split(row.stakers_bps, row.buyback_bps, row.treasury_bps, row.insurance_bps)


def _duration_s(row: ChainRevenueAuction, terms: Sequence[ChainRevenueTerms]) -> int:
    """How long an auction runs: by the terms of its token that were set last before it."""
    before = [one for one in terms if one.token == row.token and _position(one) < _position(row)]
    return before[-1].duration_s if before else 0


def _position(row: LogRow) -> tuple[int, int]:
    return row.block_number, row.log_index


def _auction(
    row: ChainRevenueAuction,
    duration_s: int,
    sold: Values,
    ended: Mapping[int, int],
    moment: Moment,
) -> Auction:
    return Auction(
        number=row.auction,
        token=row.token,
        amount=row.amount,
        start_price=row.start_price,
        floor_price=row.floor_price,
        started_s=row.timestamp_s,
        duration_s=duration_s,
        sold=sold[0],
        sold_for=sold[1],
        unsold=ended.get(row.auction),
        is_final=row.block_number <= moment.final,
    )

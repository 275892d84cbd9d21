"""What the flow of revenue can be asked. Amounts are base units of their token.

Read from the indexer's tables, as of their newest block.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

import msgspec
from sqlalchemy import Engine, select
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
from indexer.store.asking import Moment, OncePerBlock, moment_of, newest_of, rows_of
from indexer.store.models import LogRow
from offchain.core.database import reading_sessions

AUCTIONS_MAX: Final = 100
"""The newest auctions that are told."""


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

    def revenue(self) -> Revenue | None:
        """All of it as of the newest stored block; nothing before there is one."""
        with self._sessions() as session:
            moment = moment_of(session, self._chain_id)
            return None if moment is None else self._revenue.get(moment, lambda: self._read(session, moment))

    def _read(self, session: Session, moment: Moment) -> Revenue:
        chain_id = self._chain_id
        splits = rows_of(session, chain_id, ChainRevenueSplit)
        routings = rows_of(session, chain_id, ChainRevenueRouting)
        bought = rows_of(session, chain_id, ChainRevenuePurchase)
        started = rows_of(session, chain_id, ChainRevenueAuction)
        sold: defaultdict[int, list[ChainRevenuePurchase]] = defaultdict(list)
        for purchase in bought:
            sold[purchase.auction].append(purchase)
        ended = {row.auction: row.unsold for row in rows_of(session, chain_id, ChainRevenueAuctionEnd)}
        terms = rows_of(session, chain_id, ChainRevenueTerms)
        auctions = tuple(
            _auction(row, _duration_s(row, terms), sold[row.auction], ended.get(row.auction), moment) for row in started
        )
        burned = [(row, row.qtra) for row in bought] + [
            (row, row.buyback) for row in routings if row.token == self._qtra
        ]
        return Revenue(
            moment=moment,
            split=_split(splits[-1]) if splits else None,
            flows=self._flows(session, routings, auctions),
            auctions=auctions[: -AUCTIONS_MAX - 1 : -1],
            burned=sum(amount for _, amount in burned),
            burned_final=sum(amount for row, amount in burned if _is_final(row, moment)),
        )

    def _flows(
        self, session: Session, routings: Sequence[ChainRevenueRouting], auctions: Sequence[Auction]
    ) -> tuple[Flow, ...]:
        sums: defaultdict[bytes, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
        for collection in rows_of(session, self._chain_id, ChainRevenueCollection):
            sums[collection.token]["collected"] += collection.amount
        for routing in routings:
            for part in ("bounty", "stakers", "buyback", "treasury", "insurance"):
                sums[routing.token][part] += getattr(routing, part)
        for auction in auctions:
            sums[auction.token]["sold"] += auction.sold
            sums[auction.token]["sold_for"] += auction.sold_for
        prices = self._prices(session)
        parts = [name for name in Flow.__struct_fields__ if name not in ("token", "price")]
        return tuple(
            Flow(token=token, price=prices.get(token), **{part: sums[token][part] for part in parts})
            for token in sorted({*sums, *prices})
        )

    def _prices(self, session: Session) -> dict[bytes, tuple[int, int]]:
        """The last price of each token, and when it was reported. There are many reports and few tokens."""
        of = ChainRevenuePrice
        tokens = session.scalars(select(of.token).where(of.chain_id == self._chain_id).distinct()).all()
        last = (newest_of(session, self._chain_id, of, 1, token=token)[0] for token in tokens)
        return {row.token: (row.price, row.timestamp_s) for row in last}


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
    bought: Sequence[ChainRevenuePurchase],
    unsold: int | None,
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
        sold=sum(purchase.amount for purchase in bought),
        sold_for=sum(purchase.qtra for purchase in bought),
        unsold=unsold,
        is_final=_is_final(row, moment),
    )


def _is_final(row: LogRow, moment: Moment) -> bool:
    return row.block_number <= moment.final

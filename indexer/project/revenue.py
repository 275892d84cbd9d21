"""Revenue: the fees that `RevenueRouter` collected, how it split them, and its auctions for QTRA."""

from collections import Counter
from typing import Final

from sqlalchemy.orm import Mapped, Session, mapped_column

from indexer.project.projection import Projection
from indexer.project.reading import ContractReader, Mismatch, compare, readable
from indexer.project.rows import fields_of, row_of, rows_until, struct_of
from indexer.store.models import LogRow
from offchain.core.database import Address, Base, Int64, WideInteger


class ChainRevenueSplit(LogRow, Base):
    """A `SplitSet` log: the shares from then on, in basis points."""

    __tablename__ = "chain_revenue_splits"

    stakers_bps: Mapped[int] = mapped_column(Int64)
    buyback_bps: Mapped[int] = mapped_column(Int64)
    treasury_bps: Mapped[int] = mapped_column(Int64)
    insurance_bps: Mapped[int] = mapped_column(Int64)


class ChainRevenueCollection(LogRow, Base):
    """A `FeesCollected` log of the router: fees of an asset that came from `Settlement`, in base units of its token."""

    __tablename__ = "chain_revenue_collections"

    asset: Mapped[int] = mapped_column(Int64)
    token: Mapped[bytes] = mapped_column(Address)
    amount: Mapped[int] = mapped_column(WideInteger)


class ChainRevenueRouting(LogRow, Base):
    """A `RevenueRouted` log: where an amount of a token went, in its base units."""

    __tablename__ = "chain_revenue_routings"

    token: Mapped[bytes] = mapped_column(Address)
    keeper: Mapped[bytes] = mapped_column(Address)
    bounty: Mapped[int] = mapped_column(WideInteger)
    stakers: Mapped[int] = mapped_column(WideInteger)
    buyback: Mapped[int] = mapped_column(WideInteger)
    treasury: Mapped[int] = mapped_column(WideInteger)
    insurance: Mapped[int] = mapped_column(WideInteger)


class ChainRevenueTerms(LogRow, Base):
    """An `AuctionTermsSet` log: how a token is auctioned from then on; a daily cap of 0: not at all."""

    __tablename__ = "chain_revenue_terms"

    token: Mapped[bytes] = mapped_column(Address)
    daily_cap: Mapped[int] = mapped_column(WideInteger)
    min_amount: Mapped[int] = mapped_column(WideInteger)
    start_bps: Mapped[int] = mapped_column(Int64)
    floor_bps: Mapped[int] = mapped_column(Int64)
    duration_s: Mapped[int] = mapped_column(Int64)


class ChainRevenueAuction(LogRow, Base):
    """An `AuctionStarted` log: so much of a token is for sale, for QTRA."""

    __tablename__ = "chain_revenue_auctions"

    auction: Mapped[int] = mapped_column(Int64)
    token: Mapped[bytes] = mapped_column(Address)
    amount: Mapped[int] = mapped_column(WideInteger)
    start_price: Mapped[int] = mapped_column(WideInteger)
    floor_price: Mapped[int] = mapped_column(WideInteger)


class ChainRevenuePurchase(LogRow, Base):
    """An `AuctionBought` log: base units of the token that were sold, and of QTRA that were burned for them."""

    __tablename__ = "chain_revenue_purchases"

    auction: Mapped[int] = mapped_column(Int64)
    buyer: Mapped[bytes] = mapped_column(Address)
    amount: Mapped[int] = mapped_column(WideInteger)
    qtra: Mapped[int] = mapped_column(WideInteger)


class ChainRevenueAuctionEnd(LogRow, Base):
    """An `AuctionEnded` log: what was left."""

    __tablename__ = "chain_revenue_auction_ends"

    auction: Mapped[int] = mapped_column(Int64)
    unsold: Mapped[int] = mapped_column(WideInteger)


class ChainRevenuePrice(LogRow, Base):
    """A `PriceReported` log of `ReportedPrice`: base units of QTRA that 10^18 base units of the token are worth."""

    __tablename__ = "chain_revenue_prices"

    token: Mapped[bytes] = mapped_column(Address)
    price: Mapped[int] = mapped_column(WideInteger)


_ROUTER: Final = "RevenueRouter"
_SPLIT: Final = ("stakers_bps", "buyback_bps", "treasury_bps", "insurance_bps")
_TERMS: Final = ("daily_cap", "min_amount", "start_bps", "floor_bps", "duration_s")
"""The columns of the split and of an auction's terms, in the order of the contract's structs."""


async def _check(session: Session, chain_id: int, reader: ContractReader) -> list[Mismatch]:
    """Of the router the split and the terms in force, each auction, and what waits for one; the last prices."""
    until = (session, chain_id, reader.block_number)
    if reader.contract.name != _ROUTER:
        prices = {(row.token,): (row.price, row.timestamp_s) for row in rows_until(ChainRevenuePrice, *until)}
        return await reader.differences("last price of", "lastOf", prices)
    splits = rows_until(ChainRevenueSplit, *until)
    shares = struct_of(splits[-1], _SPLIT) if splits else (0, 0, 0, 0)
    terms = {(row.token,): struct_of(row, _TERMS) for row in rows_until(ChainRevenueTerms, *until)}
    return [
        *compare("split", shares, tuple(await reader.read("split"))),
        *await reader.differences("terms of auctions of", "termsOf", terms),
        *await _check_auctions(session, chain_id, reader),
    ]


async def _check_auctions(session: Session, chain_id: int, reader: ContractReader) -> list[Mismatch]:
    """Every auction with what is left of it, and what of each token waits for the next one."""
    until = (session, chain_id, reader.block_number)
    auctions = rows_until(ChainRevenueAuction, *until)
    token = {row.auction: row.token for row in auctions}
    left = Counter({row.auction: row.amount for row in auctions})
    waiting: Counter[bytes] = Counter()
    for routing in rows_until(ChainRevenueRouting, *until):
        waiting[routing.token] += routing.buyback
    for auction in auctions:
        waiting[auction.token] -= auction.amount
    for purchase in rows_until(ChainRevenuePurchase, *until):
        left[purchase.auction] -= purchase.amount
    found = compare("auctions", len(auctions), await reader.read("auctionCount"))
    for end in rows_until(ChainRevenueAuctionEnd, *until):
        found += compare(f"unsold of auction {end.auction}", end.unsold, left[end.auction])
        # As purchases left it, which only what waits now can confirm.
        if end.auction in token:
            waiting[token[end.auction]] += left[end.auction]
        left[end.auction] = 0
    # What is bought back in QTRA is burned at once.
    waiting.pop(await reader.read("qtra"), None)
    for row, told in zip(auctions, await reader.read_many("auctionOf", [(one,) for one in token]), strict=True):
        true = dict(zip(reader.struct_fields("auctionOf"), told, strict=True))
        found += compare(f"token of auction {row.auction}", readable(row.token), true["token"])
        found += compare(f"start of auction {row.auction}", row.timestamp_s, true["startedAt"])
        found += compare(f"rest of auction {row.auction}", left[row.auction], true["left"])
        prices = (true["startPrice"], true["floorPrice"])
        found += compare(f"prices of auction {row.auction}", (row.start_price, row.floor_price), prices)
    held = await reader.read_many("heldOf", [(one,) for one in waiting])
    for (one, amount), (told, _) in zip(waiting.items(), held, strict=True):
        found += compare(f"what waits for an auction of {readable(one)}", amount, told)
    return found


REVENUE: Final = Projection(
    name="revenue",
    contracts=frozenset({_ROUTER, "ReportedPrice"}),
    events={
        "SplitSet": row_of(ChainRevenueSplit, **fields_of("split", _SPLIT)),
        "FeesCollected": row_of(ChainRevenueCollection, "asset", "token", "amount"),
        "RevenueRouted": row_of(
            ChainRevenueRouting, "token", "keeper", "bounty", "stakers", "buyback", "treasury", "insurance"
        ),
        "AuctionTermsSet": row_of(ChainRevenueTerms, "token", **fields_of("terms", _TERMS)),
        "AuctionStarted": row_of(
            ChainRevenueAuction, "auction", "token", "amount", start_price="startPrice", floor_price="floorPrice"
        ),
        "AuctionBought": row_of(ChainRevenuePurchase, "auction", "buyer", "amount", "qtra"),
        "AuctionEnded": row_of(ChainRevenueAuctionEnd, "auction", "unsold"),
        "PriceReported": row_of(ChainRevenuePrice, "token", "price"),
    },
    check=_check,
)

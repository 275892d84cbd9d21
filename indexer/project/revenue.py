"""Revenue: the fees that `RevenueRouter` collected, how it split them, and its auctions for QTRA."""

from typing import Final

from sqlalchemy.orm import Mapped, Session, mapped_column

from indexer.project.projection import Projection
from indexer.project.reading import ContractReader, Mismatch, compare
from indexer.project.rows import row_of, rows_until
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
_LEFT: Final = 3
"""The place of `left` in the contract's `Auction`."""


async def _check(session: Session, chain_id: int, reader: ContractReader) -> list[Mismatch]:
    """The split in force, and what is left in each auction; of prices the contract keeps more than was told."""
    if reader.contract.name != _ROUTER:
        return []
    until = (session, chain_id, reader.block_number)
    left = {row.auction: row.amount for row in rows_until(ChainRevenueAuction, *until)}
    for purchase in rows_until(ChainRevenuePurchase, *until):
        left[purchase.auction] -= purchase.amount
    left |= {row.auction: 0 for row in rows_until(ChainRevenueAuctionEnd, *until)}
    splits = rows_until(ChainRevenueSplit, *until)
    shares = (0, 0, 0, 0)
    if splits:
        last = splits[-1]
        shares = (last.stakers_bps, last.buyback_bps, last.treasury_bps, last.insurance_bps)
    found = compare("split", shares, tuple(await reader.read("split")))
    found += compare("auctions", len(left), await reader.read("auctionCount"))
    told = await reader.read_many("auctionOf", [(number,) for number in left])
    for (number, amount), auction in zip(left.items(), told, strict=True):
        found += compare(f"rest of auction {number}", amount, auction[_LEFT])
    return found


REVENUE: Final = Projection(
    name="revenue",
    contracts=frozenset({_ROUTER, "ReportedPrice"}),
    events={
        "SplitSet": row_of(
            ChainRevenueSplit,
            stakers_bps="split.0",
            buyback_bps="split.1",
            treasury_bps="split.2",
            insurance_bps="split.3",
        ),
        "FeesCollected": row_of(ChainRevenueCollection, "asset", "token", "amount"),
        "RevenueRouted": row_of(
            ChainRevenueRouting, "token", "keeper", "bounty", "stakers", "buyback", "treasury", "insurance"
        ),
        "AuctionTermsSet": row_of(
            ChainRevenueTerms,
            "token",
            daily_cap="terms.0",
            min_amount="terms.1",
            start_bps="terms.2",
            floor_bps="terms.3",
            duration_s="terms.4",
        ),
        "AuctionStarted": row_of(
            ChainRevenueAuction, "auction", "token", "amount", start_price="startPrice", floor_price="floorPrice"
        ),
        "AuctionBought": row_of(ChainRevenuePurchase, "auction", "buyer", "amount", "qtra"),
        "AuctionEnded": row_of(ChainRevenueAuctionEnd, "auction", "unsold"),
        "PriceReported": row_of(ChainRevenuePrice, "token", "price"),
    },
    check=_check,
)

"""The flow of revenue, as the chain's tables tell it."""

from fastapi import APIRouter

from offchain.api.bodies.revenue import AuctionBody, PriceBody, RevenueBody, RevenueFlowBody, SplitBody
from offchain.api.dependencies import ServicesOf, public
from offchain.api.token_views import Tokens, as_of, contract_address, from_seconds, qtra_text
from offchain.revenue.service import Auction, Flow

router = APIRouter(prefix="/api/v1/revenue", tags=["token economy"])


@router.get("", **public("getRevenue"))
def read_revenue(services: ServicesOf) -> RevenueBody:
    """Fees in, how they are split, auctions, burned and distributed."""
    revenue = services.economy.revenue.revenue()
    contract = contract_address(services, "RevenueRouter")
    if revenue is None:
        return RevenueBody(
            as_of=None, contract=contract, split=None, flows=[], auctions=[], burned="0", burned_pending="0"
        )
    tokens, split = Tokens(services), revenue.split
    return RevenueBody(
        as_of=as_of(revenue.moment),
        contract=contract,
        split=None
        if split is None
        else SplitBody(
            stakers_bps=split.stakers_bps,
            buyback_bps=split.buyback_bps,
            treasury_bps=split.treasury_bps,
            insurance_bps=split.insurance_bps,
        ),
        flows=[_flow(tokens, flow) for flow in revenue.flows],
        auctions=[_auction(tokens, auction, revenue.moment.timestamp_s) for auction in revenue.auctions],
        burned=qtra_text(revenue.burned),
        burned_pending=qtra_text(revenue.burned - revenue.burned_final),
    )


def _flow(tokens: Tokens, flow: Flow) -> RevenueFlowBody:
    token = flow.token
    price = flow.price
    return RevenueFlowBody(
        token=tokens.body(token),
        collected=tokens.text(token, flow.collected),
        bounty=tokens.text(token, flow.bounty),
        stakers=tokens.text(token, flow.stakers),
        buyback=tokens.text(token, flow.buyback),
        treasury=tokens.text(token, flow.treasury),
        insurance=tokens.text(token, flow.insurance),
        sold=tokens.text(token, flow.sold),
        sold_for=qtra_text(flow.sold_for),
        price=None
        if price is None
        else PriceBody(price=tokens.price_text(token, price[0]), at_ms=from_seconds(price[1])),
    )


def _auction(tokens: Tokens, auction: Auction, now_s: int) -> AuctionBody:
    token, asks = auction.token, auction.asks(now_s)
    return AuctionBody(
        auction=auction.number,
        token=tokens.body(token),
        amount=tokens.text(token, auction.amount),
        sold=tokens.text(token, auction.sold),
        sold_for=qtra_text(auction.sold_for),
        unsold=None if auction.unsold is None else tokens.text(token, auction.unsold),
        start_price=tokens.price_text(token, auction.start_price),
        floor_price=tokens.price_text(token, auction.floor_price),
        asks=None if asks is None else tokens.price_text(token, asks),
        start_ms=from_seconds(auction.started_s),
        end_ms=from_seconds(auction.started_s + auction.duration_s),
        final=auction.is_final,
    )

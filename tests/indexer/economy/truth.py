"""What every event of the economy must be in the tables: which table, and its values in the table's columns."""

from collections.abc import Callable
from typing import Any, Final

from tests.indexer.economy.books import ADDRESSES

_Told = dict[str, Any]
_Row = Callable[[_Told], dict[str, Any]]


def _same(told: _Told) -> dict[str, Any]:
    return told


def _with_event(event: str, **renamed: str) -> _Row:
    """The arguments, some under another name, and the event's."""
    return lambda told: {"event": event} | {renamed.get(name, name): value for name, value in told.items()}


def _struct(argument: str, names: str) -> _Row:
    """The arguments, with the fields of a struct as columns."""

    def row(told: _Told) -> dict[str, Any]:
        fields = dict(zip(names.split(), told[argument], strict=True))
        return {name: value for name, value in told.items() if name != argument} | fields

    return row


def _renamed(**names: str) -> _Row:
    return lambda told: {names.get(name, name): value for name, value in told.items()}


def _move(event: str) -> _Row:
    def row(told: _Told) -> dict[str, Any]:
        account = {"event": event, "contract": ADDRESSES["Staking"], "account": told["account"]}
        amounts = {"amount": told["amount"], "staked": told.get("staked", 0)}
        return account | amounts | {"request": told.get("request", 0), "at_s": told.get("availableAt", 0)}

    return row


_TERMS: Final = "price start_s end_s tokens soft_cap min_purchase wallet_cap referral_bps unsold needs_voucher"
_SALE: Final[dict[str, tuple[str, _Row]]] = {
    "SaleConfigured": ("chain_sales", _renamed(walletCap="wallet_cap")),
    "RoundConfigured": ("chain_sale_rounds", _struct("terms", _TERMS)),
    "PaymentListed": ("chain_sale_payments", _same),
    "ShareConfigured": ("chain_sale_shares", _same),
    "VoucherSignerSet": ("chain_sale_vouchers", lambda told: _voucher("VoucherSignerSet", told["signer"], 0)),
    "VoucherRevoked": ("chain_sale_vouchers", lambda told: _voucher("VoucherRevoked", told["buyer"], told["nonce"])),
    "Purchased": ("chain_sale_purchases", _same),
    "RoundFinalised": ("chain_sale_outcomes", _same),
    "ProceedsPaid": ("chain_sale_payouts", _with_event("ProceedsPaid", treasury="recipient")),
    "Refunded": ("chain_sale_payouts", _with_event("Refunded", buyer="recipient")),
    "ReferralPaid": ("chain_sale_payouts", _with_event("ReferralPaid", referrer="recipient")),
}
_VESTING: Final[dict[str, tuple[str, _Row]]] = {
    "PoolFunded": ("chain_vesting_fundings", _same),
    "SurplusReturned": ("chain_vesting_surpluses", _same),
    "PoolPublished": ("chain_vesting_pools", _struct("schedule", "start_s cliff_s end_s start_bps revocable")),
    "Claimed": ("chain_vesting_claims", _same),
    "Revoked": ("chain_vesting_revocations", _same),
}
_STAKING: Final[dict[str, tuple[str, _Row]]] = {
    "TierSet": ("chain_staking_tiers", _same),
    "RewardListed": ("chain_staking_rewards", _same),
    "RewardNotified": ("chain_staking_notices", _renamed(end="end_s")),
    "RewardPaid": ("chain_staking_payments", _same),
    "RewardsForfeited": ("chain_staking_forfeits", _same),
    **{
        event: ("chain_staking_moves", _move(event))
        for event in ("Staked", "UnstakeRequested", "UnstakeCancelled", "Withdrawn")
    },
}
_ROUTER: Final[dict[str, tuple[str, _Row]]] = {
    "SplitSet": ("chain_revenue_splits", _struct("split", "stakers_bps buyback_bps treasury_bps insurance_bps")),
    "FeesCollected": ("chain_revenue_collections", _same),
    "RevenueRouted": ("chain_revenue_routings", _same),
    "AuctionTermsSet": ("chain_revenue_terms", _struct("terms", "daily_cap min_amount start_bps floor_bps duration_s")),
    "AuctionStarted": ("chain_revenue_auctions", _renamed(startPrice="start_price", floorPrice="floor_price")),
    "AuctionBought": ("chain_revenue_purchases", _same),
    "AuctionEnded": ("chain_revenue_auction_ends", _same),
}
_TOKEN: Final[dict[str, tuple[str, _Row]]] = {
    "Transfer": (
        "chain_token_transfers",
        lambda told: {
            "token": ADDRESSES["QTRAToken"],
            "sender": told["from"],
            "recipient": told["to"],
            "amount": told["value"],
        },
    ),
}
ROWS: Final = {
    ADDRESSES["QTRAToken"]: _TOKEN,
    ADDRESSES["SaleManager"]: _SALE,
    ADDRESSES["MerkleVesting"]: _VESTING,
    ADDRESSES["Staking"]: _STAKING,
    ADDRESSES["RevenueRouter"]: _ROUTER,
    ADDRESSES["ReportedPrice"]: {"PriceReported": ("chain_revenue_prices", _same)},
}
"""By the contract's address and the event: the table, and the values of a row beside its log's place."""


def _voucher(event: str, account: bytes, nonce: int) -> dict[str, Any]:
    return {"event": event, "account": account, "nonce": nonce}

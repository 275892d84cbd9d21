"""The sale: what `SaleManager` told of its rounds, of who bought, and of where the money went."""

from collections import Counter
from typing import Final

from sqlalchemy import String
from sqlalchemy.orm import Mapped, Session, mapped_column

from indexer.project.projection import Projection
from indexer.project.reading import ContractReader, Mismatch, compare
from indexer.project.rows import row_of, rows_until
from indexer.store.models import LogRow
from offchain.core.database import Address, Base, Int64, WideInteger


class ChainSale(LogRow, Base):
    """A `SaleConfigured` log: there is one, once the sale is configured."""

    __tablename__ = "chain_sales"

    wallet_cap: Mapped[int] = mapped_column(WideInteger)
    """Micros that one wallet may pay in all rounds together."""
    tokens: Mapped[int] = mapped_column(WideInteger)
    """Base units of QTRA for sale in all rounds together."""


class ChainSaleRound(LogRow, Base):
    """A `RoundConfigured` log: the terms of a round. Money is micros, tokens are base units of QTRA."""

    __tablename__ = "chain_sale_rounds"

    round: Mapped[int] = mapped_column(Int64)
    price: Mapped[int] = mapped_column(Int64)
    start_s: Mapped[int] = mapped_column(Int64)
    end_s: Mapped[int] = mapped_column(Int64)
    tokens: Mapped[int] = mapped_column(WideInteger)
    soft_cap: Mapped[int] = mapped_column(WideInteger)
    min_purchase: Mapped[int] = mapped_column(WideInteger)
    wallet_cap: Mapped[int] = mapped_column(WideInteger)
    referral_bps: Mapped[int] = mapped_column(Int64)
    unsold: Mapped[int] = mapped_column(Int64)
    """0: burned, 1: to the first treasury."""
    needs_voucher: Mapped[int] = mapped_column(Int64)


class ChainSalePayment(LogRow, Base):
    """A `PaymentListed` log: a token that is taken as payment."""

    __tablename__ = "chain_sale_payments"

    payment: Mapped[int] = mapped_column(Int64)
    token: Mapped[bytes] = mapped_column(Address)
    decimals: Mapped[int] = mapped_column(Int64)


class ChainSaleShare(LogRow, Base):
    """A `ShareConfigured` log: a treasury's share of the proceeds."""

    __tablename__ = "chain_sale_shares"

    treasury: Mapped[bytes] = mapped_column(Address)
    bps: Mapped[int] = mapped_column(Int64)


class ChainSaleVoucher(LogRow, Base):
    """A `VoucherSignerSet` or `VoucherRevoked` log: `account` is the signer, or the buyer whose voucher is void."""

    __tablename__ = "chain_sale_vouchers"

    event: Mapped[str] = mapped_column(String(64))
    account: Mapped[bytes] = mapped_column(Address, index=True)
    nonce: Mapped[int] = mapped_column(WideInteger)


class ChainSalePurchase(LogRow, Base):
    """A `Purchased` log: micros paid, and the buyer's allocation in the round after it."""

    __tablename__ = "chain_sale_purchases"

    round: Mapped[int] = mapped_column(Int64)
    buyer: Mapped[bytes] = mapped_column(Address, index=True)
    payment: Mapped[int] = mapped_column(Int64)
    micros: Mapped[int] = mapped_column(Int64)
    tokens: Mapped[int] = mapped_column(WideInteger)
    referrer: Mapped[bytes] = mapped_column(Address, index=True)
    """The zero address: nobody."""


class ChainSaleOutcome(LogRow, Base):
    """A `RoundFinalised` log: how a round ended."""

    __tablename__ = "chain_sale_outcomes"

    round: Mapped[int] = mapped_column(Int64)
    succeeded: Mapped[int] = mapped_column(Int64)
    raised: Mapped[int] = mapped_column(WideInteger)
    sold: Mapped[int] = mapped_column(WideInteger)
    unsold: Mapped[int] = mapped_column(WideInteger)


class ChainSalePayout(LogRow, Base):
    """A `ProceedsPaid`, `Refunded` or `ReferralPaid` log: micros that left the sale."""

    __tablename__ = "chain_sale_payouts"

    event: Mapped[str] = mapped_column(String(64))
    round: Mapped[int] = mapped_column(Int64)
    payment: Mapped[int] = mapped_column(Int64)
    recipient: Mapped[bytes] = mapped_column(Address, index=True)
    micros: Mapped[int] = mapped_column(Int64)


_FAILED: Final = 4
_SUCCEEDED: Final = 3
_FINALISED: Final = {0: _FAILED, 1: _SUCCEEDED}
"""The contract's `RoundState` by whether a round succeeded."""


async def _check(session: Session, chain_id: int, reader: ContractReader) -> list[Mismatch]:
    """What each wallet has paid in each round and was not paid back, what each round raised, and how it ended."""
    until = (session, chain_id, reader.block_number)
    raised: Counter[tuple[int, int]] = Counter()
    paid: Counter[tuple[bytes, int]] = Counter()
    for purchase in rows_until(ChainSalePurchase, *until):
        raised[purchase.round, purchase.payment] += purchase.micros
        paid[purchase.buyer, purchase.round] += purchase.micros
    for payout in rows_until(ChainSalePayout, *until):
        if payout.event == "Refunded":
            paid[payout.recipient, payout.round] -= payout.micros
    ended = {row.round: _FINALISED[row.succeeded] for row in rows_until(ChainSaleOutcome, *until)}
    rounds = len(rows_until(ChainSaleRound, *until))
    return [
        *compare("rounds of the sale", rounds, await reader.read("roundCount")),
        *await reader.differences("micros of wallet and round", "paidOf", paid),
        *await reader.differences("micros of round and payment", "raisedIn", raised),
        *await reader.differences("state of round", "stateOf", {(number,): state for number, state in ended.items()}),
    ]


_PAYOUT: Final = ("event", "round", "payment", "micros")
SALE: Final = Projection(
    name="sale",
    contracts=frozenset({"SaleManager"}),
    events={
        "SaleConfigured": row_of(ChainSale, "tokens", wallet_cap="walletCap"),
        "RoundConfigured": row_of(
            ChainSaleRound,
            "round",
            price="terms.0",
            start_s="terms.1",
            end_s="terms.2",
            tokens="terms.3",
            soft_cap="terms.4",
            min_purchase="terms.5",
            wallet_cap="terms.6",
            referral_bps="terms.7",
            unsold="terms.8",
            needs_voucher="terms.9",
        ),
        "PaymentListed": row_of(ChainSalePayment, "payment", "token", "decimals"),
        "ShareConfigured": row_of(ChainSaleShare, "treasury", "bps"),
        "VoucherSignerSet": row_of(ChainSaleVoucher, "event", "nonce", account="signer"),
        "VoucherRevoked": row_of(ChainSaleVoucher, "event", "nonce", account="buyer"),
        "Purchased": row_of(ChainSalePurchase, "round", "buyer", "payment", "micros", "tokens", "referrer"),
        "RoundFinalised": row_of(ChainSaleOutcome, "round", "succeeded", "raised", "sold", "unsold"),
        "ProceedsPaid": row_of(ChainSalePayout, *_PAYOUT, recipient="treasury"),
        "Refunded": row_of(ChainSalePayout, *_PAYOUT, recipient="buyer"),
        "ReferralPaid": row_of(ChainSalePayout, *_PAYOUT, recipient="referrer"),
    },
    check=_check,
)

"""The sale: what `SaleManager` told of its rounds, of who bought, and of where the money went."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import String
from sqlalchemy.orm import Mapped, Session, mapped_column

from indexer.project.projection import Projection
from indexer.project.reading import ContractReader, Mismatch, compare, readable
from indexer.project.rows import fields_of, row_of, rows_until, struct_of
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
_NOBODY: Final = bytes(20)
_QTRA: Final = 10**18
_BPS: Final = 10_000
_TERMS: Final = (
    "price",
    "start_s",
    "end_s",
    "tokens",
    "soft_cap",
    "min_purchase",
    "wallet_cap",
    "referral_bps",
    "unsold",
    "needs_voucher",
)
"""The columns of a round's terms, in the order of the contract's struct."""


async def _check(session: Session, chain_id: int, reader: ContractReader) -> list[Mismatch]:
    """How the sale is configured, what wallets paid and rounds raised and sold, and what was paid back."""
    rounds = rows_until(ChainSaleRound, session, chain_id, reader.block_number)
    payments = rows_until(ChainSalePayment, session, chain_id, reader.block_number)
    return [
        *compare("rounds of the sale", len(rounds), await reader.read("roundCount")),
        *await reader.differences(
            "terms of round", "roundOf", {(row.round,): struct_of(row, _TERMS) for row in rounds}
        ),
        *compare("payments", [readable(row.token) for row in payments], list(await reader.read("payments"))),
        *await _check_settings(session, chain_id, reader),
        *await _check_rounds(session, chain_id, reader, rounds, payments),
        *await _check_wallets(session, chain_id, reader, {row.round: row.referral_bps for row in rounds}),
    ]


async def _check_settings(session: Session, chain_id: int, reader: ContractReader) -> list[Mismatch]:
    """The cap of a wallet, who gets the proceeds, who signs vouchers, and which are void."""
    until = (session, chain_id, reader.block_number)
    shares = [(readable(row.treasury), row.bps) for row in rows_until(ChainSaleShare, *until)]
    found = compare("shares", shares, [tuple(share) for share in await reader.read("shares")])
    for sale in rows_until(ChainSale, *until):
        found += compare("cap of a wallet", sale.wallet_cap, await reader.read("walletCap"))
    vouchers = rows_until(ChainSaleVoucher, *until)
    for signer in [row.account for row in vouchers if row.event == "VoucherSignerSet"][-1:]:
        found += compare("signer of vouchers", signer, await reader.read("voucherSigner"))
    void = {(row.account, row.nonce): True for row in vouchers if row.event == "VoucherRevoked"}
    return found + await reader.differences("voucher that is void", "voucherRevoked", void)


async def _check_rounds(
    session: Session,
    chain_id: int,
    reader: ContractReader,
    rounds: Sequence[ChainSaleRound],
    payments: Sequence[ChainSalePayment],
) -> list[Mismatch]:
    """What every round raised in every payment, and how it ended: what was sold follows from the terms."""
    until = (session, chain_id, reader.block_number)
    raised = Counter({(one.round, payment.payment): 0 for one in rounds for payment in payments})
    for purchase in rows_until(ChainSalePurchase, *until):
        raised[purchase.round, purchase.payment] += purchase.micros
    outcomes = rows_until(ChainSaleOutcome, *until)
    found = await reader.differences("micros of round and payment", "raisedIn", raised)
    for outcome, micros, terms in zip(
        outcomes,
        await reader.read_many("raisedOf", [(row.round,) for row in outcomes]),
        await reader.read_many("roundOf", [(row.round,) for row in outcomes]),
        strict=True,
    ):
        price, tokens = terms[_TERMS.index("price")], terms[_TERMS.index("tokens")]
        sold = micros * _QTRA // price if outcome.succeeded else 0
        found += compare(f"micros raised by round {outcome.round}", outcome.raised, micros)
        found += compare(f"tokens sold by round {outcome.round}", outcome.sold, sold)
        found += compare(f"tokens not sold by round {outcome.round}", outcome.unsold, tokens - sold)
    states = {(row.round,): _FINALISED[row.succeeded] for row in outcomes}
    return found + await reader.differences("state of round", "stateOf", states)


async def _check_wallets(
    session: Session, chain_id: int, reader: ContractReader, referral_bps: Mapping[int, int]
) -> list[Mismatch]:
    """What each wallet has paid and was not paid back, its tokens in rounds that ended, and what referrers are owed."""
    until = (session, chain_id, reader.block_number)
    paid: Counter[tuple[bytes, int]] = Counter()
    owed: Counter[tuple[bytes, int, int]] = Counter()
    tokens: dict[tuple[bytes, int], int] = {}
    succeeded = {row.round: row.succeeded for row in rows_until(ChainSaleOutcome, *until)}
    for purchase in rows_until(ChainSalePurchase, *until):
        paid[purchase.buyer, purchase.round] += purchase.micros
        if purchase.referrer != _NOBODY:
            earned = purchase.micros * referral_bps.get(purchase.round, 0) // _BPS
            owed[purchase.referrer, purchase.round, purchase.payment] += earned
        if purchase.round in succeeded:
            tokens[purchase.buyer, purchase.round] = purchase.tokens * succeeded[purchase.round]
    for payout in rows_until(ChainSalePayout, *until):
        if payout.event == "Refunded":
            paid[payout.recipient, payout.round] -= payout.micros
        elif payout.event == "ReferralPaid":
            owed[payout.recipient, payout.round, payout.payment] -= payout.micros
    return [
        *await reader.differences("micros of wallet and round", "paidOf", paid),
        *await reader.differences("tokens of wallet and round", "allocationOf", tokens),
        *await reader.differences("micros owed to referrer, round and payment", "referralOf", owed),
    ]


_PAYOUT: Final = ("event", "round", "payment", "micros")
SALE: Final = Projection(
    name="sale",
    contracts=frozenset({"SaleManager"}),
    events={
        "SaleConfigured": row_of(ChainSale, "tokens", wallet_cap="walletCap"),
        "RoundConfigured": row_of(ChainSaleRound, "round", **fields_of("terms", _TERMS)),
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

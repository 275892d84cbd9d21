"""What the sale can be asked: its rounds as they stand, and what one wallet paid, gets, and may still pay.

Everything is read from the indexer's tables, as of their newest block. What is not final yet can still change. Money is
micros, millionths of a dollar; QTRA is base units.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec
from sqlalchemy import Engine, case, func, select
from sqlalchemy.orm import Session

from indexer.project.sale import (
    ChainSale,
    ChainSaleOutcome,
    ChainSalePayment,
    ChainSalePayout,
    ChainSalePurchase,
    ChainSaleRound,
    ChainSaleShare,
    ChainSaleVoucher,
)
from indexer.store.asking import Moment, OncePerBlock, moment_of, newest_of, of_chain, rows_of, summed
from offchain.core.database import reading_sessions
from offchain.presale.terms import BPS, RoundState, RoundTerms

NOBODY: Final = bytes(20)
PURCHASES_MAX: Final = 100
"""The newest purchases of a wallet that are told."""


class Outcome(msgspec.Struct, frozen=True):
    """How a round was finalised."""

    succeeded: bool
    sold: int
    unsold: int


class Round(msgspec.Struct, frozen=True):
    """A round as it stands. `raised` is all that was paid in it, `raised_final` what of that is final."""

    terms: RoundTerms
    state: RoundState
    raised: int
    raised_final: int
    raised_by_payment: Mapping[int, int]
    sold: int
    outcome: Outcome | None


class Payment(msgspec.Struct, frozen=True):
    """A token that the sale takes."""

    number: int
    token: bytes
    decimals: int


class Share(msgspec.Struct, frozen=True):
    """A treasury's share of the proceeds."""

    treasury: bytes
    bps: int


class Sale(msgspec.Struct, frozen=True):
    """The whole sale. `voucher_signer` is nobody where no round needs vouchers."""

    moment: Moment
    wallet_cap: int
    tokens: int
    voucher_signer: bytes
    payments: tuple[Payment, ...]
    shares: tuple[Share, ...]
    rounds: tuple[Round, ...]


class Purchase(msgspec.Struct, frozen=True):
    """A purchase; `tokens` is the wallet's allocation in the round after it."""

    round: int
    payment: int
    micros: int
    tokens: int
    referrer: bytes
    transaction_hash: bytes
    timestamp_s: int
    is_final: bool


class WalletRound(msgspec.Struct, frozen=True):
    """What a wallet has to do with a round.

    Attributes:
        round: its number.
        paid: micros that it paid and was not paid back.
        paid_pending: micros of its purchases that are not final yet.
        allocation: QTRA that it bought; nothing in a round that missed its soft cap.
        remaining: micros that it may still pay by the caps; a voucher can allow less.
        refundable: micros that it can take back now.
        refunded: micros that it took back.
        referral: micros that it has earned as referrer, paid or not.
        referral_claimable: what of these it can take now.
    """

    round: int
    paid: int
    paid_pending: int
    allocation: int
    remaining: int
    refundable: int
    refunded: int
    referral: int
    referral_claimable: int


class WalletSale(msgspec.Struct, frozen=True):
    """A wallet in the sale: its newest purchases, newest first, and the nonces of its vouchers that are void."""

    moment: Moment
    rounds: tuple[WalletRound, ...]
    purchases: tuple[Purchase, ...]
    revoked_vouchers: tuple[int, ...]


class SaleService:
    """The sale of one chain."""

    def __init__(self, database: Engine, chain_id: int) -> None:
        self._sessions = reading_sessions(database)
        self._chain_id = chain_id
        self._sale = OncePerBlock()

    def sale(self) -> Sale | None:
        """The sale as of the newest stored block; nothing before it is configured."""
        with self._sessions() as session:
            moment = moment_of(session, self._chain_id)
            return None if moment is None else self._sale.get(moment, lambda: self._read_sale(session, moment))

    def wallet(self, owner: bytes) -> WalletSale | None:
        """A wallet as of the newest stored block; nothing before the sale is configured."""
        with self._sessions() as session:
            moment = moment_of(session, self._chain_id)
            if moment is None:
                return None
            sale = self._sale.get(moment, lambda: self._read_sale(session, moment))
            return None if sale is None else self._read_wallet(session, sale, owner)

    def _read_sale(self, session: Session, moment: Moment) -> Sale | None:
        configured = rows_of(session, self._chain_id, ChainSale)
        if not configured:
            return None
        signers = rows_of(session, self._chain_id, ChainSaleVoucher, event="VoucherSignerSet")
        outcomes = {
            row.round: Outcome(bool(row.succeeded), row.sold, row.unsold)
            for row in rows_of(session, self._chain_id, ChainSaleOutcome)
        }
        raised, final = self._raised(session, moment)
        return Sale(
            moment=moment,
            wallet_cap=configured[-1].wallet_cap,
            tokens=configured[-1].tokens,
            voucher_signer=signers[-1].account if signers else NOBODY,
            payments=tuple(
                Payment(row.payment, row.token, row.decimals)
                for row in rows_of(session, self._chain_id, ChainSalePayment)
            ),
            shares=tuple(Share(row.treasury, row.bps) for row in rows_of(session, self._chain_id, ChainSaleShare)),
            rounds=tuple(
                _round(row, moment.timestamp_s, raised[row.round], final[row.round], outcomes.get(row.round))
                for row in rows_of(session, self._chain_id, ChainSaleRound)
            ),
        )

    def _raised(self, session: Session, moment: Moment) -> tuple[dict[int, dict[int, int]], dict[int, int]]:
        """What was paid in each round, by payment; and what of it is final."""
        of = ChainSalePurchase
        final_micros = case((of.block_number <= moment.final, of.micros), else_=0)
        query = select(of.round, of.payment, func.sum(of.micros), func.sum(final_micros))
        query = query.where(of.chain_id == self._chain_id).group_by(of.round, of.payment)
        raised: defaultdict[int, dict[int, int]] = defaultdict(dict)
        final: defaultdict[int, int] = defaultdict(int)
        for number, payment, micros, final_part in session.execute(query):
            raised[number][payment] = int(micros)
            final[number] += int(final_part)
        return raised, final

    def _read_wallet(self, session: Session, sale: Sale, owner: bytes) -> WalletSale:
        purchases = tuple(
            Purchase(
                row.round,
                row.payment,
                row.micros,
                row.tokens,
                row.referrer,
                row.transaction_hash,
                row.timestamp_s,
                row.block_number <= sale.moment.final,
            )
            for row in newest_of(session, self._chain_id, ChainSalePurchase, PURCHASES_MAX, buyer=owner)
        )
        bought, pending = self._bought(session, sale.moment.final, owner)
        refunded = _by_round(rows_of(session, self._chain_id, ChainSalePayout, event="Refunded", recipient=owner))
        referred = self._referred(session, sale, owner)
        referral_paid = _by_round(
            rows_of(session, self._chain_id, ChainSalePayout, event="ReferralPaid", recipient=owner)
        )
        rounds = []
        left = sale.wallet_cap
        for one in sale.rounds:
            number, terms = one.terms.number, one.terms
            missed = terms.missed(one.raised, sale.moment.timestamp_s)
            paid = bought[number] - refunded[number]
            limit = min(terms.wallet_cap, left)
            earned = referred[number]
            rounds.append(
                WalletRound(
                    round=number,
                    paid=paid,
                    paid_pending=pending[number],
                    allocation=0 if missed else terms.tokens_for(paid),
                    remaining=max(0, min(limit - paid, terms.hard_cap - one.raised)),
                    refundable=paid if one.state == RoundState.FAILED else 0,
                    refunded=refunded[number],
                    referral=earned,
                    referral_claimable=(earned - referral_paid[number]) * (one.state == RoundState.SUCCEEDED),
                )
            )
            if not missed:
                left = max(0, left - paid)
        revoked = tuple(
            row.nonce
            for row in rows_of(session, self._chain_id, ChainSaleVoucher, event="VoucherRevoked", account=owner)
        )
        return WalletSale(sale.moment, tuple(rounds), purchases, revoked)

    def _bought(self, session: Session, final: int, owner: bytes) -> tuple[Counter[int], Counter[int]]:
        """Micros that a wallet ever paid, by round; and what of them is not final."""
        of = ChainSalePurchase
        chosen = (session, self._chain_id, of.round, of.micros, of.buyer == owner)
        return summed(*chosen), summed(*chosen, of.block_number > final)

    def _referred(self, session: Session, sale: Sale, owner: bytes) -> defaultdict[int, int]:
        """What the wallet has earned as referrer in each round: of each purchase by itself, rounded down."""
        bps = {one.terms.number: one.terms.referral_bps for one in sale.rounds}
        earned: defaultdict[int, int] = defaultdict(int)
        if owner != NOBODY:
            of = ChainSalePurchase
            query = select(of.round, of.micros).where(of_chain(self._chain_id, of.chain_id), of.referrer == owner)
            for number, micros in session.execute(query):
                earned[number] += micros * bps[number] // BPS
        return earned


def _round(
    row: ChainSaleRound, now_s: int, by_payment: Mapping[int, int], raised_final: int, outcome: Outcome | None
) -> Round:
    terms = RoundTerms(
        number=row.round,
        price=row.price,
        start_s=row.start_s,
        end_s=row.end_s,
        tokens=row.tokens,
        soft_cap=row.soft_cap,
        min_purchase=row.min_purchase,
        wallet_cap=row.wallet_cap,
        referral_bps=row.referral_bps,
        burns_unsold=row.unsold == 0,
        needs_voucher=bool(row.needs_voucher),
    )
    raised = sum(by_payment.values())
    succeeded = None if outcome is None else outcome.succeeded
    sold = terms.tokens_for(raised) if outcome is None else outcome.sold
    state = terms.state(raised, now_s, succeeded=succeeded)
    return Round(terms, state, raised, raised_final, dict(by_payment), sold, outcome)


def _by_round(rows: Iterable[ChainSalePayout]) -> defaultdict[int, int]:
    paid: defaultdict[int, int] = defaultdict(int)
    for row in rows:
        paid[row.round] += row.micros
    return paid

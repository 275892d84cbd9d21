"""The sale as the tables tell it: states, caps, refunds and referrals, what is pending, and wallets."""

from typing import Any

import pytest
from sqlalchemy import Engine

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
from offchain.presale.service import NOBODY, PURCHASES_MAX, SaleService, WalletRound
from offchain.presale.terms import QTRA_UNIT, RoundState
from tests.support.chain_rows import CHAIN_ID, ChainRows, time_of

ALICE, BOB, CAROL = (bytes([number]) * 20 for number in (0xA1, 0xB0, 0xC0))
DOLLAR = 10**6
TOKENS = 1_000 * QTRA_UNIT


def terms(number: int, start: int, end: int, **others: Any) -> ChainSaleRound:
    """A round of 1,000 QTRA at 3 dollars each, from one block to another."""
    values = {
        "price": 3 * DOLLAR,
        "tokens": TOKENS,
        "soft_cap": 0,
        "min_purchase": DOLLAR,
        "wallet_cap": 2_000 * DOLLAR,
        "referral_bps": 333,
        "unsold": 0,
        "needs_voucher": 0,
    } | others
    return ChainSaleRound(round=number, start_s=time_of(start), end_s=time_of(end), **values)


def bought(buyer: bytes, number: int, micros: int, referrer: bytes = NOBODY) -> ChainSalePurchase:
    return ChainSalePurchase(round=number, buyer=buyer, payment=0, micros=micros, tokens=0, referrer=referrer)


def paid_out(event: str, recipient: bytes, number: int, micros: int) -> ChainSalePayout:
    return ChainSalePayout(event=event, round=number, payment=0, recipient=recipient, micros=micros)


@pytest.fixture
def chain(database: Engine) -> ChainRows:
    """Two rounds: blocks 10 to 19, and 20 to 29 with a soft cap."""
    rows = ChainRows(database)
    rows.add(
        1,
        ChainSalePayment(payment=0, token=b"\x02" * 20, decimals=6),
        ChainSaleShare(treasury=CAROL, bps=10_000),
        terms(0, 10, 20),
        terms(1, 20, 30, soft_cap=1_500 * DOLLAR, price=4 * DOLLAR),
        ChainSale(wallet_cap=2_500 * DOLLAR, tokens=2 * TOKENS),
        ChainSaleVoucher(event="VoucherSignerSet", account=CAROL, nonce=0),
    )
    rows.head(1, final=0)
    return rows


@pytest.fixture
def service(database: Engine) -> SaleService:
    return SaleService(database, CHAIN_ID)


def states(service: SaleService) -> list[RoundState]:
    sale = service.sale()
    assert sale is not None
    return [one.state for one in sale.rounds]


def wallet_round(service: SaleService, owner: bytes, number: int) -> WalletRound:
    wallet = service.wallet(owner)
    assert wallet is not None
    return wallet.rounds[number]


def test_there_is_nothing_before_a_sale_is_configured(database: Engine, service: SaleService) -> None:
    assert (service.sale(), service.wallet(ALICE)) == (None, None)
    ChainRows(database).head(5, final=3)
    assert (service.sale(), service.wallet(ALICE)) == (None, None)


def test_rounds_open_and_end_with_the_chains_time(chain: ChainRows, service: SaleService) -> None:
    found = []
    for block in (9, 10, 19, 20, 29, 30):
        chain.head(block, final=0)
        found.append(states(service))
    up, is_open, ended = RoundState.UPCOMING, RoundState.OPEN, RoundState.ENDED
    assert found == [[up, up], [is_open, up], [is_open, up], [ended, is_open], [ended, is_open], [ended, ended]]


def test_a_round_that_is_sold_out_has_ended(chain: ChainRows, service: SaleService) -> None:
    chain.add(11, bought(ALICE, 0, 2_000 * DOLLAR), bought(BOB, 0, 1_000 * DOLLAR - 1))
    chain.head(11, final=10)
    assert states(service)[0] == RoundState.OPEN
    chain.add(12, bought(BOB, 0, 1))
    chain.head(12, final=10)
    assert states(service)[0] == RoundState.ENDED
    sale = service.sale()
    assert sale is not None
    assert (sale.rounds[0].raised, sale.rounds[0].sold) == (3_000 * DOLLAR, TOKENS)


def test_what_is_not_final_is_pending(chain: ChainRows, service: SaleService) -> None:
    chain.add(11, bought(ALICE, 0, 100))
    chain.add(12, bought(ALICE, 0, 20), bought(BOB, 0, 3))
    chain.head(12, final=11)
    sale, wallet = service.sale(), service.wallet(ALICE)
    assert sale is not None
    assert wallet is not None
    assert (sale.rounds[0].raised, sale.rounds[0].raised_final, sale.rounds[0].raised_by_payment) == (
        123,
        100,
        {0: 123},
    )
    assert [(one.micros, one.is_final) for one in wallet.purchases] == [(20, False), (100, True)]
    assert (wallet.rounds[0].paid, wallet.rounds[0].paid_pending) == (120, 20)
    chain.head(13, final=12)
    assert wallet_round(service, ALICE, 0).paid_pending == 0


def test_of_many_purchases_the_newest_are_told_and_all_are_counted(chain: ChainRows, service: SaleService) -> None:
    chain.add(11, *(bought(ALICE, 0, micros) for micros in range(1, PURCHASES_MAX + 3)))
    wallet = service.wallet(ALICE)
    assert wallet is not None
    assert [one.micros for one in wallet.purchases] == list(range(PURCHASES_MAX + 2, 2, -1))
    assert wallet.rounds[0].paid == sum(range(1, PURCHASES_MAX + 3))


def test_an_allocation_is_rounded_down_once(chain: ChainRows, service: SaleService) -> None:
    chain.add(11, bought(ALICE, 0, 1), bought(ALICE, 0, 1), bought(BOB, 0, 2))
    chain.head(11, final=11)
    assert wallet_round(service, ALICE, 0).allocation == wallet_round(service, BOB, 0).allocation == 666_666_666_666


def test_caps_of_wallet_round_and_sale_bind_together(chain: ChainRows, service: SaleService) -> None:
    chain.head(11, final=1)
    assert wallet_round(service, ALICE, 0).remaining == 2_000 * DOLLAR, "the wallet's in the round"
    chain.add(12, bought(ALICE, 0, 1_900 * DOLLAR))
    chain.head(12, final=1)
    assert wallet_round(service, ALICE, 0).remaining == 100 * DOLLAR
    assert wallet_round(service, ALICE, 1).remaining == 600 * DOLLAR, "the sale's"
    assert wallet_round(service, BOB, 0).remaining == 1_100 * DOLLAR, "the round's"
    chain.add(13, bought(BOB, 0, 1_100 * DOLLAR))
    chain.head(13, final=1)
    assert wallet_round(service, ALICE, 0).remaining == 0


def test_a_failed_round_is_paid_back_and_does_not_count(chain: ChainRows, service: SaleService) -> None:
    chain.add(3, terms(2, 40, 50))
    chain.add(21, bought(ALICE, 1, 1_000 * DOLLAR))
    chain.head(29, final=20)
    before = wallet_round(service, ALICE, 1)
    assert (before.allocation, before.refundable) == (250 * QTRA_UNIT, 0)
    assert wallet_round(service, ALICE, 2).remaining == 1_500 * DOLLAR
    chain.head(30, final=20)
    missed = wallet_round(service, ALICE, 1)
    assert (missed.allocation, missed.refundable) == (0, 0), "not finalised yet"
    chain.add(31, ChainSaleOutcome(round=1, succeeded=0, raised=1_000 * DOLLAR, sold=0, unsold=TOKENS))
    chain.head(31, final=20)
    assert states(service)[1] == RoundState.FAILED
    assert wallet_round(service, ALICE, 1).refundable == 1_000 * DOLLAR
    assert wallet_round(service, ALICE, 2).remaining == 2_000 * DOLLAR
    chain.add(32, paid_out("Refunded", ALICE, 1, 1_000 * DOLLAR))
    chain.head(32, final=20)
    after = wallet_round(service, ALICE, 1)
    assert (after.paid, after.refundable, after.refunded) == (0, 0, 1_000 * DOLLAR)


def test_referrals_are_rounded_down_each_and_paid_after_a_success_only(chain: ChainRows, service: SaleService) -> None:
    chain.add(11, bought(ALICE, 0, 100, CAROL), bought(BOB, 0, 100, CAROL), bought(BOB, 0, 29, CAROL))
    chain.head(11, final=1)
    assert wallet_round(service, CAROL, 0).referral == 3 + 3 + 0
    assert wallet_round(service, CAROL, 0).referral_claimable == 0
    chain.add(20, ChainSaleOutcome(round=0, succeeded=1, raised=229, sold=76, unsold=5))
    chain.head(20, final=1)
    assert wallet_round(service, CAROL, 0).referral_claimable == 6
    chain.add(21, paid_out("ReferralPaid", CAROL, 0, 6), paid_out("ProceedsPaid", CAROL, 0, 223))
    chain.head(21, final=1)
    after = wallet_round(service, CAROL, 0)
    assert (after.referral, after.referral_claimable, after.refunded) == (6, 0, 0)
    sale = service.sale()
    assert sale is not None
    assert (sale.rounds[0].sold, sale.rounds[0].state) == (76, RoundState.SUCCEEDED)
    assert wallet_round(service, NOBODY, 0).referral == 0, "purchases without a referrer are nobody's"


def test_the_last_signer_counts_and_revoked_vouchers_are_told(chain: ChainRows, service: SaleService) -> None:
    chain.add(
        2,
        ChainSaleVoucher(event="VoucherSignerSet", account=BOB, nonce=0),
        ChainSaleVoucher(event="VoucherRevoked", account=ALICE, nonce=2**63 + 1),
    )
    chain.head(2, final=1)
    sale, wallet = service.sale(), service.wallet(ALICE)
    assert sale is not None
    assert wallet is not None
    assert (sale.voucher_signer, wallet.revoked_vouchers) == (BOB, (2**63 + 1,))


def test_another_branch_of_the_same_height_is_another_answer(chain: ChainRows, service: SaleService) -> None:
    chain.head(12, final=11)
    assert wallet_round(service, ALICE, 0).paid == 0
    chain.add(12, bought(ALICE, 0, 5))
    chain.head(12, final=11, branch=1)
    sale = service.sale()
    assert sale is not None
    assert sale.rounds[0].raised == 5

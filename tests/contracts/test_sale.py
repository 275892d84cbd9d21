"""The sale as buyers use it: vouchers and permits as wallets sign them, refunds, and tokens that go on to vesting."""

import ape
import pytest
from eth_account import Account
from presale import DAY, DOLLAR, FAR, NO_VOUCHER, NOBODY, PRIVATE, PUBLIC, TOKEN, deploy_presale, typed

UPCOMING, OPEN, ENDED, SUCCEEDED, FAILED = range(5)


@pytest.fixture(scope="session")
def presale(project, accounts, chain):
    return deploy_presale(project, accounts, chain)


def test_a_buyer_pays_in_any_dollar_by_a_voucher(presale):
    sale, buyer = presale.sale, presale.buyers[0]
    presale.at(0)
    receipt = presale.buy(buyer, 100 * DOLLAR)
    (bought,) = [log.event_arguments for log in receipt.events if log.event_name == "Purchased"]
    assert (bought["micros"], bought["tokens"], bought["buyer"]) == (100 * DOLLAR, 5_000 * TOKEN, buyer)
    presale.buy(buyer, 200 * DOLLAR, payment=1)
    assert [dollar.balanceOf(sale) for dollar in presale.dollars] == [100 * 10**6, 200 * 10**18]
    assert sale.paidOf(buyer, PRIVATE) == 300 * DOLLAR
    assert sale.allocationOf(buyer, PRIVATE) == 15_000 * TOKEN
    assert sale.remainingOf(buyer, PRIVATE) == 8_700 * DOLLAR


def test_a_voucher_once_shown_is_remembered(presale):
    buyer = presale.buyers[0]
    presale.at(0)
    with ape.reverts(presale.sale.SaleVoucherNeeded):
        presale.sale.buy(presale.purchase(100 * DOLLAR), NO_VOUCHER, b"", sender=buyer)
    presale.buy(buyer, 100 * DOLLAR)
    presale.sale.buy(presale.purchase(100 * DOLLAR), NO_VOUCHER, b"", sender=buyer)
    presale.sale.revokeVoucher(buyer, 1, sender=presale.admin)
    with ape.reverts(presale.sale.SaleVoucherNeeded):
        presale.sale.buy(presale.purchase(100 * DOLLAR), NO_VOUCHER, b"", sender=buyer)
    with ape.reverts(presale.sale.SaleVoucherWasRevoked):
        presale.buy(buyer, 100 * DOLLAR)


@pytest.mark.parametrize("elsewhere", ["chain", "contract", "buyer", "key"])
def test_a_voucher_of_elsewhere_is_refused(presale, elsewhere):
    buyer, other = presale.buyers[:2]
    presale.at(0)
    voucher = presale.voucher(other if elsewhere == "buyer" else buyer)
    signature = presale.sign(
        voucher,
        chain_id=8453 if elsewhere == "chain" else 0,
        contract=presale.vesting.address if elsewhere == "contract" else "",
        **({"key": Account.from_key(b"\x01" * 32)} if elsewhere == "key" else {}),
    )
    error = "SaleVoucherOfAnother" if elsewhere == "buyer" else "SaleBadVoucher"
    with ape.reverts(getattr(presale.sale, error)):
        presale.sale.buy(presale.purchase(100 * DOLLAR), voucher, signature, sender=buyer)


@pytest.mark.parametrize("used_before", [False, True])
def test_a_permit_pays_even_if_somebody_has_used_it(presale, used_before):
    sale, (buyer, stranger) = presale.sale, presale.buyers[:2]
    dollar = presale.dollars[1]
    dollar.approve(sale, 0, sender=buyer)
    presale.at(DAY)
    value = 50 * 10**18
    fields = "address owner,address spender,uint256 value,uint256 nonce,uint256 deadline"
    values = (buyer.address, sale.address, value, dollar.nonces(buyer), FAR)
    message = dict(zip(("owner", "spender", "value", "nonce", "deadline"), values, strict=True))
    document = typed(dollar.address, presale.chain_id, dollar.name(), "Permit", fields, message)
    signed = Account.from_key(buyer.private_key).sign_message(document)
    permit = (value, FAR, signed.v, signed.r.to_bytes(32, "big"), signed.s.to_bytes(32, "big"))
    if used_before:
        dollar.permit(buyer, sale, *permit, sender=stranger)
    purchase = presale.purchase(50 * DOLLAR, PUBLIC, 1)
    sale.buyWithPermit(purchase, NO_VOUCHER, b"", permit, sender=buyer)
    assert (sale.paidOf(buyer, PUBLIC), dollar.allowance(buyer, sale)) == (50 * DOLLAR, 0)


@pytest.mark.parametrize(
    ("round_", "micros", "terms", "error"),
    [
        (PRIVATE, 9_000 * DOLLAR + 1, {}, "SaleWalletCapExceeded"),
        (PUBLIC, 2_000 * DOLLAR + 1, {}, "SaleWalletCapExceeded"),
        (PRIVATE, 10 * DOLLAR - 1, {}, "SaleBelowMinimum"),
        (PRIVATE, 0, {}, "SaleBelowMinimum"),
        (PRIVATE, 100 * DOLLAR, {"minimum": 5_000 * TOKEN + 1}, "SaleTooFewTokens"),
        (PRIVATE, 100 * DOLLAR, {"deadline": 1}, "SaleDeadlinePassed"),
        (PRIVATE, 100 * DOLLAR, {"payment": 2}, "SaleUnknownPayment"),
        (7, 100 * DOLLAR, {}, "SaleUnknownRound"),
    ],
)
def test_what_is_refused_has_a_name(presale, round_, micros, terms, error):
    presale.at(DAY if round_ == PUBLIC else 0)
    with ape.reverts(getattr(presale.sale, error)):
        presale.buy(presale.buyers[0], micros, round_, **terms)


def test_nobody_refers_oneself(presale):
    buyer = presale.buyers[0]
    presale.at(0)
    with ape.reverts(presale.sale.SaleSelfReferral):
        presale.buy(buyer, 100 * DOLLAR, referrer=buyer.address)


def test_the_first_and_the_last_second(presale, chain):
    sale, buyer = presale.sale, presale.buyers[0]
    # A call of the node before it is sent looks at the pending block, so the state is told by the contract.
    presale.at(-2)
    assert sale.stateOf(PRIVATE) == UPCOMING
    presale.at(0)
    assert sale.stateOf(PRIVATE) == OPEN
    presale.at(DAY)
    assert (sale.stateOf(PRIVATE), sale.stateOf(PUBLIC)) == (ENDED, OPEN)
    with ape.reverts(sale.SaleNotOpen):
        presale.buy(buyer, 100 * DOLLAR)


def test_the_last_purchase_is_what_is_left(presale):
    presale.at(DAY)
    for buyer, micros in zip(presale.buyers, (2_000, 999, 500), strict=False):
        presale.buy(buyer, micros * DOLLAR, PUBLIC)
    assert presale.sale.raisedOf(PUBLIC) == 3_000 * DOLLAR
    assert presale.sale.paidOf(presale.buyers[2], PUBLIC) == 1 * DOLLAR
    assert presale.dollars[0].balanceOf(presale.buyers[2]) == 999_999 * 10**6
    with ape.reverts(presale.sale.SaleSoldOut):
        presale.buy(presale.buyers[3], DOLLAR, PUBLIC)
    presale.sale.finalise(PUBLIC, sender=presale.buyers[3])
    assert presale.sale.stateOf(PUBLIC) == SUCCEEDED


def test_a_failed_round_pays_back_who_asks(presale):
    sale, (first, second) = presale.sale, presale.buyers[:2]
    presale.at(0)
    presale.buy(first, 100 * DOLLAR)
    presale.buy(first, 50 * DOLLAR, payment=1)
    presale.buy(second, 70 * DOLLAR)
    presale.at(DAY)
    with ape.reverts(sale.SaleNotFailed):
        sale.refund(PRIVATE, sender=first)
    sale.finalise(PRIVATE, sender=second)
    assert (sale.stateOf(PRIVATE), sale.allocationOf(first, PRIVATE)) == (FAILED, 0)
    sale.refund(PRIVATE, sender=first)
    with ape.reverts(sale.SaleNothingToPay):
        sale.refund(PRIVATE, sender=first)
    assert [dollar.balanceOf(first) for dollar in presale.dollars] == [10**12, 10**24]
    assert presale.dollars[0].balanceOf(sale) == 70 * 10**6
    # The tokens of the round are burned, as its policy says.
    assert presale.qtra.totalSupply() == 10**27 - 10**6 * TOKEN


def test_a_success_pays_treasuries_referrers_and_vesting(presale):
    sale, (first, second, referrer) = presale.sale, presale.buyers[:3]
    presale.at(0)
    presale.buy(first, 9_000 * DOLLAR, referrer=referrer.address)
    presale.buy(second, 3_000 * DOLLAR)
    with ape.reverts(sale.SaleNotEnded):
        sale.finalise(PRIVATE, sender=first)
    presale.at(DAY)
    sale.finalise(PRIVATE, sender=first)
    held = [presale.dollars[0].balanceOf(account) for account in (presale.treasury, presale.foundation, sale)]
    # 12,000 less 5 % of 9,000.
    assert held == [11_550 * 750_000, 11_550 * 250_000, 450 * 10**6]
    assert presale.vesting.fundedOf(PRIVATE) == 600_000 * TOKEN
    sale.claimReferral(PRIVATE, sender=referrer)
    assert presale.dollars[0].balanceOf(referrer) == 1_000_450 * 10**6
    with ape.reverts(sale.SaleFinalisedAlready):
        sale.finalise(PRIVATE, sender=first)


def test_a_sale_is_configured_once_and_by_its_role(presale):
    arguments = ([], [], [], 1, NOBODY)
    with ape.reverts(presale.sale.SaleConfiguredAlready):
        presale.sale.configure(*arguments, sender=presale.admin)
    stranger = presale.buyers[0]
    restricted = {
        "configure": arguments,
        "setVoucherSigner": (stranger,),
        "revokeVoucherSigner": (),
        "revokeVoucher": (stranger, 1),
    }
    for function, given in restricted.items():
        with ape.reverts(presale.sale.AccessManagedUnauthorized, caller=stranger.address):
            getattr(presale.sale, function)(*given, sender=stranger)

"""The sale: rounds one after the other, what wallets pay in them, and where it goes when a round ends."""

import random
from typing import Any, Final

from tests.indexer.economy.books import BPS, DOLLARS, TREASURY, Books, Deed, part, require, somebody
from tests.indexer.economy.token import move
from tests.indexer.economy.vesting import fund
from tests.indexer.simulated_events import NOBODY

NAME: Final = "SaleManager"
_QTRA: Final = 10**18
_SUCCEEDED, _FAILED = 3, 4
"""As `RoundState` has them."""


def _configure(books: Books, rng: random.Random) -> None:
    sale = books.at(NAME)
    require(not books.get(NAME, "rounds"))
    wallet_cap, bps = 10**12, rng.randrange(1, BPS)
    shares = ((TREASURY, bps), (somebody(rng), BPS - bps))
    books.put(shares, NAME, "shares")
    for treasury, share in shares:
        books.tell(NAME, "ShareConfigured", treasury=treasury, bps=share)
    for payment in range(rng.randrange(1, 3)):
        books.add(1, NAME, "payments")
        books.put(DOLLARS[payment], NAME, "payment", payment)
        books.tell(NAME, "PaymentListed", payment=payment, token=DOLLARS[payment], decimals=rng.choice((6, 18)))
    end_s, tokens = books.now_s, 0
    for number in range(rng.randrange(1, 4)):
        start_s, price = end_s + rng.randrange(4), rng.randrange(1, 10**6)
        end_s = start_s + rng.randrange(4, 20)
        cap = rng.randrange(10**6, 10**24)
        hard_cap = cap * price // _QTRA
        soft_cap = rng.choice((0, 0, hard_cap // 50, hard_cap))
        terms = (price, start_s, end_s, cap, soft_cap, 1, wallet_cap, rng.randrange(2_001), rng.randrange(2), False)
        books.put(terms, NAME, "terms", number)
        books.add(1, NAME, "rounds")
        books.tell(NAME, "RoundConfigured", round=number, terms=terms)
        tokens += cap
    books.put(wallet_cap, NAME, "walletCap")
    books.put(NOBODY, NAME, "signer")
    books.tell(NAME, "SaleConfigured", walletCap=wallet_cap, tokens=tokens)
    books.tell(NAME, "VoucherSignerSet", signer=NOBODY)
    move(books, TREASURY, sale, tokens)


def _buy(books: Books, rng: random.Random) -> None:
    books.at(NAME)
    running = [number for number in range(books.get(NAME, "rounds")) if _is_open(books, number)]
    require(running)
    number, buyer, payment = running[0], somebody(rng), rng.randrange(books.get(NAME, "payments"))
    price, *_, bps, _, _ = books.get(NAME, "terms", number)
    micros = part(rng, _hard_cap(books, number) - raised(books, number))
    books.add(micros, NAME, "raised", number, payment)
    books.add(micros, NAME, "paid", buyer, number, payment)
    referrer = rng.choice((NOBODY, NOBODY, somebody(rng)))
    if referrer not in (NOBODY, buyer):
        books.add(micros * bps // BPS, NAME, "referral", referrer, number, payment)
        books.add(micros * bps // BPS, NAME, "referrals", number, payment)
    tokens = paid(books, buyer, number) * _QTRA // price
    told: dict[str, Any] = {"round": number, "buyer": buyer, "payment": payment, "micros": micros}
    books.tell(NAME, "Purchased", **told, tokens=tokens, referrer=NOBODY if referrer == buyer else referrer)


def _finalise(books: Books, rng: random.Random) -> None:
    sale = books.at(NAME)
    ended = [
        number
        for number in range(books.get(NAME, "rounds"))
        if not books.get(NAME, "outcome", number) and books.now_s >= books.get(NAME, "terms", number)[2]
    ]
    require(ended)
    number = rng.choice(ended)
    price, _, _, cap, soft_cap, *_, unsold_goes, _ = books.get(NAME, "terms", number)
    total = raised(books, number)
    succeeded = total >= soft_cap
    sold = total * _QTRA // price if succeeded else 0
    books.put(_SUCCEEDED if succeeded else _FAILED, NAME, "outcome", number)
    outcome: dict[str, Any] = {"succeeded": succeeded, "raised": total, "sold": sold, "unsold": cap - sold}
    books.tell(NAME, "RoundFinalised", round=number, **outcome)
    if cap - sold:
        move(books, sale, TREASURY if unsold_goes else NOBODY, cap - sold)
    if sold:
        fund(books, number, sale, sold)
    for payment in range(books.get(NAME, "payments") if succeeded else 0):
        left = books.get(NAME, "raised", number, payment) - books.get(NAME, "referrals", number, payment)
        if left:
            told = {"round": number, "payment": payment, "treasury": TREASURY, "micros": left}
            books.tell(NAME, "ProceedsPaid", **told)


def _pay_back(books: Books, rng: random.Random) -> None:
    """Refunds of rounds that failed, and referrals of those that did not."""
    books.at(NAME)
    person = somebody(rng)
    for number in range(books.get(NAME, "rounds")):
        for payment in range(books.get(NAME, "payments")):
            told: dict[str, Any] = {"round": number, "payment": payment}
            owed = books.get(NAME, "paid", person, number, payment)
            if owed and books.get(NAME, "outcome", number) == _FAILED:
                books.put(0, NAME, "paid", person, number, payment)
                books.tell(NAME, "Refunded", **told, buyer=person, micros=owed)
            earned = books.get(NAME, "referral", person, number, payment)
            if earned and books.get(NAME, "outcome", number) == _SUCCEEDED:
                books.put(0, NAME, "referral", person, number, payment)
                books.tell(NAME, "ReferralPaid", **told, referrer=person, micros=earned)


def _vouch(books: Books, rng: random.Random) -> None:
    books.at(NAME)
    require(books.get(NAME, "rounds"))
    if rng.random() < 0.5:
        signer = rng.choice((NOBODY, somebody(rng)))
        books.put(signer, NAME, "signer")
        books.tell(NAME, "VoucherSignerSet", signer=signer)
    else:
        buyer, nonce = somebody(rng), rng.randrange(2**64)
        books.put(True, NAME, "revoked", buyer, nonce)
        books.tell(NAME, "VoucherRevoked", buyer=buyer, nonce=nonce)


def raised(books: Books, number: int) -> int:
    """What a round has raised, in micros."""
    return sum(books.get(NAME, "raised", number, payment) for payment in range(books.get(NAME, "payments")))


def paid(books: Books, wallet: bytes, number: int) -> int:
    """What a wallet has paid in a round and was not paid back, in micros."""
    return sum(books.get(NAME, "paid", wallet, number, payment) for payment in range(books.get(NAME, "payments")))


def _hard_cap(books: Books, number: int) -> int:
    price, _, _, cap, *_ = books.get(NAME, "terms", number)
    value: int = cap * price // _QTRA
    return value


def _is_open(books: Books, number: int) -> bool:
    _, start_s, end_s, *_ = books.get(NAME, "terms", number)
    return bool(start_s <= books.now_s < end_s and not books.get(NAME, "outcome", number))


def _allocation(books: Books, wallet: bytes, number: int) -> int:
    price, _, end_s, _, soft_cap, *_ = books.get(NAME, "terms", number)
    missed = books.now_s >= end_s and raised(books, number) < soft_cap
    return 0 if missed else paid(books, wallet, number) * _QTRA // price


DEEDS: Final[tuple[Deed, ...]] = (_configure, *[_buy] * 4, *[_finalise] * 3, *[_pay_back] * 3, _vouch)
VIEWS: Final = {
    (NAME, "roundCount"): lambda books: books.get(NAME, "rounds"),
    (NAME, "roundOf"): lambda books, number: books.get(NAME, "terms", number),
    (NAME, "walletCap"): lambda books: books.get(NAME, "walletCap"),
    (NAME, "voucherSigner"): lambda books: books.get(NAME, "signer"),
    (NAME, "voucherRevoked"): lambda books, buyer, nonce: bool(books.get(NAME, "revoked", buyer, nonce)),
    (NAME, "payments"): lambda books: tuple("0x" + token.hex() for token in DOLLARS[: books.get(NAME, "payments")]),
    (NAME, "shares"): lambda books: tuple(("0x" + one.hex(), bps) for one, bps in books.get(NAME, "shares") or ()),
    (NAME, "paidOf"): paid,
    (NAME, "raisedOf"): raised,
    (NAME, "raisedIn"): lambda books, number, payment: books.get(NAME, "raised", number, payment),
    (NAME, "referralOf"): lambda books, one, number, payment: books.get(NAME, "referral", one, number, payment),
    (NAME, "allocationOf"): _allocation,
    (NAME, "stateOf"): lambda books, number: books.get(NAME, "outcome", number),
}

"""The sale worked out from its logs alone, and what is not as the sale told it is never published."""

import pytest

from offchain.chain.bindings import Log
from offchain.core.errors import StateDiverged
from offchain.deployer.pools import bought
from offchain.deployer.sale_ledger import SaleLedger

ONE, TWO = b"\1" * 20, b"\2" * 20
PRICE = 30_000
TERMS = (PRICE, 0, 1, 10**27, 0, 1, 10**12, 0, 0, False)


def purchase(buyer: bytes, micros: int, tokens: int, payment: int = 0, sale_round: int = 0) -> Log:
    fields = {"round": sale_round, "buyer": buyer, "payment": payment, "micros": micros, "tokens": tokens}
    return Log("Purchased", fields)


def finalised(sold: int, *, succeeded: bool = True) -> Log:
    return Log("RoundFinalised", {"round": 0, "succeeded": succeeded, "raised": 0, "sold": sold, "unsold": 0})


def worth(micros: int) -> int:
    return micros * 10**18 // PRICE


CONFIGURED = Log("RoundConfigured", {"round": 0, "terms": TERMS})
TWICE = [purchase(ONE, 10, worth(10)), purchase(TWO, 7, worth(7)), purchase(ONE, 20, worth(30), payment=1)]


def test_an_allocation_is_rounded_down_once_however_often_was_bought() -> None:
    ledger = SaleLedger.of([CONFIGURED, *TWICE])
    assert ledger.allocations(0) == {ONE: worth(30), TWO: worth(7)}
    assert worth(30) > worth(10) + worth(20)


def test_an_allocation_that_the_sale_tells_otherwise_is_not_published() -> None:
    ledger = SaleLedger.of([CONFIGURED, *TWICE, purchase(ONE, 1, worth(31) + 1)])
    with pytest.raises(StateDiverged, match="paid for"):
        ledger.allocations(0)


def test_what_rounding_leaves_of_the_sold_tokens_is_less_than_a_unit_a_buyer() -> None:
    total = worth(30) + worth(7)
    for left in (0, 1):
        ledger = SaleLedger.of([CONFIGURED, *TWICE, finalised(total + left)])
        assert bought(ledger, 0) == {ONE: worth(30), TWO: worth(7)}
    for left in (-1, 2):
        ledger = SaleLedger.of([CONFIGURED, *TWICE, finalised(total + left)])
        with pytest.raises(StateDiverged, match="add up to"):
            bought(ledger, 0)


def test_a_failed_round_has_no_pool() -> None:
    ledger = SaleLedger.of([CONFIGURED, *TWICE, finalised(worth(37), succeeded=False)])
    with pytest.raises(StateDiverged):
        bought(ledger, 0)


def test_the_sale_owes_what_came_in_less_what_went_out_by_payment_token() -> None:
    out = [
        Log("Refunded", {"round": 0, "payment": 0, "micros": 3}),
        Log("ProceedsPaid", {"round": 0, "payment": 0, "micros": 4}),
        Log("ReferralPaid", {"round": 0, "payment": 1, "micros": 2}),
    ]
    ledger = SaleLedger.of([CONFIGURED, *TWICE, *out])
    assert (ledger.owed(0), ledger.owed(1), ledger.owed(2)) == (10, 18, 0)

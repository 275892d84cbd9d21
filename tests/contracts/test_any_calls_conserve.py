"""Any sequence of calls by owners, at any times, does to the vault what it does to a book of plain numbers."""

from dataclasses import dataclass, field

import pytest
from ape.exceptions import ContractLogicError
from holding import Holding
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from venue import BTC, BTC_USDC, HOUR, QTRA, QTRA_USDC, USDC

DAY = 24 * HOUR
CANCEL_DELAY = 600
ACCOUNTS = [(USDC, 0), (QTRA, 0), (USDC, QTRA_USDC), (QTRA, QTRA_USDC), (USDC, BTC_USDC), (BTC, BTC_USDC)]
WALLETS = 2
FUNDS = 10**15

calls = st.tuples(
    st.integers(0, WALLETS - 1),
    st.sampled_from(ACCOUNTS),
    st.one_of(
        st.tuples(st.just("fund"), st.sampled_from([1, 7, 1_000])),
        st.tuples(st.just("withdraw"), st.sampled_from([0, 1, 5, 2_000])),
        st.tuples(st.sampled_from(["request_exit", "cancel_exit", "exit", "exit"]), st.none()),
        st.tuples(st.sampled_from(["request_cancel", "cancel_now"]), st.integers(1, 4)),
    ),
    st.sampled_from([1, 1, 1, CANCEL_DELAY - 1, CANCEL_DELAY, DAY - 1, DAY]),
)


@dataclass
class Book:
    """One account as its owner would keep it. An exit or a floor has the time from which it counts."""

    units: dict[int, int] = field(default_factory=dict)
    exit_at: int = 0
    floor: int = 0
    requested: tuple[int, int] = (0, 0)

    def due(self, now: int) -> None:
        """Takes over a floor whose time has come."""
        floor, at = self.requested
        if at and now >= at:
            self.floor, self.requested = max(self.floor, floor), (0, 0)

    def take(self, call: str, asset: int, value: int, now: int) -> int | None:
        """Carries out a call; what it pays out, or None if it must fail."""
        self.due(now)
        held = self.units.get(asset, 0)
        match call:
            case "fund":
                self.units[asset] = held + value
            case "withdraw" if value <= held:
                self.units[asset] = held - value
                return value
            case "request_exit" if not self.exit_at:
                self.exit_at = now + DAY
            case "cancel_exit" if self.exit_at:
                self.exit_at = 0
            case "exit" if self.exit_at and now >= self.exit_at:
                self.units[asset] = 0
                if not any(self.units.values()):
                    self.exit_at = 0
                return held
            case "request_cancel" if value > max(self.floor, self.requested[0]):
                self.requested = (value, now + CANCEL_DELAY)
            case "cancel_now" if value > self.floor:
                self.floor = value
            case _:
                return None
        return 0


def carry_out(holding, call, value, nonce):
    """Makes the call; whether it went through."""
    try:
        match call:
            case "withdraw":
                holding.withdraw(*holding.withdrawal(value, nonce))
            case "fund":
                holding.deposit(value)
            case _ if value is None:
                getattr(holding, call)()
            case _:
                getattr(holding, call)(value)
    except ContractLogicError:
        return False
    return True


@pytest.fixture
def owners(venue):
    """The wallets whose accounts are driven."""
    return [Holding(venue, wallet, asset, market) for wallet in range(WALLETS) for asset, market in ACCOUNTS]


@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(calls, min_size=10, max_size=18))
def test_the_vault_and_a_plain_book_agree(venue, chain, owners, steps):
    with chain.isolate():
        books = {}
        for holding in owners:
            key = (holding.wallet, holding.market or -holding.asset)
            book = books.setdefault(key, Book())
            book.units[holding.asset] = 0 if holding.market else FUNDS
        paid = {}
        for nonce, (wallet, (asset, market), (call, value), wait_s) in enumerate(steps):
            holding = Holding(venue, wallet, asset, market)
            book = books[wallet, market or -asset]
            if call == "fund":
                holding.token.mint(holding.owner, value * holding.scale, sender=holding.owner)
                holding.token.approve(venue.vault, value * holding.scale, sender=holding.owner)
            now = chain.blocks.head.timestamp + wait_s
            chain.pending_timestamp = now
            made = carry_out(holding, call, value, nonce)
            now = chain.blocks.head.timestamp if made else now
            out = book.take(call, asset, value or 0, now)
            assert (out is not None) is made, (call, value, now, book)
            paid[wallet, asset] = paid.get((wallet, asset), 0) + (out or 0)
        compare(venue, chain, owners, books, paid)


def compare(venue, chain, owners, books, paid):
    """All accounts against their books, and the vault against all accounts."""
    now = chain.blocks.head.timestamp
    for book in books.values():
        book.due(now)
    totals = {}
    for holding in owners:
        book = books[holding.wallet, holding.market or -holding.asset]
        assert holding.units == book.units[holding.asset]
        account = holding.account()
        assert (account.floor, account.requestedFloor, account.floorEffectiveAt) == (book.floor, *book.requested)
        assert account.exitEffectiveAt == book.exit_at
        totals[holding.asset] = totals.get(holding.asset, 0) + holding.units
    for asset, units in totals.items():
        others = sum(venue.balance(wallet, asset) for wallet in range(WALLETS, len(venue.wallets)))
        if asset == BTC:
            others += sum(venue.balance(wallet, asset) for wallet in range(WALLETS))
        total = units + others + venue.vault.feesOf(asset)
        holding = Holding(venue, 0, asset)
        assert venue.vault.assetOf(asset).total == total
        assert holding.token.balanceOf(venue.vault) == total * holding.scale
    for (wallet, asset), units in paid.items():
        holding = Holding(venue, wallet, asset)
        assert holding.token.balanceOf(holding.owner) == units * holding.scale

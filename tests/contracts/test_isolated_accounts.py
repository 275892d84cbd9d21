"""Isolated accounts: base and quote of one market, apart from everything else that their owner has."""

import ape
import pytest
from holding import FAR, Holding
from venue import BTC, BTC_USDC, DAI, HOUR, QTRA, QTRA_USDC, UNIT_SCALES, USDC

FUNDS = 10**15
UNITS_MAX = 2**56 - 1
SEQ_MAX = 2**42 - 1


@pytest.fixture
def base(venue):
    """1,000 units of the base asset in the isolated account of wallet 0, whose unified account is funded too."""
    holding = Holding(venue, 0, QTRA, QTRA_USDC)
    holding.fund(1_000)
    return holding


@pytest.fixture
def quote(venue, base):
    """2,000 units of the quote asset in the same account."""
    holding = Holding(venue, 0, USDC, QTRA_USDC)
    holding.fund(2_000)
    return holding


def test_a_deposit_is_credited_to_that_account_alone(venue, base, quote):
    receipt = quote.fund(5)
    (log,) = receipt.decode_logs(venue.vault.IsolatedDeposited)
    assert dict(log.event_arguments) == {"owner": base.owner.address, "market": QTRA_USDC, "asset": USDC, "amount": 5}
    assert (base.units, quote.units) == (1_000, 2_005)
    assert venue.balance(0, QTRA) == venue.balance(0, USDC) == FUNDS
    assert Holding(venue, 0, USDC, BTC_USDC).units == Holding(venue, 1, USDC, QTRA_USDC).units == 0
    assert venue.vault.assetOf(USDC).total == 6 * FUNDS + 2_005


def test_one_may_deposit_into_anothers_account(venue, base):
    payer = venue.wallets[1]
    base.token.mint(payer, 7 * base.scale, sender=payer)
    base.token.approve(venue.vault, 7 * base.scale, sender=payer)
    venue.vault.depositIsolatedFor(base.owner, QTRA_USDC, QTRA, 7 * base.scale, sender=payer)
    assert base.units == 1_007
    with ape.reverts(venue.vault.SettlementInvalidOwner):
        venue.vault.depositIsolatedFor("0x" + "00" * 20, QTRA_USDC, QTRA, base.scale, sender=payer)


def test_an_account_takes_the_two_assets_of_its_market_only(venue, quote):
    for asset in (BTC, DAI, 99, 0):
        with ape.reverts(venue.vault.SettlementNotOfMarket, market=QTRA_USDC, asset=asset):
            venue.vault.depositIsolated(QTRA_USDC, asset, UNIT_SCALES[DAI], sender=quote.owner)
    with ape.reverts(venue.vault.SettlementUnknownMarket, market=99):
        venue.vault.depositIsolated(99, USDC, 1, sender=quote.owner)


def test_an_account_holds_56_bits_of_each_asset_and_not_a_unit_more(venue):
    base, quote = (Holding(venue, 0, asset, QTRA_USDC) for asset in (QTRA, USDC))
    base.fund(UNITS_MAX)
    quote.fund(UNITS_MAX)
    for holding in (base, quote):
        with ape.reverts(
            venue.vault.SettlementAccountFull, market=QTRA_USDC, asset=holding.asset, balance=UNITS_MAX, units=1
        ):
            holding.fund(1)
    assert (base.units, quote.units) == (UNITS_MAX, UNITS_MAX)
    assert base.floor == base.account().seq == base.account().filled == 0


def test_an_exit_pays_one_asset_at_a_time_and_ends_when_nothing_is_left(venue, chain, base, quote):
    receipt = base.request_exit()
    effective_at = receipt.timestamp + 24 * HOUR
    (log,) = receipt.decode_logs(venue.vault.IsolatedExitRequested)
    assert dict(log.event_arguments) == {
        "owner": base.owner.address,
        "market": QTRA_USDC,
        "effectiveAt": effective_at,
    }
    assert base.account().exitEffectiveAt == effective_at
    with ape.reverts(venue.vault.SettlementExitPending, effectiveAt=effective_at):
        base.request_exit()
    chain.pending_timestamp = effective_at - 1
    with ape.reverts(venue.vault.SettlementExitTooEarly, effectiveAt=effective_at):
        base.exit()
    chain.pending_timestamp = effective_at + 1
    (log,) = base.exit().decode_logs(venue.vault.IsolatedExited)
    assert (log.asset, log.amount, log.complete) == (QTRA, 1_000, False)
    assert (base.units, quote.units) == (0, 2_000)
    assert base.account().exitEffectiveAt == effective_at
    (log,) = quote.exit().decode_logs(venue.vault.IsolatedExited)
    assert (log.asset, log.amount, log.complete) == (USDC, 2_000, True)
    assert base.account().exitEffectiveAt == 0
    assert base.token.balanceOf(base.owner) == 1_000 * base.scale
    assert quote.token.balanceOf(base.owner) == 2_000
    with ape.reverts(venue.vault.SettlementNoExit):
        base.exit()


def test_the_unified_account_has_an_exit_of_its_own(venue, chain, quote):
    quote.request_exit()
    chain.pending_timestamp += 24 * HOUR
    with ape.reverts(venue.vault.SettlementNoExit):
        venue.vault.exit(USDC, sender=quote.owner)
    with ape.reverts(venue.vault.SettlementNotOfMarket, market=QTRA_USDC, asset=DAI):
        venue.vault.exitIsolated(QTRA_USDC, DAI, sender=quote.owner)
    with ape.reverts(venue.vault.SettlementNoExit):
        venue.vault.exitIsolated(BTC_USDC, USDC, sender=quote.owner)
    quote.exit()
    assert venue.balance(0, USDC) == FUNDS


def test_an_exit_can_be_taken_back(venue, chain, quote):
    quote.request_exit()
    (log,) = quote.cancel_exit().decode_logs(venue.vault.IsolatedExitCancelled)
    assert dict(log.event_arguments) == {"owner": quote.owner.address, "market": QTRA_USDC}
    chain.pending_timestamp += 24 * HOUR
    for call in (quote.exit, quote.cancel_exit):
        with ape.reverts(venue.vault.SettlementNoExit):
            call()
    assert quote.units == 2_000


def test_a_withdrawal_pays_the_owner_once(venue, base):
    arguments = base.withdrawal(250, 7)
    (log,) = base.withdraw(*arguments).decode_logs(venue.vault.IsolatedWithdrawn)
    assert dict(log.event_arguments) == {
        "owner": base.owner.address,
        "market": QTRA_USDC,
        "asset": QTRA,
        "amount": 250,
        "nonce": 7,
    }
    assert base.units == 750
    assert base.token.balanceOf(base.owner) == 250 * base.scale
    with ape.reverts(venue.vault.SettlementNonceUsed, owner=base.owner.address, nonce=7):
        base.withdraw(*arguments)
    unified = Holding(venue, 0, QTRA)
    with ape.reverts(venue.vault.SettlementNonceUsed, owner=base.owner.address, nonce=7):
        unified.withdraw(*unified.withdrawal(1, 7))
    with ape.reverts(venue.vault.SettlementInsufficientBalance, balance=750, amount=751):
        base.withdraw(*base.withdrawal(751, 8))


@pytest.mark.parametrize(
    ("position", "value"),
    [(1, BTC_USDC), (2, USDC), (3, 6), (4, 2), (5, FAR - 1), (6, b"\1" * 65), (6, b"")],
    ids=["market", "asset", "amount", "nonce", "deadline", "owner's signature", "no signature"],
)
def test_nothing_that_the_owner_signed_can_be_changed(venue, base, position, value):
    arguments = list(base.withdrawal(5, 1))
    arguments[position] = value
    with ape.reverts(venue.vault.SettlementBadOwnerSignature, owner=base.owner.address):
        base.withdraw(*arguments)


def test_a_withdrawal_needs_the_engine_and_time(venue, chain, base):
    arguments = list(base.withdrawal(5, 1))
    with ape.reverts(venue.vault.SettlementBadEngineSignature):
        base.withdraw(*arguments[:-1], arguments[-2])
    unified = Holding(venue, 0, QTRA).withdrawal(5, 1)
    with ape.reverts(venue.vault.SettlementBadOwnerSignature):
        base.withdraw(*arguments[:-2], *unified[-2:])
    lapsed = chain.pending_timestamp - 10
    with ape.reverts(venue.vault.SettlementDeadlinePassed, deadline=lapsed):
        base.withdraw(*base.withdrawal(5, 1, lapsed))


def test_a_slow_cancel_raises_the_floor_after_ten_minutes(venue, chain, base):
    receipt = base.request_cancel(8)
    (log,) = receipt.decode_logs(venue.vault.IsolatedCancelRequested)
    assert dict(log.event_arguments) == {
        "owner": base.owner.address,
        "market": QTRA_USDC,
        "floor": 8,
        "effectiveAt": receipt.timestamp + 600,
    }
    account = base.account()
    assert (account.floor, account.requestedFloor, account.floorEffectiveAt) == (0, 8, receipt.timestamp + 600)
    with ape.reverts(venue.vault.SettlementFloorTooLow, floor=8, given=8):
        base.request_cancel(8)
    chain.pending_timestamp = receipt.timestamp + 600
    chain.mine()
    account = base.account()
    assert (account.floor, account.requestedFloor, account.floorEffectiveAt) == (8, 0, 0)
    assert Holding(venue, 0, QTRA).floor == 0
    assert base.units == 1_000


def test_a_fast_cancel_is_at_once_and_for_its_market_only(venue, base):
    other = Holding(venue, 0, BTC, BTC_USDC)
    with ape.reverts(venue.vault.SettlementBadEngineSignature):
        other.cancel_now(8, approval=base.cancel_approval(8))
    with ape.reverts(venue.vault.SettlementBadEngineSignature):
        Holding(venue, 0, QTRA).cancel_now(8, approval=base.cancel_approval(8))
    (log,) = base.cancel_now(8).decode_logs(venue.vault.IsolatedCancelFloorRaised)
    assert dict(log.event_arguments) == {"owner": base.owner.address, "market": QTRA_USDC, "floor": 8}
    assert (base.floor, other.floor, base.units) == (8, 0, 1_000)
    with ape.reverts(venue.vault.SettlementFloorTooLow, floor=8, given=8):
        base.cancel_now(8)


def test_a_floor_has_42_bits_and_disturbs_nothing_beside_it(venue, chain, base, quote):
    for call in (base.request_cancel, base.cancel_now):
        with ape.reverts(venue.vault.SettlementFloorTooHigh, highest=SEQ_MAX, given=SEQ_MAX + 1):
            call(SEQ_MAX + 1)
    base.request_exit()
    base.request_cancel(SEQ_MAX)
    chain.pending_timestamp += 600
    base.fund(1)
    assert (base.floor, base.units, quote.units) == (SEQ_MAX, 1_001, 2_000)
    assert base.account().seq == base.account().filled == base.account().tag == 0
    base.cancel_exit()
    assert (base.floor, base.units, quote.units) == (SEQ_MAX, 1_001, 2_000)


def test_an_unlisted_market_has_no_accounts(venue):
    nowhere = Holding(venue, 0, USDC, 99)
    for call in (nowhere.request_exit, nowhere.cancel_exit, nowhere.exit, lambda: nowhere.request_cancel(5)):
        with ape.reverts(venue.vault.SettlementUnknownMarket, market=99):
            call()

"""Who may consent to an order: its owner, a session key within its limits, a contract wallet, one ladder for many."""

import ape
import pytest
from eth_account import Account
from holding import Holding
from msgspec import structs
from venue import BTC_USDC, BUY, HOUR, QTRA, QTRA_USDC, SELL, USDC, Intent, skips

from offchain.chain.typed_data import ISOLATED
from offchain.core.money import fee_units
from offchain.settlement.batch import BatchFill, SkipReason
from offchain.settlement.encoding import encode_payload
from offchain.settlement.payload_format import HEADER

FUNDS = 10**15
LOT = 10**6
UNLIMITED = 2**64 - 1
KEY = (0x5E5510).to_bytes(32, "big")
KEY_ADDRESS = Account.from_key(KEY).address


@pytest.fixture
def session(venue, chain):
    """Registers the session key for wallet 0."""

    def register(base=UNLIMITED, quote=UNLIMITED, market=QTRA_USDC):
        expiry = chain.pending_timestamp + HOUR
        venue.vault.setSessionKey(KEY_ADDRESS, market, base, quote, expiry, sender=venue.wallets[0])
        return expiry

    return register


def left(venue):
    """What the session may still sell and pay."""
    session = venue.vault.sessionOf(venue.wallets[0], KEY_ADDRESS, QTRA_USDC)
    return session.baseLeft, session.quoteLeft


def fill_by_session(venue, intent, quantity):
    """Settles an order of the session key as the maker, against wallet 1; why not, if not."""
    taker = Intent(1, BUY if intent.side == SELL else SELL, seq=intent.seq, quantity=intent.quantity)
    orders = [venue.signed_by_session(intent, KEY), venue.signed(taker)]
    return skips(venue.settle(orders, [BatchFill(0, 1, quantity)])).get(0, SkipReason.NONE)


@pytest.mark.parametrize("flags", [0, ISOLATED], ids=["unified", "isolated"])
def test_a_session_key_sells_up_to_its_limit(venue, session, flags):
    session(base=10 * LOT)
    Holding(venue, 0, QTRA, QTRA_USDC).fund(1_000 * LOT)
    assert fill_by_session(venue, Intent(0, SELL, seq=1, flags=flags), 7) is SkipReason.NONE
    assert left(venue) == (3 * LOT, UNLIMITED)
    assert fill_by_session(venue, Intent(0, SELL, seq=2, flags=flags), 4) is SkipReason.SESSION_LIMIT
    assert fill_by_session(venue, Intent(0, SELL, seq=3, flags=flags), 3) is SkipReason.NONE
    assert left(venue) == (0, UNLIMITED)
    assert venue.balance(1, QTRA) == FUNDS + 10 * LOT


def test_a_session_key_pays_up_to_its_limit_with_fees(venue, session):
    cost = 50 * 10 + fee_units(50 * 10, 1_500)
    session(quote=cost)
    assert fill_by_session(venue, Intent(0, BUY, seq=1), 11) is SkipReason.SESSION_LIMIT
    assert fill_by_session(venue, Intent(0, BUY, seq=1), 10) is SkipReason.NONE
    assert left(venue) == (UNLIMITED, 0)
    assert fill_by_session(venue, Intent(0, BUY, seq=2), 1) is SkipReason.SESSION_LIMIT
    assert venue.balance(0, USDC) == FUNDS - cost


def test_two_fills_of_one_batch_share_a_limit(venue, session):
    session(base=10 * LOT)
    orders = [venue.signed_by_session(Intent(0, SELL), KEY), venue.signed(Intent(1, BUY)), venue.signed(Intent(2, BUY))]
    receipt = venue.settle(orders, [BatchFill(0, 1, 6), BatchFill(0, 2, 5), BatchFill(0, 2, 4)])
    assert skips(receipt) == {1: SkipReason.SESSION_LIMIT}
    assert left(venue) == (0, UNLIMITED)


def test_a_session_that_is_not_there_signs_nothing(venue, session):
    assert fill_by_session(venue, Intent(0, SELL), 1) is SkipReason.SESSION_INVALID
    session(market=BTC_USDC)
    assert fill_by_session(venue, Intent(0, SELL), 1) is SkipReason.SESSION_INVALID
    session()
    assert fill_by_session(venue, Intent(0, SELL), 1) is SkipReason.NONE
    # Another owner's account is none of its business.
    assert fill_by_session(venue, Intent(2, SELL, seq=2), 1) is SkipReason.SESSION_INVALID
    assert venue.balance(2, QTRA) == FUNDS


def test_a_session_ends_at_its_expiry_and_when_it_is_revoked(venue, chain, session):
    expiry = session()
    chain.pending_timestamp = expiry - 1
    assert fill_by_session(venue, Intent(0, SELL, seq=1), 1) is SkipReason.NONE
    chain.pending_timestamp = expiry
    assert fill_by_session(venue, Intent(0, SELL, seq=2), 1) is SkipReason.SESSION_INVALID
    session()
    receipt = venue.vault.requestSessionRevocation(KEY_ADDRESS, QTRA_USDC, sender=venue.wallets[0])
    assert fill_by_session(venue, Intent(0, SELL, seq=3), 1) is SkipReason.NONE
    chain.pending_timestamp = receipt.timestamp + 600
    assert fill_by_session(venue, Intent(0, SELL, seq=4), 1) is SkipReason.SESSION_INVALID


def test_the_keys_signature_is_checked(venue, session):
    session()
    taker = venue.signed(Intent(1, BUY))
    good = venue.signed_by_session(Intent(0, SELL), KEY)
    for changed in (
        venue.signed_by_session(Intent(0, SELL), (0xBAD).to_bytes(32, "big")),
        structs.replace(good, order=structs.replace(good.order, quantity=101)),
    ):
        assert skips(venue.settle([changed, taker], [BatchFill(0, 1, 1)])) == {0: SkipReason.SESSION_INVALID}


@pytest.fixture
def wallet(venue, project):
    """The address of a contract wallet with 1,000 lots, which signs as the session key does."""

    def deploy(name="ContractWallet", *arguments):
        contract = getattr(project, name).deploy(*arguments, sender=venue.admin)
        token, amount = venue.tokens[QTRA], 1_000 * LOT * 10**10
        token.mint(venue.admin, amount, sender=venue.admin)
        token.approve(venue.vault, amount, sender=venue.admin)
        venue.vault.depositFor(contract, QTRA, amount, sender=venue.admin)
        return bytes.fromhex(contract.address[2:])

    return deploy


def fill_by_contract(venue, owner, signature, seq=1, **transaction):
    """Settles an order of a contract wallet against wallet 1, and a pair beside it; why the first was skipped."""
    orders = [
        venue.signed_by_contract(Intent(0, SELL, seq=seq), owner, signature),
        venue.signed(Intent(1, BUY, seq=seq)),
        venue.signed(Intent(2, SELL, seq=seq)),
        venue.signed(Intent(3, BUY, seq=seq)),
    ]
    payload = encode_payload(orders, [BatchFill(0, 1, 5), BatchFill(2, 3, 5)])
    skipped = skips(venue.settle_payload(payload, **transaction))
    assert 1 not in skipped
    return skipped.get(0, SkipReason.NONE)


def test_a_contract_wallet_consents_as_it_likes(venue, wallet):
    owner = wallet("ContractWallet", KEY_ADDRESS)
    signature = venue.sign(KEY, Intent(0, SELL).order)
    assert fill_by_contract(venue, owner, signature) is SkipReason.NONE
    assert venue.vault.balanceOf("0x" + owner.hex(), QTRA) == 995 * LOT
    stranger = venue.sign((0xBAD).to_bytes(32, "big"), Intent(0, SELL, seq=2).order)
    for wrong in (stranger, b"", b"\1" * 200):
        assert fill_by_contract(venue, owner, wrong, seq=2) is SkipReason.BAD_SIGNATURE
    assert venue.vault.balanceOf("0x" + owner.hex(), QTRA) == 995 * LOT


@pytest.mark.parametrize("name", ["BurningWallet", "RevertingWallet", "FloodingWallet"])
def test_a_hostile_wallet_spoils_only_its_own_fill(venue, wallet, name):
    owner = wallet(name)
    assert fill_by_contract(venue, owner, b"\1" * 65, gas=5_000_000) is SkipReason.BAD_SIGNATURE
    assert venue.balance(3, QTRA) == FUNDS + 5 * LOT


def test_an_owner_without_code_is_no_contract_wallet(venue):
    order = Intent(0, SELL).order
    signature = venue.sign(venue.wallets[0].private_key, order)
    assert fill_by_contract(venue, venue.owner(0), signature) is SkipReason.BAD_SIGNATURE


def test_too_little_gas_for_a_wallet_reverts_and_never_skips(venue, wallet):
    """Otherwise whoever submits could choose whose fills are left out."""
    owner = wallet("ContractWallet", KEY_ADDRESS)
    orders = [
        venue.signed_by_contract(Intent(0, SELL), owner, venue.sign(KEY, Intent(0, SELL).order)),
        venue.signed(Intent(1, BUY)),
    ]
    payload = encode_payload(orders, [BatchFill(0, 1, 5)])
    with ape.reverts(venue.vault.SettlementGasTooLow):
        venue.settle_payload(payload, gas=350_000)
    assert skips(venue.settle_payload(payload, gas=1_000_000)) == {}


def test_one_ladder_signs_for_many_orders(venue):
    rungs = [Intent(0, SELL, seq=n, lane=n, price=50 + n, quantity=10) for n in range(1, 6)]
    ladder = venue.ladder(0, *rungs)
    takers = [venue.signed(Intent(1, BUY, seq=n, price=60, quantity=10, lane=n)) for n in range(1, 6)]
    # Two of the five are used now, three later; each counts its own fills.
    first = venue.settle([ladder[1], ladder[3], takers[0], takers[1]], [BatchFill(0, 2, 10), BatchFill(1, 3, 4)])
    assert skips(first) == {}
    later = venue.settle([*ladder, *takers[2:]], [BatchFill(1, 5, 1), BatchFill(3, 5, 6), BatchFill(0, 6, 10)])
    assert skips(later) == {0: SkipReason.OVERFILL}
    assert venue.balance(1, QTRA) == FUNDS + 30 * LOT


def test_a_ladder_is_good_for_exactly_its_orders(venue):
    ladder = venue.ladder(0, Intent(0, SELL, seq=1), Intent(0, SELL, seq=2, lane=1))
    place = ladder[0].ladder
    other = structs.replace(place.ladder.orders[0], quantity=200)
    forged_place = structs.replace(place, ladder=structs.replace(place.ladder, orders=(other, place.ladder.orders[1])))
    forged = structs.replace(ladder[0], order=other, ladder=forged_place)
    alone = structs.replace(ladder[1], ladder=None)
    taker = venue.signed(Intent(1, BUY))
    for order in (forged, alone):
        receipt = venue.settle([order, taker], [BatchFill(0, 1, 1)])
        assert skips(receipt) == {0: SkipReason.BASE_SHORT}
    assert venue.balance(0, QTRA) == FUNDS


def test_a_ladder_waits_for_its_floor(venue):
    ladder = venue.ladder(7, Intent(0, SELL, seq=9))
    taker = venue.signed(Intent(1, BUY))
    fills = [BatchFill(0, 1, 1)]
    Holding(venue, 0, QTRA).cancel_now(6)
    assert skips(venue.settle([*ladder, taker], fills)) == {0: SkipReason.LADDER_WAITING}
    Holding(venue, 0, QTRA).cancel_now(7)
    assert skips(venue.settle([*ladder, taker], fills)) == {}


def test_an_isolated_order_trades_from_its_account_alone(venue, chain):
    base, quote = (Holding(venue, 0, asset, QTRA_USDC) for asset in (QTRA, USDC))
    base.fund(100 * LOT)
    sell = Intent(0, SELL, flags=ISOLATED)
    assert venue.settle_pair(sell, Intent(1, BUY), 60) is SkipReason.NONE
    assert (base.units, quote.units) == (40 * LOT, 50 * 60 - fee_units(50 * 60, 1_500))
    assert venue.settle_pair(sell, Intent(1, BUY, seq=2), 41) is SkipReason.OVERFILL
    assert venue.settle_pair(sell.but(seq=2), Intent(1, BUY, seq=2), 41) is SkipReason.BASE_SHORT
    assert venue.settle_pair(sell.but(market=BTC_USDC), Intent(1, BUY, market=BTC_USDC), 1) is SkipReason.BASE_SHORT
    assert (venue.balance(0, QTRA), venue.balance(0, USDC)) == (FUNDS, FUNDS)
    account = base.account()
    assert (account.filled, account.seq) == (60, 1)
    base.cancel_now(5)
    assert venue.settle_pair(sell.but(seq=5), Intent(1, BUY, seq=3), 1) is SkipReason.CANCELLED
    assert venue.settle_pair(sell.but(seq=6, lane=3), Intent(1, BUY, seq=3), 1) is SkipReason.NONE
    assert venue.vault.isolatedLaneOf(base.owner, QTRA_USDC, 3).filled == 1
    base.request_exit()
    chain.pending_timestamp += 24 * HOUR
    assert venue.settle_pair(sell.but(seq=7), Intent(1, BUY, seq=4), 1) is SkipReason.EXITED
    assert venue.settle_pair(sell.but(seq=1, flags=0), Intent(1, BUY, seq=5), 1) is SkipReason.NONE


def test_a_fill_that_an_isolated_account_cannot_hold_is_left_out(venue):
    Holding(venue, 0, QTRA, QTRA_USDC).fund(2**56 - 1 - LOT)
    quote = Holding(venue, 0, USDC, QTRA_USDC)
    quote.fund(10**6)
    buy = Intent(0, BUY, flags=ISOLATED)
    assert venue.settle_pair(Intent(1, SELL), buy, 2) is SkipReason.ACCOUNT_FULL
    assert quote.units == 10**6
    assert venue.settle_pair(Intent(1, SELL), buy, 1) is SkipReason.NONE


def test_a_kind_of_consent_that_does_not_exist_reverts(venue):
    orders = [venue.signed(Intent(0, SELL)), venue.signed(Intent(1, BUY))]
    payload = encode_payload(orders, [BatchFill(0, 1, 5)])
    # The only section: its market is the first in the table, then its form, then two records.
    form = payload.index(bytes([0, 0, 0, 2]), HEADER.size + 8) + 1
    with ape.reverts(venue.vault.SettlementUnsupportedAuthorization, kind=3):
        venue.settle_payload(payload[:form] + b"\3" + payload[form + 1 :])

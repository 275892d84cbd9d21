"""Session keys at the intake: who may sign what, how much of the limits is left, and what ends with a key."""

import msgspec
import pytest

from offchain.core.commands import UNLIMITED, AuthorizationKind, CancelReason, CommandKind, OrderAuthorization
from offchain.core.errors import InvalidRequest, OrderExpired, SessionInvalid, SessionLimit
from offchain.core.events import EventKind
from offchain.core.intents import AmendOrder, CancelOrder, ReplaceOrder
from offchain.sequencer.replay import recover
from offchain.sequencer.sequencer import Sequencer, SequencerOptions
from offchain.sequencer.sessions import Spending
from tests.sequencer.world import (
    ALICE,
    BOB,
    CAROL,
    IOC,
    KEY,
    LIFETIME_S,
    MARKET,
    NOW_S,
    OTHER_KEY,
    SELL,
    Clock,
    Desk,
    by_key,
    floor,
    funding,
    opened,
    order,
    session_revoked,
    session_set,
    settled,
)

BASE_PER_LOT = 1_000_000
FEE_CAP = 50


@pytest.fixture
def desk() -> Desk:
    return Desk(ALICE, BOB)


def cost_of_a_lot(price: int) -> int:
    return price + -(-price * FEE_CAP // 10_000)


def last_attachment(desk: Desk) -> OrderAuthorization:
    attachment = desk.group.logged[-1].attachment
    assert isinstance(attachment, OrderAuthorization)
    return attachment


def test_an_order_by_a_session_key_is_its_owners(desk):
    desk.take(session_set(90, ALICE))
    receipt = desk.take(by_key(order(ALICE, "a")))
    signed = last_attachment(desk)
    assert (signed.owner, signed.kind, signed.session) == (ALICE, AuthorizationKind.SESSION_KEY, 1)
    assert desk.machine.registry.live[receipt.sequence].account == desk.machine.registry.accounts[ALICE]


@pytest.mark.parametrize(
    ("owner", "key", "words"),
    [(ALICE, OTHER_KEY, "is no session key"), (BOB, KEY, "is no session key"), (ALICE, ALICE, "is no session key")],
)
def test_a_key_signs_for_its_owner_only(desk, owner, key, words):
    desk.take(session_set(90, ALICE))
    assert words in desk.refusal(by_key(order(owner, "a"), key), SessionInvalid).message


def test_a_key_of_one_market_signs_in_no_other(desk):
    desk.take(session_set(90, ALICE))
    desk.refusal(by_key(order(ALICE, "a", market=2)), InvalidRequest)
    sessions = desk.machine.registry.sessions
    assert (1, MARKET, KEY) in sessions.newest
    assert (1, 2, KEY) not in sessions.newest


def test_a_session_of_a_market_that_is_not_listed_binds_nothing_and_holds_up_nothing(desk):
    before = desk.machine.sequence
    assert desk.take(session_set(90, ALICE, market=7)).repeated
    assert desk.machine.sequence == before
    assert desk.take(session_revoked(91, ALICE, market=7)).repeated
    assert desk.take(session_revoked(92, CAROL)).repeated
    assert not desk.take(session_set(93, ALICE)).repeated


def test_a_key_opens_an_account_for_its_owner(desk):
    desk.take(session_set(90, CAROL))
    assert desk.kinds[-2:] == [CommandKind.OPEN_ACCOUNT, CommandKind.CHAIN_SESSION_SET]


def test_a_key_that_is_taken_back_signs_nothing_more_and_its_orders_go(desk):
    desk.take(session_set(90, ALICE))
    desk.take(order(ALICE, "own", lane=1))
    by_the_key = desk.take(by_key(order(ALICE, "key", lane=2))).sequence
    receipt = desk.take(session_revoked(91, ALICE))
    cancelled = [event for event in receipt.events if event.kind == EventKind.CANCELLED]
    assert [(event.order_id, event.reason) for event in cancelled] == [(by_the_key, CancelReason.SESSION_REVOKED)]
    assert len(desk.machine.registry.live) == 1
    assert "took back" in desk.refusal(by_key(order(ALICE, "b", lane=3)), SessionInvalid).message
    assert desk.take(session_revoked(91, ALICE)).repeated


def test_a_key_can_be_registered_anew(desk):
    desk.take(session_set(90, ALICE, quote_limit=5))
    desk.take(session_revoked(91, ALICE))
    desk.take(session_set(92, ALICE, quote_limit=10**6))
    desk.take(by_key(order(ALICE, "a")))
    assert last_attachment(desk).session == 2


def test_an_order_ends_with_its_key(desk):
    soon = NOW_S + LIFETIME_S + 1
    desk.take(session_set(90, ALICE, expiry_s=soon))
    receipt = desk.take(by_key(order(ALICE, "a", expiry_s=NOW_S + 10**6)))
    assert desk.machine.registry.live[receipt.sequence].expiry_s == soon
    desk.take(session_set(91, BOB, expiry_s=soon - 1))
    desk.refusal(by_key(order(BOB, "b", expiry_s=NOW_S + 10**6)), OrderExpired)


async def test_the_sequencer_cancels_the_orders_of_a_key_before_it_expires(tmp_path):
    clock = Clock()
    sequencer = await opened(tmp_path, clock, order_min_lifetime_s=120, expiry_margin_s=60)
    await sequencer.submit_many(funding(ALICE))
    await sequencer.submit(session_set(90, ALICE, expiry_s=NOW_S + 1_000))
    receipt = await sequencer.submit(by_key(order(ALICE, "a", expiry_s=NOW_S + 5_000)))
    await sequencer.stop()
    clock.now_us += 941 * 1_000_000
    sequencer = Sequencer.open(tmp_path, SequencerOptions(order_min_lifetime_s=120, expiry_margin_s=60), clock)
    await sequencer.start()
    await sequencer.submit(floor(95, BOB, 1))
    assert sequencer.engine.order(receipt.sequence) is None
    await sequencer.stop()
    assert not recover(tmp_path).registry.sessions.orders


def test_what_open_orders_could_spend_is_held_back(desk):
    limit = 10 * cost_of_a_lot(100)
    desk.take(session_set(90, ALICE, quote_limit=limit))
    desk.take(by_key(order(ALICE, "a", price=100, quantity=6, lane=1)))
    error = desk.refusal(by_key(order(ALICE, "b", price=100, quantity=5, lane=2)), SessionLimit)
    assert "0.000505 USDC" in error.message
    desk.take(by_key(order(ALICE, "b", price=100, quantity=4, lane=2)))
    desk.refusal(by_key(order(ALICE, "c", price=1, quantity=1, lane=3)), SessionLimit)
    desk.take(order(ALICE, "own", price=100, quantity=5, lane=3))


def test_what_is_not_spent_is_free_again(desk):
    desk.take(session_set(90, ALICE, quote_limit=10 * cost_of_a_lot(100)))
    desk.take(by_key(order(ALICE, "a", price=100, quantity=10)))
    desk.take(AmendOrder(ALICE, 7, "a"))
    desk.take(by_key(order(ALICE, "b", price=100, quantity=3, lane=2)))
    desk.take(ReplaceOrder(by_key(order(ALICE, "c", price=50, quantity=13, lane=1, seq=2)), "a"))
    desk.take(CancelOrder(ALICE, "c"))
    desk.take(by_key(order(ALICE, "d", price=100, quantity=7, lane=1, seq=3)))
    assert desk.machine.registry.sessions.reserved(1) == Spending(0, 10 * cost_of_a_lot(100))


def test_fills_are_counted_at_what_they_cost(desk):
    desk.take(session_set(90, ALICE, quote_limit=10**6))
    desk.take(session_set(91, BOB, base_limit=8 * BASE_PER_LOT, quote_limit=0))
    desk.take(by_key(order(BOB, "ask", SELL, price=100, quantity=8)))
    desk.take(by_key(order(ALICE, "hit", price=110, quantity=3, tif=IOC, lane=2)))
    sessions = desk.machine.registry.sessions
    assert sessions.sessions[1].spent == Spending(0, 300 + 1)
    assert sessions.sessions[2].spent == Spending(3 * BASE_PER_LOT, 0)
    assert sessions.reserved(1) == Spending(0, 0)
    assert sessions.reserved(2) == Spending(5 * BASE_PER_LOT, 0)
    desk.refusal(by_key(order(BOB, "more", SELL, price=100, quantity=1, lane=2)), SessionLimit)


def test_what_is_on_its_way_counts_for_the_key_that_is_registered_anew(desk):
    desk.take(session_set(90, ALICE, quote_limit=1_000))
    desk.take(order(BOB, "ask", SELL, price=100, quantity=8))
    desk.take(by_key(order(ALICE, "first", price=100, quantity=2, tif=IOC, lane=2)))
    through = desk.machine.sequence
    desk.take(by_key(order(ALICE, "second", price=100, quantity=3, tif=IOC, lane=2, seq=2)))
    desk.take(settled(91, through))
    desk.take(session_revoked(92, ALICE))
    desk.take(session_set(93, ALICE, quote_limit=1_000))
    assert desk.machine.registry.sessions.sessions[2].spent == Spending(0, 301)
    desk.take(settled(94, desk.machine.sequence))
    desk.take(session_revoked(95, ALICE))
    desk.take(session_set(96, ALICE, quote_limit=1_000))
    assert desk.machine.registry.sessions.sessions[3].spent == Spending(0, 0)


def test_without_a_limit_nothing_is_counted_down(desk):
    desk.take(session_set(90, ALICE, base_limit=UNLIMITED, quote_limit=UNLIMITED))
    desk.take(by_key(order(ALICE, "a", price=1_000, quantity=10**6)))
    desk.take(by_key(order(ALICE, "b", SELL, price=10**6, quantity=10**5, lane=2)))


def test_a_key_cancels_the_orders_of_its_market(desk):
    desk.take(session_set(90, ALICE))
    desk.take(order(ALICE, "a"))
    desk.refusal(CancelOrder(ALICE, "a", session_key=OTHER_KEY), SessionInvalid)
    desk.take(CancelOrder(ALICE, "a", session_key=KEY))
    assert not desk.machine.registry.live


def test_an_order_that_comes_again_by_the_owner_is_the_same(desk):
    desk.take(session_set(90, ALICE))
    first = desk.take(by_key(order(ALICE, "a")))
    again = desk.take(order(ALICE, "a"))
    assert again.repeated
    assert again.sequence == first.sequence
    desk.take(session_revoked(91, ALICE))
    assert desk.take(by_key(order(ALICE, "a"))).repeated


def test_a_session_fact_of_another_kind_is_refused(desk):
    intent = session_set(90, ALICE)
    desk.refusal(msgspec.structs.replace(intent, kind=CommandKind.CHAIN_SESSION_REVOKED), InvalidRequest)

"""Ladders at the intake: one signature is written once, whatever is refused of what it is over; and renewals."""

import msgspec
import pytest

from offchain.core.commands import (
    LADDER_TERMS_MAX,
    AuthorizationKind,
    CommandKind,
    LadderAuthorization,
    OrderAuthorization,
)
from offchain.core.errors import (
    InsufficientBalance,
    InvalidRequest,
    NotFound,
    QuantaTradeError,
    SeqTooLow,
    UnknownAccount,
    UnknownAsset,
)
from offchain.core.intents import CancelOrder, PlaceOrder, RenewAuthorization
from offchain.sequencer.group import Group, Rehearsal
from offchain.sequencer.intake import take
from tests.sequencer.journals import iterate_commands
from tests.sequencer.world import (
    ALICE,
    BASE,
    BOB,
    CAROL,
    LIFETIME_S,
    NOW_US,
    QUOTE,
    SELL,
    Desk,
    answer,
    by_key,
    funding,
    in_ladder,
    ladder_order,
    opened,
    order,
    session_set,
)

RICH = 10**9


@pytest.fixture
def desk() -> Desk:
    return Desk(ALICE, BOB)


def rungs(count: int, owner: bytes = ALICE, *, seq: int = 1) -> list[PlaceOrder]:
    return [order(owner, f"r{seq}-{lane}", price=50 + lane, lane=lane, seq=seq) for lane in range(1, count + 1)]


def attachment(desk: Desk, place: int) -> OrderAuthorization | LadderAuthorization:
    return desk.group.logged[place].attachment


def test_a_ladder_is_written_once_in_front_of_its_first_order(desk):
    plain = rungs(3)
    ladder = in_ladder(*plain)
    for intent in ladder:
        desk.take(intent)
    assert desk.kinds[-4:] == [CommandKind.SIGN_LADDER] + [CommandKind.PLACE] * 3
    written = attachment(desk, -4)
    assert written.orders == tuple(ladder_order(one) for one in plain)
    assert (written.owner, written.market, written.kind) == (ALICE, 1, AuthorizationKind.OWNER)
    sequence = desk.group.logged[-4].command.sequence
    members = [attachment(desk, place) for place in (-3, -2, -1)]
    assert [(one.ladder, one.place, one.signature) for one in members] == [(sequence, n, b"") for n in (1, 2, 3)]


def test_refused_members_are_in_the_ladder_and_nowhere_else(desk):
    first, second, third = rungs(3)
    broke = order(ALICE, "broke", price=RICH, quantity=RICH, lane=9)
    ladder = in_ladder(broke, first, second, third)
    desk.refusal(ladder[0], InsufficientBalance)
    assert CommandKind.SIGN_LADDER not in desk.kinds
    for intent in ladder[1:]:
        desk.take(intent)
    assert desk.kinds.count(CommandKind.SIGN_LADDER) == 1
    assert attachment(desk, -4).orders[0] == ladder_order(broke)
    assert [attachment(desk, place).place for place in (-3, -2, -1)] == [2, 3, 4]


def test_a_ladder_of_refused_orders_leaves_nothing(desk):
    before = len(desk.group.entries)
    for intent in in_ladder(*(order(ALICE, f"x{lane}", price=RICH, quantity=RICH, lane=lane) for lane in (1, 2))):
        desk.refusal(intent, InsufficientBalance)
    assert len(desk.group.entries) == before


def test_a_ladder_that_comes_again_is_not_written_again(desk):
    ladder = in_ladder(*rungs(2))
    first = [desk.take(intent).sequence for intent in ladder]
    before = desk.machine.sequence
    desk.group = Group(desk.machine, NOW_US, LIFETIME_S)
    again = [desk.take(intent) for intent in ladder]
    assert [one.sequence for one in again] == first
    assert all(one.repeated for one in again)
    assert desk.machine.sequence == before


def test_what_of_it_was_refused_may_be_taken_later_under_the_ladder_written_again(desk):
    ladder = in_ladder(*rungs(1), order(ALICE, "big", price=10**6, quantity=10**6, lane=8))
    blocker = order(ALICE, "blocker", price=10**6, quantity=5 * 10**5, lane=7)
    desk.take(blocker)
    desk.take(ladder[0])
    desk.refusal(ladder[1], InsufficientBalance)
    desk.take(CancelOrder(ALICE, "blocker"))
    desk.take(CancelOrder(ALICE, "r1-1"))
    desk.group = Group(desk.machine, NOW_US, LIFETIME_S)
    desk.refusal(ladder[1], InsufficientBalance)
    smaller = in_ladder(*rungs(1, seq=2), order(ALICE, "small", price=10, lane=8))
    desk.take(smaller[1])
    assert attachment(desk, -1).ladder == desk.group.logged[-2].command.sequence


@pytest.mark.parametrize("place", [0, 2, 3, 256])
def test_an_order_stands_where_it_says(desk, place):
    first, _ = in_ladder(*rungs(2))
    moved = msgspec.structs.replace(first, authorization=msgspec.structs.replace(first.authorization, place=place))
    assert "is not this order's" in desk.refusal(moved, InvalidRequest).message


@pytest.mark.parametrize(
    "change",
    [{"owner": BOB}, {"market": 2}, {"floor": 1}, {"signature": b"s" * 64}, {"orders": ()}],
)
def test_a_ladder_that_is_not_its_orders_is_refused(desk, change):
    first, _ = in_ladder(*rungs(2))
    other = msgspec.structs.replace(first.ladder, **change)
    desk.refusal(msgspec.structs.replace(first, ladder=other), InvalidRequest)


def test_a_ladder_has_at_most_255_orders(desk):
    many = in_ladder(*rungs(256))
    assert "256 orders" in desk.refusal(many[0], InvalidRequest).message
    assert desk.take(in_ladder(*rungs(255))[254]).sequence


def test_a_ladder_has_at_most_16_kinds_of_fee_cap_and_flags(desk):
    """All of it is sent to prove one order of it, and a payload has few places for them."""
    for kinds, is_taken in ((LADDER_TERMS_MAX, True), (LADDER_TERMS_MAX + 1, False)):
        caps = [order(ALICE, f"c{kinds}-{n}", lane=n + 1, seq=kinds, bps=50 - n) for n in range(kinds)]
        first = in_ladder(*caps)[0]
        if is_taken:
            desk.take(first)
            desk.take(CancelOrder(ALICE, first.authorization.client_order_id))
        else:
            desk.refusal(first, InvalidRequest)


def test_a_session_key_signs_ladders(desk):
    desk.take(session_set(90, ALICE))
    for intent in in_ladder(*rungs(2)):
        desk.take(by_key(intent))
    written, member = attachment(desk, -3), attachment(desk, -1)
    assert (written.kind, written.session) == (member.kind, member.session) == (AuthorizationKind.SESSION_KEY, 1)


def test_a_rehearsal_writes_no_ladder(desk):
    before = desk.machine.sequence
    take(Rehearsal(desk.machine, NOW_US, LIFETIME_S), in_ladder(*rungs(2))[1])
    assert desk.machine.sequence == before


async def test_a_ladder_is_in_the_journal_as_it_was_signed(tmp_path):
    sequencer = await opened(tmp_path)
    await sequencer.submit_many(funding(ALICE))
    ladder = in_ladder(*rungs(3), order(ALICE, "broke", price=RICH, quantity=RICH, lane=9))
    outcomes = await sequencer.submit_many(ladder)
    await sequencer.stop()
    assert [isinstance(one, QuantaTradeError) for one in outcomes] == [False, False, False, True]
    told = {one.command.sequence: one.attachment for one in iterate_commands(tmp_path)}
    members = [one for one in told.values() if isinstance(one, OrderAuthorization)]
    assert {one.ladder for one in members} == {outcomes[0].sequence - 1}
    written = told[members[0].ladder]
    assert written == ladder[0].ladder
    assert [written.orders[one.place - 1].lane for one in members] == [one.lane for one in members]


def test_an_answer_raises_what_new_orders_have_to_be_above(desk):
    open_id = desk.take(order(ALICE, "a", lane=1, seq=5)).sequence
    desk.take(answer(ALICE, 100, (open_id, 107, 3)))
    assert open_id in desk.machine.registry.live
    desk.refusal(order(ALICE, "b", lane=2, seq=100), SeqTooLow)
    desk.take(order(ALICE, "b", lane=2, seq=101))
    desk.take(CancelOrder(ALICE, "a"))
    desk.refusal(order(ALICE, "c", lane=1, seq=107), SeqTooLow)
    desk.take(order(ALICE, "c", lane=1, seq=108))


def test_an_answer_without_orders_raises_the_floors_of_what_it_names(desk):
    desk.take(answer(ALICE, 100, assets=(QUOTE,)))
    desk.take(order(ALICE, "a", lane=1, seq=5))
    desk.take(answer(ALICE, 100, assets=(BASE,)))
    desk.refusal(order(ALICE, "b", lane=2, seq=100), SeqTooLow)
    desk.take(order(BOB, "b", lane=2, seq=6))


def test_an_answer_that_comes_again_is_taken_once(desk):
    open_id = desk.take(order(ALICE, "a", lane=1, seq=5)).sequence
    first = desk.take(answer(ALICE, 100, (open_id, 107, 3)))
    again = desk.take(answer(ALICE, 100, (open_id, 107, 3)))
    assert (again.repeated, again.sequence) == (True, first.sequence)
    assert not desk.take(answer(ALICE, 200, (open_id, 207, 3), batch=2)).repeated


def test_a_statement_that_comes_again_beside_other_ladders_is_taken_with_them(desk):
    """It is asked for again where the first time came to nothing; what its floor ends by now is signed again."""
    first, second = (desk.take(order(ALICE, name, lane=lane, seq=5)).sequence for lane, name in ((1, "a"), (2, "b")))
    before = answer(ALICE, 100, (first, 107, 3)).answer
    (ladder,) = answer(ALICE, 100, (first, 107, 3), (second, 108, 3)).answer.ladders
    after = msgspec.structs.replace(before, ladders=(msgspec.structs.replace(ladder, signature=b"m" * 65),))
    desk.take(RenewAuthorization(before))
    assert not desk.take(RenewAuthorization(after)).repeated
    desk.take(CancelOrder(ALICE, "b"))
    desk.refusal(order(ALICE, "c", lane=2, seq=108), SeqTooLow)


def test_orders_of_one_lane_are_renewed_in_their_order(desk):
    first = desk.take(order(ALICE, "a", lane=1, seq=5)).sequence
    desk.take(order(BOB, "hit", SELL, price=100, quantity=10, lane=1, seq=5))
    second = desk.take(order(ALICE, "b", lane=1, seq=6)).sequence
    desk.refusal(answer(ALICE, 100, (first, 102, 3), (second, 102, 3)), SeqTooLow)
    desk.take(answer(ALICE, 100, (first, 101, 3), (second, 102, 3)))


@pytest.mark.parametrize(
    ("owner", "floor", "renewed", "error"),
    [
        (CAROL, 1, (), UnknownAccount),
        (BOB, 1, (7, 3), NotFound),
        (ALICE, 10, (10, 3), SeqTooLow),
        (ALICE, 10, (2**48, 3), SeqTooLow),
        (ALICE, 10, (11, 0), SeqTooLow),
        (ALICE, 2**48, (), InvalidRequest),
        (ALICE, -1, (), InvalidRequest),
    ],
)
def test_an_answer_that_cannot_be_is_refused(desk, owner, floor, renewed, error):
    open_id = desk.take(order(ALICE, "a", lane=1, seq=5)).sequence
    desk.refusal(answer(owner, floor, *([(open_id, *renewed)] if renewed else [])), error)


def test_an_answer_names_assets_that_are_listed(desk):
    desk.refusal(answer(ALICE, 1, assets=(1, 9)), UnknownAsset)
    unsigned = msgspec.structs.replace(answer(ALICE, 1).answer, signature=b"")
    desk.refusal(RenewAuthorization(unsigned), InvalidRequest)

"""The index of all orders: what was taken is found by id and by name, however many there are and however they came."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offchain.core.commands import COMMAND_DTYPE, Command, CommandKind, OrderAuthorization
from offchain.sequencer import client_order_ids, orders
from offchain.sequencer.authorizations import AUTHORIZATION_DTYPE, pack_authorization, unpack_authorization
from offchain.sequencer.orders import OrderIndex

NAMES = st.text("abcXYZ019._:-", min_size=1, max_size=36)


def command(order_id: int, account: int) -> Command:
    return Command(
        order_id,
        7 * order_id,
        CommandKind.REPLACE,
        side=order_id % 2,
        account=account,
        market=3,
        amount=order_id % 3,
        counter_amount=order_id % 5,
        order_id=order_id - 1,
    )


def signed(name: str, order_id: int) -> OrderAuthorization:
    digest = order_id.to_bytes(32, "big")
    return OrderAuthorization(name, b"o" * 20, 2**40 - 1, order_id, 9, 50, 1, b"s" * 65, digest)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Pages and shards that are full soon."""
    monkeypatch.setattr(orders, "PAGE_ORDERS", 7)
    monkeypatch.setattr(client_order_ids, "_WAITING_MIN", 2)


def put(index: OrderIndex, wanted: list[tuple[Command, OrderAuthorization]], *, many: bool) -> None:
    if not many:
        for one, authorization in wanted:
            index.add(one, authorization)
        return
    rows = np.frombuffer(b"".join(one.pack() for one, _ in wanted), COMMAND_DTYPE)
    index.extend(rows, np.frombuffer(b"".join(pack_authorization(one) for _, one in wanted), AUTHORIZATION_DTYPE))


@given(
    keys=st.lists(st.tuples(st.integers(1, 2**32 - 1), NAMES), unique=True, max_size=60),
    cuts=st.lists(st.tuples(st.integers(0, 60), st.booleans()), max_size=8),
)
def test_every_order_is_found_whether_it_came_alone_or_with_others(keys, cuts):
    taken = [(command(5 * place + 2, account), signed(name, place)) for place, (account, name) in enumerate(keys)]
    index, done = OrderIndex(), 0
    for stop, many in [*sorted(cuts), (len(taken), True)]:
        put(index, taken[done:stop], many=many)
        done = max(done, min(stop, len(taken)))
        for one, authorization in taken[:done][-3:]:
            assert index.find(one.account, authorization.client_order_id).order_id == one.sequence
    assert len(index) == len(taken)
    for one, authorization in taken:
        found = index.find(one.account, authorization.client_order_id)
        assert found == index.by_id(one.sequence)
        assert found.asks_for(one, authorization.digest)
        assert not found.asks_for(one._replace(amount=one.amount + 1), authorization.digest)
        assert index.by_id(one.sequence + 1) is None
        assert index.find(one.account, authorization.client_order_id + "!") is None
    again = OrderIndex()
    for page in index.pages(len(index)):
        again.append_page(page)
    assert list(again.pages(len(again))) == list(index.pages(len(index)))
    ids = np.array([one.sequence for one, _ in taken[::3]], np.uint64)
    assert index.rows_of(ids)["account"].tolist() == [one.account for one, _ in taken[::3]]


def test_what_was_never_taken_is_not_found():
    index = OrderIndex()
    assert index.by_id(1) is None
    assert index.find(1, "a") is None
    put(index, [(command(9, 1), signed("a", 1))], many=False)
    for order_id in (-1, 0, 8, 10, 2**64):
        assert index.by_id(order_id) is None
    for account, name in ((1, "b"), (2, "a"), (1, ""), (1, "ä"), (2**40, "a"), (-1, "a"), (1, "a" * 50)):
        assert index.find(account, name) is None
    for wrong in ([8], [10], [9, 10], [2**63]):
        with pytest.raises(KeyError):
            index.rows_of(np.array(wrong, np.uint64))


def test_who_looks_while_an_order_is_being_added_finds_those_before_it():
    index = OrderIndex()
    put(index, [(command(2, 1), signed("a", 1)), (command(3, 1), signed("b", 2))], many=False)
    # On another thread the newest name may be known before the order is counted.
    index._count -= 1
    assert index.find(1, "a").order_id == 2
    assert index.find(1, "never") is None
    index._count += 1
    assert index.find(1, "b").order_id == 3


def test_names_with_one_hash_are_told_apart(monkeypatch):
    monkeypatch.setattr(client_order_ids.ClientOrderIds, "_hash", lambda *_: 5)
    monkeypatch.setattr(
        client_order_ids.ClientOrderIds, "_hash_many", lambda _, words: np.full(len(words), 5, np.uint64)
    )
    index = OrderIndex()
    taken = [(command(place + 1, 1), signed(f"n{place}", place)) for place in range(50)]
    put(index, taken[:30], many=True)
    put(index, taken[30:], many=False)
    for one, authorization in taken:
        assert index.find(1, authorization.client_order_id).order_id == one.sequence
    assert index.find(1, "n50") is None


def test_an_order_takes_at_most_150_bytes_for_ever(monkeypatch):
    monkeypatch.undo()
    chance, index = random.Random(5), OrderIndex()
    for start in range(1, 400_000, 50_000):
        places = range(start, start + 50_000)
        taken = [(command(place, 1), signed(f"{chance.getrandbits(60)}-{place}", place)) for place in places]
        put(index, taken, many=True)
        assert index.find(1, "x") is None
    assert index.nbytes <= 150 * len(index)


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_order_id": ""},
        {"client_order_id": "a" * 37},
        {"client_order_id": "ä"},
        {"client_order_id": "a\0"},
        {"digest": b"d" * 31},
        {"owner": b""},
        {"signature": b"s" * 66},
        {"lane": 65_536},
        {"seq": -1},
        {"max_fee_bps": 2**16},
        {"ladder": 7},
        {"ladder": 7, "place": 1},
        {"ladder": 7, "place": 256, "signature": b""},
        {"ladder": 2**64, "place": 1, "signature": b""},
        {"place": 1, "signature": b""},
        {"kind": 1},
        {"session": 1},
        {"kind": 1, "session": 2**32},
    ],
)
def test_what_a_row_cannot_hold_is_not_packed(wrong):
    fields = {name: getattr(signed("a", 1), name) for name in OrderAuthorization.__struct_fields__} | wrong
    with pytest.raises((ValueError, client_order_ids.struct.error)):
        pack_authorization(OrderAuthorization(**fields))


@given(name=NAMES, seq=st.integers(0, 2**48 - 1), lane=st.integers(0, 2**16 - 1), flags=st.integers(0, 2**16 - 1))
def test_an_authorization_is_read_back_as_it_was(name, seq, lane, flags):
    whole = OrderAuthorization(name, b"\0" * 20, 5, seq, lane, 50, flags, b"\0" * 65, b"\0" * 32)
    assert unpack_authorization(pack_authorization(whole)) == whole


@given(
    name=NAMES,
    session=st.integers(0, 2**32 - 1),
    ladder=st.tuples(st.integers(1, 2**64 - 1), st.integers(1, 255)) | st.just((0, 0)),
)
def test_whoever_signed_and_whatever_else_with_it_is_read_back(name, session, ladder):
    signature = b"" if ladder[1] else b"s" * 65
    whole = OrderAuthorization(name, b"o" * 20, 5, 6, 7, 8, 9, signature, b"d" * 32, int(session > 0), session, *ladder)
    row = pack_authorization(whole)
    assert len(row) == 184
    assert unpack_authorization(row) == whole

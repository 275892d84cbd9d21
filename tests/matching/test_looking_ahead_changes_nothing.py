"""In a large book a batch is looked at ahead: whatever stands in it, the outcome is that of one command at a time."""

import random
from collections import Counter

import numpy as np

from offchain.core.commands import COMMAND_DTYPE, CancelReason, Command, CommandKind
from offchain.core.events import Event, EventKind, RejectReason
from offchain.matching.engine import Engine
from offchain.matching.layout import AHEAD_FROM, STRIDE
from tests.matching.desk import BUY, SELL, Desk

K = CommandKind
SEED = 20_261_120


def filled(real_type: type[Engine]) -> Desk:
    """An engine with more open orders than it takes to look ahead."""
    desk = Desk(real_type())
    row = {"market": 1, "quantity": 5, "taker_fee_ppm": 5_000}
    packed = []
    for number in range(AHEAD_FROM + 500):
        side = number % 2
        price = 1_000 - number % 90 if side == BUY else 1_001 + number % 90
        desk.sequence += 1
        packed.append(Command(desk.sequence, 0, K.PLACE, account=1 + number % 4, side=side, price=price, **row).pack())
    desk.engine.apply_batch(np.frombuffer(b"".join(packed), dtype=COMMAND_DTYPE))
    assert desk.engine.open_orders == AHEAD_FROM + 500
    return desk


def some_commands(first: int, named: range) -> list[bytes]:
    """Orders, cancels and replacements of what is open or not, and rows of noise."""
    chance = random.Random(SEED)
    packed = []
    for sequence in range(first, first + 3_000):
        fields = {"account": chance.randint(1, 4), "market": chance.choice((1, 1, 1, 2, 9)), "taker_fee_ppm": 5_000}
        fields |= {"side": chance.choice((BUY, SELL)), "price": chance.randint(960, 1_040), "quantity": 3}
        kind = chance.choice((K.PLACE, K.PLACE, K.CANCEL, K.CANCEL, K.REPLACE, K.AMEND))
        fields["order_id"] = chance.choice(named)
        row = bytearray(Command(sequence, sequence, kind, reason=CancelReason.USER, **fields).pack())
        if chance.random() < 0.1:
            row[17:] = chance.randbytes(len(row) - 17)
        packed.append(bytes(row))
    return packed


def test_of_a_batch(real_type: type[Engine]) -> None:
    ahead, one_by_one = filled(real_type), filled(real_type)
    first = ahead.sequence + 1

    kinds = in_a_batch_as_one_by_one(ahead, one_by_one, some_commands(first, range(20, first + 3_000)))

    assert len(kinds) >= 5


def test_of_orders_so_old_that_new_ones_take_their_places(real_type: type[Engine]) -> None:
    ahead, one_by_one = filled(real_type), filled(real_type)
    first = 20 + 64 * AHEAD_FROM

    kinds = in_a_batch_as_one_by_one(ahead, one_by_one, some_commands(first, range(20, 3_020)))

    assert kinds[EventKind.CANCELLED] > 200


def in_a_batch_as_one_by_one(ahead: Desk, one_by_one: Desk, packed: list[bytes]) -> Counter[int]:
    """Both must come to the same events and the same state; returns how many events there are of each kind."""
    rows = ahead.engine.apply_batch(np.frombuffer(b"".join(packed), dtype=COMMAND_DTYPE))
    events = [event for row in packed for event in Event.unpack_all(one_by_one.engine.apply_row(row))]

    assert Event.unpack_all(rows.tobytes()) == events
    assert ahead.engine.state_hash() == one_by_one.engine.state_hash()
    return Counter(event.kind for event in events)


def resting(desk: Desk, prices: list[int]) -> None:
    """Sells of account 1 at these prices, in one batch."""
    row = {"account": 1, "market": 1, "side": SELL, "quantity": 1, "taker_fee_ppm": 5_000}
    first = desk.sequence + 1
    packed = [Command(first + number, 0, K.PLACE, price=price, **row).pack() for number, price in enumerate(prices)]
    desk.engine.apply_batch(np.frombuffer(b"".join(packed), dtype=COMMAND_DTYPE))
    desk.sequence += len(prices)


def test_to_a_level_whose_leaf_is_the_root_by_then(real_type: type[Engine]) -> None:
    desk = Desk(real_type())
    # One level a leaf, so that names of nodes pass those of levels by far; the last one is used last.
    leaves = [32 * number for number in range(1, 601)]
    resting(desk, (leaves * (AHEAD_FROM // 600 + 1))[600:] + leaves[:-1] + [32 * 601])
    lone, child = desk.sequence, 17
    first = desk.sequence + 1
    fields = {"account": 1, "market": 1, "side": SELL, "quantity": 1, "taker_fee_ppm": 5_000}
    packed = [
        Command(first, 0, K.CANCEL, account=1, order_id=lone, reason=CancelReason.USER),
        # The leaf that is free now becomes the root, and this hangs from it by a new node.
        Command(first + 1, 0, K.PLACE, **fields, price=child * 2**15),
        *[Command(first + number, 0, K.CANCEL, account=1, order_id=2**40) for number in range(2, 3 * STRIDE)],
        Command(first + 3 * STRIDE, 0, K.PLACE, **fields, price=32 * 601 + child),
    ]

    rows = desk.engine.apply_batch(np.frombuffer(b"".join(command.pack() for command in packed), dtype=COMMAND_DTYPE))

    kinds = [event.kind for event in Event.unpack_all(rows.tobytes())]
    assert kinds[:2] == [EventKind.CANCELLED, EventKind.ACCEPTED]
    assert kinds[-1] == EventKind.ACCEPTED
    assert (32 * 601 + child, 1, 1) in desk.engine.depth(1, SELL, 1_000)


def test_for_markets_that_there_is_room_for_but_that_are_not_listed(real_type: type[Engine]) -> None:
    desk = filled(real_type)
    terms = {"asset": 1, "counter_asset": 2, "amount": 1_000, "counter_amount": 1, "price": 10**9, "quantity": 10**6}
    for market in range(3, 60):
        desk.take(K.LIST_MARKET, market=market, **terms)
        fields = {"account": 1, "side": SELL, "price": 5_000, "quantity": 1, "taker_fee_ppm": 5_000}
        orders = [Command(desk.sequence + 1, 0, K.PLACE, market=other, **fields) for other in range(market + 1, 130)]
        rows = desk.engine.apply_batch(np.frombuffer(b"".join(map(Command.pack, orders)), dtype=COMMAND_DTYPE))
        assert {event.reason for event in Event.unpack_all(rows.tobytes())} == {RejectReason.UNKNOWN_MARKET}

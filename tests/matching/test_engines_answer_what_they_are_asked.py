import sys

import numpy as np
import pytest

from offchain.core.commands import COMMAND_DTYPE, Command, CommandKind, MarketStatus
from offchain.core.money import UNITS_MAX
from offchain.matching.engine import Engine
from tests.matching.desk import BUY, SELL, Desk

K = CommandKind
NAMED_ONCE = 2
"""What `sys.getrefcount` says of an object that has one name: its own argument counts too."""


def test_a_packed_command_of_another_length_is_a_value_error(real_type: type[Engine]) -> None:
    with pytest.raises(ValueError, match="88 bytes"):
        real_type().apply_row(bytes(80))
    with pytest.raises(ValueError, match="88 bytes"):
        real_type().check_row(bytes(80))


@pytest.mark.parametrize(("size", "count"), [(176, -1), (176, 0), (176, 1), (176, 3), (177, 2), (0, 1), (0, 2**61)])
def test_a_machine_is_given_as_many_rows_as_it_is_told(real_type: type[Engine], size: int, count: int) -> None:
    with pytest.raises(ValueError, match="not as many rows"):
        real_type.machine_type().run(np.zeros(size, np.uint8), count)


def test_a_machine_takes_no_rows_with_gaps(real_type: type[Engine]) -> None:
    with pytest.raises(ValueError, match="contiguous"):
        real_type.machine_type().run(np.zeros(4, COMMAND_DTYPE)[::2], 2)


def test_rows_with_gaps_are_applied_like_others(real_type: type[Engine]) -> None:
    rows = np.array([Command(number, 1, K.OPEN_ACCOUNT, account=number).pack() for number in (1, 7, 2, 7, 3)])
    commands = rows.view(COMMAND_DTYPE)[::2]

    engine = real_type()
    assert [int(event["command_sequence"]) for event in engine.apply_batch(commands)] == [1, 2, 3]
    assert engine.accounts == 4


def test_the_events_of_a_batch_are_the_callers_alone(real_type: type[Engine]) -> None:
    engine = real_type()
    listing = Command(1, 1, K.LIST_ASSET, asset=1).pack()
    events = engine.apply_batch(np.frombuffer(listing, dtype=COMMAND_DTYPE))
    assert events.flags.writeable
    memory = events.base
    del events
    assert sys.getrefcount(memory) == NAMED_ONCE


def test_switches_are_told_apart(desk: Desk) -> None:
    assert desk.engine.killed(1, 1) == (False, False, False)
    desk.take(K.SET_KILL_SWITCH, account=1, mode=1)
    assert (desk.engine.killed(1, 2), desk.engine.killed(2, 2)) == ((False, True, False), (False, False, False))
    desk.take(K.SET_KILL_SWITCH, market=2, mode=1)
    assert (desk.engine.killed(2, 2), desk.engine.killed(2, 1)) == ((False, False, True), (False, False, False))
    desk.take(K.SET_KILL_SWITCH, mode=1)
    assert desk.engine.killed(1, 2) == (True, True, True)


def test_limits_are_ones_own_or_those_of_all(desk: Desk) -> None:
    assert tuple(desk.engine.limits(1)) == (0, 0, 0)
    desk.take(K.SET_ACCOUNT_LIMITS, account=0, quantity=9)
    desk.take(K.SET_ACCOUNT_LIMITS, account=1, quantity=2**31 - 1, amount=7, counter_amount=2**62 - 1)

    assert tuple(desk.engine.limits(1)) == (2**31 - 1, 7, 2**62 - 1)
    assert tuple(desk.engine.limits(2)) == (9, 0, 0)


def test_a_cap_is_of_one_account_and_asset(desk: Desk) -> None:
    desk.take(K.SET_POSITION_CAP, account=1, asset=2, amount=UNITS_MAX)

    assert [desk.engine.position_cap(*pair) for pair in ((1, 2), (1, 1), (2, 2), (1, 9))] == [UNITS_MAX, 0, 0, 0]


def test_volumes_are_there_from_the_first_fill_or_tier_on(real_type: type[Engine]) -> None:
    traded, tiered = Desk(real_type()), Desk(real_type())
    assert not traded.engine.has_volumes()

    traded.rest(1, SELL, 100, 1)
    traded.place(2, BUY, 100, 1)
    tiered.take(K.SET_FEE_TIER, mode=7, amount=1)

    assert traded.engine.has_volumes()
    assert tiered.engine.has_volumes()
    tiered.take(K.SET_FEE_TIER, mode=7)
    assert not tiered.engine.has_volumes()


def test_what_is_unknown_has_nothing(desk: Desk) -> None:
    assert (desk.engine.status(9), desk.engine.last_price(9)) == (MarketStatus.TRADING, 0)
    assert (desk.engine.rates(9), desk.engine.volume(9)) == ((0, 0), 0)
    assert desk.engine.balance(9, 1) == (0, 0)
    assert desk.engine.depth(9, BUY, 5) == []
    assert desk.engine.order(2**63 - 1) is None

"""Many commands at a time or one by one: both ways through a journal end in the same machine, wherever one stops."""

import pytest

from offchain.core.commands import CommandKind, MarketStatus
from offchain.core.errors import JournalError, QuantaTradeError, StateDiverged
from offchain.core.events import EventKind
from offchain.core.intents import (
    AmendOrder,
    CancelAllOrders,
    Intent,
    ReplaceOrder,
    SetCircuitBreaker,
    SetDiscounts,
    SetFees,
    SetKillSwitch,
    SetMarketStatus,
)
from offchain.sequencer import replay as replaying
from offchain.sequencer.journal import Journal
from offchain.sequencer.machine import Machine
from offchain.sequencer.replay import new_machine, replay, replay_events
from offchain.sequencer.snapshot import state_hash
from tests.sequencer.journaled_rules import assert_same_indexes
from tests.sequencer.journals import iterate_commands
from tests.sequencer.world import ALICE, BOB, IOC, MARKET, SELL, Desk, cancel, floor, order, withdrawal

STORY: tuple[Intent, ...] = (
    order(ALICE, "bid", price=100, lane=1),
    order(ALICE, "low", price=90, lane=2),
    ReplaceOrder(order(ALICE, "higher", price=101, lane=1, seq=2), "bid"),
    AmendOrder(ALICE, 3, "low"),
    order(BOB, "hit", SELL, price=100, quantity=4, tif=IOC, lane=7),
    order(BOB, "hit", SELL, price=100, quantity=4, tif=IOC, lane=7),
    SetFees(500, 900),
    SetFees(100, 200, ALICE),
    SetDiscounts(BOB, 1_000, 0),
    SetCircuitBreaker(MARKET, 1_000, 60_000_000),
    order(BOB, "first", SELL, price=101, quantity=1, lane=8),
    order(BOB, "trips", SELL, price=90, quantity=9, lane=9),
    SetMarketStatus(MARKET, MarketStatus.TRADING),
    withdrawal(ALICE, 1, 5),
    order(BOB, "rests", SELL, price=200, lane=10),
    SetKillSwitch(on=True, owner=BOB),
    SetKillSwitch(on=False, owner=BOB),
    cancel(ALICE, "low"),
    order(ALICE, "again", price=95, lane=2, seq=9),
    floor(90, ALICE, 2),
    SetMarketStatus(MARKET, MarketStatus.POST_ONLY),
    CancelAllOrders(ALICE),
)


@pytest.fixture
def told(tmp_path):
    """A story with all that changes the registry, in commits of different sizes, and the desk that it happened at."""
    desk = Desk(ALICE, BOB)
    for intent in STORY:
        desk.take(intent)
    journal = Journal.open(tmp_path, segment_bytes=2_000)
    while journal.last_sequence < len(desk.group.entries):
        journal.append(desk.group.entries[journal.last_sequence :][: 1 + journal.last_sequence % 5])
        journal.sync()
    journal.close()
    return tmp_path, desk


@pytest.mark.parametrize("batch", [1, 2, 7, 8_192])
def test_both_ways_give_the_same_machine_at_every_command(told, batch, monkeypatch):
    monkeypatch.setattr(replaying, "_BATCH_COMMANDS", batch)
    folder, desk = told
    slow = new_machine()
    for command, attachment in iterate_commands(folder):
        slow.apply(command, attachment)
        quick = replay(folder, command.sequence)
        assert state_hash(quick) == state_hash(slow), f"after {command}"
        assert_same_indexes(quick, slow)
    assert state_hash(slow) == state_hash(desk.machine)
    assert slow.registry.listings.markets[MARKET].status == MarketStatus.POST_ONLY
    kinds = {event.kind for logged in desk.group.logged for event in logged.events}
    assert {EventKind.STATUS_CHANGED, EventKind.AMENDED, EventKind.FILLED, EventKind.CANCELLED} <= kinds
    assert {CommandKind.REPLACE, CommandKind.SET_KILL_SWITCH} <= set(desk.kinds)


def test_what_happened_is_told_the_same_from_any_command_on(told):
    folder, desk = told
    logged = desk.group.logged
    for start in range(len(logged)):
        assert list(replay_events(folder, start, len(logged))) == logged[start:]


def test_a_machine_that_came_the_quick_way_judges_like_the_other(told):
    folder, desk = told
    quick = Desk(ALICE, BOB)
    quick.machine = quick.group.machine = replay(folder)
    later = [*STORY, order(ALICE, "new", price=80, lane=1, seq=3), order(ALICE, "old seq", price=80, lane=2, seq=9)]
    for intent in later:
        assert outcome(quick, intent) == outcome(desk, intent), intent
    assert state_hash(quick.machine) == state_hash(desk.machine)


def outcome(desk: Desk, intent: Intent) -> object:
    try:
        return desk.take(intent)
    except QuantaTradeError as error:
        return type(error), error.message


def test_commands_out_of_turn_are_not_taken_many_at_a_time(told):
    folder, _ = told
    machine: Machine = replay(folder, 5)
    group = next(iter(replaying.iterate_groups(folder, 8)))
    batch = replaying._Batch()
    batch.add(group, 0, group.length)
    with pytest.raises((StateDiverged, JournalError)):
        batch.apply(machine)

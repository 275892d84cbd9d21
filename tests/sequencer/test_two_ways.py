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
from tests.sequencer.world import (
    ALICE,
    BOB,
    IOC,
    MARKET,
    OTHER_KEY,
    SELL,
    Desk,
    answer,
    by_key,
    cancel,
    floor,
    in_ladder,
    order,
    session_revoked,
    session_set,
    settled,
    withdrawal,
)

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
    SetMarketStatus(MARKET, MarketStatus.TRADING),
    SetCircuitBreaker(MARKET, 0, 0),
    session_set(100, ALICE, base_limit=10**9, quote_limit=10**6),
    session_set(101, BOB, OTHER_KEY),
    by_key(order(ALICE, "key-bid", price=50, quantity=40, lane=20, seq=10)),
    by_key(order(BOB, "key-ask", SELL, price=50, quantity=15, lane=20), OTHER_KEY),
    *in_ladder(order(ALICE, "l1", price=41, lane=21, seq=10), order(ALICE, "l2", price=42, lane=22, seq=10)),
    *in_ladder(by_key(order(BOB, "l3", SELL, price=49, lane=21), OTHER_KEY), order(BOB, "none", SELL, lane=21))[:1],
    settled(102, 30),
    AmendOrder(ALICE, 11, "key-bid"),
    ReplaceOrder(by_key(order(ALICE, "key-new", price=45, lane=20, seq=11)), "key-bid"),
    session_revoked(103, ALICE),
    session_set(104, ALICE, quote_limit=10**5),
    by_key(order(ALICE, "key-again", price=46, lane=20, seq=12)),
)


@pytest.fixture
def told(tmp_path):
    """A story with all that changes the registry, in commits of different sizes, and the desk that it happened at."""
    desk = Desk(ALICE, BOB)
    for intent in STORY:
        receipt = desk.take(intent)
    desk.take(answer(ALICE, 1_000, (receipt.sequence, 1_001, 5)))
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
    assert slow.registry.listings.markets[MARKET].status == MarketStatus.TRADING
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
    later += [order(ALICE, f"renewed-{seq}", price=80, lane=20, seq=seq) for seq in (999, 1_001, 1_002)]
    later += [by_key(order(ALICE, f"limit-{lots}", price=99, quantity=lots, lane=30, seq=2_000)) for lots in (10**9, 9)]
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

"""The journal that random intents leave, held against what took them: recovered at any point in every way."""

import tempfile
from pathlib import Path

from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from offchain.core.commands import CommandKind
from offchain.core.errors import QuantaTradeError
from offchain.core.events import EventKind
from offchain.core.intents import Intent, Receipt
from offchain.sequencer.disk import Disk
from offchain.sequencer.journal import Journal
from offchain.sequencer.machine import Machine
from offchain.sequencer.registry import lane_key
from offchain.sequencer.replay import recover, replay, replay_events
from offchain.sequencer.snapshot import capture, state_hash, write_snapshot
from tests.sequencer.world import Desk


def assert_same_indexes(one: Machine, other: Machine) -> None:
    """What a snapshot does not hold, because it follows from the rest."""
    assert one.registry.live == other.registry.live
    assert one.registry.live_of == other.registry.live_of
    assert one.registry.busy == other.registry.busy
    assert one.registry.lane_seqs == other.registry.lane_seqs
    assert one.registry.sessions.newest == other.registry.sessions.newest
    assert one.registry.sessions.of_account == other.registry.sessions.of_account
    for number in one.registry.sessions.sessions:
        assert one.registry.sessions.reserved(number) == other.registry.sessions.reserved(number)


class JournaledRules(RuleBasedStateMachine):
    """A machine whose rules hand their intents to `give`."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        self.hashes = {desk.machine.sequence: state_hash(desk.machine)}
        self.disk = tempfile.TemporaryDirectory()
        self.folder = Path(self.disk.name)

    def give(self, intent: Intent) -> Receipt | type[QuantaTradeError]:
        """What becomes of the intent; a refusal must leave no trace."""
        before, rows = self.desk.machine.sequence, len(self.desk.group.entries)
        try:
            receipt = self.desk.take(intent)
        except QuantaTradeError as error:
            assert self.desk.machine.sequence == before
            assert len(self.desk.group.entries) == rows
            return type(error)
        if receipt.repeated:
            assert self.desk.machine.sequence == before
        else:
            assert receipt.sequence == self.desk.machine.sequence > before
            self.hashes[receipt.sequence] = state_hash(self.desk.machine)
        return receipt

    def is_open(self, order_id: int | None) -> bool:
        return order_id is not None and self.desk.machine.engine.order(order_id) is not None

    @rule()
    def snapshot(self):
        self.journal(len(self.desk.group.entries))
        checksum = self.journaled
        write_snapshot(self.folder, capture(self.desk.machine), checksum, 3, Disk())

    def journal(self, count: int) -> None:
        """Bring the journal up to the first `count` commands."""
        journal = Journal.open(self.folder, segment_bytes=2_000)
        entries = self.desk.group.entries
        while journal.last_sequence < count:
            # Commits of different sizes, the same in every run.
            stop = min(count, journal.last_sequence + 1 + journal.last_sequence % 7)
            journal.append(entries[journal.last_sequence : stop])
            journal.sync()
        self.journaled = journal.checksum
        journal.close()

    @invariant()
    def registry_and_engine_agree(self):
        registry, engine = self.desk.machine.registry, self.desk.machine.engine
        assert len(registry.live) == engine.open_orders == len(registry.busy)
        assert sum(map(len, registry.live_of.values())) == len(registry.live)
        assert len(registry.owners) == engine.accounts
        for order_id, one in registry.live.items():
            assert engine.order(order_id)[:3] == (one.account, one.market, one.side)
            assert registry.busy[lane_key(one.account, one.asset, one.lane)] == order_id

    def teardown(self):
        logged = self.desk.group.logged
        self.journal(len(logged))
        last = self.desk.machine.sequence
        for machine in (recover(self.folder), replay(self.folder)):
            assert state_hash(machine) == state_hash(self.desk.machine)
            assert_same_indexes(machine, self.desk.machine)
        for sequence in sorted(self.hashes)[:: max(1, len(self.hashes) // 2)]:
            assert state_hash(replay(self.folder, sequence)) == self.hashes[sequence]
            assert list(replay_events(self.folder, sequence, last)) == logged[sequence:]
        assert [one.command.sequence for one in logged] == list(range(1, last + 1))
        assert not any(event.kind == EventKind.REJECTED for one in logged for event in one.events)
        assert {one.command.kind for one in logged} <= set(CommandKind)
        self.disk.cleanup()

"""The journal and recovery on a flow of orders and cancels, as an exchange that ran would have written it.

Every order has an authorization with a signature, a digest, a client order id, a lane and a seq of its own; every
listing, account and deposit has its attachment. Commands are committed in groups of a thousand, each made durable.
"""

import heapq
import random
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.engine.workloads import Flow
from benchmarks.figures import Figures
from offchain.core.commands import (
    COMMAND_BYTES,
    ORDER_KINDS,
    AccountOpening,
    AssetListing,
    Attachment,
    ChainPosition,
    Command,
    CommandKind,
    DepositFact,
    MarketListing,
    OrderAuthorization,
)
from offchain.core.events import EventKind
from offchain.matching.engine import Engine
from offchain.sequencer.journal import Journal
from offchain.sequencer.records import Entry, pack_entry
from offchain.sequencer.replay import recover

GROUP_COMMANDS: Final = 1_000
LANES: Final = 1_000
EXPIRY_S: Final = 1_900_000_000
SEED: Final = 20_261_120


def tell_journal(figures: Figures, flow: Flow, runs: int) -> None:
    """Commits a second that are durable, and commands a second that recovery takes from them."""
    entries = journal_entries(flow)
    groups = [entries[start : start + GROUP_COMMANDS] for start in range(0, len(entries), GROUP_COMMANDS)]
    written: list[int] = []
    syncs: list[int] = []
    recovered: list[int] = []
    for _ in range(runs):
        # Beside the project, not in the system's temporary folder, which may be memory.
        with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".journal-") as folder:
            written.append(write_ns(Path(folder), groups, syncs))
            recovered.append(recover_ns(Path(folder), entries, flow))
            size = sum(path.stat().st_size for path in Path(folder).glob("segment-*"))
    total = len(entries) * runs
    figures.tell("journal_commands_per_second", round(len(entries) / median(written) * 10**9), "commands/s", total)
    figures.tell("journal_group_ms_p50", round(median(syncs) / 10**6, 3), "ms", len(syncs))
    figures.tell("journal_group_ms_p99", round(sorted(syncs)[len(syncs) * 99 // 100] / 10**6, 3), "ms", len(syncs))
    figures.tell("journal_bytes_per_command", round(size / len(entries), 1), "bytes", len(entries))
    figures.tell("recovery_commands_per_second", round(len(entries) / median(recovered) * 10**9), "commands/s", total)


class Signer:
    """What the owners sign: every order in the lowest lane of its account that no open order is in."""

    def __init__(self) -> None:
        self._chance = random.Random(SEED)
        self._engine = Engine()
        self._free: dict[int, list[int]] = {}
        self._held: dict[int, tuple[int, int]] = {}

    def attachment(self, command: Command) -> Attachment:
        """The attachment of the next command."""
        if command.kind in ORDER_KINDS:
            free = self._free.setdefault(command.account, list(range(1, LANES)))
            self._held[command.sequence] = (command.account, heapq.heappop(free))
        attachment = self._authorization(command) if command.kind in ORDER_KINDS else _fact(command)
        for event in self._engine.apply(command):
            if event.kind == EventKind.CANCELLED or (event.kind == EventKind.FILLED and event.remaining == 0):
                self._leave(event.order_id)
            if event.kind == EventKind.FILLED and event.counter_remaining == 0:
                self._leave(event.counter_order_id)
        return attachment

    def _leave(self, order_id: int) -> None:
        account, lane = self._held.pop(order_id)
        heapq.heappush(self._free[account], lane)

    def _authorization(self, command: Command) -> OrderAuthorization:
        chance = self._chance
        name = f"{chance.choice(('mm', 'desk', 'x'))}-{chance.getrandbits(32):08x}-{command.sequence}"
        lane, seq = self._held[command.sequence][1], command.sequence
        signature, digest = chance.randbytes(65), chance.randbytes(32)
        return OrderAuthorization(name, _owner(command), EXPIRY_S, seq, lane, 50, 0, signature, digest)


def journal_entries(flow: Flow) -> list[Entry]:
    """The flow's commands with attachments, as the journal takes them."""
    signer = Signer()
    packed = flow.opening.tobytes() + flow.commands.tobytes()
    entries = []
    for start in range(0, len(packed), COMMAND_BYTES):
        row = packed[start : start + COMMAND_BYTES]
        command = Command.unpack(row)
        entries.append(pack_entry(row, command.kind, signer.attachment(command)))
    return entries


def write_ns(folder: Path, groups: list[list[Entry]], group_ns: list[int]) -> int:
    """The time that a new journal takes for all groups, each durable before the next."""
    journal = Journal.open(folder)
    begun = time.perf_counter_ns()
    for group in groups:
        start = time.perf_counter_ns()
        journal.append(group)
        journal.sync()
        group_ns.append(time.perf_counter_ns() - start)
    spent = time.perf_counter_ns() - begun
    journal.close()
    return spent


def recover_ns(folder: Path, entries: list[Entry], flow: Flow) -> int:
    """The time from the files of a journal to a machine that takes intents."""
    start = time.perf_counter_ns()
    machine = recover(folder)
    spent = time.perf_counter_ns() - start
    if (machine.sequence, len(machine.registry.live)) != (len(entries), flow.live_orders):
        sys.exit("Recovery did not give the state that was journaled.")
    return spent


def _fact(command: Command) -> Attachment:
    """What a command that is no order is attached to."""
    if command.kind == CommandKind.OPEN_ACCOUNT:
        return AccountOpening(_owner(command))
    if command.kind == CommandKind.LIST_ASSET:
        return AssetListing(f"A{command.asset}", _owner(command), 18, 10**10)
    if command.kind == CommandKind.LIST_MARKET:
        return MarketListing(f"M{command.market}")
    if command.kind == CommandKind.CHAIN_DEPOSIT:
        return DepositFact(ChainPosition(command.sequence, 0, bytes(32), bytes(32)), _owner(command))
    return None


def _owner(command: Command) -> bytes:
    return command.account.to_bytes(20, "big")

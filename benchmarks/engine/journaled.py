"""The journal and recovery on a flow of orders and cancels, as an exchange that ran would have written it.

Every order has an authorization with a signature, a digest, a client order id, a lane and a seq of its own; every
listing, account and deposit has its attachment. Commands are committed in groups of a thousand, each made durable.
"""

import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.engine.workloads import Flow
from benchmarks.figures import Figures
from offchain.core.commands import (
    COMMAND_BYTES,
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
from offchain.sequencer.journal import Journal
from offchain.sequencer.records import Entry, pack_entry
from offchain.sequencer.replay import recover

GROUP_COMMANDS: Final = 1_000
LANES: Final = 8
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


def journal_entries(flow: Flow) -> list[Entry]:
    """The flow's commands with attachments, as the journal takes them."""
    chance = random.Random(SEED)
    packed = flow.opening.tobytes() + flow.commands.tobytes()
    entries = []
    for start in range(0, len(packed), COMMAND_BYTES):
        row = packed[start : start + COMMAND_BYTES]
        command = Command.unpack(row)
        entries.append(pack_entry(row, command.kind, ATTACHMENTS.get(command.kind, _none)(command, chance)))
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


def _none(command: Command, chance: random.Random) -> Attachment:
    return None


def _authorization(command: Command, chance: random.Random) -> Attachment:
    name = f"{chance.choice(('mm', 'desk', 'x'))}-{chance.getrandbits(32):08x}-{command.sequence}"
    lane = 1 + command.sequence % LANES
    return OrderAuthorization(
        name, _owner(command), EXPIRY_S, command.sequence, lane, 50, 0, chance.randbytes(65), chance.randbytes(32)
    )


def _owner(command: Command) -> bytes:
    return command.account.to_bytes(20, "big")


def _position(command: Command) -> ChainPosition:
    return ChainPosition(command.sequence, 0, bytes(32), bytes(32))


ATTACHMENTS: Final[dict[int, Callable[[Command, random.Random], Attachment]]] = {
    CommandKind.OPEN_ACCOUNT: lambda command, _: AccountOpening(_owner(command)),
    CommandKind.LIST_ASSET: lambda command, _: AssetListing(f"A{command.asset}", _owner(command), 18, 10**10),
    CommandKind.LIST_MARKET: lambda command, _: MarketListing(f"M{command.market}"),
    CommandKind.CHAIN_DEPOSIT: lambda command, _: DepositFact(_position(command), _owner(command)),
    CommandKind.PLACE: _authorization,
}

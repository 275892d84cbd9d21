"""The engine's public face: commands in and events out as NumPy rows or one by one, snapshots, and questions.

`python -m offchain.matching.build` compiles the machine behind it. Without that, or when the sources have changed
since, the same sources run as they are, with the same results, more slowly.
"""

import hashlib
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from offchain.core.commands import COMMAND_BYTES, COMMAND_DTYPE, Command, MarketStatus
from offchain.core.errors import JournalCorrupt
from offchain.core.events import EVENT_BYTES, EVENT_DTYPE, Event, RejectReason
from offchain.matching.layout import ID, ORDER_WORDS
from offchain.matching.sources import source_hash

if TYPE_CHECKING:
    from offchain.matching.machine import Machine
else:
    try:
        from offchain.matching._compiled import SOURCE_HASH, Machine

        if source_hash() != SOURCE_HASH:
            raise ImportError("The compiled machine is older than its sources.")
    except ImportError:
        from offchain.matching.machine import Machine

Rows = npt.NDArray[Any]
_MAGIC = b"QTENGINE"
_HEADER = struct.Struct("<8sIQ")
_SNAPSHOT_VERSION = 3
_U64_MAX = 2**64 - 1


class Engine:
    """Balances, books and fees of all accounts and markets: a deterministic fold over commands.

    It begins with the fee account (0) open and the default rates, 1500 ppm for makers and 2500 ppm for takers.
    A command that cannot be taken yields one REJECTED event and changes nothing but the event sequence. Sequences of
    commands that are taken must rise; that they leave no gap is the journal's business.
    """

    machine_type: ClassVar[type[Machine]] = Machine

    def __init__(self) -> None:
        self._machine = self.machine_type()
        self.apply_row: Callable[[bytes], bytes] = self._machine.run_one
        """Applies one command as `Command.pack` gives it; returns its events packed, for `Event.unpack_all`.

        Bytes of another length are a ValueError. It is the machine's own method: the shortest way in from Python.
        """

    @property
    def compiled(self) -> bool:
        """Whether this runs as machine code."""
        return not self.machine_type.__module__.endswith(".machine")

    @property
    def last_sequence(self) -> int:
        """The sequence of the last command that was taken."""
        return self._machine.sequences()[0]

    @property
    def event_sequence(self) -> int:
        """The sequence of the last event."""
        return self._machine.sequences()[1]

    @property
    def accounts(self) -> int:
        """How many accounts are open, with the fee account; the next OPEN_ACCOUNT names this number."""
        return self._machine.counts()[0]

    @property
    def assets(self) -> int:
        """How many assets are listed."""
        return self._machine.counts()[1]

    @property
    def open_orders(self) -> int:
        """How many orders are open, armed stops included."""
        return self._machine.counts()[2]

    def apply_batch(self, commands: Rows) -> Rows:
        """Apply rows of COMMAND_DTYPE in order; returns all their events as rows of EVENT_DTYPE.

        Raises:
            TypeError: the rows are of another type.
        """
        if commands.dtype != COMMAND_DTYPE:
            raise TypeError(f"Commands are rows of COMMAND_DTYPE, not of {commands.dtype}.")
        events, count = self._machine.run(np.ascontiguousarray(commands), len(commands))
        # An array of the same memory is made in half the time that `frombuffer` and a slice take.
        return np.ndarray(count, EVENT_DTYPE, events)

    def apply(self, command: Command) -> list[Event]:
        """Apply one command; returns its events, at least one."""
        try:
            row = command.pack()
        except struct.error:
            return Event.unpack_all(self._machine.refuse(_misfit(command)))
        return Event.unpack_all(self.apply_row(row))

    def check(self, command: Command) -> RejectReason:
        """The reason for which `apply` would reject the command now, or NONE. Nothing changes."""
        try:
            row = command.pack()
        except struct.error:
            return RejectReason.MALFORMED
        return RejectReason(self.check_row(row))

    def check_row(self, row: bytes) -> int:
        """The same for a command as `Command.pack` gives it, as a number."""
        return self._machine.judge(row)

    def balance(self, account: int, asset: int) -> tuple[int, int]:
        """Available and reserved ledger units; zeros for what was never touched."""
        return self._machine.balance(account, asset)

    def balances(self) -> list[tuple[int, int, int, int]]:
        """Account, asset, available and reserved units of every balance that is not all zero, sorted."""
        return self._machine.all_balances()

    def order(self, order_id: int) -> tuple[int, int, int, int, int] | None:
        """Account, market, side, price in ticks and remaining lots of an open order, or of an armed stop."""
        return self._machine.order(order_id)

    def open_order_ids(self) -> npt.NDArray[np.uint64]:
        """The ids of all open orders, armed stops included, in ascending order."""
        ids = np.frombuffer(self._machine.order_slots(), dtype=np.uint64)[ID::ORDER_WORDS]
        return np.sort(ids[ids != 0])

    def last_price(self, market: int) -> int:
        """The price of the market's last fill, or the reference set since, in ticks; 0 if there was none."""
        return self._machine.last_price(market)

    def best_price(self, market: int, side: int) -> int:
        """The best price of one side in ticks; 0 if nobody is there, or the market is not listed."""
        return self._machine.best_price(market, side)

    def depth(self, market: int, side: int, limit: int) -> list[tuple[int, int, int]]:
        """Price in ticks, lots and number of orders of the best `limit` levels of one side, best first.

        It takes a look at each of these orders.
        """
        return self._machine.depth(market, side, limit)

    def status(self, market: int) -> MarketStatus:
        """What a market takes now; TRADING if it is not listed."""
        return MarketStatus(self._machine.status(market))

    def rates(self, account: int) -> tuple[int, int]:
        """The maker's and taker's rate in force for an account, in ppm, after its tier and discounts."""
        return self._machine.rates(account)

    def volume(self, account: int) -> int:
        """What an account traded in the 30 days before the last ROLL_VOLUMES, in units of volume; its tier's."""
        return self._machine.volume(account)

    def has_volumes(self) -> bool:
        """Whether there can be anything for a ROLL_VOLUMES to count: a fill was counted, or tiers are set."""
        return self._machine.has_volumes()

    def limits(self, account: int) -> tuple[int, int, int]:
        """What applies to a known account: open orders, messages, and the window of these in sequences; 0: no limit."""
        return self._machine.limits_of(account)

    def position_cap(self, account: int, asset: int) -> int:
        """The most that buys may bring an account's balance of an asset to, in units; 0: there is no cap."""
        return self._machine.position_cap(account, asset)

    def killed(self, account: int, market: int) -> tuple[bool, bool, bool]:
        """Whether the kill switches of the exchange, of a known account and of a listed market are on."""
        return self._machine.killed(account, market)

    def state_hash(self) -> bytes:
        """SHA-256 over the canonical form of the logical state (`canonical.py`): equal for equal states."""
        return hashlib.sha256(self._canonical()).digest()

    def snapshot(self) -> bytes:
        """The logical state as bytes: magic, version, length, canonical words, SHA-256 over the words."""
        return self.packed(self.copied())

    def copied(self) -> "memoryview[int]":
        """The canonical words, which no longer change: what takes the engine's time of a snapshot."""
        return memoryview(self._machine.dump()).cast("B")

    @staticmethod
    def packed(words: "memoryview[int]") -> bytes:
        """The snapshot of words that were `copied`; any thread may do this."""
        head = _HEADER.pack(_MAGIC, _SNAPSHOT_VERSION, len(words))
        return b"".join((head, words, hashlib.sha256(words).digest()))

    @classmethod
    def restore(cls, snapshot: bytes) -> "Engine":
        """The engine that `snapshot` was taken of: same hash, same future.

        Raises:
            JournalCorrupt: the bytes are damaged, or of another version.
        """
        next_step = "Remove this snapshot: recovery takes an older one, or none, and more of the journal."
        if len(snapshot) < _HEADER.size:
            raise JournalCorrupt("An engine snapshot is cut short.", next_step)
        magic, version, length = _HEADER.unpack_from(snapshot)
        if (magic, version) != (_MAGIC, _SNAPSHOT_VERSION):
            raise JournalCorrupt(f"An engine snapshot is of unknown format or version {version}.", next_step)
        words, digest = snapshot[_HEADER.size : _HEADER.size + length], snapshot[_HEADER.size + length :]
        if len(words) != length or hashlib.sha256(words).digest() != digest:
            raise JournalCorrupt("An engine snapshot does not match its checksum.", next_step)
        engine = cls()
        engine._machine.load(memoryview(bytearray(words)).cast("q"))
        return engine

    def _canonical(self) -> bytes:
        return bytes(self.copied())


def _misfit(command: Command) -> bytes:
    """A row that names a command whose own fields do not fit one; what of its names does not fit either is 0."""
    names = [value if isinstance(value, int) and 0 <= value <= _U64_MAX else 0 for value in command[:2]]
    return Command(names[0], names[1], 0).pack()


assert COMMAND_BYTES % 8 == 0
assert EVENT_BYTES % 8 == 0

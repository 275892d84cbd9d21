"""A disk that remembers what is durable and what is only in the cache, fails in every way, and loses power.

What a process sees are real files in a folder. Beside them this keeps, for each file, the bytes that would survive a
power failure, and which pages and folder entries have changed since they were synced. A power failure keeps of those
an arbitrary part, as POSIX allows: single sectors of pages, a length in between, one renaming and not another.
"""

import errno
import os
import shutil
from pathlib import Path
from random import Random
from typing import Final

from offchain.sequencer.disk import Disk

PAGE: Final = 4_096
SECTOR: Final = 512


class PowerFailure(BaseException):
    """The process ends here; nothing may catch this and go on."""


class SimulatedFile:
    """One file, whatever its name: what is in the cache, what is on the disk, and which pages are to be written."""

    def __init__(self) -> None:
        self.cache = bytearray()
        self.durable = bytearray()
        self.dirty: set[int] = set()
        self.is_length_dirty = False

    def touch(self, start: int, stop: int) -> None:
        """Note that these bytes of the cache have changed."""
        self.dirty.update(range(start // PAGE, -(-stop // PAGE)))
        self.is_length_dirty = self.is_length_dirty or len(self.cache) != len(self.durable)

    def sync(self) -> None:
        """Bring all that is dirty to the disk."""
        self._resize(len(self.cache))
        for page in self.dirty:
            self._keep(page, PAGE)
        self.dirty.clear()
        self.is_length_dirty = False

    def fail_to_sync(self, chance: Random) -> None:
        """What a kernel does when it cannot write back: each page is written, shown and lost, or dropped."""
        if chance.random() < 0.5:
            self._resize(len(self.cache))
        for page in sorted(self.dirty):
            fate = chance.randrange(3)
            if fate == 0:
                self._keep(page, PAGE)
            elif fate == 1:
                start, stop = page * PAGE, min((page + 1) * PAGE, len(self.cache))
                old = bytes(self.durable[start:stop])
                self.cache[start:stop] = old + bytes(stop - start - len(old))
        self.dirty.clear()
        self.is_length_dirty = False

    def lose_power(self, chance: Random) -> None:
        """Let an arbitrary part of what is dirty be on the disk, and forget the rest."""
        if self.is_length_dirty:
            shorter, longer = sorted((len(self.cache), len(self.durable)))
            self._resize(chance.choice((shorter, longer, chance.randint(shorter, longer))))
        for page in sorted(self.dirty):
            if chance.random() < 0.5:
                self._keep(page, chance.choice((PAGE, SECTOR * chance.randrange(1, PAGE // SECTOR))))
        self.cache = bytearray(self.durable)
        self.dirty.clear()
        self.is_length_dirty = False

    def _resize(self, length: int) -> None:
        del self.durable[length:]
        self.durable += bytes(length - len(self.durable))

    def _keep(self, page: int, count: int) -> None:
        start = page * PAGE
        stop = min(start + count, len(self.durable), len(self.cache))
        self.durable[start:stop] = self.cache[start:stop]


Entry = SimulatedFile | Path
"""What a name stands for: a file, or (a path) a link."""


class Faults:
    """What goes wrong, and when. Counts every call; `trace` is the same for the same seed."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance
        self.power_fails_in: int | None = None
        """Calls until the power fails."""
        self.room: int | None = None
        """Bytes that can still be written, over others too, as where nothing is written in place; None: any number."""
        self.failing: dict[str, int] = {}
        """By the name of a call, in how many of these it fails, once."""
        self.short_writes = 0.1
        self.struck: list[str] = []
        """The calls that failed since the disk was last sound."""
        self.trace: list[str] = []

    def heal(self) -> None:
        """From now on all goes well."""
        self.power_fails_in, self.room, self.failing, self.struck = None, None, {}, []

    def meet(self, call: str) -> bool:
        """Count a call; whether the power fails during it.

        Raises:
            OSError: the call fails instead.
        """
        self.trace.append(call)
        left = self.failing.get(call)
        if left is not None:
            self.failing[call] = left - 1
            if left == 0:
                del self.failing[call]
                self.struck.append(call)
                raise OSError(errno.EIO, f"Input/output error in {call}")
        if self.room == 0 and call in ("create", "write_some", "link", "make_folder"):
            self.struck.append(call)
            raise OSError(errno.ENOSPC, "No space left on device")
        if self.power_fails_in is None:
            return False
        self.power_fails_in -= 1
        return self.power_fails_in < 0


class SimulatedDisk(Disk):
    """The disk under one folder and those beside it. It outlives the processes that use it."""

    def __init__(self, folder: Path, faults: Faults) -> None:
        self.folder = folder
        self.faults = faults
        self._entries: dict[Path, Entry] = {}
        self._durable: dict[Path, Entry] = {}
        self._pending: list[tuple[Path, Path | None, Entry | None]] = []
        """Changed entries: a path, the one that it was moved to, and what it is; nothing: it was removed."""
        self._new_folders: list[Path] = []
        """Those of which the folder above does not know yet."""
        self._descriptors: dict[int, SimulatedFile] = {}
        self._is_dead = False

    def open(self, path: Path, flags: int) -> int:
        """Open for real; what is created exists in the cache only."""
        key = _key(path)
        is_new = bool(flags & os.O_CREAT) and key not in self._entries
        fails = self._meet("create" if is_new else "open")
        descriptor = super().open(path, flags)
        if is_new:
            self._change(key, None, SimulatedFile())
        file = self._entries[key]
        assert isinstance(file, SimulatedFile)
        if flags & os.O_TRUNC and file.cache:
            file.cache.clear()
            file.touch(0, 0)
        self._descriptors[descriptor] = file
        self._die_if(fails)
        return descriptor

    def close(self, descriptor: int) -> None:
        """Close for real, in a process that is alive."""
        if self._descriptors.pop(descriptor, None) is not None:
            super().close(descriptor)

    def read(self, descriptor: int, limit: int) -> bytes:
        """Read what the cache holds."""
        self._die_if(self._meet("read"))
        return super().read(descriptor, limit)

    def write(self, descriptor: int, data: memoryview) -> int:
        """Write to the cache; often less than is asked for."""
        fails = self._meet("write_some")
        taken = len(data)
        if self.faults.room is not None:
            taken = min(taken, self.faults.room)
            self.faults.room -= taken
        if taken > 1 and (fails or self.faults.chance.random() < self.faults.short_writes):
            taken = self.faults.chance.randrange(1, taken)
        file = self._descriptors[descriptor]
        super().write(descriptor, data[:taken])
        stop = os.lseek(descriptor, 0, os.SEEK_CUR)
        start = stop - taken
        file.cache[start:stop] = data[:taken]
        file.touch(start, stop)
        self._die_if(fails)
        return taken

    def sync(self, descriptor: int) -> None:
        """Make the file's bytes durable, but not its name."""
        file = self._descriptors[descriptor]
        try:
            fails = self._meet("sync")
        except OSError:
            file.fail_to_sync(self.faults.chance)
            self._show(file)
            raise
        self._die_if(fails and self.faults.chance.random() < 0.5)
        file.sync()
        self._die_if(fails)

    def sync_folder(self, folder: Path) -> None:
        """Make the names in the folder durable, those of folders too."""
        fails = self._meet("sync_folder")
        self._die_if(fails and self.faults.chance.random() < 0.5)
        key = folder.resolve()
        for change in self._pending:
            if change[0].parent == key:
                _apply(change, self._durable)
        self._pending = [change for change in self._pending if change[0].parent != key]
        self._new_folders = [new for new in self._new_folders if new.parent != key]
        self._die_if(fails)

    def truncate(self, descriptor: int, length: int) -> None:
        """Cut the file in the cache."""
        fails = self._meet("truncate")
        super().truncate(descriptor, length)
        file = self._descriptors[descriptor]
        del file.cache[length:]
        file.touch(0, 0)
        self._die_if(fails)

    def rename(self, path: Path, target: Path) -> None:
        """Move in one step, in the cache."""
        fails = self._meet("rename")
        super().rename(path, target)
        self._change(_key(path), _key(target), self._entries[_key(path)])
        self._die_if(fails)

    def remove(self, path: Path) -> None:
        """Remove in the cache."""
        fails = self._meet("remove")
        super().remove(path)
        if _key(path) in self._entries:
            self._change(_key(path), None, None)
        self._die_if(fails)

    def link(self, path: Path, target: Path) -> None:
        """Link in the cache."""
        fails = self._meet("link")
        super().link(path, target)
        self._change(_key(path), None, target)
        self._die_if(fails)

    def make_folder(self, folder: Path) -> None:
        """Make the folder in the cache."""
        fails = self._meet("make_folder")
        if not folder.exists():
            self._new_folders.append(_key(folder))
        super().make_folder(folder)
        self._die_if(fails)

    def kill(self) -> None:
        """The process is gone, the cache stays."""
        self._is_dead = False
        for descriptor in tuple(self._descriptors):
            self.close(descriptor)

    def lose_power(self) -> None:
        """The process is gone and the cache with it: show what is on the disk."""
        self.kill()
        chance = self.faults.chance
        for change in self._pending:
            if chance.random() < 0.5:
                _apply(change, self._durable)
        lost = [new for new in self._new_folders if chance.random() < 0.5]
        self._pending, self._new_folders = [], []
        for entry in dict.fromkeys([*self._entries.values(), *self._durable.values()]):
            if isinstance(entry, SimulatedFile):
                entry.lose_power(chance)
        for key in self._entries:
            key.unlink()
        self._entries = {key: entry for key, entry in self._durable.items() if key.parent not in lost}
        self._durable = dict(self._entries)
        for folder in lost:
            shutil.rmtree(folder)
        for key, entry in self._entries.items():
            if isinstance(entry, SimulatedFile):
                key.write_bytes(entry.cache)
            else:
                key.symlink_to(entry)

    def _change(self, key: Path, target: Path | None, entry: Entry | None) -> None:
        change = (key, target, entry)
        _apply(change, self._entries)
        self._pending.append(change)

    def _meet(self, call: str) -> bool:
        if self._is_dead:
            raise PowerFailure
        return self.faults.meet(call)

    def _die_if(self, fails: bool) -> None:
        if fails:
            self._is_dead = True
            raise PowerFailure

    def _show(self, file: SimulatedFile) -> None:
        """Let the real file hold what the cache holds."""
        for key, known in self._entries.items():
            if known is file:
                key.write_bytes(file.cache)


def _apply(change: tuple[Path, Path | None, Entry | None], entries: dict[Path, Entry]) -> None:
    key, target, entry = change
    entries.pop(key, None)
    if entry is not None:
        entries[target or key] = entry


def _key(path: Path) -> Path:
    return path.parent.resolve() / path.name

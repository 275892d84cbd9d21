"""A disk that fails on demand."""

import errno
import threading
from collections.abc import Callable

from offchain.sequencer.disk import Disk


class FaultyDisk(Disk):
    """Writes at most `room` bytes, in portions of `portion`; syncs fail once `is_sync_broken` is set."""

    def __init__(self) -> None:
        self.room: int | None = None
        self.portion: int | None = None
        self.is_sync_broken = False
        self.syncs = 0
        self.writes = 0
        self.before_sync: Callable[[], None] = lambda: None

    def write(self, descriptor: int, data: memoryview) -> int:
        self.writes += 1
        length = min(len(data), self.portion or len(data))
        if self.room is not None:
            if self.room == 0:
                raise OSError(errno.ENOSPC, "No space left on device")
            length = min(length, self.room)
            self.room -= length
        return super().write(descriptor, data[:length])

    def sync(self, descriptor: int) -> None:
        self.before_sync()
        self.syncs += 1
        if self.is_sync_broken:
            raise OSError(errno.EIO, "Input/output error")
        super().sync(descriptor)


class Gate:
    """Holds up whoever passes until it is opened."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self._open = threading.Event()

    def __call__(self) -> None:
        self.reached.set()
        assert self._open.wait(10)

    def open(self) -> None:
        self._open.set()

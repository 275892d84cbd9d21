"""The system calls of the journal, behind names, so that tests can make every one of them fail."""

import os
from pathlib import Path
from typing import Final

_PORTION_BYTES: Final = 64 << 20


class Disk:
    """Every call that opens, reads, writes, moves or removes a file of the journal. All raise OSError."""

    def open(self, path: Path, flags: int) -> int:
        """A descriptor, closed in child processes; what is created may be read by everybody."""
        return os.open(path, flags | os.O_CLOEXEC, 0o644)

    def close(self, descriptor: int) -> None:
        """Give a descriptor back."""
        os.close(descriptor)

    def read(self, descriptor: int, limit: int) -> bytes:
        """Up to `limit` of the next bytes; none at the end."""
        return os.read(descriptor, limit)

    def write(self, descriptor: int, data: memoryview) -> int:
        """Write some of `data` and return how many bytes were taken."""
        return os.write(descriptor, data)

    def sync(self, descriptor: int) -> None:
        """Return once the file's bytes and length are on the disk."""
        os.fdatasync(descriptor)

    def sync_folder(self, folder: Path) -> None:
        """Return once the folder's entries are on the disk."""
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def truncate(self, descriptor: int, length: int) -> None:
        """Cut the file to `length` bytes."""
        os.ftruncate(descriptor, length)

    def rename(self, path: Path, target: Path) -> None:
        """Give a file another name in its file system, in one step."""
        path.rename(target)

    def remove(self, path: Path) -> None:
        """Delete a file if it is there."""
        path.unlink(missing_ok=True)

    def link(self, path: Path, target: Path) -> None:
        """Make `path` a symbolic link to `target`."""
        path.symlink_to(target)

    def make_folder(self, folder: Path) -> None:
        """Make a folder and its parents."""
        folder.mkdir(parents=True, exist_ok=True)

    def write_all(self, descriptor: int, data: bytes) -> None:
        """Write the whole of `data`, in as many portions as the system takes it.

        Raises:
            OSError: the disk takes no more.
        """
        rest = memoryview(data)
        while rest:
            taken = self.write(descriptor, rest)
            if taken <= 0:
                raise OSError("the disk takes no more bytes")
            rest = rest[taken:]

    def read_file(self, path: Path, limit: int | None = None) -> bytes:
        """The bytes of a file, or its first `limit`."""
        descriptor = self.open(path, os.O_RDONLY)
        try:
            portions, left = [], os.fstat(descriptor).st_size if limit is None else limit
            while left > 0 and (portion := self.read(descriptor, min(left, _PORTION_BYTES))):
                portions.append(portion)
                left -= len(portion)
            return portions[0] if len(portions) == 1 else b"".join(portions)
        finally:
            self.close(descriptor)

    def write_file(self, path: Path, data: bytes) -> None:
        """Write a file that is on the disk, entry and all, when this returns."""
        descriptor = self.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        try:
            self.write_all(descriptor, data)
            self.sync(descriptor)
        finally:
            self.close(descriptor)
        self.sync_folder(path.parent)

"""Files with secrets: only their owner can read them, and they are whole or not there."""

import contextlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path


def read_or_create(path: Path, make: Callable[[], bytes]) -> bytes:
    """The bytes of a file; where there is none yet, `make` says what goes into it.

    A process that dies while it writes leaves no file of this name. Of several processes that write at once, one is
    the first, and all get its bytes.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _create(path, make())
    return path.read_bytes()


def _create(path: Path, content: bytes) -> None:
    descriptor, draft = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        os.unlink(draft)

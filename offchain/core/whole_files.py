"""Files that others read while they are written: whoever looks finds the old one or the new one, never half of it."""

import os
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file in one step, durably, and its folder if there is none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)


def changed_ns(path: Path) -> int | None:
    """When a file was changed last, in nanoseconds; nothing if it is not there, or not any more."""
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return None

"""A reader finds the old file or the new one, never half of it."""

from pathlib import Path

import pytest

from offchain.core.whole_files import changed_ns, write_whole


def test_a_file_is_written_and_written_anew(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "list.json"
    write_whole(path, b"first")
    before = changed_ns(path)
    write_whole(path, b"second")
    assert path.read_bytes() == b"second"
    assert before is not None
    assert list(path.parent.iterdir()) == [path]


def test_what_fails_half_way_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "list.json"
    write_whole(path, b"first")

    def full_disk(_descriptor: int) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(OSError, match="no space left"):
        write_whole(path, b"second")
    assert path.read_bytes() == b"first"


def test_a_file_that_is_not_there_was_never_changed(tmp_path: Path) -> None:
    assert changed_ns(tmp_path / "list.json") is None

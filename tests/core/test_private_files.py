"""Secrets are made once, for their owner alone, and never half."""

import secrets
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from offchain.core.private_files import read_or_create


def test_a_secret_is_made_once_and_kept_private(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "secret"

    first = read_or_create(path, lambda: secrets.token_bytes(64))

    assert read_or_create(path, lambda: b"another") == first
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o077 == 0
    assert list(path.parent.iterdir()) == [path]


def test_what_fails_half_way_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "secret"

    def full_disk(_descriptor: int) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full_disk)
        with pytest.raises(OSError, match="no space left"):
            read_or_create(path, lambda: b"never durable")

    assert list(tmp_path.iterdir()) == []
    assert read_or_create(path, lambda: b"second try") == b"second try"


def test_all_who_start_at_once_get_the_same_secret(tmp_path: Path) -> None:
    together = Barrier(8)

    def make() -> bytes:
        together.wait(timeout=60)
        return secrets.token_bytes(64)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: read_or_create(tmp_path / "secret", make), range(8)))

    assert len(set(found)) == 1

"""The trees of the vesting pools, from the files that publishing wrote: `vesting/<pool>.json` in the state folder.

A tree is checked when it is read, which takes seconds for a large one, and kept until its file changes.
"""

import logging
import threading
from pathlib import Path
from typing import Final, NamedTuple

from offchain.core.errors import ConfigurationError, NotFound
from offchain.core.whole_files import changed_ns
from offchain.presale.tree import StandardTree

_ALLOCATION: Final = -1
"""The last column of a pool's tree."""
_log = logging.getLogger(__name__)


class Proof(NamedTuple):
    """An account's allocation in base units of QTRA, and the hashes that prove it."""

    allocation: int
    hashes: tuple[bytes, ...]


class _Kept(NamedTuple):
    changed_ns: int | None
    tree: StandardTree | None


class ProofFiles:
    """The trees of a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._trees: dict[int, _Kept] = {}
        self._lock = threading.Lock()

    def preload(self) -> None:
        """Reads every tree of the folder, so that nobody's first question waits for it."""
        for pool in self.pools():
            self._tree(pool)

    def pools(self) -> list[int]:
        """The pools that have a file, whatever is in it."""
        return sorted(int(path.stem) for path in self._folder.glob("*.json") if path.stem.isdecimal())

    def has(self, pool: int, root: bytes) -> bool:
        """Whether there is the tree of this root."""
        tree = self._tree(pool)
        return tree is not None and tree.root == root

    def proof(self, pool: int, root: bytes, account: bytes) -> Proof | None:
        """The account's allocation with its proof; nothing without a tree of this root, or if it has no leaf there."""
        tree = self._tree(pool)
        if tree is None or tree.root != root:
            return None
        try:
            return Proof(int(tree.row(account)[_ALLOCATION]), tuple(tree.proof(account)))
        except NotFound:
            return None

    def _tree(self, pool: int) -> StandardTree | None:
        path = self._folder / f"{pool}.json"
        changed = changed_ns(path)
        with self._lock:
            kept = self._trees.get(pool)
            if kept is None or kept.changed_ns != changed:
                kept = self._trees[pool] = _Kept(changed, None if changed is None else _loaded(path))
            return kept.tree


def _loaded(path: Path) -> StandardTree | None:
    try:
        return StandardTree.load(path)
    except ConfigurationError as error:
        _log.warning("no proofs from %s: %s", path, error)
        return None

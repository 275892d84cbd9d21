"""Which contracts are indexed: those of the deployment manifest, as it is now, that a projection reads."""

from pathlib import Path

from indexer.blocks import IndexedContract
from indexer.project.registry import INDEXED_CONTRACTS
from offchain.chain.bindings import load_contract
from offchain.chain.manifest import Manifest, load_manifest


def contracts_of(manifest: Manifest) -> tuple[IndexedContract, ...]:
    """The contracts of a manifest that some projection reads, the one that a database belongs to first.

    Raises:
        ConfigurationError: the contracts are not compiled.
    """
    return tuple(
        IndexedContract(name, manifest.address(name), manifest.first_block_of(name), load_contract(name))
        for name in INDEXED_CONTRACTS
        if name in manifest.contracts
    )


class ManifestContracts:
    """The contracts of a manifest's file; a contract that is added there is indexed without a restart."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._changed_ns = -1
        self._contracts: tuple[IndexedContract, ...] = ()

    def __call__(self) -> tuple[IndexedContract, ...]:
        """The contracts as the file has them now.

        Raises:
            ConfigurationError: the file is no manifest any more.
        """
        changed_ns = self._path.stat().st_mtime_ns if self._path.exists() else -1
        if not self._contracts or changed_ns != self._changed_ns:
            self._contracts = contracts_of(load_manifest(self._path))
            self._changed_ns = changed_ns
        return self._contracts

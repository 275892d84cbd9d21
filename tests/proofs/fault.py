"""A mistake that can be put into a contract, and the invariants of which one must notice it."""

from dataclasses import dataclass
from pathlib import Path

from tests.proofs.forge import FOLDERS, ROOT


@dataclass(frozen=True)
class Fault:
    """One mistake: in a file, whose name no other contract has, `right` stands there once and becomes `wrong`."""

    name: str
    file: str
    right: str
    wrong: str
    caught_by: tuple[str, ...]

    @property
    def contract(self) -> str:
        """The contract that the file is of, by the name that its tests begin with."""
        return next(name for name, folder in FOLDERS.items() if (ROOT / folder / self.file).exists())

    @property
    def path(self) -> Path:
        """Where the file lies, from the root on."""
        return Path(FOLDERS[self.contract]) / self.file


def broken(source: str, fault: Fault) -> str:
    """The source with the fault in it.

    Raises:
        ValueError: what the fault changes does not stand there once; the contract has changed, so must the fault.
    """
    if source.count(fault.right) != 1:
        raise ValueError(f"{fault.file} does not have this once: {fault.right!r}")
    return source.replace(fault.right, fault.wrong)


def fits(fault: Fault) -> bool:
    """Whether the fault can be put into the contract as it is."""
    return (ROOT / fault.path).read_text().count(fault.right) == 1

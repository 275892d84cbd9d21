"""Runs forge on the contracts, here or in a copy of them that a proof may change."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
FOLDERS: Final = {
    "Settlement": "contracts/settlement/",
    "Sale": "contracts/sale/",
    "Vesting": "contracts/vesting/",
    "Staking": "contracts/staking/",
    "Revenue": "contracts/revenue/",
}
"""Where the contracts lie whose tests have a campaign of invariants, by the name that their tests begin with."""
SOURCES: Final = ("contracts", "tests/forge", "scripts/solc", "foundry.toml")


class Forge:
    """forge in a folder, with build output of its own there."""

    def __init__(self, folder: Path) -> None:
        """Raises FileNotFoundError without forge; `make` puts it on the path."""
        found = shutil.which("forge")
        if found is None:
            raise FileNotFoundError("forge is not on the path: run this by make")
        self.folder = folder
        self._forge = found

    @classmethod
    def on_a_copy(cls, folder: Path) -> "Forge":
        """In an empty folder, on a copy of what the contracts and their tests are built of."""
        for name in SOURCES:
            source, target = ROOT / name, folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target)
            else:
                shutil.copy(source, target)
        (folder / "node_modules").symlink_to((ROOT / "node_modules").resolve())
        return cls(folder)

    def start(self, *arguments: str, **settings: str) -> subprocess.Popen[str]:
        """Start a command; settings are forge's, by the names of its configuration (`invariant_runs="1"`)."""
        environment = os.environ | {f"FOUNDRY_{name.upper()}": value for name, value in settings.items()}
        return subprocess.Popen(
            [self._forge, *arguments],
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *arguments: str, **settings: str) -> tuple[bool, str]:
        """Run a command: whether it succeeded, and what it printed."""
        with self.start(*arguments, **settings) as process:
            output, _ = process.communicate()
        return process.returncode == 0, output


def invariants(contract: str) -> list[str]:
    """The names of the stateful invariants of a contract, as its campaign has them."""
    source = (ROOT / f"tests/forge/{contract}Invariants.t.sol").read_text()
    looked_at = re.findall(r"function (?:invariant|check)(\w+)\(.*\) (?:internal|private)", source)
    never = re.findall(r'\b_?never\(\w+\.\w+, "(\w+)"\)', source)
    # One may be looked at in two ways.
    return list(dict.fromkeys([name for name in looked_at if name != "All"] + never))

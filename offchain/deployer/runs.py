"""The record of what each script did to a deployment: one file a run, never written again."""

from pathlib import Path
from typing import Any

import msgspec

from offchain.chain.manifest import Manifest


class SentStep(msgspec.Struct, frozen=True, rename="camel"):
    """A transaction that a run sent."""

    says: str
    target: str
    calldata: str
    transaction: str
    block: int
    gas_used: int


class Run(msgspec.Struct, frozen=True, rename="camel"):
    """A run of a script: by whom, what it sent, and what came of it, by name."""

    script: str
    chain_id: int
    network: str
    sender: str
    steps: list[SentStep]
    results: dict[str, Any]


def save_run(folder: Path, manifest: Manifest, script: str, sender: str, steps: list[SentStep], **results: Any) -> Path:
    """Writes a run beside those before it, and says where."""
    runs = folder / "runs"
    runs.mkdir(parents=True, exist_ok=True)
    run = Run(script, manifest.chain_id, manifest.network, sender, steps, results)
    # Not how many there are: what was sent must get its record also where an earlier one was taken away.
    numbers = [path.name.partition("-")[0] for path in runs.glob("*.json")]
    last = max((int(number) for number in numbers if number.isdecimal()), default=0)
    path = runs / f"{last + 1:04}-{script}.json"
    with path.open("xb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(run), indent=2) + b"\n")
    return path

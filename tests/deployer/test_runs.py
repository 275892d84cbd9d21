"""What a script sent is on record, whatever happened to the records before it."""

from pathlib import Path

import msgspec

from offchain.chain.manifest import Manifest
from offchain.deployer.runs import Run, SentStep, save_run

MANIFEST = Manifest(31337, "ethereum:local", 1, {}, (), ())
STEP = SentStep("Finalise round 0", "0x01", "0x02", "0x03", 7, 21_000)


def save(folder: Path, script: str) -> Path:
    return save_run(folder, MANIFEST, script, "0xA1", [STEP], rounds=["Public"])


def test_a_run_is_saved_with_all_that_it_sent(tmp_path: Path) -> None:
    path = save(tmp_path, "finalise_sale")
    assert path == tmp_path / "runs" / "0001-finalise_sale.json"
    saved = msgspec.json.decode(path.read_bytes(), type=Run)
    assert saved == Run("finalise_sale", 31337, "ethereum:local", "0xA1", [STEP], {"rounds": ["Public"]})


def test_runs_are_numbered_on_though_one_was_taken_away(tmp_path: Path) -> None:
    first, second = (save(tmp_path, "route_revenue") for _ in range(2))
    first.unlink()
    assert save(tmp_path, "route_revenue").name == "0003-route_revenue.json"
    assert second.exists()

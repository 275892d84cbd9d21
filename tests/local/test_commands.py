"""The `quantatrade` command: what it prints, and that what goes wrong is one clear line."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from eth_utils.address import to_checksum_address

from offchain.chain.keys import load_or_create_keyfile
from offchain.cli import main


def run(state: Path, *arguments: str, **environment: str) -> Result:
    return CliRunner(mix_stderr=False).invoke(main, arguments, env={"QUANTATRADE_STATE": str(state), **environment})


def test_keys_are_made_once_and_shown_by_address(tmp_path: Path) -> None:
    first, second = run(tmp_path, "keys"), run(tmp_path, "keys")
    addresses = [
        to_checksum_address(load_or_create_keyfile(tmp_path / "keys" / f"{role}.json").address)
        for role in ("engine", "submitter")
    ]
    assert first.output == second.output == f"engine {addresses[0]}\nsubmitter {addresses[1]}\n"
    assert addresses[0] != addresses[1]


@pytest.mark.parametrize(
    ("arguments", "environment", "told"),
    [
        (["verify"], {"QUANTATRADE_PORT": "many"}, "QUANTATRADE_PORT"),
        (["verify"], {}, "no deployment manifest"),
        (["serve"], {}, "no deployment manifest"),
        (["rebuild", "orderz"], {}, "no projection orderz"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_what_goes_wrong_is_one_clear_line(
    tmp_path: Path, arguments: list[str], environment: dict[str, str], told: str
) -> None:
    result = run(tmp_path, *arguments, **environment)
    assert result.exit_code == 1
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("QuantaTrade: ")
    assert told in line

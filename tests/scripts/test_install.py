"""The installer says in one line what a machine lacks, before it changes anything."""

import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts/install.sh"
NEEDED = ("bash", "dirname", "env")


@pytest.fixture
def bare_path(tmp_path: Path) -> Path:
    """A folder of programs without Python, Node.js or npm."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in NEEDED:
        found = shutil.which(name)
        assert found is not None
        (programs / name).symlink_to(found)
    return programs


def _put(programs: Path, name: str, answer: str) -> None:
    program = programs / name
    program.write_text(f"#!{shutil.which('bash')}\necho {answer}\n")
    program.chmod(0o755)


def _install(tmp_path: Path, programs: Path) -> subprocess.CompletedProcess[str]:
    script = tmp_path / "project" / "scripts" / "install.sh"
    script.parent.mkdir(parents=True)
    shutil.copy(SCRIPT, script)
    return subprocess.run(
        [script], env={"PATH": str(programs)}, capture_output=True, text=True, timeout=30, check=False
    )


def _assert_one_line(told: subprocess.CompletedProcess[str], text: str) -> None:
    assert told.returncode == 1
    assert [line for line in told.stderr.splitlines() if line.startswith("QuantaTrade: ")] == told.stderr.splitlines()
    assert told.stderr.count("\n") == 1
    assert text in told.stderr


def test_a_missing_node_is_one_line(tmp_path: Path, bare_path: Path) -> None:
    _assert_one_line(_install(tmp_path, bare_path), "Node.js is missing. Install Node.js 20 or newer")


def test_a_missing_npm_is_one_line(tmp_path: Path, bare_path: Path) -> None:
    _put(bare_path, "node", "20")

    _assert_one_line(_install(tmp_path, bare_path), "npm is missing.")


def test_an_old_node_is_one_line(tmp_path: Path, bare_path: Path) -> None:
    _put(bare_path, "node", "18")
    _put(bare_path, "npm", "9")

    _assert_one_line(_install(tmp_path, bare_path), "is too old. Install Node.js 20 or newer")


def test_a_missing_python_is_one_line(tmp_path: Path, bare_path: Path) -> None:
    _put(bare_path, "node", "20")
    _put(bare_path, "npm", "10")

    _assert_one_line(_install(tmp_path, bare_path), "Python 3.11 or 3.12 is missing.")

"""Every command of the deployers' documents is one that its script takes."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = ("docs/token-economy.md", "docs/deployment.md")
NAMES = (
    "deploy",
    "configure_sale",
    "issue_vouchers",
    "finalise_sale",
    "publish_vesting",
    "route_revenue",
    "verify",
)
OPTIONS_OF = """
import importlib, json, sys
print(json.dumps({name: [[option for parameter in importlib.import_module(f"scripts.{name}").cli.params
                          for option in parameter.opts if option.startswith("-")],
                         sum(parameter.param_type_name == "argument"
                             for parameter in importlib.import_module(f"scripts.{name}").cli.params)]
                  for name in sys.argv[1:]}))
"""


def commands() -> list[list[str]]:
    """The words of each `ape run` command of the documents, those that go over several lines too."""
    text = "\n".join((ROOT / name).read_text() for name in DOCUMENTS).replace("\\\n", " ")
    return [shlex.split(line)[2:] for line in re.findall(r"^ape run .*$", text, re.MULTILINE)]


@pytest.fixture(scope="module")
def known() -> dict[str, tuple[list[str], int]]:
    command = [sys.executable, "-c", OPTIONS_OF, *NAMES]
    answer = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return dict(json.loads(answer.stdout.splitlines()[-1]))


def test_the_documents_show_every_script() -> None:
    assert {words[0] for words in commands()} == set(NAMES)
    written = {path.stem for path in (ROOT / "scripts").glob("[a-z]*.py")}
    assert written == set(NAMES)


def test_every_option_and_argument_of_a_documented_command_exists(known: dict[str, tuple[list[str], int]]) -> None:
    for name, *words in commands():
        options, arguments = known[name]
        assert [word for word in words if word.startswith("--") and word not in options] == []
        flags = {"--dry-run", "--yes"}
        valued = {words[place + 1] for place, word in enumerate(words) if word.startswith("--") and word not in flags}
        files = [word for word in words if not word.startswith("--") and word not in valued and word != "..."]
        assert len(files) == arguments, (name, files)


def test_every_script_has_a_dry_run(known: dict[str, tuple[list[str], int]]) -> None:
    assert [name for name, (options, _) in known.items() if "--dry-run" not in options] == []

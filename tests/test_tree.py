"""The tree itself: what holds for every file under version control, so that no reader has to look for it."""

import ast
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from offchain.cli import main
from offchain.core.settings import Settings

ROOT = Path(__file__).parents[1]
FILE_LINES_MAX = 450
FUNCTION_LINES_MAX = 65
TEST_NAME_WORDS_MIN = 3
SOURCES = ("*.py", "*.pyi", "*.sol", "*.ts", "*.tsx", "*.js", "*.mjs", "*.css", "*.sh")
PROSE = ("*.md", "*.toml", "*.yaml", "Makefile", ".ci/run")
GENERATED = re.compile(r"\.gen\.ts$|^scripts/solc/")
# Each has a class of one letter, or it would be found here.
LEFT_TO_DO = re.compile(r"\b(?:TOD[O]|FIXM[E]|XX[X]|HAC[K])\b")
MACHINE_PATH = re.compile(r"(?<![\w.:/$}-])/(?:hom[e]|roo[t]|wor[k]|User[s])/\w")
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")
ENVIRONMENT = re.compile(r"""\benv(?:iron(?:\.get\(|\[)"|\.)(QUANTATRADE_\w+)""")
NO_ROOMS = {"docs", "offchain/migrations"}


@cache
def files(*patterns: str) -> tuple[str, ...]:
    """The written files that match, from the top of the tree; generated ones are left out."""
    command = ["git", "ls-files", "-z", "--", *patterns]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return tuple(name for name in listed.split("\0") if name and not GENERATED.search(name) and (ROOT / name).is_file())


@cache
def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def functions(name: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(text(name))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def found(pattern: re.Pattern[str], *patterns: str) -> list[str]:
    return [
        f"{name}:{number}: {line.strip()}"
        for name in files(*patterns)
        for number, line in enumerate(text(name).splitlines(), 1)
        if pattern.search(line)
    ]


def rooms_of_the_readme() -> set[str]:
    """The paths in the first column of its table; a short one stands in the folder of the one before it."""
    rooms = set()
    for row in re.findall(r"^\| (`.*?) \|", text("README.md").split("## Rooms")[1].split("\n## ")[0], re.MULTILINE):
        folder = ""
        for path in re.findall(r"`([^`]+)`", row):
            nested = "/" not in path.rstrip("/") and (ROOT / folder / path).exists()
            room = f"{folder}{path}" if nested else path
            folder = room[: room.rstrip("/").rfind("/") + 1]
            rooms.add(room.rstrip("/"))
    return rooms


def test_a_file_fits_on_a_few_screens():
    lengths = {name: text(name).count("\n") for name in files(*SOURCES)}
    assert {name: lines for name, lines in lengths.items() if lines > FILE_LINES_MAX} == {}


def test_a_function_fits_on_one_screen():
    long = [
        f"{name}:{function.lineno} {function.name}"
        for name in files("*.py")
        if not name.startswith("tests/")
        for function in functions(name)
        if (function.end_lineno or 0) - function.lineno > FUNCTION_LINES_MAX
    ]
    assert long == []


def test_nothing_is_left_for_later():
    assert found(LEFT_TO_DO, *SOURCES, *PROSE) == []


def test_no_file_knows_the_machine_that_it_was_written_on():
    assert found(MACHINE_PATH, *SOURCES, *PROSE) == []


def test_every_package_says_what_it_is():
    silent = [name for name in files("*/__init__.py") if not ast.get_docstring(ast.parse(text(name)))]
    assert silent == []


def test_tests_are_named_by_behaviour():
    terse = [
        f"{name}:{function.lineno} {function.name}"
        for name in files("tests/**/test_*.py", "tests/test_*.py")
        for function in functions(name)
        if function.name.startswith("test_") and len(function.name.split("_")) <= TEST_NAME_WORDS_MIN
    ]
    assert terse == []


def test_the_readme_names_every_room_and_no_other():
    folders = {name.split("/")[0] for name in files("*/*") if not name.startswith(".")}
    packages = {str(Path(name).parent) for name in files("offchain/*/__init__.py") if name.count("/") == 2}
    named = rooms_of_the_readme()
    assert [room for room in sorted(named) if not (ROOT / room).exists()] == []
    assert sorted((folders - {"offchain"} | packages) - NO_ROOMS - named) == []


def test_every_link_of_a_document_leads_somewhere():
    broken = [
        f"{name}: {target}"
        for name in files("*.md")
        for target in LINK.findall(text(name))
        if not (ROOT / name).parent.joinpath(target).exists()
    ]
    assert broken == []


def test_every_document_can_be_reached_from_the_readme():
    reached, waiting = set(), {"README.md"}
    while waiting:
        reached |= waiting
        links = {((ROOT / name).parent / target).resolve() for name in waiting for target in LINK.findall(text(name))}
        waiting = {str(link.relative_to(ROOT)) for link in links if link.suffix == ".md"} - reached
    assert sorted(set(files("docs/*.md", "docs/**/*.md")) - reached) == []


def test_no_table_of_a_document_has_a_row_twice():
    twice = [
        f"{name}: {row}"
        for name in files("*.md")
        for row, times in Counter(re.findall(r"^\|.*\w.*\|$(?!\n\|-)", text(name), re.MULTILINE)).items()
        if times > 1
    ]
    assert twice == []


def test_every_make_command_of_a_document_exists():
    targets = set(re.findall(r"^([a-z-]+):", text("Makefile"), re.MULTILINE))
    named = {(name, target) for name in files("*.md") for target in re.findall(r"`make ([a-z-]+)", text(name))}
    assert sorted((name, target) for name, target in named if target not in targets) == []


def test_every_document_that_a_source_names_exists():
    named = {(name, path) for name in files(*SOURCES) for path in re.findall(r"\bdocs/[\w./-]+\.\w+", text(name))}
    assert sorted((name, path) for name, path in named if not (ROOT / path).exists()) == []


def test_every_quantatrade_command_of_a_document_exists():
    named = {(name, word) for name in files("*.md") for word in re.findall(r"`quantatrade ([a-z]+)", text(name))}
    assert named
    assert sorted((name, word) for name, word in named if word not in main.commands) == []


def test_every_setting_of_a_document_exists():
    settings = {f"QUANTATRADE_{field.upper()}" for field in Settings.model_fields}
    read = {name for path in files(*SOURCES) for name in ENVIRONMENT.findall(text(path))}
    named = {
        (name, setting) for name in files("*.md") for setting in re.findall(r"QUANTATRADE_[A-Z_]+\b(?!\*)", text(name))
    }
    assert sorted((name, setting) for name, setting in named if setting not in settings | read) == []

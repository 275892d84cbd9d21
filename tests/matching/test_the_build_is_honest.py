import ast
import importlib
import importlib.machinery
import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from setuptools.errors import BaseError, CCompilerError

from offchain.matching import build, layout, sources, words

ROOT = Path(__file__).parents[2]


def test_every_part_of_the_machine_is_in_the_join() -> None:
    reached, waiting = set(), ["machine"]
    while waiting:
        name = waiting.pop()
        reached.add(name)
        tree = ast.parse((ROOT / "offchain" / "matching" / f"{name}.py").read_text())
        modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        parts = {module.rpartition(".")[2] for module in modules if module and module.startswith("offchain.matching.")}
        waiting += parts - reached
    assert reached == set(sources.PARTS)


def test_no_name_is_defined_by_two_parts() -> None:
    names = [node.name for node in ast.parse(sources.joined()).body if isinstance(node, ast.ClassDef | ast.FunctionDef)]
    assert len(names) == len(set(names))


def test_constants_are_joined_as_numbers() -> None:
    text = sources.joined()
    assert "codes." not in text
    assert "at." not in text.replace("format.", "")
    assert "cython.cast(cython.longlong, 9223372036854775807)" in text


def test_what_serves_the_parts_as_modules_of_their_own_is_not_joined() -> None:
    body = ast.parse(sources.joined()).body
    imports = [ast.unparse(node) for node in body if isinstance(node, ast.Import | ast.ImportFrom)]
    library = ["import contextlib", "import mmap"]
    c_library = [
        "from cython.cimports.cpython.bytearray import PyByteArray_AS_STRING, PyByteArray_FromStringAndSize",
        "from cython.cimports.libc.string import memcpy",
        "from cython.cimports.near import prefetch, rows_in",
    ]
    assert imports == [*library, "import cython", "import numpy as np", *c_library]
    assert not [node for node in body if isinstance(node, ast.AnnAssign | ast.Expr)]
    names = {node.id for node in ast.walk(ast.Module(body, [])) if isinstance(node, ast.Name)}
    assert not names & {"record", "ask", "copy_two", "room_in", "unwritten_bytes"}


def test_functions_that_return_numbers_signal_exceptions_by_one_of_them() -> None:
    functions = [node for node in ast.walk(ast.parse(sources.joined())) if isinstance(node, ast.FunctionDef)]
    silent = set()
    for function in functions:
        decorators = [ast.unparse(decorator) for decorator in function.decorator_list]
        returns = ast.unparse(function.returns) if function.returns else ""
        number = "cython.cfunc" in decorators and returns in ("cython.long", "cython.bint")
        signals = [decorator for decorator in decorators if decorator.startswith("cython.exceptval")]
        assert len(signals) == number, function.name
        if signals == ["cython.exceptval(check=False)"]:
            silent.add(function.name)
        else:
            assert signals in ([], ["cython.exceptval(-1, check=True)"])
    assert {"pair", "fee_of", "side_of"} <= silent


def test_functions_that_read_arrays_call_others_or_raise_are_not_silent() -> None:
    for body in ("return words[place]", "return self.find(place)", "raise IndexError", "words[place] = 1"):
        assert not sources.only_reckons(function_of(body))
    for body in ("return self.terms[0]", "return command[0] + other[0]", "return self.words[command[0]]"):
        assert not sources.only_reckons(function_of(body))


def test_functions_that_read_a_record_which_they_are_handed_are_silent() -> None:
    assert sources.only_reckons(function_of("return command[0] + pair(place, order[at.PRICE])"))


def function_of(body: str) -> ast.FunctionDef:
    """A function with this body that is handed a number, a row and a record."""
    function = ast.parse(f"def asked(place: I64, command: Row, order: Record):\n    {body}").body[0]
    assert isinstance(function, ast.FunctionDef)
    return function


def test_nothing_but_asking_is_without_a_check_of_bounds() -> None:
    withs = [node for node in ast.walk(ast.parse(sources.joined())) if isinstance(node, ast.With)]
    unchecked = [node for node in withs if ast.unparse(node.items[0]) == "cython.boundscheck(False)"]
    assert len(unchecked) > 10
    assert all(ast.unparse(node.items[0]).startswith("contextlib.") for node in withs if node not in unchecked)
    for node in unchecked:
        (statement,) = node.body
        assert isinstance(statement, ast.Expr)
        assert_only_asks(statement.value)


def test_a_record_that_begins_within_an_array_is_within_its_memory() -> None:
    text = "".join((ROOT / "offchain" / "matching" / f"{name}.py").read_text() for name in sources.PARTS)
    lengths = re.findall(r"\brecord\(.*, at\.(\w+)\)", text)
    assert len(lengths) > 50
    assert max(getattr(layout, name) for name in lengths) <= layout.SPARE_WORDS
    for count in (8, layout.HUGE_PAGE_WORDS):
        room: Any = words.blank(count).obj
        end = room.ctypes.data + room.nbytes
        while isinstance(room.base, np.ndarray):
            room = room.base
        assert room.ctypes.data + room.nbytes - end >= 8 * layout.SPARE_WORDS


def assert_only_asks(call: ast.expr) -> None:
    """It asks memory for a word, and reads none but of records: of the array only the address is taken."""
    assert isinstance(call, ast.Call)
    assert ast.unparse(call.func) == "prefetch"
    assert isinstance(call.args[0], ast.BinOp)
    array = call.args[0].left
    assert re.fullmatch(r"cython\.address\([\w.]+\[0\]\)", ast.unparse(array))
    reads = [part for part in ast.walk(call.args[0].right) if isinstance(part, ast.Subscript)]
    assert all(isinstance(read.slice, ast.Constant) for read in reads)


@pytest.mark.usefixtures("compiled_type")
def test_a_build_that_is_up_to_date_is_left_alone() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "offchain.matching.build"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "Engine: compiled, up to date.\n"


def test_without_a_c_compiler_the_build_says_so_in_one_line_and_succeeds(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from offchain.matching import build;"
        "build.is_current = lambda: False; build.target = lambda: Path(sys.argv[1]);"
        "build.joined = lambda: 'SOURCE_HASH = 0'; sys.exit(build.main())"
    )
    target = tmp_path / "_compiled.so"
    done = subprocess.run(
        [sys.executable, "-c", program, str(target)],
        cwd=ROOT,
        env=os.environ | {"CC": "no-such-compiler", "LDSHARED": "no-such-compiler"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "runs uncompiled" in done.stdout.splitlines()[-1]
    assert not target.exists()


def test_a_machine_is_compiled_into_its_place_and_nothing_else_is_left(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    place = tmp_path / build.target().name
    monkeypatch.setattr(build, "joined", lambda: "SOURCE_HASH = 'a name'\n")
    monkeypatch.setattr(build, "target", lambda: place)

    try:
        build.compile_machine()
    except (BaseError, CCompilerError):
        pytest.skip("no C compiler works here")

    loader = importlib.machinery.ExtensionFileLoader("offchain.matching._compiled", str(place))
    spec = importlib.util.spec_from_file_location("offchain.matching._compiled", place, loader=loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    assert module.SOURCE_HASH == "a name"
    assert list(tmp_path.iterdir()) == [place]
    assert place.stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize(
    ("current", "error", "told"),
    [
        (True, None, "Engine: compiled, up to date.\n"),
        (False, None, "Engine: compiled in 0 s.\n"),
        (False, CCompilerError("no\n gcc" + "c" * 100), f"No C compiler works here: no gcc{'c' * 74}\n"),
        (False, BaseError("no Python.h"), "No C compiler works here: no Python.h\n"),
    ],
)
def test_the_build_says_in_one_line_what_the_engine_runs_as(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    current: bool,
    error: Exception | None,
    told: str,
) -> None:
    def compile_machine() -> None:
        if error:
            raise error

    monkeypatch.setattr(build, "is_current", lambda: current)
    monkeypatch.setattr(build, "compile_machine", compile_machine)

    assert build.main() == 0
    out = capsys.readouterr().out
    assert out.endswith(told)
    assert out.count("\n") == 1


def test_a_machine_that_is_not_there_is_not_current(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "_MODULE", "offchain.matching.not_there")

    assert not build.is_current()
    assert build.target().parent == ROOT / "offchain" / "matching"


def test_a_compiled_machine_of_other_sources_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "source_hash", lambda: "other")
    monkeypatch.setattr(build, "source_hash", lambda: "other")
    assert not build.is_current()
    engine = importlib.import_module("offchain.matching.engine")
    spec = importlib.util.spec_from_file_location("tests.matching.engine_again", engine.__file__)
    assert spec is not None
    assert spec.loader is not None
    again = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(again)
    assert not again.Engine().compiled


RECORDS = {
    "order": layout.ORDER_WORDS,
    "maker": layout.ORDER_WORDS,
    "market": layout.MARKET_WORDS,
    "terms": layout.MARKET_WORDS,
    "account": layout.ACCOUNT_WORDS,
    "hot": layout.ACCOUNT_WORDS,
    "profile": layout.PROFILE_WORDS,
    "tier": layout.TIER_WORDS,
    "sighted": layout.SIGHTED_WORDS,
    "page": layout.PAGE_WORDS,
    "funds": layout.BALANCE_WORDS,
    "row": layout.COMMAND_WORDS,
    "command": layout.COMMAND_WORDS,
    "event": layout.EVENT_WORDS,
    "self.row": layout.EVENT_WORDS,
    "placed": layout.ORDER_WORDS,
    "owner": layout.ACCOUNT_WORDS,
    "pot": layout.ACCOUNT_WORDS,
    "trader": layout.ACCOUNT_WORDS,
    "other": layout.SIDE_WORDS,
    "self.market": layout.MARKET_WORDS,
    "self.terms": layout.MARKET_WORDS,
    "self.account": layout.ACCOUNT_WORDS,
    "self.trader": layout.ACCOUNT_WORDS,
    "trading.trader": layout.ACCOUNT_WORDS,
    "self.funds": layout.BALANCE_WORDS,
    "self.passed.funds": layout.BALANCE_WORDS,
}
KEPT = {name: length for name, length in RECORDS.items() if "." in name}
"""Records that parts hold from one function to the next."""


def names_of_records(tree: ast.AST) -> Iterator[tuple[str, ast.expr | None]]:
    """The names that records go by, with what each is set to."""
    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.annotation) in ("Record", "Row"):
            yield ast.unparse(node.target), node.value
        elif isinstance(node, ast.arg) and node.annotation and ast.unparse(node.annotation) in ("Record", "Row"):
            yield node.arg, None
        elif isinstance(node, ast.Assign) and ast.unparse(node.value).startswith("record("):
            yield ast.unparse(node.targets[0]), node.value


@pytest.mark.parametrize("part", sources.PARTS)
def test_records_are_as_long_as_their_names_say_and_read_by_constants_within(part: str) -> None:
    tree = ast.parse((ROOT / "offchain" / "matching" / f"{part}.py").read_text())
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    for function in [node for node in functions if node.name not in ("record", "copy_two")]:
        lengths = dict(KEPT)
        for name, value in names_of_records(function):
            lengths[name] = RECORDS[name]
            if isinstance(value, ast.Call):
                assert RECORDS[name] == getattr(layout, ast.unparse(value.args[2]).removeprefix("at."))
        for node in ast.walk(function):
            if isinstance(node, ast.Subscript) and ast.unparse(node.value) in lengths:
                index = ast.unparse(node.slice)
                number = int(index) if index.isdigit() else getattr(layout, index.removeprefix("at."))
                assert 0 <= number < lengths[ast.unparse(node.value)]
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "copy_two":
                target, place, source, start = (ast.unparse(argument) for argument in node.args)
                assert 0 <= int(place) < lengths[target] - 1
                assert 0 <= int(start) < lengths[source] - 1


def test_rows_are_gone_through_only_by_those_that_know_their_end() -> None:
    """Compiled, nobody checks indexes of a batch's rows and of the room for its events; uncompiled they are checked."""
    found = set()
    for part in sources.PARTS:
        tree = ast.parse((ROOT / "offchain" / "matching" / f"{part}.py").read_text())
        for function in [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]:
            for node in ast.walk(function):
                if isinstance(node, ast.Subscript):
                    assert not ast.unparse(node.value).endswith("rows")
                if isinstance(node, ast.Call) and node.args and ast.unparse(node.args[0]).endswith("rows"):
                    found.add((part, function.name, ast.unparse(node.func)))
    assert found == {
        ("ahead", "look", "record"),
        ("machine", "run", "ask"),
        ("machine", "run", "record"),
        ("machine", "run_one", "packed"),
        ("machine", "refuse", "packed"),
        ("outbox", "use", "record"),
        ("outbox", "emit", "record"),
    }


@pytest.mark.parametrize("start", [-1, -16, 17, 2**62])
def test_a_record_that_is_not_whole_is_an_error(start: int) -> None:
    assert list(words.record(words.blank(32), 16, 16)) == [0] * 16
    with pytest.raises(IndexError):
        words.record(words.blank(32), start, 16)

"""Faults put into sources, one at a time: mutmut's own operators, on every function, decorated ones too.

mutmut itself leaves decorated functions out, and all functions of a Cython source are decorated. What is not mutated:
annotations and decorators (the uncompiled engine does not look at them), statements outside of functions, and the 0 of
functions that return nothing else: in C they must return some number, and nobody looks at it.
"""

import difflib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import CodeType, ModuleType
from typing import NamedTuple

import libcst as cst
from libcst import matchers
from mutmut.mutation.mutators import mutation_operators


class Mutant(NamedTuple):
    """A module, its text as it is, and the text with one fault in it."""

    module: str
    path: Path
    before: str
    text: str

    def difference(self) -> str:
        """The lines that differ."""
        before, after = self.before.splitlines(), self.text.splitlines()
        lines = difflib.unified_diff(before, after, self.path.name, "mutant", lineterm="", n=1)
        return "\n".join(lines)

    def put_in_place(self) -> None:
        """From the next import on, this process gets the mutant."""
        sys.meta_path.insert(0, _Finder(self))


class Fault(NamedTuple):
    """One node that could be another."""

    module: str
    path: Path
    tree: cst.Module
    original: cst.CSTNode
    changed: cst.CSTNode

    def mutant(self) -> Mutant:
        changed = self.tree.deep_replace(self.original, self.changed)
        assert isinstance(changed, cst.Module)
        return Mutant(self.module, self.path, self.tree.code, changed.code)


def faults_of(module: str, path: Path) -> list[Fault]:
    """Every fault that can be put into a source."""
    tree = cst.parse_module(path.read_text(encoding="utf-8"))
    finder = _Faults()
    tree.visit(finder)
    return [Fault(module, path, tree, original, changed) for original, changed in finder.found]


class _Faults(cst.CSTVisitor):
    def __init__(self) -> None:
        super().__init__()
        self.depth = 0
        self.idle: list[cst.Return] = []
        self.found: list[tuple[cst.CSTNode, cst.CSTNode]] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.Annotation | cst.Decorator):
            return False
        if isinstance(node, cst.Return) and any(node is idle for idle in self.idle):
            return False
        if isinstance(node, cst.FunctionDef):
            self.idle += idle_returns(node)
        if self.depth > 0:
            self.found += [(node, changed) for changed in changes_of(node)]
        self.depth += isinstance(node, cst.FunctionDef)
        return True

    def on_leave(self, original_node: cst.CSTNode) -> None:
        self.depth -= isinstance(original_node, cst.FunctionDef)


def idle_returns(function: cst.FunctionDef) -> list[cst.Return]:
    """The `return 0` of a function that returns nothing else."""
    returns = [node for node in matchers.findall(function, matchers.Return()) if isinstance(node, cst.Return)]
    zero = matchers.Return(value=matchers.Integer("0"))
    return returns if all(matchers.matches(node, zero) for node in returns) else []


def changes_of(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    for kind, operator in mutation_operators:
        if isinstance(node, kind):
            yield from operator(node)


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, mutant: Mutant) -> None:
        self.mutant = mutant

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self.mutant.module:
            return None
        loader = _Loader(fullname, str(self.mutant.path), self.mutant.text)
        return importlib.util.spec_from_file_location(fullname, self.mutant.path, loader=loader)


class _Loader(importlib.machinery.SourceFileLoader):
    def __init__(self, fullname: str, path: str, text: str) -> None:
        super().__init__(fullname, path)
        self.text = text

    def get_code(self, fullname: str) -> CodeType:
        return compile(self.text, self.path, "exec")

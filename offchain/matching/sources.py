"""The machine's sources as one Cython module: joined, with C types and plain numbers put in place.

One module, because within one the C compiler sees every call. The join is mechanical: imports of one another go, the
types of `words` become C types, constants of `codes` and `layout` their values, and records pointers behind one check
of bounds. The rows of a batch and the room for its events are pointers as well, of which the loop and the outbox know
the end: so nothing is to be asked of NumPy but where they begin. Numbers are `long` and the words of arrays `long
long`, which have as many bits: so the C compiler knows that writing to an array changes no number of an object. `ask`
becomes what C compilers have for it. Indexes become unsigned, so that one comparison is for both bounds. Functions that
return numbers signal an exception by -1, which costs less than asking after each call; those that only reckon cannot
raise. Nothing else changes.
"""

import ast
import hashlib
from pathlib import Path
from typing import Final

from offchain.matching import codes, layout

PARTS: Final = (
    "words",
    "fields",
    "outbox",
    "blocks",
    "ledger",
    "rosters",
    "volumes",
    "tiers",
    "limits",
    "elders",
    "orders",
    "books",
    "state",
    "ahead",
    "risk",
    "breaker",
    "lookahead",
    "unwinding",
    "placing",
    "control_verdict",
    "settings",
    "funding",
    "verdict",
    "cancelling",
    "trading",
    "stops",
    "control",
    "tape",
    "canonical_accounts",
    "canonical",
    "machine",
)
_FOLDER: Final = Path(__file__).parent
_CONSTANTS: Final = {"codes": vars(codes), "at": vars(layout)}
_C_TYPES: Final = {
    "I64": "cython.long",
    "Words": "cython.longlong[::1]",
    "HalfWords": "cython.int[::1]",
    "Array": "object",
    "Rows": "cython.pointer[cython.const[cython.longlong]]",
    "Room": "cython.pointer[cython.longlong]",
    "Record": "cython.pointer[cython.longlong]",
    "Row": "cython.pointer[cython.const[cython.longlong]]",
}
_C_VIEWS: Final = {
    "record": "cython.address({0}[cython.cast(cython.size_t, {1})])",
    "unpacked": f"cython.cast({_C_TYPES['Row']}, cython.cast(cython.p_char, {{0}}))",
    "unwritten_bytes": "PyByteArray_FromStringAndSize(cython.NULL, 8 * ({0}))",
    "room_in": "cython.cast(cython.pointer[cython.longlong], PyByteArray_AS_STRING({0}))",
    "rows_in": "rows_in({0}, {1}, {2})",
    "copy_two": "memcpy({0} + {1}, {2} + {3}, 16)",
    "ask": "prefetch(cython.address({0}[0]) + ({1}))",
    "packed": "cython.cast(cython.p_char, cython.address({0}[0]))[:8 * ({1})]",
}
NEAR: Final = '''
from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer

cdef extern from *:
    """
    #ifdef __GNUC__
    #define prefetch(line) __builtin_prefetch(line)
    #else
    #define prefetch(line) ((void)(line))
    #endif
    #include <limits.h>
    #if LONG_MAX != LLONG_MAX
    #error "Numbers of the engine have 64 bits."
    #endif
    """
    void prefetch(const void *line) noexcept nogil

cdef inline const long long *rows_in(object array, Py_ssize_t count, Py_ssize_t words) except? NULL:
    cdef Py_buffer view
    PyObject_GetBuffer(array, &view, PyBUF_SIMPLE)
    cdef const long long *rows = <const long long *>view.buf
    cdef Py_ssize_t length = view.len
    PyBuffer_Release(&view)
    if length // (8 * words) != count or length % (8 * words) != 0:
        raise ValueError("There are not as many rows as are said to be.")
    return rows
'''
"""The module `near`: what the joined one has from C. GCC and Clang have `prefetch`, others do without. What `rows_in`
gives is good for as long as its caller has the array."""
_C_INT_MAX: Final = 2**31 - 1
_RECKONING: Final = ("pair", "low_of", "high_of", "fee_of", "mul_ppm", "min", "max")
"""Calls that cannot raise."""


def source_hash() -> str:
    """Names the sources as they are now; a compiled module carries the name of those it was made of."""
    digest = hashlib.sha256()
    for name in (*PARTS, "sources"):
        digest.update((_FOLDER / f"{name}.py").read_bytes())
    constants = [(key, value) for names in _CONSTANTS.values() for key, value in names.items() if key.isupper()]
    digest.update(repr(constants).encode())
    return digest.hexdigest()


def joined() -> str:
    """The text of the one module."""
    body: list[ast.stmt] = []
    for name in PARTS:
        tree = ast.parse((_FOLDER / f"{name}.py").read_text(encoding="utf-8"))
        body += [_Inline().visit(node) for node in tree.body if not _is_of_the_join(node)]
    lines = [ast.unparse(ast.fix_missing_locations(node)) for node in body]
    return "\n".join(
        [
            "import contextlib",
            "import mmap",
            "import cython",
            "import numpy as np",
            "from cython.cimports.cpython.bytearray import PyByteArray_AS_STRING, PyByteArray_FromStringAndSize",
            "from cython.cimports.libc.string import memcpy",
            "from cython.cimports.near import prefetch, rows_in",
            f"SOURCE_HASH = {source_hash()!r}",
            *lines,
            "",
        ]
    )


class _Inline(ast.NodeTransformer):
    """Puts C types and the values of constants in place of their names, and -1 as the sign of an exception."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        decorators = {ast.unparse(decorator) for decorator in node.decorator_list}
        returns = ast.unparse(node.returns) if node.returns else ""
        if "cython.cfunc" in decorators and returns in ("I64", "cython.bint"):
            signal = "check=False" if only_reckons(node) else "-1, check=True"
            node.decorator_list.append(_expression(f"cython.exceptval({signal})"))
        self.generic_visit(node)
        return node

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        """A statement; of `ask` alone without a check of bounds, for a word that is not there does no harm."""
        asks = isinstance(node.value, ast.Call) and ast.unparse(node.value.func) == "ask"
        reads_arrays = any(isinstance(part, ast.Subscript) and not _is_field(part) for part in ast.walk(node))
        self.generic_visit(node)
        if not asks or reads_arrays:
            return node
        return ast.With([ast.withitem(_expression("cython.boundscheck(False)"))], [node])

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        self.generic_visit(node)
        if not isinstance(node.slice, ast.Name | ast.BinOp):
            return node
        node.slice = _expression(f"cython.cast(cython.size_t, {ast.unparse(node.slice)})")
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if not isinstance(node.func, ast.Name) or node.func.id not in _C_VIEWS:
            return node
        return _expression(_C_VIEWS[node.func.id].format(*(ast.unparse(argument) for argument in node.args)))

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if isinstance(node.value, ast.Name) and node.value.id in _CONSTANTS:
            value = int(_CONSTANTS[node.value.id][node.attr])
            # Cython takes wider literals for Python objects unless told otherwise.
            wide = f"cython.cast(cython.longlong, {value})"
            return _expression(str(value) if value <= _C_INT_MAX else wide)
        self.generic_visit(node)
        return node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return _expression(_C_TYPES[node.id]) if node.id in _C_TYPES else node


def _expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def _is_field(node: ast.Subscript) -> bool:
    """Whether this reads a word of a record, whose index is one of the constants of the layout."""
    return ast.unparse(node.slice).startswith("at.")


def only_reckons(node: ast.FunctionDef) -> bool:
    """Whether a function holds nothing that could raise: it reads no arrays, and calls nothing that does.

    The words of a record that it is handed have been checked by who made it.
    """
    parts = [part for statement in node.body for part in ast.walk(statement)]
    handed = {arg.arg for arg in node.args.args if arg.annotation and ast.unparse(arg.annotation) in ("Record", "Row")}
    reads = {ast.unparse(part.value) for part in parts if isinstance(part, ast.Subscript)}
    if any(isinstance(part, ast.Raise) for part in parts) or not reads <= handed:
        return False
    calls = [part.func for part in parts if isinstance(part, ast.Call)]
    return all(isinstance(call, ast.Name) and call.id in _RECKONING for call in calls)


def _is_of_the_join(node: ast.stmt) -> bool:
    """Whether a top-level statement only serves the parts as modules of their own."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        return True
    if isinstance(node, ast.AnnAssign):
        return isinstance(node.target, ast.Name) and node.target.id in _C_TYPES
    if isinstance(node, ast.FunctionDef):
        return node.name in _C_VIEWS
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)

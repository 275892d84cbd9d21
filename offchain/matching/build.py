"""Compile the machine in place: `python -m offchain.matching.build`.

Without a C compiler it says so and succeeds: the engine then runs uncompiled, with the same results.
"""

import importlib
import importlib.machinery
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

import click
from Cython.Build import cythonize
from setuptools import Distribution, Extension
from setuptools.command.build_ext import build_ext
from setuptools.errors import BaseError, CCompilerError

from offchain.matching.sources import NEAR, joined, source_hash

_MODULE = "offchain.matching._compiled"
_DIRECTIVES = {
    "language_level": 3,
    "boundscheck": True,
    "wraparound": False,
    # Arrays are set when their owner is made, and divisors are constants or found positive before.
    "initializedcheck": False,
    "cdivision": True,
    "show_performance_hints": False,
    # Nothing here is ever pickled: a state leaves as a snapshot.
    "auto_pickle": False,
}

# None for this very processor: the result may be carried to another. Words that are written one by one are also to be
# read one by one: reading two at once waits until both have left the processor's store buffer.
_C_FLAGS = [
    # -O3 takes longer to compile and gains nothing; nor does anyone debug the C that Cython writes.
    "-O2",
    "-g0",
    "-fno-tree-slp-vectorize",
    # What the sources mark as inline is to be inline: the way of an order through the machine is one function.
    "--param=inline-unit-growth=1000",
    "--param=max-inline-insns-single=3000",
    "--param=large-function-growth=3000",
    "--param=large-function-insns=20000",
    "-Wno-unreachable-code",
]


def target() -> Path:
    """The file that the compiled machine is in, if it is there."""
    return Path(__file__).with_name(f"_compiled{importlib.machinery.EXTENSION_SUFFIXES[0]}")


def is_current() -> bool:
    """Whether the compiled machine is there and made of the sources as they are."""
    try:
        return bool(source_hash() == importlib.import_module(_MODULE).SOURCE_HASH)
    except ImportError:
        return False


def compile_machine() -> None:
    """Compile the sources and put the module in its place, whole or not at all.

    Raises:
        setuptools.errors.BaseError: there is no working C compiler, or no header files of Python.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        unit = folder / "_compiled.py"
        unit.write_text(joined(), encoding="utf-8")
        (folder / "near.pxd").write_text(NEAR, encoding="utf-8")
        extension = Extension(_MODULE, [str(unit)], extra_compile_args=_C_FLAGS)
        modules = cythonize(  # type: ignore[no-untyped-call]  # Cython has no types
            [extension], compiler_directives=_DIRECTIVES, include_path=[name], build_dir=name, quiet=True
        )
        command = build_ext(Distribution({"ext_modules": modules}))
        command.build_lib, command.build_temp = str(folder / "lib"), str(folder / "temp")
        command.ensure_finalized()
        command.run()
        made = Path(command.get_ext_fullpath(_MODULE))
        staged = target().with_suffix(f".{os.getpid()}.tmp")
        shutil.copyfile(made, staged)
        staged.chmod(0o755)
        staged.replace(target())


def main() -> int:
    """Compile unless that is done already; say in one line what the engine runs as."""
    if is_current():
        click.echo("Engine: compiled, up to date.")
        return 0
    started = time.monotonic()
    try:
        compile_machine()
    except (BaseError, CCompilerError) as error:
        reason = " ".join(str(error).split())[:80]
        click.echo(
            f"Engine: runs uncompiled, with the same results but more slowly. No C compiler works here: {reason}"
        )
        return 0
    click.echo(f"Engine: compiled in {time.monotonic() - started:.0f} s.")
    return 0


if __name__ == "__main__":
    sys.exit(main())

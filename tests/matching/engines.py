"""The three that must agree: the engine compiled, the same sources uncompiled, and the reference model."""

import importlib.machinery
import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

from offchain.matching import machine
from offchain.matching.build import target
from offchain.matching.engine import Engine
from tests.matching.naive import NaiveEngine


class UncompiledEngine(Engine):
    machine_type = machine.Machine


def compiled_engine(folder: Path) -> type[Engine] | None:
    """The engine on a machine that is compiled from the sources as they are; None if no C compiler works here."""
    subprocess.run([sys.executable, "-m", "offchain.matching.build"], check=True, capture_output=True)
    if not target().exists():
        return None
    # Under a name and in a place of its own: this process may have loaded an older one.
    copy = shutil.copy(target(), folder)
    loader = importlib.machinery.ExtensionFileLoader("tests.matching._compiled", str(copy))
    spec = importlib.util.spec_from_file_location("tests.matching._compiled", str(copy), loader=loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return type("CompiledEngine", (Engine,), {"machine_type": module.Machine})


AnyEngine = Engine | NaiveEngine
EngineType = type[Engine] | type[NaiveEngine]

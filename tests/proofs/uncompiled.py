"""A plugin for pytest: every engine is the uncompiled one, so that a run can be measured line by line."""

from typing import Any

import pytest

from offchain.matching import machine
from offchain.matching.engine import Engine


def pytest_configure() -> None:
    Engine.machine_type = machine.Machine


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out what asks for the compiled engine: it shows nothing here, and may take minutes to compile."""
    items[:] = [item for item in items if not wants_compiled(item)]


def wants_compiled(item: pytest.Item) -> bool:
    assert isinstance(item, pytest.Function)
    asked: dict[str, Any] = item.callspec.params if hasattr(item, "callspec") else {}
    return "compiled" in asked.values() or "compiled_type" in item.fixturenames

"""What every test shares: fixtures, how hard hypothesis looks, and that a slow machine is no failure."""

import os
from collections import Counter

import pytest
from hypothesis import HealthCheck, settings

_CHECKS = [HealthCheck.too_slow, HealthCheck.data_too_large]
settings.register_profile("quick", max_examples=50, deadline=None, suppress_health_check=_CHECKS)
settings.register_profile("long", max_examples=5_000, deadline=None, suppress_health_check=_CHECKS)
settings.load_profile(os.environ.get("QUANTATRADE_TEST_PROFILE", "quick"))

pytest_plugins = ["tests.support.database", "tests.support.exchange"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints how many tests passed in each folder."""
    passed = terminalreporter.stats.get("passed", [])
    folders = Counter(report.nodeid.partition("::")[0].rpartition("/")[0] for report in passed if report.when == "call")
    terminalreporter.section("passed by folder")
    for folder, count in sorted(folders.items()):
        terminalreporter.line(f"{count:6d}  {folder}")

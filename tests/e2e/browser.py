"""A real Chromium for tests: found on the machine, started without what it does in the background."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import pytest
from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
_NETWORK_NOTES: Final = ("Failed to load resource: net::", "WebSocket connection to ")
_ARGUMENTS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find_browser() -> str | None:
    """The browser of this machine, or None. In CI there has to be one."""
    found = next((path for path in map(shutil.which, _NAMES) if path), None)
    assert found or not os.environ.get("CI"), "CI needs a browser: apt-get install chromium"
    return found


needs_browser = pytest.mark.skipif(
    find_browser() is None, reason="no Chromium on this machine: apt-get install chromium to run the browser tests"
)


@asynccontextmanager
async def running_browser(executable: str) -> AsyncIterator[Browser]:
    """A headless browser."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, args=list(_ARGUMENTS))
        try:
            yield browser
        finally:
            await browser.close()


class ConsoleGuard:
    """Collects what a page complains about: errors in its console, and exceptions that nobody caught."""

    def __init__(self, page: Page) -> None:
        self.errors: list[str] = []
        self._network_is_down = False
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def expect_a_broken_network(self) -> None:
        """From now on the browser's own notes about failed connections are part of the test."""
        self._network_is_down = True

    def _hear(self, message: ConsoleMessage) -> None:
        of_network = message.text.startswith(_NETWORK_NOTES)
        if message.type == "error" and not (self._network_is_down and of_network):
            self.errors.append(message.text)

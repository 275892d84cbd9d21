"""A page on a real exchange, with a wallet of its own in a real browser. A console error fails the test."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page, expect

from offchain.local.launch import LaunchedExchange
from tests.e2e.browser import ConsoleGuard, find_browser, running_browser
from tests.e2e.injected_wallet import InjectedWallet
from tests.support.waiting import PATIENCE_S

PATIENCE_MS = 1_000 * PATIENCE_S
"""When a test gives up on the page."""
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture
def wallet(exchange: LaunchedExchange) -> InjectedWallet:
    """A new wallet that has never seen the exchange."""
    return InjectedWallet(exchange.node_url, exchange.manifest.chain_id)


@pytest.fixture
async def guard() -> AsyncIterator[list[ConsoleGuard]]:
    """The guards of the pages of a test; what they heard fails it."""
    guards: list[ConsoleGuard] = []
    yield guards
    assert [error for guard in guards for error in guard.errors] == []


@pytest.fixture
async def page(wallet: InjectedWallet, guard: list[ConsoleGuard]) -> AsyncIterator[Page]:
    """A page in a fresh browser with the wallet in it."""
    executable = find_browser()
    assert executable is not None, "browser tests are marked with needs_browser"
    async with running_browser(executable) as browser:
        context = await browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme="dark")
        await wallet.install(context)
        opened = await context.new_page()
        opened.set_default_timeout(PATIENCE_MS)
        guard.append(ConsoleGuard(opened))
        yield opened

"""The page when things go wrong around it, and for people who do not see it or do not use a mouse."""

from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from offchain.local.launch import LaunchedExchange
from tests.e2e.browser import ConsoleGuard, needs_browser
from tests.e2e.injected_wallet import InjectedWallet

pytestmark = [pytest.mark.timeout(240), needs_browser]
AXE = Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js"
RESTART_MS = 60_000
PHONE = {"width": 390, "height": 844}


async def test_a_server_that_restarts_is_noticed_and_found_again(
    page: Page, guard: list[ConsoleGuard], exchange: LaunchedExchange
) -> None:
    await page.goto(exchange.url)
    await expect(page.get_by_text("Live", exact=True)).to_be_visible()
    for one in guard:
        one.expect_a_broken_network()
    assert exchange.kill_server()
    await expect(page.get_by_text("Reconnecting")).to_be_visible()
    await expect(page.get_by_text("Live", exact=True)).to_be_visible(timeout=RESTART_MS)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [{"width": 1440, "height": 900}, PHONE], ids=["desktop", "phone"])
async def test_axe_finds_no_fault(page: Page, exchange: LaunchedExchange, size: dict[str, int], scheme: str) -> None:
    await page.emulate_media(color_scheme="light" if scheme == "light" else "dark", reduced_motion="reduce")
    await page.set_viewport_size({"width": size["width"], "height": size["height"]})
    await page.goto(exchange.url + "/trade/BTC-USDC")
    await expect(page.get_by_role("button", name="Connect a wallet to trade")).to_be_visible()
    await expect(page.get_by_text("Waiting for the order book")).to_be_hidden()
    assert await faults(page) == []
    ticket = page.get_by_role("form", name="Order ticket")
    await ticket.get_by_text("Stop", exact=True).click()
    await ticket.get_by_text("Advanced").click()
    await expect(ticket.get_by_label("My own orders")).to_be_visible()
    assert await faults(page) == []
    await page.get_by_role("button", name="Connect wallet").click()
    await expect(page.get_by_role("dialog", name="Connect a wallet")).to_be_visible()
    assert await faults(page) == []


async def test_the_way_in_needs_no_mouse(page: Page, wallet: InjectedWallet, exchange: LaunchedExchange) -> None:
    await page.goto(exchange.url + "/trade/BTC-USDC")
    await page.get_by_role("button", name="Connect wallet").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_be_hidden()
    await expect(page.get_by_role("button", name="Connect wallet")).to_be_focused()
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Test Wallet").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="Switch to QuantaTrade local")).to_be_visible()
    assert wallet.asked == ["wallet_requestPermissions"]


async def faults(page: Page) -> list[str]:
    """What axe-core finds, as `rule: where`."""
    await page.evaluate(AXE.read_text())
    # Colours are looked at when nothing changes them any more. The page's policy lets a function be asked again and
    # again, but not an expression, which would be evaluated anew each time.
    await page.wait_for_function("() => document.getAnimations().length === 0")
    results = await page.evaluate("axe.run()")
    return [
        f"{fault['id']}: {' '.join(map(str, node['target']))} {node['failureSummary']}"
        for fault in results["violations"]
        for node in fault["nodes"]
    ]

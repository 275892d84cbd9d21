"""Takes the pictures in docs/screenshots of a local exchange that runs with its bots (`make up`).

`python -m tests.e2e.screenshots [url]`. Let the exchange run for some minutes first, so that its chart has a past.
"""

import asyncio
import sys
from decimal import Decimal
from pathlib import Path
from typing import Final

from playwright.async_api import Browser, Page, expect

from offchain.client.client import Client
from tests.e2e.browser import find_browser, running_browser
from tests.e2e.injected_wallet import InjectedWallet
from tests.e2e.test_the_loop_in_a_browser import connect, deposit_usdc

FOLDER: Final = Path(__file__).parents[2] / "docs/screenshots"
DESKTOP: Final = (1440, 900)
PHONE: Final = (390, 844)
PATIENCE_MS: Final = 30_000
SETTLE_MS: Final = 1_500
"""Time for a last animation or update before a picture."""


async def main(url: str) -> None:
    """Trades a little as a person would, and pictures the screen on the way."""
    executable = find_browser()
    if executable is None:
        sys.exit("No Chromium on this machine: apt-get install chromium.")
    FOLDER.mkdir(parents=True, exist_ok=True)
    async with Client(url) as client:
        info = await client.read("/exchange-info")
    wallet = InjectedWallet(info["nodeUrl"], info["chainId"])
    async with running_browser(executable) as browser:
        page = await opened(browser, url, wallet, DESKTOP)
        await page.get_by_role("button", name="Connect wallet").click()
        await picture(page, "connect-dark")
        await page.keyboard.press("Escape")
        await connect(page, wallet)
        await deposit_usdc(page, wallet, "50000")
        await trade(page)
        await picture(page, "trade-dark")
        await page.get_by_role("button", name="Deposit", exact=True).click()
        await picture(page, "deposit-dark")
        await page.keyboard.press("Escape")
        await page.get_by_role("button", name="Change to the light theme").click()
        await page.get_by_role("tab", name="Fills").click()
        await picture(page, "trade-light")
        await page.close()
        phone = await opened(browser, url, wallet, PHONE)
        await picture(phone, "trade-phone")


async def opened(browser: Browser, url: str, wallet: InjectedWallet, size: tuple[int, int]) -> Page:
    """The trade screen in a new window."""
    width, height = size
    context = await browser.new_context(viewport={"width": width, "height": height}, color_scheme="dark")
    await wallet.install(context)
    page = await context.new_page()
    await page.goto(f"{url}/trade/BTC-USDC")
    return page


async def trade(page: Page) -> None:
    """Buys some at the market, and leaves orders in the book."""
    ticket = page.get_by_role("form", name="Order ticket")
    await ticket.get_by_text("Market", exact=True).click()
    quantity = ticket.get_by_label("Quantity", exact=True)
    for _ in range(2):
        await quantity.fill("0.05")
        await ticket.get_by_role("button", name="Buy BTC").click()
        await expect(quantity).to_have_value("")
    await ticket.get_by_text("Limit", exact=True).click()
    for side, best, away, amount in (
        ("Buy", "Bid", -25, "0.12"),
        ("Sell", "Ask", 25, "0.06"),
        ("Buy", "Bid", -150, "0.2"),
    ):
        await ticket.get_by_text(side, exact=True).click()
        await ticket.get_by_role("button", name=best, exact=True).click()
        price = ticket.get_by_label("Price", exact=True)
        await price.fill(str(Decimal(await price.input_value()) + away))
        await quantity.fill(amount)
        await ticket.get_by_role("button", name=f"{side} BTC").click()
        await expect(quantity).to_have_value("")
    await ticket.get_by_role("button", name="Bid", exact=True).click()
    await quantity.fill("0.25")


async def picture(page: Page, name: str) -> None:
    """Writes a picture of what the window shows, without messages that are about to go."""
    await expect(page.get_by_role("button", name="Dismiss")).to_have_count(0, timeout=PATIENCE_MS)
    await page.wait_for_timeout(SETTLE_MS)
    await page.screenshot(path=FOLDER / f"{name}.png")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8000"))

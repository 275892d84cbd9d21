"""A person lets the browser sign orders of one market, within limits, and takes that back."""

import pytest
from playwright.async_api import Page, expect

from offchain.local.launch import LaunchedExchange
from tests.e2e.browser import needs_browser
from tests.e2e.injected_wallet import InjectedWallet
from tests.e2e.test_the_loop_in_a_browser import SETTLED_MS, connect, deposit_usdc, place, sell_to

pytestmark = [pytest.mark.timeout(240), needs_browser]
SIGNING = "eth_signTypedData_v4"


async def open_keys(page: Page, wallet: InjectedWallet) -> None:
    await page.get_by_role("button", name=f"Wallet {wallet.address}").click()
    await page.get_by_role("menuitem", name="Trade without prompts").click()


async def test_orders_within_the_limits_of_a_session_key_ask_the_wallet_nothing(
    page: Page, wallet: InjectedWallet, exchange: LaunchedExchange
) -> None:
    await page.goto(exchange.url + "/trade/BTC-USDC")
    await connect(page, wallet)
    await deposit_usdc(page, wallet, "10000")

    await open_keys(page, wallet)
    dialog = page.get_by_role("dialog", name="Trade without prompts")
    await dialog.get_by_text("BTC-USDC", exact=True).click()
    await dialog.get_by_label("Most USDC to spend").fill("1000")
    await dialog.get_by_role("button", name="Allow this browser").click()
    await expect(dialog.get_by_text("This browser", exact=True)).to_be_visible(timeout=SETTLED_MS)
    await expect(dialog.get_by_text("of any amount")).to_be_visible()
    await page.keyboard.press("Escape")
    assert wallet.asked.count("eth_sendTransaction") == 3

    await place(page, "Buy", price="58000", quantity="0.01")
    assert SIGNING not in wallet.asked
    await sell_to(exchange, price="58000", quantity="0.01")
    await page.get_by_role("tab", name="Fills").click()
    fills = page.get_by_role("table", name="Fills")
    await expect(fills.get_by_text("Settled on chain")).to_be_visible(timeout=SETTLED_MS)

    # 580 USDC and the fee of 15 bps are spent of 1,000: what is more, the wallet is asked to sign.
    await place(page, "Buy", price="57000", quantity="0.01")
    assert wallet.asked.count(SIGNING) == 1

    await open_keys(page, wallet)
    await dialog.get_by_text("BTC-USDC", exact=True).click()
    await expect(dialog.get_by_text("580.87 + 0 of 1000")).to_be_visible()
    await dialog.get_by_role("button", name="Take back").click()
    await expect(dialog.get_by_role("button", name="Allow this browser")).to_be_visible(timeout=SETTLED_MS)
    await page.keyboard.press("Escape")
    await page.get_by_role("tab", name="Open orders (1)").click()
    await page.get_by_role("button", name="Cancel buy order of 0.01 in BTC-USDC at 57000").click()
    await expect(page.get_by_text("No open orders")).to_be_visible()

"""One person, one browser wallet, the whole way round: in from the chain, through a trade, and out again."""

import re
import secrets
from decimal import Decimal

import pytest
from playwright.async_api import Locator, Page, expect

from offchain.chain.bindings import load_contract
from offchain.chain.manifest import Manifest
from offchain.chain.node import NodePool
from offchain.client.client import Client
from offchain.client.messages import PlacedMessage
from offchain.core.order_life import OrderStatus
from offchain.local.launch import LaunchedExchange
from tests.e2e.browser import needs_browser
from tests.e2e.injected_wallet import InjectedWallet
from tests.support.exchange import OPERATOR
from tests.support.traders import trader

pytestmark = [pytest.mark.timeout(240), needs_browser]
SETTLED_MS = 60_000
"""How long the chain may take for something: batches, confirmations, payments."""
BTC, USDC = 3, 2


async def test_a_person_goes_round_the_loop(page: Page, wallet: InjectedWallet, exchange: LaunchedExchange) -> None:
    await page.goto(exchange.url + "/trade/BTC-USDC")
    await connect(page, wallet)
    await deposit_usdc(page, wallet, "10000")

    await place(page, "Buy", price="60000", quantity="0.1")
    await expect(
        page.get_by_role("button", name=re.compile("Buy at 60,000.0 .*with an order of yours"))
    ).to_be_visible()
    await expect(balance(page, "USDC", "reserved")).not_to_have_text("0.00")
    fill = await sell_to(exchange, price="60000", quantity="0.04")
    assert fill.status == OrderStatus.FILLED

    await expect(page.get_by_test_id("last-price")).to_have_text("60,000.0")
    await expect(balance(page, "BTC", "available")).to_have_text("0.04")
    await page.get_by_role("tab", name="Fills").click()
    fills = page.get_by_role("table", name="Fills")
    await expect(fills.get_by_text("0.04000")).to_be_visible()
    await expect(fills.get_by_text("Settled on chain")).to_be_visible(timeout=SETTLED_MS)

    await page.get_by_role("tab", name="Open orders (1)").click()
    await page.get_by_role("button", name="Cancel buy order of 0.1 in BTC-USDC at 60000").click()
    await expect(page.get_by_text("No open orders")).to_be_visible()
    # 0.04 BTC at 60,000 is 2,400 USDC; the maker's fee of 0.15 % is 3.6 USDC.
    await expect(balance(page, "USDC", "available")).to_have_text("7,596.40")
    await expect(balance(page, "USDC", "reserved")).to_have_text("0.00")

    await withdraw(page, "BTC", "0.04")
    await expect(balance(page, "BTC", "available")).to_have_text("0.00")
    assert await tokens(exchange, wallet.address, BTC) == Decimal("0.04")
    assert await tokens(exchange, wallet.address, USDC) == Decimal("90000")


async def test_a_market_order_takes_what_is_there_and_never_rests(
    page: Page, wallet: InjectedWallet, exchange: LaunchedExchange
) -> None:
    await page.goto(exchange.url + "/trade/QTRA-USDC")
    await connect(page, wallet)
    await deposit_usdc(page, wallet, "500")
    await offer_qtra(exchange, price="1.25", quantity="100")

    ticket = page.get_by_role("form", name="Order ticket")
    await ticket.get_by_text("Market", exact=True).click()
    await expect(ticket.get_by_text("1.2562")).to_be_visible()
    await ticket.get_by_label("Quantity", exact=True).fill("120")
    await ticket.get_by_role("button", name="Buy QTRA").click()

    await expect(page.get_by_text("Order ended, 100 QTRA filled")).to_be_visible()
    await expect(balance(page, "QTRA", "available")).to_have_text("100.00")
    # 125 USDC and the taker's fee of 0.25 %; what did not fill reserves nothing.
    await expect(balance(page, "USDC", "available")).to_have_text("374.6875")
    await page.get_by_role("tab", name="Order history").click()
    await expect(page.get_by_role("table", name="Order history").get_by_text("Expired")).to_be_visible()


async def test_a_post_only_order_rests_and_is_changed_and_a_stop_waits(
    page: Page, wallet: InjectedWallet, exchange: LaunchedExchange
) -> None:
    await page.goto(exchange.url + "/trade/QTRA-USDC")
    await connect(page, wallet)
    await deposit_usdc(page, wallet, "500")
    async with Client(exchange.url) as client:
        seller = await trader(exchange, client, secrets.token_hex(8), QTRA="1000")
        await client.place(seller.wallet.order("QTRA-USDC", "SELL", "1.3", "10"))

        ticket = page.get_by_role("form", name="Order ticket")
        orders = page.get_by_role("table", name="Open orders")
        await ticket.get_by_text("Advanced").click()
        await ticket.get_by_label("Post-only").select_option(label="Refuse if it would match")
        await ticket.get_by_label("Price", exact=True).fill("1.3")
        await ticket.get_by_label("Quantity", exact=True).fill("50")
        await expect(ticket.get_by_text("A post-only order has to be below 1.3000")).to_be_visible()
        await ticket.get_by_label("Price", exact=True).fill("1.2")
        await ticket.get_by_role("button", name="Buy QTRA").click()
        await expect(orders.get_by_text("Post-only")).to_be_visible()

        dialog = page.get_by_role("dialog", name="Change the order")
        await page.get_by_role("button", name="Change buy order of 50 in QTRA-USDC at 1.2").click()
        await dialog.get_by_label("Quantity from now on").fill("20")
        await dialog.get_by_role("button", name="Change").click()
        await expect(page.get_by_text("Order reduced")).to_be_visible()
        signed = wallet.asked.count("eth_signTypedData_v4")
        await page.get_by_role("button", name="Change buy order of 50 in QTRA-USDC at 1.2").click()
        await dialog.get_by_label("New price").fill("1.25")
        await dialog.get_by_role("button", name="Change").click()
        await expect(page.get_by_text("Order replaced")).to_be_visible()
        await expect(dialog).to_be_hidden()
        await expect(page.get_by_role("button", name="Change buy order of 20 in QTRA-USDC at 1.25")).to_be_visible()
        assert wallet.asked.count("eth_signTypedData_v4") == signed + 1

        await ticket.get_by_text("Stop", exact=True).click()
        await ticket.get_by_label("Stop price").fill("1.5")
        await ticket.get_by_label("Price", exact=True).fill("1.6")
        await ticket.get_by_label("Quantity", exact=True).fill("30")
        await ticket.get_by_role("button", name="Buy QTRA").click()
        await expect(page.get_by_text("Stop order placed")).to_be_visible()
        await expect(orders.get_by_text("Stop limit ≥ 1.5000")).to_be_visible()
        await expect(orders.get_by_text("Waiting")).to_be_visible()

        await page.get_by_role("button", name="Cancel all").click()
        await page.get_by_role("dialog").get_by_role("button", name="Cancel all").click()
        await expect(page.get_by_text("2 orders cancelled")).to_be_visible()
        await expect(page.get_by_text("No open orders")).to_be_visible()
        await expect(balance(page, "USDC", "available")).to_have_text("500.00")
        await seller.session.cancel_all()


async def test_the_ticket_follows_what_the_market_takes(
    page: Page, wallet: InjectedWallet, exchange: LaunchedExchange
) -> None:
    await page.goto(exchange.url + "/trade/QTRA-USDC")
    await connect(page, wallet)
    ticket = page.get_by_role("form", name="Order ticket")
    market = page.get_by_role("region", name="Market", exact=True)
    async with Client(exchange.url) as client:
        operator = await client.sign_in(client.wallet(OPERATOR))
        for status, badge, notice in (
            ("HALT", "Halted", "Trading in QTRA-USDC is halted."),
            ("CANCEL_ONLY", "Cancel only", "QTRA-USDC takes cancels only."),
            ("POST_ONLY", "Post-only", "QTRA-USDC takes post-only orders. Choose post-only under Advanced."),
        ):
            await operator.operate("/markets/QTRA-USDC/status", {"status": status})
            await expect(ticket.get_by_text(notice)).to_be_visible()
            await expect(market.get_by_text(badge)).to_be_visible()
        await ticket.locator("summary").click()
        await ticket.get_by_label("Post-only").select_option(label="Move it so that it rests")
        await expect(ticket.get_by_text("takes post-only orders")).to_be_hidden()
        await operator.operate("/markets/QTRA-USDC/status", {"status": "TRADING"})
        await expect(market.get_by_text("Post-only")).to_be_hidden()
        await operator.operate("/markets/QTRA-USDC/kill-switch", {"on": True})
        await expect(ticket.get_by_text("was stopped by the exchange")).to_be_visible()
        await operator.operate("/markets/QTRA-USDC/kill-switch", {"on": False})
        await expect(ticket.get_by_text("was stopped by the exchange")).to_be_hidden()


async def test_the_ticket_says_what_to_do(page: Page, wallet: InjectedWallet, exchange: LaunchedExchange) -> None:
    await page.goto(exchange.url + "/trade/BTC-USDC")
    await connect(page, wallet)
    ticket = page.get_by_role("form", name="Order ticket")
    buy = ticket.get_by_role("button", name="Buy BTC")

    await ticket.get_by_label("Price", exact=True).fill("60000.15")
    await expect(ticket.get_by_text("Prices move in steps of 0.1. Nearest below: 60000.1.")).to_be_visible()
    await ticket.get_by_label("Price", exact=True).fill("60000")
    await ticket.get_by_label("Quantity", exact=True).fill("0.5")
    await expect(ticket.get_by_text("Lower the quantity or deposit USDC.")).to_be_visible()
    await expect(buy).to_be_disabled()
    assert "eth_signTypedData_v4" not in wallet.asked


async def connect(page: Page, wallet: InjectedWallet) -> None:
    """Connects, with a change of mind at the first question, from another network, and signs in."""
    await page.get_by_role("button", name="Connect wallet").click()
    wallet.decline_next()
    await page.get_by_role("button", name="Test Wallet").click()
    await expect(page.get_by_text("You declined in your wallet.")).to_be_visible()
    await page.get_by_role("button", name="Test Wallet").click()
    await page.get_by_role("button", name="Switch to QuantaTrade local").click()
    await page.get_by_role("button", name="Sign in with the wallet").click()
    await expect(page.get_by_role("dialog")).to_be_hidden()
    await expect(page.get_by_role("button", name=f"Wallet {wallet.address}")).to_be_visible()


async def deposit_usdc(page: Page, wallet: InjectedWallet, amount: str) -> None:
    """Gets test tokens and deposits some, through every step that the dialog shows."""
    await page.get_by_role("button", name="Deposit", exact=True).click()
    dialog = page.get_by_role("dialog", name="Deposit")
    await dialog.get_by_role("group", name="Asset to deposit").get_by_text("USDC").click()
    await dialog.get_by_role("button", name="Get test USDC").click()
    await expect(dialog.get_by_text("In wallet: 100,000.00 USDC")).to_be_visible()
    await dialog.get_by_label("Amount to deposit").fill(amount)
    await dialog.get_by_role("button", name="Deposit USDC").click()
    steps = dialog.get_by_role("list", name="Deposit steps")
    await expect(steps.get_by_text("can be traded now")).to_be_visible(timeout=SETTLED_MS)
    await expect(steps.get_by_text("2 of 2")).to_be_visible()
    assert await steps.locator("[data-transaction]").count() == 2
    assert wallet.asked.count("eth_sendTransaction") == 2
    await dialog.get_by_role("button", name="Done").click()


async def place(page: Page, side: str, *, price: str, quantity: str) -> None:
    """Places a limit order that rests."""
    ticket = page.get_by_role("form", name="Order ticket")
    await ticket.get_by_text(side, exact=True).click()
    await ticket.get_by_label("Price", exact=True).fill(price)
    await ticket.get_by_label("Quantity", exact=True).fill(quantity)
    await ticket.get_by_role("button", name=f"{side} BTC").click()
    await expect(page.get_by_text("Order placed")).to_be_visible()
    await expect(page.get_by_role("tab", name="Open orders (1)")).to_be_visible()


async def withdraw(page: Page, asset: str, amount: str) -> None:
    """Withdraws, and waits until the contract has paid."""
    await page.get_by_role("button", name="Withdraw", exact=True).click()
    dialog = page.get_by_role("dialog", name="Withdraw")
    await dialog.get_by_role("group", name="Asset to withdraw").get_by_text(asset).click()
    await dialog.get_by_label("Amount to withdraw").fill(amount)
    await dialog.get_by_role("button", name=f"Withdraw {asset}").click()
    await expect(dialog.get_by_text("Final on the chain")).to_be_visible(timeout=SETTLED_MS)
    await dialog.get_by_role("button", name="Done").click()


def balance(page: Page, asset: str, field: str) -> Locator:
    """A figure in the table of balances."""
    return page.locator(f"tr[data-asset={asset}] [data-field={field}]")


async def sell_to(exchange: LaunchedExchange, *, price: str, quantity: str) -> PlacedMessage:
    """Another wallet sells BTC at once, through the public API."""
    return await _offer(exchange, "BTC", "1", price, quantity)


async def offer_qtra(exchange: LaunchedExchange, *, price: str, quantity: str) -> PlacedMessage:
    """Another wallet offers QTRA, through the public API."""
    return await _offer(exchange, "QTRA", "1000", price, quantity)


async def _offer(exchange: LaunchedExchange, symbol: str, amount: str, price: str, quantity: str) -> PlacedMessage:
    async with Client(exchange.url) as client:
        seller = await trader(exchange, client, secrets.token_hex(8), **{symbol: amount})
        return await client.place(seller.wallet.order(f"{symbol}-USDC", "SELL", price, quantity))


async def tokens(exchange: LaunchedExchange, owner: str, asset: int) -> Decimal:
    """What a wallet holds on the chain, in whole tokens."""
    manifest: Manifest = exchange.manifest
    listed = manifest.asset_list()[asset]
    calldata = load_contract("TestToken").encode_call("balanceOf", bytes.fromhex(owner[2:]))
    async with NodePool([exchange.node_url]) as nodes:
        call = {"to": "0x" + listed.token.hex(), "data": "0x" + calldata.hex()}
        return Decimal(int(await nodes.call("eth_call", call, "latest"), 16)).scaleb(-listed.token_decimals)

"""The shipped exchange has seven fee tiers, and what trades for USDC and for DAI counts toward them alike."""

from offchain.client.client import Client
from offchain.core.commands import Command, CommandKind
from offchain.core.money import VOLUME_UNITS_PER_DOLLAR
from offchain.local.launch import LaunchedExchange
from offchain.sequencer.replay import replay
from offchain.staking.fee_schedule import VOLUME_TIERS
from tests.support.traders import trader

DAY_US = 86_400_000_000


def counted_when_the_day_is_over(exchange: LaunchedExchange, account: int) -> int:
    """The volume that the first command of the next day will count for an account, by the journal."""
    machine = replay(exchange.settings.journal_folder)
    day = machine.timestamp_us // DAY_US + 1
    machine.engine.apply(Command(machine.sequence + 1, day * DAY_US, CommandKind.ROLL_VOLUMES, amount=day))
    return machine.engine.volume(account)


async def test_the_shipped_exchange_has_seven_tiers_and_counts_its_dollars_alike(exchange: LaunchedExchange) -> None:
    async with Client(exchange.url) as client:
        info = await client.read("/exchange-info")
        counted_by = {row["symbol"]: row["quoteUnitsPerVolumeUnit"] for row in info["markets"]}
        assert counted_by == {"QTRA-USDC": "1", "BTC-USDC": "1", "BTC-DAI": "10000"}
        begun_at = [(row["tier"], int(row["volumeUnits"])) for row in info["feeTiers"]]
        assert begun_at == [(tier.tier, tier.dollars * VOLUME_UNITS_PER_DOLLAR) for tier in VOLUME_TIERS]
        assert [tier for tier, _ in begun_at] == [2, 3, 4, 5, 6, 7]

        buyer = await trader(exchange, client, "who buys for dollars of two kinds", USDC="1000", DAI="1000")
        seller = await trader(exchange, client, "who sells for dollars of two kinds", BTC="1")
        for market, lots in (("BTC-USDC", "0.01"), ("BTC-DAI", "0.00700001")):
            await client.place(seller.wallet.order(market, "SELL", "30000", lots))
            bought = await client.place(buyer.wallet.order(market, "BUY", "30000", lots, time_in_force="IOC"))
            assert bought.status == "FILLED"
        for one in (buyer, seller):
            account = (await one.session.account())["accountId"]
            assert counted_when_the_day_is_over(exchange, account) == 300_000_000 + 210_000_300

"""Fee tiers, rates of one's own and discounts: what an order pays, and the day on which volumes are counted."""

import pytest

from offchain.core.commands import AssetListing, CommandKind
from offchain.core.errors import BadFeeTier, FeeCapTooLow, InvalidRequest, UnknownAccount
from offchain.core.intents import ListAsset, ListMarket, SetDiscounts, SetFees, SetFeeTier
from offchain.sequencer.sequencer import Sequencer
from tests.sequencer.faults import FaultyDisk
from tests.sequencer.test_intake_open_orders import OTHER_MARKET
from tests.sequencer.test_intake_orders import refused
from tests.sequencer.world import (
    ALICE,
    BASE,
    BOB,
    CAROL,
    MARKET,
    NOW_US,
    SELL,
    Clock,
    Desk,
    deposit,
    journaled,
    opened,
    order,
    started,
)
from tests.support.waiting import eventually

DAY_US = 86_400_000_000


@pytest.fixture
def desk() -> Desk:
    return Desk(ALICE, BOB)


def test_an_owner_goes_back_from_rates_of_its_own_to_its_tiers(desk):
    desk.take(SetFees(0, 0, ALICE))
    assert desk.machine.engine.rates(1) == (0, 0)
    desk.take(SetFees(0, 0, ALICE, of_tier=True))
    assert desk.machine.engine.rates(1) == (1_500, 2_500)
    desk.take(SetFees(0, 0, ALICE))
    assert desk.machine.engine.rates(1) == (0, 0)
    refused(desk, SetFees(0, 0, of_tier=True), InvalidRequest, "no owner")


def test_a_discount_is_taken_off_the_tiers_rates(desk):
    desk.take(SetDiscounts(ALICE, 100_000, 300_000))
    assert desk.machine.engine.rates(1) == (1_350, 1_750)
    refused(desk, order(ALICE, "x", bps=17), FeeCapTooLow, "1350 ppm as maker and 1750 ppm as taker")
    desk.take(order(ALICE, "x", bps=18))
    refused(desk, SetDiscounts(ALICE, 1_000_001, 0), InvalidRequest, "fee rates")
    refused(desk, SetDiscounts(CAROL, 1, 1), UnknownAccount, "no account")


@pytest.mark.parametrize("tier", [0, 1, 8])
def test_tiers_that_cannot_be_are_refused(desk, tier):
    refused(desk, SetFeeTier(tier, 1_000, 0, 0), BadFeeTier, "from 2 to 7")
    refused(desk, SetFeeTier(2, 0, 1, 1), BadFeeTier, "volume above 0")
    refused(desk, SetFeeTier(2, 1_000, -2, 1), InvalidRequest, "rebate of 2 ppm")
    refused(desk, SetFeeTier(2, 1_000, 0, 5_001), InvalidRequest, "fee rates")


async def traded(sequencer: Sequencer) -> None:
    """Trade 1,000 units between both accounts."""
    await sequencer.submit(order(ALICE, "a", expiry_s=2**39))
    await sequencer.submit(order(BOB, "b", SELL, expiry_s=2**39))


async def test_the_first_command_of_a_day_counts_the_volumes_of_those_before(tmp_path):
    clock = Clock()
    sequencer = await started(tmp_path, FaultyDisk(), clock)
    await sequencer.submit(SetFeeTier(2, 1_000, 100, 200))
    await traded(sequencer)
    last = sequencer.last_sequence
    assert sequencer.engine.volume(1) == 0
    clock.now_us = (NOW_US // DAY_US + 1) * DAY_US
    receipt = await sequencer.submit(SetFees(0, 10))
    written = journaled(tmp_path, last)
    assert [(command.kind, command.amount) for command in written] == [
        (CommandKind.ROLL_VOLUMES, clock.now_us // DAY_US),
        (CommandKind.SET_FEES, 0),
    ]
    assert receipt.sequence == last + 2
    assert sequencer.engine.volume(1) == 1_000
    assert sequencer.engine.rates(1) == (100, 200)
    await sequencer.submit(SetFees(0, 20))
    assert sequencer.last_sequence == last + 3, "a day is counted once"
    await sequencer.stop()


async def test_volumes_of_quotes_with_unlike_units_add_up(tmp_path):
    """A millionth of a dollar is a unit of USDC, and 10,000 of DAI; what trades for QTRA is not counted."""
    clock = Clock()
    sequencer = await started(tmp_path, FaultyDisk(), clock)
    dai, qtra_dai = 3, ListMarket(3, "QTRA-DAI", BASE, 3, 1_000_000, 1, 10_000, 10**9, 10**9, 1, 0)
    setup = [ListAsset(dai, AssetListing("DAI", b"\x03" * 20, 18, 10**8)), OTHER_MARKET, qtra_dai]
    setup += [deposit(10 + place, owner, dai) for place, owner in enumerate((ALICE, BOB))]
    for intent in (*setup, SetFeeTier(2, 1_005, 100, 200)):
        await sequencer.submit(intent)
    for number, (market, quantity) in enumerate(((MARKET, 10), (3, 599), (OTHER_MARKET.market, 10))):
        fields = {"market": market, "quantity": quantity, "lane": number + 1, "expiry_s": 2**39}
        await sequencer.submit(order(ALICE, f"a{number}", **fields))
        await sequencer.submit(order(BOB, f"b{number}", SELL, **fields))
    clock.now_us = (NOW_US // DAY_US + 1) * DAY_US
    await sequencer.submit(SetFees(0, 10))
    assert [sequencer.engine.volume(account) for account in (1, 2)] == [1_000 + 59_900 // 10_000] * 2
    assert sequencer.engine.rates(1) == sequencer.engine.rates(2) == (100, 200)
    await sequencer.stop()


async def test_a_day_begins_when_nobody_sends_anything_and_after_a_restart(tmp_path):
    clock = Clock()
    sequencer = await started(tmp_path, FaultyDisk(), clock)
    await traded(sequencer)
    last = sequencer.last_sequence
    clock.now_us += DAY_US
    await eventually(lambda: sequencer.last_sequence == last + 1)
    await sequencer.stop()
    again = await opened(tmp_path, Clock(NOW_US + 3 * DAY_US))
    await eventually(lambda: again.last_sequence == last + 2)
    assert [command.kind for command in journaled(tmp_path, last)] == [CommandKind.ROLL_VOLUMES] * 2
    await again.stop()


async def test_where_nothing_was_traded_no_day_is_counted(tmp_path):
    clock = Clock()
    sequencer = await started(tmp_path, FaultyDisk(), clock)
    clock.now_us += DAY_US
    receipt = await sequencer.submit(SetFees(0, 10))
    assert [command.kind for command in journaled(tmp_path, receipt.sequence - 1)] == [CommandKind.SET_FEES]
    await sequencer.stop()

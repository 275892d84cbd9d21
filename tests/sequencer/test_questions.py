"""Questions that are answered without changing anything: would it be taken, whose is it, what is in force."""

import pytest

from offchain.core.commands import CommandKind, MarketStatus, OperatorMark, OrderInstructions, OrderType, TimeInForce
from offchain.core.errors import InsufficientBalance, InvalidRequest, ServiceUnavailable
from offchain.core.intents import Operate, SetFees, SetMarketRisk, SetMarketStatus
from offchain.core.money import buy_reservation_units
from offchain.sequencer.sequencer import Sequencer
from offchain.sequencer.snapshot import snapshot_paths, state_hash
from tests.sequencer.faults import FaultyDisk
from tests.sequencer.journals import iterate_commands
from tests.sequencer.world import ALICE, BOB, BUY, MARKET, SELL, Clock, Desk, opened, order, started

OPERATOR = b"o" * 20
AT_ANY_PRICE = OrderInstructions(TimeInForce.IOC, OrderType.MARKET).flags


async def test_whether_an_order_would_be_taken_is_told_without_taking_it(tmp_path):
    sequencer = await started(tmp_path, FaultyDisk())
    before = state_hash(sequencer._machine)
    sequencer.check(order(ALICE, "good"))
    with pytest.raises(InsufficientBalance):
        sequencer.check(order(ALICE, "dear", price=10**9, quantity=10**6))
    with pytest.raises(InvalidRequest):
        sequencer.check(order(ALICE, "bad name"))
    assert sequencer.applied_sequence == sequencer.last_sequence
    assert state_hash(sequencer._machine) == before
    assert not (await sequencer.submit(order(ALICE, "good"))).repeated
    await sequencer.stop()
    with pytest.raises(ServiceUnavailable):
        sequencer.check(order(ALICE, "late", lane=2))


async def test_the_market_of_an_open_order_is_told_to_its_owner(tmp_path):
    sequencer = await started(tmp_path, FaultyDisk())
    placed = await sequencer.submit(order(ALICE, "mine"))
    directory = sequencer.directory
    alice, bob = directory.account_of(ALICE), directory.account_of(BOB)
    assert directory.market_of_open(alice, "mine", None).market_id == MARKET
    assert directory.market_of_open(alice, None, placed.sequence).market_id == MARKET
    assert directory.market_of_open(alice, "other", None) is None
    assert directory.market_of_open(alice, None, None) is None
    assert directory.market_of_open(bob, None, placed.sequence) is None
    await sequencer.stop()


async def test_rates_of_ones_own_are_told_from_those_of_a_tier(tmp_path):
    sequencer = await started(tmp_path, FaultyDisk())
    alice = sequencer.directory.account_of(ALICE)
    assert not sequencer.directory.has_own_fees(alice)
    await sequencer.submit(SetFees(1, 2, ALICE))
    assert sequencer.directory.has_own_fees(alice)
    await sequencer.stop()


async def test_what_an_operator_sets_bears_the_operators_wallet_and_is_in_force_after_a_restart(tmp_path):
    sequencer = await started(tmp_path, FaultyDisk())
    halted = await sequencer.submit(Operate(OPERATOR, SetMarketStatus(MARKET, MarketStatus.HALT)))
    await sequencer.submit(SetMarketRisk(MARKET, 50_000, 0, 0))
    await sequencer.stop()
    for path in snapshot_paths(tmp_path):
        path.unlink()
    (command, mark), (_, none) = iterate_commands(tmp_path, halted.sequence - 1)
    assert (command.kind, mark, none) == (CommandKind.SET_MARKET_STATUS, OperatorMark(OPERATOR), None)
    again = await opened(tmp_path)
    market = again.directory.markets[MARKET]
    assert (market.status, market.band_ppm) == (MarketStatus.HALT, 50_000)
    assert state_hash(again._machine) == state_hash(sequencer._machine)
    await again.stop()


def test_a_buy_at_any_price_needs_no_more_than_the_collar_lets_it_cost():
    desk = Desk(ALICE, BOB)
    desk.take(order(BOB, "b", SELL, price=10_000, quantity=1))
    desk.take(order(ALICE, "a", BUY, price=10_000, quantity=1))
    desk.take(SetMarketRisk(MARKET, 50_000, 0, 0))
    lots = 96_000_000
    needed = buy_reservation_units(10_500 * lots, lots, 5_000)
    with pytest.raises(InsufficientBalance, match=f"{needed // 10**6}.* USDC is needed"):
        desk.take(order(ALICE, "m", BUY, price=15_000, quantity=lots, lane=2, flags=AT_ANY_PRICE))
    desk.take(order(ALICE, "m", BUY, price=15_000, quantity=94_000_000, lane=2, flags=AT_ANY_PRICE))


async def test_an_exchange_can_be_opened_and_closed_without_being_started(tmp_path):
    await Sequencer.open(tmp_path, clock=Clock()).stop()

"""What an operator chose as an owner's discounts stands against what follows from the chain, until it is given back."""

from pathlib import Path

import pytest

from offchain.core.commands import CommandKind
from offchain.core.errors import Forbidden
from offchain.core.intents import Operate, SetDiscounts
from offchain.sequencer.journal import Journal
from offchain.sequencer.replay import recover, replay
from offchain.sequencer.sequencer import Sequencer
from offchain.sequencer.snapshot import snapshot_paths, state_hash
from tests.sequencer.faults import FaultyDisk
from tests.sequencer.test_intake_orders import refused
from tests.sequencer.world import ALICE, BOB, Desk, opened, started

OPERATOR = b"\x0f" * 20
HOLDER = SetDiscounts(ALICE, 800_000, 760_000)
BASE, AS_HOLDER, AS_CHOSEN = (1_500, 2_500), (300, 600), (1_350, 2_000)
CHOSEN, GIVEN_BACK = (Operate(OPERATOR, SetDiscounts(ALICE, *rates)) for rates in ((100_000, 200_000), (0, 0)))


@pytest.fixture
def desk() -> Desk:
    return Desk(ALICE, BOB)


def test_what_an_operator_chose_is_not_replaced_by_what_the_chain_entitles_to(desk: Desk) -> None:
    desk.take(HOLDER)
    desk.take(CHOSEN)
    refused(desk, HOLDER, Forbidden, "account 1 are an operator's choice")
    refused(desk, SetDiscounts(ALICE, 0, 0), Forbidden, "an operator's choice")
    assert desk.machine.engine.rates(1) == AS_CHOSEN
    desk.take(SetDiscounts(BOB, 800_000, 760_000))
    assert desk.machine.engine.rates(2) == AS_HOLDER


def test_an_operator_may_choose_again_and_give_back_by_choosing_nothing(desk: Desk) -> None:
    desk.take(CHOSEN)
    desk.take(Operate(OPERATOR, SetDiscounts(ALICE, 0, 200_000)))
    assert desk.machine.engine.rates(1) == (1_500, 2_000)
    refused(desk, HOLDER, Forbidden, "until one sets them to 0")
    desk.take(GIVEN_BACK)
    assert desk.machine.engine.rates(1) == BASE
    desk.take(HOLDER)
    desk.take(SetDiscounts(ALICE, 0, 0))
    desk.take(HOLDER)
    assert desk.machine.engine.rates(1) == AS_HOLDER


async def outlives_a_restart(sequencer: Sequencer) -> None:
    with pytest.raises(Forbidden):
        await sequencer.submit(HOLDER)
    assert sequencer.engine.rates(1) == AS_CHOSEN
    await sequencer.submit(SetDiscounts(BOB, 1, 1))


async def test_who_chose_is_known_after_a_restart_from_a_snapshot_and_from_the_journal_alone(tmp_path: Path) -> None:
    sequencer = await started(tmp_path, FaultyDisk())
    await sequencer.submit(CHOSEN)
    await sequencer.stop()
    assert snapshot_paths(tmp_path)
    sequencer = await opened(tmp_path)
    await outlives_a_restart(sequencer)
    await sequencer.stop()
    assert state_hash(recover(tmp_path)) == state_hash(replay(tmp_path))
    for path in snapshot_paths(tmp_path):
        path.unlink()
    sequencer = await opened(tmp_path)
    await outlives_a_restart(sequencer)
    await sequencer.submit(GIVEN_BACK)
    await sequencer.stop()
    sequencer = await opened(tmp_path)
    await sequencer.submit(HOLDER)
    assert sequencer.engine.rates(1) == AS_HOLDER
    await sequencer.stop()


async def test_a_log_in_which_an_operators_choice_was_replaced_replays_as_it_was(tmp_path: Path, desk: Desk) -> None:
    """Before the sequencer refused them, discounts that follow from the chain could come after an operator's."""
    desk.take(CHOSEN)
    fields = {"amount": HOLDER.maker_ppm, "counter_amount": HOLDER.taker_ppm}
    desk.group.add(desk.group.command(CommandKind.SET_DISCOUNTS, account=1, **fields))
    journal = Journal.open(tmp_path)
    journal.append(desk.group.entries)
    journal.sync()
    journal.close()
    machine = replay(tmp_path)
    assert machine.engine.rates(1) == AS_HOLDER
    assert state_hash(machine) == state_hash(desk.machine)
    desk.take(SetDiscounts(ALICE, 0, 0))
    assert desk.machine.engine.rates(1) == BASE, "it follows the chain from there on"

"""The proofs themselves, made short: they pass, they repeat, and they would find what they look for."""

import json
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from offchain.core.intents import Receipt
from offchain.sequencer.journal import Journal
from offchain.sequencer.sequencer import Sequencer
from tests.proofs.damage import DAMAGES, Scene
from tests.proofs.torn import _lay_out, outcome, write_base
from tests.sequencer.evidence import Witness
from tests.sequencer.load import beginning
from tests.sequencer.world import ALICE, Clock, order

ROOT = Path(__file__).parents[2]


def figures_of(*command: str) -> dict[str, float]:
    """What a proof tells; it must succeed."""
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {row["metric"]: row["value"] for row in map(json.loads, done.stdout.splitlines())}


def test_a_writer_that_is_killed_loses_nothing():
    figures = figures_of("tests.proofs.crash", "--kills", "12")
    assert figures["kills"] == 12
    assert figures["acknowledged"] > 12
    assert figures["acknowledged_lost"] == figures["duplicated"] == figures["ledger_error"] == 0


def test_a_damaged_journal_is_never_taken_for_another():
    figures = figures_of("tests.proofs.torn", "--journals", "150")
    assert figures["damaged"] == 150
    assert figures["refused"] > 0
    assert figures["recovered_equal"] > 0
    assert figures["silent_divergence"] == 0


def test_simulated_exchanges_keep_their_promises():
    figures = figures_of("tests.proofs.simulate", "--simulations", "5", "--seed", "1")
    assert figures["findings"] == 0
    assert figures == figures_of("tests.proofs.simulate", "--simulations", "5", "--seed", "1") | {
        "seconds": figures["seconds"]
    }


@pytest.mark.parametrize("damage", dict.fromkeys(DAMAGES), ids=lambda damage: damage.__name__)
async def test_each_kind_of_damage_changes_a_journal(tmp_path, damage):
    chance = Random(1)
    base, stranger = [await write_base(tmp_path / str(number), chance) for number in range(2)]
    before = {name: bytes(data) for name, data in base.files.items()}
    for _ in range(9):
        damage(Scene(base.files, base.bounds, stranger.files, chance))
        if base.files != before:
            return
    pytest.fail("it did nothing")


@pytest.mark.parametrize("seed", range(4))
async def test_a_sound_journal_recovers_to_its_last_command(tmp_path, seed):
    base = await write_base(tmp_path / "base", Random(seed))
    folder = tmp_path / "copy"
    _lay_out(folder, base.files)
    assert await outcome(folder, base, 5) == ("recovered_equal", "")


async def acknowledged(folder: Path) -> list[tuple[object, Receipt]]:
    """A journal with a few orders, and what their caller was told."""
    sequencer = Sequencer.open(folder, clock=Clock())
    await sequencer.start()
    await sequencer.submit_many(beginning())
    orders = [order(ALICE, f"o{lane}", lane=lane) for lane in range(1, 6)]
    told = list(zip(orders, await sequencer.submit_many(orders), strict=True))
    await sequencer.stop()
    return told


async def test_the_witness_misses_an_order_that_is_lost_changed_or_elsewhere(tmp_path):
    told = await acknowledged(tmp_path)
    witness = Witness(tmp_path)
    witness.follow()
    for intent, receipt in told:
        witness.check(intent, receipt)
    assert witness.findings.all == []
    (intent, receipt), (_, another) = told[:2]
    for wrong in (
        (order(ALICE, "never"), receipt),
        (order(ALICE, "o1", quantity=11), receipt),
        (intent, another),
        (intent, Receipt(10**6, 0)),
        (intent, Receipt(receipt.sequence, receipt.timestamp_us, (receipt.events[0]._replace(fee=1),))),
    ):
        before = len(witness.findings.lost)
        witness.check(*wrong)
        assert len(witness.findings.lost) == before + 1, wrong


async def test_the_witness_sees_a_command_that_is_there_twice(tmp_path):
    await acknowledged(tmp_path)
    witness = Witness(tmp_path)
    witness.follow()
    command, attachment, _ = witness.recent[max(witness.recent)]
    witness._note(command._replace(sequence=command.sequence + 1), attachment)
    assert len(witness.findings.duplicated) == 1


async def test_the_witness_sees_funds_that_came_from_nowhere(tmp_path):
    await acknowledged(tmp_path)
    witness = Witness(tmp_path)
    witness._net[1] += 1
    witness.follow()
    assert len(witness.findings.ledger) == 1


async def test_the_witness_sees_a_machine_that_is_not_the_replayed_one(tmp_path):
    await acknowledged(tmp_path / "one")
    witness, other = Witness(tmp_path / "one"), Witness(tmp_path / "other")
    Journal.open(tmp_path / "other").close()
    witness.follow()
    witness.compare(other.machine, whole=True)
    other.machine.sequence = witness.machine.sequence
    witness.compare(other.machine, whole=False)
    assert len(witness.findings.diverged) == 2

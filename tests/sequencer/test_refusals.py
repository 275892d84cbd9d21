"""Every reason of the engine has an error of its own words, and every error about orders is in the document."""

import re
from pathlib import Path

import pytest

from offchain.core import errors
from offchain.core.errors import OrderError
from offchain.core.events import RejectReason
from offchain.sequencer.order_refusals import OF_AMENDMENTS, OF_ORDERS
from offchain.sequencer.refusals import OF_SETTINGS, OTHERS

NEVER_TOLD = {
    RejectReason.NONE,
    # The intake writes commands that are well formed, in order, and of kinds that the engine knows.
    RejectReason.UNKNOWN_COMMAND,
    RejectReason.MALFORMED,
    RejectReason.BAD_SEQUENCE,
    # The sequencer asks for a day that is past the last one; nobody else can.
    RejectReason.BAD_DAY,
}
DOCUMENT = Path(__file__).parents[2] / "docs" / "intake.md"


@pytest.mark.parametrize("reason", sorted(set(RejectReason) - NEVER_TOLD))
def test_a_reason_of_the_engine_is_told_in_words(reason: RejectReason) -> None:
    assert reason in {*OTHERS, *OF_SETTINGS, *OF_ORDERS, *OF_AMENDMENTS}


def test_the_document_names_every_refusal_of_an_order() -> None:
    rows = re.findall(r"^\| ([0-9, ]+) \| ([^|]+) \|", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    documented = {
        (int(code), name)
        for codes, names in rows
        for code, name in zip(codes.split(","), re.findall(r"`(\w+)`", names), strict=True)
    }
    declared = {
        (one.code, one.name) for one in vars(errors).values() if isinstance(one, type) and issubclass(one, OrderError)
    }
    assert documented == declared - {(OrderError.code, OrderError.name)}

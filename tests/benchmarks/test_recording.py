"""A recording is read exactly, and what is not a recording is refused with the line that is wrong."""

import gzip
import lzma
from decimal import Decimal

import pytest

from benchmarks.replay.recording import RecordedDeletion, RecordedOrder, read_recording
from offchain.core.commands import Side
from offchain.core.errors import ConfigurationError

LINES = """\
1 order_created {"price": "236.47", "amount": "2.00000000", "id": 7, "order_type": 0}
2 order_deleted {"price": "236.50", "amount": "0.50000000", "id": 3, "order_type": 1}
3 order_changed {"price": "236.40", "amount": "1.00000000", "id": 4, "order_type": 0}
4 trade {"price": 236.47, "amount": 0.21144331000000002, "id": 1}
5 order_deleted {"price": "236.47", "amount": "0.00000000", "id": 7, "order_type": 0}
6 order_deleted {"price": "236.41", "amount": "0.00000000", "id": 5, "order_type": 0}
7 order_book {"bids": []}
"""


@pytest.mark.parametrize(("suffix", "opener"), [("", open), (".gz", gzip.open), (".xz", lzma.open)])
def test_orders_of_before_the_recording_come_first(tmp_path, suffix, opener) -> None:
    path = tmp_path / f"recording.log{suffix}"
    with opener(path, "wt") as file:
        file.write(LINES)

    recording = read_recording(path)

    assert recording.steps == (
        RecordedOrder(2, 3, Side.SELL, "236.50", "0.50000000"),
        RecordedOrder(3, 4, Side.BUY, "236.40", "1.00000000"),
        RecordedOrder(1, 7, Side.BUY, "236.47", "2.00000000"),
        RecordedDeletion(2, 3),
        RecordedDeletion(5, 7),
        RecordedDeletion(6, 5),
    )
    assert recording.trades == {(Decimal("236.47"), Decimal("0.21144331")): 1}


@pytest.mark.parametrize("line", ["", "1 trade", "x trade {}", '1 trade {"price"'])
def test_a_line_that_is_no_event_is_named(tmp_path, line) -> None:
    path = tmp_path / "recording.log"
    path.write_text(LINES + line + "\n")

    with pytest.raises(ConfigurationError, match="line 8"):
        read_recording(path)


def test_a_recording_that_is_not_there_says_what_to_set(tmp_path) -> None:
    with pytest.raises(ConfigurationError, match="QUANTATRADE_DATA"):
        read_recording(tmp_path / "none.xz")

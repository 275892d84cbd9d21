"""Lanes: the lowest free one first, none twice, and a seq that only rises."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offchain.client import lanes
from offchain.client.lanes import LaneBook
from offchain.core.errors import LaneBusy


@given(st.lists(st.tuples(st.sampled_from(["take", "release", "occupy"]), st.integers(0, 12)), max_size=80))
def test_a_taken_lane_is_the_lowest_free_one(steps: list[tuple[str, int]]) -> None:
    book, taken = LaneBook(), set[int]()
    for step, lane in steps:
        if step == "take":
            expected = min(set(range(1, len(taken) + 2)) - taken)
            assert book.take(3) == expected
            taken.add(expected)
        elif step == "release":
            book.release(3, lane)
            taken.discard(lane)
        else:
            book.occupy(3, lane)
            taken |= {lane} - {0}


def test_assets_have_lanes_of_their_own() -> None:
    book = LaneBook()
    assert [book.take(1), book.take(1), book.take(2)] == [1, 2, 1]


def test_more_lanes_than_there_are_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "LANE_MAX", 2)
    book = LaneBook()
    assert [book.take(1), book.take(1)] == [1, 2]
    with pytest.raises(LaneBusy):
        book.take(1)
    book.release(1, 1)
    assert book.take(1) == 1


@given(st.lists(st.integers(0, 50), max_size=50))
def test_a_seq_rises_whatever_the_clock_does(moments: list[int]) -> None:
    clock = iter(moments)
    book = LaneBook(lambda: next(clock))
    seqs = [book.next_seq() for _ in moments]
    assert seqs == sorted(set(seqs))
    assert all(seq >= moment for seq, moment in zip(seqs, moments, strict=True))


def test_a_lane_is_free_once_the_replaced_order_and_the_replacement_are_gone() -> None:
    book = LaneBook()
    lane = book.take(3)
    book.share(3, lane)
    book.release(3, lane)
    assert book.take(3) == lane + 1, "one of the two is still open"
    book.release(3, lane)
    assert book.take(3) == lane
    book.share(3, lanes.IMMEDIATE_LANE)
    assert book.take(3) == lane + 2

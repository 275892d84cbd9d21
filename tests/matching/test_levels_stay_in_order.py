"""The tree of levels against a sorted list."""

from hypothesis import given
from hypothesis import strategies as st

from offchain.matching import layout as at
from offchain.matching.books import Books
from offchain.matching.orders import OrderPool

PRICES = st.integers(1, 80) | st.integers(1, 5_000) | st.integers(1, 2**62) | st.sampled_from([31, 32, 1_023, 1_024])


def walk(books: Books, side: int) -> list[int]:
    prices, level = [], books.sides[side + at.BEST]
    while level:
        prices.append(books.pool.slots[level + at.PRICE])
        level = books.next_level(side, prices[-1])
    return prices


@given(side=st.sampled_from([0, 1, 4, 5]), steps=st.lists(st.tuples(st.booleans(), PRICES), max_size=120))
def test_levels_come_best_first_whatever_was_added_and_removed(side: int, steps: list[tuple[bool, int]]) -> None:
    books, record = Books(OrderPool()), side * at.SIDE_WORDS
    books.hold_sides(3)
    levels: dict[int, int] = {}
    for add, price in steps:
        if add or not levels:
            levels[price] = books.level_at(record, price)
        else:
            chosen = min(levels, key=lambda level: abs(level - price))
            books.drop(record, levels.pop(chosen))
        assert walk(books, record) == sorted(levels, reverse=side % 2 == 0)
        assert books.sides[record + at.BEST_PRICE] == (max(levels, default=0), min(levels, default=2**63 - 1))[side % 2]
        assert all(books.level_at(record, known) == level for known, level in levels.items())


@given(prices=st.lists(PRICES, min_size=1, max_size=60, unique=True))
def test_levels_and_nodes_that_go_are_used_again(prices: list[int]) -> None:
    books = Books(OrderPool())
    books.hold_sides(1)
    sizes = set()
    for _ in range(4):
        for level in [books.level_at(0, price) for price in prices]:
            books.drop(0, level)
        sizes.add((books.pool.used, books.nodes_used))
    assert len(sizes) <= 2  # the first root may have to rise, later ones are as deep as they need be

"""The resident market maker's ladder never crosses itself, and small moves leave most of it alone."""

from hypothesis import given
from hypothesis import strategies as st

from offchain.bots.quoting import LadderShape, Quote, WanderingPrice, changes, ladder
from offchain.core.commands import Side

shapes = st.builds(LadderShape, st.integers(1, 20), st.integers(1, 50), st.integers(1, 20))
prices = st.integers(1, 10**7)


@given(prices, shapes)
def test_bids_stand_under_the_price_and_asks_over_it(price: int, shape: LadderShape) -> None:
    quotes = ladder(price, shape)
    bids = [quote.price_ticks for quote in quotes if quote.side is Side.BUY]
    asks = [quote.price_ticks for quote in quotes if quote.side is Side.SELL]

    assert all(0 < bid <= price - shape.half_spread_ticks for bid in bids)
    assert all(ask >= price + shape.half_spread_ticks for ask in asks)
    assert len(asks) == shape.levels
    assert len(set(quotes)) == len(quotes)


@given(prices, shapes, prices)
def test_changes_turn_what_is_held_into_what_is_wanted(price: int, shape: LadderShape, other: int) -> None:
    held = {str(number): quote for number, quote in enumerate(ladder(other, shape))}
    wanted = ladder(price, shape)

    cancel, place = changes(wanted, held)

    kept = [quote for name, quote in held.items() if name not in cancel]
    assert sorted(kept + place) == sorted(wanted)


def test_of_two_orders_at_a_wanted_price_one_is_cancelled() -> None:
    quote = Quote(Side.BUY, 5)

    assert changes([quote], {"a": quote, "b": quote}) == (["b"], [])


@given(st.integers(1, 10**7), st.integers())
def test_the_price_wanders_the_same_way_for_the_same_seed_and_stays_near_its_anchor(anchor: int, seed: int) -> None:
    first, second = WanderingPrice(anchor, seed), WanderingPrice(anchor, seed)
    path = [first.step() for _ in range(200)]

    assert path == [second.step() for _ in range(200)]
    assert all(max(1, anchor // 2) <= ticks <= anchor * 2 for ticks in path)


def test_the_price_does_move() -> None:
    price = WanderingPrice(600_000, seed=1)

    assert len({price.step() for _ in range(100)}) > 50

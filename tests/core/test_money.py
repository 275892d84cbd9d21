from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from offchain.core.errors import BadAmount, BadPrice, BadQuantity
from offchain.core.money import (
    NOTIONAL_MAX_UNITS,
    PPM,
    UNITS_MAX,
    Asset,
    Market,
    buy_reservation_units,
    fee_units,
)

QTRA = Asset(1, "QTRA", b"\x01" * 20, 18, 10**10)
USDC = Asset(2, "USDC", b"\x02" * 20, 6, 1)
BTC = Asset(3, "BTC", b"\x03" * 20, 8, 1)
DAI = Asset(4, "DAI", b"\x04" * 20, 18, 10**8)
ASSETS = st.sampled_from([QTRA, USDC, BTC, DAI])


def market(base: Asset, quote: Asset, base_units_per_lot: int, quote_units_per_tick_lot: int) -> Market:
    return Market(
        1,
        f"{base.symbol}-{quote.symbol}",
        base,
        quote,
        base_units_per_lot,
        quote_units_per_tick_lot,
        1,
        10**9,
        10**9,
        1,
        0,
    )


MARKETS = st.sampled_from([market(QTRA, USDC, 10**6, 1), market(BTC, USDC, 10**3, 1), market(BTC, DAI, 1, 1)])


@pytest.mark.parametrize(
    ("listed", "tick", "lot"),
    [
        (market(QTRA, USDC, 10**6, 1), "0.0001", "0.01"),
        (market(BTC, USDC, 10**3, 1), "0.1", "0.00001"),
        (market(BTC, DAI, 1, 1), "0.01", "0.00000001"),
    ],
    ids=["QTRA-USDC", "BTC-USDC", "BTC-DAI"],
)
def test_the_steps_of_known_markets(listed: Market, tick: str, lot: str) -> None:
    assert (listed.price_text(1), listed.quantity_text(1)) == (tick, lot)
    assert (listed.to_ticks(tick), listed.to_lots(lot)) == (1, 1)


@given(asset=ASSETS, units=st.integers(1, UNITS_MAX))
def test_an_amount_survives_the_way_to_text_and_back(asset: Asset, units: int) -> None:
    text = asset.to_decimal(units)

    assert asset.to_units(text) == units
    assert Decimal(text) * asset.units_per_token == units
    assert "e" not in text.lower()


@given(traded=MARKETS, ticks=st.integers(1, 10**9), lots=st.integers(1, 10**9))
def test_a_price_and_a_quantity_survive_the_way_to_text_and_back(traded: Market, ticks: int, lots: int) -> None:
    price, quantity = traded.price_text(ticks), traded.quantity_text(lots)

    assert (traded.to_ticks(price), traded.to_lots(quantity)) == (ticks, lots)
    notional = Fraction(price) * Fraction(quantity) * traded.quote.units_per_token
    assert traded.notional_units(ticks, lots) == notional


@given(asset=ASSETS, units=st.integers(1, UNITS_MAX), below=st.integers(1, 9))
def test_an_amount_finer_than_a_unit_is_refused(asset: Asset, units: int, below: int) -> None:
    text = asset.to_decimal(units)
    places = len(text.partition(".")[2])
    digits = len(str(asset.units_per_token)) - 1
    finer = f"{text if '.' in text else text + '.'}{'0' * (digits - places)}{below}"

    with pytest.raises(BadAmount, match="not a multiple"):
        asset.to_units(finer)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " 1",
        "1 ",
        "+1",
        "-1",
        "1e3",
        "0x10",
        "1.",
        ".5",
        "1,5",
        "1_000",
        "nan",
        "inf",
        "\u0661",
        "1" * 31,
        "1.2.3",
        "\n1",
    ],
)
def test_text_that_is_not_a_plain_decimal_is_refused(text: str) -> None:
    with pytest.raises(BadAmount, match="not a decimal"):
        USDC.to_units(text)


@pytest.mark.parametrize("text", ["0", "0.000000", "9223372036854.775808", "99999999999999999999"])
def test_nothing_and_more_than_64_bits_are_refused(text: str) -> None:
    with pytest.raises(BadAmount, match="out of range"):
        USDC.to_units(text)


def test_the_largest_amount_is_taken() -> None:
    assert USDC.to_units("9223372036854.775807") == UNITS_MAX


def test_a_price_off_tick_and_a_quantity_off_lot_name_themselves() -> None:
    traded = market(BTC, USDC, 10**3, 1)
    with pytest.raises(BadPrice, match=r"BTC-USDC price 60000\.15 is not a multiple of 0\.1"):
        traded.to_ticks("60000.15")
    with pytest.raises(BadQuantity, match=r"not a multiple of 0\.00001"):
        traded.to_lots("0.000015")


@given(notional=st.integers(0, NOTIONAL_MAX_UNITS), rate=st.integers(0, PPM))
def test_a_fee_is_the_exact_share_rounded_up(notional: int, rate: int) -> None:
    assert Fraction(notional * rate, PPM) <= fee_units(notional, rate) < Fraction(notional * rate, PPM) + 1


@given(notional=st.integers(0, NOTIONAL_MAX_UNITS), rate=st.integers(1, PPM))
def test_a_rebate_is_the_exact_share_rounded_down(notional: int, rate: int) -> None:
    assert Fraction(notional * rate, PPM) - 1 < -fee_units(notional, -rate) <= Fraction(notional * rate, PPM)


@given(parts=st.lists(st.integers(0, 10**12), min_size=1, max_size=20), rate=st.integers(-5_000, 5_000))
def test_splitting_an_order_never_lowers_what_it_pays(parts: list[int], rate: int) -> None:
    assert sum(fee_units(part, rate) for part in parts) >= fee_units(sum(parts), rate)


@given(notional=st.integers(0, NOTIONAL_MAX_UNITS), taker=st.integers(0, 5_000), rebate=st.integers(0, 5_000))
def test_a_rebate_at_or_under_the_takers_rate_never_exceeds_the_takers_fee(
    notional: int, taker: int, rebate: int
) -> None:
    assume(rebate <= taker)
    assert fee_units(notional, taker) + fee_units(notional, -rebate) >= 0


@given(
    price=st.integers(1, 10**6),
    fills=st.lists(st.tuples(st.integers(1, 10**5), st.integers(0, 10**6)), min_size=1, max_size=20),
    rate=st.integers(-5_000, 5_000),
    cap=st.integers(0, 5_000),
)
def test_whatever_way_a_buy_fills_its_reservation_pays_for_it(
    price: int, fills: list[tuple[int, int]], rate: int, cap: int
) -> None:
    assume(rate <= cap)
    left = sum(lots for lots, _ in fills)
    held = buy_reservation_units(price * left, left, cap)
    for lots, discount in fills:
        left -= lots
        keep = buy_reservation_units(price * left, left, cap)
        notional = max(price - discount, 1) * lots
        assert notional + fee_units(notional, rate) <= held - keep
        held = keep
    assert held == 0

"""Any commands at all, as hypothesis strategies: mostly such as make sense to the desk's exchange, some absurd."""

from hypothesis import strategies as st

from offchain.core.commands import CancelReason, Command, CommandKind, Side
from tests.matching.desk import RICH

K = CommandKind
ORDERS = [K.PLACE] * 24 + [K.REPLACE] * 6
SETTINGS = [kind for kind in K if kind > K.AMEND]
UNITS = st.sampled_from([0, 0, 0, 1, 7, 100, 1_000, 5_000, 10**6, 10**12, 2**62, 2**63 - 1, -1])
FIELDS = st.fixed_dictionaries(
    {
        "kind": st.sampled_from([*ORDERS, *[K.CANCEL] * 3, *[K.AMEND] * 3, K.CANCEL_ALL, *SETTINGS, *K]),
        "side": st.sampled_from([*Side] * 8 + [2]),
        "time_in_force": st.sampled_from([0] * 8 + [1, 1, 2, 2, 3, 4]),
        "reason": st.sampled_from([*CancelReason] * 2 + [0]),
        "account": st.sampled_from([1, 2, 3, 4] * 4 + [0, 0, 5]),
        "counter_account": st.sampled_from([1, 2, 3, 4, 9]),
        "market": st.sampled_from([1] * 6 + [2, 2, 0, 3]),
        "order_type": st.sampled_from([0] * 8 + [1, 1, 2, 2, 3, 3, 4]),
        "post_only": st.sampled_from([0] * 8 + [1, 2, 3]),
        "asset": st.sampled_from([0, 1, 2, 3, 4]),
        "self_trade_prevention": st.sampled_from([0] * 4 + [1, 2, 3, 4] * 2 + [5]),
        "mode": st.sampled_from([0, 0, 1, 1, 2, 3, 7, 8]),
        "counter_asset": st.sampled_from([1, 2, 3, 4]),
        "maker_fee_ppm": st.sampled_from([-5_000, -1_000, 0, 0, 1, 1_500, 5_000]),
        "taker_fee_ppm": st.sampled_from([5_000] * 8 + [0, 1, 2_500, 5_001]),
        "order_id": st.integers(20, 60),
        "price": st.sampled_from([90, 95, 99, 100, 101, 105, 110] * 3 + [1, 5_000, 10**9, 0, 2**61]),
        "quantity": st.sampled_from([1, 2, 3, 10, 50] * 3 + [10**6, 0, 2**62]),
        "amount": UNITS,
        "counter_amount": st.sampled_from([0] * 10 + [95, 99, 101, 105] * 3 + [1, 50, 2**62, -1]),
    }
)
GAPS_US = st.sampled_from([0, 1, 10, 100, 10**9, 86_400_000_000, 40 * 86_400_000_000])


@st.composite
def streams(draw: st.DrawFn, longest: int) -> list[dict[str, int]]:
    """Fields of commands; orders leave out what their kind must not have, mostly."""
    rows = draw(st.lists(FIELDS, min_size=1, max_size=longest))
    now = 0
    for row in rows:
        now += draw(GAPS_US)
        row["timestamp_us"] = now
        if row["kind"] in (K.PLACE, K.REPLACE) and row["amount"] < RICH:
            row["counter_amount"] *= row["order_type"] >= 2
            row["amount"] *= row["time_in_force"] == 3
    return rows


def commands(rows: list[dict[str, int]], first: int) -> list[Command]:
    """Commands numbered from `first`; ids name orders before and after the rows themselves."""
    return [Command(sequence=first + number, **fields) for number, fields in enumerate(rows)]


WORDS = {
    **dict.fromkeys(("side", "time_in_force", "reason"), 8),
    **dict.fromkeys(("order_type", "post_only", "self_trade_prevention", "mode"), 8),
    **dict.fromkeys(("market", "asset"), 16),
    **dict.fromkeys(("account", "counter_account", "counter_asset"), 32),
    **dict.fromkeys(("sequence", "timestamp_us", "order_id"), 64),
}
SIGNED = {
    **dict.fromkeys(("maker_fee_ppm", "taker_fee_ppm"), 32),
    **dict.fromkeys(("price", "quantity", "amount", "counter_amount"), 64),
}
GARBAGE = st.fixed_dictionaries(
    {},
    optional={
        **{name: st.integers(0, 2**bits - 1) | st.just(2**bits - 1) for name, bits in WORDS.items()},
        **{
            name: st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
            | st.sampled_from([0, 1, 2 ** (bits - 2), 2 ** (bits - 1) - 1, -(2 ** (bits - 1))])
            for name, bits in SIGNED.items()
        },
    },
)
"""Any bits in any fields."""

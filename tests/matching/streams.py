"""Random streams of commands that keep an exchange busy: mostly sensible, now and then absurd."""

import random

from hypothesis import strategies as st

from offchain.core.commands import CancelReason, Command, CommandKind, Side

K = CommandKind
UNITS = st.sampled_from([1, 7, 1_000, 10**6, 10**12, 2**62, 2**63 - 1, 0, -1])
FIELDS = st.fixed_dictionaries(
    {
        "kind": st.sampled_from([K.PLACE] * 12 + [K.CANCEL] * 4 + [K.CANCEL_ALL, *K]),
        "side": st.sampled_from([*Side] * 8 + [2]),
        "time_in_force": st.sampled_from([0, 0, 0, 1, 1, 2]),
        "reason": st.sampled_from([*CancelReason] * 2 + [0]),
        "account": st.sampled_from([1, 2, 3, 4] * 4 + [0, 5, 6]),
        "counter_account": st.sampled_from([1, 2, 3, 4, 9]),
        "market": st.sampled_from([1, 1, 1, 2, 2, 3]),
        "asset": st.sampled_from([0, 1, 2, 3, 4]),
        "counter_asset": st.sampled_from([1, 2, 3, 4]),
        "maker_fee_ppm": st.sampled_from([-5_000, -1_000, 0, 1, 1_500, 5_000]),
        "taker_fee_ppm": st.sampled_from([5_000] * 6 + [0, 1, 2_500, 5_001]),
        "order_id": st.integers(20, 80),
        "price": st.sampled_from([90, 95, 99, 100, 101, 105, 110] * 3 + [1, 5_000, 10**9, 0, 2**61]),
        "quantity": st.sampled_from([1, 2, 3, 10, 50] * 3 + [10**6, 0, 2**62]),
        "amount": UNITS,
        "counter_amount": UNITS,
    }
)


def commands(rows: list[dict[str, int]], first: int) -> list[Command]:
    """Commands numbered from `first`; ids name orders before and after the rows themselves."""
    return [Command(sequence=first + n, timestamp_us=10 * n, **fields) for n, fields in enumerate(rows)]


def market_day(seed: int, count: int, first: int) -> list[Command]:
    """A long stream: orders around a price that wanders, cancels of real orders, funds that come and go."""
    chance = random.Random(seed)
    middle, placed, stream = 1_000, [], []
    for sequence in range(first, first + count):
        middle = max(100, middle + chance.choice((-2, -1, 0, 0, 1, 2)))
        account, asset = chance.randint(1, 4), chance.randint(1, 3)
        fields: dict[str, int] = {"account": account}
        draw = chance.random()
        if draw < 0.60:
            side = chance.randint(0, 1)
            away = int(chance.expovariate(0.1)) * (1 if side == Side.SELL else -1)
            fields |= {"kind": K.PLACE, "market": chance.randint(1, 2), "side": side, "taker_fee_ppm": 5_000}
            fields |= {"time_in_force": int(chance.random() < 0.2), "quantity": chance.randint(1, 60)}
            fields |= {"price": max(1, middle + away + chance.randint(-3, 3))}
            placed.append((account, sequence))
        elif draw < 0.92 and placed:
            owner, order_id = placed.pop(chance.randrange(len(placed)))
            fields |= {"kind": K.CANCEL, "account": owner, "order_id": order_id, "reason": CancelReason.USER}
        elif draw < 0.96:
            kind = chance.choice((K.WITHDRAW, K.CHAIN_DEPOSIT, K.REVERT_WITHDRAWAL))
            fields |= {"kind": kind, "asset": asset, "amount": chance.randint(1, 10**6)}
        elif draw < 0.97:
            fields |= {"kind": K.CANCEL_ALL, "asset": chance.choice((0, asset)), "reason": CancelReason.USER}
        elif draw < 0.98:
            kind = chance.choice((K.CHAIN_EXIT_REQUESTED, K.CHAIN_EXIT_CANCELLED, K.CHAIN_EXIT_CANCELLED))
            fields |= {"kind": kind, "asset": asset}
        else:
            rates = {"maker_fee_ppm": chance.randint(-500, 2_000), "taker_fee_ppm": chance.randint(0, 3_000)}
            fields |= {"kind": K.SET_FEES, "account": chance.randint(0, 4), **rates}
        stream.append(Command(sequence=sequence, timestamp_us=sequence, **fields))
    return stream

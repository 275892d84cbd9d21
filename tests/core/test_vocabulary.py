import struct
from enum import IntEnum

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offchain.core import commands, events
from offchain.core.commands import (
    COMMAND_BYTES,
    COMMAND_DTYPE,
    Command,
    OrderInstructions,
    decode_attachment,
    encode_attachment,
)
from offchain.core.events import EVENT_BYTES, EVENT_DTYPE, Event


def values(dtype: np.dtype[np.void], names: tuple[str, ...]) -> st.SearchStrategy[tuple[int, ...]]:
    limits = [np.iinfo(dtype[name]) for name in names]
    return st.tuples(*(st.integers(int(limit.min), int(limit.max)) for limit in limits))


@given(fields=values(COMMAND_DTYPE, Command._fields))
def test_a_command_survives_packing_and_numpy_reads_the_same_row(fields: tuple[int, ...]) -> None:
    command = Command(*fields)
    row = command.pack()

    assert len(row) == COMMAND_BYTES
    assert Command.unpack(row) == command
    assert tuple(np.frombuffer(row, dtype=COMMAND_DTYPE)[0].tolist()) == fields


@given(rows=st.lists(values(EVENT_DTYPE, Event._fields), max_size=4))
def test_events_that_numpy_writes_read_back_the_same(rows: list[tuple[int, ...]]) -> None:
    written = np.array(rows, dtype=EVENT_DTYPE).tobytes()

    assert len(written) == EVENT_BYTES * len(rows)
    assert Event.unpack_all(written) == [Event(*row) for row in rows]


@pytest.mark.parametrize("dtype", [COMMAND_DTYPE, EVENT_DTYPE])
def test_a_row_is_whole_words_and_every_field_is_aligned(dtype: np.dtype[np.void]) -> None:
    assert dtype.itemsize % 8 == 0
    assert dtype.names is not None
    assert all(dtype.fields[name][1] % dtype[name].itemsize == 0 for name in dtype.names)


@pytest.mark.parametrize(
    "fields", [{"price": 2**63}, {"account": -1}, {"kind": 256}, {"order_id": 2**64}, {"asset": 2**32}]
)
def test_a_command_that_does_not_fit_its_row_is_not_packed(fields: dict[str, int]) -> None:
    with pytest.raises(struct.error):
        Command(**{"sequence": 1, "timestamp_us": 1, "kind": 1} | fields).pack()


@pytest.mark.parametrize(
    "vocabulary",
    [
        commands.CommandKind,
        commands.Side,
        commands.TimeInForce,
        commands.OrderType,
        commands.PostOnly,
        commands.SelfTradePrevention,
        commands.MarketStatus,
        commands.CancelReason,
        events.EventKind,
        events.RejectReason,
    ],
)
def test_the_numbers_of_the_vocabulary_are_distinct_and_gap_free(vocabulary: type[IntEnum]) -> None:
    numbers = [member.value for member in vocabulary]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert len(vocabulary.__members__) == len(numbers)


@given(
    instructions=st.builds(
        OrderInstructions,
        st.sampled_from(commands.TimeInForce),
        st.sampled_from(commands.OrderType),
        st.sampled_from(commands.PostOnly),
        st.sampled_from(commands.SelfTradePrevention),
    )
)
def test_instructions_are_what_their_flags_say(instructions: OrderInstructions) -> None:
    assert 0 <= instructions.flags < 1 << 10
    assert OrderInstructions.of(instructions.flags) == instructions


@given(flags=st.integers(0, 2**16 - 1))
def test_flags_are_what_their_instructions_say_up_to_the_ninth_bit(flags: int) -> None:
    assert OrderInstructions.of(flags).flags == flags % (1 << 10)


def test_what_can_rest_is_good_till_cancelled_or_a_stop() -> None:
    immediate = (commands.TimeInForce.IOC, commands.TimeInForce.FOK, commands.TimeInForce.FOK_BUDGET)
    for time_in_force in commands.TimeInForce:
        for order_type in commands.OrderType:
            is_stop = order_type in commands.STOP_TYPES
            can_rest = OrderInstructions(time_in_force, order_type).can_rest
            assert can_rest == (is_stop or time_in_force not in immediate)


POSITION = commands.ChainPosition(7, 3, b"\x01" * 32, b"\x02" * 32)


@pytest.mark.parametrize(
    "attachment",
    [
        None,
        commands.AccountOpening(b"\x03" * 20),
        commands.AssetListing("QTRA", b"\x04" * 20, 18, 10**10),
        commands.MarketListing("QTRA-USDC"),
        commands.OrderAuthorization(
            "a-1", b"\x05" * 20, 2**40 - 1, 2**48 - 1, 65_535, 50, 1, b"\x06" * 65, b"\x07" * 32
        ),
        commands.OrderAuthorization(
            "a-1", b"\x05" * 20, 1, 1, 1, 50, 0, b"", b"\x07" * 32, 1, 2**32 - 1, ladder=2**64 - 1, place=255
        ),
        commands.LadderAuthorization(
            b"\x05" * 20,
            2**32 - 1,
            2**48 - 1,
            (commands.LadderOrder(1, 2**64 - 1, 2**64 - 1, 2**40 - 1, 2**48 - 1, 65_535, 50, 2**16 - 1),),
            b"\x06" * 65,
            1,
            7,
        ),
        commands.StatementAnswer(
            b"\x05" * 20,
            2**64 - 1,
            b"\x0e" * 32,
            9,
            (1, 2),
            (-(2**63), 5),
            b"\x06" * 65,
            (7, 8),
            (commands.RenewalLadder(1, (commands.RenewedOrder(4, 10, 3),), b"\x06" * 65),),
            1,
            7,
        ),
        commands.WithdrawalAuthorization(b"\x08" * 20, 2**64 - 1, 1, b"\x09" * 65),
        commands.DepositFact(POSITION, b"\x0a" * 20),
        commands.WithdrawnFact(POSITION, 4),
        commands.BatchSettledFact(
            POSITION, 1, b"\x0b" * 32, 9, (commands.SkippedFill(2, 3),), (commands.SkippedGroup(0, 12, 5),)
        ),
        commands.ExitFact(POSITION, 1_700_000_000),
        commands.FloorFact(POSITION, 2**48 - 1),
        commands.SessionFact(POSITION, b"\x0d" * 20, commands.UNLIMITED, 5, 1_700_000_000),
        commands.SessionRevokedFact(POSITION, b"\x0d" * 20, 1_700_000_000),
    ],
)
def test_an_attachment_survives_encoding(attachment: commands.Attachment) -> None:
    assert decode_attachment(encode_attachment(attachment)) == attachment


@given(garbage=st.binary(max_size=60))
def test_bytes_that_are_no_attachment_raise_one_kind_of_error(garbage: bytes) -> None:
    try:
        decoded = decode_attachment(garbage)
    except msgspec.DecodeError:
        return
    assert decode_attachment(encode_attachment(decoded)) == decoded

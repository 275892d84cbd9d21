"""Batch payloads: what goes in comes out, and nothing else is accepted."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offchain.chain.keys import LocalSigner, recover
from offchain.chain.typed_data import Order, domain_separator
from offchain.core.commands import OrderInstructions, PostOnly
from offchain.core.errors import MalformedPayload
from offchain.settlement.encoding import (
    BatchFill,
    BatchOrder,
    BatchPayload,
    SkipReason,
    decode_payload,
    drop_fills,
    encode_payload,
    may_slide,
    payload_hash,
)

u64 = st.integers(0, 2**64 - 1)
signatures = st.builds(
    lambda r, s, v: r + (int.from_bytes(s, "big") >> 1).to_bytes(32, "big") + bytes([v]),
    st.binary(min_size=32, max_size=32),
    st.binary(min_size=32, max_size=32),
    st.sampled_from([27, 28]),
)


def sliding(order: BatchOrder, ticks: int) -> BatchOrder:
    """The order with a slide, if it may have one."""
    price = order.order.price
    if not may_slide(order.order.flags) or price == 0:
        return order
    return msgspec.structs.replace(order, slide=ticks % (2**64 - price if order.order.side else price))


signed_orders = st.builds(
    BatchOrder,
    order=st.builds(
        Order,
        market=st.integers(0, 3),
        side=st.integers(0, 1),
        price=u64,
        quantity=u64,
        expiry=st.integers(0, 2**40 - 1),
        seq=st.integers(0, 2**48 - 1),
        lane=st.integers(0, 2**16 - 1),
        max_fee_bps=st.integers(0, 2**16 - 1),
        flags=st.integers(0, 2**16 - 1),
    ),
    signature=signatures,
    maker_fee_ppm=st.integers(-(2**15), 2**15 - 1),
    taker_fee_ppm=st.integers(-(2**15), 2**15 - 1),
)
batch_orders = st.builds(sliding, signed_orders, u64)


@st.composite
def batches(draw: st.DrawFn) -> tuple[list[BatchOrder], list[BatchFill]]:
    orders = draw(st.lists(batch_orders, min_size=1, max_size=8))
    index = st.integers(0, len(orders) - 1)
    return orders, draw(st.lists(st.builds(BatchFill, index, index, u64), max_size=8))


def meaning(orders: list[BatchOrder], fills: list[BatchFill]) -> list[tuple[BatchOrder, BatchOrder, int]]:
    """A batch without the numbering of its orders."""
    return [(orders[fill.maker], orders[fill.taker], fill.quantity_lots) for fill in fills]


def an_order(seq: int = 1, market: int = 1, **changes: int) -> BatchOrder:
    fields = {"side": 0, "price": 5, "quantity": 7, "expiry": 9, "lane": 0, "max_fee_bps": 50, "flags": 0} | changes
    return BatchOrder(Order(market=market, seq=seq, **fields), bytes(64) + b"\x1b", 1_500, 2_500)


SLIDE = OrderInstructions(post_only=PostOnly.SLIDE).flags
POST_ONLY_REJECT = OrderInstructions(post_only=PostOnly.REJECT).flags


def slid(ticks: int, **changes: int) -> BatchOrder:
    return msgspec.structs.replace(an_order(**({"flags": SLIDE} | changes)), slide=ticks)


@given(batches())
def test_a_decoded_payload_means_what_was_encoded(batch: tuple[list[BatchOrder], list[BatchFill]]) -> None:
    orders, fills = batch
    decoded = decode_payload(encode_payload(orders, fills))
    assert sorted(map(repr, decoded.orders)) == sorted(map(repr, orders))
    assert meaning(list(decoded.orders), list(decoded.fills)) == meaning(orders, fills)
    assert decode_payload(encode_payload(*decoded)) == decoded


@given(batches(), st.data())
def test_every_truncation_and_every_extension_is_refused(
    batch: tuple[list[BatchOrder], list[BatchFill]], data: st.DataObject
) -> None:
    payload = encode_payload(*batch)
    with pytest.raises(MalformedPayload):
        decode_payload(payload[: data.draw(st.integers(0, len(payload) - 1))])
    with pytest.raises(MalformedPayload):
        decode_payload(payload + data.draw(st.binary(min_size=1, max_size=99)))


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_refused_or_are_a_payload(payload: bytes) -> None:
    for candidate in (payload, b"\x01" + payload):
        try:
            decoded = decode_payload(candidate)
        except MalformedPayload:
            continue
        assert len(decoded.fills) < 2**16


@given(batches(), st.sets(st.integers(0, 9)))
def test_dropping_fills_leaves_the_others_as_they_were(
    batch: tuple[list[BatchOrder], list[BatchFill]], dropped: set[int]
) -> None:
    orders, fills = batch
    rest = decode_payload(drop_fills(encode_payload(orders, fills), dropped))
    kept = [fill for index, fill in enumerate(fills) if index not in dropped]
    assert meaning(list(rest.orders), list(rest.fills)) == meaning(orders, kept)
    assert {i for fill in rest.fills for i in (fill.maker, fill.taker)} == set(range(len(rest.orders)))


def test_a_decoded_signature_still_recovers_its_signer() -> None:
    signer = LocalSigner(b"\x07" * 32)
    separator = domain_separator(31_337, b"\x11" * 20)
    for seq in range(1, 9):
        order = an_order(seq).order
        signed = BatchOrder(order, signer.sign_digest(order.digest(separator)), 0, 0)
        (decoded,) = decode_payload(encode_payload([signed], [])).orders
        assert recover(decoded.order.digest(separator), decoded.signature) == signer.address


def test_an_empty_batch_is_its_header() -> None:
    assert encode_payload([], []).hex() == "0100000000000011"
    assert decode_payload(encode_payload([], [])) == BatchPayload((), ())


def test_the_bytes_of_a_payload_do_not_change_from_release_to_release() -> None:
    orders = [an_order(70_000, side=1, lane=3), an_order(70_001, market=2), an_order(70_002, flags=1, price=300)]
    orders += [slid(3, seq=70_003), an_order(70_004, flags=0x3FF)]
    payload = encode_payload(orders, [BatchFill(0, 2, 7)])
    assert payload_hash(payload).hex() == "bd9d712ed97c7094089272f6a335a8659fd9240850926162698b0345e5719131"


def test_the_price_in_force_is_better_for_the_owner() -> None:
    orders = [an_order(), slid(3), slid(4, side=1), slid(0), slid(2**64 - 6, side=1)]
    decoded = decode_payload(encode_payload(orders, []))
    assert decoded.orders == tuple(orders)
    assert [order.price_in_force for order in decoded.orders] == [5, 2, 9, 5, 2**64 - 1]


def test_the_slide_of_an_order_that_did_not_sign_for_it_is_not_looked_at() -> None:
    payload = encode_payload([slid(3)], [])
    flags, other = SLIDE.to_bytes(2, "big"), POST_ONLY_REJECT.to_bytes(2, "big")
    (order,) = decode_payload(payload[:14] + payload[14:16].replace(flags, other) + payload[16:]).orders
    assert (order.order.flags, order.slide) == (POST_ONLY_REJECT, 0)


def test_a_pair_takes_at_most_two_hundred_bytes() -> None:
    pairs = 100
    orders = [
        an_order(1_700_000_000_000 + i * 1_000, price=600_000 + i, quantity=10**6, side=i % 2, expiry=1_700_000_000 + i)
        for i in range(2 * pairs)
    ]
    payload = encode_payload(orders, [BatchFill(2 * i, 2 * i + 1, 10**6) for i in range(pairs)])
    assert len(payload) <= 200 * pairs


@pytest.mark.parametrize(
    ("orders", "fills"),
    [
        pytest.param([an_order()], [BatchFill(0, 1, 1)], id="fill of an absent order"),
        pytest.param([an_order()], [BatchFill(0, -1, 1)], id="negative index"),
        pytest.param([an_order()], [BatchFill(0, 0, 2**64)], id="quantity over 64 bits"),
        pytest.param([an_order(price=2**64)], [], id="price over 64 bits"),
        pytest.param([an_order(price=-1)], [], id="negative price"),
        pytest.param([an_order(2**48)], [], id="seq over 48 bits"),
        pytest.param([an_order(expiry=2**40)], [], id="expiry over 40 bits"),
        pytest.param([an_order(lane=2**16)], [], id="lane over 16 bits"),
        pytest.param([an_order(side=2)], [], id="third side"),
        pytest.param([an_order(flags=2**16)], [], id="flags over 16 bits"),
        pytest.param([slid(1, flags=POST_ONLY_REJECT)], [], id="slide that was not signed"),
        pytest.param([slid(5)], [], id="slide to zero"),
        pytest.param([slid(-1)], [], id="slide the wrong way"),
        pytest.param([slid(2**64 - 5, side=1)], [], id="slide past any price"),
        pytest.param([an_order(market=2**32)], [], id="market over 32 bits"),
        pytest.param([BatchOrder(an_order().order, bytes(64), 0, 0)], [], id="short signature"),
        pytest.param([BatchOrder(an_order().order, bytes(65), 0, 0)], [], id="v of zero"),
        pytest.param([BatchOrder(an_order().order, b"\xff" * 64 + b"\x1b", 0, 0)], [], id="s in the upper half"),
        pytest.param([BatchOrder(an_order().order, bytes(64) + b"\x1b", 2**15, 0)], [], id="rate over 16 bits"),
        pytest.param([an_order(max_fee_bps=i) for i in range(256)], [], id="too many fee classes"),
        pytest.param([an_order(market=i) for i in range(256)], [], id="too many markets"),
        pytest.param([an_order()] * 2**16, [], id="too many orders"),
    ],
)
def test_what_does_not_fit_is_refused(orders: list[BatchOrder], fills: list[BatchFill]) -> None:
    with pytest.raises(MalformedPayload):
        encode_payload(orders, fills)


@pytest.mark.parametrize(
    ("offset", "value"),
    [
        pytest.param(0, 2, id="version"),
        pytest.param(1, 0, id="no fee class"),
        pytest.param(2, 2, id="section count"),
        pytest.param(4, 1, id="order count"),
        pytest.param(6, 2, id="fill count"),
        pytest.param(7, 0x31, id="index width"),
        pytest.param(7, 0x10, id="quantity width"),
        pytest.param(22, 0x91, id="price width"),
        pytest.param(24, 0x09, id="slide width"),
        pytest.param(36, 0x10, id="kind of authorization"),
        pytest.param(36, 0x02, id="reserved bit of the control byte"),
        pytest.param(37, 1, id="fee class out of range"),
    ],
)
def test_a_payload_that_contradicts_itself_is_refused(offset: int, value: int) -> None:
    payload = bytearray(encode_payload([an_order(), an_order(2)], [BatchFill(0, 1, 1)]))
    decode_payload(bytes(payload))
    payload[offset] = value
    with pytest.raises(MalformedPayload):
        decode_payload(bytes(payload))


def test_skip_reasons_are_those_of_the_contract() -> None:
    assert [reason.value for reason in SkipReason] == list(range(16))

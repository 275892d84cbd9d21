"""Batch payloads: what goes in comes out, and nothing else is accepted."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offchain.chain.keys import LocalSigner, recover
from offchain.chain.typed_data import Ladder, Order, domain_separator
from offchain.core.commands import AuthorizationKind, OrderInstructions, PostOnly
from offchain.core.errors import MalformedPayload
from offchain.settlement.batch import (
    Authorization,
    BatchFill,
    BatchOrder,
    BatchPayload,
    Delta,
    Half,
    IsolatedStatement,
    LadderPlace,
    NetGroup,
    Role,
    SkipReason,
    UnifiedStatement,
)
from offchain.settlement.decoding import decode_payload
from offchain.settlement.encoding import drop_fills, encode_payload, payload_hash
from offchain.settlement.payload_format import HEADER
from tests.settlement.batches import batches

SIGNED = Authorization(bytes(64) + b"\x1b")
SESSION = Authorization(bytes(64) + b"\x1b", AuthorizationKind.SESSION_KEY, b"\x11" * 20)
WALLET = Authorization(b"any", AuthorizationKind.CONTRACT_WALLET, b"\x22" * 20)


def encoded(batch: BatchPayload) -> bytes:
    return encode_payload(batch.orders, batch.fills, batch.groups, batch.assets)


def meaning(batch: BatchPayload) -> tuple[object, ...]:
    """A batch without the numbering of its orders."""
    orders = batch.orders
    return (
        [(orders[fill.maker], orders[fill.taker], fill.quantity_lots) for fill in batch.fills],
        [
            (group.statements, [(orders[half.order], *half[1:]) for half in group.halves], group.fees)
            for group in batch.groups
        ],
        batch.assets,
    )


def an_order(seq: int = 1, market: int = 1, authorization: Authorization = SIGNED, **changes: int) -> BatchOrder:
    fields = {"side": 0, "price": 5, "quantity": 7, "expiry": 9, "lane": 0, "max_fee_bps": 50, "flags": 0} | changes
    return BatchOrder(Order(market=market, seq=seq, **fields), authorization, 1_500, 2_500)


def a_ladder(*orders: Order, floor: int = 0, place: int = 0) -> BatchOrder:
    return BatchOrder(orders[place], SIGNED, 0, 0, ladder=LadderPlace(Ladder(floor, orders), place))


def a_group(*statements: UnifiedStatement | IsolatedStatement, fee: int = 0) -> NetGroup:
    return NetGroup(statements, (Half(0, Role.MAKER, 5, 7),), (Delta(2, fee),))


SLIDE = OrderInstructions(post_only=PostOnly.SLIDE).flags
POST_ONLY_REJECT = OrderInstructions(post_only=PostOnly.REJECT).flags


def slid(ticks: int, **changes: int) -> BatchOrder:
    return msgspec.structs.replace(an_order(**({"flags": SLIDE} | changes)), slide=ticks)


@given(batches())
def test_a_decoded_payload_means_what_was_encoded(batch: BatchPayload) -> None:
    decoded = decode_payload(encoded(batch))
    assert sorted(map(repr, decoded.orders)) == sorted(map(repr, batch.orders))
    assert meaning(decoded) == meaning(batch)
    assert decode_payload(encoded(decoded)) == decoded


@given(batches(), st.data())
def test_every_truncation_and_every_extension_is_refused(batch: BatchPayload, data: st.DataObject) -> None:
    payload = encoded(batch)
    with pytest.raises(MalformedPayload):
        decode_payload(payload[: data.draw(st.integers(0, len(payload) - 1))])
    with pytest.raises(MalformedPayload):
        decode_payload(payload + data.draw(st.binary(min_size=1, max_size=99)))


@given(st.binary(max_size=200), batches(), st.data())
def test_arbitrary_bytes_are_refused_or_are_a_payload(junk: bytes, batch: BatchPayload, data: st.DataObject) -> None:
    damaged = bytearray(encoded(batch))
    damaged[data.draw(st.integers(0, len(damaged) - 1))] ^= data.draw(st.integers(1, 255))
    for candidate in (junk, b"\x02" + junk, bytes(damaged)):
        try:
            decoded = decode_payload(candidate)
        except MalformedPayload:
            continue
        assert len(decoded.fills) < 2**16


@given(batches(), st.sets(st.integers(0, 9)))
def test_dropping_fills_leaves_the_others_as_they_were(batch: BatchPayload, dropped: set[int]) -> None:
    rest = decode_payload(drop_fills(encoded(batch), dropped))
    kept = tuple(fill for index, fill in enumerate(batch.fills) if index not in dropped)
    assert meaning(rest) == meaning(batch._replace(fills=kept))
    named = {i for fill in rest.fills for i in (fill.maker, fill.taker)}
    named |= {half.order for group in rest.groups for half in group.halves}
    assert named == set(range(len(rest.orders)))


def test_a_decoded_signature_still_recovers_its_signer() -> None:
    signer = LocalSigner(b"\x07" * 32)
    separator = domain_separator(31_337, b"\x11" * 20)
    for seq in range(1, 9):
        order = an_order(seq).order
        signed = BatchOrder(order, Authorization(signer.sign_digest(order.digest(separator))), 0, 0)
        (decoded,) = decode_payload(encode_payload([signed], [])).orders
        assert recover(decoded.signed_digest(separator), decoded.authorization.signature) == signer.address


def test_an_order_of_a_ladder_is_proved_by_the_whole_ladder() -> None:
    separator = domain_separator(31_337, b"\x11" * 20)
    orders = [an_order(seq, side=seq % 2, lane=seq, flags=seq % 3).order for seq in range(1, 20)]
    ladder = Ladder(7, tuple(orders))
    used = [a_ladder(*orders, floor=7, place=place) for place in (18, 3, 3, 0)]
    used[2] = msgspec.structs.replace(used[2], maker_fee_ppm=-5)
    decoded = decode_payload(encode_payload(used, []))
    assert {entry.signed_digest(separator) for entry in decoded.orders} == {ladder.digest(separator)}
    assert sorted(entry.order.seq for entry in decoded.orders) == [1, 4, 4, 19]


def test_an_empty_batch_is_its_header() -> None:
    assert encode_payload([], []).hex() == "02000000000000000000000000000011"
    assert decode_payload(encode_payload([], [])) == BatchPayload((), ())


def test_the_bytes_of_a_payload_do_not_change_from_release_to_release() -> None:
    orders = [an_order(70_000, side=1, lane=3), an_order(70_001, market=2), an_order(70_002, flags=1, price=300)]
    orders += [slid(3, seq=70_003), an_order(70_004, flags=0x7FF), an_order(8, authorization=SESSION)]
    orders += [an_order(9, authorization=WALLET), a_ladder(orders[0].order, orders[2].order, floor=5, place=1)]
    statements = (
        UnifiedStatement(SIGNED, 70, (Delta(1, -300), Delta(2, 299))),
        UnifiedStatement(SESSION, 71, (Delta(2, 1),), session_market=2),
        IsolatedStatement(SESSION, 72, 5, -(2**40), 2**40),
    )
    payload = encode_payload(orders, [BatchFill(0, 2, 7)], [a_group(*statements, fee=-1)], (3,))
    assert payload_hash(payload).hex() == "16ec729a70a462f0ed33d9543d06bbdcc6ff7bd601f662787ecfe4078e76f77f"


@pytest.mark.parametrize(
    ("orders", "groups", "slots"),
    [
        pytest.param([an_order()], [], 3, id="market, base and quote"),
        pytest.param([an_order(lane=1)], [], 4, id="market, base, quote and lane"),
        pytest.param([an_order(authorization=SESSION)] * 2, [], 7, id="a session each"),
        pytest.param([a_ladder(an_order(1).order, an_order(2).order, place=i) for i in (0, 1)], [], 5, id="ladder"),
        pytest.param(
            [an_order()],
            [a_group(UnifiedStatement(SIGNED, 0, (Delta(1, 0), Delta(2, 0))), IsolatedStatement(SESSION, 0, 1, 0, 0))],
            10,
            id="market, two assets, an order's two, two statements' two, and a session",
        ),
    ],
)
def test_the_header_says_how_many_slots_the_batch_can_touch(orders, groups, slots) -> None:
    assert HEADER.unpack_from(encode_payload(orders, [], groups, (1, 2)))[7] == slots


def test_the_price_in_force_is_better_for_the_owner() -> None:
    orders = [an_order(), slid(3), slid(4, side=1), slid(0), slid(2**64 - 6, side=1)]
    decoded = decode_payload(encode_payload(orders, []))
    assert decoded.orders == tuple(orders)
    assert [order.price_in_force for order in decoded.orders] == [5, 2, 9, 5, 2**64 - 1]


def test_the_slide_of_an_order_that_did_not_sign_for_it_is_not_looked_at() -> None:
    payload = encode_payload([slid(3)], [])
    flags, other = SLIDE.to_bytes(2, "big"), POST_ONLY_REJECT.to_bytes(2, "big")
    (order,) = decode_payload(payload[:22] + payload[22:24].replace(flags, other) + payload[24:]).orders
    assert (order.order.flags, order.slide) == (POST_ONLY_REJECT, 0)


def test_a_pair_takes_at_most_two_hundred_bytes() -> None:
    pairs = 100
    orders = [
        an_order(1_700_000_000_000 + i * 1_000, price=600_000 + i, quantity=10**6, side=i % 2, expiry=1_700_000_000 + i)
        for i in range(2 * pairs)
    ]
    payload = encode_payload(orders, [BatchFill(2 * i, 2 * i + 1, 10**6) for i in range(pairs)])
    assert len(payload) <= 200 * pairs


def with_signature(signature: bytes) -> BatchOrder:
    return an_order(authorization=Authorization(signature))


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
        pytest.param([an_order(market=0)], [], id="market zero"),
        pytest.param([an_order(market=2**32)], [], id="market over 32 bits"),
        pytest.param([with_signature(bytes(64))], [], id="short signature"),
        pytest.param([with_signature(bytes(65))], [], id="v of zero"),
        pytest.param([with_signature(b"\xff" * 64 + b"\x1b")], [], id="s in the upper half"),
        pytest.param([an_order(authorization=Authorization(SIGNED.signature, owner=bytes(20)))], [], id="owner sent"),
        pytest.param([an_order(authorization=Authorization(b"", WALLET.kind, b""))], [], id="wallet without address"),
        pytest.param(
            [an_order(authorization=Authorization(bytes(2**16), WALLET.kind, bytes(20)))], [], id="long signature"
        ),
        pytest.param([msgspec.structs.replace(an_order(), maker_fee_ppm=2**15)], [], id="rate over 16 bits"),
        pytest.param([an_order(max_fee_bps=i) for i in range(129)], [], id="too many fee classes"),
        pytest.param([an_order(market=i + 1) for i in range(256)], [], id="too many markets"),
        pytest.param([an_order()] * 2**16, [], id="too many orders"),
        pytest.param([an_order()], [BatchFill(0, 0, 1)] * 2**16, id="too many fills"),
        pytest.param([a_ladder(*[an_order().order] * 256)], [], id="ladder too long"),
        pytest.param([a_ladder(an_order().order, an_order(market=2).order)], [], id="ladder of two markets"),
        pytest.param([a_ladder(an_order().order, an_order(side=2).order)], [], id="ladder with a third side"),
        pytest.param([a_ladder(an_order().order, floor=2**48)], [], id="ladder's floor over 48 bits"),
        pytest.param(
            [msgspec.structs.replace(a_ladder(an_order(1).order), order=an_order(2).order)], [], id="not in the ladder"
        ),
    ],
)
def test_what_does_not_fit_is_refused(orders: list[BatchOrder], fills: list[BatchFill]) -> None:
    with pytest.raises(MalformedPayload):
        encode_payload(orders, fills)


@pytest.mark.parametrize(
    "group",
    [
        pytest.param(a_group(UnifiedStatement(SIGNED, 0, ())), id="no rows"),
        pytest.param(a_group(UnifiedStatement(SIGNED, 0, (Delta(2, 0), Delta(1, 0)))), id="assets that fall"),
        pytest.param(a_group(UnifiedStatement(SIGNED, 0, (Delta(1, 0), Delta(1, 0)))), id="an asset twice"),
        pytest.param(a_group(UnifiedStatement(SIGNED, 0, (Delta(0, 0),))), id="asset zero"),
        pytest.param(a_group(UnifiedStatement(SIGNED, 0, (Delta(1, 2**63),))), id="delta over 64 bits"),
        pytest.param(a_group(UnifiedStatement(SIGNED, 2**48, (Delta(1, 0),))), id="floor over 48 bits"),
        pytest.param(a_group(UnifiedStatement(WALLET, 0, (Delta(1, 0),))), id="a contract wallet"),
        pytest.param(a_group(UnifiedStatement(SESSION, 0, (Delta(1, 0),))), id="a session without its market"),
        pytest.param(a_group(UnifiedStatement(SIGNED, 0, (Delta(1, 0),), 1)), id="a market without a session"),
        pytest.param(a_group(fee=-(2**63) - 1), id="fee under 64 bits"),
        pytest.param(NetGroup((), (Half(1, Role.MAKER, 1, 1),), ()), id="half of an absent order"),
        pytest.param(NetGroup((), (Half(0, Role.MAKER, 2**64, 1),), ()), id="price over 64 bits"),
        pytest.param(NetGroup((), (), (Delta(1, 0),) * 256), id="too many fee rows"),
    ],
)
def test_a_net_group_that_does_not_fit_is_refused(group: NetGroup) -> None:
    encode_payload([an_order()], [], [a_group()], (1, 2))
    with pytest.raises(MalformedPayload):
        encode_payload([an_order()], [], [group], (1, 2))


@pytest.mark.parametrize(
    ("offset", "value"),
    [
        pytest.param(0, 3, id="version"),
        pytest.param(1, 0, id="no fee class"),
        pytest.param(1, 129, id="too many fee classes"),
        pytest.param(2, 0, id="no market"),
        pytest.param(3, 1, id="asset count"),
        pytest.param(5, 2, id="section count"),
        pytest.param(7, 1, id="order count"),
        pytest.param(8, 1, id="group count"),
        pytest.param(12, 1, id="statement rows"),
        pytest.param(14, 2, id="fill count"),
        pytest.param(15, 0x31, id="index width"),
        pytest.param(15, 0x10, id="quantity width"),
        pytest.param(27, 0, id="market zero"),
        pytest.param(28, 1, id="market past the table"),
        pytest.param(29, 0x03, id="kind of authorization"),
        pytest.param(29, 0x40, id="reserved bit of the form"),
        pytest.param(32, 0x91, id="price width"),
        pytest.param(34, 0x09, id="slide width"),
        pytest.param(46, 1, id="fee class out of range"),
    ],
)
def test_a_payload_that_contradicts_itself_is_refused(offset: int, value: int) -> None:
    payload = bytearray(encode_payload([an_order(), an_order(2)], [BatchFill(0, 1, 1)]))
    decode_payload(bytes(payload))
    payload[offset] = value
    with pytest.raises(MalformedPayload):
        decode_payload(bytes(payload))


def test_skip_reasons_are_those_of_the_contract() -> None:
    assert [reason.value for reason in SkipReason] == list(range(23))

"""Batches end to end: wallets sign, Python packs, the contract settles."""

import ape
import pytest
from msgspec import structs
from venue import BUY, JOURNAL_ROOT, QTRA, QTRA_USDC, SELL, USDC, Intent, skips

from offchain.chain.typed_data import ISOLATED, Batch
from offchain.core.commands import OrderInstructions, OrderType, PostOnly, SelfTradePrevention, TimeInForce
from offchain.core.money import fee_units
from offchain.settlement.batch import BatchFill, BatchPayload, SkipReason
from offchain.settlement.decoding import decode_payload
from offchain.settlement.encoding import encode_payload, payload_hash
from offchain.settlement.payload_format import HEADER

FUNDS = 10**15
SLIDE = OrderInstructions(post_only=PostOnly.SLIDE).flags
EVERY_KIND = [
    *(OrderInstructions(time, kind) for time in TimeInForce for kind in OrderType),
    *(OrderInstructions(post_only=post_only) for post_only in PostOnly),
    *(OrderInstructions(self_trade_prevention=mode) for mode in SelfTradePrevention),
]


def test_python_and_the_contract_agree_on_the_domain(venue):
    assert bytes(venue.vault.domainSeparator()) == venue.separator()


def test_a_pair_settles_at_the_makers_price_with_both_fees(venue):
    assert venue.settle_pair(Intent(0, SELL), Intent(1, BUY, price=60), 33) is SkipReason.NONE
    notional = 50 * 33
    assert venue.balance(0, QTRA) == FUNDS - 33 * 10**6
    assert venue.balance(0, USDC) == FUNDS + notional - fee_units(notional, 1_500)
    assert venue.balance(1, QTRA) == FUNDS + 33 * 10**6
    assert venue.balance(1, USDC) == FUNDS - notional - fee_units(notional, 2_500)
    assert venue.vault.feesOf(USDC) == fee_units(notional, 1_500) + fee_units(notional, 2_500)


def test_the_batch_is_on_record(venue):
    payload = encode_payload(
        [venue.signed(Intent(0, SELL)), venue.signed(Intent(1, BUY))], [BatchFill(0, 1, 5), BatchFill(0, 1, 0)]
    )
    venue.through = 4_711
    batch = Batch(1, payload_hash(payload), bytes(32), JOURNAL_ROOT, 4_711)
    expected_hash = batch.digest(venue.separator())[:22] + (1).to_bytes(10, "big")
    receipt = venue.settle_payload(payload)
    (log,) = receipt.decode_logs(venue.vault.BatchSettled)
    venue.through = 0
    assert dict(log.event_arguments) == {
        "number": 1,
        "batchHash": expected_hash,
        "journalRoot": JOURNAL_ROOT,
        "throughSequence": 4_711,
        "fills": 1,
        "skipped": 1,
    }
    assert bytes(venue.vault.batchHash()) == expected_hash
    assert venue.vault.batchNumber() == 1
    assert skips(receipt) == {1: SkipReason.OVERFILL}


def test_what_settled_can_be_read_back_from_calldata(venue):
    orders = [venue.signed(Intent(0, SELL, lane=3)), venue.signed(Intent(1, BUY, seq=9))]
    receipt = venue.settle(orders, [BatchFill(0, 1, 5)])
    _, arguments = venue.vault.decode_input(receipt.data)
    assert decode_payload(arguments["payload"]) == BatchPayload(tuple(orders), (BatchFill(0, 1, 5),))


def test_batches_go_by_number_and_each_once(venue):
    payload = encode_payload([venue.signed(Intent(0, SELL)), venue.signed(Intent(1, BUY))], [BatchFill(0, 1, 5)])
    signature = venue.sign_batch(payload, 1)
    with ape.reverts(venue.vault.SettlementWrongBatch, expected=1, given=2):
        venue.vault.settle(payload, 2, JOURNAL_ROOT, 0, venue.sign_batch(payload, 2), sender=venue.admin)
    venue.vault.settle(payload, 1, JOURNAL_ROOT, 0, signature, sender=venue.admin)
    with ape.reverts(venue.vault.SettlementWrongBatch, expected=2, given=1):
        venue.vault.settle(payload, 1, JOURNAL_ROOT, 0, signature, sender=venue.admin)
    # The same bytes as batch 2: the old signature names another number and another previous hash.
    with ape.reverts(venue.vault.SettlementBadEngineSignature):
        venue.vault.settle(payload, 2, JOURNAL_ROOT, 0, signature, sender=venue.admin)


def test_only_the_engine_signs_batches(venue):
    payload = encode_payload([], [])
    stranger = venue.sign_batch(payload, 1, key=venue.wallets[0].private_key)
    with ape.reverts(venue.vault.SettlementBadEngineSignature, recovered=venue.wallets[0].address):
        venue.vault.settle(payload, 1, JOURNAL_ROOT, 0, stranger, sender=venue.admin)
    good = venue.sign_batch(payload, 1)
    for tampered in (
        (payload + b"\0", 1, JOURNAL_ROOT, 0, good),
        (payload, 1, bytes(32), 0, good),
        (payload, 1, JOURNAL_ROOT, 1, good),
        (payload, 1, JOURNAL_ROOT, 0, b""),
    ):
        with ape.reverts(venue.vault.SettlementBadEngineSignature):
            venue.vault.settle(*tampered, sender=venue.admin)


def test_anybody_may_submit_what_the_engine_signed(venue):
    payload = encode_payload([venue.signed(Intent(0, SELL)), venue.signed(Intent(1, BUY))], [BatchFill(0, 1, 5)])
    venue.vault.settle(payload, 1, JOURNAL_ROOT, 0, venue.sign_batch(payload, 1), sender=venue.wallets[5])
    assert venue.balance(1, QTRA) == FUNDS + 5 * 10**6


@pytest.mark.parametrize(
    ("domain"),
    [
        pytest.param({"chain_id": 8_453}, id="other chain"),
        pytest.param({"contract": b"\x42" * 20}, id="other contract"),
    ],
)
def test_an_order_signed_for_another_domain_moves_nothing(venue, domain):
    receipt = venue.settle(
        [venue.signed(Intent(0, SELL), **domain), venue.signed(Intent(1, BUY))], [BatchFill(0, 1, 5)]
    )
    assert skips(receipt) == {0: SkipReason.BASE_SHORT}
    assert venue.balance(0, QTRA) == FUNDS


@pytest.mark.parametrize(
    ("maker", "taker", "quantity", "reason"),
    [
        (Intent(0, SELL), Intent(1, BUY), 101, SkipReason.OVERFILL),
        (Intent(0, SELL), Intent(1, BUY), 0, SkipReason.OVERFILL),
        (Intent(0, SELL), Intent(1, BUY, price=49), 1, SkipReason.LIMIT_CROSSED),
        (Intent(0, BUY), Intent(1, SELL, price=51), 1, SkipReason.LIMIT_CROSSED),
        (Intent(0, SELL), Intent(1, SELL), 1, SkipReason.NOT_OPPOSITE),
        (Intent(0, SELL, market=2), Intent(1, BUY), 1, SkipReason.NOT_OPPOSITE),
        (Intent(0, SELL, expiry=1_000_000), Intent(1, BUY), 1, SkipReason.EXPIRED),
        (Intent(0, SELL, seq=0), Intent(1, BUY), 1, SkipReason.CANCELLED),
        (Intent(0, SELL, price=0), Intent(1, BUY), 1, SkipReason.UNSUPPORTED_ORDER),
        (Intent(0, SELL, flags=0x800), Intent(1, BUY), 1, SkipReason.UNSUPPORTED_ORDER),
        (Intent(0, SELL, flags=ISOLATED), Intent(1, BUY), 1, SkipReason.BASE_SHORT),
        (Intent(0, SELL, flags=ISOLATED, seq=2**42), Intent(1, BUY), 1, SkipReason.UNSUPPORTED_ORDER),
        (Intent(0, SELL, flags=ISOLATED, quantity=2**40), Intent(1, BUY), 1, SkipReason.UNSUPPORTED_ORDER),
        (Intent(0, SELL, flags=SLIDE, slide=3), Intent(1, BUY, price=52), 1, SkipReason.LIMIT_CROSSED),
        (Intent(0, SELL, flags=SLIDE, slide=3), Intent(1, BUY, price=53), 1, SkipReason.NONE),
        (Intent(0, SELL, max_fee_bps=51), Intent(1, BUY), 1, SkipReason.FEE_ABOVE_CAP),
        (Intent(0, SELL), Intent(1, BUY, max_fee_bps=24), 1, SkipReason.FEE_ABOVE_CAP),
        (Intent(0, SELL, maker_ppm=-3_000), Intent(1, BUY), 100, SkipReason.REBATE_UNFUNDED),
        (Intent(0, SELL, quantity=10**12), Intent(1, BUY, quantity=10**12), 10**12, SkipReason.BASE_SHORT),
        (Intent(0, SELL, price=10**12, quantity=10**6), Intent(1, BUY, price=10**12), 100, SkipReason.NONE),
        (Intent(0, SELL, price=10**14), Intent(1, BUY, price=10**14), 100, SkipReason.QUOTE_SHORT),
        (Intent(0, SELL), Intent(0, BUY, seq=2), 1, SkipReason.SHARED_LANE),
    ],
)
def test_why_a_fill_is_left_out(venue, maker, taker, quantity, reason):
    before = [venue.balance(wallet, asset) for wallet in (0, 1) for asset in (1, 2, 3)]
    assert venue.settle_pair(maker, taker, quantity) is reason
    after = [venue.balance(wallet, asset) for wallet in (0, 1) for asset in (1, 2, 3)]
    assert (after == before) is (reason is not SkipReason.NONE)


def test_orders_of_every_kind_settle(venue):
    makers = [Intent(0, SELL, seq, lane=seq, flags=kind.flags) for seq, kind in enumerate(EVERY_KIND, 1)]
    takers = [Intent(1, BUY, seq, lane=seq, flags=kind.flags) for seq, kind in enumerate(EVERY_KIND, 1)]
    count = len(EVERY_KIND)
    fills = [BatchFill(n, count + n, 3) for n in range(count)] + [BatchFill(n, count + n, 97) for n in range(count)]
    receipt = venue.settle([venue.signed(intent) for intent in makers + takers], fills)
    assert skips(receipt) == {}
    assert venue.balance(1, QTRA) == FUNDS + 100 * count * 10**6


@pytest.mark.parametrize("bit", range(16))
def test_instructions_that_were_not_signed_move_nothing(venue, bit):
    signed = venue.signed(Intent(0, SELL))
    changed = structs.replace(signed, order=structs.replace(signed.order, flags=1 << bit))
    receipt = venue.settle([changed, venue.signed(Intent(1, BUY))], [BatchFill(0, 1, 5)])
    assert skips(receipt) == {0: SkipReason.BASE_SHORT if bit < 11 else SkipReason.UNSUPPORTED_ORDER}
    assert venue.balance(0, QTRA) == FUNDS


def test_a_maker_that_slid_fills_at_its_price_in_force(venue):
    maker, taker = Intent(0, BUY, flags=SLIDE, slide=10), Intent(1, SELL, price=39)
    assert venue.settle_pair(maker, taker, 7) is SkipReason.NONE
    notional = 40 * 7
    assert venue.balance(0, USDC) == FUNDS - notional - fee_units(notional, 1_500)
    assert venue.balance(1, USDC) == FUNDS + notional - fee_units(notional, 2_500)


def test_a_seq_cannot_be_used_by_a_second_order_or_come_back(venue):
    assert venue.settle_pair(Intent(0, SELL, seq=5), Intent(1, BUY, seq=1), 10) is SkipReason.NONE
    assert venue.settle_pair(Intent(0, SELL, seq=5, quantity=999), Intent(1, BUY, seq=2), 10) is SkipReason.SEQ_REUSED
    assert venue.settle_pair(Intent(0, SELL, seq=6), Intent(1, BUY, seq=3), 10) is SkipReason.NONE
    assert venue.settle_pair(Intent(0, SELL, seq=5), Intent(1, BUY, seq=4), 10) is SkipReason.SUPERSEDED


def test_one_payload_settles_several_markets_in_the_engines_order(venue):
    intents = [
        Intent(0, SELL, seq=1, quantity=10, lane=1),
        Intent(2, SELL, seq=1, price=70, market=2, quantity=10),
        Intent(1, BUY, seq=2, quantity=10),
        Intent(1, BUY, seq=1, price=70, market=2, quantity=10),
    ]
    receipt = venue.settle([venue.signed(intent) for intent in intents], [BatchFill(1, 3, 10), BatchFill(0, 2, 10)])
    assert skips(receipt) == {}
    assert venue.balance(1, QTRA) == FUNDS + 10 * 10**6
    assert venue.balance(1, 3) == FUNDS + 10 * 10**3
    assert venue.vault.laneOf(venue.wallets[0], QTRA, 1).filled == 10


def test_an_unlisted_market_or_a_malformed_payload_reverts(venue):
    with ape.reverts(venue.vault.SettlementUnknownMarket, market=99):
        venue.settle([venue.signed(Intent(0, SELL, market=99))], [])
    payload = encode_payload([venue.signed(Intent(0, SELL)), venue.signed(Intent(1, BUY))], [BatchFill(0, 1, 5)])
    with ape.reverts(venue.vault.SettlementMalformedPayload, position=len(payload)):
        venue.settle_payload(payload + b"\0")
    with ape.reverts(venue.vault.SettlementUnsupportedVersion, version=3):
        venue.settle_payload(b"\3" + payload[1:])
    assert venue.vault.batchNumber() == 0


def test_the_market_of_an_order_is_what_was_signed(venue):
    signed = venue.signed(Intent(0, SELL))
    payload = bytearray(encode_payload([signed, venue.signed(Intent(1, BUY))], [BatchFill(0, 1, 5)]))
    section = payload.index(QTRA_USDC.to_bytes(4, "big"), HEADER.size)
    payload[section : section + 4] = (2).to_bytes(4, "big")
    assert skips(venue.settle_payload(bytes(payload))) == {0: SkipReason.BASE_SHORT}

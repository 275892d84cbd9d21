"""Withdrawals, unwound fills and chain facts: each is recorded exactly once."""

import msgspec
import pytest

from offchain.core.commands import (
    BatchSettledFact,
    CancelReason,
    CommandKind,
    ExitFact,
    SkippedFill,
    WithdrawnFact,
)
from offchain.core.errors import (
    BadAmount,
    InsufficientBalance,
    InvalidRequest,
    NonceReused,
    NotFound,
    StateDiverged,
    TooManyWithdrawals,
    UnknownAccount,
    UnknownAsset,
    UnknownMarket,
)
from offchain.core.events import EventKind
from offchain.core.intents import RecordChainFact, RevertWithdrawal, UnwindFill
from offchain.sequencer.directory import Directory
from offchain.sequencer.journal import Disk
from offchain.sequencer.records import NOTE_BYTES_MAX
from offchain.sequencer.registry import WithdrawalState
from offchain.sequencer.snapshot import capture, read_snapshot, write_snapshot
from tests.sequencer.test_intake_orders import refused
from tests.sequencer.world import (
    ALICE,
    BASE,
    BOB,
    BUY,
    CAROL,
    IOC,
    LIFETIME_S,
    NOW_S,
    QUOTE,
    SELL,
    Desk,
    deposit,
    exit_requested,
    floor,
    order,
    paid,
    position,
    withdrawal,
)

FUNDS = 10**12


@pytest.fixture
def desk() -> Desk:
    return Desk(ALICE, BOB)


def available(desk: Desk, account: int, asset: int = QUOTE) -> int:
    return desk.machine.engine.balance(account, asset)[0]


def test_the_first_deposit_opens_an_account(desk):
    desk.take(deposit(50, CAROL, QUOTE, 7))
    assert desk.kinds[-2:] == [CommandKind.OPEN_ACCOUNT, CommandKind.CHAIN_DEPOSIT]
    directory = Directory(desk.machine)
    assert directory.account_of(CAROL) == 3
    assert directory.owner_of(3) == CAROL
    assert directory.accounts_count == 4
    assert available(desk, 3) == 7
    desk.take(deposit(51, CAROL, QUOTE, 5))
    assert desk.kinds[-2:] == [CommandKind.CHAIN_DEPOSIT] * 2
    assert available(desk, 3) == 12


def test_accounts_that_do_not_exist_have_no_owner(desk):
    directory = Directory(desk.machine)
    assert directory.account_of(CAROL) is None
    assert directory.owner_of(0) == b""
    for account in (-1, 3):
        with pytest.raises(UnknownAccount):
            directory.owner_of(account)


@pytest.mark.parametrize("place", [1, 3, 4])
def test_a_fact_at_or_before_the_last_position_is_dropped(desk, place):
    recorded = desk.machine.registry.chain_mark
    receipt = desk.take(deposit(place, ALICE))
    assert receipt.repeated
    assert receipt.sequence == recorded.sequence
    assert available(desk, 1) == FUNDS
    assert Directory(desk.machine).chain_position == (0, 4)


def test_positions_are_ordered_by_block_before_log(desk):
    assert not desk.take(deposit(10, ALICE)).repeated
    assert desk.take(deposit(9, ALICE)).repeated
    assert not desk.take(deposit(11, ALICE)).repeated


@pytest.mark.parametrize("amount", [0, -1, 2**63])
def test_a_deposit_of_no_amount_is_a_divergence(desk, amount):
    refused(desk, deposit(50, ALICE, QUOTE, amount), StateDiverged, "not an amount")


def test_a_deposit_that_the_engine_cannot_hold_is_a_divergence(desk):
    refused(desk, deposit(50, ALICE, QUOTE, 2**63 - 1), StateDiverged, "64 bits")


def test_facts_about_assets_that_are_not_listed_wait_for_the_listing(desk):
    refused(desk, deposit(50, ALICE, 9), UnknownAsset, "no asset 9")
    refused(desk, exit_requested(50, ALICE, 9), UnknownAsset, "no asset 9")


def test_a_fact_and_its_kind_belong_together(desk):
    good = deposit(50, ALICE)
    refused(desk, msgspec.structs.replace(good, kind=CommandKind.CHAIN_EXITED), InvalidRequest, "DepositFact")
    refused(desk, msgspec.structs.replace(good, owner=BOB), InvalidRequest, "owner")
    refused(desk, exit_requested(50, b"short"), InvalidRequest, "owner")


@pytest.mark.parametrize("fact", [floor(50, CAROL, 7), exit_requested(50, CAROL)])
def test_whoever_binds_their_future_orders_first_gets_an_account_too(desk, fact):
    desk.take(fact)
    assert Directory(desk.machine).account_of(CAROL) == 3


def test_a_settled_batch_moves_the_chain_position(desk):
    fact = BatchSettledFact(position(50), 1, bytes(32), 4, (SkippedFill(0, 2),))
    desk.take(RecordChainFact(CommandKind.CHAIN_BATCH_SETTLED, fact))
    assert desk.machine.registry.chain_position == (5, 0)
    assert desk.machine.registry.chain_mark.sequence == desk.machine.sequence


def test_a_fact_too_long_for_a_record_is_refused(desk):
    skipped = tuple(SkippedFill(fill, 2) for fill in range(NOTE_BYTES_MAX // 3))
    fact = BatchSettledFact(position(50), 1, bytes(32), 4, skipped)
    refused(desk, RecordChainFact(CommandKind.CHAIN_BATCH_SETTLED, fact), InvalidRequest, "more than an attachment")


def test_an_exit_takes_what_the_chain_paid_and_may_be_empty(desk):
    desk.take(exit_requested(50, ALICE))
    for place, amount in ((51, 3), (52, 0)):
        fact = ExitFact(position(place))
        desk.take(RecordChainFact(CommandKind.CHAIN_EXITED, fact, ALICE, QUOTE, amount))
    assert available(desk, 1) == FUNDS - 3


def test_a_withdrawal_leaves_the_available_balance(desk):
    receipt = desk.take(withdrawal(ALICE, 5, 100))
    assert receipt.events[0].kind == EventKind.DEBITED
    assert available(desk, 1) == FUNDS - 100
    taken = Directory(desk.machine).withdrawal(receipt.sequence)
    assert (taken.account, taken.nonce, taken.amount_units) == (1, 5, 100)


def test_the_same_withdrawal_again_returns_the_first_receipt(desk):
    first = desk.take(withdrawal(ALICE, 5, 100))
    again = desk.take(withdrawal(ALICE, 5, 100))
    assert (again.sequence, again.timestamp_us, again.repeated) == (first.sequence, first.timestamp_us, True)
    assert available(desk, 1) == FUNDS - 100


@pytest.mark.parametrize(
    "other", [withdrawal(ALICE, 5, 101), withdrawal(ALICE, 5, 100, BASE), withdrawal(ALICE, 5, 100, QUOTE, NOW_S + 999)]
)
def test_a_nonce_with_other_content_is_refused(desk, other):
    first = desk.take(withdrawal(ALICE, 5, 100))
    refused(desk, other, NonceReused, f"withdrawal {first.sequence} of 100 units")


def test_two_accounts_may_use_one_nonce(desk):
    desk.take(withdrawal(ALICE, 5, 100))
    assert not desk.take(withdrawal(BOB, 5, 100)).repeated


def test_withdrawals_that_cannot_be_are_refused(desk):
    refused(desk, withdrawal(CAROL, 1, 1), UnknownAccount, "no account")
    refused(desk, withdrawal(ALICE, 1, 1, 9), UnknownAsset, "no asset 9")
    for amount in (0, -1, 2**63):
        refused(desk, withdrawal(ALICE, 1, amount), BadAmount, "not an amount")
    for nonce in (-1, 2**64):
        refused(desk, withdrawal(ALICE, nonce, 1), InvalidRequest, "nonce")
    for deadline_s in (NOW_S + LIFETIME_S, 2**40):
        refused(desk, withdrawal(ALICE, 1, 1, QUOTE, deadline_s), InvalidRequest, "deadline")
    refused(desk, withdrawal(ALICE, 1, FUNDS + 1), InsufficientBalance, "1000000.000001 USDC is needed")


def test_a_withdrawal_that_the_contract_refuses_comes_back_within_a_week(desk):
    desk.take(withdrawal(ALICE, 1, 1, deadline_s=NOW_S + 7 * 86_400))
    refused(desk, withdrawal(ALICE, 2, 1, deadline_s=NOW_S + 7 * 86_400 + 1), InvalidRequest, "deadline")


def test_an_account_has_twenty_withdrawals_under_way_at_most(desk):
    receipts = [desk.take(withdrawal(ALICE, nonce, 1)) for nonce in range(20)]
    refused(desk, withdrawal(ALICE, 20, 1), TooManyWithdrawals, "20 withdrawals")
    assert desk.take(withdrawal(ALICE, 19, 1)).repeated
    desk.take(withdrawal(BOB, 20, 1))
    desk.take(paid(50, ALICE, 0, 1))
    desk.take(RevertWithdrawal(receipts[1].sequence))
    for nonce in (20, 21):
        desk.take(withdrawal(ALICE, nonce, 1))
    refused(desk, withdrawal(ALICE, 22, 1), TooManyWithdrawals, "20 withdrawals")


def test_withdrawals_under_way_are_counted_the_same_after_a_restart(desk, tmp_path):
    for nonce in range(20):
        desk.take(withdrawal(ALICE, nonce, 1))
    desk.take(paid(50, ALICE, 0, 1))
    machine, _ = read_snapshot(write_snapshot(tmp_path, capture(desk.machine), 0, 1, Disk()))
    assert machine.registry.open_withdrawals == desk.machine.registry.open_withdrawals == {1: 19}


def test_a_paid_withdrawal_is_recorded_once_and_never_given_back(desk):
    receipt = desk.take(withdrawal(ALICE, 5, 100))
    desk.take(paid(50, ALICE, 5, 100))
    assert desk.machine.registry.withdrawals[receipt.sequence].state == WithdrawalState.PAID
    assert available(desk, 1) == FUNDS - 100
    refused(desk, RevertWithdrawal(receipt.sequence), InvalidRequest, "is paid")
    refused(desk, paid(51, ALICE, 5, 100), StateDiverged, "for nonce 5")


def test_a_lapsed_withdrawal_is_given_back_once(desk):
    receipt = desk.take(withdrawal(ALICE, 5, 100))
    first = desk.take(RevertWithdrawal(receipt.sequence))
    again = desk.take(RevertWithdrawal(receipt.sequence))
    assert (again.sequence, again.repeated) == (first.sequence, True)
    assert available(desk, 1) == FUNDS
    refused(desk, RevertWithdrawal(receipt.sequence + 7), NotFound, "not a withdrawal")
    refused(desk, paid(50, ALICE, 5, 100), StateDiverged, "for nonce 5")
    refused(desk, withdrawal(ALICE, 5, 99), NonceReused, "already names")


def test_a_payment_that_was_never_granted_is_a_divergence(desk):
    desk.take(withdrawal(ALICE, 5, 100))
    refused(desk, paid(50, ALICE, 5, 99), StateDiverged, "paid 99 units")
    refused(desk, paid(50, ALICE, 6, 100), StateDiverged, "nonce 6")
    refused(desk, paid(50, CAROL, 6, 100), StateDiverged, "no account")
    wrong = RecordChainFact(CommandKind.CHAIN_WITHDRAWN, WithdrawnFact(position(50), 5), ALICE, BASE, 100)
    refused(desk, wrong, StateDiverged, "asset 1")


def test_fees_that_were_collected_leave_the_fee_account(desk):
    desk.take(order(ALICE, "a", BUY, 1_000, 1_000))
    desk.take(order(BOB, "b", SELL, 1_000, 1_000, lane=0, tif=IOC))
    fees = available(desk, 0)
    collected = RecordChainFact(CommandKind.CHAIN_EXITED, ExitFact(position(50)), bytes(20), QUOTE, fees - 1)
    receipt = desk.take(collected)
    assert [event.kind for event in receipt.events] == [EventKind.DEBITED]
    assert available(desk, 0) == 1
    assert Directory(desk.machine).accounts_count == 3, "the fee account is no new one"


def test_a_skipped_fill_is_taken_back_once(desk):
    desk.take(order(ALICE, "a"))
    fill = desk.take(order(BOB, "b", SELL, lane=0, tif=IOC)).events[1]
    first = desk.take(UnwindFill(fill, 3))
    assert first.events[0].kind == EventKind.UNWOUND
    assert [available(desk, account, asset) for account in (1, 2) for asset in (BASE, QUOTE)] == [FUNDS] * 4
    again = desk.take(UnwindFill(fill, 3))
    assert (again.sequence, again.repeated) == (first.sequence, True)


def test_orders_that_a_taken_back_fill_leaves_without_funds_are_cancelled_newest_first(desk):
    desk.take(order(BOB, "b", SELL, 200))
    fill = desk.take(order(ALICE, "a", BUY, 200, lane=0, tif=IOC)).events[1]
    sells = [
        desk.take(order(ALICE, f"s{lane}", SELL, 300, lots, lane=lane)).sequence
        for lane, lots in ((1, 1_000_000), (2, 5), (3, 5))
    ]
    kept = desk.take(order(ALICE, "buy", BUY, 1, 5, lane=4)).sequence
    receipt = desk.take(UnwindFill(fill, 3))
    cancelled = [(event.order_id, event.reason) for event in receipt.events[:-1]]
    assert cancelled == [(sells[2], CancelReason.UNBACKED), (sells[1], CancelReason.UNBACKED)]
    assert receipt.events[-1].kind == EventKind.UNWOUND
    assert desk.kinds[-1] == CommandKind.UNWIND_FILL, "the command that completes it comes last"
    assert available(desk, 1, BASE) == 0
    assert sorted(desk.machine.registry.live_of[1]) == [sells[0], kept]
    assert desk.take(UnwindFill(fill, 3)).repeated
    assert sorted(desk.machine.registry.live_of[1]) == [sells[0], kept]


def test_a_fill_with_oneself_is_taken_back_and_cancels_nothing(desk):
    desk.take(order(ALICE, "a"))
    fill = desk.take(order(ALICE, "b", SELL, lane=0, tif=IOC)).events[1]
    kept = desk.take(order(ALICE, "kept", BUY, 1, 5, lane=2)).sequence
    receipt = desk.take(UnwindFill(fill, 3))
    assert [event.kind for event in receipt.events] == [EventKind.UNWOUND]
    assert sorted(desk.machine.registry.live_of[1]) == [kept]


def test_what_a_seller_has_bid_with_the_proceeds_of_a_taken_back_fill_is_cancelled(desk):
    desk.take(order(ALICE, "a", BUY, 1_000, 1_000))
    fill = desk.take(order(BOB, "b", SELL, 1_000, 1_000, lane=0, tif=IOC)).events[1]
    # A lot at this price reserves 1000 units, half a percent of that for the fee, and one for rounding.
    bid = desk.take(order(BOB, "bid", BUY, 1_000, available(desk, 2) // 1_006)).sequence
    assert available(desk, 2) < 1_006
    receipt = desk.take(UnwindFill(fill, 3))
    assert [event.order_id for event in receipt.events[:-1]] == [bid]
    assert available(desk, 2) == FUNDS


def test_a_fill_that_cannot_be_taken_back_cancels_nothing(desk):
    desk.take(order(ALICE, "a", BUY, 1_000, 1_000))
    fill = desk.take(order(BOB, "b", SELL, 1_000, 1_000, lane=0, tif=IOC)).events[1]
    desk.take(order(ALICE, "s", SELL, 5_000, 1_001_000, lane=2))
    commands = len(desk.group.logged)
    refused(desk, UnwindFill(fill._replace(market=9), 3), UnknownMarket, "no such market")
    assert len(desk.group.logged) == commands


def test_what_is_not_a_fill_of_this_log_is_not_taken_back(desk):
    accepted = desk.take(order(ALICE, "a")).events[0]
    refused(desk, UnwindFill(accepted, 3), InvalidRequest, "not a fill")
    fill = desk.take(order(BOB, "b", SELL)).events[1]
    refused(desk, UnwindFill(fill._replace(command_sequence=10_000), 3), InvalidRequest, "not a fill")

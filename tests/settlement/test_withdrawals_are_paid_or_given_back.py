"""A withdrawal waits for the fills before it, is co-signed and paid, or given back once it can never be paid."""

import pytest

from offchain.core.intents import RevertWithdrawal
from offchain.settlement.models import WithdrawalStatus
from tests.settlement.settling import ENGINE_KEY, FAR_S, Settling, wallet
from tests.settlement.written_log import QUOTE

AMOUNT = 123_456


@pytest.fixture
async def settling(exchange, database):
    world = Settling(exchange, database)
    await world.fund(11, 12)
    return world


async def paid_out(settling, account):
    """Ledger units of the quote token that the account's wallet holds itself."""
    token = settling.exchange.assets[QUOTE]
    calldata = bytes.fromhex("70a08231") + wallet(account).address.rjust(32, b"\0")
    return int.from_bytes(await settling.exchange.nodes.eth_call(token.token, calldata), "big") // token.unit_scale


def status_of(settling, sequence):
    return settling.withdrawals.find(sequence).status


async def test_a_withdrawal_is_paid_to_its_owner(settling):
    sequence = settling.log.withdraw(11, AMOUNT, nonce=5)
    await settling.feed()
    await settling.turn()
    assert status_of(settling, sequence) == WithdrawalStatus.SENT
    assert await paid_out(settling, 11) == AMOUNT
    await settling.index()
    await settling.turn()
    assert status_of(settling, sequence) == WithdrawalStatus.PAID


async def test_a_withdrawal_waits_until_every_fill_before_it_is_settled(settling):
    settling.log.trade()
    sequence = settling.log.withdraw(11, AMOUNT, nonce=1)
    settling.log.trade()
    await settling.feed()
    await settling.turn(3)
    assert await settling.exchange.read("batchNumber") == 1
    assert status_of(settling, sequence) == WithdrawalStatus.WAITING
    assert settling.withdrawals.find(sequence).approval_signature is None
    await settling.index()
    await settling.turn()
    assert status_of(settling, sequence) == WithdrawalStatus.SENT
    assert await paid_out(settling, 11) == AMOUNT


async def test_a_withdrawal_does_not_wait_for_fills_after_it(settling):
    sequence = settling.log.withdraw(11, AMOUNT, nonce=1)
    settling.log.trade()
    await settling.feed()
    await settling.turn()
    assert status_of(settling, sequence) == WithdrawalStatus.SENT


async def test_after_a_restart_nothing_is_approved_before_the_log_is_read_again(settling):
    settling.limits = type(settling.limits)(max_fills=50, max_age_us=10**15)
    await settling.kill_and_revive()
    settling.log.trade()
    sequence = settling.log.withdraw(11, AMOUNT, nonce=1)
    await settling.feed()
    await settling.turn()
    assert status_of(settling, sequence) == WithdrawalStatus.WAITING
    await settling.kill_and_revive()
    await settling.turn()
    assert status_of(settling, sequence) == WithdrawalStatus.WAITING


async def test_the_owner_can_submit_an_approved_withdrawal_alone(settling):
    sequence = settling.log.withdraw(11, AMOUNT, nonce=1)
    await settling.feed()
    await settling.desk.approve(None, sequence)
    approved = settling.withdrawals.find(sequence)
    await settling.exchange.call(
        "withdraw",
        approved.owner,
        approved.asset,
        approved.amount_units,
        approved.withdrawal_nonce,
        approved.deadline_s,
        approved.owner_signature,
        approved.approval_signature,
    )
    await settling.turn()
    assert "SettlementNonceUsed" in settling.withdrawals.find(sequence).error
    await settling.index()
    assert status_of(settling, sequence) == WithdrawalStatus.PAID
    assert await paid_out(settling, 11) == AMOUNT


async def test_withdrawals_that_were_sent_and_lost_are_sent_again(settling):
    await settling.exchange.nodes.call("evm_setAutomine", False)
    sequences = [settling.log.withdraw(account, AMOUNT, nonce) for account in (11, 12) for nonce in (1, 2)]
    await settling.feed()
    await settling.turn()
    sent = [settling.withdrawals.find(sequence) for sequence in sequences]
    assert [row.nonce for row in sent] == [0, 1, 2, 3]
    for row in sent:
        await settling.exchange.nodes.call("anvil_dropTransaction", "0x" + row.tx_hash.hex())
    await settling.kill_and_revive()
    await settling.feed()
    await settling.turn()
    await settling.exchange.mine()
    await settling.index()
    assert {status_of(settling, sequence) for sequence in sequences} == {WithdrawalStatus.PAID}
    assert await paid_out(settling, 11) == await paid_out(settling, 12) == 2 * AMOUNT


async def test_a_nonce_that_nothing_uses_any_more_holds_nothing_up(settling):
    await settling.exchange.nodes.call("evm_setAutomine", False)
    sequences = [settling.log.withdraw(account, AMOUNT, nonce=1) for account in (11, 12)]
    await settling.feed()
    await settling.turn()
    settling.log.trade()
    await settling.feed()
    await settling.turn()
    rows = [settling.withdrawals.find(sequence) for sequence in sequences] + settling.store.unsettled()
    assert [row.nonce for row in rows] == [0, 1, 2]
    for row in rows:
        await settling.exchange.nodes.call("anvil_dropTransaction", "0x" + row.tx_hash.hex())
    settling.log.paid(11, nonce=1)
    await settling.feed()
    await settling.turn(2)
    await settling.exchange.nodes.call("evm_setAutomine", True)
    await settling.exchange.mine()
    await settling.settle_all()
    assert status_of(settling, sequences[1]) == WithdrawalStatus.PAID
    assert await settling.exchange.read("batchNumber") == 1


async def test_a_withdrawal_that_can_never_be_paid_any_more_is_given_back_once(settling):
    await settling.exchange.mine()
    now_s = await chain_time(settling)
    deadline_s = now_s + 60
    sequence = settling.log.withdraw(13, AMOUNT, nonce=1, deadline_s=deadline_s)
    await settling.feed()
    await settling.turn()
    assert "SettlementInsufficientBalance" in settling.withdrawals.find(sequence).error
    settling.now_us = (deadline_s + 10) * 1_000_000
    await settling.desk.give_back_lapsed()
    assert settling.intents == [], "the chain's own clock decides"
    await settling.exchange.nodes.call("evm_increaseTime", 100)
    await settling.exchange.mine()
    await settling.desk.give_back_lapsed()
    await settling.desk.give_back_lapsed()
    assert settling.intents == [RevertWithdrawal(sequence)]
    settling.reverted(sequence)
    await settling.kill_and_revive()
    await settling.feed()
    await settling.desk.give_back_lapsed()
    assert status_of(settling, sequence) == WithdrawalStatus.REVERTED
    assert len(settling.intents) == 1


async def test_a_withdrawal_that_was_paid_is_not_given_back_even_if_the_log_is_late(settling):
    deadline_s = await chain_time(settling) + 60
    sequence = settling.log.withdraw(11, AMOUNT, nonce=1, deadline_s=deadline_s)
    await settling.feed()
    await settling.turn()
    await settling.exchange.nodes.call("evm_increaseTime", 100)
    await settling.exchange.mine()
    settling.now_us = (deadline_s + 10) * 1_000_000
    await settling.desk.give_back_lapsed()
    assert settling.intents == []
    assert status_of(settling, sequence) == WithdrawalStatus.SENT
    assert deadline_s < FAR_S


async def chain_time(settling):
    block = await settling.exchange.nodes.call("eth_getBlockByNumber", "latest", False)
    return int(block["timestamp"], 16)


async def test_a_withdrawal_whose_transaction_reverted_is_tried_again(settling):
    nodes = settling.exchange.nodes
    sequence = settling.log.withdraw(11, AMOUNT, nonce=1)
    await settling.feed()
    await nodes.call("evm_setAutomine", False)
    await settling.turn()
    revoke = settling.exchange.contract.encode_call("revokeEngineKey")
    to = "0x" + settling.exchange.settlement.hex()
    urgent = {"from": settling.exchange.deployer, "to": to, "data": "0x" + revoke.hex(), "gasPrice": hex(10**12)}
    await nodes.call("eth_sendTransaction", urgent)
    await nodes.call("evm_setAutomine", True)
    await settling.exchange.mine()
    await settling.turn()
    assert status_of(settling, sequence) == WithdrawalStatus.APPROVED
    settling.now_us = settling.clock() + 6_000_000
    await settling.turn()
    assert "SettlementEngineRevoked" in settling.withdrawals.find(sequence).error
    await settling.exchange.call("setEngineKey", ENGINE_KEY.address)
    settling.now_us = settling.clock() + 6_000_000
    await settling.turn()
    assert await paid_out(settling, 11) == AMOUNT


async def test_a_withdrawal_that_waits_too_long_is_replaced_at_higher_fees(settling):
    await settling.exchange.nodes.call("evm_setAutomine", False)
    sequence = settling.log.withdraw(11, AMOUNT, nonce=1)
    await settling.feed()
    await settling.turn()
    first = settling.withdrawals.find(sequence)
    settling.now_us = settling.clock() + settling.patience_us + 1
    await settling.turn()
    second = settling.withdrawals.find(sequence)
    assert second.nonce == first.nonce
    assert second.priority_fee_wei >= first.priority_fee_wei * 125 // 100
    await settling.exchange.mine()
    assert await paid_out(settling, 11) == AMOUNT


@pytest.mark.parametrize("nonce", [0, 2**63, 2**64 - 1])
async def test_every_nonce_that_the_contract_takes_is_paid(settling, nonce):
    settling.log.trade()
    sequence = settling.log.withdraw(11, AMOUNT, nonce)
    await settling.settle_all()
    await settling.turn()
    await settling.index()
    assert status_of(settling, sequence) == WithdrawalStatus.PAID
    assert await paid_out(settling, 11) == AMOUNT


async def test_withdrawals_that_the_contract_refuses_hold_up_no_others(settling, monkeypatch):
    refused = [settling.log.withdraw(13, AMOUNT, nonce) for nonce in range(100)]
    await settling.feed()
    await settling.turn()
    settling.now_us = settling.clock() + 6_000_000
    good = settling.log.withdraw(11, AMOUNT, nonce=1)
    await settling.feed()
    call, trials = settling.exchange.nodes.call, []

    async def counted(method, *params):
        trials.append(method)
        return await call(method, *params)

    monkeypatch.setattr(settling.exchange.nodes, "call", counted)
    await settling.turn()
    assert trials.count("eth_estimateGas") <= 16
    monkeypatch.undo()
    for _ in range(len(refused) // 16):
        await settling.turn()
    assert status_of(settling, good) == WithdrawalStatus.SENT, "those refused before stand behind it"
    assert all("SettlementInsufficientBalance" in settling.withdrawals.find(sequence).error for sequence in refused)

"""Intents about funds: withdrawals, fills that the contract skipped, and the facts of the chain."""

from typing import Final

from offchain.core.commands import (
    FEE_OWNER,
    AccountOpening,
    BatchSettledFact,
    CancelReason,
    Command,
    CommandKind,
    DepositFact,
    ExitFact,
    FloorFact,
    SessionFact,
    SessionRevokedFact,
    Side,
    WithdrawnFact,
)
from offchain.core.errors import (
    BadAmount,
    InvalidRequest,
    NonceReused,
    NotFound,
    QuantaTradeError,
    StateDiverged,
    TooManyWithdrawals,
    UnknownAccount,
    UnknownAsset,
)
from offchain.core.events import Event, EventKind, LoggedCommand
from offchain.core.intents import Receipt, RecordChainFact, RequestWithdrawal, RevertWithdrawal, UnwindFill
from offchain.core.money import UNITS_MAX
from offchain.sequencer.authorizations import SIGNATURE_BYTES
from offchain.sequencer.group import Group
from offchain.sequencer.intake_names import account_of, check_asset
from offchain.sequencer.intake_open_orders import cancel_live
from offchain.sequencer.intake_sessions import binds, record_session
from offchain.sequencer.receipts import receipt, repeated
from offchain.sequencer.registry import FEE_ACCOUNT, WithdrawalState

NONCE_MAX: Final = 2**64 - 1
WITHDRAWAL_LIFE_MAX_S: Final = 7 * 86_400
"""What the contract never pays, whatever the reason, is back in the balance after this."""
OPEN_WITHDRAWALS_MAX: Final = 20
"""Under way of one account: each costs settlement a transaction, so nobody may keep all others waiting."""
OWNER_BYTES: Final = 20
_KINDS: Final = {
    DepositFact: (CommandKind.CHAIN_DEPOSIT,),
    WithdrawnFact: (CommandKind.CHAIN_WITHDRAWN,),
    BatchSettledFact: (CommandKind.CHAIN_BATCH_SETTLED,),
    ExitFact: (CommandKind.CHAIN_EXIT_REQUESTED, CommandKind.CHAIN_EXIT_CANCELLED, CommandKind.CHAIN_EXITED),
    FloorFact: (CommandKind.CHAIN_CANCEL_FLOOR,),
    SessionFact: (CommandKind.CHAIN_SESSION_SET,),
    SessionRevokedFact: (CommandKind.CHAIN_SESSION_REVOKED,),
}


def request_withdrawal(group: Group, intent: RequestWithdrawal) -> Receipt:
    """Take funds out, or return the first receipt of a withdrawal that was taken before."""
    signed = intent.authorization
    account = account_of(group, signed.owner)
    sequence = group.registry.nonces.get((account, signed.nonce))
    if sequence is not None:
        first = group.registry.withdrawals[sequence]
        if (first.asset, first.amount_units, first.deadline_s) != (
            intent.asset,
            intent.amount_units,
            signed.deadline_s,
        ):
            raise NonceReused(
                f"Nonce {signed.nonce} already names withdrawal {sequence} of {first.amount_units} units of asset "
                f"{first.asset}, due by {first.deadline_s}.",
                "Sign a nonce that the account has never used.",
            )
        return Receipt(sequence, first.timestamp_us, repeated=True)
    check_asset(group, intent.asset)
    _check_amount(intent.amount_units)
    if not 0 <= signed.nonce <= NONCE_MAX or len(signed.signature) != SIGNATURE_BYTES:
        raise InvalidRequest("The nonce or the signature is out of range.", "Sign a nonce of at most 64 bits.")
    latest_s = group.now_us // 1_000_000 + WITHDRAWAL_LIFE_MAX_S
    if not group.earliest_expiry_s < signed.deadline_s <= latest_s:
        raise InvalidRequest(
            f"The withdrawal's deadline is {signed.deadline_s}; it has to be after {group.earliest_expiry_s} "
            f"(seconds since 1970) to leave time to settle, and at most {latest_s}.",
            "Sign a deadline within these bounds.",
        )
    if group.registry.open_withdrawals.get(account, 0) >= OPEN_WITHDRAWALS_MAX:
        raise TooManyWithdrawals(
            f"The account has {OPEN_WITHDRAWALS_MAX} withdrawals under way.", "Wait until one of them is paid."
        )
    command = group.command(CommandKind.WITHDRAW, account=account, asset=intent.asset, amount=intent.amount_units)
    return receipt(group.add(command, signed))


def revert_withdrawal(group: Group, intent: RevertWithdrawal) -> Receipt:
    """Give a lapsed withdrawal back."""
    withdrawal = group.registry.withdrawals.get(intent.withdraw_sequence)
    if withdrawal is None:
        raise NotFound(f"Command {intent.withdraw_sequence} is not a withdrawal.", "Check the sequence.")
    if withdrawal.state == WithdrawalState.PAID:
        raise InvalidRequest(f"Withdrawal {intent.withdraw_sequence} is paid.", "There is nothing to give back.")
    if withdrawal.ended is not None:
        return repeated(withdrawal.ended)
    command = group.command(
        CommandKind.REVERT_WITHDRAWAL,
        account=withdrawal.account,
        asset=withdrawal.asset,
        amount=withdrawal.amount_units,
        order_id=intent.withdraw_sequence,
    )
    return receipt(group.add(command))


def unwind_fill(group: Group, intent: UnwindFill) -> Receipt:
    """Take back a fill that the contract skipped, once; what its funds have been reserved for since is cancelled."""
    fill = intent.fill
    if fill.kind != EventKind.FILLED or not 0 < fill.command_sequence <= group.machine.sequence:
        raise InvalidRequest(f"Event {fill.sequence} is not a fill of this log.", "Send a FILLED event.")
    unwound = group.registry.unwound.get(fill.sequence)
    if unwound is not None:
        return repeated(unwound)
    group.check(_unwinding(group, intent))
    done = len(group.logged)
    _free_what_is_taken(group, fill)
    last = group.add(_unwinding(group, intent))
    return _receipt_since(group, done, last)


def record_chain_fact(group: Group, intent: RecordChainFact) -> Receipt:
    """Record a final log of the chain; those at or before the last recorded position are already known."""
    fact = intent.fact
    if intent.kind not in _KINDS[type(fact)]:
        raise InvalidRequest(f"{type(fact).__name__} does not belong to {intent.kind}.", "Send the fact of its kind.")
    if (fact.position.block_number, fact.position.log_index) <= group.registry.chain_position:
        return repeated(group.registry.chain_mark)
    if isinstance(fact, FloorFact) and intent.asset not in group.registry.listings.assets:
        # The contract lets anybody raise a floor for an asset that does not exist. It binds nothing, and must not
        # keep later facts from being recorded.
        return repeated(group.registry.chain_mark)
    if isinstance(fact, SessionFact | SessionRevokedFact) and not binds(group, intent, fact):
        return repeated(group.registry.chain_mark)
    try:
        return _record(group, intent)
    except (UnknownAsset, InvalidRequest, StateDiverged):
        raise
    except QuantaTradeError as error:
        raise StateDiverged(
            f"{intent.kind.name} of block {fact.position.block_number}, log {fact.position.log_index} does not fit "
            f"what the exchange has on record: {error.message}",
            "Compare the contract with the journal before going on.",
        ) from error


def _record(group: Group, intent: RecordChainFact) -> Receipt:
    fact = intent.fact
    if isinstance(fact, BatchSettledFact):
        return receipt(group.add(group.command(intent.kind), fact))
    if isinstance(fact, SessionFact | SessionRevokedFact):
        done = len(group.logged)
        return _receipt_since(group, done, record_session(group, intent, _account_of_fact(group, intent)))
    check_asset(group, intent.asset)
    if intent.kind == CommandKind.CHAIN_DEPOSIT:
        _check_amount(intent.amount_units)
    done = len(group.logged)
    account = _account_of_fact(group, intent)
    if isinstance(fact, FloorFact):
        for order_id in sorted(group.registry.live_of.get(account, ())):
            order = group.registry.live[order_id]
            if order.asset == intent.asset and order.seq <= fact.floor:
                cancel_live(group, order_id, CancelReason.FLOOR)
    command = group.command(intent.kind, account=account, asset=intent.asset, amount=intent.amount_units)
    return _receipt_since(group, done, group.add(command, fact))


def _receipt_since(group: Group, done: int, last: LoggedCommand) -> Receipt:
    """The receipt of an intent that became several commands, the last one and those after the first `done`."""
    events = tuple(event for logged in group.logged[done:] for event in logged.events)
    return Receipt(last.command.sequence, last.command.timestamp_us, events)


def _unwinding(group: Group, intent: UnwindFill) -> Command:
    fill = intent.fill
    return group.command(
        CommandKind.UNWIND_FILL,
        market=fill.market,
        side=fill.side,
        account=fill.account,
        counter_account=fill.counter_account,
        price=fill.price,
        quantity=fill.quantity,
        amount=fill.fee,
        counter_amount=fill.counter_fee,
        order_id=fill.sequence,
        reason=intent.reason,
    )


def _free_what_is_taken(group: Group, fill: Event) -> None:
    """Cancel what the funds of a fill are reserved for, before they are taken back.

    An order that stayed without funds would go on matching, and the contract would skip those fills too.
    """
    market = group.registry.listings.markets[fill.market]
    notional_units = market.notional_units(fill.price, fill.quantity)
    taker, maker = (fill.account, fill.fee), (fill.counter_account, fill.counter_fee)
    (buyer, _), (seller, seller_fee_units) = (taker, maker) if fill.side == Side.BUY else (maker, taker)
    if buyer != seller:
        _free(group, buyer, market.base.asset_id, fill.quantity * market.base_units_per_lot)
        _free(group, seller, market.quote.asset_id, notional_units - seller_fee_units)


def _free(group: Group, account: int, asset: int, needed_units: int) -> None:
    """Cancel the account's newest orders that reserve the asset until so much of it is available, or none is left."""
    for order_id in sorted(group.registry.live_of.get(account, ()), reverse=True):
        if group.machine.engine.balance(account, asset)[0] >= needed_units:
            return
        order = group.registry.live[order_id]
        market = group.registry.listings.markets[order.market]
        if asset == (market.quote if order.side == Side.BUY else market.base).asset_id:
            cancel_live(group, order_id, CancelReason.UNBACKED)


def _account_of_fact(group: Group, intent: RecordChainFact) -> int:
    """The owner's account. Whoever deposits, exits or raises a floor first gets one: each binds what comes later."""
    fact = intent.fact
    owner = fact.owner if isinstance(fact, DepositFact) else intent.owner
    if len(owner) != OWNER_BYTES or (intent.owner and intent.owner != owner):
        raise InvalidRequest(f"The owner of {intent.kind.name} is not one 20-byte address.", "Send the log's owner.")
    if isinstance(fact, WithdrawnFact):
        return _account_of_paid(group, intent, fact)
    if owner == FEE_OWNER and intent.kind == CommandKind.CHAIN_EXITED:
        return FEE_ACCOUNT
    account = group.registry.accounts.get(owner)
    if account is None:
        account = len(group.registry.owners)
        group.add(group.command(CommandKind.OPEN_ACCOUNT, account=account), AccountOpening(owner))
    return account


def _account_of_paid(group: Group, intent: RecordChainFact, fact: WithdrawnFact) -> int:
    account = group.registry.accounts.get(intent.owner)
    if account is None:
        raise UnknownAccount(f"The wallet 0x{intent.owner.hex()} has no account here.")
    sequence = group.registry.nonces.get((account, fact.nonce))
    withdrawal = group.registry.withdrawals[sequence] if sequence is not None else None
    expected = None if withdrawal is None else (withdrawal.asset, withdrawal.amount_units, withdrawal.state)
    if expected != (intent.asset, intent.amount_units, WithdrawalState.OPEN):
        raise StateDiverged(
            f"The contract paid {intent.amount_units} units of asset {intent.asset} for nonce {fact.nonce} of account "
            f"{account}; on record is {withdrawal}.",
            "Compare the contract with the journal before going on.",
        )
    return account


def _check_amount(amount_units: int) -> None:
    if not 0 < amount_units <= UNITS_MAX:
        raise BadAmount(f"{amount_units} units are not an amount.", f"Send a whole number from 1 to {UNITS_MAX}.")

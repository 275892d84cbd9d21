"""Intents about what trading costs: rates of tiers and of owners, and discounts."""

from offchain.core.commands import CommandKind
from offchain.core.errors import Forbidden, InvalidRequest
from offchain.core.intents import Receipt, SetDiscounts, SetFees, SetFeeTier
from offchain.sequencer.group import Group
from offchain.sequencer.intake_names import account_of
from offchain.sequencer.receipts import receipt, repeated
from offchain.sequencer.registry import FEE_ACCOUNT


def set_fees(group: Group, intent: SetFees) -> Receipt:
    """Set the rates of an owner or of tier 1, or let an owner have its tier's; the same rates again change nothing."""
    registry = group.registry
    account = account_of(group, intent.owner) if intent.owner else FEE_ACCOUNT
    if intent.of_tier:
        if account == FEE_ACCOUNT:
            raise InvalidRequest("Rates of a tier are asked for, and no owner is given.", "Give the owner.")
        command = group.command(CommandKind.SET_FEES, account=account, mode=1)
        return receipt(group.add(command))
    current = registry.fees.get(account) if account else registry.default_fees
    asked = (intent.maker_fee_ppm, intent.taker_fee_ppm)
    if current is not None and current.set_by is not None and asked == (current.maker_fee_ppm, current.taker_fee_ppm):
        return repeated(current.set_by)
    _check_rebate(*asked)
    command = group.command(CommandKind.SET_FEES, account=account, maker_fee_ppm=asked[0], taker_fee_ppm=asked[1])
    return receipt(group.add(command))


def set_fee_tier(group: Group, intent: SetFeeTier) -> Receipt:
    """Set or remove a tier above the first."""
    _check_rebate(intent.maker_fee_ppm, intent.taker_fee_ppm)
    command = group.command(
        CommandKind.SET_FEE_TIER,
        mode=intent.tier,
        amount=intent.volume_units,
        maker_fee_ppm=intent.maker_fee_ppm,
        taker_fee_ppm=intent.taker_fee_ppm,
    )
    return receipt(group.add(command))


def set_discounts(group: Group, intent: SetDiscounts) -> Receipt:
    """Set what an owner is spared of its tier's fees; what an operator chose stands until an operator sets it to 0."""
    account = account_of(group, intent.owner)
    if group.operator is None and account in group.registry.chosen_discounts:
        raise Forbidden(
            f"The discounts of account {account} are an operator's choice.", "They stand until one sets them to 0."
        )
    command = group.command(
        CommandKind.SET_DISCOUNTS,
        account=account,
        amount=intent.maker_ppm,
        counter_amount=intent.taker_ppm,
    )
    return receipt(group.add(command))


def _check_rebate(maker_fee_ppm: int, taker_fee_ppm: int) -> None:
    if -maker_fee_ppm > taker_fee_ppm:
        raise InvalidRequest(
            f"A maker's rebate of {-maker_fee_ppm} ppm is more than the taker's {taker_fee_ppm} ppm.",
            "Correct the rates.",
        )

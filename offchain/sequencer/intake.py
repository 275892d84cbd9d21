"""The intake judges intents against the sequenced state and turns the good ones into commands, in one step.

An intent that is refused leaves nothing behind, neither in the journal nor in the state. Where one needs several
commands (an account opened for a deposit, orders cancelled by a floor), the command that completes it comes last, so
that a journal which ends in between is one that the repeated intent completes.
"""

from collections.abc import Callable
from typing import Any, Final

from offchain.core.errors import InvalidRequest
from offchain.core.intents import (
    AmendOrder,
    CancelAllOrders,
    CancelOrder,
    Intent,
    ListAsset,
    ListMarket,
    Operate,
    PlaceOrder,
    Receipt,
    RecordChainFact,
    RenewAuthorization,
    ReplaceOrder,
    RequestWithdrawal,
    RevertWithdrawal,
    SetAccountLimits,
    SetCircuitBreaker,
    SetDiscounts,
    SetFees,
    SetFeeTier,
    SetKillSwitch,
    SetMarketLimits,
    SetMarketRisk,
    SetMarketStatus,
    SetPositionCap,
    UnwindFill,
)
from offchain.sequencer import (
    intake_fees,
    intake_funds,
    intake_ladders,
    intake_limits,
    intake_listings,
    intake_open_orders,
    intake_orders,
)
from offchain.sequencer.group import Group


def _operate(group: Group, intent: Operate) -> Receipt:
    """Take a setting in the name of an operator."""
    group.operator = intent.operator
    try:
        return take(group, intent.setting)
    finally:
        group.operator = None


# Each handler takes its own kind of intent, which a dictionary cannot express.
_HANDLERS: Final[dict[type, Callable[[Group, Any], Receipt]]] = {
    PlaceOrder: intake_orders.place_order,
    ReplaceOrder: intake_orders.replace_order,
    AmendOrder: intake_open_orders.amend_order,
    CancelOrder: intake_open_orders.cancel_order,
    CancelAllOrders: intake_open_orders.cancel_all_orders,
    RenewAuthorization: intake_ladders.renew_authorization,
    RequestWithdrawal: intake_funds.request_withdrawal,
    RevertWithdrawal: intake_funds.revert_withdrawal,
    RecordChainFact: intake_funds.record_chain_fact,
    UnwindFill: intake_funds.unwind_fill,
    ListAsset: intake_listings.list_asset,
    ListMarket: intake_listings.list_market,
    SetMarketLimits: intake_listings.set_market_limits,
    SetMarketStatus: intake_limits.set_market_status,
    SetMarketRisk: intake_limits.set_market_risk,
    SetCircuitBreaker: intake_limits.set_circuit_breaker,
    SetKillSwitch: intake_limits.set_kill_switch,
    SetAccountLimits: intake_limits.set_account_limits,
    SetPositionCap: intake_limits.set_position_cap,
    SetFees: intake_fees.set_fees,
    SetFeeTier: intake_fees.set_fee_tier,
    SetDiscounts: intake_fees.set_discounts,
    Operate: _operate,
}


def take(group: Group, intent: Intent) -> Receipt:
    """Turn an intent into commands of the group.

    Raises:
        QuantaTradeError: it is refused; the state and the group are as before.
    """
    handler = _HANDLERS.get(type(intent))
    if handler is None:
        raise InvalidRequest(f"{type(intent).__name__} is not an intent.", "Send one of `Intent`.")
    return handler(group, intent)

"""The intake judges intents against the sequenced state and turns the good ones into commands, in one step.

An intent that is refused leaves nothing behind, neither in the journal nor in the state. Where one needs several
commands (an account opened for a deposit, orders cancelled by a floor), the command that completes it comes last, so
that a journal which ends in between is one that the repeated intent completes.
"""

from collections.abc import Callable
from typing import Any, Final

from offchain.core.errors import InvalidRequest
from offchain.core.intents import (
    CancelAllOrders,
    CancelOrder,
    Intent,
    ListAsset,
    ListMarket,
    PlaceOrder,
    Receipt,
    RecordChainFact,
    RequestWithdrawal,
    RevertWithdrawal,
    SetFees,
    UnwindFill,
)
from offchain.sequencer import intake_funds, intake_listings, intake_orders
from offchain.sequencer.group import Group

# Each handler takes its own kind of intent, which a dictionary cannot express.
_HANDLERS: Final[dict[type, Callable[[Group, Any], Receipt]]] = {
    PlaceOrder: intake_orders.place_order,
    CancelOrder: intake_orders.cancel_order,
    CancelAllOrders: intake_orders.cancel_all_orders,
    RequestWithdrawal: intake_funds.request_withdrawal,
    RevertWithdrawal: intake_funds.revert_withdrawal,
    RecordChainFact: intake_funds.record_chain_fact,
    UnwindFill: intake_funds.unwind_fill,
    ListAsset: intake_listings.list_asset,
    ListMarket: intake_listings.list_market,
    SetFees: intake_listings.set_fees,
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

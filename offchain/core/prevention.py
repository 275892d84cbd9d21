"""Self-trade prevention on record: what would have matched, had it not been one account on both sides.

Quantities are lots, prices ticks, times microseconds since 1970.
"""

import msgspec

from offchain.core.events import Event


class PreventedMatch(msgspec.Struct, frozen=True):
    """Two orders of an account met and did not match. `prevented_id` is the sequence of the PREVENTED event.

    `side` and the remaining lots are as the incoming order and the resting one had them before; `mode` is the
    `SelfTradePrevention` of the incoming order.
    """

    prevented_id: int
    command_sequence: int
    account: int
    market: int
    side: int
    price_ticks: int
    quantity_lots: int
    order_id: int
    remaining_lots: int
    resting_order_id: int
    resting_remaining_lots: int
    mode: int
    created_us: int


def prevented_of(event: Event) -> PreventedMatch:
    """What a PREVENTED event tells of."""
    return PreventedMatch(
        prevented_id=event.sequence,
        command_sequence=event.command_sequence,
        account=event.account,
        market=event.market,
        side=event.side,
        price_ticks=event.price,
        quantity_lots=event.quantity,
        order_id=event.order_id,
        remaining_lots=event.remaining,
        resting_order_id=event.counter_order_id,
        resting_remaining_lots=event.counter_remaining,
        mode=event.reason,
        created_us=event.timestamp_us,
    )

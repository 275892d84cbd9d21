"""One signature over several orders: the ladder's own command, and orders that are signed again by ladders."""

from typing import Final

import msgspec

from offchain.core.commands import (
    LADDER_ORDERS_MAX,
    LADDER_TERMS_MAX,
    Command,
    CommandKind,
    LadderAuthorization,
    LadderOrder,
    OrderAuthorization,
    RenewalLadder,
    RenewedOrder,
)
from offchain.core.errors import InvalidRequest, NotFound, SeqTooLow
from offchain.core.intents import PlaceOrder, Receipt, RenewAuthorization
from offchain.sequencer.authorizations import SIGNATURE_BYTES
from offchain.sequencer.group import Group
from offchain.sequencer.intake_names import account_of, check_asset, market_of
from offchain.sequencer.receipts import receipt, repeated
from offchain.sequencer.registry import lane_key

SEQ_MAX: Final = 2**48 - 1


def check_ladder(ladder: LadderAuthorization, intent: PlaceOrder) -> None:
    """See whether an order is the one that stands in its place in its ladder.

    Raises:
        InvalidRequest: the ladder is malformed, or another order stands there.
    """
    signed, count = intent.authorization, len(ladder.orders)
    if not 0 < count <= LADDER_ORDERS_MAX or len(ladder.signature) != SIGNATURE_BYTES:
        raise InvalidRequest(
            f"The ladder is of {count} orders, with {len(ladder.signature)} bytes of signature.",
            f"Sign 1 to {LADDER_ORDERS_MAX} orders at once.",
        )
    if len({(order.max_fee_bps, order.flags) for order in ladder.orders}) > LADDER_TERMS_MAX:
        raise InvalidRequest(
            f"The orders of the ladder have more than {LADDER_TERMS_MAX} combinations of fee cap and flags.",
            "Sign orders with the same ones together.",
        )
    if ladder.floor:
        raise InvalidRequest(
            f"The ladder counts from cancel floor {ladder.floor} on; new orders have to count at once.", "Sign floor 0."
        )
    order = LadderOrder(
        intent.side,
        intent.price_ticks,
        intent.quantity_lots,
        signed.expiry_s,
        signed.seq,
        signed.lane,
        signed.max_fee_bps,
        signed.flags,
    )
    is_there = 0 < signed.place <= count and ladder.orders[signed.place - 1] == order
    if not is_there or (ladder.owner, ladder.market) != (signed.owner, intent.market):
        raise InvalidRequest(
            f"Place {signed.place} of {count} in the ladder is not this order's.", "Give each order its own place."
        )


def sign_ladder(group: Group, command: Command, ladder: LadderAuthorization, signed: OrderAuthorization) -> int:
    """The sequence of the command that holds a ladder, once its order `command` is known to be taken.

    The first order of a ladder that is taken brings it in; those that come in the same round name the same.

    Raises:
        QuantaTradeError: the engine refuses the order; then there is no ladder either.
    """
    name = (ladder.owner, ladder.signature)
    known = group.ladders.get(name)
    if known is not None:
        return known
    group.check(command)
    held = msgspec.structs.replace(ladder, kind=signed.kind, session=signed.session)
    logged = group.add(group.command(CommandKind.SIGN_LADDER, account=command.account, market=command.market), held)
    group.ladders[name] = logged.command.sequence
    return logged.command.sequence


def renew_authorization(group: Group, intent: RenewAuthorization) -> Receipt:
    """Note an answer by a netted statement, or return the receipt of the account's last one if it is the same."""
    answer = intent.answer
    account = account_of(group, answer.owner)
    last = group.registry.answers.get(account)
    if last is not None and last.signatures == answer.signatures:
        return repeated(last.mark)
    if len(answer.signature) != SIGNATURE_BYTES or not 0 <= answer.floor <= SEQ_MAX:
        raise InvalidRequest("The statement's signature or floor is out of range.", "Sign the statement again.")
    for asset in answer.assets:
        check_asset(group, asset)
    seen: dict[int, int] = {}
    for ladder in answer.ladders:
        _check_renewals(group, account, ladder, answer.floor, seen)
    return receipt(group.add(group.command(CommandKind.RENEW_AUTHORIZATION, account=account), answer))


def _check_renewals(group: Group, account: int, ladder: RenewalLadder, floor: int, seen: dict[int, int]) -> None:
    """See whether a ladder signs orders of the account again; those of a lane keep their order, `seen` is its last."""
    market = market_of(group, ladder.market)
    if not 0 < len(ladder.orders) <= LADDER_ORDERS_MAX or len(ladder.signature) != SIGNATURE_BYTES:
        raise InvalidRequest(f"A ladder of {len(ladder.orders)} orders.", f"Sign 1 to {LADDER_ORDERS_MAX} at once.")
    for renewed in ladder.orders:
        taken = group.registry.orders.by_id(renewed.order_id)
        if taken is None or (taken.account, taken.market) != (account, ladder.market):
            raise NotFound(f"The account has no order {renewed.order_id} in {market.symbol}.", "Check the id.")
        key = lane_key(account, market.base.asset_id, taken.lane)
        least = max(seen.get(key, 0), taken.seq, floor)
        _check_renewed(renewed, least)
        seen[key] = renewed.seq


def _check_renewed(renewed: RenewedOrder, least: int) -> None:
    if not least < renewed.seq <= SEQ_MAX or renewed.quantity_lots <= 0:
        raise SeqTooLow(
            f"Order {renewed.order_id} was renewed with seq {renewed.seq} for {renewed.quantity_lots} lots; it "
            f"has to be above {least}.",
            "Sign a higher seq, for what is left of the order.",
        )

"""Signed orders: placing them, and placing them for another."""

import re
from typing import Final

import msgspec

from offchain.core.commands import AuthorizationKind, Command, CommandKind, OrderAuthorization, OrderInstructions
from offchain.core.errors import (
    ClientOrderIdReused,
    InvalidRequest,
    LaneBusy,
    OrderExpired,
    SeqTooLow,
    ServiceUnavailable,
    TooManyOrders,
    UnsupportedOrder,
)
from offchain.core.events import RejectReason
from offchain.core.intents import PlaceOrder, Receipt, ReplaceOrder
from offchain.core.money import UNITS_MAX, Market
from offchain.sequencer.authorizations import DIGEST_BYTES, SIGNATURE_BYTES
from offchain.sequencer.group import Group
from offchain.sequencer.intake_ladders import SEQ_MAX, check_ladder, sign_ladder
from offchain.sequencer.intake_names import account_of, market_of, open_order, order_named, session_of
from offchain.sequencer.intake_sessions import check_limits, check_session
from offchain.sequencer.order_refusals import PPM_PER_BPS
from offchain.sequencer.orders import TakenOrder
from offchain.sequencer.receipts import receipt, repeated
from offchain.sequencer.refusals import refusal
from offchain.sequencer.registry import Mark, lane_key

FEE_BPS_MAX: Final = 50
"""The contract takes no signature that allows a higher fee."""
OPEN_ORDERS_MAX: Final = 1_000
"""Of one account, armed stops included, whatever operators allow: an order that is to be filled whole walks past all of
its owner's, so stops of that kind, set off together, cost their number times that of the orders they pass."""
LANE_MAX: Final = 2**16 - 1
SECONDS_MAX: Final = 2**40 - 1
_CLIENT_ORDER_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,36}", re.ASCII)
_PLACE, _REPLACE = int(CommandKind.PLACE), int(CommandKind.REPLACE)


def place_order(group: Group, intent: PlaceOrder) -> Receipt:
    """Take a signed order, or return the first receipt of one that was taken before."""
    return _take_order(group, intent, account_of(group, intent.authorization.owner))


def replace_order(group: Group, intent: ReplaceOrder) -> Receipt:
    """Take a signed order in the place of an open one, or return the first receipt of one that was taken before.

    The new order may use the lane of the one that goes.
    """
    account = account_of(group, intent.order.authorization.owner)
    replaced = order_named(group, account, intent.client_order_id, intent.order_id)
    return _take_order(group, intent.order, account, replaced)


def _take_order(group: Group, intent: PlaceOrder, account: int, replaced: int = 0) -> Receipt:
    """Take an order; `replaced` is the id of the one that goes for it, 0 if none does."""
    signed = intent.authorization
    command = _command(group, intent, account, replaced)
    taken = group.registry.orders.find(account, signed.client_order_id)
    if taken is not None:
        return _repeated(taken, command, signed)
    if group.held is not None:
        raise ServiceUnavailable(
            f"No new orders are taken: {group.held}.",
            "Nothing was changed. Cancel if you wish, and send it again later.",
        )
    market = market_of(group, intent.market)
    if replaced:
        open_order(group, replaced)
    if intent.session_key:
        number, session = session_of(group, account, intent.market, intent.session_key)
        check_session(group, session)
        signed = msgspec.structs.replace(signed, kind=AuthorizationKind.SESSION_KEY, session=number)
    _check_form(group, intent)
    _check_lane(group, account, market, signed, replaced)
    _check_room(group, account, signed, replaced)
    for value, least, reason in (
        (intent.price_ticks, 1, RejectReason.BAD_PRICE),
        (intent.quantity_lots, 1, RejectReason.BAD_QUANTITY),
        (intent.trigger_price_ticks, 0, RejectReason.BAD_TRIGGER),
        (intent.budget_units, 0, RejectReason.BAD_BUDGET),
    ):
        if not least <= value <= UNITS_MAX:  # Beyond what a command holds, so the engine cannot be asked.
            raise refusal(group.machine, command, reason)
    if signed.session:
        check_limits(group, signed.session, market, intent, command)
    if intent.ladder is not None:
        ladder = sign_ladder(group, command, intent.ladder, signed)
        signed = msgspec.structs.replace(signed, ladder=ladder)
        command = command._replace(sequence=group.machine.sequence + 1)
    return receipt(group.add(command, signed))


def _command(group: Group, intent: PlaceOrder, account: int, replaced: int) -> Command:
    signed = intent.authorization
    time_in_force, order_type, post_only, self_trade_prevention = OrderInstructions.of(signed.flags)
    return Command(
        group.machine.sequence + 1,
        group.now_us,
        _REPLACE if replaced else _PLACE,
        side=intent.side,
        time_in_force=time_in_force,
        account=account,
        market=intent.market,
        order_type=order_type,
        post_only=post_only,
        self_trade_prevention=self_trade_prevention,
        taker_fee_ppm=signed.max_fee_bps * PPM_PER_BPS,
        order_id=replaced,
        price=intent.price_ticks,
        quantity=intent.quantity_lots,
        amount=intent.budget_units,
        counter_amount=intent.trigger_price_ticks,
    )


def _repeated(taken: TakenOrder, command: Command, signed: OrderAuthorization) -> Receipt:
    if not taken.asks_for(command, signed.digest):
        raise ClientOrderIdReused(
            f"The client order id {taken.client_order_id!r} already names order {taken.order_id}, which was signed "
            "or sent with other content.",
            "Choose a client order id that the account has never used.",
        )
    return repeated(Mark(taken.order_id, taken.timestamp_us))


def _check_form(group: Group, intent: PlaceOrder) -> None:
    signed = intent.authorization
    if not _CLIENT_ORDER_ID.fullmatch(signed.client_order_id):
        raise InvalidRequest(
            f"{signed.client_order_id[:40]!r} is not a client order id.",
            "Send 1 to 36 letters, digits, dots, underscores, colons or hyphens.",
        )
    if intent.side not in (0, 1):
        raise InvalidRequest(f"Side {intent.side} is neither buy (0) nor sell (1).", "Send one of them.")
    if OrderInstructions.of(signed.flags).flags != signed.flags:
        raise UnsupportedOrder(
            f"Flags {signed.flags} have bits that mean nothing.", "Sign flags of ten bits, with all others zero."
        )
    if not 0 <= signed.max_fee_bps <= FEE_BPS_MAX:
        raise InvalidRequest(
            f"A maxFeeBps of {signed.max_fee_bps} is out of range.", f"Sign a value between 0 and {FEE_BPS_MAX}."
        )
    if intent.ladder is not None:
        check_ladder(intent.ladder, intent)
    elif len(signed.signature) != SIGNATURE_BYTES or len(signed.digest) != DIGEST_BYTES:
        raise InvalidRequest(
            f"The signature has {len(signed.signature)} bytes and its digest {len(signed.digest)}.",
            f"Send {SIGNATURE_BYTES} bytes of signature.",
        )
    if not group.earliest_expiry_s < signed.expiry_s <= SECONDS_MAX:
        raise OrderExpired(
            f"The order expires at {signed.expiry_s}; one taken now has to outlive {group.earliest_expiry_s} "
            "(seconds since 1970) to match and settle.",
            "Sign a later expiry.",
        )


def _check_room(group: Group, account: int, signed: OrderAuthorization, replaced: int) -> None:
    is_one_more = not replaced and OrderInstructions.of(signed.flags).can_rest
    if is_one_more and len(group.registry.live_of.get(account, ())) >= OPEN_ORDERS_MAX:
        raise TooManyOrders(
            f"The account has {OPEN_ORDERS_MAX} open orders, armed stops included, and no account may have more.",
            "Cancel one of them, replace one, or send an immediate order.",
        )


def _check_lane(group: Group, account: int, market: Market, signed: OrderAuthorization, replaced: int) -> None:
    lane, seq, asset = signed.lane, signed.seq, market.base.asset_id
    if not 0 <= lane <= LANE_MAX or not 0 < seq <= SEQ_MAX:
        raise InvalidRequest(
            f"Lane {lane} or seq {seq} is out of range.", f"Sign a lane up to {LANE_MAX} and a seq from 1 to {SEQ_MAX}."
        )
    if lane == 0 and OrderInstructions.of(signed.flags).can_rest:
        raise UnsupportedOrder(
            "Lane 0 is for immediate orders; one that may rest, and a stop, needs a lane of its own.",
            f"Sign a lane from 1 to {LANE_MAX}.",
        )
    floor = group.registry.floors.get((account, asset), 0)
    if seq <= floor:
        raise SeqTooLow(
            f"Seq {seq} is not above {floor}, the cancel floor of {market.base.symbol}.", "Sign a higher seq."
        )
    key = lane_key(account, asset, lane)
    occupant = group.registry.busy.get(key)
    if occupant not in (None, replaced):
        raise LaneBusy(
            f"Lane {lane} of {market.base.symbol} is occupied by order {occupant}.",
            "Use a free lane, cancel that order first, or replace it.",
        )
    seen = group.registry.seq_seen(key)
    if seq <= seen:
        raise SeqTooLow(
            f"Seq {seq} is not above {seen}, the highest that lane {lane} of {market.base.symbol} has seen.",
            "Sign a higher seq.",
        )

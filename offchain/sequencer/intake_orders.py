"""Intents about orders: place, cancel, cancel all; and the cancels that the sequencer issues itself."""

import re
from typing import Final

from offchain.core.commands import (
    CancelReason,
    Command,
    CommandKind,
    OrderAuthorization,
    OrderInstructions,
)
from offchain.core.errors import (
    ClientOrderIdReused,
    InvalidRequest,
    LaneBusy,
    NotFound,
    OrderExpired,
    OrderNotOpen,
    SeqTooLow,
    ServiceUnavailable,
    UnknownAccount,
    UnknownAsset,
    UnknownMarket,
    UnsupportedOrder,
)
from offchain.core.events import LoggedCommand, RejectReason
from offchain.core.intents import CancelAllOrders, CancelOrder, PlaceOrder, Receipt
from offchain.core.money import UNITS_MAX, Market
from offchain.sequencer.group import Group
from offchain.sequencer.orders import DIGEST_BYTES, TakenOrder
from offchain.sequencer.refusals import PPM_PER_BPS, refusal

FEE_BPS_MAX: Final = 50
"""The contract takes no signature that allows a higher fee."""
LANE_MAX: Final = 2**16 - 1
SEQ_MAX: Final = 2**48 - 1
SECONDS_MAX: Final = 2**40 - 1
SIGNATURE_BYTES: Final = 65
_CLIENT_ORDER_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,36}", re.ASCII)
_PLACE: Final = int(CommandKind.PLACE)


def place_order(group: Group, intent: PlaceOrder) -> Receipt:
    """Take a signed order, or return the first receipt of one that was taken before."""
    signed = intent.authorization
    account = account_of(group, signed.owner)
    taken = group.registry.orders.find(account, signed.client_order_id)
    if taken is not None:
        return _repeated(taken, signed)
    if group.held is not None:
        raise ServiceUnavailable(
            f"No new orders are taken: {group.held}.",
            "Nothing was changed. Cancel if you wish, and send it again later.",
        )
    market = group.registry.listings.markets.get(intent.market)
    if market is None:
        raise UnknownMarket(f"There is no market {intent.market}.", "See the list of markets.")
    _check_form(group, intent)
    _check_lane(group, account, market, signed)
    command = Command(
        group.machine.sequence + 1,
        group.now_us,
        _PLACE,
        side=intent.side,
        account=account,
        market=intent.market,
        taker_fee_ppm=signed.max_fee_bps * PPM_PER_BPS,
        price=intent.price_ticks,
        quantity=intent.quantity_lots,
        amount=intent.budget_units,
        counter_amount=intent.trigger_price_ticks,
        **OrderInstructions.of(signed.flags)._asdict(),
    )
    if not 0 < intent.price_ticks <= UNITS_MAX:
        raise refusal(group.machine, command, RejectReason.BAD_PRICE)
    if not 0 < intent.quantity_lots <= UNITS_MAX:
        raise refusal(group.machine, command, RejectReason.BAD_QUANTITY)
    return receipt(group.add(command, signed))


def cancel_order(group: Group, intent: CancelOrder) -> Receipt:
    """Cancel one open order of the owner."""
    account = account_of(group, intent.owner)
    order_id = intent.order_id
    if intent.client_order_id is not None:
        taken = group.registry.orders.find(account, intent.client_order_id)
        if taken is None:
            raise NotFound(
                f"The account has no order with the client order id {intent.client_order_id[:40]!r}.", "Check the id."
            )
        order_id = taken.order_id
    if order_id is None:
        raise InvalidRequest("Neither a client order id nor an order id is given.", "Send one of them.")
    live = group.registry.live.get(order_id)
    if live is None or live.account != account:
        known = group.registry.orders.by_id(order_id)
        if known is None or known.account != account:
            raise NotFound(f"The account has no order {order_id}.", "Check the id.")
        raise OrderNotOpen(
            f"Order {order_id} is no longer in the book: it is filled or cancelled.", "Look up its status."
        )
    return receipt(cancel_live(group, order_id, intent.reason))


def cancel_all_orders(group: Group, intent: CancelAllOrders) -> Receipt:
    """Cancel the owner's open orders, of one asset's markets or of all."""
    account = account_of(group, intent.owner)
    if intent.asset and intent.asset not in group.registry.listings.assets:
        raise UnknownAsset(f"There is no asset {intent.asset}.", "See the list of assets.")
    reason = int(CancelReason.USER)
    return receipt(group.add(group.command(CommandKind.CANCEL_ALL, account=account, asset=intent.asset, reason=reason)))


def cancel_live(group: Group, order_id: int, reason: CancelReason) -> LoggedCommand:
    """Cancel an order that is in a book."""
    account = group.registry.live[order_id].account
    return group.add(group.command(CommandKind.CANCEL, account=account, order_id=order_id, reason=int(reason)))


def account_of(group: Group, owner: bytes) -> int:
    """The owner's account.

    Raises:
        UnknownAccount: the owner has none.
    """
    account = group.registry.accounts.get(owner)
    if account is None:
        raise UnknownAccount(
            f"The wallet 0x{owner.hex()} has no account here.", "Deposit first: a final deposit opens one."
        )
    return account


def receipt(logged: LoggedCommand) -> Receipt:
    """The receipt of an intent that became one command."""
    return Receipt(logged.command.sequence, logged.command.timestamp_us, logged.events)


def _repeated(taken: TakenOrder, signed: OrderAuthorization) -> Receipt:
    if taken.digest != signed.digest:
        raise ClientOrderIdReused(
            f"The client order id {taken.client_order_id!r} already names order {taken.order_id}, which was signed "
            "with other content.",
            "Choose a client order id that the account has never used.",
        )
    return Receipt(taken.order_id, taken.timestamp_us, repeated=True)


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
    if len(signed.signature) != SIGNATURE_BYTES or len(signed.digest) != DIGEST_BYTES:
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


def _check_lane(group: Group, account: int, market: Market, signed: OrderAuthorization) -> None:
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
    key = (account, asset, lane)
    occupant = group.registry.busy.get(key)
    if occupant is not None:
        raise LaneBusy(
            f"Lane {lane} of {market.base.symbol} is occupied by order {occupant}.",
            "Use a free lane, or cancel that order first.",
        )
    seen = group.registry.lane_seqs.get(key, 0)
    if seq <= seen:
        raise SeqTooLow(
            f"Seq {seq} is not above {seen}, the highest that lane {lane} of {market.base.symbol} has seen.",
            "Sign a higher seq.",
        )

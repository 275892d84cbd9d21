"""From the messages of order entry to intents, each with the signature over it that is still to be checked."""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from msgspec.structs import replace

from offchain.api.services import Services, market_named
from offchain.api.signatures import SignatureCheck, Signed
from offchain.chain.typed_data import CancelOrder as SignedCancel
from offchain.chain.typed_data import Ladder as SignedLadder
from offchain.chain.typed_data import Order as SignedOrder
from offchain.client.instructions import check_flags, instructions_named
from offchain.client.messages import CancelMessage, Operation, OrderName, PlaceMessage, ReplaceMessage
from offchain.core.commands import (
    LadderAuthorization,
    LadderOrder,
    OrderAuthorization,
    OrderInstructions,
    OrderType,
    Side,
    TimeInForce,
)
from offchain.core.errors import InvalidRequest, QuantaTradeError
from offchain.core.intents import CancelOrder, Intent, PlaceOrder, ReplaceOrder
from offchain.core.money import Market

_SIDES: Final = {"BUY": Side.BUY, "SELL": Side.SELL}


class _Read(NamedTuple):
    """An order of a message in ticks and lots: what is signed of it, and what stands beside."""

    struct: SignedOrder
    trigger_price_ticks: int
    budget_units: int


class SignedOrders:
    """Reads orders, replacements and signed cancels against the listed markets."""

    def __init__(self, services: Services, signatures: SignatureCheck) -> None:
        self._services = services
        self._signatures = signatures
        self._markets: dict[str, Market] = {}

    def operation(self, operation: Operation) -> tuple[Intent, Signed]:
        """What one operation of a batch asks for.

        Raises:
            InvalidRequest: it is none or several of place, cancel and replace, or its fields contradict each other.
        """
        place, cancel, replace = operation.place, operation.cancel, operation.replace
        if (place is not None) + (cancel is not None) + (replace is not None) == 1:
            if place is not None:
                return self.order(place)
            if cancel is not None:
                return self.cancel(cancel)
            if replace is not None:
                return self.replacement(replace)
        raise InvalidRequest("An operation is a `place`, a `cancel` or a `replace`.", "Give exactly one of the three.")

    def order(self, message: PlaceMessage) -> tuple[PlaceOrder, Signed]:
        """The order in a message, signed alone.

        Raises:
            UnknownMarket: there is no such market.
            InvalidRequest: its fields contradict each other or the flags that were sent beside them, or it has no
                signature.
            BadPrice: the price is not a multiple of the tick.
            BadQuantity: the quantity is not a multiple of the lot.
        """
        if message.signature is None or message.ladder is not None:
            raise InvalidRequest(
                "An order has its own `signature`, or in a batch a `ladder` that signs it with others.",
                "Give exactly one of the two.",
            )
        read = self._read(message)
        signed = self._signatures.signed(read.struct, message.owner, message.signature, message.session_key)
        authorization = _authorization(message, read.struct, signed, signed.digest)
        return _order(read, authorization, signed), signed

    def ladder(self, messages: Sequence[PlaceMessage], signature: str) -> tuple[list[PlaceOrder], Signed]:
        """The orders that one signature is over, in its order, and that signature.

        Raises:
            InvalidRequest: they are not of one market, owner and session key, or one has a signature of its own.
            QuantaTradeError: one of them cannot be read, so that the others cannot be proved either.
        """
        first = messages[0]
        for message in messages:
            if (message.market, message.owner, message.session_key) != (first.market, first.owner, first.session_key):
                raise InvalidRequest(
                    "The orders of a ladder are not of one market, owner and session key.",
                    "Sign a ladder for each of them.",
                )
            if message.signature is not None:
                raise InvalidRequest("An order of a ladder has no `signature` of its own.", "Leave it out.")
        rungs = [self._read(message) for message in messages]
        structs = tuple(rung.struct for rung in rungs)
        signed = self._signatures.signed(SignedLadder(0, structs), first.owner, signature, first.session_key)
        market = structs[0].market
        ladder = LadderAuthorization(signed.owner, market, 0, tuple(map(_ladder_order, structs)), signed.signature)
        orders = []
        for place, (message, rung) in enumerate(zip(messages, rungs, strict=True), 1):
            alone = _authorization(message, rung.struct, signed, self._signatures.digest(rung.struct))
            order = _order(rung, replace(alone, signature=b"", place=place), signed)
            orders.append(replace(order, ladder=ladder))
        return orders, signed

    def _read(self, message: PlaceMessage) -> _Read:
        market = self.market(message.market)
        instructions = instructions_named(
            message.type, message.time_in_force, message.post_only, message.self_trade_prevention
        )
        if message.flags is not None:
            check_flags(instructions, message.flags)
        price, quantity = market.to_ticks(message.price), market.to_lots(message.quantity)
        struct = SignedOrder(
            market.market_id,
            _SIDES[message.side],
            price,
            quantity,
            message.expiry,
            message.seq,
            message.lane,
            message.max_fee_bps,
            instructions.flags,
        )
        return _Read(struct, *_extras(message, instructions, market))

    def replacement(self, message: ReplaceMessage) -> tuple[ReplaceOrder, Signed]:
        """A replacement; its signature is the new order's, and errors are as those of `order`."""
        order, signed = self.order(message.order)
        return replacing(message, order), signed

    def cancel(self, message: CancelMessage) -> tuple[CancelOrder, Signed]:
        """A cancel that carries its own signature."""
        struct = SignedCancel(message.client_order_id)
        signed = self._signatures.signed(struct, message.owner, message.signature, message.session_key)
        return CancelOrder(signed.owner, message.client_order_id, session_key=signed.session_key), signed

    def market(self, symbol: str) -> Market:
        """The market of this symbol, in whose ticks and lots messages are read.

        Raises:
            UnknownMarket: there is none.
        """
        market = self._markets.get(symbol)
        if market is None:
            # Ticks and lots of a market never change, so only an unknown name is a reason to look.
            market = self._markets[symbol] = market_named(self._services, symbol)
        return market


def replacing(message: ReplaceMessage, order: PlaceOrder) -> ReplaceOrder:
    """The replacement of the order that a message names by the one that was read from it.

    Raises:
        InvalidRequest: none is named, or one in two ways.
    """
    named: OrderName = message.replaces
    if (named.order_id is None) == (named.client_order_id is None):
        raise InvalidRequest(
            "The order to be replaced is named by `orderId` or `clientOrderId`.", "Give exactly one of the two."
        )
    return ReplaceOrder(order, named.client_order_id, named.order_id)


def _authorization(message: PlaceMessage, struct: SignedOrder, signed: Signed, digest: bytes) -> OrderAuthorization:
    return OrderAuthorization(
        message.client_order_id,
        signed.owner,
        message.expiry,
        message.seq,
        message.lane,
        message.max_fee_bps,
        struct.flags,
        signed.signature,
        digest,
    )


def _order(read: _Read, authorization: OrderAuthorization, signed: Signed) -> PlaceOrder:
    struct = read.struct
    return PlaceOrder(
        struct.market,
        struct.side,
        struct.price,
        struct.quantity,
        authorization,
        read.trigger_price_ticks,
        read.budget_units,
        signed.session_key,
    )


def _ladder_order(struct: SignedOrder) -> LadderOrder:
    return LadderOrder(
        struct.side,
        struct.price,
        struct.quantity,
        struct.expiry,
        struct.seq,
        struct.lane,
        struct.max_fee_bps,
        struct.flags,
    )


def _extras(message: PlaceMessage, instructions: OrderInstructions, market: Market) -> tuple[int, int]:
    """Trigger price in ticks and budget in quote units; 0 where the order has none."""
    is_stop = instructions.order_type >= OrderType.STOP_LIMIT
    trigger = _extra("stopPrice", message.stop_price, market.to_ticks, is_stop, "of type STOP_LIMIT or STOP_MARKET")
    has_budget = instructions.time_in_force == TimeInForce.FOK_BUDGET
    budget = _extra("budget", message.budget, market.quote.to_units, has_budget, "with timeInForce FOK_BUDGET")
    return trigger, budget


def _extra(field: str, text: str | None, read: Callable[[str], int], wanted: bool, of: str) -> int:
    if (text is not None) != wanted:
        fault = "is missing" if wanted else "does not belong here"
        raise InvalidRequest(f"{field} {fault}: orders {of} have it, and no others.", f"Correct {field} or the type.")
    if text is None:
        return 0
    try:
        return read(text)
    except QuantaTradeError as error:
        raise type(error)(f"{field}: {error.message}", error.next_step) from error

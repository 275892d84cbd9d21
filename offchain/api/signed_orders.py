"""From the messages of order entry to intents, each with the signature over it that is still to be checked."""

from collections.abc import Callable
from typing import Final

from offchain.api.services import Services, market_named
from offchain.api.signatures import SignatureCheck, Signed
from offchain.chain.typed_data import CancelOrder as SignedCancel
from offchain.chain.typed_data import Order as SignedOrder
from offchain.client.instructions import check_flags, instructions_named
from offchain.client.messages import CancelMessage, Operation, OrderName, PlaceMessage, ReplaceMessage
from offchain.core.commands import OrderAuthorization, OrderInstructions, OrderType, Side, TimeInForce
from offchain.core.errors import InvalidRequest, QuantaTradeError
from offchain.core.intents import CancelOrder, Intent, PlaceOrder, ReplaceOrder
from offchain.core.money import Market

_SIDES: Final = {"BUY": Side.BUY, "SELL": Side.SELL}


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
        """The order in a message.

        Raises:
            UnknownMarket: there is no such market.
            InvalidRequest: its fields contradict each other or the flags that were sent beside them.
            BadPrice: the price is not a multiple of the tick.
            BadQuantity: the quantity is not a multiple of the lot.
        """
        market = self.market(message.market)
        instructions = instructions_named(
            message.type, message.time_in_force, message.post_only, message.self_trade_prevention
        )
        if message.flags is not None:
            check_flags(instructions, message.flags)
        side = _SIDES[message.side]
        price, quantity = market.to_ticks(message.price), market.to_lots(message.quantity)
        trigger, budget = _extras(message, instructions, market)
        struct = SignedOrder(
            market.market_id,
            side,
            price,
            quantity,
            message.expiry,
            message.seq,
            message.lane,
            message.max_fee_bps,
            instructions.flags,
        )
        signed = self._signatures.signed(struct, message.owner, message.signature)
        authorization = OrderAuthorization(
            message.client_order_id,
            signed.owner,
            message.expiry,
            message.seq,
            message.lane,
            message.max_fee_bps,
            struct.flags,
            signed.signature,
            signed.digest,
        )
        return PlaceOrder(market.market_id, side, price, quantity, authorization, trigger, budget), signed

    def replacement(self, message: ReplaceMessage) -> tuple[ReplaceOrder, Signed]:
        """A replacement; its signature is the new order's, and errors are as those of `order`."""
        named: OrderName = message.replaces
        if (named.order_id is None) == (named.client_order_id is None):
            raise InvalidRequest(
                "The order to be replaced is named by `orderId` or `clientOrderId`.", "Give exactly one of the two."
            )
        order, signed = self.order(message.order)
        return ReplaceOrder(order, named.client_order_id, named.order_id), signed

    def cancel(self, message: CancelMessage) -> tuple[CancelOrder, Signed]:
        """A cancel that carries its own signature."""
        signed = self._signatures.signed(SignedCancel(message.client_order_id), message.owner, message.signature)
        return CancelOrder(signed.owner, message.client_order_id), signed

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

"""A wallet that trades: signs orders, cancels and withdrawals, and knows which of its lanes are free."""

import secrets
import time
from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from offchain.chain.keys import Signer
from offchain.chain.typed_data import CancelOrder, Ladder, Order, TypedStruct, Withdrawal, domain_separator, keccak
from offchain.client.instructions import (
    OrderTypeText,
    PostOnlyText,
    SelfTradePreventionText,
    TimeInForceText,
    instructions_named,
)
from offchain.client.lanes import IMMEDIATE_LANE, LaneBook
from offchain.client.messages import MAX_FEE_BPS, CancelMessage, PlaceMessage
from offchain.client.terms import ExchangeTerms
from offchain.core.commands import Side
from offchain.core.errors import Forbidden, InvalidRequest, UnknownAsset, UnknownMarket
from offchain.core.money import Market

ORDER_LIFE_S: Final = 24 * 3_600
WITHDRAWAL_LIFE_S: Final = 3_600


class WithdrawalMessage(msgspec.Struct, frozen=True, rename="camel"):
    """The body of `POST /api/v1/withdrawals`."""

    asset: str
    amount: str
    nonce: str
    deadline: int
    owner: str
    signature: str


class SignedLadder(msgspec.Struct, frozen=True):
    """Orders of one market that one signature is over: `Client.batch` takes both."""

    orders: tuple[PlaceMessage, ...]
    signature: str


class Wallet:
    """One key on one exchange. Lanes are taken when an order is signed and freed by `release`.

    Args:
        signer: whoever holds the key.
        terms: assets, markets and what signatures are bound to.
        owner: the 20-byte address whose orders it signs, if the key is a session key that this owner registered.
    """

    def __init__(self, signer: Signer, terms: ExchangeTerms, owner: bytes | None = None) -> None:
        self.signer = signer
        self.terms = terms
        self.lanes = LaneBook()
        self.owner = "0x" + (owner or signer.address).hex()
        self.session_key = None if owner is None else "0x" + signer.address.hex()
        self._separator = domain_separator(terms.chain_id, terms.contract)
        self._lane_of: dict[str, tuple[int, int]] = {}

    def order(
        self,
        market: str,
        side: Literal["BUY", "SELL"],
        price: str,
        quantity: str,
        *,
        order_type: OrderTypeText = "LIMIT",
        time_in_force: TimeInForceText | None = None,
        post_only: PostOnlyText = "NO",
        self_trade_prevention: SelfTradePreventionText = "NONE",
        stop_price: str | None = None,
        budget: str | None = None,
        client_order_id: str | None = None,
        expiry_s: int | None = None,
        max_fee_bps: int = MAX_FEE_BPS,
        replacing: str | None = None,
        sign: bool = True,
    ) -> PlaceMessage:
        """A signed order. One that may rest stands in the lane of the order `replacing` (a client order id), if any.

        Others that may rest take the lowest free lane. The names are those of the API. Not signed, it is for a ladder.

        Raises:
            UnknownMarket: there is no such market.
            BadPrice: the price is not a multiple of the tick.
            BadQuantity: the quantity is not a multiple of the lot.
        """
        listed = self._market(market)
        price_ticks, quantity_lots = listed.to_ticks(price), listed.to_lots(quantity)
        instructions = instructions_named(order_type, time_in_force, post_only, self_trade_prevention)
        client_order_id = client_order_id or secrets.token_hex(12)
        lane = IMMEDIATE_LANE
        if instructions.can_rest:
            lane = self._lane(client_order_id, listed.base.asset_id, replacing)
        expiry_s = expiry_s or int(time.time()) + ORDER_LIFE_S
        seq, flags = self.lanes.next_seq(), instructions.flags
        signed = Order(
            listed.market_id, Side[side], price_ticks, quantity_lots, expiry_s, seq, lane, max_fee_bps, flags
        )
        return PlaceMessage(
            market=market,
            side=side,
            price=price,
            quantity=quantity,
            expiry=expiry_s,
            seq=seq,
            lane=lane,
            max_fee_bps=max_fee_bps,
            client_order_id=client_order_id,
            owner=self.owner,
            signature=self.sign(signed) if sign else None,
            type=order_type,
            time_in_force=time_in_force,
            post_only=post_only,
            self_trade_prevention=self_trade_prevention,
            stop_price=stop_price,
            budget=budget,
            flags=flags,
            session_key=self.session_key,
        )

    def signed_order(self, message: PlaceMessage) -> Order:
        """What is signed of an order of this wallet's."""
        market = self._market(message.market)
        assert message.flags is not None, "a wallet names the flags of its orders"
        return Order(
            market.market_id,
            Side[message.side],
            market.to_ticks(message.price),
            market.to_lots(message.quantity),
            message.expiry,
            message.seq,
            message.lane,
            message.max_fee_bps,
            message.flags,
        )

    def sign_ladder(self, orders: Sequence[PlaceMessage]) -> SignedLadder:
        """Signs 1 to 50 orders of this wallet and of one market together, in this order.

        Each of them is taken, filled and cancelled on its own; the exchange proves those that fill with one signature.

        Raises:
            InvalidRequest: there are none, or they are of several markets.
        """
        if not orders or len({order.market for order in orders}) > 1:
            raise InvalidRequest("A ladder is of orders of one market.", "Sign a ladder for each market.")
        signature = self.sign(Ladder(0, tuple(self.signed_order(order) for order in orders)))
        members = (msgspec.structs.replace(order, signature=None, ladder=0) for order in orders)
        return SignedLadder(tuple(members), signature)

    def cancel(self, client_order_id: str) -> CancelMessage:
        """A signed cancel for a batch."""
        signature = self.sign(CancelOrder(client_order_id))
        return CancelMessage(client_order_id, self.owner, signature, self.session_key)

    def withdrawal(
        self, asset: str, amount: str, *, nonce: int | None = None, deadline_s: int | None = None
    ) -> WithdrawalMessage:
        """A signed withdrawal; the nonce is random unless given.

        Raises:
            UnknownAsset: there is no such asset.
            BadAmount: the amount is not a multiple of the ledger unit.
            Forbidden: the key is a session key.
        """
        if self.session_key is not None:
            raise Forbidden("A session key cannot withdraw.", "Sign the withdrawal with the owner's key.")
        listed = self.terms.assets.get(asset)
        if listed is None:
            raise UnknownAsset(f"There is no asset {asset!r}.", f"Choose one of {', '.join(self.terms.assets)}.")
        struct = Withdrawal(
            listed.asset_id,
            listed.to_units(amount),
            secrets.randbits(63) if nonce is None else nonce,
            deadline_s or int(time.time()) + WITHDRAWAL_LIFE_S,
        )
        return WithdrawalMessage(asset, amount, str(struct.nonce), struct.deadline, self.owner, self.sign(struct))

    def sign_text(self, text: str) -> str:
        """An EIP-191 signature over a text (`personal_sign`), for signing in."""
        data = text.encode()
        digest = keccak(b"\x19Ethereum Signed Message:\n%d" % len(data) + data)
        return "0x" + self.signer.sign_digest(digest).hex()

    def release(self, client_order_id: str) -> None:
        """Frees the lane of an order that has left the book, or never came into it.

        Of a replacement and what it replaced, release the one that is not open: the other keeps the lane.
        """
        place = self._lane_of.pop(client_order_id, None)
        if place is not None:
            self.lanes.release(*place)

    def adopt(self, market: str, client_order_id: str, lane: int) -> None:
        """Notes an open order from an earlier run."""
        base_asset = self._market(market).base.asset_id
        self.lanes.occupy(base_asset, lane)
        self._lane_of[client_order_id] = (base_asset, lane)

    def _lane(self, client_order_id: str, base_asset: int, replacing: str | None) -> int:
        place = None if replacing is None else self._lane_of.get(replacing)
        if place is None or place[0] != base_asset:
            place = base_asset, self.lanes.take(base_asset)
        else:
            self.lanes.share(*place)
        self._lane_of[client_order_id] = place
        return place[1]

    def _market(self, symbol: str) -> Market:
        market = self.terms.markets.get(symbol)
        if market is None:
            raise UnknownMarket(f"There is no market {symbol!r}.", f"Choose one of {', '.join(self.terms.markets)}.")
        return market

    def sign(self, struct: TypedStruct) -> str:
        """An EIP-712 signature over a struct in the exchange's domain, 0x-prefixed."""
        return "0x" + self.signer.sign_digest(struct.digest(self._separator)).hex()

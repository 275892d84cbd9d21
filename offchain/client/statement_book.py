"""What a wallet knows by itself of its orders and fills, and whether a statement that it is asked for agrees with it.

Nothing here trusts the exchange with more than an order already does: what is signed is what the wallet's own orders
consent to, for fills that the chain has not settled by them, and never the same fill in two batches.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, Final, NamedTuple

from msgspec.structs import replace

from offchain.chain.settlement_view import LaneState
from offchain.chain.typed_data import Ladder, NetStatement, Order
from offchain.client.messages import PlaceMessage
from offchain.client.statement_messages import RenewalLadderMessage, StatementMessage
from offchain.client.stream_messages import OrderToRenewMessage, StatementRequestMessage
from offchain.client.wallet import Wallet
from offchain.core.commands import Side
from offchain.core.errors import StatementUnsafe
from offchain.core.money import PPM, Asset, Market, fee_units

PPM_PER_BPS: Final = PPM // 10_000
ENDED_KEPT: Final = 10_000
"""How many orders that ended are remembered; their fills are settled long before."""
_ENDED: Final = frozenset(("FILLED", "CANCELLED", "EXPIRED"))
_NUMBER_BYTES: Final = 5
"""A batch's hash ends with its number."""


class Fault(StrEnum):
    """Why a wallet does not sign."""

    WRONG_BATCH = "the contract has settled another batch last than the one that this would follow"
    UNKNOWN_FILL = "a fill is not among the wallet's own"
    SIGNED_BEFORE = "a fill was signed for another batch before"
    UNKNOWN_ORDER = "an order is not one that this wallet signed here"
    OUTSIDE_ORDER = "a fill's price or fee is not what its order allows"
    SUPERSEDED = "the chain takes an order of a fill no more: a cancel floor or a newer order of its lane is above it"
    SETTLED_BEFORE = "the chain has more lots of an order than were filled before"
    OVERFILL = "with these fills an order would have more lots than it signed"
    OTHER_RESULT = "the wallet's fills come to another result"
    FLOOR = "no floor is above what was signed before and within the range"
    RENEWAL = "an order to be renewed has fewer lots left, or another market, or a seq that another order has"


class ChainFacts(NamedTuple):
    """What the contract says at one block: its last batch, and floors and lanes of the wallet's orders.

    Floors are by base asset, lanes by base asset and lane.
    """

    batch_hash: bytes
    floors: Mapping[int, int]
    lanes: Mapping[tuple[int, int], LaneState]


class OwnFill(NamedTuple):
    """The wallet's side of a fill: ticks, lots, and the fee in quote units."""

    fill_id: int
    order_id: int
    market: str
    is_buy: bool
    price: int
    lots: int
    fee: int


class _Consent(NamedTuple):
    """What an order was signed as: it counts from a cancel floor on, under a seq, for so many lots."""

    floor: int
    seq: int
    lots: int


class _OwnOrder:
    """An order, as it was placed and as it was signed again since."""

    def __init__(self, signed: Order, market: Market) -> None:
        self.signed = signed
        self.market = market
        self.consents = [_Consent(0, signed.seq, signed.quantity)]

    @property
    def base(self) -> int:
        """The asset that the order's lane belongs to."""
        return self.market.base.asset_id

    @property
    def lane(self) -> tuple[int, int]:
        """Base asset and lane."""
        return self.base, self.signed.lane

    def consent_at(self, floor: int) -> _Consent | None:
        """What counts while the chain's floor is this one; None if nothing does."""
        return next((one for one in reversed(self.consents) if one.floor <= floor < one.seq), None)


class StatementBook:
    """One wallet's orders and fills. Tell it of every order that the wallet signs, and of the private channel."""

    def __init__(self, wallet: Wallet) -> None:
        self._wallet = wallet
        self._signed: dict[str, _OwnOrder] = {}
        self._orders: dict[int, _OwnOrder] = {}
        self._sides: dict[int, dict[int, OwnFill]] = defaultdict(dict)
        """By fill, then by order: a fill between two orders of the wallet has two sides."""
        self._fills_of: dict[int, list[OwnFill]] = defaultdict(list)
        self._ended: deque[int] = deque()
        self._signed_in: dict[int, int] = {}
        self._renewed_to: dict[int, int] = defaultdict(int)

    @property
    def owner(self) -> bytes:
        """The wallet's 20-byte address."""
        return bytes.fromhex(self._wallet.owner[2:])

    def placing(self, message: PlaceMessage) -> None:
        """Notes an order that the wallet signed, before it is sent."""
        market = self._wallet.terms.markets[message.market]
        self._signed[message.client_order_id] = _OwnOrder(self._wallet.signed_order(message), market)

    def told(self, orders: Iterable[Mapping[str, Any]], fills: Iterable[Mapping[str, Any]] = ()) -> None:
        """Notes orders and fills as the private channel tells them."""
        for row in orders:
            own = self._signed.get(row["clientOrderId"])
            if own is not None and self._orders.setdefault(row["orderId"], own) is own and row["status"] in _ENDED:
                self._ended.append(row["orderId"])
        for row in fills:
            if row["orderId"] not in self._sides[row["fillId"]]:
                fill = _own_fill(row, self._wallet.terms.markets[row["market"]])
                self._sides[fill.fill_id][fill.order_id] = fill
                self._fills_of[fill.order_id].append(fill)
        while len(self._ended) > ENDED_KEPT:
            self._forget(self._ended.popleft())

    def knows(self, request: StatementRequestMessage) -> bool:
        """Whether all fills of a request have been told."""
        return all(self._sides.get(fill_id) for fill_id in request.fill_ids)

    def slots(self, request: StatementRequestMessage) -> tuple[set[int], set[tuple[int, int]]]:
        """The base assets and the lanes of which `sign` has to know how they stand on the chain.

        Raises:
            StatementUnsafe: it names a fill or an order that is not the wallet's.
        """
        orders = [self._order(fill.order_id) for fill in self._own_fills(request)]
        orders += [self._order(row.order_id) for row in request.renewals]
        return {order.base for order in orders}, {order.lane for order in orders}

    def sign(self, request: StatementRequestMessage, chain: ChainFacts) -> StatementMessage:
        """The answer to a request, if it asks for what the wallet's own records come to.

        Raises:
            StatementUnsafe: it does not; the message begins with the name of the `Fault`.
        """
        self._check_batch(request, chain)
        fills = self._own_fills(request)
        self._check_fills(request, fills, chain)
        self._check_result(request, fills)
        floor = self._floor(request, fills, chain)
        ladders = self._ladders(request, floor, chain)
        return self._signed_answer(request, floor, ladders)

    def _check_batch(self, request: StatementRequestMessage, chain: ChainFacts) -> None:
        number = int.from_bytes(chain.batch_hash[-_NUMBER_BYTES:], "big")
        if bytes.fromhex(request.previous_hash[2:]) != chain.batch_hash or request.batch != number + 1:
            raise _unsafe(Fault.WRONG_BATCH, f"batch {request.batch}, chain at batch {number}")
        for fill_id in request.fill_ids:
            if self._signed_in.get(fill_id, request.batch) != request.batch:
                raise _unsafe(Fault.SIGNED_BEFORE, f"fill {fill_id}, batch {self._signed_in[fill_id]}")

    def _own_fills(self, request: StatementRequestMessage) -> list[OwnFill]:
        missing = [fill_id for fill_id in request.fill_ids if not self._sides.get(fill_id)]
        if missing or not request.fill_ids:
            raise _unsafe(Fault.UNKNOWN_FILL, f"fills {missing[:5]}")
        return [fill for fill_id in sorted(set(request.fill_ids)) for fill in self._sides[fill_id].values()]

    def _forget(self, order_id: int) -> None:
        """Lets go of an order that ended long ago, and of its fills."""
        order = self._orders.pop(order_id, None)
        for fill in self._fills_of.pop(order_id, ()):
            self._sides.pop(fill.fill_id, None)
            self._signed_in.pop(fill.fill_id, None)
        self._signed = {name: own for name, own in self._signed.items() if own is not order}

    def _order(self, order_id: int) -> _OwnOrder:
        order = self._orders.get(order_id)
        if order is None:
            raise _unsafe(Fault.UNKNOWN_ORDER, f"order {order_id}")
        return order

    def _check_fills(self, request: StatementRequestMessage, fills: list[OwnFill], chain: ChainFacts) -> None:
        by_order: dict[int, list[OwnFill]] = defaultdict(list)
        for fill in fills:
            self._check_price(fill, self._order(fill.order_id))
            by_order[fill.order_id].append(fill)
        for order_id, own in by_order.items():
            order = self._order(order_id)
            consent = order.consent_at(chain.floors[order.base])
            lane = chain.lanes[order.lane]
            if consent is None or lane.seq > consent.seq:
                raise _unsafe(Fault.SUPERSEDED, f"order {order_id}")
            settled = lane.filled_lots if lane.seq == consent.seq else 0
            first = own[0].fill_id
            if settled > sum(fill.lots for fill in self._fills_of[order_id] if fill.fill_id < first):
                raise _unsafe(Fault.SETTLED_BEFORE, f"order {order_id} has {settled} lots")
            if settled + sum(fill.lots for fill in own) > consent.lots:
                raise _unsafe(Fault.OVERFILL, f"order {order_id}")

    def _check_price(self, fill: OwnFill, order: _OwnOrder) -> None:
        signed, market = order.signed, order.market
        is_buy = signed.side == Side.BUY
        cap = fee_units(market.notional_units(fill.price, fill.lots), signed.max_fee_bps * PPM_PER_BPS)
        beyond = fill.price > signed.price if is_buy else fill.price < signed.price
        if fill.market != market.symbol or fill.is_buy != is_buy or beyond or fill.fee > cap:
            raise _unsafe(Fault.OUTSIDE_ORDER, f"fill {fill.fill_id}")

    def _check_result(self, request: StatementRequestMessage, fills: list[OwnFill]) -> None:
        units: dict[int, int] = defaultdict(int)
        for fill in fills:
            market = self._order(fill.order_id).market
            sign = 1 if fill.is_buy else -1
            units[market.base.asset_id] += sign * fill.lots * market.base_units_per_lot
            units[market.quote.asset_id] -= sign * market.notional_units(fill.price, fill.lots) + fill.fee
        if [(asset, str(units[asset])) for asset in sorted(units)] != request.deltas:
            raise _unsafe(Fault.OTHER_RESULT, f"{dict(sorted(units.items()))}, not {dict(request.deltas)}")

    def _floor(self, request: StatementRequestMessage, fills: list[OwnFill], chain: ChainFacts) -> int:
        """The lowest floor that no former consent to these orders, and no renewal of the slots, is above."""
        below = [request.floor, *(self._renewed_to[asset] for asset, _ in request.deltas)]
        for fill in fills:
            order = self._order(fill.order_id)
            consent = order.consent_at(chain.floors[order.base])
            assert consent is not None, "checked before"
            below.append(consent.seq)
        # An order that is signed again must not count as it was signed before, too.
        below += [one.seq for row in request.renewals for one in self._order(row.order_id).consents]
        floor = max(below)
        if floor > request.floor_max:
            raise _unsafe(Fault.FLOOR, f"{floor}, at most {request.floor_max}")
        return floor

    def _ladders(self, request: StatementRequestMessage, floor: int, chain: ChainFacts) -> dict[int, list[Order]]:
        """The orders to be signed again, by market."""
        renewed_ids = {row.order_id for row in request.renewals}
        ladders: dict[int, list[Order]] = defaultdict(list)
        tops: dict[tuple[int, int], int] = defaultdict(int)
        taken: set[tuple[tuple[int, int], int]] = set()
        for row in request.renewals:
            order = self._order(row.order_id)
            seq = floor + row.seq_step
            self._check_renewal(request, row, chain)
            if (order.lane, seq) in taken:
                raise _unsafe(Fault.RENEWAL, f"order {row.order_id} has the seq of another one")
            taken.add((order.lane, seq))
            tops[order.lane] = max(tops[order.lane], seq)
            ladders[row.market_id].append(replace(order.signed, seq=seq, quantity=row.quantity_lots))
        if len(renewed_ids) < len(request.renewals):
            raise _unsafe(Fault.RENEWAL, "an order is to be signed twice")
        renewed = {id(self._orders[order_id]) for order_id in renewed_ids}
        for order in self._signed.values():
            if id(order) not in renewed and floor < order.signed.seq <= tops.get(order.lane, 0):
                raise _unsafe(Fault.RENEWAL, f"seq {order.signed.seq} of lane {order.signed.lane} is another order's")
        return ladders

    def _check_renewal(self, request: StatementRequestMessage, row: OrderToRenewMessage, chain: ChainFacts) -> None:
        order, fills = self._order(row.order_id), self._fills_of[row.order_id]
        filled = sum(fill.lots for fill in fills if fill.fill_id <= max(request.fill_ids))
        left = min(order.signed.quantity - filled, self._left_to_prove(request, row.order_id, chain))
        is_named = order.base in dict(request.deltas)
        is_its_own = row.market_id == order.market.market_id and row.seq_step > 0
        if not is_named or not is_its_own or not 0 < row.quantity_lots <= left:
            raise _unsafe(Fault.RENEWAL, f"order {row.order_id} has {left} lots left")

    def _left_to_prove(self, request: StatementRequestMessage, order_id: int, chain: ChainFacts) -> int:
        """The lots that the chain would still take of an order after the statement; it may have more than was told."""
        order = self._order(order_id)
        consent, lane = order.consent_at(chain.floors[order.base]), chain.lanes[order.lane]
        if consent is None or lane.seq > consent.seq:
            return 0
        settled = lane.filled_lots if lane.seq == consent.seq else 0
        return consent.lots - settled - sum(f.lots for f in self._fills_of[order_id] if f.fill_id in request.fill_ids)

    def _signed_answer(
        self, request: StatementRequestMessage, floor: int, ladders: dict[int, list[Order]]
    ) -> StatementMessage:
        for fill_id in request.fill_ids:
            self._signed_in[fill_id] = request.batch
        for row in request.renewals:
            order, seq = self._orders[row.order_id], floor + row.seq_step
            order.consents.append(_Consent(floor, seq, row.quantity_lots))
            self._renewed_to[order.base] = max(self._renewed_to[order.base], seq)
            self._wallet.lanes.go_above(seq)
        assets, units = zip(*request.deltas, strict=True)
        previous_hash = bytes.fromhex(request.previous_hash[2:])
        statement = NetStatement(request.batch, previous_hash, floor, assets, tuple(map(int, units)))
        return StatementMessage(
            self._wallet.owner,
            request.batch,
            request.previous_hash,
            floor,
            self._wallet.sign(statement),
            [
                RenewalLadderMessage(market, self._wallet.sign(Ladder(floor, tuple(orders))))
                for market, orders in ladders.items()
            ],
        )


def _own_fill(row: Mapping[str, Any], market: Market) -> OwnFill:
    fee = _signed_units(row["fee"], market.quote)
    price, lots = market.to_ticks(row["price"]), market.to_lots(row["quantity"])
    return OwnFill(row["fillId"], row["orderId"], row["market"], row["side"] == "BUY", price, lots, fee)


def _signed_units(text: str, asset: Asset) -> int:
    """The units of a fee, which is negative if it is a rebate."""
    if text.startswith("-"):
        return -asset.to_units(text[1:])
    return asset.to_units(text) if text != "0" else 0


def _unsafe(fault: Fault, detail: str) -> StatementUnsafe:
    return StatementUnsafe(
        f"{fault.name}: {fault.value} ({detail}).", "The fills settle by the orders' signatures; look into it."
    )

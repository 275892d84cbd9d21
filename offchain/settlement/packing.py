"""From a filled batch to the payload that the contract reads."""

from collections.abc import Mapping

from offchain.chain.typed_data import Ladder, Order
from offchain.core.commands import AuthorizationKind, LadderAuthorization, OrderAuthorization
from offchain.settlement.batch import (
    Authorization,
    BatchFill,
    BatchOrder,
    LadderPlace,
    may_slide,
)
from offchain.settlement.batcher import Entry, FilledBatch
from offchain.settlement.encoding import encode_payload, payload_hash
from offchain.settlement.order_book import BookOrder


def pack_batch(batch: FilledBatch) -> tuple[bytes, bytes]:
    """The payload of a batch, its fills in the same order, and the payload's hash; a settled one's is what it was.

    Raises:
        MalformedPayload: an order has a field that the format cannot hold; the API refuses such orders.
    """
    if batch.settled is not None:
        return batch.settled.payload, payload_hash(batch.settled.payload)
    place: dict[Entry, int] = {}
    fills = []
    for fill, (taker_rates, maker_rates) in zip(batch.fills, batch.rates, strict=True):
        taker = place.setdefault((fill.order_id, taker_rates), len(place))
        maker = place.setdefault((fill.counter_order_id, maker_rates), len(place))
        fills.append(BatchFill(maker, taker, fill.quantity))
    orders = [_batch_order(batch.orders[order_id], rates, batch.ladders) for order_id, rates in place]
    payload = encode_payload(orders, fills)
    return payload, payload_hash(payload)


def _batch_order(order: BookOrder, rates: tuple[int, int], ladders: Mapping[int, LadderAuthorization]) -> BatchOrder:
    signed = order.authorization
    ladder = ladders[signed.ladder] if signed.place else None
    return BatchOrder(
        order.signed,
        _authorization(signed if ladder is None else ladder),
        *rates,
        slide=abs(order.limit - order.price) if may_slide(signed.flags) else 0,
        ladder=None if ladder is None else LadderPlace(_ladder(ladder), signed.place - 1),
    )


def _authorization(signed: OrderAuthorization | LadderAuthorization) -> Authorization:
    kind = AuthorizationKind(signed.kind)
    return Authorization(signed.signature, kind, b"" if kind == AuthorizationKind.OWNER else signed.owner)


def _ladder(ladder: LadderAuthorization) -> Ladder:
    orders = (
        Order(
            ladder.market,
            order.side,
            order.price,
            order.quantity,
            order.expiry_s,
            order.seq,
            order.lane,
            order.max_fee_bps,
            order.flags,
        )
        for order in ladder.orders
    )
    return Ladder(ladder.floor, tuple(orders))

"""From a filled batch to the payload that the contract reads."""

from offchain.chain.typed_data import Order
from offchain.settlement.batcher import BookOrder, Entry, FilledBatch
from offchain.settlement.encoding import BatchFill, BatchOrder, encode_payload, may_slide, payload_hash


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
    payload = encode_payload([_batch_order(batch.orders[order_id], rates) for order_id, rates in place], fills)
    return payload, payload_hash(payload)


def _batch_order(order: BookOrder, rates: tuple[int, int]) -> BatchOrder:
    signed = order.authorization
    return BatchOrder(
        Order(
            order.market,
            order.side,
            order.price,
            order.quantity,
            signed.expiry_s,
            signed.seq,
            signed.lane,
            signed.max_fee_bps,
            signed.flags,
        ),
        signed.signature,
        *rates,
        slide=abs(order.limit - order.price) if may_slide(signed.flags) else 0,
    )

"""The bytes of websocket messages. Public ones are made once and shared by all who receive them."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from pydantic import BaseModel

from offchain.accounts.feed import AccountSnapshot, AccountUpdate
from offchain.api.views import (
    balance_body,
    fill_body,
    level_texts,
    milliseconds,
    order_body,
    prevented_match_body,
    side_name,
)
from offchain.client.stream_messages import (
    BookSnapshotMessage,
    BookUpdateMessage,
    OrderToRenewMessage,
    PrivateSnapshotMessage,
    PrivateUpdateMessage,
    StatementRequestMessage,
    StatusSnapshotMessage,
    StatusUpdateMessage,
    TradeMessage,
    TradesSnapshotMessage,
    TradesUpdateMessage,
)
from offchain.core.money import Asset, Market
from offchain.marketdata.book import BookSnapshot, BookUpdate
from offchain.marketdata.feed import TradesSnapshot, TradesUpdate
from offchain.marketdata.status import StatusSnapshot, StatusUpdate
from offchain.marketdata.trades import Trade
from offchain.sequencer.directory import Directory
from offchain.settlement.statement_desk import Asked

_SHARED_MAX: Final = 1_024
encode_message: Final = msgspec.json.Encoder().encode


class StreamTexts:
    """Makes messages from what the feeds tell."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._shared: OrderedDict[tuple[str, int, int], bytes] = OrderedDict()

    def book_snapshot(self, snapshot: BookSnapshot) -> bytes:
        """The whole depth of a market."""
        market = self._market(snapshot.market)
        bids, asks = level_texts(market, snapshot.bids), level_texts(market, snapshot.asks)
        return encode_message(BookSnapshotMessage(market.symbol, snapshot.sequence, bids, asks))

    def book_update(self, update: BookUpdate) -> bytes:
        """Levels that changed."""
        return self._once("book", update.market, update.sequence, lambda: self._book_update(update))

    def trades_snapshot(self, snapshot: TradesSnapshot) -> bytes:
        """The latest trades of a market."""
        market = self._market(snapshot.market)
        trades = [_trade(trade, market) for trade in snapshot.trades]
        return encode_message(TradesSnapshotMessage(market.symbol, snapshot.sequence, trades))

    def trades_update(self, update: TradesUpdate) -> bytes:
        """New trades."""
        return self._once("trades", update.market, update.sequence, lambda: self._trades_update(update))

    def status_snapshot(self, snapshot: StatusSnapshot) -> bytes:
        """What a market takes."""
        market = self._market(snapshot.market)
        message = StatusSnapshotMessage(market.symbol, snapshot.sequence, snapshot.status.name, snapshot.is_killed)
        return encode_message(message)

    def status_update(self, update: StatusUpdate) -> bytes:
        """What a market takes from now on."""
        return self._once("status", update.market, update.sequence, lambda: self._status_update(update))

    def private_snapshot(self, snapshot: AccountSnapshot) -> bytes:
        """An account's open orders and balances."""
        markets, assets = self._directory.markets, self._directory.assets
        orders = [_body(order_body(order, markets[order.market])) for order in snapshot.orders]
        balances = [_body(balance_body(row, assets[row.asset])) for row in snapshot.balances]
        return encode_message(PrivateSnapshotMessage(snapshot.sequence, orders, balances))

    def private_update(self, update: AccountUpdate) -> bytes:
        """What changed for an account."""
        markets: Mapping[int, Market] = self._directory.markets
        assets: Mapping[int, Asset] = self._directory.assets
        message = PrivateUpdateMessage(
            seq=update.sequence,
            prev_seq=update.previous_sequence,
            timestamp_ms=milliseconds(update.timestamp_us),
            orders=[_body(order_body(order, markets[order.market])) for order in update.orders],
            fills=[_body(fill_body(fill, markets[fill.market])) for fill in update.fills],
            balances=[_body(balance_body(row, assets[row.asset])) for row in update.balances],
            prevented_matches=[_body(prevented_match_body(row, markets[row.market])) for row in update.prevented],
        )
        return encode_message(message)

    def statement_request(self, asked: Asked) -> bytes:
        """What an account is asked to sign."""
        message = StatementRequestMessage(
            batch=asked.batch,
            previous_hash="0x" + asked.previous_hash.hex(),
            floor=asked.floor,
            floor_max=asked.floor_max,
            deltas=[(asset, str(units)) for asset, units in asked.deltas],
            fill_ids=list(asked.fills),
            renewals=[
                OrderToRenewMessage(row.order_id, row.signed.market, row.seq_step, row.quantity_lots)
                for row in asked.renewals
            ],
            deadline_ms=milliseconds(asked.deadline_us),
        )
        return encode_message(message)

    def _book_update(self, update: BookUpdate) -> bytes:
        market = self._market(update.market)
        message = BookUpdateMessage(
            market.symbol,
            update.sequence,
            update.previous_sequence,
            milliseconds(update.timestamp_us),
            level_texts(market, update.bids),
            level_texts(market, update.asks),
        )
        return encode_message(message)

    def _trades_update(self, update: TradesUpdate) -> bytes:
        market = self._market(update.market)
        trades = [_trade(trade, market) for trade in update.trades]
        message = TradesUpdateMessage(
            market.symbol, update.sequence, update.previous_sequence, trades, list(update.unwound)
        )
        return encode_message(message)

    def _status_update(self, update: StatusUpdate) -> bytes:
        market = self._market(update.market)
        message = StatusUpdateMessage(
            market=market.symbol,
            seq=update.sequence,
            prev_seq=update.previous_sequence,
            timestamp_ms=milliseconds(update.timestamp_us),
            status=update.status.name,
            killed=update.is_killed,
            halted_at_price=market.price_text(update.refused_ticks) if update.refused_ticks else None,
        )
        return encode_message(message)

    def _market(self, market: int) -> Market:
        return self._directory.markets[market]

    def _once(self, channel: str, market: int, sequence: int, make: Callable[[], bytes]) -> bytes:
        key = (channel, market, sequence)
        text = self._shared.get(key)
        if text is None:
            text = self._shared[key] = make()
            if len(self._shared) > _SHARED_MAX:
                self._shared.popitem(last=False)
        return text


def _trade(trade: Trade, market: Market) -> TradeMessage:
    return TradeMessage(
        trade_id=trade.trade_id,
        price=market.price_text(trade.price_ticks),
        quantity=market.quantity_text(trade.quantity_lots),
        taker_side=side_name(trade.taker_side).value,
        timestamp_ms=milliseconds(trade.created_us),
        unwound=trade.unwound,
    )


def _body(model: BaseModel) -> dict[str, Any]:
    return model.model_dump(mode="json", by_alias=True)

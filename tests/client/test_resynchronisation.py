"""The recipe of docs/api.md: whoever follows it has the exchange's book, whatever is lost on the way."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator

import pytest

from offchain.client.client import Client
from offchain.client.stream import Stream
from offchain.client.stream_messages import BookSnapshotMessage, BookUpdateMessage, StreamMessage
from tests.support.chainless_exchange import RunningExchange
from tests.support.waiting import PATIENCE_S

MARKET = "BTC-USDC"


class Book:
    """A book as a reader keeps it."""

    def __init__(self, snapshot: BookSnapshotMessage) -> None:
        self.bids = dict(snapshot.bids)
        self.asks = dict(snapshot.asks)

    def apply(self, update: BookUpdateMessage) -> None:
        for held, changes in ((self.bids, update.bids), (self.asks, update.asks)):
            held.update(changes)
            for price, quantity in changes:
                if quantity == "0":
                    del held[price]


class Follower:
    """Follows a book by the recipe."""

    def __init__(self) -> None:
        self.book: Book | None = None
        self.seq = 0
        self.resubscribed = 0

    async def follow_book(self, stream: "Lossy", market: str) -> None:
        await stream.subscribe("book", market)
        async for message in stream:
            if isinstance(message, BookSnapshotMessage):
                self.book, self.seq = Book(message), message.seq
            elif isinstance(message, BookUpdateMessage) and self.book is not None:
                if message.prev_seq == self.seq:
                    self.book.apply(message)
                    self.seq = message.seq
                elif message.seq > self.seq:
                    self.resubscribed += 1
                    await stream.resubscribe("book", market)  # something was missed: a new snapshot comes


class Lossy(AsyncIterator[StreamMessage]):
    """A stream that now and then loses an update, as a network or a careless reader may."""

    def __init__(self, stream: Stream, dice: random.Random, loss: float) -> None:
        self._stream = stream
        self._dice = dice
        self._loss = loss
        self.subscribe = stream.subscribe
        self.resubscribe = stream.resubscribe

    async def __anext__(self) -> StreamMessage:
        while True:
            message = await anext(self._stream)
            if not isinstance(message, BookUpdateMessage) or self._dice.random() >= self._loss:
                return message


@pytest.mark.parametrize("loss", [0.0, 0.3])
async def test_the_recipe_ends_with_the_exchanges_book(exchange: RunningExchange, client: Client, loss: float) -> None:
    dice = random.Random(7)
    wallets = [client.wallet(exchange.new_wallet(USDC="100000", BTC="100")) for _ in range(3)]
    follower = Follower()
    async with await client.stream() as stream:
        following = asyncio.create_task(follower.follow_book(Lossy(stream, dice, loss), MARKET))
        for _ in range(60):
            wallet = dice.choice(wallets)
            side = dice.choice(["BUY", "SELL"])
            order = wallet.order(MARKET, side, str(dice.randrange(95, 106)), f"0.0{dice.randrange(1, 9)}")
            later = [wallet.cancel(order.client_order_id)] if dice.random() < 0.3 else []
            await client.batch([order, *later])
        # One more change, so that a loss at the very end shows; it is told again until the follower has it.
        async with asyncio.timeout(PATIENCE_S):
            while follower.seq < (await client.read(f"/markets/{MARKET}/book"))["seq"]:
                await client.place(wallets[0].order(MARKET, "BUY", "1", "0.01"))
                await asyncio.sleep(0.05)
        following.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await following
    assert follower.book is not None
    book = await client.read(f"/markets/{MARKET}/book", limit="1000")
    assert follower.book.bids == dict(map(tuple, book["bids"]))
    assert follower.book.asks == dict(map(tuple, book["asks"]))
    assert (follower.resubscribed > 0) == (loss > 0)
    for wallet in wallets:
        await (await client.sign_in(wallet)).cancel_all()

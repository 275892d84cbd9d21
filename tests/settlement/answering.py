"""Wallets that answer for themselves: the client's own records and checks, against the settlement of a test."""

import asyncio
from contextlib import asynccontextmanager, closing

from offchain.api.stream_texts import StreamTexts
from offchain.chain.bindings import load_contract
from offchain.chain.settlement_view import SettlementView
from offchain.client.messages import PlaceMessage
from offchain.client.statement_book import StatementBook
from offchain.client.statements import signed_answer
from offchain.client.stream_messages import decode_message
from offchain.client.terms import ExchangeTerms
from offchain.client.wallet import Wallet
from offchain.core.commands import Side
from offchain.core.errors import QuantaTradeError
from offchain.core.events import EventKind
from offchain.settlement.statement_desk import SignedAnswer
from tests.settlement.settling import Settling, wallet
from tests.settlement.written_log import MARKET

WAIT_US = 2_000_000


def terms_of(settling: Settling) -> ExchangeTerms:
    exchange = settling.exchange
    return ExchangeTerms(
        chain_id=exchange.manifest.chain_id,
        contract=exchange.settlement,
        assets={asset.symbol: asset for asset in exchange.assets.values()},
        markets={market.symbol: market for market in exchange.markets.values()},
        order_min_lifetime_s=1,
    )


def sent(message) -> SignedAnswer:
    """The answer as the route reads it."""
    return SignedAnswer(
        bytes.fromhex(message.owner[2:]),
        message.batch,
        bytes.fromhex(message.previous_hash[2:]),
        message.floor,
        bytes.fromhex(message.signature[2:]),
        {ladder.market_id: bytes.fromhex(ladder.signature[2:]) for ladder in message.ladders},
    )


class Answerer:
    """The wallet of one account, and what it remembers."""

    def __init__(self, settling: Settling, account: int) -> None:
        self.settling = settling
        self.account = account
        self.owner = wallet(account).address
        self.market = settling.exchange.markets[MARKET]
        self.book = StatementBook(Wallet(wallet(account), terms_of(settling)))
        self.view = SettlementView(settling.exchange.nodes, load_contract("Settlement"), settling.exchange.settlement)
        self.read = 0
        self.refusals = []
        self.requests = []

    def tell(self) -> None:
        """What the private channel would have told by now."""
        for entry in self.settling.log.entries[self.read :]:
            for event in entry.events:
                if event.kind == EventKind.ACCEPTED and entry.command.account == self.account:
                    self._placed(entry)
                elif event.kind == EventKind.FILLED:
                    self._filled(event)
        self.read = self.settling.log.sequence

    def _placed(self, entry) -> None:
        command, signed = entry.command, entry.attachment
        name = signed.client_order_id
        self.book.placing(
            PlaceMessage(
                market=self.market.symbol,
                side=Side(command.side).name,
                price=self.market.price_text(command.price),
                quantity=self.market.quantity_text(command.quantity),
                expiry=signed.expiry_s,
                seq=signed.seq,
                lane=signed.lane,
                max_fee_bps=signed.max_fee_bps,
                client_order_id=name,
                owner="0x" + signed.owner.hex(),
                signature="0x" + signed.signature.hex(),
                flags=signed.flags,
            )
        )
        self.book.told([{"orderId": command.sequence, "clientOrderId": name, "status": "NEW"}])

    def _filled(self, event) -> None:
        sides = [
            (event.account, event.order_id, event.side, event.fee),
            (event.counter_account, event.counter_order_id, 1 - event.side, event.counter_fee),
        ]
        rows = [
            {
                "fillId": event.sequence,
                "orderId": order_id,
                "market": self.market.symbol,
                "side": Side(side).name,
                "price": self.market.price_text(event.price),
                "quantity": self.market.quantity_text(event.quantity),
                "fee": self.market.quote.to_decimal(fee),
            }
            for account, order_id, side, fee in sides
            if account == self.account
        ]
        self.book.told([], rows)

    def message(self, asked):
        """A request as the websocket tells it."""
        return decode_message(StreamTexts(None).statement_request(asked))

    async def sign(self, asked):
        self.tell()
        return await signed_answer(self.message(asked), self.book, self.view, self.owner)

    async def answer(self, asked) -> None:
        self.settling.statements.answer(sent(await self.sign(asked)))

    async def run(self) -> None:
        """Answers whatever it is asked, until it is cancelled."""
        with closing(self.settling.statements.listen(self.owner)) as requests:
            async for asked in requests:
                self.requests.append(asked)
                try:
                    await self.answer(asked)
                except QuantaTradeError as error:
                    self.refusals.append(error)


@asynccontextmanager
async def answering(*answerers: Answerer):
    """These wallets listen and answer."""
    tasks = [asyncio.create_task(answerer.run()) for answerer in answerers]
    await asyncio.sleep(0)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

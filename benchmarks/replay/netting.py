"""The wallets of a replay that answer for themselves: each listens on a websocket of its own and signs its results."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from offchain.chain.bindings import load_contract
from offchain.chain.node import NodePool
from offchain.chain.settlement_view import SettlementView
from offchain.client.client import Client
from offchain.client.messages import PlaceMessage
from offchain.client.session import Session
from offchain.client.statement_book import StatementBook
from offchain.client.statements import answer_statements
from offchain.client.terms import ExchangeTerms
from offchain.client.wallet import Wallet
from offchain.core.errors import QuantaTradeError

RECONNECT_S = 0.5


class Netting:
    """Answers for some wallets, by their own records and the chain.

    Args:
        url: the exchange.
        nodes: the chain, as the wallets see it.
        terms: the market document.
        crew: the wallets and their sessions.
    """

    def __init__(self, url: str, nodes: NodePool, terms: ExchangeTerms, crew: Sequence[tuple[Wallet, Session]]) -> None:
        self._url = url
        self._terms = terms
        self._view = SettlementView(nodes, load_contract("Settlement"), terms.contract)
        self._crew = [(StatementBook(wallet), session) for wallet, session in crew]
        self._books = {wallet.owner: book for (wallet, _), (book, _) in zip(crew, self._crew, strict=True)}

    def placing(self, message: PlaceMessage) -> None:
        """Notes an order that a wallet signed, if it is one of these."""
        book = self._books.get(message.owner)
        if book is not None:
            book.placing(message)

    @asynccontextmanager
    async def answering(self) -> AsyncIterator[None]:
        """All of them listen, and connect again whenever the exchange was away."""
        tasks = [asyncio.create_task(self._answer(book, session)) for book, session in self._crew]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _answer(self, book: StatementBook, session: Session) -> None:
        # A client of its own: a websocket holds one of the connections that a client has.
        async with Client(self._url, terms=self._terms) as client:
            while True:
                try:
                    async with await client.stream() as stream:
                        await answer_statements(client, session, stream, book, self._view)
                except QuantaTradeError:
                    await asyncio.sleep(RECONNECT_S)

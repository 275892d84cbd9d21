"""Answers for a wallet: each batch that it has fills in settles by its own word, for a fraction of the gas.

async with await client.stream() as stream:
    await answer_statements(client, session, stream, book, view)
"""

import logging
import time
from typing import Final

from offchain.chain.settlement_view import SettlementView
from offchain.client.client import Client
from offchain.client.session import Session
from offchain.client.statement_book import ChainFacts, StatementBook
from offchain.client.statement_messages import StatementMessage
from offchain.client.stream import Stream
from offchain.client.stream_messages import PrivateSnapshotMessage, PrivateUpdateMessage, StatementRequestMessage
from offchain.core.errors import ChainError, QuantaTradeError, StatementError

_log = logging.getLogger(__name__)
RENEW_TOKEN_S: Final = 300.0


async def answer_statements(
    client: Client, session: Session, stream: Stream, book: StatementBook, view: SettlementView
) -> None:
    """Follows the private channel and answers what it can; returns when it is cancelled.

    Who stays silent, for whatever reason, is settled by orders: refusals are told in the log, and nothing else comes of
    them.

    Raises:
        ServiceUnavailable: the exchange closed the stream; open a new one.
    """
    answering: StatementRequestMessage | None = None
    await stream.sign_in(session.access_token)
    await stream.subscribe("private")
    await stream.subscribe("statements")
    renewed_at = time.monotonic()
    async for message in stream:
        if isinstance(message, PrivateSnapshotMessage):
            book.told(message.orders)
        elif isinstance(message, PrivateUpdateMessage):
            book.told(message.orders, message.fills)
        elif isinstance(message, StatementRequestMessage):
            answering = message
        # A fill may be told after the request that names it.
        if answering is not None and (book.knows(answering) or _is_late(answering)):
            await _answer(client, answering, book, view)
            answering = None
        if time.monotonic() - renewed_at > RENEW_TOKEN_S:
            await session.renew()
            await stream.sign_in(session.access_token)
            renewed_at = time.monotonic()


async def signed_answer(
    request: StatementRequestMessage, book: StatementBook, view: SettlementView, owner: bytes
) -> StatementMessage:
    """The wallet's answer, checked against its own records and the chain.

    Raises:
        StatementUnsafe: it does not agree with them.
        ChainError: the chain cannot be asked.
    """
    bases, lanes = book.slots(request)
    block = await view.newest_block()
    floors = await view.floors([(owner, base) for base in bases], block)
    states = await view.lanes([(owner, base, lane) for base, lane in lanes], block)
    facts = ChainFacts(
        await view.batch_hash(block),
        {base: floor for (_, base), floor in floors.items()},
        {(base, lane): state for (_, base, lane), state in states.items()},
    )
    return book.sign(request, facts)


async def _answer(client: Client, request: StatementRequestMessage, book: StatementBook, view: SettlementView) -> None:
    try:
        await client.answer_statement(await signed_answer(request, book, view, book.owner))
    except (StatementError, ChainError) as error:
        _log.info("statement about batch %d: %s", request.batch, error)
    except QuantaTradeError as error:
        _log.warning("statement about batch %d: %s", request.batch, error)


def _is_late(request: StatementRequestMessage) -> bool:
    return time.time() * 1_000 > request.deadline_ms

"""What proves a batch's fills when its turn has come: orders as they count now, and statements of those who answer.

The payload that a batch was closed with proves each fill by the first signatures of its orders. By the time that it is
signed some orders may have been signed again; and whoever listens is asked to answer for all of its fills at once.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from copy import copy
from typing import Final, NamedTuple

from msgspec.structs import replace

from offchain.chain.settlement_view import SettlementView
from offchain.core.commands import StatementAnswer
from offchain.core.errors import MalformedPayload, QuantaTradeError, ServiceUnavailable, StateDiverged
from offchain.core.events import Event
from offchain.core.intents import Receipt, RenewAuthorization
from offchain.settlement.accounts import Account, MarketTerms
from offchain.settlement.batch import Authorization, BatchOrder, BatchPayload, Delta, LadderPlace, UnifiedStatement
from offchain.settlement.batcher import FILL_GAS, ORDER_GAS, RECORD_GAS, Batcher
from offchain.settlement.contract import ChainHead
from offchain.settlement.decoding import decode_payload
from offchain.settlement.encoding import encode_payload
from offchain.settlement.models import SettlementBatch
from offchain.settlement.net_record import NetRecord, Stated
from offchain.settlement.netting import Matched, NetPlan, plan_net
from offchain.settlement.order_book import BookOrder
from offchain.settlement.payload_format import PAYLOAD_BYTES_MAX
from offchain.settlement.renewals import Renewal, RenewalStore, due
from offchain.settlement.sections import sections_of
from offchain.settlement.statement_desk import StatementDesk
from offchain.settlement.statements import Predecessor, Standing, requests_of
from offchain.settlement.store import BatchStore

_log = logging.getLogger(__name__)
READ_TIMEOUT_S: Final = 10.0
_READ_POLL_S: Final = 0.01
Renew = Callable[[RenewAuthorization], Awaitable[Receipt]]


class Proof(NamedTuple):
    """What is signed for a batch, and where its fills are in it if some are netted."""

    payload: bytes
    record: NetRecord | None = None


class LogReading(NamedTuple):
    """How far settlement has read the log; whoever looks into the batcher holds the lock, for a thread may be at it."""

    batcher: Batcher
    lock: asyncio.Lock


class _Moment(NamedTuple):
    """A batch and all that concerns its accounts after one command of the log.

    `later_lots` are what filled of each order after the batch.
    """

    sequence: int
    fills: Sequence[Event]
    orders: Mapping[int, BookOrder]
    later_lots: Mapping[int, int]
    markets: Mapping[int, MarketTerms]

    def owner(self, order_id: int) -> bytes:
        """Whose an order is."""
        return self.orders[order_id].authorization.owner


class Prover:
    """Makes the payloads that are signed.

    Args:
        store: the batches.
        renewals: the orders that were signed again.
        desk: who is asked.
        view: the chain.
        renew: journals an answer; returns when it is durable.
        wait_us: how long answers are waited for; 0: nobody is asked.
    """

    def __init__(
        self,
        store: BatchStore,
        renewals: RenewalStore,
        desk: StatementDesk,
        view: SettlementView,
        *,
        renew: Renew,
        wait_us: int,
    ) -> None:
        self._store = store
        self._renewals = renewals
        self._desk = desk
        self._view = view
        self._renew = renew
        self._wait_us = wait_us

    async def prove(self, row: SettlementBatch, head: ChainHead, log: LogReading) -> Proof | None:
        """The payload for a batch that is to follow the head; None if it has to be split first.

        For orders may have been signed again together with others since it was closed, and all of those are sent too.

        Raises:
            NodeUnavailable: nothing is lost; try again.
            ServiceUnavailable: after a restart the log is still being read; try again.
            StateDiverged: the log does not have what the batch is made of.
        """
        fills = await asyncio.to_thread(self._store.fills_of, row)
        if not fills:
            return Proof(row.payload)
        if not await self._is_read(max(fill.command_sequence for fill in fills), log):
            raise ServiceUnavailable(
                "Settlement has not read the log up to its next batch yet.", "It goes on when it has."
            )
        moment = await self._moment(row, fills, log)
        renewed = await self._due(moment)
        answers = [] if row.by_orders or not self._wait_us else await self._answers(head, moment, renewed, log)
        if not answers and not renewed.keys() & _order_ids(fills):
            return Proof(row.payload)
        return _proof(_matched(row, moment, renewed), answers, log.batcher.max_gas)

    async def _moment(self, row: SettlementBatch, fills: Sequence[Event], log: LogReading) -> _Moment:
        accounts = {account for fill in fills for account in (fill.account, fill.counter_account)}
        async with log.lock:
            book = log.batcher.book
            orders = {order.order_id: copy(order) for order in book.orders_of(accounts)}
            later = [*await asyncio.to_thread(self._store.fills_after, row), *log.batcher.open_fills]
            sequence, markets = log.batcher.sequence, dict(book.markets)
        missing = _order_ids(fills) - orders.keys()
        if missing:
            raise StateDiverged(f"Orders {sorted(missing)[:5]} are to be settled and not in settlement's book.")
        lots: Counter[int] = Counter()
        for fill in later:
            lots[fill.order_id] += fill.quantity
            lots[fill.counter_order_id] += fill.quantity
        return _Moment(sequence, fills, orders, lots, markets)

    async def _due(self, moment: _Moment) -> dict[int, Renewal]:
        """What proves orders that were signed again, as the chain's cancel floors are."""
        owners = {order.authorization.owner for order in moment.orders.values()}
        ladders = await asyncio.to_thread(self._renewals.of_owners, owners)
        if not ladders:
            return {}
        slots = sorted({(ladder.owner, ladder.base) for ladder in ladders})
        return due(ladders, await self._view.floors(slots, await self._view.newest_block()))

    async def _answers(
        self, head: ChainHead, moment: _Moment, renewed: Mapping[int, Renewal], log: LogReading
    ) -> list[StatementAnswer]:
        """The answers that came in time and are in the log."""
        owners = {order.authorization.owner for order in moment.orders.values()}
        owners = {owner for owner in owners if self._desk.listens(owner)}
        owners -= await asyncio.to_thread(self._store.passed_over, head.number)
        if not owners:
            return []
        standing = Standing(
            [order for order in moment.orders.values() if order.authorization.owner in owners],
            {order_id: renewal.order.seq for order_id, renewal in renewed.items()},
            moment.later_lots,
            await asyncio.to_thread(self._renewals.renewed_to, owners),
            moment.markets,
        )
        requests = requests_of(moment.fills, Predecessor(*head), standing)
        answers = await self._desk.ask(requests, self._wait_us)
        journaled = await asyncio.gather(*map(self._journal, answers))
        sequence = max((sequence for sequence in journaled if sequence), default=0)
        if not await self._is_read(sequence, log):
            return []
        async with log.lock:
            book = log.batcher.book
            # Those that are filled already too: their fills are still to be proved.
            newer = [one for one in (*book.live.values(), *book.ended.values()) if one.order_id > moment.sequence]
        in_log = [answer for answer, sequence in zip(answers, journaled, strict=True) if sequence]
        return [answer for answer in in_log if not any(_ends(answer, order, moment.markets) for order in newer)]

    async def _journal(self, answer: StatementAnswer) -> int | None:
        """The command that holds an answer; None if the log does not take it."""
        try:
            return (await self._renew(RenewAuthorization(answer))).sequence
        except QuantaTradeError as error:
            _log.warning("settlement: the statement of 0x%s is not taken: %s", answer.owner.hex(), error)
            return None

    async def _is_read(self, sequence: int, log: LogReading) -> bool:
        """Whether settlement reads the log up to a command, which it does in a moment unless it stops."""
        try:
            async with asyncio.timeout(READ_TIMEOUT_S):
                while log.batcher.sequence < sequence:  # noqa: ASYNC110 - nothing tells how far the log was read
                    await asyncio.sleep(_READ_POLL_S)
        except TimeoutError:
            return False
        return True


def _ends(answer: StatementAnswer, order: BookOrder, markets: Mapping[int, MarketTerms]) -> bool:
    """Whether an answer's floor ends an order that was not there to be signed again."""
    is_named = markets[order.market].base in answer.assets if order.market in markets else False
    return order.authorization.owner == answer.owner and is_named and order.authorization.seq <= answer.floor


def _order_ids(fills: Sequence[Event]) -> set[int]:
    return {order_id for fill in fills for order_id in (fill.order_id, fill.counter_order_id)}


def _matched(row: SettlementBatch, moment: _Moment, renewed: Mapping[int, Renewal]) -> Matched:
    """The batch with its orders as they count now."""
    orders, fills, _, _ = decode_payload(row.payload)
    ids = [0] * len(orders)
    for fill, event in zip(fills, moment.fills, strict=True):
        ids[fill.maker], ids[fill.taker] = event.counter_order_id, event.order_id
    proved = [_as_it_counts(order, renewed.get(order_id)) for order, order_id in zip(orders, ids, strict=True)]
    return Matched(proved, [Account(moment.owner(order_id)) for order_id in ids], fills, moment.markets)


def _proof(matched: Matched, answers: Sequence[StatementAnswer], max_gas: int) -> Proof | None:
    """The payload with these answers; without them if it is too much, and None if that is so even then."""
    if answers:
        plan = plan_net(matched, {Account(answer.owner): _statement(answer) for answer in answers})
        payload = _encoded(plan.payload, max_gas)
        if payload is not None:
            return Proof(payload, _record(plan, answers))
    by_orders = BatchPayload(tuple(matched.orders), tuple(matched.fills))
    payload = _encoded(by_orders, max_gas)
    if payload is None and len(matched.fills) == 1:
        return Proof(encode_payload(*by_orders))
    return None if payload is None else Proof(payload)


def _encoded(batch: BatchPayload, max_gas: int) -> bytes | None:
    """The bytes of a batch; None if the format, a node or a block may have no room for it."""
    items = len(batch.orders) + sum(len(group.statements) for group in batch.groups)
    fills = len(batch.fills) + sum(len(group.halves) + 1 >> 1 for group in batch.groups)
    records = sum(len(section.records) for section in sections_of(batch.orders) if section.ladder)
    if items * ORDER_GAS + fills * FILL_GAS + records * RECORD_GAS > max_gas:
        return None
    try:
        payload = encode_payload(*batch)
    except MalformedPayload as error:
        _log.warning("settlement: a batch has to be split: %s", error)
        return None
    return payload if len(payload) <= PAYLOAD_BYTES_MAX else None


def _as_it_counts(order: BatchOrder, renewal: Renewal | None) -> BatchOrder:
    if renewal is None:
        return order
    return replace(
        order,
        order=renewal.order,
        authorization=Authorization(renewal.signature),
        ladder=LadderPlace(renewal.ladder, renewal.place),
    )


def _statement(answer: StatementAnswer) -> UnifiedStatement:
    deltas = tuple(map(Delta, answer.assets, answer.deltas))
    return UnifiedStatement(Authorization(answer.signature), answer.floor, deltas)


def _record(plan: NetPlan, answers: Sequence[StatementAnswer]) -> NetRecord:
    by_signature = {answer.signature: answer for answer in answers}
    statements = []
    for group in plan.payload.groups:
        stated = [by_signature[statement.authorization.signature] for statement in group.statements]
        statements.append(tuple(Stated(answer.owner, answer.floor, answer.assets) for answer in stated))
    return NetRecord(plan.group_fills, tuple(statements), plan.fills)

"""Brings batches onto the chain, strictly in order and one at a time.

Every look starts from the contract's own batch number and hash, not from what was sent, so a crash at any moment is
the same case as a normal turn: a batch that is on the chain is not sent again, one that got lost is.
"""

import asyncio
from collections.abc import Collection
from typing import Final

from offchain.chain.settlement_view import SettledBatch, SettlementView
from offchain.chain.typed_data import Batch
from offchain.settlement.batch_rows import pack_sequences, unpack_sequences
from offchain.settlement.contract import ChainHead, Rejection, SettlementContract
from offchain.settlement.courier import Courier, Flight
from offchain.settlement.encoding import drop_fills, payload_hash
from offchain.settlement.models import BatchStatus, SettlementBatch
from offchain.settlement.prover import LogReading, Prover
from offchain.settlement.signer import EngineKey
from offchain.settlement.store import BatchStore

BLOCKING_ERRORS: Final = frozenset(
    {
        "SettlementPaused",
        "SettlementEngineRevoked",
        "SettlementBadEngineSignature",
        "SettlementWrongBatch",
        "SettlementUnsupportedVersion",
    }
)
"""Refusals that are about the exchange and not about a fill: wait for whoever can end them."""


HEARTBEAT_S: Final = 24 * 3_600
"""After so long without a batch an empty one is sent; after `DEAD_MAN_DELAY` anybody may close the exchange."""
REORG_BLOCKS: Final = 128
"""So many blocks before the head at which a batch was signed it may be found, at most."""


class BatchSubmitter:
    """Signs batches with the engine's key and has the courier carry them.

    Args:
        contract: where they settle.
        store: where they are kept; every step is written there before it is taken.
        courier: who sends.
        engine_key: what the contract knows the engine by.
        prover: who says what proves a batch's fills.
        view: how batches came onto the chain.
    """

    def __init__(
        self,
        contract: SettlementContract,
        store: BatchStore,
        courier: Courier,
        engine_key: EngineKey,
        *,
        prover: Prover,
        view: SettlementView,
    ) -> None:
        self._contract = contract
        self._store = store
        self._courier = courier
        self._engine_key = engine_key
        self._prover = prover
        self._view = view

    async def advance(self, log: LogReading) -> int:
        """Takes the next step, and says how many closed batches are not on the chain yet.

        Raises:
            NodeUnavailable: nothing is lost; try again.
            Rejection: the contract takes no batch at all now; try again later.
            DeepReorg: the chain, as this node has it, lacks batches that were final.
            StateDiverged: the chain holds a batch that was never signed here.
        """
        if not await asyncio.to_thread(self._store.unsettled):
            return 0
        head = await self._contract.head()
        on_chain = await asyncio.to_thread(self._store.follow_chain, *head)
        for row in await asyncio.to_thread(self._store.unsettled):
            await self._compare(row, on_chain)
        # What a batch left over comes before those that had their place already.
        rows = await asyncio.to_thread(self._store.unsettled)
        waiting = [row for row in rows if row.status != BatchStatus.MINED]
        for row in waiting[1:]:
            # Signed after a batch that the chain took back: until its turn comes nobody sends it again.
            if row.status == BatchStatus.SENT:
                row.status = BatchStatus.SIGNED
                await asyncio.to_thread(self._store.save, row)
        if waiting and waiting[0].batch_hash not in on_chain:
            await self._carry(waiting[0], head, log)
        return len(waiting)

    async def price(self) -> None:
        """Writes down what batches cost that were final before `advance` saw them mined.

        Raises:
            NodeUnavailable: no node answered; try again.
        """
        for row in await asyncio.to_thread(self._store.unpriced):
            settled = await self._settled(row)
            await asyncio.to_thread(self._store.price, row, 0 if settled is None else settled.gas_used)

    async def is_heartbeat_due(self) -> bool:
        """Whether the last batch of the chain is a day old, by the chain's own time.

        Raises:
            NodeUnavailable: no node answered.
        """
        block = await self._view.newest_block()
        return block.timestamp_s - await self._view.last_batch_at(block) >= HEARTBEAT_S

    async def _compare(self, row: SettlementBatch, on_chain: Collection[bytes]) -> None:
        """Brings a batch's status up to what the chain says."""
        is_on_chain = row.batch_hash in on_chain
        if is_on_chain and row.status != BatchStatus.MINED:
            await self._note_mined(row)
        elif not is_on_chain and row.status == BatchStatus.MINED:
            # A reorganisation took it off the chain again; its transaction is then followed like any sent one.
            row.status = BatchStatus.SIGNED if row.nonce is None else BatchStatus.SENT
            await asyncio.to_thread(self._store.save, row)

    async def _note_mined(self, row: SettlementBatch) -> None:
        """Writes down what a batch cost, and has what its net groups left over settled next."""
        settled = await self._settled(row)
        if settled is None:
            return
        row.status, row.gas_used = BatchStatus.MINED, settled.gas_used
        await asyncio.to_thread(self._store.mined, row, settled.skipped_groups)

    async def _settled(self, row: SettlementBatch) -> SettledBatch | None:
        assert row.number is not None
        assert row.batch_hash is not None
        return await self._view.settled(row.batch_hash, row.number, max(0, (row.signed_block or 0) - REORG_BLOCKS))

    async def _carry(self, row: SettlementBatch, head: ChainHead, log: LogReading) -> None:
        if (row.number, row.previous_hash) != (head.number + 1, head.batch_hash):
            if row.batch_hash is not None:
                # It may still settle after the batch that it was signed after.
                await self._fall_back(row, "It was signed after another batch than the chain has.")
                return
            if not await self._sign(row, head, log):
                return
        if row.status == BatchStatus.SENT:
            await self._follow(row)
            return
        try:
            gas = await self._contract.trial(self._calldata(row), self._courier.address)
        except Rejection as rejection:
            await self._rebuild(row, rejection)
            return
        await self._courier.prepare(row, self._calldata(row), gas)
        row.status, row.error = BatchStatus.SENT, None
        if await asyncio.to_thread(self._store.save, row):
            await self._courier.send(row, self._calldata(row))

    async def _follow(self, row: SettlementBatch) -> None:
        flight = await self._courier.flight(row)
        if flight is Flight.LANDED:
            # Mined between the two looks, or reverted: then it is tried again from the start.
            if (await self._contract.head()).number < (row.number or 0):
                row.status, row.error = BatchStatus.SIGNED, "Its transaction was mined and reverted."
                await asyncio.to_thread(self._store.save, row)
        elif flight is Flight.BLOCKED:
            row.status = BatchStatus.SIGNED
            await asyncio.to_thread(self._store.save, row)
        elif flight is Flight.LOST:
            await self._courier.send(row, self._calldata(row))
        elif flight is Flight.STUCK:
            await self._courier.raise_fees(row, self._calldata(row))
            await asyncio.to_thread(self._store.save, row)
            await self._courier.send(row, self._calldata(row))

    async def _sign(self, row: SettlementBatch, head: ChainHead, log: LogReading) -> bool:
        """Whether a batch was signed; if its proofs have outgrown it, it is split instead."""
        block = await self._view.newest_block()
        proof = await self._prover.prove(row, head, log)
        if proof is None:
            await asyncio.to_thread(self._store.split, row)
            return False
        row.sent_payload = None if proof.payload == row.payload else proof.payload
        row.payload_hash = payload_hash(proof.payload)
        row.net = None if proof.record is None else proof.record.pack()
        row.netted_fills = 0 if proof.record is None else len(proof.record.netted)
        row.statements = 0 if proof.record is None else sum(map(len, proof.record.statements))
        row.number, row.previous_hash, row.signed_block = head.number + 1, head.batch_hash, int(block.tag, 16)
        batch = _batch(row, row.payload_hash)
        row.batch_hash = self._contract.batch_hash(batch)
        row.signature = await self._engine_key.sign(batch, self._contract.domain_separator)
        row.status = BatchStatus.SIGNED
        return await asyncio.to_thread(self._store.save_signed, row)

    def _calldata(self, row: SettlementBatch) -> bytes:
        assert row.signature is not None
        payload = row.payload if row.sent_payload is None else row.sent_payload
        return self._contract.settle_calldata(_batch(row, row.payload_hash), payload, row.signature)

    async def _fall_back(self, row: SettlementBatch, reason: str) -> None:
        """Has orders prove all fills of a batch that was signed otherwise, or for another place."""
        packed = (row.payload, payload_hash(row.payload))
        await asyncio.to_thread(self._store.replace, row, reason, (), packed)

    async def _rebuild(self, row: SettlementBatch, rejection: Rejection) -> None:
        """Finds the fills with which the batch reverts and puts a batch without them in its place."""
        if rejection.error in BLOCKING_ERRORS:
            raise rejection
        if row.sent_payload is not None and row.net is not None:
            await self._fall_back(row, str(rejection))
            return
        if not await self._passes(row, []):
            raise rejection
        kept = list(range(len(unpack_sequences(row.fill_events))))
        offenders: list[int] = []
        while not await self._passes(row, kept):
            offenders.append(kept.pop(await self._first_offender(row, kept)))
        if not offenders:
            raise rejection
        payload = drop_fills(row.payload, offenders)
        await asyncio.to_thread(
            self._store.replace, row, str(rejection), sorted(offenders), (payload, payload_hash(payload))
        )

    async def _first_offender(self, row: SettlementBatch, kept: list[int]) -> int:
        """The place in `kept` of a fill that makes the fills up to it revert, which pass without it."""
        passing, failing = 0, len(kept)
        while failing - passing > 1:
            middle = (passing + failing) // 2
            if await self._passes(row, kept[:middle]):
                passing = middle
            else:
                failing = middle
        return failing - 1

    async def _passes(self, row: SettlementBatch, kept: list[int]) -> bool:
        tried = self._variant(row, kept)
        batch = _batch(tried, tried.payload_hash)
        tried.batch_hash = self._contract.batch_hash(batch)
        tried.signature = await self._engine_key.sign(batch, self._contract.domain_separator)
        # Whoever is asked to try it has all that it takes to submit it.
        calldata = self._calldata(tried)
        await asyncio.to_thread(self._store.keep_tried, tried)
        try:
            await self._contract.trial(calldata, self._courier.address)
        except Rejection as rejection:
            if rejection.error in BLOCKING_ERRORS:
                raise
            return False
        return True

    def _variant(self, row: SettlementBatch, kept: list[int]) -> SettlementBatch:
        """A batch with some of a signed one's fills, in the same place."""
        events = unpack_sequences(row.fill_events)
        dropped = [index for index in range(len(events)) if index not in set(kept)]
        sent = None if row.sent_payload is None else drop_fills(row.sent_payload, dropped)
        payload = drop_fills(row.payload, dropped)
        return SettlementBatch(
            position=row.position,
            status=BatchStatus.TRIED,
            number=row.number,
            previous_hash=row.previous_hash,
            through_sequence=row.through_sequence,
            journal_root=row.journal_root,
            payload=payload,
            payload_hash=payload_hash(payload if sent is None else sent),
            sent_payload=sent,
            fill_events=pack_sequences(events[index] for index in kept),
            first_fill_us=row.first_fill_us,
            by_orders=1,
            left_over_of=row.left_over_of,
            signed_block=row.signed_block,
            closed_us=row.closed_us,
        )


def _batch(row: SettlementBatch, payload_hash: bytes) -> Batch:
    assert row.number is not None
    assert row.previous_hash is not None
    return Batch(row.number, payload_hash, row.previous_hash, row.journal_root, row.through_sequence)

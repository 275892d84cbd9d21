"""Brings batches onto the chain, strictly in order and one at a time.

Every look starts from the contract's own batch number and hash, not from what was sent, so a crash at any moment is
the same case as a normal turn: a batch that is on the chain is not sent again, one that got lost is.
"""

import asyncio
from typing import Final

from offchain.chain.keys import Signer
from offchain.chain.typed_data import Batch
from offchain.core.errors import DeepReorg, StateDiverged
from offchain.settlement.contract import ChainHead, Rejection, SettlementContract
from offchain.settlement.courier import Courier, Flight
from offchain.settlement.encoding import drop_fills, payload_hash
from offchain.settlement.models import BatchStatus, SettlementBatch
from offchain.settlement.store import BatchStore, unpack_sequences

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


_NOT_OURS: Final = "Restore the settlement tables or empty them all, or find out who else holds the engine's key."


class BatchSubmitter:
    """Signs batches with the engine's key and has the courier carry them.

    Args:
        contract: where they settle.
        store: where they are kept; every step is written there before it is taken.
        courier: who sends.
        engine_key: what the contract knows the engine by.
    """

    def __init__(
        self,
        contract: SettlementContract,
        store: BatchStore,
        courier: Courier,
        engine_key: Signer,
    ) -> None:
        self._contract = contract
        self._store = store
        self._courier = courier
        self._engine_key = engine_key

    async def advance(self) -> int:
        """Takes the next step, and says how many closed batches are not on the chain yet.

        Raises:
            NodeUnavailable: nothing is lost; try again.
            Rejection: the contract takes no batch at all now; try again later.
            DeepReorg: the chain, as this node has it, lacks batches that were final.
            StateDiverged: the chain holds a batch that was never signed here.
        """
        rows = await asyncio.to_thread(self._store.unsettled)
        if not rows:
            return 0
        head = await self._contract.head()
        confirmed = await asyncio.to_thread(self._store.confirmed_number)
        if head.number < confirmed:
            raise DeepReorg(
                f"The chain is at batch {head.number}; batch {confirmed} was final already.",
                "If the node is only behind, wait; otherwise restore the chain.",
            )
        if await self._adopt_refused(head):
            rows = await asyncio.to_thread(self._store.unsettled)
        waiting = [row for row in rows if not await self._is_on_chain(row, head)]
        if waiting:
            await self._carry(waiting[0], head)
        return len(waiting)

    async def _adopt_refused(self, head: ChainHead) -> bool:
        """Whether the newest batch of the chain is one that was refused and replaced: anybody may submit those."""
        if head.number == 0:
            return False
        settled = await asyncio.to_thread(self._store.by_hash, head.batch_hash)
        if settled is None:
            raise StateDiverged(
                f"The chain settled batch {head.number} with hash 0x{head.batch_hash.hex()}, not signed here.",
                _NOT_OURS,
            )
        if settled.status != BatchStatus.FAILED:
            return False
        await asyncio.to_thread(self._store.adopt, settled)
        return True

    async def _is_on_chain(self, row: SettlementBatch, head: ChainHead) -> bool:
        on_chain = row.number is not None and row.number <= head.number
        # A reorganisation takes a batch off the chain again; its transaction is then followed like any sent one.
        off_chain = BatchStatus.SIGNED if row.nonce is None else BatchStatus.SENT
        status = BatchStatus.MINED if on_chain else off_chain
        if on_chain != (row.status == BatchStatus.MINED):
            row.status = status
            await asyncio.to_thread(self._store.save, row)
        return on_chain

    async def _carry(self, row: SettlementBatch, head: ChainHead) -> None:
        if (row.number, row.previous_hash) != (head.number + 1, head.batch_hash):
            await self._sign(row, head)
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

    async def _sign(self, row: SettlementBatch, head: ChainHead) -> None:
        row.number, row.previous_hash = head.number + 1, head.batch_hash
        batch = _batch(row, row.payload_hash)
        row.batch_hash = self._contract.batch_hash(batch)
        row.signature = self._engine_key.sign_digest(batch.digest(self._contract.domain_separator))
        row.status = BatchStatus.SIGNED
        await asyncio.to_thread(self._store.save, row)

    def _calldata(self, row: SettlementBatch) -> bytes:
        assert row.signature is not None
        return self._contract.settle_calldata(_batch(row, row.payload_hash), row.payload, row.signature)

    async def _rebuild(self, row: SettlementBatch, rejection: Rejection) -> None:
        """Finds the fills with which the batch reverts and puts a batch without them in its place."""
        if rejection.error in BLOCKING_ERRORS or not await self._passes(row, []):
            raise rejection
        kept = list(range(len(unpack_sequences(row.fill_events))))
        offenders: list[int] = []
        while not await self._passes(row, kept):
            offenders.append(kept.pop(await self._first_offender(row, kept)))
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
        dropped = [index for index in range(len(unpack_sequences(row.fill_events))) if index not in set(kept)]
        payload = drop_fills(row.payload, dropped)
        batch = _batch(row, payload_hash(payload))
        signature = self._engine_key.sign_digest(batch.digest(self._contract.domain_separator))
        try:
            await self._contract.trial(self._contract.settle_calldata(batch, payload, signature), self._courier.address)
        except Rejection as rejection:
            if rejection.error in BLOCKING_ERRORS:
                raise
            return False
        return True


def _batch(row: SettlementBatch, payload_hash: bytes) -> Batch:
    assert row.number is not None
    assert row.previous_hash is not None
    return Batch(row.number, payload_hash, row.previous_hash, row.journal_root, row.through_sequence)

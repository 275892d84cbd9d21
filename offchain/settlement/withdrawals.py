"""Withdrawals: co-signed once all before them is settled, sent by us or by anybody, given back when they lapse."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from offchain.chain.typed_data import WithdrawalApproval
from offchain.core.clock import ClockUs
from offchain.core.intents import RevertWithdrawal
from offchain.settlement.contract import FinalBlock, Rejection, SettlementContract
from offchain.settlement.courier import Courier, Flight
from offchain.settlement.models import SettlementWithdrawal, WithdrawalStatus
from offchain.settlement.signer import EngineKey
from offchain.settlement.withdrawal_store import WithdrawalStore

IN_FLIGHT_MAX: Final = 16
"""Withdrawals sent at a time; their nonces follow each other, so one that is stuck holds up the later ones."""
_RETRY_US: Final = 5_000_000
_OPEN: Final = (WithdrawalStatus.WAITING, WithdrawalStatus.APPROVED, WithdrawalStatus.SENT)
SubmitRevert = Callable[[RevertWithdrawal], Awaitable[object]]


class WithdrawalDesk:
    """Takes withdrawals from the log's WITHDRAW to the contract.

    Args:
        contract: what pays.
        store: where withdrawals are kept; every step is written there before it is taken.
        courier: who sends.
        engine_key: the co-signer.
        submit: the sequencer's `submit`.
        clock: microseconds since 1970.
        confirmations: blocks on top of a block that make it final.
    """

    def __init__(
        self,
        contract: SettlementContract,
        store: WithdrawalStore,
        courier: Courier,
        engine_key: EngineKey,
        *,
        submit: SubmitRevert,
        clock: ClockUs,
        confirmations: int,
    ) -> None:
        self._contract = contract
        self._store = store
        self._courier = courier
        self._engine_key = engine_key
        self._submit = submit
        self._clock = clock
        self._confirmations = confirmations
        self._reverted: set[int] = set()

    def unpaid(self) -> list[SettlementWithdrawal]:
        """The withdrawals that the log has neither as paid nor as reverted."""
        return self._store.in_status(*_OPEN, WithdrawalStatus.LAPSED)

    async def approve(self, first_unsettled: int | None, seen: int) -> None:
        """Co-signs what no unsettled fill comes before.

        Args:
            first_unsettled: the first command of which a fill is not settled, if any.
            seen: the last command of which the fills are known here.
        """
        for row in await asyncio.to_thread(self._store.in_status, WithdrawalStatus.WAITING):
            if row.sequence > seen or (first_unsettled is not None and first_unsettled < row.sequence):
                return
            if row.deadline_s * 1_000_000 <= self._clock():
                continue
            row.approval_signature = await self._engine_key.sign(_approval(row), self._contract.domain_separator)
            row.status = WithdrawalStatus.APPROVED
            await asyncio.to_thread(self._store.save, row, expected=(WithdrawalStatus.WAITING,))

    async def advance(self) -> None:
        """Sends what is approved and follows what is sent.

        Raises:
            NodeUnavailable: nothing is lost; try again.
        """
        sent = await asyncio.to_thread(self._store.in_status, WithdrawalStatus.SENT)
        for row in sent:
            await self._follow(row)
        approved = await asyncio.to_thread(self._store.in_status, WithdrawalStatus.APPROVED)
        due = [row for row in approved if row.error is None or self._clock() - (row.sent_us or 0) > _RETRY_US]
        # Those that the contract refuses come after all others, and never more at a time than may be in flight: however
        # many there are, batches and other withdrawals get their turn.
        due.sort(key=lambda row: (row.error is not None, row.sent_us or 0))
        for row in due[: max(0, IN_FLIGHT_MAX - len(sent))]:
            await self._send(row)

    async def give_back_lapsed(self) -> None:
        """Reverts what can never be paid any more: its deadline passed on the final chain and its nonce is unused.

        Raises:
            NodeUnavailable: nothing is lost; try again.
        """
        now_s = self._clock() // 1_000_000
        rows = await asyncio.to_thread(self._store.in_status, *_OPEN)
        overdue = [row for row in rows if row.deadline_s < now_s]
        if overdue:
            final = await self._contract.final_block(self._confirmations)
            for row in overdue:
                await self._lapse(row, final)
        for row in await asyncio.to_thread(self._store.in_status, WithdrawalStatus.LAPSED):
            if row.sequence not in self._reverted:
                await self._submit(RevertWithdrawal(row.sequence))
                self._reverted.add(row.sequence)

    async def _lapse(self, row: SettlementWithdrawal, final: FinalBlock) -> None:
        if final.timestamp_s <= row.deadline_s:
            return
        if not await self._contract.nonce_used(row.owner, row.withdrawal_nonce, final.tag):
            row.status = WithdrawalStatus.LAPSED
            await asyncio.to_thread(self._store.save, row, expected=_OPEN)

    async def _send(self, row: SettlementWithdrawal) -> None:
        calldata = self._calldata(row)
        try:
            gas = await self._contract.trial(calldata, self._courier.address)
        except Rejection as rejection:
            # Somebody else may have used it already; otherwise it is tried again until its deadline.
            row.error, row.sent_us = str(rejection), self._clock()
            await asyncio.to_thread(self._store.save, row, expected=(WithdrawalStatus.APPROVED,))
            return
        await self._courier.prepare(row, calldata, gas)
        row.status, row.error = WithdrawalStatus.SENT, None
        if await asyncio.to_thread(self._store.save, row, expected=(WithdrawalStatus.APPROVED,)):
            await self._courier.send(row, calldata)

    async def _follow(self, row: SettlementWithdrawal) -> None:
        calldata = self._calldata(row)
        flight = await self._courier.flight(row)
        if flight is Flight.LANDED:
            if await self._contract.nonce_used(row.owner, row.withdrawal_nonce, "latest"):
                return
            row.status, row.error = WithdrawalStatus.APPROVED, "Its transaction was mined and reverted."
            await asyncio.to_thread(self._store.save, row, expected=(WithdrawalStatus.SENT,))
        elif flight is Flight.BLOCKED:
            row.status = WithdrawalStatus.APPROVED
            await asyncio.to_thread(self._store.save, row, expected=(WithdrawalStatus.SENT,))
        elif flight is Flight.LOST:
            await self._courier.send(row, calldata)
        elif flight is Flight.STUCK:
            await self._courier.raise_fees(row, calldata)
            await asyncio.to_thread(self._store.save, row, expected=(WithdrawalStatus.SENT,))
            await self._courier.send(row, calldata)

    def _calldata(self, row: SettlementWithdrawal) -> bytes:
        assert row.approval_signature is not None
        return self._contract.withdraw_calldata(_approval(row), row.owner_signature, row.approval_signature)


def _approval(row: SettlementWithdrawal) -> WithdrawalApproval:
    return WithdrawalApproval(row.owner, row.asset, row.amount_units, row.withdrawal_nonce, row.deadline_s)

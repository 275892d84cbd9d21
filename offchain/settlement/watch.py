"""Reconciles the running exchange from time to time, at a moment when all its parts stand at the same command."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import msgspec
from sqlalchemy.exc import OperationalError

from offchain.core.clock import ClockUs
from offchain.core.errors import QuantaTradeError
from offchain.core.money import Asset, Market
from offchain.settlement.contract import SettlementContract
from offchain.settlement.reconcile import Books, Holding, Reconciliation, reconcile

ATTEMPTS: Final = 40
ATTEMPT_PAUSE_S: Final = 0.25
_log = logging.getLogger(__name__)


class EngineBooks(msgspec.Struct, frozen=True):
    """The engine's side after a command: total units by holding, and the block of the last chain fact in them."""

    sequence: int
    chain_block: int
    owners: Mapping[int, bytes]
    assets: Mapping[int, Asset]
    markets: Mapping[int, Market]
    totals: Mapping[Holding, int]


class Sources(msgspec.Struct, frozen=True):
    """Where the sides are read from.

    Args:
        engine: the engine's books, or None while it is ahead of what is durable.
        ledger: the command that the ledger stands at, and its total units by holding; it may block.
        in_transit: the settlement service's `in_transit`.
        published_block: the newest final block, once every fact up to it is in the log; None until then.
        isolated: units in isolated accounts by asset as of a final block; it may block.
    """

    engine: Callable[[], EngineBooks | None]
    ledger: Callable[[], tuple[int, Mapping[Holding, int]]]
    in_transit: Callable[[Mapping[int, Market]], Awaitable[tuple[int, Mapping[Holding, int]]]]
    published_block: Callable[[], int | None]
    isolated: Callable[[int], Mapping[int, int]]


class ReconciliationWatch:
    """Compares engine, ledger and contract every `interval_s` seconds, and says what it found.

    A busy exchange may have no quiet moment for a while; then the last finding stands, with its time.
    """

    def __init__(self, contract: SettlementContract, sources: Sources, *, clock: ClockUs, interval_s: float) -> None:
        self._contract = contract
        self._sources = sources
        self._clock = clock
        self._interval_s = interval_s
        self._task: asyncio.Task[None] | None = None
        self.last: Reconciliation | None = None
        """The last finding; None before the first."""
        self.checked_us = 0
        """When it was made."""

    async def start(self) -> None:
        """Begins to look."""
        self._task = asyncio.create_task(self._run(), name="reconciliation")

    async def stop(self) -> None:
        """Ends."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def check(self) -> Reconciliation | None:
        """One comparison; None where the parts were never at the same command.

        Raises:
            NodeUnavailable: no node answered.
            ChainError: the node refused a read.
        """
        for _ in range(ATTEMPTS):
            moment = await self._moment()
            if moment is not None:
                self.last = await reconcile(self._contract, *moment)
                self.checked_us = self._clock()
                return self.last
            await asyncio.sleep(ATTEMPT_PAUSE_S)
        return None

    async def _moment(self) -> tuple[Books, int] | None:
        """Books of one command and the block that they must agree with."""
        block = self._sources.published_block()
        engine = self._sources.engine()
        if block is None or engine is None or engine.chain_block > block:
            return None
        sequence, in_transit = await self._sources.in_transit(engine.markets)
        ledger_sequence, ledger = await asyncio.to_thread(self._sources.ledger)
        if not engine.sequence == sequence == ledger_sequence:
            return None
        isolated = await asyncio.to_thread(self._sources.isolated, block)
        return Books(engine.owners, engine.assets, engine.totals, ledger, in_transit, isolated), block

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._interval_s)
            try:
                found = await self.check()
            except (QuantaTradeError, OperationalError) as error:
                _log.warning("reconciliation: %s", error)
                continue
            if found is not None and not found.is_clean:
                _log.critical("reconciliation: at block %d the books do not agree: %s", found.block, found)

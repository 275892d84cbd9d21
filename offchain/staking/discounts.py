"""Discounts as they run: what final facts of the chain entitle accounts to is journaled, when it changes.

Nothing is remembered beside the log and the tables: what is due is the difference between what the log has set and what
the tables say as of the last final block. So a crash at any point neither loses a change nor journals one twice.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import msgspec

from offchain.core.commands import CommandKind, OperatorMark
from offchain.core.errors import QuantaTradeError, public_reason
from offchain.core.events import LoggedCommand
from offchain.core.intents import SetDiscounts
from offchain.staking.entitlements import Due, Entitlements

_log = logging.getLogger(__name__)
_PAGE: Final = 200


class DiscountStatus(msgspec.Struct, frozen=True):
    """How it stands: through which final block accounts have what they are entitled to; -1: none yet."""

    through_block: int
    journaled: int
    error: str


class Sources(msgspec.Struct, frozen=True):
    """What it works with.

    Args:
        entitlements: what is due by the tables; it blocks.
        submit: journals discounts, in order; none after one that is refused.
        tables_caught_up: returns once the tables show all of the log that there is now.
        chain_caught_up: whether the indexer has read the chain to its end; before that its tables are of the past.
    """

    entitlements: Entitlements
    submit: Callable[[Sequence[SetDiscounts]], Awaitable[None]]
    tables_caught_up: Callable[[], Awaitable[None]]
    chain_caught_up: Callable[[], bool]


class DiscountKeeper:
    """Journals discounts. It looks at the chain's tables every `interval_s` seconds."""

    def __init__(self, sources: Sources, interval_s: float) -> None:
        self._sources = sources
        self._interval_s = interval_s
        self._task: asyncio.Task[None] | None = None
        self._through: int | None = None
        self._accounts: dict[int, int] = {}
        """Those to look at whatever the chain says, and the last command that made it so."""
        self._journaled = 0
        self._error = ""

    async def start(self) -> None:
        """Begins to look."""
        self._task = asyncio.create_task(self._run(), name="discounts")

    async def stop(self) -> None:
        """Ends; what it is journaling is journaled first, or due again at the next start."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def deliver(self, logged: Sequence[LoggedCommand]) -> None:
        """Follows the log: whoever opens an account may hold something already, and operators give accounts back."""
        for one in logged:
            kind = one.command.kind
            of_operator = kind == CommandKind.SET_DISCOUNTS and isinstance(one.attachment, OperatorMark)
            if kind == CommandKind.OPEN_ACCOUNT or of_operator:
                self._accounts[one.command.account] = one.command.sequence

    def status(self) -> DiscountStatus:
        """How it stands."""
        return DiscountStatus(-1 if self._through is None else self._through, self._journaled, self._error)

    async def look(self) -> None:
        """Journals what is due now.

        Raises:
            QuantaTradeError: a discount was refused, or the tables are behind; it is due again at the next look.
        """
        if not self._sources.chain_caught_up():
            return
        accounts = dict(self._accounts)
        entitlements, through = self._sources.entitlements, self._through
        if not accounts and through is not None and await asyncio.to_thread(entitlements.final_block) == through:
            return
        await self._sources.tables_caught_up()
        found = await asyncio.to_thread(entitlements.find, through, accounts.keys())
        for start in range(0, len(found.due), _PAGE):
            await self._journal(found.due[start : start + _PAGE])
        if found.through_block >= 0:
            self._through = found.through_block
            # What came for an account since then is not in what was found.
            self._accounts = dict(self._accounts.items() - accounts.items())

    async def _journal(self, page: Sequence[Due]) -> None:
        await self._sources.submit([SetDiscounts(due.owner, *due.discount) for due in page])
        self._journaled += len(page)

    async def _run(self) -> None:
        while True:
            try:
                await self.look()
            # Whatever it is: a failure to work out one look must not end all later ones, nor stay untold.
            except Exception as error:
                if public_reason(error) != self._error:
                    known = isinstance(error, QuantaTradeError)
                    _log.warning("discounts wait: %s", error, exc_info=None if known else error)
                self._error = public_reason(error)
            else:
                self._error = ""
            await asyncio.sleep(self._interval_s)

"""What the public API says about a replay: how settlement kept up, and what traded."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from benchmarks.replay.driver import Played
from offchain.client.client import Client
from offchain.client.session import Session
from offchain.core.errors import ServiceUnavailable

_PAGE: Final = 500
_SETTLE_TIMEOUT_S: Final = 180.0
_POLL_S: Final = 0.25


class SettlementWatch:
    """Looks at settlement while the recording plays, and remembers the longest lag that it saw."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.longest_lag_ms = 0

    async def run(self) -> None:
        """Looks again and again until cancelled; an exchange that is away is looked at later."""
        while True:
            with contextlib.suppress(ServiceUnavailable):
                await self.look()
            await asyncio.sleep(_POLL_S)

    async def look(self) -> dict[str, Any]:
        """The figures of settlement now."""
        status = await self._client.read("/status")
        figures: dict[str, Any] = next(part["figures"] for part in status["components"] if part["name"] == "settlement")
        self.longest_lag_ms = max(self.longest_lag_ms, figures["lagMs"])
        return figures

    async def until_settled(self) -> dict[str, Any]:
        """The figures once the log is read to its end and no fill is pending.

        Raises:
            TimeoutError: that does not come to be within three minutes.
        """
        deadline = time.monotonic() + _SETTLE_TIMEOUT_S
        while time.monotonic() < deadline:
            with contextlib.suppress(ServiceUnavailable):
                end = (await self._client.read("/status"))["lastSequence"]
                figures = await self.look()
                if figures["pendingFills"] == 0 and figures["sequence"] >= end:
                    return figures
            await asyncio.sleep(_POLL_S)
        raise TimeoutError("fills are still pending")


async def trades_of(client: Client, market: str) -> Counter[tuple[Decimal, Decimal]]:
    """The multiset of (price, quantity) that traded in a market, read page by page."""
    found: Counter[tuple[Decimal, Decimal]] = Counter()
    query = {"limit": str(_PAGE)}
    while True:
        page = await client.read(f"/markets/{market}/trades", **query)
        for trade in page["trades"]:
            found[Decimal(trade["price"]).normalize(), Decimal(trade["quantity"]).normalize()] += 1
        if page["nextBefore"] is None:
            return found
        query["before"] = str(page["nextBefore"])


async def lost_acknowledgements(sessions: Mapping[bytes, Session], played: Played) -> int:
    """How many acknowledged orders the exchange does not know under the id that it gave them; sessions by owner."""
    lost = 0
    for owner, orders in played.acknowledged.items():
        known = {row["clientOrderId"]: row["orderId"] async for row in sessions[bytes.fromhex(owner[2:])].orders()}
        lost += sum(known.get(name) != order_id for name, order_id in orders.items())
    return lost

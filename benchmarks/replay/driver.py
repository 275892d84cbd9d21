"""Plays a recording against the running exchange: in order, in batches, and again whatever was not answered."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final, Literal

from benchmarks.replay.recording import RecordedDeletion, RecordedOrder
from offchain.client.client import Client, Outcome
from offchain.client.messages import OPERATIONS_MAX, CancelMessage, PlacedMessage, PlaceMessage
from offchain.client.wallet import Wallet
from offchain.core.commands import Side
from offchain.core.errors import OrderNotOpen, QuantaTradeError, ServiceUnavailable, TooManyRequests

RETRY_S: Final = 0.2
_GIVE_UP_AFTER_S: Final = 120.0
_ORDER_LIFE_S: Final = 30 * 24 * 3_600
Step = RecordedOrder | RecordedDeletion
Operation = PlaceMessage | CancelMessage


@dataclass
class Played:
    """What came of the steps. `acknowledged` holds, by owner, the order id that each client order id was given."""

    orders_signed: int = 0
    cancels_sent: int = 0
    cancelled: int = 0
    acknowledged: dict[str, dict[str, int]] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    elapsed_s: float = 0.0


class Driver:
    """Gives each recorded order to one of the wallets and sends it; its recorded deletion cancels it.

    Args:
        client: the exchange.
        wallets: who trades.
        market: the market's symbol.
        speed: recorded seconds per second, or 0 for as fast as it goes.
        progress: told how many steps are done.
        placing: told of each order before it is sent.
    """

    def __init__(
        self,
        client: Client,
        wallets: Sequence[Wallet],
        market: str,
        speed: float,
        *,
        progress: Callable[[int], None],
        placing: Callable[[PlaceMessage], None],
    ) -> None:
        self._client = client
        self._wallets = wallets
        self._market = market
        self._speed = speed
        self._progress = progress
        self._placing = placing
        self._resting: dict[int, tuple[Wallet, str]] = {}
        self._expiry_s = int(time.time()) + _ORDER_LIFE_S
        self.played = Played()

    async def play(self, steps: Sequence[Step]) -> Played:
        """Plays all steps.

        Raises:
            ServiceUnavailable: the exchange has not answered for two minutes.
        """
        started = time.monotonic()
        for batch in self._batches(steps):
            if self._speed:
                due_s = (batch[-1].at_ms - steps[0].at_ms) / 1_000 / self._speed
                await asyncio.sleep(max(0.0, started + due_s - time.monotonic()))
            operations = [operation for step in batch if (operation := self._operation(step)) is not None]
            if operations:
                self._note(operations, await self._send(operations))
            self._progress(len(batch))
        self.played.elapsed_s = time.monotonic() - started
        return self.played

    def _batches(self, steps: Sequence[Step]) -> Iterator[list[Step]]:
        rest = iter(steps)
        while batch := list(islice(rest, OPERATIONS_MAX if not self._speed else 1)):
            yield batch

    def _operation(self, step: Step) -> Operation | None:
        if isinstance(step, RecordedDeletion):
            return self._cancel(step)
        wallet = self._wallets[step.recorded_id % len(self._wallets)]
        # A few recorded ids come in twice: once as part of the opening book, once as an order.
        name = f"replay-{step.recorded_id}-{self.played.orders_signed}"
        self._resting[step.recorded_id] = wallet, name
        self.played.orders_signed += 1
        side: Literal["BUY", "SELL"] = "BUY" if step.side is Side.BUY else "SELL"
        order = wallet.order(
            self._market, side, step.price, step.quantity, client_order_id=name, expiry_s=self._expiry_s
        )
        self._placing(order)
        return order

    def _cancel(self, step: RecordedDeletion) -> CancelMessage | None:
        if step.recorded_id not in self._resting:
            return None
        wallet, name = self._resting.pop(step.recorded_id)
        wallet.release(name)
        self.played.cancels_sent += 1
        return wallet.cancel(name)

    async def _send(self, operations: Sequence[Operation]) -> list[Outcome]:
        deadline = time.monotonic() + _GIVE_UP_AFTER_S
        while True:
            try:
                outcomes = await self._client.batch(operations)
            except (ServiceUnavailable, TooManyRequests):
                if time.monotonic() > deadline:
                    raise
            else:
                if not any(isinstance(outcome, ServiceUnavailable) for outcome in outcomes):
                    return outcomes
            await asyncio.sleep(RETRY_S)

    def _note(self, operations: Sequence[Operation], outcomes: Sequence[Outcome]) -> None:
        for operation, outcome in zip(operations, outcomes, strict=True):
            if isinstance(operation, PlaceMessage) and isinstance(outcome, PlacedMessage):
                orders = self.played.acknowledged.setdefault(operation.owner, {})
                orders[operation.client_order_id] = outcome.order_id
            elif not isinstance(outcome, QuantaTradeError):
                self.played.cancelled += 1
            elif isinstance(operation, PlaceMessage) or not isinstance(outcome, OrderNotOpen):
                self.played.refused.append(str(outcome))

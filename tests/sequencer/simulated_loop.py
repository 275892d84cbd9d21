"""An event loop on a clock of its own: nothing waits, threads are none, and the same seed gives the same order."""

import asyncio
from collections.abc import Callable, Coroutine
from random import Random
from typing import Any

from tests.sequencer.simulated_disk import PowerFailure

THREAD_S = 0.01


class _NothingToSelect:
    """Stands where a loop waits for sockets: it lets time pass instead."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def select(self, timeout: float | None) -> list[object]:
        """Nothing ever arrives; what is waited for is the time."""
        assert timeout is not None, "everything waits for something that cannot come"
        self.now_s += timeout
        return []


class SimulatedLoop(asyncio.BaseEventLoop):
    """What is handed to threads runs on the loop a little later, whole, and other things may happen before."""

    def __init__(self, chance: Random) -> None:
        super().__init__()
        self._selector = _NothingToSelect()
        self.chance = chance
        self.has_lost_power = False

    def time(self) -> float:
        """Seconds since the beginning, which pass only when nothing is left to do."""
        return self._selector.now_s

    def run_in_executor(self, executor: object, func: Callable[..., Any], *args: Any) -> "asyncio.Future[Any]":
        """Call it later, within `THREAD_S`."""
        future = self.create_future()
        self.call_later(self.chance.uniform(0, THREAD_S), self._call, future, func, args)
        return future

    def play(self, story: Coroutine[Any, Any, None]) -> bool:
        """Run to the story's end, or until the power fails; whether it came to its end."""
        task = self.create_task(story)
        task.add_done_callback(lambda _: self.stop())
        self.run_forever()
        ended = task.done() and not self.has_lost_power and not isinstance(task.exception(), PowerFailure)
        try:
            if ended:
                task.result()
        finally:
            self._forget()
        return ended

    def _call(self, future: "asyncio.Future[Any]", func: Callable[..., Any], args: tuple[Any, ...]) -> None:
        if future.cancelled():
            return
        try:
            result = func(*args)
        except PowerFailure:
            self.has_lost_power = True
            self.stop()
        except Exception as error:  # Whoever waits for it gets it, as from a thread.
            future.set_exception(error)
        else:
            future.set_result(result)

    def _forget(self) -> None:
        """End what is left over, as the end of a process does."""
        left = asyncio.all_tasks(self)
        for task in left:
            task.cancel()
        if left:
            self.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        self.close()

    def _process_events(self, event_list: object) -> None:
        """There are none."""

    def _write_to_self(self) -> None:
        """Nothing sleeps, so nothing is to be woken."""

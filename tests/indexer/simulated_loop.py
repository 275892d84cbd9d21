"""The event loop of a simulation, with processes on it that can be killed at any moment."""

from collections.abc import Callable
from typing import Any

from tests.sequencer.simulated_loop import THREAD_S, SimulatedLoop


class IndexerLoop(SimulatedLoop):
    """As `SimulatedLoop`, but what was handed to a thread runs even if nobody waits for it any more."""

    def run_in_executor(self, executor: object, func: Callable[..., Any], *args: Any) -> Any:
        """Call it later, unless its executor is dropped by then."""
        future = self.create_future()
        self.call_later(self.chance.uniform(0, THREAD_S), self._call_of, executor, future, func, args)
        return future

    def drop(self, executor: object) -> None:
        """What was handed to this executor and has not begun never runs."""
        self._dropped.append(executor)

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._dropped: list[object] = []

    def _call_of(self, executor: object, future: Any, func: Callable[..., Any], args: tuple[Any, ...]) -> None:
        if any(executor is dropped for dropped in self._dropped):
            return
        try:
            result = func(*args)
        # As an executor does: whatever the call raises is its future's.
        except Exception as error:
            if not future.cancelled():
                future.set_exception(error)
        else:
            if not future.cancelled():
                future.set_result(result)

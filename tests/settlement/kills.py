"""Ends a test's settlement at a chosen step: a write to the database, or a transaction handed to a node."""

from offchain.settlement.store import BatchStore


class Killed(BaseException):
    """The process is gone; nothing may catch it."""


class Trap:
    """Kills at the n-th step from now: before the step is taken, or after."""

    def __init__(self, monkeypatch, exchange):
        self.left = -1
        self.after = False
        call = exchange.nodes.call

        async def counted_call(method, *params):
            if method != "eth_sendRawTransaction":
                return await call(method, *params)
            self._before()
            result = await call(method, *params)
            self._after()
            return result

        monkeypatch.setattr(exchange.nodes, "call", counted_call)
        for name in ("save", "save_signed", "keep_tried", "record", "replace", "mined", "split", "follow_chain"):
            monkeypatch.setattr(BatchStore, name, self._counted(getattr(BatchStore, name)))

    def set(self, step: int, *, after: bool):
        self.left, self.after = step, after

    def _counted(self, write):
        def counted(*arguments, **named):
            self._before()
            result = write(*arguments, **named)
            self._after()
            return result

        return counted

    def _before(self):
        self.left -= 1
        if self.left == -1 and not self.after:
            raise Killed

    def _after(self):
        if self.left == -1 and self.after:
            raise Killed

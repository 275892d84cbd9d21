"""A database that fails: at any statement, at a commit before it is done, or after it."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError


class FailingDatabase:
    """Stands in the way of an engine. `trouble` is the share of its statements that fail, and of its commits."""

    def __init__(self, engine: Engine, rng: random.Random) -> None:
        self.engine = engine
        self.trouble = 0.0
        self.failures = 0
        self._rng = rng

    @contextmanager
    def in_the_way(self) -> Iterator[None]:
        """Lets the engine fail for a while."""
        dialect = self.engine.dialect
        commit = dialect.do_commit

        def do_commit(connection: Any) -> None:
            self._perhaps("COMMIT", 5)
            commit(connection)
            self._perhaps("the answer to COMMIT", 5)

        event.listen(self.engine, "before_cursor_execute", self._before)
        dialect.do_commit = do_commit
        try:
            yield
        finally:
            event.remove(self.engine, "before_cursor_execute", self._before)
            del dialect.do_commit

    def _before(self, connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        self._perhaps(statement)

    def _perhaps(self, statement: str, weight: int = 1) -> None:
        if self.trouble and self._rng.random() < self.trouble * weight:
            self.failures += 1
            raise OperationalError(statement, None, Exception("the connection was lost"))

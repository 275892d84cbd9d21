"""How the indexer stands, in one value that everything else is told from: status page, metrics, command line."""

import msgspec

from indexer.store.reading import LogPosition


class IndexerStatus(msgspec.Struct, frozen=True):
    """How the indexer stands. Numbers are block numbers, -1 before anything is known."""

    node_reachable: bool
    node_head: int
    safe: int
    """The node's own `safe` block, -1 where it has none."""
    head: int
    final: int
    lag_blocks: int
    """Blocks that the node has and the indexer has not."""
    lag_seconds: float
    """Age of the newest block that is stored, or 0 when nothing is missing."""
    caught_up: bool
    """The stored head is the node's, every final fact is published, and every contract has its whole history."""
    ready: bool
    """It was caught up once since it started, and is not halted or far behind since."""
    published: LogPosition
    reorgs: int
    deepest_reorg: int
    unreadable_logs: int
    """Logs of our contracts that no event of their ABI fits; they are kept raw."""
    halted: bool
    """The node contradicts the final chain; nothing is taken from it until it tells it again."""
    errors: int
    error: str
    """The last look's error, or why the node's chain is not believed; empty when it went well."""
    head_age_s: float = 0.0
    """How long the newest block of all nodes is known."""
    catching_up: tuple[str, ...] = ()
    """The contracts that were added later and do not have their whole history yet."""

"""What Prometheus is told of one chain's indexer. Nodes are named by their host; their URLs may hold secrets."""

import time
from collections import deque
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from indexer.fetch.nodes import Nodes
from indexer.status import IndexerStatus

_RECENT_STEPS: Final = 20
_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 2.5, 10.0, 60.0)


class IndexerMetrics:
    """Counters that the indexer moves, and gauges that are read from its status when somebody asks."""

    def __init__(self, chain_id: int) -> None:
        self.registry = CollectorRegistry()
        self._chain = str(chain_id)
        self._recent: deque[tuple[float, int]] = deque(maxlen=_RECENT_STEPS)
        self._events = self._counter("events", "Logs of our contracts that were stored.")
        self._blocks = self._counter("blocks", "Blocks that were read.")
        self._facts = self._counter("facts", "Final facts that the sequencer took.")
        self._reorgs = self._counter("reorgs", "Reorgs that were undone.")
        self._errors = self._counter("errors", "Looks that failed.")
        self._reorg_depth = self._histogram(
            "reorg_depth_blocks", "Blocks that a reorg replaced.", (1, 2, 4, 8, 16, 32, 64)
        )
        self._step = self._histogram("look_seconds", "How long a look at the chain took.", _SECONDS)
        self._gauges = {
            name: self._gauge(name, text)
            for name, text in (
                ("node_head_block", "The nodes' newest block."),
                ("head_block", "The newest block that is stored."),
                ("final_block", "The newest block that is final here."),
                ("events_per_second", "Logs stored a second in the last steps."),
                ("lag_blocks", "Blocks that the nodes have and the indexer has not."),
                ("lag_seconds", "Age of the newest stored block while blocks are missing."),
                ("head_age_seconds", "How long the nodes' newest block is known."),
                ("unreadable_logs", "Stored logs that cannot be decoded."),
                ("caught_up", "1 when nothing is missing."),
                ("halted", "1 when a final block was replaced."),
            )
        }
        of_node = ("chain", "node")
        self._node_requests = Gauge("indexer_node_requests", "Questions to a node.", of_node, registry=self.registry)
        self._node_errors = Gauge("indexer_node_errors", "Those that it failed.", of_node, registry=self.registry)
        self._node_latency = Gauge(
            "indexer_node_latency_seconds", "Mean time of its answers.", of_node, registry=self.registry
        )

    @property
    def events_per_second(self) -> float:
        """The logs that were stored a second in the steps of the last seconds."""
        if len(self._recent) < 2:
            return 0.0
        seconds = self._recent[-1][0] - self._recent[0][0]
        return sum(events for _, events in list(self._recent)[1:]) / seconds if seconds else 0.0

    def stepped(self, blocks: int, events: int, reorg_depth: int) -> None:
        """A step was stored."""
        self._recent.append((time.monotonic(), events))
        self._blocks.inc(blocks)
        self._events.inc(events)
        if reorg_depth:
            self._reorgs.inc()
            self._reorg_depth.observe(reorg_depth)

    def looked(self, seconds: float) -> None:
        """A look at the chain went well."""
        self._step.observe(seconds)

    def published(self, facts: int) -> None:
        """The sequencer took facts."""
        self._facts.inc(facts)

    def failed(self) -> None:
        """A look failed."""
        self._errors.inc()

    def text(self, status: IndexerStatus, nodes: Nodes) -> bytes:
        """All of it in Prometheus' text format."""
        told = {
            "node_head_block": status.node_head,
            "head_block": status.head,
            "final_block": status.final,
            "events_per_second": self.events_per_second,
            "lag_blocks": status.lag_blocks,
            "lag_seconds": status.lag_seconds,
            "head_age_seconds": status.head_age_s,
            "unreadable_logs": status.unreadable_logs,
            "caught_up": int(status.caught_up),
            "halted": int(status.halted),
        }
        for name, value in told.items():
            self._gauges[name].set(value)
        for member in nodes.members:
            self._node_requests.labels(self._chain, member.name).set(member.requests)
            self._node_errors.labels(self._chain, member.name).set(member.errors)
            self._node_latency.labels(self._chain, member.name).set(member.latency_s)
        return generate_latest(self.registry)

    def _counter(self, name: str, text: str) -> Counter:
        return Counter(f"indexer_{name}", text, ("chain",), registry=self.registry).labels(self._chain)

    def _gauge(self, name: str, text: str) -> Gauge:
        return Gauge(f"indexer_{name}", text, ("chain",), registry=self.registry).labels(self._chain)

    def _histogram(self, name: str, text: str, buckets: tuple[float, ...]) -> Histogram:
        made = Histogram(f"indexer_{name}", text, ("chain",), registry=self.registry, buckets=buckets)
        return made.labels(self._chain)

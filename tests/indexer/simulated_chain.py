"""A chain that never ran: the truth that an indexer is held to. The same seed gives the same chain."""

import random
from collections.abc import Sequence
from typing import Final, NamedTuple

from indexer.blocks import IndexedContract
from offchain.chain.bindings import Contract, load_contract
from tests.indexer.economy.books import ADDRESSES, Storage
from tests.indexer.economy.chain import Economy
from tests.indexer.simulated_events import START_S, EventMaker, Log

CONTRACT: Final = bytes.fromhex("5e771e" + "00" * 16 + "01")
TOKEN: Final = ADDRESSES["QTRAToken"]
STRANGER: Final = bytes.fromhex("57a46e" + "00" * 16 + "03")
_SKIPS: Final = ("FillSkipped", "NetGroupSkipped")
_OF_BATCHES: Final = ("BatchSettled", *_SKIPS)
FACT_EVENTS: Final = (
    "Deposited",
    "Withdrawn",
    "BatchSettled",
    "ExitRequested",
    "ExitCancelled",
    "Exited",
    "FeesCollected",
    "CancelRequested",
    "CancelFloorRaised",
    "SessionKeySet",
    "SessionKeyRevoked",
)


class Block(NamedTuple):
    """A block with the logs of our contracts, and those of others that its bloom filter also tells of."""

    number: int
    hash: bytes
    parent_hash: bytes
    timestamp_s: int
    logs: tuple[Log, ...]
    strange_logs: tuple[Log, ...]
    storage: Storage
    """Of the economy's contracts, after it."""

    @property
    def bloom(self) -> int:
        """The filter of its header."""
        bits = 0
        for log in (*self.logs, *self.strange_logs):
            bits |= log.bloom
        return bits


class SimulatedChain:
    """A list of blocks that grows, and whose end is replaced now and then.

    Args:
        rng: where everything comes from.
        abi: of `Settlement`, which stands at `CONTRACT`.
        chain_id: the chain.
        first_block: the first that can have logs of `Settlement`.
        token_first_block: the first that can have logs of the token at `TOKEN`; None: there is no token by itself.
        economy: the token with all that is made for it; None: there is none of it.
    """

    def __init__(
        self,
        rng: random.Random,
        abi: Contract,
        chain_id: int,
        first_block: int,
        token_first_block: int | None = None,
        economy: Economy | None = None,
    ) -> None:
        self.rng = rng
        self.economy = economy
        self.chain_id = chain_id
        self.first_block = first_block
        self.token_first_block = token_first_block
        self.blocks: list[Block] = []
        self.forks: list[list[Block]] = []
        self.other: list[Block] | None = None
        """A chain that contradicts what is final here, while nodes tell one."""
        self._settlement = EventMaker(rng, CONTRACT, abi)
        self._token = EventMaker(rng, TOKEN, load_contract("QTRAToken"))
        self._stranger = EventMaker(rng, STRANGER, load_contract("QTRAToken"))
        self._plain = tuple(name for name in self._settlement.names if name not in _OF_BATCHES)
        self._skips = tuple(name for name in _SKIPS if name in self._settlement.names)
        self._batch = 0
        for _ in range(max(1, first_block)):
            self.mine(empty=True)

    @property
    def head(self) -> Block:
        return self.blocks[-1]

    def mine(self, *, empty: bool = False) -> None:
        """A block of zero to three transactions of ours, and other people's logs between."""
        logs = self._begin_block()
        for _ in range(0 if empty else self.rng.choice((0, 0, 1, 1, 2, 3))):
            logs += self._transaction(_after(logs))
        self._append(logs)

    def reorg(self, depth: int, length: int) -> None:
        """Replaces the last `depth` blocks by `length` others; some of the old transactions come back elsewhere."""
        self.forks = [*self.forks[-2:], list(self.blocks)]
        dropped = [log for block in self.blocks[-depth:] for log in block.logs]
        del self.blocks[-depth:]
        for _ in range(length):
            back = {log.transaction_hash for log in dropped if self.rng.random() < 0.4}
            kept = [log for log in dropped if log.transaction_hash in back and self._exists(log.contract)]
            dropped = [log for log in dropped if log not in kept]
            logs = self._begin_block()
            logs += self._again(kept, 2 * len(logs))
            if self.rng.random() < 0.5:
                logs += self._transaction(2 * len(logs))
            self._append(logs)

    def part_at(self, number: int, length: int) -> None:
        """Lets `other` be a chain of so many blocks that parts from the truth at a block."""
        truth = self.blocks
        self.blocks = truth[:number]
        for _ in range(length):
            self.mine()
        self.other, self.blocks = self.blocks, truth

    def _begin_block(self) -> list[Log]:
        """What the economy's contracts tell that are made in the block after the head."""
        self._storage: Storage = self.blocks[-1].storage if self.blocks else {}
        if self.economy is None:
            return []
        logs, self._storage = self.economy.deployed(self._storage, len(self.blocks))
        return logs

    def _again(self, logs: Sequence[Log], index: int) -> list[Log]:
        """Transactions that a reorg dropped, in another block: the economy's tell what they tell there."""
        again: list[Log] = []
        for transaction in dict.fromkeys(log.transaction_hash for log in logs):
            if self.economy is not None and self.economy.is_meant(transaction):
                told, self._storage = self.economy.run(transaction, self._storage, self._now_s(), 0)
            else:
                told = [log for log in logs if log.transaction_hash == transaction]
            again += told
        return [log._replace(log_index=index + position * 2) for position, log in enumerate(again)]

    def _now_s(self) -> int:
        return START_S + 2 * len(self.blocks)

    def _exists(self, contract: bytes) -> bool:
        if self.economy is not None and contract != CONTRACT:
            return self.economy.exists(contract, len(self.blocks))
        first = self.first_block if contract == CONTRACT else self.token_first_block
        return first is not None and len(self.blocks) >= first

    def _append(self, logs: Sequence[Log]) -> None:
        number = len(self.blocks)
        parent = self.blocks[-1].hash if self.blocks else bytes(32)
        strange = []
        if self.rng.random() < 0.3:
            # A stranger's event may have the topic of one of ours.
            index = _after(logs)
            strange = [self._stranger.log(self.rng.randbytes(32), index, self.rng.choice(("Transfer", "Approval")))]
        of_us = (tuple(logs), tuple(strange), self._storage)
        self.blocks.append(Block(number, self.rng.randbytes(32), parent, START_S + 2 * number, *of_us))

    def _transaction(self, index: int) -> list[Log]:
        rng, transaction = self.rng, self.rng.randbytes(32)
        choice = rng.random()
        if self.economy is not None and choice < 0.6:
            logs, self._storage = self.economy.transactions(self._storage, self._now_s(), index)
            return logs
        if self.economy is not None and choice < 0.63:
            return self.economy.unreadable(len(self.blocks), transaction, index)
        if self.token_first_block is not None and self._exists(TOKEN) and choice < 0.25:
            kinds = [rng.choice(("Transfer", "Transfer", "Transfer", "Approval")) for _ in range(rng.randrange(1, 4))]
            return [self._token.log(transaction, index + 2 * place, kind) for place, kind in enumerate(kinds)]
        if not self._exists(CONTRACT):
            return []
        if choice < 0.5:
            return [
                self._settlement.log(transaction, index + 2 * place, "Deposited")
                for place in range(rng.randrange(1, 4))
            ]
        if choice < 0.65:
            return self._batch_logs(transaction, index)
        if choice < 0.7:
            return [self._settlement.unreadable(transaction, index)]
        return [self._settlement.log(transaction, index, rng.choice(self._plain))]

    def _batch_logs(self, transaction: bytes, index: int) -> list[Log]:
        self._batch += 1
        number = {"number": self._batch}
        kinds = [self.rng.choice(self._skips) for _ in range(self.rng.randrange(3))]
        logs = [self._settlement.log(transaction, index + place, kind, number) for place, kind in enumerate(kinds)]
        settled = {**number, "skipped": len(kinds)}
        return [*logs, self._settlement.log(transaction, index + len(kinds), "BatchSettled", settled)]


def _after(logs: Sequence[Log]) -> int:
    """The index of the next log of a block."""
    return logs[-1].log_index + 1 if logs else 0


def settlement_at(address: bytes, first_block: int) -> IndexedContract:
    """The contract that facts are of."""
    return IndexedContract("Settlement", address, first_block, load_contract("Settlement"))


def token_from(first_block: int) -> IndexedContract:
    """The contract that has balances of holders."""
    return IndexedContract("QTRAToken", TOKEN, first_block, load_contract("QTRAToken"))

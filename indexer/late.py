"""Contracts that were added later: each reads its history by itself, and joins the others at the final block."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor

from indexer.blocks import BlockRef, Header, IndexedContract, RawLog, Rpc
from indexer.decode import Decoder
from indexer.fetch.nodes import Nodes
from indexer.store.store import ContractProgress, Store
from offchain.core.errors import NodeInconsistent


class LateContracts:
    """The contracts of one chain that have not joined. The blocks of each have to end in our final block."""

    def __init__(
        self, store: Store, rpcs: Sequence[Rpc], chain_id: int, thread: Executor, monotonic: Callable[[], float]
    ) -> None:
        self._store = store
        self._rpcs = rpcs
        self._chain_id = chain_id
        self._thread = thread
        self._monotonic = monotonic
        self._waiting: list[tuple[IndexedContract, Nodes, Decoder]] = []

    @property
    def names(self) -> tuple[str, ...]:
        """The contracts that have not joined."""
        return tuple(contract.name for contract, _, _ in self._waiting)

    def want(self, contracts: Sequence[IndexedContract]) -> None:
        """Says which contracts have to catch up."""
        self._waiting = [
            (
                contract,
                Nodes(self._rpcs, self._chain_id, [contract], self._thread, monotonic=self._monotonic),
                Decoder([contract]),
            )
            for contract in contracts
        ]

    async def fetch(self, progress: ContractProgress, final: BlockRef) -> tuple[Sequence[Header], Sequence[RawLog]]:
        """The next final blocks of the first contract, with its logs.

        Raises:
            ChainError: no node tells them.
        """
        _, nodes, _ = self._waiting[0]
        headers, logs = await nodes.range(progress.through_number + 1, final.number)
        if not headers:
            raise NodeInconsistent(f"The node has no block {progress.through_number + 1}, which is final here.")
        if progress.through_hash is not None and headers[0].parent_hash != progress.through_hash:
            await self._doubt(progress, final)
            raise NodeInconsistent(f"Block {headers[0].number} of the node is not the child of the one before it.")
        return headers, logs

    async def _doubt(self, progress: ContractProgress, final: BlockRef) -> None:
        """Begins the first contract again if a node that has our final block has another one where it stands."""
        contract, nodes, _ = self._waiting[0]
        at_final = await nodes.headers(final.number, final.number)
        if not at_final or at_final[0].hash != final.hash:
            return
        there = await nodes.headers(progress.through_number, progress.through_number)
        if there and there[0].hash != progress.through_hash:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._store.forget, contract.address)

    def progress(self) -> ContractProgress:
        """How far the first contract has come. Reads the database."""
        return self._store.contracts()[self._waiting[0][0].address]

    def write(self, progress: ContractProgress, headers: Sequence[Header], logs: Sequence[RawLog]) -> None:
        """Stores blocks of the first contract. Writes the database.

        Raises:
            StepConflict: another indexer was faster.
        """
        contract, _, decoder = self._waiting[0]
        self._store.catch_up(contract.address, progress, headers, decoder.decode_together(logs))

    def join(self, progress: ContractProgress, final: BlockRef) -> bool:
        """Lets the first contract join if it has come to the final block. Writes the database.

        Returns:
            Whether it joined. If its blocks turn out to be of another chain than ours, it begins again.
        """
        contract, _, _ = self._waiting[0]
        if self._store.join(contract.address):
            return True
        if progress.through_number == final.number and progress.through_hash != final.hash:
            self._store.forget(contract.address)
        return False

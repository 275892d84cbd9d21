"""The economy on a simulated chain: its contracts appear one by one, and people use them.

A transaction is remembered as what was meant. If a reorg drops it and it comes back, it is run again where the
contracts stand then: it tells something else, or nothing.
"""

import random
from collections.abc import Sequence
from typing import Any, Final

from indexer.blocks import IndexedContract
from indexer.project.reading import ContractReader
from offchain.chain.bindings import load_contract
from tests.indexer.economy import revenue, sale, staking, token, vesting
from tests.indexer.economy.books import ADDRESSES, Books, Deed, Reverted, Storage
from tests.indexer.simulated_events import EventMaker, Log

_DEEDS: Final = (token.DEEDS, sale.DEEDS, vesting.DEEDS, staking.DEEDS, revenue.DEEDS)
_LATEST: Final = 8
"""So many blocks after the token the last of the contracts is there at the latest."""
_TRIES: Final = 6
_VIEWS: Final = token.VIEWS | sale.VIEWS | vesting.VIEWS | staking.VIEWS | revenue.VIEWS


class Economy:
    """The contracts, and which transaction did what. Where they stand is a block's: `Storage`."""

    def __init__(self, rng: random.Random) -> None:
        begins = rng.randrange(4, 8)
        self.first_blocks = {name: begins + rng.randrange(_LATEST) for name in ADDRESSES} | {token.NAME: begins}
        self._rng = rng
        self._makers = {name: EventMaker(rng, at, load_contract(name)) for name, at in ADDRESSES.items()}
        self._habits = rng.sample(_DEEDS, 2)
        """What people do on this chain: of a little of everything no auction would ever come about."""
        self._meant: dict[bytes, tuple[Deed, int]] = {}

    def contracts(self) -> list[IndexedContract]:
        """The contracts as a manifest names them."""
        return [
            IndexedContract(name, ADDRESSES[name], first, load_contract(name))
            for name, first in self.first_blocks.items()
        ]

    def deployed(self, storage: Storage, number: int) -> tuple[list[Log], Storage]:
        """What the contracts tell that are made in a block, and the storage after it."""
        books = Books(storage, 0)
        for name in (name for name, first in self.first_blocks.items() if first == number):
            books.put(True, "deployed", name)
            if name == token.NAME:
                token.mint(books)
            else:
                books.tell(name, "AuthorityUpdated", authority=ADDRESSES[name])
        transaction = self._rng.randbytes(32)
        self._meant[transaction] = (_deploy_again, 0)
        return self._logs(books, transaction, 0), books.storage

    def transactions(self, storage: Storage, now_s: int, index: int) -> tuple[list[Log], Storage]:
        """What people do, as far as their contracts let them, and the storage after it."""
        logs: list[Log] = []
        for _ in range(self._rng.randrange(1, _TRIES)):
            transaction = self._rng.randbytes(32)
            deed = self._rng.choice(self._rng.choice(self._habits))
            self._meant[transaction] = (deed, self._rng.randrange(2**32))
            told, storage = self.run(transaction, storage, now_s, index + len(logs))
            logs += told
        return logs, storage

    def is_meant(self, transaction: bytes) -> bool:
        """Whether a transaction can be run again."""
        return transaction in self._meant

    def run(self, transaction: bytes, storage: Storage, now_s: int, index: int) -> tuple[list[Log], Storage]:
        """The logs of a known transaction in a block of this time, and the storage after it; none if it reverts."""
        deed, seed = self._meant[transaction]
        books = Books(storage, now_s)
        try:
            deed(books, random.Random(seed))
        except Reverted:
            return [], storage
        return self._logs(books, transaction, index), books.storage

    def unreadable(self, number: int, transaction: bytes, index: int) -> list[Log]:
        """A log of one of the contracts that are there which nobody can decode."""
        there = [name for name, first in self.first_blocks.items() if first < number]
        return [self._makers[self._rng.choice(there)].broken(transaction, index)] if there else []

    def exists(self, contract: bytes, number: int) -> bool:
        """Whether a contract can have logs in a block."""
        return any(ADDRESSES[name] == contract and first < number for name, first in self.first_blocks.items())

    def _logs(self, books: Books, transaction: bytes, index: int) -> list[Log]:
        return [
            self._makers[told.contract].told(transaction, index + place, told.event, told.arguments)
            for place, told in enumerate(books.told)
        ]


class StorageReader(ContractReader):
    """What the views of a contract say at a block of a simulated chain."""

    def __init__(self, contract: IndexedContract, block_number: int, storage: Storage, now_s: int) -> None:
        self.contract = contract
        self.block_number = block_number
        self._books = Books(storage, now_s)

    async def read_many(self, function: str, calls: Sequence[Sequence[Any]]) -> list[Any]:
        return [_VIEWS[self.contract.name, function](self._books, *arguments) for arguments in calls]


def _deploy_again(books: Books, _: random.Random) -> None:
    """A contract is made in its block, on whichever branch, and nowhere else."""
    raise Reverted

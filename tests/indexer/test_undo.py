"""Every table is what it was when blocks are undone or a contract is forgotten, and what a rebuild makes of it."""

import random
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, select

from indexer.blocks import Header, IndexedContract, RawLog
from indexer.decode import Decoder
from indexer.project.projection import table_of
from indexer.project.registry import INDEXED_CONTRACTS, PROJECTIONS
from indexer.rebuild import rebuild
from indexer.store.models import IndexerBlock, IndexerContract, IndexerCursor
from indexer.store.store import WRITER, ContractProgress, Step, Store
from offchain.chain.bindings import load_contract
from tests.indexer.simulated_events import EventMaker

CHAIN = 9
CONTRACTS = tuple(
    IndexedContract(name, bytes([place]) * 20, 1, load_contract(name))
    for place, name in enumerate(INDEXED_CONTRACTS, 1)
)
SUMS = [projection.fold.table for projection in PROJECTIONS if projection.fold is not None]
TABLES = [table_of(model) for model in (*WRITER.models, *SUMS)]
OF_LOGS = [table_of(model).name for model in WRITER.models]
OWN = [table_of(model) for model in (IndexerBlock, IndexerContract, IndexerCursor)]
any_seed = settings(suppress_health_check=list(HealthCheck), max_examples=6, deadline=None)


class Chain:
    """Blocks with logs of every event that has a row, and the store that they go to."""

    def __init__(self, seed: int, database: Engine, contracts: Sequence[IndexedContract] = CONTRACTS) -> None:
        with database.begin() as connection:
            for table in (*TABLES, *OWN):
                connection.execute(delete(table))
        self.rng = random.Random(seed)
        self.database = database
        self.store = Store(database, CHAIN, CONTRACTS[0].address, confirmations=50)
        self.store.begin(self.header(0), contracts)

    def header(self, number: int) -> Header:
        return Header(number, self.rng.randbytes(32), bytes(32), 1_000 + number, 0)

    def logs(self, header: Header, contracts: Sequence[IndexedContract] = CONTRACTS) -> list[RawLog]:
        """A log of every event of some contracts that has a row, in any order."""
        made = []
        for projection in PROJECTIONS:
            for contract in contracts:
                if contract.name in projection.contracts:
                    maker = EventMaker(self.rng, contract.address, contract.abi)
                    made += [
                        maker.log(self.rng.randbytes(32), 0, event) for event in projection.events.keys() & maker.names
                    ]
        self.rng.shuffle(made)
        return [
            RawLog(
                log.contract,
                header.number,
                header.hash,
                log.transaction_hash,
                index,
                header.timestamp_s,
                b"".join(log.topics),
                log.data,
            )
            for index, log in enumerate(made)
        ]

    def grow(self, ancestor: Header, head: Header, blocks: int, *, empty: bool = False) -> list[Header]:
        """Stores blocks on an ancestor, which may be the head."""
        headers = [self.header(ancestor.number + place) for place in range(1, blocks + 1)]
        logs = [] if empty else [log for header in headers for log in self.logs(header)]
        decoded = Decoder(CONTRACTS).decode_together(logs)
        addresses = [contract.address for contract in CONTRACTS]
        self.store.apply(Step(head.ref, ancestor.ref, headers, decoded, addresses))
        return headers

    def rows(self) -> dict[str, list[tuple[object, ...]]]:
        with self.database.connect() as connection:
            return {
                table.name: [
                    tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key.columns))
                ]
                for table in TABLES
            }


def anchor_of(chain: Chain) -> Header:
    progress = chain.store.progress()
    assert progress is not None
    return Header(0, progress.head.hash, bytes(32), 1_000, 0)


@any_seed
@given(st.integers(0, 2**32))
def test_undone_blocks_leave_every_table_as_it_was(database: Engine, seed: int) -> None:
    chain = Chain(seed, database)
    kept = chain.grow(anchor_of(chain), anchor_of(chain), 2)[-1]
    before = chain.rows()
    assert not [name for name in OF_LOGS if not before[name]]
    undone = chain.grow(kept, kept, chain.rng.randrange(1, 4))[-1]
    changed = chain.rows()
    assert not [name for name in OF_LOGS if changed[name] == before[name]]
    chain.grow(kept, undone, 1, empty=True)
    assert chain.rows() == before


@any_seed
@given(st.integers(0, 2**32))
def test_a_rebuild_is_what_steps_and_reorgs_have_made(database: Engine, seed: int) -> None:
    chain = Chain(seed, database)
    kept = chain.grow(anchor_of(chain), anchor_of(chain), 2)[-1]
    undone = chain.grow(kept, kept, 2)[-1]
    chain.grow(kept, undone, 3)
    before = chain.rows()
    for projection in PROJECTIONS:
        assert rebuild(database, CHAIN, CONTRACTS, projection).is_same, projection.name
    assert chain.rows() == before


@pytest.mark.parametrize("late", CONTRACTS[1:], ids=lambda contract: contract.name)
def test_a_forgotten_contract_leaves_the_others_as_they_were(database: Engine, late: IndexedContract) -> None:
    others = [contract for contract in CONTRACTS if contract != late]
    chain = Chain(5, database, others)
    headers = [chain.header(number) for number in range(1, 4)]
    logs = [log for header in headers for log in chain.logs(header, others)]
    addresses = [contract.address for contract in others]
    anchor = anchor_of(chain).ref
    chain.store.apply(Step(anchor, anchor, headers, Decoder(others).decode_together(logs), addresses))
    before = chain.rows()
    chain.store.add_contract(late)
    of_late = [log for header in headers for log in chain.logs(header, [late])]
    # The indexes below are those of the blocks' other logs.
    of_late = [msgspec.structs.replace(log, log_index=1_000 + log.log_index) for log in of_late]
    decoded = Decoder([late]).decode_together(of_late)
    chain.store.catch_up(late.address, ContractProgress(False, 0, None), headers, decoded)
    assert chain.rows() != before
    chain.store.forget(late.address)
    assert chain.rows() == before
    assert chain.store.contracts()[late.address] == ContractProgress(False, 0, None)

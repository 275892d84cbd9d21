"""A step is written whole or not at all, and only on the head that it was worked out from."""

import threading
from collections.abc import Callable

import psycopg
import pytest
from sqlalchemy import Engine, func, inspect, select
from sqlalchemy.exc import SQLAlchemyError

from indexer.blocks import BlockRef, Decoded, DecodedLog, Header, RawLog
from indexer.project.funds import ChainDeposit
from indexer.project.projection import table_of
from indexer.store.models import LOG_KEY, IndexerCursor, IndexerLog
from indexer.store.reading import StoredLogs
from indexer.store.store import WRITER, ContractProgress, Step, StepConflict, Store
from offchain.core.database import writing_sessions
from tests.indexer.simulated_chain import settlement_at

CONTRACT = b"\x11" * 20
ALICE = b"\xa1" * 20


def header(number: int, branch: int = 0) -> Header:
    return Header(number, bytes([branch]) + number.to_bytes(31), bytes(32), 1_000 + number, 0)


def deposit(block: Header, index: int, amount: int) -> DecodedLog:
    raw = RawLog(CONTRACT, block.number, block.hash, bytes(32), index, block.timestamp_s, b"", b"")
    return DecodedLog(raw, "Settlement", "Deposited", {"owner": ALICE, "asset": 2, "amount": amount})


def step(expected_head: BlockRef, ancestor: BlockRef, headers: list[Header], logs: list[DecodedLog]) -> Step:
    return Step(expected_head, ancestor, headers, Decoded((), logs), [CONTRACT])


@pytest.fixture
def store(database: Engine) -> Store:
    store = Store(database, 1, CONTRACT, confirmations=3)
    store.begin(header(0), [settlement_at(CONTRACT, 0)])
    return store


@pytest.fixture
def stored(database: Engine) -> StoredLogs:
    return StoredLogs(database, 1, CONTRACT, confirmations=3)


def rows(database: Engine, model: type) -> int:
    with database.connect() as connection:
        return connection.scalar(select(func.count()).select_from(model)) or 0


def test_a_step_moves_everything_together(store: Store, stored: StoredLogs, database: Engine) -> None:
    blocks = [header(1), header(2)]
    store.apply(step(header(0).ref, header(0).ref, blocks, [deposit(blocks[0], 4, 10)]))
    progress = store.progress()
    assert progress is not None
    assert progress.head == blocks[1].ref
    assert progress.final == header(0).ref
    assert progress.known == {0: header(0).hash, 1: blocks[0].hash, 2: blocks[1].hash}
    assert [one.amount_units for one in stored.pending_deposits(ALICE, (0, 0))] == [10]


def test_a_step_from_another_head_writes_nothing(store: Store, database: Engine) -> None:
    first = header(1)
    store.apply(step(header(0).ref, header(0).ref, [first], [deposit(first, 0, 10)]))
    with pytest.raises(StepConflict):
        store.apply(step(header(0).ref, header(0).ref, [first], [deposit(first, 0, 10)]))
    assert rows(database, ChainDeposit) == rows(database, IndexerLog) == 1


def test_a_step_that_fails_in_the_middle_leaves_nothing(
    store: Store, database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = header(1)
    before = store.progress()
    twice = [deposit(first, 0, 10), deposit(first, 0, 10)]
    with pytest.raises((SQLAlchemyError, psycopg.Error)):
        store.apply(step(header(0).ref, header(0).ref, [first], twice))
    assert store.progress() == before
    assert rows(database, ChainDeposit) == rows(database, IndexerLog) == 0


def test_an_undone_block_takes_its_rows_along(store: Store, stored: StoredLogs, database: Engine) -> None:
    old = [header(1), header(2), header(3)]
    store.apply(step(header(0).ref, header(0).ref, old, [deposit(block, 0, block.number) for block in old]))
    new = [header(2, 1), header(3, 1), header(4, 1)]
    store.apply(step(old[-1].ref, old[0].ref, new, [deposit(new[1], 0, 33)]))
    progress = store.progress()
    assert progress is not None
    assert (progress.reorgs, progress.deepest_reorg) == (1, 2)
    assert progress.final == old[0].ref
    assert [one.amount_units for one in stored.pending_deposits(ALICE, (0, 0))] == [1, 33]


def test_what_was_final_stays_final_when_the_head_goes_back(store: Store) -> None:
    long = [header(number) for number in range(1, 8)]
    store.apply(step(header(0).ref, header(0).ref, long, []))
    store.apply(step(long[-1].ref, header(4).ref, [header(5, 1)], []))
    progress = store.progress()
    assert progress is not None
    assert (progress.head.number, progress.final) == (5, header(4).ref)


def test_only_blocks_that_may_still_change_are_kept(store: Store) -> None:
    head = header(0).ref
    for start in range(1, 400, 20):
        blocks = [header(number) for number in range(start, start + 20)]
        store.apply(step(head, head, blocks, []))
        head = blocks[-1].ref
    progress = store.progress()
    assert progress is not None
    assert sorted(progress.known) == [397, 398, 399, 400]


def test_a_number_that_no_column_holds_makes_the_log_unreadable(
    store: Store, stored: StoredLogs, database: Engine
) -> None:
    first = header(1)
    store.apply(step(header(0).ref, header(0).ref, [first], [deposit(first, 0, 2**63)]))
    assert stored.unreadable_logs() == (1, first.hash)
    assert rows(database, ChainDeposit) == 0
    assert stored.final_logs((0, 0), ["Deposited"], 10) == []


def test_every_table_of_logs_is_undone() -> None:
    undone = {model.__tablename__ for model in WRITER.models}
    keyed = {
        mapper.local_table.name
        for mapper in IndexerLog.registry.mappers
        if {"block_hash", "log_index"} <= {column.name for column in mapper.local_table.primary_key}
    }
    assert undone == keyed


def test_rows_are_keyed_in_the_order_of_the_chain_as_the_migrations_made_them(database: Engine) -> None:
    for model in WRITER.models:
        name = model.__tablename__
        assert inspect(database).get_pk_constraint(name)["constrained_columns"] == list(LOG_KEY)
        assert [column.name for column in table_of(model).primary_key.columns] == list(LOG_KEY)


def test_positions_are_ordered_by_block_and_then_by_log(store: Store, stored: StoredLogs) -> None:
    blocks = [header(number) for number in range(1, 8)]
    logs = [deposit(block, index, 1) for block in blocks for index in (3, 10)]
    store.apply(step(header(0).ref, header(0).ref, blocks, logs))
    found = stored.final_logs((2, 3), ["Deposited"], 3)
    assert [(log.block_number, log.log_index) for log in found] == [(2, 10), (3, 3), (3, 10)]
    assert [(log.block_number, log.log_index) for log in stored.final_logs((3, 10), ["Deposited"], 99)] == [
        (4, 3),
        (4, 10),
    ]


def test_who_catches_up_or_forgets_waits_for_a_rebuild(store: Store, database: Engine) -> None:
    """Sums are read before they are written: of two who write them at once one would be forgotten."""
    late = settlement_at(b"\x22" * 20, 0)
    store.add_contract(late)
    first = header(1)
    writes: list[Callable[[], None]] = [
        lambda: store.catch_up(late.address, ContractProgress(False, -1, None), [first], Decoded((), [])),
        lambda: store.forget(late.address),
    ]
    for write in writes:
        with writing_sessions(database).begin() as session:
            # As a rebuild does.
            session.get_one(IndexerCursor, 1, with_for_update=True)
            thread = threading.Thread(target=write)
            before = store.contracts()[late.address]
            thread.start()
            thread.join(0.3)
            assert thread.is_alive()
            assert store.contracts()[late.address] == before
        thread.join()
        assert store.contracts()[late.address] != before

"""Many rows at once arrive in both databases as they were given, and sums by key are those of plain addition."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import BigInteger, Engine, Integer, delete, select
from sqlalchemy.types import TypeEngine

from indexer.project.funds import ChainPayout
from indexer.project.isolated import ChainIsolatedEvent
from indexer.project.projection import table_of
from indexer.project.registry import PROJECTIONS
from indexer.project.tokens import ChainTokenBalance
from indexer.store.bulk import BulkInsert, by_columns
from indexer.store.models import LOG_COLUMNS, IndexerLog
from indexer.store.sums import Sums
from offchain.core.database import FixedBytes, writing_sessions

CHAIN = 7
NUMBERS = st.integers(-(2**63), 2**63 - 1)
HASHES = st.binary(min_size=32, max_size=32)
ADDRESSES = st.binary(min_size=20, max_size=20)
WIDE = st.integers(0, 2**256 - 1).map(str)
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=60)
KEYS = st.tuples(st.just(CHAIN), NUMBERS, NUMBERS, HASHES, HASHES, NUMBERS)
same_database = settings(suppress_health_check=list(HealthCheck), max_examples=25)


def stored_again(database: Engine, model: type, columns: tuple[str, ...], rows: list[tuple]) -> list[tuple]:
    table = table_of(model)
    sessions = writing_sessions(database)
    with sessions.begin() as session:
        BulkInsert(table, columns).write(session, [by_columns(rows)])
    with sessions.begin() as session:
        found = session.execute(select(*(table.c[name] for name in columns)).where(table.c.chain_id == CHAIN)).all()
        session.execute(delete(table).where(table.c.chain_id == CHAIN))
    return [tuple(row) for row in found]


@same_database
@given(
    st.lists(st.tuples(KEYS, ADDRESSES, st.binary(max_size=128), st.binary(max_size=300), TEXTS, TEXTS), max_size=20)
)
def test_logs_arrive_as_they_were_given(database: Engine, logs: list[tuple]) -> None:
    rows = list({row[0][:4]: (*row[0], *row[1:]) for row in logs}.values())
    columns = (*LOG_COLUMNS, "contract", "topics", "data", "event", "error")
    assert sorted(stored_again(database, IndexerLog, columns, rows)) == sorted(rows)


@same_database
@given(st.lists(st.tuples(KEYS, ADDRESSES, NUMBERS, NUMBERS, st.none() | WIDE), max_size=20))
def test_what_may_be_missing_and_wide_numbers_arrive_too(database: Engine, payouts: list[tuple]) -> None:
    rows = list({row[0][:4]: (*row[0], *row[1:]) for row in payouts}.values())
    columns = (*LOG_COLUMNS, "owner", "asset", "amount", "nonce")
    found = stored_again(database, ChainPayout, columns, rows)
    told = [(*row[:-1], None if row[-1] is None else int(row[-1])) for row in rows]
    assert Counter(found) == Counter(told)


def example(kind: TypeEngine[Any]) -> Any:
    """A value as a column of this type stores it."""
    if isinstance(kind, FixedBytes):
        return b"\x01" * kind.length
    return 3 if isinstance(kind, BigInteger | Integer) else "5"


def test_every_table_of_a_projection_takes_rows(database: Engine) -> None:
    key = (CHAIN, 1, 2, bytes(32), bytes(32), 3)
    for row in (row for projection in PROJECTIONS for row in projection.events.values()):
        values = [example(table_of(row.model).c[name].type) for name in row.columns]
        (found,) = stored_again(database, row.model, (*LOG_COLUMNS, *row.columns), [(*key, *values)])
        assert list(map(str, found)) == list(map(str, (*key, *values)))


def test_a_row_that_is_there_already_is_refused(database: Engine) -> None:
    key = (CHAIN, 1, 2, bytes(32), bytes(32), 3)
    row = (*key, "IsolatedDeposited", b"\x01" * 20, 1, 2, 3, 0, 0, None)
    columns = (*LOG_COLUMNS, "event", "owner", "market", "asset", "amount", "floor", "effective_at_s", "nonce")
    with pytest.raises(Exception, match=r"(?i)unique"):
        stored_again(database, ChainIsolatedEvent, columns, [row, row])


@same_database
@given(
    st.lists(st.dictionaries(st.sampled_from([bytes([n]) * 20 for n in range(1, 8)]), st.integers(-(2**200), 2**200)))
)
def test_sums_are_those_of_plain_addition(database: Engine, changes: list[dict[bytes, int]]) -> None:
    table, token = table_of(ChainTokenBalance), b"\x99" * 20
    sums = Sums(table, owner="token", key="holder", amount="amount")
    expected: Counter[bytes] = Counter()
    sessions = writing_sessions(database)
    with sessions.begin() as session:
        session.execute(delete(table))
        for change in changes:
            sums.change(session, CHAIN, token, change)
            for holder, amount in change.items():
                expected[holder] += amount
        found = {row.holder: row.amount for row in session.scalars(select(ChainTokenBalance))}
    assert found == {holder: amount for holder, amount in expected.items() if amount}


def test_more_keys_than_a_statement_has_places_for(database: Engine) -> None:
    table, token = table_of(ChainTokenBalance), b"\x99" * 20
    changes = {number.to_bytes(20): number for number in range(1, 2_500)}
    with writing_sessions(database).begin() as session:
        sums = Sums(table, owner="token", key="holder", amount="amount")
        sums.change(session, CHAIN, token, changes)
        sums.change(session, CHAIN, token, dict.fromkeys(list(changes)[:1_200], 1))
        sums.change(session, CHAIN, token, {key: -amount for key, amount in list(changes.items())[1_200:]})
        found = {row.holder: row.amount for row in session.scalars(select(ChainTokenBalance))}
    assert found == {number.to_bytes(20): number + 1 for number in range(1, 1_201)}

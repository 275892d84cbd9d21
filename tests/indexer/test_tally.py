"""A tally is the sum of the rows that are there now, whatever was final when it was asked before."""

from collections.abc import Sequence
from random import Random
from typing import Any, Final

import pytest
from sqlalchemy import Engine

from indexer.project.revenue import ChainRevenuePrice, ChainRevenuePurchase
from indexer.store.asking import moment_of
from indexer.store.models import IndexerContract
from indexer.store.tally import Tallied, Tally, replaced
from offchain.core.database import reading_sessions
from tests.support.chain_rows import CHAIN_ID, ChainRows

BUYER, TOKENS = b"\xb0" * 20, (b"\x01" * 20, b"\x02" * 20)
CONFIRMATIONS: Final = 3
WIDEST: Final = 2**256 - 1


def sums() -> Tally[int]:
    of = ChainRevenuePurchase
    return Tally(CHAIN_ID, of.auction, of.amount, of.qtra)


def newest() -> Tally[bytes]:
    of = ChainRevenuePrice
    return Tally(CHAIN_ID, of.token, of.price, of.timestamp_s, combine=replaced)


def bought(auction: int, amount: int, qtra: int = 1) -> ChainRevenuePurchase:
    return ChainRevenuePurchase(auction=auction, buyer=BUYER, amount=amount, qtra=qtra)


def contract(*, joined: bool, through: int) -> IndexerContract:
    fields: dict[str, Any] = {"through_number": through, "through_hash": through.to_bytes(32)}
    return IndexerContract(chain_id=CHAIN_ID, address=BUYER, name="Late", first_block=1, joined=joined, **fields)


def told(database: Engine, tally: Tally[Any]) -> Tallied[Any]:
    with reading_sessions(database)() as session:
        moment = moment_of(session, CHAIN_ID)
        assert moment is not None
        return tally.at(session, moment)


@pytest.fixture
def chain(database: Engine) -> ChainRows:
    rows = ChainRows(database)
    rows.head(1, final=0)
    return rows


def test_what_is_final_is_told_apart_and_sums_may_be_wider_than_256_bits(database: Engine, chain: ChainRows) -> None:
    chain.add(2, bought(1, WIDEST), bought(1, WIDEST, 2), bought(2, 5))
    chain.add(3, bought(1, 1))
    chain.head(3, final=2)
    expected = {1: (2 * WIDEST, 3), 2: (5, 1)}
    assert told(database, sums()) == (expected, expected | {1: (2 * WIDEST + 1, 4)})


@pytest.mark.parametrize("seed", range(4))
def test_after_random_blocks_and_reorgs_it_is_what_a_new_one_reads(
    database: Engine, chain: ChainRows, seed: int
) -> None:
    random, final, head = Random(seed), 0, 1
    kept: Sequence[tuple[Tally[Any], Any]] = ((sums(), sums), (newest(), newest))
    for step in range(40):
        if step % 3 == 2:
            head = random.randint(final, head)
            chain.undo(head, ChainRevenuePurchase, ChainRevenuePrice)
        for _ in range(random.randint(0, 4)):
            head += 1
            chain.add(head, *(bought(random.randint(1, 3), random.randint(0, WIDEST)) for _ in range(2)))
            chain.add(head, ChainRevenuePrice(token=random.choice(TOKENS), price=random.randint(0, WIDEST)))
        final = max(final, head - CONFIRMATIONS)
        chain.head(head, final=final, branch=step)
        if random.random() < 0.7:
            for tally, anew in kept:
                assert told(database, tally) == told(database, anew())


def test_final_rows_are_read_once(database: Engine, chain: ChainRows) -> None:
    chain.add(2, *(bought(1, 1) for _ in range(50)))
    chain.head(2, final=2)
    tally = sums()
    assert told(database, tally).all == {1: (50, 50)}
    # Nothing does that to final rows: so it shows that they are not read again.
    chain.undo(0, ChainRevenuePurchase)
    chain.add(3, bought(1, 1))
    chain.head(3, final=2)
    assert told(database, tally).all == {1: (51, 51)}


def test_what_a_contract_that_is_added_later_tells_of_final_blocks_counts(database: Engine, chain: ChainRows) -> None:
    tally = sums()
    chain.add(5, bought(1, 1))
    chain.put(contract(joined=False, through=1))
    chain.head(6, final=5)
    assert told(database, tally).final == {1: (1, 1)}
    chain.add(3, bought(1, 10))
    chain.put(contract(joined=False, through=5))
    assert told(database, tally).final == {1: (11, 2)}
    chain.put(contract(joined=True, through=5))
    assert told(database, tally).final == {1: (11, 2)}


def test_a_reader_that_began_before_more_became_final_sees_its_own_moment(database: Engine, chain: ChainRows) -> None:
    tally = sums()
    chain.add(2, bought(1, 1))
    chain.head(3, final=2)
    with reading_sessions(database)() as session:
        moment = moment_of(session, CHAIN_ID)
        assert moment is not None
        chain.add(4, bought(1, 10))
        chain.head(5, final=4)
        assert told(database, tally).final == {1: (11, 2)}
        assert tally.at(session, moment) == ({1: (1, 1)}, {1: (1, 1)})
    assert told(database, tally).final == {1: (11, 2)}

"""What is asked of one account is found by an index, and not by a look at every row of the chain."""

from collections import Counter
from collections.abc import Callable, Collection

import pytest
from sqlalchemy import Engine, event, text
from sqlalchemy.orm import Session

from indexer.project.sale import ChainSalePurchase
from indexer.project.vesting import ChainVestingClaim
from indexer.store.asking import newest_of, rows_of, summed
from tests.support.chain_rows import CHAIN_ID

ALICE = bytes([0xA1]) * 20


def sum_of(session: Session, account: bytes) -> Counter[int]:
    of = ChainVestingClaim
    return summed(session, CHAIN_ID, of.pool, of.amount, of.account == account)


@pytest.mark.parametrize(
    ("ask", "index"),
    [
        (lambda session: rows_of(session, CHAIN_ID, ChainVestingClaim, account=ALICE), "chain_vesting_claims_account"),
        (lambda session: newest_of(session, CHAIN_ID, ChainSalePurchase, 9, buyer=ALICE), "chain_sale_purchases_buyer"),
        (lambda session: sum_of(session, ALICE), "chain_vesting_claims_account"),
    ],
    ids=["all", "the newest", "their sum"],
)
def test_rows_of_an_account_are_found_by_its_index(
    database: Engine, ask: Callable[[Session], Collection[object]], index: str
) -> None:
    asked: list[tuple[str, object]] = []
    with Session(database) as session:
        event.listen(database, "before_cursor_execute", lambda *call: asked.append((call[2], call[3])))
        assert not ask(session)
        ((query, parameters),) = [one for one in asked if one[0].startswith("SELECT")]
        if database.dialect.name == "postgresql":
            # Of tables this small it reads all, if it may.
            session.execute(text("SET LOCAL enable_seqscan = off"))
        explain = "EXPLAIN QUERY PLAN " if database.dialect.name == "sqlite" else "EXPLAIN "
        plan = session.connection().exec_driver_sql(explain + query, parameters).all()
    assert index in str(plan)

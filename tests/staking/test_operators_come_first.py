"""An operator's choice of discounts stands, also where it comes between a look at the tables and the log."""

from collections.abc import Sequence
from typing import Final

import pytest
from sqlalchemy import Engine

from indexer.project.tokens import ChainTokenBalance
from offchain.core.errors import Forbidden
from offchain.core.intents import Operate, SetDiscounts
from offchain.staking.discounts import DiscountKeeper, Sources
from offchain.staking.entitlements import Entitlements
from offchain.staking.fee_schedule import FeeSchedule
from tests.sequencer.world import ALICE, BOB, Desk
from tests.support.chain_rows import CHAIN_ID, ChainRows
from tests.support.projections import project

QTRA: Final = b"\x01" * 20
OPERATOR: Final = b"\x0f" * 20
BASE, AS_HOLDER, AS_CHOSEN = (1_500, 2_500), (300, 600), (1_350, 2_000)


async def test_what_an_operator_chooses_after_the_keeper_looked_stands(database: Engine) -> None:
    chain, desk = ChainRows(database), Desk(ALICE, BOB)
    for owner in (ALICE, BOB):
        chain.put(ChainTokenBalance(chain_id=CHAIN_ID, token=QTRA, holder=owner, amount=100))
    chain.head(2, final=2)
    chosen = [Operate(OPERATOR, SetDiscounts(ALICE, 100_000, 200_000))]

    async def tables_caught_up() -> None:
        project(database, desk.group.logged)

    async def submit(found: Sequence[SetDiscounts]) -> None:
        """What was found is journaled, once an operator has been quicker."""
        while chosen:
            desk.take(chosen.pop())
        for intent in found:
            desk.take(intent)

    entitlements = Entitlements(database, CHAIN_ID, QTRA, FeeSchedule(100, ()))
    keeper = DiscountKeeper(Sources(entitlements, submit, tables_caught_up, lambda: True), 1)
    with pytest.raises(Forbidden, match="operator's choice"):
        await keeper.look()
    assert [desk.machine.engine.rates(account) for account in (1, 2)] == [AS_CHOSEN, BASE]
    await keeper.look()
    assert [desk.machine.engine.rates(account) for account in (1, 2)] == [AS_CHOSEN, AS_HOLDER]
    assert (keeper.status().through_block, keeper.status().journaled) == (2, 1)
    desk.take(Operate(OPERATOR, SetDiscounts(ALICE, 0, 0)))
    await keeper.deliver(desk.group.logged[-1:])
    await keeper.look()
    assert [desk.machine.engine.rates(account) for account in (1, 2)] == [AS_HOLDER, AS_HOLDER]

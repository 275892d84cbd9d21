"""Settlement agrees with the engine on every fill of a random log: order types, tiers, discounts, halts and all."""

from hypothesis import given
from hypothesis import strategies as st

from offchain.settlement.batcher import Batcher, BatchLimits
from tests.support.random_log import random_log


@given(seed=st.integers(min_value=0), max_fills=st.integers(1, 50))
def test_every_fill_is_batched_once_at_the_fees_that_the_engine_charged(seed: int, max_fills: int) -> None:
    log = random_log(seed, 400)
    batcher = Batcher(BatchLimits(max_fills, 10**15))
    batched = [fill for batch in batcher.consume(log.logged) for fill in batch.fills]
    assert [*batched, *batcher.open_fills] == log.fills()
    assert batcher.live_orders == log.engine.open_orders

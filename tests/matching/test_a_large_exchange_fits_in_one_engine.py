"""A thousand markets and a million accounts, on the compiled engine."""

import numpy as np
import pytest

from offchain.core.commands import COMMAND_DTYPE, CommandKind
from offchain.core.events import EventKind
from offchain.matching.engine import Engine, Rows

K = CommandKind
MARKETS, ACCOUNTS, ASSETS = 1_000, 1_000_000, 10
TRADERS = 20_000
BATCH = 200_000
DAY_US = 86_400_000_000


class Clerk:
    """Sends rows of one kind of command, batch by batch; all must be taken."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.sequence = 0

    def send(self, kind: CommandKind, count: int, **fields: "int | Rows") -> None:
        for start in range(0, count, BATCH):
            size = min(BATCH, count - start)
            rows = np.zeros(size, dtype=COMMAND_DTYPE)
            rows["sequence"] = np.arange(self.sequence + 1, self.sequence + 1 + size)
            rows["kind"], rows["timestamp_us"] = kind, DAY_US
            for name, value in fields.items():
                rows[name] = value[start : start + size] if isinstance(value, np.ndarray) else value
            self.sequence += size
            events = self.engine.apply_batch(rows)
            assert not (events["kind"] == EventKind.REJECTED).any()


@pytest.fixture(scope="module")
def exchange(compiled_type: type[Engine]) -> Engine:
    """Everyone has funds of one asset; a fiftieth of all trades, and half of these have an order open."""
    clerk = Clerk(compiled_type())
    everyone = np.arange(1, ACCOUNTS + 1)
    markets = np.arange(1, MARKETS + 1)
    clerk.send(K.LIST_ASSET, ASSETS, asset=np.arange(1, ASSETS + 1))
    clerk.send(K.OPEN_ACCOUNT, ACCOUNTS, account=everyone)
    clerk.send(K.CHAIN_DEPOSIT, ACCOUNTS, account=everyone[::-1], asset=1, amount=10**9)
    bases = 2 + markets % (ASSETS - 1)
    terms = {"counter_asset": 1, "amount": 1, "counter_amount": 1, "price": 10**6, "quantity": 10**6}
    clerk.send(K.LIST_MARKET, MARKETS, market=markets, asset=bases, **terms)

    traders = everyone[:: ACCOUNTS // TRADERS]
    traded = 1 + np.arange(TRADERS) % MARKETS
    order = {"account": traders, "market": traded, "taker_fee_ppm": 5_000}
    clerk.send(K.CHAIN_DEPOSIT, TRADERS, account=traders, asset=bases[traded - 1], amount=10**6)
    clerk.send(K.PLACE, TRADERS, side=1, price=1_000, quantity=2, **order)
    clerk.send(K.PLACE, TRADERS, side=0, price=1_000, quantity=1, **order)
    clerk.send(K.SET_DISCOUNTS, TRADERS, account=traders, amount=100_000, counter_amount=100_000)
    clerk.send(K.SET_FEE_TIER, 1, mode=2, amount=1_000, maker_fee_ppm=1_000, taker_fee_ppm=2_000)
    clerk.send(K.ROLL_VOLUMES, 1, amount=2)
    clerk.send(K.SET_ACCOUNT_LIMITS, 1, quantity=200, amount=50, counter_amount=1_000)
    return clerk.engine


def test_it_holds_them_all(exchange: Engine) -> None:
    assert (exchange.accounts, exchange.assets) == (ACCOUNTS + 1, ASSETS)
    assert exchange.open_orders == TRADERS // 2
    assert exchange.rates(1) == (900, 1_800)
    assert exchange.rates(2) == (1_500, 2_500)
    assert exchange.volume(1) == 3_000
    assert exchange.balance(ACCOUNTS, 1) == (10**9, 0)


def test_it_restores_to_the_same_hash_and_future(exchange: Engine, compiled_type: type[Engine]) -> None:
    restored = compiled_type.restore(exchange.snapshot())

    assert restored.state_hash() == exchange.state_hash()
    rows = np.zeros(1, dtype=COMMAND_DTYPE)
    rows["kind"], rows["mode"], rows["sequence"] = K.SET_KILL_SWITCH, 1, exchange.last_sequence + 1
    assert (restored.apply_batch(rows) == exchange.apply_batch(rows)).all()
    assert restored.open_orders == exchange.open_orders == 0
    assert restored.state_hash() == exchange.state_hash()

"""The tables follow a running sequencer, through restarts, and every reader finds their own writes."""

from pathlib import Path
from typing import Self

from sqlalchemy import Engine

from offchain.app import all_projections
from offchain.core.commands import AssetListing, ChainPosition, CommandKind, DepositFact, OrderAuthorization
from offchain.core.errors import QuantaTradeError
from offchain.core.intents import CancelOrder, Intent, ListAsset, ListMarket, PlaceOrder, Receipt, RecordChainFact
from offchain.core.projecting import ProjectionStore, Projector
from offchain.ledger.service import LedgerService
from offchain.marketdata.service import MarketDataService
from offchain.orders.service import OrderService
from offchain.sequencer.replay import replay_events
from offchain.sequencer.sequencer import Sequencer, SequencerOptions
from tests.support.projections import all_rows, opened_store

START_S = 1_760_000_000
ALICE, BOB = b"a" * 20, b"b" * 20


class Exchange:
    """A sequencer and the projections behind it."""

    def __init__(self, folder: Path, database: Engine) -> None:
        options = SequencerOptions(segment_bytes=8_192, snapshot_every_commands=1_000)
        self.sequencer = Sequencer.open(folder, options, lambda: START_S * 1_000_000)
        self.projector = Projector(ProjectionStore(database, all_projections()))

    async def __aenter__(self) -> Self:
        await self.sequencer.start()
        start = await self.projector.open(self.sequencer.last_sequence)
        self.sequencer.subscribe("projections", start, self.projector.deliver)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.sequencer.stop()
        self.projector.close()

    async def submit(self, *intents: Intent) -> list[Receipt]:
        receipts = []
        for outcome in await self.sequencer.submit_many(intents):
            assert not isinstance(outcome, QuantaTradeError), outcome
            receipts.append(outcome)
        return receipts


def listings() -> list[Intent]:
    return [
        ListAsset(1, AssetListing("QTRA", b"\x01" * 20, 18, 10**10)),
        ListAsset(2, AssetListing("USDC", b"\x02" * 20, 6, 1)),
        ListMarket(1, "QTRA-USDC", 1, 2, 1_000_000, 1, 1, 10**9, 10**9, 1, 0),
        *(
            RecordChainFact(
                CommandKind.CHAIN_DEPOSIT,
                DepositFact(ChainPosition(block, 0, bytes(32), bytes(32)), owner),
                owner,
                asset,
                10**12,
            )
            for block, (owner, asset) in enumerate(((ALICE, 1), (BOB, 2)), start=1)
        ),
    ]


def order(owner: bytes, number: int, side: int, price: int, quantity: int) -> PlaceOrder:
    signed = OrderAuthorization(
        client_order_id=f"c-{number}",
        owner=owner,
        expiry_s=START_S + 3_600,
        seq=number,
        lane=number,
        max_fee_bps=50,
        flags=0,
        signature=bytes(65),
        digest=number.to_bytes(32, "big"),
    )
    return PlaceOrder(1, side, price, quantity, signed)


async def test_a_write_shows_as_soon_as_it_is_waited_for(database: Engine, tmp_path: Path) -> None:
    async with Exchange(tmp_path / "journal", database) as exchange:
        await exchange.submit(*listings())
        account = exchange.sequencer.directory.account_of(ALICE)
        assert account is not None
        for number in range(1, 6):
            (receipt,) = await exchange.submit(order(ALICE, number, 1, 100 + number, 10))
            await exchange.projector.caught_up(receipt.sequence)
            found = OrderService(database).order_by_client_id(account, f"c-{number}")
            assert found is not None
            assert found.order_id == receipt.sequence


async def test_tables_that_missed_commands_catch_up_and_equal_a_rebuild(database: Engine, tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    async with Exchange(folder, database) as exchange:
        await exchange.submit(*listings())
        await exchange.submit(*(order(ALICE, number, 1, 100 + number % 5, 10) for number in range(1, 60)))
        await exchange.projector.caught_up(exchange.sequencer.last_sequence)
    alone = Sequencer.open(folder, SequencerOptions(), lambda: START_S * 1_000_000)
    await alone.start()
    await alone.submit_many([order(BOB, number, 0, 104, 7) for number in range(1, 40)])
    await alone.submit_many([CancelOrder(ALICE, f"c-{number}") for number in range(50, 60)])
    await alone.stop()
    async with Exchange(folder, database) as exchange:
        last = exchange.sequencer.last_sequence
        await exchange.projector.caught_up(last)
        directory, engine = exchange.sequencer.directory, exchange.sequencer.engine
        for owner in (ALICE, BOB):
            account = directory.account_of(owner)
            assert account is not None
            for balance in LedgerService(database).balances(account):
                assert (balance.available_units, balance.reserved_units) == engine.balance(account, balance.asset)
        assert MarketDataService(database).trades(1) != []
    grown = all_rows(database)
    opened_store(database).rebuild(replay_events(folder, 0, last))
    assert all_rows(database) == grown

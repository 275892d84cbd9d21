"""Discounts are journaled when final facts change what an account is entitled to: once, and never against operators."""

from collections.abc import Awaitable, Callable, Sequence

import pytest
from sqlalchemy import Engine

from indexer.project.staking import ChainStake, ChainStakingMove, ChainStakingTier
from indexer.project.tokens import ChainTokenBalance, ChainTokenTransfer
from offchain.accounts.models import AccountRow
from offchain.core.commands import Command, CommandKind, OperatorMark
from offchain.core.errors import ServiceUnavailable
from offchain.core.events import LoggedCommand
from offchain.core.intents import SetDiscounts
from offchain.core.operator_settings import OperatorSetting
from offchain.staking.discounts import DiscountKeeper, Sources
from offchain.staking.entitlements import Entitlements
from offchain.staking.fee_schedule import HOLDER, NOTHING, Discount, FeeSchedule
from tests.support.chain_rows import CHAIN_ID, ChainRows
from tests.support.waiting import eventually

ALICE, BOB, CAROL = (bytes([number]) * 20 for number in (0xA1, 0xB0, 0xC0))
ACCOUNTS = {ALICE: 1, BOB: 2, CAROL: 3}
QTRA, STAKING, OTHER_TOKEN, MARKET = b"\x01" * 20, b"\x57" * 20, b"\x02" * 20, b"\x99" * 20
STAKER = Discount(900_000, 850_000)
SCHEDULE = FeeSchedule(100, (STAKER,))


class Exchange:
    """A chain's tables, and a log of discounts that shows in the tables at once."""

    def __init__(self, database: Engine) -> None:
        self.chain = ChainRows(database)
        self.database = database
        self.journaled: list[SetDiscounts] = []
        self.refuses = False
        self.chain_caught_up = True
        self.meanwhile: Callable[[], Awaitable[None]] | None = None
        """Happens once, while discounts are journaled."""
        self.held = dict.fromkeys(ACCOUNTS, 0)
        self.staked = dict.fromkeys(ACCOUNTS, 0)
        for owner, account in ACCOUNTS.items():
            self.chain.put(AccountRow(account=account, owner=owner, opened_us=1))
        self.keeper = self.restarted()

    def restarted(self) -> DiscountKeeper:
        entitlements = Entitlements(self.database, CHAIN_ID, QTRA, SCHEDULE)
        return DiscountKeeper(Sources(entitlements, self.submit, self.caught_up, lambda: self.chain_caught_up), 0.01)

    async def caught_up(self) -> None:
        """The tables show the log at once."""

    async def submit(self, intents: Sequence[SetDiscounts]) -> None:
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            await meanwhile()
        for intent in intents:
            if self.refuses:
                raise ServiceUnavailable("The exchange is full.")
            self.journaled.append(intent)
            self.set(ACCOUNTS[intent.owner], Discount(intent.maker_ppm, intent.taker_ppm))

    def set(self, account: int, discount: Discount, operator: bytes | None = None) -> None:
        fields = dict.fromkeys(
            ("market", "asset", "tier", "mode", "quantity", "maker_fee_ppm", "taker_fee_ppm", "sequence", "updated_us"),
            0,
        )
        self.chain.put(
            OperatorSetting(
                kind=CommandKind.SET_DISCOUNTS,
                account=account,
                amount=discount.maker_ppm,
                counter_amount=discount.taker_ppm,
                operator=operator,
                **fields,
            )
        )

    def transfer(self, block: int, sender: bytes, recipient: bytes, amount: int, token: bytes = QTRA) -> None:
        self.chain.add(block, ChainTokenTransfer(token=token, sender=sender, recipient=recipient, amount=amount))
        for owner, change in ((sender, -amount), (recipient, amount)):
            if owner in self.held and token == QTRA:
                self.held[owner] += change
                self.chain.put(ChainTokenBalance(chain_id=CHAIN_ID, token=QTRA, holder=owner, amount=self.held[owner]))

    def stake(self, block: int, owner: bytes, amount: int) -> None:
        event = "Staked" if amount > 0 else "UnstakeRequested"
        row = {"event": event, "account": owner, "amount": abs(amount)}
        self.chain.add(block, ChainStakingMove(contract=STAKING, request=0, at_s=0, staked=0, **row))
        self.staked[owner] += amount
        self.chain.put(ChainStake(chain_id=CHAIN_ID, contract=STAKING, account=owner, amount=self.staked[owner]))

    async def look(self) -> list[tuple[bytes, Discount]]:
        """What was journaled by one look."""
        before = len(self.journaled)
        await self.keeper.look()
        return [(one.owner, Discount(one.maker_ppm, one.taker_ppm)) for one in self.journaled[before:]]


@pytest.fixture
def exchange(database: Engine) -> Exchange:
    return Exchange(database)


async def test_a_holder_is_one_once_the_transfer_is_final(exchange: Exchange) -> None:
    exchange.transfer(5, MARKET, ALICE, 100)
    exchange.chain.head(6, final=4)
    assert await exchange.look() == []
    exchange.chain.head(7, final=5)
    assert await exchange.look() == [(ALICE, HOLDER)]
    assert await exchange.look() == []


async def test_who_gives_tokens_away_is_a_holder_until_that_is_final(exchange: Exchange) -> None:
    exchange.transfer(2, MARKET, ALICE, 150)
    exchange.chain.head(3, final=2)
    assert await exchange.look() == [(ALICE, HOLDER)]
    exchange.transfer(4, ALICE, BOB, 51)
    exchange.chain.head(4, final=3)
    assert await exchange.look() == []
    exchange.chain.head(5, final=4)
    assert await exchange.look() == [(ALICE, NOTHING)]


async def test_staked_tokens_count_as_held_and_by_their_tier(exchange: Exchange) -> None:
    exchange.chain.add(1, ChainStakingTier(tier=1, threshold=500))
    exchange.transfer(2, MARKET, ALICE, 100)
    exchange.chain.head(2, final=2)
    assert await exchange.look() == [(ALICE, HOLDER)]
    exchange.transfer(3, ALICE, STAKING, 100)
    exchange.stake(3, ALICE, 100)
    exchange.stake(3, BOB, 500)
    exchange.chain.head(3, final=3)
    assert await exchange.look() == [(BOB, STAKER)], "whoever stakes all stays a holder"
    exchange.stake(4, BOB, -1)
    exchange.chain.head(5, final=4)
    assert await exchange.look() == [(BOB, HOLDER)]


async def test_a_tier_that_is_set_anew_counts_for_everybody(exchange: Exchange) -> None:
    exchange.stake(2, ALICE, 500)
    exchange.stake(2, BOB, 700)
    exchange.chain.head(2, final=2)
    assert await exchange.look() == [(ALICE, HOLDER), (BOB, HOLDER)]
    exchange.chain.add(3, ChainStakingTier(tier=1, threshold=600))
    exchange.chain.head(4, final=2)
    assert await exchange.look() == []
    exchange.chain.head(4, final=3)
    assert await exchange.look() == [(BOB, STAKER)]


async def test_other_tokens_and_other_wallets_are_nothing(exchange: Exchange) -> None:
    exchange.transfer(2, MARKET, ALICE, 10**9, token=OTHER_TOKEN)
    exchange.transfer(2, ALICE, MARKET, 0)
    exchange.chain.head(2, final=2)
    assert await exchange.look() == []


async def test_a_restart_journals_nothing_twice_and_misses_nothing(exchange: Exchange) -> None:
    exchange.transfer(2, MARKET, ALICE, 100)
    exchange.chain.head(2, final=2)
    await exchange.look()
    exchange.keeper = exchange.restarted()
    assert await exchange.look() == []
    exchange.transfer(3, MARKET, BOB, 100)
    exchange.chain.head(3, final=3)
    exchange.keeper = exchange.restarted()
    assert await exchange.look() == [(BOB, HOLDER)]


async def test_what_was_refused_is_due_again(exchange: Exchange) -> None:
    exchange.transfer(2, MARKET, ALICE, 100)
    exchange.transfer(2, MARKET, BOB, 100)
    exchange.chain.head(2, final=2)
    exchange.refuses = True
    with pytest.raises(ServiceUnavailable):
        await exchange.look()
    exchange.refuses = False
    assert await exchange.look() == [(ALICE, HOLDER), (BOB, HOLDER)]
    assert exchange.keeper.status().through_block == 2


async def test_nothing_is_journaled_of_a_past_that_is_being_read_again(exchange: Exchange) -> None:
    exchange.set(ACCOUNTS[ALICE], HOLDER)
    exchange.chain.head(2, final=2)
    exchange.chain_caught_up = False
    assert await exchange.look() == []
    exchange.transfer(3, MARKET, ALICE, 100)
    exchange.chain.head(4, final=4)
    exchange.chain_caught_up = True
    assert await exchange.look() == []


def told(kind: CommandKind, account: int, attachment: OperatorMark | None = None, sequence: int = 1) -> LoggedCommand:
    return LoggedCommand(Command(sequence, 1, kind, account=account), attachment, ())


async def test_an_account_that_is_opened_later_gets_what_its_wallet_held_before(exchange: Exchange) -> None:
    owner = b"\xd0" * 20
    ACCOUNTS[owner] = 4
    exchange.held[owner] = 0
    exchange.transfer(2, MARKET, owner, 100)
    exchange.chain.head(2, final=2)
    assert await exchange.look() == []
    exchange.chain.put(AccountRow(account=4, owner=owner, opened_us=1))
    assert await exchange.look() == []
    await exchange.keeper.deliver([told(CommandKind.OPEN_ACCOUNT, 4)])
    assert await exchange.look() == [(owner, HOLDER)]
    del ACCOUNTS[owner]


async def test_what_an_operator_sets_stands_until_it_is_given_back(exchange: Exchange) -> None:
    operator, chosen = b"\x0f" * 20, Discount(1, 2)
    exchange.set(ACCOUNTS[ALICE], chosen, operator)
    exchange.transfer(2, MARKET, ALICE, 100)
    exchange.chain.head(2, final=2)
    assert await exchange.look() == []
    exchange.set(ACCOUNTS[ALICE], NOTHING, operator)
    await exchange.keeper.deliver([told(CommandKind.SET_DISCOUNTS, ACCOUNTS[ALICE], OperatorMark(operator))])
    assert await exchange.look() == [(ALICE, HOLDER)]


async def test_what_an_operator_gives_back_during_a_look_is_looked_at_in_the_next(exchange: Exchange) -> None:
    mark = OperatorMark(b"\x0f" * 20)
    exchange.set(ACCOUNTS[ALICE], Discount(1, 2), mark.wallet)
    await exchange.keeper.deliver([told(CommandKind.SET_DISCOUNTS, ACCOUNTS[ALICE], mark, 1)])
    exchange.transfer(2, MARKET, ALICE, 100)
    exchange.transfer(2, MARKET, BOB, 100)
    exchange.chain.head(2, final=2)

    async def given_back_meanwhile() -> None:
        exchange.set(ACCOUNTS[ALICE], NOTHING, mark.wallet)
        await exchange.keeper.deliver([told(CommandKind.SET_DISCOUNTS, ACCOUNTS[ALICE], mark, 2)])

    exchange.meanwhile = given_back_meanwhile
    assert await exchange.look() == [(BOB, HOLDER)]
    assert await exchange.look() == [(ALICE, HOLDER)]


async def test_many_accounts_are_looked_at_in_pages(exchange: Exchange) -> None:
    owners = {number.to_bytes(20): number for number in range(100, 1_400)}
    try:
        for owner, account in owners.items():
            ACCOUNTS[owner] = account
            exchange.chain.put(AccountRow(account=account, owner=owner, opened_us=1))
            exchange.chain.put(ChainTokenBalance(chain_id=CHAIN_ID, token=QTRA, holder=owner, amount=100))
        exchange.chain.head(2, final=2)
        assert [owner for owner, _ in await exchange.look()] == list(owners)
        assert await exchange.look() == []
    finally:
        for owner in owners:
            del ACCOUNTS[owner]


async def test_it_looks_again_by_itself_and_outlives_a_failure(exchange: Exchange) -> None:
    exchange.transfer(2, MARKET, ALICE, 100)
    exchange.chain.head(2, final=2)
    exchange.refuses = True
    await exchange.keeper.start()
    keeper = exchange.keeper
    await eventually(lambda: keeper.status().error != "")
    exchange.refuses = False
    await eventually(lambda: keeper.status().through_block == 2 and not keeper.status().error)
    await exchange.keeper.stop()
    assert [intent.owner for intent in exchange.journaled] == [ALICE]

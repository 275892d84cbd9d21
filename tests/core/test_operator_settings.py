"""What operators set for accounts and for the exchange is known from the tables: the last word counts."""

from sqlalchemy import Engine

from offchain.core.commands import Command, CommandKind
from offchain.core.database import reading_sessions
from offchain.core.events import Event, EventKind, LoggedCommand
from offchain.core.operator_settings import (
    AccountLimits,
    FeeTier,
    OperatorSettings,
    read_exchange_killed,
    sets_exchange_killed,
)
from tests.support.exchange_log import START_US, ExchangeLog
from tests.support.projections import project


class Log:
    """Settings as the engine takes or refuses them."""

    def __init__(self) -> None:
        self.logged = ExchangeLog().logged

    def add(self, kind: CommandKind, *, taken: bool = True, **fields: int) -> LoggedCommand:
        sequence = len(self.logged) + 1
        told = EventKind.NOTED if taken else EventKind.REJECTED
        event = Event(sequence, sequence, START_US, told, *[0] * (len(Event._fields) - 4))
        one = LoggedCommand(Command(sequence, START_US, kind, **fields), None, (event,))
        self.logged.append(one)
        return one

    def settings(self, database: Engine) -> OperatorSettings:
        project(database, self.logged)
        return OperatorSettings(database)


def test_an_account_without_limits_of_its_own_has_those_of_all(database: Engine) -> None:
    log = Log()
    log.add(CommandKind.SET_ACCOUNT_LIMITS, quantity=200, amount=10, counter_amount=1_000)
    log.add(CommandKind.SET_ACCOUNT_LIMITS, account=5, quantity=7)
    log.add(CommandKind.SET_ACCOUNT_LIMITS, account=6, quantity=7)
    log.add(CommandKind.SET_ACCOUNT_LIMITS, account=6)
    log.add(CommandKind.SET_ACCOUNT_LIMITS, account=8, quantity=1, taken=False)
    settings = log.settings(database)
    of_all = AccountLimits(200, 10, 1_000)
    assert [settings.of_account(account, 0).limits for account in (0, 5, 6, 8)] == [
        of_all,
        AccountLimits(7),
        of_all,
        of_all,
    ]


def test_caps_and_discounts_are_the_accounts_own(database: Engine) -> None:
    log = Log()
    log.add(CommandKind.SET_POSITION_CAP, account=5, asset=3, amount=100)
    log.add(CommandKind.SET_POSITION_CAP, account=5, asset=1, amount=50)
    log.add(CommandKind.SET_POSITION_CAP, account=5, asset=3, amount=80)
    log.add(CommandKind.SET_POSITION_CAP, account=5, asset=1)
    log.add(CommandKind.SET_DISCOUNTS, account=5, amount=100_000, counter_amount=50_000)
    settings = log.settings(database)
    five, six = settings.of_account(5, 0), settings.of_account(6, 0)
    assert (five.caps, five.holder_ppm, five.staker_ppm) == ({3: 80}, 100_000, 50_000)
    assert (six.caps, six.holder_ppm, six.staker_ppm) == ({}, 0, 0)


def test_tiers_are_told_without_those_that_were_removed(database: Engine) -> None:
    log = Log()
    log.add(CommandKind.SET_FEE_TIER, mode=3, amount=9_000, maker_fee_ppm=-50, taker_fee_ppm=900)
    log.add(CommandKind.SET_FEE_TIER, mode=2, amount=1_000, maker_fee_ppm=1_000, taker_fee_ppm=2_000)
    log.add(CommandKind.SET_FEE_TIER, mode=4, amount=10_000, maker_fee_ppm=0, taker_fee_ppm=800)
    log.add(CommandKind.SET_FEE_TIER, mode=4)
    settings = log.settings(database)
    assert settings.of_exchange().tiers == [FeeTier(2, 1_000, 1_000, 2_000), FeeTier(3, 9_000, -50, 900)]
    assert [settings.of_account(5, volume).tier for volume in (0, 999, 1_000, 8_999, 9_000, 10**15)] == [
        1,
        1,
        2,
        2,
        3,
        3,
    ]


def test_kill_switches_are_an_accounts_a_markets_or_the_exchanges(database: Engine) -> None:
    log = Log()
    of_account = log.add(CommandKind.SET_KILL_SWITCH, account=5, mode=1)
    of_market = log.add(CommandKind.SET_KILL_SWITCH, market=2, mode=1)
    settings = log.settings(database)
    assert [settings.of_account(account, 0).is_killed for account in (0, 5, 6)] == [False, True, False]
    assert not settings.of_exchange().is_killed

    on = log.add(CommandKind.SET_KILL_SWITCH, mode=1)
    refused = log.add(CommandKind.SET_KILL_SWITCH, mode=0, taken=False)
    settings = log.settings(database)
    assert all(settings.of_account(account, 0).is_killed for account in (0, 5, 6))
    with reading_sessions(database)() as session:
        assert read_exchange_killed(session)

    off = log.add(CommandKind.SET_KILL_SWITCH, mode=0)
    assert not log.settings(database).of_exchange().is_killed
    told = [sets_exchange_killed(one) for one in (of_account, of_market, on, refused, off)]
    assert told == [None, None, True, None, False]

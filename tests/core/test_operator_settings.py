"""What operators set for accounts and for the exchange is known from the tables: the last word counts."""

from sqlalchemy import Engine

from offchain.core.commands import Command, CommandKind, OperatorMark
from offchain.core.database import reading_sessions
from offchain.core.events import Event, EventKind, LoggedCommand
from offchain.core.operator_settings import (
    Discounts,
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

    def add(
        self, kind: CommandKind, *, taken: bool = True, mark: OperatorMark | None = None, **fields: int
    ) -> LoggedCommand:
        sequence = len(self.logged) + 1
        told = EventKind.NOTED if taken else EventKind.REJECTED
        event = Event(sequence, sequence, START_US, told, *[0] * (len(Event._fields) - 4))
        one = LoggedCommand(Command(sequence, START_US, kind, **fields), mark, (event,))
        self.logged.append(one)
        return one

    def settings(self, database: Engine) -> OperatorSettings:
        project(database, self.logged)
        return OperatorSettings(database)


def test_the_last_word_of_each_kind_is_kept_with_who_spoke_it(database: Engine) -> None:
    log = Log()
    mark = OperatorMark(b"\x11" * 20)
    log.add(CommandKind.SET_ACCOUNT_LIMITS, quantity=200, amount=10, counter_amount=1_000)
    log.add(CommandKind.SET_ACCOUNT_LIMITS, account=5, quantity=7)
    log.add(CommandKind.SET_ACCOUNT_LIMITS, account=5, quantity=8, mark=mark)
    log.add(CommandKind.SET_ACCOUNT_LIMITS, account=5, quantity=9, taken=False)
    log.add(CommandKind.SET_POSITION_CAP, account=5, asset=3, amount=100)
    log.add(CommandKind.SET_POSITION_CAP, account=5, asset=1, amount=50)
    found = [
        (one.kind, one.account, one.asset, one.quantity, one.amount, one.operator)
        for one in log.settings(database).all()
    ]
    assert found == [
        (CommandKind.SET_POSITION_CAP, 5, 1, 0, 50, None),
        (CommandKind.SET_POSITION_CAP, 5, 3, 0, 100, None),
        (CommandKind.SET_ACCOUNT_LIMITS, 5, 0, 8, 0, mark.wallet),
        (CommandKind.SET_ACCOUNT_LIMITS, 0, 0, 200, 10, None),
    ]


def test_discounts_are_the_accounts_own(database: Engine) -> None:
    log = Log()
    log.add(CommandKind.SET_DISCOUNTS, account=5, amount=100_000, counter_amount=50_000)
    settings = log.settings(database)
    assert (settings.discounts(5), settings.discounts(6)) == (Discounts(100_000, 50_000), Discounts())


def test_discounts_that_nobody_set_are_not_among_the_settings(database: Engine) -> None:
    log, mark = Log(), OperatorMark(b"\x11" * 20)
    log.add(CommandKind.SET_DISCOUNTS, account=5, amount=100_000)
    log.add(CommandKind.SET_DISCOUNTS, account=6, amount=200_000, mark=mark)
    settings = log.settings(database)
    assert [(one.account, one.operator) for one in settings.all()] == [(6, mark.wallet)]
    assert settings.discounts(5) == Discounts(100_000, 0)


def test_tiers_are_told_without_those_that_were_removed(database: Engine) -> None:
    log = Log()
    log.add(CommandKind.SET_FEE_TIER, mode=3, amount=9_000, maker_fee_ppm=-50, taker_fee_ppm=900)
    log.add(CommandKind.SET_FEE_TIER, mode=2, amount=1_000, maker_fee_ppm=1_000, taker_fee_ppm=2_000)
    log.add(CommandKind.SET_FEE_TIER, mode=4, amount=10_000, maker_fee_ppm=0, taker_fee_ppm=800)
    log.add(CommandKind.SET_FEE_TIER, mode=4)
    settings = log.settings(database)
    assert settings.fee_tiers() == [FeeTier(2, 1_000, 1_000, 2_000), FeeTier(3, 9_000, -50, 900)]
    assert settings.tiers_ever_set() == {2, 3, 4}
    assert [settings.tier_of(volume) for volume in (0, 999, 1_000, 8_999, 9_000, 10**15)] == [1, 1, 2, 2, 3, 3]


def test_the_exchanges_kill_switch_is_told_apart_from_others(database: Engine) -> None:
    log = Log()
    steps: list[tuple[LoggedCommand, bool | None, bool]] = [
        (log.add(CommandKind.SET_KILL_SWITCH, account=5, mode=1), None, False),
        (log.add(CommandKind.SET_KILL_SWITCH, market=2, mode=1), None, False),
        (log.add(CommandKind.SET_KILL_SWITCH, mode=1), True, True),
        (log.add(CommandKind.SET_KILL_SWITCH, mode=0, taken=False), None, True),
        (log.add(CommandKind.SET_KILL_SWITCH, mode=0), False, False),
    ]
    for one, makes, is_killed in steps:
        assert sets_exchange_killed(one) is makes
        project(database, log.logged[: one.command.sequence])
        with reading_sessions(database)() as session:
            assert read_exchange_killed(session) is is_killed

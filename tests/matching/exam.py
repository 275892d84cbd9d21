"""What an engine is asked in a second, with the answers of the reference model: the quick end of the tests.

The commands are some hours of random days, with any bits in any fields now and then. After each the events and the
verdict must be the model's; every few, all that can be asked of an engine, and it goes on from its own snapshot.
"""

import random
from collections.abc import Iterator
from typing import Any, NamedTuple

from offchain.core.commands import Command, CommandKind, Side
from tests.matching.desk import Desk
from tests.matching.engines import AnyEngine
from tests.matching.market_day import ACCOUNTS, MARKETS, MarketDay
from tests.matching.naive import NaiveEngine
from tests.matching.streams import SIGNED, WORDS

COMMANDS = 700
ASKED_EACH = 70
GARBAGE_SHARE = 0.06


class Question(NamedTuple):
    """A command, and what comes of it; `answers` only now and then."""

    command: Command
    verdict: int
    events: tuple[tuple[int, ...], ...]
    answers: Any


class Exam:
    """Made by the model once; then any engine can take it."""

    def __init__(self, seed: int) -> None:
        model = NaiveEngine()
        self.opening = Desk(model).sequence
        self.questions = [
            Question(command, model.check(command), told(model, command), answers(model) if asked else None)
            for command, asked in stream(seed, self.opening + 1, model)
        ]

    def failed_by(self, engine: AnyEngine) -> str | None:
        """The first thing that an engine answers otherwise, if there is any. What it raises, it raises."""
        Desk(engine)
        for question in self.questions:
            if engine.check(question.command) != question.verdict:
                return f"verdict of {question.command}"
            if told(engine, question.command) != question.events:
                return f"events of {question.command}"
            if question.answers:
                engine = engine if isinstance(engine, NaiveEngine) else engine.restore(engine.snapshot())
                if answers(engine) != question.answers:
                    return f"state after {question.command}"
        return None


def told(engine: AnyEngine, command: Command) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(event) for event in engine.apply(command))


def stream(seed: int, first: int, model: NaiveEngine) -> Iterator[tuple[Command, bool]]:
    """Commands, and after which of them to ask; the day hears from the model which of its orders are open."""
    chance, day = random.Random(seed), MarketDay(seed, first)
    for number in range(COMMANDS):
        command = day.next()
        if chance.random() < GARBAGE_SHARE:
            command = spoiled(chance, command)
        asked = number % ASKED_EACH == ASKED_EACH - 1
        yield command, asked
        if asked:
            day.keep(model.orders)


def spoiled(chance: random.Random, command: Command) -> Command:
    """The command with any bits in one or two of its fields, or of any kind."""
    fields: dict[str, int] = {}
    for name in chance.sample([*WORDS, *SIGNED], chance.randint(1, 2)):
        if name in WORDS:
            fields[name] = chance.choice((0, 1, chance.randrange(9), 2 ** WORDS[name] - 1))
        else:
            half = 2 ** (SIGNED[name] - 1)
            fields[name] = chance.choice((0, 1, -1, half - 1, -half, chance.randrange(-half, half)))
    if chance.random() < 0.3:
        fields["kind"] = chance.choice(list(CommandKind))
    if fields.get("sequence", 0) > command.sequence:
        fields["sequence"] = command.sequence
    return command._replace(**fields)


def answers(engine: AnyEngine) -> tuple[object, ...]:
    """All that can be asked."""
    ids = [int(order_id) for order_id in engine.open_order_ids()]
    return (
        engine.state_hash(),
        engine.balances(),
        [engine.balance(account, asset) for account in (0, *ACCOUNTS, 9) for asset in (1, 2, 3, 4)],
        ids,
        [engine.order(order_id) for order_id in [*ids, 1, 2**63 - 1]],
        [engine.depth(market, side, limit) for market in (*MARKETS, 9) for side in Side for limit in (0, 2, 99)],
        [(engine.status(market), engine.last_price(market)) for market in (0, *MARKETS, 9)],
        [(engine.rates(account), engine.volume(account)) for account in (0, *ACCOUNTS, 9)],
        [tuple(engine.limits(account)) for account in ACCOUNTS],
        [engine.position_cap(account, asset) for account in ACCOUNTS for asset in (1, 2, 3, 4)],
        [engine.killed(account, market) for account in ACCOUNTS for market in MARKETS],
        (engine.accounts, engine.assets, engine.open_orders, engine.last_sequence, engine.event_sequence),
    )

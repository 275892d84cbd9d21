"""What many callers ask of an exchange: orders of every kind, cancels, amendments, replacements, deposits, withdrawals.

Everything follows from a `random.Random`, so that the same seed asks the same things.
"""

from collections import deque
from collections.abc import Sequence
from random import Random

import msgspec

from offchain.core.commands import (
    UNLIMITED,
    MarketStatus,
    OrderInstructions,
    OrderType,
    PostOnly,
    SelfTradePrevention,
    SessionFact,
    TimeInForce,
)
from offchain.core.intents import (
    AmendOrder,
    CancelAllOrders,
    CancelOrder,
    Intent,
    Operate,
    OperatorIntent,
    PlaceOrder,
    Receipt,
    RecordChainFact,
    ReplaceOrder,
    RequestWithdrawal,
    RevertWithdrawal,
    SetAccountLimits,
    SetCircuitBreaker,
    SetFees,
    SetKillSwitch,
    SetMarketRisk,
    SetMarketStatus,
    SetPositionCap,
)
from tests.sequencer.world import (
    BASE,
    BUY,
    KEY,
    MARKET,
    NOW_S,
    OTHER_KEY,
    QUOTE,
    SELL,
    by_key,
    deposit,
    funding,
    in_ladder,
    order,
    paid,
    session_revoked,
    session_set,
    settled,
    withdrawal,
)

OWNERS = tuple(bytes([letter]) * 20 for letter in b"abcdef")
LANES_EACH = 24
_WAYS = (
    OrderInstructions(),
    OrderInstructions(),
    OrderInstructions(),
    OrderInstructions(TimeInForce.IOC),
    OrderInstructions(TimeInForce.FOK),
    OrderInstructions(TimeInForce.IOC, OrderType.MARKET),
    OrderInstructions(order_type=OrderType.STOP_LIMIT),
    OrderInstructions(TimeInForce.IOC, OrderType.STOP_MARKET),
    OrderInstructions(post_only=PostOnly.SLIDE),
    OrderInstructions(self_trade_prevention=SelfTradePrevention.CANCEL_RESTING),
    OrderInstructions(self_trade_prevention=SelfTradePrevention.DECREMENT_AND_CANCEL),
)


def beginning() -> list[Intent]:
    """Listings and first deposits; asking for them again changes nothing."""
    return funding(*OWNERS)


class Trader:
    """One caller with one wallet. Its names and seqs are unique among all runs, `run` counting them from 1."""

    def __init__(self, number: int, run: int, chance: Random, now_s: int = NOW_S) -> None:
        self._number = number
        self._owner = OWNERS[number % len(OWNERS)]
        self._run = run
        self._chance = chance
        self._now_s = now_s
        self._step = 0
        self._names: deque[str] = deque(maxlen=LANES_EACH)

    def ask(self) -> list[Intent]:
        """The next few intents, to be submitted together; now and then orders with one signature."""
        count = self._chance.choice((1, 1, 1, 1, 2, 3, 8, 30))
        if self._chance.random() < 0.1:
            key = self._chance.choice((b"", KEY))
            return list(in_ladder(*(msgspec.structs.replace(self._order(), session_key=key) for _ in range(count))))
        return [self._one() for _ in range(count)]

    def answered(self, intent: Intent, receipt: Receipt) -> None:
        """Remember nothing: what was placed is known by its name."""

    def _one(self) -> Intent:
        draw = self._chance.random()
        if draw < 0.1:
            return by_key(self._order(), self._chance.choice((KEY, OTHER_KEY)))
        if draw < 0.62 or not self._names:
            return self._order()
        name = self._chance.choice(self._names)
        if draw < 0.80:
            return CancelOrder(self._owner, name)
        if draw < 0.90:
            return AmendOrder(self._owner, self._chance.randrange(1, 6), name)
        if draw < 0.98:
            return ReplaceOrder(self._order(), name)
        return CancelAllOrders(self._owner)

    def _order(self) -> PlaceOrder:
        self._step += 1
        name, way = f"{self._run}.{self._number}.{self._step}", self._chance.choice(_WAYS)
        is_stop = way.order_type in (OrderType.STOP_LIMIT, OrderType.STOP_MARKET)
        self._names.append(name)
        return order(
            self._owner,
            name,
            self._chance.choice((BUY, SELL)),
            self._chance.randrange(95, 106),
            self._chance.randrange(1, 10),
            lane=1 + self._number * LANES_EACH + self._step % LANES_EACH,
            seq=self._run * 1_000_000 + self._step,
            expiry_s=self._now_s + self._chance.choice((150, 300, 3_600)),
            flags=way.flags,
            trigger=self._chance.randrange(95, 106) if is_stop else 0,
        )


class Treasury:
    """The caller for all that is not a trader's: facts of the chain, withdrawals, what becomes of them, settings."""

    def __init__(self, run: int, chance: Random, chain_position: tuple[int, int], now_s: int = NOW_S) -> None:
        self._run = run
        self._chance = chance
        self._place = chain_position[0] * 10 + max(chain_position[1], 0)
        self._now_s = now_s
        self._step = 0
        self._open: list[tuple[RequestWithdrawal, int]] = []
        self._keys: list[tuple[bytes, bytes]] = []
        self._operator = Operator(chance)

    def ask(self) -> list[Intent]:
        """The next intents: of the chain's facts one at a time, because their places must rise."""
        self._step += 1
        draw = self._chance.random()
        if draw < 0.12:
            self._place += 1
            return [self._of_a_session()]
        if draw < 0.25:
            self._place += 1
            return [deposit(self._place, self._owner(), self._chance.choice((BASE, QUOTE)), self._amount())]
        if draw < 0.5 or not self._open:
            nonce = self._run * 1_000_000 + self._step
            return [withdrawal(self._owner(), nonce, self._amount(), deadline_s=self._now_s + 3_600)]
        if draw < 0.65:
            request, _ = self._open.pop()
            self._place += 1
            signed = request.authorization
            return [paid(self._place, signed.owner, signed.nonce, request.amount_units, request.asset)]
        if draw < 0.8:
            return [RevertWithdrawal(self._open.pop()[1])]
        if draw < 0.95:
            return self._operator.ask()
        return [SetFees(self._step % 1_000, 1_000 + self._run % 1_000, self._owner())]

    def answered(self, intent: Intent, receipt: Receipt) -> None:
        """Remember a withdrawal, which can be paid or reverted from now on, or a key, which can be taken back."""
        if isinstance(intent, RequestWithdrawal):
            self._open.append((intent, receipt.sequence))
        elif isinstance(intent, RecordChainFact) and isinstance(intent.fact, SessionFact):
            self._keys.append((intent.owner, intent.fact.key))

    def _of_a_session(self) -> Intent:
        """A key is registered or taken back, or the chain has settled what it had not."""
        owner, key, draw = self._owner(), self._chance.choice((KEY, OTHER_KEY)), self._chance.random()
        if draw < 0.3:
            return settled(self._place, self._chance.randrange(1_000_000))
        if draw < 0.5 and self._keys:
            return session_revoked(self._place, *self._keys.pop())
        limits = [self._chance.choice((2_000, 10**7, UNLIMITED)) for _ in range(2)]
        return session_set(self._place, owner, key, *limits, expiry_s=self._now_s + self._chance.choice((300, 7_200)))

    def _owner(self) -> bytes:
        return self._chance.choice(OWNERS)

    def _amount(self) -> int:
        return self._chance.randrange(1, 1_000_000)


class Operator:
    """Who restricts trading, and soon lets it go on: of all at once, of one wallet when asked the next time."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self._left: list[OperatorIntent] = [
            SetKillSwitch(False),
            SetKillSwitch(False, b"", MARKET),
            SetMarketRisk(MARKET, 0, 0, 0),
            SetCircuitBreaker(MARKET, 0, 0),
            SetMarketStatus(MARKET, MarketStatus.TRADING),
            *(freed for owner in OWNERS for freed in _freed(owner)),
        ]
        """What ends the restrictions that are in force, or may be from an earlier run."""

    def ask(self) -> list[Intent]:
        """What the operator sets, now and then under a name."""
        settings, self._left = self._left, []
        if not settings:
            settings = self._restrict()
        return [Operate(b"o" * 20, one) for one in settings] if self._chance.random() < 0.5 else list(settings)

    def _restrict(self) -> list[OperatorIntent]:
        chance = self._chance
        owner = chance.choice(OWNERS)
        opening = SetMarketStatus(MARKET, MarketStatus.TRADING)
        match chance.randrange(6):
            case 0:
                return [SetMarketStatus(MARKET, chance.choice(list(MarketStatus))), opening]
            case 1:
                market = chance.choice((0, MARKET))
                return [SetKillSwitch(True, b"", market), SetKillSwitch(False, b"", market)]
            case 2:
                self._left = [SetMarketRisk(MARKET, 0, 0, 0)]
                return [SetMarketRisk(MARKET, chance.choice((0, 50_000)), chance.choice((0, 80_000)), 0)]
            case 3:
                self._left = [SetCircuitBreaker(MARKET, 0, 0), opening]
                return [SetCircuitBreaker(MARKET, 40_000, 10_000_000), opening]
        self._left = _freed(owner)
        return [
            chance.choice(
                (SetAccountLimits(9, 20, 60, owner), SetPositionCap(owner, BASE, 10**12), SetKillSwitch(True, owner))
            )
        ]


def _freed(owner: bytes) -> list[OperatorIntent]:
    return [SetAccountLimits(0, 0, 0, owner), SetPositionCap(owner, BASE, 0), SetKillSwitch(False, owner)]


Caller = Trader | Treasury


def callers(traders: int, run: int, chance: Random, chain_position: tuple[int, int], now_s: int) -> Sequence[Caller]:
    """Some traders and the treasury, each with a chance of its own, so that their order among each other is free."""
    return [
        *(Trader(number, run, Random(chance.getrandbits(64)), now_s) for number in range(traders)),
        Treasury(run, Random(chance.getrandbits(64)), chain_position, now_s),
    ]

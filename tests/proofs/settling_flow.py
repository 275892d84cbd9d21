"""Random flow through the real engine, and its fills as batches: by order, ladder, session, wallet and statement."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from msgspec.structs import replace

from offchain.chain.keys import LocalSigner
from offchain.chain.typed_data import ISOLATED, Ladder, Order, TypedStruct
from offchain.core.commands import AuthorizationKind, Command, CommandKind, OrderInstructions
from offchain.core.events import Event, EventKind
from offchain.matching.engine import Engine
from offchain.settlement.accounts import Account, MarketTerms
from offchain.settlement.batch import (
    UNIFIED,
    Authorization,
    BatchFill,
    BatchOrder,
    Delta,
    IsolatedStatement,
    LadderPlace,
    Statement,
    UnifiedStatement,
    may_slide,
)
from offchain.settlement.netting import Matched, net_deltas
from tests.matching.market_day import MARKETS, Fields, MarketDay

K = CommandKind
ASSETS: Final = (1, 2, 3)
CHAIN_MARKETS: Final = 100
"""The flow's markets are on the chain under numbers that are higher by this."""
TERMS: Final = {
    CHAIN_MARKETS + 1: MarketTerms(1, 2, 1_000, 1),
    CHAIN_MARKETS + 2: MarketTerms(1, 3, 1_000, 1),
    CHAIN_MARKETS + 3: MarketTerms(2, 3, 7, 3),
}
RICH_UNITS, POOR_UNITS = 10**15, 10**6
_FAR_S: Final = 2**40 - 1
_LADDER_MOST: Final = 5
_PPM_PER_BPS: Final = 100
_FLOW_KINDS: Final = frozenset({"funds", "exit", "unwind"})
"""What would need a counterpart on the chain."""


@dataclass(frozen=True)
class Trader:
    """An account of the engine: whose it is on the chain, and how its orders are signed."""

    owner: bytes
    signer: LocalSigner
    kind: AuthorizationKind = AuthorizationKind.OWNER
    market: int = UNIFIED
    units: int = RICH_UNITS
    ladders: bool = False

    @property
    def account(self) -> Account:
        """Its account on the chain."""
        return Account(self.owner, self.market)


@dataclass
class Standing:
    """An order as its owner signs it, once it fills. A renewed one waits for a cancel floor."""

    account: int
    order: Order
    in_force: int
    renewal_floor: int = 0
    authorization: Authorization | None = None
    ladder: LadderPlace | None = None


class Entry(NamedTuple):
    """An order at the rates of some of its fills."""

    order_id: int
    maker_ppm: int
    taker_ppm: int


class SettlingDay(MarketDay):
    """The market day without deposits, withdrawals and exits; an isolated account keeps to its market."""

    def __init__(self, seed: int, first: int, traders: dict[int, Trader]) -> None:
        super().__init__(seed, first)
        self.traders = traders
        self.settings = [setting for setting in self.settings if setting.__name__ not in _FLOW_KINDS]

    def opening_moves(self) -> Iterator[Fields]:
        return iter(())

    def order(self, account: int, market: int) -> Fields:
        account = self.chance.choice(list(self.traders))
        fields = super().order(account, (self.traders[account].market or CHAIN_MARKETS + market) - CHAIN_MARKETS)
        if "taker_fee_ppm" in fields:
            fields["taker_fee_ppm"] -= fields["taker_fee_ppm"] % _PPM_PER_BPS
        return fields


class SettlingFlow:
    """The engine on its way, the fills that no batch holds yet, and what stands behind them."""

    def __init__(self, seed: int, domain: bytes, traders: dict[int, Trader]) -> None:
        self.engine, self.domain, self.traders = Engine(), domain, traders
        self.chance = random.Random(seed)
        self.standing: dict[int, Standing] = {}
        self.lanes: dict[tuple[int, int], list[int]] = {}
        """By account and base asset: which order had the lane last, from lane 1 on."""
        self.last_seq = 0
        self.fills: list[Event] = []
        self.places: dict[Entry, int] = {}
        self.matched_fills: list[BatchFill] = []
        self.commands = 0
        self.day = SettlingDay(seed, self._open() + 1, traders)

    def _open(self) -> int:
        """Lists everything and deposits for everybody; the last command's sequence."""
        opening = [{"kind": K.LIST_ASSET, "asset": asset} for asset in ASSETS]
        for account, trader in self.traders.items():
            opening.append({"kind": K.OPEN_ACCOUNT, "account": account})
            opening += [
                {"kind": K.CHAIN_DEPOSIT, "account": account, "asset": asset, "amount": trader.units}
                for asset in self.assets_of(trader)
            ]
        for market in MARKETS:
            base, quote, lot, tick_lot = TERMS[CHAIN_MARKETS + market]
            sizes = {"amount": lot, "counter_amount": tick_lot, "price": 10**9, "quantity": 10**6}
            opening.append({"kind": K.LIST_MARKET, "market": market, "asset": base, "counter_asset": quote, **sizes})
        for sequence, fields in enumerate(opening, 1):
            (event,) = self.engine.apply(Command(sequence, sequence, **fields))
            assert event.kind != EventKind.REJECTED, fields
        return len(opening)

    def assets_of(self, trader: Trader) -> tuple[int, ...]:
        """What a trader can hold."""
        return TERMS[trader.market][:2] if trader.market else ASSETS

    # -- following the engine

    def trade(self, fills: int) -> None:
        """Goes on until that many fills or more wait for a batch."""
        while len(self.fills) < fills:
            command = self.day.next()
            self.commands += 1
            for event in self.engine.apply(command):
                self._follow(command, event)
            if self.commands % 100 == 0:
                self.day.keep(set(self.engine.open_order_ids().tolist()))

    def unwind(self, fill: Event, reason: int) -> None:
        """Takes back a fill that the contract left out, as the exchange does."""
        self.day.sequence += 1
        names = {"market": fill.market, "side": fill.side, "price": fill.price, "quantity": fill.quantity}
        parties = {"account": fill.account, "counter_account": fill.counter_account}
        fees = {"amount": fill.fee, "counter_amount": fill.counter_fee}
        row = {**names, **parties, **fees, "order_id": fill.sequence, "reason": reason}
        events = self.engine.apply(Command(self.day.sequence, self.day.now_us, K.UNWIND_FILL, **row))
        assert events[0].kind != EventKind.REJECTED

    def _follow(self, command: Command, event: Event) -> None:
        if event.kind == EventKind.ACCEPTED:
            self.standing[event.order_id] = self._accepted(command, event)
        elif event.kind == EventKind.TRIGGERED:
            self.standing[event.order_id].in_force = event.price
        elif event.kind == EventKind.FILLED:
            self._filled(event)

    def _accepted(self, command: Command, event: Event) -> Standing:
        trader = self.traders[command.account]
        market, instructions = (
            CHAIN_MARKETS + command.market,
            OrderInstructions(
                command.time_in_force, command.order_type, command.post_only, command.self_trade_prevention
            ),
        )
        self.last_seq += 1
        lane = self._lane(command.account, TERMS[market].base, event.order_id) if instructions.can_rest else 0
        flags = instructions.flags | (ISOLATED if trader.market else 0)
        cap_bps = command.taker_fee_ppm // _PPM_PER_BPS
        order = Order(
            market, command.side, command.price, command.quantity, _FAR_S, self.last_seq, lane, cap_bps, flags
        )
        return Standing(command.account, order, event.price)

    def _lane(self, account: int, base: int, order_id: int) -> int:
        """The lowest lane that no open order has.

        It may be one that came free in the very command that takes it, which no client could know: then the contract
        refuses some of what the engine matched.
        """
        holders = self.lanes.setdefault((account, base), [])
        for place, holder in enumerate(holders):
            if self.engine.order(holder) is None:
                holders[place] = order_id
                return place + 1
        holders.append(order_id)
        return len(holders)

    def _filled(self, event: Event) -> None:
        taker_maker_ppm, taker_ppm = self._capped(event.order_id, event.account)
        maker_ppm, maker_taker_ppm = self._capped(event.counter_order_id, event.counter_account)
        taker = Entry(event.order_id, taker_maker_ppm, taker_ppm)
        maker = Entry(event.counter_order_id, max(maker_ppm, -taker_ppm), maker_taker_ppm)
        maker_place, taker_place = (self.places.setdefault(entry, len(self.places)) for entry in (maker, taker))
        self.fills.append(event)
        self.matched_fills.append(BatchFill(maker_place, taker_place, event.quantity))

    def _capped(self, order_id: int, account: int) -> tuple[int, int]:
        maker_ppm, taker_ppm = self.engine.rates(account)
        cap_ppm = self.standing[order_id].order.max_fee_bps * _PPM_PER_BPS
        return min(maker_ppm, cap_ppm), min(taker_ppm, cap_ppm)

    # -- making a batch

    def matched(self) -> Matched:
        """The fills that wait, with everything signed that they need."""
        orders = [self._signed(*entry) for entry in self.places]
        accounts = [self.traders[self.standing[entry.order_id].account].account for entry in self.places]
        return Matched(orders, accounts, tuple(self.matched_fills), TERMS)

    def _signed(self, order_id: int, maker_ppm: int, taker_ppm: int) -> BatchOrder:
        standing = self.standing[order_id]
        if standing.authorization is None:
            self._sign(standing)
        assert standing.authorization is not None
        order = standing.order
        slide = abs(standing.in_force - order.price) if may_slide(order.flags) else 0
        return BatchOrder(order, standing.authorization, maker_ppm, taker_ppm, slide, standing.ladder)

    def _sign(self, standing: Standing) -> None:
        """Signs an order: alone, or in a ladder with others of its account and market that wait for the same floor."""
        trader = self.traders[standing.account]
        if not trader.ladders and not standing.renewal_floor:
            standing.authorization = self.authorize(trader, standing.order)
            return
        others = [
            other
            for other in self.standing.values()
            if other is not standing
            and other.authorization is None
            and (other.account, other.order.market) == (standing.account, standing.order.market)
            and other.renewal_floor == standing.renewal_floor
        ]
        rungs = [standing, *others[: self.chance.randrange(_LADDER_MOST)]]
        ladder = Ladder(standing.renewal_floor, tuple(rung.order for rung in rungs))
        authorization = self.authorize(trader, ladder)
        for place, rung in enumerate(rungs):
            rung.authorization, rung.ladder = authorization, LadderPlace(ladder, place)

    def authorize(self, trader: Trader, struct: TypedStruct) -> Authorization:
        """A trader's consent to a struct."""
        owner = b"" if trader.kind == AuthorizationKind.OWNER else trader.owner
        return Authorization(trader.signer.sign_digest(struct.digest(self.domain)), trader.kind, owner)

    def answer(self, matched: Matched, account: int, number: int, previous_hash: bytes) -> Statement | None:
        """A trader's statement of the fills that wait, if he can make one: a session key speaks for one market only."""
        trader = self.traders[account]
        deltas, unsigned = net_deltas(matched, trader.account), Authorization(b"")
        markets = {
            matched.orders[order].order.market
            for order, whose in enumerate(matched.accounts)
            if whose == trader.account
        }
        statement: Statement = UnifiedStatement(unsigned, self.last_seq, deltas)
        if trader.market:
            units = dict(deltas)
            base, quote = TERMS[trader.market][:2]
            statement = IsolatedStatement(unsigned, self.last_seq, trader.market, units[base], units[quote])
        elif trader.kind == AuthorizationKind.SESSION_KEY:
            if len(markets) != 1:
                return None
            statement = replace(statement, session_market=markets.pop())
        return replace(statement, authorization=self.authorize(trader, statement.stated(number, previous_hash)))

    def renew(self, account: int, statement: Statement) -> None:
        """After a statement: signs anew, in time, what is still open under its floor."""
        named = {delta.asset for delta in getattr(statement, "deltas", ())}
        for order_id, standing in self.standing.items():
            open_order = self.engine.order(order_id)
            is_named = self.traders[account].market or TERMS[standing.order.market].base in named
            if standing.account == account and open_order and is_named:
                self.last_seq += 1
                standing.order = replace(standing.order, seq=self.last_seq, quantity=open_order[4])
                standing.renewal_floor = statement.floor
                standing.authorization = standing.ladder = None

    def close(self) -> list[Event]:
        """The fills that waited; none does any more, and orders that are gone are forgotten."""
        fills, self.fills, self.places, self.matched_fills = self.fills, [], {}, []
        self.standing = {one: it for one, it in self.standing.items() if self.engine.order(one) is not None}
        return fills

    def totals(self) -> dict[tuple[int, int], int]:
        """What the engine's ledger says that everybody has; account 0 has the fees."""
        return {
            (account, asset): sum(self.engine.balance(account, asset))
            for account in (0, *self.traders)
            for asset in ASSETS
        }


def statement_with(statement: Statement, units: int) -> Statement:
    """The same, saying something else: its signature no longer fits."""
    if isinstance(statement, IsolatedStatement):
        return replace(statement, base_units=statement.base_units + units)
    first, *others = statement.deltas
    return replace(statement, deltas=(Delta(first.asset, first.units + units), *others))

"""Who settles by statement and who by order: the net groups and the fills of a batch. No clock, no I/O.

An account that answered stands in a group with its statement alone. Its fills with accounts that did not answer are
halves there, of their orders; all other fills are settled as ever, after the groups. So a silent account's fills may
settle in another order than they were made. Where its funds or its lanes might not bear that, its fills up to the last
half become halves too, in the order of the engine. That is found without knowing a balance: in the engine it was never
below zero.

The contract may leave a group out, for the fault of one account in it. Its fills settle by their orders in the next
batch then, after all fills of this one: what a silent account could not bear in that order is in the group too.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain, combinations
from typing import Final, NamedTuple

from offchain.core.commands import Side
from offchain.core.errors import StateDiverged
from offchain.core.money import fee_units
from offchain.settlement.accounts import Account, MarketTerms
from offchain.settlement.batch import (
    BatchFill,
    BatchOrder,
    BatchPayload,
    Delta,
    Half,
    IsolatedStatement,
    NetGroup,
    Role,
    Statement,
)
from offchain.settlement.payload_format import GROUPS_MAX

GROUPS_TRIED: Final = 3
"""For a silent account in so many groups every choice of them that may be left out is tried: each doubles the work."""
Lane = tuple[int, int]
"""Base asset and lane."""


class Matched(NamedTuple):
    """What a batch is made of: orders, the account of each, and the fills between them in the engine's order."""

    orders: Sequence[BatchOrder]
    accounts: Sequence[Account]
    fills: Sequence[BatchFill]
    markets: Mapping[int, MarketTerms]

    def sides(self, fill: int) -> tuple[tuple[int, Role], tuple[int, Role]]:
        """The two orders of a fill."""
        return (self.fills[fill].maker, Role.MAKER), (self.fills[fill].taker, Role.TAKER)

    def accounts_of(self, fill: int) -> tuple[Account, Account]:
        """The accounts of its maker and its taker."""
        return self.accounts[self.fills[fill].maker], self.accounts[self.fills[fill].taker]

    def terms_of(self, order: int) -> MarketTerms:
        """The market of an order."""
        return self.markets[self.orders[order].order.market]

    def price(self, fill: int) -> int:
        """The maker's price in force, ticks."""
        return self.orders[self.fills[fill].maker].price_in_force

    def fee(self, fill: int, order: int, role: Role) -> Delta:
        """What one of its orders pays."""
        entry, terms = self.orders[order], self.terms_of(order)
        notional = self.price(fill) * self.fills[fill].quantity_lots * terms.quote_units_per_tick_lot
        ppm = entry.maker_fee_ppm if role == Role.MAKER else entry.taker_fee_ppm
        return Delta(terms.quote, fee_units(notional, ppm))

    def moves(self, fill: int, order: int, role: Role) -> tuple[Delta, Delta]:
        """What one of its orders gets of base and of quote, its fee taken off."""
        terms, lots = self.terms_of(order), self.fills[fill].quantity_lots
        notional = self.price(fill) * lots * terms.quote_units_per_tick_lot
        sign = 1 if self.orders[order].order.side == Side.BUY else -1
        quote_units = -sign * notional - self.fee(fill, order, role).units
        return Delta(terms.base, sign * lots * terms.base_units_per_lot), Delta(terms.quote, quote_units)


class NetPlan(NamedTuple):
    """A batch, and which of the fills that it was made of are where, by their index: in each group, and after them."""

    payload: BatchPayload
    group_fills: tuple[tuple[int, ...], ...]
    fills: tuple[int, ...]


def net_deltas(matched: Matched, account: Account) -> tuple[Delta, ...]:
    """What an account's fills come to, by ascending asset, zeros too: what its statement has to say at least."""
    units: defaultdict[int, int] = defaultdict(int)
    for fill in range(len(matched.fills)):
        for order, role in matched.sides(fill):
            if matched.accounts[order] == account:
                for move in matched.moves(fill, order, role):
                    units[move.asset] += move.units
    return tuple(Delta(asset, units[asset]) for asset in sorted(units))


def plan_net(matched: Matched, answers: Mapping[Account, Statement]) -> NetPlan:
    """The batch in which those who answered are settled by their statements. Who has no fills is left out.

    Raises:
        StateDiverged: a statement says something else than the account's fills come to.
    """
    plan = _Plan(matched, answers)
    plan.make_bearable()
    return plan.result()


class _Plan:
    def __init__(self, matched: Matched, answers: Mapping[Account, Statement]) -> None:
        self.matched, self.answers = matched, answers
        self.leader: dict[Account, Account] = {}
        """Accounts that must be in one group lead to one that stands for it."""
        self.netted: dict[int, Account] = {}
        """The fills that are in groups, each with an account of its group."""
        self.fills_of: defaultdict[Account, list[int]] = defaultdict(list)
        for fill in range(len(matched.fills)):
            for account in dict.fromkeys(matched.accounts_of(fill)):
                self.fills_of[account].append(fill)
            self.net(fill, *(account for account in matched.accounts_of(fill) if account in answers))

    def net(self, fill: int, *accounts: Account) -> None:
        """Puts a fill, and so these accounts, into one group."""
        if accounts:
            self.join(*accounts)
            self.netted.setdefault(fill, accounts[0])

    def join(self, first: Account, *others: Account) -> None:
        """Makes one group of the groups of these accounts."""
        for account in others:
            self.leader[self.group_of(account)] = self.group_of(first)

    def group_of(self, account: Account) -> Account:
        """The account that stands for an account's group."""
        while (leader := self.leader.get(account, account)) != account:
            account = leader
        return account

    def groups(self) -> dict[Account, list[int]]:
        """The fills of each group; groups in the order of their first fills."""
        found: defaultdict[Account, list[int]] = defaultdict(list)
        for fill in sorted(self.netted):
            found[self.group_of(self.netted[fill])].append(fill)
        return found

    def make_bearable(self) -> None:
        """Puts fills into groups, and groups together, until nothing can fail for the order in which it settles."""
        silent = [account for account in self.fills_of if account not in self.answers]
        while sum(self.mend(account) for account in silent) or self.has_merged_surplus():
            pass

    def has_merged_surplus(self) -> bool:
        """Whether there were more groups than a batch can hold."""
        surplus = list(self.groups())[GROUPS_MAX - 1 :]
        if len(surplus) > 1:
            self.join(*surplus)
        return len(surplus) > 1

    def mend(self, account: Account) -> bool:
        """Whether more of a silent account's fills had to be put into one group."""
        made = self.fills_of[account]
        netted = [fill for fill in made if fill in self.netted]
        if not netted:
            return False
        by_group: defaultdict[Account, list[int]] = defaultdict(list)
        for fill in netted:
            by_group[self.group_of(self.netted[fill])].append(fill)
        groups = [by_group[group] for group in self.groups() if group in by_group]
        if not self.bears(account, made, self.settled(made, groups)):
            together = [fill for fill in made if fill <= netted[-1]]
        elif self.bears_what_is_left_out(account, made, groups):
            return False
        else:
            # With several groups it may be enough that they are one.
            together = netted if len(groups) > 1 else made
        for fill in together:
            self.net(fill, account, self.netted.get(fill, account))
        return True

    def bears_what_is_left_out(self, account: Account, made: Sequence[int], groups: Sequence[Sequence[int]]) -> bool:
        """Whether an account has funds and lanes for its fills whichever of its groups the contract leaves out."""
        if len(groups) <= GROUPS_TRIED:
            choices = chain.from_iterable(combinations(range(len(groups)), size + 1) for size in range(len(groups)))
            return all(self.bears(account, made, self.settled(made, groups, left_out)) for left_out in choices)
        apart = [*groups, [fill for fill in made if fill not in self.netted]]
        needed, needs = self.worst(account, made), Counter[int]()
        places: defaultdict[Lane, set[tuple[int, int]]] = defaultdict(set)
        for place, fills in enumerate(apart):
            needs.update(self.worst(account, fills))
            for lane, seq in self.lanes_of(account, fills):
                places[lane].add((place, seq))
        # At the worst each part takes what it needs before another gives any.
        return all(units >= needed[asset] for asset, units in needs.items()) and all(
            len({place for place, _ in uses}) == 1 or len({seq for _, seq in uses}) == 1 for uses in places.values()
        )

    def settled(
        self, made: Sequence[int], groups: Sequence[Sequence[int]], left_out: Collection[int] = ()
    ) -> list[int]:
        """An account's fills in the order in which they settle if the contract leaves some of its groups out.

        Those of the groups that it leaves out settle by their orders, in the order of the engine, in the next batch.
        """
        first = [fill for number, group in enumerate(groups) if number not in left_out for fill in group]
        last = sorted(fill for number in left_out for fill in groups[number])
        return [*first, *(fill for fill in made if fill not in self.netted), *last]

    def bears(self, account: Account, made: Sequence[int], settled: Sequence[int]) -> bool:
        """Whether an account has funds and lanes for another order of its fills, whatever it holds.

        In the order in which they were made they left it nothing below zero, so it holds what that took at the worst.
        """
        if settled == made:
            return True
        needed, needs = self.worst(account, made), self.worst(account, settled)
        last_seq: defaultdict[Lane, int] = defaultdict(int)
        for lane, seq in self.lanes_of(account, settled):
            if seq < last_seq[lane]:
                return False
            last_seq[lane] = seq
        return all(units >= needed[asset] for asset, units in needs.items())

    def lanes_of(self, account: Account, fills: Iterable[int]) -> Iterator[tuple[Lane, int]]:
        """The lanes that an account's side of some fills uses, each with the seq of its order."""
        for fill in fills:
            for order, _ in self.sides_of(account, fill):
                signed = self.matched.orders[order].order
                yield (self.matched.terms_of(order).base, signed.lane), signed.seq

    def sides_of(self, account: Account, fill: int) -> list[tuple[int, Role]]:
        """The orders of a fill that are an account's."""
        return [(order, role) for order, role in self.matched.sides(fill) if self.matched.accounts[order] == account]

    def worst(self, account: Account, fills: Iterable[int]) -> dict[int, int]:
        """The lowest that an account's balances come to on the way, by asset, if they begin at zero."""
        at: defaultdict[int, int] = defaultdict(int)
        lowest: defaultdict[int, int] = defaultdict(int)
        for fill in fills:
            sides = self.sides_of(account, fill)
            moves = [move for order, role in sides for move in self.matched.moves(fill, order, role)]
            # Who trades with himself has to have what he sells before he gets it.
            for asset, units in sorted(moves, key=lambda move: move.units):
                at[asset] += units
                lowest[asset] = min(lowest[asset], at[asset])
        return lowest

    def result(self) -> NetPlan:
        fills = tuple(fill for fill in range(len(self.matched.fills)) if fill not in self.netted)
        by_group = tuple(tuple(group) for group in self.groups().values())
        groups = [self.group(group) for group in by_group]
        used = {half.order for group in groups for half in group.halves}
        used |= {order for fill in fills for order, _ in self.matched.sides(fill)}
        position = {order: place for place, order in enumerate(sorted(used))}
        after = [self.matched.fills[fill] for fill in fills]
        traded = [self.matched.terms_of(fill.maker) for fill in self.matched.fills] if groups else []
        assets = {asset for terms in traded for asset in (terms.base, terms.quote)}
        payload = BatchPayload(
            tuple(self.matched.orders[order] for order in position),
            tuple(fill._replace(maker=position[fill.maker], taker=position[fill.taker]) for fill in after),
            tuple(group.renumbered(position) for group in groups),
            tuple(sorted(assets)),
        )
        return NetPlan(payload, by_group, fills)

    def group(self, fills: Sequence[int]) -> NetGroup:
        """The group of these fills: statements of those who answered, halves of those who did not."""
        stated = dict.fromkeys(
            account for fill in fills for account in self.matched.accounts_of(fill) if account in self.answers
        )
        halves = tuple(
            Half(order, role, self.matched.price(fill), self.matched.fills[fill].quantity_lots)
            for fill in fills
            for order, role in self.matched.sides(fill)
            if self.matched.accounts[order] not in self.answers
        )
        fees: defaultdict[int, int] = defaultdict(int)
        for fill in fills:
            for order, role in self.matched.sides(fill):
                fee = self.matched.fee(fill, order, role)
                fees[fee.asset] += fee.units
        # The contract applies owners' statements most cheaply, as far as they stand before all others.
        statements = sorted((self.checked(account) for account in stated), key=lambda one: one.authorization.kind)
        return NetGroup(tuple(statements), halves, tuple(Delta(*fee) for fee in sorted(fees.items()) if fee[1]))

    def checked(self, account: Account) -> Statement:
        """The statement of an account, which must say what its fills come to, and nothing of other assets."""
        statement, expected = self.answers[account], net_deltas(self.matched, account)
        if isinstance(statement, IsolatedStatement):
            terms = self.matched.markets[statement.market]
            says = {terms.base: statement.base_units, terms.quote: statement.quote_units}
        else:
            says = dict(statement.deltas)
        if {asset: units for asset, units in says.items() if units} != {d.asset: d.units for d in expected if d.units}:
            raise StateDiverged(f"0x{account.owner.hex()} states {says}, and its fills come to {expected}.")
        return statement

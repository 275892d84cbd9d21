"""Whoever answers: a batch with net groups settles what the same fills would settle one by one, and skips nothing."""

from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from offchain.chain.keys import LocalSigner
from offchain.chain.typed_data import ISOLATED, Order
from offchain.core.commands import AuthorizationKind
from offchain.core.errors import StateDiverged
from offchain.settlement import netting
from offchain.settlement.accounts import Account, Accounts, MarketTerms
from offchain.settlement.batch import (
    Authorization,
    BatchFill,
    BatchOrder,
    BatchPayload,
    Delta,
    IsolatedStatement,
    Statement,
    UnifiedStatement,
)
from offchain.settlement.decoding import decode_payload
from offchain.settlement.encoding import encode_payload
from offchain.settlement.netting import Matched, NetPlan, net_deltas, plan_net
from offchain.settlement.rules import Circumstances, Outcome, settle

MARKETS = {1: MarketTerms(1, 2, 10, 1), 2: MarketTerms(3, 2, 1, 2), 3: MarketTerms(1, 3, 10, 1)}
SIGNERS = [LocalSigner(bytes([number]) * 32) for number in range(1, 7)]
DOMAIN = b"\x05" * 32
CIRCUMSTANCES = Circumstances(1, bytes(32), 1_000, DOMAIN, lambda *_: False)
FLOOR = 10**6


class Floor:
    """A trading floor: fills between accounts that never had more than they needed."""

    def __init__(self) -> None:
        self.orders: list[BatchOrder] = []
        self.accounts: list[Account] = []
        self.fills: list[BatchFill] = []
        self.start: defaultdict[tuple[Account, int], int] = defaultdict(int)
        self.now: defaultdict[tuple[Account, int], int] = defaultdict(int)

    def order(self, trader: int, market: int, side: int, lane: int, isolated: bool, rates: tuple[int, int]) -> int:
        signer, flags = SIGNERS[trader], ISOLATED if isolated else 0
        order = Order(market, side, 7, 10**6, 2**40 - 1, FLOOR + len(self.orders), lane, 50, flags)
        signature = signer.sign_digest(order.digest(DOMAIN))
        self.orders.append(BatchOrder(order, Authorization(signature), *rates))
        self.accounts.append(Account(signer.address, market if isolated else 0))
        return len(self.orders) - 1

    def fill(self, maker: int, taker: int, lots: int) -> None:
        self.fills.append(BatchFill(maker, taker, lots))
        fill = len(self.fills) - 1
        moves = [
            ((self.accounts[order], move.asset), move.units)
            for order, role in self.matched.sides(fill)
            for move in self.matched.moves(fill, order, role)
        ]
        for holding, units in sorted(moves, key=lambda move: move[1]):
            self.now[holding] += units
            short = max(0, -self.now[holding])
            self.start[holding] += short
            self.now[holding] += short

    @property
    def matched(self) -> Matched:
        return Matched(self.orders, self.accounts, self.fills, MARKETS)

    def books(self) -> Accounts:
        return Accounts(markets=dict(MARKETS), balances=dict(self.start))

    def statement(self, account: Account) -> Statement:
        deltas, empty = net_deltas(self.matched, account), Authorization(bytes(64) + b"\x1b")
        statement: Statement = UnifiedStatement(empty, 1, deltas)
        if account.market:
            units = dict(deltas)
            terms = MARKETS[account.market]
            statement = IsolatedStatement(empty, 1, account.market, units[terms.base], units[terms.quote])
        signer = next(signer for signer in SIGNERS if signer.address == account.owner)
        signature = signer.sign_digest(statement.stated(1, bytes(32)).digest(DOMAIN))
        return type(statement)(
            Authorization(signature), *[getattr(statement, f) for f in statement.__struct_fields__[1:]]
        )

    def plan(self, *answering: Account) -> NetPlan:
        return plan_net(self.matched, {account: self.statement(account) for account in answering})


def settled(floor: Floor, payload: BatchPayload) -> tuple[Accounts, Outcome]:
    books = floor.books()
    encoded = encode_payload(payload.orders, payload.fills, payload.groups, payload.assets)
    return books, settle(books, decode_payload(encoded), CIRCUMSTANCES)


@st.composite
def floors(draw: st.DrawFn) -> Floor:
    floor = Floor()
    open_orders: list[int] = []
    lanes: defaultdict[object, int] = defaultdict(int)
    for _ in range(draw(st.integers(1, 14))):
        market = draw(st.sampled_from(sorted(MARKETS)))
        pair = []
        for side in draw(st.permutations([0, 1])):
            again = [
                one
                for one in open_orders
                if (floor.orders[one].order.market, floor.orders[one].order.side) == (market, side)
            ]
            if again and draw(st.booleans()):
                pair.append(draw(st.sampled_from(again)))
                continue
            trader, isolated = draw(st.integers(0, len(SIGNERS) - 1)), draw(st.booleans())
            key = (trader, isolated, market if isolated else MARKETS[market].base)
            # A lane is taken over by the next order now and then: then the older one fills no more.
            lane = lanes[key] if draw(st.integers(0, 2)) == 0 else max(lanes.values(), default=0) + 1
            lanes[key] = lane
            new = floor.order(trader, market, side, lane, isolated, (draw(st.integers(-400, 500)), 1_000))
            open_orders = [one for one in open_orders if lane_of(floor, one) != lane_of(floor, new)] + [new]
            pair.append(new)
        if lane_of(floor, pair[0]) != lane_of(floor, pair[1]) and set(pair) <= set(open_orders):
            floor.fill(*pair, draw(st.integers(1, 1_000)))
    return floor


def lane_of(floor: Floor, order: int) -> tuple[Account, int, int]:
    signed = floor.orders[order].order
    return floor.accounts[order], MARKETS[signed.market].base, signed.lane


@given(floors(), st.data())
def test_it_does_not_matter_who_answers(floor: Floor, data: st.DataObject) -> None:
    trading = sorted({account for fill in range(len(floor.fills)) for account in floor.matched.accounts_of(fill)})
    answering = [account for account in trading if data.draw(st.booleans())]
    plan = floor.plan(*answering)
    plain, outcome = settled(floor, floor.plan().payload)
    assert outcome == Outcome({}, {})
    books, outcome = settled(floor, plan.payload)
    assert outcome == Outcome({}, {})
    assert books.balances == plain.balances
    assert {asset: fee for asset, fee in books.fees.items() if fee} == {a: f for a, f in plain.fees.items() if f}
    assert sorted([*plan.fills, *(fill for group in plan.group_fills for fill in group)]) == list(
        range(len(floor.fills))
    )
    silent = {account for account in trading if account not in answering}
    for (slot, lane), state in plain.lanes.items():
        assert books.lanes.get((slot, lane)) == (state if slot.account in silent else None)


@pytest.mark.parametrize("tried", [0, netting.GROUPS_TRIED])
@given(floor=floors(), data=st.data())
def test_it_does_not_matter_which_groups_the_contract_leaves_out(tried: int, floor: Floor, data: st.DataObject) -> None:
    """What they leave over settles by its orders next, and nobody lacks for it until then."""
    trading = sorted({account for fill in range(len(floor.fills)) for account in floor.matched.accounts_of(fill)})
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(netting, "GROUPS_TRIED", tried)
        plan = floor.plan(*(account for account in trading if data.draw(st.booleans())))
    left_out = [group for group in range(len(plan.group_fills)) if data.draw(st.booleans())]
    plain, _ = settled(floor, floor.plan().payload)
    books, outcome = settled(floor, with_wrong_signatures(plan.payload, left_out))
    assert (outcome.skipped_fills, sorted(outcome.skipped_groups)) == ({}, left_out)
    rest = sorted(fill for group in left_out for fill in plan.group_fills[group])
    again = BatchPayload(tuple(floor.orders), tuple(floor.fills[fill] for fill in rest))
    assert settle(books, again, CIRCUMSTANCES) == Outcome({}, {})
    assert books.balances == plain.balances


def with_wrong_signatures(payload: BatchPayload, groups: list[int]) -> BatchPayload:
    """The payload where a statement of each of these groups was signed by somebody else."""
    wrong = list(payload.groups)
    for group in groups:
        first, *others = wrong[group].statements
        stranger = Authorization(LocalSigner(bytes([99]) * 32).sign_digest(bytes(32)))
        wrong[group] = replace(wrong[group], statements=(replace(first, authorization=stranger), *others))
    return payload._replace(groups=tuple(wrong))


def test_what_a_silent_account_pays_with_what_a_group_gave_is_in_that_group() -> None:
    """Were the group left out, the later fill would be taken back, though the earlier one settles by its orders."""
    floor = Floor()
    bought, sold = floor.order(2, 1, 0, 1, False, (0, 0)), floor.order(2, 1, 1, 2, False, (0, 0))
    floor.fill(bought, floor.order(0, 1, 1, 0, False, (0, 0)), 5)
    floor.fill(sold, floor.order(1, 1, 0, 0, False, (0, 0)), 5)
    plan = floor.plan(Account(SIGNERS[0].address))
    assert plan.group_fills == ((0, 1),)


def test_an_order_whose_lane_a_later_one_takes_over_is_in_the_same_group() -> None:
    floor = Floor()
    first, second = (floor.order(1, market, 0, 0, False, (0, 0)) for market in (1, 1))
    floor.fill(floor.order(0, 1, 1, 0, False, (0, 0)), first, 5)
    floor.fill(floor.order(2, 1, 1, 0, False, (0, 0)), second, 5)
    assert floor.plan(Account(SIGNERS[0].address)).group_fills == ((0, 1),)


def test_groups_of_accounts_that_do_not_trade_with_each_other_stand_alone() -> None:
    floor = Floor()
    for trader in (0, 2, 4):
        maker = floor.order(trader, 1, 1, 0, False, (0, 0))
        floor.fill(maker, floor.order(trader + 1, 1, 0, 0, False, (0, 0)), 5)
    plan = floor.plan(*(Account(SIGNERS[trader].address) for trader in (0, 1, 3)))
    assert plan.group_fills == ((0,), (1,))
    assert plan.fills == (2,)
    assert [(len(group.statements), len(group.halves)) for group in plan.payload.groups] == [(2, 0), (1, 1)]
    assert len(plan.payload.orders) == 3


def test_a_silent_account_that_needs_what_an_earlier_fill_gave_has_that_fill_in_the_group_too() -> None:
    floor = Floor()
    selling = [floor.order(trader, 1, 1, 0, False, (0, 0)) for trader in (1, 2)]
    buying, answering = floor.order(2, 1, 0, 1, False, (0, 0)), floor.order(0, 1, 0, 0, False, (0, 0))
    floor.fill(selling[0], buying, 5)
    floor.fill(selling[1], answering, 5)
    plan = floor.plan(Account(SIGNERS[0].address))
    assert plan.group_fills == ((0, 1),)
    assert len(plan.payload.groups[0].halves) == 3


def test_a_statement_that_says_something_else_is_refused() -> None:
    floor = Floor()
    floor.fill(floor.order(0, 1, 1, 0, False, (0, 0)), floor.order(1, 1, 0, 0, False, (0, 0)), 5)
    account = Account(SIGNERS[0].address)
    good = floor.statement(account)
    assert isinstance(good, UnifiedStatement)
    for deltas in ((Delta(1, -49), good.deltas[1]), (*good.deltas, Delta(3, 1)), good.deltas[:1]):
        with pytest.raises(StateDiverged, match="states"):
            plan_net(floor.matched, {account: UnifiedStatement(good.authorization, 1, deltas)})
    zero = UnifiedStatement(good.authorization, 1, (*good.deltas, Delta(3, 0)))
    assert plan_net(floor.matched, {account: zero}).payload.groups[0].statements == (zero,)


def test_owners_statements_stand_before_those_of_session_keys() -> None:
    floor = Floor()
    maker = floor.order(0, 1, 1, 0, False, (0, 0))
    for trader in (1, 2, 3):
        floor.fill(maker, floor.order(trader, 1, 0, 0, False, (0, 0)), 5)
    answers = {account: floor.statement(account) for account in floor.accounts}
    by_session = [floor.accounts[order] for order in (0, 2)]
    for account in by_session:
        signature = answers[account].authorization.signature
        key = Authorization(signature, AuthorizationKind.SESSION_KEY, account.owner)
        answers[account] = replace(answers[account], authorization=key)
    (group,) = plan_net(floor.matched, answers).payload.groups
    assert group.statements == tuple(answers[floor.accounts[order]] for order in (1, 3, 0, 2))


def test_more_groups_than_a_batch_can_hold_are_put_together() -> None:
    floor = Floor()
    accounts = []
    for number in range(300):
        signer = LocalSigner((10**6 + number).to_bytes(32, "big"))
        SIGNERS.append(signer)
        maker = floor.order(len(SIGNERS) - 1, 1, 1, 0, False, (0, 0))
        floor.fill(maker, floor.order(0, 1, 0, number, False, (0, 0)), 1)
        accounts.append(floor.accounts[maker])
    plan = floor.plan(*accounts)
    assert len(plan.group_fills) == 255
    assert settled(floor, plan.payload)[1] == Outcome({}, {})

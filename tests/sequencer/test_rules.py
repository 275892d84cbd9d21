"""Random intents against a model of the rules."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from offchain.core.commands import STOP_TYPES, TimeInForce
from offchain.core.errors import (
    AccountExiting,
    BadQuantity,
    ClientOrderIdReused,
    InsufficientBalance,
    InvalidRequest,
    LaneBusy,
    NonceReused,
    NotFound,
    OrderExpired,
    OrderNotOpen,
    SeqTooLow,
    StateDiverged,
    UnknownAccount,
    UnsupportedOrder,
    WouldCross,
    WouldSelfTrade,
    WouldTrigger,
)
from offchain.core.events import EventKind
from offchain.core.intents import (
    AmendOrder,
    CancelAllOrders,
    Receipt,
    ReplaceOrder,
    RevertWithdrawal,
    SetFees,
    SetKillSwitch,
    UnwindFill,
)
from tests.sequencer.journaled_rules import JournaledRules
from tests.sequencer.world import (
    ALICE,
    BASE,
    BOB,
    BUY,
    CANCEL_INCOMING,
    CAROL,
    GTC,
    INSTRUCTIONS,
    IOC,
    NOW_S,
    QUOTE,
    SELL,
    Desk,
    cancel,
    deposit,
    exit_requested,
    floor,
    order,
    paid,
    withdrawal,
)

OWNERS = st.sampled_from([ALICE, BOB, CAROL])
IDS = st.sampled_from([f"id{n}" for n in range(8)])
MANY_IDS = st.sampled_from([f"id{n}" for n in range(50)])
SMALL = st.integers(1, 6)


class Rules(JournaledRules):
    """The model keeps what the rules speak of, as plain dictionaries; funds are ample, so that only rules refuse."""

    def __init__(self) -> None:
        super().__init__(Desk(ALICE, BOB))
        self.accounts = {ALICE: 1, BOB: 2}
        self.taken: dict[tuple[bytes, str], tuple[Receipt, bytes]] = {}
        self.seqs: dict[tuple[bytes, int], int] = {}
        self.lanes: dict[tuple[bytes, int], int] = {}
        self.floors: dict[bytes, int] = {}
        self.nonces: dict[tuple[bytes, int], tuple[int, int]] = {}
        self.ended: dict[int, str] = {}
        self.place = 4
        self.fills = []
        self.exiting: set[bytes] = set()
        self.funded = {(owner, asset) for owner in (ALICE, BOB) for asset in (BASE, QUOTE)}

    @rule(
        owner=OWNERS,
        name=IDS,
        side=st.sampled_from([BUY, SELL]),
        price=st.integers(99, 101),
        quantity=SMALL,
        lane=st.integers(0, 2),
        seq=SMALL,
        tif=st.sampled_from([GTC, IOC]),
        life_s=st.sampled_from([120, 121, 3_600]),
    )
    def place_order(self, owner, name, side, price, quantity, lane, seq, tif, life_s):
        intent = order(owner, name, side, price, quantity, lane=lane, seq=seq, tif=tif, expiry_s=NOW_S + life_s)
        digest = intent.authorization.digest
        first = self.taken.get((owner, name))
        outcome = self.give(intent)
        if owner not in self.accounts:
            assert outcome is UnknownAccount
        elif first is not None:
            if first[1] == digest:
                assert outcome == Receipt(first[0].sequence, first[0].timestamp_us, repeated=True)
            else:
                assert outcome is ClientOrderIdReused
        elif life_s == 120:
            assert outcome is OrderExpired
        elif lane == 0 and tif == GTC:
            assert outcome is UnsupportedOrder
        elif seq <= self.floors.get(owner, 0):
            assert outcome is SeqTooLow
        elif self.is_open(self.lanes.get((owner, lane))):
            assert outcome is LaneBusy
        elif seq <= self.seqs.get((owner, lane), 0):
            assert outcome is SeqTooLow
        elif owner in self.exiting:
            assert outcome is AccountExiting
        elif (owner, QUOTE if side == BUY else BASE) not in self.funded:
            assert outcome is InsufficientBalance
        else:
            assert outcome.events[0].kind == EventKind.ACCEPTED
            self.note_order(owner, name, lane, seq, outcome, digest)

    def note_order(self, owner, name, lane, seq, outcome, digest) -> None:
        self.taken[owner, name] = (outcome, digest)
        self.seqs[owner, lane] = seq
        self.lanes[owner, lane] = outcome.sequence
        self.fills += [event for event in outcome.events if event.kind == EventKind.FILLED]

    @rule(
        owner=st.sampled_from([ALICE, BOB]),
        name=MANY_IDS,
        side=st.sampled_from([BUY, SELL]),
        price=st.integers(99, 101),
        trigger=st.integers(98, 102),
        quantity=SMALL,
        lane=st.integers(1, 6),
        instructions=st.sampled_from(INSTRUCTIONS),
    )
    def place_unusual(self, owner, name, side, price, trigger, quantity, lane, instructions):
        """An order of any kind; that lanes and the book hold the same is for the invariant to say."""
        seq = max(self.floors.get(owner, 0), self.seqs.get((owner, lane), 0)) + 1
        is_stop = instructions.order_type in STOP_TYPES
        is_free = not self.is_open(self.lanes.get((owner, lane)))
        if (owner, name) in self.taken:
            return
        intent = order(
            owner,
            name,
            side,
            price,
            quantity,
            lane=lane,
            seq=seq,
            flags=instructions.flags,
            trigger=trigger if is_stop else 0,
            budget=600 if instructions.time_in_force == TimeInForce.FOK_BUDGET else 0,
        )
        outcome = self.give(intent)
        if not is_free:
            assert outcome is LaneBusy
        elif isinstance(outcome, Receipt):
            self.note_order(owner, name, lane, seq, outcome, intent.authorization.digest)
        else:
            assert outcome in ((WouldTrigger,) if is_stop else (WouldCross,))

    @precondition(lambda self: self.taken)
    @rule(
        data=st.data(),
        stranger=st.sampled_from([None, None, None, CAROL]),
        name=MANY_IDS,
        price=st.integers(99, 101),
        quantity=SMALL,
        lane=st.integers(1, 6),
        low_seq=st.sampled_from([0, 0, 0, 1]),
        flags=st.sampled_from([0, CANCEL_INCOMING]),
    )
    def replace_order(self, data, stranger, name, price, quantity, lane, low_seq, flags):
        owner, old = self.any_order(data)
        owner = stranger or owner
        first, before = self.taken.get((owner, old)), self.taken.get((owner, name))
        seq = max(self.floors.get(owner, 0), self.seqs.get((owner, lane), 0)) + 1 - low_seq
        was_open = first is not None and self.is_open(first[0].sequence)
        side = self.desk.machine.engine.order(first[0].sequence)[2] if was_open else BUY
        intent = order(owner, name, side, price, quantity, lane=lane, seq=seq, flags=flags)
        occupant = self.lanes.get((owner, lane))
        outcome = self.give(ReplaceOrder(intent, old))
        if owner not in self.accounts:
            assert outcome is UnknownAccount
        elif first is None:
            assert outcome is NotFound
        elif before is not None:
            assert outcome is ClientOrderIdReused or outcome.repeated
        elif not was_open:
            assert outcome is OrderNotOpen
        elif isinstance(outcome, Receipt):
            assert [event.kind for event in outcome.events[:2]] == [EventKind.CANCELLED, EventKind.ACCEPTED]
            assert not self.is_open(first[0].sequence)
            self.note_order(owner, name, lane, seq, outcome, intent.authorization.digest)
        else:
            assert self.is_open(first[0].sequence)
            assert outcome in (
                SeqTooLow,
                LaneBusy,
                WouldSelfTrade,
                AccountExiting,
                InsufficientBalance,
                *([InvalidRequest] if seq == 0 else []),
            )
            assert outcome is not LaneBusy or occupant != first[0].sequence

    def any_order(self, data) -> tuple[bytes, str]:
        """Whose order and what they call it: an open one if there is any, most of the time."""
        names = sorted(name for name, (receipt, _) in self.taken.items() if self.is_open(receipt.sequence))
        if not names or data.draw(st.integers(0, 4)) == 0:
            names = sorted(self.taken)
        return data.draw(st.sampled_from(names))

    @precondition(lambda self: self.taken)
    @rule(data=st.data(), stranger=st.sampled_from([None, None, None, CAROL]), quantity=st.integers(0, 6))
    def amend_order(self, data, stranger, quantity):
        owner, name = self.any_order(data)
        owner = stranger or owner
        first = self.taken.get((owner, name))
        held = self.desk.machine.engine.order(first[0].sequence) if first is not None else None
        outcome = self.give(AmendOrder(owner, quantity, name))
        if owner not in self.accounts:
            assert outcome is UnknownAccount
        elif first is None:
            assert outcome is NotFound
        elif held is None:
            assert outcome is OrderNotOpen
        elif not 0 < quantity <= held[4]:
            assert outcome is BadQuantity
        else:
            assert outcome.repeated == (quantity == held[4])
            assert self.desk.machine.engine.order(first[0].sequence)[4] == quantity

    @precondition(lambda self: len(self.taken) % 7 == 6)
    @rule(switch=st.sampled_from([SetKillSwitch(True), SetKillSwitch(True, ALICE), SetKillSwitch(True, market=1)]))
    def kill(self, switch):
        self.give(switch)
        live = self.desk.machine.registry.live.values()
        assert not any(one.account == 1 or not switch.owner for one in live)
        self.give(SetKillSwitch(False, switch.owner, switch.market))

    @rule(owner=OWNERS, name=IDS)
    def cancel_order(self, owner, name):
        first = self.taken.get((owner, name))
        was_open = first is not None and self.is_open(first[0].sequence)
        outcome = self.give(cancel(owner, name))
        if owner not in self.accounts:
            assert outcome is UnknownAccount
        elif first is None:
            assert outcome is NotFound
        elif not was_open:
            assert outcome is OrderNotOpen
        else:
            assert not self.is_open(first[0].sequence)

    @rule(owner=OWNERS)
    def cancel_all(self, owner):
        outcome = self.give(CancelAllOrders(owner))
        assert (outcome is UnknownAccount) == (owner not in self.accounts)
        assert not any(self.is_open(order_id) for (whose, _), order_id in self.lanes.items() if whose == owner)

    @rule(owner=OWNERS, back=st.integers(-2, 4), asset=st.sampled_from([BASE, QUOTE]))
    def deposit(self, owner, back, asset):
        place = max(0, self.place + back)
        outcome = self.give(deposit(place, owner, asset, 10**11))
        assert outcome.repeated == (place <= self.place)
        self.note_fact(place, owner)
        if not outcome.repeated:
            self.funded.add((owner, asset))

    @rule(owner=OWNERS, seq=SMALL)
    def raise_floor(self, owner, seq):
        self.give(floor(self.place + 1, owner, seq))
        self.note_fact(self.place + 1, owner)
        self.floors[owner] = max(seq, self.floors.get(owner, 0))
        live = self.desk.machine.registry.live.values()
        assert not any(one.account == self.accounts[owner] and one.seq <= seq for one in live)

    @rule(owner=st.sampled_from([CAROL]))
    def request_exit(self, owner):
        self.give(exit_requested(self.place + 1, owner))
        self.note_fact(self.place + 1, owner)
        self.exiting.add(owner)

    def note_fact(self, place: int, owner: bytes) -> None:
        if place > self.place:
            self.place = place
            self.accounts.setdefault(owner, len(self.accounts) + 1)
        position = self.desk.machine.registry.chain_position
        assert position == (self.place // 10, self.place % 10)

    @rule(owner=st.sampled_from([ALICE, BOB]), nonce=SMALL, amount=SMALL)
    def withdraw(self, owner, nonce, amount):
        first = self.nonces.get((owner, nonce))
        outcome = self.give(withdrawal(owner, nonce, amount))
        if first is None:
            self.nonces[owner, nonce] = (outcome.sequence, amount)
        elif first[1] == amount:
            assert (outcome.sequence, outcome.repeated) == (first[0], True)
        else:
            assert outcome is NonceReused

    @rule(owner=st.sampled_from([ALICE, BOB]), nonce=SMALL, is_paid=st.booleans())
    def end_withdrawal(self, owner, nonce, is_paid):
        sequence, amount = self.nonces.get((owner, nonce), (0, 1))
        ended = self.ended.get(sequence)
        if is_paid:
            outcome = self.give(paid(self.place + 1, owner, nonce, amount))
            if sequence == 0 or ended is not None:
                assert outcome is StateDiverged
                return
            self.note_fact(self.place + 1, owner)
            self.ended[sequence] = "paid"
            return
        outcome = self.give(RevertWithdrawal(sequence))
        if sequence == 0:
            assert outcome is NotFound
        elif ended == "paid":
            assert outcome.code == 1000
        else:
            assert outcome.repeated == (ended == "reverted")
            self.ended[sequence] = "reverted"

    @precondition(lambda self: self.fills)
    @rule(data=st.data())
    def unwind(self, data):
        fill = data.draw(st.sampled_from(self.fills))
        known = fill.sequence in self.desk.machine.registry.unwound
        assert self.give(UnwindFill(fill, 1)).repeated == known

    @rule(maker=st.integers(0, 2_000), taker=st.integers(0, 2_500), owner=st.sampled_from([b"", ALICE]))
    def fees(self, maker, taker, owner):
        self.give(SetFees(maker, taker, owner))


TestRules = Rules.TestCase
TestRules.settings = settings(stateful_step_count=30)

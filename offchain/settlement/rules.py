"""What a batch does: the rules of `Settlement.settle` in plain Python, to be read beside docs/contracts.

Written for clarity and nothing else, so that contract, tests and verifier have something simple to agree with.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from offchain.chain.keys import recover
from offchain.core.commands import AuthorizationKind, Side
from offchain.core.errors import BadSignature
from offchain.core.money import fee_units
from offchain.settlement.accounts import UNLIMITED, Account, Accounts, Lane, Slot
from offchain.settlement.batch import (
    UNIFIED,
    Authorization,
    BatchFill,
    BatchOrder,
    BatchPayload,
    Delta,
    Half,
    IsolatedStatement,
    NetGroup,
    Role,
    SkipReason,
    Statement,
    UnifiedStatement,
    may_slide,
)

FEE_CAP_BPS: Final = 50
PPM_PER_BPS: Final = 100
FLAGS_END: Final = 1 << 11
PRICE_END: Final = 1 << 64
ISOLATED_SEQ_END: Final = 1 << 42
ISOLATED_LOTS_END: Final = 1 << 40
ISOLATED_UNITS_END: Final = 1 << 56
TAG_BITS: Final = 24
ISOLATED_TAG_BITS: Final = 16
"""Of lane 0 of an isolated account."""

WalletAccepts = Callable[[bytes, bytes, bytes], bool]
"""Whether a contract wallet (its address) takes for a signature of a digest what was given for one (ERC-1271)."""


class Circumstances(NamedTuple):
    """What a batch is settled in: its number, the hash of the one before, the block's time, the EIP-712 domain."""

    number: int
    previous_hash: bytes
    now_s: int
    domain: bytes
    wallet_accepts: WalletAccepts


class Outcome(NamedTuple):
    """What a batch left out and why, by index; a group with the statement, half or fee row that was at fault."""

    skipped_fills: dict[int, SkipReason]
    skipped_groups: dict[int, tuple[SkipReason, int]]


class Skip(Exception):
    """What is at hand cannot settle."""

    def __init__(self, reason: SkipReason) -> None:
        super().__init__(reason.name)
        self.reason = reason


class Consent(NamedTuple):
    """Whom a signature speaks for, and the session by which, if by one: its key in `Accounts.sessions`."""

    owner: bytes
    session: tuple[bytes, bytes, int] | None = None


class Leg(NamedTuple):
    """What one order gets in one fill; what it gives is negative. The fee is part of `quote_units`."""

    base_units: int
    quote_units: int
    fee_units: int


def settle(accounts: Accounts, batch: BatchPayload, circumstances: Circumstances) -> Outcome:
    """Settles a batch in place: the net groups first, then the fills."""
    return _Batch(accounts, batch, circumstances).settle()


class _Batch:
    def __init__(self, accounts: Accounts, batch: BatchPayload, circumstances: Circumstances) -> None:
        self.accounts, self.batch, self.circumstances = accounts, batch, circumstances
        self.stated_floors: defaultdict[Slot, int] = defaultdict(int)
        """What the statements of all groups raise floors to: no order under one is proved beside its statement."""
        self.consents: list[list[Consent | SkipReason]] = []
        """Of each group's statements."""
        self.orders: list[Consent | SkipReason] = []

    def settle(self) -> Outcome:
        for group in self.batch.groups:
            self.consents.append([self.read_statement(statement) for statement in group.statements])
        self.orders = [self.read_order(entry) for entry in self.batch.orders]
        outcome = Outcome({}, {})
        for index, group in enumerate(self.batch.groups):
            draft = self.accounts.draft()
            fault = self.settle_group(draft, group, self.consents[index])
            if fault:
                outcome.skipped_groups[index] = fault
            else:
                self.accounts.keep(draft)
        for index, fill in enumerate(self.batch.fills):
            try:
                self.settle_fill(fill)
            except Skip as skip:
                outcome.skipped_fills[index] = skip.reason
        return outcome

    # -- who consents

    def read_statement(self, statement: Statement) -> Consent | SkipReason:
        """Who made a statement. From here on its floors count, whatever becomes of its group."""
        if isinstance(statement, IsolatedStatement) and statement.floor >= ISOLATED_SEQ_END:
            return SkipReason.UNSUPPORTED_ORDER
        market = statement.market if isinstance(statement, IsolatedStatement) else statement.session_market
        stated = statement.stated(self.circumstances.number, self.circumstances.previous_hash)
        try:
            consent = self.consent(statement.authorization, stated.digest(self.circumstances.domain), market)
            if consent.session and isinstance(statement, UnifiedStatement):
                terms = self.accounts.markets[market]
                of_market = {delta.asset for delta in statement.deltas} == {terms.base, terms.quote}
                require(of_market, SkipReason.SESSION_INVALID)
        except Skip as skip:
            return skip.reason
        slots = {slot for slot, _, _ in self.stated_moves(statement, consent.owner)}
        is_repeated = not slots.isdisjoint(self.stated_floors)
        for slot in slots:
            self.stated_floors[slot] = max(self.stated_floors[slot], statement.floor)
        return SkipReason.NET_REPEATED if is_repeated else consent

    def consent(self, authorization: Authorization, digest: bytes, market: int) -> Consent:
        """Whom an authorization of something in a market speaks for."""
        if authorization.kind == AuthorizationKind.CONTRACT_WALLET:
            accepts = self.circumstances.wallet_accepts
            require(accepts(authorization.owner, digest, authorization.signature), SkipReason.BAD_SIGNATURE)
            return Consent(authorization.owner)
        try:
            signer = recover(digest, authorization.signature)
        except BadSignature:
            raise Skip(SkipReason.BAD_SIGNATURE) from None
        if authorization.kind == AuthorizationKind.OWNER:
            return Consent(signer)
        session = (authorization.owner, signer, market)
        found = self.accounts.sessions.get(session)
        require(found is not None and self.circumstances.now_s < found.expiry_s, SkipReason.SESSION_INVALID)
        return Consent(authorization.owner, session)

    def read_order(self, entry: BatchOrder) -> Consent | SkipReason:
        """Who made an order, or why no fill of it can settle."""
        try:
            self.check_terms(entry)
            digest = entry.signed_digest(self.circumstances.domain)
            consent = self.consent(entry.authorization, digest, entry.order.market)
            self.check_life(entry, consent.owner)
        except Skip as skip:
            return skip.reason
        return consent

    def check_terms(self, entry: BatchOrder) -> None:
        """What can be wrong with an order whoever made it."""
        order = entry.order
        require(order.price > 0 and order.quantity > 0 and order.flags < FLAGS_END, SkipReason.UNSUPPORTED_ORDER)
        if entry.sub_account != UNIFIED:
            fits = order.seq < ISOLATED_SEQ_END and order.quantity < ISOLATED_LOTS_END
            require(fits, SkipReason.UNSUPPORTED_ORDER)
        require(self.circumstances.now_s <= order.expiry, SkipReason.EXPIRED)
        cap_ppm = order.max_fee_bps * PPM_PER_BPS
        fair = order.max_fee_bps <= FEE_CAP_BPS and max(entry.maker_fee_ppm, entry.taker_fee_ppm) <= cap_ppm
        require(fair, SkipReason.FEE_ABOVE_CAP)
        if may_slide(order.flags):
            require(0 < entry.price_in_force < PRICE_END, SkipReason.UNSUPPORTED_ORDER)

    def check_life(self, entry: BatchOrder, owner: bytes) -> None:
        """Whether the order is cancelled, or waits, or its owner has left."""
        account, terms = Account(owner, entry.sub_account), self.accounts.markets[entry.order.market]
        base, quote = self.accounts.slot(account, terms.base), self.accounts.slot(account, terms.quote)
        now_s = self.circumstances.now_s
        floor = self.accounts.floor(base, now_s)
        require(entry.order.seq > max(floor, self.stated_floors.get(base, 0)), SkipReason.CANCELLED)
        require(entry.ladder is None or floor >= entry.ladder.ladder.floor, SkipReason.LADDER_WAITING)
        gone = self.accounts.has_exited(base, now_s) or self.accounts.has_exited(quote, now_s)
        require(not gone, SkipReason.EXITED)

    # -- net groups

    def settle_group(
        self, books: Accounts, group: NetGroup, consents: list[Consent | SkipReason]
    ) -> tuple[SkipReason, int] | None:
        """Settles a group in `books`; what was at fault, if anything was: then `books` are to be thrown away."""
        pool: defaultdict[int, int] = defaultdict(int)
        item = 0
        try:
            for statement, consent in zip(group.statements, consents, strict=True):
                self.settle_statement(books, statement, consent, pool)
                item += 1
            for half in group.halves:
                self.settle_half(books, half, pool)
                item += 1
            for fee in group.fees:
                self.add_fee(books, fee)
                pool[fee.asset] += fee.units
                item += 1
            require(not any(pool.values()), SkipReason.UNBALANCED)
        except Skip as skip:
            return skip.reason, item
        return None

    def settle_statement(
        self, books: Accounts, statement: Statement, consent: Consent | SkipReason, pool: defaultdict[int, int]
    ) -> None:
        if isinstance(consent, SkipReason):
            raise Skip(consent)
        for slot, asset, units in self.stated_moves(statement, consent.owner):
            require(not books.has_exited(slot, self.circumstances.now_s), SkipReason.EXITED)
            require(books.balance(slot.account, asset) + units >= 0, SkipReason.NET_SHORT)
            self.credit(books, slot.account, asset, units)
            books.floors[slot] = max(books.floor(slot, self.circumstances.now_s), statement.floor)
            pool[asset] += units
        if consent.session:
            terms = books.markets[consent.session[2]]
            units_of = {asset: units for _, asset, units in self.stated_moves(statement, consent.owner)}
            self.count_session(books, consent, Leg(units_of[terms.base], units_of[terms.quote], 0))

    def stated_moves(self, statement: Statement, owner: bytes) -> Iterator[tuple[Slot, int, int]]:
        """The slots that a statement names, each with an asset and what is added to it."""
        if isinstance(statement, IsolatedStatement):
            terms = self.accounts.markets[statement.market]
            account, assets = Account(owner, statement.market), [terms.base, terms.quote]
        else:
            account, assets = Account(owner), [delta.asset for delta in statement.deltas]
        for asset, units in zip(assets, statement.units, strict=True):
            yield self.accounts.slot(account, asset), asset, units

    def settle_half(self, books: Accounts, half: Half, pool: defaultdict[int, int]) -> None:
        entry, consent = self.batch.orders[half.order], self.orders[half.order]
        if isinstance(consent, SkipReason):
            raise Skip(consent)
        require(is_within_limit(entry, half.price_ticks), SkipReason.LIMIT_CROSSED)
        self.check_lane(books, entry, consent, half.quantity_lots)
        leg = self.leg(entry, half.role, half.price_ticks, half.quantity_lots)
        self.check_funds(books, entry, consent, leg)
        self.check_room(books, entry, consent, leg)
        self.count_session(books, consent, leg)
        self.move(books, entry, consent, leg, half.quantity_lots)
        terms = books.markets[entry.order.market]
        pool[terms.base] += leg.base_units
        pool[terms.quote] += leg.quote_units

    # -- fills

    def settle_fill(self, fill: BatchFill) -> None:
        """Settles a fill, or changes nothing and says why."""
        books = self.accounts.draft()
        maker, taker = self.batch.orders[fill.maker], self.batch.orders[fill.taker]
        for consent in (by_maker := self.orders[fill.maker], by_taker := self.orders[fill.taker]):
            if isinstance(consent, SkipReason):
                raise Skip(consent)
        assert isinstance(by_maker, Consent)
        assert isinstance(by_taker, Consent)
        opposite = maker.order.market == taker.order.market and maker.order.side != taker.order.side
        require(opposite, SkipReason.NOT_OPPOSITE)
        price = maker.price_in_force
        require(is_within_limit(taker, price), SkipReason.LIMIT_CROSSED)
        shared = self.lane_of(maker, by_maker) == self.lane_of(taker, by_taker)
        require(not shared, SkipReason.SHARED_LANE)
        self.check_lane(books, maker, by_maker, fill.quantity_lots)
        self.check_lane(books, taker, by_taker, fill.quantity_lots)
        sides = [
            (maker, by_maker, self.leg(maker, Role.MAKER, price, fill.quantity_lots)),
            (taker, by_taker, self.leg(taker, Role.TAKER, price, fill.quantity_lots)),
        ]
        for side in sorted(sides, key=lambda side: side[0].order.side, reverse=True):
            self.check_funds(books, *side)
        for side in sides:
            self.check_room(books, *side)
        for _, consent, leg in sides:
            self.count_session(books, consent, leg)
        for side in sides:
            self.move(books, *side, fill.quantity_lots)
        fees = sum(leg.fee_units for _, _, leg in sides)
        self.add_fee(books, Delta(books.markets[maker.order.market].quote, fees))
        self.accounts.keep(books)

    # -- what both are made of

    def leg(self, entry: BatchOrder, role: Role, price_ticks: int, lots: int) -> Leg:
        """What a fill moves for one of its orders."""
        terms = self.accounts.markets[entry.order.market]
        notional = price_ticks * lots * terms.quote_units_per_tick_lot
        fee = fee_units(notional, entry.maker_fee_ppm if role == Role.MAKER else entry.taker_fee_ppm)
        base = lots * terms.base_units_per_lot
        return Leg(base, -notional - fee, fee) if entry.order.side == Side.BUY else Leg(-base, notional - fee, fee)

    def lane_of(self, entry: BatchOrder, consent: Consent) -> tuple[Slot, int]:
        """Where the fills of an order are counted."""
        terms = self.accounts.markets[entry.order.market]
        return self.accounts.slot(Account(consent.owner, entry.sub_account), terms.base), entry.order.lane

    def tag(self, entry: BatchOrder) -> int:
        """What tells an order from others with its seq."""
        short = entry.sub_account != UNIFIED and entry.order.lane == 0
        digest = int.from_bytes(entry.order.digest(self.circumstances.domain), "big")
        return digest % (1 << (ISOLATED_TAG_BITS if short else TAG_BITS))

    def check_lane(self, books: Accounts, entry: BatchOrder, consent: Consent, lots: int) -> None:
        lane = books.lanes.get(self.lane_of(entry, consent), Lane())
        require(entry.order.seq >= lane.seq, SkipReason.SUPERSEDED)
        filled = 0
        if entry.order.seq == lane.seq:
            require(self.tag(entry) == lane.tag, SkipReason.SEQ_REUSED)
            filled = lane.filled_lots
        require(lots > 0 and filled + lots <= entry.order.quantity, SkipReason.OVERFILL)

    def check_funds(self, books: Accounts, entry: BatchOrder, consent: Consent, leg: Leg) -> None:
        account, terms = Account(consent.owner, entry.sub_account), books.markets[entry.order.market]
        if entry.order.side == Side.SELL:
            require(books.balance(account, terms.base) + leg.base_units >= 0, SkipReason.BASE_SHORT)
        else:
            require(books.balance(account, terms.quote) + leg.quote_units >= 0, SkipReason.QUOTE_SHORT)

    def check_room(self, books: Accounts, entry: BatchOrder, consent: Consent, leg: Leg) -> None:
        account, terms = Account(consent.owner, entry.sub_account), books.markets[entry.order.market]
        for asset, units in ((terms.base, leg.base_units), (terms.quote, leg.quote_units)):
            full = account.market != UNIFIED and books.balance(account, asset) + units >= ISOLATED_UNITS_END
            require(not full, SkipReason.ACCOUNT_FULL)

    def count_session(self, books: Accounts, consent: Consent, leg: Leg) -> None:
        """Takes what leaves the account from what its session may still let go."""
        if consent.session is None:
            return
        left = books.sessions[consent.session]
        base_left, quote_left = (
            limit if limit == UNLIMITED else limit + min(units, 0)
            for limit, units in ((left.base_left, leg.base_units), (left.quote_left, leg.quote_units))
        )
        require(base_left >= 0 and quote_left >= 0, SkipReason.SESSION_LIMIT)
        books.sessions[consent.session] = left._replace(base_left=base_left, quote_left=quote_left)

    def move(self, books: Accounts, entry: BatchOrder, consent: Consent, leg: Leg, lots: int) -> None:
        account, terms = Account(consent.owner, entry.sub_account), books.markets[entry.order.market]
        books.add(account, terms.base, leg.base_units)
        books.add(account, terms.quote, leg.quote_units)
        place = self.lane_of(entry, consent)
        lane = books.lanes.get(place, Lane())
        filled = lane.filled_lots if lane.seq == entry.order.seq else 0
        books.lanes[place] = Lane(entry.order.seq, self.tag(entry), filled + lots)

    def credit(self, books: Accounts, account: Account, asset: int, units: int) -> None:
        """Adds what a statement says, if there is room for it."""
        full = account.market != UNIFIED and books.balance(account, asset) + units >= ISOLATED_UNITS_END
        require(not full, SkipReason.ACCOUNT_FULL)
        books.add(account, asset, units)

    def add_fee(self, books: Accounts, fee: Delta) -> None:
        units = books.fees.get(fee.asset, 0) + fee.units
        require(units >= 0, SkipReason.REBATE_UNFUNDED)
        books.fees[fee.asset] = units


def is_within_limit(entry: BatchOrder, price_ticks: int) -> bool:
    """Whether an order lets itself be filled at a price: its own in force or a better one."""
    limit = entry.price_in_force
    return price_ticks <= limit if entry.order.side == Side.BUY else price_ticks >= limit


def require(holds: bool, otherwise: SkipReason) -> None:
    """Skips what is at hand unless the condition holds."""
    if not holds:
        raise Skip(otherwise)

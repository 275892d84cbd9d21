"""Where settlement and those who answer for themselves meet: it asks, they listen and sign, it waits a moment.

Everything here is in memory and on one event loop. What is asked and not answered in time is settled by orders.
"""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from offchain.chain.keys import recover
from offchain.chain.typed_data import TypedStruct
from offchain.core.bus import Subscription, Topic
from offchain.core.clock import ClockUs
from offchain.core.commands import StatementAnswer
from offchain.core.errors import BadSignature, StatementLate, StatementNotAsked, StatementWrong
from offchain.settlement.statements import StatementRequest

REQUESTS_WAITING: Final = 16
"""Requests that a listener may leave unread before it is cut."""
_BY_ORDERS: Final = "Nothing to do: the fills settle by the orders' signatures."


class Asked(StatementRequest, frozen=True):
    """A request, and until when it may be answered, microseconds since 1970."""

    deadline_us: int


class SignedAnswer(NamedTuple):
    """An owner's signatures (65 bytes): over the statement about a batch, and over the ladder of each market."""

    owner: bytes
    batch: int
    previous_hash: bytes
    floor: int
    signature: bytes
    ladders: Mapping[int, bytes]


class _Round(NamedTuple):
    """One batch's requests and answers by owner.

    `over` is set when all have answered that are waited for, or when the moment has passed.
    """

    asked: dict[bytes, Asked]
    answers: dict[bytes, StatementAnswer]
    waited_for: set[bytes]
    over: asyncio.Event


class StatementDesk:
    """Requests go out to the listeners, and answers come in.

    Args:
        domain_separator: of the contract, which the signatures are for.
        clock: microseconds since 1970.
        unanswered_max: after so many requests in a row that an owner did not answer in time nobody waits for it.
    """

    def __init__(self, domain_separator: bytes, clock: ClockUs, *, unanswered_max: int) -> None:
        self._domain = domain_separator
        self._clock = clock
        self._unanswered_max = unanswered_max
        self._topics: dict[bytes, Topic[Asked]] = defaultdict(Topic)
        self._unanswered: dict[bytes, int] = {}
        self._round = _Round({}, {}, set(), asyncio.Event())

    def listen(self, owner: bytes) -> Subscription[Asked]:
        """What the owner is asked from now on. One that was not waited for has one more chance."""
        if owner in self._unanswered:
            self._unanswered[owner] = min(self._unanswered[owner], self._unanswered_max - 1)
        return self._topics[owner].subscribe(REQUESTS_WAITING)

    def listens(self, owner: bytes) -> bool:
        """Whether anybody listens for an owner."""
        topic = self._topics.get(owner)
        return topic is not None and len(topic) > 0

    async def ask(self, requests: Sequence[StatementRequest], wait_us: int) -> list[StatementAnswer]:
        """The answers that came in time, in the order of the requests.

        Returns early when all have answered but those who did not for some time: these are asked and not waited for.
        """
        deadline_us = self._clock() + wait_us
        asked = [self._with_deadline(request, deadline_us) for request in requests if self.listens(request.owner)]
        owners = {request.owner: request for request in asked}
        waited_for = {owner for owner in owners if self._unanswered.get(owner, 0) < self._unanswered_max}
        this = self._round = _Round(owners, {}, waited_for, asyncio.Event())
        for request in asked:
            self._topics[request.owner].publish(request)
        if waited_for:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(this.over.wait(), wait_us / 1_000_000)
        this.over.set()
        for owner in waited_for - this.answers.keys():
            self._unanswered[owner] = self._unanswered.get(owner, 0) + 1
        return [this.answers[request.owner] for request in asked if request.owner in this.answers]

    def answer(self, signed: SignedAnswer) -> StatementAnswer:
        """Takes an owner's answer to what was asked last.

        Who has answered is answered the same again: the first answer counts.

        Raises:
            StatementNotAsked: the owner was not asked about that batch.
            StatementLate: it was, and the batch is on its way.
            StatementWrong: the floor is out of its range, or a ladder is missing or one too many.
            BadSignature: a signature is not the owner's over what was asked.
        """
        owner, floor, this = signed.owner, signed.floor, self._round
        asked = self._asked_of(signed)
        if owner in this.answers:
            return this.answers[owner]
        # First of all, so that nobody else learns what was asked.
        self._check(owner, asked.statement(floor), signed.signature)
        if not asked.floor <= floor <= asked.floor_max:
            raise StatementWrong(
                f"The floor {floor} is not from {asked.floor} to {asked.floor_max}.", "Choose one that is."
            )
        wanted = asked.by_market().keys()
        if signed.ladders.keys() != wanted:
            raise StatementWrong(
                f"Ladders of the markets {sorted(signed.ladders)} came; those of {sorted(wanted)} are wanted.",
                "Sign one for each market of the orders to be renewed.",
            )
        for market, signature in signed.ladders.items():
            self._check(owner, asked.ladder(market, floor), signature)
        this.answers[owner] = answer = asked.answered(floor, signed.signature, signed.ladders)
        self._unanswered.pop(owner, None)
        if this.waited_for <= this.answers.keys():
            this.over.set()
        return answer

    def _with_deadline(self, request: StatementRequest, deadline_us: int) -> Asked:
        fields = {name: getattr(request, name) for name in request.__struct_fields__}
        return Asked(**fields, deadline_us=deadline_us)

    def _asked_of(self, signed: SignedAnswer) -> Asked:
        this = self._round
        asked = this.asked.get(signed.owner)
        if asked is None:
            raise StatementNotAsked(f"No statement about batch {signed.batch} is waited for.", _BY_ORDERS)
        if (asked.batch, asked.previous_hash) != (signed.batch, signed.previous_hash):
            raise StatementNotAsked(
                f"What was asked last is a statement about batch {asked.batch} after 0x{asked.previous_hash.hex()}.",
                "Answer the newest request.",
            )
        is_over = this.over.is_set() or self._clock() > asked.deadline_us
        if is_over and signed.owner not in this.answers:
            raise StatementLate(f"The statement about batch {signed.batch} came too late.", _BY_ORDERS)
        return asked

    def _check(self, owner: bytes, struct: TypedStruct, signature: bytes) -> None:
        digest = struct.digest(self._domain)
        signer = recover(digest, signature)
        if signer != owner:
            raise BadSignature(
                f"The {type(struct).__name__} with digest 0x{digest.hex()} was signed by 0x{signer.hex()}, "
                f"not by 0x{owner.hex()}.",
                "Sign exactly what was asked, with the owner's key.",
            )

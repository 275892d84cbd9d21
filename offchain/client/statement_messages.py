"""The answer to a `statement_request`, as `POST /api/v1/statements` takes it."""

import msgspec


class RenewalLadderMessage(msgspec.Struct, frozen=True, rename="camel"):
    """The signature over the renewed orders of a market, in the order of the request."""

    market_id: int
    signature: str


class StatementMessage(msgspec.Struct, frozen=True, rename="camel"):
    """What was asked for, signed with a floor in its range."""

    owner: str
    batch: int
    previous_hash: str
    floor: int
    signature: str
    ladders: list[RenewalLadderMessage]

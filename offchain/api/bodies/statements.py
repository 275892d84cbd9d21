"""Netted statements: an account's word on what a batch comes to for it."""

from pydantic import Field

from offchain.api.bodies.base import Address, ApiModel

_SIGNATURE = r"^0x[0-9a-fA-F]{130}$"


class RenewalLadderBody(ApiModel):
    """The signature over `Ladder(floor, orders)` of the renewed orders of one market, in the order of the request."""

    market_id: int = Field(ge=1, lt=2**32)
    signature: str = Field(pattern=_SIGNATURE)


class StatementRequest(ApiModel):
    """The answer to a `statement_request`: what it asked for, signed with a floor in its range."""

    owner: Address
    batch: int = Field(ge=1, lt=2**63)
    previous_hash: str = Field(pattern=r"^0x[0-9a-fA-F]{64}$")
    floor: int = Field(ge=1, lt=2**48)
    signature: str = Field(pattern=_SIGNATURE, description="Over `NetStatement`.")
    ladders: list[RenewalLadderBody] = Field(max_length=255)


class StatementAccepted(ApiModel):
    """The statement settles with the batch, unless the contract leaves its group out: then the orders do."""

    batch: int
    fills: int = Field(description="How many fills it stands for.")

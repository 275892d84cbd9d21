"""Session keys as their owner reads them."""

from enum import StrEnum

from pydantic import Field

from offchain.api.bodies.base import Address, ApiModel, DecimalText


class SessionKeyStatus(StrEnum):
    """Whether a session key may sign orders."""

    ACTIVE = "ACTIVE"
    EXPIRING = "EXPIRING"
    """Its orders have ended; it takes no new ones, because they could not settle before it expires."""
    REVOKED = "REVOKED"


class SessionKeyAmounts(ApiModel):
    """What may leave the account by the key, in one asset of its market."""

    asset: str
    limit: DecimalText | None = Field(description="As it was registered; null: any amount.")
    spent: DecimalText = Field(description="By fills, as the contract counts them; skipped fills stay counted.")
    reserved: DecimalText = Field(description="The most that its open orders could still spend.")


class SessionKeyBody(ApiModel):
    """A key that may sign orders of one market for the account, and never withdraw."""

    key: Address
    market: str
    status: SessionKeyStatus
    expiry: int = Field(description="Seconds since 1970: when the contract stops taking it, unless it is revoked.")
    revoked_at: int | None = Field(description="Seconds since 1970: when the contract stops taking a revoked key.")
    base: SessionKeyAmounts
    quote: SessionKeyAmounts


class SessionKeysBody(ApiModel):
    """All that the account ever registered, newest first."""

    session_keys: list[SessionKeyBody]

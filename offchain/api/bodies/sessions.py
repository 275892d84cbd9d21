"""Sign-in with a wallet (EIP-4361)."""

from pydantic import Field

from offchain.api.bodies.base import Address, ApiModel, TimestampMs


class NonceRequest(ApiModel):
    """Which wallet will sign in."""

    address: Address


class NonceBody(ApiModel):
    """`message` is ready to be signed with `personal_sign`; a client may build its own with the same fields."""

    nonce: str
    message: str
    domain: str
    uri: str
    chain_id: int
    expires_at_ms: TimestampMs


class SignInRequest(ApiModel):
    """The EIP-4361 message exactly as signed, and the signature."""

    message: str = Field(max_length=4000)
    signature: str = Field(pattern=r"^0x[0-9a-fA-F]{130}$")


class RefreshRequest(ApiModel):
    """A refresh token works once; using it twice ends the session."""

    refresh_token: str = Field(max_length=200)


class SessionBody(ApiModel):
    """Send `Authorization: Bearer <accessToken>`. Renew with the refresh token before it expires."""

    owner: Address
    access_token: str
    access_token_expires_at_ms: TimestampMs
    refresh_token: str
    refresh_token_expires_at_ms: TimestampMs

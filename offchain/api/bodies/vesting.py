"""Vesting: pools, and what an account gets of them."""

from pydantic import Field

from offchain.api.bodies.base import Address, ApiModel, Bps, TimestampMs
from offchain.api.bodies.chain import AsOf, Hex, QtraText


class SchedulePoint(ApiModel):
    """What has vested by a time. It stays so from the first to the second point, and rises straight from there on."""

    at_ms: TimestampMs
    vested: QtraText


class ScheduleBody(ApiModel):
    """A share vests at the start, nothing more until the cliff, then in proportion to the time since the start."""

    start_ms: TimestampMs
    cliff_ms: TimestampMs
    end_ms: TimestampMs
    start_bps: Bps
    revocable: bool


class VestingPoolBody(ApiModel):
    """A pool. Root, total and schedule are null until they are published; a pool of a sale's round has its number."""

    pool: int
    funded: QtraText
    total: QtraText | None
    root: Hex | None
    schedule: ScheduleBody | None
    claimed: QtraText
    returned: QtraText = Field(description="What was taken back from revoked accounts.")
    final: bool = Field(description="Whether what was published is final.")


class VestingPoolsBody(ApiModel):
    """All pools."""

    as_of: AsOf | None
    contract: Address | None
    pools: list[VestingPoolBody]


class VestingClaimBody(ApiModel):
    """A payment."""

    recipient: Address
    amount: QtraText
    transaction_hash: Hex
    timestamp_ms: TimestampMs
    final: bool


class VestingHoldingBody(ApiModel):
    """An account in a pool. `allocation` and `proof` are what `claim` takes; null where the pool's tree is not here."""

    pool: int
    allocation: QtraText | None
    allocation_units: str | None = Field(description="The same in base units, as `claim` takes it.")
    vested: QtraText
    claimed: QtraText
    claimed_pending: QtraText = Field(description="What of `claimed` is not final yet.")
    claimable: QtraText
    revoked: bool
    schedule: ScheduleBody
    points: list[SchedulePoint]
    proof: list[Hex] | None
    claims: list[VestingClaimBody] = Field(
        description="Newest first, of the account's newest 100; `claimed` counts all."
    )


class VestingBody(ApiModel):
    """An account in every pool that has it. What has vested is told for the time of the block."""

    as_of: AsOf | None
    address: Address
    holdings: list[VestingHoldingBody]

"""Vesting, as the chain's tables and the published trees tell it."""

from fastapi import APIRouter

from offchain.api.bodies.vesting import (
    ScheduleBody,
    SchedulePoint,
    VestingBody,
    VestingClaimBody,
    VestingHoldingBody,
    VestingPoolBody,
    VestingPoolsBody,
)
from offchain.api.dependencies import ServicesOf, public
from offchain.api.routes.sale import WalletAddress
from offchain.api.token_views import as_of, contract_address, from_seconds, qtra_text
from offchain.api.views import hex_text
from offchain.presale.schedule import Schedule
from offchain.presale.vesting import Claim, Holding, Pool

router = APIRouter(prefix="/api/v1/vesting", tags=["token economy"])


@router.get("", **public("getVesting"))
def read_pools(services: ServicesOf) -> VestingPoolsBody:
    """The pools: funded, published, claimed."""
    found = services.economy.vesting.pools()
    return VestingPoolsBody(
        as_of=None if found is None else as_of(found.moment),
        contract=contract_address(services, "MerkleVesting"),
        pools=[] if found is None else [_pool(pool) for pool in found.pools],
    )


@router.get("/{address}", **public("getVestingOf"))
def read_account(address: WalletAddress, services: ServicesOf) -> VestingBody:
    """What an account gets of each pool, what it can claim now, and the proof that claims it."""
    found = services.economy.vesting.account(bytes.fromhex(address[2:]))
    return VestingBody(
        as_of=None if found is None else as_of(found.moment),
        address=address,
        holdings=[] if found is None else [_holding(one) for one in found.holdings],
    )


def _pool(pool: Pool) -> VestingPoolBody:
    published = pool.published
    return VestingPoolBody(
        pool=pool.number,
        funded=qtra_text(pool.funded),
        total=None if published is None else qtra_text(published.total),
        root=None if published is None else hex_text(published.root),
        schedule=None if published is None else _schedule(published.schedule),
        claimed=qtra_text(pool.claimed),
        returned=qtra_text(pool.returned),
        final=published is not None and published.is_final,
    )


def _schedule(schedule: Schedule) -> ScheduleBody:
    return ScheduleBody(
        start_ms=from_seconds(schedule.start_s),
        cliff_ms=from_seconds(schedule.cliff_s),
        end_ms=from_seconds(schedule.end_s),
        start_bps=schedule.start_bps,
        revocable=schedule.revocable,
    )


def _holding(one: Holding) -> VestingHoldingBody:
    return VestingHoldingBody(
        pool=one.pool,
        allocation=None if one.allocation is None else qtra_text(one.allocation),
        allocation_units=None if one.allocation is None else str(one.allocation),
        vested=qtra_text(one.vested),
        claimed=qtra_text(one.claimed),
        claimed_pending=qtra_text(one.claimed_pending),
        claimable=qtra_text(one.claimable),
        revoked=one.is_revoked,
        schedule=_schedule(one.schedule),
        points=[SchedulePoint(at_ms=from_seconds(at_s), vested=qtra_text(vested)) for at_s, vested in one.points],
        proof=None if one.proof is None else [hex_text(part) for part in one.proof],
        claims=[_claim(claim) for claim in one.claims],
    )


def _claim(claim: Claim) -> VestingClaimBody:
    return VestingClaimBody(
        recipient=hex_text(claim.recipient),
        amount=qtra_text(claim.amount),
        transaction_hash=hex_text(claim.transaction_hash),
        timestamp_ms=from_seconds(claim.timestamp_s),
        final=claim.is_final,
    )

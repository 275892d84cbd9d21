"""Staking, as the chain's tables tell it, and what only the contract can work out."""

import asyncio

from fastapi import APIRouter

from offchain.api.bodies.staking import (
    EarnedBody,
    HolderBody,
    RewardBody,
    RewardPaymentBody,
    RewardSource,
    StakingBody,
    StakingPositionBody,
    StakingTierBody,
    StreamBody,
    UnstakeRequestBody,
)
from offchain.api.dependencies import ServicesOf, public
from offchain.api.routes.sale import WalletAddress
from offchain.api.services import Services
from offchain.api.token_views import (
    QTRA_DECIMALS,
    Tokens,
    as_of,
    contract_address,
    decimal_text,
    from_seconds,
    qtra_text,
)
from offchain.api.views import hex_text
from offchain.staking.fee_schedule import HOLDER, QTRA_UNIT
from offchain.staking.service import Notice, Position, Reward, Staking
from offchain.staking.view import Stream

router = APIRouter(prefix="/api/v1/staking", tags=["token economy"])
_DAY_S = 86_400
_YEAR_S = 365 * _DAY_S


@router.get("", **public("getStaking"))
async def read_staking(services: ServicesOf) -> StakingBody:
    """Totals, tiers, and what the rewards pay and who pays them in."""
    economy = services.economy
    staking = await asyncio.to_thread(economy.staking.staking)
    streams = None
    if staking is not None and economy.staking_view is not None:
        numbers = [reward.number for reward in staking.rewards]
        streams = await economy.staking_view.streams(numbers, staking.moment.head)
    return StakingBody(
        as_of=None if staking is None else as_of(staking.moment),
        contract=contract_address(services, "Staking"),
        staked=qtra_text(0 if staking is None else staking.staked),
        stakers=0 if staking is None else staking.stakers,
        holder=HolderBody(
            minimum=qtra_text(economy.schedule.holder_minimum),
            maker_discount_ppm=HOLDER.maker_ppm,
            taker_discount_ppm=HOLDER.taker_ppm,
        ),
        tiers=[] if staking is None else _tiers(services, staking),
        rewards=[] if staking is None else _rewards(services, staking, streams or {}),
    )


@router.get("/{address}", **public("getStakingOf"))
async def read_position(address: WalletAddress, services: ServicesOf) -> StakingPositionBody:
    """An account's stake, tier, rewards, and what is on its way out."""
    economy, owner = services.economy, bytes.fromhex(address[2:])
    position = await asyncio.to_thread(economy.staking.account, owner)
    if position is None:
        return _nothing(address)
    staking, earned = position.staking, None
    if economy.staking_view is not None:
        numbers = [reward.number for reward in staking.rewards]
        earned = await economy.staking_view.earned(owner, numbers, staking.moment.head)
    discount = economy.schedule.of_tier(position.tier)
    higher = staking.thresholds[position.tier :]
    return StakingPositionBody(
        as_of=as_of(staking.moment),
        address=address,
        staked=qtra_text(position.staked),
        staked_final=qtra_text(position.staked_final),
        tier=position.tier,
        next_threshold=qtra_text(higher[0]) if higher else None,
        maker_discount_ppm=discount.maker_ppm,
        taker_discount_ppm=discount.taker_ppm,
        requests=_requests(position),
        rewards=_earned(services, position, earned or {}),
        forfeits=position.forfeits,
    )


def _nothing(address: str) -> StakingPositionBody:
    return StakingPositionBody(
        as_of=None,
        address=address,
        staked="0",
        staked_final="0",
        tier=0,
        next_threshold=None,
        maker_discount_ppm=0,
        taker_discount_ppm=0,
        requests=[],
        rewards=[],
        forfeits=0,
    )


def _tiers(services: Services, staking: Staking) -> list[StakingTierBody]:
    bodies = []
    for tier, threshold in enumerate(staking.thresholds, 1):
        discount = services.economy.schedule.of_tier(tier)
        bodies.append(
            StakingTierBody(
                tier=tier,
                threshold=qtra_text(threshold),
                maker_discount_ppm=discount.maker_ppm,
                taker_discount_ppm=discount.taker_ppm,
            )
        )
    return bodies


def _rewards(services: Services, staking: Staking, streams: dict[int, Stream]) -> list[RewardBody]:
    tokens, router_address = Tokens(services), contract_address(services, "RevenueRouter")
    return [
        RewardBody(
            reward=reward.number,
            token=tokens.body(reward.token),
            notified=tokens.text(reward.token, reward.notified),
            paid=tokens.text(reward.token, reward.paid),
            stream=_stream(tokens, reward, streams[reward.number], staking.staked)
            if reward.number in streams
            else None,
            live_payments=[_payment(tokens, reward, notice, router_address) for notice in reward.live],
        )
        for reward in staking.rewards
    ]


def _stream(tokens: Tokens, reward: Reward, stream: Stream, staked: int) -> StreamBody:
    # In 18 digits more than the token has, rounded down: what one QTRA gets is a small part of what all get.
    on_one = stream.paid_within(_YEAR_S) * QTRA_UNIT * QTRA_UNIT // staked if staked else None
    return StreamBody(
        left=tokens.text(reward.token, stream.left),
        waiting=tokens.text(reward.token, stream.waiting),
        per_day=tokens.text(reward.token, stream.paid_within(_DAY_S)),
        per_qtra_year=None if on_one is None else decimal_text(on_one, QTRA_DECIMALS + tokens.decimals(reward.token)),
        end_ms=from_seconds(stream.end_s),
    )


def _payment(tokens: Tokens, reward: Reward, notice: Notice, router_address: str | None) -> RewardPaymentBody:
    payer = hex_text(notice.payer)
    is_revenue = router_address is not None and payer == router_address.lower()
    return RewardPaymentBody(
        payer=payer,
        source=RewardSource.REVENUE if is_revenue else RewardSource.OTHER,
        amount=tokens.text(reward.token, notice.amount),
        at_ms=from_seconds(notice.at_s),
        end_ms=from_seconds(notice.end_s),
        final=notice.is_final,
    )


def _requests(position: Position) -> list[UnstakeRequestBody]:
    now_s = position.staking.moment.timestamp_s
    return [
        UnstakeRequestBody(
            request=request.number,
            amount=qtra_text(request.amount),
            withdrawable_ms=from_seconds(request.at_s),
            withdrawable=now_s >= request.at_s,
            final=request.is_final,
        )
        for request in position.requests
    ]


def _earned(services: Services, position: Position, earned: dict[int, int]) -> list[EarnedBody]:
    tokens = Tokens(services)
    return [
        EarnedBody(
            reward=reward.number,
            token=tokens.body(reward.token),
            claimable=tokens.text(reward.token, earned[reward.number]) if reward.number in earned else None,
            paid=tokens.text(reward.token, position.paid.get(reward.number, 0)),
        )
        for reward in position.staking.rewards
    ]

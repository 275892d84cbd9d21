"""Status, time and the market document."""

import asyncio
from importlib.metadata import version

from fastapi import APIRouter, Request

from offchain.api.bodies.system import (
    ComponentStatus,
    ExchangeInfo,
    FeesBody,
    FeeTierBody,
    Health,
    MarketStatus,
    RateLimitBody,
    StatusBody,
    TimeBody,
    TypedDataBody,
    TypedDomain,
    TypedField,
)
from offchain.api.dependencies import ServicesOf, access_of, public
from offchain.api.services import Services
from offchain.api.views import MarketState, asset_body, hex_text, market_body, milliseconds
from offchain.chain.typed_data import DOMAIN_NAME, DOMAIN_VERSION, TYPES
from offchain.client.messages import MAX_FEE_BPS
from offchain.core.money import Market
from offchain.core.operator_settings import FeeTier

router = APIRouter(prefix="/api/v1", tags=["system"])
_PROJECTION_LAG_DEGRADED = 5_000
_LOCAL_CHAIN_ID = 31_337
_SEVERITY = [Health.OK, Health.DEGRADED, Health.DOWN]


@router.get("/time", **public("getTime"))
async def read_time(services: ServicesOf) -> TimeBody:
    """The server's clock."""
    return TimeBody(server_time_ms=milliseconds(services.clock()))


@router.get("/status", **public("getStatus"))
async def read_status(services: ServicesOf) -> StatusBody:
    """How each part does. The answer is 200 even when a part is down: reading on may still make sense."""
    sequencer = services.sequencer
    components = [_sequencer_status(services), _projections_status(services)]
    components += [source() for source in services.status_sources]
    return StatusBody(
        status=max((part.health for part in components), key=_SEVERITY.index),
        version=version("quantatrade"),
        server_time_ms=milliseconds(services.clock()),
        last_sequence=sequencer.last_sequence,
        engine_compiled=sequencer.engine.compiled,
        trading_halted=sequencer.halted,
        components=components,
    )


@router.get("/exchange-info", **public("getExchangeInfo"))
async def read_exchange_info(request: Request, services: ServicesOf) -> ExchangeInfo:
    """Everything that a client needs to know before it trades."""
    manifest, directory = services.manifest, services.sequencer.directory
    maker_ppm, taker_ppm = directory.fees(0)
    tiers = await asyncio.to_thread(services.operator_settings.fee_tiers)
    return ExchangeInfo(
        server_time_ms=milliseconds(services.clock()),
        chain_id=manifest.chain_id,
        network=manifest.network,
        # Elsewhere our node's address may hold a key, and wallets have nodes of their own.
        node_url=services.settings.node_urls[0] if manifest.chain_id == _LOCAL_CHAIN_ID else None,
        contracts={name: contract.address for name, contract in manifest.contracts.items()},
        confirmations=services.settings.finality_confirmations,
        order_min_lifetime_s=services.settings.order_min_lifetime_s,
        max_fee_bps=MAX_FEE_BPS,
        default_fees=FeesBody(maker_ppm=maker_ppm, taker_ppm=taker_ppm),
        fee_tiers=[_fee_tier(tier) for tier in tiers],
        typed_data=_typed_data(services),
        assets=[asset_body(asset) for _, asset in sorted(directory.assets.items())],
        markets=[market_body(market, _state(services, market)) for _, market in sorted(directory.markets.items())],
        rate_limits=[
            RateLimitBody(name=budget.name, per_second=budget.per_second, burst=budget.burst)
            for budget in access_of(request).budgets
        ],
    )


def _fee_tier(tier: FeeTier) -> FeeTierBody:
    fees = FeesBody(maker_ppm=tier.maker_fee_ppm, taker_ppm=tier.taker_fee_ppm)
    return FeeTierBody(tier=tier.tier, volume_units=str(tier.volume_units), fees=fees)


def _state(services: Services, market: Market) -> MarketState:
    sequencer = services.sequencer
    status = MarketStatus.HALT if sequencer.halted is not None else MarketStatus(market.status.name)
    of_exchange, _account, of_market = sequencer.engine.killed(0, market.market_id)
    return MarketState(status, of_exchange or of_market, sequencer.engine.last_price(market.market_id))


def _typed_data(services: Services) -> TypedDataBody:
    return TypedDataBody(
        domain=TypedDomain(
            name=DOMAIN_NAME,
            version=DOMAIN_VERSION,
            chain_id=services.manifest.chain_id,
            verifying_contract=hex_text(services.manifest.address("Settlement")),
        ),
        types={
            struct: [TypedField(name=name, type=kind) for name, kind in fields.items()]
            for struct, fields in TYPES.items()
        },
    )


def _sequencer_status(services: Services) -> ComponentStatus:
    sequencer = services.sequencer
    failing = [subscriber.name for subscriber in sequencer.subscribers if subscriber.failure]
    if sequencer.halted is not None:
        health, detail = Health.DOWN, sequencer.halted
    elif failing:
        health, detail = Health.DEGRADED, f"taking commands, but {', '.join(failing)} cannot follow; the log says why"
    else:
        health, detail = Health.OK, "taking commands"
    lag = max((subscriber.lag for subscriber in sequencer.subscribers), default=0)
    return ComponentStatus(
        name="sequencer",
        health=health,
        detail=detail,
        figures={"lastSequence": sequencer.last_sequence, "subscriberLag": lag},
    )


def _projections_status(services: Services) -> ComponentStatus:
    status = services.projector.status(services.sequencer.last_sequence)
    behind = status.lag > _PROJECTION_LAG_DEGRADED
    return ComponentStatus(
        name="projections",
        health=Health.DEGRADED if status.error or behind else Health.OK,
        detail=status.error or f"{status.lag} commands behind",
        figures={"sequence": status.sequence, "lag": status.lag},
    )

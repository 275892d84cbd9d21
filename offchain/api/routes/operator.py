"""What operators set: markets, limits, kill switches, fees. Each is a command of the journal that says who set it."""

from typing import Annotated

from fastapi import APIRouter, Path

from offchain.api.bodies.base import Address
from offchain.api.bodies.operator import (
    AccountLimitsSetting,
    CircuitBreakerSetting,
    DiscountsSetting,
    FeesSetting,
    FeeTierSetting,
    KillSwitchSetting,
    MarketLimitsSetting,
    MarketRiskSetting,
    MarketStatusSetting,
    PositionCapSetting,
    SettingBody,
    SettingsBody,
    SettingTaken,
)
from offchain.api.dependencies import OperatorOf, OwnWrites, ServicesOf, for_operator
from offchain.api.services import Services, asset_named, market_named
from offchain.api.tokens import Principal
from offchain.api.views import hex_text, milliseconds
from offchain.core.commands import CommandKind, MarketStatus
from offchain.core.events import EventKind
from offchain.core.intents import (
    Operate,
    OperatorIntent,
    SetAccountLimits,
    SetCircuitBreaker,
    SetDiscounts,
    SetFees,
    SetFeeTier,
    SetKillSwitch,
    SetMarketLimits,
    SetMarketRisk,
    SetMarketStatus,
    SetPositionCap,
)

router = APIRouter(prefix="/api/v1/operator", tags=["operators"])
Symbol = Annotated[str, Path(max_length=40, examples=["BTC-USDC"])]
AssetSymbol = Annotated[str, Path(max_length=40, examples=["BTC"])]
Owner = Annotated[Address, Path()]
Tier = Annotated[int, Path(ge=2, le=7)]
_US_PER_MS = 1_000


@router.get("/settings", **for_operator("listSettings"))
def list_settings(services: ServicesOf, _: OwnWrites) -> SettingsBody:
    """What was set last for accounts and the exchange, by whom and when."""
    directory = services.sequencer.directory
    return SettingsBody(
        settings=[
            SettingBody(
                kind=CommandKind(one.kind).name,
                owner=hex_text(directory.owner_of(one.account)) if one.account else None,
                market=directory.markets[one.market].symbol if one.market else None,
                asset=directory.assets[one.asset].symbol if one.asset else None,
                tier=one.tier or None,
                mode=one.mode,
                quantity=str(one.quantity),
                amount=str(one.amount),
                counter_amount=str(one.counter_amount),
                maker_ppm=one.maker_fee_ppm,
                taker_ppm=one.taker_fee_ppm,
                operator=None if one.operator is None else hex_text(one.operator),
                sequence=one.sequence,
                timestamp_ms=milliseconds(one.updated_us),
            )
            for one in services.operator_settings.all()
        ]
    )


@router.put("/markets/{symbol}/status", **for_operator("setMarketStatus"))
async def set_market_status(
    symbol: Symbol, body: MarketStatusSetting, services: ServicesOf, operator: OperatorOf
) -> SettingTaken:
    """Opens, halts or restricts a market."""
    market = market_named(services, symbol)
    return await _set(services, operator, SetMarketStatus(market.market_id, MarketStatus[body.status.value]))


@router.put("/markets/{symbol}/limits", **for_operator("setMarketLimits"))
async def set_market_limits(
    symbol: Symbol, body: MarketLimitsSetting, services: ServicesOf, operator: OperatorOf
) -> SettingTaken:
    """Sets the sizes that a market takes."""
    market = market_named(services, symbol)
    intent = SetMarketLimits(
        market.market_id,
        market.to_ticks(body.max_price),
        market.to_lots(body.max_quantity),
        market.to_lots(body.min_quantity),
        0 if body.min_notional is None else market.quote.to_units(body.min_notional),
    )
    return await _set(services, operator, intent)


@router.put("/markets/{symbol}/risk", **for_operator("setMarketRisk"))
async def set_market_risk(
    symbol: Symbol, body: MarketRiskSetting, services: ServicesOf, operator: OperatorOf
) -> SettingTaken:
    """Sets the price band, the fat-finger limit and the largest order of a market."""
    market = market_named(services, symbol)
    intent = SetMarketRisk(
        market.market_id,
        body.band_ppm,
        body.fat_finger_ppm,
        0 if body.max_notional is None else market.quote.to_units(body.max_notional),
        0 if body.reference_price is None else market.to_ticks(body.reference_price),
    )
    return await _set(services, operator, intent)


@router.put("/markets/{symbol}/circuit-breaker", **for_operator("setCircuitBreaker"))
async def set_circuit_breaker(
    symbol: Symbol, body: CircuitBreakerSetting, services: ServicesOf, operator: OperatorOf
) -> SettingTaken:
    """Sets how fast a market's price may move before it is halted."""
    market = market_named(services, symbol)
    intent = SetCircuitBreaker(market.market_id, body.move_ppm, body.window_ms * _US_PER_MS)
    return await _set(services, operator, intent)


@router.put("/markets/{symbol}/kill-switch", **for_operator("setMarketKillSwitch"))
async def set_market_kill_switch(
    symbol: Symbol, body: KillSwitchSetting, services: ServicesOf, operator: OperatorOf
) -> SettingTaken:
    """Cancels all orders of a market and takes none, or takes them again."""
    market = market_named(services, symbol)
    return await _set(services, operator, SetKillSwitch(body.on, market=market.market_id))


@router.put("/accounts/{owner}/kill-switch", **for_operator("setAccountKillSwitch"))
async def set_account_kill_switch(
    owner: Owner, body: KillSwitchSetting, services: ServicesOf, operator: OperatorOf
) -> SettingTaken:
    """Cancels all orders of an account and takes none, or takes them again."""
    return await _set(services, operator, SetKillSwitch(body.on, owner=_bytes(owner)))


@router.put("/kill-switch", **for_operator("setKillSwitch"))
async def set_kill_switch(body: KillSwitchSetting, services: ServicesOf, operator: OperatorOf) -> SettingTaken:
    """Cancels all orders of the exchange and takes none, or takes them again."""
    return await _set(services, operator, SetKillSwitch(body.on))


@router.put("/account-limits", **for_operator("setDefaultAccountLimits"))
async def set_default_account_limits(
    body: AccountLimitsSetting, services: ServicesOf, operator: OperatorOf
) -> SettingTaken:
    """Sets the limits of all accounts that have none of their own."""
    return await _set(services, operator, _account_limits(body, b""))


@router.put("/accounts/{owner}/limits", **for_operator("setAccountLimits"))
async def set_account_limits(
    owner: Owner, body: AccountLimitsSetting, services: ServicesOf, operator: OperatorOf
) -> SettingTaken:
    """Sets the limits of one account; with none at all, those of all others hold for it again."""
    return await _set(services, operator, _account_limits(body, _bytes(owner)))


@router.put("/accounts/{owner}/position-caps/{asset}", **for_operator("setPositionCap"))
async def set_position_cap(
    owner: Owner, asset: AssetSymbol, body: PositionCapSetting, services: ServicesOf, operator: OperatorOf
) -> SettingTaken:
    """Sets the most of an asset that an account may buy up to."""
    listed = asset_named(services, asset)
    cap_units = 0 if body.cap is None else listed.to_units(body.cap)
    return await _set(services, operator, SetPositionCap(_bytes(owner), listed.asset_id, cap_units))


@router.put("/fees", **for_operator("setBaseFees"))
async def set_base_fees(body: FeesSetting, services: ServicesOf, operator: OperatorOf) -> SettingTaken:
    """Sets the rates of tier 1, in which every account begins."""
    return await _set(services, operator, SetFees(body.maker_ppm, body.taker_ppm))


@router.put("/accounts/{owner}/fees", **for_operator("setAccountFees"))
async def set_account_fees(owner: Owner, body: FeesSetting, services: ServicesOf, operator: OperatorOf) -> SettingTaken:
    """Gives an account rates of its own, whatever its tier."""
    return await _set(services, operator, SetFees(body.maker_ppm, body.taker_ppm, _bytes(owner)))


@router.delete("/accounts/{owner}/fees", **for_operator("removeAccountFees"))
async def remove_account_fees(owner: Owner, services: ServicesOf, operator: OperatorOf) -> SettingTaken:
    """Lets an account go back to the rates of its tier."""
    return await _set(services, operator, SetFees(0, 0, _bytes(owner), of_tier=True))


@router.put("/fee-tiers/{tier}", **for_operator("setFeeTier"))
async def set_fee_tier(tier: Tier, body: FeeTierSetting, services: ServicesOf, operator: OperatorOf) -> SettingTaken:
    """Sets a fee tier; accounts find theirs at once."""
    return await _set(services, operator, SetFeeTier(tier, int(body.volume_units), body.maker_ppm, body.taker_ppm))


@router.delete("/fee-tiers/{tier}", **for_operator("removeFeeTier"))
async def remove_fee_tier(tier: Tier, services: ServicesOf, operator: OperatorOf) -> SettingTaken:
    """Removes a fee tier; its accounts go back to the one below."""
    return await _set(services, operator, SetFeeTier(tier, 0, 0, 0))


@router.put("/accounts/{owner}/discounts", **for_operator("setDiscounts"))
async def set_discounts(
    owner: Owner, body: DiscountsSetting, services: ServicesOf, operator: OperatorOf
) -> SettingTaken:
    """Sets what an account is spared of its tier's rates, as maker and as taker."""
    return await _set(services, operator, SetDiscounts(_bytes(owner), body.maker_ppm, body.taker_ppm))


def _account_limits(body: AccountLimitsSetting, owner: bytes) -> SetAccountLimits:
    return SetAccountLimits(body.open_orders, body.messages, body.window_commands, owner)


def _bytes(owner: str) -> bytes:
    return bytes.fromhex(owner[2:])


async def _set(services: Services, operator: Principal, intent: OperatorIntent) -> SettingTaken:
    receipt = await services.sequencer.submit(Operate(operator.owner, intent))
    return SettingTaken(
        sequence=receipt.sequence,
        timestamp_ms=milliseconds(receipt.timestamp_us),
        cancelled_order_ids=[event.order_id for event in receipt.events if event.kind == EventKind.CANCELLED],
    )

"""The signed-in wallet: account, balances, deposits."""

import asyncio

from fastapi import APIRouter

from offchain.api.bodies.funds import (
    AccountBody,
    AccountLimitsBody,
    BalancesBody,
    DepositsBody,
    FeeTierOfAccount,
    PositionCapBody,
)
from offchain.api.bodies.system import FeesBody
from offchain.api.dependencies import Before, Limit, OwnWrites, PrincipalOf, ServicesOf, for_session
from offchain.api.services import Services
from offchain.api.views import balance_body, deposit_body, hex_text, pending_deposit_body
from offchain.core.balance_moves import Balance
from offchain.core.operator_settings import Discounts

router = APIRouter(prefix="/api/v1", tags=["account"])
NO_ACCOUNT = 0
"""The fee account's id stands for a wallet without one: nobody signs in as it, and it owns no orders."""


@router.get("/account", **for_session("getAccount"))
async def read_account(principal: PrincipalOf, services: ServicesOf, _: OwnWrites) -> AccountBody:
    """The account: its rates and how it comes by them, and what it may do."""
    directory, engine = services.sequencer.directory, services.sequencer.engine
    account = directory.account_of(principal.owner)
    number = NO_ACCOUNT if account is None else account
    maker_ppm, taker_ppm = engine.rates(number)
    volume_units = engine.volume(number)
    most_orders, most_messages, window = engine.limits(number)
    caps = {asset: engine.position_cap(number, asset) for asset in sorted(directory.assets)}
    of_exchange, of_account, _market = engine.killed(number, 0)
    tier, discounts = await asyncio.to_thread(_tier_and_discounts, services, number, volume_units)
    return AccountBody(
        owner=hex_text(principal.owner),
        account_id=account,
        fees=FeesBody(maker_ppm=maker_ppm, taker_ppm=taker_ppm),
        fee_tier=FeeTierOfAccount(
            tier=tier,
            own_rates=directory.has_own_fees(number),
            volume_units=str(volume_units),
            maker_discount_ppm=discounts.maker_ppm,
            taker_discount_ppm=discounts.taker_ppm,
        ),
        limits=AccountLimitsBody(
            open_orders=most_orders or None, messages=most_messages or None, window_commands=window or None
        ),
        position_caps=[
            PositionCapBody(asset=directory.assets[asset].symbol, cap=directory.assets[asset].to_decimal(cap))
            for asset, cap in caps.items()
            if cap
        ],
        killed=of_exchange or of_account,
    )


def _tier_and_discounts(services: Services, account: int, volume_units: int) -> tuple[int, Discounts]:
    settings = services.operator_settings
    return settings.tier_of(volume_units), settings.discounts(account)


@router.get("/account/balances", **for_session("getBalances"))
def read_balances(principal: PrincipalOf, services: ServicesOf, _: OwnWrites) -> BalancesBody:
    """One row for each listed asset."""
    directory = services.sequencer.directory
    sequence = services.projector.status(0).sequence
    account = directory.account_of(principal.owner)
    held = {} if account is None else {row.asset: row for row in services.ledger.balances(account)}
    assets = directory.assets
    pending = services.indexer.pending_deposits(principal.owner)
    return BalancesBody(
        sequence=sequence,
        balances=[
            balance_body(held.get(number, Balance(NO_ACCOUNT, number, 0, 0, 0)), asset)
            for number, asset in sorted(assets.items())
        ],
        pending_deposits=[pending_deposit_body(row, assets[row.asset]) for row in pending if row.asset in assets],
    )


@router.get("/deposits", **for_session("listDeposits"))
def list_deposits(
    principal: PrincipalOf, services: ServicesOf, _: OwnWrites, limit: Limit = 100, before: Before = None
) -> DepositsBody:
    """Deposits on chain: those that wait for confirmations, and those that are final."""
    directory = services.sequencer.directory
    assets = directory.assets
    rows = []
    if before is None:
        pending = services.indexer.pending_deposits(principal.owner)
        rows = [pending_deposit_body(row, assets[row.asset]) for row in reversed(pending) if row.asset in assets]
    account = directory.account_of(principal.owner)
    final = [] if account is None else services.ledger.deposits(account, limit, before)
    rows += [deposit_body(row, assets[row.asset], services.settings.finality_confirmations) for row in final]
    return DepositsBody(deposits=rows, next_before=final[-1].sequence if len(final) == limit else None)

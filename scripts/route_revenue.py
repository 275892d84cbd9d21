"""Collects the exchange's fees, splits them, and starts the auctions that buy QTRA back.

Anybody may, and gets the bounty. Only what is there is moved: run it as often as you like. An auction starts where
enough waits for it and there is a fresh price.
"""

import click

from offchain.chain.manifest import ManifestAsset
from offchain.chain.node import RpcError
from scripts._desk import Desk, Step, desk_command


@desk_command
def cli(desk: Desk) -> None:
    """The command; its help is the module's."""
    steps = [step for asset in desk.manifest.assets for step in _routing(desk, asset)]
    is_routed = desk.perform("route_revenue", steps)
    auctions = [step for asset in desk.manifest.assets for step in _auction(desk, asset)]
    if is_routed and auctions:
        desk.perform("start_auctions", auctions)


def _routing(desk: Desk, asset: ManifestAsset) -> list[Step]:
    """Collect and split what there is of an asset."""
    token = bytes.fromhex(asset.token[2:])
    fees = desk.view.read("Settlement", "feesOf", asset.asset_id)
    there = desk.view.read("RevenueRouter", "routable", token)
    steps = []
    if fees:
        says = f"Collect {fees} units of {asset.symbol} in fees"
        steps.append(desk.step(says, "RevenueRouter", "collect", asset.asset_id, fees))
    if fees or there:
        says = f"Split {fees * asset.unit_scale + there} base units of {asset.symbol}"
        steps.append(desk.step(says, "RevenueRouter", "route", token))
    return steps


def _auction(desk: Desk, asset: ManifestAsset) -> list[Step]:
    """Start an auction of an asset, if there can be one."""
    token = bytes.fromhex(asset.token[2:])
    daily_cap, least, *_ = desk.view.read("RevenueRouter", "termsOf", token)
    amount = sum(desk.view.reads("RevenueRouter", "heldOf", token))
    amount = min(amount, daily_cap - min(daily_cap, desk.view.read("RevenueRouter", "soldToday", token)))
    if not daily_cap or amount < least or _runs(desk, token):
        return []
    try:
        desk.view.read("ReportedPrice", "twap", token)
    except RpcError:
        click.echo(f"{asset.symbol} waits for its auction until there is a fresh price.")
        return []
    return [
        desk.step(f"Start an auction of {amount} base units of {asset.symbol}", "RevenueRouter", "startAuction", token)
    ]


def _runs(desk: Desk, token: bytes) -> bool:
    """Whether an auction of a token takes bids. One whose time is over gives way to the next."""
    running = desk.view.read("RevenueRouter", "runningOf", token)
    if not running:
        return False
    _, started_at, duration, *_ = desk.view.read("RevenueRouter", "auctionOf", running)
    return desk.view.head()[1] <= started_at + duration

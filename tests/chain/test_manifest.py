"""The manifest says what is listed, and how much of it is a unit of volume: a millionth of a dollar."""

from pathlib import Path

import msgspec
import pytest

from offchain.chain.deployment_plan import load_plan
from offchain.chain.manifest import Manifest, ManifestAsset, load_manifest, save_manifest
from offchain.core.errors import ConfigurationError
from offchain.core.intents import ListAsset, ListMarket


def shipped() -> Manifest:
    """The manifest that the shipped plan leads to."""
    plan = load_plan()
    assets = tuple(
        ManifestAsset(
            asset.asset_id,
            asset.symbol,
            "0x" + bytes([asset.asset_id] * 20).hex(),
            asset.token_decimals,
            asset.unit_scale,
            asset.is_dollar,
        )
        for asset in plan.assets
    )
    return Manifest(31_337, "ethereum:local", 1, {}, assets, plan.market_rows())


def test_the_markets_of_the_shipped_plan_count_a_dollar_alike() -> None:
    listings = shipped().listings()
    kinds = [type(listing) for listing in listings]
    assert kinds == [ListAsset] * 4 + [ListMarket] * 3
    counted_by = {one.symbol: one.quote_units_per_volume_unit for one in listings if isinstance(one, ListMarket)}
    assert counted_by == {"QTRA-USDC": 1, "BTC-USDC": 1, "BTC-DAI": 10_000}


def test_what_trades_for_no_dollar_is_not_counted() -> None:
    manifest = shipped()
    assets = tuple(msgspec.structs.replace(asset, is_dollar=asset.symbol == "DAI") for asset in manifest.assets)
    listings = msgspec.structs.replace(manifest, assets=assets).listings()
    assert [one.quote_units_per_volume_unit for one in listings if isinstance(one, ListMarket)] == [0, 0, 10_000]


def test_a_manifest_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "deployment.json"
    save_manifest(shipped(), path)
    assert load_manifest(path) == shipped()


def test_a_manifest_that_does_not_say_which_assets_are_dollars_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "deployment.json"
    save_manifest(shipped(), path)
    path.write_text(path.read_text().replace('"isDollar": true', '"isEuro": true'))
    with pytest.raises(ConfigurationError, match="required field `isDollar`"):
        load_manifest(path)

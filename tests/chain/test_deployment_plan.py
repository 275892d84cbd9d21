"""The plan of the repository holds together, and one that does not is refused before anything is deployed."""

from pathlib import Path

import pytest

from offchain.chain.deployment_plan import PLAN_FILE, load_plan
from offchain.core.errors import ConfigurationError


def test_the_plan_has_the_local_assets_and_markets() -> None:
    plan = load_plan()
    assert [(asset.symbol, asset.token_decimals, asset.unit_scale) for asset in plan.assets] == [
        ("QTRA", 18, 10**10),
        ("USDC", 6, 1),
        ("BTC", 8, 1),
        ("DAI", 18, 10**8),
    ]
    assert [asset.symbol for asset in plan.assets if asset.is_dollar] == ["USDC", "DAI"]
    assert [market.symbol for market in plan.market_rows()] == ["QTRA-USDC", "BTC-USDC", "BTC-DAI"]


def test_public_networks_let_everybody_leave_before_the_administrator_acts() -> None:
    for network in load_plan().networks.values():
        assert not network.public or network.admin_delay_s > 24 * 3_600


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("max_price_ticks = 100_000_000", "max_price_ticks = 10_000_000_000", "worth more than 2\\^62"),
        ('base = "QTRA"', 'base = "DOGE"', "QTRA-USDC is not of two listed assets"),
        ("unit_scale = 100_000_000", "unit_scale = 3", "DAI has no whole number"),
        ("unit_scale = 100_000_000", "unit_scale = 10_000_000_000_000", "DAI is a dollar and has no whole number"),
        ("unit_scale = 100_000_000", "unit_scale = 400_000_000_000", "DAI is a dollar and has no whole number"),
        ("is_dollar = true", "", "not a deployment plan: .*is_dollar"),
        ("asset_id = 4", "asset_id = 3", "two assets share"),
        ("market_id = 2", "market_id = 1", "two markets share"),
        ("team = 150_000_000", "team = 150_000_001", "add up to 1000000001"),
        ("stakers_bps = 4_000", "stakers_bps = 4_001", "shares of the revenue add up to 10001, not 10000"),
        ("stakers_bps = 4_000\nbuyback_bps = 3_000", "stakers_bps = 8_000\nbuyback_bps = -1_000", "add up to 10000"),
        ("[10_000, 50_000", "[10_000, 10_000", "tiers do not rise"),
        ("[10_000, 50_000", "[0, 50_000", "tiers do not rise"),
        ('rewards = ["QTRA", "USDC"]', 'rewards = ["USDC", "USDC"]', "stands there twice"),
        ('rewards = ["QTRA", "USDC"]', 'rewards = ["DOGE"]', "not of a listed asset"),
        ('asset = "DAI"', 'asset = "QTRA"', "sells QTRA for itself"),
        ("admin_delay_s = 172_800", "admin_delay_s = 86_400", "before everybody can leave"),
        ('DAI = "0x50c5725949A6F0c72E6C4a641F24049A917DB0Cb"', "", "base:mainnet has no token for DAI"),
        ("public = false", "publik = false", "not a deployment plan"),
    ],
)
def test_a_plan_that_contradicts_itself_is_refused(tmp_path: Path, old: str, new: str, fault: str) -> None:
    text = PLAN_FILE.read_text()
    assert old in text
    path = tmp_path / "plan.toml"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(ConfigurationError, match=fault):
        load_plan(path)


def test_an_unknown_network_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match="base:sepolia"):
        load_plan().network("ethereum:mainnet")

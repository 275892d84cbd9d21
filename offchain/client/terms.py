"""What a client keeps of the market document: assets, markets, and what signatures are bound to."""

from typing import Any

import msgspec

from offchain.core.money import Asset, Market


class ExchangeTerms(msgspec.Struct, frozen=True):
    """Assets and markets by symbol; `contract` is the 20-byte address of `Settlement`."""

    chain_id: int
    contract: bytes
    assets: dict[str, Asset]
    markets: dict[str, Market]
    order_min_lifetime_s: int


def read_terms(info: dict[str, Any]) -> ExchangeTerms:
    """The terms in the body of `/api/v1/exchange-info`."""
    assets = {
        row["symbol"]: Asset(
            row["assetId"],
            row["symbol"],
            bytes.fromhex(row["token"][2:]),
            row["tokenDecimals"],
            int(row["unitScale"]),
        )
        for row in info["assets"]
    }
    return ExchangeTerms(
        chain_id=info["chainId"],
        contract=bytes.fromhex(info["typedData"]["domain"]["verifyingContract"][2:]),
        assets=assets,
        markets={row["symbol"]: _market(row, assets) for row in info["markets"]},
        order_min_lifetime_s=info["orderMinLifetimeS"],
    )


def _market(row: dict[str, Any], assets: dict[str, Asset]) -> Market:
    return Market(
        market_id=row["marketId"],
        symbol=row["symbol"],
        base=assets[row["baseAsset"]],
        quote=assets[row["quoteAsset"]],
        base_units_per_lot=int(row["baseUnitsPerLot"]),
        quote_units_per_tick_lot=int(row["quoteUnitsPerTickLot"]),
        quote_units_per_volume_unit=int(row["quoteUnitsPerVolumeUnit"]),
        max_price_ticks=int(row["maxPriceTicks"]),
        max_quantity_lots=int(row["maxQuantityLots"]),
        min_quantity_lots=int(row["minQuantityLots"]),
        min_notional_units=int(row["minNotionalUnits"]),
    )

"""The deployment manifest: what the deploy script put on a chain, and the one place everything else reads it from."""

from pathlib import Path

import msgspec

from offchain.core.commands import AssetListing
from offchain.core.errors import ConfigurationError
from offchain.core.intents import ListAsset, ListMarket
from offchain.core.money import VOLUME_UNITS_PER_DOLLAR, Asset
from offchain.core.whole_files import write_whole


class DeployedContract(msgspec.Struct, frozen=True, rename="camel"):
    """A contract on the chain. `abi_hash` is the Keccak-256 of its canonical ABI JSON, in hex.

    It has no logs before `first_block`; None: before the deployment's.
    """

    address: str
    abi_hash: str
    first_block: int | None = None


class ManifestAsset(msgspec.Struct, frozen=True, rename="camel"):
    """A row of the contract's asset list, and whether a whole token counts as a dollar of volume."""

    asset_id: int
    symbol: str
    token: str
    token_decimals: int
    unit_scale: int
    is_dollar: bool

    def asset(self) -> Asset:
        """The asset as the exchange has it."""
        token = bytes.fromhex(self.token.removeprefix("0x"))
        return Asset(self.asset_id, self.symbol, token, self.token_decimals, self.unit_scale)

    def units_per_volume_unit(self) -> int:
        """How many ledger units count as one unit of volume; 0: they are no dollars."""
        return self.asset().units_per_token // VOLUME_UNITS_PER_DOLLAR if self.is_dollar else 0

    def listing(self) -> ListAsset:
        """What makes the asset known to the exchange."""
        asset = self.asset()
        return ListAsset(self.asset_id, AssetListing(asset.symbol, asset.token, asset.token_decimals, asset.unit_scale))


class ManifestMarket(msgspec.Struct, frozen=True, rename="camel"):
    """A row of the contract's market list, with the limits that the engine keeps."""

    market_id: int
    symbol: str
    base_asset: int
    quote_asset: int
    base_units_per_lot: int
    quote_units_per_tick_lot: int
    max_price_ticks: int
    max_quantity_lots: int
    min_quantity_lots: int
    min_notional_units: int

    def listing(self, quote: ManifestAsset) -> ListMarket:
        """What makes the market and its limits known to the exchange."""
        fields = msgspec.structs.asdict(self)
        return ListMarket(
            market=fields.pop("market_id"), quote_units_per_volume_unit=quote.units_per_volume_unit(), **fields
        )


class Manifest(msgspec.Struct, frozen=True, rename="camel"):
    """Everything that is known of one deployment. `first_block` is the block before which it has no logs."""

    chain_id: int
    network: str
    first_block: int
    contracts: dict[str, DeployedContract]
    assets: tuple[ManifestAsset, ...]
    markets: tuple[ManifestMarket, ...]
    version: int = 1

    def address(self, contract: str) -> bytes:
        """The 20-byte address of a contract.

        Raises:
            ConfigurationError: the deployment has no such contract.
        """
        try:
            return bytes.fromhex(self.contracts[contract].address.removeprefix("0x"))
        except KeyError:
            raise ConfigurationError(
                f"The deployment manifest has no contract {contract}.", "Deploy again with the deploy script."
            ) from None

    def first_block_of(self, contract: str) -> int:
        """The block before which a contract of the deployment has no logs."""
        own = self.contracts[contract].first_block
        return self.first_block if own is None else own

    def asset_list(self) -> dict[int, Asset]:
        """The assets by id."""
        return {row.asset_id: row.asset() for row in self.assets}

    def listings(self) -> list[ListAsset | ListMarket]:
        """What makes all assets and markets known to the exchange, in order."""
        assets = {row.asset_id: row for row in self.assets}
        markets = [row.listing(assets[row.quote_asset]) for row in self.markets]
        return [*(row.listing() for row in self.assets), *markets]


def load_manifest(path: Path) -> Manifest:
    """The manifest in a file.

    Raises:
        ConfigurationError: there is none, or it is not a manifest of a version that this program reads.
    """
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except FileNotFoundError:
        raise ConfigurationError(
            f"There is no deployment manifest at {path}.", "Deploy first: `make up` does it for a local chain."
        ) from None
    except msgspec.DecodeError as error:
        raise ConfigurationError(
            f"{path} is not a deployment manifest: {error}.", "Restore it, or deploy again."
        ) from error
    if manifest.version != 1:
        raise ConfigurationError(f"{path} has version {manifest.version}, not 1.", "Update QuantaTrade.")
    return manifest


def save_manifest(manifest: Manifest, path: Path) -> None:
    """Writes the manifest in one step: a reader finds the old one or the new one, never half of it."""
    write_whole(path, msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n")

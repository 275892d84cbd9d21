"""Base units as exact decimals, tokens by the exchange's list of assets, and blocks."""

from typing import Final

from indexer.store.asking import Moment
from offchain.api.bodies.chain import AsOf, TokenBody
from offchain.api.services import Services
from offchain.api.views import hex_text

QTRA_DECIMALS: Final = 18
MICRO_DECIMALS: Final = 6
_MS: Final = 1_000


def decimal_text(amount: int, decimals: int) -> str:
    """So many of the smallest unit as a plain decimal."""
    whole, rest = divmod(abs(amount), 10**decimals)
    digits = f"{whole}.{rest:0{decimals}d}".rstrip("0").rstrip(".") if decimals else str(whole)
    return f"-{digits}" if amount < 0 else digits


def qtra_text(amount: int) -> str:
    """Base units of QTRA as a decimal."""
    return decimal_text(amount, QTRA_DECIMALS)


def dollar_text(micros: int) -> str:
    """Millionths of a dollar as a decimal."""
    return decimal_text(micros, MICRO_DECIMALS)


def as_of(moment: Moment) -> AsOf:
    """The block that an answer is told for."""
    return AsOf(block=moment.head, final_block=moment.final, timestamp_ms=moment.timestamp_s * _MS)


def from_seconds(seconds: int) -> int:
    """Seconds since 1970 in milliseconds."""
    return seconds * _MS


def contract_address(services: Services, name: str) -> str | None:
    """The address of a contract of the deployment; nothing if it has none."""
    deployed = services.manifest.contracts.get(name)
    return None if deployed is None else deployed.address


class Tokens:
    """Tokens by address, as the exchange lists them."""

    def __init__(self, services: Services) -> None:
        self._assets = {asset.token: asset for asset in services.sequencer.directory.assets.values()}

    def body(self, token: bytes, decimals: int | None = None) -> TokenBody:
        """The token; `decimals` where a contract told them."""
        asset = self._assets.get(token)
        symbol, listed = (None, decimals) if asset is None else (asset.symbol, asset.token_decimals)
        return TokenBody(address=hex_text(token), symbol=symbol, decimals=listed)

    def text(self, token: bytes, amount: int) -> str:
        """An amount of the token; base units if it is not listed."""
        return decimal_text(amount, self.decimals(token))

    def price_text(self, token: bytes, price: int) -> str:
        """QTRA for one token, of a price in base units of QTRA for 10^18 of the token's."""
        return decimal_text(price, QTRA_DECIMALS + QTRA_DECIMALS - self.decimals(token))

    def decimals(self, token: bytes) -> int:
        """The token's decimals; 0 if it is not listed."""
        asset = self._assets.get(token)
        return 0 if asset is None else asset.token_decimals

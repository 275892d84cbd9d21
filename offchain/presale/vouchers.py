"""The vouchers that were issued to buyers, from what `issue_vouchers` wrote: `vouchers/*.json` in the state folder."""

import logging
from pathlib import Path

import msgspec

from offchain.core.whole_files import changed_ns

_log = logging.getLogger(__name__)


class Voucher(msgspec.Struct, frozen=True):
    """That a buyer has been identified, signed (EIP-712) for `SaleManager`. `cap` is micros, `deadline` seconds."""

    buyer: str
    round: int
    cap: int
    deadline: int
    nonce: int
    signature: str


class _Issued(msgspec.Struct, frozen=True, rename="camel"):
    """A file. What was signed for another sale is no use here, be it on this chain or on another."""

    chain_id: int
    sale_manager: str
    vouchers: list[Voucher]


class VoucherFiles:
    """The vouchers of a folder for one sale, read again when one of its files changes.

    Args:
        folder: where the files are.
        chain_id: the chain.
        sale: the 20-byte address of its `SaleManager`.
    """

    def __init__(self, folder: Path, chain_id: int, sale: bytes) -> None:
        self._folder = folder
        self._sale = (chain_id, "0x" + sale.hex())
        self._seen: dict[Path, int] = {}
        self._of_buyers: dict[str, list[Voucher]] = {}

    def of(self, owner: bytes) -> list[Voucher]:
        """The vouchers of a buyer, by round and deadline."""
        paths = sorted(self._folder.glob("*.json"))
        seen = {path: changed for path in paths if (changed := changed_ns(path)) is not None}
        if seen != self._seen:
            self._of_buyers = _read(list(seen), self._sale)
            self._seen = seen
        return self._of_buyers.get("0x" + owner.hex(), [])


def _read(paths: list[Path], sale: tuple[int, str]) -> dict[str, list[Voucher]]:
    found: dict[str, list[Voucher]] = {}
    for path in paths:
        try:
            issued = msgspec.json.decode(path.read_bytes(), type=_Issued)
        except (OSError, msgspec.DecodeError) as error:
            _log.warning("no vouchers from %s: %s", path, error)
            continue
        for voucher in issued.vouchers if (issued.chain_id, issued.sale_manager.lower()) == sale else ():
            found.setdefault(voucher.buyer.lower(), []).append(voucher)
    for of_buyer in found.values():
        of_buyer.sort(key=lambda voucher: (voucher.round, voucher.deadline))
    return found

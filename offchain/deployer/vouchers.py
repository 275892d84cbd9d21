"""Vouchers in bulk: that buyers have been identified, from a list, signed by the voucher signer (EIP-712).

The nonce, by which a voucher can be revoked, follows from what the voucher says: signing a list again gives the same.
"""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec
from eth_utils.address import to_checksum_address

from offchain.chain.keys import Signer
from offchain.chain.typed_data import keccak
from offchain.deployer.rows import read_address, read_amount, read_rows
from offchain.presale.sale_plan import MICROS, SalePlan

COLUMNS: Final = ("buyer", "round", "cap_usd", "deadline")
VOUCHER_TYPE: Final = b"Voucher(address buyer,uint256 round,uint64 cap,uint40 deadline,uint64 nonce)"
_NONCE_BYTES: Final = 6
"""So that the nonce is a number in every reader of JSON."""


class Voucher(msgspec.Struct, frozen=True):
    """What a voucher says: `cap` in micros, `deadline` in seconds since 1970, of a round by number."""

    buyer: bytes
    sale_round: int
    cap: int
    deadline: int

    @property
    def nonce(self) -> int:
        """What a revocation names."""
        words = b"".join(value.to_bytes(32, "big") for value in (self.sale_round, self.cap, self.deadline))
        return int.from_bytes(keccak(self.buyer + words)[:_NONCE_BYTES], "big")

    def row(self) -> tuple[str, int, int, int, int]:
        """The row that the contract takes."""
        return to_checksum_address(self.buyer), self.sale_round, self.cap, self.deadline, self.nonce

    def digest(self, domain_separator: bytes) -> bytes:
        """What the voucher signer signs."""
        values = int.from_bytes(self.buyer, "big"), self.sale_round, self.cap, self.deadline, self.nonce
        words = b"".join(value.to_bytes(32, "big") for value in values)
        return keccak(b"\x19\x01" + domain_separator + keccak(keccak(VOUCHER_TYPE) + words))


def read_vouchers(path: Path, plan: SalePlan) -> list[Voucher]:
    """The vouchers of a list with the columns buyer, round (its name), cap_usd and deadline (ISO 8601, UTC).

    Raises:
        ConfigurationError: rows are wrong; each is named.
    """
    numbers = {planned.name: number for number, planned in enumerate(plan.rounds)}
    seen: set[tuple[bytes, int]] = set()

    def read(texts: dict[str, str]) -> Voucher:
        buyer, number = read_address(texts["buyer"]), numbers.get(texts["round"])
        if number is None:
            raise ValueError(f"there is no round {texts['round']!r}, only {', '.join(numbers)}")
        planned = plan.rounds[number]
        if not planned.needs_voucher:
            raise ValueError(f"the round {planned.name} needs no vouchers")
        if (buyer, number) in seen:
            raise ValueError(f"{texts['buyer']} has a voucher of {planned.name} in an earlier row")
        seen.add((buyer, number))
        cap = read_amount(texts["cap_usd"], MICROS)
        if cap > planned.wallet_cap_usd * MICROS:
            raise ValueError(f"{texts['cap_usd']} is above the cap of a wallet in {planned.name}")
        deadline = _read_time(texts["deadline"])
        if deadline <= planned.start:
            raise ValueError(f"the deadline {texts['deadline']} is before {planned.name} begins")
        return Voucher(buyer, number, cap, int(deadline.timestamp()))

    return read_rows(path, COLUMNS, read)


def signed_vouchers(vouchers: list[Voucher], signer: Signer, domain_separator: bytes) -> list[dict[str, object]]:
    """The vouchers as buyers get them: the fields of the contract's struct, and the signature."""
    rows = []
    for voucher in vouchers:
        signature = signer.sign_digest(voucher.digest(domain_separator))
        fields = zip(("buyer", "round", "cap", "deadline", "nonce"), voucher.row(), strict=True)
        rows.append({**dict(fields), "signature": "0x" + signature.hex()})
    return rows


def _read_time(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.utcoffset() != timedelta(0) or moment.microsecond:
        raise ValueError(f"{text} is not in whole seconds and UTC; write it like 2027-01-31T12:00:00Z")
    return moment

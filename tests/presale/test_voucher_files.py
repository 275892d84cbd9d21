"""Vouchers as they were issued, for their buyer, from whatever files are there now."""

from pathlib import Path

import msgspec
import pytest

from offchain.presale.vouchers import VoucherFiles

CHAIN_ID = 31337
SALE, OTHER_SALE = b"\x5a" * 20, b"\x5b" * 20
ALICE = b"\xa1" * 20


def issue(path: Path, *nonces: int, round_number: int = 0, sale: bytes = SALE) -> None:
    voucher = {"buyer": "0x" + ALICE.hex(), "round": round_number, "cap": 1, "deadline": 2, "signature": "0x"}
    vouchers = [voucher | {"nonce": nonce} for nonce in nonces]
    path.write_bytes(
        msgspec.json.encode({"chainId": CHAIN_ID, "saleManager": "0x" + sale.hex().upper(), "vouchers": vouchers})
    )


def nonces_of(files: VoucherFiles) -> list[int]:
    return [voucher.nonce for voucher in files.of(ALICE)]


def test_files_that_come_and_go_are_noticed(tmp_path: Path) -> None:
    files = VoucherFiles(tmp_path / "vouchers", CHAIN_ID, SALE)
    assert nonces_of(files) == []
    (tmp_path / "vouchers").mkdir()
    issue(tmp_path / "vouchers" / "one.json", 1, round_number=1)
    issue(tmp_path / "vouchers" / "two.json", 2)
    assert nonces_of(files) == [2, 1]
    (tmp_path / "vouchers" / "two.json").unlink()
    assert nonces_of(files) == [1]


def test_a_file_that_goes_while_the_folder_is_looked_at_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    issue(tmp_path / "one.json", 1)
    issue(tmp_path / "two.json", 2)
    listed = sorted(tmp_path.glob("*.json"))
    (tmp_path / "two.json").unlink()
    monkeypatch.setattr(Path, "glob", lambda _folder, _pattern: iter(listed))
    assert nonces_of(VoucherFiles(tmp_path, CHAIN_ID, SALE)) == [1]


def test_vouchers_of_an_earlier_sale_on_this_chain_are_no_use(tmp_path: Path) -> None:
    issue(tmp_path / "one.json", 1)
    issue(tmp_path / "two.json", 2, sale=OTHER_SALE)
    assert nonces_of(VoucherFiles(tmp_path, CHAIN_ID, SALE)) == [1]

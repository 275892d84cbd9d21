"""Lists of buyers and holders: every wrong row is named by number and line, and then nothing is done."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from eth_utils.address import to_checksum_address

from offchain.chain.keys import LocalSigner, recover
from offchain.core.errors import ConfigurationError
from offchain.deployer.pools import read_holders
from offchain.deployer.vouchers import read_vouchers, signed_vouchers
from offchain.presale.sale_plan import MICROS, load_sale_plan

PLAN = load_sale_plan(Path(__file__).parents[2] / "scripts" / "sale.yaml")
ONE, TWO = (to_checksum_address(bytes([number]) * 20) for number in (0xAB, 0xCD))
UNTIL = "2027-12-31T00:00:00Z"
BUYERS = "buyer,round,cap_usd,deadline\n"
HOLDERS = "pool,account,tokens\n"


def refusal(read: Callable[..., object], tmp_path: Path, text: str) -> str:
    path = tmp_path / "list.csv"
    path.write_text(text)
    with pytest.raises(ConfigurationError) as refused:
        read(path, PLAN)
    return str(refused.value)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (f"{ONE.lower()},Private B,100,{UNTIL}", "is no address with a right checksum"),
        (f"{ONE[:-1]}0,Private B,100,{UNTIL}", "is no address with a right checksum"),
        (f"0x{'0' * 40},Private B,100,{UNTIL}", "the address is zero"),
        (f"{TWO},Private A,100,{UNTIL}", f"{TWO} has a voucher of Private A in an earlier row"),
        (f"{ONE},Private Z,100,{UNTIL}", "there is no round 'Private Z', only Private A"),
        (f"{ONE},Public,100,{UNTIL}", "the round Public needs no vouchers"),
        (f"{ONE},Private B,-100,{UNTIL}", "-100 is not above 0"),
        (f"{ONE},Private B,0,{UNTIL}", "0 is not above 0"),
        (f"{ONE},Private B,NaN,{UNTIL}", "'NaN' is no plain decimal number"),
        (f"{ONE},Private B,1e999999,{UNTIL}", "'1e999999' is no plain decimal number"),
        (f"{ONE},Private B,much,{UNTIL}", "'much' is no plain decimal number"),
        (f"{ONE},Private B,1.0000001,{UNTIL}", "1.0000001 has more decimals than are counted"),
        (f"{ONE},Private B,100000.000001,{UNTIL}", "100000.000001 is above the cap of a wallet in Private B"),
        (f"{ONE},Private B,100,2027-01-25T12:00:00Z", "is before Private B begins"),
        (f"{ONE},Private B,100,2027-12-31T00:00:00+01:00", "is not in whole seconds and UTC"),
        (f"{ONE},Private B,100,2027-12-31T00:00:00", "is not in whole seconds and UTC"),
        (f"{ONE},Private B,100,soon", "Invalid isoformat string: 'soon'"),
        (f"{ONE},Private B,100", "it has not 4 values"),
        (f"{ONE},Private B,100,{UNTIL},more", "it has not 4 values"),
    ],
)
def test_a_buyer_that_cannot_get_a_voucher_is_named(tmp_path: Path, row: str, told: str) -> None:
    message = refusal(read_vouchers, tmp_path, f"{BUYERS}{TWO},Private A,100,{UNTIL}\n{row}\n")
    assert f"list.csv, row 2 (line 3): {told}" in message or (told in message and "row 2 (line 3)" in message)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (f"Team,{ONE.lower()},5", "is no address with a right checksum"),
        (f"Team,{TWO},5", f"{TWO} is in Team in an earlier row"),
        (f"Public,{ONE},5", "there is no pool 'Public', only Team, Advisers"),
        (f"Team,{ONE},-5", "-5 is not above 0"),
        (f"Team,{ONE},0.0000000000000000001", "has more decimals than are counted"),
        (f"Team,{ONE},9999999999.1234567890123456789", "has more decimals than are counted"),
        (f"Team,{ONE}", "it has not 3 values"),
    ],
)
def test_a_holder_that_cannot_get_an_allocation_is_named(tmp_path: Path, row: str, told: str) -> None:
    message = refusal(read_holders, tmp_path, f"{HOLDERS}Team,{TWO},1\nAdvisers,{TWO},1\n{row}\n")
    assert "row 3 (line 4)" in message
    assert told in message


def test_all_wrong_rows_are_told_at_once(tmp_path: Path) -> None:
    message = refusal(read_holders, tmp_path, f"{HOLDERS}Team,{ONE},-1\nAdvisers,{TWO},1\nTeam,{TWO},x\n")
    assert "row 1 (line 2): -1 is not above 0; row 3 (line 4): 'x' is no plain decimal number" in message


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "has other columns"),
        ("account,pool,tokens\n", "Begin it with pool,account,tokens"),
        (HOLDERS, "has no rows"),
        (f"{HOLDERS}Team,{ONE},1\n", "has nobody of Advisers"),
        (f'{HOLDERS}Team,{ONE},"1\n', "cannot be read"),
    ],
)
def test_a_file_that_is_no_list_is_refused(tmp_path: Path, text: str, told: str) -> None:
    assert told in refusal(read_holders, tmp_path, text)


def test_holders_are_read_to_the_last_base_unit(tmp_path: Path) -> None:
    path = tmp_path / "holders.csv"
    path.write_text(f"{HOLDERS}Team,{ONE},1.000000000000000001\nAdvisers,{ONE},98765432109.000000000000000001\n")
    one = bytes.fromhex(ONE[2:])
    assert read_holders(path, PLAN) == {4: {one: 10**18 + 1}, 5: {one: 98_765_432_109 * 10**18 + 1}}


def test_the_same_list_gives_the_same_vouchers_and_another_cap_another_nonce(tmp_path: Path) -> None:
    path, signer, domain = tmp_path / "buyers.csv", LocalSigner(bytes([9]) * 32), bytes([3]) * 32
    path.write_text(
        f"{BUYERS}{ONE},Private A,100.5,{UNTIL}\n{TWO},Private A,100,{UNTIL}\n{ONE},Private B,100,{UNTIL}\n"
    )
    vouchers = read_vouchers(path, PLAN)
    signed = signed_vouchers(vouchers, signer, domain)
    assert signed == signed_vouchers(read_vouchers(path, PLAN), signer, domain)
    assert [(row["buyer"], row["round"], row["cap"]) for row in signed] == [
        (ONE, 0, int(Decimal("100.5") * MICROS)),
        (TWO, 0, 100 * MICROS),
        (ONE, 1, 100 * MICROS),
    ]
    assert len({voucher.nonce for voucher in vouchers}) == 3
    for voucher, row in zip(vouchers, signed, strict=True):
        assert recover(voucher.digest(domain), bytes.fromhex(str(row["signature"])[2:])) == signer.address

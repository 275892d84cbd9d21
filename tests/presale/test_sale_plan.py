"""The plan of a sale is read exactly, and each mistake in it is named with its line, its field and what to do."""

from pathlib import Path

import pytest

from offchain.chain.deployment_plan import load_plan
from offchain.core.errors import ConfigurationError
from offchain.presale.sale_plan import MICROS, TOKEN_UNITS, load_sale_plan

PLAN = Path(__file__).parents[2] / "scripts" / "sale.yaml"
SIGNER = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"


def refusal(tmp_path: Path, text: str) -> str:
    path = tmp_path / "sale.yaml"
    path.write_text(text)
    with pytest.raises(ConfigurationError) as refused:
        load_sale_plan(path)
    return str(refused.value)


def changed(old: str, new: str, times: int = 1) -> str:
    text = PLAN.read_text()
    assert text.count(old) >= times
    return text.replace(old, new, times)


def test_the_reviewed_plan_is_read_to_the_last_unit() -> None:
    plan = load_sale_plan(PLAN)
    assert plan.pool_names() == ["Private A", "Private B", "Private C", "Public", "Team", "Advisers"]
    assert plan.rounds[0].row() == (
        20_000,
        1_799_668_800,
        1_800_878_400,
        40_000_000 * TOKEN_UNITS,
        200_000 * MICROS,
        500 * MICROS,
        100_000 * MICROS,
        300,
        1,
        True,
    )
    assert plan.rounds[3].row()[-2:] == (0, False)
    assert plan.schedule(4) == (1_811_851_200, 1_843_473_600, 1_938_081_600, 0, True)
    assert plan.schedule(0)[3:] == (500, False)


def test_as_many_decimals_as_a_price_has_are_read_exactly(tmp_path: Path) -> None:
    path = tmp_path / "sale.yaml"
    path.write_text(changed("wallet_cap_usd: 500_000", f"wallet_cap_usd: 1_000_000.000001{'0' * 20}"))
    assert load_sale_plan(path).wallet_cap_micros == 1_000_000 * MICROS + 1


def test_the_plan_sells_what_the_deployment_sets_aside_for_it() -> None:
    assert load_sale_plan(PLAN).tokens_for_sale == load_plan().allocations["presale"] * TOKEN_UNITS


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("price_usd: 0.03", "price_usd: 0.019", "line @, rounds[1].price_usd: Private B is cheaper than Private A"),
        ("price_usd: 0.03", "price_usd: 0.0300001", "line @, rounds[1].price_usd: 0.0300001 is no whole number of"),
        ("price_usd: 0.03", "price_usd: 0", "line @, rounds[1].price_usd: 0 is too little; write more than 0"),
        ("price_usd: 0.03", "price_usd: .nan", "line @, rounds[1].price_usd: Invalid decimal string"),
        ("price_usd: 0.03", f'price_usd: "0.03{"0" * 28}1"', "is no whole number of millionths of a dollar"),
        ("price_usd: 0.03", f"price_usd: 0.03{'0' * 28}1", f"rounds[1].price_usd: 0.03{'0' * 28}1 is no whole number"),
        ("price_usd: 0.03", f"price_usd: !!float 0.03{'0' * 28}1", f"0.03{'0' * 28}1 is no whole number"),
        ("price_usd: 0.03", "price_usd: 1e999999", "rounds[1].price_usd: 1E+999999 is more than the contract counts"),
        ("price_usd: 0.03", "price_usd: cheap", "line @, rounds[1].price_usd: Invalid decimal string"),
        ("price_usd: 0.03", "prise_usd: 0.03", "line 27, rounds[1]: Object contains unknown field `prise_usd`"),
        ("    price_usd: 0.03\n", "", "line 27, rounds[1]: Object missing required field `price_usd`"),
        ("start: 2027-01-25T12", "start: 2027-01-25T11", "line @, rounds[1].start: Private B begins before Private A"),
        ("start: 2027-01-25T12:00:00Z", "start: 2027-01-25T12:00:00", "line @, rounds[1].start: 2027-01-25T12:00:00"),
        ("start: 2027-01-25T12:00:00Z", "start: 2027-01-25T14:00:00+02:00", "is not in UTC; write it like"),
        ("start: 2027-01-25T12:00:00Z", "start: 2027-01-25", "line @, rounds[1].start: Expected `datetime`, got"),
        ("start: 2027-01-25T12:00:00Z", "start: 2027-02-29T12:00:00Z", "cannot be read as YAML: day is out of range"),
        ("start: 2027-01-25T12:00:00Z", "start: 2027-01-25T12:00:00.5Z", "is no whole second"),
        ("end: 2027-02-08", "end: 2027-01-25", "line @, rounds[1].end: it ends at 2027-01-25T12:00:00Z, not after"),
        ("token_cap: 60_000_000", "token_cap: -1", "rounds[1].token_cap: -1 tokens cannot be sold"),
        ("token_cap: 60_000_000", "token_cap: 1.5", "rounds[1].token_cap: Expected `int`, got `str`"),
        ("token_cap: 60_000_000", "token_cap: 9_999_999_999_999", "more than the contract counts"),
        ("soft_cap_usd: 400_000", "soft_cap_usd: 1_800_001", "rounds[1].soft_cap_usd: 1800001 is above what all"),
        ("min_purchase_usd: 250", "min_purchase_usd: 100_001", "rounds[1].min_purchase_usd: 100001 is above the cap"),
        ("wallet_cap_usd: 500_000", "wallet_cap_usd: 99_999", "rounds[0].wallet_cap_usd: 100000 is above the cap of a"),
        ("wallet_cap_usd: 25_000", "wallet_cap_usd: 5_000_001", "rounds[3].wallet_cap_usd: 5000001 is above what all"),
        ("wallet_cap_usd: 500_000", "wallet_cap_usd: 17_592_187", "17592187 is more than the contract counts"),
        (
            "referral_bps: 300",
            "referral_bps: 2_001",
            "rounds[0].referral_bps: 2001 is no share in basis points; write 0 to",
        ),
        ("unsold: burn", "unsold: keep", "rounds[3].unsold: Invalid enum value 'keep'"),
        ("bps: 7000", "bps: 6999", "line 9, proceeds: the shares add up to 9999, not 10000"),
        ("bps: 7000", "bps: 0", "proceeds[0].bps: 0 is no share"),
        ("0x90F79bf6EB2c4f870365E785982E1f101E93b906", "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC", "has two shares"),
        (SIGNER, SIGNER.lower(), "line @, voucher_signer: 0x7099797"),
        (SIGNER, SIGNER[:-1] + "9", "is no address with a right checksum"),
        (SIGNER, "0x" + "0" * 40, "is no address with a right checksum"),
        ("[USDC, DAI]", "[USDC, USDC]", "line @, payments: name 1 to 4 different payment tokens"),
        ("[USDC, DAI]", "[]", "payments: name 1 to 4 different payment tokens"),
        ("cliff: 2027-09-01", "cliff: 2027-05-01", "rounds[0].vesting.cliff: it lies not between start and end"),
        ("{start: 2027-06-01", "{start: 2027-01-24", "rounds[0].vesting.start: it vests before the round ends"),
        ("start_bps: 500", "start_bps: 10_001", "rounds[0].vesting.start_bps: 10001 is no share"),
        ("name: Team", "name: Public", "pools[0].name: 'Public' is no name, or names another too"),
        ("name: Public", "name: Public\n    name: Open", "rounds[3].name: line 54 says it again; say it once"),
        ("name: Private A", "name: [", "cannot be read as YAML"),
    ],
)
def test_a_mistake_is_named_with_its_place(tmp_path: Path, old: str, new: str, told: str) -> None:
    line = PLAN.read_text().split(old)[0].count("\n") + 1
    assert told.replace("@", str(line)) in refusal(tmp_path, changed(old, new))


def test_a_sale_without_rounds_is_refused(tmp_path: Path) -> None:
    head = PLAN.read_text().split("rounds:")[0]
    assert "rounds: a sale has 1 to 16 rounds; it has 0" in refusal(tmp_path, head + "rounds: []\n")


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    told = refusal(tmp_path, changed("bps: 7000", "bps: 1").replace("price_usd: 0.05", "price_usd: 0.01"))
    assert "the shares add up to 3001" in told
    assert "rounds[3].price_usd: Public is cheaper" in told


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"nowhere\.yaml cannot be read"):
        load_sale_plan(tmp_path / "nowhere.yaml")

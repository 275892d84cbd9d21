"""Which branches were taken is read from what forge reports."""

from tests.proofs.contract_coverage import branches_of, in_assembly, without_require

REPORT = """TN:
SF:contracts/sale/SaleManager.sol
DA:3,5
DA:4,2
BRDA:3,0,0,{first}
BRDA:3,0,1,{second}
BRDA:4,1,0,{alone}
end_of_record
TN:
SF:contracts/token/QTRAToken.sol
BRDA:9,0,0,0
end_of_record
"""


def taken(first: str, second: str, alone: str) -> list[tuple[int, bool]]:
    found = branches_of(REPORT.format(first=first, second=second, alone=alone))
    assert list(found) == ["contracts/sale/SaleManager.sol"]
    return found["contracts/sale/SaleManager.sol"]


def test_a_branch_was_taken_if_forge_counted_it() -> None:
    assert taken("3", "2", "1") == [(3, True), (3, True), (4, True)]
    assert taken("5", "0", "0") == [(3, True), (3, False), (4, False)]
    assert taken("0", "5", "-") == [(3, False), (3, True), (4, False)]
    assert taken("-", "-", "-") == [(3, False), (3, True), (4, False)], "asked five times, and not once the first way"


def test_an_else_was_taken_as_often_as_its_if_did_not_go_the_first_way() -> None:
    assert taken("4", "0", "1") == [(3, True), (3, True), (4, True)]
    assert taken("5", "0", "1") == [(3, True), (3, False), (4, True)]


def test_a_requirement_is_measured_as_the_branch_that_it_is() -> None:
    source = "require(a[b(c, d)] == 1, Wrong(e, f)); g();"
    assert without_require(source) == "if (!(a[b(c, d)] == 1)) revert Wrong(e, f); g();"


def test_lines_of_assembly_are_known(tmp_path) -> None:
    path = tmp_path / "One.sol"
    path.write_text("if (a) {}\nassembly {\n  if b { c() }\n}\nif (d) {}\n")
    assert [in_assembly(path, line) for line in range(1, 6)] == [False, True, True, True, False]

"""The tests that the contracts' pages name, for the failures of others and for edges, are there."""

import re

import pytest

from tests.proofs.forge import ROOT

PAGES = sorted((ROOT / "docs/contracts").glob("*.md"))


def named(page: str) -> set[str]:
    return set(re.findall(r"`(test\w+)`", page))


def test_pages_name_tests() -> None:
    assert named("| dust | `testDustIsRefused`, `TestBase`, `make test` |") == {"testDustIsRefused"}
    assert sum(len(named(page.read_text())) for page in PAGES) > 40


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_test_that_a_page_names_is_there(page) -> None:
    sources = "".join(path.read_text() for path in (ROOT / "tests/forge").glob("*.t.sol"))
    assert named(page.read_text()) - set(re.findall(r"function (test\w+)\(", sources)) == set()

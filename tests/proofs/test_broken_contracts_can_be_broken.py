"""The faults of `make broken-contracts` fit the contract as it is, and name invariants that there are."""

import pytest

from tests.proofs.broken_contracts import FAULTS, noticed, slice_of
from tests.proofs.fault import Fault, broken, fits
from tests.proofs.forge import FOLDERS, invariants


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_fits_the_contract_and_its_invariants_exist(fault: Fault) -> None:
    assert fits(fault)
    assert set(fault.caught_by) <= set(invariants(fault.contract))


@pytest.mark.parametrize("contract", FOLDERS)
def test_every_contract_with_a_campaign_has_faults(contract: str) -> None:
    assert sum(fault.contract == contract for fault in FAULTS) >= 2


def test_a_fault_that_does_not_stand_there_is_refused() -> None:
    with pytest.raises(ValueError, match="does not have this once"):
        broken("nothing of it", FAULTS[0])


@pytest.mark.parametrize("count", range(1, len(FAULTS) + 1))
def test_seeds_that_follow_each_other_come_to_every_fault(count: int) -> None:
    seen = [fault for seed in range(len(FAULTS)) for fault in slice_of(FAULTS, count, seed)]
    assert {fault.name for fault in seen} == {fault.name for fault in FAULTS}
    assert slice_of(FAULTS, count, 7) == slice_of(FAULTS, count, 7)
    assert len(slice_of(FAULTS, count, 7)) == count


def test_the_invariant_that_failed_is_read_from_what_forge_says() -> None:
    assert noticed('[FAIL: NotTrue("NoFeeIsAboveTheSignedCap")]') == "NoFeeIsAboveTheSignedCap"
    assert noticed('[FAIL: NotEqual("FeesAreTheTextbooks", 1, 0)]') == "FeesAreTheTextbooks"
    assert noticed("[PASS] invariantAll()") is None


def test_there_are_more_than_thirty_invariants_and_each_is_looked_at() -> None:
    names = invariants("Settlement")
    assert len(names) == len(set(names)) > 30


@pytest.mark.parametrize("contract", FOLDERS)
def test_every_contract_with_a_campaign_has_invariants_of_names_of_their_own(contract: str) -> None:
    names = invariants(contract)
    assert len(names) == len(set(names)) >= 8

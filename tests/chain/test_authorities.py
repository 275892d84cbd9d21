"""Roles on a public network: whatever widens a power waits longer than an exit, or the deployment is refused."""

import pytest
from msgspec.structs import replace

from offchain.chain.authorities import ADMIN, GUARDIAN, OPERATOR, Holder, authority_faults
from offchain.chain.deployment_plan import EXIT_DELAY_S

LATER_S = EXIT_DELAY_S + 1
DEPLOYER = Holder("0xde", is_contract=False, roles={}, callable_now=(), callable_later={})
GUARD = Holder("0x9a", False, {GUARDIAN: 0}, ("pause", "revokeEngineKey"), {})
OWNER = Holder("0xad", True, {ADMIN: LATER_S, OPERATOR: LATER_S}, (), {"setEngineKey": LATER_S, "listAsset": LATER_S})


@pytest.mark.parametrize("contracts_only", [True, False])
def test_delays_longer_than_an_exit_and_an_instant_guardian_are_safe(contracts_only: bool) -> None:
    assert authority_faults([DEPLOYER, GUARD, OWNER], contracts_only=contracts_only) == []


@pytest.mark.parametrize(
    ("holder", "fault"),
    [
        (replace(DEPLOYER, callable_now=("setEngineKey",)), "0xde can call setEngineKey at once"),
        (replace(OWNER, callable_later={"collectFees": EXIT_DELAY_S}), "0xad can call collectFees after 86400 s"),
        (replace(GUARD, callable_now=("pause", "unpause")), "0x9a can call unpause at once"),
        (replace(DEPLOYER, roles={ADMIN: 0}), "0xde acts as ADMIN after 0 s"),
        (replace(OWNER, roles={OPERATOR: EXIT_DELAY_S}), "0xad acts as OPERATOR after 86400 s"),
        (replace(OWNER, roles={7: 0}), "0xad acts as 7 after 0 s"),
    ],
)
def test_whoever_could_widen_a_power_too_soon_is_named(holder: Holder, fault: str) -> None:
    (found,) = authority_faults([DEPLOYER, GUARD, holder], contracts_only=False)
    assert found.startswith(fault)


def test_a_single_key_may_only_guard_where_money_is_real() -> None:
    key = replace(OWNER, is_contract=False)
    assert authority_faults([GUARD, key], contracts_only=False) == []
    assert authority_faults([GUARD, key], contracts_only=True) == [
        "0xad is ADMIN and a single key",
        "0xad is OPERATOR and a single key",
    ]

"""Roles on a public network: whatever widens a power waits longer than an exit, or the deployment is refused."""

import pytest
from msgspec.structs import replace

from offchain.chain.authorities import (
    ADMIN,
    CANCELLER,
    COLLECTOR,
    GUARDIAN,
    OPERATOR,
    PROPOSER,
    REPORTER,
    TIMELOCK_ADMIN,
    Holder,
    TimelockMember,
    authority_faults,
    timelock_faults,
)
from offchain.chain.deployment_plan import EXIT_DELAY_S

LATER_S = EXIT_DELAY_S + 1
DEPLOYER = Holder("0xde", is_contract=False, roles={}, callable_now=(), callable_later={})
GUARD = Holder("0x9a", False, {GUARDIAN: 0}, ("Settlement.pause", "Settlement.revokeEngineKey"), {})
OWNER = Holder("0xad", True, {ADMIN: 0, OPERATOR: 0}, ("Settlement.setEngineKey", "SaleManager.configure"), {}, LATER_S)
ROUTER = Holder("0xf0", True, {COLLECTOR: 0}, ("Settlement.collectFees",), {})
LOCK = TimelockMember("0xad", True, (TIMELOCK_ADMIN,))
BOARD = TimelockMember("0xb0", True, (PROPOSER, CANCELLER))
SAFE = [DEPLOYER, GUARD, OWNER, ROUTER]


@pytest.mark.parametrize("contracts_only", [True, False])
def test_a_slow_timelock_a_router_that_collects_and_an_instant_guardian_are_safe(contracts_only: bool) -> None:
    assert authority_faults(SAFE, contracts_only=contracts_only) == []
    guard = TimelockMember("0x9a", False, (CANCELLER,))
    assert timelock_faults("0xad", [LOCK, BOARD, guard], contracts_only=contracts_only) == []


def test_a_delay_of_the_access_manager_counts_like_the_timelocks_own() -> None:
    slow = replace(OWNER, roles={ADMIN: LATER_S}, callable_now=(), callable_later={"Settlement.unpause": LATER_S})
    assert authority_faults([replace(slow, own_delay_s=0)], contracts_only=True) == []


@pytest.mark.parametrize(
    ("holder", "fault"),
    [
        (replace(DEPLOYER, callable_now=("Settlement.setEngineKey",)), "0xde can call Settlement.setEngineKey at once"),
        (replace(DEPLOYER, callable_now=("Settlement.pause",)), "0xde can call Settlement.pause at once"),
        (replace(GUARD, callable_now=("Settlement.unpause",)), "0x9a can call Settlement.unpause at once"),
        (replace(GUARD, callable_now=("SaleManager.configure",)), "0x9a can call SaleManager.configure at once"),
        (
            replace(DEPLOYER, callable_later={"SaleManager.configure": EXIT_DELAY_S}),
            "0xde can call SaleManager.configure after 86400 s",
        ),
        (replace(DEPLOYER, roles={ADMIN: 0}), "0xde acts as ADMIN at once"),
        (replace(OWNER, roles={OPERATOR: 0}, callable_now=(), own_delay_s=EXIT_DELAY_S), "0xad acts as OPERATOR after"),
        (replace(ROUTER, is_contract=False), "0xf0 is COLLECTOR and a single key"),
        (replace(ROUTER, callable_now=("Settlement.listAsset",)), "0xf0 can call Settlement.listAsset at once"),
        (replace(DEPLOYER, roles={7: 0}), "0xde acts as 7 at once"),
    ],
)
def test_whoever_could_widen_a_power_too_soon_is_named(holder: Holder, fault: str) -> None:
    (found,) = authority_faults([*SAFE, holder], contracts_only=False)
    assert found.startswith(fault)


def test_a_single_key_may_only_guard_where_money_is_real() -> None:
    key, reporter = replace(OWNER, is_contract=False), Holder("0x4e", False, {REPORTER: 0}, (), {})
    assert authority_faults([GUARD, key, reporter], contracts_only=False) == []
    assert authority_faults([GUARD, key, reporter], contracts_only=True) == [
        "0xad is ADMIN and a single key",
        "0xad is OPERATOR and a single key",
        "0x4e is REPORTER and a single key",
    ]


@pytest.mark.parametrize(
    ("members", "fault"),
    [
        ([LOCK, BOARD, TimelockMember("0xde", False, (TIMELOCK_ADMIN,))], "0xde can change who proposes"),
        ([LOCK, replace(BOARD, is_contract=False)], "0xb0 proposes to the timelock and is a single key"),
        ([LOCK, replace(BOARD, roles=(CANCELLER,))], "nobody proposes to the timelock"),
    ],
)
def test_a_timelock_that_a_single_key_moves_is_refused(members: list[TimelockMember], fault: str) -> None:
    (found,) = timelock_faults("0xad", members, contracts_only=True)
    assert found.startswith(fault)


def test_on_a_test_network_a_single_key_may_propose() -> None:
    assert timelock_faults("0xad", [LOCK, replace(BOARD, is_contract=False)], contracts_only=False) == []

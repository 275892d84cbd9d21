"""Who may do what to the deployed contracts, and what of that nobody may be able to do on a public network.

Whatever widens somebody's power must wait longer than an owner needs to leave with its funds. Whatever narrows it, a
pause or the end of the engine's key, may happen at once.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from offchain.chain.deployment_plan import EXIT_DELAY_S

ADMIN: Final = 0
"""The role of OpenZeppelin's AccessManager that grants all others."""
GUARDIAN: Final = 1
OPERATOR: Final = 2
ROLE_LABELS: Final = {GUARDIAN: "GUARDIAN", OPERATOR: "OPERATOR"}
NARROWING_FUNCTIONS: Final = ("pause", "revokeEngineKey")
WIDENING_FUNCTIONS: Final = ("listAsset", "listMarket", "setEngineKey", "unpause", "collectFees")


class Holder(msgspec.Struct, frozen=True):
    """An account that was ever given a role, as it stands now.

    Attributes:
        account: its address.
        is_contract: whether it has code; an account without is a single key.
        roles: the roles that it has now, each with the seconds that its every action waits.
        callable_now: the functions of Settlement that it may call at once.
        callable_later: those that it may call after a delay, with its seconds.
    """

    account: str
    is_contract: bool
    roles: dict[int, int]
    callable_now: tuple[str, ...]
    callable_later: dict[str, int]


def authority_faults(holders: Sequence[Holder], *, contracts_only: bool) -> list[str]:
    """What is wrong with who may do what, for a network where others' money is at stake.

    Args:
        holders: everybody who was ever given a role.
        contracts_only: whether a single key may have no role but the guardian's.
    """
    return [fault for holder in holders for fault in _faults(holder, contracts_only)]


def _faults(holder: Holder, contracts_only: bool) -> list[str]:
    faults = [
        f"{holder.account} can call {function} at once"
        for function in holder.callable_now
        if function not in NARROWING_FUNCTIONS
    ]
    faults += [
        f"{holder.account} can call {function} after {delay_s} s, before everybody can leave"
        for function, delay_s in holder.callable_later.items()
        if function not in NARROWING_FUNCTIONS and delay_s <= EXIT_DELAY_S
    ]
    for role, delay_s in holder.roles.items():
        label = ROLE_LABELS.get(role, "ADMIN" if role == ADMIN else str(role))
        if role != GUARDIAN and delay_s <= EXIT_DELAY_S:
            faults.append(f"{holder.account} acts as {label} after {delay_s} s, before everybody can leave")
        if role != GUARDIAN and contracts_only and not holder.is_contract:
            faults.append(f"{holder.account} is {label} and a single key")
    return faults

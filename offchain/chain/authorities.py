"""Who may do what to the deployed contracts, and what of that nobody may be able to do on a public network.

Whatever widens somebody's power must wait longer than an owner needs to leave with its funds. Whatever narrows it, a
pause or the end of a key, may happen at once; so may what cannot send anything to where the caller chooses.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from offchain.chain.deployment_plan import EXIT_DELAY_S

ADMIN: Final = 0
"""The role of OpenZeppelin's AccessManager that grants all others."""
GUARDIAN: Final = 1
OPERATOR: Final = 2
COLLECTOR: Final = 3
"""The revenue router, which takes the exchange's fees to where its split sends them."""
REPORTER: Final = 4
"""Who reports prices to the buyback, within the bounds that its contract sets."""
ROLE_LABELS: Final = {GUARDIAN: "GUARDIAN", OPERATOR: "OPERATOR", COLLECTOR: "COLLECTOR", REPORTER: "REPORTER"}
AT_ONCE: Final = frozenset({GUARDIAN, COLLECTOR, REPORTER})
"""The roles whose members need not wait."""
POWERS: Final[dict[str, dict[int, tuple[str, ...]]]] = {
    "Settlement": {
        GUARDIAN: ("pause", "revokeEngineKey"),
        OPERATOR: ("listAsset", "listMarket", "setEngineKey", "unpause"),
        COLLECTOR: ("collectFees",),
    },
    "SaleManager": {
        GUARDIAN: ("revokeVoucher", "revokeVoucherSigner"),
        OPERATOR: ("configure", "setVoucherSigner"),
    },
    "MerkleVesting": {OPERATOR: ("publish", "revoke")},
    "Staking": {OPERATOR: ("listReward", "setTiers")},
    "ReportedPrice": {OPERATOR: ("setPrice",), REPORTER: ("report",)},
    "RevenueRouter": {
        GUARDIAN: ("haltAuctions",),
        OPERATOR: ("setSplit", "setTreasury", "setInsurance", "setBounty", "setAuctionTerms"),
    },
}
"""Every restricted function by contract and by the role that may call it."""
TIMELOCK_ADMIN: Final = "DEFAULT_ADMIN_ROLE"
PROPOSER: Final = "PROPOSER_ROLE"
CANCELLER: Final = "CANCELLER_ROLE"
TIMELOCK_ROLES: Final = (TIMELOCK_ADMIN, PROPOSER, CANCELLER)
"""The roles of OpenZeppelin's TimelockController that matter; whoever likes may execute what was proposed in time."""


class Holder(msgspec.Struct, frozen=True):
    """An account that was ever given a role, as it stands now. Functions are named `Contract.function`.

    Attributes:
        account: its address.
        is_contract: whether it has code; an account without is a single key.
        roles: the roles that it has now, each with the seconds that its every action waits.
        callable_now: the functions that the AccessManager lets it call at once.
        callable_later: those that it may call after a delay, with its seconds.
        own_delay_s: how long it waits before any call by its own rules, which are a timelock's.
    """

    account: str
    is_contract: bool
    roles: dict[int, int]
    callable_now: tuple[str, ...]
    callable_later: dict[str, int]
    own_delay_s: int = 0


class TimelockMember(msgspec.Struct, frozen=True):
    """An account that was ever given a role in the timelock, and the roles that it has now by name."""

    account: str
    is_contract: bool
    roles: tuple[str, ...]


def authority_faults(holders: Sequence[Holder], *, contracts_only: bool) -> list[str]:
    """What is wrong with who may do what, for a network where others' money is at stake.

    Args:
        holders: everybody who was ever given a role.
        contracts_only: whether a single key may have no role but the guardian's.
    """
    return [fault for holder in holders for fault in (*_call_faults(holder), *_role_faults(holder, contracts_only))]


def timelock_faults(timelock: str, members: Sequence[TimelockMember], *, contracts_only: bool) -> list[str]:
    """What is wrong with who may do what with the timelock that administers; see `authority_faults`."""
    faults = []
    for member in members:
        if TIMELOCK_ADMIN in member.roles and member.account != timelock:
            faults.append(f"{member.account} can change who proposes to the timelock")
        if PROPOSER in member.roles and contracts_only and not member.is_contract:
            faults.append(f"{member.account} proposes to the timelock and is a single key")
    if not any(PROPOSER in member.roles for member in members):
        faults.append("nobody proposes to the timelock")
    return faults


def _call_faults(holder: Holder) -> Iterator[str]:
    granted = {
        f"{contract}.{function}"
        for contract, powers in POWERS.items()
        for role in AT_ONCE & holder.roles.keys()
        for function in powers.get(role, ())
    }
    for function, waits_s in (dict.fromkeys(holder.callable_now, 0) | holder.callable_later).items():
        delay_s = waits_s + holder.own_delay_s
        if function not in granted and delay_s <= EXIT_DELAY_S:
            yield f"{holder.account} can call {function} {_moment(delay_s)}"


def _role_faults(holder: Holder, contracts_only: bool) -> Iterator[str]:
    for role, waits_s in holder.roles.items():
        label, delay_s = ROLE_LABELS.get(role, "ADMIN" if role == ADMIN else str(role)), waits_s + holder.own_delay_s
        if role not in AT_ONCE and delay_s <= EXIT_DELAY_S:
            yield f"{holder.account} acts as {label} {_moment(delay_s)}"
        # What has no code cannot be the router, and would take the fees for itself.
        if not holder.is_contract and (role == COLLECTOR or (contracts_only and role != GUARDIAN)):
            yield f"{holder.account} is {label} and a single key"


def _moment(delay_s: int) -> str:
    return f"after {delay_s} s, before everybody can leave" if delay_s else "at once, before everybody can leave"

"""What the contract's logs say of its accounts: all but those of `settle`, which say only what a batch left out."""

from collections.abc import Callable
from typing import Final

from offchain.chain.bindings import Log
from offchain.core.errors import StateDiverged
from offchain.settlement.accounts import Account, Accounts, MarketTerms, RequestedFloor, Session, Slot

CANCEL_DELAY_S: Final = 600
"""How long before it counts a floor was requested (the contract's `CANCEL_DELAY`)."""


def apply_log(accounts: Accounts, log: Log) -> None:
    """Takes in one log; those that say nothing of accounts are passed over.

    Raises:
        StateDiverged: a balance would be negative, which the contract never allows.
    """
    if log.event in _APPLY:
        _APPLY[log.event](accounts, log)


def _account(log: Log) -> Account:
    return Account(log["owner"], log.get("market", 0))


def _slot(accounts: Accounts, log: Log) -> Slot:
    return accounts.slot(_account(log), log.get("asset", 0))


def _deposited(accounts: Accounts, log: Log) -> None:
    accounts.add(_account(log), log["asset"], log["amount"])


def _paid(accounts: Accounts, log: Log) -> None:
    accounts.add(_account(log), log["asset"], -log["amount"])
    if (left := accounts.balance(_account(log), log["asset"])) < 0:
        raise StateDiverged(f"The logs leave 0x{log['owner'].hex()} with {left} units of asset {log['asset']}.")


def _exited(accounts: Accounts, log: Log) -> None:
    _paid(accounts, log)
    if log.get("complete", True):
        accounts.exits.pop(_slot(accounts, log), None)


def _fees_collected(accounts: Accounts, log: Log) -> None:
    left = accounts.fees.get(log["asset"], 0) - log["amount"]
    if left < 0:
        raise StateDiverged(f"The logs leave {left} units of asset {log['asset']} in fees.")
    accounts.fees[log["asset"]] = left


def _exit_requested(accounts: Accounts, log: Log) -> None:
    accounts.exits[_slot(accounts, log)] = log["effectiveAt"]


def _exit_cancelled(accounts: Accounts, log: Log) -> None:
    accounts.exits.pop(_slot(accounts, log), None)


def _cancel_requested(accounts: Accounts, log: Log) -> None:
    slot, effective_at_s = _slot(accounts, log), log["effectiveAt"]
    # A request that has come into effect stays, one that has not is replaced.
    accounts.floors[slot] = accounts.floor(slot, effective_at_s - CANCEL_DELAY_S)
    accounts.requested_floors[slot] = RequestedFloor(log["floor"], effective_at_s)


def _floor_raised(accounts: Accounts, log: Log) -> None:
    accounts.floors[_slot(accounts, log)] = log["floor"]


def _session_set(accounts: Accounts, log: Log) -> None:
    session = Session(log["baseLimit"], log["quoteLimit"], log["expiry"])
    accounts.sessions[log["owner"], log["key"], log["market"]] = session


def _session_revoked(accounts: Accounts, log: Log) -> None:
    name = (log["owner"], log["key"], log["market"])
    accounts.sessions[name] = accounts.sessions[name]._replace(expiry_s=log["effectiveAt"])


def _market_listed(accounts: Accounts, log: Log) -> None:
    terms = MarketTerms(log["base"], log["quote"], log["baseUnitsPerLot"], log["quoteUnitsPerTickLot"])
    accounts.markets[log["market"]] = terms


_APPLY: Final[dict[str, Callable[[Accounts, Log], None]]] = {
    "Deposited": _deposited,
    "IsolatedDeposited": _deposited,
    "Withdrawn": _paid,
    "IsolatedWithdrawn": _paid,
    "Exited": _exited,
    "IsolatedExited": _exited,
    "FeesCollected": _fees_collected,
    "ExitRequested": _exit_requested,
    "IsolatedExitRequested": _exit_requested,
    "ExitCancelled": _exit_cancelled,
    "IsolatedExitCancelled": _exit_cancelled,
    "CancelRequested": _cancel_requested,
    "IsolatedCancelRequested": _cancel_requested,
    "CancelFloorRaised": _floor_raised,
    "IsolatedCancelFloorRaised": _floor_raised,
    "SessionKeySet": _session_set,
    "SessionKeyRevoked": _session_revoked,
    "MarketListed": _market_listed,
}

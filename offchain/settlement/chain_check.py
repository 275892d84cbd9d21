"""Whether the contract's storage is what its logs and calldata lead to: each balance, floor, lane, exit and session."""

from collections.abc import Iterator
from typing import NamedTuple

from offchain.settlement.accounts import Accounts, Lane, RequestedFloor, Slot
from offchain.settlement.batch import UNIFIED
from offchain.settlement.contract import SettlementContract, View


class Difference(NamedTuple):
    """What a view of the contract should return, and what it does."""

    derived: tuple[int, ...]
    stored: tuple[int, ...]


async def differences(accounts: Accounts, contract: SettlementContract, block: int) -> dict[View, Difference]:
    """Where the contract's storage as of a block is not what was derived.

    Raises:
        NodeUnavailable: no node answered.
        ChainError: the node refused a read.
    """
    now_s = await contract.time_of(block)
    derived = dict(views(accounts, now_s))
    stored = await contract.read_views(list(derived), hex(block))
    return {
        view: Difference(derived[view], found)
        for view, found in zip(derived, stored, strict=True)
        if derived[view] != found
    }


def views(accounts: Accounts, now_s: int) -> Iterator[tuple[View, tuple[int, ...]]]:
    """What each view of the contract returns at a time, for all that was ever touched."""
    for slot in sorted(_slots(accounts)):
        yield _slot_view(accounts, slot, now_s)
    for (slot, number), lane in accounts.lanes.items():
        if number != 0:
            account, asset = slot
            name = View("laneOf", (account.owner, asset, number))
            if account.market != UNIFIED:
                name = View("isolatedLaneOf", (account.owner, account.market, number))
            yield name, (lane.filled_lots, lane.seq, lane.tag)
    for (owner, key, market), session in accounts.sessions.items():
        yield View("sessionOf", (owner, key, market)), tuple(session)
    for asset, units in accounts.fees.items():
        yield View("feesOf", (asset,)), (units,)


def _slots(accounts: Accounts) -> set[Slot]:
    slots = {accounts.slot(account, asset) for account, asset in accounts.balances}
    slots |= {slot for slot, _ in accounts.lanes}
    return slots.union(accounts.floors, accounts.requested_floors, accounts.exits)


def _slot_view(accounts: Accounts, slot: Slot, now_s: int) -> tuple[View, tuple[int, ...]]:
    account, lane = slot.account, accounts.lanes.get((slot, 0), Lane())
    requested = accounts.requested_floors.get(slot)
    if requested is None or requested.effective_at_s <= now_s:
        requested = RequestedFloor(0, 0)
    limits = (accounts.floor(slot, now_s), *requested, accounts.exits.get(slot, 0))
    filled = (lane.filled_lots, lane.seq, lane.tag)
    if account.market == UNIFIED:
        return View("slotOf", (account.owner, slot.asset)), (accounts.balance(account, slot.asset), *filled, *limits)
    terms = accounts.markets[account.market]
    amounts = (accounts.balance(account, terms.base), accounts.balance(account, terms.quote))
    return View("isolatedOf", (account.owner, account.market)), (*amounts, *filled, *limits)

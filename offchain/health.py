"""How the parts behind the API do, in the words of its status page."""

from indexer.service import Indexer
from offchain.api.bodies.system import ComponentStatus, Health
from offchain.settlement.service import SettlementService
from offchain.settlement.watch import ReconciliationWatch
from offchain.staking.discounts import DiscountKeeper

_LAG_BLOCKS_DEGRADED = 10
_SETTLEMENT_LAG_MS_DEGRADED = 60_000
"""Half of the contract's CANCEL_DELAY: whoever could have trades settle or not, as it suits, by a cancel on chain that
takes effect before they do, trades at others' expense."""


def indexer_health(indexer: Indexer) -> ComponentStatus:
    """The indexer and, through it, the chain's node."""
    status = indexer.status()
    if status.halted:
        health, detail = Health.DOWN, status.error
    elif not status.node_reachable:
        health, detail = Health.DEGRADED, status.error or "looking for the node"
    elif status.error or status.lag_blocks > _LAG_BLOCKS_DEGRADED:
        health, detail = Health.DEGRADED, status.error or f"{status.lag_blocks} blocks behind the node"
    else:
        health, detail = Health.OK, f"at block {status.head}, final to {status.final}"
    return ComponentStatus(
        name="indexer",
        health=health,
        detail=detail,
        figures={
            "nodeReachable": status.node_reachable,
            "head": status.head,
            "final": status.final,
            "lagBlocks": status.lag_blocks,
            "caughtUp": status.caught_up,
            "reorgs": status.reorgs,
            "unreadableLogs": status.unreadable_logs,
        },
    )


def settlement_health(settlement: SettlementService) -> ComponentStatus:
    """The settlement service. While it waits for the chain, trading goes on."""
    status = settlement.status()
    if status.halted:
        health, detail = Health.DOWN, status.halted
    elif status.error or status.lag_ms > _SETTLEMENT_LAG_MS_DEGRADED:
        health, detail = Health.DEGRADED, status.error or f"{status.lag_ms} ms behind"
    else:
        health, detail = Health.OK, f"batch {status.last_batch} is the last; {status.pending_fills} fills are pending"
    return ComponentStatus(
        name="settlement",
        health=health,
        detail=detail,
        figures={
            "nodeReachable": status.node_reachable,
            "lastBatch": status.last_batch,
            "waitingBatches": status.waiting_batches,
            "pendingFills": status.pending_fills,
            "lagMs": status.lag_ms,
            "sequence": status.sequence,
            "gasUsed": status.spent.gas,
            "gasPerFill": status.spent.gas // max(1, status.spent.fills),
            "fillsOnChain": status.spent.fills,
            "fillsByStatement": status.spent.netted_fills,
            "statements": status.spent.statements,
        },
    )


def reason_to_hold_orders(settlement: SettlementService, after_s: int) -> str | None:
    """Why no new orders may be matched now, or None: trades that settle too late need not settle at all."""
    status = settlement.status()
    if status.halted:
        return "settlement has stopped"
    late = status.waiting_ms > after_s * 1_000
    return f"trades have waited for settlement for {status.waiting_ms // 1_000} s" if late else None


def discounts_health(keeper: DiscountKeeper) -> ComponentStatus:
    """The discounts of holders and stakers. While they wait, accounts keep those that they have."""
    status = keeper.status()
    waiting = status.through_block < 0
    detail = "waiting for the chain" if waiting else f"as of final block {status.through_block}"
    return ComponentStatus(
        name="discounts",
        health=Health.DEGRADED if status.error else Health.OK,
        detail=status.error or detail,
        figures={"throughBlock": status.through_block, "journaled": status.journaled},
    )


def reconciliation_health(watch: ReconciliationWatch) -> ComponentStatus:
    """Whether engine, ledger and contract agreed when they were last compared."""
    found = watch.last
    if found is None:
        return ComponentStatus(name="reconciliation", health=Health.OK, detail="not compared yet")
    error_units = sum(asset.error_units for asset in found.conservation)
    if found.is_clean:
        health, detail = Health.OK, f"engine, ledger and contract agreed at block {found.block}"
    else:
        health, detail = Health.DOWN, f"at block {found.block} the books do not agree; see the log"
    return ComponentStatus(
        name="reconciliation",
        health=health,
        detail=detail,
        figures={
            "block": found.block,
            "checkedAtMs": watch.checked_us // 1_000,
            "holdingsCompared": found.holdings_compared,
            "mismatches": len(found.mismatches),
            "conservationErrorUnits": str(error_units),
        },
    )

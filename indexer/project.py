"""Project: the rows that a decoded log writes. All are inserts, so undoing a block is deleting its rows."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from sqlalchemy import Table, delete, insert
from sqlalchemy.orm import Session

from indexer import models
from indexer.decode import DecodedLog
from offchain.core.commands import FEE_OWNER
from offchain.core.database import Base
from offchain.core.money import UNITS_MAX

_Row = dict[str, Any]


def _deposit(log: DecodedLog) -> _Row:
    return {name: log.arguments[name] for name in ("owner", "asset", "amount")}


def _payout(log: DecodedLog) -> _Row:
    return {**_deposit(log), "nonce": log.arguments.get("nonce")}


def _collected(log: DecodedLog) -> _Row:
    return {"owner": FEE_OWNER, "asset": log.arguments["asset"], "amount": log.arguments["amount"], "nonce": None}


def _request(log: DecodedLog) -> _Row:
    return {
        "event": log.event,
        "owner": log.arguments["owner"],
        "asset": log.arguments["asset"],
        "floor": log.arguments.get("floor", 0),
        "effective_at_s": log.arguments.get("effectiveAt", 0),
    }


def _batch(log: DecodedLog) -> _Row:
    return {
        "number": log.arguments["number"],
        "batch_hash": log.arguments["batchHash"],
        "journal_root": log.arguments["journalRoot"],
        "through_sequence": log.arguments["throughSequence"],
        "fills": log.arguments["fills"],
        "skipped": log.arguments["skipped"],
    }


def _skipped_fill(log: DecodedLog) -> _Row:
    return {name: log.arguments[name] for name in ("number", "fill", "reason")}


_PROJECTIONS: Final[Mapping[str, tuple[type[Base], Callable[[DecodedLog], _Row]]]] = {
    "Deposited": (models.ChainDeposit, _deposit),
    "Withdrawn": (models.ChainPayout, _payout),
    "Exited": (models.ChainPayout, _payout),
    "FeesCollected": (models.ChainPayout, _collected),
    "ExitRequested": (models.ChainRequest, _request),
    "ExitCancelled": (models.ChainRequest, _request),
    "CancelRequested": (models.ChainRequest, _request),
    "CancelFloorRaised": (models.ChainRequest, _request),
    "BatchSettled": (models.ChainBatch, _batch),
    "FillSkipped": (models.ChainSkippedFill, _skipped_fill),
}
_LOGS: Final = models.IndexerLog


def write(session: Session, chain_id: int, logs: Iterable[DecodedLog]) -> None:
    """Writes the raw logs and what they project to, table by table."""
    rows: dict[type[Base], list[_Row]] = {_LOGS: []}
    for log in logs:
        key = _key(chain_id, log)
        error = log.error or _too_wide(log)
        raw = {"topics": b"".join(log.raw.topics), "data": log.raw.data, "event": "" if error else log.event}
        rows[_LOGS].append({**key, **raw, "error": error})
        if not error and log.event in _PROJECTIONS:
            model, row_of = _PROJECTIONS[log.event]
            rows.setdefault(model, []).append({**key, **row_of(log)})
    for model, batch in rows.items():
        if batch:
            session.execute(insert(model), batch)


def undo(session: Session, chain_id: int, above: int) -> None:
    """Deletes every row of the blocks above a number."""
    for model in projected_models():
        table = table_of(model)
        session.execute(delete(table).where(table.c.chain_id == chain_id, table.c.block_number > above))


def projected_models() -> list[type[Base]]:
    """The tables that hold rows of logs: the raw logs first, then the projections."""
    return [_LOGS, *dict.fromkeys(model for model, _ in _PROJECTIONS.values())]


def table_of(model: type[Base]) -> Table:
    """The table of a model, for statements that need it bare."""
    table = model.__table__
    assert isinstance(table, Table)
    return table


def _too_wide(log: DecodedLog) -> str:
    """Why the tables cannot hold the arguments; empty when they can. The contract keeps amounts within 63 bits."""
    for name, value in log.arguments.items():
        if name != "nonce" and isinstance(value, int) and value > UNITS_MAX:
            return f"{log.event}.{name} {value} does not fit 63 bits"
    return ""


def _key(chain_id: int, log: DecodedLog) -> _Row:
    return {
        "chain_id": chain_id,
        "block_hash": log.raw.block_hash,
        "log_index": log.raw.log_index,
        "block_number": log.raw.block_number,
        "transaction_hash": log.raw.transaction_hash,
        "timestamp_s": log.raw.timestamp_s,
    }

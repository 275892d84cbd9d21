"""The truth, row by row: what every table must hold and the sequencer must have heard of a simulated chain.

Written without the product's projections: from the events alone, table by table.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import msgspec

from offchain.core.commands import FEE_OWNER, CommandKind
from offchain.core.intents import RecordChainFact
from tests.indexer.economy.truth import ROWS
from tests.indexer.simulated_chain import CONTRACT, FACT_EVENTS, Block
from tests.indexer.simulated_events import NOBODY, Log

Row = dict[str, Any]
Place = tuple[Block, Log]
_KINDS: Final = {
    "Deposited": CommandKind.CHAIN_DEPOSIT,
    "Withdrawn": CommandKind.CHAIN_WITHDRAWN,
    "BatchSettled": CommandKind.CHAIN_BATCH_SETTLED,
    "ExitRequested": CommandKind.CHAIN_EXIT_REQUESTED,
    "ExitCancelled": CommandKind.CHAIN_EXIT_CANCELLED,
    "Exited": CommandKind.CHAIN_EXITED,
    "FeesCollected": CommandKind.CHAIN_EXITED,
    "CancelRequested": CommandKind.CHAIN_CANCEL_FLOOR,
    "CancelFloorRaised": CommandKind.CHAIN_CANCEL_FLOOR,
    "SessionKeySet": CommandKind.CHAIN_SESSION_SET,
    "SessionKeyRevoked": CommandKind.CHAIN_SESSION_REVOKED,
}


def _request(event: str, told: Row) -> Row:
    return {
        "event": event,
        "owner": told["owner"],
        "asset": told["asset"],
        "floor": told.get("floor", 0),
        "effective_at_s": told.get("effectiveAt", 0),
    }


def _payout(event: str, told: Row) -> Row:
    owner = FEE_OWNER if event == "FeesCollected" else told["owner"]
    return {"owner": owner, "asset": told["asset"], "amount": told["amount"], "nonce": told.get("nonce")}


def _isolated(event: str, told: Row) -> Row:
    names = {"asset": "asset", "amount": "amount", "floor": "floor", "effective_at_s": "effectiveAt"}
    numbers = {column: told.get(field, 0) for column, field in names.items()}
    return {"event": event, "owner": told["owner"], "market": told["market"], "nonce": told.get("nonce"), **numbers}


def _session(event: str, told: Row) -> Row:
    return {
        "event": event,
        "owner": told["owner"],
        "key": told["key"],
        "market": told["market"],
        "base_limit": told.get("baseLimit", 0),
        "quote_limit": told.get("quoteLimit", 0),
        "until_s": told["expiry"] if event == "SessionKeySet" else told["effectiveAt"],
    }


def _batch(_: str, told: Row) -> Row:
    same = {name: told[name] for name in ("number", "fills", "skipped")}
    hashes = {"batch_hash": told["batchHash"], "journal_root": told["journalRoot"]}
    return same | hashes | {"through_sequence": told["throughSequence"]}


def _group(_: str, told: Row) -> Row:
    return {"number": told["number"], "net_group": told["group"], "reason": told["reason"], "item": told["item"]}


def _as_told(_: str, told: Row) -> Row:
    return told


_ROWS: Final[dict[str, tuple[str, Callable[[str, Row], Row]]]] = {
    "Deposited": ("chain_deposits", _as_told),
    **dict.fromkeys(("Withdrawn", "Exited", "FeesCollected"), ("chain_payouts", _payout)),
    **dict.fromkeys(
        ("ExitRequested", "ExitCancelled", "CancelRequested", "CancelFloorRaised"), ("chain_requests", _request)
    ),
    **dict.fromkeys(("SessionKeySet", "SessionKeyRevoked"), ("chain_sessions", _session)),
    "BatchSettled": ("chain_batches", _batch),
    "FillSkipped": ("chain_skipped_fills", _as_told),
    "NetGroupSkipped": ("chain_skipped_groups", _group),
}


def logs_of(blocks: Sequence[Block], contracts: Sequence[bytes]) -> list[Place]:
    """The logs of some contracts in a chain, in order."""
    return [(block, log) for block in blocks for log in block.logs if log.contract in contracts]


def rows_of(logs: Sequence[Place]) -> Iterator[tuple[str, Row]]:
    """The table and the row of everything that these logs write, in their order."""
    for block, log in logs:
        place = {"block_number": block.number, "block_hash": block.hash, "timestamp_s": block.timestamp_s}
        place |= {"log_index": log.log_index, "transaction_hash": log.transaction_hash}
        topics = b"".join(log.topics)
        raw = {"contract": log.contract, "topics": topics, "data": log.data, "event": log.event}
        yield "indexer_logs", place | raw
        for table, row in _own_rows(log):
            yield table, place | row


def _own_rows(log: Log) -> Iterator[tuple[str, Row]]:
    """The row of a log without its place, if it has one, and the table."""
    if log.contract != CONTRACT:
        if log.event in ROWS[log.contract]:
            table, values = ROWS[log.contract][log.event]
            yield table, values(log.arguments)
    elif log.event.startswith("Isolated"):
        yield "chain_isolated_events", _isolated(log.event, log.arguments)
    elif log.event in _ROWS:
        table, of_event = _ROWS[log.event]
        yield table, of_event(log.event, log.arguments)


def balances_of(logs: Sequence[Place]) -> dict[bytes, int]:
    """What each holder of the token has."""
    held: dict[bytes, int] = {}
    for _, log in logs:
        if log.event == "Transfer":
            value = log.arguments["value"]
            for holder, change in ((log.arguments["from"], -value), (log.arguments["to"], value)):
                held[holder] = held.get(holder, 0) + change
    return {holder: amount for holder, amount in held.items() if amount and holder != NOBODY}


def facts_of(blocks: Sequence[Block]) -> list[Row]:
    """What the sequencer hears of final blocks, in order."""
    return [_fact(block, log) for block, log in logs_of(blocks, (CONTRACT,)) if log.event in FACT_EVENTS]


def _fact(block: Block, log: Log) -> Row:
    told = log.arguments
    row = {
        "place": (block.number, log.log_index, block.hash, log.transaction_hash),
        "kind": _KINDS[log.event],
        "owner": told.get("owner", FEE_OWNER if log.event == "FeesCollected" else b""),
        "asset": told.get("asset", 0),
        "amount": told.get("amount", 0),
        "market": told.get("market", 0),
    }
    own = {
        "Withdrawn": ("nonce",),
        "ExitRequested": ("effectiveAt",),
        "CancelRequested": ("floor",),
        "CancelFloorRaised": ("floor",),
        "BatchSettled": ("number", "batchHash", "throughSequence"),
        "SessionKeySet": ("key", "baseLimit", "quoteLimit", "expiry"),
        "SessionKeyRevoked": ("key", "effectiveAt"),
    }
    row["own"] = tuple(told[name] for name in own.get(log.event, ()))
    row["skipped"] = tuple(
        tuple(skip.arguments[name] for name in ("fill", "group", "reason", "item") if name in skip.arguments)
        for event in ("FillSkipped", "NetGroupSkipped")
        for skip in block.logs
        if log.event == "BatchSettled" and skip.event == event and skip.arguments["number"] == told["number"]
    )
    return row


def told_fact(intent: RecordChainFact) -> Row:
    """A fact that was told, in the form of `facts_of`."""
    fact: Any = intent.fact
    position = fact.position
    own = {
        CommandKind.CHAIN_WITHDRAWN: ("nonce",),
        CommandKind.CHAIN_EXIT_REQUESTED: ("effective_at_s",),
        CommandKind.CHAIN_CANCEL_FLOOR: ("floor",),
        CommandKind.CHAIN_BATCH_SETTLED: ("number", "batch_hash", "through_sequence"),
        CommandKind.CHAIN_SESSION_SET: ("key", "base_limit", "quote_limit", "expiry_s"),
        CommandKind.CHAIN_SESSION_REVOKED: ("key", "effective_at_s"),
    }
    skipped = (*getattr(fact, "skipped", ()), *getattr(fact, "skipped_groups", ()))
    return {
        "place": (position.block_number, position.log_index, position.block_hash, position.transaction_hash),
        "kind": intent.kind,
        "owner": intent.owner,
        "asset": intent.asset,
        "amount": intent.amount_units,
        "market": intent.market,
        "own": tuple(getattr(fact, name) for name in own.get(intent.kind, ())),
        "skipped": tuple(map(msgspec.structs.astuple, skipped)),
    }

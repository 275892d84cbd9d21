"""Logs that are decoded and written together make the rows that they make one by one."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, select

from indexer.blocks import Decoded, IndexedContract, RawLog
from indexer.decode import Decoder
from indexer.project.projection import table_of
from indexer.project.registry import INDEXED_CONTRACTS, PROJECTIONS
from indexer.project.tokens import ChainTokenBalance
from indexer.store.store import WRITER
from offchain.chain.bindings import Contract, load_contract
from offchain.core.database import writing_sessions

CHAIN = 7
CONTRACTS = [
    IndexedContract(name, bytes([place]) * 20, 0, load_contract(name))
    for place, name in enumerate(INDEXED_CONTRACTS, 1)
]
WORDS = {"address": 160, "bytes32": 256, "bool": 1, **{f"uint{bits}": bits for bits in range(8, 257, 8)}}
EVENTS = [
    (contract, row)
    for contract in CONTRACTS
    for row in contract.abi.abi
    if row["type"] == "event" and all(field["type"] in WORDS for field in row["inputs"])
]
TABLES = [table_of(model) for model in (*WRITER.models, ChainTokenBalance)]


def word(draw: Any, kind: str) -> bytes:
    """Mostly a small value, then any of the type, and now and then one that the type does not have."""
    bits = WORDS[kind]
    most = draw(st.sampled_from((min(bits, 40), min(bits, 40), min(bits, 63), bits, bits, 256)))
    return draw(st.integers(0, 2**most - 1)).to_bytes(32)


@st.composite
def some_logs(draw: Any) -> list[RawLog]:
    logs = []
    for index in range(draw(st.integers(0, 25))):
        contract, event = draw(st.sampled_from(EVENTS))
        topics, data = contract.abi.topic(event["name"]), b""
        for field in event["inputs"]:
            if field["indexed"]:
                topics += word(draw, field["type"])
            else:
                data += word(draw, field["type"])
        data = data[: draw(st.sampled_from((None, None, None, None, -1)))] + draw(
            st.sampled_from((b"", b"", b"", b"\0"))
        )
        block = 1 + index // 4
        logs.append(RawLog(contract.address, block, bytes([block]) * 32, bytes([index]) * 32, index, 9, topics, data))
    return logs


def written(database: Engine, decoded: Decoded) -> dict[str, list[Any]]:
    sessions = writing_sessions(database)
    with sessions.begin() as session:
        WRITER.write(session, CHAIN, decoded)
    with sessions.begin() as session:
        rows = {table.name: sorted(session.execute(select(table)).all(), key=repr) for table in TABLES}
        for table in TABLES:
            session.execute(delete(table))
    return rows


@settings(suppress_health_check=list(HealthCheck), max_examples=60, deadline=None)
@given(some_logs())
def test_together_and_one_by_one_are_the_same_rows(database: Engine, logs: list[RawLog]) -> None:
    decoder = Decoder(CONTRACTS)
    assert written(database, decoder.decode_together(logs)) == written(database, Decoded((), decoder.decode_all(logs)))


@settings(max_examples=200)
@given(some_logs())
def test_arguments_together_are_those_of_each_log(logs: list[RawLog]) -> None:
    decoder = Decoder(CONTRACTS)
    together = decoder.decode_together(logs)
    assert sum(len(events.raw) for events in together.events) + len(together.logs) == len(logs)
    for events in together.events:
        for place, log in enumerate(events.one_by_one()):
            assert log == decoder.decode(events.raw[place])
            assert not log.error
            for name, value in log.arguments.items():
                told = events.arguments[name][place].tobytes()
                assert told == value if isinstance(value, bytes) else int.from_bytes(told) == value


def test_what_deposits_and_transfers_tell_is_written_together() -> None:
    rows = {event: row for projection in PROJECTIONS for event, row in projection.events.items()}
    for event in ("Deposited", "Transfer"):
        contract = next(one for one, row in EVENTS if row["name"] == event)
        topics = next(row for _, row in EVENTS if row["name"] == event)["inputs"]
        indexed = sum(field["indexed"] for field in topics)
        log = RawLog(
            contract.address,
            1,
            bytes(32),
            bytes(32),
            0,
            9,
            contract.abi.topic(event) + bytes(32 * indexed),
            bytes(32 * (len(topics) - indexed)),
        )
        decoded = Decoder(CONTRACTS).decode_together([log])
        assert [events.event for events in decoded.events] == [event]
        assert len(rows[event].arguments) == len(rows[event].columns)


def test_an_event_with_a_signed_field_is_decoded_one_by_one() -> None:
    field = {"name": "change", "type": "int64", "indexed": False}
    abi = Contract("Drift", [{"type": "event", "name": "Moved", "inputs": [field], "anonymous": False}])
    decoder = Decoder([IndexedContract("Drift", b"\x11" * 20, 0, abi)])
    log = RawLog(b"\x11" * 20, 1, bytes(32), bytes(32), 0, 9, abi.topic("Moved"), (-5).to_bytes(32, signed=True))
    events, (alone,) = decoder.decode_together([log])
    assert not events
    assert alone.arguments == {"change": -5}

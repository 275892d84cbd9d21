"""Decoders agree with the ABI library on every event, and refuse what does not fit with a reason."""

import pytest
from eth_abi.abi import encode
from hypothesis import given
from hypothesis import strategies as st

from indexer import publish
from indexer.blocks import IndexedContract, RawLog
from indexer.decode import Decoder
from indexer.project.registry import PROJECTIONS
from offchain.chain.bindings import Contract, load_contract
from offchain.core.commands import CommandKind
from offchain.core.errors import ChainError

SETTLEMENT = load_contract("Settlement")
ADDRESS = b"\x11" * 20
DECODER = Decoder([IndexedContract("Settlement", ADDRESS, 0, SETTLEMENT)])
EVENTS = [row for row in SETTLEMENT.abi if row["type"] == "event"]


def raw(topics: tuple[bytes, ...], data: bytes) -> RawLog:
    return RawLog(ADDRESS, 1, bytes(32), bytes(32), 0, 0, b"".join(topics), data)


@given(st.sampled_from(EVENTS), st.data())
def test_every_event_decodes_as_the_abi_library_decodes_it(event, data: st.DataObject) -> None:
    topics, plain = [SETTLEMENT.topic(event["name"])], b""
    for field in event["inputs"]:
        bits = {"address": 160, "bytes32": 256, "bool": 1}.get(field["type"]) or int(field["type"].removeprefix("uint"))
        word = data.draw(st.integers(0, 2**bits - 1)).to_bytes(32)
        if field["indexed"]:
            topics.append(word)
        else:
            plain += word
    decoded = DECODER.decode(raw(tuple(topics), plain))
    assert (decoded.event, decoded.error) == (event["name"], "")
    assert dict(decoded.arguments) == dict(SETTLEMENT.decode_log(topics, plain))


@given(st.lists(st.binary(min_size=32, max_size=32), max_size=3), st.binary(max_size=100), st.sampled_from(EVENTS))
def test_whatever_the_library_refuses_is_refused_with_a_reason(topics, data, event) -> None:
    told = (SETTLEMENT.topic(event["name"]), *topics)
    decoded = DECODER.decode(raw(told, data))
    try:
        SETTLEMENT.decode_log(told, data)
    except ChainError:
        assert decoded.event == ""
        assert decoded.error


def test_a_value_wider_than_its_type_is_refused() -> None:
    topics = (SETTLEMENT.topic("Deposited"), bytes(32), b"\x01" + bytes(31))
    decoded = DECODER.decode(raw(topics, bytes(32)))
    assert decoded.event == ""
    assert "wider than 16 bits" in decoded.error


def test_data_behind_the_last_field_is_refused() -> None:
    topics = (SETTLEMENT.topic("Deposited"), bytes(32), bytes(32))
    assert DECODER.decode(raw(topics, bytes(64))).error == "Deposited with 3 topics and 64 bytes of data"


def test_an_event_with_fields_of_many_words_is_left_to_the_library() -> None:
    field = {"name": "note", "type": "string", "indexed": False}
    contract = Contract("Diary", [{"type": "event", "name": "Noted", "inputs": [field], "anonymous": False}])
    decoded = Decoder([IndexedContract("Diary", ADDRESS, 0, contract)]).decode(
        raw((contract.topic("Noted"),), encode(["string"], ["dear"]))
    )
    assert decoded.arguments["note"] == "dear"


@pytest.mark.parametrize("topics", [(), (bytes(32),)])
def test_a_log_of_no_event_is_refused(topics) -> None:
    assert "no event of Settlement" in DECODER.decode(raw(topics, b"")).error


def test_collected_fees_are_an_exit_of_the_owner_of_fees() -> None:
    words = [value.to_bytes(32) for value in (4, 7, 1_000)]
    decoded = DECODER.decode(raw((SETTLEMENT.topic("FeesCollected"), *words[:2]), words[2]))
    fact = publish.fact_of(decoded, {})
    assert (fact.kind, fact.owner, fact.asset, fact.amount_units) == (CommandKind.CHAIN_EXITED, bytes(20), 4, 1_000)


def test_every_event_of_the_contract_is_projected_or_of_no_concern_to_funds() -> None:
    no_concern = {"AssetListed", "MarketListed", "EngineKeySet", "PauseSet", "AuthorityUpdated", "ExchangeClosed"}
    projected = {event for one in PROJECTIONS if "Settlement" in one.contracts for event in one.events}
    assert {event["name"] for event in EVENTS} <= projected | no_concern
    told_with_batches, isolated = {"FillSkipped", "NetGroupSkipped"}, {name for name in projected if "Isolated" in name}
    assert set(publish._FACTS) == projected - told_with_batches - isolated

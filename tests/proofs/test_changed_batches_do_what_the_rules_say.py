"""A batch in which any byte is another: the contract reverts where Python cannot read it, else it does as the rules.

The engine signs every one of them here, as a hostile one might.
"""

import random
from contextlib import ExitStack

import pytest

from offchain.chain.typed_data import Batch
from offchain.core.errors import MalformedPayload
from offchain.settlement.batch import BatchPayload
from offchain.settlement.decoding import decode_payload
from offchain.settlement.encoding import encode_payload, payload_hash
from offchain.settlement.netting import plan_net
from offchain.settlement.payload_format import HEADER
from offchain.settlement.rules import settle
from tests.proofs.diff_settlement import Comparison
from tests.proofs.settling_chain import ENGINE_KEY
from tests.proofs.settling_flow import TERMS
from tests.support.chain import running_anvil

CHANGES_TO_A_BATCH = 40
FIRST_BYTES = 100
SLOTS_FIELD = 7
SLOTS_OF_AN_ORDER = 4
UNREADABLE = (
    "SettlementMalformedPayload",
    "SettlementUnsupportedAuthorization",
    "SettlementUnsupportedVersion",
    "SettlementUnknownMarket",
)


def refusals(batch: BatchPayload, header: tuple[int, ...]) -> set[str]:
    """Why the contract may refuse what can be read: markets or assets that are not there, a wrong count of slots."""
    _, classes, markets, assets, _, orders, _, slots, statement_rows, _, _ = header
    named = {entry.order.market for entry in batch.orders}
    found = {"SettlementUnknownMarket"} if named - TERMS.keys() or markets > len(named) else set()
    if batch.groups:
        rows = [HEADER.size + 8 * classes + 4 * place for place in range(markets)]
        found |= {f"SettlementMalformedPayload(position={row})" for row in rows}
    needed = HEADER.unpack_from(encode_payload(*batch))[SLOTS_FIELD]
    if not needed <= slots <= markets + assets + SLOTS_OF_AN_ORDER * orders + statement_rows:
        found.add("SettlementMalformedPayload(position=9)")
    return found


@pytest.mark.parametrize("seed", [1, 2])
def test_any_byte_may_be_another(seed):
    chance = random.Random(seed)
    with running_anvil() as url, ExitStack() as stack:
        comparison = Comparison(seed, url)
        stack.callback(comparison.chain.close)
        read = unread = 0
        for _ in range(4):
            comparison.flow.trade(6)
            matched, answers = comparison.flow.matched(), comparison.answers()
            stated = {comparison.traders[number].account: said for number, said in answers.items()}
            payload = encode_payload(*plan_net(matched, stated).payload)
            for _ in range(CHANGES_TO_A_BATCH):
                changed = bytearray(payload)
                # Every other change is in the header, the tables or what follows them.
                place = chance.randrange(chance.choice((len(changed), FIRST_BYTES)))
                changed[place] = chance.choice((0, 1, 0x7F, 0xFF, chance.randrange(256)))
                if agrees(comparison, bytes(changed)):
                    read += 1
                else:
                    unread += 1
            comparison.step()
            comparison.compare()
        assert comparison.mismatches == []
    assert min(read, unread) > CHANGES_TO_A_BATCH // 4


def agrees(comparison: Comparison, payload: bytes) -> bool:
    """Whether the payload can be read; contract and rules must agree about it."""
    batch = Batch(comparison.number + 1, payload_hash(payload), comparison.hash, bytes(32), 0)
    signature = ENGINE_KEY.sign_digest(batch.digest(comparison.domain))
    calldata = comparison.chain.contract.settle_calldata(batch, payload, signature)
    found = comparison.chain.run(comparison.chain.tried(batch.number, calldata))
    try:
        decoded = decode_payload(payload)
    except MalformedPayload:
        assert isinstance(found, str), found
        assert found.startswith(UNREADABLE), found
        return False
    if isinstance(found, str):
        assert found.startswith(tuple(refusals(decoded, HEADER.unpack_from(payload)))), found
    else:
        assert found == settle(comparison.accounts.draft(), decoded, comparison.circumstances())
    return True

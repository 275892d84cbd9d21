"""When a different chain is believed, and where it parted from ours."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.blocks import BlockRef, Header
from indexer.reorg import Verdict, common_ancestor, judge
from offchain.core.errors import DeepReorg, NodeInconsistent


def block_hash(number: int, branch: int = 0) -> bytes:
    return bytes([branch]) + number.to_bytes(31)


KNOWN = {number: block_hash(number) for number in range(10, 21)}


@pytest.mark.parametrize(
    ("latest", "verdict"),
    [
        (BlockRef(21, block_hash(21)), Verdict.LONGER),
        (BlockRef(20, block_hash(20)), Verdict.SAME),
        (BlockRef(12, block_hash(12)), Verdict.SAME),
        (BlockRef(20, block_hash(20, 1)), Verdict.DOUBTED),
        (BlockRef(19, block_hash(19, 1)), Verdict.DOUBTED),
    ],
)
def test_a_newest_block_is_judged_against_our_chain(latest: BlockRef, verdict: Verdict) -> None:
    assert judge(latest, KNOWN) is verdict


def test_a_chain_that_ends_below_our_final_block_is_no_chain_to_follow() -> None:
    with pytest.raises(NodeInconsistent, match="below our final block 10"):
        judge(BlockRef(9, block_hash(9)), KNOWN)


def branch_from(parting: int, length: int):
    async def fetch(first: int, last: int) -> Sequence[Header]:
        return [
            Header(number, block_hash(number, int(number > parting)), bytes(32), 0, 0)
            for number in range(first, min(last, length) + 1)
        ]

    return fetch


@given(st.integers(10, 19), st.integers(10, 30))
async def test_the_ancestor_is_the_last_block_that_both_have(parting: int, length: int) -> None:
    ancestor = await common_ancestor(KNOWN, branch_from(parting, length))
    assert ancestor == BlockRef(min(parting, length), block_hash(min(parting, length)))


async def test_a_replaced_final_block_is_an_alarm() -> None:
    with pytest.raises(DeepReorg, match="Block 10 was final"):
        await common_ancestor(KNOWN, branch_from(9, 30))


async def test_a_node_without_our_final_block_is_not_believed() -> None:
    with pytest.raises(NodeInconsistent, match="no block 10"):
        await common_ancestor(KNOWN, branch_from(9, 5))

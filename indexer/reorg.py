"""Reorg: where the node's chain and ours part.

A different chain is believed when it is longer than ours, or when a second node tells it too; a node that is merely
behind changes nothing. Nothing below the final block ever changes.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from enum import Enum

from indexer.blocks import BlockRef, Header
from offchain.core.errors import DeepReorg, NodeInconsistent


class Verdict(Enum):
    """What the node's newest block means for our chain."""

    SAME = "same"
    """It is our head, or an older block of our chain: a node that is behind."""
    LONGER = "longer"
    """It is above our head; whether it stands on it, its ancestors tell."""
    DOUBTED = "doubted"
    """It is not ours at its height, and no higher than our head: another node has to tell it too."""


def judge(latest: BlockRef, known: Mapping[int, bytes]) -> Verdict:
    """What a node's newest block means, given our blocks from the final one to the head.

    Raises:
        NodeInconsistent: the node's chain ends below our final block.
    """
    if latest.number > max(known):
        return Verdict.LONGER
    if latest.number < min(known):
        raise NodeInconsistent(
            f"The node's newest block is {latest.number}, below our final block {min(known)}.",
            "Wait for it to catch up, or point QUANTATRADE_NODE_URLS at the chain of the deployment manifest.",
        )
    return Verdict.SAME if known[latest.number] == latest.hash else Verdict.DOUBTED


async def common_ancestor(
    known: Mapping[int, bytes], fetch_headers: Callable[[int, int], Awaitable[Sequence[Header]]]
) -> BlockRef:
    """The highest block that our chain and the node's share.

    Args:
        known: our block hashes by number, from the final block to the head.
        fetch_headers: the node's headers from one number to at most another.

    Raises:
        DeepReorg: they do not even share the final block.
        NodeInconsistent: the node no longer has our final block's height.
    """
    final = min(known)
    headers = await fetch_headers(final, max(known))
    if not headers:
        raise NodeInconsistent(f"The node has no block {final}, which is final here.")
    if headers[0].hash != known[final]:
        raise DeepReorg(
            f"Block {final} was final as 0x{known[final].hex()} and is now 0x{headers[0].hash.hex()}.",
            "Nothing more is taken from this chain until the node tells the final chain again; a person has to look.",
        )
    return max(header.ref for header in headers if known[header.number] == header.hash)

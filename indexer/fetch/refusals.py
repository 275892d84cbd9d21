"""What a node's refusal means. Every provider has words of its own; what nobody has heard of is a refusal all the same.

The texts that the expressions are made from stand, word by word, in `tests/indexer/test_refusals.py`.
"""

import re
from enum import Enum
from typing import Final, NamedTuple

_SUGGESTED: Final = re.compile(
    r"(?:block range|with the range|range)[^\[\d]{0,30}\[?\s*(0x[0-9a-f]+|\d+)\s*[,-]\s*(0x[0-9a-f]+|\d+)\s*\]?", re.I
)
"""`Try with this block range [0x1, 0x2]`, `retry with the range 100-200`."""
_BLOCKS: Final = r"(\d[\d,_]*)\s*(k?)\b"
_MOST_BLOCKS: Final = tuple(
    re.compile(text, re.I)
    for text in (
        rf"limited to (?:a |an |0\s*-\s*)?{_BLOCKS}\s*(?:blocks? )?(?:range|blocks?)",
        rf"up to an? {_BLOCKS}\s*block range",
        rf"max(?:imum)?(?: allowed)?(?: block)? range(?: is|:| of)?\s*{_BLOCKS}",
        rf"max(?:imum)? block range:?\s*{_BLOCKS}",
        rf"range limit(?: of| is)?\s*{_BLOCKS}",
        rf"ranges? over {_BLOCKS}\s*blocks",
        rf"blocks? range,? the limit is {_BLOCKS}",
        rf"maximum is set to {_BLOCKS}",
        rf"range \d+ exceeds limit of {_BLOCKS}",
        rf"maximum(?: allowed)?(?: number of)?(?: requested)? blocks?(?: is|:| of)?\s*{_BLOCKS}",
        rf"limit(?:ed)? to {_BLOCKS}\s*blocks?",
        rf"must not exceed {_BLOCKS}\s*blocks?",
    )
)
_TOO_OFTEN: Final = re.compile(
    r"rate.?limit|too many requests|requests? (?:rate|per)|per second|capacity|throttl|quota|request limit|call limit",
    re.I,
)
_TOO_OFTEN_CODES: Final = frozenset({429, -32_029, -32_097})


class Refusal(Enum):
    """Why a node refused."""

    RANGE = "range"
    """Too many blocks or logs at once, or nobody knows: less may do."""
    RATE = "rate"
    """Too many requests: later may do."""


class Meaning(NamedTuple):
    """What a refusal says: `most_blocks` is a limit that always holds, `suggested_blocks` one for now; 0: none."""

    refusal: Refusal
    most_blocks: int = 0
    suggested_blocks: int = 0


def meaning_of(message: str, code: int = 0) -> Meaning:
    """What the error of a JSON-RPC answer means for later requests."""
    suggested = _SUGGESTED.search(message)
    if suggested is not None:
        first, last = (int(text, 0 if text.startswith(("0x", "0X")) else 10) for text in suggested.groups())
        if last >= first:
            return Meaning(Refusal.RANGE, suggested_blocks=last - first + 1)
    for expression in _MOST_BLOCKS:
        found = expression.search(message)
        if found is not None:
            blocks = int(found[1].replace(",", "").replace("_", "")) * (1_000 if found[2] else 1)
            return Meaning(Refusal.RANGE, most_blocks=blocks)
    if code in _TOO_OFTEN_CODES or _TOO_OFTEN.search(message):
        return Meaning(Refusal.RATE)
    return Meaning(Refusal.RANGE)

"""Kinds of commands, told of many commands at once."""

from collections.abc import Iterable
from typing import Final

import numpy as np
import numpy.typing as npt

from offchain.core.commands import ORDER_KINDS, CommandKind

_KINDS_MAX: Final = 256
"""A command's kind is one byte."""


def kind_table(kinds: Iterable[CommandKind]) -> npt.NDArray[np.bool_]:
    """For each number that a kind can be, whether it is one of these; its `take` tells that of a column of kinds.

    Comparing a column with a member of an enumeration takes ten times as long, however short the column is.
    """
    return np.isin(np.arange(_KINDS_MAX), list(kinds))


IS_ORDER: Final = kind_table(ORDER_KINDS)

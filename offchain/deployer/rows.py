"""Lists in CSV that people write: every row that cannot be right is named, and then nothing is done."""

import csv
import re
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Final, TypeVar

from eth_utils.address import is_checksum_address

from offchain.core.errors import ConfigurationError

_Row = TypeVar("_Row")
_DECIMAL: Final = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?", re.ASCII)


def read_rows(path: Path, columns: Sequence[str], read: Callable[[dict[str, str]], _Row]) -> list[_Row]:
    """The rows of a file with exactly these columns.

    Args:
        path: the file, in UTF-8, with a header.
        columns: the names in the header.
        read: makes a row of the texts by column; it raises `ValueError` saying what is wrong.

    Raises:
        ConfigurationError: the file cannot be read, or rows are wrong; each is named by number and line.
    """
    rows, faults = [], []
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file, strict=True)
            if list(reader.fieldnames or ()) != list(columns):
                raise ConfigurationError(f"{path} has other columns.", f"Begin it with {','.join(columns)}.")
            for number, texts in enumerate(reader, 1):
                try:
                    if None in texts or None in texts.values():
                        raise ValueError(f"it has not {len(columns)} values")
                    rows.append(read(texts))
                except ValueError as fault:
                    faults.append(f"row {number} (line {reader.line_num}): {fault}")
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}.", "Correct it.") from error
    if faults:
        raise ConfigurationError(f"{path.name}, {'; '.join(faults)}.", "Correct the rows; nothing was done.")
    if not rows:
        raise ConfigurationError(f"{path} has no rows.", "Give at least one.")
    return rows


def read_address(text: str) -> bytes:
    """An address of 20 bytes with a right checksum (ERC-55)."""
    if not is_checksum_address(text):
        raise ValueError(f"{text} is no address with a right checksum")
    address = bytes.fromhex(text[2:])
    if not any(address):
        raise ValueError("the address is zero")
    return address


def read_amount(text: str, unit: int) -> int:
    """A positive decimal number of wholes as base units, of which a whole has `unit`; exactly, or not at all."""
    if not _DECIMAL.fullmatch(text):
        raise ValueError(f"{text!r} is no plain decimal number")
    # Not by Decimal, which rounds to 28 digits and says nothing.
    amount = Fraction(text) * unit
    if amount <= 0:
        raise ValueError(f"{text} is not above 0")
    if amount.denominator != 1:
        raise ValueError(f"{text} has more decimals than are counted")
    return amount.numerator

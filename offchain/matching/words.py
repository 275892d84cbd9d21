"""The types that the engine's sources are written in, arrays of words that grow, and the arithmetic of fees on words.

When the engine is compiled, `sources.py` puts C types in place of these types; uncompiled they are as below.
"""

import contextlib
import mmap
from typing import Any, TypeAlias

import cython
import numpy as np
import numpy.typing as npt

from offchain.matching import codes
from offchain.matching import layout as at

# Made once: of its name for each batch, it was 2 % of a batch of a thousand commands in a small book.
WORD = np.dtype(np.longlong)
HALF_WORD = np.dtype(np.intc)

I64: TypeAlias = int
Words: TypeAlias = "memoryview[int]"
HalfWords: TypeAlias = "memoryview[int]"
"""An array of numbers of 32 bits."""
Array: TypeAlias = npt.NDArray[Any]
"""An array as NumPy has it."""
Rows: TypeAlias = "memoryview[int]"
"""The words of a batch of commands, which are only read. Compiled it is a pointer: who goes through them knows how many
there are."""
Room: TypeAlias = "memoryview[int]"
"""Words for events. Compiled it is a pointer: who writes there keeps count."""
Record: TypeAlias = "memoryview[int]"
"""Some words of an array or room, as `record` gives them."""
Row: TypeAlias = "memoryview[int]"
"""The same of `Rows`."""


def record(words: Rows, start: I64, count: I64) -> Record:
    """The `count` words from `start` on, to be read and written in place; dead once the array is replaced.

    Index it with constants below `count` only: compiled it is a pointer, and one check of its first word is for all.
    Should it pass the end of its array then, it is within the SPARE_WORDS that every array has behind.

    Raises:
        IndexError: it is out of bounds.
    """
    if not 0 <= start <= len(words) - count:
        raise IndexError("A record is out of bounds.")
    return words[start : start + count]


def unpacked(row: bytes) -> Row:
    """The words of bytes, which the caller has seen to be long enough; compiled it is a pointer like `record`."""
    return memoryview(row).cast("q")


def packed(room: Room, count: I64) -> bytes:
    """The bytes of the first `count` words, which the caller knows to be there."""
    return bytes(room[:count].cast("B"))


def rows_in(array: Array, count: I64, words: I64) -> Rows:
    """The words of an array, which is to have `count` rows of so many `words`.

    Raises:
        ValueError: it has more or fewer, or they are not one after the other.
    """
    if divmod(array.nbytes, 8 * words) != (count, 0):
        raise ValueError("There are not as many rows as are said to be.")
    return np.frombuffer(array, WORD).data


def unwritten_bytes(count: I64) -> bytearray:
    """The bytes of `count` words, which hold anything until they are written."""
    return bytearray(8 * count)


def room_in(room: bytearray) -> Room:
    """The words of bytes, which must not be resized any more."""
    return memoryview(room).cast("q")


def copy_two(target: Record, place: int, source: Row, start: int) -> None:
    """Copy a word of a record and the next one, both there; compiled it is one read and one write for both."""
    target[place] = source[start]
    target[place + 1] = source[start + 1]


def ask(words: Words, place: I64) -> None:
    """Ask memory for a word that is going to be read, without waiting; compiled it is one instruction.

    A word that is not there is asked for in vain, and nothing else.
    """


@cython.cfunc
def blank(count: I64) -> Words:
    """An array of `count` zero words that begins with a line of the processor's cache (64 bytes).

    So do records of 8 words then, and each is in one line.
    """
    if count >= at.HUGE_PAGE_WORDS:
        return in_huge_pages(count)
    room = np.zeros(count + at.LINE_WORDS + at.SPARE_WORDS, WORD)
    start: I64 = up_to_whole(room.ctypes.data // 8, at.LINE_WORDS)
    return room[start : start + count].data


@cython.cfunc
def blank_half_words(count: I64) -> HalfWords:
    """The same of `count` zeros of 32 bits, an even number of them."""
    return np.asarray(blank(count // 2)).view(HALF_WORD).data


@cython.cfunc
def in_huge_pages(count: I64) -> Words:
    """The same in pages of 2 MiB, where the system has them: the processor knows the addresses of all at once then.

    NumPy asks for such pages too, but not for zeros.
    """
    size = 8 * (count + at.HUGE_PAGE_WORDS + at.SPARE_WORDS)
    pages = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    # A system without them does not know the word, a kernel built without them refuses; its small ones hold as much.
    with contextlib.suppress(AttributeError, OSError):
        pages.madvise(mmap.MADV_HUGEPAGE)
    room = np.frombuffer(pages, WORD)
    start: I64 = up_to_whole(room.ctypes.data // 8, at.HUGE_PAGE_WORDS)
    return room[start : start + count].data


@cython.cfunc
def up_to_whole(address: I64, unit: I64) -> I64:
    """How many words there are from an address, in words, up to the next whole unit."""
    return (unit - address % unit) % unit


@cython.cfunc
def unwritten(count: I64) -> Words:
    """An array of `count` words, which hold anything until they are written."""
    return np.empty(count, WORD).data


@cython.cfunc
def grown(words: Words, count: I64) -> Words:
    """A copy with `count` words, at least as many as before; the new ones are zero."""
    larger: Words = blank(count)
    larger[: len(words)] = words[:]
    return larger


@cython.cfunc
def sorted_by(keys: Words, values: Words) -> Words:
    """The values in the rising order of their keys, which are as many, and no two the same."""
    if len(keys) == 0:
        return values
    return np.asarray(values)[np.argsort(np.asarray(keys))].data.cast("B").cast("q")


@cython.cfunc
@cython.inline
def pair(low: I64, high: I64) -> I64:
    """Two numbers below 2^31 as one word."""
    return low | high << at.HIGH


@cython.cfunc
@cython.inline
def low_of(word: I64) -> I64:
    """The first number of a pair."""
    return word & at.LOW31


@cython.cfunc
@cython.inline
def high_of(word: I64) -> I64:
    """The second number of a pair."""
    return word >> at.HIGH


@cython.cfunc
@cython.inline
def fee_of(notional: I64, rate: I64) -> I64:
    """`money.fee_units` on words: exact for notionals up to 2^62 and rates of at most a million either way.

    A notional whose product with the rate might not fit is split at a million, so that no product exceeds it or 10^12.
    """
    if 0 <= rate <= codes.FEE_CAP_MAX_PPM and notional <= codes.NOTIONAL_OF_ONE_PRODUCT:
        return (notional * rate + codes.PPM - 1) // codes.PPM
    millions: I64 = notional // codes.PPM
    rest: I64 = notional % codes.PPM
    if rate >= 0:
        return millions * rate + (rest * rate + codes.PPM - 1) // codes.PPM
    return -(millions * -rate + rest * -rate // codes.PPM)


@cython.cfunc
@cython.inline
def mul_ppm(amount: I64, ppm: I64) -> I64:
    """`ppm` millionths of an amount, rounded down; neither is negative, and `ppm` is at most a million."""
    return amount // codes.PPM * ppm + amount % codes.PPM * ppm // codes.PPM

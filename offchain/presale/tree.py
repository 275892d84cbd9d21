"""The Merkle tree that vesting pools are claimed against: OpenZeppelin's standard tree.

A leaf is the Keccak-256 of the Keccak-256 of its values in ABI encoding; leaves are sorted, a node is the Keccak-256 of
its two children in ascending order, and the nodes stand in one list from the root on, node i above 2i + 1 and 2i + 2. A
dump is `standard-v1` of `@openzeppelin/merkle-tree`, which reads and checks it.
Source: https://github.com/OpenZeppelin/merkle-tree.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Self

import msgspec
import sha3

from offchain.core.errors import ConfigurationError, NotFound
from offchain.core.whole_files import write_whole

Value = int | str | bytes
"""An integer, or 20 or 32 bytes; either also as a dump writes them: a decimal number, or 0x and hexadecimal digits."""
ALLOCATION_TYPES: Final = ("uint256", "address", "uint256", "address", "uint256")
"""The columns of a vesting pool's tree: chain id, MerkleVesting, pool, account, allocation in base units of QTRA."""
_keccak_256: Final = sha3.keccak_256
_FORMAT: Final = "standard-v1"
_ADDRESS_BYTES: Final = 20
_WORD_BYTES: Final = 32


class _Leaf(msgspec.Struct, rename="camel", gc=False):
    value: list[str]
    tree_index: int


class _Dump(msgspec.Struct, rename="camel"):
    format: str
    leaf_encoding: list[str]
    tree: list[str]
    values: list[_Leaf]


class StandardTree:
    """A tree over rows of which each belongs to one account: the one in their last column of type `address`.

    Attributes:
        types: the Solidity type of each column: `address`, `bytes32` or an unsigned integer.
        columns: the values of each column as a dump writes them.
        indexes: where the leaf of each row stands among the nodes.
        nodes: all hashes, 32 bytes each, from the root on.
    """

    def __init__(self, types: tuple[str, ...], columns: list[list[str]], leaves: list[bytes]) -> None:
        self.types = types
        self.columns = columns
        order = sorted(range(len(leaves)), key=leaves.__getitem__)
        self.nodes = _nodes([leaves[row] for row in order])
        self.indexes = [0] * len(order)
        for place, row in enumerate(order):
            self.indexes[row] = len(self.nodes) - 1 - place
        self._row_of_account = {account: row for row, account in enumerate(columns[_account_column(types)])}

    @classmethod
    def build(cls, rows: Sequence[Sequence[Value]], types: Sequence[str]) -> Self:
        """The tree over rows, whose columns have these types.

        Raises:
            ConfigurationError: there is no row, no column of accounts, two rows of one account, or a value that its
                type does not hold.
        """
        accounts = _account_column(types)
        if not rows:
            raise ConfigurationError("A tree without rows has no root.", "Give at least one row.")
        for number, row in enumerate(rows, 1):
            if len(row) != len(types):
                raise _bad_row(number, f"has {len(row)} values, not {len(types)}")
        written = [_written(types[column], [row[column] for row in rows]) for column in range(len(types))]
        columns = [texts for _, texts in written]
        first_of = dict[str, int]()
        for number, account in enumerate(columns[accounts], 1):
            if first_of.setdefault(account, number) != number:
                raise _bad_row(number, f"is of {account}, as row {first_of[account]} is")
        words = zip(*[words for words, _ in written], strict=True)
        leaves = [_keccak_256(_keccak_256(b"".join(row)).digest()).digest() for row in words]
        return cls(tuple(types), columns, leaves)

    @classmethod
    def load(cls, path: Path) -> Self:
        """The tree of a dump, every hash of which is computed again.

        Raises:
            ConfigurationError: it cannot be read, or is not the dump of a tree over its values.
        """
        try:
            dump = msgspec.json.decode(path.read_bytes(), type=_Dump)
        except (OSError, msgspec.DecodeError) as error:
            raise ConfigurationError(
                f"{path} is not the dump of a tree: {error}.", "Publish the pool again."
            ) from error
        if dump.format != _FORMAT:
            raise ConfigurationError(f"{path} has the format {dump.format}, not {_FORMAT}.", "Dump the tree again.")
        tree = cls.build([leaf.value for leaf in dump.values], dump.leaf_encoding)
        if [leaf.tree_index for leaf in dump.values] != tree.indexes or _texts(tree.nodes) != dump.tree:
            raise ConfigurationError(f"{path} is not the tree of its values.", "Restore the file.")
        return tree

    def dump(self, path: Path) -> None:
        """Writes the tree as `@openzeppelin/merkle-tree` does."""
        rows = zip(*self.columns, strict=True)
        values = [_Leaf(list(row), index) for row, index in zip(rows, self.indexes, strict=True)]
        dump = _Dump(_FORMAT, list(self.types), _texts(self.nodes), values)
        write_whole(path, msgspec.json.encode(dump))

    @property
    def root(self) -> bytes:
        """The root, 32 bytes."""
        return self.nodes[0]

    def row(self, account: Value) -> tuple[str, ...]:
        """The values of an account.

        Raises:
            NotFound: the tree has no row of it.
        """
        number = self._number(account)
        return tuple(column[number] for column in self.columns)

    def proof(self, account: Value) -> list[bytes]:
        """The hashes from the account's leaf to below the root, as `MerkleProof.verify` of OpenZeppelin takes them.

        Raises:
            NotFound: the tree has no row of the account.
        """
        index, proof = self.indexes[self._number(account)], []
        while index:
            proof.append(self.nodes[index + 1 if index % 2 else index - 1])
            index = (index - 1) // 2
        return proof

    def _number(self, account: Value) -> int:
        text = _hex_writer(_ADDRESS_BYTES)(account)[1]
        try:
            return self._row_of_account[text]
        except KeyError:
            raise NotFound(f"The tree has nothing for {text}.") from None


def proves(root: bytes, types: Sequence[str], row: Sequence[Value], proof: Sequence[bytes]) -> bool:
    """Whether a proof leads from the leaf of these values to a root."""
    words = b"".join(_writer(kind)(value)[0] for kind, value in zip(types, row, strict=True))
    node: bytes = _keccak_256(_keccak_256(words).digest()).digest()
    for sibling in proof:
        node = _parent(node, sibling)
    return node == root


def _texts(nodes: list[bytes]) -> list[str]:
    return [f"0x{node.hex()}" for node in nodes]


def _parent(one: bytes, other: bytes) -> bytes:
    digest: bytes = _keccak_256(one + other if one < other else other + one).digest()
    return digest


def _nodes(leaves: list[bytes]) -> list[bytes]:
    """All nodes of the tree over sorted leaves, which stand at its end from the last to the first."""
    nodes = [b""] * (len(leaves) - 1) + leaves[::-1]
    for index in range(len(leaves) - 2, -1, -1):
        nodes[index] = _parent(nodes[2 * index + 1], nodes[2 * index + 2])
    return nodes


def _bad_row(number: int, fault: str) -> ConfigurationError:
    return ConfigurationError(f"Row {number} {fault}.", "Correct the rows: each account has one, with all its values.")


def _account_column(types: Sequence[str]) -> int:
    if "address" not in types:
        raise ConfigurationError("No column of the tree is an address.", "Name the account of each row.")
    return len(types) - 1 - list(types)[::-1].index("address")


_Writer = Callable[[Value], tuple[bytes, str]]
"""A value as the 32 bytes of its ABI encoding and as the text of a dump."""


def _writer(kind: str) -> _Writer:
    if kind in ("address", "bytes32"):
        return _hex_writer(_ADDRESS_BYTES if kind == "address" else _WORD_BYTES)
    if kind.startswith("uint") and kind[4:].isdecimal():
        return _uint_writer(int(kind[4:]))
    raise ConfigurationError(
        f"A tree holds no {kind}.", "Use address, bytes32 and unsigned integers with their width, such as uint256."
    )


def _written(kind: str, values: Sequence[Value]) -> tuple[Sequence[bytes], list[str]]:
    """A column's words and texts. One that says the same in each row, as a pool's number does, is written once."""
    write = _writer(kind)
    distinct = [values[0]] if values.count(values[0]) == len(values) else values
    words, texts = [], []
    try:
        for value in distinct:
            word, text = write(value)
            words.append(word)
            texts.append(text)
    except (ValueError, TypeError, OverflowError) as error:
        raise _bad_row(len(words) + 1, f"has {distinct[len(words)]!r}, which is no {kind}") from error
    times = len(values) // len(distinct)
    return words * times, texts * times


def _hex_writer(length: int) -> _Writer:
    digits = 2 + 2 * length

    def write(value: Value) -> tuple[bytes, str]:
        text = f"0x{value.hex()}" if isinstance(value, bytes) else str(value).lower()
        if len(text) != digits or text[:2] != "0x":
            raise ValueError(text)
        return bytes.fromhex(text[2:]).rjust(_WORD_BYTES, b"\0"), text

    return write


def _uint_writer(bits: int) -> _Writer:
    limit = 1 << bits

    def write(value: Value) -> tuple[bytes, str]:
        number = int(value)
        if not 0 <= number < limit or isinstance(value, bytes):
            raise ValueError(value)
        return number.to_bytes(_WORD_BYTES, "big"), str(number)

    return write

"""Reads of a contract's storage at one block, to compare projections with."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from indexer.blocks import IndexedContract
from offchain.chain.node import NodePool
from offchain.core.errors import ChainError


class Mismatch(msgspec.Struct, frozen=True):
    """A value that the projection and the contract do not agree on."""

    what: str
    projected: str
    contract: str


class ContractReader:
    """The storage of one contract at one block.

    Raises of every method:
        NodeUnavailable: no node answered.
        ChainError: the node refused, such as a block that is too old for it.
    """

    def __init__(self, nodes: NodePool, contract: IndexedContract, block_number: int) -> None:
        self.contract = contract
        self.block_number = block_number
        self._nodes = nodes

    async def read(self, function: str, *arguments: Any) -> Any:
        """The return value of a view; a struct, or several values, as a tuple in order."""
        return (await self.read_many(function, [arguments]))[0]

    async def read_many(self, function: str, calls: Sequence[Sequence[Any]]) -> list[Any]:
        """The return value of a view, as `read` has it, for each of many arguments."""
        to, abi = "0x" + self.contract.address.hex(), self.contract.abi
        answers = await self._nodes.batch(
            [
                (
                    "eth_call",
                    ({"to": to, "data": "0x" + abi.encode_call(function, *call).hex()}, hex(self.block_number)),
                )
                for call in calls
            ]
        )
        values = []
        for answer in answers:
            if isinstance(answer, ChainError):
                raise answer
            told = abi.decode_result(function, bytes.fromhex(answer[2:]))
            values.append(told[0] if len(told) == 1 else told)
        return values

    async def differences(
        self, what: str, function: str, projected: Mapping[tuple[Any, ...], object]
    ) -> list[Mismatch]:
        """The mismatches of values by the arguments of a view that has them."""
        found = []
        for arguments, told in zip(projected, await self.read_many(function, list(projected)), strict=True):
            names = " ".join(readable(argument) for argument in arguments)
            found += compare(f"{what} {names}", projected[arguments], told)
        return found

    def struct_fields(self, function: str) -> list[str]:
        """The names of the fields of the struct that a view returns, in order."""
        rows = [row for row in self.contract.abi.abi if row["type"] == "function" and row["name"] == function]
        return [field["name"] for field in rows[0]["outputs"][0]["components"]]


def compare(what: str, projected: object, contract: object) -> list[Mismatch]:
    """The mismatch between two values, if they differ."""
    if projected == contract:
        return []
    return [Mismatch(what, readable(projected), readable(contract))]


def readable(value: object) -> str:
    """A value as text; bytes as the hexadecimal that nodes tell them in."""
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)

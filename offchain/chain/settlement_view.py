"""What `Settlement` says of its batches and of somebody's slots, as of one block: for whoever checks before signing."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from offchain.chain.bindings import Contract, Log
from offchain.chain.node import NodePool, RpcError


class Block(NamedTuple):
    """A block as JSON-RPC names it, and its time in seconds since 1970."""

    tag: str
    timestamp_s: int


class SkippedGroup(NamedTuple):
    """A net group that a batch left out: its index, the contract's reason, and which of its items was at fault."""

    group: int
    reason: int
    item: int


class SettledBatch(NamedTuple):
    """How a batch came onto the chain: the gas of its whole transaction, and the net groups that it left out."""

    gas_used: int
    skipped_groups: tuple[SkippedGroup, ...]


class LaneState(NamedTuple):
    """The order that last used a lane: how many of its lots are filled, and its seq."""

    filled_lots: int
    seq: int


class SettlementView:
    """Reads of one deployed contract.

    Raises of every method:
        NodeUnavailable: no node answered.
        RpcError: the node refused a read, such as of a block that is too old for it.
    """

    def __init__(self, nodes: NodePool, contract: Contract, address: bytes) -> None:
        self._nodes = nodes
        self._contract = contract
        self._address = address

    async def newest_block(self) -> Block:
        """The block at the head, for reads that shall agree with each other."""
        block = await self._nodes.call("eth_getBlockByNumber", "latest", False)
        return Block(block["number"], int(block["timestamp"], 16))

    async def batch_hash(self, block: Block) -> bytes:
        """The hash of the last settled batch, which ends with its number; zero before the first."""
        ((batch_hash,),) = await self._read([("batchHash", ())], block)
        return bytes(batch_hash)

    async def settled(self, batch_hash: bytes, number: int, from_block: int) -> SettledBatch | None:
        """How a batch settled, if it did in that block or a later one, as far as the node has it.

        After a reorganisation a node may still tell of another batch with that number.
        """
        query = {
            "address": "0x" + self._address.hex(),
            "fromBlock": hex(from_block),
            "topics": ["0x" + self._contract.topic("BatchSettled").hex(), f"0x{number:064x}"],
        }
        logs = await self._nodes.call("eth_getLogs", query)
        receipt = await self._nodes.call("eth_getTransactionReceipt", logs[0]["transactionHash"]) if logs else None
        if receipt is None:
            return None
        own = [self._decoded(row) for row in receipt["logs"] if bytes.fromhex(row["address"][2:]) == self._address]
        if not any(log.event == "BatchSettled" and log["batchHash"] == batch_hash for log in own):
            return None
        skipped = [
            SkippedGroup(log["group"], log["reason"], log["item"])
            for log in own
            if log.event == "NetGroupSkipped" and log["number"] == number
        ]
        return SettledBatch(int(receipt["gasUsed"], 16), tuple(skipped))

    async def last_batch_at(self, block: Block) -> int:
        """When the last batch settled, or the contract was deployed: seconds since 1970."""
        ((seconds,),) = await self._read([("lastBatchAt", ())], block)
        return int(seconds)

    async def floors(self, slots: Sequence[tuple[bytes, int]], block: Block) -> dict[tuple[bytes, int], int]:
        """The cancel floor that counts for each (owner, asset) at the time of the block."""
        rows = await self._read([("slotOf", slot) for slot in slots], block)
        return {slot: self._floor(balance, block) for slot, (balance,) in zip(slots, rows, strict=True)}

    async def lanes(
        self, lanes: Sequence[tuple[bytes, int, int]], block: Block
    ) -> dict[tuple[bytes, int, int], LaneState]:
        """The state of each (owner, base asset, lane); lane 0 is in the slot itself."""
        calls = [("slotOf", lane[:2]) if lane[2] == 0 else ("laneOf", lane) for lane in lanes]
        rows = await self._read(calls, block)
        filled, seq = self._place_in_slot("filled"), self._place_in_slot("seq")
        return {
            lane: LaneState(int(row[0][filled]), int(row[0][seq])) if lane[2] == 0 else LaneState(row[0], row[1])
            for lane, row in zip(lanes, rows, strict=True)
        }

    def _decoded(self, row: dict[str, Any]) -> Log:
        topics = [bytes.fromhex(topic[2:]) for topic in row["topics"]]
        return self._contract.decode_log(topics, bytes.fromhex(row["data"][2:]))

    def _floor(self, balance: Sequence[int], block: Block) -> int:
        floor, requested, effective_at_s = (
            balance[self._place_in_slot(field)] for field in ("floor", "requestedFloor", "floorEffectiveAt")
        )
        return max(floor, requested) if 0 < effective_at_s <= block.timestamp_s else floor

    def _place_in_slot(self, field: str) -> int:
        (slot,) = next(row for row in self._contract.abi if row.get("name") == "slotOf")["outputs"]
        return [component["name"] for component in slot["components"]].index(field)

    async def _read(self, calls: Sequence[tuple[str, Sequence[Any]]], block: Block) -> list[tuple[Any, ...]]:
        to = "0x" + self._address.hex()
        requests = [
            ("eth_call", [{"to": to, "data": "0x" + self._contract.encode_call(name, *arguments).hex()}, block.tag])
            for name, arguments in calls
        ]
        results = []
        for (name, _), answer in zip(calls, await self._nodes.batch(requests), strict=True):
            if isinstance(answer, RpcError):
                raise answer
            results.append(self._contract.decode_result(name, bytes.fromhex(answer[2:])))
        return results

"""The logs of a deployment are read whole, however few blocks a node gives at once."""

from typing import Any

import pytest

from offchain.chain.bindings import load_contract
from offchain.chain.manifest import DeployedContract, Manifest
from offchain.chain.node import RpcError
from offchain.chain.typed_data import keccak
from offchain.core.errors import SettlementRejected
from offchain.deployer.chain_view import LOG_BLOCKS_MAX, ChainView

VESTING = "0x" + "5e" * 20
FIRST_BLOCK, LAST_BLOCK = 100, 3 * LOG_BLOCKS_MAX
MANIFEST = Manifest(31_337, "test", FIRST_BLOCK, {"MerkleVesting": DeployedContract(VESTING, "")}, (), ())


class Node:
    """A node with one log in each of some blocks, which gives the logs of so many blocks at once and no more."""

    def __init__(self, widest: int, blocks: list[int]) -> None:
        self.widest = widest
        self.blocks = blocks
        self.asked = 0

    def ask(self, method: str, params: list[Any]) -> dict[str, Any]:
        if method == "eth_getBlockByNumber":
            return {"result": {"number": hex(LAST_BLOCK), "timestamp": "0x1"}}
        self.asked += 1
        first, last = (int(params[0][name], 16) for name in ("fromBlock", "toBlock"))
        if last - first + 1 > self.widest:
            return {"error": {"code": -32_005, "message": "query returned more than 10000 results"}}
        return {"result": [self.log(block) for block in self.blocks if first <= block <= last]}

    def log(self, block: int) -> dict[str, Any]:
        topics = [load_contract("MerkleVesting").topic("PoolFunded").hex(), f"{block:064x}", "11".rjust(64, "0")]
        return {"topics": ["0x" + topic for topic in topics], "data": f"0x{block:064x}"}


@pytest.mark.parametrize("widest", [LOG_BLOCKS_MAX, 5_000, 777])
def test_every_log_is_read_once_and_in_order(widest: int) -> None:
    blocks = [FIRST_BLOCK, 5_000, 10_099, 10_100, 20_001, LAST_BLOCK]
    node = Node(widest, blocks)
    assert [log["pool"] for log in ChainView(node.ask, MANIFEST).logs("MerkleVesting")] == blocks


def test_a_node_that_gives_no_logs_at_all_is_an_error() -> None:
    with pytest.raises(RpcError, match="more than 10000 results"):
        list(ChainView(Node(0, []).ask, MANIFEST).logs("MerkleVesting"))


def test_a_transaction_that_would_fail_is_named_by_the_contracts_error() -> None:
    contract = load_contract("MerkleVesting")
    no_surplus = "0x" + keccak(b"VestingNoSurplus(uint256)")[:4].hex() + f"{7:064x}"
    reverted = {"error": {"code": 3, "message": "execution reverted", "data": no_surplus}}
    view = ChainView(lambda *_: reverted, MANIFEST)
    calldata = contract.encode_call("returnSurplus", 7)
    with pytest.raises(
        SettlementRejected, match=r"MerkleVesting\.returnSurplus would fail: VestingNoSurplus\(pool=7\)"
    ):
        view.rehearse(b"\1" * 20, "MerkleVesting", b"\2" * 20, calldata)

"""What a claim costs: against a tree of 250,000 leaves, which has 18 levels."""

from typing import Final

from eth_abi.abi import encode

from benchmarks.gas.cases import Figure
from benchmarks.gas.sending import gas_of
from offchain.chain.bindings import load_contract
from offchain.chain.typed_data import keccak
from tests.support.chain import TestExchange, deploy_contract

LEVELS: Final = 18
"""Of a tree of 250,000 leaves."""
_POOL: Final = 3
_ALLOCATION: Final = 123_456_789 * 10**15
_TOTAL: Final = 10**26
_CHAIN_ID: Final = 31_337


async def measure_vesting(exchange: TestExchange) -> dict[str, Figure]:
    """An account's first claim with its proof, and its next, to a wallet that has some QTRA."""
    nodes, deployer = exchange.nodes, exchange.deployer
    admin, account = bytes.fromhex(deployer[2:]), bytes([5]) * 20
    access = await deploy_contract(nodes, deployer, "ExchangeAccess", admin)
    qtra = await deploy_contract(nodes, deployer, "TestToken", "QuantaTrade", "QTRA", 18)
    vesting = await deploy_contract(nodes, deployer, "MerkleVesting", access, qtra, admin)
    token, contract = load_contract("TestToken"), load_contract("MerkleVesting")
    await exchange.transact(qtra, token.encode_call("mint", admin, _TOTAL))
    await exchange.transact(qtra, token.encode_call("mint", account, 1))
    await exchange.transact(qtra, token.encode_call("approve", vesting, _TOTAL))
    await exchange.transact(vesting, contract.encode_call("fund", _POOL, _TOTAL))
    latest = await nodes.call("eth_getBlockByNumber", "latest", False)
    start = int(latest["timestamp"], 16)
    root, proof = path(vesting, account)
    schedule = (start, start + 60, start + 86_400, 1_000, False)
    await exchange.transact(vesting, contract.encode_call("publish", _POOL, root, _TOTAL, schedule))
    gas = []
    for calldata in (
        contract.encode_call("claim", _POOL, _ALLOCATION, proof),
        contract.encode_call("claimAgain", _POOL),
    ):
        await nodes.call("evm_increaseTime", 3_600)
        gas.append(await gas_of(exchange, vesting, calldata, account))
    return dict(zip(("claim_first", "claim_later"), (Figure(value, "gas", 1) for value in gas), strict=True))


def path(vesting: bytes, account: bytes) -> tuple[bytes, list[bytes]]:
    """A root, and the account's proof against it: the account's leaf beside 18 others' nodes."""
    types = ["uint256", "address", "uint256", "address", "uint256"]
    fields = [_CHAIN_ID, "0x" + vesting.hex(), _POOL, "0x" + account.hex(), _ALLOCATION]
    node = keccak(keccak(encode(types, fields)))
    proof = [keccak(bytes([level])) for level in range(LEVELS)]
    for sibling in proof:
        node = keccak(min(node, sibling) + max(node, sibling))
    return node, proof

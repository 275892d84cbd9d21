"""What a purchase costs: a sale on the node of the other figures, and wallets that pay with a dollar of 6 decimals."""

from typing import Any, Final, NamedTuple

from eth_abi.abi import encode

from benchmarks.gas.cases import Figure
from benchmarks.gas.sending import gas_of
from offchain.chain.bindings import load_contract
from offchain.chain.keys import LocalSigner
from offchain.chain.node import NodePool
from offchain.chain.typed_data import keccak
from tests.support.chain import TestExchange, deploy_contract

_SIGNER: Final = LocalSigner(bytes([9]) * 32)
_VOUCHER: Final = keccak(b"Voucher(address buyer,uint256 round,uint64 cap,uint40 deadline,uint64 nonce)")
_FAR_S: Final = 4_000_000_000
_START_DELAY_S: Final = 600
_LENGTH_S: Final = 86_400
_TOKENS: Final = 10**25
_UNSOLD_TO_TREASURY: Final = 1
_ROUND: Final = 1
"""Not the first, so that nothing is cheaper for want of earlier rounds."""
_PAID: Final = 250_000_000
_UNLIMITED: Final = 2**256 - 1
"""The token leaves such an allowance as it is: nothing is refunded for using it up."""
_ZERO: Final = bytes(20)


class Sale(NamedTuple):
    """The contracts of a sale whose round 1 is open."""

    exchange: TestExchange
    sale: bytes
    dollar: bytes
    domain: bytes


async def measure_sale(exchange: TestExchange) -> dict[str, Figure]:
    """A wallet's first purchase, by voucher, and its second. It keeps some dollars, and its allowance."""
    sale = await prepare(exchange)
    await buy(sale, 1)
    await buy(sale, 2)
    gas = [await buy(sale, 3), await buy(sale, 3, shows_voucher=False)]
    return dict(zip(("buy_first", "buy_repeat"), (Figure(value, "gas", 1) for value in gas), strict=True))


async def prepare(exchange: TestExchange) -> Sale:
    """Deploys and configures a sale of two rounds, and waits until the second is open."""
    nodes, deployer = exchange.nodes, exchange.deployer
    admin = bytes.fromhex(deployer[2:])
    access = await deploy_contract(nodes, deployer, "ExchangeAccess", admin)
    qtra = await deploy_contract(nodes, deployer, "TestToken", "QuantaTrade", "QTRA", 18)
    dollar = await deploy_contract(nodes, deployer, "TestToken", "Dollar", "USDC", 6)
    vesting = await deploy_contract(nodes, deployer, "MerkleVesting", access, qtra, admin)
    sale = await deploy_contract(nodes, deployer, "SaleManager", access, qtra, vesting)
    token = load_contract("TestToken")
    await exchange.transact(qtra, token.encode_call("mint", admin, 2 * _TOKENS))
    await exchange.transact(qtra, token.encode_call("approve", sale, 2 * _TOKENS))
    latest = await nodes.call("eth_getBlockByNumber", "latest", False)
    start = int(latest["timestamp"], 16) + _START_DELAY_S
    rounds = [
        (50_000, at, at + _LENGTH_S, _TOKENS, 0, 10_000_000, 10**10, 500, _UNSOLD_TO_TREASURY, True)
        for at in (start, start + _LENGTH_S)
    ]
    shares = [(admin, 7_000), (bytes([3]) * 20, 3_000)]
    calldata = load_contract("SaleManager").encode_call("configure", rounds, [dollar], shares, 10**11, _SIGNER.address)
    await exchange.transact(sale, calldata)
    await nodes.call("evm_setNextBlockTimestamp", start + _LENGTH_S)
    await nodes.call("evm_mine")
    return Sale(exchange, sale, dollar, await _domain(nodes, sale))


async def buy(sale: Sale, wallet: int, shows_voucher: bool = True) -> int:
    """The gas of a purchase in the open round, by a wallet that keeps some of its dollars."""
    exchange, buyer = sale.exchange, wallet.to_bytes(1, "big") * 20
    token = load_contract("TestToken")
    await exchange.transact(sale.dollar, token.encode_call("mint", buyer, 2 * _PAID))
    await gas_of(exchange, sale.dollar, token.encode_call("approve", sale.sale, _UNLIMITED), buyer)
    purchase = (_ROUND, 0, _PAID, 4_999 * 10**18, _FAR_S, _ZERO)
    voucher: tuple[Any, ...] = (_ZERO, 0, 0, 0, 0)
    signature = b""
    if shows_voucher:
        voucher = (buyer, _ROUND, 5_000_000_000, _FAR_S, 1_000 + wallet)
        types = ["bytes32", "address", "uint256", "uint64", "uint40", "uint64"]
        shown = keccak(encode(types, [_VOUCHER, "0x" + buyer.hex(), *voucher[1:]]))
        signature = _SIGNER.sign_digest(keccak(b"\x19\x01" + sale.domain + shown))
    calldata = load_contract("SaleManager").encode_call("buy", purchase, voucher, signature)
    return await gas_of(exchange, sale.sale, calldata, buyer)


async def _domain(nodes: NodePool, sale: bytes) -> bytes:
    contract = load_contract("SaleManager")
    result = await nodes.eth_call(sale, contract.encode_call("domainSeparator"))
    return bytes(contract.decode_result("domainSeparator", result)[0])

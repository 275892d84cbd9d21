"""The ground that gas is measured on: an exchange on a node of its own, and traders who have traded before."""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from msgspec.structs import replace

from offchain.chain.bindings import load_contract
from offchain.chain.keys import LocalSigner
from offchain.chain.node import RpcError
from offchain.chain.typed_data import ISOLATED, Batch, Order, TypedStruct
from offchain.settlement.accounts import Account, MarketTerms
from offchain.settlement.batch import (
    UNIFIED,
    Authorization,
    BatchFill,
    BatchOrder,
    BatchPayload,
    IsolatedStatement,
    Statement,
    UnifiedStatement,
)
from offchain.settlement.contract import TRANSACTION_GAS_MAX, SettlementContract
from offchain.settlement.encoding import encode_payload, payload_hash
from offchain.settlement.netting import Matched, net_deltas, plan_net
from tests.support.chain import TestExchange, mined_receipt

ENGINE_KEY: Final = LocalSigner(bytes([7]) * 32)
BASE, QUOTE, MARKET = 1, 2, 1
TERMS: Final = MarketTerms(BASE, QUOTE, 10**6, 1)
FUNDS_UNITS: Final = 10**15
BUY, SELL = 0, 1
CALLS_IN_A_BLOCK: Final = 400
_SMALL_CALL_GAS: Final = 200_000
_FIRST_SEQ: Final = 1_750_000_000_000
"""A time in milliseconds, as clients number their orders."""
_JOURNAL_ROOT: Final = b"\x77" * 32
_ROOT: Final = Path(__file__).parents[2]
_FLZ: Final = "process.stdout.write(String(require('solady').LibZip.flzCompress(process.argv[1]).length / 2 - 1))"


class Settled(NamedTuple):
    """A settlement's gas, and the calldata that it took."""

    gas: int
    calldata: bytes


class Ground:
    """An exchange, and traders by number. Everything that is signed is signed anew, by a key of its own."""

    def __init__(self, exchange: TestExchange, traders: int) -> None:
        self.exchange = exchange
        self.traders = [LocalSigner((0xB0B000 + number).to_bytes(32, "big")) for number in range(traders)]
        self.contract = SettlementContract(
            exchange.nodes, load_contract("Settlement"), exchange.settlement, exchange.manifest.chain_id
        )
        self._seq = _FIRST_SEQ

    async def prepare(self) -> None:
        """Gives every trader both assets, in the unified and in the isolated account, and has all trade once."""
        for asset in (BASE, QUOTE):
            listed = self.exchange.assets[asset]
            units = FUNDS_UNITS * listed.unit_scale
            token, deployer = load_contract("TestToken"), bytes.fromhex(self.exchange.deployer[2:])
            total = 2 * units * len(self.traders)
            await self.exchange.transact(listed.token, token.encode_call("mint", deployer, total))
            await self.exchange.transact(listed.token, token.encode_call("approve", self.exchange.settlement, total))
            encode = self.exchange.contract.encode_call
            calls = [encode("depositFor", trader.address, asset, units) for trader in self.traders]
            calls += [encode("depositIsolatedFor", one.address, MARKET, asset, units) for one in self.traders]
            await self._send_all(calls)
        for start in range(0, len(self.traders), 200):
            for flags in (0, ISOLATED):
                crowd = range(start, min(start + 200, len(self.traders)) // 2 * 2)
                await self.settle(*self.pairs(crowd, flags))

    async def _send_all(self, calls: Sequence[bytes]) -> None:
        """Sends many calls of the contract, a few hundred in a block."""
        nodes, call = self.exchange.nodes, self._call
        await nodes.call("evm_setAutomine", False)
        nonce = int(await nodes.call("eth_getTransactionCount", self.exchange.deployer, "latest"), 16)
        rows = [
            call(data) | {"gas": hex(_SMALL_CALL_GAS), "nonce": hex(nonce + place)} for place, data in enumerate(calls)
        ]
        for start in range(0, len(rows), CALLS_IN_A_BLOCK):
            part = rows[start : start + CALLS_IN_A_BLOCK]
            hashes = await nodes.batch([("eth_sendTransaction", [row]) for row in part])
            await nodes.call("evm_mine")
            receipts = await nodes.batch([("eth_getTransactionReceipt", [one]) for one in hashes])
            assert all(receipt["status"] == "0x1" for receipt in receipts), receipts
        await nodes.call("evm_setAutomine", True)

    def _call(self, calldata: bytes, sender: str | None = None) -> dict[str, str]:
        """A call of the contract as JSON-RPC has it."""
        to = "0x" + self.exchange.settlement.hex()
        return {"from": sender or self.exchange.deployer, "to": to, "data": "0x" + calldata.hex()}

    # -- what is settled

    def order(self, trader: int, side: int, flags: int = 0, quantity: int = 150_000) -> BatchOrder:
        """An order as in life: a price of three bytes, a seq of milliseconds, an expiry of seconds."""
        self._seq += 997
        order = Order(MARKET, side, 600_000, quantity, 1_950_000_000 + self._seq % 9_973, self._seq, 0, 50, flags)
        return BatchOrder(order, Authorization(self.sign(self.traders[trader], order)), 1_500, 2_500)

    def sign(self, signer: LocalSigner, struct: TypedStruct) -> bytes:
        """A signature over typed data in the contract's domain."""
        return signer.sign_digest(struct.digest(self.contract.domain_separator))

    def pairs(self, crowd: Sequence[int], flags: int = 0) -> tuple[list[BatchOrder], list[BatchFill]]:
        """Neighbours in a crowd trade with each other, each by an order of its own."""
        orders = [self.order(trader, place % 2, flags) for place, trader in enumerate(crowd)]
        return orders, [BatchFill(place, place + 1, 100_000) for place in range(0, len(orders), 2)]

    async def stated(self, matched: Matched) -> BatchPayload:
        """The same batch where everybody has answered with a statement."""
        number, previous_hash = await self.contract.head()
        answers: dict[Account, Statement] = {}
        signers = {trader.address: trader for trader in self.traders}
        for account in dict.fromkeys(matched.accounts):
            deltas, unsigned = net_deltas(matched, account), Authorization(b"")
            floor = self._seq
            statement: Statement = UnifiedStatement(unsigned, floor, deltas)
            if account.market != UNIFIED:
                statement = IsolatedStatement(unsigned, floor, account.market, *(delta.units for delta in deltas))
            signature = self.sign(signers[account.owner], statement.stated(number + 1, previous_hash))
            answers[account] = replace(statement, authorization=Authorization(signature))
        return plan_net(matched, answers).payload

    def matched(self, orders: Sequence[BatchOrder], traders: Sequence[int], fills: Sequence[BatchFill]) -> Matched:
        """Orders of these traders, and the fills between them."""
        accounts = [
            Account(self.traders[trader].address, entry.sub_account)
            for trader, entry in zip(traders, orders, strict=True)
        ]
        return Matched(orders, accounts, fills, {MARKET: TERMS})

    # -- settling

    async def calldata(self, payload: bytes) -> bytes:
        """The calldata of the next batch."""
        number, previous_hash = await self.contract.head()
        batch = Batch(number + 1, payload_hash(payload), previous_hash, _JOURNAL_ROOT, 10**6 + number)
        return self.contract.settle_calldata(batch, payload, self.sign(ENGINE_KEY, batch))

    async def settle(self, orders: Sequence[BatchOrder], fills: Sequence[BatchFill]) -> Settled:
        """Settles a batch of orders, which must leave out nothing."""
        return await self.settle_batch(BatchPayload(tuple(orders), tuple(fills)))

    async def settle_batch(self, batch: BatchPayload) -> Settled:
        """Settles a batch, which must leave out nothing."""
        calldata = await self.calldata(encode_payload(*batch))
        receipt = await self.transact(calldata)
        (log,) = receipt["logs"]
        topics = [bytes.fromhex(topic[2:]) for topic in log["topics"]]
        told = self.exchange.contract.decode_log(topics, bytes.fromhex(log["data"][2:]))
        assert (told["fills"], told["skipped"]) == (len(batch.fills), 0), told
        return Settled(int(receipt["gasUsed"], 16), calldata)

    async def fits(self, orders: Sequence[BatchOrder], fills: Sequence[BatchFill]) -> bool:
        """Whether one transaction can settle a batch."""
        calldata = await self.calldata(encode_payload(orders, fills))
        call = {
            "from": self.exchange.deployer,
            "to": "0x" + self.exchange.settlement.hex(),
            "data": "0x" + calldata.hex(),
        }
        try:
            await self.exchange.nodes.call("eth_call", call | {"gas": hex(TRANSACTION_GAS_MAX)})
        except RpcError:
            return False
        return True

    async def transact(self, calldata: bytes, sender: bytes | None = None) -> dict[str, Any]:
        """The receipt of a call of the contract, by whoever deployed it or by an address that signs nothing for it."""
        nodes, by = self.exchange.nodes, self.exchange.deployer
        if sender is not None:
            by = "0x" + sender.hex()
            await self.exchange.fund(sender)
            await nodes.call("anvil_impersonateAccount", by)
        call = self._call(calldata, by) | {"gas": hex(TRANSACTION_GAS_MAX)}
        return await mined_receipt(nodes, call)


def flz_bytes(data: bytes) -> int:
    """The size of data packed by FastLZ, by which Base bills it."""
    command = ["node", "-e", _FLZ, "0x" + data.hex()]
    return int(subprocess.run(command, cwd=_ROOT, check=True, capture_output=True).stdout)  # noqa: S603 - fixed

"""What one transaction costs, sent by any address."""

import asyncio
from typing import Final

from tests.support.chain import TestExchange

_GAS_LIMIT: Final = hex(1_000_000)
"""Given, because an estimate of what refunds gas or depends on the time can be too low."""


async def gas_of(exchange: TestExchange, to: bytes, calldata: bytes, sender: bytes) -> int:
    """The gas that a call uses, which must succeed, refunds taken off."""
    nodes, by = exchange.nodes, "0x" + sender.hex()
    await exchange.fund(sender)
    await nodes.call("anvil_impersonateAccount", by)
    call = {"from": by, "to": "0x" + to.hex(), "data": "0x" + calldata.hex(), "gas": _GAS_LIMIT}
    tx_hash = await nodes.call("eth_sendTransaction", call)
    while (receipt := await nodes.call("eth_getTransactionReceipt", tx_hash)) is None:  # noqa: ASYNC110 - nothing tells us
        await asyncio.sleep(0.01)
    assert receipt["status"] == "0x1", receipt
    return int(receipt["gasUsed"], 16)

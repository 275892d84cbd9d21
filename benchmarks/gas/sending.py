"""What one transaction costs, sent by any address."""

from typing import Final

from tests.support.chain import TestExchange, mined_receipt

_GAS_LIMIT: Final = hex(1_000_000)
"""Given, because an estimate of what refunds gas or depends on the time can be too low."""


async def gas_of(exchange: TestExchange, to: bytes, calldata: bytes, sender: bytes) -> int:
    """The gas that a call uses, which must succeed, refunds taken off."""
    nodes, by = exchange.nodes, "0x" + sender.hex()
    await exchange.fund(sender)
    await nodes.call("anvil_impersonateAccount", by)
    call = {"from": by, "to": "0x" + to.hex(), "data": "0x" + calldata.hex(), "gas": _GAS_LIMIT}
    return int((await mined_receipt(nodes, call))["gasUsed"], 16)

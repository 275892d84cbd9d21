"""Session keys on chain: an owner registers a key that may sign its orders in one market, and takes it back."""

from typing import NamedTuple

from offchain.chain.bindings import load_contract
from offchain.chain.keys import LocalSigner
from offchain.chain.manifest import Manifest
from offchain.chain.node import NodePool
from offchain.client.funding import Call, send_all
from offchain.core.commands import UNLIMITED


class Grant(NamedTuple):
    """What a key may do: sign orders of a market until `expiry_s` (seconds since 1970).

    At most so many ledger units of the market's base and quote asset may leave the account by it; `UNLIMITED`: any.
    """

    key: bytes
    market_id: int
    expiry_s: int
    base_limit_units: int = UNLIMITED
    quote_limit_units: int = UNLIMITED


async def register_session_key(nodes: NodePool, manifest: Manifest, owner: LocalSigner, grant: Grant) -> None:
    """Registers a key by the owner's transaction; the exchange takes its orders once that is final.

    Raises:
        ChainError: the transaction failed, or was not mined in time.
    """
    limits = (grant.base_limit_units, grant.quote_limit_units)
    await _call(nodes, manifest, owner, "setSessionKey", grant.key, grant.market_id, *limits, grant.expiry_s)


async def revoke_session_key(
    nodes: NodePool, manifest: Manifest, owner: LocalSigner, key: bytes, market_id: int
) -> None:
    """Takes a key back: at the exchange once the transaction is final, in the contract ten minutes after it.

    Raises:
        ChainError: the transaction failed, or was not mined in time.
    """
    await _call(nodes, manifest, owner, "requestSessionRevocation", key, market_id)


async def _call(
    nodes: NodePool, manifest: Manifest, owner: LocalSigner, function: str, *arguments: bytes | int
) -> None:
    calldata = load_contract("Settlement").encode_call(function, *arguments)
    await send_all(nodes, manifest.chain_id, [Call(owner, manifest.address("Settlement"), calldata)])

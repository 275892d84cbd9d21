"""The engine's key: what signs batches and approvals, wherever the key itself is."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

from offchain.chain.keys import LocalSigner, load_or_create_keyfile
from offchain.chain.typed_data import TypedStruct
from offchain.core.errors import ConfigurationError
from offchain.core.settings import Settings
from offchain.settlement.signer_remote import RemoteEngineKey


class EngineKey(Protocol):
    """Whoever holds the engine's key."""

    @property
    def address(self) -> bytes:
        """The 20-byte address of the key."""

    async def sign(self, struct: TypedStruct, domain_separator: bytes) -> bytes:
        """The EIP-712 signature of a struct in a domain: r, s, v (27 or 28), 65 bytes, s in the lower half.

        Raises:
            SignerUnavailable: nobody answers; nothing is lost, try again.
            SignerRefused: the key's holder will not sign, or signed with another key.
        """


class KeyfileEngineKey:
    """The key in this process's memory, from its encrypted keyfile."""

    def __init__(self, signer: LocalSigner) -> None:
        self._signer = signer

    @property
    def address(self) -> bytes:
        """The 20-byte address of the key."""
        return self._signer.address

    async def sign(self, struct: TypedStruct, domain_separator: bytes) -> bytes:
        """See `EngineKey`; it takes no time worth waiting for."""
        return self._signer.sign_digest(struct.digest(domain_separator))


def engine_address(settings: Settings) -> bytes:
    """The 20-byte address of the engine's key, without asking a remote signer; makes the keyfile if that is used.

    Raises:
        ConfigurationError: a remote signer is set without the address of the key in it.
    """
    if not settings.engine_signer_url:
        return load_or_create_keyfile(settings.engine_keyfile).address
    if not settings.engine_signer_address:
        raise ConfigurationError(
            "QUANTATRADE_ENGINE_SIGNER_URL is set without the address of the engine's key.",
            "Set QUANTATRADE_ENGINE_SIGNER_ADDRESS to it.",
        )
    return bytes.fromhex(settings.engine_signer_address[2:])


@asynccontextmanager
async def open_engine_key(settings: Settings) -> AsyncIterator[EngineKey]:
    """The engine's key as the settings have it: the keyfile, or the remote signer, which is asked for it first.

    Raises:
        ConfigurationError: the keyfile cannot be opened, or the remote signer has no key of that address.
        SignerUnavailable: the remote signer does not answer.
    """
    address = await asyncio.to_thread(engine_address, settings)
    if not settings.engine_signer_url:
        yield KeyfileEngineKey(load_or_create_keyfile(settings.engine_keyfile))
        return
    async with RemoteEngineKey(settings.engine_signer_url, address, settings.engine_signer_timeout_s) as key:
        await key.check()
        yield key

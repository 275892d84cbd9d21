"""The engine's key in a remote signer: the ETH1 endpoints of web3signer, over HTTP.

`GET /api/v1/eth1/publicKeys` lists the keys; `POST /api/v1/eth1/sign/{key}` with `{"data": "0x…"}` answers the
signature over the Keccak-256 of the data as text. So what is sent is what EIP-712 hashes last: 0x1901, the domain
separator and the struct's hash. Source: https://consensys.github.io/web3signer/web3signer-eth1.html.
"""

import asyncio
from typing import Final, Self

import aiohttp
import msgspec

from offchain.chain.keys import recover
from offchain.chain.typed_data import TypedStruct, keccak
from offchain.core.errors import BadSignature, ConfigurationError, SignerRefused, SignerUnavailable

TRIES: Final = 3
RETRY_PAUSE_S: Final = 0.2
"""Before the second try; it doubles for each one after."""
_PUBLIC_KEY_BYTES: Final = 64
_ANSWER_CHARS_SHOWN: Final = 200
_decode_keys: Final = msgspec.json.Decoder(list[str]).decode


class RemoteEngineKey:
    """A key that never leaves its signer. Use it with `async with`, and `check` it before the first signature.

    Args:
        url: where the signer answers, such as `http://signer:9000`.
        address: the 20-byte address of the key.
        timeout_s: how long the signer may take for one try.
    """

    def __init__(self, url: str, address: bytes, timeout_s: float) -> None:
        self.address = address
        self._url = url.rstrip("/")
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._session: aiohttp.ClientSession | None = None
        self._public_key = ""

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=self._timeout)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def check(self) -> None:
        """Finds the key of this address in the signer.

        Raises:
            ConfigurationError: the signer has no such key.
            SignerUnavailable: it does not answer.
            SignerRefused: it does not answer as a signer.
        """
        text = await self._ask("GET", "/api/v1/eth1/publicKeys")
        try:
            by_address = {_address_of(key): key for key in _decode_keys(text)}
        except (msgspec.DecodeError, ValueError) as error:
            raise SignerRefused(f"The remote signer lists no public keys: {_shown(text)}.", _HINT) from error
        if self.address not in by_address:
            known = ", ".join("0x" + address.hex() for address in by_address) or "none"
            raise ConfigurationError(
                f"The remote signer does not have the engine's key 0x{self.address.hex()}; it has {known}.",
                "Correct QUANTATRADE_ENGINE_SIGNER_ADDRESS, or load the key into the signer.",
            )
        self._public_key = by_address[self.address]

    async def sign(self, struct: TypedStruct, domain_separator: bytes) -> bytes:
        """See `EngineKey`; what comes back is checked to be the key's own signature."""
        preimage = b"\x19\x01" + domain_separator + struct.struct_hash()
        text = await self._ask("POST", f"/api/v1/eth1/sign/{self._public_key}", {"data": "0x" + preimage.hex()})
        try:
            signature = bytes.fromhex(text.strip().removeprefix("0x"))
            signer = recover(keccak(preimage), signature)
        except (ValueError, BadSignature) as error:
            raise SignerRefused(f"The remote signer answers no signature: {_shown(text)}.", _HINT) from error
        if signer != self.address:
            raise SignerRefused(
                f"The remote signer signed with 0x{signer.hex()}, not with the engine's key 0x{self.address.hex()}.",
                _HINT,
            )
        return signature

    async def _ask(self, method: str, path: str, body: dict[str, str] | None = None) -> str:
        """The text of the answer; a signer that is away or fails is asked again a few times."""
        assert self._session is not None, "use `async with`"
        failure = ""
        for attempt in range(TRIES):
            if attempt:
                await asyncio.sleep(RETRY_PAUSE_S * 2 ** (attempt - 1))
            try:
                async with self._session.request(method, self._url + path, json=body) as response:
                    text, status = await response.text(errors="replace"), response.status
            except (TimeoutError, OSError, aiohttp.ClientError) as error:
                failure = f"{type(error).__name__} {error}".strip()
                continue
            if status < 400:
                return text
            if status < 500:
                raise SignerRefused(f"The remote signer refuses: HTTP {status} {_shown(text)}.", _HINT)
            failure = f"HTTP {status} {_shown(text)}"
        raise SignerUnavailable(
            f"The remote signer does not answer ({failure[:_ANSWER_CHARS_SHOWN]}).",
            "Check that it runs and can be reached; signing goes on when it does.",
        )


_HINT: Final = "Check QUANTATRADE_ENGINE_SIGNER_URL and the signer's own log."


def _address_of(public_key: str) -> bytes:
    """The address of an uncompressed public key in hex, with or without 0x."""
    key = bytes.fromhex(public_key.removeprefix("0x"))
    if len(key) != _PUBLIC_KEY_BYTES:
        raise ValueError(f"a public key has {_PUBLIC_KEY_BYTES} bytes, not {len(key)}")
    return keccak(key)[-20:]


def _shown(text: str) -> str:
    return repr(text[:_ANSWER_CHARS_SHOWN])

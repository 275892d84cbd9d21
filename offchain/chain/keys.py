"""Keys and signatures: secp256k1 through libsecp256k1, which lets go of the interpreter while it computes."""

import json
import os
import secrets
from pathlib import Path
from typing import Final, Protocol

import coincurve
from eth_account import Account
from eth_utils.address import to_checksum_address

from offchain.chain.typed_data import keccak
from offchain.core.errors import BadSignature, ConfigurationError
from offchain.core.private_files import read_or_create

SIGNATURE_BYTES: Final = 65
_HALF_ORDER: Final = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
_KEYFILE_ITERATIONS: Final = 2**13
"""scrypt cost of keyfiles whose passphrase is random: it cannot be guessed, so the cost need not slow the start."""


class Signer(Protocol):
    """Whoever holds a key and signs at once."""

    @property
    def address(self) -> bytes:
        """The 20-byte address of the key."""

    def sign_digest(self, digest: bytes) -> bytes:
        """A signature (r, s, v; 65 bytes, v 27 or 28) over a 32-byte digest."""


class LocalSigner:
    """A key in this process's memory."""

    def __init__(self, private_key: bytes) -> None:
        self._key = coincurve.PrivateKey(private_key)
        self.address = _address(self._key.public_key)

    def __repr__(self) -> str:
        return f"LocalSigner({to_checksum_address(self.address)})"

    @property
    def private_key(self) -> bytes:
        """The 32 secret bytes, for libraries that sign transactions."""
        secret: bytes = self._key.secret
        return secret

    def sign_digest(self, digest: bytes) -> bytes:
        """A signature (r, s, v; 65 bytes, v 27 or 28) over a 32-byte digest; s is in the lower half (EIP-2)."""
        signature: bytes = self._key.sign_recoverable(digest, hasher=None)
        return signature[:64] + bytes([signature[64] + 27])


def recover(digest: bytes, signature: bytes) -> bytes:
    """The 20-byte address that signed a 32-byte digest.

    Raises:
        BadSignature: the signature has a wrong length or v, an s in the upper half (EIP-2), or recovers to nothing.
    """
    if len(signature) != SIGNATURE_BYTES or signature[64] not in (27, 28):
        raise BadSignature("A signature is 65 bytes: r, s and v, where v is 27 or 28.", "Sign the typed data again.")
    if int.from_bytes(signature[32:64], "big") > _HALF_ORDER:
        raise BadSignature("The signature's s is in the upper half of the curve's order.", "Use the lower s (EIP-2).")
    try:
        key = coincurve.PublicKey.from_signature_and_message(
            signature[:64] + bytes([signature[64] - 27]), digest, hasher=None
        )
    except ValueError as error:
        raise BadSignature("No key can have made this signature.", "Sign the typed data again.") from error
    return _address(key)


def load_or_create_keyfile(path: Path) -> LocalSigner:
    """The key in an encrypted keyfile (Web3 Secret Storage), made with a random key where there is none yet.

    The passphrase is `QUANTATRADE_KEY_PASSPHRASE`, or else a random one in a file beside the keyfile that only its
    owner can read.

    Raises:
        ConfigurationError: the file is not a keyfile, or the passphrase does not open it.
    """
    passphrase = os.environ.get("QUANTATRADE_KEY_PASSPHRASE") or _stored_passphrase(path.with_suffix(".passphrase"))
    try:
        keyfile = read_or_create(path, lambda: _new_keyfile(passphrase)).decode()
        return LocalSigner(bytes(Account.decrypt(keyfile, passphrase)))
    except (ValueError, TypeError, KeyError) as error:
        raise ConfigurationError(
            f"The keyfile {path} cannot be opened: {error}.",
            "Set QUANTATRADE_KEY_PASSPHRASE to its passphrase, or restore the file.",
        ) from error


def _stored_passphrase(path: Path) -> str:
    return read_or_create(path, lambda: secrets.token_urlsafe(32).encode()).decode().strip()


def _new_keyfile(passphrase: str) -> bytes:
    keyfile = Account.encrypt(secrets.token_bytes(32), passphrase, kdf="scrypt", iterations=_KEYFILE_ITERATIONS)
    return json.dumps(keyfile).encode()


def _address(key: coincurve.PublicKey) -> bytes:
    return keccak(key.format(compressed=False)[1:])[-20:]

"""Sign-in with a wallet, by EIP-4361 messages that the `siwe` library verifies.

Source: https://eips.ethereum.org/EIPS/eip-4361.
"""

import hmac
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

import msgspec
from eth_keys.exceptions import BadSignature as KeyBadSignature
from eth_utils.address import to_checksum_address
from eth_utils.exceptions import ValidationError
from siwe.siwe import ExpiredMessage, NotYetValidMessage, SiweMessage, VerificationError, generate_nonce

from offchain.api.tokens import SessionTokens, TokenPair
from offchain.core.clock import ClockUs
from offchain.core.errors import BadSignature, InvalidRequest, ServiceUnavailable, SessionExpired

STATEMENT: Final = "Sign in to QuantaTrade. This costs nothing and moves no funds."
NONCE_LIFE_S: Final = 300
_NONCES_MAX: Final = 100_000
_US: Final = 1_000_000


class Challenge(msgspec.Struct, frozen=True):
    """What a wallet is asked to sign."""

    nonce: str
    message: str
    domain: str
    uri: str
    expires_at_us: int


class SignIn:
    """Hands out challenges and turns signed ones into sessions.

    Args:
        tokens: where sessions are opened.
        origins: the origins that the web app is served from, such as `http://localhost:8000`; the first is the default.
        chain_id: the chain that messages must name.
        clock: the time.
    """

    def __init__(self, tokens: SessionTokens, origins: Sequence[str], chain_id: int, clock: ClockUs) -> None:
        self._tokens = tokens
        self._origins = {urlsplit(origin).netloc: origin for origin in origins}
        self._chain_id = chain_id
        self._clock = clock
        self._nonces: dict[str, tuple[str, int]] = {}

    def challenge(self, address: str, host: str) -> Challenge:
        """A message for the wallet to sign, for the origin that it was asked for from (else the default one).

        Raises:
            ServiceUnavailable: too many challenges are open.
        """
        now = self._clock()
        if len(self._nonces) >= _NONCES_MAX:
            self._nonces = {nonce: kept for nonce, kept in self._nonces.items() if kept[1] > now}
            if len(self._nonces) >= _NONCES_MAX:
                raise ServiceUnavailable("Too many sign-ins are under way.", "Try again in a minute.")
        domain = host if host in self._origins else next(iter(self._origins))
        owner = to_checksum_address(address)
        expires_at_us = now + NONCE_LIFE_S * _US
        message = SiweMessage(
            domain=domain,
            address=owner,
            statement=STATEMENT,
            uri=self._origins[domain],
            version="1",
            chain_id=self._chain_id,
            nonce=generate_nonce(),
            issued_at=_iso(now),
            expiration_time=_iso(expires_at_us),
        )
        self._nonces[message.nonce] = (owner, expires_at_us)
        return Challenge(message.nonce, message.prepare_message(), domain, message.uri, expires_at_us)

    def sign_in(self, text: str, signature: str) -> TokenPair:
        """A session for a signed message. Its nonce is used up, whatever comes of it.

        Raises:
            InvalidRequest: the text is no EIP-4361 message, or for another site, address or chain.
            SessionExpired: its nonce is not open, or its time is over.
            BadSignature: another key signed it.
        """
        try:
            message = SiweMessage.from_message(text)
        except ValueError as error:
            raise InvalidRequest(
                f"This is no EIP-4361 message: {str(error)[:200]}.", "Sign the message of /api/v1/auth/nonce as it is."
            ) from error
        self._check_place(message)
        now = self._clock()
        address, expires_at_us = self._nonces.pop(message.nonce, ("", 0))
        if expires_at_us <= now or not hmac.compare_digest(address.encode(), message.address.encode()):
            raise SessionExpired("The nonce is not open for this wallet.", "Get a new one at /api/v1/auth/nonce.")
        try:
            message.verify(
                signature,
                domain=message.domain,
                nonce=message.nonce,
                timestamp=datetime.fromtimestamp(now / _US, tz=UTC),
            )
        except (ExpiredMessage, NotYetValidMessage) as error:
            raise SessionExpired(
                "The message is not valid now.", "Check the wallet's clock and sign a new one."
            ) from error
        except (VerificationError, ValueError, KeyBadSignature, ValidationError) as error:
            raise BadSignature(
                f"The signature is not one of {message.address} over this message.",
                "Sign exactly this text with personal_sign and the key of that address. Neither a session key nor a "
                "key behind a contract wallet (ERC-1271) signs in: they trade with signed orders, without a session.",
            ) from error
        return self._tokens.open(bytes.fromhex(message.address[2:]))

    def _check_place(self, message: SiweMessage) -> None:
        if message.domain not in self._origins:
            raise InvalidRequest(
                f"The message is for {message.domain}, not for this exchange.", f"Sign for {', '.join(self._origins)}."
            )
        if urlsplit(message.uri).netloc != message.domain:
            raise InvalidRequest(f"The message's URI {message.uri} is not of its domain.", "Sign for one site.")
        if message.chain_id != self._chain_id:
            raise InvalidRequest(
                f"The message is for chain {message.chain_id}, not {self._chain_id}.", "Switch the wallet's network."
            )


def _iso(moment_us: int) -> str:
    return datetime.fromtimestamp(moment_us // _US, tz=UTC).isoformat().replace("+00:00", "Z")

"""Session tokens: short signed access tokens, and refresh tokens that work once and of which only a hash is kept."""

import hashlib
import hmac
import secrets
from pathlib import Path
from typing import Final

import jwt
import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from offchain.api.models import SessionRow
from offchain.core.clock import ClockUs
from offchain.core.database import Sessions
from offchain.core.errors import ConfigurationError, SessionExpired, Unauthorized
from offchain.core.private_files import read_or_create

REFRESH_DAYS: Final = 30
_SECRET_BYTES: Final = 64
_ISSUER: Final = "quantatrade"
_US: Final = 1_000_000
_SIGN_IN_AGAIN: Final = "Sign in again with the wallet."


class Principal(msgspec.Struct, frozen=True):
    """Who is asking: a signed-in wallet."""

    owner: bytes
    session: str
    expires_at_us: int


class TokenPair(msgspec.Struct, frozen=True):
    """What a session is used and renewed with."""

    owner: bytes
    access: str
    access_expires_at_us: int
    refresh: str
    refresh_expires_at_us: int


class SessionTokens:
    """Opens, renews, checks and ends sessions.

    Args:
        secret: what access tokens are signed with (HS256).
        writing: sessions of the database that may write.
        clock: the time.
        access_minutes: life of an access token.
    """

    def __init__(self, secret: bytes, writing: Sessions, clock: ClockUs, access_minutes: int) -> None:
        self._secret = secret
        self._writing = writing
        self._clock = clock
        self._access_us = access_minutes * 60 * _US
        self._revoked: set[str] | None = None

    def open(self, owner: bytes) -> TokenPair:
        """A new session of a wallet that has proved itself."""
        now = self._clock()
        row = SessionRow(session=secrets.token_hex(16), owner=owner, created_at_us=now, revoked_at_us=None)
        with self._writing.begin() as database:
            for stale in database.scalars(select(SessionRow).where(SessionRow.expires_at_us < now)):
                database.delete(stale)
            pair = self._issue(row, now)
            database.add(row)
        return pair

    def refresh(self, refresh_token: str) -> TokenPair:
        """A new pair for a refresh token, which is used up by it.

        Raises:
            SessionExpired: the token is unknown, expired, revoked or used before; the latter ends the session.
        """
        session, _, secret = refresh_token.partition(".")
        now = self._clock()
        with self._writing.begin() as database:
            row = database.get(SessionRow, session)
            if row is None or row.revoked_at_us is not None or row.expires_at_us <= now:
                raise SessionExpired("The session is over.", _SIGN_IN_AGAIN)
            if hmac.compare_digest(_hash(secret), row.refresh_hash):
                return self._issue(row, now)
            self._revoke(row, now)
        raise SessionExpired("The refresh token was used before, so the session was ended.", _SIGN_IN_AGAIN)

    def end(self, principal: Principal) -> None:
        """Ends a session: neither of its tokens works any more."""
        with self._writing.begin() as database:
            row = database.get(SessionRow, principal.session)
            if row is not None:
                self._revoke(row, self._clock())

    def principal(self, access_token: str) -> Principal:
        """Who an access token belongs to.

        Raises:
            Unauthorized: it is no token of ours.
            SessionExpired: it is expired, or its session was ended.
        """
        try:
            claims = jwt.decode(
                access_token,
                self._secret,
                algorithms=["HS256"],
                issuer=_ISSUER,
                options={"require": ["exp", "sub", "sid"], "verify_exp": False, "verify_iat": False},
            )
            principal = Principal(bytes.fromhex(claims["sub"][2:]), claims["sid"], int(claims["exp"]) * _US)
        except (jwt.InvalidTokenError, ValueError, TypeError):
            raise Unauthorized("The access token is not one of this exchange.", _SIGN_IN_AGAIN) from None
        self.check(principal)
        return principal

    def check(self, principal: Principal) -> None:
        """Passes if the principal's token still counts.

        Raises:
            SessionExpired: it is expired, or its session was ended.
        """
        if principal.expires_at_us <= self._clock():
            raise SessionExpired("The access token has expired.", "Renew it at /api/v1/auth/refresh.")
        if principal.session in self._ended():
            raise SessionExpired("The session was ended.", _SIGN_IN_AGAIN)

    def _issue(self, row: SessionRow, now: int) -> TokenPair:
        secret = secrets.token_urlsafe(32)
        row.refresh_hash = _hash(secret)
        row.expires_at_us = now + REFRESH_DAYS * 86_400 * _US
        expires_at_s = (now + self._access_us) // _US
        claims = {
            "iss": _ISSUER,
            "sub": "0x" + row.owner.hex(),
            "sid": row.session,
            "iat": now // _US,
            "exp": expires_at_s,
        }
        access = jwt.encode(claims, self._secret, algorithm="HS256")
        return TokenPair(row.owner, access, expires_at_s * _US, f"{row.session}.{secret}", row.expires_at_us)

    def _revoke(self, row: SessionRow, now: int) -> None:
        row.revoked_at_us = now
        self._ended().add(row.session)

    def _ended(self) -> set[str]:
        if self._revoked is None:
            with self._writing() as database:
                self._revoked = _ended_sessions(database)
        return self._revoked


def load_or_create_secret(path: Path) -> bytes:
    """The secret in a file that only its owner can read; made at random where there is none yet.

    Raises:
        ConfigurationError: the file is too short to be one, or others can read it.
    """
    secret = read_or_create(path, lambda: secrets.token_bytes(_SECRET_BYTES))
    if len(secret) < _SECRET_BYTES or path.stat().st_mode & 0o077:
        raise ConfigurationError(
            f"The session secret {path} is damaged or readable by others.", "Remove it: everyone signs in again."
        )
    return secret


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _ended_sessions(database: Session) -> set[str]:
    return set(database.scalars(select(SessionRow.session).where(SessionRow.revoked_at_us.is_not(None))))

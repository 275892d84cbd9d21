"""Signing in with a wallet: only the wallet itself, for this site and chain, once, in time."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from siwe.siwe import SiweMessage
from sqlalchemy import Engine

from offchain.api.models import SessionRow
from offchain.api.sign_in import NONCE_LIFE_S, SignIn
from offchain.api.tokens import SessionTokens, load_or_create_secret
from offchain.chain.keys import LocalSigner
from offchain.client.client import Client
from offchain.client.terms import ExchangeTerms
from offchain.client.wallet import Wallet
from offchain.core.database import open_database, writing_sessions
from offchain.core.errors import (
    BadSignature,
    ConfigurationError,
    InvalidRequest,
    QuantaTradeError,
    SessionExpired,
    Unauthorized,
)
from tests.support.chainless_exchange import RunningExchange

ORIGINS = ("http://localhost:8000", "https://exchange.example")
CHAIN = 31337
START_US = 1_800_000_000_000_000


class Clock:
    def __init__(self) -> None:
        self.now_us = START_US

    def __call__(self) -> int:
        return self.now_us

    def pass_s(self, seconds: float) -> None:
        self.now_us += int(seconds * 1_000_000)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tokens(tmp_path: Path, clock: Clock) -> Iterator[SessionTokens]:
    engine = open_database(f"sqlite+pysqlite:///{tmp_path / 'test.db'}")
    SessionRow.metadata.create_all(engine, tables=[SessionRow.metadata.tables[SessionRow.__tablename__]])
    yield SessionTokens(b"s" * 64, writing_sessions(engine), clock, access_minutes=15)
    engine.dispose()


@pytest.fixture
def desk(tokens: SessionTokens, clock: Clock) -> SignIn:
    return SignIn(tokens, ORIGINS, CHAIN, clock)


@pytest.fixture
def wallet() -> Wallet:
    return wallet_of(1)


def wallet_of(number: int) -> Wallet:
    return Wallet(LocalSigner(bytes([number]) * 32), ExchangeTerms(CHAIN, bytes(20), {}, {}, 120))


def changed(message: str, **fields: object) -> str:
    return SiweMessage.from_message(message).model_copy(update=fields).prepare_message()


def test_the_wallet_signs_in(desk: SignIn, tokens: SessionTokens, wallet: Wallet) -> None:
    challenge = desk.challenge(wallet.owner, "localhost:8000")
    pair = desk.sign_in(challenge.message, wallet.sign_text(challenge.message))
    assert pair.owner == wallet.signer.address
    assert tokens.principal(pair.access).owner == wallet.signer.address


def test_the_message_names_the_site_that_it_was_asked_from(desk: SignIn, wallet: Wallet) -> None:
    assert desk.challenge(wallet.owner, "exchange.example").uri == "https://exchange.example"
    assert desk.challenge(wallet.owner, "evil.example").domain == "localhost:8000"


@pytest.mark.parametrize(
    "fields",
    [
        {"domain": "evil.example"},
        {"uri": "https://evil.example"},
        {"uri": "https://exchange.example"},
        {"chain_id": 1},
    ],
)
def test_a_message_for_another_place_is_refused(desk: SignIn, wallet: Wallet, fields: dict[str, object]) -> None:
    message = changed(desk.challenge(wallet.owner, "localhost:8000").message, **fields)
    with pytest.raises(InvalidRequest):
        desk.sign_in(message, wallet.sign_text(message))


def test_another_wallets_signature_is_refused(desk: SignIn, wallet: Wallet) -> None:
    """A session key of the wallet is another, and so is the key that a contract wallet would ask (ERC-1271)."""
    message = desk.challenge(wallet.owner, "localhost:8000").message
    other = wallet_of(2)
    with pytest.raises(BadSignature) as refused:
        desk.sign_in(message, other.sign_text(message))
    assert "session key" in refused.value.next_step
    assert "ERC-1271" in refused.value.next_step


def test_a_session_key_signs_in_as_itself_and_not_as_its_owner(desk: SignIn, tokens: SessionTokens) -> None:
    """It sees an account of its own, which is empty: anybody may register any address as a key of theirs."""
    key = wallet_of(2)
    message = desk.challenge(key.owner, "localhost:8000").message
    pair = desk.sign_in(message, key.sign_text(message))
    assert tokens.principal(pair.access).owner == key.signer.address


@pytest.mark.parametrize("signature", ["0x" + "00" * 65, "0x" + "ff" * 65, "0x" + "11" * 64 + "63"])
def test_a_signature_that_no_key_makes_is_refused(desk: SignIn, wallet: Wallet, signature: str) -> None:
    with pytest.raises(BadSignature):
        desk.sign_in(desk.challenge(wallet.owner, "localhost:8000").message, signature)


def test_a_nonce_works_once_and_for_its_wallet_only(desk: SignIn, wallet: Wallet) -> None:
    message = desk.challenge(wallet.owner, "localhost:8000").message
    desk.sign_in(message, wallet.sign_text(message))
    with pytest.raises(SessionExpired, match="nonce"):
        desk.sign_in(message, wallet.sign_text(message))
    other = wallet_of(2)
    others = desk.challenge(other.owner, "localhost:8000")
    stolen = changed(desk.challenge(wallet.owner, "localhost:8000").message, nonce=others.nonce)
    with pytest.raises(SessionExpired, match="nonce"):
        desk.sign_in(stolen, wallet.sign_text(stolen))


def test_a_failed_attempt_uses_the_nonce_up(desk: SignIn, wallet: Wallet) -> None:
    message = desk.challenge(wallet.owner, "localhost:8000").message
    with pytest.raises(BadSignature):
        desk.sign_in(message, "0x" + "00" * 65)
    with pytest.raises(SessionExpired):
        desk.sign_in(message, wallet.sign_text(message))


def test_a_message_that_is_late_or_early_is_refused(desk: SignIn, wallet: Wallet, clock: Clock) -> None:
    late = desk.challenge(wallet.owner, "localhost:8000").message
    early = changed(desk.challenge(wallet.owner, "localhost:8000").message, not_before="2099-01-01T00:00:00Z")
    with pytest.raises(SessionExpired):
        desk.sign_in(early, wallet.sign_text(early))
    clock.pass_s(NONCE_LIFE_S)
    with pytest.raises(SessionExpired):
        desk.sign_in(late, wallet.sign_text(late))


@pytest.mark.parametrize("text", ["", "hello", "{}", "localhost:8000 wants you to sign in", "\x00" * 100])
def test_what_is_no_sign_in_message_is_refused(desk: SignIn, text: str) -> None:
    with pytest.raises(InvalidRequest):
        desk.sign_in(text, "0x" + "11" * 65)


def test_an_access_token_lives_as_long_as_it_says(tokens: SessionTokens, clock: Clock) -> None:
    pair = tokens.open(b"\x01" * 20)
    clock.pass_s(15 * 60 - 1)
    tokens.principal(pair.access)
    clock.pass_s(1)
    with pytest.raises(SessionExpired):
        tokens.principal(pair.access)


def test_a_refresh_token_works_once_and_its_reuse_ends_the_session(tokens: SessionTokens, clock: Clock) -> None:
    first = tokens.open(b"\x01" * 20)
    second = tokens.refresh(first.refresh)
    assert second.owner == first.owner
    tokens.principal(second.access)
    with pytest.raises(SessionExpired, match="used before"):
        tokens.refresh(first.refresh)
    for stolen in (second.refresh, first.refresh):
        with pytest.raises(SessionExpired):
            tokens.refresh(stolen)
    with pytest.raises(SessionExpired):
        tokens.principal(second.access)


def test_a_refresh_token_expires(tokens: SessionTokens, clock: Clock) -> None:
    pair = tokens.open(b"\x01" * 20)
    clock.pass_s(30 * 86_400)
    with pytest.raises(SessionExpired):
        tokens.refresh(pair.refresh)


@pytest.mark.parametrize("token", ["", ".", "nobody", "nobody.secret", "a.b.c", "é.ü"])
def test_a_refresh_token_of_nobody_is_refused(tokens: SessionTokens, token: str) -> None:
    with pytest.raises(SessionExpired):
        tokens.refresh(token)


def test_a_token_signed_with_another_secret_or_none_is_refused(tokens: SessionTokens, clock: Clock) -> None:
    foreign = SessionTokens(b"t" * 64, tokens._writing, clock, access_minutes=15).open(b"\x01" * 20)
    header, claims, _ = foreign.access.split(".")
    none = "eyJhbGciOiJub25lIn0." + claims + "."
    for token in (foreign.access, none, f"{header}.{claims}.", f"{header}.{claims}"):
        with pytest.raises(Unauthorized):
            tokens.principal(token)


def test_sessions_and_their_end_outlive_a_restart(database: Engine, clock: Clock) -> None:
    tokens = SessionTokens(b"s" * 64, writing_sessions(database), clock, access_minutes=15)
    kept, ended = tokens.open(b"\x01" * 20), tokens.open(b"\x02" * 20)
    tokens.end(tokens.principal(ended.access))
    again = SessionTokens(b"s" * 64, writing_sessions(database), clock, access_minutes=15)
    assert again.principal(kept.access).owner == b"\x01" * 20
    assert again.refresh(kept.refresh).owner == b"\x01" * 20
    with pytest.raises(SessionExpired):
        again.principal(ended.access)


def test_the_secret_is_kept_and_kept_private(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "session.secret"
    secret = load_or_create_secret(path)
    assert len(secret) == 64
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_or_create_secret(path) == secret
    path.chmod(0o644)
    with pytest.raises(ConfigurationError):
        load_or_create_secret(path)
    path.chmod(0o600)
    path.write_bytes(b"short")
    with pytest.raises(ConfigurationError):
        load_or_create_secret(path)


async def test_a_client_renews_its_session_by_itself(
    exchange: RunningExchange, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await client.sign_in(client.wallet(exchange.new_wallet()))
    first = session.access_token
    later_us = exchange.services.clock() + 16 * 60 * 1_000_000
    tokens = exchange.app.state.tokens
    monkeypatch.setattr(tokens, "_clock", lambda: later_us)
    account = await session.account()
    assert re.fullmatch("0x[0-9a-f]{40}", account["owner"])
    assert session.access_token != first


async def test_many_wallets_sign_in_at_once(exchange: RunningExchange, client: Client) -> None:
    wallets = [client.wallet(bytes([number]) * 32) for number in range(1, 9)]
    sessions = await asyncio.gather(*(client.sign_in(wallet) for wallet in wallets))
    owners = [(await session.account())["owner"] for session in sessions]
    assert owners == [wallet.owner for wallet in wallets]


async def test_a_wrong_sign_in_says_so(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    wallet, other = (client.wallet(bytes([number]) * 32) for number in (1, 2))
    monkeypatch.setattr(wallet, "sign_text", other.sign_text)
    with pytest.raises(QuantaTradeError) as refused:
        await client.sign_in(wallet)
    assert isinstance(refused.value, BadSignature)

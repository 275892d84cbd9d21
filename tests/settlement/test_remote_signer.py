"""The engine's key in a remote signer, over HTTP: what it signs counts, and what it answers otherwise is told."""

import asyncio
import itertools

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from offchain.chain.keys import LocalSigner, recover
from offchain.chain.typed_data import Batch, CancelApproval, WithdrawalApproval, domain_separator, keccak
from offchain.core.errors import ConfigurationError, SignerRefused, SignerUnavailable
from offchain.core.settings import Settings
from offchain.settlement import signer_remote
from offchain.settlement.signer import engine_address, open_engine_key
from offchain.settlement.signer_remote import TRIES, RemoteEngineKey
from tests.settlement.settling import Settling

KEY = LocalSigner(bytes([7]) * 32)
OTHER = LocalSigner(bytes([9]) * 32)
DOMAIN = domain_separator(31_337, bytes([1]) * 20)
STRUCTS = [
    Batch(1, bytes([2]) * 32, bytes(32), bytes([3]) * 32, 17),
    WithdrawalApproval(bytes([4]) * 20, 2, 1_000, 7, 2_000_000_000),
    CancelApproval(bytes([4]) * 20, 2, 9, 2_000_000_000),
]


class SigningServer:
    """web3signer's ETH1 endpoints with some keys. `faults` are what the next answers are instead of right."""

    def __init__(self, *signers: LocalSigner) -> None:
        self.keys = {"0x" + signer._key.public_key.format(compressed=False)[1:].hex(): signer for signer in signers}
        self.faults = []
        self.requests = 0
        app = web.Application()
        app.router.add_get("/api/v1/eth1/publicKeys", self.list_keys)
        app.router.add_post("/api/v1/eth1/sign/{identifier}", self.sign)
        self.server = TestServer(app)

    @property
    def url(self) -> str:
        return str(self.server.make_url("/"))

    async def list_keys(self, _):
        return await self._fault() or web.json_response(list(self.keys))

    async def sign(self, request):
        fault = await self._fault()
        if fault is not None:
            return fault
        signer = self.keys.get(request.match_info["identifier"])
        if signer is None:
            return web.Response(status=404, text="Resource not found")
        data = bytes.fromhex((await request.json())["data"][2:])
        return web.Response(text="0x" + signer.sign_digest(keccak(data)).hex(), content_type="text/plain")

    async def _fault(self):
        self.requests += 1
        fault = self.faults.pop(0) if self.faults else None
        if fault == "hang":
            await asyncio.sleep(60)
        return fault


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch):
    monkeypatch.setattr(signer_remote, "RETRY_PAUSE_S", 0.01)


@pytest.fixture
async def signing():
    signing = SigningServer(OTHER, KEY)
    await signing.server.start_server()
    yield signing
    await signing.server.close()


@pytest.fixture
async def key(signing):
    async with RemoteEngineKey(signing.url, KEY.address, 0.3) as key:
        await key.check()
        yield key


@pytest.mark.parametrize("struct", STRUCTS, ids=lambda struct: type(struct).__name__)
async def test_its_signature_is_the_keys_own_over_the_typed_data(key, struct):
    signature = await key.sign(struct, DOMAIN)
    assert recover(struct.digest(DOMAIN), signature) == KEY.address
    assert signature == KEY.sign_digest(struct.digest(DOMAIN))


async def test_a_signer_that_fails_or_hangs_is_asked_again(key, signing):
    signing.faults = [web.Response(status=503), "hang"]
    assert recover(STRUCTS[0].digest(DOMAIN), await key.sign(STRUCTS[0], DOMAIN)) == KEY.address
    assert not signing.faults


async def test_one_that_stays_away_is_unavailable_after_a_few_tries(key, signing):
    signing.faults = [web.Response(status=500, text="vault is sealed") for _ in range(TRIES)]
    before = signing.requests
    with pytest.raises(SignerUnavailable, match="HTTP 500 'vault is sealed'"):
        await key.sign(STRUCTS[0], DOMAIN)
    assert signing.requests - before == TRIES
    await signing.server.close()
    with pytest.raises(SignerUnavailable, match="ClientConnector"):
        await key.sign(STRUCTS[0], DOMAIN)


async def test_a_refusal_is_not_asked_again(key, signing):
    signing.faults = [web.Response(status=404, text="Resource not found")]
    before = signing.requests
    with pytest.raises(SignerRefused, match="HTTP 404 'Resource not found'"):
        await key.sign(STRUCTS[0], DOMAIN)
    assert signing.requests - before == 1


@pytest.mark.parametrize("answer", ["", "0x", "signed", "0x" + "00" * 65, "0x" + "11" * 64, '"0x' + "11" * 65 + '"'])
async def test_what_is_no_signature_is_refused(key, signing, answer):
    signing.faults = [web.Response(text=answer)]
    with pytest.raises(SignerRefused, match="answers no signature"):
        await key.sign(STRUCTS[0], DOMAIN)


async def test_a_signature_by_another_key_or_over_something_else_is_refused(key, signing):
    digest = STRUCTS[0].digest(DOMAIN)
    for signature in (OTHER.sign_digest(digest), KEY.sign_digest(keccak(digest))):
        signing.faults = [web.Response(text="0x" + signature.hex())]
        with pytest.raises(SignerRefused, match="not with the engine's key"):
            await key.sign(STRUCTS[0], DOMAIN)


async def test_the_address_is_looked_for_at_the_start(signing, tmp_path):
    settings = Settings(
        state=tmp_path, engine_signer_url=signing.url, engine_signer_address="0x" + KEY.address.hex().upper()
    )
    async with open_engine_key(settings) as key:
        assert key.address == KEY.address == engine_address(settings)
    assert not settings.engine_keyfile.exists()
    strange = settings.model_copy(update={"engine_signer_address": "0x" + "ab" * 20})
    with pytest.raises(ConfigurationError, match=f"does not have the engine's key 0xabab.*0x{OTHER.address.hex()}"):
        async with open_engine_key(strange):
            pass


async def test_a_signer_without_the_keys_address_is_no_setting(signing, tmp_path):
    with pytest.raises(ConfigurationError, match="QUANTATRADE_ENGINE_SIGNER_ADDRESS"):
        engine_address(Settings(state=tmp_path, engine_signer_url=signing.url))


@pytest.mark.parametrize("answer", ["<html>", "{}", '["0x12"]', '["0xzz"]'])
async def test_what_lists_no_keys_is_no_signer(signing, answer):
    signing.faults = [web.Response(text=answer)]
    async with RemoteEngineKey(signing.url, KEY.address, 0.3) as key:
        with pytest.raises(SignerRefused, match="lists no public keys"):
            await key.check()


async def test_by_default_the_key_is_the_keyfiles(tmp_path):
    settings = Settings(state=tmp_path)
    async with open_engine_key(settings) as key:
        assert key.address == engine_address(settings)
        signature = await key.sign(STRUCTS[1], DOMAIN)
    assert recover(STRUCTS[1].digest(DOMAIN), signature) == key.address
    assert settings.engine_keyfile.exists()


async def test_batches_and_withdrawals_wait_for_a_signer_that_is_away_and_go_on(exchange, database, key, signing):
    settling = Settling(exchange, database)
    settling.submitter._engine_key = settling.desk._engine_key = key
    await settling.fund(11, 12)
    settling.log.trade()
    settling.log.withdraw(11, 1_000, nonce=1)
    signing.faults = list(itertools.repeat(web.Response(status=502), TRIES))
    await settling.feed()
    await settling.turn()
    assert "remote signer does not answer" in settling.service.status().error
    await settling.settle_all()
    await settling.turn(3)
    await settling.index()
    assert settling.service.status().error is None
    await settling.assert_balances((11, 12))

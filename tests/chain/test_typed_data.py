"""The hand-written EIP-712 encoder equals the general one, and signatures belong to one message and signer only."""

from contextlib import suppress

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from hypothesis import given
from hypothesis import strategies as st

from offchain.chain import typed_data
from offchain.chain.keys import LocalSigner, load_or_create_keyfile, recover
from offchain.chain.typed_data import TYPES, TypedStruct, domain_separator, keccak
from offchain.core.errors import BadSignature, ConfigurationError

STRUCTS: list[type[TypedStruct]] = [getattr(typed_data, name) for name in TYPES]
KEY = bytes(range(1, 33))
addresses = st.binary(min_size=20, max_size=20)


def _values(kind: str) -> st.SearchStrategy[object]:
    if kind.endswith("[]"):
        return st.lists(_values(kind.removesuffix("[]")), max_size=5).map(tuple)
    if kind in TYPES:
        return _structs_of(getattr(typed_data, kind))
    if kind.startswith("uint"):
        return st.integers(0, 2 ** int(kind[4:]) - 1)
    if kind.startswith("int"):
        bound = 2 ** (int(kind[3:]) - 1)
        return st.integers(-bound, bound - 1)
    return {"address": addresses, "bytes32": st.binary(min_size=32, max_size=32), "string": st.text()}[kind]


def _structs_of(struct: type[TypedStruct]) -> st.SearchStrategy[TypedStruct]:
    return st.builds(struct, *map(_values, TYPES[struct.__name__].values()))


structs = st.sampled_from(STRUCTS).flatmap(_structs_of)


@given(structs, st.integers(1, 2**63), addresses)
def test_digests_equal_those_of_eth_account(struct: TypedStruct, chain_id: int, contract: bytes) -> None:
    document = typed_data.typed_data(struct, chain_id, contract)
    signable = encode_typed_data(full_message=document)
    expected = keccak(b"\x19" + signable.version + signable.header + signable.body)

    assert struct.digest(domain_separator(chain_id, contract)) == expected


@given(structs, addresses)
def test_a_signature_made_by_a_wallet_recovers_to_it(struct: TypedStruct, contract: bytes) -> None:
    account = Account.from_key(KEY)
    signed = account.sign_typed_data(full_message=typed_data.typed_data(struct, 31337, contract))
    digest = struct.digest(domain_separator(31337, contract))

    assert recover(digest, signed.signature) == bytes.fromhex(account.address[2:])
    assert LocalSigner(KEY).sign_digest(digest) == signed.signature


@given(st.binary(min_size=32, max_size=32), st.integers(0, 64 * 8 - 1))
def test_a_signature_with_any_bit_flipped_belongs_to_nobody_or_to_another(digest: bytes, bit: int) -> None:
    signer = LocalSigner(KEY)
    damaged = bytearray(signer.sign_digest(digest))
    damaged[bit // 8] ^= 1 << (bit % 8)

    with suppress(BadSignature):
        assert recover(digest, bytes(damaged)) != signer.address


@pytest.mark.parametrize("damage", [lambda s: s[:64], lambda s: s + b"\0", lambda s: s[:64] + b"\x1d", lambda s: b""])
def test_a_signature_of_wrong_shape_is_refused(damage) -> None:
    with pytest.raises(BadSignature, match="65 bytes"):
        recover(bytes(32), damage(LocalSigner(KEY).sign_digest(bytes(32))))


def test_the_malleated_twin_of_a_signature_is_refused() -> None:
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    signature = LocalSigner(KEY).sign_digest(bytes(32))
    twin_s = order - int.from_bytes(signature[32:64], "big")
    twin = signature[:32] + twin_s.to_bytes(32, "big") + bytes([55 - signature[64]])

    with pytest.raises(BadSignature, match="upper half"):
        recover(bytes(32), twin)


def test_a_key_lives_encrypted_and_is_found_again(tmp_path) -> None:
    path = tmp_path / "keys" / "engine.json"
    first = load_or_create_keyfile(path)

    assert load_or_create_keyfile(path).address == first.address
    assert first.private_key.hex() not in path.read_text()
    assert path.stat().st_mode & 0o077 == 0
    assert path.with_suffix(".passphrase").stat().st_mode & 0o077 == 0
    assert first.private_key.hex() not in repr(first)


def test_a_keyfile_with_another_passphrase_says_what_to_set(tmp_path, monkeypatch) -> None:
    path = tmp_path / "engine.json"
    load_or_create_keyfile(path)
    monkeypatch.setenv("QUANTATRADE_KEY_PASSPHRASE", "not it")

    with pytest.raises(ConfigurationError, match="QUANTATRADE_KEY_PASSPHRASE"):
        load_or_create_keyfile(path)

"""Signatures are checked together, in threads, and everyone gets their own verdicts."""

import asyncio
import random
from collections.abc import Iterator

import pytest

from offchain.api import signatures
from offchain.api.signatures import SignatureCheck, Signed
from offchain.chain.keys import LocalSigner
from offchain.chain.typed_data import CancelOrder, Order, domain_separator
from offchain.core.errors import InvalidRequest

CHAIN, CONTRACT = 31337, b"\x5e" * 20
SIGNERS = [LocalSigner(bytes([number]) * 32) for number in range(1, 5)]


@pytest.fixture
def check() -> Iterator[SignatureCheck]:
    made = SignatureCheck(CHAIN, CONTRACT)
    yield made
    made.close()


def signed_cancel(check: SignatureCheck, signer: LocalSigner, owner: LocalSigner, name: str) -> Signed:
    struct = CancelOrder(name)
    signature = signer.sign_digest(struct.digest(domain_separator(CHAIN, CONTRACT)))
    return check.signed(struct, "0x" + owner.address.hex(), "0x" + signature.hex())


async def test_everyone_gets_their_own_verdicts_in_order(check: SignatureCheck) -> None:
    dice = random.Random(11)
    calls = []
    for number in range(40):
        pairs = [(dice.choice(SIGNERS), dice.choice(SIGNERS)) for _ in range(dice.choice([0, 1, 1, 3, 50]))]
        calls.append((pairs, [signed_cancel(check, *pair, f"{number}") for pair in pairs]))
    found = await asyncio.gather(*(check.check(items) for _, items in calls))
    for (pairs, _), verdicts in zip(calls, found, strict=True):
        assert [verdict is None for verdict in verdicts] == [signer is owner for signer, owner in pairs]


async def test_a_caller_who_gave_up_does_not_hold_up_the_others(check: SignatureCheck) -> None:
    items = [signed_cancel(check, SIGNERS[0], SIGNERS[0], str(number)) for number in range(50)]
    leaving = asyncio.create_task(check.check(items))
    staying = asyncio.create_task(check.check(items))
    await asyncio.sleep(0)
    leaving.cancel()
    assert await staying == [None] * 50
    assert await check.check(items[:1]) == [None]


async def test_a_failure_of_the_check_itself_reaches_the_callers(
    check: SignatureCheck, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: bytes) -> bytes:
        raise MemoryError

    item = signed_cancel(check, SIGNERS[0], SIGNERS[0], "x")
    monkeypatch.setattr(signatures, "recover", fail)
    with pytest.raises(MemoryError):
        await check.check([item])
    monkeypatch.undo()
    assert await check.check([item]) == [None]


@pytest.mark.parametrize("digits", ["", "0x", "0x1", "11" * 65, "0x" + "1g" * 65, "0x" + "11" * 64 + "  "])
async def test_what_is_no_hexadecimal_is_refused(check: SignatureCheck, digits: str) -> None:
    owner = "0x" + SIGNERS[0].address.hex()
    with pytest.raises(InvalidRequest, match="signature"):
        check.signed(CancelOrder("x"), owner, digits)
    with pytest.raises(InvalidRequest, match="owner"):
        check.signed(CancelOrder("x"), digits, "0x" + "11" * 65)


@pytest.mark.parametrize(
    ("field", "value", "hint"),
    [
        ("flags", 1, "timeInForce IOC"),
        ("flags", 32, "postOnly REJECT"),
        ("flags", 0x400, "isolated account"),
        ("lane", 0, "lane 0"),
        ("expiry", 1_800_000_000_000 % 2**40, None),
    ],
)
async def test_a_likely_mistake_is_named(check: SignatureCheck, field: str, value: int, hint: str | None) -> None:
    values = {"market": 1, "side": 0, "price": 5, "quantity": 6, "expiry": 1_800_000_000, "seq": 7, "lane": 3}
    struct = Order(**values, max_fee_bps=50, flags=0)
    other = Order(**({**values, "max_fee_bps": 50, "flags": 0} | {field: value}))
    signature = SIGNERS[0].sign_digest(other.digest(domain_separator(CHAIN, CONTRACT)))
    item = check.signed(struct, "0x" + SIGNERS[0].address.hex(), "0x" + signature.hex())
    (verdict,) = await check.check([item])
    assert verdict is not None
    assert item.digest.hex() in verdict.message
    assert hint is None or hint in verdict.next_step

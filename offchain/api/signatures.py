"""Who signed what: recovers signers in worker threads, and says what is wrong with a signature that does not fit."""

import asyncio
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final

import msgspec
from msgspec.structs import replace

from offchain.chain.keys import SIGNATURE_BYTES, recover
from offchain.chain.typed_data import Order, TypedStruct, domain_separator
from offchain.client.instructions import slips
from offchain.core.errors import BadSignature, InvalidRequest

_PART: Final = 8
"""Signatures that are worth a thread of their own: a quarter of a millisecond."""
_OWNER_BYTES: Final = 20
_THREADS: Final = os.cpu_count() or 1
_OTHER_CHAINS: Final = {1: "Ethereum", 8453: "Base", 84532: "Base Sepolia", 11155111: "Sepolia", 31337: "a local chain"}
_NO_CONTRACT: Final = bytes(20)


class Signed(msgspec.Struct, frozen=True):
    """A struct with the signature over it, the wallet that is to be bound by it, and who claims to have made it."""

    struct: TypedStruct
    digest: bytes
    owner: bytes
    signature: bytes
    session_key: bytes = b""
    """The key that signed for the owner; empty: the owner did."""

    @property
    def signer(self) -> bytes:
        """Whose signature it has to be."""
        return self.session_key or self.owner


class _Call:
    """The verdicts that one caller waits for."""

    def __init__(self, count: int) -> None:
        self.verdicts: list[BadSignature | None] = [None] * count
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._missing = count

    def settle(self, position: int, verdict: BadSignature | None) -> None:
        """Takes in a verdict; the last one wakes the caller."""
        self.verdicts[position] = verdict
        self._missing -= 1
        if not self._missing and not self.done.done():
            self.done.set_result(None)

    def fail(self, error: BaseException) -> None:
        """Wakes the caller with an error that is nobody's signature."""
        if not self.done.done():
            self.done.set_exception(error)


_Entry = tuple[Signed, _Call, int]


class SignatureCheck:
    """Checks EIP-712 signatures of one domain. libsecp256k1 lets go of the interpreter, so threads run in parallel."""

    def __init__(self, chain_id: int, contract: bytes) -> None:
        self._chain_id = chain_id
        self._contract = contract
        self._separator = domain_separator(chain_id, contract)
        self._waiting: deque[_Entry] = deque()
        self._busy = 0
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="signatures")

    def close(self) -> None:
        """Ends the threads."""
        self._threads.shutdown(wait=False)

    def digest(self, struct: TypedStruct) -> bytes:
        """The 32 bytes that are signed for a struct in this domain."""
        return struct.digest(self._separator)

    def signed(self, struct: TypedStruct, owner: str, signature: str, session_key: str | None = None) -> Signed:
        """The struct in this domain, with its 0x-prefixed owner and signature, not yet checked.

        Raises:
            InvalidRequest: owner, signature or session key are not so many bytes in hexadecimal.
        """
        return Signed(
            struct,
            self.digest(struct),
            _bytes(owner, _OWNER_BYTES, "owner"),
            _bytes(signature, SIGNATURE_BYTES, "signature"),
            b"" if session_key is None else _bytes(session_key, _OWNER_BYTES, "session key"),
        )

    async def check(self, items: Sequence[Signed]) -> list[BadSignature | None]:
        """For each item nothing, if whoever claims it signed it, or else what is wrong.

        What arrives while the threads are busy waits, and goes to them together: under load a trip to a thread and back
        is shared by many.
        """
        call = _Call(len(items))
        self._waiting.extend((item, call, position) for position, item in enumerate(items))
        self._dispatch()
        if items:
            await call.done
        return call.verdicts

    def _dispatch(self) -> None:
        while self._waiting and self._busy < _THREADS:
            share = -(-len(self._waiting) // (_THREADS - self._busy))
            size = min(len(self._waiting), max(share, _PART))
            part = [self._waiting.popleft() for _ in range(size)]
            self._busy += 1
            running = asyncio.get_running_loop().run_in_executor(self._threads, self._check_part, part)
            running.add_done_callback(partial(self._finish, part))

    def _finish(self, part: Sequence[_Entry], running: "asyncio.Future[list[BadSignature | None]]") -> None:
        self._busy -= 1
        self._dispatch()
        error = running.exception()
        if error is not None:
            for _, call, _ in part:
                call.fail(error)
            return
        for (_, call, position), verdict in zip(part, running.result(), strict=True):
            call.settle(position, verdict)

    def _check_part(self, part: Sequence[_Entry]) -> list[BadSignature | None]:
        return [self._check_one(item) for item, _, _ in part]

    def _check_one(self, item: Signed) -> BadSignature | None:
        try:
            signer = recover(item.digest, item.signature)
        except BadSignature as error:
            return error
        if signer == item.signer:
            return None
        return BadSignature(
            f"The signature over digest 0x{item.digest.hex()} is by 0x{signer.hex()}, not by 0x{item.signer.hex()}.",
            self._hint(item),
        )

    def _hint(self, item: Signed) -> str:
        for difference, digest in self._near_misses(item.struct):
            try:
                if recover(digest, item.signature) == item.signer:
                    return f"It was signed {difference}; sign again with the domain and values of this exchange."
            except BadSignature:
                continue
        return "Compare the digest with the one that your wallet signed; /api/v1/exchange-info has domain and types."

    def _near_misses(self, struct: TypedStruct) -> Iterator[tuple[str, bytes]]:
        """The mistakes that people make, each with the digest that it leads to."""
        for chain_id, chain in _OTHER_CHAINS.items():
            if chain_id != self._chain_id:
                yield f"for chain {chain_id} ({chain})", struct.digest(domain_separator(chain_id, self._contract))
        yield "without the contract's address", struct.digest(domain_separator(self._chain_id, _NO_CONTRACT))
        if isinstance(struct, Order):
            for said, flags in slips(struct.flags):
                yield f"with {said}", replace(struct, flags=flags).digest(self._separator)
            for field, other in _ORDER_SLIPS.items():
                wrong = other(struct)
                yield f"with {field} {getattr(wrong, field)}", wrong.digest(self._separator)


def _bytes(text: str, size: int, field: str) -> bytes:
    try:
        data = bytes.fromhex(text[2:]) if text.startswith("0x") else b""
    except ValueError:
        data = b""
    if len(data) != size:
        raise InvalidRequest(f"The {field} is not 0x and {2 * size} hexadecimal digits.", "Send it in hexadecimal.")
    return data


_ORDER_SLIPS: Final[dict[str, Callable[[Order], Order]]] = {
    "side": lambda order: replace(order, side=1 - order.side),
    "lane": lambda order: replace(order, lane=0 if order.lane else 1),
    "expiry": lambda order: replace(order, expiry=min(order.expiry * 1_000, 2**40 - 1)),
    "max_fee_bps": lambda order: replace(order, max_fee_bps=0),
}

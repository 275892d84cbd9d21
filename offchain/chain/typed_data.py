"""EIP-712 typed data of the exchange: the one definition that contracts, tests, clients and the web app share.

The encoder is by hand because it stands on the order path: 45 times faster than the general one, and proved equal
to it in the tests. Source: https://eips.ethereum.org/EIPS/eip-712.
"""

from collections.abc import Callable
from operator import methodcaller
from typing import Any, ClassVar, Final

import msgspec
import sha3

DOMAIN_NAME: Final = "QuantaTrade"
DOMAIN_VERSION: Final = "1"
TYPES: Final[dict[str, dict[str, str]]] = {
    "Order": {
        "market": "uint32",
        "side": "uint8",
        "price": "uint64",
        "quantity": "uint64",
        "expiry": "uint40",
        "seq": "uint48",
        "lane": "uint16",
        "maxFeeBps": "uint16",
        "flags": "uint16",
    },
    "CancelOrder": {"clientOrderId": "string"},
    "Withdrawal": {"asset": "uint16", "amount": "uint64", "nonce": "uint64", "deadline": "uint40"},
    "WithdrawalApproval": {
        "owner": "address",
        "asset": "uint16",
        "amount": "uint64",
        "nonce": "uint64",
        "deadline": "uint40",
    },
    "CancelApproval": {"owner": "address", "asset": "uint16", "floor": "uint48", "deadline": "uint40"},
    "Ladder": {"floor": "uint48", "orders": "Order[]"},
    "NetStatement": {
        "batch": "uint64",
        "previousHash": "bytes32",
        "floor": "uint48",
        "assets": "uint16[]",
        "deltas": "int64[]",
    },
    "IsolatedNetStatement": {
        "batch": "uint64",
        "previousHash": "bytes32",
        "floor": "uint48",
        "market": "uint32",
        "base": "int64",
        "quote": "int64",
    },
    "SessionRevocationApproval": {"owner": "address", "key": "address", "market": "uint32", "deadline": "uint40"},
    "IsolatedWithdrawal": {
        "market": "uint32",
        "asset": "uint16",
        "amount": "uint64",
        "nonce": "uint64",
        "deadline": "uint40",
    },
    "IsolatedWithdrawalApproval": {
        "owner": "address",
        "market": "uint32",
        "asset": "uint16",
        "amount": "uint64",
        "nonce": "uint64",
        "deadline": "uint40",
    },
    "IsolatedCancelApproval": {"owner": "address", "market": "uint32", "floor": "uint48", "deadline": "uint40"},
    "Batch": {
        "number": "uint64",
        "payloadHash": "bytes32",
        "previousHash": "bytes32",
        "journalRoot": "bytes32",
        "throughSequence": "uint64",
    },
}
"""Every struct that anybody signs: its fields in order, each with its Solidity type."""

ISOLATED: Final = 0x400
"""The flag of an order that trades from its owner's isolated account of its market."""

_DOMAIN_TYPE: Final = b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"


def keccak(data: bytes) -> bytes:
    """Keccak-256, 32 bytes."""
    digest: bytes = sha3.keccak_256(data).digest()
    return digest


def referenced_types(name: str) -> list[str]:
    """The structs that a struct's fields are made of, directly or not, in the order of their names."""
    found: set[str] = set()
    for kind in TYPES[name].values():
        inner = kind.removesuffix("[]")
        if inner in TYPES:
            found |= {inner, *referenced_types(inner)}
    return sorted(found)


def encode_type(name: str) -> str:
    """The EIP-712 `encodeType` of a struct: its fields, then the structs that they are made of."""
    return "".join(
        f"{struct}({','.join(f'{kind} {field}' for field, kind in TYPES[struct].items())})"
        for struct in (name, *referenced_types(name))
    )


_Encoder = Callable[[Any], bytes]
_UNSIGNED: Final[_Encoder] = methodcaller("to_bytes", 32, "big")
_SIGNED: Final[_Encoder] = methodcaller("to_bytes", 32, "big", signed=True)
_FIXED: Final[_Encoder] = methodcaller("rjust", 32, b"\0")
_STRUCT: Final[_Encoder] = methodcaller("struct_hash")


def _encoder(kind: str) -> _Encoder:
    """The EIP-712 `encodeData` of one field, 32 bytes, by its Solidity type."""
    if kind.endswith("[]"):
        item = _encoder(kind.removesuffix("[]"))
        return lambda values: keccak(b"".join(map(item, values)))
    if kind == "string":
        return lambda text: keccak(text.encode())
    if kind in TYPES:
        return _STRUCT
    if kind in ("address", "bytes32"):
        return _FIXED
    return _SIGNED if kind.startswith("int") else _UNSIGNED


class TypedStruct(msgspec.Struct, frozen=True):
    """Base of the signed structs. Fields stand in the order of their type in `TYPES`, named in Python's way."""

    type_hash: ClassVar[bytes]
    field_encoders: ClassVar[tuple[tuple[str, _Encoder], ...]]

    def __init_subclass__(cls) -> None:
        """Derives the type hash and the encoding of the fields from the class's name."""
        super().__init_subclass__()
        cls.type_hash = keccak(encode_type(cls.__name__).encode())
        kinds = TYPES[cls.__name__].values()
        cls.field_encoders = tuple(
            (name, _encoder(kind)) for name, kind in zip(cls.__annotations__, kinds, strict=True)
        )

    def struct_hash(self) -> bytes:
        """The EIP-712 `hashStruct`.

        Raises:
            OverflowError: an integer is negative where its type is not, or does not fit 256 bits; the caller checks the
                type's own width.
        """
        words = [encode(getattr(self, name)) for name, encode in self.field_encoders]
        return keccak(self.type_hash + b"".join(words))

    def digest(self, domain_separator: bytes) -> bytes:
        """The 32 bytes that are signed for this struct in a domain."""
        return keccak(b"\x19\x01" + domain_separator + self.struct_hash())

    def message(self) -> dict[str, Any]:
        """The struct as `eth_signTypedData_v4` takes it; bytes as 0x strings."""
        values = (getattr(self, name) for name in self.__struct_fields__)
        return {field: _shown(value) for field, value in zip(TYPES[type(self).__name__], values, strict=True)}


def _shown(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_shown(item) for item in value]
    if isinstance(value, TypedStruct):
        return value.message()
    return "0x" + value.hex() if isinstance(value, bytes) else value


class Order(TypedStruct, frozen=True):
    """A limit order: price in ticks, quantity in lots, expiry in seconds since 1970.

    `flags` holds the instructions (`offchain.core.commands.OrderInstructions`) in its low ten bits, then `ISOLATED`;
    the others are reserved.
    """

    market: int
    side: int
    price: int
    quantity: int
    expiry: int
    seq: int
    lane: int
    max_fee_bps: int
    flags: int


class CancelOrder(TypedStruct, frozen=True):
    """The owner's word, off chain, to take an order out of the book."""

    client_order_id: str


class Withdrawal(TypedStruct, frozen=True):
    """The owner's consent to be paid out; amount in ledger units, deadline in seconds since 1970."""

    asset: int
    amount: int
    nonce: int
    deadline: int


class WithdrawalApproval(TypedStruct, frozen=True):
    """The engine's co-signature of a withdrawal that it has taken out of the owner's balance."""

    owner: bytes
    asset: int
    amount: int
    nonce: int
    deadline: int


class CancelApproval(TypedStruct, frozen=True):
    """The engine's co-signature of a cancel floor: it holds no order of the owner at or under it any more."""

    owner: bytes
    asset: int
    floor: int
    deadline: int


class Ladder(TypedStruct, frozen=True):
    """One consent to many orders, 1 to 255, of one owner and one market.

    They are valid once the cancel floor that counts for them on the chain is at least `floor` (0: always). A renewal of
    orders beside a `NetStatement` names that statement's floor, so that not both can be used.
    """

    floor: int
    orders: tuple[Order, ...]


class NetStatement(TypedStruct, frozen=True):
    """An account's consent to the exact outcome of one batch: ledger units by asset, instead of a proof of each order.

    Assets ascend. No order of the account with one of them as its base and a seq at or under `floor` fills any more.
    """

    batch: int
    previous_hash: bytes
    floor: int
    assets: tuple[int, ...]
    deltas: tuple[int, ...]


class IsolatedNetStatement(TypedStruct, frozen=True):
    """The same for the owner's isolated account of one market; `base` and `quote` are deltas in ledger units."""

    batch: int
    previous_hash: bytes
    floor: int
    market: int
    base: int
    quote: int


class SessionRevocationApproval(TypedStruct, frozen=True):
    """The engine's word that it holds no order that this session key signed, so that it may end at once."""

    owner: bytes
    key: bytes
    market: int
    deadline: int


class IsolatedWithdrawal(TypedStruct, frozen=True):
    """`Withdrawal` from the owner's isolated account of a market."""

    market: int
    asset: int
    amount: int
    nonce: int
    deadline: int


class IsolatedWithdrawalApproval(TypedStruct, frozen=True):
    """The engine's co-signature of an `IsolatedWithdrawal`."""

    owner: bytes
    market: int
    asset: int
    amount: int
    nonce: int
    deadline: int


class IsolatedCancelApproval(TypedStruct, frozen=True):
    """`CancelApproval` for the owner's isolated account of a market."""

    owner: bytes
    market: int
    floor: int
    deadline: int


class Batch(TypedStruct, frozen=True):
    """What the engine signs for a settlement batch.

    `through_sequence` is the last command all of whose fills are settled by this batch or an earlier one.
    """

    number: int
    payload_hash: bytes
    previous_hash: bytes
    journal_root: bytes
    through_sequence: int


def domain_separator(chain_id: int, contract: bytes) -> bytes:
    """The EIP-712 domain separator of `Settlement` at a 20-byte address on a chain."""
    return keccak(
        keccak(_DOMAIN_TYPE)
        + keccak(DOMAIN_NAME.encode())
        + keccak(DOMAIN_VERSION.encode())
        + chain_id.to_bytes(32, "big")
        + contract.rjust(32, b"\0")
    )


def typed_data(struct: TypedStruct, chain_id: int, contract: bytes) -> dict[str, object]:
    """The whole `eth_signTypedData_v4` document of a struct."""
    name = type(struct).__name__
    return {
        "types": {
            "EIP712Domain": [
                {"name": "name", "type": "string"},
                {"name": "version", "type": "string"},
                {"name": "chainId", "type": "uint256"},
                {"name": "verifyingContract", "type": "address"},
            ],
            **{
                struct: [{"name": field, "type": kind} for field, kind in TYPES[struct].items()]
                for struct in (name, *referenced_types(name))
            },
        },
        "primaryType": name,
        "domain": {
            "name": DOMAIN_NAME,
            "version": DOMAIN_VERSION,
            "chainId": chain_id,
            "verifyingContract": "0x" + contract.hex(),
        },
        "message": struct.message(),
    }

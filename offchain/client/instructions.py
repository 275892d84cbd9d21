"""How an order is to be treated: by name on the wire, as `flags` in what is signed. One definition for both ends.

`frontend/src/wallet/instructions.ts` is the page's copy; a test keeps the two equal.
"""

from collections.abc import Iterator
from enum import IntEnum
from typing import Annotated, Final, Literal

from msgspec import Meta

from offchain.chain.typed_data import ISOLATED
from offchain.core.commands import OrderInstructions, OrderType, PostOnly, SelfTradePrevention, TimeInForce
from offchain.core.errors import InvalidRequest, UnsupportedOrder

OrderTypeText = Literal["LIMIT", "MARKET", "STOP_LIMIT", "STOP_MARKET"]
TimeInForceText = Literal["GTC", "GTD", "IOC", "FOK", "FOK_BUDGET"]
PostOnlyText = Literal["NO", "REJECT", "SLIDE"]
SelfTradePreventionText = Literal["NONE", "CANCEL_RESTING", "CANCEL_INCOMING", "CANCEL_BOTH", "DECREMENT_AND_CANCEL"]
SignedFlags = Annotated[
    int, Meta(ge=0, le=2**16 - 1, description="The signed flags; they must say what the names say.")
]

_AT_ONCE: Final = frozenset(("MARKET", "STOP_MARKET"))
_TYPES: Final = {kind.name: kind for kind in OrderType}
# Every signed order is good till a date, its expiry: the name is taken for those who look for it.
_TIMES_IN_FORCE: Final = {kind.name: kind for kind in TimeInForce} | {"GTD": TimeInForce.GTC}
_POST_ONLY: Final = {kind.name: kind for kind in PostOnly}
_PREVENTIONS: Final = {kind.name: kind for kind in SelfTradePrevention}
_ENUMERATIONS: Final[dict[str, type[IntEnum]]] = {
    "timeInForce": TimeInForce,
    "type": OrderType,
    "postOnly": PostOnly,
    "selfTradePrevention": SelfTradePrevention,
}
"""Each field's name on the wire, in the order of `OrderInstructions`."""


def instructions_named(
    order_type: OrderTypeText = "LIMIT",
    time_in_force: TimeInForceText | None = None,
    post_only: PostOnlyText = "NO",
    self_trade_prevention: SelfTradePreventionText = "NONE",
) -> OrderInstructions:
    """The instructions of these names. Without a time in force: IOC for what has no limit of its own, else GTC."""
    if time_in_force is None:
        time_in_force = "IOC" if order_type in _AT_ONCE else "GTC"
    return OrderInstructions(
        _TIMES_IN_FORCE[time_in_force],
        _TYPES[order_type],
        _POST_ONLY[post_only],
        _PREVENTIONS[self_trade_prevention],
    )


def check_flags(named: OrderInstructions, flags: int) -> None:
    """Compare what the fields say with the flags that were sent beside them.

    Raises:
        InvalidRequest: they differ; it names the fields.
        UnsupportedOrder: they are those of an order from an isolated account.
    """
    if flags == named.flags:
        return
    if flags & ISOLATED:
        raise UnsupportedOrder(
            f"The flags {flags} have 0x{ISOLATED:x}, an order from an isolated account; the exchange takes none yet.",
            f"Sign flags {named.flags} to trade from the unified account; what an isolated one has leaves by its exit.",
        )
    raise InvalidRequest(
        f"The flags {flags} do not say what the fields say: {difference(named, flags)}.",
        f"Sign flags {named.flags}, or correct the fields.",
    )


def difference(named: OrderInstructions, flags: int) -> str:
    """In which fields some flags differ from the named instructions."""
    signed = OrderInstructions.of(flags)
    parts = [
        f"{field} is {_name(field, said)} and the flags say {_name(field, other)}"
        for field, said, other in zip(_ENUMERATIONS, named, signed, strict=True)
        if said != other
    ]
    return ", ".join(parts) or f"they have bits above the ninth ({flags - signed.flags})"


def slips(flags: int) -> Iterator[tuple[str, int]]:
    """The flags that people sign by mistake for these: one instruction other than meant, or none at all."""
    meant = OrderInstructions.of(flags)
    for name, (field, known) in zip(OrderInstructions._fields, _ENUMERATIONS.items(), strict=True):
        for other in known:
            changed = meant._replace(**{name: other}).flags
            if changed != flags:
                yield f"{field} {other.name}", changed
    if flags:
        yield "flags 0", 0
    yield f"flag 0x{ISOLATED:x}, for an isolated account, from which the exchange takes no orders", flags | ISOLATED


def _name(field: str, value: int) -> str:
    known = _ENUMERATIONS[field]
    return known(value).name if value in known.__members__.values() else str(value)

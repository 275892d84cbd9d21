"""What the bodies of the token economy share: as of which block they tell, and tokens."""

from typing import Annotated

from pydantic import Field

from offchain.api.bodies.base import Address, ApiModel, TimestampMs

Hex = Annotated[str, Field(pattern=r"^0x[0-9a-f]*$", description="Bytes in hexadecimal.")]
DollarText = Annotated[str, Field(description="An exact decimal number of dollars.", examples=["1250.5"])]
QtraText = Annotated[str, Field(description="An exact decimal number of QTRA.", examples=["30000.25"])]
TokenText = Annotated[
    str, Field(description="An exact decimal number of tokens; of a token whose decimals are not known, base units.")
]


class AsOf(ApiModel):
    """The newest block that is stored. What came after `finalBlock` is pending: a reorg can still undo it."""

    block: int
    final_block: int
    timestamp_ms: TimestampMs


class TokenBody(ApiModel):
    """A token. Symbol and decimals are null where the exchange does not list it."""

    address: Address
    symbol: str | None
    decimals: int | None

"""What all models share: camelCase on the wire, nothing unknown taken."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Address = Annotated[
    str,
    Field(
        pattern=r"^0x[0-9a-fA-F]{40}$",
        description="A wallet's or contract's address.",
        examples=["0x70997970C51812dc3A010C7d01b50e0d17dc79C8"],
    ),
]
DecimalText = Annotated[str, Field(description="An exact decimal number.", examples=["60000.1"])]
TimestampMs = Annotated[int, Field(description="Milliseconds since 1970, UTC.", examples=[1_700_000_000_000])]
DeadlineS = Annotated[
    int, Field(description="Seconds since 1970, UTC, as it is signed for the contract.", examples=[1_800_000_000])
]
Bps = Annotated[int, Field(description="Basis points: hundredths of a percent.", examples=[25])]
RatePpm = Annotated[
    int, Field(description="Parts per million of the notional; below 0 it is paid out.", examples=[1_500])
]
DiscountPpm = Annotated[int, Field(description="Parts per million that come off the rate.", examples=[800_000])]
NextBefore = Annotated[int | None, Field(description="`before` of the next page; null on the last one.")]


class ApiModel(BaseModel):
    """Base of all bodies."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True)

"""Status, time and the market document."""

from enum import StrEnum

from pydantic import Field

from offchain.api.bodies.base import Address, ApiModel, DecimalText, RatePpm, TimestampMs
from offchain.api.bodies.trading import OrderTypeName, PostOnlyName, SelfTradePreventionName, TimeInForceName


class Health(StrEnum):
    """How a part does."""

    OK = "OK"
    DEGRADED = "DEGRADED"
    DOWN = "DOWN"


class ComponentStatus(ApiModel):
    """One part of the exchange: the engine, the sequencer, projections, indexer, settlement, node."""

    name: str = Field(examples=["settlement"])
    health: Health
    detail: str = Field(description="One line for people.", examples=["batch 41 is waiting for the node"])
    figures: dict[str, int | str | bool] = Field(
        default_factory=dict, description="Figures of this part by name.", examples=[{"lastBatch": 41}]
    )


class StatusBody(ApiModel):
    """`status` is the worst of the components'."""

    status: Health
    version: str = Field(examples=["0.1.0"])
    server_time_ms: TimestampMs
    last_sequence: int = Field(description="Sequence of the last durable command.")
    engine_compiled: bool
    trading_halted: str | None = Field(description="Why no command is taken, or null.")
    components: list[ComponentStatus]


class TimeBody(ApiModel):
    """The server's clock."""

    server_time_ms: TimestampMs


class AssetBody(ApiModel):
    """A listed token. Amounts inside the exchange are whole ledger units of `unitScale` base units each."""

    asset_id: int
    symbol: str = Field(examples=["USDC"])
    token: Address
    token_decimals: int = Field(examples=[6])
    unit_scale: str = Field(description="Base units of the token in one ledger unit.", examples=["1"])
    decimals: int = Field(description="Decimals of an amount in ledger units.", examples=[6])


class MarketStatus(StrEnum):
    """What a market takes."""

    TRADING = "TRADING"
    HALT = "HALT"
    """No order and no amendment."""
    CANCEL_ONLY = "CANCEL_ONLY"
    """Cancels, and amendments that reduce."""
    POST_ONLY = "POST_ONLY"
    """No order that could match at once."""


class CircuitBreakerBody(ApiModel):
    """A move of the price by more than `movePpm` within `windowMs` halts the market."""

    move_ppm: int = Field(description="Parts per million of the price.", examples=[100_000])
    window_ms: int = Field(examples=[300_000])


class MarketBody(ApiModel):
    """A market and its limits. Signed prices are in ticks of `tickSize`, signed quantities in lots of `lotSize`."""

    market_id: int
    symbol: str = Field(examples=["BTC-USDC"])
    status: MarketStatus
    killed: bool = Field(description="A kill switch is on: only cancels are taken.")
    base_asset: str = Field(examples=["BTC"])
    quote_asset: str = Field(examples=["USDC"])
    tick_size: DecimalText
    lot_size: DecimalText
    max_price: DecimalText
    min_quantity: DecimalText
    max_quantity: DecimalText
    min_notional: DecimalText
    max_notional: DecimalText | None
    last_price: DecimalText | None = Field(description="The last trade's, or an operator's reference.")
    price_band_ppm: int = Field(description="A limit may be so far from the last price; 0: any.", examples=[100_000])
    fat_finger_ppm: int = Field(description="A limit may be so far past the last price; 0: any.", examples=[50_000])
    circuit_breaker: CircuitBreakerBody | None
    base_units_per_lot: str
    quote_units_per_tick_lot: str
    quote_units_per_volume_unit: str = Field(
        description="So many count as a millionth of a dollar of volume, rounded down a fill; 0: none does."
    )
    max_price_ticks: str
    min_quantity_lots: str
    max_quantity_lots: str
    min_notional_units: str
    order_types: list[OrderTypeName]
    time_in_force: list[TimeInForceName]
    post_only: list[PostOnlyName]
    self_trade_prevention: list[SelfTradePreventionName]


class TypedField(ApiModel):
    """A field of a signed struct."""

    name: str
    type: str


class TypedDomain(ApiModel):
    """The EIP-712 domain of everything that is signed for this exchange."""

    name: str = Field(examples=["QuantaTrade"])
    version: str = Field(examples=["1"])
    chain_id: int
    verifying_contract: Address


class TypedDataBody(ApiModel):
    """The EIP-712 domain and types, ready for `eth_signTypedData_v4`."""

    domain: TypedDomain
    types: dict[str, list[TypedField]]


class FeesBody(ApiModel):
    """Fee rates in parts per million of the notional, taken in the quote asset; a negative rate is a rebate."""

    maker_ppm: RatePpm
    taker_ppm: RatePpm


class FeeTierBody(ApiModel):
    """A tier's rates, and the 30-day volume (millionths of a dollar) from which on it applies."""

    tier: int
    volume_units: str
    fees: FeesBody


class RateLimitBody(ApiModel):
    """A budget that refills steadily and holds at most `burst`."""

    name: str = Field(examples=["ordersPerAccount"])
    per_second: int
    burst: int


class ExchangeInfo(ApiModel):
    """Everything that a client needs to know before it trades."""

    server_time_ms: TimestampMs
    chain_id: int
    network: str
    node_url: str | None = Field(description="A node that wallets may use: our own on a local chain, else null.")
    contracts: dict[str, str] = Field(description="Contract addresses by name.")
    confirmations: int = Field(description="Blocks on top of a block that make it final here.")
    order_min_lifetime_s: int = Field(description="An order must outlive its arrival by this many seconds.")
    max_fee_bps: int = Field(description="The highest fee cap that an order may sign, in basis points.")
    default_fees: FeesBody = Field(description="Of tier 1, in which every account begins.")
    fee_tiers: list[FeeTierBody]
    typed_data: TypedDataBody
    assets: list[AssetBody]
    markets: list[MarketBody]
    rate_limits: list[RateLimitBody]

"""The sale of QTRA: rounds, a wallet's part in them, and its vouchers."""

from pydantic import Field

from offchain.api.bodies.base import Address, ApiModel, Bps, DeadlineS, TimestampMs
from offchain.api.bodies.chain import AsOf, DollarText, Hex, QtraText, TokenBody
from offchain.presale.terms import RoundState


class SalePaymentBody(ApiModel):
    """A token that the sale takes; `payment` is its number in purchases."""

    payment: int
    token: TokenBody


class SaleShareBody(ApiModel):
    """A treasury's share of the proceeds."""

    treasury: Address
    bps: Bps


class RaisedInPayment(ApiModel):
    """What was paid in one token."""

    payment: int
    raised: DollarText


class SaleRoundBody(ApiModel):
    """A round: its terms, and how it stands."""

    round: int
    state: RoundState
    price: DollarText = Field(description="Of one QTRA.")
    start_ms: TimestampMs
    end_ms: TimestampMs
    tokens: QtraText = Field(description="For sale in the round.")
    hard_cap: DollarText
    soft_cap: DollarText = Field(description="Below it the round fails and everybody can take back what they paid.")
    min_purchase: DollarText
    wallet_cap: DollarText
    referral_bps: Bps
    unsold: str = Field(description="What is done with what is left.", examples=["BURN", "TREASURY"])
    needs_voucher: bool
    raised: DollarText
    raised_pending: DollarText = Field(description="What of `raised` is not final yet.")
    raised_by_payment: list[RaisedInPayment]
    sold: QtraText
    finalised: bool
    unsold_tokens: QtraText | None = Field(description="What was left when the round was finalised.")


class SaleBody(ApiModel):
    """The sale. `asOf` is null, and there are no rounds, where nothing is configured."""

    as_of: AsOf | None
    contract: Address | None
    wallet_cap: DollarText | None = Field(description="What one wallet may pay in all rounds that do not fail.")
    tokens: QtraText | None = Field(description="For sale in all rounds.")
    voucher_signer: Address | None
    payments: list[SalePaymentBody]
    shares: list[SaleShareBody]
    rounds: list[SaleRoundBody]


class WalletRoundBody(ApiModel):
    """A wallet in a round."""

    round: int
    paid: DollarText = Field(description="And not paid back.")
    paid_pending: DollarText = Field(description="What of its purchases is not final yet.")
    allocation: QtraText
    remaining: DollarText = Field(description="What it may still pay by the caps. A voucher can allow less.")
    refundable: DollarText = Field(description="What `refund` would pay back now.")
    refunded: DollarText
    referral: DollarText = Field(description="Earned as referrer, paid or not.")
    referral_claimable: DollarText


class PurchaseBody(ApiModel):
    """A purchase; `allocation` is the wallet's in the round after it."""

    round: int
    payment: int
    paid: DollarText
    allocation: QtraText
    referrer: Address | None
    transaction_hash: Hex
    timestamp_ms: TimestampMs
    final: bool


class WalletSaleBody(ApiModel):
    """A wallet in the sale."""

    as_of: AsOf | None
    address: Address
    rounds: list[WalletRoundBody]
    purchases: list[PurchaseBody] = Field(description="The newest 100, newest first; the rounds count them all.")


class VoucherBody(ApiModel):
    """A voucher, as `buy` takes it: `cap` is micros, `deadline` seconds since 1970."""

    round: int
    cap: str = Field(pattern=r"^[0-9]+$", description="Millionths of a dollar.")
    deadline: DeadlineS
    nonce: str = Field(pattern=r"^[0-9]+$")
    signature: Hex
    revoked: bool


class VouchersBody(ApiModel):
    """The vouchers of the signed-in wallet, by round."""

    vouchers: list[VoucherBody]

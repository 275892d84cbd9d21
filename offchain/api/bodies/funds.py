"""The account, its balances, deposits and withdrawals."""

from enum import StrEnum

from pydantic import Field

from offchain.api.bodies.base import Address, ApiModel, DeadlineS, DecimalText, DiscountPpm, NextBefore, TimestampMs
from offchain.api.bodies.system import FeesBody


class AccountLimitsBody(ApiModel):
    """What the account may do; null: any number. Messages are orders, replacements and amendments."""

    open_orders: int | None
    messages: int | None = Field(description="Within `windowCommands` commands of the whole exchange.")
    window_commands: int | None


class FeeTierOfAccount(ApiModel):
    """How the account comes by its rates. Its tier follows its volume once a day."""

    tier: int
    own_rates: bool = Field(description="An operator set the rates, whatever the tier.")
    volume_units: str = Field(description="Of the 30 days before the last count, in millionths of a dollar.")
    maker_discount_ppm: DiscountPpm
    taker_discount_ppm: DiscountPpm


class PositionCapBody(ApiModel):
    """The most that buys may bring the balance to."""

    asset: str
    cap: DecimalText


class AccountBody(ApiModel):
    """The signed-in wallet. `accountId` is null until its first final deposit. `fees` are the rates in force."""

    owner: Address
    account_id: int | None
    fees: FeesBody
    fee_tier: FeeTierOfAccount
    limits: AccountLimitsBody
    position_caps: list[PositionCapBody]
    killed: bool = Field(description="A kill switch is on: only cancels and withdrawals are taken.")


class BalanceBody(ApiModel):
    """`total` is `available` plus `reserved` (for open orders)."""

    asset: str
    total: DecimalText
    available: DecimalText
    reserved: DecimalText
    pending_withdrawal: DecimalText = Field(description="Taken out of the balance and not yet paid on chain.")


class BalancesBody(ApiModel):
    """One row for each listed asset. `sequence` is that of the last command that the figures contain."""

    sequence: int
    balances: list[BalanceBody]
    pending_deposits: list["DepositBody"] = Field(description="On chain and not final yet: not in the balances.")


class DepositState(StrEnum):
    """A deposit is pending until its block is final, and then in the balance, or refused by the engine."""

    PENDING = "PENDING"
    CREDITED = "CREDITED"
    REFUSED = "REFUSED"


class DepositBody(ApiModel):
    """A deposit into `Settlement`."""

    asset: str
    amount: DecimalText
    state: DepositState
    transaction_hash: str
    block_number: int
    confirmations: int
    confirmations_required: int
    credited_sequence: int | None
    credited_at_ms: TimestampMs | None


class DepositsBody(ApiModel):
    """Deposits, the pending ones first, then newest first."""

    deposits: list[DepositBody]
    next_before: NextBefore


class WithdrawalState(StrEnum):
    """How far a withdrawal is: waiting for the settlement of earlier fills, co-signed, sent, paid.

    One that was not used before its deadline has lapsed, and its funds come back (reverted).
    """

    REQUESTED = "REQUESTED"
    APPROVED = "APPROVED"
    SENT = "SENT"
    PAID = "PAID"
    LAPSED = "LAPSED"
    REVERTED = "REVERTED"


class WithdrawalRequest(ApiModel):
    """The owner signs `Withdrawal(asset, amount, nonce, deadline)`: amount in ledger units, deadline in seconds."""

    asset: str = Field(examples=["USDC"])
    amount: DecimalText
    nonce: str = Field(pattern=r"^[0-9]{1,20}$", description="A number that the wallet has not used before.")
    deadline: int = Field(ge=0, lt=2**40, description="Seconds since 1970; after it the contract pays nothing.")
    owner: Address
    signature: str = Field(pattern=r"^0x[0-9a-fA-F]{130}$")


class WithdrawalApprovalBody(ApiModel):
    """With these the owner can call `Settlement.withdraw` without us."""

    contract: Address
    owner: Address
    asset_id: int
    amount_units: str
    nonce: str
    deadline: DeadlineS
    owner_signature: str
    approval_signature: str


class WithdrawalBody(ApiModel):
    """A withdrawal. `withdrawalId` is the sequence of its command."""

    withdrawal_id: int
    asset: str
    amount: DecimalText
    nonce: str
    deadline: DeadlineS
    state: WithdrawalState
    transaction_hash: str | None
    approval: WithdrawalApprovalBody | None
    requested_at_ms: TimestampMs


class WithdrawalsBody(ApiModel):
    """Withdrawals, newest first."""

    withdrawals: list[WithdrawalBody]
    next_before: NextBefore


class WithdrawalAccepted(ApiModel):
    """The funds have left the available balance; the withdrawal is on its way."""

    withdrawal_id: int
    asset: str
    amount: DecimalText
    sequence: int
    timestamp_ms: TimestampMs
    repeated: bool

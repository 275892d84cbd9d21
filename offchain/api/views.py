"""From the exchange's integers to what the API says: ticks, lots and units as exact decimals, times in milliseconds."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from indexer.store.reading import PendingDeposit
from offchain.api.bodies.funds import (
    BalanceBody,
    DepositBody,
    DepositState,
    WithdrawalApprovalBody,
    WithdrawalBody,
    WithdrawalState,
)
from offchain.api.bodies.system import AssetBody, CircuitBreakerBody, MarketBody, MarketStatus
from offchain.api.bodies.trading import (
    FillBody,
    FillState,
    LiquidityRole,
    OrderBody,
    OrderTypeName,
    PostOnlyName,
    PreventedMatchBody,
    SelfTradePreventionName,
    SideName,
    TimeInForceName,
)
from offchain.core.balance_moves import Balance
from offchain.core.commands import (
    CancelReason,
    OrderType,
    PostOnly,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
from offchain.core.events import RejectReason
from offchain.core.money import Asset, Market
from offchain.core.order_life import AccountFill, Order, OrderStatus
from offchain.core.prevention import PreventedMatch
from offchain.ledger.models import DepositStatus
from offchain.ledger.service import Deposit, Withdrawal
from offchain.marketdata.book import Level
from offchain.settlement.models import SettlementWithdrawal, WithdrawalStatus


class MarketState(NamedTuple):
    """What a market takes now, and its last price (0: none yet)."""

    status: MarketStatus
    killed: bool
    last_ticks: int


def hex_text(data: bytes) -> str:
    """Bytes as a 0x string."""
    return "0x" + data.hex()


def milliseconds(moment_us: int) -> int:
    """Microseconds as whole milliseconds."""
    return moment_us // 1_000


def side_name(side: int) -> SideName:
    """BUY or SELL."""
    return SideName(Side(side).name)


def level_texts(market: Market, levels: Iterable[Level]) -> list[tuple[str, str]]:
    """Price and quantity of each level."""
    return [(market.price_text(level.price_ticks), market.quantity_text(level.quantity_lots)) for level in levels]


def order_body(order: Order, market: Market) -> OrderBody:
    """An order as its owner reads it."""
    return OrderBody(
        order_id=order.order_id,
        client_order_id=order.client_order_id,
        market=market.symbol,
        side=side_name(order.side),
        type=OrderTypeName(OrderType(order.order_type).name),
        time_in_force=TimeInForceName(TimeInForce(order.time_in_force).name),
        post_only=PostOnlyName(PostOnly(order.post_only).name),
        self_trade_prevention=SelfTradePreventionName(SelfTradePrevention(order.self_trade_prevention).name),
        price=market.price_text(order.signed_price_ticks),
        limit_price=market.price_text(order.price_ticks),
        stop_price=market.price_text(order.trigger_price_ticks) if order.trigger_price_ticks else None,
        armed=order.is_armed,
        budget=market.quote.to_decimal(order.budget_units) if order.budget_units else None,
        quantity=market.quantity_text(order.signed_quantity_lots),
        remaining_quantity=market.quantity_text(order.remaining_lots),
        filled_quantity=market.quantity_text(order.filled_lots),
        prevented_quantity=market.quantity_text(order.prevented_lots),
        filled_notional=market.quote.to_decimal(order.notional_units),
        fee=market.quote.to_decimal(order.fee_units),
        status=order.status,
        cancel_reason=_reason_name(order),
        replaces_order_id=order.replaces,
        replaced_by_order_id=order.replaced_by,
        seq=order.seq,
        lane=order.lane,
        expiry=order.expiry_s,
        max_fee_bps=order.max_fee_bps,
        created_at_ms=milliseconds(order.created_us),
        updated_at_ms=milliseconds(order.updated_us),
        updated_sequence=order.updated_sequence,
    )


def prevented_match_body(match: PreventedMatch, market: Market) -> PreventedMatchBody:
    """A match that self-trade prevention kept from happening."""
    return PreventedMatchBody(
        prevented_match_id=match.prevented_id,
        market=market.symbol,
        order_id=match.order_id,
        resting_order_id=match.resting_order_id,
        side=side_name(match.side),
        price=market.price_text(match.price_ticks),
        quantity=market.quantity_text(match.quantity_lots),
        self_trade_prevention=SelfTradePreventionName(SelfTradePrevention(match.mode).name),
        timestamp_ms=milliseconds(match.created_us),
    )


def _reason_name(order: Order) -> str | None:
    if not order.reason:
        return None
    return (RejectReason if order.status == OrderStatus.REJECTED else CancelReason)(order.reason).name


def fill_body(fill: AccountFill, market: Market) -> FillBody:
    """The account's side of a fill."""
    return FillBody(
        fill_id=fill.fill_id,
        order_id=fill.order_id,
        market=market.symbol,
        side=side_name(fill.side),
        role=LiquidityRole.MAKER if fill.is_maker else LiquidityRole.TAKER,
        price=market.price_text(fill.price_ticks),
        quantity=market.quantity_text(fill.quantity_lots),
        notional=market.quote.to_decimal(fill.notional_units),
        fee=market.quote.to_decimal(fill.fee_units),
        fee_asset=market.quote.symbol,
        settlement=_fill_state(fill),
        settled_batch=fill.batch_number,
        timestamp_ms=milliseconds(fill.created_us),
    )


def _fill_state(fill: AccountFill) -> FillState:
    if fill.unwound_reason is not None:
        return FillState.UNWOUND
    return FillState.PENDING if fill.batch_number is None else FillState.SETTLED


def balance_body(balance: Balance, asset: Asset) -> BalanceBody:
    """What an account holds of an asset."""
    return BalanceBody(
        asset=asset.symbol,
        total=asset.to_decimal(balance.total_units),
        available=asset.to_decimal(balance.available_units),
        reserved=asset.to_decimal(balance.reserved_units),
        pending_withdrawal=asset.to_decimal(balance.withdrawing_units),
    )


def deposit_body(deposit: Deposit, asset: Asset, confirmations: int) -> DepositBody:
    """A final deposit, which has the required confirmations."""
    credited = deposit.status == DepositStatus.CREDITED
    return DepositBody(
        asset=asset.symbol,
        amount=asset.to_decimal(deposit.amount_units),
        state=DepositState(deposit.status),
        transaction_hash=hex_text(deposit.transaction_hash),
        block_number=deposit.block_number,
        confirmations=confirmations,
        confirmations_required=confirmations,
        credited_sequence=deposit.sequence if credited else None,
        credited_at_ms=milliseconds(deposit.created_us) if credited else None,
    )


def pending_deposit_body(deposit: PendingDeposit, asset: Asset) -> DepositBody:
    """A deposit that is on chain and not credited yet."""
    return DepositBody(
        asset=asset.symbol,
        amount=asset.to_decimal(deposit.amount_units),
        state=DepositState.PENDING,
        transaction_hash=hex_text(deposit.transaction_hash),
        block_number=deposit.block_number,
        confirmations=deposit.confirmations,
        confirmations_required=deposit.required,
        credited_sequence=None,
        credited_at_ms=None,
    )


def withdrawal_body(
    withdrawal: Withdrawal, asset: Asset, sent: SettlementWithdrawal | None, contract: bytes
) -> WithdrawalBody:
    """A withdrawal as the ledger has it, with what settlement knows of its way to the chain."""
    state = WithdrawalState(withdrawal.status)
    if state == WithdrawalState.REQUESTED and sent is not None:
        state = _ON_THE_WAY.get(sent.status, state)
    paid_by = withdrawal.transaction_hash or (sent.tx_hash if sent is not None else None)
    return WithdrawalBody(
        withdrawal_id=withdrawal.sequence,
        asset=asset.symbol,
        amount=asset.to_decimal(withdrawal.amount_units),
        nonce=str(withdrawal.nonce),
        deadline=withdrawal.deadline_s,
        state=state,
        transaction_hash=hex_text(paid_by) if paid_by else None,
        approval=_approval(sent, contract) if sent is not None else None,
        requested_at_ms=milliseconds(withdrawal.created_us),
    )


_ON_THE_WAY: Final[dict[str, WithdrawalState]] = {
    WithdrawalStatus.APPROVED: WithdrawalState.APPROVED,
    WithdrawalStatus.SENT: WithdrawalState.SENT,
    WithdrawalStatus.LAPSED: WithdrawalState.LAPSED,
}


def _approval(row: SettlementWithdrawal, contract: bytes) -> WithdrawalApprovalBody | None:
    if row.approval_signature is None:
        return None
    return WithdrawalApprovalBody(
        contract=hex_text(contract),
        owner=hex_text(row.owner),
        asset_id=row.asset,
        amount_units=str(row.amount_units),
        nonce=str(row.withdrawal_nonce),
        deadline=row.deadline_s,
        owner_signature=hex_text(row.owner_signature),
        approval_signature=hex_text(row.approval_signature),
    )


def asset_body(asset: Asset) -> AssetBody:
    """A listed token."""
    return AssetBody(
        asset_id=asset.asset_id,
        symbol=asset.symbol,
        token=hex_text(asset.token),
        token_decimals=asset.token_decimals,
        unit_scale=str(asset.unit_scale),
        decimals=len(str(asset.units_per_token)) - 1,
    )


def market_body(market: Market, state: MarketState) -> MarketBody:
    """A market with its limits."""
    return MarketBody(
        market_id=market.market_id,
        symbol=market.symbol,
        status=state.status,
        killed=state.killed,
        base_asset=market.base.symbol,
        quote_asset=market.quote.symbol,
        tick_size=market.price_text(1),
        lot_size=market.quantity_text(1),
        max_price=market.price_text(market.max_price_ticks),
        min_quantity=market.quantity_text(market.min_quantity_lots),
        max_quantity=market.quantity_text(market.max_quantity_lots),
        min_notional=market.quote.to_decimal(market.min_notional_units),
        max_notional=market.quote.to_decimal(market.max_notional_units) if market.max_notional_units else None,
        last_price=market.price_text(state.last_ticks) if state.last_ticks else None,
        price_band_ppm=market.band_ppm,
        fat_finger_ppm=market.fat_finger_ppm,
        circuit_breaker=CircuitBreakerBody(
            move_ppm=market.breaker_ppm, window_ms=milliseconds(market.breaker_window_us)
        )
        if market.breaker_ppm
        else None,
        base_units_per_lot=str(market.base_units_per_lot),
        quote_units_per_tick_lot=str(market.quote_units_per_tick_lot),
        quote_units_per_volume_unit=str(market.quote_units_per_volume_unit),
        max_price_ticks=str(market.max_price_ticks),
        min_quantity_lots=str(market.min_quantity_lots),
        max_quantity_lots=str(market.max_quantity_lots),
        min_notional_units=str(market.min_notional_units),
        order_types=list(OrderTypeName),
        time_in_force=list(TimeInForceName),
        post_only=list(PostOnlyName),
        self_trade_prevention=list(SelfTradePreventionName),
    )

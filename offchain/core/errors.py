"""The one exception tree. Each error carries a stable code, a symbolic name and what to do next.

Codes never change their meaning: 1xxx the request, 2xxx orders, 3xxx funds, 4xxx who is asking, 5xxx the service,
6xxx the chain, 7xxx the journal.
"""

from typing import ClassVar


class QuantaTradeError(Exception):
    """Base of everything this project raises on purpose.

    Args:
        message: what went wrong, with the figures that matter.
        next_step: what the reader should do about it.
    """

    code: ClassVar[int] = 5000
    name: ClassVar[str] = "INTERNAL"

    def __init__(self, message: str, next_step: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step

    def __str__(self) -> str:
        return f"{self.name} ({self.code}): {self.message}" + (f" {self.next_step}" if self.next_step else "")


class InvalidRequest(QuantaTradeError):
    """The request cannot be understood or can never succeed as it is."""

    code, name = 1000, "INVALID_REQUEST"


class RequestTooLarge(InvalidRequest):
    """The body is larger than the route takes."""

    code, name = 1001, "REQUEST_TOO_LARGE"


class UnknownMarket(InvalidRequest):
    """No such market is listed."""

    code, name = 1002, "UNKNOWN_MARKET"


class UnknownAsset(InvalidRequest):
    """No such asset is listed."""

    code, name = 1003, "UNKNOWN_ASSET"


class BadLimit(InvalidRequest):
    """What an operator sets for a market or an account is out of its range."""

    code, name = 1004, "BAD_LIMIT"


class BadFeeTier(InvalidRequest):
    """No fee tier can be as it is described."""

    code, name = 1005, "BAD_FEE_TIER"


class NotFound(QuantaTradeError):
    """What the request names does not exist, or not for this account."""

    code, name = 1404, "NOT_FOUND"


class OrderError(QuantaTradeError):
    """The order was refused; nothing was journaled and nothing changed."""

    code, name = 2000, "ORDER_REFUSED"


class BadPrice(OrderError):
    """The price is not a positive whole number of ticks within the market's limits."""

    code, name = 2001, "BAD_PRICE"


class BadQuantity(OrderError):
    """The quantity is not a positive whole number of lots within the market's limits."""

    code, name = 2002, "BAD_QUANTITY"


class NotionalTooSmall(OrderError):
    """Price times quantity is under the market's minimum."""

    code, name = 2003, "NOTIONAL_TOO_SMALL"


class OrderExpired(OrderError):
    """The order expires too soon to match and settle."""

    code, name = 2004, "ORDER_EXPIRED"


class FeeCapTooLow(OrderError):
    """The account's fee rate is above the cap that the order signs."""

    code, name = 2005, "FEE_CAP_TOO_LOW"


class ClientOrderIdReused(OrderError):
    """The client order id already names an order with other content."""

    code, name = 2006, "CLIENT_ORDER_ID_REUSED"


class LaneBusy(OrderError):
    """A live order of the account occupies the lane."""

    code, name = 2007, "LANE_BUSY"


class SeqTooLow(OrderError):
    """The lane has seen this seq or a higher one, or it is at or under the cancel floor."""

    code, name = 2008, "SEQ_TOO_LOW"


class UnsupportedOrder(OrderError):
    """The order asks for a type or flag that the market does not take."""

    code, name = 2009, "UNSUPPORTED_ORDER"


class OrderNotOpen(OrderError):
    """The order exists and is no longer in the book."""

    code, name = 2010, "ORDER_NOT_OPEN"


class BadTrigger(OrderError):
    """The trigger price is not one within the market's limits, or the order is no stop."""

    code, name = 2011, "BAD_TRIGGER"


class BadBudget(OrderError):
    """The budget is not a positive amount, or the order is not one that has a budget."""

    code, name = 2012, "BAD_BUDGET"


class BadReplacement(OrderError):
    """The order to be replaced is of another market or side."""

    code, name = 2013, "BAD_REPLACEMENT"


class WouldCross(OrderError):
    """A post-only order would match at once."""

    code, name = 2014, "WOULD_CROSS"


class WouldTrigger(OrderError):
    """The market is at or past the stop's trigger price already."""

    code, name = 2015, "WOULD_TRIGGER"


class WouldSelfTrade(OrderError):
    """A replacement would meet an order of its own account before it is filled."""

    code, name = 2016, "WOULD_SELF_TRADE"


class MarketClosed(OrderError):
    """The market's status does not allow it now."""

    code, name = 2017, "MARKET_CLOSED"


class TradingKilled(OrderError):
    """A kill switch is on for the exchange, the market or the account."""

    code, name = 2018, "TRADING_KILLED"


class PriceOutsideBand(OrderError):
    """The price is further from the last one than the market's band allows."""

    code, name = 2019, "PRICE_OUTSIDE_BAND"


class PriceTooFar(OrderError):
    """The price is so far past the last one that it looks like a slip."""

    code, name = 2020, "PRICE_TOO_FAR"


class NotionalTooLarge(OrderError):
    """Price times quantity is over the market's maximum."""

    code, name = 2021, "NOTIONAL_TOO_LARGE"


class TooManyOrders(OrderError):
    """The account has as many open orders as it may have."""

    code, name = 2022, "TOO_MANY_ORDERS"


class TooManyMessages(OrderError):
    """The account has sent as many orders, replacements and amendments as it may for now."""

    code, name = 2023, "TOO_MANY_MESSAGES"


class PositionCapped(OrderError):
    """With its open buys, the order could bring the account to more of the asset than it may hold."""

    code, name = 2024, "POSITION_CAP"


class SessionInvalid(OrderError):
    """The key that signed may not sign for this owner in this market, or not for so long."""

    code, name = 2025, "SESSION_INVALID"


class SessionLimit(OrderError):
    """The order could spend more than is left of its session key's limits."""

    code, name = 2026, "SESSION_LIMIT"


class FundsError(QuantaTradeError):
    """The account's funds do not allow it."""

    code, name = 3000, "FUNDS_REFUSED"


class InsufficientBalance(FundsError):
    """The available balance is under what is needed."""

    code, name = 3001, "INSUFFICIENT_BALANCE"


class AccountExiting(FundsError):
    """The account is leaving with this asset on chain; nothing new is taken for it."""

    code, name = 3002, "ACCOUNT_EXITING"


class BadAmount(FundsError):
    """The amount is not a positive whole number of ledger units."""

    code, name = 3003, "BAD_AMOUNT"


class NonceReused(FundsError):
    """The withdrawal nonce has been used with other content."""

    code, name = 3004, "NONCE_REUSED"


class UnknownAccount(FundsError):
    """No account exists for this wallet; its first final deposit opens one."""

    code, name = 3005, "UNKNOWN_ACCOUNT"


class TooManyWithdrawals(FundsError):
    """The account has as many withdrawals under way as it may have."""

    code, name = 3006, "TOO_MANY_WITHDRAWALS"


class StatementError(FundsError):
    """A netted statement was not taken; the fills settle by the orders' signatures."""

    code, name = 3010, "STATEMENT_REFUSED"


class StatementNotAsked(StatementError):
    """No statement about this batch was asked of this account."""

    code, name = 3011, "STATEMENT_NOT_ASKED"


class StatementLate(StatementError):
    """The batch went on its way without the statement."""

    code, name = 3012, "STATEMENT_LATE"


class StatementWrong(StatementError):
    """The statement's floor or its ladders are not what was asked."""

    code, name = 3013, "STATEMENT_WRONG"


class StatementUnsafe(StatementError):
    """What the exchange asked to have signed is not what this wallet's own records come to; it was not signed."""

    code, name = 3014, "STATEMENT_UNSAFE"


class Unauthorized(QuantaTradeError):
    """Who is asking is not known."""

    code, name = 4000, "UNAUTHORIZED"


class BadSignature(Unauthorized):
    """The signature does not belong to the message and its claimed signer."""

    code, name = 4001, "BAD_SIGNATURE"


class SessionExpired(Unauthorized):
    """The session token is expired or was revoked."""

    code, name = 4002, "SESSION_EXPIRED"


class Forbidden(QuantaTradeError):
    """Who is asking is known and may not do this."""

    code, name = 4003, "FORBIDDEN"


class TooManyRequests(QuantaTradeError):
    """The rate limit of this caller is used up."""

    code, name = 4029, "TOO_MANY_REQUESTS"


class ServiceUnavailable(QuantaTradeError):
    """The exchange cannot take this now; nothing was changed."""

    code, name = 5003, "SERVICE_UNAVAILABLE"


class SlowConsumer(ServiceUnavailable):
    """A subscriber did not read as fast as updates came and was cut off."""

    code, name = 5004, "SLOW_CONSUMER"


class ConfigurationError(QuantaTradeError):
    """A setting, a file or a tool that the exchange needs is missing or wrong."""

    code, name = 5010, "CONFIGURATION"


class ChainError(QuantaTradeError):
    """The chain or its node does not do what the exchange needs."""

    code, name = 6000, "CHAIN"


class NodeUnavailable(ChainError):
    """The node does not answer, or answers with an error of its own."""

    code, name = 6001, "NODE_UNAVAILABLE"


class DeepReorg(ChainError):
    """The chain replaced blocks that were already final here; a person has to look."""

    code, name = 6002, "DEEP_REORG"


class NodeInconsistent(ChainError):
    """A node contradicts itself or its neighbours: wrong parents, logs of another block, a chain that went back."""

    code, name = 6005, "NODE_INCONSISTENT"


class SettlementRejected(ChainError):
    """The contract refused a batch or a withdrawal."""

    code, name = 6003, "SETTLEMENT_REJECTED"


class MalformedPayload(ChainError):
    """A batch payload cannot be written or read in its format."""

    code, name = 6006, "MALFORMED_PAYLOAD"


class SignerUnavailable(ChainError):
    """The remote signer of the engine's key does not answer; what was to be signed is tried again."""

    code, name = 6010, "SIGNER_UNAVAILABLE"


class SignerRefused(ChainError):
    """The remote signer of the engine's key refuses, or signs otherwise than with that key."""

    code, name = 6011, "SIGNER_REFUSED"


class JournalError(QuantaTradeError):
    """The journal cannot be written or read."""

    code, name = 7000, "JOURNAL"


class JournalCorrupt(JournalError):
    """A journal record is damaged where nothing may be."""

    code, name = 7001, "JOURNAL_CORRUPT"


class StateDiverged(QuantaTradeError):
    """Two records of the same state differ; trading on would make it worse."""

    code, name = 7002, "STATE_DIVERGED"


def public_reason(error: BaseException) -> str:
    """What anybody may be told of an error: ours in full; of others their kind, for their text may hold secrets."""
    return str(error) if isinstance(error, QuantaTradeError) else f"{type(error).__name__}; the log has the rest"

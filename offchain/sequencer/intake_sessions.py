"""Session keys: what the chain says of them, and which of them may sign what."""

from offchain.core.commands import UNLIMITED, CancelReason, Command, SessionFact, SessionRevokedFact, Side
from offchain.core.errors import OrderExpired, SessionLimit
from offchain.core.events import LoggedCommand
from offchain.core.intents import PlaceOrder, RecordChainFact
from offchain.core.money import Market
from offchain.sequencer.group import Group
from offchain.sequencer.intake_names import REGISTER
from offchain.sequencer.intake_open_orders import cancel_live
from offchain.sequencer.order_refusals import PPM_PER_BPS
from offchain.sequencer.sessions import NOTHING, Session, Spending, lot_cost


def binds(group: Group, intent: RecordChainFact, fact: SessionFact | SessionRevokedFact) -> bool:
    """Whether what the chain says of a key means anything here.

    Not of a market that the contract has and the exchange does not, for nobody can sign an order of it; nor that a key
    is taken back that was never known for that reason.
    """
    if isinstance(fact, SessionFact):
        return intent.market in group.registry.listings.markets
    account = group.registry.accounts.get(intent.owner, 0)
    return (account, intent.market, fact.key) in group.registry.sessions.newest


def record_session(group: Group, intent: RecordChainFact, account: int) -> LoggedCommand:
    """Note that a key was registered or taken back; the open orders that it signed before are cancelled first."""
    fact = intent.fact
    assert isinstance(fact, SessionFact | SessionRevokedFact)
    sessions = group.registry.sessions
    number = sessions.newest.get((account, intent.market, fact.key), 0)
    for order_id in sessions.orders_of(number):
        cancel_live(group, order_id, CancelReason.SESSION_REVOKED)
    if isinstance(fact, SessionFact):
        number = len(sessions.sessions) + 1
    command = group.command(intent.kind, account=account, market=intent.market, counter_account=number)
    return group.add(command, fact)


def check_session(group: Group, session: Session) -> None:
    """See whether a session lasts long enough for an order that is taken now.

    Raises:
        OrderExpired: it does not.
    """
    if session.expiry_s <= group.earliest_expiry_s:
        raise OrderExpired(
            f"The session key expires at {session.expiry_s}; an order taken now has to outlive "
            f"{group.earliest_expiry_s} (seconds since 1970) to match and settle.",
            REGISTER,
        )


def check_limits(group: Group, number: int, market: Market, intent: PlaceOrder, command: Command) -> None:
    """See whether the order could spend more than is left of its session's limits, open orders and fills counted.

    Raises:
        SessionLimit: it could.
    """
    sessions = group.registry.sessions
    session = sessions.sessions[number]
    replaced = sessions.orders.get(command.order_id)
    released = replaced.reserved if replaced is not None and replaced.session == number else NOTHING
    taken = session.spent.plus(sessions.reserved(number)).minus(released)
    cost = lot_cost(market, intent.side, intent.price_ticks, intent.authorization.max_fee_bps * PPM_PER_BPS)
    units = cost * intent.quantity_lots
    more = Spending(0, units) if intent.side == Side.BUY else Spending(units, 0)
    for asset, limit, used, needed in zip((market.base, market.quote), session.limits, taken, more, strict=True):
        if limit != UNLIMITED and needed and used + needed > limit:
            raise SessionLimit(
                f"The order could spend {asset.to_decimal(needed)} {asset.symbol}; of the session key's limit of "
                f"{asset.to_decimal(limit)} its fills and open orders take {asset.to_decimal(used)}.",
                "Cancel orders of this key, ask for less, or register it anew with a higher limit.",
            )

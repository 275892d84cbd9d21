"""Whom and what an intent names: wallets, their session keys, listings, and orders by either of their ids."""

from typing import Final

from offchain.core.errors import (
    InvalidRequest,
    NotFound,
    OrderNotOpen,
    SessionInvalid,
    UnknownAccount,
    UnknownAsset,
    UnknownMarket,
)
from offchain.core.money import Market
from offchain.sequencer.group import Group
from offchain.sequencer.registry import LiveOrder
from offchain.sequencer.sessions import Session

REGISTER: Final = "Sign with the owner's key, or register a key on chain with Settlement.setSessionKey."


def account_of(group: Group, owner: bytes) -> int:
    """The owner's account.

    Raises:
        UnknownAccount: the owner has none.
    """
    account = group.registry.accounts.get(owner)
    if account is None:
        raise UnknownAccount(
            f"The wallet 0x{owner.hex()} has no account here.", "Deposit first: a final deposit opens one."
        )
    return account


def session_of(group: Group, account: int, market: int, key: bytes) -> tuple[int, Session]:
    """The number of the session, and the session, by which a key may sign now for an account in a market.

    Raises:
        SessionInvalid: there is none, or it was revoked.
    """
    number = group.registry.sessions.newest.get((account, market, key), 0)
    if not number:
        raise SessionInvalid(f"0x{key.hex()} is no session key of this owner in this market.", REGISTER)
    session = group.registry.sessions.sessions[number]
    if session.revoked_at_s:
        raise SessionInvalid(f"The owner took back the session key 0x{key.hex()}.", REGISTER)
    return number, session


def market_of(group: Group, market: int) -> Market:
    """The listed market.

    Raises:
        UnknownMarket: there is none of this id.
    """
    listed = group.registry.listings.markets.get(market)
    if listed is None:
        raise UnknownMarket(f"There is no market {market}.", "See the list of markets.")
    return listed


def check_asset(group: Group, asset: int) -> None:
    """See whether an asset is listed.

    Raises:
        UnknownAsset: it is not.
    """
    if asset not in group.registry.listings.assets:
        raise UnknownAsset(f"There is no asset {asset}.", "List it first, or see the list of assets.")


def order_named(group: Group, account: int, client_order_id: str | None, order_id: int | None) -> int:
    """The id of the account's order, open or not, named by its client order id or else by its order id.

    Raises:
        InvalidRequest: neither is given.
        NotFound: the account has no such order.
    """
    if client_order_id is not None:
        taken = group.registry.orders.find(account, client_order_id)
        if taken is None:
            raise NotFound(
                f"The account has no order with the client order id {client_order_id[:40]!r}.", "Check the id."
            )
        return taken.order_id
    if order_id is None:
        raise InvalidRequest("Neither a client order id nor an order id is given.", "Send one of them.")
    live = group.registry.live.get(order_id)
    known = live or group.registry.orders.by_id(order_id)
    if known is None or known.account != account:
        raise NotFound(f"The account has no order {order_id}.", "Check the id.")
    return order_id


def open_order(group: Group, order_id: int) -> LiveOrder:
    """An order that is in a book or armed.

    Raises:
        OrderNotOpen: it is no longer.
    """
    live = group.registry.live.get(order_id)
    if live is None:
        raise OrderNotOpen(f"Order {order_id} is no longer open: it is filled or cancelled.", "Look up its status.")
    return live

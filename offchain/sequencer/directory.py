"""A read-only view of what the machine knows for everyone outside the sequencer. Safe to read from any thread.

It shows what has been applied, which may be a moment ahead of what is durable.
"""

from collections.abc import Mapping
from types import MappingProxyType

from offchain.core.errors import UnknownAccount
from offchain.core.money import Asset, Market
from offchain.sequencer.machine import Machine
from offchain.sequencer.orders import TakenOrder
from offchain.sequencer.registry import Withdrawal
from offchain.sequencer.sessions import Session, Spending


class Directory:
    """Names and numbers: who is which account and pays which fees, what is listed, which order is whose."""

    def __init__(self, machine: Machine) -> None:
        self._registry = machine.registry
        self._engine = machine.engine

    @property
    def assets(self) -> Mapping[int, Asset]:
        """The listed assets by id."""
        return MappingProxyType(self._registry.listings.assets)

    @property
    def markets(self) -> Mapping[int, Market]:
        """The listed markets by id."""
        return MappingProxyType(self._registry.listings.markets)

    @property
    def markets_by_symbol(self) -> Mapping[str, Market]:
        """The listed markets by symbol."""
        return MappingProxyType(self._registry.markets_by_symbol)

    @property
    def chain_position(self) -> tuple[int, int]:
        """Block number and log index of the last chain fact on record; (0, -1) before the first."""
        return self._registry.chain_position

    @property
    def accounts_count(self) -> int:
        """Accounts in all, the fee account included."""
        return len(self._registry.owners)

    def account_of(self, owner: bytes) -> int | None:
        """The account of a wallet, or None before its first final deposit."""
        return self._registry.accounts.get(owner)

    def owner_of(self, account: int) -> bytes:
        """The wallet that owns an account; empty for the fee account.

        Raises:
            UnknownAccount: there is no such account.
        """
        if not 0 <= account < len(self._registry.owners):
            raise UnknownAccount(f"There is no account {account}.", "Look it up by its wallet.")
        return self._registry.owners[account]

    def order(self, order_id: int) -> TakenOrder | None:
        """Whose order this is and what they call it, live or not."""
        return self._registry.orders.by_id(order_id)

    def market_of_open(self, account: int, client_order_id: str | None, order_id: int | None) -> Market | None:
        """The market of an open order of the account, named by either of its ids; None if there is no such order."""
        taken = None if client_order_id is None else self._registry.orders.find(account, client_order_id)
        live = self._registry.live.get(order_id or 0 if taken is None else taken.order_id)
        if live is None or live.account != account:
            return None
        return self._registry.listings.markets[live.market]

    def has_session(self, owner: bytes, key: bytes) -> bool:
        """Whether the owner ever registered a session key, in some market."""
        account = self._registry.accounts.get(owner)
        return account is not None and (account, key) in self._registry.sessions.keys

    def sessions_of(self, account: int) -> list[tuple[Session, Spending]]:
        """The sessions that an account has registered, newest first, each with what its open orders hold back."""
        book = self._registry.sessions
        numbers = reversed(tuple(book.of_account.get(account, ())))
        return [(book.sessions[number], book.reserved(number)) for number in numbers]

    def fees(self, account: int) -> tuple[int, int]:
        """The maker's and taker's rate in force for an account, in parts per million; account 0: those of tier 1."""
        return self._engine.rates(account)

    def has_own_fees(self, account: int) -> bool:
        """Whether an operator gave the account rates of its own, whatever its tier."""
        return account in self._registry.fees

    def withdrawal(self, sequence: int) -> Withdrawal | None:
        """The withdrawal that this WITHDRAW command took out."""
        return self._registry.withdrawals.get(sequence)

"""What one wallet holds of one asset in one account, so that a test can say the same of both kinds of account."""

from dataclasses import dataclass
from typing import Any

from ape.api import ReceiptAPI
from venue import UNIT_SCALES, Venue

from offchain.chain.typed_data import (
    CancelApproval,
    IsolatedCancelApproval,
    IsolatedWithdrawal,
    IsolatedWithdrawalApproval,
    Withdrawal,
    WithdrawalApproval,
)

FAR = 2**40 - 1
UNIFIED = 0


@dataclass(frozen=True)
class Holding:
    """An asset in the unified account of a wallet, or in its isolated account of a market. Amounts are ledger units."""

    venue: Venue
    wallet: int
    asset: int
    market: int = UNIFIED

    @property
    def owner(self) -> Any:
        """The wallet itself."""
        return self.venue.wallets[self.wallet]

    @property
    def owner_bytes(self) -> bytes:
        """Its 20 bytes."""
        return bytes.fromhex(self.owner.address[2:])

    @property
    def token(self) -> Any:
        """The asset's token."""
        return self.venue.tokens[self.asset]

    @property
    def scale(self) -> int:
        """Base units of the token in a ledger unit."""
        return UNIT_SCALES.get(self.asset, 1)

    @property
    def units(self) -> int:
        """What the account holds."""
        if self.market == UNIFIED:
            return int(self.venue.vault.balanceOf(self.owner, self.asset))
        account = self.venue.vault.isolatedOf(self.owner, self.market)
        return int(account.base if self.asset == self.venue.vault.marketOf(self.market).base else account.quote)

    @property
    def floor(self) -> int:
        """The cancel floor that counts now."""
        return int(self.account().floor)

    def account(self) -> Any:
        """The view of the account."""
        if self.market == UNIFIED:
            return self.venue.vault.slotOf(self.owner, self.asset)
        return self.venue.vault.isolatedOf(self.owner, self.market)

    def fund(self, units: int) -> ReceiptAPI:
        """Mints and deposits by the wallet itself."""
        self.token.mint(self.owner, units * self.scale, sender=self.owner)
        self.token.approve(self.venue.vault, units * self.scale, sender=self.owner)
        return self.deposit(units)

    def deposit(self, units: int) -> ReceiptAPI:
        """Deposits what the wallet has approved."""
        if self.market == UNIFIED:
            return self._call("deposit", self.asset, units * self.scale)
        return self._call("depositIsolated", self.market, self.asset, units * self.scale)

    def request_exit(self) -> ReceiptAPI:
        """Starts the account's exit."""
        return self._either("requestExit")

    def cancel_exit(self) -> ReceiptAPI:
        """Takes it back."""
        return self._either("cancelExit")

    def exit(self) -> ReceiptAPI:
        """Takes everything out."""
        return self._call("exitIsolated" if self.market else "exit", *self.exit_arguments)

    @property
    def exit_arguments(self) -> tuple[int, ...]:
        """The arguments of `exit` or `exitIsolated`."""
        return (self.market, self.asset) if self.market else (self.asset,)

    def request_cancel(self, floor: int) -> ReceiptAPI:
        """Asks for a higher cancel floor."""
        return self._either("requestCancel", floor)

    def cancel_now(self, floor: int, deadline: int = FAR, approval: bytes | None = None) -> ReceiptAPI:
        """Raises the cancel floor with the engine's approval."""
        if approval is None:
            approval = self.cancel_approval(floor, deadline)
        return self._either("cancelNow", floor, deadline, approval)

    def cancel_approval(self, floor: int, deadline: int = FAR) -> bytes:
        """The engine's word that it holds no order of the account at or under the floor."""
        if self.market:
            struct = IsolatedCancelApproval(self.owner_bytes, self.market, floor, deadline)
        else:
            struct = CancelApproval(self.owner_bytes, self.asset, floor, deadline)
        return self.venue.sign(self.venue.engine_key, struct)

    def withdrawal(self, units: int, nonce: int, deadline: int = FAR) -> tuple[Any, ...]:
        """The arguments of a fast withdrawal that owner and engine signed."""
        what = (*self.exit_arguments, units, nonce, deadline)
        if self.market:
            consent, approval = IsolatedWithdrawal(*what), IsolatedWithdrawalApproval(self.owner_bytes, *what)
        else:
            consent, approval = Withdrawal(*what), WithdrawalApproval(self.owner_bytes, *what)
        signatures = self.venue.sign(self.owner.private_key, consent), self.venue.sign(self.venue.engine_key, approval)
        return self.owner, *what, *signatures

    def withdraw(self, *arguments: Any) -> ReceiptAPI:
        """Submits a withdrawal, as anybody may."""
        name = "withdrawIsolated" if self.market else "withdraw"
        receipt: ReceiptAPI = getattr(self.venue.vault, name)(*arguments, sender=self.venue.admin)
        return receipt

    def _either(self, function: str, *arguments: Any) -> ReceiptAPI:
        if self.market:
            return self._call(f"{function}Isolated", self.market, *arguments)
        return self._call(function, self.asset, *arguments)

    def _call(self, function: str, *arguments: Any) -> ReceiptAPI:
        receipt: ReceiptAPI = getattr(self.venue.vault, function)(*arguments, sender=self.owner)
        return receipt

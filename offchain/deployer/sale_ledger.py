"""The sale as its logs alone tell it, from which every allocation is worked out again."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Self

import msgspec

from offchain.chain.bindings import Log
from offchain.core.errors import StateDiverged
from offchain.presale.sale_plan import TOKEN_UNITS


class Outcome(msgspec.Struct, frozen=True):
    """How a round ended: micros raised, base units of QTRA sold to vesting and not sold."""

    succeeded: bool
    raised: int
    sold: int
    unsold: int


class SaleLedger(msgspec.Struct):
    """Money in micros, tokens in base units.

    Attributes:
        prices: micros for a token, by round.
        paid: what each wallet paid, by round, payment token and wallet.
        told: the allocation that the last purchase of a wallet told, by round and wallet.
        outcomes: of the rounds that are finalised.
        refunded: what went back, by round and payment token.
        proceeds: what went to treasuries, by round and payment token.
        referrals: what went to referrers, by round and payment token.
    """

    prices: dict[int, int]
    paid: dict[tuple[int, int], dict[bytes, int]]
    told: dict[int, dict[bytes, int]]
    outcomes: dict[int, Outcome]
    refunded: dict[tuple[int, int], int]
    proceeds: dict[tuple[int, int], int]
    referrals: dict[tuple[int, int], int]

    @classmethod
    def of(cls, logs: Iterable[Log]) -> Self:
        """The ledger of all logs of `SaleManager`."""
        payouts: dict[str, dict[tuple[int, int], int]] = {
            event: defaultdict(int) for event in ("Refunded", "ProceedsPaid", "ReferralPaid")
        }
        ledger = cls({}, defaultdict(lambda: defaultdict(int)), defaultdict(dict), {}, *payouts.values())
        for log in logs:
            if log.event == "RoundConfigured":
                ledger.prices[log["round"]] = log["terms"][0]
            elif log.event == "Purchased":
                ledger.paid[log["round"], log["payment"]][log["buyer"]] += log["micros"]
                ledger.told[log["round"]][log["buyer"]] = log["tokens"]
            elif log.event == "RoundFinalised":
                ledger.outcomes[log["round"]] = Outcome(log["succeeded"], log["raised"], log["sold"], log["unsold"])
            elif log.event in payouts:
                payouts[log.event][log["round"], log["payment"]] += log["micros"]
        return ledger

    def paid_in(self, sale_round: int) -> dict[bytes, int]:
        """Micros that each wallet paid in a round."""
        sums: dict[bytes, int] = defaultdict(int)
        for (number, _), wallets in self.paid.items():
            if number == sale_round:
                for wallet, micros in wallets.items():
                    sums[wallet] += micros
        return sums

    def allocations(self, sale_round: int) -> dict[bytes, int]:
        """What each wallet bought in a round: what it paid over the price, rounded down once.

        Raises:
            StateDiverged: a log told another allocation.
        """
        price = self.prices[sale_round]
        worked_out = {wallet: paid * TOKEN_UNITS // price for wallet, paid in self.paid_in(sale_round).items()}
        for wallet, tokens in worked_out.items():
            if self.told[sale_round][wallet] != tokens:
                raise StateDiverged(
                    f"0x{wallet.hex()} paid for {tokens} in round {sale_round}, and the sale told "
                    f"{self.told[sale_round][wallet]}.",
                    "Do not publish; compare the deployed code with the sources.",
                )
        return worked_out

    def owed(self, payment: int) -> int:
        """Micros of a payment token that the contract must still hold."""
        paid = sum(sum(wallets.values()) for (_, token), wallets in self.paid.items() if token == payment)
        gone = sum(
            micros
            for payouts in (self.refunded, self.proceeds, self.referrals)
            for (_, token), micros in payouts.items()
            if token == payment
        )
        return paid - gone

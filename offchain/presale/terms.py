"""The arithmetic of the sale, as `SaleManager` does it. Money is micros, millionths of a dollar; QTRA is base units."""

from enum import StrEnum
from typing import Final

import msgspec

QTRA_UNIT: Final = 10**18
BPS: Final = 10_000


class RoundState(StrEnum):
    """Where a round stands; the names are the contract's."""

    UPCOMING = "UPCOMING"
    OPEN = "OPEN"
    ENDED = "ENDED"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


class RoundTerms(msgspec.Struct, frozen=True):
    """The terms of a round, as it was configured."""

    number: int
    price: int
    start_s: int
    end_s: int
    tokens: int
    soft_cap: int
    min_purchase: int
    wallet_cap: int
    referral_bps: int
    burns_unsold: bool
    needs_voucher: bool

    @property
    def hard_cap(self) -> int:
        """Micros that the round takes at most: the worth of its tokens, rounded down."""
        return self.tokens * self.price // QTRA_UNIT

    def tokens_for(self, micros: int) -> int:
        """QTRA for what a wallet, or all together, has paid in the round, rounded down once."""
        return micros * QTRA_UNIT // self.price

    def missed(self, raised: int, now_s: int) -> bool:
        """Whether it has ended below its soft cap."""
        return now_s >= self.end_s and raised < self.soft_cap

    def state(self, raised: int, now_s: int, *, succeeded: bool | None) -> RoundState:
        """Where it stands; `succeeded` is how it was finalised, if it was."""
        if succeeded is not None:
            return RoundState.SUCCEEDED if succeeded else RoundState.FAILED
        if now_s < self.start_s:
            return RoundState.UPCOMING
        return RoundState.ENDED if now_s >= self.end_s or raised == self.hard_cap else RoundState.OPEN

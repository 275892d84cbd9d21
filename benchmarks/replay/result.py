"""What a replay came to: its figures, and what in them may never be."""

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal

from benchmarks.replay.books import Agreement
from benchmarks.replay.driver import Played

Row = tuple[str, float, str, int]
"""Metric, value, unit, number of observations."""


@dataclass(frozen=True)
class Result:
    """One replay. Trades are multisets of (price, quantity); `lost` counts acknowledged orders that are not known."""

    played: Played
    recorded: Counter[tuple[Decimal, Decimal]]
    trades: Counter[tuple[Decimal, Decimal]]
    batches: int
    gas_used: int
    netted_fills: int
    statements: int
    longest_lag_ms: int
    agreement: Agreement
    lost: int
    kills: int

    @property
    def fills_settled(self) -> int:
        """Those that the chain tells of one by one, and those that statements stand for."""
        return self.agreement.verification.fills_settled + self.netted_fills

    def rows(self) -> list[Row]:
        """The figures, in the order of the replay."""
        played, agreement, fills = self.played, self.agreement, self.trades.total()
        verification = agreement.verification
        signed = played.orders_signed
        return [
            ("trades_recorded", self.recorded.total(), "trades", self.recorded.total()),
            ("trades_reproduced", (self.trades & self.recorded).total(), "trades", fills),
            ("orders_signed", signed, "orders", signed),
            ("orders_refused", len(played.refused), "orders", signed),
            ("cancelled", played.cancelled, "orders", played.cancels_sent),
            ("fills_matched", fills, "fills", fills),
            ("fills_settled", self.fills_settled, "fills", self.batches),
            ("batches_settled", self.batches, "batches", self.batches),
            ("settlement_gas", self.gas_used, "gas", self.batches),
            ("gas_per_fill", self.gas_used // max(1, self.fills_settled), "gas", self.fills_settled),
            ("fills_by_statement", self.netted_fills, "fills", fills),
            ("statements", self.statements, "statements", self.batches),
            ("balance_mismatches", agreement.balance_mismatches, "holdings", agreement.holdings),
            ("conservation_error", agreement.conservation_error_units, "units", agreement.holdings),
            ("verified", int(verification.is_clean), "journal equals chain", verification.last_sequence),
            ("acknowledged_lost", self.lost, "orders", signed),
            ("kills", self.kills, "kills", self.kills),
            ("orders_per_second", round(signed / played.elapsed_s), "orders/s", signed),
            ("settlement_lag_seconds", round(self.longest_lag_ms / 1_000, 1), "s", self.batches),
        ]

    def faults(self) -> list[str]:
        """What may never be, whatever was played and however often the process was killed."""
        found = {
            "orders were refused": bool(self.played.refused),
            "fills were not settled": self.fills_settled != self.trades.total(),
            "balances differ": bool(self.agreement.balance_mismatches),
            "units appeared or vanished": bool(self.agreement.conservation_error_units),
            "the journal and the chain differ": not self.agreement.verification.is_clean,
            "acknowledged orders were lost": bool(self.lost),
        }
        return [fault for fault, is_so in found.items() if is_so]

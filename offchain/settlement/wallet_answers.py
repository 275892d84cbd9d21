"""What contract wallets answered when a batch asked them, as far as its logs tell.

Their code may answer otherwise today. But a batch's logs say of every fill and group whether it settled, and if not
why; so they say of every order of a wallet that matters whether the wallet took its signature.
"""

from collections.abc import Iterator
from typing import Final

from offchain.core.commands import AuthorizationKind
from offchain.settlement.batch import BatchPayload, SkipReason
from offchain.settlement.rules import Outcome, WalletAccepts

_ABOUT_ONE_ORDER: Final = frozenset(
    {
        SkipReason.BAD_SIGNATURE,
        SkipReason.EXPIRED,
        SkipReason.CANCELLED,
        SkipReason.EXITED,
        SkipReason.UNSUPPORTED_ORDER,
        SkipReason.FEE_ABOVE_CAP,
        SkipReason.SESSION_INVALID,
        SkipReason.LADDER_WAITING,
    }
)
"""Reasons that can be given without a look at the other order of the fill."""


def wallet_answers(batch: BatchPayload, skipped: Outcome, domain: bytes) -> WalletAccepts:
    """The answers that led to what a batch skipped."""
    doubted: set[int] = set()
    trusted: set[int] = set()
    for orders, reason in _verdicts(batch, skipped):
        if reason == SkipReason.BAD_SIGNATURE:
            doubted |= orders
        elif reason not in _ABOUT_ONE_ORDER:
            trusted |= orders
    refused = {
        _question(batch, order, domain)
        for order in doubted - trusted
        if batch.orders[order].authorization.kind == AuthorizationKind.CONTRACT_WALLET
    }
    return lambda owner, digest, signature: (owner, digest, signature) not in refused


def _verdicts(batch: BatchPayload, skipped: Outcome) -> Iterator[tuple[set[int], SkipReason]]:
    """Orders that were judged together, and what came of it: NONE if they settled."""
    for index, fill in enumerate(batch.fills):
        yield {fill.maker, fill.taker}, skipped.skipped_fills.get(index, SkipReason.NONE)
    for index, group in enumerate(batch.groups):
        reason, item = skipped.skipped_groups.get(index, (SkipReason.NONE, len(group.statements) + len(group.halves)))
        at_fault = item - len(group.statements)
        for place, half in enumerate(group.halves):
            if place < at_fault:
                yield {half.order}, SkipReason.NONE
            elif place == at_fault:
                yield {half.order}, reason


def _question(batch: BatchPayload, order: int, domain: bytes) -> tuple[bytes, bytes, bytes]:
    entry = batch.orders[order]
    return entry.authorization.owner, entry.signed_digest(domain), entry.authorization.signature

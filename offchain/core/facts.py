"""What is final on the chain: the attachments of the CHAIN_* commands, each made of one log."""

from typing import Final

import msgspec

UNLIMITED: Final = 2**64 - 1
"""The limit of a session that is not counted down."""


class ChainPosition(msgspec.Struct, frozen=True, array_like=True):
    """Where a log stands on the chain. Positions are ordered by block, then log."""

    block_number: int
    log_index: int
    block_hash: bytes
    transaction_hash: bytes


class DepositFact(msgspec.Struct, frozen=True, array_like=True, tag="deposit"):
    """A `Deposited` log that is final."""

    position: ChainPosition
    owner: bytes


class WithdrawnFact(msgspec.Struct, frozen=True, array_like=True, tag="withdrawn"):
    """A `Withdrawn` log that is final."""

    position: ChainPosition
    nonce: int


class SkippedFill(msgspec.Struct, frozen=True, array_like=True):
    """A fill of a batch that the contract left out: its index in the batch and the contract's reason."""

    fill: int
    reason: int


class SkippedGroup(msgspec.Struct, frozen=True, array_like=True):
    """A net group of a batch that the contract left out: its index, the contract's reason, and the item at fault."""

    group: int
    reason: int
    item: int


class BatchSettledFact(msgspec.Struct, frozen=True, array_like=True, tag="batch"):
    """A `BatchSettled` log that is final, with the `FillSkipped` and `NetGroupSkipped` logs of its transaction."""

    position: ChainPosition
    number: int
    batch_hash: bytes
    through_sequence: int
    skipped: tuple[SkippedFill, ...] = ()
    skipped_groups: tuple[SkippedGroup, ...] = ()


class ExitFact(msgspec.Struct, frozen=True, array_like=True, tag="exit"):
    """A final `ExitRequested` (with `effective_at_s`), `ExitCancelled`, `Exited` or `FeesCollected` log."""

    position: ChainPosition
    effective_at_s: int = 0


class FloorFact(msgspec.Struct, frozen=True, array_like=True, tag="floor"):
    """A `CancelRequested` or `CancelFloorRaised` log that is final."""

    position: ChainPosition
    floor: int


class SessionFact(msgspec.Struct, frozen=True, array_like=True, tag="session"):
    """A `SessionKeySet` log that is final: `key` (an address) may sign for the owner in the command's market.

    The limits are what may leave the account by it, in units of the market's base and quote asset; `UNLIMITED`: any.
    """

    position: ChainPosition
    key: bytes
    base_limit: int
    quote_limit: int
    expiry_s: int


class SessionRevokedFact(msgspec.Struct, frozen=True, array_like=True, tag="session-revoked"):
    """A `SessionKeyRevoked` log that is final: the contract takes nothing by `key` from `effective_at_s` on."""

    position: ChainPosition
    key: bytes
    effective_at_s: int


ChainFact = DepositFact | WithdrawnFact | BatchSettledFact | ExitFact | FloorFact | SessionFact | SessionRevokedFact

"""Sessions: keys that owners let sign for them in one market, as `Settlement` told it."""

from typing import Final

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from indexer.blocks import DecodedLog
from indexer.project.projection import EventRow, Projection, unchecked
from indexer.store.bulk import Row
from indexer.store.models import LogRow
from offchain.core.database import Address, Base, Int64, WideInteger


class ChainSession(LogRow, Base):
    """A `SessionKeySet` or `SessionKeyRevoked` log.

    Limits are ledger units of the market's base and quote asset, of a revoked key 0. `until_s` is the expiry of a key
    that was set, and when the revocation of one takes effect.
    """

    __tablename__ = "chain_sessions"

    event: Mapped[str] = mapped_column(String(64))
    owner: Mapped[bytes] = mapped_column(Address, index=True)
    key: Mapped[bytes] = mapped_column(Address)
    market: Mapped[int] = mapped_column(Int64)
    base_limit: Mapped[int] = mapped_column(WideInteger)
    quote_limit: Mapped[int] = mapped_column(WideInteger)
    until_s: Mapped[int] = mapped_column(Int64)


def _session(log: DecodedLog) -> Row:
    told = log.arguments
    limits = str(told.get("baseLimit", 0)), str(told.get("quoteLimit", 0))
    until_s = told["expiry"] if "expiry" in told else told["effectiveAt"]
    return log.event, told["owner"], told["key"], told["market"], *limits, until_s


_SESSION: Final = EventRow(
    ChainSession, ("event", "owner", "key", "market", "base_limit", "quote_limit", "until_s"), _session
)
SESSIONS: Final = Projection(
    name="sessions",
    contracts=frozenset({"Settlement"}),
    events={"SessionKeySet": _SESSION, "SessionKeyRevoked": _SESSION},
    check=unchecked,
)

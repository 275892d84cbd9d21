"""Tables of the API: who is signed in. Nothing of it is in the journal, and losing it means signing in again."""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from offchain.core.database import Address, Base, Hash32, Int64


class SessionRow(Base):
    """A signed-in wallet. `refresh_hash` is the SHA-256 of the one refresh token that works."""

    __tablename__ = "sessions"

    session: Mapped[str] = mapped_column(String(32), primary_key=True)
    owner: Mapped[bytes] = mapped_column(Address)
    refresh_hash: Mapped[bytes] = mapped_column(Hash32)
    created_at_us: Mapped[int] = mapped_column(Int64)
    expires_at_us: Mapped[int] = mapped_column(Int64, index=True)
    revoked_at_us: Mapped[int | None] = mapped_column(Int64)

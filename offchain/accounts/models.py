"""Table of accounts."""

from sqlalchemy.orm import Mapped, mapped_column

from offchain.core.database import Address, Base, Int64


class AccountRow(Base):
    """An account and the wallet that owns it; `opened_us` in microseconds since 1970."""

    __tablename__ = "accounts"

    account: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    owner: Mapped[bytes] = mapped_column(Address, unique=True)
    opened_us: Mapped[int] = mapped_column(Int64)

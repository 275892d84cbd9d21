"""Funds: what entered `Settlement` and what left it."""

from typing import Any, Final

from sqlalchemy import Select, Table, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from indexer.blocks import DecodedLog
from indexer.project.isolated import isolated_units
from indexer.project.projection import EventRow, Projection, by_name, table_of
from indexer.project.reading import ContractReader, Mismatch, compare
from indexer.store.bulk import Row
from indexer.store.models import LogRow
from offchain.core.commands import FEE_OWNER
from offchain.core.database import Address, Base, Int64, WideInteger


class ChainDeposit(LogRow, Base):
    """A `Deposited` log."""

    __tablename__ = "chain_deposits"

    owner: Mapped[bytes] = mapped_column(Address, index=True)
    asset: Mapped[int] = mapped_column(Int64)
    amount: Mapped[int] = mapped_column(Int64)
    """Ledger units."""


class ChainPayout(LogRow, Base):
    """A `Withdrawn`, `Exited` or `FeesCollected` log: tokens that left the contract. Only the first has a nonce."""

    __tablename__ = "chain_payouts"

    owner: Mapped[bytes] = mapped_column(Address, index=True)
    asset: Mapped[int] = mapped_column(Int64)
    amount: Mapped[int] = mapped_column(Int64)
    """Ledger units."""
    nonce: Mapped[int | None] = mapped_column(WideInteger)


def _payout(log: DecodedLog) -> Row:
    told = log.arguments
    nonce = str(told["nonce"]) if "nonce" in told else None
    return told.get("owner", FEE_OWNER), told["asset"], told["amount"], nonce


async def _check(session: Session, chain_id: int, reader: ContractReader) -> list[Mismatch]:
    """What the contract owes in each asset is what entered less what left; a paid nonce is used."""
    owed: dict[int, int] = {}
    for model, sign in ((ChainDeposit, 1), (ChainPayout, -1)):
        for asset, amount in session.execute(_moved(table_of(model), chain_id, reader)):
            owed[asset] = owed.get(asset, 0) + sign * amount
    for asset, units in isolated_units(session, chain_id, reader.block_number).items():
        owed[asset] = owed.get(asset, 0) + units
    assets = sorted(owed)
    totals = await reader.read_many("assetOf", [(asset,) for asset in assets])
    found = []
    for asset, listed in zip(assets, totals, strict=True):
        found += compare(f"units owed of asset {asset}", owed[asset], int(listed[-1]))
    return found + await _check_nonces(session, chain_id, reader)


def _moved(table: Table, chain_id: int, reader: ContractReader) -> Select[Any]:
    """The assets and amounts of a table up to the reader's block."""
    query = select(table.c.asset, table.c.amount)
    query = query.where(table.c.chain_id == chain_id, table.c.block_number <= reader.block_number)
    return query.execution_options(yield_per=10_000)


async def _check_nonces(session: Session, chain_id: int, reader: ContractReader) -> list[Mismatch]:
    paid = select(ChainPayout.owner, ChainPayout.nonce).where(
        ChainPayout.chain_id == chain_id,
        ChainPayout.block_number <= reader.block_number,
        ChainPayout.nonce.is_not(None),
    )
    nonces = [(owner, nonce) for owner, nonce in session.execute(paid)]
    used = await reader.read_many("nonceUsed", nonces)
    return [
        mismatch
        for (owner, nonce), is_used in zip(nonces, used, strict=True)
        for mismatch in compare(f"nonce {nonce} of 0x{owner.hex()} is used", True, is_used)
    ]


_PAYOUT: Final = EventRow(ChainPayout, ("owner", "asset", "amount", "nonce"), _payout)
FUNDS: Final = Projection(
    name="funds",
    contracts=frozenset({"Settlement"}),
    events={
        "Deposited": EventRow(ChainDeposit, *by_name("owner", "asset", "amount")),
        "Withdrawn": _PAYOUT,
        "Exited": _PAYOUT,
        "FeesCollected": _PAYOUT,
    },
    check=_check,
)

"""Tokens: every transfer of the exchange's token, and what each holder has."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Mapped, Session, mapped_column

from indexer.blocks import DecodedLog
from indexer.project.projection import CONTRACT, EventRow, Projection, table_of
from indexer.project.reading import ContractReader, Mismatch, compare
from indexer.store.bulk import Row
from indexer.store.models import LOG_COLUMNS, LogRow
from indexer.store.sums import Sums
from offchain.core.database import Address, Base, Int64, WideInteger

_NOBODY: Final = bytes(20)
"""Whom minted tokens come from and burned ones go to. It holds nothing."""
_Changes = dict[bytes, dict[bytes, int]]
"""By token and holder."""


class ChainTokenTransfer(LogRow, Base):
    """A `Transfer` log of a token (ERC-20). Amounts are base units of the token."""

    __tablename__ = "chain_token_transfers"

    token: Mapped[bytes] = mapped_column(Address)
    sender: Mapped[bytes] = mapped_column(Address)
    recipient: Mapped[bytes] = mapped_column(Address)
    amount: Mapped[int] = mapped_column(WideInteger)


class ChainTokenBalance(Base):
    """What a holder has of a token, in base units: the sum of its transfers. Who has nothing has no row."""

    __tablename__ = "chain_token_balances"

    chain_id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    token: Mapped[bytes] = mapped_column(Address, primary_key=True)
    holder: Mapped[bytes] = mapped_column(Address, primary_key=True)
    amount: Mapped[int] = mapped_column(WideInteger)


_OWN: Final = len(LOG_COLUMNS)


class HolderBalances:
    """The balances as a sum of transfers, kept in the transaction that writes or undoes these."""

    model: type[LogRow] = ChainTokenTransfer
    table: type[Base] = ChainTokenBalance
    _sums = Sums(table_of(ChainTokenBalance), owner="token", key="holder", amount="amount")

    def add(self, session: Session, chain_id: int, rows: Sequence[Row]) -> None:
        """Adds transfers that were just inserted."""
        changes: _Changes = {}
        for row in rows:
            token, sender, recipient, amount = row[_OWN:]
            _move(changes, token, sender, recipient, int(amount))
        self._change(session, chain_id, changes)

    def undo(self, session: Session, chain_id: int, above: int) -> None:
        """Takes back the transfers of the blocks above a number."""
        transfers = table_of(ChainTokenTransfer)
        query = select(transfers.c.token, transfers.c.sender, transfers.c.recipient, transfers.c.amount).where(
            transfers.c.chain_id == chain_id, transfers.c.block_number > above
        )
        changes: _Changes = {}
        for token, sender, recipient, amount in session.execute(query):
            _move(changes, token, sender, recipient, -amount)
        self._change(session, chain_id, changes)

    def _change(self, session: Session, chain_id: int, changes: _Changes) -> None:
        for token, of_holders in changes.items():
            of_holders.pop(_NOBODY, None)
            self._sums.change(session, chain_id, token, of_holders)


def _move(changes: _Changes, token: bytes, sender: bytes, recipient: bytes, amount: int) -> None:
    of_holders = changes.setdefault(token, {})
    of_holders[sender] = of_holders.get(sender, 0) - amount
    of_holders[recipient] = of_holders.get(recipient, 0) + amount


def _transfer(log: DecodedLog) -> Row:
    told = log.arguments
    return log.raw.contract, told["from"], told["to"], str(told["value"])


async def _check(session: Session, chain_id: int, reader: ContractReader) -> list[Mismatch]:
    """Every holder has what the token says it has, and all together what the token says there is."""
    transfers, token = table_of(ChainTokenTransfer), reader.contract.address
    query = select(transfers.c.sender, transfers.c.recipient, transfers.c.amount).where(
        transfers.c.chain_id == chain_id,
        transfers.c.token == token,
        transfers.c.block_number <= reader.block_number,
    )
    changes: _Changes = {token: {}}
    for sender, recipient, amount in session.execute(query.execution_options(yield_per=10_000)):
        _move(changes, token, sender, recipient, amount)
    balances = changes[token]
    balances.pop(_NOBODY, None)
    found = compare("total supply", sum(balances.values()), await reader.read("totalSupply"))
    held = await reader.read_many("balanceOf", [(holder,) for holder in balances])
    for (holder, amount), told in zip(balances.items(), held, strict=True):
        found += compare(f"balance of 0x{holder.hex()}", amount, told)
    return found


TOKENS: Final = Projection(
    name="tokens",
    contracts=frozenset({"QTRAToken"}),
    events={
        "Transfer": EventRow(
            ChainTokenTransfer, ("token", "sender", "recipient", "amount"), _transfer, (CONTRACT, "from", "to", "value")
        )
    },
    check=_check,
    fold=HolderBalances(),
)

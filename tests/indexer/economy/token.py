"""The token: who holds how much of it. It is minted once, and can be burned."""

import random
from typing import Final

from tests.indexer.economy.books import BPS, TREASURY, Books, Deed, part, require, somebody
from tests.indexer.simulated_events import NOBODY, OWNERS

NAME: Final = "QTRAToken"
_CAP: Final = 10**27


def mint(books: Books) -> None:
    """The whole supply, as the contract is made."""
    shares = [_CAP * bps // BPS for bps in (1_000, 500, 1_500)]
    shares.append(_CAP - sum(shares))
    for holder, amount in zip((*OWNERS[:3], TREASURY), shares, strict=True):
        books.add(amount, NAME, "balance", holder)
        books.add(amount, NAME, "supply")
        books.tell(NAME, "Transfer", from_=NOBODY, to=holder, value=amount)
        books.tell(NAME, "Allocated", name=bytes(32), holder=holder, amount=amount)


def move(books: Books, sender: bytes, recipient: bytes, amount: int) -> None:
    """Moves or, to nobody, burns an amount; the sender must have it."""
    books.at(NAME)
    books.add(-amount, NAME, "balance", sender)
    if recipient == NOBODY:
        books.add(-amount, NAME, "supply")
    else:
        books.add(amount, NAME, "balance", recipient)
    books.tell(NAME, "Transfer", from_=sender, to=recipient, value=amount)


def balance(books: Books, holder: bytes) -> int:
    """What somebody holds."""
    held: int = books.get(NAME, "balance", holder)
    return held


def _transfer(books: Books, rng: random.Random) -> None:
    sender = somebody(rng, TREASURY)
    amount = rng.choice((0, part(rng, balance(books, sender))))
    # To oneself too, and now and then one passes it on.
    for recipient in [somebody(rng, TREASURY) for _ in range(rng.choice((1, 1, 2)))]:
        move(books, sender, recipient, amount)
        sender = recipient


def _burn(books: Books, rng: random.Random) -> None:
    holder = somebody(rng)
    move(books, holder, NOBODY, part(rng, balance(books, holder) // 10))


def _approve(books: Books, rng: random.Random) -> None:
    require(books.at(NAME))
    books.tell(NAME, "Approval", owner=somebody(rng), spender=somebody(rng), value=rng.randrange(2**200))


DEEDS: Final[tuple[Deed, ...]] = (_transfer, _transfer, _transfer, _burn, _approve)
VIEWS: Final = {
    (NAME, "totalSupply"): lambda books: books.get(NAME, "supply"),
    (NAME, "balanceOf"): balance,
}

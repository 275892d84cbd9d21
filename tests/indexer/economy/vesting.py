"""Vesting: pools that are funded and published, claims of them, and revocations."""

import random
from typing import Any, Final

from tests.indexer.economy.books import BPS, TREASURY, Books, Deed, part, require, somebody
from tests.indexer.economy.token import balance, move
from tests.indexer.simulated_events import OWNERS

NAME: Final = "MerkleVesting"
_POOLS: Final = (0, 1, 2, 7, 2**40)
"""The sale's rounds, and others."""


def fund(books: Books, pool: int, funder: bytes, amount: int) -> None:
    """Funds a pool with QTRA."""
    vesting = books.at(NAME)
    books.add(amount, NAME, "funded", pool)
    books.tell(NAME, "PoolFunded", pool=pool, funder=funder, amount=amount)
    move(books, funder, vesting, amount)


def _fund(books: Books, rng: random.Random) -> None:
    funder = somebody(rng, TREASURY)
    fund(books, rng.choice(_POOLS), funder, part(rng, balance(books, funder) // 10))


def _publish(books: Books, rng: random.Random) -> None:
    books.at(NAME)
    pools = [pool for pool in _POOLS if books.get(NAME, "funded", pool) > 4 and not books.get(NAME, "root", pool)]
    require(pools)
    pool = rng.choice(pools)
    total = max(4, part(rng, books.get(NAME, "funded", pool)))
    start_s = books.now_s + rng.randrange(10)
    cliff_s = start_s + rng.randrange(10)
    schedule = (start_s, cliff_s, cliff_s + rng.randrange(1, 40), rng.randrange(BPS + 1), rng.random() < 0.7)
    root = rng.randbytes(32)
    for value, place in ((root, "root"), (total, "total"), (total, "left"), (schedule, "schedule")):
        books.put(value, NAME, place, pool)
    for account in OWNERS:
        books.put(total // len(OWNERS), NAME, "leaf", pool, account)
    books.tell(NAME, "PoolPublished", pool=pool, root=root, total=total, schedule=schedule)


def _return_surplus(books: Books, rng: random.Random) -> None:
    vesting = books.at(NAME)
    pool = rng.choice(_POOLS)
    require(books.get(NAME, "root", pool))
    surplus = books.get(NAME, "funded", pool) - books.get(NAME, "total", pool)
    require(surplus)
    books.add(-surplus, NAME, "funded", pool)
    books.tell(NAME, "SurplusReturned", pool=pool, amount=surplus)
    move(books, vesting, TREASURY, surplus)


def _claim(books: Books, rng: random.Random) -> None:
    vesting = books.at(NAME)
    due = [(pool, account) for pool in _POOLS for account in OWNERS if _due(books, pool, account)]
    require(due)
    pool, account = rng.choice(due)
    amount, recipient = _due(books, pool, account), rng.choice((account, somebody(rng)))
    _prove(books, pool, account)
    claimed = books.add(amount, NAME, "claimed", pool, account)
    told: dict[str, Any] = {"pool": pool, "account": account, "amount": amount, "claimed": claimed}
    books.tell(NAME, "Claimed", **told, recipient=recipient)
    move(books, vesting, recipient, amount)


def _revoke(books: Books, rng: random.Random) -> None:
    vesting = books.at(NAME)
    pool, account = rng.choice(_POOLS), somebody(rng)
    leaf = books.get(NAME, "leaf", pool, account)
    require(leaf and not books.get(NAME, "revoked", pool, account) and books.get(NAME, "schedule", pool)[4])
    due = _due(books, pool, account)
    kept = books.add(due, NAME, "claimed", pool, account)
    _prove(books, pool, account)
    books.put(True, NAME, "revoked", pool, account)
    told: dict[str, Any] = {"pool": pool, "account": account}
    books.tell(NAME, "Revoked", **told, vested=kept, returned=leaf - kept)
    if due:
        books.tell(NAME, "Claimed", **told, recipient=account, amount=due, claimed=kept)
        move(books, vesting, account, due)
    if leaf - kept:
        move(books, vesting, TREASURY, leaf - kept)


def _prove(books: Books, pool: int, account: bytes) -> None:
    """The first time the whole leaf is taken off what nobody has proved."""
    if not books.get(NAME, "allocation", pool, account):
        books.put(books.get(NAME, "leaf", pool, account), NAME, "allocation", pool, account)
        books.add(-books.get(NAME, "leaf", pool, account), NAME, "left", pool)


def _due(books: Books, pool: int, account: bytes) -> int:
    leaf = books.get(NAME, "leaf", pool, account)
    if not leaf or books.get(NAME, "revoked", pool, account):
        return 0
    start_s, cliff_s, end_s, bps, _ = books.get(NAME, "schedule", pool)
    vested: int = leaf * bps // BPS
    if books.now_s >= cliff_s:
        vested += (leaf - vested) * (min(books.now_s, end_s) - start_s) // (end_s - start_s)
    return 0 if books.now_s < start_s else vested - books.get(NAME, "claimed", pool, account)


DEEDS: Final[tuple[Deed, ...]] = (_fund, _fund, _publish, _publish, _return_surplus, *[_claim] * 4, _revoke)
VIEWS: Final = {
    (NAME, "fundedOf"): lambda books, pool: books.get(NAME, "funded", pool),
    (NAME, "rootOf"): lambda books, pool: books.get(NAME, "root", pool),
    (NAME, "totalOf"): lambda books, pool: books.get(NAME, "total", pool),
    (NAME, "scheduleOf"): lambda books, pool: books.get(NAME, "schedule", pool),
    (NAME, "leftOf"): lambda books, pool: books.get(NAME, "left", pool),
    (NAME, "allocationOf"): lambda books, pool, account: books.get(NAME, "allocation", pool, account),
    (NAME, "claimedOf"): lambda books, pool, account: books.get(NAME, "claimed", pool, account),
    (NAME, "isRevoked"): lambda books, pool, account: bool(books.get(NAME, "revoked", pool, account)),
}

"""Revenue: what the router collects and splits, its auctions for QTRA, and the prices that they start from."""

import random
from typing import Final

from tests.indexer.economy import staking
from tests.indexer.economy.books import ADDRESSES, BPS, DOLLARS, Books, Deed, part, require, somebody
from tests.indexer.economy.token import balance, move
from tests.indexer.simulated_events import NOBODY

NAME: Final = "RevenueRouter"
PRICES: Final = "ReportedPrice"
_QTRA: Final = ADDRESSES["QTRAToken"]
_UNIT: Final = 10**18
_TOKENS: Final = DOLLARS[:2]


def _set_up(books: Books, rng: random.Random) -> None:
    """One of the settings, of which those of recipients and bounties have no rows."""
    books.at(NAME)
    token = rng.choice(_TOKENS)
    way = rng.choice((0, 1, 1, 2, 3)) if books.get(NAME, "split") else 0
    if way == 0:
        cuts = sorted(rng.randrange(BPS + 1) for _ in range(3))
        split = (cuts[0], cuts[1] - cuts[0], cuts[2] - cuts[1], BPS - cuts[2])
        books.put(split, NAME, "split")
        books.tell(NAME, "SplitSet", split=split)
    elif way == 1:
        daily_cap = rng.randrange(1, 10**24)
        terms = (daily_cap, 1, rng.randrange(BPS, 2 * BPS), rng.randrange(8_000, BPS), rng.randrange(10, 30))
        books.put(terms, NAME, "terms", token)
        books.tell(NAME, "AuctionTermsSet", token=token, terms=terms)
    elif way == 2:
        books.put((0, 0, 0, 0, 0), NAME, "terms", token)
        books.tell(NAME, "AuctionTermsSet", token=token, terms=(0, 0, 0, 0, 0))
        if books.get(NAME, "running", token):
            _end(books, token)
    else:
        books.tell(NAME, rng.choice(("TreasurySet", "InsuranceSet")), **_recipient(rng))
        books.tell(NAME, "BountySet", token=token, bps=rng.randrange(50), cap=rng.randrange(10**20))


def _recipient(rng: random.Random) -> dict[str, bytes]:
    person = somebody(rng)
    return {"treasury": person, "insurance": person}


def _collect(books: Books, rng: random.Random) -> None:
    router, token, amount = books.at(NAME), rng.choice((*_TOKENS, _QTRA)), rng.randrange(1, 10**20)
    if token == _QTRA:
        move(books, somebody(rng), router, amount)
    books.add(amount, NAME, "routable", token)
    books.tell(NAME, "FeesCollected", asset=rng.randrange(4), token=token, amount=amount)


def _route(books: Books, rng: random.Random) -> None:
    router = books.at(NAME)
    tokens = [token for token in (*_TOKENS, _QTRA) if books.get(NAME, "routable", token)]
    require(tokens and books.get(NAME, "split"))
    token, keeper = rng.choice(tokens), somebody(rng)
    amount, split = books.get(NAME, "routable", token), books.get(NAME, "split")
    books.put(0, NAME, "routable", token)
    bounty = amount // 200
    stakers, buyback, treasury = ((amount - bounty) * bps // BPS for bps in split[:3])
    insurance = amount - bounty - stakers - buyback - treasury
    reward = staking.reward_of(books, token)
    if not reward:
        stakers, buyback = 0, stakers + buyback
    shares = {"stakers": stakers, "buyback": buyback, "treasury": treasury, "insurance": insurance}
    books.tell(NAME, "RevenueRouted", token=token, keeper=keeper, bounty=bounty, **shares)
    if token != _QTRA:
        books.add(buyback, NAME, "waiting", token)
    else:
        move(books, router, NOBODY, buyback)
        for recipient, share in ((ADDRESSES[staking.NAME], stakers), (keeper, amount - buyback - stakers)):
            move(books, router, recipient, share)
    if stakers:
        staking.notify(books, reward, router, stakers)


def _start(books: Books, rng: random.Random) -> None:
    books.at(NAME)
    tokens = [token for token in _TOKENS if books.get(NAME, "waiting", token) and books.get(NAME, "terms", token)]
    require(tokens)
    token = rng.choice(tokens)
    if books.get(NAME, "running", token):
        require(_is_over(books, books.get(NAME, "running", token)))
        _end(books, token)
    cap, least, start_bps, floor_bps, duration_s = books.get(NAME, "terms", token)
    amount, price = min(cap, books.get(NAME, "waiting", token)), books.get(PRICES, "price", token)
    require(price and least and amount >= least)
    auction = books.add(1, NAME, "auctions")
    books.add(-amount, NAME, "waiting", token)
    books.put(auction, NAME, "running", token)
    books.put(amount, NAME, "left", auction)
    start_price, floor_price = price * start_bps // BPS, -(-price * floor_bps // BPS)
    books.put((token, books.now_s, duration_s, start_price, floor_price), NAME, "auction", auction)
    prices = {"startPrice": start_price, "floorPrice": floor_price}
    books.tell(NAME, "AuctionStarted", auction=auction, token=token, amount=amount, **prices)


def _buy(books: Books, rng: random.Random) -> None:
    books.at(NAME)
    running = [books.get(NAME, "running", token) for token in _TOKENS if books.get(NAME, "running", token)]
    require(running)
    auction, buyer = rng.choice(running), somebody(rng)
    require(not _is_over(books, auction))
    amount = part(rng, books.get(NAME, "left", auction))
    token, _, _, start_price, floor_price = books.get(NAME, "auction", auction)
    cost = -(-amount * rng.choice((start_price, floor_price)) // _UNIT)
    require(cost <= balance(books, buyer))
    left = books.add(-amount, NAME, "left", auction)
    books.tell(NAME, "AuctionBought", auction=auction, buyer=buyer, amount=amount, qtra=cost)
    if not left:
        _end(books, token)
    move(books, buyer, NOBODY, cost)


def _end_auction(books: Books, rng: random.Random) -> None:
    books.at(NAME)
    tokens = [token for token in _TOKENS if books.get(NAME, "running", token)]
    require(tokens)
    token = rng.choice(tokens)
    require(_is_over(books, books.get(NAME, "running", token)))
    _end(books, token)


def _end(books: Books, token: bytes) -> None:
    auction = books.get(NAME, "running", token)
    unsold = books.get(NAME, "left", auction)
    books.add(unsold, NAME, "waiting", token)
    books.put(0, NAME, "left", auction)
    books.put(0, NAME, "running", token)
    books.tell(NAME, "AuctionEnded", auction=auction, unsold=unsold)


def _is_over(books: Books, auction: int) -> bool:
    _, started_s, duration_s, _, _ = books.get(NAME, "auction", auction)
    return bool(books.now_s > started_s + duration_s or not books.get(NAME, "left", auction))


def _report(books: Books, rng: random.Random) -> None:
    books.at(PRICES)
    token, price = rng.choice(_TOKENS), rng.choice((1, rng.randrange(1, 10**20), rng.randrange(1, 2**70)))
    books.put(price, PRICES, "price", token)
    books.put(books.now_s, PRICES, "time", token)
    books.tell(PRICES, "PriceReported", token=token, price=price)


def _auction(books: Books, auction: int) -> tuple[object, ...]:
    token, started_s, duration_s, start_price, floor_price = books.get(NAME, "auction", auction)
    return "0x" + token.hex(), started_s, duration_s, books.get(NAME, "left", auction), start_price, floor_price


DEEDS: Final[tuple[Deed, ...]] = (
    *[_set_up] * 4,
    *[_collect] * 2,
    *[_route] * 4,
    *[_report] * 2,
    *[_start] * 4,
    *[_buy] * 4,
    _end_auction,
)
VIEWS: Final = {
    (NAME, "qtra"): lambda books: _QTRA,
    (NAME, "split"): lambda books: books.get(NAME, "split") or (0, 0, 0, 0),
    (NAME, "termsOf"): lambda books, token: books.get(NAME, "terms", token),
    (NAME, "heldOf"): lambda books, token: (
        books.get(NAME, "waiting", token),
        books.get(NAME, "left", books.get(NAME, "running", token)),
    ),
    (NAME, "auctionCount"): lambda books: books.get(NAME, "auctions"),
    (NAME, "auctionOf"): _auction,
    (PRICES, "lastOf"): lambda books, token: (books.get(PRICES, "price", token), books.get(PRICES, "time", token)),
}

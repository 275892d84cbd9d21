"""Staking: stakes that come, ask to leave, come back and leave, tiers, and rewards."""

import random
from typing import Final

from tests.indexer.economy.books import ADDRESSES, DOLLARS, Books, Deed, part, require, somebody
from tests.indexer.economy.token import balance, move
from tests.indexer.simulated_events import OWNERS

NAME: Final = "Staking"
_COOLDOWN_S: Final = 9
_REWARDS: Final = (ADDRESSES["QTRAToken"], *DOLLARS)


def notify(books: Books, reward: int, payer: bytes, amount: int) -> None:
    """Pays in a reward; its token is moved by who calls this."""
    books.at(NAME)
    books.tell(NAME, "RewardNotified", reward=reward, payer=payer, amount=amount, end=books.now_s + 7)


def reward_of(books: Books, token: bytes) -> int:
    """The number of the reward that is paid in a token; 0: none is."""
    number: int = books.get(NAME, "reward", token)
    return number


def _set_tiers(books: Books, rng: random.Random) -> None:
    books.at(NAME)
    before = len(books.get(NAME, "tiers") or ())
    tiers = sorted({rng.randrange(1, 10**24) for _ in range(rng.randrange(5))})
    books.put(tuple(tiers), NAME, "tiers")
    for number, threshold in enumerate(tiers + [0] * (before - len(tiers)), 1):
        books.tell(NAME, "TierSet", tier=number, threshold=threshold)


def _list_reward(books: Books, rng: random.Random) -> None:
    books.at(NAME)
    token = rng.choice(_REWARDS)
    require(not reward_of(books, token))
    number = books.add(1, NAME, "rewards")
    books.put(number, NAME, "reward", token)
    books.tell(NAME, "RewardListed", reward=number, token=token)


def _notify(books: Books, rng: random.Random) -> None:
    staking, token, payer = books.at(NAME), rng.choice(_REWARDS), somebody(rng)
    require(reward_of(books, token))
    amount = rng.randrange(1, 10**20)
    if token == _REWARDS[0]:
        move(books, payer, staking, amount)
    notify(books, reward_of(books, token), payer, amount)


def _stake(books: Books, rng: random.Random) -> None:
    staking, account = books.at(NAME), somebody(rng)
    amount = part(rng, balance(books, account))
    move(books, account, staking, amount)
    books.tell(NAME, "Staked", account=account, amount=amount, staked=_change(books, account, amount))


def _ask_back(books: Books, rng: random.Random) -> None:
    books.at(NAME)
    stakers = [account for account in OWNERS if books.get(NAME, "staked", account)]
    require(stakers)
    account = rng.choice(stakers)
    staked = books.get(NAME, "staked", account)
    amount = part(rng, staked)
    if rng.random() < 0.2:
        # Leaves with everything and without rewards.
        amount = staked
        books.tell(NAME, "RewardsForfeited", account=account)
    request, available_s = books.add(1, NAME, "requests", account) - 1, books.now_s + _COOLDOWN_S
    books.put((amount, available_s), NAME, "request", account, request)
    left = _change(books, account, -amount)
    told = {"account": account, "request": request, "amount": amount}
    books.tell(NAME, "UnstakeRequested", **told, availableAt=available_s, staked=left)


def _end_request(books: Books, rng: random.Random) -> None:
    staking, account = books.at(NAME), somebody(rng)
    numbers = range(books.get(NAME, "requests", account))
    waiting = [number for number in numbers if books.get(NAME, "request", account, number) != (0, 0)]
    require(waiting)
    request = rng.choice(waiting)
    amount, available_s = books.get(NAME, "request", account, request)
    books.put((0, 0), NAME, "request", account, request)
    told = {"account": account, "request": request, "amount": amount}
    if books.now_s >= available_s:
        books.tell(NAME, "Withdrawn", **told)
        move(books, staking, account, amount)
    else:
        books.tell(NAME, "UnstakeCancelled", **told, staked=_change(books, account, amount))


def _pay(books: Books, rng: random.Random) -> None:
    books.at(NAME)
    account = somebody(rng)
    for token in _REWARDS[1:]:
        if reward_of(books, token):
            amount = rng.randrange(1, 10**19)
            books.tell(NAME, "RewardPaid", reward=reward_of(books, token), account=account, amount=amount)


def _change(books: Books, account: bytes, amount: int) -> int:
    books.add(amount, NAME, "total")
    return books.add(amount, NAME, "staked", account)


DEEDS: Final[tuple[Deed, ...]] = (
    _set_tiers,
    _list_reward,
    _notify,
    *[_stake] * 4,
    *[_ask_back] * 3,
    *[_end_request] * 2,
    _pay,
)
VIEWS: Final = {
    (NAME, "totalStaked"): lambda books: books.get(NAME, "total"),
    (NAME, "tiers"): lambda books: books.get(NAME, "tiers") or (),
    (NAME, "rewardCount"): lambda books: books.get(NAME, "rewards"),
    (NAME, "rewardOf"): reward_of,
    (NAME, "stakedOf"): lambda books, account: books.get(NAME, "staked", account),
    (NAME, "requestOf"): lambda books, account, request: books.get(NAME, "request", account, request),
}

"""The flow of revenue as the tables tell it."""

from random import Random

import pytest
from sqlalchemy import Engine

from indexer.project.revenue import (
    ChainRevenueAuction,
    ChainRevenueAuctionEnd,
    ChainRevenueCollection,
    ChainRevenuePrice,
    ChainRevenuePurchase,
    ChainRevenueRouting,
    ChainRevenueSplit,
    ChainRevenueTerms,
)
from offchain.revenue.service import AUCTIONS_MAX, Revenue, RevenueService, Split
from tests.support.chain_rows import BLOCK_S, CHAIN_ID, ChainRows, time_of

QTRA, USDC, BUYER = b"\x01" * 20, b"\x02" * 20, b"\xb0" * 20


def routed(token: bytes, *parts: int) -> ChainRevenueRouting:
    names = ("bounty", "stakers", "buyback", "treasury", "insurance")
    return ChainRevenueRouting(token=token, keeper=BUYER, **dict(zip(names, parts, strict=True)))


def auction(number: int, amount: int = 100) -> ChainRevenueAuction:
    return ChainRevenueAuction(auction=number, token=USDC, amount=amount, start_price=1_001, floor_price=900)


def terms(duration_s: int) -> ChainRevenueTerms:
    return ChainRevenueTerms(token=USDC, daily_cap=1, min_amount=1, start_bps=1, floor_bps=1, duration_s=duration_s)


@pytest.fixture
def chain(database: Engine) -> ChainRows:
    rows = ChainRows(database)
    rows.head(1, final=0)
    return rows


@pytest.fixture
def service(database: Engine) -> RevenueService:
    return RevenueService(database, CHAIN_ID, QTRA)


def revenue(service: RevenueService) -> Revenue:
    found = service.revenue()
    assert found is not None
    return found


def test_there_is_nothing_before_a_block_is_stored(service: RevenueService) -> None:
    assert service.revenue() is None


def test_flows_add_up_by_token_and_the_last_split_is_in_force(chain: ChainRows, service: RevenueService) -> None:
    chain.add(2, ChainRevenueSplit(stakers_bps=1, buyback_bps=2, treasury_bps=3, insurance_bps=9_994))
    chain.add(3, ChainRevenueSplit(stakers_bps=5_000, buyback_bps=3_000, treasury_bps=1_500, insurance_bps=500))
    chain.add(4, *(ChainRevenueCollection(asset=2, token=USDC, amount=amount) for amount in (10**20, 5)))
    chain.add(5, routed(USDC, 1, 2, 3, 4, 5), routed(USDC, 10, 20, 30, 40, 50), routed(QTRA, 0, 7, 8, 9, 10))
    chain.add(6, ChainRevenuePrice(token=USDC, price=3), ChainRevenuePrice(token=USDC, price=4))
    chain.head(6, final=5)
    found = revenue(service)
    assert found.split == Split(5_000, 3_000, 1_500, 500)
    qtra, usdc = found.flows
    assert (usdc.token, usdc.collected) == (USDC, 10**20 + 5)
    assert (usdc.bounty, usdc.stakers, usdc.buyback, usdc.treasury, usdc.insurance) == (11, 22, 33, 44, 55)
    assert (usdc.price, qtra.price) == ((4, time_of(6)), None)
    assert found.burned == 8, "fees in QTRA are burned at once"


def test_auctions_tell_what_they_sold_and_ask(chain: ChainRows, service: RevenueService) -> None:
    chain.add(2, terms(10 * BLOCK_S))
    chain.add(3, auction(1))
    chain.add(4, terms(BLOCK_S), ChainRevenuePurchase(auction=1, buyer=BUYER, amount=30, qtra=7))
    chain.add(5, ChainRevenuePurchase(auction=1, buyer=BUYER, amount=20, qtra=4))
    chain.head(5, final=4)
    (one,) = revenue(service).auctions
    assert (one.sold, one.sold_for, one.unsold, one.duration_s) == (50, 11, None, 10 * BLOCK_S)
    assert [one.asks(time_of(block)) for block in (3, 5, 12, 13)] == [1_001, 981, 911, 900]
    assert one.asks(time_of(13) + 1) is None
    assert (revenue(service).burned, revenue(service).burned_final) == (11, 7)
    chain.add(6, ChainRevenueAuctionEnd(auction=1, unsold=50))
    chain.head(6, final=4)
    (ended,) = revenue(service).auctions
    assert (ended.unsold, ended.asks(time_of(6))) == (50, None)
    assert revenue(service).flows[0].sold_for == 11


def test_the_newest_auctions_are_told_and_all_are_counted(chain: ChainRows, service: RevenueService) -> None:
    last = AUCTIONS_MAX + 5
    chain.add(2, terms(60), *(auction(number) for number in range(1, last + 1)))
    chain.add(
        3, *(ChainRevenuePurchase(auction=number, buyer=BUYER, amount=1, qtra=1) for number in range(1, last + 1))
    )
    chain.head(3, final=3)
    found = revenue(service)
    assert [one.number for one in found.auctions] == list(range(last, 5, -1))
    assert found.burned == found.flows[0].sold == last


@pytest.mark.parametrize("seed", range(2))
def test_who_asked_before_is_told_what_a_new_reader_is(
    chain: ChainRows, service: RevenueService, database: Engine, seed: int
) -> None:
    random, head, final = Random(seed), 2, 0
    models = (ChainRevenueAuction, ChainRevenueCollection, ChainRevenuePrice, ChainRevenuePurchase, ChainRevenueRouting)
    chain.add(2, terms(60), auction(1))

    def amount() -> int:
        return random.randint(0, 2**256 - 1)

    for step in range(25):
        if step % 4 == 3:
            head = random.randint(max(final, 2), head)
            chain.undo(head, *models)
        for _ in range(random.randint(0, 3)):
            head += 1
            token = random.choice((QTRA, USDC))
            chain.add(head, routed(token, *(amount() for _ in range(5))), auction(100 * head))
            chain.add(head, ChainRevenueCollection(asset=2, token=token, amount=amount()))
            chain.add(head, ChainRevenuePrice(token=token, price=amount()))
            for number in (1, 100 * head):
                chain.add(head, ChainRevenuePurchase(auction=number, buyer=BUYER, amount=amount(), qtra=amount()))
        final = max(final, head - 4)
        chain.head(head, final=final, branch=step)
        assert revenue(service) == revenue(RevenueService(database, CHAIN_ID, QTRA))
    assert 0 < revenue(service).burned_final < revenue(service).burned

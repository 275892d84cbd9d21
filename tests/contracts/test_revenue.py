"""The circle of the revenue: a fee that was taken in a fill is followed to its end, unit by unit."""

import ape
import pytest
from economy import AUCTION_S, BOUNTY_CAP, DOLLAR, DOLLARS, PRICE, SPLIT, START_BPS, TOKEN, WEEK, deploy_economy
from venue import BUY, HOUR, SELL, USDC, Intent

from offchain.core.money import fee_units
from offchain.settlement.batch import SkipReason

MAKER, TAKER, STAKER, KEEPER = range(4)
BPS = 10_000


@pytest.fixture(scope="module")
def economy(project, venue):
    return deploy_economy(project, venue)


def test_a_fee_is_followed_to_its_end_unit_by_unit(economy, chain):
    venue, router, staking, usdc, qtra = economy.venue, economy.router, economy.staking, economy.usdc, economy.qtra
    staker, keeper, buyer = venue.wallets[STAKER], venue.wallets[KEEPER], venue.wallets[TAKER]
    economy.give(staker, 1_000 * TOKEN)
    economy.give(buyer, 10**6 * TOKEN)
    staking.stake(1_000 * TOKEN, sender=staker)
    ends = (keeper, economy.treasury, economy.insurance, buyer, staker, staking, router)
    held = [usdc.balanceOf(end) for end in ends]

    # A fill of odd amounts, so that every rounding shows.
    price, lots = 600_001, 999_983
    assert (
        venue.settle_pair(
            Intent(MAKER, SELL, price=price, quantity=lots), Intent(TAKER, BUY, price=price, quantity=lots), lots
        )
        is SkipReason.NONE
    )
    fee = fee_units(price * lots, 1_500) + fee_units(price * lots, 2_500)
    assert venue.vault.feesOf(USDC) == fee

    router.collect(USDC, fee, sender=keeper)
    assert (venue.vault.feesOf(USDC), router.routable(usdc)) == (0, fee)

    (routed,) = router.route(usdc, sender=keeper).decode_logs(router.RevenueRouted)
    bounty = min(fee * 10 // BPS, BOUNTY_CAP)
    stakers, buyback, treasury = ((fee - bounty) * part // BPS for part in SPLIT[:3])
    insurance = fee - bounty - stakers - buyback - treasury
    assert (routed.bounty, routed.stakers, routed.buyback) == (bounty, stakers, buyback)
    assert (routed.treasury, routed.insurance) == (treasury, insurance)
    assert router.heldOf(usdc) == (buyback, 0)

    chain.pending_timestamp += HOUR
    (started,) = router.startAuction(usdc, sender=keeper).decode_logs(router.AuctionStarted)
    assert (started.amount, started.startPrice) == (buyback, PRICE * START_BPS // BPS)
    supply, paid = qtra.totalSupply(), qtra.balanceOf(buyer)
    chain.pending_timestamp += AUCTION_S // 2
    for amount in (buyback // 3, buyback - buyback // 3):
        router.buy(started.auction, amount, 10**6 * TOKEN, chain.pending_timestamp + 60, sender=buyer)
    burned = supply - qtra.totalSupply()
    assert burned == paid - qtra.balanceOf(buyer) == pytest.approx(buyback * PRICE // TOKEN, rel=1e-3)
    assert router.runningOf(usdc) == 0

    chain.pending_timestamp += WEEK
    staking.claim(DOLLARS, sender=staker)
    gained = [usdc.balanceOf(end) - before for end, before in zip(ends, held, strict=True)]
    # Rounding leaves the staker's last unit in the staking contract.
    assert gained == [bounty, treasury, insurance, buyback, stakers - 1, 1, 0]
    assert sum(gained) == fee


def test_fees_of_every_listed_asset_are_collected_by_anybody_for_the_router_alone(economy):
    venue, keeper = economy.venue, economy.venue.wallets[KEEPER]
    venue.settle_pair(Intent(MAKER, SELL), Intent(TAKER, BUY), 100)
    fee = venue.vault.feesOf(USDC)
    with ape.reverts(venue.vault.AccessManagedUnauthorized, caller=keeper.address):
        venue.vault.collectFees(USDC, fee, keeper, sender=keeper)
    receipt = economy.router.collect(USDC, fee, sender=keeper)
    (collected,) = receipt.decode_logs(economy.router.FeesCollected)
    assert (collected.asset, collected.token, collected.amount) == (USDC, economy.usdc.address, fee)
    with ape.reverts(venue.vault.SettlementInsufficientBalance):
        economy.router.collect(USDC, 1, sender=keeper)


def test_a_buyer_is_never_charged_more_than_it_said(economy, chain):
    admin, buyer = economy.venue.admin, economy.venue.wallets[TAKER]
    economy.give(buyer, 10**6 * TOKEN)
    economy.usdc.mint(economy.router, 1_000 * DOLLAR, sender=admin)
    economy.router.route(economy.usdc, sender=admin)
    chain.pending_timestamp += HOUR
    economy.router.startAuction(economy.usdc, sender=admin)
    deadline = chain.pending_timestamp + 600
    with ape.reverts(economy.router.RouterTooExpensive):
        economy.router.buy(1, 10 * DOLLAR, 100 * TOKEN, deadline, sender=buyer)
    chain.pending_timestamp += 601
    with ape.reverts(economy.router.RouterDeadlinePassed, deadline=deadline):
        economy.router.buy(1, 10 * DOLLAR, 1_000 * TOKEN, deadline, sender=buyer)


def test_only_the_guardian_halts_auctions_and_at_once(economy, chain):
    venue, guardian = economy.venue, economy.venue.wallets[0]
    halt = bytes(economy.router.haltAuctions.encode_input(economy.usdc))[:4]
    venue.access.setTargetFunctionRole(economy.router, [halt], 1, sender=venue.admin)
    venue.access.grantRole(1, guardian, 0, sender=venue.admin)
    economy.router.haltAuctions(economy.usdc, sender=guardian)
    chain.pending_timestamp += HOUR
    with ape.reverts(economy.router.RouterNotAuctioned, token=economy.usdc.address):
        economy.router.startAuction(economy.usdc, sender=guardian)
    with ape.reverts(economy.router.AccessManagedUnauthorized, caller=guardian.address):
        economy.router.setSplit((BPS, 0, 0, 0), sender=guardian)

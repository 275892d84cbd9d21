"""What a staker does: stakes by one signature, earns two tokens, reaches a tier, and leaves after the cooldown."""

import ape
import pytest
from economy import DAY, DOLLAR, DOLLARS, QTRAS, TOKEN, WEEK, deploy_economy


@pytest.fixture(scope="module")
def economy(project, venue):
    return deploy_economy(project, venue)


@pytest.fixture
def staker(economy):
    """A wallet with QTRA that the staking contract may take."""
    account = economy.venue.wallets[0]
    economy.give(account, 1_000 * TOKEN)
    return account


def test_a_staker_stakes_earns_and_leaves(economy, staker, chain):
    economy.staking.stake(1_000 * TOKEN, sender=staker)
    economy.notify(700 * DOLLAR)
    chain.pending_timestamp += WEEK + 1
    chain.mine()
    held = economy.usdc.balanceOf(staker)
    assert economy.staking.earned(staker, DOLLARS) == 700 * DOLLAR - 1
    receipt = economy.staking.claim(DOLLARS, sender=staker)
    (paid,) = receipt.decode_logs(economy.staking.RewardPaid)
    assert (paid.reward, paid.account, paid.amount) == (DOLLARS, staker, 700 * DOLLAR - 1)
    assert economy.usdc.balanceOf(staker) - held == 700 * DOLLAR - 1

    receipt = economy.staking.requestUnstake(1_000 * TOKEN, sender=staker)
    (asked,) = receipt.decode_logs(economy.staking.UnstakeRequested)
    assert (asked.request, asked.staked, asked.availableAt) == (0, 0, receipt.timestamp + WEEK)
    with ape.reverts(economy.staking.StakingCooldown, availableAt=asked.availableAt):
        economy.staking.withdraw(0, sender=staker)
    chain.pending_timestamp = asked.availableAt
    economy.staking.withdraw(0, sender=staker)
    assert economy.qtra.balanceOf(staker) == 1_000 * TOKEN


def test_two_stakers_share_two_rewards_by_stake_and_time(economy, staker, chain):
    other, admin = economy.venue.wallets[1], economy.venue.admin
    economy.give(other, 3_000 * TOKEN)
    economy.staking.stake(1_000 * TOKEN, sender=staker)
    economy.notify(700 * DOLLAR)
    economy.qtra.approve(economy.staking, 140 * TOKEN, sender=admin)
    economy.staking.notify(QTRAS, 140 * TOKEN, 2 * WEEK, sender=admin)
    start = chain.blocks.head.timestamp
    chain.pending_timestamp = start + 2 * DAY
    economy.staking.stake(3_000 * TOKEN, sender=other)
    chain.pending_timestamp = start + 6 * DAY
    chain.mine()
    # Two days alone, then four at a quarter. The blocks of the notifications are a second or two apart.
    assert economy.staking.earned(staker, DOLLARS) == pytest.approx(300 * DOLLAR, abs=10_000)
    assert economy.staking.earned(other, DOLLARS) == pytest.approx(300 * DOLLAR, abs=10_000)
    assert economy.staking.earned(staker, QTRAS) == pytest.approx(30 * TOKEN, abs=10**15)
    economy.staking.claim(sender=other)
    assert economy.qtra.balanceOf(other) == pytest.approx(30 * TOKEN, abs=10**15)


def test_a_wallet_stakes_by_permit_even_when_it_was_front_run(economy, chain):
    account, watcher = economy.venue.wallets[2], economy.venue.wallets[3]
    economy.qtra.transfer(account, 10 * TOKEN, sender=economy.venue.admin)
    deadline = chain.pending_timestamp + 600
    signature = economy.permit(account, 10 * TOKEN, deadline)
    economy.qtra.permit(account, economy.staking, 10 * TOKEN, deadline, *signature, sender=watcher)
    economy.staking.stakeWithPermit(10 * TOKEN, deadline, *signature, sender=account)
    assert economy.staking.stakedOf(account) == 10 * TOKEN


def test_a_tier_follows_the_stake(economy, staker):
    economy.staking.setTiers([100 * TOKEN, 1_000 * TOKEN], sender=economy.venue.admin)
    economy.staking.stake(1_000 * TOKEN, sender=staker)
    assert economy.staking.tierOf(staker) == 2
    economy.staking.requestUnstake(1, sender=staker)
    assert economy.staking.tierOf(staker) == 1
    economy.staking.cancelUnstake(0, sender=staker)
    assert economy.staking.tierOf(staker) == 2
    with ape.reverts(economy.staking.AccessManagedUnauthorized, caller=staker.address):
        economy.staking.setTiers([], sender=staker)


def test_who_leaves_in_an_emergency_gets_the_stake_and_no_rewards(economy, staker, chain):
    economy.staking.stake(1_000 * TOKEN, sender=staker)
    economy.notify(700 * DOLLAR)
    chain.pending_timestamp += DAY
    economy.staking.exit(sender=staker)
    assert economy.staking.earned(staker, DOLLARS) == 0
    assert economy.staking.streamOf(DOLLARS).waiting == pytest.approx(100 * DOLLAR, abs=10_000)
    chain.pending_timestamp += WEEK
    economy.staking.withdraw(0, sender=staker)
    assert economy.qtra.balanceOf(staker) == 1_000 * TOKEN

"""Staking as the tables tell it: stakes, tiers, requests, rewards; and streams as the contract tells them."""

from random import Random
from typing import Any

import pytest
from eth_abi.abi import encode
from sqlalchemy import Engine

from indexer.project.staking import (
    ChainStake,
    ChainStakingForfeit,
    ChainStakingMove,
    ChainStakingNotice,
    ChainStakingPayment,
    ChainStakingReward,
    ChainStakingTier,
)
from offchain.chain.bindings import load_contract
from offchain.chain.node import NodePool, RpcError
from offchain.core.errors import NodeUnavailable
from offchain.staking.service import Position, StakingService
from offchain.staking.view import StakingView, Stream
from tests.support.chain_rows import CHAIN_ID, ChainRows, time_of

ALICE, BOB = b"\xa1" * 20, b"\xb0" * 20
STAKING, USDC = b"\x57" * 20, b"\x02" * 20


def move(event: str, account: bytes, amount: int, *, request: int = 0, at_s: int = 0) -> ChainStakingMove:
    return ChainStakingMove(
        event=event, contract=STAKING, account=account, request=request, amount=amount, at_s=at_s, staked=0
    )


@pytest.fixture
def chain(database: Engine) -> ChainRows:
    rows = ChainRows(database)
    rows.head(1, final=0)
    return rows


@pytest.fixture
def service(database: Engine) -> StakingService:
    return StakingService(database, CHAIN_ID)


def position(service: StakingService, account: bytes) -> Position:
    found = service.account(account)
    assert found is not None
    return found


def test_there_is_nothing_before_a_block_is_stored(service: StakingService) -> None:
    assert (service.staking(), service.account(ALICE)) == (None, None)


def test_the_thresholds_that_were_set_last_make_the_tiers(chain: ChainRows, service: StakingService) -> None:
    chain.add(2, *(ChainStakingTier(tier=tier, threshold=10**tier) for tier in (1, 2, 3)))
    chain.add(3, ChainStakingTier(tier=1, threshold=50), ChainStakingTier(tier=3, threshold=0))
    chain.head(3, final=3)
    staking = service.staking()
    assert staking is not None
    assert staking.thresholds == (50, 100)
    assert [staking.tier_of(staked) for staked in (0, 49, 50, 99, 100, 10**30)] == [0, 0, 1, 1, 2, 2]


def test_a_stake_is_the_sum_of_its_moves_and_final_apart(chain: ChainRows, service: StakingService) -> None:
    chain.add(2, ChainStakingTier(tier=1, threshold=100))
    chain.add(3, move("Staked", ALICE, 150), move("UnstakeRequested", ALICE, 60, request=0, at_s=time_of(20)))
    chain.add(4, move("UnstakeCancelled", ALICE, 60), move("Staked", BOB, 7))
    chain.head(4, final=3)
    one = position(service, ALICE)
    assert (one.staked, one.staked_final, one.tier) == (150, 90, 1)
    assert one.requests == ()


def test_requests_are_told_until_they_are_withdrawn(chain: ChainRows, service: StakingService) -> None:
    chain.add(2, move("Staked", ALICE, 100))
    chain.add(3, *(move("UnstakeRequested", ALICE, 10, request=number, at_s=time_of(9)) for number in (0, 1, 2)))
    chain.add(9, move("Withdrawn", ALICE, 10, request=0), move("UnstakeCancelled", ALICE, 10, request=1))
    chain.head(9, final=9)
    (request,) = position(service, ALICE).requests
    assert (request.number, request.amount, request.at_s, request.is_final) == (2, 10, time_of(9), True)


def test_rewards_tell_what_came_in_and_went_out_and_what_is_live(chain: ChainRows, service: StakingService) -> None:
    chain.add(2, ChainStakingReward(reward=1, token=USDC))
    chain.add(3, ChainStakingNotice(reward=1, payer=BOB, amount=5, end_s=time_of(6)))
    chain.add(4, ChainStakingNotice(reward=1, payer=ALICE, amount=7, end_s=time_of(60)))
    chain.add(5, ChainStakingPayment(reward=1, account=ALICE, amount=2), ChainStakingForfeit(account=BOB))
    chain.put(ChainStake(chain_id=CHAIN_ID, contract=STAKING, account=ALICE, amount=11))
    chain.head(6, final=3)
    staking = service.staking()
    assert staking is not None
    (reward,) = staking.rewards
    assert (staking.staked, staking.stakers) == (11, 1)
    assert (reward.notified, reward.paid) == (12, 2)
    assert [(notice.payer, notice.amount, notice.is_final) for notice in reward.live] == [(ALICE, 7, False)]
    assert (position(service, ALICE).paid, position(service, ALICE).forfeits) == ({1: 2}, 0)
    assert (position(service, BOB).paid, position(service, BOB).forfeits) == ({}, 1)


def test_who_asked_before_is_told_what_a_new_reader_is(
    chain: ChainRows, service: StakingService, database: Engine
) -> None:
    random, head, final = Random(1), 2, 0
    chain.add(2, *(ChainStakingReward(reward=reward, token=USDC) for reward in (1, 2)))
    for step in range(25):
        if step % 4 == 3:
            head = random.randint(max(final, 2), head)
            chain.undo(head, ChainStakingNotice, ChainStakingPayment)
        for _ in range(random.randint(0, 3)):
            head += 1
            reward, amount, end_s = random.randint(1, 2), random.randint(0, 2**256 - 1), time_of(head + 2)
            chain.add(head, ChainStakingNotice(reward=reward, payer=BOB, amount=amount, end_s=end_s))
            chain.add(head, ChainStakingPayment(reward=reward, account=ALICE, amount=amount // 3))
        final = max(final, head - 4)
        chain.head(head, final=final, branch=step)
        assert service.staking() == StakingService(database, CHAIN_ID).staking()


class ToldNode(NodePool):
    """A node that answers reads of a contract as a test says."""

    def __init__(self, answers: list[Any]) -> None:
        super().__init__(["http://nowhere"])
        self.answers = answers
        self.asked: list[Any] = []

    async def batch(self, requests: Any) -> list[Any]:
        self.asked += requests
        if isinstance(self.answers, Exception):
            raise self.answers
        return self.answers[: len(requests)]


def stream(*values: int) -> str:
    return "0x" + encode(["(address,uint128,uint128,uint256,uint40)"], [("0x" + USDC.hex(), *values)]).hex()


async def test_streams_are_read_once_a_block() -> None:
    node = ToldNode([stream(10, 3, 5 << 64, 99)])
    view = StakingView(node, load_contract("Staking"), STAKING)
    expected = {1: Stream(10, 3, 5 << 64, 99)}
    assert await view.streams([1], 7) == await view.streams([1], 7) == expected
    assert len(node.asked) == 1
    assert node.asked[0][1][1] == "0x7"
    await view.streams([1], 8)
    assert len(node.asked) == 2
    assert expected[1].paid_within(60) == 300


async def test_what_an_account_has_earned_is_kept_apart() -> None:
    node = ToldNode(["0x" + encode(["uint256"], [amount]).hex() for amount in (4, 5)])
    view = StakingView(node, load_contract("Staking"), STAKING)
    assert await view.earned(ALICE, [1, 2], 7) == {1: 4, 2: 5}
    assert await view.earned(BOB, [1], 7) == {1: 4}
    assert len(node.asked) == 3


@pytest.mark.parametrize("trouble", [NodeUnavailable("away"), [RpcError("eth_call", {"message": "too old"})]])
async def test_what_no_node_tells_is_not_known(trouble: Any) -> None:
    view = StakingView(ToldNode(trouble), load_contract("Staking"), STAKING)
    assert await view.streams([1], 7) is None
    assert await view.earned(ALICE, [1], 7) is None

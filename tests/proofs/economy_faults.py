"""Mistakes of the kind that sales, vesting, staking and revenue contracts have had, for `make broken-contracts`."""

from typing import Final

from tests.proofs.fault import Fault

# A purchase that the textbook refuses is a payment that it does not know of: the escrow differs first.
SALE: Final = (
    Fault(
        "a refund is not taken off what was paid, so it is paid again and again",
        "SaleManager.sol",
        "standing = standing.takeBack(payment, micros);",
        "",
        ("RefundsWhatWasPaid", "CapsNest", "EscrowIsWhatWasPaidLessWhatWasPaidOut"),
    ),
    Fault(
        "what earlier rounds took does not count for the sale's wallet cap",
        "SaleWallets.sol",
        "if (paid != 0 && !_missed(i, _termsOf(i))) allowed = _left(allowed, paid);",
        "if (paid != 0 && !_missed(i, _termsOf(i))) allowed = _left(allowed, 0);",
        ("EscrowIsWhatWasPaidLessWhatWasPaidOut", "CapsNest", "BuysAsTheTextbook"),
    ),
    Fault(
        "a voucher counts in rounds that it is not of",
        "SaleWallets.sol",
        "voucher.buyer == msg.sender && voucher.round == round,",
        "voucher.buyer == msg.sender,",
        ("EscrowIsWhatWasPaidLessWhatWasPaidOut", "BuysAsTheTextbook"),
    ),
    Fault(
        "what rounding leaves of the proceeds is paid to nobody",
        "SaleManager.sol",
        "i + 1 == _shares.length ? left : proceeds * share.bps / BPS",
        "proceeds * share.bps / BPS",
        ("ProceedsOnce",),
    ),
)
VESTING: Final = (
    Fault(
        "a claim forgets to write what was claimed",
        "MerkleVesting.sol",
        "_accounts[pool][account] = Account(held.allocation, uint120(claimed), false);",
        "_accounts[pool][account] = Account(held.allocation, held.claimed, false);",
        ("ClaimsAreTheTextbooks", "ItHoldsWhatItOwes", "EverybodyGetsWhatWasPaidOut"),
    ),
    Fault(
        "a first claim is not taken off what its pool has left",
        "MerkleVesting.sol",
        "_pools[pool].left = left - uint112(allocation);",
        "",
        ("WhatIsLeftWasNotProved",),
    ),
    Fault(
        "a root can be written again",
        "MerkleVesting.sol",
        "require(_roots[pool] == bytes32(0), VestingAlreadyPublished(pool));",
        "",
        ("PoolsAreFinal", "RootsAreFinal", "WhatIsLeftWasNotProved"),
    ),
    Fault(
        "a revocation keeps what had vested and was not claimed",
        "MerkleVesting.sol",
        "uint128 kept = _vested(terms, allocation, block.timestamp);",
        "uint128 kept = held.claimed;",
        ("ARevocationPaysExactlyWhatHasVested", "ARevokedAccountKeepsWhatHadVested", "ClaimsAreTheTextbooks"),
    ),
)
STAKING: Final = (
    Fault(
        "a stake earns from before it came",
        "Staking.sol",
        "account.blend(i, perStake[i], amount);",
        "",
        ("EarnedAndPaidAreAtMostWhatWasPaidIn", "RewardsAreTheTextbooks", "StakesAreHeldApartFromRewards"),
    ),
    Fault(
        "a claim does not begin anew, so the same reward is paid twice",
        "Staking.sol",
        "account.restart(i, perStake);",
        "",
        ("EarnedAndPaidAreAtMostWhatWasPaidIn", "RewardsAreTheTextbooks"),
    ),
    Fault(
        "a stream runs on while nobody stakes",
        "Staking.sol",
        "_streams[i].end = stream.end + uint40(block.timestamp) - pool.updatedAt;",
        "",
        ("NothingOfARewardIsLost", "RewardsAreTheTextbooks"),
    ),
    Fault(
        "a stake that shrinks again forgets what it had earned before",
        "Staking.sol",
        "if (reward != 0) _earnedBefore[msg.sender][i] += uint128(reward);",
        "if (reward != 0) _earnedBefore[msg.sender][i] = uint128(reward);",
        ("NothingOfARewardIsLost", "RewardsAreTheTextbooks"),
    ),
    Fault(
        "a request is paid a second before its cooldown is over",
        "Staking.sol",
        "require(block.timestamp >= taken.availableAt,",
        "require(block.timestamp + 1 >= taken.availableAt,",
        ("TheCooldownIsKeptAndPaysOnce",),
    ),
)
REVENUE: Final = (
    Fault(
        "what rounding leaves of a split is sent to nobody",
        "RevenueRouter.sol",
        "uint256 forInsurance = rest - stakers - buyback - forTreasury;",
        "uint256 forInsurance = rest * shares.insuranceBps / BPS;",
        ("PartsAddUpToTheAmount", "PartsAreAsTheSplitSays"),
    ),
    Fault(
        "the treasury gets the insurance's share, and the insurance the treasury's",
        "RevenueRouter.sol",
        "rest * shares.treasuryBps / BPS",
        "rest * shares.insuranceBps / BPS",
        ("PartsAreAsTheSplitSays",),
    ),
    Fault(
        "an auction's price rises",
        "RevenueRouter.sol",
        "(sale.startPrice - sale.floorPrice) * remaining",
        "(sale.startPrice - sale.floorPrice) * (sale.duration - remaining)",
        ("AnAuctionsPriceOnlyFalls",),
    ),
    Fault(
        "what an auction holds is taken for stray, and routed again",
        "RevenueRouter.sol",
        "IERC20(token).balanceOf(address(this)) - waiting - inAuction;",
        "IERC20(token).balanceOf(address(this)) - waiting;",
        ("EveryUnitIsOutOrHere", "TheRouterHoldsWhatAuctionsHold"),
    ),
    Fault(
        "the day's cap of the bounty is of each call",
        "RevenueRouter.sol",
        "terms.cap - Math.min(terms.cap, paid)",
        "terms.cap",
        ("KeepersGetNoMoreThanTheCap",),
    ),
    Fault(
        "a report may be a fifth from the last",
        "ReportedPrice.sol",
        "require(step * BPS <= uint256(last.price) * MAX_STEP_BPS,",
        "require(step * BPS <= uint256(last.price) * MAX_STEP_BPS * 2,",
        ("AReportIsWithinATenthAndTenMinutes",),
    ),
)
FAULTS: Final = (*SALE, *VESTING, *STAKING, *REVENUE)

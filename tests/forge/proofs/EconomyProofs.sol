// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Lanes, LanesLibrary} from "../../../contracts/sale/Lanes.sol";
import {Standing, StandingLibrary} from "../../../contracts/sale/Standing.sol";
import {Pool, RewardStream, RewardStreams} from "../../../contracts/staking/RewardStream.sol";
import {StakeAccount, StakeAccounts} from "../../../contracts/staking/StakeAccount.sol";

/// @dev Proofs over all words and all values, by halmos: the sale's two words.
contract SaleProofs {
    /// @dev Fields of a wallet's word hold what is written to them; what was paid and the round stay.
    function check_aStandingKeepsItsFields(uint256 word, uint48 limit, uint24 hour, uint8 epoch) external pure {
        if (limit > StandingLibrary.LANE_MAX || hour > StandingLibrary.HOUR_MAX) return;
        Standing standing = Standing.wrap(word);
        Standing changed = standing.remember(limit, hour, epoch);
        assert(changed.limit() == limit && changed.hour() == hour && changed.epoch() == epoch);
        assert(changed.round() == standing.round());
        uint256 sum = 0;
        for (uint256 i = 0; i < StandingLibrary.LANES; ++i) {
            assert(changed.paidBy(i) == standing.paidBy(i));
            sum += standing.paidBy(i);
        }
        assert(changed.paid() == sum);
    }

    /// @dev A payment within the width goes to its token alone, and comes back whole.
    function check_aPaymentIsItsTokensAlone(uint256 word, uint8 payment, uint48 micros) external pure {
        Standing standing = Standing.wrap(word);
        if (payment >= StandingLibrary.LANES || standing.paid() + micros > StandingLibrary.LANE_MAX) return;
        Standing changed = standing.pay(payment, micros);
        for (uint256 i = 0; i < StandingLibrary.LANES; ++i) {
            assert(changed.paidBy(i) == standing.paidBy(i) + (i == payment ? micros : 0));
        }
        assert(changed.paid() == standing.paid() + micros);
        assert(Standing.unwrap(changed) >> 176 == word >> 176);
        assert(Standing.unwrap(changed.takeBack(payment, micros)) == word);
    }

    /// @dev The same of a round's word.
    function check_whatARoundRaisesIsItsTokensAlone(uint256 word, uint8 payment, uint48 micros) external pure {
        Lanes lanes = Lanes.wrap(word);
        if (payment >= LanesLibrary.LANES || lanes.sum() + micros > LanesLibrary.LANE_MAX) return;
        Lanes changed = lanes.add(payment, micros);
        for (uint256 i = 0; i < LanesLibrary.LANES; ++i) {
            assert(changed.get(i) == lanes.get(i) + (i == payment ? micros : 0));
        }
        assert(changed.sum() == lanes.sum() + micros);
        assert(Lanes.unwrap(changed) >> 192 == word >> 192);
        assert(Lanes.unwrap(changed.take(payment, micros)) == word);
    }

    /// @dev Signers and suspects change nothing that was raised, and no outcome.
    function check_aRoundsWordKeepsItsFields(uint256 word, uint8 epoch, address buyer) external pure {
        Lanes lanes = Lanes.wrap(word);
        Lanes changed = lanes.setEpoch(epoch).suspect(buyer);
        assert(changed.epoch() == epoch && changed.suspects(buyer));
        assert(uint200(Lanes.unwrap(changed)) == uint200(word));
        assert(lanes.suspect(buyer).epoch() == lanes.epoch());
    }
}

/// @dev The same of staking: an account's checkpoints, and when streams pay.
contract StakingProofs {
    using RewardStreams for Pool;
    using RewardStreams for RewardStream;
    using StakeAccounts for StakeAccount;

    uint256 private constant REWARDS = 5;
    uint256 private constant PER_STAKE_MAX = (2 ** 80 - 1) << 40;

    /// @dev Who begins anew has earned nothing, keeps the stake, and has of every other reward what it had.
    function check_whoBeginsAnewHasEarnedNothing(
        StakeAccount memory account,
        uint8 reward,
        uint120 perStake,
        uint8 other,
        uint120 ofOther
    ) external pure {
        if (reward >= REWARDS || other >= REWARDS || perStake > PER_STAKE_MAX) return;
        uint256 staked = account.staked();
        uint256 before = account.earned(other, ofOther, 50);
        account.restart(reward, perStake);
        assert(account.earned(reward, perStake, 50) == 0);
        assert(account.staked() == staked);
        if (other != reward) assert(account.earned(other, ofOther, 50) == before);
    }

    /// @dev A stake that is written changes no checkpoint.
    function check_aStakeIsItsOwn(StakeAccount memory account, uint96 amount) external pure {
        (uint256 first, uint256 second) = (account.first, account.second);
        account.setStaked(amount);
        assert(account.staked() == amount);
        assert(account.first >> 96 == first >> 96 && account.second == second);
    }

    /// @dev After its end a stream pays nothing more; nor does any while less than a whole token is staked.
    function check_nothingIsPaidAfterTheEndOrToNobody(
        Pool memory pool,
        RewardStream memory stream,
        uint40 time,
        uint40 later
    ) external pure {
        if (time < pool.updatedAt || later < time) return;
        if (time >= stream.end) {
            assert(stream.perStakeAt(pool, later) == stream.perStakeAt(pool, time));
            assert(stream.leftAt(time) == 0);
        }
        if (pool.total < RewardStreams.MIN_TOTAL) {
            assert(stream.perStakeAt(pool, later) == stream.perStakeAt(pool, time));
        }
    }
}

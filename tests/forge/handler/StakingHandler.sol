// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IStaking} from "../../../contracts/interfaces/IStaking.sol";
import {BlacklistingToken} from "../../../contracts/mocks/HostileTokens.sol";
import {StakingFixture} from "../base/StakingFixture.sol";

/// @dev Rules of which the handler notes whether one was ever broken.
enum StakingRule {
    COOLDOWN,
    FLASH,
    STRANGER,
    OTHERS_KEEP,
    STANDSTILL,
    STREAM_LENGTH,
    LEAVING,
    CLAIM_PAYS,
    TIERS
}

/// @dev Everybody who may act on the staking contract, at random, and a textbook of what each has earned: every second's
/// part of each stream divided by stakes, in fractions of 2^64 of a base unit. The third reward refuses now and then.
contract StakingHandler is StakingFixture {
    /// @param left what is still to be paid, times 2^64
    struct BookStream {
        uint256 left;
        uint256 waiting;
        uint256 end;
    }

    uint256 public constant ACCOUNTS = 4;
    uint8 public constant REWARDS = 3;
    uint8 private constant THIRD = 3;
    uint256 public broken;
    /// @dev Calls that can have rounded something.
    uint256 public roundings;
    BlacklistingToken private _third;
    address[] private _accounts;
    BookStream[REWARDS + 1] private _book;
    uint256 private _updatedAt;
    uint256 private _bookTotal;
    mapping(address account => uint256) public bookStake;
    mapping(address account => mapping(uint8 reward => uint256)) private _bookEarned;
    mapping(address account => IStaking.Request[]) private _bookRequests;
    mapping(address account => uint256) private _claimedQtra;
    mapping(uint8 reward => uint256) public paidIn;
    mapping(uint8 reward => uint256) public paidOut;
    mapping(uint8 reward => uint256) public donated;

    function setUp() public override {
        super.setUp();
        _third = new BlacklistingToken();
        staking.listReward(address(_third));
        _third.approve(address(staking), type(uint256).max);
        _accounts = [alice, bob, carol, address(0xDA7E)];
        qtra.transfer(_accounts[3], FUNDS);
        vm.prank(_accounts[3]);
        qtra.approve(address(staking), type(uint256).max);
        _updatedAt = vm.getBlockTimestamp();
    }

    // -- what is done

    function stakeSome(uint256 dice) external {
        dice = spread(dice);
        address account = _account(dice);
        uint256 amount = _amount(dice >> 8, qtra.balanceOf(account));
        if (amount == 0) return;
        uint256[] memory before = _before(account);
        vm.prank(account);
        staking.stake(amount);
        _bookIn(account, amount);
        _checkOthers(account, before);
    }

    function requestUnstake(uint256 dice) external {
        dice = spread(dice);
        address account = _account(dice);
        uint256 amount = _amount(dice >> 8, bookStake[account]);
        if (amount == 0) return;
        uint256[] memory before = _before(account);
        vm.prank(account);
        staking.requestUnstake(amount);
        _bookOut(account, amount);
        _checkOthers(account, before);
    }

    function cancelUnstake(uint256 dice) external {
        dice = spread(dice);
        address account = _account(dice);
        if (_bookRequests[account].length == 0) return;
        uint256 request = (dice >> 8) % _bookRequests[account].length;
        uint256 amount = _bookRequests[account][request].amount;
        uint256[] memory before = _before(account);
        vm.prank(account);
        try staking.cancelUnstake(request) {
            check(amount != 0, StakingRule.COOLDOWN);
            delete _bookRequests[account][request];
            _bookIn(account, amount);
        } catch {
            check(amount == 0, StakingRule.LEAVING);
        }
        _checkOthers(account, before);
    }

    function withdraw(uint256 dice) external {
        dice = spread(dice);
        address account = _account(dice);
        if (_bookRequests[account].length == 0) return;
        uint256 request = (dice >> 8) % _bookRequests[account].length;
        uint256 due = _bookRequests[account][request].availableAt;
        // Now and then at the last second of the cooldown, or the first after it.
        if (dice % 3 == 0 && due > vm.getBlockTimestamp()) vm.warp(due - (dice >> 128) % 2);
        _withdraw(account, request);
    }

    function claimSome(uint256 dice) external {
        dice = spread(dice);
        address account = _account(dice);
        uint256[] memory before = _before(account);
        uint8 only = uint8((dice >> 8) % (REWARDS + 1));
        uint256[REWARDS + 1] memory held;
        for (uint8 reward = 1; reward <= REWARDS; ++reward) {
            held[reward] = _balanceOf(reward, account);
        }
        bool refused = _third.listed(address(staking)) && (only == 0 || only == THIRD) && before[THIRD - 1] != 0;
        vm.prank(account);
        (bool success,) = address(staking)
            .call(only == 0 ? abi.encodeWithSignature("claim()") : abi.encodeWithSignature("claim(uint8)", only));
        check(success != refused, StakingRule.CLAIM_PAYS);
        _bookUntilNow();
        for (uint8 reward = 1; success && reward <= REWARDS; ++reward) {
            uint256 paid = _balanceOf(reward, account) - held[reward];
            check(paid == (only == 0 || only == reward ? before[reward - 1] : 0), StakingRule.CLAIM_PAYS);
            paidOut[reward] += paid;
            if (reward == QTRAS) _claimedQtra[account] += paid;
            uint256 earned = _bookEarned[account][reward];
            _bookEarned[account][reward] = earned > paid << 64 ? earned - (paid << 64) : 0;
        }
        _checkOthers(account, before);
    }

    function exit(uint256 dice) external {
        dice = spread(dice);
        address account = _account(dice);
        if (bookStake[account] == 0) return;
        uint256[] memory before = _before(account);
        vm.prank(account);
        try staking.exit() {
            _bookUntilNow();
            for (uint8 reward = 1; reward <= REWARDS; ++reward) {
                _book[reward].waiting += before[reward - 1];
                _bookEarned[account][reward] = 0;
            }
            _bookOut(account, bookStake[account]);
        } catch {
            check(false, StakingRule.LEAVING);
        }
        _checkOthers(account, before);
    }

    function notify(uint256 dice) external {
        dice = spread(dice);
        uint8 reward = uint8(1 + dice % REWARDS);
        if (reward == THIRD && _third.listed(address(staking))) return;
        uint256 most = reward == QTRAS ? 1_000_000e18 : 1_000_000e6;
        uint256 amount = _amount(dice >> 8, (dice >> 128) % 2 == 0 ? most : most / 1e5);
        uint40 duration = uint40(7 days + (dice >> 160) % 83 days);
        uint256[] memory before = _before(address(0));
        IStaking.Stream memory stream = staking.streamOf(reward);
        if (amount + stream.waiting == 0) return;
        if (reward == DOLLARS) usdc.mint(address(this), amount);
        if (reward == THIRD) _third.mint(address(this), amount);
        staking.notify(reward, amount, duration);
        paidIn[reward] += amount;
        _bookNotified(reward, amount, duration, stream);
        _checkOthers(address(0), before);
    }

    /// @dev Stakes, looks and takes out within a block.
    function flash(uint256 dice) external {
        dice = spread(dice);
        address account = _account(dice);
        uint256 amount = qtra.balanceOf(account);
        if (amount == 0) return;
        uint256[] memory before = _before(account);
        vm.startPrank(account);
        staking.stake(amount);
        staking.requestUnstake(amount);
        vm.stopPrank();
        for (uint8 reward = 1; reward <= REWARDS; ++reward) {
            check(staking.earned(account, reward) <= before[reward - 1], StakingRule.FLASH);
        }
        _bookIn(account, amount);
        _bookOut(account, amount);
        _checkOthers(account, before);
    }

    function donate(uint256 dice) external {
        dice = spread(dice);
        uint8 reward = uint8(1 + dice % REWARDS);
        uint256 amount = (dice >> 8) % 1e12;
        if (reward == THIRD && _third.listed(address(staking))) return;
        if (reward == DOLLARS) usdc.mint(address(staking), amount);
        else if (reward == QTRAS) qtra.transfer(address(staking), amount);
        else _third.mint(address(staking), amount);
        donated[reward] += amount;
    }

    function wait(uint256 dice) external {
        dice = spread(dice);
        uint256[] memory before = _before(address(0));
        uint256 longest = dice % 8 == 0 ? 20 days : dice % 3 == 0 ? 2 days : 1 hours;
        pass(1 + (dice >> 8) % longest);
        for (uint256 i = 0; i < before.length && _bookTotal < staking.MIN_TOTAL(); ++i) {
            check(_earnedAt(i) == before[i], StakingRule.STANDSTILL);
        }
    }

    function refuse(uint256 dice) external {
        dice = spread(dice);
        _third.setListed(address(staking), dice % 4 == 0);
    }

    function setTiers(uint256 dice) external {
        dice = spread(dice);
        uint128[] memory thresholds = new uint128[](dice % 4);
        uint256 last = 0;
        for (uint256 i = 0; i < thresholds.length; ++i) {
            last += 1 + (dice >> (8 + 32 * i)) % 1_000_000e18;
            thresholds[i] = uint128(last);
        }
        staking.setTiers(thresholds);
        for (uint256 i = 0; i < ACCOUNTS; ++i) {
            uint256 tier = 0;
            while (tier < thresholds.length && bookStake[_accounts[i]] >= thresholds[tier]) ++tier;
            check(staking.tierOf(_accounts[i]) == tier, StakingRule.TIERS);
        }
    }

    function intrude(uint256 dice) external {
        dice = spread(dice);
        bytes[] memory calls = new bytes[](4);
        calls[0] = abi.encodeCall(IStaking.listReward, (address(usdc)));
        calls[1] = abi.encodeCall(IStaking.setTiers, (new uint128[](0)));
        calls[2] = abi.encodeCall(IStaking.withdraw, (0));
        calls[3] = abi.encodeWithSignature("setAuthority(address)", address(0xBAD));
        vm.prank(address(0xBAD));
        (bool success,) = address(staking).call(calls[dice % calls.length]);
        check(!success, StakingRule.STRANGER);
    }

    /// @dev Everybody takes out everything, while a reward refuses all. Reverts if one cannot.
    function everybodyLeaves() external {
        _third.setListed(address(staking), true);
        for (uint256 i = 0; i < ACCOUNTS; ++i) {
            if (bookStake[_accounts[i]] == 0) continue;
            vm.prank(_accounts[i]);
            if (i % 2 == 0) staking.exit();
            else staking.requestUnstake(bookStake[_accounts[i]]);
            _bookOut(_accounts[i], bookStake[_accounts[i]]);
        }
        pass(7 days);
        for (uint256 i = 0; i < ACCOUNTS; ++i) {
            for (uint256 request = 0; request < _bookRequests[_accounts[i]].length; ++request) {
                _withdraw(_accounts[i], request);
            }
            assertEq(qtra.balanceOf(_accounts[i]), FUNDS + _claimedQtra[_accounts[i]], "everything");
        }
        assertEq(broken, 0, "leaving");
    }

    // -- what is seen

    function stakingOf() external view returns (IStaking) {
        return staking;
    }

    function accountOf(uint256 index) external view returns (address) {
        return _accounts[index];
    }

    function balanceHere(uint8 reward) external view returns (uint256) {
        return _balanceOf(reward, address(staking));
    }

    function cooling(address account) public view returns (uint256 sum) {
        for (uint256 i = 0; i < _bookRequests[account].length; ++i) {
            sum += _bookRequests[account][i].amount;
        }
    }

    function requestsOf(address account) external view returns (IStaking.Request[] memory) {
        return _bookRequests[account];
    }

    /// @dev What the textbook says an account has earned until now.
    function bookEarned(address account, uint8 reward) external view returns (uint256) {
        uint256 earned = _bookEarned[account][reward];
        if (_bookTotal != 0) earned += _bookPaid(reward) * bookStake[account] / _bookTotal;
        return earned >> 64;
    }

    // -- the textbook

    function check(bool holds, StakingRule rule) private {
        if (!holds) broken |= 1 << uint256(rule);
    }

    /// @dev What a stream has paid since the last look, times 2^64.
    function _bookPaid(uint8 reward) private view returns (uint256) {
        BookStream storage stream = _book[reward];
        if (_bookTotal < 1e18 || stream.left == 0) return 0;
        uint256 time = vm.getBlockTimestamp() < stream.end ? vm.getBlockTimestamp() : stream.end;
        return stream.left * (time - _updatedAt) / (stream.end - _updatedAt);
    }

    function _bookUntilNow() private {
        for (uint8 reward = 1; reward <= REWARDS; ++reward) {
            uint256 paid = _bookPaid(reward);
            for (uint256 i = 0; paid != 0 && i < ACCOUNTS; ++i) {
                _bookEarned[_accounts[i]][reward] += paid * bookStake[_accounts[i]] / _bookTotal;
            }
            _book[reward].left -= paid;
            if (_bookTotal < 1e18) _book[reward].end += vm.getBlockTimestamp() - _updatedAt;
        }
        _updatedAt = vm.getBlockTimestamp();
        ++roundings;
    }

    function _bookIn(address account, uint256 amount) private {
        _bookUntilNow();
        bookStake[account] += amount;
        _bookTotal += amount;
    }

    function _bookOut(address account, uint256 amount) private {
        _bookUntilNow();
        bookStake[account] -= amount;
        _bookTotal -= amount;
        _bookRequests[account].push(IStaking.Request(uint128(amount), uint40(vm.getBlockTimestamp()) + 7 days));
    }

    /// @param stream as it was before
    function _bookNotified(uint8 reward, uint256 amount, uint256 duration, IStaking.Stream memory stream) private {
        _bookUntilNow();
        BookStream storage book = _book[reward];
        book.waiting += amount;
        uint256 end = staking.streamOf(reward).end;
        if ((stream.waiting + amount) * 10 < stream.left) {
            check(end == stream.end, StakingRule.STREAM_LENGTH);
            return;
        }
        uint256 span = end - vm.getBlockTimestamp();
        uint256 longest = duration;
        if (stream.left != 0 && stream.end > vm.getBlockTimestamp() + duration) {
            longest = stream.end - vm.getBlockTimestamp();
        }
        check(span >= 7 days && span <= longest, StakingRule.STREAM_LENGTH);
        book.left += book.waiting << 64;
        (book.waiting, book.end) = (0, end);
    }

    function _withdraw(address account, uint256 request) private {
        IStaking.Request memory asked = _bookRequests[account][request];
        bool isDue = asked.amount != 0 && vm.getBlockTimestamp() >= asked.availableAt;
        uint256 held = qtra.balanceOf(account);
        vm.prank(account);
        try staking.withdraw(request) {
            check(isDue && qtra.balanceOf(account) - held == asked.amount, StakingRule.COOLDOWN);
            delete _bookRequests[account][request];
        } catch {
            check(!isDue, StakingRule.LEAVING);
        }
    }

    // -- small things

    /// @dev What each account has earned of each reward. Those of the one that acts come first.
    function _before(address actor) private view returns (uint256[] memory earned) {
        earned = new uint256[](ACCOUNTS * REWARDS);
        for (uint256 i = 0; i < earned.length; ++i) {
            earned[i] = _earnedAt(i);
        }
        for (uint256 i = 0; i < ACCOUNTS; ++i) {
            if (_accounts[i] != actor || i == 0) continue;
            for (uint256 k = 0; k < REWARDS; ++k) {
                (earned[k], earned[i * REWARDS + k]) = (earned[i * REWARDS + k], earned[k]);
            }
        }
    }

    /// @dev Nobody else has less after an action than before it.
    function _checkOthers(address actor, uint256[] memory before) private {
        uint256[] memory now_ = _before(actor);
        for (uint256 i = actor == address(0) ? 0 : REWARDS; i < before.length; ++i) {
            check(now_[i] >= before[i], StakingRule.OTHERS_KEEP);
        }
    }

    function _earnedAt(uint256 index) private view returns (uint256) {
        return staking.earned(_accounts[index / REWARDS], uint8(1 + index % REWARDS));
    }

    function _balanceOf(uint8 reward, address holder) private view returns (uint256) {
        if (reward == DOLLARS) return usdc.balanceOf(holder);
        return reward == QTRAS ? qtra.balanceOf(holder) : _third.balanceOf(holder);
    }

    function _account(uint256 dice) private view returns (address) {
        return _accounts[dice % ACCOUNTS];
    }

    /// @dev Any amount up to `most`, now and then a tiny one or all.
    function _amount(uint256 dice, uint256 most) private pure returns (uint256) {
        if (dice % 8 == 0) return most;
        if (dice % 8 == 1) return most == 0 ? 0 : 1 + (dice >> 8) % (most < 1e6 ? most : 1e6);
        return most == 0 ? 0 : (dice >> 8) % (most + 1);
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISettlement} from "../../contracts/interfaces/ISettlement.sol";
import {IStaking} from "../../contracts/interfaces/IStaking.sol";
import {
    BlacklistingToken,
    FalseReturningToken,
    FeeOnTransferToken,
    ReentrantToken
} from "../../contracts/mocks/HostileTokens.sol";
import {TestToken} from "../../contracts/mocks/TestToken.sol";
import {StakingFixture} from "./base/StakingFixture.sol";
import {QuietToken} from "./base/TestTokens.sol";

/// @dev Reward tokens that refuse, lie, take a part or call back. Stakes are none of their business.
contract StakingHostileTokensTest is StakingFixture {
    uint8 private constant THIRD = 3;
    bytes4 private constant FAILED = bytes4(keccak256("SafeERC20FailedOperation(address)"));
    bytes4 private constant REENTERED = bytes4(keccak256("ReentrancyGuardReentrantCall()"));

    /// @dev A token that refuses everything holds up its own claims, and nothing else.
    function testLeavingNeedsNoRewardToken() external {
        BlacklistingToken token = new BlacklistingToken();
        stream(token);
        notifyDollars(700e6);
        stake(alice, 100e18);
        stake(bob, 100e18);
        pass(1 days);
        token.setListed(address(staking), true);
        vm.startPrank(alice);
        vm.expectPartialRevert(BlacklistingToken.Blacklisted.selector);
        staking.claim(THIRD);
        vm.expectPartialRevert(BlacklistingToken.Blacklisted.selector);
        staking.claim();
        assertAbout(staking.claim(DOLLARS), 50e6, 2, "the others are paid");
        staking.requestUnstake(100e18);
        vm.stopPrank();
        vm.prank(bob);
        staking.exit();
        pass(7 days);
        vm.prank(alice);
        staking.withdraw(0);
        vm.prank(bob);
        staking.withdraw(0);
        assertEq(qtra.balanceOf(alice), FUNDS, "alice");
        assertEq(qtra.balanceOf(bob), FUNDS, "bob");
        token.setListed(address(staking), false);
        assertAbout(claim(alice, THIRD), 50e6, 2, "and that one when it is back");
    }

    function testARewardThatReturnsFalseIsNotTakenForPaid() external {
        FalseReturningToken token = new FalseReturningToken();
        stream(token);
        stake(alice, 100e18);
        pass(WEEK);
        token.setRefusing(true);
        vm.expectPartialRevert(FAILED);
        staking.notify(THIRD, 1e6, WEEK);
        vm.expectPartialRevert(FAILED);
        claim(alice, THIRD);
        token.setRefusing(false);
        assertAbout(claim(alice, THIRD), 700e6, 1, "still owed");
    }

    function testARewardThatReturnsNothingIsPaid() external {
        QuietToken token = new QuietToken();
        staking.listReward(address(token));
        token.mint(address(this), 700e6);
        token.approve(address(staking), 700e6);
        staking.notify(THIRD, 700e6, WEEK);
        stake(alice, 100e18);
        pass(WEEK);
        assertAbout(claim(alice, THIRD), 700e6, 1, "paid");
        assertAbout(token.balanceOf(alice), 700e6, 1, "arrived");
    }

    function testARewardThatTakesAFeeIsRefused() external {
        FeeOnTransferToken token = new FeeOnTransferToken();
        staking.listReward(address(token));
        token.mint(address(this), 700e6);
        token.approve(address(staking), 700e6);
        vm.expectRevert(abi.encodeWithSelector(IStaking.StakingUnexpectedReceipt.selector, 700e6, 693e6));
        staking.notify(THIRD, 700e6, WEEK);
    }

    function testARewardThatCallsBackClaimsNothingTwice() external {
        ReentrantToken token = new ReentrantToken();
        stream(token);
        stake(alice, 100e18);
        pass(WEEK);
        bytes[5] memory calls = [
            abi.encodeWithSignature("claim(uint8)", THIRD),
            abi.encodeWithSignature("claim()"),
            abi.encodeCall(IStaking.stake, (1)),
            abi.encodeCall(IStaking.notify, (THIRD, 0, WEEK)),
            abi.encodeCall(IStaking.withdraw, (0))
        ];
        for (uint256 i = 0; i < calls.length; ++i) {
            token.arm(ISettlement(address(staking)), calls[i]);
            vm.expectRevert(REENTERED);
            claim(alice, THIRD);
        }
        token.arm(ISettlement(address(staking)), "");
        assertAbout(claim(alice, THIRD), 700e6, 1, "once");
        assertEq(claim(alice, THIRD), 0, "not twice");
    }

    /// @dev What a token may call while it is paid in sees a state that is whole.
    function testARewardThatStakesWhileItIsPaidInGainsNothing() external {
        ReentrantToken token = new ReentrantToken();
        stream(token);
        stake(alice, 100e18);
        qtra.transfer(address(token), 100e18);
        vm.startPrank(address(token));
        qtra.approve(address(staking), 100e18);
        staking.stake(100e18);
        vm.stopPrank();
        pass(1 days);
        token.mint(address(this), 7000e6);
        token.arm(ISettlement(address(staking)), abi.encodeCall(IStaking.exit, ()));
        staking.notify(THIRD, 7000e6, WEEK);
        assertEq(staking.earned(address(token), THIRD), 0, "forfeited");
        pass(WEEK);
        assertAbout(staking.earned(alice, THIRD), 7700e6, 3, "all is alice's");
    }

    /// @dev Streams 700 of a token as the third reward for a week.
    function stream(TestToken token) private {
        assertEq(staking.listReward(address(token)), THIRD, "number");
        token.mint(address(this), 700e6);
        token.approve(address(staking), type(uint256).max);
        staking.notify(THIRD, 700e6, WEEK);
    }
}

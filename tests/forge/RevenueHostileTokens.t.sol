// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRevenueRouter} from "../../contracts/interfaces/IRevenueRouter.sol";
import {ISettlement} from "../../contracts/interfaces/ISettlement.sol";
import {
    BlacklistingToken,
    FalseReturningToken,
    FeeOnTransferToken,
    RebasingToken,
    ReentrantToken
} from "../../contracts/mocks/HostileTokens.sol";
import {TestToken} from "../../contracts/mocks/TestToken.sol";
import {RevenueFixture} from "./base/RevenueFixture.sol";
import {QuietToken} from "./base/TestTokens.sol";

/// @dev Anybody can send any token to the router and have it routed: none may touch what is held of another.
contract RevenueHostileTokensTest is RevenueFixture {
    bytes4 private constant FAILED = bytes4(keccak256("SafeERC20FailedOperation(address)"));
    bytes4 private constant REENTERED = bytes4(keccak256("ReentrancyGuardReentrantCall()"));

    function testATokenThatReturnsFalseIsNotTakenForSent() external {
        FalseReturningToken token = new FalseReturningToken();
        token.mint(address(router), 1000);
        token.setRefusing(true);
        vm.expectPartialRevert(FAILED);
        router.route(address(token));
        token.setRefusing(false);
        assertEq(router.route(address(token)), 1000, "nothing is lost");
    }

    function testATokenThatReturnsNothingIsRouted() external {
        QuietToken token = new QuietToken();
        token.mint(address(router), 1000);
        router.route(address(token));
        assertEq(token.balanceOf(treasury), 200, "treasury");
        assertEq(token.balanceOf(insurance), 100, "insurance");
        assertEq(token.balanceOf(address(router)), 700, "buyback");
    }

    function testATokenThatTakesAFeeIsHeldInFull() external {
        FeeOnTransferToken token = new FeeOnTransferToken();
        token.mint(address(router), 1000);
        router.route(address(token));
        (uint256 waiting,) = router.heldOf(address(token));
        assertEq(token.balanceOf(address(router)), waiting, "what is held is here");
    }

    function testATokenThatCallsBackIsRoutedOnce() external {
        ReentrantToken token = new ReentrantToken();
        token.mint(address(router), 1000);
        bytes[4] memory calls = [
            abi.encodeCall(IRevenueRouter.route, (address(token))),
            abi.encodeCall(IRevenueRouter.route, (address(usdc))),
            abi.encodeCall(IRevenueRouter.startAuction, (address(token))),
            abi.encodeCall(IRevenueRouter.buy, (1, 1, 1, type(uint256).max))
        ];
        for (uint256 i = 0; i < calls.length; ++i) {
            token.arm(ISettlement(address(router)), calls[i]);
            vm.expectRevert(REENTERED);
            router.route(address(token));
        }
        token.arm(ISettlement(address(router)), "");
        assertEq(router.route(address(token)), 1000, "once");
    }

    function testATokenThatCallsBackIsBoughtOnce() external {
        ReentrantToken token = new ReentrantToken();
        auction(token);
        token.arm(ISettlement(address(router)), abi.encodeCall(IRevenueRouter.buy, (1, 1, 1e18, type(uint256).max)));
        vm.expectRevert(REENTERED);
        buy(1, 100);
        token.arm(ISettlement(address(router)), abi.encodeCall(IRevenueRouter.endAuction, (1)));
        vm.expectPartialRevert(IRevenueRouter.RouterAuctionRuns.selector);
        buy(1, 100);
        assertEq(router.auctionOf(1).left, 700, "all is left");
    }

    /// @dev A token that shrinks stops its own routing; nothing else is counted wrong.
    function testATokenThatShrinksHoldsUpItselfAlone() external {
        RebasingToken token = new RebasingToken();
        auction(token);
        token.rebase(address(router), 100);
        vm.expectPartialRevert(bytes4(keccak256("Panic(uint256)")));
        router.route(address(token));
        earn(1000);
        assertEq(router.route(address(usdc)), 1000, "dollars are routed");
    }

    /// @dev A treasury that a token's issuer has listed holds up that token until another is set.
    function testARecipientThatIsRefusedIsReplaced() external {
        BlacklistingToken token = new BlacklistingToken();
        token.mint(address(router), 1000);
        token.setListed(treasury, true);
        vm.expectPartialRevert(BlacklistingToken.Blacklisted.selector);
        router.route(address(token));
        router.setTreasury(carol);
        router.route(address(token));
        assertEq(token.balanceOf(carol), 200, "the new one");
    }

    /// @dev Auction 1, of 700 of a token.
    function auction(TestToken token) private {
        router.setAuctionTerms(address(token), IRevenueRouter.AuctionTerms(1e6, 1, 10_000, 9000, AUCTION));
        prices.setPrice(address(token), 1e18);
        pass(1 hours);
        token.mint(address(router), 1000);
        router.route(address(token));
        assertEq(router.startAuction(address(token)), 1, "number");
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISaleManager} from "../../contracts/interfaces/ISaleManager.sol";
import {ISettlement} from "../../contracts/interfaces/ISettlement.sol";
import {
    BlacklistingToken,
    FalseReturningToken,
    FeeOnTransferToken,
    ReentrantToken,
    SilentToken
} from "../../contracts/mocks/HostileTokens.sol";
import {TestToken} from "../../contracts/mocks/TestToken.sol";
import {SaleFixture} from "./base/SaleFixture.sol";

/// @dev Returns nothing from transfers, and has decimals.
contract SilentDollar is SilentToken {
    uint8 public constant decimals = 6;
}

/// @dev Says that it moved, and does not.
contract LyingToken is TestToken("Liar", "LIE", 6) {
    function transferFrom(address, address, uint256) public pure override returns (bool) {
        return true;
    }
}

/// @dev Payment tokens that misbehave, in a sale that takes them.
contract SaleTokensTest is SaleFixture {
    uint8 private constant ODD = 1;

    function testATokenThatTakesAFeeIsRefused() public {
        _sellFor(address(new FeeOnTransferToken()));
        refuse(
            abi.encodeWithSelector(ISaleManager.SaleUnexpectedReceipt.selector, 1000e6, 990e6),
            buyer(0),
            purchaseOf(A, ODD, 1000 * DOLLAR)
        );
        _nothingHappened();
    }

    function testATokenThatLiesIsRefused() public {
        _sellFor(address(new LyingToken()));
        refuse(
            abi.encodeWithSelector(ISaleManager.SaleUnexpectedReceipt.selector, 1000e6, 0),
            buyer(0),
            purchaseOf(A, ODD, 1000 * DOLLAR)
        );
        _nothingHappened();
    }

    function testATokenThatSaysFalsePaysNothing() public {
        FalseReturningToken token = new FalseReturningToken();
        _sellFor(address(token));
        token.setRefusing(true);
        refuse(abi.encodeWithSignature("TransferFromFailed()"), buyer(0), purchaseOf(A, ODD, 1000 * DOLLAR));
        _nothingHappened();
        token.setRefusing(false);
        buy(buyer(0), A, ODD, 1000 * DOLLAR);
    }

    function testATokenThatReturnsNothingIsTaken() public {
        SilentDollar token = new SilentDollar();
        _sellFor(address(token));
        buy(buyer(0), A, ODD, 1000 * DOLLAR);
        finish(A);
        sale.finalise(A);
        vm.prank(buyer(0));
        sale.refund(A);
        assertEq(token.balanceOf(buyer(0)), 1_000_000e6, "there and back");
    }

    function testATokenThatCallsBackFindsEveryDoorLocked() public {
        ReentrantToken token = new ReentrantToken();
        _sellFor(address(token));
        ISaleManager.Purchase memory purchase = purchaseOf(A, ODD, 1000 * DOLLAR);
        ISaleManager.Voucher memory voucher = voucherOf(address(token), A);
        bytes[4] memory calls = [
            abi.encodeCall(ISaleManager.buy, (purchase, voucher, sign(voucher))),
            abi.encodeCall(ISaleManager.refund, (A)),
            abi.encodeCall(ISaleManager.claimReferral, (A)),
            abi.encodeCall(ISaleManager.finalise, (A))
        ];
        for (uint256 i = 0; i < calls.length; ++i) {
            token.arm(ISettlement(address(sale)), calls[i]);
            ISaleManager.Voucher memory own = voucherOf(buyer(0), A);
            bytes memory signature = sign(own);
            // The purchase fails as the call back does.
            vm.expectRevert(abi.encodeWithSignature("TransferFromFailed()"));
            buy(buyer(0), purchase, own, signature);
        }
        _nothingHappened();
        token.arm(ISettlement(address(sale)), "");
        buy(buyer(0), purchase);
        finish(A);
        sale.finalise(A);
        // Nor can it be refunded twice.
        token.arm(ISettlement(address(sale)), abi.encodeCall(ISaleManager.refund, (A)));
        vm.expectRevert(abi.encodeWithSelector(ISaleManager.SaleNothingToPay.selector, A));
        vm.prank(buyer(0));
        sale.refund(A);
        assertEq(sale.paidIn(buyer(0), A, ODD), 1000 * DOLLAR, "still owed");
    }

    /// Refunds are pulled: a buyer whom a token refuses holds up nobody, and keeps what it is owed.
    function testABuyerWhomATokenRefusesBlocksNobody() public {
        BlacklistingToken token = new BlacklistingToken();
        _sellFor(address(token));
        buy(buyer(0), A, ODD, 1000 * DOLLAR);
        buy(buyer(0), A, USDC, 2000 * DOLLAR);
        buy(buyer(1), A, ODD, 3000 * DOLLAR);
        finish(A);
        token.setListed(buyer(0), true);
        sale.finalise(A);
        vm.prank(buyer(1));
        sale.refund(A);
        assertEq(token.balanceOf(buyer(1)), 1_000_000e6, "the other is refunded");
        vm.prank(buyer(0));
        sale.refund(A);
        assertEq(heldBy(buyer(0), USDC), 1_000_000e6, "so is what another token pays");
        assertEq(sale.paidOf(buyer(0), A), 1000 * DOLLAR, "the rest is owed");
        vm.expectRevert(abi.encodeWithSelector(ISaleManager.SaleNothingToPay.selector, A));
        vm.prank(buyer(0));
        sale.refund(A);
        token.setListed(buyer(0), false);
        vm.prank(buyer(0));
        sale.refund(A);
        assertEq(token.balanceOf(buyer(0)), 1_000_000e6, "paid at last");
    }

    function testATreasuryWhomATokenRefusesBlocksNoRound() public {
        BlacklistingToken token = new BlacklistingToken();
        _sellFor(address(token));
        for (uint256 i = 0; i < 3; ++i) {
            buy(buyer(i), A, ODD, 10_000 * DOLLAR);
            buy(buyer(i), A, USDC, 10_000 * DOLLAR);
        }
        finish(A);
        token.setListed(TREASURY, true);
        sale.finalise(A);
        assertEq(vesting.fundedOf(A), 3_000_000e18, "vesting is funded");
        assertEq(token.balanceOf(FOUNDATION), 9999e6, "33.33 % of 30,000");
        assertEq(heldBy(TREASURY, USDC), 20_001e6, "66.67 %");
        assertEq(token.balanceOf(address(sale)), 20_001e6, "owed");
        vm.expectRevert(abi.encodeWithSelector(ISaleManager.SaleNothingToPay.selector, A));
        sale.payProceeds(A);
        token.setListed(TREASURY, false);
        vm.expectEmit();
        emit ISaleManager.ProceedsPaid(A, ODD, TREASURY, 20_001 * DOLLAR);
        sale.payProceeds(A);
        assertEq(token.balanceOf(TREASURY), 20_001e6, "paid");
        assertEq(token.balanceOf(FOUNDATION), 9999e6, "once");
    }

    function testAReferrerWhomATokenRefusesStaysOwed() public {
        BlacklistingToken token = new BlacklistingToken();
        _sellFor(address(token));
        ISaleManager.Purchase memory purchase = purchaseOf(A, ODD, 20_000 * DOLLAR);
        purchase.referrer = address(0xF21E);
        for (uint256 i = 0; i < 3; ++i) {
            buy(buyer(i), purchase);
        }
        finish(A);
        sale.finalise(A);
        token.setListed(purchase.referrer, true);
        vm.expectRevert(abi.encodeWithSelector(ISaleManager.SaleNothingToPay.selector, A));
        vm.prank(purchase.referrer);
        sale.claimReferral(A);
        token.setListed(purchase.referrer, false);
        vm.prank(purchase.referrer);
        sale.claimReferral(A);
        assertEq(token.balanceOf(purchase.referrer), 3000e6, "5 %");
    }

    /// @dev A sale that also takes this token, with round A open.
    function _sellFor(address token) private {
        sale = deploySale();
        domain = sale.domainSeparator();
        dollars[ODD] = token;
        vm.warp(START);
        configure(sale);
        for (uint256 i = 0; i < BUYERS; ++i) {
            for (uint8 payment = USDC; payment <= ODD; ++payment) {
                address owner = buyer(i);
                uint256 missing = 1_000_000e6 - TestToken(dollars[payment]).balanceOf(owner);
                TestToken(dollars[payment]).mint(owner, missing);
                vm.prank(owner);
                SilentToken(dollars[payment]).approve(address(sale), type(uint256).max);
            }
        }
        enter(A);
    }

    function _nothingHappened() private view {
        assertEq(sale.raisedOf(A), 0, "raised");
        assertEq(sale.paidOf(buyer(0), A), 0, "paid");
        assertEq(TestToken(dollars[ODD]).balanceOf(address(sale)), 0, "held");
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISaleManager, RoundState} from "../../contracts/interfaces/ISaleManager.sol";
import {TestToken} from "../../contracts/mocks/TestToken.sol";
import {SaleFixture} from "./base/SaleFixture.sol";

/// @dev What a purchase takes and gives, and what it is refused for.
contract SalePurchasesTest is SaleFixture {
    function testAPurchaseTakesMicrosAndCountsTokens() public {
        enter(A);
        vm.expectEmit();
        emit ISaleManager.Purchased(A, buyer(0), USDC, 1000 * DOLLAR, 50_000e18, address(0));
        buy(buyer(0), A, USDC, 1000 * DOLLAR);
        assertEq(heldBy(address(sale), USDC), 1000e6, "escrow");
        assertEq(heldBy(buyer(0), USDC), 999_000e6, "paid");
        assertEq(sale.paidOf(buyer(0), A), 1000 * DOLLAR, "paid");
        assertEq(sale.allocationOf(buyer(0), A), 50_000e18, "tokens");
        assertEq(sale.raisedOf(A), 1000 * DOLLAR, "raised");
    }

    function testDollarsOfAnyDecimalsAreWorthTheSame() public {
        enter(A);
        buy(buyer(0), A, USDC, 100 * DOLLAR);
        buy(buyer(0), A, EIGHT, 200 * DOLLAR);
        buy(buyer(0), A, DAI, 300 * DOLLAR);
        assertEq(heldBy(address(sale), USDC), 100e6, "6 decimals");
        assertEq(heldBy(address(sale), EIGHT), 200e8, "8 decimals");
        assertEq(heldBy(address(sale), DAI), 300e18, "18 decimals");
        assertEq(sale.paidOf(buyer(0), A), 600 * DOLLAR, "all");
        for (uint8 payment = 0; payment < PAYMENTS; ++payment) {
            assertEq(sale.paidIn(buyer(0), A, payment), (100 + 100 * uint64(payment)) * DOLLAR, "one");
            assertEq(sale.raisedIn(A, payment), (100 + 100 * uint64(payment)) * DOLLAR, "raised in it");
        }
        assertEq(sale.paidIn(buyer(0), A, 200), 0, "an unknown payment");
        assertEq(sale.raisedIn(A, 200), 0, "an unknown payment");
        assertEq(sale.allocationOf(buyer(0), A), 30_000e18, "tokens");
    }

    function testBuyingInPartsNeitherGainsNorLoses(uint64 first, uint64 second) public {
        vm.warp(sale.roundOf(B).start);
        first = uint64(bound(first, 100 * DOLLAR, 10_000 * DOLLAR));
        second = uint64(bound(second, 100 * DOLLAR, 10_000 * DOLLAR));
        buy(buyer(0), B, USDC, first);
        buyAgain(buyer(0), B, DAI, second);
        buy(buyer(1), B, EIGHT, first + second);
        assertEq(sale.allocationOf(buyer(0), B), sale.allocationOf(buyer(1), B), "the same tokens");
        assertEq(sale.allocationOf(buyer(0), B), uint256(first + second) * 1e18 / 33_333, "rounded down once");
    }

    function testTheFirstAndTheLastSecond() public {
        ISaleManager.Purchase memory purchase = purchaseOf(A, USDC, 100 * DOLLAR);
        ISaleManager.Round memory terms = sale.roundOf(A);
        bytes memory closed = abi.encodeWithSelector(ISaleManager.SaleNotOpen.selector, A, terms.start, terms.end);
        vm.warp(terms.start - 1);
        assertState(A, RoundState.UPCOMING);
        refuse(closed, buyer(0), purchase);
        vm.warp(terms.start);
        assertState(A, RoundState.OPEN);
        buy(buyer(0), purchase);
        vm.warp(terms.end - 1);
        assertState(A, RoundState.OPEN);
        buy(buyer(0), purchase);
        vm.warp(terms.end);
        assertState(A, RoundState.ENDED);
        refuse(closed, buyer(0), purchase);
        // The next round opens in that second.
        buy(buyer(0), B, USDC, 100 * DOLLAR);
    }

    function testADeadlineIsTheLastSecond() public {
        enter(A);
        ISaleManager.Purchase memory purchase = purchaseOf(A, USDC, 100 * DOLLAR);
        purchase.deadline = uint40(vm.getBlockTimestamp());
        buy(buyer(0), purchase);
        purchase.deadline -= 1;
        refuse(abi.encodeWithSelector(ISaleManager.SaleDeadlinePassed.selector, purchase.deadline), buyer(0), purchase);
    }

    function testAPurchaseGivesTheTokensThatItAsksForOrFails() public {
        enter(A);
        ISaleManager.Purchase memory purchase = purchaseOf(A, USDC, 100 * DOLLAR);
        purchase.minTokens = 5000e18;
        buy(buyer(0), purchase);
        // Only what is bought now counts.
        purchase.minTokens = 5000e18 + 1;
        refuse(abi.encodeWithSelector(ISaleManager.SaleTooFewTokens.selector, 5000e18), buyer(0), purchase);
    }

    function testTheWalletsCapOfARoundHoldsToTheUnit() public {
        enter(A);
        buy(buyer(0), A, USDC, 19_000 * DOLLAR);
        assertEq(sale.remainingOf(buyer(0), A), 1000 * DOLLAR, "remaining");
        refuse(
            abi.encodeWithSelector(ISaleManager.SaleWalletCapExceeded.selector, 1000 * DOLLAR),
            buyer(0),
            purchaseOf(A, DAI, 1000 * DOLLAR + 1)
        );
        buy(buyer(0), A, DAI, 1000 * DOLLAR);
        assertEq(sale.remainingOf(buyer(0), A), 0, "none");
        refuse(abi.encodeWithSelector(ISaleManager.SaleWalletCapExceeded.selector, 0), buyer(0), purchaseOf(A, USDC, 1));
        refuse(abi.encodeWithSelector(ISaleManager.SaleBelowMinimum.selector, 0), buyer(0), purchaseOf(A, USDC, 0));
    }

    function testTheWalletsCapOfTheSaleHoldsAcrossRounds() public {
        _succeed(A, 20_000 * DOLLAR);
        enter(B);
        assertEq(sale.remainingOf(buyer(0), B), 25_000 * DOLLAR, "45,000 less 20,000");
        refuse(
            abi.encodeWithSelector(ISaleManager.SaleWalletCapExceeded.selector, 25_000 * DOLLAR),
            buyer(0),
            purchaseOf(B, USDC, 25_000 * DOLLAR + 1)
        );
        buy(buyer(0), B, USDC, 25_000 * DOLLAR);
        assertEq(sale.paidOf(buyer(0), A), 20_000 * DOLLAR, "round A is kept");
        assertEq(sale.paidOf(buyer(0), B), 25_000 * DOLLAR, "round B");
        for (uint256 i = 1; i < 4; ++i) {
            buy(buyer(i), B, USDC, 12_000 * DOLLAR);
        }
        enter(C);
        assertEq(sale.remainingOf(buyer(0), C), 0, "nothing is left");
        refuse(
            abi.encodeWithSelector(ISaleManager.SaleWalletCapExceeded.selector, 0),
            buyer(0),
            purchaseOf(C, USDC, 50 * DOLLAR)
        );
        // The wallet that has paid 20,000 and 12,000 may pay 13,000.
        assertEq(sale.remainingOf(buyer(1), C), 13_000 * DOLLAR, "another's");
    }

    function testAFailedRoundLeavesTheWalletsCapAlone() public {
        enter(A);
        buy(buyer(0), A, USDC, 20_000 * DOLLAR);
        enter(B);
        assertEq(sale.remainingOf(buyer(0), B), 30_000 * DOLLAR, "round A has failed, though nobody has said so");
        buy(buyer(0), B, USDC, 30_000 * DOLLAR);
        sale.finalise(A);
        vm.prank(buyer(0));
        sale.refund(A);
        assertEq(sale.paidOf(buyer(0), B), 30_000 * DOLLAR, "round B is not touched");
        assertEq(sale.paidOf(buyer(0), A), 0, "refunded");
    }

    function testTheLastPurchaseIsWhatIsLeft() public {
        enter(C);
        buy(buyer(0), C, USDC, 40_000 * DOLLAR);
        buy(buyer(1), C, USDC, 40_000 * DOLLAR);
        buy(buyer(2), C, USDC, 19_990 * DOLLAR);
        assertEq(sale.remainingOf(buyer(3), C), 10 * DOLLAR, "less than the minimum is left");
        (uint64 taken, uint128 tokens) = sale.quote(C, 500 * DOLLAR);
        assertEq(taken, 10 * DOLLAR, "quoted");
        assertEq(tokens, 200e18, "quoted");
        ISaleManager.Purchase memory purchase = purchaseOf(C, DAI, 500 * DOLLAR);
        purchase.minTokens = 200e18 + 1;
        refuse(abi.encodeWithSelector(ISaleManager.SaleTooFewTokens.selector, 200e18), buyer(3), purchase);
        purchase.minTokens = 200e18;
        buy(buyer(3), purchase);
        assertEq(heldBy(buyer(3), DAI), 999_990e18, "paid what was left");
        assertEq(sale.raisedOf(C), 100_000 * DOLLAR, "full");
        assertState(C, RoundState.ENDED);
        refuse(abi.encodeWithSelector(ISaleManager.SaleSoldOut.selector, C), buyer(3), purchase);
    }

    /// Tokens for a price that divides nothing: the round takes no micro more than its tokens are worth.
    function testARoundNeverSellsMoreThanItHas() public {
        enter(PUBLIC);
        uint64 hardCap = sale.hardCapOf(PUBLIC);
        assertEq(hardCap, 70_001 * 1e6, "rounded down");
        for (uint256 i = 0; i < 3; ++i) {
            buyAgain(buyer(i), PUBLIC, USDC, 25_000 * DOLLAR);
            if (i == 1) assertEq(sale.remainingOf(buyer(2), PUBLIC), 20_001 * DOLLAR, "left in the round");
        }
        uint256 sum = 0;
        for (uint256 i = 0; i < 3; ++i) {
            sum += sale.allocationOf(buyer(i), PUBLIC);
        }
        assertTrue(sum <= 1_000_000e18, "no more than the cap");
        assertTrue(1_000_000e18 - sum < 3, "a base unit for a wallet at most");
    }

    function testDustIsRefused() public {
        enter(A);
        bytes memory tooLittle = abi.encodeWithSelector(ISaleManager.SaleBelowMinimum.selector, 100 * DOLLAR);
        refuse(tooLittle, buyer(0), purchaseOf(A, USDC, 100 * DOLLAR - 1));
        refuse(tooLittle, buyer(0), purchaseOf(A, USDC, 1));
        refuse(tooLittle, buyer(0), purchaseOf(A, USDC, 0));
        // Unless the wallet may pay no more than that.
        buy(buyer(0), A, USDC, 19_999 * DOLLAR);
        buy(buyer(0), A, USDC, 1 * DOLLAR);
        assertEq(sale.paidOf(buyer(0), A), 20_000 * DOLLAR, "all");
    }

    function testUnknownRoundsAndPaymentsAreRefused() public {
        enter(A);
        for (uint256 round = ROUNDS; round < 40; round += 7) {
            refuse(
                abi.encodeWithSelector(ISaleManager.SaleUnknownRound.selector, round),
                buyer(0),
                purchaseOf(round, USDC, 100 * DOLLAR)
            );
        }
        for (uint8 payment = PAYMENTS; payment < 6; ++payment) {
            refuse(
                abi.encodeWithSelector(ISaleManager.SaleUnknownPayment.selector, payment),
                buyer(0),
                purchaseOf(A, payment, 100 * DOLLAR)
            );
        }
    }

    function testAPermitPaysInTheSameTransaction() public {
        enter(A);
        address owner = vm.addr(0xF4E5);
        ISaleManager.Permit memory permit = _permit(owner, 0xF4E5);
        _buyWithPermit(owner, permit);
        assertEq(sale.paidOf(owner, A), 500 * DOLLAR, "paid");
        assertEq(TestToken(dollars[DAI]).allowance(owner, address(sale)), 0, "the whole allowance was used");
    }

    function testAPermitThatSomebodyElseUsedIsNoObstacle() public {
        enter(A);
        address owner = vm.addr(0xF4E5);
        ISaleManager.Permit memory permit = _permit(owner, 0xF4E5);
        vm.prank(address(0xBAD));
        TestToken(dollars[DAI])
            .permit(owner, address(sale), permit.value, permit.deadline, permit.v, permit.r, permit.s);
        _buyWithPermit(owner, permit);
        assertEq(sale.paidOf(owner, A), 500 * DOLLAR, "paid");
    }

    function testAPermitThatIsNoneBuysNothing() public {
        enter(A);
        address owner = vm.addr(0xF4E5);
        ISaleManager.Permit memory permit = _permit(owner, 0xF4E6);
        ISaleManager.Voucher memory voucher = voucherOf(owner, A);
        bytes memory signature = sign(voucher);
        vm.expectRevert(abi.encodeWithSignature("TransferFromFailed()"));
        vm.prank(owner);
        sale.buyWithPermit(purchaseOf(A, DAI, 500 * DOLLAR), voucher, signature, permit);
    }

    function testCapsNestForAnyPurchases(uint256 dice) public {
        enter(PUBLIC);
        ISaleManager.Round memory terms = sale.roundOf(PUBLIC);
        ISaleManager.Voucher memory none;
        for (uint256 i = 0; i < 8; ++i) {
            dice = uint256(keccak256(abi.encode(dice)));
            address owner = buyer(dice % BUYERS);
            uint64 micros = uint64((dice >> 8) % (2 * uint256(terms.walletCap)));
            uint64 left = sale.remainingOf(owner, PUBLIC);
            (uint64 taken,) = sale.quote(PUBLIC, micros);
            uint64 before = sale.paidOf(owner, PUBLIC);
            vm.prank(owner);
            try sale.buy(purchaseOf(PUBLIC, uint8((dice >> 80) % PAYMENTS), micros), none, "") {
                assertEq(sale.paidOf(owner, PUBLIC) - before, taken, "as quoted");
                assertTrue(taken <= left, "within what was left");
            } catch {
                assertTrue(taken > left || micros < terms.minPurchase || taken == 0, "a reason");
                assertEq(sale.paidOf(owner, PUBLIC), before, "nothing half done");
            }
        }
        assertTrue(sale.raisedOf(PUBLIC) <= sale.hardCapOf(PUBLIC), "the round's cap");
    }

    function _buyWithPermit(address owner, ISaleManager.Permit memory permit) private {
        ISaleManager.Voucher memory voucher = voucherOf(owner, A);
        bytes memory signature = sign(voucher);
        vm.prank(owner);
        sale.buyWithPermit(purchaseOf(A, DAI, 500 * DOLLAR), voucher, signature, permit);
    }

    function _permit(address owner, uint256 key) private returns (ISaleManager.Permit memory permit) {
        TestToken token = TestToken(dollars[DAI]);
        token.mint(owner, 1000e18);
        permit.value = 500e18;
        permit.deadline = FOREVER;
        bytes32 typehash =
            keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");
        bytes32 structHash =
            keccak256(abi.encode(typehash, owner, address(sale), permit.value, token.nonces(owner), permit.deadline));
        bytes32 digest = keccak256(abi.encodePacked("\x19\x01", token.DOMAIN_SEPARATOR(), structHash));
        (permit.v, permit.r, permit.s) = vm.sign(key, digest);
    }

    /// @dev Four wallets pay as much each, which is enough.
    function _succeed(uint256 round, uint64 micros) private {
        enter(round);
        for (uint256 i = 0; i < 4; ++i) {
            buy(buyer(i), round, USDC, micros);
        }
        finish(round);
        sale.finalise(round);
        assertState(round, RoundState.SUCCEEDED);
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISaleManager} from "../../contracts/interfaces/ISaleManager.sol";
import {SaleFixture} from "./base/SaleFixture.sol";
import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";

/// @dev Who may buy where vouchers are needed, and for how long a voucher that was shown is remembered.
contract SaleVouchersTest is SaleFixture {
    address private constant STRANGER = address(0x57A);

    function testAVoucherIsOfOneBuyerAndOneRound() public {
        enter(A);
        ISaleManager.Voucher memory voucher = voucherOf(buyer(0), A);
        bytes memory signature = sign(voucher);
        vm.expectRevert(abi.encodeWithSelector(ISaleManager.SaleVoucherOfAnother.selector, buyer(0), A));
        buy(buyer(1), purchaseOf(A, USDC, 100 * DOLLAR), voucher, signature);
        enter(B);
        vm.expectRevert(abi.encodeWithSelector(ISaleManager.SaleVoucherOfAnother.selector, buyer(0), A));
        buy(buyer(0), purchaseOf(B, USDC, 100 * DOLLAR), voucher, signature);
        // Nor does it help to say that it was of this round.
        voucher.round = B;
        vm.expectPartialRevert(ISaleManager.SaleBadVoucher.selector);
        buy(buyer(0), purchaseOf(B, USDC, 100 * DOLLAR), voucher, signature);
    }

    function testAVoucherIsOfOneChainAndOneContract() public {
        enter(A);
        ISaleManager.Voucher memory voucher = voucherOf(buyer(0), A);
        ISaleManager other = deploySale();
        bytes memory signature = signBy(SIGNER_KEY, voucher, other.domainSeparator());
        vm.expectPartialRevert(ISaleManager.SaleBadVoucher.selector);
        buy(buyer(0), purchaseOf(A, USDC, 100 * DOLLAR), voucher, signature);
        signature = sign(voucher);
        vm.chainId(8453);
        vm.expectPartialRevert(ISaleManager.SaleBadVoucher.selector);
        buy(buyer(0), purchaseOf(A, USDC, 100 * DOLLAR), voucher, signature);
        vm.chainId(31_337);
        buy(buyer(0), purchaseOf(A, USDC, 100 * DOLLAR), voucher, signature);
    }

    function testEveryFieldOfAVoucherIsSigned(uint256 dice) public {
        enter(A);
        ISaleManager.Voucher memory voucher = ISaleManager.Voucher(buyer(0), A, 500 * DOLLAR, FOREVER - 5, 7);
        bytes memory signature = sign(voucher);
        if (dice % 3 == 0) voucher.cap += uint64(1 + (dice >> 8) % 1e12);
        else if (dice % 3 == 1) voucher.deadline += uint40(1 + (dice >> 8) % 5);
        else voucher.nonce += uint64(1 + (dice >> 8) % 1e12);
        vm.expectPartialRevert(ISaleManager.SaleBadVoucher.selector);
        buy(buyer(0), purchaseOf(A, USDC, 100 * DOLLAR), voucher, signature);
    }

    function testAnyBrokenSignatureIsRefused(uint256 dice) public {
        enter(A);
        ISaleManager.Voucher memory voucher = voucherOf(buyer(0), A);
        bytes memory signature = sign(voucher);
        uint256 place = (dice >> 8) % 64;
        signature[place] ^= bytes1(uint8(1 << (dice % 8)));
        vm.expectPartialRevert(ISaleManager.SaleBadVoucher.selector);
        buy(buyer(0), purchaseOf(A, USDC, 100 * DOLLAR), voucher, signature);
        vm.expectRevert(abi.encodeWithSelector(ISaleManager.SaleBadVoucher.selector, address(0)));
        buy(buyer(0), purchaseOf(A, USDC, 100 * DOLLAR), voucher, hex"00");
        signature = signBy(SIGNER_KEY + 1, voucher, domain);
        vm.expectRevert(abi.encodeWithSelector(ISaleManager.SaleBadVoucher.selector, vm.addr(SIGNER_KEY + 1)));
        buy(buyer(0), purchaseOf(A, USDC, 100 * DOLLAR), voucher, signature);
    }

    function testWithoutAVoucherNobodyBuys() public {
        enter(A);
        vm.expectRevert(abi.encodeWithSelector(ISaleManager.SaleVoucherNeeded.selector, A));
        buyAgain(buyer(0), A, USDC, 100 * DOLLAR);
        // A zero voucher is no voucher.
        ISaleManager.Voucher memory none;
        vm.expectPartialRevert(ISaleManager.SaleVoucherOfAnother.selector);
        buy(buyer(0), purchaseOf(A, USDC, 100 * DOLLAR), none, hex"00");
    }

    function testAVouchersDeadlineIsItsLastSecond() public {
        enter(A);
        ISaleManager.Voucher memory voucher = voucherOf(buyer(0), A);
        voucher.deadline = uint40(vm.getBlockTimestamp());
        bytes memory signature = sign(voucher);
        buy(buyer(0), purchaseOf(A, USDC, 100 * DOLLAR), voucher, signature);
        vm.warp(vm.getBlockTimestamp() + 1);
        vm.expectRevert(abi.encodeWithSelector(ISaleManager.SaleVoucherExpired.selector, voucher.deadline));
        buy(buyer(0), purchaseOf(A, USDC, 100 * DOLLAR), voucher, signature);
    }

    function testAVouchersCapHoldsToTheUnit() public {
        enter(A);
        ISaleManager.Voucher memory voucher = voucherOf(buyer(0), A);
        voucher.cap = 500 * DOLLAR;
        bytes memory signature = sign(voucher);
        vm.expectRevert(abi.encodeWithSelector(ISaleManager.SaleWalletCapExceeded.selector, 500 * DOLLAR));
        buy(buyer(0), purchaseOf(A, USDC, 500 * DOLLAR + 1), voucher, signature);
        buy(buyer(0), purchaseOf(A, USDC, 400 * DOLLAR), voucher, signature);
        // Showing it again does not start it anew.
        vm.expectRevert(abi.encodeWithSelector(ISaleManager.SaleWalletCapExceeded.selector, 100 * DOLLAR));
        buy(buyer(0), purchaseOf(A, USDC, 100 * DOLLAR + 1), voucher, signature);
        vm.expectRevert(abi.encodeWithSelector(ISaleManager.SaleWalletCapExceeded.selector, 100 * DOLLAR));
        buyAgain(buyer(0), A, USDC, 100 * DOLLAR + 1);
        buyAgain(buyer(0), A, USDC, 100 * DOLLAR);
    }

    function testAnotherVoucherReplacesTheOneRemembered() public {
        enter(A);
        ISaleManager.Voucher memory small = voucherOf(buyer(0), A);
        small.cap = 500 * DOLLAR;
        buy(buyer(0), purchaseOf(A, USDC, 500 * DOLLAR), small, sign(small));
        buy(buyer(0), A, USDC, 1000 * DOLLAR);
        (uint64 limit,) = sale.rememberedOf(buyer(0), A);
        assertEq(limit, 20_000 * DOLLAR, "the round's cap");
        // A smaller one makes it smaller again; what was paid stays paid.
        bytes memory signature = sign(small);
        vm.expectRevert(abi.encodeWithSelector(ISaleManager.SaleWalletCapExceeded.selector, 0));
        buy(buyer(0), purchaseOf(A, USDC, 100 * DOLLAR), small, signature);
    }

    function testAVoucherIsRememberedUntilTheLastFullHourBeforeItsDeadline() public {
        enter(A);
        ISaleManager.Voucher memory voucher = voucherOf(buyer(0), A);
        uint40 hour = uint40(vm.getBlockTimestamp() / 1 hours + 5) * 1 hours;
        voucher.deadline = hour + 1799;
        bytes memory signature = sign(voucher);
        buy(buyer(0), purchaseOf(A, USDC, 100 * DOLLAR), voucher, signature);
        (uint64 limit, uint40 until) = sale.rememberedOf(buyer(0), A);
        assertEq(limit, 20_000 * DOLLAR, "limit");
        assertEq(until, hour, "until");
        vm.warp(hour - 1);
        buyAgain(buyer(0), A, USDC, 100 * DOLLAR);
        vm.warp(hour);
        (limit, until) = sale.rememberedOf(buyer(0), A);
        assertEq(limit + until, 0, "no longer");
        vm.expectRevert(abi.encodeWithSelector(ISaleManager.SaleVoucherNeeded.selector, A));
        buyAgain(buyer(0), A, USDC, 100 * DOLLAR);
        buy(buyer(0), purchaseOf(A, USDC, 100 * DOLLAR), voucher, signature);
    }

    function testWhatIsRememberedIsOfItsRound() public {
        enter(A);
        buy(buyer(0), A, USDC, 100 * DOLLAR);
        enter(B);
        (uint64 limit, uint40 until) = sale.rememberedOf(buyer(0), B);
        assertEq(limit + until, 0, "not of round B");
        vm.expectRevert(abi.encodeWithSelector(ISaleManager.SaleVoucherNeeded.selector, B));
        buyAgain(buyer(0), B, USDC, 100 * DOLLAR);
    }

    function testARevokedVoucherIsWorthNothingAndForgotten() public {
        enter(A);
        buy(buyer(0), A, USDC, 100 * DOLLAR);
        vm.expectEmit();
        emit ISaleManager.VoucherRevoked(buyer(0), 1);
        sale.revokeVoucher(buyer(0), 1);
        assertTrue(sale.voucherRevoked(buyer(0), 1), "revoked");
        refuse(
            abi.encodeWithSelector(ISaleManager.SaleVoucherWasRevoked.selector, buyer(0), 1),
            buyer(0),
            purchaseOf(A, USDC, 100 * DOLLAR)
        );
        vm.expectRevert(abi.encodeWithSelector(ISaleManager.SaleVoucherNeeded.selector, A));
        buyAgain(buyer(0), A, USDC, 100 * DOLLAR);
        assertEq(sale.paidOf(buyer(0), A), 100 * DOLLAR, "what was paid stays");
        // Another of the same buyer counts, and the same number of another buyer.
        ISaleManager.Voucher memory voucher = voucherOf(buyer(0), A);
        voucher.nonce = 257;
        buy(buyer(0), purchaseOf(A, USDC, 100 * DOLLAR), voucher, sign(voucher));
        buy(buyer(1), A, USDC, 100 * DOLLAR);
    }

    /// @dev Buyers share the bits of the filter: whoever shares one with a suspect is looked up and may buy.
    function testARevocationHurtsNobodyElse(uint256 dice) public {
        enter(A);
        uint256 suspect = dice % BUYERS;
        for (uint160 i = 1; i <= 80; ++i) {
            sale.revokeVoucher(address(i), 1);
        }
        sale.revokeVoucher(buyer(suspect), 1);
        for (uint256 i = 0; i < BUYERS; ++i) {
            if (i != suspect) buy(buyer(i), A, USDC, 100 * DOLLAR);
        }
        refuse(
            abi.encodeWithSelector(ISaleManager.SaleVoucherWasRevoked.selector, buyer(suspect), 1),
            buyer(suspect),
            purchaseOf(A, USDC, 100 * DOLLAR)
        );
    }

    function testAnotherSignerEndsAllThatTheOneBeforeSigned() public {
        enter(A);
        buy(buyer(0), A, USDC, 100 * DOLLAR);
        sale.setVoucherSigner(vm.addr(0x4E3));
        assertEq(uint160(sale.voucherSigner()), uint160(vm.addr(0x4E3)), "signer");
        vm.expectRevert(abi.encodeWithSelector(ISaleManager.SaleVoucherNeeded.selector, A));
        buyAgain(buyer(0), A, USDC, 100 * DOLLAR);
        refuse(
            abi.encodeWithSelector(ISaleManager.SaleBadVoucher.selector, vm.addr(SIGNER_KEY)),
            buyer(0),
            purchaseOf(A, USDC, 100 * DOLLAR)
        );
        ISaleManager.Voucher memory voucher = voucherOf(buyer(0), A);
        buy(buyer(0), purchaseOf(A, USDC, 100 * DOLLAR), voucher, signBy(0x4E3, voucher, domain));
    }

    /// @dev The count of signers starts again at the first of the later ones, never at the one whom the terms name.
    function testManySignersLater() public {
        enter(A);
        for (uint256 i = 0; i < 256; ++i) {
            sale.setVoucherSigner(vm.addr(0x4E3 + i));
        }
        assertTrue(sale.voucherSigner() == vm.addr(0x4E3 + 255), "the last");
        refuse(
            abi.encodeWithSelector(ISaleManager.SaleBadVoucher.selector, vm.addr(SIGNER_KEY)),
            buyer(0),
            purchaseOf(A, USDC, 100 * DOLLAR)
        );
        ISaleManager.Voucher memory voucher = voucherOf(buyer(0), A);
        buy(buyer(0), purchaseOf(A, USDC, 100 * DOLLAR), voucher, signBy(0x4E3 + 255, voucher, domain));
        assertEq(sale.raisedOf(A), 100 * DOLLAR, "what was raised stands beside it");
    }

    function testWithoutASignerNoSignatureIsValid() public {
        enter(A);
        buy(buyer(1), A, USDC, 100 * DOLLAR);
        vm.expectEmit();
        emit ISaleManager.VoucherSignerSet(address(0));
        sale.revokeVoucherSigner();
        vm.expectRevert(abi.encodeWithSelector(ISaleManager.SaleVoucherNeeded.selector, A));
        buyAgain(buyer(1), A, USDC, 100 * DOLLAR);
        refuse(
            abi.encodeWithSelector(ISaleManager.SaleBadVoucher.selector, vm.addr(SIGNER_KEY)),
            buyer(0),
            purchaseOf(A, USDC, 100 * DOLLAR)
        );
        ISaleManager.Voucher memory voucher = voucherOf(buyer(0), A);
        vm.expectRevert(abi.encodeWithSelector(ISaleManager.SaleBadVoucher.selector, address(0)));
        buy(buyer(0), purchaseOf(A, USDC, 100 * DOLLAR), voucher, new bytes(65));
        vm.expectRevert(abi.encodeWithSelector(ISaleManager.SaleZeroAddress.selector));
        sale.setVoucherSigner(address(0));
    }

    function testAnOpenRoundReadsNoVoucher() public {
        enter(PUBLIC);
        ISaleManager.Voucher memory nonsense = ISaleManager.Voucher(buyer(1), C, 1, 0, 0);
        buy(buyer(0), purchaseOf(PUBLIC, USDC, 100 * DOLLAR), nonsense, hex"1234");
        (uint64 limit, uint40 until) = sale.rememberedOf(buyer(0), PUBLIC);
        assertEq(limit, 25_000 * DOLLAR, "the round's cap");
        assertEq(until, FOREVER, "for ever");
        (limit, until) = sale.rememberedOf(buyer(1), PUBLIC);
        assertEq(limit + until, 0, "nothing of a stranger");
    }

    function testOnlyItsRolesMayDoWhatIsRestricted() public {
        bytes memory unauthorized = abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, STRANGER);
        vm.startPrank(STRANGER);
        vm.expectRevert(unauthorized);
        sale.setVoucherSigner(STRANGER);
        vm.expectRevert(unauthorized);
        sale.revokeVoucherSigner();
        vm.expectRevert(unauthorized);
        sale.revokeVoucher(buyer(0), 1);
        vm.expectRevert(unauthorized);
        sale.configure(rounds(), dollars, shares(), WALLET_CAP, STRANGER);
        vm.stopPrank();
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISaleManager, RoundState} from "../../contracts/interfaces/ISaleManager.sol";
import {TestToken} from "../../contracts/mocks/TestToken.sol";
import {SaleFixture} from "./base/SaleFixture.sol";

/// @dev What a configuration must be, and that it is kept as it was given.
contract SaleConfigurationTest is SaleFixture {
    ISaleManager private _fresh;

    function setUp() public override {
        super.setUp();
        _fresh = deploySale();
        qtra.approve(address(_fresh), type(uint256).max);
    }

    function testTheTermsAreKeptAsTheyWereGiven() public view {
        ISaleManager.Round[] memory given = rounds();
        assertEq(sale.roundCount(), ROUNDS, "rounds");
        uint256 tokens = 0;
        for (uint256 i = 0; i < ROUNDS; ++i) {
            assertEq(keccak256(abi.encode(sale.roundOf(i))), keccak256(abi.encode(given[i])), "round");
            assertState(i, RoundState.UPCOMING);
            tokens += given[i].tokenCap;
        }
        assertEq(qtra.balanceOf(address(sale)), tokens, "the tokens of all rounds");
        assertEq(keccak256(abi.encode(sale.payments())), keccak256(abi.encode(dollars)), "payments");
        for (uint8 i = 0; i < PAYMENTS; ++i) {
            (address token, uint256 scale) = sale.paymentOf(i);
            assertTrue(token == dollars[i], "token");
            assertEq(scale, scaleOf(i), "scale");
        }
        assertEq(keccak256(abi.encode(sale.shares())), keccak256(abi.encode(shares())), "shares");
        assertEq(sale.walletCap(), WALLET_CAP, "wallet cap");
        assertTrue(sale.voucherSigner() == vm.addr(SIGNER_KEY), "signer");
        assertTrue(sale.qtra() == address(qtra) && sale.vesting() == address(vesting), "contracts");
        assertEq(sale.hardCapOf(A), 200_000e6, "round A");
        assertEq(sale.hardCapOf(B), 199_998e6, "round B");
    }

    function testASaleIsConfiguredOnce() public {
        vm.expectRevert(abi.encodeWithSelector(ISaleManager.SaleConfiguredAlready.selector));
        sale.configure(rounds(), dollars, shares(), WALLET_CAP, address(this));
    }

    function testBeforeItIsConfiguredThereIsNothing() public {
        assertEq(_fresh.roundCount(), 0, "no rounds");
        assertEq(_fresh.payments().length, 0, "no payments");
        assertEq(_fresh.walletCap(), 0, "no cap");
        vm.expectRevert(abi.encodeWithSelector(ISaleManager.SaleUnknownRound.selector, 0));
        _fresh.roundOf(0);
        vm.expectRevert(abi.encodeWithSelector(ISaleManager.SaleUnknownPayment.selector, 0));
        _fresh.paymentOf(0);
        vm.expectRevert(abi.encodeWithSelector(ISaleManager.SaleUnknownRound.selector, 0));
        _fresh.finalise(0);
        vm.expectRevert(abi.encodeWithSelector(ISaleManager.SaleUnknownRound.selector, 0));
        _fresh.setVoucherSigner(address(this));
        vm.expectRevert(abi.encodeWithSelector(ISaleManager.SaleUnknownRound.selector, 0));
        _fresh.revokeVoucher(buyer(0), 1);
        assertTrue(_fresh.voucherSigner() == address(0), "no signer");
    }

    function testRoundsDoNotOverlapAndAreAhead() public {
        ISaleManager.Round[] memory all = rounds();
        all[B].start = all[A].end - 1;
        _refuseRounds(ISaleManager.SaleInvalidTimes.selector, B, all);
        all = rounds();
        all[C].end = all[C].start;
        _refuseRounds(ISaleManager.SaleInvalidTimes.selector, C, all);
        all = rounds();
        all[A].start = uint40(vm.getBlockTimestamp()) - 1;
        _refuseRounds(ISaleManager.SaleInvalidTimes.selector, A, all);
        all[A].start += 1;
        _fresh.configure(all, dollars, shares(), WALLET_CAP, address(this));
    }

    function testPricesDoNotFall() public {
        ISaleManager.Round[] memory all = rounds();
        all[B].price = all[A].price - 1;
        _refuseRounds(ISaleManager.SaleInvalidPrice.selector, B, all);
        all = rounds();
        all[A].price = 0;
        _refuseRounds(ISaleManager.SaleInvalidPrice.selector, A, all);
        all = rounds();
        all[PUBLIC].price = 1e18 + 1;
        _refuseRounds(ISaleManager.SaleInvalidPrice.selector, PUBLIC, all);
        all = rounds();
        all[B].price = all[A].price;
        _fresh.configure(all, dollars, shares(), WALLET_CAP, address(this));
    }

    function testCapsNest() public {
        for (uint256 i = 0; i < 9; ++i) {
            ISaleManager.Round[] memory all = rounds();
            if (i == 0) all[A].minPurchase = 0;
            if (i == 1) all[A].minPurchase = all[A].walletCap + 1;
            if (i == 2) all[A].walletCap = WALLET_CAP + 1;
            if (i == 3) all[A].softCap = 200_000e6 + 1;
            if (i == 4) all[A].tokenCap = 999_999e18;
            if (i == 5) all[A].tokenCap = 0;
            if (i == 6) all[A].walletCap = 0;
            if (i == 7) all[A].tokenCap = type(uint128).max;
            if (i == 8) (all[A].minPurchase, all[A].walletCap) = (0, 0);
            _refuseRounds(ISaleManager.SaleInvalidCaps.selector, A, all);
        }
    }

    function testARoundTakesLessThanItsWidth() public {
        ISaleManager.Round[] memory all = new ISaleManager.Round[](1);
        all[0] = rounds()[A];
        // 2^48 - 1 micros, and one more.
        all[0].price = 1e18;
        all[0].tokenCap = 2 ** 48 - 1;
        qtra.transfer(address(1), 1);
        _fresh.configure(all, dollars, shares(), WALLET_CAP, address(this));
        assertEq(_fresh.hardCapOf(0), 2 ** 48 - 1, "widest");
        _fresh = deploySale();
        all[0].tokenCap = 2 ** 48;
        _refuseRounds(ISaleManager.SaleInvalidCaps.selector, 0, all);
        all[0].tokenCap = 2 ** 48 - 1;
        vm.expectRevert(abi.encodeWithSelector(ISaleManager.SaleInvalidCaps.selector, 0));
        _fresh.configure(all, dollars, shares(), 2 ** 44, address(this));
    }

    function testReferralsHaveALimit() public {
        ISaleManager.Round[] memory all = rounds();
        all[C].referralBps = 2001;
        _refuseRounds(ISaleManager.SaleInvalidReferral.selector, C, all);
    }

    function testTheNumberOfRoundsHasALimit() public {
        ISaleManager.Round[] memory all = new ISaleManager.Round[](0);
        vm.expectRevert(abi.encodeWithSelector(ISaleManager.SaleNoRounds.selector));
        _fresh.configure(all, dollars, shares(), WALLET_CAP, address(this));
        all = new ISaleManager.Round[](17);
        vm.expectRevert(abi.encodeWithSelector(ISaleManager.SaleTooManyRounds.selector, 17));
        _fresh.configure(all, dollars, shares(), WALLET_CAP, address(this));
        all = new ISaleManager.Round[](16);
        for (uint40 i = 0; i < 16; ++i) {
            all[i] = rounds()[A];
            (all[i].start, all[i].end) = (START + i * 1 days, START + (i + 1) * 1 days);
        }
        _fresh.configure(all, dollars, shares(), WALLET_CAP, address(this));
        assertEq(keccak256(abi.encode(_fresh.roundOf(15))), keccak256(abi.encode(all[15])), "the last");
    }

    function testVouchersNeedASigner() public {
        vm.expectRevert(abi.encodeWithSelector(ISaleManager.SaleNoVoucherSigner.selector));
        _fresh.configure(rounds(), dollars, shares(), WALLET_CAP, address(0));
        ISaleManager.Round[] memory all = new ISaleManager.Round[](1);
        all[0] = rounds()[PUBLIC];
        _fresh.configure(all, dollars, shares(), WALLET_CAP, address(0));
    }

    function testSharesAddUp() public {
        ISaleManager.Share[] memory all = shares();
        all[1].bps -= 1;
        _refuseShares(all);
        all = shares();
        all[1].treasury = address(0);
        _refuseShares(all);
        all = shares();
        all[1].treasury = address(_fresh);
        _refuseShares(all);
        all = shares();
        (all[0].bps, all[1].bps) = (10_000, 0);
        _refuseShares(all);
        _refuseShares(new ISaleManager.Share[](0));
        all = new ISaleManager.Share[](9);
        for (uint256 i = 0; i < 9; ++i) {
            all[i] = ISaleManager.Share(TREASURY, i == 0 ? 2000 : 1000);
        }
        _refuseShares(all);
    }

    function testPaymentsAreTokensOfSixToEighteenDecimals() public {
        address[] memory none = new address[](0);
        vm.expectRevert(abi.encodeWithSelector(ISaleManager.SaleNoPayments.selector));
        _fresh.configure(rounds(), none, shares(), WALLET_CAP, address(this));
        address[] memory five = new address[](5);
        vm.expectRevert(abi.encodeWithSelector(ISaleManager.SaleTooManyPayments.selector, 5));
        _fresh.configure(rounds(), five, shares(), WALLET_CAP, address(this));
        _refusePayment(address(0));
        _refusePayment(address(0xE0A));
        _refusePayment(address(qtra));
        // A contract that is no token.
        _refusePayment(address(access));
        _refusePayment(address(new TestToken("five", "5", 5)));
        _refusePayment(address(new TestToken("nineteen", "19", 19)));
        dollars[1] = dollars[0];
        vm.expectRevert(abi.encodeWithSelector(ISaleManager.SaleInvalidPayment.selector, dollars[0]));
        _fresh.configure(rounds(), dollars, shares(), WALLET_CAP, address(this));
    }

    function testTheTokensOfAllRoundsAreTaken() public {
        qtra.approve(address(_fresh), 19_000_000e18 - 1);
        vm.expectPartialRevert(bytes4(keccak256("ERC20InsufficientAllowance(address,uint256,uint256)")));
        _fresh.configure(rounds(), dollars, shares(), WALLET_CAP, address(this));
        assertEq(_fresh.roundCount(), 0, "nothing half done");
        qtra.approve(address(_fresh), 19_000_000e18);
        vm.expectEmit();
        emit ISaleManager.SaleConfigured(WALLET_CAP, 19_000_000e18);
        _fresh.configure(rounds(), dollars, shares(), WALLET_CAP, address(this));
    }

    function testContractsNeedTheirOthers() public {
        bytes[2] memory arguments = [
            abi.encode(address(access), address(0), address(vesting)),
            abi.encode(address(access), address(qtra), address(0))
        ];
        for (uint256 i = 0; i < 2; ++i) {
            (bool made,) = address(this).call(abi.encodeCall(this.make, (arguments[i])));
            assertTrue(!made, "made");
        }
    }

    function make(bytes calldata arguments) external {
        vm.deployCode("SaleManager.sol:SaleManager", arguments);
    }

    function _refuseRounds(bytes4 selector, uint256 round, ISaleManager.Round[] memory all) private {
        vm.expectRevert(abi.encodeWithSelector(selector, round));
        _fresh.configure(all, dollars, shares(), WALLET_CAP, address(this));
    }

    function _refuseShares(ISaleManager.Share[] memory all) private {
        vm.expectRevert(abi.encodeWithSelector(ISaleManager.SaleInvalidShares.selector));
        _fresh.configure(rounds(), dollars, all, WALLET_CAP, address(this));
    }

    function _refusePayment(address token) private {
        address[] memory tokens = new address[](1);
        tokens[0] = token;
        vm.expectRevert(abi.encodeWithSelector(ISaleManager.SaleInvalidPayment.selector, token));
        _fresh.configure(rounds(), tokens, shares(), WALLET_CAP, address(this));
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ExchangeAccess} from "../../../contracts/access/ExchangeAccess.sol";
import {IMerkleVesting} from "../../../contracts/interfaces/IMerkleVesting.sol";
import {ISaleManager, RoundState, Unsold} from "../../../contracts/interfaces/ISaleManager.sol";
import {TestToken} from "../../../contracts/mocks/TestToken.sol";
import {QTRAToken} from "../../../contracts/token/QTRAToken.sol";
import {TestBase} from "./TestBase.sol";

/// @dev A sale of four rounds, paid in dollars of 6, 8 and 18 decimals, and a few funded wallets. This contract is the
/// administrator.
abstract contract SaleFixture is TestBase {
    uint256 internal constant A = 0;
    uint256 internal constant B = 1;
    uint256 internal constant C = 2;
    uint256 internal constant PUBLIC = 3;
    uint256 internal constant ROUNDS = 4;
    uint8 internal constant USDC = 0;
    uint8 internal constant EIGHT = 1;
    uint8 internal constant DAI = 2;
    uint8 internal constant PAYMENTS = 3;
    uint64 internal constant DOLLAR = 1e6;
    uint64 internal constant WALLET_CAP = 45_000 * DOLLAR;
    uint256 internal constant SIGNER_KEY = 0x516E4;
    uint256 internal constant BUYERS = 5;
    uint40 internal constant START = 1_750_000_000;
    uint40 internal constant FOREVER = type(uint40).max;
    address internal constant TREASURY = address(0x7EA5);
    address internal constant FOUNDATION = address(0xF0DA);
    address internal constant RESERVE = address(0x2E5E);

    ExchangeAccess internal access;
    QTRAToken internal qtra;
    IMerkleVesting internal vesting;
    ISaleManager internal sale;
    bytes32 internal domain;
    address[] internal dollars;
    address[] private _buyers;

    function setUp() public virtual {
        vm.warp(START);
        access = new ExchangeAccess(address(this));
        QTRAToken.Allocation[] memory all = new QTRAToken.Allocation[](1);
        all[0] = QTRAToken.Allocation("sale", address(this), 1e27);
        qtra = new QTRAToken(all);
        vesting = IMerkleVesting(
            vm.deployCode("MerkleVesting.sol:MerkleVesting", abi.encode(address(access), address(qtra), RESERVE))
        );
        sale = deploySale();
        domain = sale.domainSeparator();
        dollars.push(address(new TestToken("USD Coin", "USDC", 6)));
        dollars.push(address(new TestToken("Dollar of eight", "USD8", 8)));
        dollars.push(address(new TestToken("Dai", "DAI", 18)));
        configure(sale);
        for (uint256 i = 0; i < BUYERS; ++i) {
            _buyers.push(vm.addr(buyerKey(i)));
            for (uint8 payment = 0; payment < PAYMENTS; ++payment) {
                supply(buyer(i), payment, 1_000_000 * DOLLAR);
            }
        }
    }

    /// @dev From the artifact, so that a change of a test does not compile the contract again.
    function deploySale() internal returns (ISaleManager) {
        bytes memory arguments = abi.encode(address(access), address(qtra), address(vesting));
        return ISaleManager(vm.deployCode("SaleManager.sol:SaleManager", arguments));
    }

    function configure(ISaleManager manager) internal {
        qtra.approve(address(manager), type(uint256).max);
        manager.configure(rounds(), dollars, shares(), WALLET_CAP, vm.addr(SIGNER_KEY));
    }

    function rounds() internal pure returns (ISaleManager.Round[] memory all) {
        all = new ISaleManager.Round[](ROUNDS);
        all[A] = ISaleManager.Round(
            20_000, START + 1 days, START + 8 days, 10_000_000e18, 50_000e6, 100e6, 20_000e6, 500, Unsold.BURN, true
        );
        // A price that a dollar's tokens do not divide by.
        all[B] = ISaleManager.Round(
            33_333, START + 8 days, START + 15 days, 6_000_000e18, 60_000e6, 100e6, 30_000e6, 250, Unsold.TREASURY, true
        );
        all[C] = ISaleManager.Round(
            50_000, START + 16 days, START + 23 days, 2_000_000e18, 100_000e6, 50e6, 40_000e6, 333, Unsold.BURN, true
        );
        all[PUBLIC] = ISaleManager.Round(
            70_001, START + 24 days, START + 31 days, 1_000_000e18, 0, 10e6, 25_000e6, 100, Unsold.TREASURY, false
        );
    }

    function shares() internal pure returns (ISaleManager.Share[] memory all) {
        all = new ISaleManager.Share[](2);
        all[0] = ISaleManager.Share(TREASURY, 6667);
        all[1] = ISaleManager.Share(FOUNDATION, 3333);
    }

    function buyerKey(uint256 index) internal pure returns (uint256) {
        return 0xB0B0 + index;
    }

    /// @dev From memory, because it takes long to derive.
    function buyer(uint256 index) internal view returns (address) {
        return _buyers[index];
    }

    function scaleOf(uint8 payment) internal pure returns (uint256) {
        return payment == USDC ? 1 : payment == EIGHT ? 100 : 1e12;
    }

    function heldBy(address owner, uint8 payment) internal view returns (uint256) {
        return TestToken(dollars[payment]).balanceOf(owner);
    }

    function supply(address owner, uint8 payment, uint256 micros) internal {
        TestToken token = TestToken(dollars[payment]);
        token.mint(owner, micros * scaleOf(payment));
        vm.prank(owner);
        token.approve(address(sale), type(uint256).max);
    }

    function enter(uint256 round) internal {
        vm.warp(sale.roundOf(round).start);
    }

    function finish(uint256 round) internal {
        vm.warp(sale.roundOf(round).end);
    }

    function purchaseOf(uint256 round, uint8 payment, uint64 micros)
        internal
        pure
        returns (ISaleManager.Purchase memory)
    {
        return ISaleManager.Purchase(round, payment, micros, 0, FOREVER, address(0));
    }

    function voucherOf(address owner, uint256 round) internal pure returns (ISaleManager.Voucher memory) {
        return ISaleManager.Voucher(owner, round, type(uint64).max, FOREVER, 1);
    }

    function sign(ISaleManager.Voucher memory voucher) internal view returns (bytes memory) {
        return signBy(SIGNER_KEY, voucher, domain);
    }

    function signBy(uint256 key, ISaleManager.Voucher memory voucher, bytes32 separator)
        internal
        pure
        returns (bytes memory)
    {
        bytes32 typehash = keccak256("Voucher(address buyer,uint256 round,uint64 cap,uint40 deadline,uint64 nonce)");
        bytes32 structHash =
            keccak256(abi.encode(typehash, voucher.buyer, voucher.round, voucher.cap, voucher.deadline, voucher.nonce));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, keccak256(abi.encodePacked("\x19\x01", separator, structHash)));
        return abi.encodePacked(r, s, v);
    }

    /// @dev A purchase with a voucher that allows everything.
    function buy(address owner, uint256 round, uint8 payment, uint64 micros) internal {
        buy(owner, purchaseOf(round, payment, micros));
    }

    function buy(address owner, ISaleManager.Purchase memory purchase) internal {
        ISaleManager.Voucher memory voucher = voucherOf(owner, purchase.round);
        buy(owner, purchase, voucher, sign(voucher));
    }

    function buy(
        address owner,
        ISaleManager.Purchase memory purchase,
        ISaleManager.Voucher memory voucher,
        bytes memory signature
    ) internal {
        vm.prank(owner);
        sale.buy(purchase, voucher, signature);
    }

    /// @dev A purchase without a signature.
    function buyAgain(address owner, uint256 round, uint8 payment, uint64 micros) internal {
        ISaleManager.Voucher memory none;
        buy(owner, purchaseOf(round, payment, micros), none, "");
    }

    /// @dev A purchase that must fail so.
    function refuse(bytes memory reason, address owner, ISaleManager.Purchase memory purchase) internal {
        ISaleManager.Voucher memory voucher = voucherOf(owner, purchase.round);
        bytes memory signature = sign(voucher);
        vm.expectRevert(reason);
        buy(owner, purchase, voucher, signature);
    }

    function assertState(uint256 round, RoundState state) internal view {
        assertEq(uint256(sale.stateOf(round)), uint256(state), "state");
    }
}

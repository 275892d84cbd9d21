// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IReportedPrice} from "../../../contracts/interfaces/IReportedPrice.sol";
import {IRevenueRouter} from "../../../contracts/interfaces/IRevenueRouter.sol";
import {ISettlement} from "../../../contracts/interfaces/ISettlement.sol";
import {TestToken} from "../../../contracts/mocks/TestToken.sol";
import {StakingFixture} from "./StakingFixture.sol";

/// @dev A router between a vault with fees and stakers who are paid in dollars and QTRA. Bitcoin is no reward.
abstract contract RevenueFixture is StakingFixture {
    uint16 internal constant QTRA_ASSET = 1;
    uint16 internal constant USDC_ASSET = 2;
    uint64 internal constant QTRA_SCALE = 1e10;
    /// @dev A dollar is 16 QTRA, a bitcoin a million and a half.
    uint256 internal constant USDC_PRICE = 16e18 * 1e12;
    uint256 internal constant BTC_PRICE = 1_500_000e18 * 1e10;
    uint128 internal constant USDC_CAP = 100_000e6;
    uint128 internal constant BTC_CAP = 10e8;
    uint128 internal constant BOUNTY_CAP = 50e6;
    uint40 internal constant AUCTION = 2 hours;
    uint64 internal constant COLLECTOR = 7;

    ISettlement internal vault;
    TestToken internal btc;
    IReportedPrice internal prices;
    IRevenueRouter internal router;
    address internal treasury = address(0x7EA5);
    address internal insurance = address(0x1458);
    address internal keeper = address(0x4EE9);

    function setUp() public virtual override {
        super.setUp();
        btc = new TestToken("Bitcoin", "BTC", 8);
        vault = ISettlement(vm.deployCode("Settlement.sol:Settlement", abi.encode(address(access), vm.addr(0xE17612E))));
        vault.listAsset(QTRA_ASSET, address(qtra), QTRA_SCALE);
        vault.listAsset(USDC_ASSET, address(usdc), 1);
        prices = IReportedPrice(vm.deployCode("ReportedPrice.sol:ReportedPrice", abi.encode(address(access))));
        router = IRevenueRouter(
            vm.deployCode(
                "RevenueRouter.sol:RevenueRouter",
                abi.encode(address(access), address(vault), address(qtra), address(staking), address(prices))
            )
        );
        allowCollecting();
        router.setSplit(IRevenueRouter.Split(4000, 3000, 2000, 1000));
        router.setTreasury(treasury);
        router.setInsurance(insurance);
        router.setBounty(address(usdc), 10, BOUNTY_CAP);
        router.setAuctionTerms(address(usdc), IRevenueRouter.AuctionTerms(USDC_CAP, 100e6, 11_000, 9000, AUCTION));
        router.setAuctionTerms(address(btc), IRevenueRouter.AuctionTerms(BTC_CAP, 1e5, 12_000, 9500, AUCTION));
        beginPrices();
        vm.prank(bob);
        qtra.approve(address(router), type(uint256).max);
    }

    /// @dev The router alone may collect fees.
    function allowCollecting() private {
        bytes4[] memory selectors = new bytes4[](1);
        selectors[0] = vault.collectFees.selector;
        access.setTargetFunctionRole(address(vault), selectors, COLLECTOR);
        access.grantRole(COLLECTOR, address(router), 0);
    }

    /// @dev After an hour there are means.
    function beginPrices() private {
        prices.setPrice(address(usdc), USDC_PRICE);
        prices.setPrice(address(btc), BTC_PRICE);
        pass(1 hours);
    }

    /// @dev Dollars for the router to route.
    function earn(uint256 amount) internal {
        usdc.mint(address(router), amount);
    }

    /// @dev An auction of as many dollars as wait.
    function startAuction() internal returns (uint256) {
        return router.startAuction(address(usdc));
    }

    function buy(uint256 auction, uint256 amount) internal returns (uint256) {
        vm.prank(bob);
        return router.buy(auction, amount, type(uint256).max, vm.getBlockTimestamp());
    }
}

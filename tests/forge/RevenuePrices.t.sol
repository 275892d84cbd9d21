// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IReportedPrice} from "../../contracts/interfaces/IReportedPrice.sol";
import {RevenueFixture} from "./base/RevenueFixture.sol";

/// @dev What a reporter can and cannot make of a price.
contract RevenuePricesTest is RevenueFixture {
    address private token = address(0x70CE);

    function testAMeanIsWeightedByTime() external {
        prices.setPrice(token, 1000);
        pass(30 minutes);
        prices.report(token, 1100);
        pass(15 minutes);
        vm.expectRevert(
            abi.encodeWithSelector(
                IReportedPrice.ReportedPriceTooYoung.selector, token, vm.getBlockTimestamp() - 45 minutes
            )
        );
        prices.twap(token);
        pass(15 minutes);
        assertEq(prices.twap(token), 1050, "half an hour of each");
        pass(30 minutes);
        assertEq(prices.twap(token), 1100, "the last hour");
        (uint256 price, uint40 time) = prices.lastOf(token);
        assertEq(price, 1100, "last");
        assertEq(time, vm.getBlockTimestamp() - 1 hours, "its time");
    }

    function testAMeanReachesBackAnHourWhateverTheReports(uint256 dice) external {
        prices.setPrice(token, 1e18);
        uint256[] memory times = new uint256[](40);
        uint256[] memory values = new uint256[](40);
        (times[0], values[0]) = (vm.getBlockTimestamp(), 1e18);
        for (uint256 i = 1; i < times.length; ++i) {
            pass(10 minutes + (dice >> i) % 2 * (dice % 40 minutes));
            values[i] = values[i - 1] * ((dice >> (i + 64)) % 2 == 0 ? 91 : 109) / 100;
            prices.report(token, values[i]);
            times[i] = vm.getBlockTimestamp();
        }
        pass(dice % 1 hours);
        uint256 first = times.length - 1;
        while (vm.getBlockTimestamp() - times[first] < 1 hours) --first;
        uint256 sum = 0;
        for (uint256 i = first; i < times.length; ++i) {
            uint256 until = i + 1 < times.length ? times[i + 1] : vm.getBlockTimestamp();
            sum += values[i] * (until - times[i]);
        }
        assertEq(prices.twap(token), sum / (vm.getBlockTimestamp() - times[first]), "mean");
    }

    function testReportsAreTenMinutesApart() external {
        prices.setPrice(token, 1000);
        uint40 allowedFrom = uint40(vm.getBlockTimestamp()) + 10 minutes;
        vm.warp(allowedFrom - 1);
        vm.expectRevert(abi.encodeWithSelector(IReportedPrice.ReportedPriceTooSoon.selector, token, allowedFrom));
        prices.report(token, 1000);
        vm.warp(allowedFrom);
        vm.expectEmit();
        emit IReportedPrice.PriceReported(token, 1001);
        prices.report(token, 1001);
    }

    function testAReportIsWithinATenth() external {
        prices.setPrice(token, 1000);
        pass(1 hours);
        uint256[2] memory far = [uint256(899), 1101];
        for (uint256 i = 0; i < far.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IReportedPrice.ReportedPriceTooFar.selector, token, 1000, far[i]));
            prices.report(token, far[i]);
        }
        prices.report(token, 1100);
        pass(1 hours);
        prices.report(token, 990);
    }

    function testAPriceIsStaleAfterTwoHours() external {
        prices.setPrice(token, 1000);
        uint40 time = uint40(vm.getBlockTimestamp());
        pass(2 hours);
        assertEq(prices.twap(token), 1000, "two hours");
        pass(1);
        vm.expectRevert(abi.encodeWithSelector(IReportedPrice.ReportedPriceStale.selector, token, time));
        prices.twap(token);
    }

    function testAHistoryIsBegunAnew() external {
        prices.setPrice(token, 1000);
        pass(1 hours);
        prices.setPrice(token, 5_000_000);
        vm.expectPartialRevert(IReportedPrice.ReportedPriceTooYoung.selector);
        prices.twap(token);
        pass(1 hours);
        assertEq(prices.twap(token), 5_000_000, "nothing of before");
    }

    function testAPriceIsSomethingThatFits() external {
        vm.expectRevert(abi.encodeWithSelector(IReportedPrice.ReportedPriceInvalid.selector, 0));
        prices.setPrice(token, 0);
        vm.expectRevert(abi.encodeWithSelector(IReportedPrice.ReportedPriceInvalid.selector, 2 ** 128));
        prices.setPrice(token, 2 ** 128);
        vm.expectRevert(abi.encodeWithSelector(IReportedPrice.ReportedPriceUnknown.selector, token));
        prices.report(token, 1);
        vm.expectRevert(abi.encodeWithSelector(IReportedPrice.ReportedPriceUnknown.selector, token));
        prices.twap(token);
        prices.setPrice(token, 2 ** 128 - 1);
        pass(2 hours);
        assertEq(prices.twap(token), 2 ** 128 - 1, "the highest");
    }

    function testOnlyTheReporterReports() external {
        bytes4 unauthorized = bytes4(keccak256("AccessManagedUnauthorized(address)"));
        vm.startPrank(alice);
        vm.expectPartialRevert(unauthorized);
        prices.report(address(usdc), USDC_PRICE);
        vm.expectPartialRevert(unauthorized);
        prices.setPrice(address(usdc), 1);
    }

    function testItSaysItsBounds() external view {
        assertEq(prices.WINDOW(), 1 hours, "window");
        assertEq(prices.MAX_AGE(), 2 hours, "age");
        assertEq(prices.MIN_INTERVAL(), 10 minutes, "interval");
        assertEq(prices.MAX_STEP_BPS(), 1000, "step");
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FillLibrary} from "../../contracts/settlement/Fill.sol";
import {TestBase} from "./base/TestBase.sol";

/// @dev The fee of a fill, over all notionals that an account could pay and all rates.
contract SettlementFeesTest is TestBase {
    /// @dev A charge is rounded up and a rebate down in size, by less than a unit.
    function testAFeeIsTheRateRoundedAgainstItsOwner(uint64 notional, int16 ppm) public pure {
        int256 exact = int256(uint256(notional)) * ppm;
        int256 units = FillLibrary.fee(notional, ppm);
        assertTrue(units * 1e6 >= exact && units * 1e6 < exact + 1e6, "rounded up");
        assertTrue(ppm > 0 ? units >= 0 : units <= 0, "of the rate's sign");
    }

    /// @dev Who splits a fill in two never pays less, nor gets more back.
    function testSplittingNeverPays(uint64 one, uint64 two, int16 ppm) public pure {
        int256 whole = FillLibrary.fee(uint256(one) + two, ppm);
        assertTrue(FillLibrary.fee(one, ppm) + FillLibrary.fee(two, ppm) >= whole, "splitting");
    }
}

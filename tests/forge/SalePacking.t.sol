// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Lanes, LanesLibrary} from "../../contracts/sale/Lanes.sol";
import {Standing, StandingLibrary} from "../../contracts/sale/Standing.sol";
import {TestBase} from "./base/TestBase.sol";

/// @dev The sale's two words: every field keeps its value whatever is written beside it, to the ends of its width.
contract SalePackingTest is TestBase {
    function testAStandingKeepsItsFieldsApart(uint256 word, uint256 dice) public pure {
        // Any word of 252 bits is one.
        Standing standing = Standing.wrap(word >> 4);
        uint256 limit = _edge(dice, StandingLibrary.LANE_MAX);
        uint256 hour = _edge(dice >> 64, StandingLibrary.HOUR_MAX);
        uint256 epoch = _edge(dice >> 128, LanesLibrary.EPOCH_MAX);
        Standing changed = standing.remember(limit, hour, epoch);
        assertEq(changed.limit(), limit, "limit");
        assertEq(changed.hour(), hour, "hour");
        assertEq(changed.epoch(), epoch, "epoch");
        assertEq(changed.round(), standing.round(), "round");
        uint256 sum = 0;
        for (uint256 i = 0; i < StandingLibrary.LANES; ++i) {
            assertEq(changed.paidBy(i), standing.paidBy(i), "paid");
            sum += standing.paidBy(i);
        }
        assertEq(changed.paid(), sum, "all that was paid");
        assertEq(standing.paidBy(StandingLibrary.LANES), 0, "no such payment");
    }

    function testAPaymentTouchesItsLaneAlone(uint256 word, uint256 dice) public pure {
        // Lanes of 42 bits leave room for one payment of as many.
        Standing standing = StandingLibrary.start(dice % StandingLibrary.ROUNDS_MAX);
        for (uint256 i = 0; i < StandingLibrary.LANES; ++i) {
            standing = standing.pay(i, (word >> (42 * i)) % 2 ** 42);
        }
        standing = standing.remember(_edge(word, StandingLibrary.LANE_MAX), 1, 2);
        uint256 lane = (dice >> 8) % StandingLibrary.LANES;
        uint256 micros = (dice >> 16) % 2 ** 42;
        Standing changed = standing.pay(lane, micros);
        for (uint256 i = 0; i < StandingLibrary.LANES; ++i) {
            assertEq(changed.paidBy(i), standing.paidBy(i) + (i == lane ? micros : 0), "paid");
        }
        assertEq(changed.limit(), standing.limit(), "limit");
        assertEq(changed.round(), dice % StandingLibrary.ROUNDS_MAX, "round");
        Standing back = changed.takeBack(lane, micros);
        assertEq(Standing.unwrap(back), Standing.unwrap(standing), "there and back");
    }

    function testARoundsWordKeepsItsFieldsApart(uint256 word, uint256 dice, address buyer, address other) public pure {
        Lanes lanes = Lanes.wrap(word);
        uint256 epoch = _edge(dice, LanesLibrary.EPOCH_MAX);
        Lanes changed = lanes.setEpoch(epoch).suspect(buyer);
        assertEq(changed.epoch(), epoch, "epoch");
        assertTrue(changed.suspects(buyer), "suspect");
        assertEq(changed.outcome(), lanes.outcome(), "outcome");
        assertEq(changed.sum(), lanes.sum(), "sum");
        bool shares = uint160(buyer) % 48 == uint160(other) % 48;
        assertTrue(changed.suspects(other) == (shares || lanes.suspects(other)), "whoever shares the bit");
        uint256 sum = 0;
        for (uint256 i = 0; i < LanesLibrary.LANES; ++i) {
            assertEq(changed.get(i), lanes.get(i), "lane");
            sum += lanes.get(i);
        }
        assertEq(lanes.sum(), sum, "all lanes");
        assertEq(lanes.get(LanesLibrary.LANES), 0, "no such payment");
    }

    function testARoundsLanesAddUp(uint256 word, uint256 dice) public pure {
        // What is beside the lanes, and lanes of 46 bits.
        Lanes lanes = Lanes.wrap((word >> 200) << 200);
        for (uint256 i = 0; i < LanesLibrary.LANES; ++i) {
            lanes = lanes.add(i, (word >> (46 * i)) % 2 ** 46);
        }
        uint256 lane = dice % LanesLibrary.LANES;
        uint256 micros = (dice >> 8) % 2 ** 46;
        Lanes changed = lanes.add(lane, micros);
        for (uint256 i = 0; i < LanesLibrary.LANES; ++i) {
            assertEq(changed.get(i), lanes.get(i) + (i == lane ? micros : 0), "lane");
        }
        assertEq(changed.epoch(), lanes.epoch(), "epoch");
        assertEq(changed.close(2).outcome(), 2, "closed");
        assertEq(changed.close(2).sum(), changed.sum(), "closed");
        assertEq(Lanes.unwrap(changed.take(lane, micros)), Lanes.unwrap(lanes), "there and back");
    }

    /// @dev The ends of a width more often than chance has them.
    function _edge(uint256 dice, uint256 highest) private pure returns (uint256) {
        if (dice % 8 == 0) return highest;
        if (dice % 8 == 1) return 0;
        return (dice >> 8) % (highest + 1);
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SettlementInvariants} from "./SettlementInvariants.t.sol";

/// @dev Sequences that the campaign once failed on, no longer than they need to be.
contract SettlementSequencesTest is SettlementInvariants {
    /// @dev Another fill of as many lots as a client was told of settles, the client takes it for that one, and the engine
    /// comes with that one twice more. Who signed for it then would sign for more than is left of its order.
    function testAClientThatSawItsFillSettledDoesNotSignForItLater() external {
        uint256[8] memory dice = [
            uint256(3),
            13_808_446_900_249,
            10_183_486_862_360_205_817_615_316_441_888_006_407_705_965_007_042_738_419_019_491_801,
            492_388_082_565_997_332_804_438_553_777_661,
            5_195_307_311_510_621_412_075_231_579_813_039_725_157_554_044_194_947,
            821,
            3,
            16_364_735_901_806_425_810_939_644_434_016_289_629
        ];
        for (uint256 i = 0; i < dice.length; ++i) {
            _handler.net(dice[i]);
            checkAll();
        }
        everybodyCanLeaveWithEverything();
    }
}

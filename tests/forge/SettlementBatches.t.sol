// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SkipReason} from "../../contracts/interfaces/ISettlement.sol";
import {Batch, Fill, PayloadWriter, TestOrder} from "./base/Batches.sol";
import {SettlementFixture} from "./base/SettlementFixture.sol";

/// @dev What a batch does to balances, and why it leaves a fill out.
contract SettlementBatchesTest is SettlementFixture {
    function assertReason(SkipReason reason, SkipReason expected) private pure {
        assertEq(uint256(reason), uint256(expected), "reason");
    }

    function testAFillMovesBothAssetsAndBothFees() public {
        assertReason(settlePair(orderOf(0, SELL, 1), orderOf(1, BUY, 1), 40), SkipReason.NONE);
        // 40 lots of 1e6 units at 50 ticks: 2,000 quote units; maker 1,500 ppm is 3, taker 2,500 ppm is 5.
        assertEq(vault.balanceOf(wallet(0), QTRA), FUNDS - 40e6, "seller base");
        assertEq(vault.balanceOf(wallet(0), USDC), FUNDS + 2000 - 3, "seller quote");
        assertEq(vault.balanceOf(wallet(1), QTRA), FUNDS + 40e6, "buyer base");
        assertEq(vault.balanceOf(wallet(1), USDC), FUNDS - 2000 - 5, "buyer quote");
        assertEq(vault.feesOf(USDC), 8, "fees");
        assertEq(vault.feesOf(QTRA), 0, "base fees");
    }

    function testTheMakersPriceCounts() public {
        TestOrder memory taker = orderOf(1, BUY, 1);
        taker.price = 80;
        assertReason(settlePair(orderOf(0, SELL, 1), taker, 100), SkipReason.NONE);
        assertEq(vault.balanceOf(wallet(1), USDC), FUNDS - 5000 - 13, "cost at 50, fee 12.5 rounded up");
    }

    function testFeesRoundUpAndRebatesDown() public {
        TestOrder memory maker = orderOf(0, SELL, 1);
        maker.makerPpm = -1500;
        assertReason(settlePair(maker, orderOf(1, BUY, 1), 33), SkipReason.NONE);
        // notional 1,650: fee 4.125 becomes 5, rebate 2.475 becomes 2.
        assertEq(vault.balanceOf(wallet(1), USDC), FUNDS - 1650 - 5, "buyer");
        assertEq(vault.balanceOf(wallet(0), USDC), FUNDS + 1650 + 2, "seller");
        assertEq(vault.feesOf(USDC), 3, "fees");
    }

    function testARebateIsPaidFromFeesOnly() public {
        TestOrder memory maker = orderOf(0, SELL, 1);
        maker.makerPpm = -3000;
        TestOrder memory taker = orderOf(1, BUY, 1);
        taker.takerPpm = 0;
        assertReason(settlePair(maker, taker, 100), SkipReason.REBATE_UNFUNDED);
        settlePair(orderOf(2, SELL, 1), orderOf(3, BUY, 1), 100);
        assertReason(settlePair(maker, taker, 100), SkipReason.NONE);
        assertEq(vault.feesOf(USDC), 8 + 13 - 15, "fees");
    }

    function testAnOrderFillsOverSeveralBatchesUpToItsQuantity() public {
        TestOrder memory maker = orderOf(0, SELL, 1);
        assertReason(settlePair(maker, orderOf(1, BUY, 1), 60), SkipReason.NONE);
        assertReason(settlePair(maker, orderOf(1, BUY, 2), 41), SkipReason.OVERFILL);
        assertReason(settlePair(maker, orderOf(1, BUY, 2), 40), SkipReason.NONE);
        assertReason(settlePair(maker, orderOf(1, BUY, 3), 1), SkipReason.OVERFILL);
        assertEq(vault.slotOf(wallet(0), QTRA).filled, 100, "filled");
    }

    function testANewerSeqStartsAnewAndKillsTheOlder() public {
        assertReason(settlePair(orderOf(0, SELL, 5), orderOf(1, BUY, 1), 100), SkipReason.NONE);
        assertReason(settlePair(orderOf(0, SELL, 6), orderOf(1, BUY, 2), 100), SkipReason.NONE);
        assertReason(settlePair(orderOf(0, SELL, 5), orderOf(1, BUY, 3), 1), SkipReason.SUPERSEDED);
    }

    function testTwoOrdersOfOneSeqDoNotShareALane() public {
        assertReason(settlePair(orderOf(0, SELL, 5), orderOf(1, BUY, 1), 10), SkipReason.NONE);
        TestOrder memory other = orderOf(0, SELL, 5);
        other.quantity = 1000;
        assertReason(settlePair(other, orderOf(1, BUY, 2), 10), SkipReason.SEQ_REUSED);
    }

    function testLanesFillIndependently() public {
        TestOrder memory resting = orderOf(0, SELL, 5);
        resting.lane = 7;
        assertReason(settlePair(resting, orderOf(1, BUY, 1), 10), SkipReason.NONE);
        assertReason(settlePair(orderOf(0, SELL, 4), orderOf(1, BUY, 2), 20), SkipReason.NONE);
        assertReason(settlePair(resting, orderOf(1, BUY, 3), 90), SkipReason.NONE);
        (uint64 filled, uint48 seq,) = vault.laneOf(wallet(0), QTRA, 7);
        assertEq(filled, 100, "lane 7");
        assertEq(seq, 5, "seq of lane 7");
        assertEq(vault.slotOf(wallet(0), QTRA).filled, 20, "lane 0");
    }

    function testAnOrderListedTwiceSharesItsFills() public {
        TestOrder[] memory orders = new TestOrder[](3);
        (orders[0], orders[1], orders[2]) = (orderOf(0, SELL, 1), orderOf(1, BUY, 1), orderOf(0, SELL, 1));
        Fill[] memory fills = new Fill[](2);
        (fills[0], fills[1]) = (Fill(0, 1, 60), Fill(2, 1, 60));
        SkipReason[] memory reasons = settle(orders, fills);
        assertReason(reasons[0], SkipReason.NONE);
        assertReason(reasons[1], SkipReason.OVERFILL);
    }

    function testAnAccountCanTradeWithItself() public {
        TestOrder memory resting = orderOf(0, SELL, 1);
        resting.lane = 1;
        assertReason(settlePair(resting, orderOf(0, BUY, 2), 100), SkipReason.NONE);
        assertEq(vault.balanceOf(wallet(0), QTRA), FUNDS, "base");
        assertEq(vault.balanceOf(wallet(0), USDC), FUNDS - 21, "quote, both fees");
        assertEq(vault.slotOf(wallet(0), QTRA).filled, 100, "taker filled");
        assertReason(settlePair(resting, orderOf(0, BUY, 3), 1), SkipReason.OVERFILL);
    }

    function testTwoOrdersOfOneLaneDoNotMatch() public {
        assertReason(settlePair(orderOf(0, SELL, 1), orderOf(0, BUY, 2), 1), SkipReason.SHARED_LANE);
    }

    function testAFillSpendsWhatAnEarlierFillBrought() public {
        // Wallet 9 owns USDC only; it buys QTRA and sells them on in the same batch, in another order of markets.
        fund(vm.addr(walletKey(9)), USDC, 10_000);
        TestOrder[] memory orders = new TestOrder[](6);
        (orders[0], orders[1]) = (orderOf(0, SELL, 1), orderOf(9, BUY, 1));
        (orders[2], orders[3]) = (orderOf(9, SELL, 2), orderOf(1, BUY, 1));
        orders[2].lane = 1;
        (orders[4], orders[5]) = (orderOf(9, BUY, 1), orderOf(2, SELL, 1));
        (orders[4].market, orders[5].market) = (BTC_USDC, BTC_USDC);
        (orders[4].price, orders[5].price) = (90, 90);
        Fill[] memory fills = new Fill[](3);
        (fills[0], fills[1], fills[2]) = (Fill(0, 1, 100), Fill(3, 2, 100), Fill(5, 4, 100));
        SkipReason[] memory reasons = settle(orders, fills);
        for (uint256 i = 0; i < 3; ++i) {
            assertReason(reasons[i], SkipReason.NONE);
        }
        assertEq(vault.balanceOf(vm.addr(walletKey(9)), USDC), 10_000 - 5013 + 4987 - 9023, "quote of wallet 9");
        assertEq(vault.balanceOf(vm.addr(walletKey(9)), BTC), 100e3, "BTC of wallet 9");
    }

    function testABadItemLeavesTheOthersAlone() public {
        TestOrder[] memory orders = new TestOrder[](4);
        (orders[0], orders[1]) = (orderOf(0, SELL, 1), orderOf(1, BUY, 1));
        (orders[2], orders[3]) = (orderOf(2, SELL, 1), orderOf(3, BUY, 1));
        orders[2].expiry = uint40(vm.getBlockTimestamp() - 1);
        Fill[] memory fills = new Fill[](3);
        (fills[0], fills[1], fills[2]) = (Fill(2, 1, 5), Fill(0, 1, 5), Fill(2, 3, 5));
        SkipReason[] memory reasons = settle(orders, fills);
        assertReason(reasons[0], SkipReason.EXPIRED);
        assertReason(reasons[1], SkipReason.NONE);
        assertReason(reasons[2], SkipReason.EXPIRED);
        assertEq(vault.balanceOf(wallet(2), QTRA), FUNDS, "untouched");
        assertEq(vault.slotOf(wallet(1), QTRA).filled, 5, "one fill only");
    }

    function testOrdersThatCannotFill() public {
        TestOrder memory good = orderOf(1, BUY, 1);
        TestOrder memory bad = orderOf(0, SELL, 1);
        bad.price = 0;
        assertReason(settlePair(bad, good, 1), SkipReason.UNSUPPORTED_ORDER);
        bad = orderOf(0, SELL, 1);
        bad.quantity = 0;
        assertReason(settlePair(bad, good, 1), SkipReason.UNSUPPORTED_ORDER);
        bad = orderOf(0, SELL, 1);
        bad.flags = FLAGS_MAX + 1;
        assertReason(settlePair(bad, good, 1), SkipReason.UNSUPPORTED_ORDER);
        bad.expiry = 0;
        assertReason(settlePair(bad, good, 1), SkipReason.UNSUPPORTED_ORDER);
        bad = orderOf(0, SELL, 0);
        assertReason(settlePair(bad, good, 1), SkipReason.CANCELLED);
        bad = orderOf(0, BUY, 1);
        assertReason(settlePair(bad, good, 1), SkipReason.NOT_OPPOSITE);
        bad = orderOf(0, SELL, 1);
        bad.market = BTC_USDC;
        assertReason(settlePair(bad, good, 1), SkipReason.NOT_OPPOSITE);
        assertReason(settlePair(orderOf(0, SELL, 1), good, 0), SkipReason.OVERFILL);
    }

    function testWhateverInstructionsAreSignedAFillSettles(uint16 makerFlags, uint16 takerFlags) public {
        TestOrder memory maker = orderOf(0, SELL, 1);
        TestOrder memory taker = orderOf(1, BUY, 1);
        (maker.flags, taker.flags) = (makerFlags & FLAGS_MAX, takerFlags & FLAGS_MAX);
        assertReason(settlePair(maker, taker, 40), SkipReason.NONE);
        assertReason(settlePair(maker, taker, 60), SkipReason.NONE);
        assertReason(settlePair(maker, taker, 1), SkipReason.OVERFILL);
    }

    function testFlagsThatWereNotSignedMoveNothing(uint16 signed, uint8 bit) public {
        bit %= 16;
        TestOrder[] memory orders = pair(orderOf(0, SELL, 1), orderOf(1, BUY, 1));
        orders[0].flags = signed & FLAGS_MAX;
        Batch memory batch = batchOf(orders, oneFill(10));
        batch.sections[0].orders[0].flags ^= uint16(1) << bit;
        SkipReason reason = settleBatch(batch).fills[0];
        // The signature recovers to somebody without funds.
        assertReason(reason, bit < 11 ? SkipReason.BASE_SHORT : SkipReason.UNSUPPORTED_ORDER);
        assertEq(vault.balanceOf(wallet(0), QTRA), FUNDS, "untouched");
        assertEq(vault.isolatedOf(wallet(0), QTRA_USDC).base, FUNDS, "untouched");
    }

    function testAMakerThatSlidFillsAtItsPriceInForce() public {
        TestOrder memory maker = orderOf(0, SELL, 1);
        (maker.flags, maker.slide) = (SLIDE, 7);
        TestOrder memory taker = orderOf(1, BUY, 1);
        assertReason(settlePair(maker, taker, 10), SkipReason.LIMIT_CROSSED);
        taker.price = 57;
        assertReason(settlePair(maker, taker, 10), SkipReason.NONE);
        uint64 notional = 57 * 10;
        assertEq(vault.balanceOf(wallet(0), USDC), FUNDS + notional - 1, "seller, less the fee");
        assertEq(vault.balanceOf(wallet(1), USDC), FUNDS - notional - 2, "buyer, and the fee");

        maker = orderOf(2, BUY, 1);
        (maker.flags, maker.slide) = (SLIDE, 49);
        taker = orderOf(3, SELL, 1);
        taker.price = 1;
        assertReason(settlePair(maker, taker, 100), SkipReason.NONE);
        assertEq(vault.balanceOf(wallet(3), USDC), FUNDS + 100 - 1, "seller at the price in force");
    }

    function testAnOrderThatDidNotSignToSlideFillsAtItsSignedPrice(uint16 flags, uint64 slide) public {
        TestOrder memory maker = orderOf(0, SELL, 1);
        maker.flags = flags & FLAGS_MAX & ~SLIDE;
        maker.slide = slide;
        assertReason(settlePair(maker, orderOf(1, BUY, 1), 10), SkipReason.NONE);
        assertEq(vault.balanceOf(wallet(1), USDC), FUNDS - 500 - 2, "the signed price");
        maker = orderOf(2, SELL, 1);
        (maker.flags, maker.slide) = (flags & FLAGS_MAX | 3 << 5, slide);
        assertReason(settlePair(maker, orderOf(1, BUY, 2), 10), SkipReason.NONE);
        assertEq(vault.balanceOf(wallet(1), USDC), FUNDS - 1000 - 4, "the signed price");
    }

    function testASlidePastAnyPriceIsNoOrder() public {
        TestOrder memory maker = orderOf(0, BUY, 1);
        TestOrder memory taker = orderOf(1, SELL, 1);
        (maker.flags, taker.price) = (SLIDE, 1);
        for (uint64 slide = 50; slide < 52; ++slide) {
            maker.slide = slide;
            assertReason(settlePair(maker, taker, 1), SkipReason.UNSUPPORTED_ORDER);
        }
        (maker, taker) = (orderOf(0, SELL, 1), orderOf(1, BUY, 1));
        (maker.flags, maker.slide, taker.price) = (SLIDE, type(uint64).max - 49, type(uint64).max);
        assertReason(settlePair(maker, taker, 1), SkipReason.UNSUPPORTED_ORDER);
        (maker.price, maker.slide) = (0, 1);
        assertReason(settlePair(maker, taker, 1), SkipReason.UNSUPPORTED_ORDER);
    }

    function testAnOrderThatMaySlideIsCheckedLikeAnyOther() public {
        TestOrder memory taker = orderOf(1, BUY, 1);
        TestOrder memory maker = orderOf(0, SELL, 1);
        (maker.flags, maker.expiry) = (SLIDE, 0);
        assertReason(settlePair(maker, taker, 1), SkipReason.EXPIRED);
        maker = orderOf(0, SELL, 1);
        (maker.flags, maker.maxFeeBps) = (SLIDE, 51);
        assertReason(settlePair(maker, taker, 1), SkipReason.FEE_ABOVE_CAP);
        maker = orderOf(0, SELL, 0);
        (maker.flags, maker.slide) = (SLIDE, 1);
        taker.price = 51;
        assertReason(settlePair(maker, taker, 1), SkipReason.CANCELLED);
        maker.seq = 1;
        assertReason(settlePair(maker, taker, 1), SkipReason.NONE);
    }

    function testAnOrderIsGoodThroughItsLastSecond() public {
        TestOrder memory maker = orderOf(0, SELL, 1);
        maker.expiry = uint40(vm.getBlockTimestamp());
        assertReason(settlePair(maker, orderOf(1, BUY, 1), 1), SkipReason.NONE);
        vm.warp(vm.getBlockTimestamp() + 1);
        assertReason(settlePair(maker, orderOf(1, BUY, 1), 1), SkipReason.EXPIRED);
    }

    function testFeesAboveTheSignedCap() public {
        TestOrder memory taker = orderOf(1, BUY, 1);
        taker.maxFeeBps = 25;
        assertReason(settlePair(orderOf(0, SELL, 1), taker, 1), SkipReason.NONE);
        taker.takerPpm = 2501;
        assertReason(settlePair(orderOf(0, SELL, 1), taker, 1), SkipReason.FEE_ABOVE_CAP);
        (taker.takerPpm, taker.makerPpm) = (2500, 2501);
        assertReason(settlePair(orderOf(0, SELL, 1), taker, 1), SkipReason.FEE_ABOVE_CAP);
        (taker.makerPpm, taker.maxFeeBps) = (0, 51);
        assertReason(settlePair(orderOf(0, SELL, 1), taker, 1), SkipReason.FEE_ABOVE_CAP);
    }

    function testLimitsOfBothSides() public {
        TestOrder memory buyer = orderOf(1, BUY, 1);
        buyer.price = 49;
        assertReason(settlePair(orderOf(0, SELL, 1), buyer, 1), SkipReason.LIMIT_CROSSED);
        assertReason(settlePair(buyer, orderOf(0, SELL, 1), 1), SkipReason.LIMIT_CROSSED);
        buyer.price = 51;
        assertReason(settlePair(buyer, orderOf(0, SELL, 1), 1), SkipReason.NONE);
        assertEq(vault.balanceOf(wallet(1), USDC), FUNDS - 51 - 1, "the buyer rested at 51");
    }

    function testShortOfBaseOrQuote() public {
        fund(vm.addr(walletKey(8)), QTRA, 99e6);
        TestOrder memory seller = orderOf(8, SELL, 1);
        assertReason(settlePair(seller, orderOf(1, BUY, 1), 100), SkipReason.BASE_SHORT);
        assertReason(settlePair(seller, orderOf(1, BUY, 1), 99), SkipReason.NONE);
        fund(vm.addr(walletKey(7)), USDC, 5012);
        TestOrder memory buyer = orderOf(7, BUY, 1);
        assertReason(settlePair(orderOf(0, SELL, 1), buyer, 100), SkipReason.QUOTE_SHORT);
        fund(vm.addr(walletKey(7)), USDC, 1);
        assertReason(settlePair(orderOf(0, SELL, 1), buyer, 100), SkipReason.NONE);
        assertEq(vault.balanceOf(vm.addr(walletKey(7)), USDC), 0, "spent to the last unit");
    }

    function testTheLargestNumbersDoNotOverflow() public {
        TestOrder memory maker = orderOf(0, SELL, type(uint48).max);
        (maker.price, maker.quantity, maker.expiry) = (type(uint64).max, type(uint64).max, type(uint40).max);
        maker.lane = type(uint16).max;
        TestOrder memory taker = orderOf(1, BUY, type(uint48).max);
        (taker.price, taker.quantity) = (type(uint64).max, type(uint64).max);
        assertReason(settlePair(maker, taker, type(uint64).max), SkipReason.BASE_SHORT);
        assertReason(settlePair(maker, taker, 1), SkipReason.QUOTE_SHORT);
    }

    function testABrokenSignatureSpoilsItsOrderOnly() public {
        TestOrder[] memory orders = new TestOrder[](4);
        (orders[0], orders[1]) = (orderOf(0, SELL, 1), orderOf(1, BUY, 1));
        (orders[2], orders[3]) = (orderOf(0, SELL, 2), orderOf(2, BUY, 1));
        Fill[] memory fills = new Fill[](2);
        (fills[0], fills[1]) = (Fill(0, 1, 5), Fill(2, 3, 5));
        Batch memory batch = batchOf(orders, fills);
        batch.sections[0].signatures[0] = new bytes(64);
        SkipReason[] memory reasons = settleBatch(batch).fills;
        assertReason(reasons[0], SkipReason.BAD_SIGNATURE);
        assertReason(reasons[1], SkipReason.NONE);
    }

    function testASignatureForAnotherChainOrContractMovesNothing() public {
        TestOrder[] memory orders = pair(orderOf(0, SELL, 1), orderOf(1, BUY, 1));
        bytes memory payload = PayloadWriter.write(batchOf(orders, oneFill(1)));
        vm.chainId(block.chainid + 1);
        domain = vault.domainSeparator();
        vm.recordLogs();
        settlePayload(payload);
        // It recovers to somebody who owns nothing.
        assertReason(readOutcome(1, 0).fills[0], SkipReason.BASE_SHORT);
    }

    function testABatchEqualsItsFillsOneByOne(uint256 seed) public {
        TestOrder[] memory orders = randomOrders(seed, 12);
        Fill[] memory fills = randomFills(seed, 12, 16);
        uint256 start = vm.snapshotState();
        SkipReason[] memory together = settle(orders, fills);
        bytes32 togetherState = stateHash();
        vm.revertToState(start);
        for (uint256 i = 0; i < fills.length; ++i) {
            Fill[] memory one = new Fill[](1);
            one[0] = fills[i];
            assertReason(settle(orders, one)[0], together[i]);
        }
        assertEq(stateHash(), togetherState, "state");
    }

    function testFillsConserveEveryAsset(uint256 seed) public {
        settle(randomOrders(seed, 20), randomFills(seed, 20, 30));
        for (uint16 asset = QTRA; asset <= BTC; ++asset) {
            uint256 sum = vault.feesOf(asset);
            for (uint256 i = 0; i < WALLETS; ++i) {
                sum += vault.balanceOf(wallet(i), asset);
            }
            assertEq(sum, WALLETS * uint256(FUNDS), "conserved");
        }
    }

    /// @dev Orders that often match: few wallets, prices and lanes; some seqs shared, some orders dead.
    function randomOrders(uint256 seed, uint256 count) private view returns (TestOrder[] memory orders) {
        orders = new TestOrder[](count);
        for (uint256 i = 0; i < count; ++i) {
            uint256 dice = uint256(keccak256(abi.encode(seed, "order", i)));
            orders[i] = orderOf(dice % WALLETS, uint8(i % 2), uint48(1 + (dice >> 8) % 3));
            orders[i].market = (dice >> 16) % 4 == 0 ? BTC_USDC : QTRA_USDC;
            orders[i].price = uint64(48 + (dice >> 24) % 5);
            orders[i].quantity = uint64(1 + (dice >> 32) % 50) * ((dice >> 40) % 8 == 0 ? 1e9 : 1);
            orders[i].lane = uint16((dice >> 48) % 3);
            if ((dice >> 56) % 16 == 0) orders[i].expiry = 1;
            orders[i].makerPpm = int16(uint16((dice >> 64) % 3000)) - 1000;
            orders[i].takerPpm = int16(uint16((dice >> 80) % 5100));
        }
    }

    function randomFills(uint256 seed, uint256 orders, uint256 count) private pure returns (Fill[] memory fills) {
        fills = new Fill[](count);
        for (uint256 i = 0; i < count; ++i) {
            uint256 dice = uint256(keccak256(abi.encode(seed, "fill", i)));
            uint16 maker = uint16(dice % orders);
            uint16 taker = uint16((dice >> 16) % (orders / 2) * 2 + (maker + 1) % 2);
            fills[i] = Fill(maker, taker, uint64((dice >> 32) % 40) * ((dice >> 48) % 8 == 0 ? 1e9 : 1));
        }
    }

    /// @dev Everything that trading can change.
    function stateHash() private view returns (bytes32 hash) {
        for (uint16 asset = QTRA; asset <= BTC; ++asset) {
            hash = keccak256(abi.encode(hash, vault.feesOf(asset)));
            for (uint256 i = 0; i < WALLETS; ++i) {
                hash = keccak256(abi.encode(hash, vault.slotOf(wallet(i), asset)));
                for (uint16 lane = 1; lane < 3; ++lane) {
                    (uint64 filled, uint48 seq, uint24 tag) = vault.laneOf(wallet(i), asset, lane);
                    hash = keccak256(abi.encode(hash, filled, seq, tag));
                }
            }
        }
    }
}

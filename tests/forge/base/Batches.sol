// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev An order of a test, with the key that signs it and the rates that its batch charges it.
struct TestOrder {
    uint256 key;
    uint32 market;
    uint8 side;
    uint64 price;
    uint64 quantity;
    uint40 expiry;
    uint48 seq;
    uint16 lane;
    uint16 maxFeeBps;
    uint16 flags;
    int16 makerPpm;
    int16 takerPpm;
    uint64 slide;
}

struct TestFill {
    uint16 maker;
    uint16 taker;
    uint64 quantity;
}

/// @dev Writes payloads as docs/contracts/batch-format.md says, with every field at its full width and a section of its
/// own for every run of orders of one market.
library PayloadWriter {
    bytes32 internal constant ORDER_TYPEHASH = keccak256(
        "Order(uint32 market,uint8 side,uint64 price,uint64 quantity,uint40 expiry,uint48 seq,uint16 lane,uint16 maxFeeBps,uint16 flags)"
    );

    function structHash(TestOrder memory order) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                ORDER_TYPEHASH,
                order.market,
                order.side,
                order.price,
                order.quantity,
                order.expiry,
                order.seq,
                order.lane,
                order.maxFeeBps,
                order.flags
            )
        );
    }

    function write(TestOrder[] memory orders, bytes[] memory signatures, TestFill[] memory fills)
        internal
        pure
        returns (bytes memory payload)
    {
        bytes memory classes;
        bytes memory sections;
        uint8 sectionCount = 0;
        for (uint256 i = 0; i < orders.length; ++i) {
            classes =
                abi.encodePacked(classes, orders[i].makerPpm, orders[i].takerPpm, orders[i].maxFeeBps, orders[i].flags);
            if (i == 0 || orders[i].market != orders[i - 1].market) {
                ++sectionCount;
                sections = abi.encodePacked(sections, _sectionHeader(orders, i));
            }
            sections = abi.encodePacked(sections, _record(orders[i], uint8(i), signatures[i]));
        }
        payload = abi.encodePacked(
            uint8(1), uint8(orders.length), sectionCount, uint16(orders.length), uint16(fills.length), uint8(0x28)
        );
        payload = abi.encodePacked(payload, classes, sections);
        for (uint256 i = 0; i < fills.length; ++i) {
            payload = abi.encodePacked(payload, fills[i].maker, fills[i].taker, fills[i].quantity);
        }
    }

    function _sectionHeader(TestOrder[] memory orders, uint256 first) private pure returns (bytes memory) {
        uint16 count = 0;
        while (first + count < orders.length && orders[first + count].market == orders[first].market) ++count;
        return abi.encodePacked(orders[first].market, count, hex"886528", uint48(0), uint40(0));
    }

    function _record(TestOrder memory order, uint8 class, bytes memory signature) private pure returns (bytes memory) {
        bytes memory fields = abi.encodePacked(order.side, class, order.price, order.quantity);
        return abi.encodePacked(fields, order.seq, order.expiry, order.lane, order.slide, signature);
    }
}

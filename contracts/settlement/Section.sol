// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISettlementBatches} from "../interfaces/ISettlement.sol";
import {Authorization} from "./Authorization.sol";
import {BatchPayload} from "./BatchPayload.sol";
import {BatchRun, MARKET_AT, MarketRecord} from "./BatchRun.sol";
import {Registers} from "./Registers.sol";
import {Word} from "./Word.sol";

/// @dev The orders of one market that are authorized alike; the rest of a section's header is in `Registers`.
struct Section {
    uint256 kind;
    bool isLadder;
    uint256 count;
    /// Where the bits of a ladder's used records are, in calldata.
    uint256 used;
}

/// @title SectionReader: docs/contracts/batch-format.md
/// @dev Unchecked arithmetic throughout: every operand is a field of at most 8 bytes or a position in calldata.
library SectionReader {
    uint256 private constant SECTION_BYTES = 18;
    uint256 private constant FLOOR_BYTES = 6;
    /// @dev Side and class, before the fields of variable width.
    uint256 private constant PREFIX_BYTES = 1;
    uint256 private constant LADDER_MAX = 255;
    uint256 private constant LADDER_BIT = 0x80;
    /// @dev The selector of `SettlementMalformedPayload`.
    uint256 private constant MALFORMED = 0xaba021bb;
    // The layouts as assembly takes them, in plain numbers: `Registers`, `OrderRecord`, `ClassRow`.
    uint256 private constant ORDER = 0x300;
    uint256 private constant ORDER_SIDE = 0x340;
    uint256 private constant ORDER_PRICE = 0x360;
    uint256 private constant ORDER_QUANTITY = 0x380;
    uint256 private constant ORDER_EXPIRY = 0x3a0;
    uint256 private constant ORDER_SEQ = 0x3c0;
    uint256 private constant ORDER_LANE = 0x3e0;
    uint256 private constant ORDER_MAX_FEE_BPS = 0x400;
    uint256 private constant ORDER_BYTES = 0x140;
    uint256 private constant DIGEST = 0x440;
    uint256 private constant DIGEST_HASH = 0x462;
    uint256 private constant DIGEST_BYTES = 66;
    uint256 private constant PAYLOAD = 0x600;
    uint256 private constant CLASSES = 0x620;
    uint256 private constant CLASSES_SIZE = 0x640;
    uint256 private constant SEQ_BASE = 0x680;
    uint256 private constant EXPIRY_BASE = 0x6a0;
    uint256 private constant PRICE_RIGHT = 0x6c0;
    uint256 private constant QUANTITY_LEFT = 0x6e0;
    uint256 private constant QUANTITY_RIGHT = 0x700;
    uint256 private constant SEQ_LEFT = 0x720;
    uint256 private constant SEQ_RIGHT = 0x740;
    uint256 private constant EXPIRY_LEFT = 0x760;
    uint256 private constant EXPIRY_RIGHT = 0x780;
    uint256 private constant LANE_LEFT = 0x7a0;
    uint256 private constant LANE_RIGHT = 0x7c0;
    uint256 private constant MARKET = 0x800;
    uint256 private constant RECORD_TERMS = 0x20;
    uint256 private constant RECORD_LANE = 0x80;
    uint256 private constant UNPLAIN_MASK = 0xff << 160;
    uint256 private constant TAG_MASK = 0xffffff;

    /// @dev Reads a section's header.
    function next(BatchRun memory run) internal pure returns (Section memory section) {
        unchecked {
            BatchPayload memory payload = run.payload;
            uint256 offset = payload.take(SECTION_BYTES);
            uint256 header = Word.fromCalldata(offset);
            if (header >> 248 >= payload.marketCount) payload.malformed(offset);
            uint256 form = (header >> 240) & 0xff;
            section.kind = form & 0xf;
            section.isLadder = form & LADDER_BIT != 0;
            section.count = (header >> 224) & 0xffff;
            if (section.kind > Authorization.CONTRACT_WALLET) {
                revert ISettlementBatches.SettlementUnsupportedAuthorization(uint8(section.kind));
            }
            if (form & 0x70 != 0) payload.malformed(offset + 1);
            Word.put(Registers.SEQ_BASE, (header >> 152) & type(uint48).max);
            Word.put(Registers.EXPIRY_BASE, (header >> 112) & type(uint40).max);
            Word.put(Registers.LADDER_FLOOR, 0);
            _readWidths(payload, offset, header >> 200);
            uint256 market = run.markets + (header >> 248) * MarketRecord.BYTES;
            Word.put(Registers.MARKET, market);
            Word.put(Registers.BASE_KEY, Word.load(market + MarketRecord.BASE_KEY));
            Word.put(Registers.QUOTE_KEY, Word.load(market + MarketRecord.QUOTE_KEY));
            uint256 number = Word.load(market + MarketRecord.NUMBER);
            Word.put(Registers.MARKET_KEY, number << MARKET_AT);
            Word.put(Registers.ORDER_MARKET, number);
        }
    }

    /// @dev Reads what a ladder has before its records.
    /// @return used how many of its records take a number
    function openLadder(BatchPayload memory payload, Section memory section) internal pure returns (uint256 used) {
        unchecked {
            uint256 count = section.count;
            // Zero wraps around.
            if (count - 1 >= LADDER_MAX) payload.malformed(payload.position - SECTION_BYTES + 2);
            Word.put(Registers.LADDER_FLOOR, Word.fromCalldata(payload.take(FLOOR_BYTES)) >> 208);
            section.used = payload.take((count + 7) / 8);
            uint256 bits = Word.fromCalldata(section.used);
            // Bits past the last record, within the bytes that are there.
            uint256 spare = (8 - (count & 7)) & 7;
            if ((bits >> (256 - count - spare)) & ((1 << spare) - 1) != 0) payload.malformed(section.used);
            for (bits = bits >> (256 - count); bits != 0; bits &= bits - 1) {
                ++used;
            }
        }
    }

    /// @dev Whether record `index` of a ladder is an order of the batch.
    function isUsed(Section memory section, uint256 index) internal pure returns (bool) {
        unchecked {
            return (Word.fromCalldata(section.used) << index) >> 255 != 0;
        }
    }

    /// @dev Reads the record at `offset` into the record in memory of an order, as far as that can be without its owner:
    /// state, terms, the number of its lane, market and side.
    ///
    /// Assembly, because this is most of what reading an order costs. Every field is at a place that the section's widths
    /// give, and goes where its owner's signature and where fills need it.
    /// @return structHash of the signed order
    /// @return digest of it in the contract's domain
    /// @return fault not 0 if the order is not as plain as most, and has to be judged
    function readOrder(uint256 offset, uint256 record)
        internal
        view
        returns (uint256 structHash, uint256 digest, uint256 fault)
    {
        assembly ("memory-safe") {
            let fields := calldataload(offset)
            // Seven bits, times the size of a row.
            let class := and(shr(241, fields), 0x3f80)
            let bad := iszero(lt(class, mload(CLASSES_SIZE)))
            class := add(mload(CLASSES), class)
            // The cap, and the flags after it.
            mcopy(ORDER_MAX_FEE_BPS, add(class, 0x20), 0x40)
            class := mload(class)

            let seq := add(mload(SEQ_BASE), shr(mload(SEQ_RIGHT), shl(mload(SEQ_LEFT), fields)))
            mstore(ORDER_SEQ, seq)
            let expiry := add(mload(EXPIRY_BASE), shr(mload(EXPIRY_RIGHT), shl(mload(EXPIRY_LEFT), fields)))
            mstore(ORDER_EXPIRY, expiry)
            if or(bad, or(shr(48, seq), shr(40, expiry))) {
                mstore(0x00, MALFORMED)
                mstore(0x20, sub(offset, mload(PAYLOAD)))
                revert(0x1c, 0x24)
            }
            let quantity := shr(mload(QUANTITY_RIGHT), shl(mload(QUANTITY_LEFT), fields))
            mstore(ORDER_QUANTITY, quantity)
            // The order of an isolated account has a seq of 42 bits and a quantity of 40; few others have more.
            fault := or(or(shr(42, seq), shr(40, quantity)), iszero(quantity))
            fault := or(fault, or(and(class, UNPLAIN_MASK), gt(timestamp(), expiry)))

            let price := shr(mload(PRICE_RIGHT), shl(8, fields))
            mstore(ORDER_PRICE, price)
            fault := or(fault, iszero(price))

            let lane := shr(mload(LANE_RIGHT), shl(mload(LANE_LEFT), fields))
            mstore(ORDER_LANE, lane)
            mstore(add(record, RECORD_LANE), lane)
            let side := shr(255, fields)
            mstore(ORDER_SIDE, side)
            price := or(price, shl(224, or(mload(MARKET), side)))
            mstore(add(record, RECORD_TERMS), or(price, class))

            structHash := keccak256(ORDER, ORDER_BYTES)
            mstore(DIGEST_HASH, structHash)
            digest := keccak256(DIGEST, DIGEST_BYTES)
            // The tag is 8 bits shorter where an isolated account's own word has it.
            let tag := and(digest, shr(and(shr(109, class), shl(3, iszero(lane))), TAG_MASK))
            mstore(record, or(or(shl(152, seq), shl(128, tag)), or(shl(64, quantity), quantity)))
        }
    }

    /// @dev By how many ticks the price in force of the record at `offset` is better for its owner than the signed one.
    function readSlide(uint256 offset) internal pure returns (uint256) {
        unchecked {
            uint256 size = Word.load(Registers.SLIDE_BYTES);
            // A shift by 256 leaves zero.
            return Word.fromCalldata(offset + Word.load(Registers.FIELD_BYTES) - size) >> (256 - 8 * size);
        }
    }

    function _readWidths(BatchPayload memory payload, uint256 offset, uint256 widths) private pure {
        unchecked {
            uint256 price = 8 * ((widths >> 20) & 0xf);
            uint256 quantity = 8 * ((widths >> 16) & 0xf);
            uint256 seq = 8 * ((widths >> 12) & 0xf);
            uint256 expiry = 8 * ((widths >> 8) & 0xf);
            uint256 lane = 8 * ((widths >> 4) & 0xf);
            uint256 slide = widths & 0xf;
            if (price > 64 || quantity > 64 || seq > 48 || expiry > 40 || lane > 16 || slide > 8) {
                payload.malformed(offset + 4);
            }
            Word.put(Registers.PRICE_RIGHT, 256 - price);
            uint256 left = 8 * PREFIX_BYTES + price;
            Word.put(Registers.QUANTITY_LEFT, left);
            Word.put(Registers.QUANTITY_RIGHT, 256 - quantity);
            left += quantity;
            Word.put(Registers.SEQ_LEFT, left);
            Word.put(Registers.SEQ_RIGHT, 256 - seq);
            left += seq;
            Word.put(Registers.EXPIRY_LEFT, left);
            Word.put(Registers.EXPIRY_RIGHT, 256 - expiry);
            left += expiry;
            Word.put(Registers.LANE_LEFT, left);
            Word.put(Registers.LANE_RIGHT, 256 - lane);
            Word.put(Registers.SLIDE_BYTES, slide);
            Word.put(Registers.FIELD_BYTES, (left + lane) / 8 + slide);
        }
    }
}

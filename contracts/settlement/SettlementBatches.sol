// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SkipReason} from "../interfaces/ISettlement.sol";
import {BatchPayload, BatchPayloadLibrary, Section, SignedOrder} from "./BatchPayload.sol";
import {FillLibrary} from "./Fill.sol";
import {MarketRecord, OrderRecordLibrary} from "./OrderRecord.sol";
import {SettlementApprovals} from "./SettlementApprovals.sol";
import {SettlementRegistry} from "./SettlementRegistry.sol";
import {Slot, SlotLibrary} from "./Slot.sol";
import {SlotTable, SlotTableLibrary} from "./SlotTable.sol";
import {Word} from "./Word.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {ECDSA} from "solady/src/utils/ECDSA.sol";

/// @dev Settlement of batches: read all orders, apply the fills in the order of the engine, write each slot once.
abstract contract SettlementBatches is SettlementRegistry, SettlementApprovals {
    /// @dev What the steps of one batch share. `classes` are rows in memory: the flags in the low end, then the cap; the
    /// rates and the reason where an order's terms have them; `SLIDES`.
    struct Run {
        BatchPayload payload;
        SlotTable table;
        SignedOrder order;
        uint256 classes;
        uint256 records;
        bytes32 domainSeparator;
        uint64 number;
        uint256 skipped;
    }

    /// @dev The market of a section as its orders use it: the low ends of their slots' keys, and its record in memory.
    struct SectionMarket {
        uint256 baseKey;
        uint256 quoteKey;
        uint256 record;
    }

    bytes32 private constant BATCH_TYPEHASH = keccak256(
        "Batch(uint64 number,bytes32 payloadHash,bytes32 previousHash,bytes32 journalRoot,uint64 throughSequence)"
    );
    bytes32 private constant ORDER_TYPEHASH = keccak256(
        "Order(uint32 market,uint8 side,uint64 price,uint64 quantity,uint40 expiry,uint48 seq,uint16 lane,uint16 maxFeeBps,uint16 flags)"
    );
    /// @dev The highest flags of a signed order: time in force, type, post-only and self-trade prevention have ten bits.
    /// They bind the engine; a fill of any is settled alike.
    uint256 private constant FLAGS_MAX = 0x3ff;
    /// @dev Flags that say what becomes of a post-only order that would match at once, and the value that lets the engine
    /// slide its price: make it better for the owner.
    uint256 private constant POST_ONLY = 3 << 5;
    uint256 private constant POST_ONLY_SLIDE = 2 << 5;
    /// @dev Marks a class of such orders, above the reason, so that other orders need no look at it of their own.
    uint256 private constant SLIDES = 1 << (OrderRecordLibrary.REASON_AT + 8);
    uint256 private constant CAP_AT = 16;
    int256 private constant PPM_PER_BPS = 100;
    uint256 private constant OWNER_AT = 96;
    uint256 private constant ASSET_AT = 16;

    // No reentrancy guard: the only call out is to the ecrecover precompile.
    function settle(
        bytes calldata payload,
        uint64 number,
        bytes32 journalRoot,
        uint64 throughSequence,
        bytes calldata engineSignature
    ) external whenNotPaused {
        bytes32 newHash = _acceptBatch(payload, number, journalRoot, throughSequence, engineSignature);
        Run memory run = _open(payload, newHash);
        _readOrders(run);
        _applyFills(run);
        run.table.store();
        // Counts are at most 2^16, by their width in the payload.
        emit BatchSettled(
            number,
            newHash,
            journalRoot,
            throughSequence,
            uint32(run.payload.fillCount - run.skipped),
            uint32(run.skipped)
        );
    }

    function batchNumber() external view returns (uint64) {
        return uint64(uint256(_batchHash));
    }

    function batchHash() external view returns (bytes32) {
        return _batchHash;
    }

    /// @dev The stored hash carries the number in its last 8 bytes: one slot for both, and 192 bits of the digest, which
    /// is more than enough against a second batch with the same hash.
    function _acceptBatch(
        bytes calldata payload,
        uint64 number,
        bytes32 journalRoot,
        uint64 throughSequence,
        bytes calldata engineSignature
    ) private returns (bytes32 newHash) {
        bytes32 previousHash = _batchHash;
        uint64 expected = uint64(uint256(previousHash)) + 1;
        require(number == expected, SettlementWrongBatch(expected, number));
        bytes32 structHash = keccak256(
            abi.encode(BATCH_TYPEHASH, number, keccak256(payload), previousHash, journalRoot, throughSequence)
        );
        bytes32 digest = _hashTypedData(structHash);
        _checkEngineSignature(digest, engineSignature);
        newHash = bytes32((uint256(digest) & ~uint256(type(uint64).max)) | number);
        _batchHash = newHash;
    }

    function _open(bytes calldata payload, bytes32 newHash) private view returns (Run memory run) {
        // The hash carries the number in its low end.
        run.number = uint64(uint256(newHash));
        run.payload = BatchPayloadLibrary.open(payload);
        // An order has at most three slots, a section one for its fees.
        run.table = SlotTableLibrary.create(3 * run.payload.orderCount + run.payload.sectionCount, uint256(newHash));
        run.order.typehash = ORDER_TYPEHASH;
        run.classes = _readClasses(run.payload);
        run.records = OrderRecordLibrary.allocate(run.payload.orderCount);
        run.domainSeparator = _domainSeparator();
    }

    function _readClasses(BatchPayload memory payload) private pure returns (uint256 rows) {
        uint256 count = payload.classCount;
        rows = Word.allocate(count);
        for (uint256 i = 0; i < count; ++i) {
            uint256 class = payload.class(i);
            // Casts cut the fields out of the row.
            uint256 capBps = uint16(class >> CAP_AT);
            int256 capPpm = int256(capBps) * PPM_PER_BPS;
            int16 makerPpm = int16(uint16(class >> 48));
            int16 takerPpm = int16(uint16(class >> 32));
            bool allowed = capBps <= MAX_FEE_BPS && makerPpm <= capPpm && takerPpm <= capPpm;
            uint256 row = (class & type(uint32).max) | (uint256(uint16(makerPpm)) << OrderRecordLibrary.MAKER_PPM_AT)
                | (uint256(uint16(takerPpm)) << OrderRecordLibrary.TAKER_PPM_AT);
            if (uint16(class) > FLAGS_MAX) row |= _reasonBits(SkipReason.UNSUPPORTED_ORDER);
            else if (!allowed) row |= _reasonBits(SkipReason.FEE_ABOVE_CAP);
            if (class & POST_ONLY == POST_ONLY_SLIDE) row |= SLIDES;
            Word.put(rows + 32 * i, row);
        }
    }

    function _readOrders(Run memory run) private view {
        uint256 sections = run.payload.sectionCount;
        uint256 left = run.payload.orderCount;
        uint256 record = run.records;
        for (uint256 i = 0; i < sections; ++i) {
            Section memory section = run.payload.nextSection();
            // The records were allocated for the count in the header.
            require(section.orderCount <= left, SettlementMalformedPayload(section.records - run.payload.start));
            left -= section.orderCount;
            record = _readSection(run, section, record);
        }
        require(left == 0, SettlementMalformedPayload(run.payload.position - run.payload.start));
    }

    /// @dev Reads the orders of a section into the records from `record` on.
    function _readSection(Run memory run, Section memory section, uint256 record) private view returns (uint256) {
        SectionMarket memory market = _openMarket(run.table, uint32(section.market));
        run.order.market = section.market;
        uint256 offset = section.records;
        unchecked {
            // Positions in calldata and in memory.
            uint256 size = section.fieldBytes + BatchPayloadLibrary.SIGNATURE_BYTES;
            uint256 end = offset + section.orderCount * size;
            for (; offset < end; offset += size) {
                Word.put(record, _readOrder(run, section, market, offset, record));
                record += OrderRecordLibrary.BYTES;
            }
        }
        return record;
    }

    function _openMarket(SlotTable memory table, uint32 id) private view returns (SectionMarket memory market) {
        Market memory listed = _listedMarket(id);
        market.baseKey = uint256(listed.base) << ASSET_AT;
        market.quoteKey = uint256(listed.quote) << ASSET_AT;
        uint256 feeCell = _cell(table, SlotLibrary.keyOf(FEE_OWNER, listed.quote, 0));
        market.record = MarketRecord.put(listed.baseUnitsPerLot, listed.quoteUnitsPerTickLot, feeCell);
    }

    /// @dev Fills the record of an order, all but its terms, which it returns. One with a reason in its terms has no more.
    function _readOrder(
        Run memory run,
        Section memory section,
        SectionMarket memory market,
        uint256 offset,
        uint256 record
    ) private view returns (uint256 terms) {
        SignedOrder memory order = run.order;
        uint256 class;
        unchecked {
            class = Word.load(run.classes + 32 * run.payload.readOrder(section, offset, order));
        }
        order.maxFeeBps = (class >> CAP_AT) & 0xffff;
        order.flags = class & 0xffff;
        bytes32 digest = _digest(order, run.domainSeparator);
        terms = order.price | (order.quantity << OrderRecordLibrary.QUANTITY_AT)
            | (uint256(uint24(uint256(digest))) << OrderRecordLibrary.TAG_AT) | (order.seq << OrderRecordLibrary.SEQ_AT)
            | (class & OrderRecordLibrary.RATES_MASK) | (order.side << OrderRecordLibrary.SIDE_AT);
        uint256 fault = (class >> OrderRecordLibrary.REASON_AT) | Word.isZero(order.price) | Word.isZero(order.quantity)
            | Word.gt(block.timestamp, order.expiry);
        if (fault != 0) {
            uint256 reason = _explainOrder(order, class);
            if (reason != 0) return terms | reason;
            // Nothing is wrong: the order may slide.
            uint256 price = BatchPayloadLibrary.readPriceInForce(section, offset, order);
            if (price == 0) return terms | _reasonBits(SkipReason.UNSUPPORTED_ORDER);
            terms ^= order.price ^ price;
        }
        uint256 signer;
        unchecked {
            offset += section.fieldBytes;
            signer = uint160(
                ECDSA.tryRecover(digest, bytes32(Word.fromCalldata(offset)), bytes32(Word.fromCalldata(offset + 32)))
            );
        }
        if (signer == 0) return terms | _reasonBits(SkipReason.BAD_SIGNATURE);
        terms |= _fillCells(run, market, signer << OWNER_AT, record);
    }

    /// @dev What is wrong with an order whoever signed it, as bits of its terms.
    function _explainOrder(SignedOrder memory order, uint256 class) private view returns (uint256) {
        if (order.price == 0 || order.quantity == 0 || order.flags > FLAGS_MAX) {
            return _reasonBits(SkipReason.UNSUPPORTED_ORDER);
        }
        if (block.timestamp > order.expiry) return _reasonBits(SkipReason.EXPIRED);
        return class & (uint256(type(uint8).max) << OrderRecordLibrary.REASON_AT);
    }

    /// @dev Fills in the cells of an order, or returns the reason against it as bits of its terms.
    function _fillCells(Run memory run, SectionMarket memory market, uint256 ownerKey, uint256 record)
        private
        view
        returns (uint256)
    {
        uint256 base = _cell(run.table, ownerKey | market.baseKey);
        uint256 quote = _cell(run.table, ownerKey | market.quoteKey);
        uint256 baseSlot = Word.load(base);
        // Shifted left, the floor has only flags above it, and they are shifted out.
        uint256 cancelled = Word.isZero(Word.gt(run.order.seq, (baseSlot << 8) >> (SlotLibrary.FLOOR_AT + 8)));
        uint256 exited = (baseSlot | Word.load(quote)) >> SlotTableLibrary.EXITED_AT;
        if ((cancelled | exited) != 0) return _reasonBits(cancelled != 0 ? SkipReason.CANCELLED : SkipReason.EXITED);
        uint256 lane = run.order.lane;
        lane = lane == 0 ? base : _cell(run.table, ownerKey | market.baseKey | lane);
        OrderRecordLibrary.putCells(record, base, quote, lane, market.record);
        return 0;
    }

    /// @dev The cell of a slot.
    function _cell(SlotTable memory table, uint256 key) private view returns (uint256 cell) {
        uint256 location;
        // The location of `_slots[key]`: it identifies the entry too, and is hashed once.
        assembly ("memory-safe") {
            mstore(0x00, key)
            mstore(0x20, _slots.slot)
            location := keccak256(0x00, 0x40)
        }
        uint256 flags;
        (cell, flags) = table.find(location);
        if (flags != 0) Word.put(cell, _withDueFlags(SlotTableLibrary.read(cell), key));
    }

    /// @dev A flagged slot as it counts now: with its floor if that is due, marked if the owner's exit is in effect.
    function _withDueFlags(Slot slot, uint256 key) private view returns (uint256) {
        slot = _withDueFloor(slot, key);
        if (slot.has(SlotLibrary.EXIT_REQUESTED) && block.timestamp >= _exitEffectiveAt[key]) {
            slot = slot.withFlag(SlotTableLibrary.EXITED);
        }
        return Slot.unwrap(slot);
    }

    function _applyFills(Run memory run) private {
        (uint256 offset, uint256 size) = run.payload.fills();
        unchecked {
            // Positions in calldata.
            for (uint256 end = run.payload.end; offset < end; offset += size) {
                (uint256 maker, uint256 taker, uint256 quantity) = run.payload.readFill(offset);
                if (!FillLibrary.settle(run.records, maker, taker, quantity)) _skip(run, offset, size);
            }
        }
    }

    function _skip(Run memory run, uint256 offset, uint256 size) private {
        (uint256 maker, uint256 taker, uint256 quantity) = run.payload.readFill(offset);
        SkipReason reason = FillLibrary.explain(run.records, maker, taker, quantity);
        unchecked {
            // Fills are the end of the payload, and counts at most 2^16 by their width in it.
            uint256 fill = run.payload.fillCount - (run.payload.end - offset) / size;
            ++run.skipped;
            emit FillSkipped(run.number, uint32(fill), reason);
        }
    }

    function _digest(SignedOrder memory order, bytes32 separator) private pure returns (bytes32) {
        bytes32 structHash;
        // The struct is its own encoding: ten words in the order of the type.
        assembly ("memory-safe") {
            structHash := keccak256(order, 0x140)
        }
        return MessageHashUtils.toTypedDataHash(separator, structHash);
    }

    function _reasonBits(SkipReason reason) private pure returns (uint256) {
        return uint256(reason) << OrderRecordLibrary.REASON_AT;
    }
}

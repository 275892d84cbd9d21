// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISettlementBatches} from "../interfaces/ISettlement.sol";
import {ISettlementAccounts} from "../interfaces/ISettlementAccounts.sol";
import {BatchNetting} from "./BatchNetting.sol";
import {BatchOrders} from "./BatchOrders.sol";
import {BatchPayload, BatchPayloadLibrary} from "./BatchPayload.sol";
import {ASSET_AT, AssetRecord, BatchRun, ClassRow, GroupRecord, MarketRecord, OrderRecord} from "./BatchRun.sol";
import {FillLibrary} from "./Fill.sol";
import {Registers} from "./Registers.sol";
import {SlotLibrary} from "./Slot.sol";
import {SlotTable} from "./SlotTable.sol";
import {Word} from "./Word.sol";

/// @dev Settlement of batches: read the statements and all orders, settle the net groups, then the fills in the order of the
/// engine, write each slot once.
abstract contract SettlementBatches is BatchOrders, BatchNetting, ISettlementBatches {
    bytes32 private constant BATCH_TYPEHASH = keccak256(
        "Batch(uint64 number,bytes32 payloadHash,bytes32 previousHash,bytes32 journalRoot,uint64 throughSequence)"
    );

    // No reentrancy guard: the only calls out are static.
    function settle(
        bytes calldata payload,
        uint64 number,
        bytes32 journalRoot,
        uint64 throughSequence,
        bytes calldata engineSignature
    ) external whenOpen {
        Registers.open();
        BatchRun memory run;
        bytes32 newHash = _acceptBatch(run, payload, number, journalRoot, throughSequence, engineSignature);
        _open(run, payload, uint256(newHash));
        _readGroups(run);
        _readSections(run);
        _settleGroups(run);
        uint256 skippedGroups = run.skipped;
        _settleFills(run);
        SlotTable.store();
        // Counts are at most 2^16, by their width in the payload.
        uint256 fills = run.payload.fillCount - (run.skipped - skippedGroups);
        emit BatchSettled(number, newHash, journalRoot, throughSequence, uint32(fills), uint32(run.skipped));
    }

    /// @dev The batch's hash carries the number in its last 5 bytes. What is stored has the time before it: one slot for all,
    /// and 176 bits of the digest, which is enough against two batches with the same hash.
    function _acceptBatch(
        BatchRun memory run,
        bytes calldata payload,
        uint64 number,
        bytes32 journalRoot,
        uint64 throughSequence,
        bytes calldata engineSignature
    ) private returns (bytes32 newHash) {
        uint256 last = _lastBatch;
        uint64 expected = uint64(uint40(last)) + 1;
        require(number == expected, SettlementWrongBatch(expected, number));
        run.number = number;
        run.previousHash = bytes32(((last >> BATCH_DIGEST_AT) << BATCH_DIGEST_AT) | uint40(last));
        bytes32 structHash = keccak256(
            abi.encode(BATCH_TYPEHASH, number, _hashOf(payload), run.previousHash, journalRoot, throughSequence)
        );
        bytes32 digest = _hashTypedData(structHash);
        _checkEngineSignature(digest, engineSignature);
        uint256 word = ((uint256(digest) >> BATCH_DIGEST_AT) << BATCH_DIGEST_AT) | number;
        newHash = bytes32(word);
        _lastBatch = word | (block.timestamp << BATCH_TIME_AT);
    }

    /// @dev The hash of bytes of calldata, by way of memory that stays free.
    function _hashOf(bytes calldata data) private pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            let free := mload(0x40)
            calldatacopy(free, data.offset, data.length)
            hash := keccak256(free, data.length)
        }
    }

    /// @dev Reads the payload's tables and allocates memory for what follows them. The cells come last.
    function _open(BatchRun memory run, bytes calldata raw, uint256 seed) private view {
        unchecked {
            BatchPayload memory payload = BatchPayloadLibrary.open(raw);
            run.payload = payload;
            Word.put(Registers.ORDER_TYPEHASH, uint256(ORDER_TYPEHASH));
            Word.put(Registers.DIGEST, 0x1901 << 240);
            Word.put(Registers.DIGEST_SEPARATOR, uint256(_domainSeparator()));
            Word.put(Registers.PAYLOAD, payload.start);
            (uint256 classes, bool allIsolated) = _readClasses(payload);
            Word.put(Registers.CLASSES, classes);
            Word.put(Registers.CLASSES_SIZE, payload.classCount * ClassRow.BYTES);
            run.markets = Word.reserve(payload.marketCount * MarketRecord.BYTES / 32);
            run.assets = Word.reserve(payload.assetCount * AssetRecord.BYTES / 32);
            Word.put(Registers.ASSETS, run.assets);
            Word.put(Registers.ASSET_COUNT, payload.assetCount);
            run.groups = Word.reserve(payload.groupCount * GroupRecord.BYTES / 32);
            uint256 mapping_;
            assembly ("memory-safe") {
                mapping_ := _slots.slot
            }
            Word.put(Registers.KEY_MAPPING, mapping_);
            // Net groups count in lanes which no order has.
            Word.put(Registers.LANES_LATER, payload.groupCount == 0 ? 0 : SlotTable.GIVEN);
            Word.put(Registers.MARKETS, run.markets);
            Word.put(Registers.MARKET_COUNT, payload.marketCount);
            // One more than there are: the record of a ladder's order that is not used.
            run.orders = Word.reserve((payload.orderCount + 1) * OrderRecord.BYTES / 32);
            SlotTable.create(payload.slotCount, allIsolated && payload.groupCount == 0, seed);
            uint256 marketRows = payload.take(payload.marketCount * BatchPayloadLibrary.MARKET_BYTES);
            _readAssets(run);
            _readMarkets(run, marketRows);
        }
    }

    function _readAssets(BatchRun memory run) private pure {
        unchecked {
            BatchPayload memory payload = run.payload;
            uint256 offset = payload.take(payload.assetCount * BatchPayloadLibrary.ASSET_BYTES);
            uint256 last = 0;
            for (uint256 i = 0; i < payload.assetCount; ++i) {
                uint256 number = Word.fromCalldata(offset) >> 240;
                if (number <= last) payload.malformed(offset);
                last = number;
                Word.put(run.assets + i * AssetRecord.BYTES, number);
                Word.put(run.assets + i * AssetRecord.BYTES + AssetRecord.SUM, 0);
                Word.put(run.assets + i * AssetRecord.BYTES + AssetRecord.FEE_CELL, 0);
                offset += BatchPayloadLibrary.ASSET_BYTES;
            }
        }
    }

    function _readMarkets(BatchRun memory run, uint256 offset) private view {
        unchecked {
            BatchPayload memory payload = run.payload;
            uint256 last = 0;
            for (uint256 i = 0; i < payload.marketCount; ++i) {
                uint256 number = Word.fromCalldata(offset) >> 224;
                if (number <= last) payload.malformed(offset);
                last = number;
                uint256 record = run.markets + i * MarketRecord.BYTES;
                _openMarket(uint32(number), record);
                if (payload.groupCount != 0) {
                    uint256 base = _assetRecord(run, Word.load(record + MarketRecord.BASE_KEY) >> ASSET_AT);
                    uint256 quote = _assetRecord(run, Word.load(record + MarketRecord.QUOTE_KEY) >> ASSET_AT);
                    if (base == 0 || quote == 0) payload.malformed(offset);
                    Word.put(record + MarketRecord.BASE_ASSET, base);
                    Word.put(record + MarketRecord.QUOTE_ASSET, quote);
                }
                offset += BatchPayloadLibrary.MARKET_BYTES;
            }
        }
    }

    function _openMarket(uint32 number, uint256 record) private view {
        unchecked {
            ISettlementAccounts.Market memory listed = _listedMarket(number);
            Word.put(record + MarketRecord.BASE_UNITS_PER_LOT, listed.baseUnitsPerLot);
            Word.put(record + MarketRecord.QUOTE_UNITS_PER_TICK_LOT, listed.quoteUnitsPerTickLot);
            Word.put(record + MarketRecord.BASE_KEY, uint256(listed.base) << ASSET_AT);
            Word.put(record + MarketRecord.QUOTE_KEY, uint256(listed.quote) << ASSET_AT);
            Word.put(record + MarketRecord.NUMBER, number);
            uint256 feeCell = _cell(SlotLibrary.keyOf(FEE_OWNER, listed.quote, 0));
            Word.put(record + MarketRecord.FEE_CELL, feeCell);
        }
    }

    /// @dev The record of an asset; 0 if the payload has none.
    function _assetRecord(BatchRun memory run, uint256 number) private pure returns (uint256 record) {
        unchecked {
            uint256 end = run.assets + run.payload.assetCount * AssetRecord.BYTES;
            for (record = run.assets; record != end; record += AssetRecord.BYTES) {
                if (Word.load(record) == number) return record;
            }
            return 0;
        }
    }

    function _settleFills(BatchRun memory run) private {
        unchecked {
            BatchPayload memory payload = run.payload;
            uint256 size = (2 * payload.indexBits + payload.quantityBits) / 8;
            uint256 offset = payload.take(payload.fillCount * size);
            uint256 end = payload.end;
            if (payload.position != end) payload.malformed(payload.position);
            uint256 lastByte = run.orders + payload.orderCount * OrderRecord.BYTES - 1;
            Word.put(Registers.FILL, offset);
            Word.put(Registers.FILLS_END, end);
            Word.put(Registers.FILL_BYTES, size);
            Word.put(Registers.INDEX_BITS, payload.indexBits);
            Word.put(Registers.INDEX_RIGHT, 256 - payload.indexBits);
            Word.put(Registers.LOTS_RIGHT, 256 - payload.quantityBits);
            Word.put(Registers.ORDERS, run.orders);
            Word.put(Registers.ORDERS_LAST, lastByte);
            if (payload.groupCount != 0) _giveLanes(run);
            uint256 retried = 0;
            while (true) {
                FillLibrary.settle();
                offset = Word.load(Registers.FILL);
                if (offset == end) break;
                (uint256 maker, uint256 taker, uint256 lots) = FillLibrary.current();
                if (maker > lastByte || taker > lastByte) payload.malformed(offset);
                if (offset != retried && FillLibrary.giveLanes(maker, taker)) {
                    retried = offset;
                    continue;
                }
                // Fills are the end of the payload, and counts at most 2^16 by their width in it.
                uint256 fill = payload.fillCount - (end - offset) / size;
                ++run.skipped;
                emit FillSkipped(uint64(run.number), uint32(fill), FillLibrary.explain(maker, taker, lots));
                Word.put(Registers.FILL, offset + size);
            }
        }
    }

    /// @dev Gives all orders that can fill their lanes.
    function _giveLanes(BatchRun memory run) private pure {
        unchecked {
            Word.put(Registers.LANES_LATER, 0);
            uint256 end = run.orders + run.payload.orderCount * OrderRecord.BYTES;
            for (uint256 order = run.orders; order != end; order += OrderRecord.BYTES) {
                uint256 lane = FillLibrary.laneOf(order);
                if (lane != 0) FillLibrary.giveLaneAgain(order, lane);
            }
        }
    }
}

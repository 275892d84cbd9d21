// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISettlementBatches, SkipReason} from "../interfaces/ISettlement.sol";
import {BatchPayload} from "./BatchPayload.sol";
import {AssetRecord, BatchRun, GroupRecord, MarketRecord, OrderRecord, StatementRecord} from "./BatchRun.sol";
import {BatchStatements} from "./BatchStatements.sol";
import {FillLibrary} from "./Fill.sol";
import {SlotLibrary} from "./Slot.sol";
import {SlotTable} from "./SlotTable.sol";
import {UndoLog} from "./UndoLog.sol";
import {Word} from "./Word.sol";

/// @dev Settles net groups, each whole or not at all.
abstract contract BatchNetting is BatchStatements {
    uint256 private constant ACCOUNT_BITS = 64;
    /// @dev Words that a half changes at most: base, quote, lane, session.
    uint256 private constant HALF_WORDS = 4;
    // The layouts as assembly takes them, in plain numbers: `StatementRecord`, `AssetRecord`.
    uint256 private constant ROW_BYTES = 0x60;
    uint256 private constant ROW_DELTA = 0x20;
    uint256 private constant ROW_ASSET_OR_WORD = 0x40;
    uint256 private constant ASSET_SUM = 0x20;
    uint256 private constant MASK_64 = 0xffffffffffffffff;

    function _settleGroups(BatchRun memory run) internal {
        unchecked {
            uint256 count = run.payload.groupCount;
            for (uint256 i = 0; i < count; ++i) {
                uint256 group = run.groups + i * GroupRecord.BYTES;
                _checkItems(run, group);
                _openLog(group);
                (SkipReason reason, uint256 item, uint256 applied) = _settleGroup(run, group);
                if (reason == SkipReason.NONE) continue;
                UndoLog.undo();
                _undoStatements(group, applied);
                // The first statements of the first group were applied when they were read.
                if (i == 0) SlotTable.restore(run.applied, run.appliedEnd);
                ++run.skipped;
                emit ISettlementBatches.NetGroupSkipped(uint64(run.number), uint32(i), reason, uint32(item));
            }
        }
    }

    function _openLog(uint256 group) private pure {
        unchecked {
            // A half changes four words at most, a fee row one; a statement, but for its rows, its session.
            uint256 words = Word.load(group + GroupRecord.FEE_COUNT) + HALF_WORDS
                * Word.load(group + GroupRecord.HALF_COUNT) + Word.load(group + GroupRecord.STATEMENT_COUNT);
            UndoLog.open(words);
        }
    }

    /// @dev Checks that halves and fee rows name what is there, and finds the cells of the fees.
    function _checkItems(BatchRun memory run, uint256 group) private view {
        unchecked {
            BatchPayload memory payload = run.payload;
            for (uint256 i = Word.load(group + GroupRecord.HALF_COUNT); i != 0;) {
                --i;
                (uint256 control, uint256 order,,, uint256 offset) = _readHalf(group, i);
                if (control > 1 || order >= payload.orderCount) payload.malformed(offset);
            }
            for (uint256 i = Word.load(group + GroupRecord.FEE_COUNT); i != 0;) {
                --i;
                (uint256 index,, uint256 offset) = _readFee(group, i);
                if (index >= payload.assetCount) payload.malformed(offset);
                uint256 asset = run.assets + index * AssetRecord.BYTES;
                if (Word.load(asset + AssetRecord.FEE_CELL) == 0) {
                    uint16 number = uint16(Word.load(asset + AssetRecord.NUMBER));
                    Word.put(asset + AssetRecord.FEE_CELL, _cell(SlotLibrary.keyOf(FEE_OWNER, number, 0)));
                }
            }
        }
    }

    /// @return reason NONE if it settled
    /// @return item that is at fault
    /// @return applied where the statements end that were applied
    function _settleGroup(BatchRun memory run, uint256 group)
        private
        pure
        returns (SkipReason reason, uint256 item, uint256 applied)
    {
        unchecked {
            if (group == run.groups) {
                // Some statements of the first group are applied, and in the sums.
                item = run.appliedCount;
            } else {
                for (uint256 i = 0; i < run.payload.assetCount; ++i) {
                    Word.put(run.assets + i * AssetRecord.BYTES + AssetRecord.SUM, 0);
                }
            }
            uint256 count = Word.load(group + GroupRecord.STATEMENT_COUNT);
            uint256 record = Word.load(group + GroupRecord.STATEMENTS);
            // A group may have no statement.
            applied = record;
            for (; item < count; ++item) {
                uint256 session = Word.load(record + StatementRecord.SESSION);
                bool covered = session == 0 || _spendStatement(record, session);
                (reason, applied) = _applyStatement(record);
                if (reason == SkipReason.NONE && !covered) reason = SkipReason.SESSION_LIMIT;
                if (reason != SkipReason.NONE) return (reason, item, applied);
                record = applied;
            }
            count = Word.load(group + GroupRecord.HALF_COUNT);
            for (uint256 i = 0; i < count; ++i) {
                reason = _applyHalf(run, group, i);
                if (reason != SkipReason.NONE) return (reason, item, applied);
                ++item;
            }
            count = Word.load(group + GroupRecord.FEE_COUNT);
            for (uint256 i = 0; i < count; ++i) {
                if (!_applyFee(run, group, i)) return (SkipReason.REBATE_UNFUNDED, item, applied);
                ++item;
            }
            for (uint256 i = 0; i < run.payload.assetCount; ++i) {
                if (Word.load(run.assets + i * AssetRecord.BYTES + AssetRecord.SUM) != 0) {
                    return (SkipReason.UNBALANCED, item, applied);
                }
            }
        }
    }

    /// @dev Applies the rows of a statement, up to the first that cannot be.
    /// @return reason NONE if all were
    /// @return end of what was applied
    function _applyStatement(uint256 record) private pure returns (SkipReason reason, uint256 end) {
        uint256 head = Word.load(record);
        if (uint8(head) != 0) return (SkipReason(uint8(head)), record);
        uint256 fault = 0;
        // Assembly because this runs once per statement, and rows and cells are raw memory.
        assembly ("memory-safe") {
            let floor := and(shr(32, head), 0xffffffffffff)
            let bits := sub(64, shl(3, and(shr(24, head), 1)))
            let last := add(record, mul(and(shr(8, head), 0xffff), ROW_BYTES))
            for { end := add(record, ROW_BYTES) } lt(end, last) { end := add(end, ROW_BYTES) } {
                let cell := mload(end)
                let word := mload(cell)
                let delta := mload(add(end, ROW_DELTA))
                // Under zero it wraps around; the top bit of a word is a mark: an exit in effect.
                fault := or(shr(bits, add(and(word, MASK_64), delta)), shr(255, word))
                if fault { break }
                let asset := mload(add(end, ROW_ASSET_OR_WORD))
                mstore(add(asset, ASSET_SUM), add(mload(add(asset, ASSET_SUM)), delta))
                mstore(add(end, ROW_ASSET_OR_WORD), word)
                // What the statement's floor is above the slot's, if it is.
                let rise := sub(floor, shr(208, shl(8, word)))
                mstore(cell, add(add(word, delta), mul(sgt(rise, 0), shl(200, rise))))
            }
        }
        if (fault != 0) reason = _explainRow(Word.load(Word.load(end)), Word.load(end + StatementRecord.DELTA));
    }

    function _explainRow(uint256 word, uint256 delta) private pure returns (SkipReason) {
        unchecked {
            if (word & SlotTable.EXITED != 0) return SkipReason.EXITED;
            return int256(uint64(word) + delta) < 0 ? SkipReason.NET_SHORT : SkipReason.ACCOUNT_FULL;
        }
    }

    /// @dev Takes back the rows of a group's statements up to `end`. They name different cells.
    function _undoStatements(uint256 group, uint256 end) private pure {
        unchecked {
            for (
                uint256 entry = Word.load(group + GroupRecord.STATEMENTS);
                entry != end;
                entry += StatementRecord.BYTES
            ) {
                uint256 cell = Word.load(entry);
                if (cell < StatementRecord.HEAD) Word.put(cell, Word.load(entry + StatementRecord.ASSET_OR_WORD));
            }
        }
    }

    /// @dev Counts what a statement takes out of its two rows against its session. To be called before they are applied.
    function _spendStatement(uint256 record, uint256 session) private pure returns (bool) {
        unchecked {
            uint256 base = Word.load(Word.load(record + StatementRecord.MARKET) + MarketRecord.BASE_ASSET);
            UndoLog.note(session);
            for (uint256 i = 1; i <= 2; ++i) {
                uint256 row = record + i * StatementRecord.BYTES;
                int256 delta = int256(Word.load(row + StatementRecord.DELTA));
                if (delta >= 0) continue;
                uint256 shift = Word.load(row + StatementRecord.ASSET_OR_WORD) == base ? 0 : 64;
                if (!_spend(session, shift, uint256(-delta))) return false;
            }
            return true;
        }
    }

    /// @dev Takes units from the limit that a session has at bit `shift`, if that allows it.
    function _spend(uint256 session, uint256 shift, uint256 spent) private pure returns (bool) {
        unchecked {
            uint256 word = Word.load(session);
            uint256 left = uint64(word >> shift);
            if (spent > left) return false;
            if (left != FillLibrary.UNLIMITED) Word.put(session, word - (spent << shift));
            return true;
        }
    }

    function _applyHalf(BatchRun memory run, uint256 group, uint256 index) private pure returns (SkipReason reason) {
        unchecked {
            (uint256 role, uint256 order, uint256 price, uint256 lots,) = _readHalf(group, index);
            order = run.orders + order * OrderRecord.BYTES;
            reason = FillLibrary.reasonOf(order);
            if (reason != SkipReason.NONE) return reason;
            bool buys = FillLibrary.sideOf(order) == FillLibrary.BUY;
            uint256 limit = FillLibrary.priceOf(order);
            if (buys ? price > limit : price < limit) return SkipReason.LIMIT_CROSSED;
            uint256 lane;
            (lane, reason) = FillLibrary.laneAfter(order, lots);
            if (reason != SkipReason.NONE) return reason;
            (uint256 base, uint256 quote) = FillLibrary.amounts(order, price, lots);
            int256 fee = FillLibrary.fee(quote, FillLibrary.rateOf(order, role != 0));
            quote = uint256(buys ? int256(quote) + fee : int256(quote) - fee);
            // The lane first: its cell may be that of the base amount.
            UndoLog.note(FillLibrary.laneOf(order));
            Word.put(FillLibrary.laneOf(order), lane);
            reason = buys
                ? _moveHalf(order, OrderRecord.QUOTE, quote, OrderRecord.BASE, base)
                : _moveHalf(order, OrderRecord.BASE, base, OrderRecord.QUOTE, quote);
        }
    }

    /// @dev Moves the amounts of a half: units from the account's cell at `from` of the order's record, and to that at `to`.
    function _moveHalf(uint256 order, uint256 from, uint256 paid, uint256 to, uint256 got)
        private
        pure
        returns (SkipReason)
    {
        unchecked {
            uint256 terms = Word.load(order + OrderRecord.TERMS);
            uint256 cell = Word.load(order + from);
            if (FillLibrary.units(cell) < paid) {
                return from == OrderRecord.BASE ? SkipReason.BASE_SHORT : SkipReason.QUOTE_SHORT;
            }
            UndoLog.note(cell);
            Word.put(cell, Word.load(cell) - paid);
            cell = Word.load(order + to);
            uint256 bits = (terms >> OrderRecord.ISOLATED_AT) & 1 != 0 ? FillLibrary.ISOLATED_AMOUNT_BITS : ACCOUNT_BITS;
            if ((FillLibrary.units(cell) + got) >> bits != 0) return SkipReason.ACCOUNT_FULL;
            UndoLog.note(cell);
            Word.put(cell, Word.load(cell) + got);
            uint256 market = FillLibrary.marketOf(order);
            _addToSum(market, from, 0 - paid);
            _addToSum(market, to, got);
            uint256 session = FillLibrary.sessionOf(order);
            if (session == 0) return SkipReason.NONE;
            UndoLog.note(session);
            bool covered = _spend(session, from == OrderRecord.BASE ? 0 : 64, paid);
            return covered ? SkipReason.NONE : SkipReason.SESSION_LIMIT;
        }
    }

    function _addToSum(uint256 market, uint256 place, uint256 delta) private pure {
        unchecked {
            uint256 asset =
                Word.load(market + (place == OrderRecord.BASE ? MarketRecord.BASE_ASSET : MarketRecord.QUOTE_ASSET));
            uint256 sum = asset + AssetRecord.SUM;
            Word.put(sum, Word.load(sum) + delta);
        }
    }

    function _applyFee(BatchRun memory run, uint256 group, uint256 index) private pure returns (bool) {
        unchecked {
            (uint256 asset, uint256 delta,) = _readFee(group, index);
            asset = run.assets + asset * AssetRecord.BYTES;
            uint256 cell = Word.load(asset + AssetRecord.FEE_CELL);
            uint256 amount = Word.load(cell) + delta;
            // Under zero it wraps around.
            if (amount >> ACCOUNT_BITS != 0) return false;
            UndoLog.note(cell);
            Word.put(cell, amount);
            Word.put(asset + AssetRecord.SUM, Word.load(asset + AssetRecord.SUM) + delta);
            return true;
        }
    }

    /// @dev `order` is an index.
    function _readHalf(uint256 group, uint256 index)
        private
        pure
        returns (uint256 control, uint256 order, uint256 price, uint256 lots, uint256 offset)
    {
        unchecked {
            uint256 widths = Word.load(group + GroupRecord.WIDTHS);
            uint256 orderBits = 8 * (widths >> 12);
            uint256 priceBits = 8 * ((widths >> 8) & 0xf);
            uint256 lotBits = 8 * ((widths >> 4) & 0xf);
            offset = Word.load(group + GroupRecord.HALVES) + index * (1 + (orderBits + priceBits + lotBits) / 8);
            uint256 fields = Word.fromCalldata(offset);
            control = fields >> 248;
            fields <<= 8;
            order = fields >> (256 - orderBits);
            fields <<= orderBits;
            price = fields >> (256 - priceBits);
            lots = (fields << priceBits) >> (256 - lotBits);
        }
    }

    /// @dev `asset` is an index.
    function _readFee(uint256 group, uint256 index)
        private
        pure
        returns (uint256 asset, uint256 delta, uint256 offset)
    {
        unchecked {
            uint256 bytes_ = Word.load(group + GroupRecord.WIDTHS) & 0xf;
            offset = Word.load(group + GroupRecord.FEES) + index * (1 + bytes_);
            uint256 fields = Word.fromCalldata(offset);
            asset = fields >> 248;
            delta = uint256(int256(fields << 8) >> (256 - 8 * bytes_));
        }
    }
}

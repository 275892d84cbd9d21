// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Registers} from "../../../contracts/settlement/Registers.sol";
import {Slot, SlotLibrary} from "../../../contracts/settlement/Slot.sol";
import {SlotField, SlotFields} from "../../../contracts/settlement/SlotField.sol";
import {SlotTable} from "../../../contracts/settlement/SlotTable.sol";
import {Word} from "../../../contracts/settlement/Word.sol";

/// @dev Proofs over all words and all values, by halmos: how slots are packed, in both layouts.
contract SlotProofs {
    uint256 private constant LOCATION = 0x5107;
    uint256 private constant STORED = 2 ** 254 - 1;

    function unified() private pure returns (SlotField[5] memory) {
        return [SlotFields.AMOUNT, SlotFields.FILLED, SlotFields.TAG, SlotFields.SEQ, SlotFields.FLOOR];
    }

    function isolated() private pure returns (SlotField[6] memory) {
        return [
            SlotFields.ISOLATED_BASE,
            SlotFields.ISOLATED_QUOTE,
            SlotFields.ISOLATED_FILLED,
            SlotFields.ISOLATED_TAG,
            SlotFields.ISOLATED_SEQ,
            SlotFields.ISOLATED_FLOOR
        ];
    }

    /// @dev A field of a unified slot holds what is written to it; nothing else of the word changes.
    function check_aUnifiedFieldIsItsOwn(uint256 word, uint64 value) external pure {
        SlotField[5] memory fields = unified();
        for (uint256 i = 0; i < fields.length; ++i) {
            if (value > fields[i].highest()) continue;
            Slot written = fields[i].write(Slot.wrap(word), value);
            assert(fields[i].read(written) == value);
            for (uint256 k = 0; k < fields.length; ++k) {
                if (k != i) assert(fields[k].read(written) == fields[k].read(Slot.wrap(word)));
            }
            assert(Slot.unwrap(written) >> 248 == word >> 248);
        }
    }

    function check_anIsolatedFieldIsItsOwn(uint256 word, uint64 value) external pure {
        SlotField[6] memory fields = isolated();
        for (uint256 i = 0; i < fields.length; ++i) {
            if (value > fields[i].highest()) continue;
            Slot written = fields[i].write(Slot.wrap(word), value);
            assert(fields[i].read(written) == value);
            for (uint256 k = 0; k < fields.length; ++k) {
                if (k != i) assert(fields[k].read(written) == fields[k].read(Slot.wrap(word)));
            }
            assert(Slot.unwrap(written) >> 252 == word >> 252);
        }
    }

    /// @dev The flags stand in no field of either layout.
    function check_aFlagIsNoField(uint256 word, bool which) external pure {
        uint256 flag = which ? SlotFields.EXIT_REQUESTED : SlotFields.FLOOR_REQUESTED;
        Slot with = SlotFields.withFlag(Slot.wrap(word), flag);
        Slot without = SlotFields.withoutFlag(Slot.wrap(word), flag);
        assert(SlotFields.has(with, flag) && !SlotFields.has(without, flag));
        assert(Slot.unwrap(with) ^ Slot.unwrap(without) == flag);
        SlotField[5] memory fields = unified();
        for (uint256 i = 0; i < fields.length; ++i) {
            assert(fields[i].read(with) == fields[i].read(without));
        }
        SlotField[6] memory others = isolated();
        for (uint256 i = 0; i < others.length; ++i) {
            assert(others[i].read(with) == others[i].read(without));
        }
    }

    /// @dev Keys of different accounts and lanes differ, and those of one kind are never those of the other.
    function check_keysNeverCollide(address owner, uint16 asset, uint16 lane, address other, uint32 market, uint16 rung)
        external
        pure
    {
        uint256 one = SlotLibrary.keyOf(owner, asset, lane);
        uint256 two = SlotFields.isolatedKeyOf(other, market, rung);
        if (market != 0) assert(one != two);
        assert(address(uint160(one >> 96)) == owner && uint16(one >> 16) == asset && uint16(one) == lane);
        assert(address(uint160(two >> 96)) == other && uint32(two >> 32) == market && uint16(two) == rung);
    }

    /// @dev An isolated account that a batch reads and does not change is stored as it was.
    function check_anIsolatedAccountSurvivesABatch(uint256 word) external {
        word &= STORED;
        uint256 cell = table(2);
        Word.put(cell + 32, LOCATION);
        SlotTable.unpackIsolated(cell, word);
        SlotTable.store();
        assert(stored() == word);
    }

    /// @dev In memory the fields of an isolated account are where those of a unified slot are.
    function check_anIsolatedAccountLooksUnified(uint256 word) external pure {
        word &= STORED;
        uint256 cell = table(2);
        SlotTable.unpackIsolated(cell, word);
        Slot raw = Slot.wrap(word);
        Slot seen = Slot.wrap(Word.load(cell));
        assert(SlotFields.AMOUNT.read(seen) == SlotFields.ISOLATED_BASE.read(raw));
        assert(Word.load(cell + 64) == SlotFields.ISOLATED_QUOTE.read(raw));
        assert(SlotFields.FILLED.read(seen) == SlotFields.ISOLATED_FILLED.read(raw));
        assert(SlotFields.TAG.read(seen) == SlotFields.ISOLATED_TAG.read(raw));
        assert(SlotFields.SEQ.read(seen) == SlotFields.ISOLATED_SEQ.read(raw));
        assert(SlotFields.FLOOR.read(seen) == SlotFields.ISOLATED_FLOOR.read(raw));
    }

    /// @dev Amounts that change in memory reach their own fields in storage, and the marks of memory none.
    function check_changedAmountsReachTheirFields(uint256 word, uint64 base, uint64 quote, bool exited) external {
        if (base >= 2 ** 56 || quote >= 2 ** 56) return;
        word &= STORED;
        uint256 cell = table(2);
        Word.put(cell + 32, LOCATION);
        SlotTable.unpackIsolated(cell, word);
        uint256 seen = (Word.load(cell) >> 64 << 64) | base | SlotTable.NETTED;
        Word.put(cell, exited ? seen | SlotTable.EXITED : seen);
        Word.put(cell + 64, quote);
        SlotTable.store();
        Slot expected = SlotFields.ISOLATED_BASE.write(Slot.wrap(word), base);
        expected = SlotFields.ISOLATED_QUOTE.write(expected, quote);
        assert(stored() == Slot.unwrap(expected));
    }

    /// @dev A unified slot is stored as it is, without the marks of memory. Who has left has asked for it, so no slot is taken
    /// for what ends the table.
    function check_aUnifiedSlotSurvivesABatch(uint256 word, bool netted, bool exited) external {
        word &= STORED & ~(SlotTable.ISOLATED | SlotTable.GIVEN);
        uint256 marks = netted ? SlotTable.NETTED : 0;
        if (exited && word & SlotFields.EXIT_REQUESTED != 0) marks |= SlotTable.EXITED;
        uint256 cell = table(1);
        Word.put(cell, word | marks);
        Word.put(cell + 32, LOCATION);
        assembly {
            sstore(LOCATION, not(word))
        }
        SlotTable.store();
        assert(stored() == word);
    }

    /// @dev A table that holds so many cells.
    function table(uint256 cells) private pure returns (uint256 cell) {
        Registers.open();
        // And what ends them.
        cell = Word.reserve(2 * cells + 1);
        Word.put(Registers.CELLS, cell);
        Word.put(Registers.CELLS_END, cell + cells * SlotTable.CELL_BYTES);
    }

    function stored() private view returns (uint256 word) {
        assembly {
            word := sload(LOCATION)
        }
    }
}

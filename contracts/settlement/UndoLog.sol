// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Registers} from "./Registers.sol";
import {Word} from "./Word.sol";

/// @title UndoLog: takes back what a net group changed in memory
/// @dev Words of memory as they were, two words each: an address and a value.
library UndoLog {
    uint256 private constant ENTRY_WORDS = 2;
    uint256 private constant ENTRY_BYTES = 64;

    /// @dev An empty log with room for `count` notes.
    function open(uint256 count) internal pure {
        uint256 start = Word.reserve(ENTRY_WORDS * count);
        Word.put(Registers.UNDO_START, start);
        Word.put(Registers.UNDO_END, start);
    }

    /// @dev Notes the word at an address before it changes.
    function note(uint256 pointer) internal pure {
        unchecked {
            uint256 end = Word.load(Registers.UNDO_END);
            Word.put(end, pointer);
            Word.put(end + 32, Word.load(pointer));
            Word.put(Registers.UNDO_END, end + ENTRY_BYTES);
        }
    }

    /// @dev Puts all words back, the last noted first: one may have been noted more than once.
    function undo() internal pure {
        unchecked {
            uint256 start = Word.load(Registers.UNDO_START);
            for (uint256 entry = Word.load(Registers.UNDO_END); entry != start;) {
                entry -= ENTRY_BYTES;
                Word.put(Word.load(entry), Word.load(entry + 32));
            }
        }
    }
}

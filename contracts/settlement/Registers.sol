// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Registers: what every order, statement and fill of a batch needs, at fixed places in memory
/// @dev A place that the compiler knows costs half of one that is handed on, and leaves the stack to what is being worked on.
/// `open` takes the memory before anything else does. Assembly names these places in plain numbers with the same names.
library Registers {
    uint256 private constant START = 0x300;
    /// @dev `SignedOrder`: the order that is being read, as its EIP-712 encoding.
    uint256 internal constant ORDER = 0x300;
    uint256 internal constant ORDER_TYPEHASH = 0x300;
    uint256 internal constant ORDER_MARKET = 0x320;
    uint256 internal constant ORDER_SIDE = 0x340;
    uint256 internal constant ORDER_PRICE = 0x360;
    uint256 internal constant ORDER_QUANTITY = 0x380;
    uint256 internal constant ORDER_EXPIRY = 0x3a0;
    uint256 internal constant ORDER_SEQ = 0x3c0;
    uint256 internal constant ORDER_LANE = 0x3e0;
    uint256 internal constant ORDER_MAX_FEE_BPS = 0x400;
    uint256 internal constant ORDER_FLAGS = 0x420;
    uint256 internal constant ORDER_BYTES = 0x140;
    /// @dev The EIP-712 prefix in 2 bytes, the domain separator, and room for a struct's hash.
    uint256 internal constant DIGEST = 0x440;
    uint256 internal constant DIGEST_SEPARATOR = 0x442;
    uint256 internal constant DIGEST_HASH = 0x462;
    uint256 internal constant DIGEST_BYTES = 66;
    /// @dev The input of ecrecover: digest, v, r, s.
    uint256 internal constant RECOVER = 0x4a0;
    uint256 internal constant RECOVER_V = 0x4c0;
    uint256 internal constant RECOVER_R = 0x4e0;
    uint256 internal constant RECOVER_S = 0x500;
    uint256 internal constant RECOVER_BYTES = 0x80;
    /// @dev The table of slots: `SlotTable`.
    uint256 internal constant BUCKETS = 0x520;
    uint256 internal constant LAST_BUCKET = 0x540;
    uint256 internal constant HASH_SHIFT = 0x560;
    uint256 internal constant HASH_MULTIPLIER = 0x580;
    uint256 internal constant CELLS = 0x5a0;
    uint256 internal constant CELLS_END = 0x5c0;
    uint256 internal constant CELLS_LIMIT = 0x5e0;
    /// @dev Where the payload starts in calldata, its classes in memory, and the size of their table.
    uint256 internal constant PAYLOAD = 0x600;
    uint256 internal constant CLASSES = 0x620;
    uint256 internal constant CLASSES_SIZE = 0x640;
    /// @dev The section that is being read: `Section`. Shifts cut a field out of a record's first word.
    uint256 internal constant FIELD_BYTES = 0x660;
    uint256 internal constant SEQ_BASE = 0x680;
    uint256 internal constant EXPIRY_BASE = 0x6a0;
    uint256 internal constant PRICE_RIGHT = 0x6c0;
    uint256 internal constant QUANTITY_LEFT = 0x6e0;
    uint256 internal constant QUANTITY_RIGHT = 0x700;
    uint256 internal constant SEQ_LEFT = 0x720;
    uint256 internal constant SEQ_RIGHT = 0x740;
    uint256 internal constant EXPIRY_LEFT = 0x760;
    uint256 internal constant EXPIRY_RIGHT = 0x780;
    uint256 internal constant LANE_LEFT = 0x7a0;
    uint256 internal constant LANE_RIGHT = 0x7c0;
    uint256 internal constant SLIDE_BYTES = 0x7e0;
    uint256 internal constant MARKET = 0x800;
    uint256 internal constant BASE_KEY = 0x820;
    uint256 internal constant QUOTE_KEY = 0x840;
    uint256 internal constant MARKET_KEY = 0x860;
    /// @dev Of a ladder; 0 otherwise.
    uint256 internal constant LADDER_FLOOR = 0x880;
    /// @dev The fill that is being settled and the end of all, in calldata; the size of each, and how to read it.
    uint256 internal constant FILL = 0x8a0;
    uint256 internal constant FILLS_END = 0x8c0;
    uint256 internal constant FILL_BYTES = 0x8e0;
    uint256 internal constant INDEX_BITS = 0x900;
    uint256 internal constant INDEX_RIGHT = 0x920;
    uint256 internal constant LOTS_RIGHT = 0x940;
    /// @dev The records of the orders: where they start, and the last byte of the last.
    uint256 internal constant ORDERS = 0x960;
    uint256 internal constant ORDERS_LAST = 0x980;
    /// @dev The statement that is being read, as its EIP-712 encoding: type, batch, previous hash, floor, then the hashes of
    /// assets and deltas, or market and two deltas.
    uint256 internal constant STATEMENT = 0x9e0;
    uint256 internal constant STATEMENT_BATCH = 0xa00;
    uint256 internal constant STATEMENT_PREVIOUS_HASH = 0xa20;
    uint256 internal constant STATEMENT_FLOOR = 0xa40;
    uint256 internal constant STATEMENT_FIRST = 0xa60;
    uint256 internal constant STATEMENT_SECOND = 0xa80;
    uint256 internal constant STATEMENT_THIRD = 0xaa0;
    uint256 internal constant STATEMENT_BYTES = 0xc0;
    uint256 internal constant ISOLATED_STATEMENT_BYTES = 0xe0;
    /// @dev How the statements of the group are to be read.
    uint256 internal constant FLOOR_BASE = 0xac0;
    uint256 internal constant HEAD_BYTES = 0xae0;
    uint256 internal constant ROW_BYTES = 0xb00;
    uint256 internal constant DELTA_RIGHT = 0xb20;
    uint256 internal constant FLOOR_RIGHT = 0xc40;
    /// @dev The records of the assets, and their count.
    uint256 internal constant ASSETS = 0xb40;
    uint256 internal constant ASSET_COUNT = 0xb60;
    /// @dev The log of the group that is being settled: `UndoLog`.
    uint256 internal constant UNDO_START = 0xb80;
    uint256 internal constant UNDO_END = 0xba0;
    /// @dev `SlotTable.GIVEN` until orders may have their lanes, then 0.
    uint256 internal constant LANES_LATER = 0xbc0;
    /// @dev The key of a slot, and where the mapping of slots is.
    uint256 internal constant KEY = 0xc80;
    uint256 internal constant KEY_MAPPING = 0xca0;
    /// @dev The last record of the assets, for the statements that are applied as they are read.
    uint256 internal constant LAST_ASSET = 0xcc0;
    /// @dev The records of the markets, and their count.
    uint256 internal constant MARKETS = 0xce0;
    uint256 internal constant MARKET_COUNT = 0xd00;
    /// @dev The rows of a statement, as they are hashed: up to eight numbers of assets, then as many deltas.
    uint256 internal constant LIST = 0xd20;
    uint256 internal constant DELTAS = 0xe20;
    uint256 private constant END = 0xf20;

    error RegistersTaken(uint256 free);

    /// @dev The selector of `RegistersTaken`.
    uint256 private constant TAKEN = 0x1d93b3e8;

    /// @dev Takes the memory. What is in it is not zero, but for what is written to it. How much memory the compiler takes
    /// before for itself is known when it has compiled: this reverts in all runs or in none.
    function open() internal pure {
        assembly ("memory-safe") {
            let free := mload(0x40)
            if gt(free, START) {
                mstore(0x00, TAKEN)
                mstore(0x20, free)
                revert(0x1c, 0x24)
            }
            mstore(0x40, END)
        }
    }
}

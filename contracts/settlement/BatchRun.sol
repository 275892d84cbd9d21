// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {BatchPayload} from "./BatchPayload.sol";

/// @dev Where the keys of slots have owner, market and asset.
uint256 constant OWNER_AT = 96;
uint256 constant MARKET_AT = 32;
uint256 constant ASSET_AT = 16;

/// @dev What the steps of one batch share, beside the `Registers`. Numbers named like tables are addresses in memory.
struct BatchRun {
    BatchPayload payload;
    /// `MarketRecord` and `AssetRecord`, in the order of the payload.
    uint256 markets;
    uint256 assets;
    /// `OrderRecord`, in the order of the payload.
    uint256 orders;
    /// How many statements of the first group were applied when they were read; their cells, from `applied` to `appliedEnd`.
    uint256 appliedCount;
    uint256 applied;
    uint256 appliedEnd;
    /// All others: `StatementRecord` from `statements` to `statementsEnd`; and the `GroupRecord` of each group.
    uint256 statements;
    uint256 statementsEnd;
    uint256 groups;
    uint256 number;
    bytes32 previousHash;
    uint256 skipped;
}

/// @title ClassRow: a row of the class table, four words, of which the last is not used
/// @dev The first has, where the terms of an order have them, the rates of maker and taker, 8 bits 0, and whether its orders
/// are isolated (1 bit); and, where these have nothing, 8 bits that say why its orders are not as plain as most. The others
/// are the cap in basis points and the flags, as they are signed.
library ClassRow {
    uint256 internal constant CAP_AT = 16;
    /// @dev The flags let the engine slide a price.
    uint256 internal constant SLIDES = 1 << 160;
    /// @dev A rate is above the cap, or the cap above what the contract allows.
    uint256 internal constant ABOVE_CAP = 1 << 161;
    uint256 internal constant UNSUPPORTED = 1 << 162;
    uint256 internal constant SIGNED = 0x20;
    uint256 internal constant BYTES = 0x80;
}

/// @title OrderRecord: an order of the batch in memory, five words
/// @dev The state word, from the low end: lots left u64, 0 while another order has the lane; quantity u64, tag u24, seq u48,
/// where a lane has them when it is full.
///
/// The terms, from the low end: price in force u64, the rates of maker and taker u20 (parts per million that are paid for
/// each million of notional: a million, and the fee), reason u8 (why the order cannot fill, if it cannot), 1 bit isolated,
/// 15 bits 0, session cell u32 (0 without), 64 bits `ClassRow`, the address of the market's record, plus the side, u32 (0 if there is a
/// reason against the order).
library OrderRecord {
    uint256 internal constant STATE = 0x00;
    uint256 internal constant TERMS = 0x20;
    /// @dev Cells of the base amount, of the quote amount and of the lane. Until the owner is known, `LANE` is its number; while
    /// the order has its lane, what was filled in that before stands above the cell's 32 bits.
    uint256 internal constant BASE = 0x40;
    uint256 internal constant QUOTE = 0x60;
    uint256 internal constant LANE = 0x80;
    uint256 internal constant BYTES = 0xa0;

    uint256 internal constant QUANTITY_AT = 64;
    uint256 internal constant TAG_AT = 128;
    uint256 internal constant SEQ_AT = 152;
    uint256 internal constant MAKER_RATE_AT = 64;
    uint256 internal constant TAKER_RATE_AT = 84;
    uint256 internal constant RATE_BITS = 20;
    uint256 internal constant REASON_AT = 104;
    uint256 internal constant ISOLATED_AT = 112;
    uint256 internal constant SESSION_AT = 128;
    uint256 internal constant MARKET_AND_SIDE_AT = 224;
}

/// @title MarketRecord: a market of the batch in memory, eight words
library MarketRecord {
    uint256 internal constant BASE_UNITS_PER_LOT = 0x00;
    uint256 internal constant QUOTE_UNITS_PER_TICK_LOT = 0x20;
    uint256 internal constant FEE_CELL = 0x40;
    /// @dev The low ends of slot keys.
    uint256 internal constant BASE_KEY = 0x60;
    uint256 internal constant QUOTE_KEY = 0x80;
    uint256 internal constant NUMBER = 0xa0;
    /// @dev Addresses of `AssetRecord`, if the batch has net groups.
    uint256 internal constant BASE_ASSET = 0xc0;
    uint256 internal constant QUOTE_ASSET = 0xe0;
    uint256 internal constant BYTES = 0x100;
}

/// @title AssetRecord: an asset of the net groups in memory, three words
library AssetRecord {
    uint256 internal constant NUMBER = 0x00;
    /// @dev Of all deltas of the group that is being settled, signed.
    uint256 internal constant SUM = 0x20;
    /// @dev 0 until a fee row asks for it.
    uint256 internal constant FEE_CELL = 0x40;
    uint256 internal constant BYTES = 0x60;
}

/// @title GroupRecord: a net group in memory, seven words
library GroupRecord {
    uint256 internal constant STATEMENTS = 0x00;
    uint256 internal constant STATEMENT_COUNT = 0x20;
    uint256 internal constant HALVES = 0x40;
    uint256 internal constant HALF_COUNT = 0x60;
    uint256 internal constant FEES = 0x80;
    uint256 internal constant FEE_COUNT = 0xa0;
    uint256 internal constant WIDTHS = 0xc0;
    uint256 internal constant BYTES = 0xe0;
}

/// @title StatementRecord: a statement in memory, three words, then three for each of its rows
library StatementRecord {
    /// @dev Head: from the low end the reason against it u8, the count of the record's entries (head and rows) u16, 1 bit
    /// isolated, 7 bits 0, the floor u48; and `HEAD`, so that it is no cell.
    uint256 internal constant HEAD_WORD = 0x00;
    uint256 internal constant SESSION = 0x20;
    uint256 internal constant MARKET = 0x40;
    uint256 internal constant HEAD = 1 << 255;
    uint256 internal constant ENTRIES_AT = 8;
    uint256 internal constant ISOLATED_AT = 24;
    uint256 internal constant FLOOR_AT = 32;
    // Row. Its cell is 0 if the owner is not known. When it is settled, the word of its cell as it was takes the place of
    // its asset.
    uint256 internal constant CELL = 0x00;
    uint256 internal constant DELTA = 0x20;
    uint256 internal constant ASSET_OR_WORD = 0x40;
    uint256 internal constant BYTES = 0x60;
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

uint8 constant OWNER = 0;
uint8 constant SESSION_KEY = 1;
uint8 constant CONTRACT_WALLET = 2;
uint8 constant MAKER = 0;
uint8 constant TAKER = 1;
/// @dev The flag of an order that trades from its owner's isolated account.
uint16 constant ISOLATED = 0x400;

/// @dev An order of a batch: who owns it, which key signs it and how; its signed fields in the order of their EIP-712 type;
/// the rates that the batch charges it and the ticks that its price has slid.
struct TestOrder {
    address owner;
    uint256 key;
    uint8 kind;
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

/// @dev Orders of one market and one kind of authorization, with a signature each, or as a ladder with one for all. `floor`
/// and `used` are for ladders: an order that is not used takes no number.
struct Section {
    uint8 kind;
    uint32 market;
    bool isLadder;
    uint48 floor;
    bool[] used;
    TestOrder[] orders;
    bytes[] signatures;
}

/// @dev The net result of an account. Unified: `assets` and their deltas, and the session's market if a session key signed.
/// Isolated: the market, no assets, and the deltas of base and quote.
struct Statement {
    address owner;
    uint256 key;
    uint8 kind;
    bytes signature;
    bool isIsolated;
    uint32 market;
    uint48 floor;
    uint16[] assets;
    int64[] deltas;
}

struct Half {
    uint8 role;
    uint16 order;
    uint64 price;
    uint64 quantity;
}

struct FeeRow {
    uint16 asset;
    int64 units;
}

struct Group {
    Statement[] statements;
    Half[] halves;
    FeeRow[] fees;
}

struct Fill {
    uint16 maker;
    uint16 taker;
    uint64 quantity;
}

/// @dev What a payload says. `markets` and `assets` are its tables, ascending.
struct Batch {
    uint32[] markets;
    uint16[] assets;
    Section[] sections;
    Group[] groups;
    Fill[] fills;
}

/// @title PayloadWriter: payloads as docs/contracts/batch-format.md says, written for the tests alone
/// @dev Every field at its full width, every record with a fee class of its own. It checks nothing: tests write nonsense too.
library PayloadWriter {
    function write(Batch memory batch) internal pure returns (bytes memory) {
        (bytes memory classes, bytes memory sections, uint256 orders, uint256 records) = _sections(batch);
        bytes memory header = abi.encodePacked(
            uint8(2),
            uint8(records),
            uint8(batch.markets.length),
            uint8(batch.assets.length),
            uint16(batch.sections.length),
            uint16(orders)
        );
        (uint256 slots, uint256 rows) = _sizes(batch);
        header = abi.encodePacked(header, uint8(batch.groups.length), uint16(slots), uint16(rows));
        header = abi.encodePacked(header, uint16(batch.fills.length), uint8(0x28));
        return bytes.concat(header, classes, _tables(batch), _groups(batch), sections, _fills(batch));
    }

    function _tables(Batch memory batch) private pure returns (bytes memory tables) {
        for (uint256 i = 0; i < batch.markets.length; ++i) {
            tables = abi.encodePacked(tables, batch.markets[i]);
        }
        for (uint256 i = 0; i < batch.assets.length; ++i) {
            tables = abi.encodePacked(tables, batch.assets[i]);
        }
    }

    function _sections(Batch memory batch)
        private
        pure
        returns (bytes memory classes, bytes memory sections, uint256 orders, uint256 records)
    {
        for (uint256 i = 0; i < batch.sections.length; ++i) {
            Section memory section = batch.sections[i];
            sections = bytes.concat(sections, _sectionHeader(batch, section));
            for (uint256 k = 0; k < section.orders.length; ++k) {
                TestOrder memory order = section.orders[k];
                classes = abi.encodePacked(classes, order.makerPpm, order.takerPpm, order.maxFeeBps, order.flags);
                sections = bytes.concat(sections, _record(order, uint8(records)));
                if (!section.isLadder) {
                    sections = bytes.concat(sections, _authorization(section.kind, order.owner, section.signatures[k]));
                }
                if (!section.isLadder || section.used[k]) ++orders;
                ++records;
            }
            if (section.isLadder) {
                address owner = section.orders.length == 0 ? address(0) : section.orders[0].owner;
                sections = bytes.concat(sections, _authorization(section.kind, owner, section.signatures[0]));
            }
        }
    }

    function _sectionHeader(Batch memory batch, Section memory section) private pure returns (bytes memory header) {
        header = abi.encodePacked(
            _marketIndex(batch, section.market),
            section.kind | (section.isLadder ? 0x80 : 0),
            uint16(section.orders.length),
            bytes3(0x886528),
            uint48(0),
            uint40(0)
        );
        if (!section.isLadder) return header;
        bytes memory bitmap = new bytes((section.orders.length + 7) / 8);
        for (uint256 k = 0; k < section.orders.length; ++k) {
            if (section.used[k]) bitmap[k / 8] |= bytes1(uint8(0x80 >> (k % 8)));
        }
        header = abi.encodePacked(header, section.floor, bitmap);
    }

    function _record(TestOrder memory order, uint8 class) private pure returns (bytes memory) {
        bytes memory fields = abi.encodePacked((order.side << 7) | class, order.price, order.quantity, order.seq);
        return abi.encodePacked(fields, order.expiry, order.lane, order.slide);
    }

    function _authorization(uint8 kind, address owner, bytes memory signature) private pure returns (bytes memory) {
        if (kind == OWNER) return signature;
        if (kind == SESSION_KEY) return abi.encodePacked(owner, signature);
        return abi.encodePacked(owner, uint16(signature.length), signature);
    }

    function _groups(Batch memory batch) private pure returns (bytes memory groups) {
        for (uint256 i = 0; i < batch.groups.length; ++i) {
            Group memory group = batch.groups[i];
            groups = abi.encodePacked(
                groups, uint16(group.statements.length), uint16(group.halves.length), uint8(group.fees.length)
            );
            groups = abi.encodePacked(groups, uint8(0x68), uint16(0x2888), uint48(0));
            for (uint256 k = 0; k < group.statements.length; ++k) {
                groups = bytes.concat(groups, _statement(batch, group.statements[k]));
            }
            for (uint256 k = 0; k < group.halves.length; ++k) {
                Half memory half = group.halves[k];
                groups = abi.encodePacked(groups, half.role, half.order, half.price, half.quantity);
            }
            for (uint256 k = 0; k < group.fees.length; ++k) {
                groups = abi.encodePacked(groups, _assetIndex(batch, group.fees[k].asset), group.fees[k].units);
            }
        }
    }

    function _statement(Batch memory batch, Statement memory statement) private pure returns (bytes memory text) {
        if (statement.isIsolated) {
            text = abi.encodePacked(statement.kind | 0x10, _marketIndex(batch, statement.market));
        } else {
            text = abi.encodePacked(statement.kind, uint8(statement.assets.length));
            if (statement.kind == SESSION_KEY) text = abi.encodePacked(text, _marketIndex(batch, statement.market));
        }
        text = abi.encodePacked(text, statement.floor);
        for (uint256 i = 0; i < statement.deltas.length; ++i) {
            if (!statement.isIsolated) text = abi.encodePacked(text, _assetIndex(batch, statement.assets[i]));
            text = abi.encodePacked(text, statement.deltas[i]);
        }
        text = bytes.concat(text, _authorization(statement.kind, statement.owner, statement.signature));
    }

    function _fills(Batch memory batch) private pure returns (bytes memory fills) {
        for (uint256 i = 0; i < batch.fills.length; ++i) {
            fills = abi.encodePacked(fills, batch.fills[i].maker, batch.fills[i].taker, batch.fills[i].quantity);
        }
    }

    /// @dev What sizes the tables in memory: the bound of slots that the format's page gives, and the statements' rows.
    function _sizes(Batch memory batch) private pure returns (uint256 slots, uint256 rows) {
        slots = batch.markets.length + batch.assets.length;
        for (uint256 i = 0; i < batch.sections.length; ++i) {
            Section memory section = batch.sections[i];
            if (section.kind == SESSION_KEY) slots += section.isLadder ? 1 : section.orders.length;
            for (uint256 k = 0; k < section.orders.length; ++k) {
                if (section.isLadder && !section.used[k]) continue;
                slots += section.orders[k].lane == 0 ? 2 : 3;
            }
        }
        for (uint256 i = 0; i < batch.groups.length; ++i) {
            Statement[] memory statements = batch.groups[i].statements;
            for (uint256 k = 0; k < statements.length; ++k) {
                uint256 own = statements[k].deltas.length;
                rows += own + 1;
                slots += own + (statements[k].kind == SESSION_KEY ? 1 : 0);
            }
        }
    }

    /// @dev The place of a market in the table; one past its end if it is not there.
    function _marketIndex(Batch memory batch, uint32 market) private pure returns (uint8 index) {
        while (index < batch.markets.length && batch.markets[index] != market) ++index;
    }

    function _assetIndex(Batch memory batch, uint16 asset) private pure returns (uint8 index) {
        while (index < batch.assets.length && batch.assets[index] != asset) ++index;
    }
}

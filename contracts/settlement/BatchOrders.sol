// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SkipReason} from "../interfaces/ISettlement.sol";
import {Authorization} from "./Authorization.sol";
import {BatchOwnStatements} from "./BatchOwnStatements.sol";
import {BatchPayload, BatchPayloadLibrary} from "./BatchPayload.sol";
import {BatchRun, ClassRow, OWNER_AT, OrderRecord, StatementRecord} from "./BatchRun.sol";
import {FillLibrary} from "./Fill.sol";
import {Limits} from "./Limits.sol";
import {Registers} from "./Registers.sol";
import {Section, SectionReader} from "./Section.sol";
import {SlotTable} from "./SlotTable.sol";
import {Word} from "./Word.sol";

/// @dev Reads the orders of a batch into memory: what was signed, by whom, and what is wrong with it.
abstract contract BatchOrders is BatchOwnStatements {
    bytes32 internal constant ORDER_TYPEHASH = keccak256(
        "Order(uint32 market,uint8 side,uint64 price,uint64 quantity,uint40 expiry,uint48 seq,uint16 lane,uint16 maxFeeBps,uint16 flags)"
    );
    bytes32 private constant LADDER_TYPEHASH = keccak256(
        "Ladder(uint48 floor,Order[] orders)Order(uint32 market,uint8 side,uint64 price,uint64 quantity,uint40 expiry,uint48 seq,uint16 lane,uint16 maxFeeBps,uint16 flags)"
    );
    /// @dev The highest flags of a signed order: time in force, type, post-only, self-trade prevention, isolated.
    uint256 private constant FLAGS_MAX = 0x7ff;
    uint256 private constant ISOLATED = 0x400;
    /// @dev Flags that say what becomes of a post-only order that would match at once, and the value that lets the engine
    /// slide its price: make it better for the owner.
    uint256 private constant POST_ONLY = 3 << 5;
    uint256 private constant POST_ONLY_SLIDE = 2 << 5;
    int256 private constant PPM_PER_BPS = 100;
    /// @dev What the order of an isolated account can be at most: its slot has no more bits.
    uint256 private constant ISOLATED_SEQ_BITS = 42;
    uint256 private constant ISOLATED_QUANTITY_BITS = 40;

    /// @return rows the table
    /// @return allIsolated whether the orders of every class are isolated
    function _readClasses(BatchPayload memory payload) internal pure returns (uint256 rows, bool allIsolated) {
        unchecked {
            uint256 count = payload.classCount;
            allIsolated = true;
            uint256 offset = payload.take(count * BatchPayloadLibrary.CLASS_BYTES);
            rows = Word.reserve(ClassRow.BYTES / 32 * count);
            for (uint256 i = 0; i < count; ++i) {
                uint256 class = Word.fromCalldata(offset + BatchPayloadLibrary.CLASS_BYTES * i) >> 192;
                // Casts cut the fields out of the row.
                uint256 capBps = uint16(class >> ClassRow.CAP_AT);
                int256 capPpm = int256(capBps) * PPM_PER_BPS;
                int16 makerPpm = int16(uint16(class >> 48));
                int16 takerPpm = int16(uint16(class >> 32));
                uint256 row = (uint256(FillLibrary.PPM + makerPpm) << OrderRecord.MAKER_RATE_AT)
                    | (uint256(FillLibrary.PPM + takerPpm) << OrderRecord.TAKER_RATE_AT);
                if (capBps > Limits.MAX_FEE_BPS || makerPpm > capPpm || takerPpm > capPpm) row |= ClassRow.ABOVE_CAP;
                if (uint16(class) > FLAGS_MAX) row |= ClassRow.UNSUPPORTED;
                if (class & ISOLATED != 0) row |= 1 << OrderRecord.ISOLATED_AT;
                else allIsolated = false;
                if (class & POST_ONLY == POST_ONLY_SLIDE) row |= ClassRow.SLIDES;
                Word.put(rows + ClassRow.BYTES * i, row);
                Word.put(rows + ClassRow.BYTES * i + ClassRow.SIGNED, capBps);
                Word.put(rows + ClassRow.BYTES * i + ClassRow.SIGNED + 32, uint16(class));
            }
        }
    }

    function _readSections(BatchRun memory run) internal view {
        unchecked {
            uint256 record = run.orders;
            uint256 end = record + run.payload.orderCount * OrderRecord.BYTES;
            for (uint256 i = run.payload.sectionCount; i != 0; --i) {
                Section memory section = SectionReader.next(run);
                // The records were allocated for the count in the header.
                uint256 used = section.isLadder ? SectionReader.openLadder(run.payload, section) : section.count;
                if (used * OrderRecord.BYTES > end - record) run.payload.malformed(run.payload.position);
                if (section.isLadder) _readLadder(run, section, record);
                else _readOrders(run, section, record);
                record += used * OrderRecord.BYTES;
            }
            if (record != end) run.payload.malformed(run.payload.position);
        }
    }

    /// @dev Reads orders of which each has its own authorization.
    function _readOrders(BatchRun memory run, Section memory section, uint256 record) private view {
        unchecked {
            if (section.kind == Authorization.OWNER) return _readOwnersOrders(run, section.count, record);
            for (uint256 left = section.count; left != 0; --left) {
                uint256 offset = run.payload.take(Word.load(Registers.FIELD_BYTES));
                (, uint256 digest, uint256 fault) = SectionReader.readOrder(offset, record);
                if (fault != 0) _judge(offset, record);
                (uint256 ownerKey, uint256 session, SkipReason reason) = _authorize(run.payload, section.kind, digest);
                if (reason == SkipReason.NONE) _placeJudged(run, record, ownerKey, session);
                else _refuse(record, reason);
                record += OrderRecord.BYTES;
            }
        }
    }

    /// @dev Reads by far the most orders: all of one length, and nothing but a signature.
    function _readOwnersOrders(BatchRun memory run, uint256 count, uint256 record) private view {
        unchecked {
            uint256 size = Word.load(Registers.FIELD_BYTES);
            uint256 offset = run.payload.take(count * (size + BatchPayloadLibrary.SIGNATURE_BYTES));
            if (count == 0) return;
            for (uint256 end = record + count * OrderRecord.BYTES; record != end; record += OrderRecord.BYTES) {
                (, uint256 digest, uint256 fault) = SectionReader.readOrder(offset, record);
                if (fault != 0) _judge(offset, record);
                offset += size;
                uint256 owner = _recover(digest, offset);
                offset += BatchPayloadLibrary.SIGNATURE_BYTES;
                if ((fault | Word.isZero(owner)) == 0) _place(run, record, owner << OWNER_AT);
                else if (owner != 0) _placeJudged(run, record, owner << OWNER_AT, 0);
                else _refuse(record, SkipReason.BAD_SIGNATURE);
            }
        }
    }

    /// @dev Reads orders that one signature is over: first all their hashes, then whose they are.
    function _readLadder(BatchRun memory run, Section memory section, uint256 record) private view {
        unchecked {
            uint256 count = section.count;
            uint256 records = record;
            uint256 size = Word.load(Registers.FIELD_BYTES);
            uint256 offset = run.payload.take(count * size);
            uint256 hashes = Word.reserve(count);
            for (uint256 i = 0; i < count; ++i) {
                (uint256 structHash,, uint256 fault) = SectionReader.readOrder(offset, record);
                Word.put(hashes + 32 * i, structHash);
                // The next one that is read takes the place of one that is not used.
                if (SectionReader.isUsed(section, i)) {
                    if (fault != 0) _judge(offset, record);
                    record += OrderRecord.BYTES;
                }
                offset += size;
            }
            bytes32 list = Word.keccak(hashes, 32 * count);
            uint256 floor = Word.load(Registers.LADDER_FLOOR);
            uint256 digest = _typedDigest(keccak256(abi.encode(LADDER_TYPEHASH, floor, list)));
            (uint256 ownerKey, uint256 session, SkipReason reason) = _authorize(run.payload, section.kind, digest);
            for (; records != record; records += OrderRecord.BYTES) {
                if (reason == SkipReason.NONE) _placeJudged(run, records, ownerKey, session);
                else _refuse(records, reason);
            }
        }
    }

    /// @dev Judges the order that was read last, which is not as plain as most: notes what is wrong with it, whoever signed
    /// it, or the price that it slid to.
    function _judge(uint256 offset, uint256 record) private view {
        unchecked {
            uint256 terms = Word.load(record + OrderRecord.TERMS);
            uint256 class =
                Word.load(Word.load(Registers.CLASSES) + ClassRow.BYTES * ((Word.fromCalldata(offset) >> 248) & 0x7f));
            SkipReason reason = _fault(class, terms);
            if (reason == SkipReason.NONE && class & ClassRow.SLIDES != 0) {
                uint256 slide = SectionReader.readSlide(offset);
                uint256 price = uint64(terms);
                uint256 slid = Word.load(Registers.ORDER_SIDE) == FillLibrary.BUY ? price - slide : price + slide;
                terms ^= price ^ uint64(slid);
                // What is under zero wraps around.
                if (slid == 0 || slid > type(uint64).max) reason = SkipReason.UNSUPPORTED_ORDER;
            }
            Word.put(record + OrderRecord.TERMS, terms | (uint256(reason) << OrderRecord.REASON_AT));
        }
    }

    function _fault(uint256 class, uint256 terms) private view returns (SkipReason) {
        unchecked {
            uint256 quantity = Word.load(Registers.ORDER_QUANTITY);
            if (uint64(terms) == 0 || quantity == 0 || class & ClassRow.UNSUPPORTED != 0) {
                return SkipReason.UNSUPPORTED_ORDER;
            }
            uint256 tooLarge =
                (quantity >> ISOLATED_QUANTITY_BITS) | (Word.load(Registers.ORDER_SEQ) >> ISOLATED_SEQ_BITS);
            if ((terms >> OrderRecord.ISOLATED_AT) & 1 != 0 && tooLarge != 0) return SkipReason.UNSUPPORTED_ORDER;
            if (block.timestamp > Word.load(Registers.ORDER_EXPIRY)) return SkipReason.EXPIRED;
            return class & ClassRow.ABOVE_CAP != 0 ? SkipReason.FEE_ABOVE_CAP : SkipReason.NONE;
        }
    }

    /// @dev Reads the authorization at the payload's position.
    /// @return ownerKey the owner, where a slot's key has it
    /// @return session the session's cell, 0 without
    function _authorize(BatchPayload memory payload, uint256 kind, uint256 digest)
        private
        view
        returns (uint256 ownerKey, uint256 session, SkipReason reason)
    {
        unchecked {
            if (kind == Authorization.OWNER) {
                uint256 signer = _recover(digest, payload.take(BatchPayloadLibrary.SIGNATURE_BYTES));
                return (signer << OWNER_AT, 0, signer == 0 ? SkipReason.BAD_SIGNATURE : SkipReason.NONE);
            }
            ownerKey = Word.fromCalldata(payload.take(Authorization.OWNER_BYTES)) >> OWNER_AT << OWNER_AT;
            if (kind == Authorization.SESSION_KEY) {
                uint256 signer = _recover(digest, payload.take(BatchPayloadLibrary.SIGNATURE_BYTES));
                if (signer == 0) return (ownerKey, 0, SkipReason.BAD_SIGNATURE);
                session = _sessionCell(ownerKey, signer, Word.load(Registers.ORDER_MARKET));
                return (ownerKey, session, session == 0 ? SkipReason.SESSION_INVALID : SkipReason.NONE);
            }
            uint256 length = Word.fromCalldata(payload.take(Authorization.LENGTH_BYTES)) >> 240;
            address owner = address(uint160(ownerKey >> OWNER_AT));
            if (!Authorization.isAccepted(owner, bytes32(digest), payload.take(length), length)) {
                reason = SkipReason.BAD_SIGNATURE;
            }
        }
    }

    /// @dev Gives an order its cells and its session, or the reason against it. What is wrong with it whoever signed it comes
    /// first.
    function _placeJudged(BatchRun memory run, uint256 record, uint256 ownerKey, uint256 session) private view {
        unchecked {
            uint256 terms = Word.load(record + OrderRecord.TERMS);
            if (uint8(terms >> OrderRecord.REASON_AT) != 0) return _refuse(record, SkipReason.NONE);
            Word.put(record + OrderRecord.TERMS, terms | (session << OrderRecord.SESSION_AT));
            _place(run, record, ownerKey);
        }
    }

    /// @dev Gives an order its cells, or the reason against it.
    function _place(BatchRun memory run, uint256 record, uint256 ownerKey) private view {
        unchecked {
            uint256 lanes;
            uint256 base;
            uint256 quote;
            uint256 account;
            uint256 fault;
            if ((Word.load(record + OrderRecord.TERMS) >> OrderRecord.ISOLATED_AT) & 1 != 0) {
                lanes = ownerKey | Word.load(Registers.MARKET_KEY);
                base = _isolatedCells(lanes);
                quote = base + SlotTable.CELL_BYTES;
                account = Word.load(base);
                fault = account >> SlotTable.MARKS_AT;
            } else {
                lanes = ownerKey | Word.load(Registers.BASE_KEY);
                base = _cell(lanes);
                quote = _cell(ownerKey | Word.load(Registers.QUOTE_KEY));
                account = Word.load(base);
                fault = (account | Word.load(quote)) >> SlotTable.MARKS_AT;
            }
            // Shifted left, the floor has only flags above it, and they are shifted out.
            fault |= Word.isZero(Word.gt(Word.load(record) >> OrderRecord.SEQ_AT, (account << 8) >> 208))
            | Word.load(Registers.LADDER_FLOOR);
            if (fault != 0) {
                SkipReason reason = _explainAccount(run, record, base, quote);
                if (reason != SkipReason.NONE) return _refuse(record, reason);
            }
            uint256 lane = Word.load(record + OrderRecord.LANE);
            lane = lane == 0 ? base : _cell(lanes | lane);
            FillLibrary.giveLane(record, lane);
            Word.put(record + OrderRecord.BASE, base);
            Word.put(record + OrderRecord.QUOTE, quote);
        }
    }

    /// @dev What is wrong with an order for its account's sake.
    function _explainAccount(BatchRun memory run, uint256 record, uint256 base, uint256 quote)
        private
        view
        returns (SkipReason)
    {
        unchecked {
            uint256 account = Word.load(base);
            uint256 seq = Word.load(record) >> OrderRecord.SEQ_AT;
            uint256 floor = (account << 8) >> 208;
            if (seq <= floor) return SkipReason.CANCELLED;
            if (account & SlotTable.NETTED != 0 && seq <= _pendingFloor(run, base)) return SkipReason.CANCELLED;
            // A statement that was applied when it was read has raised the floor already.
            if (base >= run.applied && base < run.appliedEnd) floor = SlotTable.storedFloor(base);
            if (floor < Word.load(Registers.LADDER_FLOOR)) return SkipReason.LADDER_WAITING;
            bool exited = (account | Word.load(quote)) & SlotTable.EXITED != 0;
            return exited ? SkipReason.EXITED : SkipReason.NONE;
        }
    }

    /// @dev The highest floor of the batch's statements for an account, but for those that were applied when they were read.
    function _pendingFloor(BatchRun memory run, uint256 cell) private pure returns (uint256 floor) {
        unchecked {
            uint256 given = 0;
            for (uint256 entry = run.statements; entry != run.statementsEnd; entry += StatementRecord.BYTES) {
                uint256 word = Word.load(entry);
                if (word >= StatementRecord.HEAD) given = uint48(word >> StatementRecord.FLOOR_AT);
                else if (word == cell && given > floor) floor = given;
            }
        }
    }

    /// @dev Makes an order match with nothing. What is wrong with it whoever signed it is in its terms already, and stays.
    function _refuse(uint256 record, SkipReason reason) private pure {
        unchecked {
            uint256 terms = Word.load(record + OrderRecord.TERMS);
            if (uint8(terms >> OrderRecord.REASON_AT) == 0) terms |= uint256(reason) << OrderRecord.REASON_AT;
            // Without a market and cells it matches with nothing, and fills look nowhere else.
            Word.put(record + OrderRecord.TERMS, uint224(terms));
            Word.put(record + OrderRecord.BASE, 0);
            Word.put(record + OrderRecord.QUOTE, 0);
            Word.put(record + OrderRecord.LANE, 0);
        }
    }
}

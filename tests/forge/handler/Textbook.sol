// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISettlementAccounts, SkipReason} from "../../../contracts/interfaces/ISettlement.sol";
import {
    Batch,
    FeeRow,
    Fill,
    Group,
    Half,
    ISOLATED,
    MAKER,
    SESSION_KEY,
    Statement,
    TAKER,
    TestOrder
} from "../base/Batches.sol";
import {SettlementFixture} from "../base/SettlementFixture.sol";
import {TypedData} from "../base/TypedData.sol";

/// @dev What must never happen. A handler notes it when it sees it; the invariant of that name fails.
enum Rule {
    NO_OVERFILL,
    LIMITS,
    FEE_CAP,
    EXPIRY,
    CANCELLED,
    EXITED,
    MATCHING,
    CONSENT,
    LADDER_FLOOR,
    SESSIONS,
    ONCE,
    STATEMENT_OF_ITS_BATCH,
    NET_WHOLE,
    NET_FLOOR,
    PAYLOAD_ACCEPTED_ONCE,
    WRONG_BATCH,
    FORGED_BATCH,
    BAD_ITEM,
    ONE_BY_ONE,
    HONEST_SETTLES,
    WITHDRAWAL_ONCE,
    WITHDRAWAL_SIGNED,
    EXIT_TIME,
    EXIT_PAYS,
    FLOOR_RISES,
    LANE_MOVES_ON,
    CANCEL_TIME,
    STRANGER,
    ADMINISTRATOR,
    SESSION_POWERS,
    WALLET_MIND,
    PAUSE,
    CLOSED,
    CLOSING_TIME,
    LISTINGS,
    DEPOSIT
}

/// @dev A ledger that does what a batch says in the plainest way, fill by fill, and looks whether each owner agreed to what
/// settled. It never says what should have been skipped: only what may not have settled.
abstract contract Textbook is SettlementFixture {
    struct SessionSpent {
        uint64 baseLimit;
        uint64 quoteLimit;
        uint40 expiry;
        uint256 base;
        uint256 quote;
    }

    /// @dev An order of a batch as the textbook needs it: how it is signed, and what its ladder waits for.
    struct Proof {
        bool isGenuine;
        uint48 ladderFloor;
    }

    /// @dev A bit for every rule that was broken.
    uint256 public broken;
    mapping(address owner => mapping(uint16 asset => uint256)) public unified;
    /// @dev Units by isolated account, base then quote.
    mapping(address owner => mapping(uint32 market => uint256[2])) internal _isolated;
    mapping(uint16 asset => uint256) public fees;
    mapping(uint16 asset => uint256) public paidIn;
    mapping(uint16 asset => uint256) public paidOut;
    mapping(bytes32 order => uint256) public filled;
    mapping(address owner => mapping(address key => mapping(uint32 market => SessionSpent))) public sessions;
    uint256 public batches;
    uint256 public fillsSettled;
    uint256 public fillsSkipped;
    uint256 public groupsSettled;
    uint256 public groupsSkipped;
    bytes32 public chain;
    uint40 public lastBatchAt;
    /// @dev What was last seen of floors and lanes, by a key of each.
    mapping(bytes32 floor => uint48) private _floorSeen;
    mapping(bytes32 lane => uint256) private _laneSeen;

    function setUp() public virtual override {
        super.setUp();
        lastBatchAt = uint40(vm.getBlockTimestamp());
        for (uint256 i = 0; i < ACCOUNTS; ++i) {
            address owner = wallet(i);
            for (uint16 asset = QTRA; asset <= BTC; ++asset) {
                unified[owner][asset] = FUNDS;
                paidIn[asset] += FUNDS;
            }
            for (uint32 market = QTRA_USDC; market <= BTC_USDC; ++market) {
                _isolated[owner][market] = [uint256(FUNDS), FUNDS];
                paidIn[baseOf(market)] += FUNDS;
                paidIn[USDC] += FUNDS;
            }
        }
    }

    function check(bool holds, Rule rule) internal {
        if (!holds) broken |= 1 << uint256(rule);
    }

    /// @dev Which order it is, whoever lists it and however it was signed.
    function idOf(TestOrder memory order) internal pure returns (bytes32) {
        return keccak256(abi.encode(order.owner, TypedData.order(order)));
    }

    /// @dev A hook for whoever follows single orders: `lots` of an order were proved.
    function onProved(bytes32 order, uint256 lots) internal virtual;

    /// @dev A hook for the same: a statement settled.
    function onStated(bytes32 statement) internal virtual;

    /// @dev Books what settled of a batch. `orders` in the batch's numbers, `genuine` by group and statement.
    function bookBatch(
        Batch memory batch,
        TestOrder[] memory orders,
        Proof[] memory proofs,
        bool[][] memory genuine,
        Outcome memory outcome
    ) internal {
        ++batches;
        for (uint256 i = 0; i < batch.groups.length; ++i) {
            if (outcome.groups[i] != SkipReason.NONE) {
                ++groupsSkipped;
                continue;
            }
            ++groupsSettled;
            _bookGroup(batch.groups[i], orders, proofs, genuine[i]);
        }
        for (uint256 i = 0; i < batch.fills.length; ++i) {
            if (outcome.fills[i] != SkipReason.NONE) {
                ++fillsSkipped;
                continue;
            }
            ++fillsSettled;
            Fill memory fill = batch.fills[i];
            _checkOrder(orders[fill.maker], proofs[fill.maker], fill.quantity);
            _checkOrder(orders[fill.taker], proofs[fill.taker], fill.quantity);
            _bookFill(orders[fill.maker], orders[fill.taker], fill.quantity);
        }
        _observe(orders);
    }

    /// @dev Looks at the floor and the lane of every order of a batch: neither ever goes back.
    function _observe(TestOrder[] memory orders) private {
        for (uint256 i = 0; i < orders.length; ++i) {
            TestOrder memory order = orders[i];
            if (order.owner == address(0)) break;
            uint64 lots;
            uint48 seq;
            uint24 tag;
            bool isIsolated = order.flags & ISOLATED != 0;
            if (!isIsolated) {
                (lots, seq, tag) = vault.laneOf(order.owner, baseOf(order.market), order.lane);
            } else if (order.lane != 0) {
                (lots, seq, tag) = vault.isolatedLaneOf(order.owner, order.market, order.lane);
            } else {
                ISettlementAccounts.IsolatedBalance memory account = vault.isolatedOf(order.owner, order.market);
                (lots, seq, tag) = (account.filled, account.seq, account.tag);
            }
            _observeLane(keccak256(abi.encode(order.owner, order.market, order.lane, isIsolated)), lots, seq, tag);
            (uint48 floor,) = standing(order);
            _observeFloor(keccak256(abi.encode(order.owner, order.market, isIsolated)), floor);
        }
    }

    function _observeFloor(bytes32 key, uint48 floor) private {
        check(floor >= _floorSeen[key], Rule.FLOOR_RISES);
        _floorSeen[key] = floor;
    }

    /// @dev A lane takes newer orders only, and the order in it only fills further.
    function _observeLane(bytes32 lane, uint64 lots, uint48 seq, uint24 tag) private {
        uint256 seen = _laneSeen[lane];
        if (seq == uint48(seen >> 88)) check(tag == uint24(seen >> 64) && lots >= uint64(seen), Rule.LANE_MOVES_ON);
        else check(seq > uint48(seen >> 88), Rule.LANE_MOVES_ON);
        _laneSeen[lane] = (uint256(seq) << 88) | (uint256(tag) << 64) | lots;
    }

    function _bookFill(TestOrder memory maker, TestOrder memory taker, uint64 quantity) private {
        check(maker.side != taker.side && maker.market == taker.market, Rule.MATCHING);
        uint64 price = priceInForce(maker);
        fees[USDC] = uint256(
            int256(fees[USDC]) + _bookSide(maker, maker.makerPpm, price, quantity)
                + _bookSide(taker, taker.takerPpm, price, quantity)
        );
    }

    function _bookGroup(Group memory group, TestOrder[] memory orders, Proof[] memory proofs, bool[] memory genuine)
        private
    {
        for (uint256 k = 0; k < group.statements.length; ++k) {
            _bookStatement(group.statements[k], genuine[k]);
        }
        for (uint256 k = 0; k < group.halves.length; ++k) {
            Half memory half = group.halves[k];
            TestOrder memory order = orders[half.order];
            _checkOrder(order, proofs[half.order], half.quantity);
            _bookSide(order, half.role == MAKER ? order.makerPpm : order.takerPpm, half.price, half.quantity);
        }
        for (uint256 k = 0; k < group.fees.length; ++k) {
            FeeRow memory row = group.fees[k];
            fees[row.asset] = uint256(int256(fees[row.asset]) + row.units);
        }
    }

    function _bookStatement(Statement memory statement, bool isGenuine) private {
        check(isGenuine, Rule.STATEMENT_OF_ITS_BATCH);
        address owner = statement.owner;
        for (uint256 i = 0; i < statement.deltas.length; ++i) {
            int64 delta = statement.deltas[i];
            if (statement.isIsolated) {
                uint256[2] storage units = _isolated[owner][statement.market];
                units[i] = uint256(int256(units[i]) + delta);
            } else {
                uint16 asset = statement.assets[i];
                unified[owner][asset] = uint256(int256(unified[owner][asset]) + delta);
                check(!hasLeft(owner, asset), Rule.EXITED);
                check(vault.slotOf(owner, asset).floor >= statement.floor, Rule.NET_FLOOR);
            }
            if (statement.kind == SESSION_KEY && delta < 0) {
                bool isBase = statement.isIsolated ? i == 0 : statement.assets[i] != USDC;
                _spend(owner, statement.key, statement.market, isBase, uint256(-int256(delta)));
            }
        }
        if (statement.isIsolated) {
            check(!hasLeftIsolated(owner, statement.market), Rule.EXITED);
            check(vault.isolatedOf(owner, statement.market).floor >= statement.floor, Rule.NET_FLOOR);
        }
        onStated(keccak256(statement.signature));
    }

    /// @dev One side of a fill, and its fee.
    function _bookSide(TestOrder memory order, int256 ppm, uint64 price, uint64 quantity) private returns (int256 fee) {
        check(order.side == BUY ? price <= order.price : price >= order.price, Rule.LIMITS);
        check(order.maxFeeBps <= 50 && ppm <= int256(uint256(order.maxFeeBps)) * 100, Rule.FEE_CAP);
        uint256 notional = uint256(price) * quantity;
        uint256 size = notional * uint256(ppm < 0 ? -ppm : ppm);
        fee = ppm < 0 ? -int256(size / 1e6) : int256((size + 999_999) / 1e6);
        int256 base = int256(quantity * lotOf(order.market));
        int256 quote = int256(notional);
        if (order.side == BUY) quote = -quote;
        else base = -base;
        quote -= fee;
        if (order.kind == SESSION_KEY) {
            if (order.side == BUY) _spend(order.owner, order.key, order.market, false, uint256(-quote));
            else _spend(order.owner, order.key, order.market, true, uint256(-base));
        }
        if (order.flags & ISOLATED != 0) {
            uint256[2] storage units = _isolated[order.owner][order.market];
            units[0] = uint256(int256(units[0]) + base);
            units[1] = uint256(int256(units[1]) + quote);
        } else {
            mapping(uint16 asset => uint256) storage units = unified[order.owner];
            uint16 asset = baseOf(order.market);
            units[asset] = uint256(int256(units[asset]) + base);
            units[USDC] = uint256(int256(units[USDC]) + quote);
        }
    }

    function _spend(address owner, uint256 key, uint32 market, bool isBase, uint256 units) private {
        SessionSpent storage session = sessions[owner][addressOf(key)][market];
        check(session.expiry > vm.getBlockTimestamp(), Rule.SESSIONS);
        if (isBase) session.base += units;
        else session.quote += units;
    }

    /// @dev Whether the owner agreed to a fill of this order now.
    function _checkOrder(TestOrder memory order, Proof memory proof, uint64 quantity) private {
        check(proof.isGenuine, Rule.CONSENT);
        bytes32 id = idOf(order);
        filled[id] += quantity;
        check(quantity != 0 && filled[id] <= order.quantity, Rule.NO_OVERFILL);
        check(order.expiry >= vm.getBlockTimestamp(), Rule.EXPIRY);
        (uint48 floor, bool left) = standing(order);
        check(order.seq > floor, Rule.CANCELLED);
        check(proof.ladderFloor <= floor, Rule.LADDER_FLOOR);
        check(!left, Rule.EXITED);
        onProved(id, quantity);
    }

    /// @dev The cancel floor that counts for an order, and whether its account has an exit in effect.
    function standing(TestOrder memory order) internal view returns (uint48 floor, bool left) {
        if (order.flags & ISOLATED != 0) {
            ISettlementAccounts.IsolatedBalance memory account = vault.isolatedOf(order.owner, order.market);
            return (account.floor, due(account.exitEffectiveAt));
        }
        ISettlementAccounts.Balance memory slot = vault.slotOf(order.owner, baseOf(order.market));
        return (slot.floor, due(slot.exitEffectiveAt) || hasLeft(order.owner, USDC));
    }

    function hasLeft(address owner, uint16 asset) internal view returns (bool) {
        return due(vault.slotOf(owner, asset).exitEffectiveAt);
    }

    function hasLeftIsolated(address owner, uint32 market) internal view returns (bool) {
        return due(vault.isolatedOf(owner, market).exitEffectiveAt);
    }

    function due(uint40 effectiveAt) internal view returns (bool) {
        return effectiveAt != 0 && vm.getBlockTimestamp() >= effectiveAt;
    }

    function priceInForce(TestOrder memory order) internal pure returns (uint64) {
        if ((order.flags >> 5) & 3 != 2) return order.price;
        return order.side == BUY ? order.price - order.slide : order.price + order.slide;
    }

    /// @dev What everybody should hold: for each account the unified units by asset, then base and quote by market; last the
    /// fees by asset.
    function expectedUnits() public view returns (uint256[] memory units) {
        units = new uint256[](ACCOUNTS * 7 + 3);
        uint256 count = 0;
        for (uint256 i = 0; i < ACCOUNTS; ++i) {
            address owner = wallet(i);
            for (uint16 asset = QTRA; asset <= BTC; ++asset) {
                units[count++] = unified[owner][asset];
            }
            for (uint32 market = QTRA_USDC; market <= BTC_USDC; ++market) {
                units[count++] = _isolated[owner][market][0];
                units[count++] = _isolated[owner][market][1];
            }
        }
        for (uint16 asset = QTRA; asset <= BTC; ++asset) {
            units[count++] = fees[asset];
        }
    }

    /// @dev What the vault says that they hold, in the same order.
    function heldUnits() public view returns (uint256[] memory units) {
        units = new uint256[](ACCOUNTS * 7 + 3);
        uint256 count = 0;
        for (uint256 i = 0; i < ACCOUNTS; ++i) {
            address owner = wallet(i);
            for (uint16 asset = QTRA; asset <= BTC; ++asset) {
                units[count++] = vault.balanceOf(owner, asset);
            }
            for (uint32 market = QTRA_USDC; market <= BTC_USDC; ++market) {
                ISettlementAccounts.IsolatedBalance memory account = vault.isolatedOf(owner, market);
                units[count++] = account.base;
                units[count++] = account.quote;
            }
        }
        for (uint16 asset = QTRA; asset <= BTC; ++asset) {
            units[count++] = vault.feesOf(asset);
        }
    }

    function isInAgreement() internal view returns (bool) {
        return keccak256(abi.encode(heldUnits())) == keccak256(abi.encode(expectedUnits()));
    }
}

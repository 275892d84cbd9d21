// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SkipReason} from "../../../contracts/interfaces/ISettlement.sol";
import {
    FeeRow,
    Fill,
    Group,
    Half,
    ISOLATED,
    MAKER,
    OWNER,
    SESSION_KEY,
    Statement,
    TAKER,
    TestOrder
} from "../base/Batches.sol";
import {TypedData} from "../base/TypedData.sol";
import {Rule} from "./Textbook.sol";
import {Trading} from "./Trading.sol";

/// @dev Clients that sign their net result by the rules, and an engine that does not keep to any.
///
/// A client signs deltas from fills it was told of and sees unsettled on the chain, for the next batch only, with a floor at
/// or above every seq that it ever signed; with it, what is left of its orders again, under fresh seqs, as a ladder that
/// waits for that floor. However the engine mixes old orders, renewals and statements, an order is never good for more than
/// its quantity: what was proved and what was stated of it together. That is the rule `ONCE`.
abstract contract Netting is Trading {
    /// @dev An order as its owner means it, over all its renewals. `order` is the one in effect, in the renewal `ladder` (1 is
    /// the first, 0 none). `known` lots of that one were proved, as far as its owner saw.
    struct Intent {
        TestOrder order;
        bytes signature;
        uint256 ladder;
        uint256 position;
        uint64 quantity;
        uint64 proved;
        uint64 stated;
        uint64 known;
        bool isOver;
    }

    /// @dev What a statement covers and what its owner signed beside it.
    struct Word {
        uint256 intent;
        uint64 lots;
        uint256 ladder;
        uint256[] renewed;
    }

    /// @dev A fill that the engine told two clients of. Intents by number; `stated` and `open` of maker and taker. It is open
    /// for a client until that client sees it settled, by whatever fill it was.
    struct Told {
        uint256 maker;
        uint256 taker;
        uint64 lots;
        uint64 price;
        uint64[2] stated;
        bool[2] open;
        bool makerAnswers;
        bool takerAnswers;
    }

    uint256 private constant CLIENTS = 3;
    int16 private constant MAKER_PPM = 1000;
    int16 private constant TAKER_PPM = 2000;

    Intent[] private _intents;
    KeptLadder[] private _renewals;
    mapping(uint256 place => uint256) private _live;
    mapping(bytes32 order => uint256) private _intentOf;
    mapping(bytes32 statement => Word) private _words;
    mapping(uint256 account => uint48) private _highestSeq;
    Statement private _lastStatement;

    constructor() {
        // Number 0 is none.
        _intents.push();
        _renewals.push();
    }

    /// @dev A fill between two clients, settled fairly or not at all or in every wrong way.
    function net(uint256 dice) external {
        if (!isOpen()) return;
        Told memory told;
        uint32 market = dice % 2 == 0 ? QTRA_USDC : BTC_USDC;
        uint256 first = (dice >> 8) % CLIENTS;
        uint8 side = uint8((dice >> 16) % 2);
        told.maker = intentOf(first, market, side, (dice >> 24) % 2 == 0);
        told.taker = intentOf((first + 1) % CLIENTS, market, 1 - side, (dice >> 32) % 2 == 0);
        uint64 most = leftOf(told.maker) < leftOf(told.taker) ? leftOf(told.maker) : leftOf(told.taker);
        told.lots = uint64(1 + (dice >> 40) % most);
        told.price = _intents[told.maker].order.price;
        told.stated = [_intents[told.maker].stated, _intents[told.taker].stated];
        told.open = [true, true];
        for (uint256 i = 0; i < 1 + (dice >> 48) % 3; ++i) {
            if (!attempt(told, roll(dice, i))) return;
        }
    }

    function onProved(bytes32 order, uint256 lots) internal override {
        uint256 number = _intentOf[order];
        if (number == 0) return;
        Intent storage intent = _intents[number];
        intent.proved += uint64(lots);
        check(intent.proved + intent.stated <= intent.quantity, Rule.ONCE);
    }

    function onStated(bytes32 statement) internal override {
        Word storage word = _words[statement];
        Intent storage intent = _intents[word.intent];
        intent.stated += word.lots;
        check(intent.proved + intent.stated <= intent.quantity, Rule.ONCE);
        if (intent.proved + intent.stated >= intent.quantity) intent.isOver = true;
        for (uint256 i = 0; i < word.renewed.length; ++i) {
            Intent storage renewed = _intents[word.renewed[i]];
            renewed.order = _renewals[word.ladder].orders[i];
            (renewed.ladder, renewed.position, renewed.known) = (word.ladder, i, 0);
        }
    }

    /// @dev One batch that has something to do with the fill. Says whether the fill is still to be settled.
    function attempt(Told memory told, uint256 dice) private returns (bool) {
        // Looked at in any case: who sees more than it was told of signs no more.
        told.open[0] = isUnsettled(told.maker, told.lots, told.stated[0]) && told.open[0];
        told.open[1] = isUnsettled(told.taker, told.lots, told.stated[1]) && told.open[1];
        if (!told.open[0] && !told.open[1]) return false;
        told.makerAnswers = told.open[0] && dice % 4 != 0;
        told.takerAnswers = told.open[1] && (dice >> 8) % 4 != 0;
        Draft memory draft = newDraft(7, 12, (dice >> 16) % 4);
        uint256 maker = addIntent(draft, told.maker);
        uint256 taker = addIntent(draft, told.taker);
        (draft.orders[maker].makerPpm, draft.orders[taker].takerPpm) = (MAKER_PPM, TAKER_PPM);
        addRandom(draft, roll(dice, "stranger"));
        Statement[] memory statements = statementsOf(told);
        if ((dice >> 24) % 3 == 0) addRenewal(draft, roll(dice, "renewal"));
        drawFills(draft, roll(dice, "fills"));
        if (draft.batch.fills.length != 0 && (dice >> 32) % 2 == 0) {
            draft.batch.fills[0] = Fill(uint16(maker), uint16(taker), told.lots);
        }
        composeGroups(draft, told, statements, roll(dice, "groups"));
        settleDraft(draft, (dice >> 40) % 8 == 0);
        check(isInAgreement(), Rule.NET_WHOLE);
        return true;
    }

    /// @dev The fair group, and what a hostile engine makes of it.
    function composeGroups(Draft memory draft, Told memory told, Statement[] memory statements, uint256 dice) private {
        uint256 how = dice % 10;
        Group memory fair = groupOf(draft, told, statements);
        Group[] memory groups;
        if (how == 0) {
            groups = new Group[](0);
        } else if (how < 5) {
            groups = new Group[](1);
        } else {
            groups = new Group[](2);
        }
        if (groups.length != 0) groups[groups.length - 1] = fair;
        // The same fill, by order, in a group before the statements'.
        if (how == 5) groups[0] = groupOf(draft, told, new Statement[](0));
        // The same group twice.
        if (how == 6) groups[0] = fair;
        // A statement of an earlier batch.
        if (how == 7) groups[0] = staleGroup();
        // One unit too many for the exchange, or for nobody.
        if (how == 4) fair.fees[0].units += (dice >> 8) % 2 == 0 ? int64(1) : -1;
        // The fair group fails, and the statements come again in one that is whole.
        if (how == 8) {
            groups[0] = groupOf(draft, told, statements);
            groups[0].fees[0].units += 1;
        }
        // Without the half or the statement of one side.
        if (how == 9) {
            groups[0] = groupOf(draft, told, statements);
            groups[0].statements = new Statement[](0);
        }
        draft.batch.groups = groups;
        draft.genuine = new bool[][](groups.length);
        for (uint256 i = 0; i < groups.length; ++i) {
            draft.genuine[i] = new bool[](groups[i].statements.length);
            for (uint256 k = 0; k < draft.genuine[i].length; ++k) {
                draft.genuine[i][k] = !(how == 7 && i == 0);
            }
        }
        if (statements.length != 0) keepStatement(statements[0]);
    }

    /// @dev Statements for who answers, halves for who does not, and the fees.
    function groupOf(Draft memory draft, Told memory told, Statement[] memory statements)
        private
        pure
        returns (Group memory group)
    {
        group.statements = statements;
        group.halves = new Half[](2 - statements.length);
        uint256 count = 0;
        // The first two orders of the draft are the maker's and the taker's.
        bool isByOrder = statements.length == 0;
        if (isByOrder || !told.makerAnswers) group.halves[count++] = Half(MAKER, 0, told.price, told.lots);
        if (isByOrder || !told.takerAnswers) group.halves[count++] = Half(TAKER, 1, told.price, told.lots);
        group.fees = new FeeRow[](1);
        uint256 notional = uint256(told.price) * told.lots;
        group.fees[0] = FeeRow(USDC, int64(uint64(feeOf(notional, MAKER_PPM) + feeOf(notional, TAKER_PPM))));
        draft.genuine = new bool[][](1);
    }

    function feeOf(uint256 notional, int16 ppm) private pure returns (uint256) {
        return (notional * uint256(int256(ppm)) + 999_999) / 1e6;
    }

    function staleGroup() private view returns (Group memory group) {
        group.fees = new FeeRow[](1);
        group.fees[0] = FeeRow(USDC, 0);
        if (_lastStatement.owner == address(0)) return group;
        group.statements = new Statement[](1);
        group.statements[0] = _lastStatement;
        // Whatever it takes to balance: the exchange would take the rest.
        group.fees = new FeeRow[](2);
        Statement memory old = group.statements[0];
        uint16 base = baseOf(old.market);
        bool baseFirst = old.isIsolated || base < USDC;
        group.fees[0] = FeeRow(base, -old.deltas[baseFirst ? 0 : 1]);
        group.fees[1] = FeeRow(USDC, -old.deltas[baseFirst ? 1 : 0]);
    }

    function keepStatement(Statement memory statement) private {
        Statement storage kept = _lastStatement;
        (kept.owner, kept.key, kept.kind, kept.signature) =
        (statement.owner, statement.key, statement.kind, statement.signature);
        (kept.isIsolated, kept.market, kept.floor) = (statement.isIsolated, statement.market, statement.floor);
        (kept.assets, kept.deltas) = (statement.assets, statement.deltas);
    }

    function statementsOf(Told memory told) private returns (Statement[] memory statements) {
        statements = new Statement[]((told.makerAnswers ? 1 : 0) + (told.takerAnswers ? 1 : 0));
        uint256 count = 0;
        if (told.makerAnswers) statements[count++] = answer(told.maker, told, MAKER_PPM);
        if (told.takerAnswers) statements[count++] = answer(told.taker, told, TAKER_PPM);
    }

    /// @dev What a client signs: its net result, and its orders anew.
    function answer(uint256 number, Told memory told, int16 ppm) private returns (Statement memory statement) {
        TestOrder memory order = _intents[number].order;
        uint16 base = baseOf(order.market);
        statement.owner = order.owner;
        (statement.kind, statement.key) = (order.kind, order.key);
        (statement.isIsolated, statement.market) = (order.flags & ISOLATED != 0, order.market);
        statement.floor = _highestSeq[accountOf(order)];
        uint256 notional = uint256(told.price) * told.lots;
        int64 baseUnits = int64(uint64(told.lots * lotOf(order.market)));
        int64 quoteUnits = int64(uint64(notional));
        if (order.side == BUY) quoteUnits = -quoteUnits;
        else baseUnits = -baseUnits;
        quoteUnits -= int64(uint64(feeOf(notional, ppm)));
        statement.deltas = new int64[](2);
        bool baseFirst = statement.isIsolated || base < USDC;
        (statement.deltas[0], statement.deltas[1]) = baseFirst ? (baseUnits, quoteUnits) : (quoteUnits, baseUnits);
        if (!statement.isIsolated) {
            statement.assets = new uint16[](2);
            (statement.assets[0], statement.assets[1]) = base < USDC ? (base, USDC) : (USDC, base);
        }
        signStatement(statement);
        Word storage word = _words[keccak256(statement.signature)];
        (word.intent, word.lots) = (number, told.lots);
        renew(word, order, statement.floor);
    }

    /// @dev Signs what is left of a client's orders in one market and account, under fresh seqs.
    function renew(Word storage word, TestOrder memory order, uint48 floor) private {
        uint256 account = accountOf(order);
        TestOrder[] memory orders = new TestOrder[](2);
        uint256 count = 0;
        for (uint8 side = BUY; side <= SELL; ++side) {
            uint256 number = _live[placeOf(account, side)];
            if (number == 0 || _intents[number].isOver) continue;
            uint64 left = leftOf(number) - (number == word.intent ? word.lots : 0);
            if (left == 0) continue;
            TestOrder memory fresh = _intents[number].order;
            (fresh.quantity, fresh.seq, fresh.kind, fresh.key) = (left, ++_highestSeq[account], order.kind, order.key);
            _intentOf[idOf(fresh)] = number;
            orders[count++] = fresh;
            word.renewed.push(number);
        }
        if (count == 0) return;
        assembly ("memory-safe") {
            mstore(orders, count)
        }
        word.ladder = _renewals.length;
        KeptLadder storage place = _renewals.push();
        for (uint256 i = 0; i < count; ++i) {
            place.orders.push(orders[i]);
        }
        (place.floor, place.signature) = (floor, sign(order.key, TypedData.ladder(floor, orders)));
    }

    /// @dev Whether an intent's owner sees on the chain that the fill of `lots` is not settled, which it was told of when
    /// `stated` lots were settled by statements. One who sees what it was not told signs nothing of that order any more.
    function isUnsettled(uint256 number, uint64 lots, uint64 stated) private returns (bool) {
        Intent storage intent = _intents[number];
        if (intent.isOver || intent.stated != stated) return false;
        (uint64 seen, bool isSuperseded) = chainFilled(intent.order);
        if (!isSuperseded && seen == intent.known) return true;
        intent.isOver = isSuperseded || seen != intent.known + lots;
        intent.known = seen;
        return false;
    }

    function chainFilled(TestOrder memory order) private view returns (uint64 lots, bool isSuperseded) {
        uint48 seq;
        uint24 tag;
        uint24 mask = type(uint24).max;
        if (order.flags & ISOLATED == 0) {
            (lots, seq, tag) = vault.laneOf(order.owner, baseOf(order.market), order.lane);
        } else if (order.lane != 0) {
            (lots, seq, tag) = vault.isolatedLaneOf(order.owner, order.market, order.lane);
        } else {
            (lots, seq, tag) =
            (
                vault.isolatedOf(order.owner, order.market).filled,
                vault.isolatedOf(order.owner, order.market).seq,
                vault.isolatedOf(order.owner, order.market).tag
            );
            mask = type(uint16).max;
        }
        bytes32 digest = keccak256(abi.encodePacked("\x19\x01", domain, TypedData.order(order)));
        if (seq < order.seq) return (0, false);
        return (lots, seq > order.seq || tag != uint24(uint256(digest)) & mask);
    }

    /// @dev The live intent of a client for a side of a market; a new one if there is none that can still be filled.
    function intentOf(uint256 client, uint32 market, uint8 side, bool isIsolated) private returns (uint256 number) {
        TestOrder memory order = client == 2 ? sessionOrderOf(client, side, 0) : orderOf(client, side, 0);
        order.market = market;
        if (isIsolated) order.flags = ISOLATED;
        uint256 account = accountOf(order);
        (uint48 floor,) = standing(order);
        number = _live[placeOf(account, side)];
        if (number != 0) {
            Intent storage live = _intents[number];
            bool isDead = live.isOver || live.order.seq <= floor || live.order.expiry < vm.getBlockTimestamp();
            if (!isDead && leftOf(number) != 0) return number;
            live.isOver = true;
        }
        number = _intents.length;
        uint48 seq = (floor > _highestSeq[account] ? floor : _highestSeq[account]) + 1;
        _highestSeq[account] = seq;
        order.seq = seq;
        order.lane = number % 3 == 0 ? 0 : uint16(10 + side);
        order.quantity = 60;
        Intent storage intent = _intents.push();
        (intent.order, intent.quantity) = (order, order.quantity);
        intent.signature = sign(order.key, TypedData.order(order));
        _intentOf[idOf(order)] = number;
        _live[placeOf(account, side)] = number;
    }

    function addIntent(Draft memory draft, uint256 number) private view returns (uint256) {
        Intent storage intent = _intents[number];
        if (intent.ladder == 0) return add(draft, intent.order, intent.signature, true);
        KeptLadder storage ladder = _renewals[intent.ladder];
        return addLadder(draft, ladder.orders, ladder.floor, ladder.signature, 1 << intent.position);
    }

    function addRenewal(Draft memory draft, uint256 dice) private view {
        if (_renewals.length == 1) return;
        // The newest ones tempt most.
        uint256 back = dice % 6 + 1;
        KeptLadder storage ladder = _renewals[back < _renewals.length ? _renewals.length - back : 1];
        addLadder(draft, ladder.orders, ladder.floor, ladder.signature, 3);
    }

    function leftOf(uint256 number) private view returns (uint64) {
        Intent storage intent = _intents[number];
        uint64 gone = intent.proved + intent.stated;
        return gone < intent.quantity ? intent.quantity - gone : 0;
    }

    /// @dev The account that an order trades from, and whose floor counts for it.
    function accountOf(TestOrder memory order) private pure returns (uint256) {
        return
            (uint256(uint160(order.owner)) << 40) | (uint256(order.market) << 8) | (order.flags & ISOLATED != 0 ? 1 : 0);
    }

    /// @dev The highest seq that a client ever signed for an account.
    function highestSeqOf(address owner, uint32 market, bool isIsolated) internal view returns (uint48) {
        return _highestSeq[(uint256(uint160(owner)) << 40) | (uint256(market) << 8) | (isIsolated ? 1 : 0)];
    }

    function placeOf(uint256 account, uint8 side) private pure returns (uint256) {
        return (account << 8) | side;
    }
}

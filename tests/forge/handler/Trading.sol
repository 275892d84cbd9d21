// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISettlementAccounts, SkipReason} from "../../../contracts/interfaces/ISettlement.sol";
import {
    Batch,
    CONTRACT_WALLET,
    Fill,
    Group,
    ISOLATED,
    OWNER,
    PayloadWriter,
    SESSION_KEY,
    Section,
    TestOrder
} from "../base/Batches.sol";
import {FickleWallet} from "../base/TestWallets.sol";
import {TypedData} from "../base/TypedData.sol";
import {Rule, Textbook} from "./Textbook.sol";

/// @dev An engine that knows every signature ever made and settles any of them in any order, as often as it likes.
abstract contract Trading is Textbook {
    /// @dev A batch in the making, with what the textbook has to know of it. Arrays are longer than what is in them until
    /// the draft is closed.
    struct Draft {
        Batch batch;
        uint256 sections;
        TestOrder[] orders;
        Proof[] proofs;
        uint256 count;
        bool[][] genuine;
    }

    /// @dev An order that somebody signed, or that somebody forged.
    struct Kept {
        TestOrder order;
        bytes signature;
        bool isGenuine;
    }

    struct KeptLadder {
        TestOrder[] orders;
        uint48 floor;
        bytes signature;
    }

    uint256 private constant POOL = 24;
    uint256 private constant LADDERS = 6;
    /// @dev A lane that only good orders use, so that they are the newest in it.
    uint16 private constant GOOD_LANE = 900;

    bytes32 private constant OTHER_DOMAIN = keccak256("another chain or contract");

    Kept[POOL] private _pool;
    uint256 private _kept;
    KeptLadder[] internal _ladders;
    uint48 private _goodSeq;

    /// @dev Random orders, new and old, and random fills between them.
    function trade(uint256 dice) external {
        if (!isOpen()) return;
        Draft memory draft = newDraft(8, 10, 1 + roll(dice, "fills") % 5);
        uint256 count = 2 + roll(dice, "orders") % 5;
        for (uint256 i = 0; i < count; ++i) {
            addRandom(draft, roll(dice, i));
        }
        if (dice % 4 == 0) addRandomLadder(draft, roll(dice, "ladder"));
        drawFills(draft, dice);
        settleDraft(draft, dice % 8 == 1);
    }

    /// @dev Two good orders settle, whatever rubbish is in the batch with them.
    function tradeHonestly(uint256 dice) external {
        if (!isOpen()) return;
        Draft memory draft = newDraft(8, 10, 3);
        (bool isGood, uint256 maker, uint256 taker) = addGoodPair(draft, dice);
        addRandom(draft, roll(dice, "bad"));
        addRandom(draft, roll(dice, "worse"));
        drawFills(draft, dice);
        // The good fill is the first, so that no other fill has taken the funds.
        draft.batch.fills[0] = Fill(uint16(maker), uint16(taker), uint64(1 + dice % 5));
        Outcome memory outcome = settleDraft(draft, false);
        if (isGood) check(outcome.fills[0] == SkipReason.NONE, Rule.HONEST_SETTLES);
    }

    /// @dev A batch leaves the same state without its bad items, and as batches of one fill each.
    function tradeThreeWays(uint256 dice) external {
        // Costs ten times what another call does.
        if (dice % 4 != 0 || !isOpen()) return;
        Draft memory draft = newDraft(8, 10, 4);
        for (uint256 i = 0; i < 5; ++i) {
            addRandom(draft, roll(dice, i));
        }
        drawFills(draft, dice);
        closeDraft(draft);
        uint256 start = vm.snapshotState();
        Outcome memory together = settleBatch(draft.batch);
        bytes32 expected = stateHash();
        vm.revertToState(start);
        Fill[] memory fills = draft.batch.fills;
        bool same = true;
        for (uint256 i = 0; i < fills.length; ++i) {
            draft.batch.fills = new Fill[](1);
            draft.batch.fills[0] = fills[i];
            same = same && settleBatch(draft.batch).fills[0] == together.fills[i];
        }
        bool oneByOne = same && stateHash() == expected;
        vm.revertToState(start);
        settleBatch(withoutSkipped(draft.batch, fills, together));
        bool withoutBad = stateHash() == expected;
        vm.revertToStateAndDelete(start);
        check(oneByOne, Rule.ONE_BY_ONE);
        check(withoutBad, Rule.BAD_ITEM);
    }

    /// @dev A batch that is not the next one, or not signed by the engine for this vault, is refused whole.
    function forgeBatch(uint256 dice) external {
        if (!isOpen()) return;
        Draft memory draft = newDraft(8, 10, 2);
        addRandom(draft, roll(dice, 0));
        addRandom(draft, roll(dice, 1));
        drawFills(draft, dice);
        closeDraft(draft);
        bytes memory payload = PayloadWriter.write(draft.batch);
        uint64 number = vault.batchNumber() + 1;
        bytes32 previous = vault.batchHash();
        bytes32 hash = TypedData.batch(number, payload, previous, bytes32(0), 0);
        uint256 how = roll(dice, "how") % 7;
        if (how == 0) hash = TypedData.batch(number, payload, keccak256("other"), bytes32(0), 0);
        if (how == 1) hash = TypedData.batch(number + 1, payload, previous, bytes32(0), 0);
        if (how == 2) hash = TypedData.batch(number, payload, previous, bytes32(uint256(1)), 0);
        bytes memory signature = sign(how == 3 ? walletKey(dice % WALLETS) : ENGINE_KEY, hash);
        if (how == 4) signature = signIn(OTHER_DOMAIN, ENGINE_KEY, hash);
        if (how == 5) number = how % 2 == 0 ? number - 1 : number + 1;
        if (how == 6) payload[dice % payload.length] ^= 0x01;
        try vault.settle(payload, number, bytes32(0), 0, signature) {
            check(false, how == 1 || how == 5 ? Rule.WRONG_BATCH : Rule.FORGED_BATCH);
        } catch {}
    }

    function roll(uint256 dice, uint256 salt) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode(dice, salt)));
    }

    function roll(uint256 dice, string memory salt) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode(dice, salt)));
    }

    /// @dev Whether batches settle now. An engine that lost its key gets it back.
    function isOpen() internal returns (bool) {
        if (vault.pausedUntil() > vm.getBlockTimestamp()) return false;
        if (vault.engineKey() == address(0)) vault.setEngineKey(vm.addr(ENGINE_KEY));
        return true;
    }

    function newDraft(uint256 sections, uint256 orders, uint256 fills) internal pure returns (Draft memory draft) {
        draft.batch.sections = new Section[](sections);
        draft.batch.fills = new Fill[](fills);
        draft.orders = new TestOrder[](orders);
        draft.proofs = new Proof[](orders);
    }

    /// @dev Cuts the arrays to what is in them.
    function closeDraft(Draft memory draft) internal pure {
        Section[] memory sections = draft.batch.sections;
        uint256 count = draft.sections;
        assembly ("memory-safe") {
            mstore(sections, count)
        }
        setTables(draft.batch);
    }

    function settleDraft(Draft memory draft, bool isRepeated) internal returns (Outcome memory outcome) {
        closeDraft(draft);
        bytes memory payload = PayloadWriter.write(draft.batch);
        uint64 number = vault.batchNumber() + 1;
        bytes32 hash = TypedData.batch(number, payload, vault.batchHash(), bytes32(uint256(number)), number);
        bytes memory signature = sign(ENGINE_KEY, hash);
        vm.recordLogs();
        vault.settle(payload, number, bytes32(uint256(number)), number, signature);
        outcome = readOutcome(draft.batch.fills.length, draft.batch.groups.length);
        bytes32 digest = keccak256(abi.encodePacked("\x19\x01", domain, hash));
        chain = (digest & ~bytes32(uint256(type(uint80).max))) | bytes32(uint256(number));
        lastBatchAt = uint40(vm.getBlockTimestamp());
        bookBatch(draft.batch, draft.orders, draft.proofs, draft.genuine, outcome);
        if (!isRepeated) return outcome;
        try vault.settle(payload, number, bytes32(uint256(number)), number, signature) {
            check(false, Rule.PAYLOAD_ACCEPTED_ONCE);
        } catch {}
    }

    /// @dev Adds an order with a signature in a section of its own.
    function add(Draft memory draft, TestOrder memory order, bytes memory signature, bool isGenuine)
        internal
        view
        returns (uint256 index)
    {
        Section memory section = draft.batch.sections[draft.sections++];
        (section.kind, section.market) = (order.kind, order.market);
        section.orders = new TestOrder[](1);
        section.orders[0] = order;
        section.signatures = new bytes[](1);
        section.signatures[0] = signature;
        if (order.kind == CONTRACT_WALLET) isGenuine = agrees(isGenuine);
        return _number(draft, order, Proof(isGenuine, 0));
    }

    /// @dev Adds a ladder of which the orders in `used`, one bit each, take numbers.
    function addLadder(
        Draft memory draft,
        TestOrder[] memory orders,
        uint48 floor,
        bytes memory signature,
        uint256 used
    ) internal view returns (uint256 first) {
        Section memory section = draft.batch.sections[draft.sections++];
        (section.kind, section.market, section.isLadder) = (orders[0].kind, orders[0].market, true);
        (section.floor, section.orders) = (floor, orders);
        section.used = new bool[](orders.length);
        section.signatures = new bytes[](1);
        section.signatures[0] = signature;
        bool isGenuine = orders[0].kind != CONTRACT_WALLET || agrees(true);
        first = draft.count;
        for (uint256 i = 0; i < orders.length; ++i) {
            section.used[i] = used & (1 << i) != 0;
            if (section.used[i]) _number(draft, orders[i], Proof(isGenuine, floor));
        }
    }

    /// @dev Whether the contract wallet says that a signature is its own.
    function agrees(bool isGenuine) internal view returns (bool) {
        FickleWallet.Mood mood = fickle.mood();
        return mood == FickleWallet.Mood.HONEST ? isGenuine : mood == FickleWallet.Mood.LONG_ANSWER;
    }

    function _number(Draft memory draft, TestOrder memory order, Proof memory proof)
        private
        pure
        returns (uint256 index)
    {
        index = draft.count++;
        draft.orders[index] = order;
        draft.proofs[index] = proof;
    }

    function drawFills(Draft memory draft, uint256 dice) internal pure {
        Fill[] memory fills = draft.batch.fills;
        for (uint256 i = 0; i < fills.length; ++i) {
            uint256 die = roll(dice, 1000 + i);
            uint256 maker = die % draft.count;
            uint256 taker = (die >> 16) % draft.count;
            // Look for two that may match: most pairs that are drawn would not.
            for (uint256 k = 0; k < draft.count ** 2 && !mayMatch(draft.orders[maker], draft.orders[taker]); ++k) {
                taker = (taker + 1) % draft.count;
                if (k % draft.count == 0) maker = (maker + 1) % draft.count;
            }
            fills[i] = Fill(uint16(maker), uint16(taker), uint64((die >> 32) % 40) * ((die >> 48) % 16 == 0 ? 1e6 : 1));
        }
    }

    function mayMatch(TestOrder memory left, TestOrder memory right) private pure returns (bool) {
        return left.side != right.side && left.market == right.market;
    }

    /// @dev Adds a new order, or one that was signed before.
    function addRandom(Draft memory draft, uint256 dice) internal returns (uint256) {
        if (_kept != 0 && dice % 4 == 0) {
            Kept storage kept = _pool[(dice >> 8) % (_kept < POOL ? _kept : POOL)];
            TestOrder memory old = kept.order;
            // The rates and the slide are the engine's to choose each time.
            setTerms(old, roll(dice, "terms"));
            return add(draft, old, kept.signature, kept.isGenuine);
        }
        TestOrder memory order = randomOrder(dice);
        bool isGenuine = (dice >> 16) % 16 != 0;
        bytes memory signature = isGenuine ? sign(order.key, TypedData.order(order)) : forge(order, dice >> 24);
        Kept storage place = _pool[_kept++ % POOL];
        (place.order, place.signature, place.isGenuine) = (order, signature, isGenuine);
        return add(draft, order, signature, isGenuine);
    }

    function addRandomLadder(Draft memory draft, uint256 dice) internal {
        if (_ladders.length != 0 && dice % 2 == 0) {
            KeptLadder storage old = _ladders[(dice >> 8) % _ladders.length];
            addLadder(draft, old.orders, old.floor, old.signature, someOf(old.orders.length, dice >> 16));
            return;
        }
        TestOrder[] memory orders = new TestOrder[](1 + (dice >> 24) % 3);
        orders[0] = randomOrder(dice);
        for (uint256 i = 1; i < orders.length; ++i) {
            orders[i] = randomOrder(roll(dice, i));
            (orders[i].owner, orders[i].key, orders[i].kind) = (orders[0].owner, orders[0].key, orders[0].kind);
            orders[i].market = orders[0].market;
        }
        (uint48 floor,) = standing(orders[0]);
        // Due already, or a little later, or not soon.
        floor = uint48(floor + ((dice >> 32) % 3 == 0 ? (dice >> 40) % 3 : 0));
        bytes memory signature = sign(orders[0].key, TypedData.ladder(floor, orders));
        keepLadder(orders, floor, signature);
        addLadder(draft, orders, floor, signature, someOf(orders.length, dice >> 16));
    }

    /// @dev One bit for each of `count` orders, one of them set at least: a ladder of which none is used has no room.
    function someOf(uint256 count, uint256 dice) private pure returns (uint256) {
        return 1 + dice % (2 ** count - 1);
    }

    function keepLadder(TestOrder[] memory orders, uint48 floor, bytes memory signature)
        internal
        returns (KeptLadder storage place)
    {
        place = _ladders.length < LADDERS ? _ladders.push() : _ladders[uint256(keccak256(signature)) % LADDERS];
        delete place.orders;
        for (uint256 i = 0; i < orders.length; ++i) {
            place.orders.push(orders[i]);
        }
        (place.floor, place.signature) = (floor, signature);
    }

    /// @dev Few accounts, lanes and seqs just above the floor, so that orders come back, collide and are superseded.
    function randomOrder(uint256 dice) private view returns (TestOrder memory order) {
        uint256 account = dice % ACCOUNTS;
        order = account != WALLETS && (dice >> 8) % 4 == 0
            ? sessionOrderOf(account, uint8((dice >> 16) % 2), 0)
            : orderOf(account, uint8((dice >> 16) % 2), 0);
        if ((dice >> 24) % 3 == 0) order.market = BTC_USDC;
        if ((dice >> 32) % 5 < 2) order.flags = ISOLATED;
        order.price = uint64((order.side == BUY ? 50 : 48) + (dice >> 40) % 3);
        order.quantity = uint64(1 + (dice >> 48) % 60);
        order.lane = uint16((dice >> 56) % 3);
        if ((dice >> 64) % 16 == 0) order.expiry = uint40(vm.getBlockTimestamp()) - 1;
        if ((dice >> 72) % 16 == 0) order.maxFeeBps = uint16((dice >> 80) % 60);
        order.flags |= uint16(dice >> 96) & 0x3ff;
        (uint48 floor,) = standing(order);
        order.seq = (dice >> 120) % 16 == 0 ? floor : uint48(floor + 1 + (dice >> 112) % 6);
        setTerms(order, roll(dice, "terms"));
    }

    function setTerms(TestOrder memory order, uint256 dice) private pure {
        order.makerPpm = int16(uint16(dice % 3000)) - 1000;
        order.takerPpm = int16(uint16((dice >> 16) % 5100));
        order.slide = (order.flags >> 5) & 3 == 2 ? uint64((dice >> 32) % 4) : uint64((dice >> 40) % 2);
    }

    /// @dev A signature that is not the owner's for this order here.
    function forge(TestOrder memory order, uint256 dice) private view returns (bytes memory) {
        bytes32 hash = TypedData.order(order);
        uint256 how = dice % 6;
        if (how == 0) return signIn(OTHER_DOMAIN, order.key, hash);
        if (how == 1) return sign(order.key + 7, hash);
        if (how == 2) return new bytes(64);
        TestOrder memory other = abi.decode(abi.encode(order), (TestOrder));
        if (how == 3) other.market = other.market == QTRA_USDC ? BTC_USDC : QTRA_USDC;
        if (how == 4) other.lane ^= 1;
        if (how == 5) other.flags ^= ISOLATED;
        return sign(order.key, TypedData.order(other));
    }

    /// @dev Adds two orders that nothing speaks against, if there are accounts which have the funds and have not left.
    function addGoodPair(Draft memory draft, uint256 dice) private returns (bool isGood, uint256 maker, uint256 taker) {
        bool isIsolated = dice % 2 == 0;
        uint256 seller = (dice >> 8) % WALLETS;
        TestOrder memory sell = orderOf(seller, SELL, 0);
        TestOrder memory buy = orderOf((seller + 1) % WALLETS, BUY, 0);
        (sell.lane, buy.lane) = (GOOD_LANE, GOOD_LANE);
        if (isIsolated) sell.flags = ISOLATED;
        if ((dice >> 16) % 2 == 0) buy.flags = ISOLATED;
        (bool sells, uint48 sellFloor) = prepare(sell);
        (bool buys, uint48 buyFloor) = prepare(buy);
        _goodSeq = sellFloor > _goodSeq ? sellFloor : _goodSeq;
        _goodSeq = buyFloor > _goodSeq ? buyFloor + 1 : _goodSeq + 1;
        (sell.seq, buy.seq) = (_goodSeq, _goodSeq);
        maker = add(draft, sell, sign(sell.key, TypedData.order(sell)), true);
        taker = add(draft, buy, sign(buy.key, TypedData.order(buy)), true);
        isGood = sells && buys && _goodSeq < 2 ** 42;
    }

    function prepare(TestOrder memory order) private view returns (bool isGood, uint48 floor) {
        bool left;
        (floor, left) = standing(order);
        uint256[2] storage units = _isolated[order.owner][order.market];
        bool isIsolated = order.flags & ISOLATED != 0;
        uint256 base = isIsolated ? units[0] : unified[order.owner][baseOf(order.market)];
        uint256 quote = isIsolated ? units[1] : unified[order.owner][USDC];
        isGood = !left && base >= 5e6 && quote >= 1000;
    }

    function withoutSkipped(Batch memory batch, Fill[] memory fills, Outcome memory outcome)
        private
        pure
        returns (Batch memory)
    {
        uint256 count = 0;
        batch.fills = new Fill[](fills.length);
        for (uint256 i = 0; i < fills.length; ++i) {
            if (outcome.fills[i] == SkipReason.NONE) batch.fills[count++] = fills[i];
        }
        Fill[] memory left = batch.fills;
        assembly ("memory-safe") {
            mstore(left, count)
        }
        return batch;
    }

    /// @dev Everything that trading can change, but the chain of batches.
    function stateHash() internal view returns (bytes32 hash) {
        for (uint256 i = 0; i < ACCOUNTS; ++i) {
            address owner = wallet(i);
            for (uint16 asset = QTRA; asset <= BTC; ++asset) {
                hash = keccak256(abi.encode(hash, vault.slotOf(owner, asset), vault.feesOf(asset)));
            }
            for (uint32 market = QTRA_USDC; market <= BTC_USDC; ++market) {
                hash = keccak256(abi.encode(hash, vault.isolatedOf(owner, market)));
                for (uint16 lane = 1; lane < 3; ++lane) {
                    (uint64 lots, uint48 seq, uint24 tag) = vault.laneOf(owner, baseOf(market), lane);
                    hash = keccak256(abi.encode(hash, lots, seq, tag));
                    (lots, seq, tag) = vault.isolatedLaneOf(owner, market, lane);
                    hash = keccak256(abi.encode(hash, lots, seq, tag));
                }
                if (i < WALLETS) {
                    hash = keccak256(abi.encode(hash, vault.sessionOf(owner, addressOf(sessionKeyOf(i)), market)));
                }
            }
        }
    }
}

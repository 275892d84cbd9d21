// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ExchangeAccess} from "../../../contracts/access/ExchangeAccess.sol";
import {
    ISettlement,
    ISettlementAccounts,
    ISettlementBatches,
    SkipReason
} from "../../../contracts/interfaces/ISettlement.sol";
import {TestToken} from "../../../contracts/mocks/TestToken.sol";
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
    Statement,
    TestOrder
} from "./Batches.sol";
import {TestBase, Vm} from "./TestBase.sol";
import {FickleWallet} from "./TestWallets.sol";
import {TypedData} from "./TypedData.sol";

/// @dev A vault with three assets, two markets and a few funded accounts. This contract is its administrator.
abstract contract SettlementFixture is TestBase {
    /// @dev What a batch did: a reason for each fill and each net group, NONE if it settled, and the item of a group.
    struct Outcome {
        SkipReason[] fills;
        SkipReason[] groups;
        uint32[] items;
    }

    uint16 internal constant QTRA = 1;
    uint16 internal constant USDC = 2;
    uint16 internal constant BTC = 3;
    uint32 internal constant QTRA_USDC = 1;
    uint32 internal constant BTC_USDC = 2;
    uint64 internal constant QTRA_SCALE = 1e10;
    uint8 internal constant BUY = 0;
    uint8 internal constant SELL = 1;
    uint256 internal constant ENGINE_KEY = 0xE17612E;
    /// @dev Wallets that hold a key; the contract wallet comes after them.
    uint256 internal constant WALLETS = 4;
    uint256 internal constant ACCOUNTS = WALLETS + 1;
    uint64 internal constant FUNDS = 1e15;
    uint64 internal constant UNLIMITED = type(uint64).max;
    uint40 internal constant FOREVER = type(uint40).max;
    /// @dev All instructions that an order can sign, and the one that lets the engine slide its price.
    uint16 internal constant FLAGS_MAX = 0x7ff;
    uint16 internal constant SLIDE = 2 << 5;

    ExchangeAccess internal access;
    ISettlement internal vault;
    TestToken internal qtra;
    TestToken internal usdc;
    TestToken internal btc;
    FickleWallet internal fickle;
    bytes32 internal domain;
    address[] private _wallets;
    mapping(uint256 key => address) private _addresses;

    function setUp() public virtual {
        vm.warp(1_750_000_000);
        access = new ExchangeAccess(address(this));
        vault = deployVault();
        domain = vault.domainSeparator();
        qtra = new TestToken("Quanta", "QTRA", 18);
        usdc = new TestToken("USD Coin", "USDC", 6);
        btc = new TestToken("Bitcoin", "BTC", 8);
        vault.listAsset(QTRA, address(qtra), QTRA_SCALE);
        vault.listAsset(USDC, address(usdc), 1);
        vault.listAsset(BTC, address(btc), 1);
        vault.listMarket(QTRA_USDC, ISettlementAccounts.Market(QTRA, USDC, 1e6, 1));
        vault.listMarket(BTC_USDC, ISettlementAccounts.Market(BTC, USDC, 1e3, 1));
        for (uint256 i = 0; i < WALLETS; ++i) {
            _wallets.push(vm.addr(walletKey(i)));
            _addresses[sessionKeyOf(i)] = vm.addr(sessionKeyOf(i));
        }
        fickle = new FickleWallet(vm.addr(walletKey(WALLETS)));
        _wallets.push(address(fickle));
        for (uint256 i = 0; i < ACCOUNTS; ++i) {
            for (uint16 asset = QTRA; asset <= BTC; ++asset) {
                fund(_wallets[i], asset, FUNDS);
            }
            for (uint32 market = QTRA_USDC; market <= BTC_USDC; ++market) {
                fundIsolated(_wallets[i], market, baseOf(market), FUNDS);
                fundIsolated(_wallets[i], market, USDC, FUNDS);
            }
        }
    }

    /// @dev From the artifact, so that a change of a test does not compile the contract again.
    function deployVault() internal returns (ISettlement) {
        return ISettlement(vm.deployCode("Settlement.sol:Settlement", abi.encode(address(access), vm.addr(ENGINE_KEY))));
    }

    function walletKey(uint256 index) internal pure returns (uint256) {
        return 0xA11CE + index;
    }

    /// @dev The address of a test's wallet; one past the first few owns nothing.
    function wallet(uint256 index) internal view returns (address) {
        return index < ACCOUNTS ? _wallets[index] : vm.addr(walletKey(index));
    }

    /// @dev The address of a key: of those that are used often from memory, because it takes long to derive.
    function addressOf(uint256 key) internal view returns (address) {
        address known = _addresses[key];
        return known != address(0) ? known : vm.addr(key);
    }

    function sessionKeyOf(uint256 index) internal pure returns (uint256) {
        return 0x5E5510 + index;
    }

    function tokenOf(uint16 asset) internal view returns (TestToken) {
        return asset == QTRA ? qtra : asset == USDC ? usdc : btc;
    }

    function scaleOf(uint16 asset) internal pure returns (uint64) {
        return asset == QTRA ? QTRA_SCALE : 1;
    }

    function baseOf(uint32 market) internal pure returns (uint16) {
        return market == QTRA_USDC ? QTRA : BTC;
    }

    function lotOf(uint32 market) internal pure returns (uint256 baseUnits) {
        return market == QTRA_USDC ? 1e6 : 1e3;
    }

    function fund(address owner, uint16 asset, uint64 units) internal {
        uint256 amount = mintFor(asset, units);
        vault.depositFor(owner, asset, amount);
    }

    function fundIsolated(address owner, uint32 market, uint16 asset, uint64 units) internal {
        uint256 amount = mintFor(asset, units);
        vault.depositIsolatedFor(owner, market, asset, amount);
    }

    function mintFor(uint16 asset, uint64 units) private returns (uint256 amount) {
        amount = uint256(units) * scaleOf(asset);
        tokenOf(asset).mint(address(this), amount);
        tokenOf(asset).approve(address(vault), amount);
    }

    /// @dev A good order of a wallet: 100 lots at 50 ticks in QTRA/USDC, the usual fees.
    function orderOf(uint256 index, uint8 side, uint48 seq) internal view returns (TestOrder memory) {
        return TestOrder({
            owner: wallet(index),
            key: walletKey(index),
            kind: index == WALLETS ? CONTRACT_WALLET : OWNER,
            market: QTRA_USDC,
            side: side,
            price: 50,
            quantity: 100,
            expiry: uint40(vm.getBlockTimestamp() + 30 days),
            seq: seq,
            lane: 0,
            maxFeeBps: 50,
            flags: 0,
            makerPpm: 1500,
            takerPpm: 2500,
            slide: 0
        });
    }

    /// @dev The same from the wallet's isolated account.
    function isolatedOrderOf(uint256 index, uint8 side, uint48 seq) internal view returns (TestOrder memory order) {
        order = orderOf(index, side, seq);
        order.flags = ISOLATED;
    }

    /// @dev The same signed by the wallet's session key.
    function sessionOrderOf(uint256 index, uint8 side, uint48 seq) internal view returns (TestOrder memory order) {
        order = orderOf(index, side, seq);
        (order.kind, order.key) = (SESSION_KEY, sessionKeyOf(index));
    }

    function pair(TestOrder memory maker, TestOrder memory taker) internal pure returns (TestOrder[] memory orders) {
        orders = new TestOrder[](2);
        (orders[0], orders[1]) = (maker, taker);
    }

    function oneFill(uint64 quantity) internal pure returns (Fill[] memory fills) {
        fills = new Fill[](1);
        fills[0] = Fill(0, 1, quantity);
    }

    /// @dev The ERC-2098 signature of a struct in the vault's domain.
    function sign(uint256 key, bytes32 structHash) internal view returns (bytes memory) {
        return signIn(domain, key, structHash);
    }

    function signIn(bytes32 domain_, uint256 key, bytes32 structHash) internal pure returns (bytes memory) {
        (bytes32 r, bytes32 vs) = vm.signCompact(key, keccak256(abi.encodePacked("\x19\x01", domain_, structHash)));
        return abi.encodePacked(r, vs);
    }

    function signStatement(Statement memory statement) internal view {
        bytes32 hash = TypedData.statement(statement, vault.batchNumber() + 1, vault.batchHash());
        statement.signature = sign(statement.key, hash);
    }

    /// @dev A signed statement of a wallet over the two assets of the first market, with a floor of 7.
    function stated(uint256 index, int64 base, int64 quote, bool isIsolated)
        internal
        view
        returns (Statement memory statement)
    {
        (statement.owner, statement.key, statement.market) = (wallet(index), walletKey(index), QTRA_USDC);
        (statement.floor, statement.isIsolated) = (7, isIsolated);
        statement.deltas = new int64[](2);
        (statement.deltas[0], statement.deltas[1]) = (base, quote);
        if (!isIsolated) {
            statement.assets = new uint16[](2);
            (statement.assets[0], statement.assets[1]) = (QTRA, USDC);
        }
        signStatement(statement);
    }

    /// @dev A section for every run of orders of one market and kind, each order signed by its key.
    function sectionsOf(TestOrder[] memory orders) internal view returns (Section[] memory sections) {
        uint256 count = 0;
        for (uint256 i = 0; i < orders.length; ++i) {
            if (i == 0 || !_together(orders[i - 1], orders[i])) ++count;
        }
        sections = new Section[](count);
        uint256 first = 0;
        for (uint256 i = 0; i < count; ++i) {
            uint256 end = first + 1;
            while (end < orders.length && _together(orders[first], orders[end])) ++end;
            sections[i] = _sectionOf(orders, first, end);
            first = end;
        }
    }

    /// @dev One ladder over orders of one owner, signed by the first one's key. All are used.
    function ladderOf(TestOrder[] memory orders, uint48 floor) internal view returns (Section memory section) {
        section.kind = orders[0].kind;
        section.market = orders[0].market;
        section.isLadder = true;
        section.floor = floor;
        section.orders = orders;
        section.used = new bool[](orders.length);
        for (uint256 i = 0; i < orders.length; ++i) {
            section.used[i] = true;
        }
        section.signatures = new bytes[](1);
        section.signatures[0] = sign(orders[0].key, TypedData.ladder(floor, orders));
    }

    function batchOf(TestOrder[] memory orders, Fill[] memory fills) internal view returns (Batch memory batch) {
        batch.sections = sectionsOf(orders);
        batch.fills = fills;
        setTables(batch);
    }

    function setTables(Batch memory batch) internal pure {
        batch.markets = new uint32[](2);
        (batch.markets[0], batch.markets[1]) = (QTRA_USDC, BTC_USDC);
        if (batch.groups.length == 0) return;
        batch.assets = new uint16[](3);
        (batch.assets[0], batch.assets[1], batch.assets[2]) = (QTRA, USDC, BTC);
    }

    function signBatch(bytes memory payload, uint64 number) internal view returns (bytes memory) {
        return sign(ENGINE_KEY, TypedData.batch(number, payload, vault.batchHash(), bytes32(0), 0));
    }

    /// @dev Settles a payload as the next batch.
    function settlePayload(bytes memory payload) internal {
        uint64 number = vault.batchNumber() + 1;
        vault.settle(payload, number, bytes32(0), 0, signBatch(payload, number));
    }

    function settleBatch(Batch memory batch) internal returns (Outcome memory) {
        vm.recordLogs();
        settlePayload(PayloadWriter.write(batch));
        return readOutcome(batch.fills.length, batch.groups.length);
    }

    /// @dev Settles orders and fills, and says why each fill was skipped (NONE if it settled).
    function settle(TestOrder[] memory orders, Fill[] memory fills) internal returns (SkipReason[] memory reasons) {
        return settleBatch(batchOf(orders, fills)).fills;
    }

    function settlePair(TestOrder memory maker, TestOrder memory taker, uint64 quantity) internal returns (SkipReason) {
        return settle(pair(maker, taker), oneFill(quantity))[0];
    }

    /// @dev Settles one net group beside the sections of these orders.
    function settleGroup(TestOrder[] memory orders, Group memory group) internal returns (SkipReason, uint32 item) {
        Batch memory batch;
        batch.sections = sectionsOf(orders);
        batch.groups = new Group[](1);
        batch.groups[0] = group;
        setTables(batch);
        Outcome memory outcome = settleBatch(batch);
        return (outcome.groups[0], outcome.items[0]);
    }

    /// @dev Reads the recorded logs of one settlement, and checks that they agree with each other.
    function readOutcome(uint256 fillCount, uint256 groupCount) internal returns (Outcome memory outcome) {
        outcome.fills = new SkipReason[](fillCount);
        outcome.groups = new SkipReason[](groupCount);
        outcome.items = new uint32[](groupCount);
        uint256 fillsSkipped = 0;
        uint256 groupsSkipped = 0;
        bool settled = false;
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            bytes32 topic = logs[i].topics[0];
            if (topic == ISettlementBatches.FillSkipped.selector) {
                (uint32 fill, SkipReason reason) = abi.decode(logs[i].data, (uint32, SkipReason));
                assertTrue(outcome.fills[fill] == SkipReason.NONE && reason != SkipReason.NONE, "one skip a fill");
                outcome.fills[fill] = reason;
                ++fillsSkipped;
            } else if (topic == ISettlementBatches.NetGroupSkipped.selector) {
                (uint32 group, SkipReason reason, uint32 item) = abi.decode(logs[i].data, (uint32, SkipReason, uint32));
                assertTrue(outcome.groups[group] == SkipReason.NONE && reason != SkipReason.NONE, "one skip a group");
                (outcome.groups[group], outcome.items[group]) = (reason, item);
                ++groupsSkipped;
            } else if (topic == ISettlementBatches.BatchSettled.selector) {
                (,,, uint32 fills, uint32 skips) = abi.decode(logs[i].data, (bytes32, bytes32, uint64, uint32, uint32));
                assertEq(fills, fillCount - fillsSkipped, "fills of the event");
                assertEq(skips, fillsSkipped + groupsSkipped, "skips of the event");
                settled = true;
            }
        }
        assertTrue(settled, "batch event");
    }

    function _together(TestOrder memory left, TestOrder memory right) private pure returns (bool) {
        return left.market == right.market && left.kind == right.kind;
    }

    function _sectionOf(TestOrder[] memory orders, uint256 first, uint256 end)
        private
        view
        returns (Section memory section)
    {
        section.kind = orders[first].kind;
        section.market = orders[first].market;
        section.orders = new TestOrder[](end - first);
        section.signatures = new bytes[](end - first);
        for (uint256 i = first; i < end; ++i) {
            section.orders[i - first] = orders[i];
            section.signatures[i - first] = sign(orders[i].key, TypedData.order(orders[i]));
        }
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ExchangeAccess} from "../../../contracts/access/ExchangeAccess.sol";
import {ISettlement, SkipReason} from "../../../contracts/interfaces/ISettlement.sol";
import {TestToken} from "../../../contracts/mocks/TestToken.sol";
import {Settlement} from "../../../contracts/settlement/Settlement.sol";
import {PayloadWriter, TestFill, TestOrder} from "./Batches.sol";
import {TestBase, Vm} from "./TestBase.sol";

/// @dev A vault with two assets, two markets and a few funded wallets. This contract is its administrator.
abstract contract SettlementFixture is TestBase {
    uint16 internal constant QTRA = 1;
    uint16 internal constant USDC = 2;
    uint16 internal constant BTC = 3;
    uint32 internal constant QTRA_USDC = 1;
    uint32 internal constant BTC_USDC = 2;
    uint64 internal constant QTRA_SCALE = 1e10;
    uint8 internal constant BUY = 0;
    uint8 internal constant SELL = 1;
    uint256 internal constant ENGINE_KEY = 0xE17612E;
    uint256 internal constant WALLETS = 4;
    uint64 internal constant FUNDS = 1e15;
    /// @dev All instructions that an order can sign, and the one that lets the engine slide its price.
    uint16 internal constant FLAGS_MAX = 0x3ff;
    uint16 internal constant SLIDE = 2 << 5;

    bytes32 private constant BATCH_TYPEHASH = keccak256(
        "Batch(uint64 number,bytes32 payloadHash,bytes32 previousHash,bytes32 journalRoot,uint64 throughSequence)"
    );

    ExchangeAccess internal access;
    Settlement internal vault;
    TestToken internal qtra;
    TestToken internal usdc;
    TestToken internal btc;

    function setUp() public virtual {
        vm.warp(1_750_000_000);
        access = new ExchangeAccess(address(this));
        vault = new Settlement(address(access), vm.addr(ENGINE_KEY));
        qtra = new TestToken("Quanta", "QTRA", 18);
        usdc = new TestToken("USD Coin", "USDC", 6);
        btc = new TestToken("Bitcoin", "BTC", 8);
        vault.listAsset(QTRA, address(qtra), QTRA_SCALE);
        vault.listAsset(USDC, address(usdc), 1);
        vault.listAsset(BTC, address(btc), 1);
        vault.listMarket(QTRA_USDC, ISettlement.Market(QTRA, USDC, 1e6, 1));
        vault.listMarket(BTC_USDC, ISettlement.Market(BTC, USDC, 1e3, 1));
        for (uint256 i = 0; i < WALLETS; ++i) {
            fund(wallet(i), QTRA, FUNDS);
            fund(wallet(i), USDC, FUNDS);
            fund(wallet(i), BTC, FUNDS);
        }
    }

    function walletKey(uint256 index) internal pure returns (uint256) {
        return 0xA11CE + index;
    }

    function wallet(uint256 index) internal pure returns (address) {
        return vm.addr(walletKey(index));
    }

    function tokenOf(uint16 asset) internal view returns (TestToken) {
        return asset == QTRA ? qtra : asset == USDC ? usdc : btc;
    }

    function scaleOf(uint16 asset) internal pure returns (uint64) {
        return asset == QTRA ? QTRA_SCALE : 1;
    }

    function fund(address owner, uint16 asset, uint64 units) internal {
        uint256 amount = uint256(units) * scaleOf(asset);
        tokenOf(asset).mint(address(this), amount);
        tokenOf(asset).approve(address(vault), amount);
        vault.depositFor(owner, asset, amount);
    }

    /// @dev A good order of a wallet: 100 lots at 50 ticks in QTRA/USDC, the usual fees.
    function orderOf(uint256 index, uint8 side, uint48 seq) internal view returns (TestOrder memory) {
        return TestOrder({
            key: walletKey(index),
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

    function pair(TestOrder memory maker, TestOrder memory taker) internal pure returns (TestOrder[] memory orders) {
        orders = new TestOrder[](2);
        (orders[0], orders[1]) = (maker, taker);
    }

    function oneFill(uint64 quantity) internal pure returns (TestFill[] memory fills) {
        fills = new TestFill[](1);
        fills[0] = TestFill(0, 1, quantity);
    }

    function signDigest(uint256 key, bytes32 structHash) internal view returns (uint8 v, bytes32 r, bytes32 s) {
        return vm.sign(key, keccak256(abi.encodePacked("\x19\x01", vault.domainSeparator(), structHash)));
    }

    function signatureOf(uint256 key, bytes32 structHash) internal view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = signDigest(key, structHash);
        return abi.encodePacked(r, s, v);
    }

    /// @dev The EIP-2098 signature of an order.
    function signOrder(TestOrder memory order) internal view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = signDigest(order.key, PayloadWriter.structHash(order));
        return abi.encodePacked(r, uint256(s) | (uint256(v - 27) << 255));
    }

    function payloadOf(TestOrder[] memory orders, TestFill[] memory fills) internal view returns (bytes memory) {
        return PayloadWriter.write(orders, signaturesOf(orders), fills);
    }

    function signaturesOf(TestOrder[] memory orders) internal view returns (bytes[] memory signatures) {
        signatures = new bytes[](orders.length);
        for (uint256 i = 0; i < orders.length; ++i) {
            signatures[i] = signOrder(orders[i]);
        }
    }

    function signBatch(bytes memory payload, uint64 number) internal view returns (bytes memory) {
        bytes32 hash =
            keccak256(abi.encode(BATCH_TYPEHASH, number, keccak256(payload), vault.batchHash(), bytes32(0), uint64(0)));
        return signatureOf(ENGINE_KEY, hash);
    }

    /// @dev Settles a payload as the next batch.
    function settlePayload(bytes memory payload) internal {
        uint64 number = vault.batchNumber() + 1;
        vault.settle(payload, number, bytes32(0), 0, signBatch(payload, number));
    }

    /// @dev Settles orders and fills, and says why each fill was skipped (NONE if it settled).
    function settle(TestOrder[] memory orders, TestFill[] memory fills) internal returns (SkipReason[] memory reasons) {
        bytes memory payload = payloadOf(orders, fills);
        vm.recordLogs();
        settlePayload(payload);
        return skipReasons(fills.length);
    }

    function settlePair(TestOrder memory maker, TestOrder memory taker, uint64 quantity) internal returns (SkipReason) {
        return settle(pair(maker, taker), oneFill(quantity))[0];
    }

    /// @dev Reads the recorded logs of one settlement, and checks that they agree with each other.
    function skipReasons(uint256 fillCount) internal returns (SkipReason[] memory reasons) {
        reasons = new SkipReason[](fillCount);
        uint256 skipped = 0;
        bool settled = false;
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics[0] == ISettlement.FillSkipped.selector) {
                (uint32 fill, SkipReason reason) = abi.decode(logs[i].data, (uint32, SkipReason));
                reasons[fill] = reason;
                ++skipped;
            } else if (logs[i].topics[0] == ISettlement.BatchSettled.selector) {
                (,,, uint32 fills, uint32 skips) = abi.decode(logs[i].data, (bytes32, bytes32, uint64, uint32, uint32));
                assertEq(fills + skips, fillCount, "fills of the event");
                assertEq(skips, skipped, "skips of the event");
                settled = true;
            }
        }
        assertTrue(settled, "batch event");
    }
}

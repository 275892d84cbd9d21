// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISettlementAccounts, ISettlementBatches, SkipReason} from "../../contracts/interfaces/ISettlement.sol";
import {
    Batch,
    FeeRow,
    Fill,
    Group,
    Half,
    ISOLATED,
    OWNER,
    PayloadWriter,
    Section,
    Statement,
    TAKER,
    TestOrder
} from "./base/Batches.sol";
import {SettlementFixture} from "./base/SettlementFixture.sol";

/// @dev A batch with everything in it, of which each byte is changed in every way that matters: by the submitter, who has to
/// send what the engine signed, and by an engine that signs what it changed. Every account signed one thing only, so what
/// may become of it is known.
contract SettlementMutationTest is SettlementFixture {
    /// @dev A wallet that is in nothing.
    uint256 private constant BYSTANDER = 3;
    uint64 private constant PRICE = 50;
    uint64 private constant LOTS = 100;
    uint8[6] private _flips = [0x01, 0x02, 0x10, 0x80, 0xff, 0x7f];

    function setUp() public override {
        super.setUp();
        vm.prank(wallet(1));
        vault.setSessionKey(vm.addr(sessionKeyOf(1)), QTRA_USDC, 1e15, 1e15, FOREVER);
    }

    /// @dev Wallet 0 sells and the contract wallet buys by order; wallet 1's session key buys in a ladder, from wallet 2's
    /// isolated account; wallet 5, who owns a little, states what it sold to wallet 6, whose order is a half.
    function everything() private returns (bytes memory payload) {
        fund(wallet(5), QTRA, 1e9);
        fund(wallet(6), USDC, 1e9);
        TestOrder[] memory orders = new TestOrder[](4);
        orders[0] = orderOf(0, SELL, 1);
        orders[1] = isolatedOrderOf(2, SELL, 1);
        orders[2] = orderOf(6, BUY, 1);
        orders[3] = orderOf(WALLETS, BUY, 1);
        Section[] memory plain = sectionsOf(orders);
        TestOrder[] memory rungs = new TestOrder[](2);
        (rungs[0], rungs[1]) = (sessionOrderOf(1, BUY, 1), sessionOrderOf(1, BUY, 2));
        rungs[1].lane = 1;
        Batch memory batch;
        batch.sections = new Section[](plain.length + 1);
        for (uint256 i = 0; i < plain.length; ++i) {
            batch.sections[i] = plain[i];
        }
        batch.sections[plain.length] = ladderOf(rungs, 0);
        batch.fills = new Fill[](2);
        // The ladder's orders come last: numbers 4 and 5.
        (batch.fills[0], batch.fills[1]) = (Fill(0, 3, 10), Fill(1, 4, 10));
        batch.groups = new Group[](1);
        batch.groups[0] = netGroup();
        setTables(batch);
        return PayloadWriter.write(batch);
    }

    /// @dev 20 lots for 1,000 units; wallet 6 pays a fee of 3 as taker, wallet 5 states 1 less than it got.
    function netGroup() private view returns (Group memory group) {
        Statement memory statement;
        (statement.owner, statement.key, statement.floor) = (wallet(5), walletKey(5), 7);
        statement.assets = new uint16[](2);
        (statement.assets[0], statement.assets[1]) = (QTRA, USDC);
        statement.deltas = new int64[](2);
        (statement.deltas[0], statement.deltas[1]) = (-20e6, 999);
        signStatement(statement);
        group.statements = new Statement[](1);
        group.statements[0] = statement;
        group.halves = new Half[](1);
        group.halves[0] = Half(TAKER, 2, PRICE, 20);
        group.fees = new FeeRow[](1);
        group.fees[0] = FeeRow(USDC, 4);
    }

    function testTheBatchSettlesWhole() public {
        bytes memory payload = everything();
        vm.recordLogs();
        settlePayload(payload);
        Outcome memory outcome = readOutcome(2, 1);
        assertTrue(outcome.fills[0] == SkipReason.NONE && outcome.fills[1] == SkipReason.NONE, "fills");
        assertTrue(outcome.groups[0] == SkipReason.NONE, "group");
        checkConsent();
    }

    function testEveryByteThatTheEngineChanges() public {
        bytes memory payload = everything();
        for (uint256 i = 0; i < payload.length; ++i) {
            for (uint256 k = 0; k < _flips.length; ++k) {
                uint256 state = vm.snapshotState();
                this.settleChanged(payload, i, _flips[k]);
                vm.revertToStateAndDelete(state);
            }
        }
    }

    function testEveryByteThatTheSubmitterChanges() public {
        bytes memory payload = everything();
        bytes memory call_ =
            abi.encodeCall(ISettlementBatches.settle, (payload, 1, bytes32(0), 0, signBatch(payload, 1)));
        uint256 start = vm.snapshotState();
        (bool success,) = address(vault).call(call_);
        assertTrue(success, "unchanged");
        bytes32 expected = everyUnit();
        vm.revertToState(start);
        for (uint256 i = 0; i < call_.length; ++i) {
            for (uint256 k = 0; k < _flips.length; ++k) {
                uint256 state = vm.snapshotState();
                this.callChanged(call_, i, _flips[k], expected);
                vm.revertToStateAndDelete(state);
            }
        }
    }

    /// @dev Any number of bytes at once, in any way.
    function testBytesThatTheEngineMadeUp(uint256 seed) public {
        bytes memory payload = everything();
        for (uint256 i = 0; i < 1 + seed % 6; ++i) {
            uint256 dice = uint256(keccak256(abi.encode(seed, i)));
            payload[dice % payload.length] = bytes1(uint8(dice >> 64));
        }
        this.settleChanged(payload, 0, 0);
    }

    /// @dev Called from outside for the sake of its memory, which is given back.
    function settleChanged(bytes memory payload, uint256 position, uint8 flip) external {
        payload[position] ^= bytes1(flip);
        try vault.settle(payload, 1, bytes32(0), 0, signBatch(payload, 1)) {
            checkConsent();
        } catch {
            assertEq(vault.batchNumber(), 0, "refused whole");
        }
    }

    function callChanged(bytes memory call_, uint256 position, uint8 flip, bytes32 expected) external {
        call_[position] ^= bytes1(flip);
        (bool success,) = address(vault).call(call_);
        // What is not part of any value, like the padding of the payload, changes nothing.
        if (success && vault.batchNumber() == 1) assertEq(everyUnit(), expected, "what the engine signed");
        else assertEq(vault.batchNumber(), 0, "refused whole");
    }

    /// @dev Nobody's state is another than what they signed allows, and nothing is made or lost.
    function checkConsent() private view {
        checkTrade(wallet(0), QTRA, false, false);
        checkTrade(address(fickle), QTRA, false, true);
        checkTrade(wallet(2), QTRA, true, false);
        checkTrade(wallet(1), QTRA, false, true);
        checkStatement();
        checkHalf();
        for (uint16 asset = QTRA; asset <= BTC; ++asset) {
            assertEq(vault.balanceOf(wallet(BYSTANDER), asset), FUNDS, "bystander");
        }
        for (uint16 asset = QTRA; asset <= BTC; ++asset) {
            assertEq(unitsOf(asset), vault.assetOf(asset).total, "conserved");
        }
    }

    /// @dev Of an account with an order over 100 lots at 50 ticks and fees up to 50 basis points; the ladder has two.
    function checkTrade(address owner, uint16 base, bool isIsolated, bool buys) private view {
        uint64 baseUnits = vault.balanceOf(owner, base);
        uint64 quoteUnits = vault.balanceOf(owner, USDC);
        ISettlementAccounts.IsolatedBalance memory account = vault.isolatedOf(owner, QTRA_USDC);
        if (isIsolated) {
            assertTrue(baseUnits == FUNDS && quoteUnits == FUNDS, "the other account");
            (baseUnits, quoteUnits) = (account.base, account.quote);
        } else {
            assertTrue(account.base == FUNDS && account.quote == FUNDS, "the other account");
        }
        uint256 most = owner == wallet(1) ? 2 * LOTS : LOTS;
        uint256 moved = buys ? baseUnits - FUNDS : FUNDS - baseUnits;
        assertTrue(moved % 1e6 == 0 && moved / 1e6 <= most, "lots within the order");
        uint256 notional = moved / 1e6 * PRICE;
        // Two orders may round up twice, and an order once a fill.
        uint256 fee = notional * 5000 / 1e6 + 4;
        if (buys) assertTrue(FUNDS - quoteUnits <= notional + fee, "the buyer's limit and cap");
        else assertTrue(quoteUnits + fee >= FUNDS + notional, "the seller's limit and cap");
        for (uint16 asset = QTRA; asset <= BTC; ++asset) {
            if (asset != base && asset != USDC) assertEq(vault.balanceOf(owner, asset), FUNDS, "another asset");
        }
        assertTrue(vault.slotOf(owner, base).floor == 0 && account.floor == 0, "nobody's floor moved");
    }

    function checkStatement() private view {
        uint64 base = vault.balanceOf(wallet(5), QTRA);
        bool settled = base != 1e9;
        assertEq(base, settled ? 1e9 - 20e6 : 1e9, "stated base");
        assertEq(vault.balanceOf(wallet(5), USDC), settled ? 999 : 0, "stated quote");
        assertEq(vault.slotOf(wallet(5), QTRA).floor, settled ? 7 : 0, "stated floor");
        assertEq(vault.slotOf(wallet(5), USDC).floor, settled ? 7 : 0, "stated floor");
    }

    function checkHalf() private view {
        uint256 got = vault.balanceOf(wallet(6), QTRA);
        assertTrue(got % 1e6 == 0 && got / 1e6 <= LOTS, "lots within the half's order");
        uint256 notional = got / 1e6 * PRICE;
        uint256 paid = 1e9 - vault.balanceOf(wallet(6), USDC);
        assertTrue(paid <= notional + notional * 5000 / 1e6 + 2, "the half's limit and cap");
    }

    function unitsOf(uint16 asset) private view returns (uint256 sum) {
        sum = vault.feesOf(asset);
        for (uint256 i = 0; i < 7; ++i) {
            address owner = wallet(i);
            sum += vault.balanceOf(owner, asset);
            for (uint32 market = QTRA_USDC; market <= BTC_USDC; ++market) {
                ISettlementAccounts.IsolatedBalance memory account = vault.isolatedOf(owner, market);
                if (asset == baseOf(market)) sum += account.base;
                if (asset == USDC) sum += account.quote;
            }
        }
    }

    function everyUnit() private view returns (bytes32 hash) {
        for (uint256 i = 0; i < 7; ++i) {
            address owner = wallet(i);
            for (uint16 asset = QTRA; asset <= BTC; ++asset) {
                hash = keccak256(abi.encode(hash, vault.slotOf(owner, asset), vault.feesOf(asset)));
            }
            hash = keccak256(abi.encode(hash, vault.isolatedOf(owner, QTRA_USDC), vault.batchHash()));
        }
    }
}

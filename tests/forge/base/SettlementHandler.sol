// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISettlement, SkipReason} from "../../../contracts/interfaces/ISettlement.sol";
import {PayloadWriter, TestFill, TestOrder} from "./Batches.sol";
import {SettlementFixture} from "./SettlementFixture.sol";

/// @dev Everybody who may act on the vault, at random, beside a textbook ledger that does the same fill by fill. What
/// must never happen is noted in `violation`.
contract SettlementHandler is SettlementFixture {
    bytes32 private constant WITHDRAWAL_TYPEHASH =
        keccak256("Withdrawal(uint16 asset,uint64 amount,uint64 nonce,uint40 deadline)");
    bytes32 private constant WITHDRAWAL_APPROVAL_TYPEHASH =
        keccak256("WithdrawalApproval(address owner,uint16 asset,uint64 amount,uint64 nonce,uint40 deadline)");
    bytes32 private constant CANCEL_TYPEHASH =
        keccak256("CancelApproval(address owner,uint16 asset,uint48 floor,uint40 deadline)");

    string public violation;
    uint256 public batches;
    uint256 public fillsSettled;
    mapping(address owner => mapping(uint16 asset => uint256)) public ledger;
    mapping(uint16 asset => uint256) public fees;
    mapping(uint16 asset => uint256) public paidIn;
    mapping(uint16 asset => uint256) public paidOut;
    mapping(bytes32 orderHash => uint256) private _filled;
    mapping(address owner => mapping(uint16 asset => uint48)) private _floorSeen;
    uint64 private _nonce;

    function setUp() public override {
        super.setUp();
        for (uint16 asset = QTRA; asset <= BTC; ++asset) {
            paidIn[asset] = WALLETS * uint256(FUNDS);
            for (uint256 i = 0; i < WALLETS; ++i) {
                ledger[wallet(i)][asset] = FUNDS;
            }
        }
    }

    function vaultOf() external view returns (ISettlement) {
        return vault;
    }

    function walletCount() external pure returns (uint256) {
        return WALLETS;
    }

    function deposit(uint256 dice, uint64 units) external {
        (address owner, uint16 asset) = pick(dice);
        units = uint64(bound(units, 1, FUNDS));
        if (vault.pausedUntil() > vm.getBlockTimestamp()) return;
        fund(owner, asset, units);
        ledger[owner][asset] += units;
        paidIn[asset] += units;
    }

    function trade(uint256 dice) external {
        if (vault.pausedUntil() > vm.getBlockTimestamp()) return;
        if (vault.engineKey() == address(0)) vault.setEngineKey(vm.addr(ENGINE_KEY));
        TestOrder[] memory orders = new TestOrder[](6);
        for (uint256 i = 0; i < orders.length; ++i) {
            orders[i] = randomOrder(uint256(keccak256(abi.encode(dice, i))), uint8(i % 2));
        }
        TestFill[] memory fills = new TestFill[](5);
        for (uint256 i = 0; i < fills.length; ++i) {
            uint256 roll = uint256(keccak256(abi.encode(dice, "fill", i)));
            uint16 maker = uint16(roll % orders.length);
            uint16 taker = uint16(((roll >> 16) % 3) * 2 + (maker + 1) % 2);
            fills[i] = TestFill(maker, taker, uint64((roll >> 32) % 40));
        }
        checkSettled(orders, fills, settle(orders, fills));
        ++batches;
    }

    function withdraw(uint256 dice, uint64 amount) external {
        (address owner, uint16 asset) = pick(dice);
        if (vault.engineKey() == address(0)) return;
        amount = uint64(bound(amount, 0, ledger[owner][asset]));
        uint256 before = tokenOf(asset).balanceOf(owner);
        bytes memory call_ = withdrawal(dice % WALLETS, asset, amount, ++_nonce);
        (bool success,) = address(vault).call(call_);
        check(success, "a signed withdrawal of funds that are there was refused");
        check(tokenOf(asset).balanceOf(owner) == before + uint256(amount) * scaleOf(asset), "paid another amount");
        ledger[owner][asset] -= amount;
        paidOut[asset] += amount;
        (success,) = address(vault).call(call_);
        check(!success, "a withdrawal was paid twice");
    }

    function requestExit(uint256 dice) external {
        (address owner, uint16 asset) = pick(dice);
        vm.prank(owner);
        try vault.requestExit(asset) {} catch {}
    }

    function cancelExit(uint256 dice) external {
        (address owner, uint16 asset) = pick(dice);
        vm.prank(owner);
        try vault.cancelExit(asset) {} catch {}
    }

    function exit(uint256 dice) external {
        (address owner, uint16 asset) = pick(dice);
        uint40 effectiveAt = vault.slotOf(owner, asset).exitEffectiveAt;
        bool due = effectiveAt != 0 && vm.getBlockTimestamp() >= effectiveAt;
        vm.prank(owner);
        try vault.exit(asset) {
            check(due, "an exit was paid early");
            paidOut[asset] += ledger[owner][asset];
            ledger[owner][asset] = 0;
        } catch {
            check(!due, "an exit that is due was refused");
        }
    }

    function requestCancel(uint256 dice, uint48 floor) external {
        (address owner, uint16 asset) = pick(dice);
        vm.prank(owner);
        try vault.requestCancel(asset, uint48(bound(floor, 0, 6))) {} catch {}
    }

    function cancelNow(uint256 dice, uint48 floor) external {
        (address owner, uint16 asset) = pick(dice);
        floor = uint48(bound(floor, 0, 6));
        bytes32 hash = keccak256(abi.encode(CANCEL_TYPEHASH, owner, asset, floor, type(uint40).max));
        bytes memory signature = signatureOf(ENGINE_KEY, hash);
        vm.prank(owner);
        try vault.cancelNow(asset, floor, type(uint40).max, signature) {} catch {}
    }

    function collectFees(uint256 dice, uint64 amount) external {
        uint16 asset = uint16(QTRA + dice % 3);
        amount = uint64(bound(amount, 0, vault.feesOf(asset)));
        vault.collectFees(asset, amount, address(0xFEE));
        fees[asset] -= amount;
        paidOut[asset] += amount;
    }

    function wait(uint256 time) external {
        vm.warp(vm.getBlockTimestamp() + bound(time, 1, 8 hours));
    }

    function stop(uint256 dice) external {
        if (dice % 3 == 0) vault.revokeEngineKey();
        else if (dice % 3 == 1) try vault.pause() {} catch {} else try vault.unpause() {} catch {}
    }

    /// @dev Everybody leaves with everything, though the exchange is paused and has no engine.
    function everybodyExits() external {
        vault.revokeEngineKey();
        try vault.pause() {} catch {}
        for (uint256 i = 0; i < WALLETS; ++i) {
            for (uint16 asset = QTRA; asset <= BTC; ++asset) {
                vm.prank(wallet(i));
                try vault.requestExit(asset) {} catch {}
            }
        }
        vm.warp(vm.getBlockTimestamp() + 24 hours);
        for (uint256 i = 0; i < WALLETS; ++i) {
            for (uint16 asset = QTRA; asset <= BTC; ++asset) {
                uint256 before = tokenOf(asset).balanceOf(wallet(i));
                vm.prank(wallet(i));
                vault.exit(asset);
                uint256 paid = tokenOf(asset).balanceOf(wallet(i)) - before;
                assertEq(paid, ledger[wallet(i)][asset] * scaleOf(asset), "exit pays the ledger's balance");
            }
        }
    }

    function pick(uint256 dice) private pure returns (address owner, uint16 asset) {
        return (wallet(dice % WALLETS), uint16(QTRA + (dice >> 128) % 3));
    }

    function check(bool holds, string memory what) private {
        if (!holds) violation = what;
    }

    /// @dev Few wallets, lanes and seqs, so that orders come back, collide and are superseded.
    function randomOrder(uint256 dice, uint8 side) private view returns (TestOrder memory order) {
        order = orderOf(dice % WALLETS, side, uint48(1 + (dice >> 8) % 8));
        order.market = (dice >> 16) % 4 == 0 ? BTC_USDC : QTRA_USDC;
        order.price = uint64(48 + (dice >> 24) % 5);
        order.quantity = uint64(1 + (dice >> 32) % 60);
        order.lane = uint16((dice >> 40) % 3);
        order.expiry = (dice >> 48) % 16 == 0 ? 1 : type(uint40).max;
        order.makerPpm = int16(uint16((dice >> 56) % 3000)) - 1000;
        order.takerPpm = int16(uint16((dice >> 72) % 5100));
        order.flags = uint16(dice >> 88) & FLAGS_MAX;
        if ((order.flags >> 5) & 3 == 2) order.slide = uint64((dice >> 104) % 4);
    }

    function checkSettled(TestOrder[] memory orders, TestFill[] memory fills, SkipReason[] memory reasons) private {
        for (uint256 i = 0; i < fills.length; ++i) {
            if (reasons[i] != SkipReason.NONE) continue;
            ++fillsSettled;
            TestOrder memory maker = orders[fills[i].maker];
            TestOrder memory taker = orders[fills[i].taker];
            checkOrder(maker, fills[i].quantity);
            checkOrder(taker, fills[i].quantity);
            check(maker.side != taker.side && maker.market == taker.market, "orders that do not match filled");
            bool buys = taker.side == BUY;
            uint64 price = maker.side == BUY ? maker.price - maker.slide : maker.price + maker.slide;
            check(buys ? price <= taker.price : price >= taker.price, "a limit was crossed");
            book(buys ? taker : maker, buys ? taker.takerPpm : maker.makerPpm, price, fills[i].quantity, BUY);
            book(buys ? maker : taker, buys ? maker.makerPpm : taker.takerPpm, price, fills[i].quantity, SELL);
        }
    }

    function checkOrder(TestOrder memory order, uint64 quantity) private {
        address owner = vm.addr(order.key);
        uint16 base = order.market == QTRA_USDC ? QTRA : BTC;
        bytes32 hash = keccak256(abi.encode(order.key, PayloadWriter.structHash(order)));
        _filled[hash] += quantity;
        check(_filled[hash] <= order.quantity, "an order was overfilled");
        check(order.expiry >= vm.getBlockTimestamp(), "an expired order filled");
        ISettlement.Balance memory slot = vault.slotOf(owner, base);
        check(order.seq > slot.floor, "a cancelled order filled");
        check(slot.floor >= _floorSeen[owner][base], "a floor fell");
        _floorSeen[owner][base] = slot.floor;
        check(!exited(owner, base) && !exited(owner, USDC), "an order of somebody who left filled");
        int16 cap = int16(order.maxFeeBps) * 100;
        check(order.makerPpm <= cap && order.takerPpm <= cap, "a fee above the cap");
    }

    function exited(address owner, uint16 asset) private view returns (bool) {
        uint40 effectiveAt = vault.slotOf(owner, asset).exitEffectiveAt;
        return effectiveAt != 0 && vm.getBlockTimestamp() >= effectiveAt;
    }

    /// @dev One side of a fill by the textbook. Reverts below zero, which the vault must never reach either.
    function book(TestOrder memory order, int256 ppm, uint256 price, uint256 quantity, uint8 side) private {
        address owner = vm.addr(order.key);
        uint16 base = order.market == QTRA_USDC ? QTRA : BTC;
        uint256 notional = price * quantity;
        uint256 size = notional * uint256(ppm < 0 ? -ppm : ppm);
        int256 fee = ppm < 0 ? -int256(size / 1e6) : int256((size + 999_999) / 1e6);
        uint256 baseUnits = quantity * (base == QTRA ? 1e6 : 1e3);
        if (side == BUY) {
            ledger[owner][base] += baseUnits;
            ledger[owner][USDC] = uint256(int256(ledger[owner][USDC]) - int256(notional) - fee);
        } else {
            ledger[owner][base] -= baseUnits;
            ledger[owner][USDC] = uint256(int256(ledger[owner][USDC]) + int256(notional) - fee);
        }
        fees[USDC] = uint256(int256(fees[USDC]) + fee);
    }

    function withdrawal(uint256 index, uint16 asset, uint64 amount, uint64 nonce) private view returns (bytes memory) {
        uint40 deadline = type(uint40).max;
        bytes memory consent =
            signatureOf(walletKey(index), keccak256(abi.encode(WITHDRAWAL_TYPEHASH, asset, amount, nonce, deadline)));
        bytes memory approval = signatureOf(
            ENGINE_KEY,
            keccak256(abi.encode(WITHDRAWAL_APPROVAL_TYPEHASH, wallet(index), asset, amount, nonce, deadline))
        );
        return abi.encodeCall(vault.withdraw, (wallet(index), asset, amount, nonce, deadline, consent, approval));
    }
}

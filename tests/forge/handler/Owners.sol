// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISettlementAccounts} from "../../../contracts/interfaces/ISettlement.sol";
import {FickleWallet} from "../base/TestWallets.sol";
import {TypedData} from "../base/TypedData.sol";
import {Netting} from "./Netting.sol";
import {Rule} from "./Textbook.sol";

/// @dev What owners do with their accounts: in, out, cancel, and session keys.
abstract contract Owners is Netting {
    uint64 private _nonce;

    function setUp() public virtual override {
        super.setUp();
        for (uint256 i = 0; i < WALLETS; ++i) {
            for (uint32 market = QTRA_USDC; market <= BTC_USDC; ++market) {
                openSession(i, market, FUNDS / 100, FUNDS / 100, uint40(vm.getBlockTimestamp() + 90 days));
            }
        }
    }

    function deposit(uint256 dice, uint64 units) external {
        (address owner, uint16 asset) = pick(dice);
        units = uint64(bound(units, 1, FUNDS));
        bool isShut = vault.pausedUntil() > vm.getBlockTimestamp();
        uint256 amount = uint256(units) * scaleOf(asset);
        tokenOf(asset).mint(address(this), amount);
        tokenOf(asset).approve(address(vault), amount);
        bool isIsolated = (dice >> 64) % 2 == 0;
        uint32 market = marketFor(asset, dice >> 72);
        bytes memory call_ = isIsolated
            ? abi.encodeCall(ISettlementAccounts.depositIsolatedFor, (owner, market, asset, amount))
            : abi.encodeCall(ISettlementAccounts.depositFor, (owner, asset, amount));
        (bool success,) = address(vault).call(call_);
        if (isShut) check(!success, vault.isClosed() ? Rule.CLOSED : Rule.PAUSE);
        if (!isShut) check(success, Rule.DEPOSIT);
        if (!success) return;
        paidIn[asset] += units;
        if (isIsolated) _isolated[owner][market][asset == USDC ? 1 : 0] += units;
        else unified[owner][asset] += units;
    }

    function withdraw(uint256 dice, uint64 amount) external {
        if (vault.engineKey() == address(0)) return;
        uint256 account = dice % ACCOUNTS;
        uint16 asset = uint16(QTRA + (dice >> 128) % 3);
        bool isIsolated = (dice >> 64) % 2 == 0;
        uint32 market = marketFor(asset, dice >> 72);
        address owner = wallet(account);
        uint256 units = isIsolated ? _isolated[owner][market][asset == USDC ? 1 : 0] : unified[owner][asset];
        amount = uint64(bound(amount, 0, units / 8));
        uint256 how = (dice >> 80) % 8;
        bytes memory call_ = withdrawal(account, market, asset, amount, isIsolated, how);
        uint256 before = tokenOf(asset).balanceOf(owner);
        bool isSigned = how != 1 && (account == WALLETS ? agrees(how != 0) : how != 0);
        (bool success,) = address(vault).call(call_);
        check(success == isSigned, Rule.WITHDRAWAL_SIGNED);
        if (!success) return;
        check(tokenOf(asset).balanceOf(owner) == before + uint256(amount) * scaleOf(asset), Rule.EXIT_PAYS);
        bookOut(owner, market, asset, amount, isIsolated);
        (success,) = address(vault).call(call_);
        check(!success, Rule.WITHDRAWAL_ONCE);
    }

    function requestExit(uint256 dice) external {
        // Seldom: who has left does not trade.
        if (dice % 3 != 0) return;
        (address owner, uint16 asset) = pick(dice >> 2);
        vm.prank(owner);
        if ((dice >> 64) % 2 == 0) {
            try vault.requestExit(asset) {} catch {}
        } else {
            try vault.requestExitIsolated(marketFor(asset, dice >> 72)) {} catch {}
        }
    }

    /// @dev Takes back all exits of an owner.
    function cancelExit(uint256 dice) external {
        (address owner,) = pick(dice);
        vm.startPrank(owner);
        for (uint16 asset = QTRA; asset <= BTC; ++asset) {
            try vault.cancelExit(asset) {} catch {}
        }
        for (uint32 market = QTRA_USDC; market <= BTC_USDC; ++market) {
            try vault.cancelExitIsolated(market) {} catch {}
        }
        vm.stopPrank();
    }

    function exit(uint256 dice) external {
        (address owner, uint16 asset) = pick(dice);
        if ((dice >> 64) % 2 == 0) payOut(owner, asset);
        else payOutIsolated(owner, marketFor(asset, dice >> 72), asset);
    }

    function requestCancel(uint256 dice, uint48 more) external {
        (address owner, uint16 asset) = pick(dice);
        bool isIsolated = (dice >> 64) % 2 == 0;
        uint32 market = marketFor(asset, dice >> 72);
        uint48 floor = cancelFloor(owner, market, isIsolated, uint48(bound(more, 0, 6)));
        (uint48 before, uint48 requested) = floorsOf(owner, asset, market, isIsolated);
        vm.prank(owner);
        if (isIsolated) {
            try vault.requestCancelIsolated(market, floor) {}
            catch {
                check(floor <= before || floor <= requested, Rule.CANCEL_TIME);
                return;
            }
        } else {
            try vault.requestCancel(asset, floor) {}
            catch {
                check(floor <= before || floor <= requested, Rule.CANCEL_TIME);
                return;
            }
        }
        (uint48 after_, uint48 waiting) = floorsOf(owner, asset, market, isIsolated);
        check(after_ == before && waiting == floor, Rule.CANCEL_TIME);
    }

    function cancelNow(uint256 dice, uint48 more) external {
        if (vault.engineKey() == address(0)) return;
        (address owner, uint16 asset) = pick(dice);
        bool isIsolated = (dice >> 64) % 2 == 0;
        uint32 market = marketFor(asset, dice >> 72);
        uint48 floor = cancelFloor(owner, market, isIsolated, uint48(bound(more, 0, 6)));
        (uint48 before,) = floorsOf(owner, asset, market, isIsolated);
        bool isSigned = (dice >> 80) % 4 != 0;
        bytes32 hash = isIsolated
            ? TypedData.isolatedCancelApproval(owner, market, floor, FOREVER)
            : TypedData.cancelApproval(owner, asset, floor, FOREVER);
        bytes memory signature = sign(isSigned ? ENGINE_KEY : walletKey(0), hash);
        bytes memory call_ = isIsolated
            ? abi.encodeCall(ISettlementAccounts.cancelNowIsolated, (market, floor, FOREVER, signature))
            : abi.encodeCall(ISettlementAccounts.cancelNow, (asset, floor, FOREVER, signature));
        vm.prank(owner);
        (bool success,) = address(vault).call(call_);
        check(success == (isSigned && floor > before), Rule.CANCEL_TIME);
        (uint48 after_,) = floorsOf(owner, asset, market, isIsolated);
        check(after_ == (success ? floor : before), Rule.CANCEL_TIME);
    }

    function session(uint256 dice) external {
        uint256 account = dice % WALLETS;
        uint32 market = uint32(QTRA_USDC + (dice >> 8) % 2);
        address key = addressOf(sessionKeyOf(account));
        uint256 how = (dice >> 16) % 8;
        SessionSpent storage spent = sessions[wallet(account)][key][market];
        bool isLive = spent.expiry > vm.getBlockTimestamp();
        if (how > 1) {
            uint64 limit = (dice >> 24) % 4 == 0 ? UNLIMITED : uint64((dice >> 32) % 1e9);
            uint40 expiry = uint40(vm.getBlockTimestamp() + 1 + (dice >> 64) % 60 days);
            if (isLive || vault.isClosed()) {
                vm.prank(wallet(account));
                try vault.setSessionKey(key, market, limit, limit, expiry) {
                    check(false, vault.isClosed() ? Rule.CLOSED : Rule.SESSIONS);
                } catch {}
            } else {
                openSession(account, market, limit, limit, expiry);
            }
        } else if (how == 0) {
            uint40 end = uint40(vm.getBlockTimestamp()) + 10 minutes;
            vm.prank(wallet(account));
            try vault.requestSessionRevocation(key, market) {
                check(isLive, Rule.SESSIONS);
                if (end < spent.expiry) spent.expiry = end;
            } catch {
                check(!isLive, Rule.SESSIONS);
            }
        } else {
            if (vault.engineKey() == address(0)) return;
            bytes32 hash = TypedData.sessionRevocationApproval(wallet(account), key, market, FOREVER);
            bytes memory signature = sign(ENGINE_KEY, hash);
            vm.prank(wallet(account));
            try vault.revokeSessionNow(key, market, FOREVER, signature) {
                check(isLive, Rule.SESSIONS);
                spent.expiry = uint40(vm.getBlockTimestamp());
            } catch {
                check(!isLive, Rule.SESSIONS);
            }
        }
    }

    /// @dev A session key takes, cancels, exits and widens nothing, by call or by signature.
    function abuseSession(uint256 dice) external {
        uint256 account = dice % WALLETS;
        uint16 asset = uint16(QTRA + (dice >> 8) % 3);
        address key = addressOf(sessionKeyOf(account));
        bytes memory consent = sign(sessionKeyOf(account), TypedData.withdrawal(asset, 1, type(uint64).max, FOREVER));
        bytes memory approval =
            sign(ENGINE_KEY, TypedData.withdrawalApproval(wallet(account), asset, 1, type(uint64).max, FOREVER));
        try vault.withdraw(wallet(account), asset, 1, type(uint64).max, FOREVER, consent, approval) {
            check(false, Rule.SESSION_POWERS);
        } catch {}
        (uint48 floor,) = standing(orderOf(account, BUY, 0));
        uint40 effectiveAt = vault.slotOf(wallet(account), asset).exitEffectiveAt;
        vm.startPrank(key);
        // Its own account is another one, so these may well succeed: they must not touch the owner's.
        try vault.requestExit(asset) {} catch {}
        try vault.requestCancel(asset, 1000) {} catch {}
        try vault.requestSessionRevocation(key, QTRA_USDC) {} catch {}
        vm.stopPrank();
        (uint48 after_,) = standing(orderOf(account, BUY, 0));
        bool isUntouched = after_ == floor && vault.slotOf(wallet(account), asset).exitEffectiveAt == effectiveAt;
        check(isUntouched, Rule.SESSION_POWERS);
    }

    function setMood(uint256 dice) external {
        fickle.setMood(dice % 2 == 0 ? FickleWallet.Mood.HONEST : FickleWallet.Mood((dice >> 8) % 7));
    }

    function pick(uint256 dice) internal view returns (address owner, uint16 asset) {
        return (wallet(dice % ACCOUNTS), uint16(QTRA + (dice >> 128) % 3));
    }

    /// @dev A market with this asset.
    function marketFor(uint16 asset, uint256 dice) internal pure returns (uint32) {
        if (asset == USDC) return dice % 2 == 0 ? QTRA_USDC : BTC_USDC;
        return asset == QTRA ? QTRA_USDC : BTC_USDC;
    }

    /// @dev Pays out an owner if that is due.
    function payOut(address owner, uint16 asset) internal {
        uint40 effectiveAt = vault.slotOf(owner, asset).exitEffectiveAt;
        bool isDue = vault.isClosed() || due(effectiveAt);
        uint256 before = tokenOf(asset).balanceOf(owner);
        vm.prank(owner);
        try vault.exit(asset) {
            check(isDue, Rule.EXIT_TIME);
            uint256 paid = tokenOf(asset).balanceOf(owner) - before;
            check(paid == unified[owner][asset] * scaleOf(asset), Rule.EXIT_PAYS);
            bookOut(owner, 0, asset, unified[owner][asset], false);
        } catch {
            check(!isDue, Rule.EXIT_TIME);
        }
    }

    function payOutIsolated(address owner, uint32 market, uint16 asset) internal {
        uint40 effectiveAt = vault.isolatedOf(owner, market).exitEffectiveAt;
        bool isDue = vault.isClosed() || due(effectiveAt);
        uint256 before = tokenOf(asset).balanceOf(owner);
        uint256 units = _isolated[owner][market][asset == USDC ? 1 : 0];
        vm.prank(owner);
        try vault.exitIsolated(market, asset) {
            check(isDue, Rule.EXIT_TIME);
            check(tokenOf(asset).balanceOf(owner) - before == units * scaleOf(asset), Rule.EXIT_PAYS);
            bookOut(owner, market, asset, units, true);
        } catch {
            check(!isDue, Rule.EXIT_TIME);
        }
    }

    function bookOut(address owner, uint32 market, uint16 asset, uint256 units, bool isIsolated) private {
        if (isIsolated) _isolated[owner][market][asset == USDC ? 1 : 0] -= units;
        else unified[owner][asset] -= units;
        paidOut[asset] += units;
    }

    function openSession(uint256 account, uint32 market, uint64 base, uint64 quote, uint40 expiry) private {
        address key = addressOf(sessionKeyOf(account));
        vm.prank(wallet(account));
        vault.setSessionKey(key, market, base, quote, expiry);
        sessions[wallet(account)][key][market] = SessionSpent(base, quote, expiry, 0, 0);
    }

    /// @dev A floor a little above the present one. A client that signed renewals cancels above all of them.
    function cancelFloor(address owner, uint32 market, bool isIsolated, uint48 more) private view returns (uint48) {
        uint16 base = baseOf(market);
        uint48 floor = isIsolated ? vault.isolatedOf(owner, market).floor : vault.slotOf(owner, base).floor;
        uint48 signed = highestSeqOf(owner, market, isIsolated);
        return (signed > floor ? signed : floor) + more;
    }

    function floorsOf(address owner, uint16 asset, uint32 market, bool isIsolated)
        private
        view
        returns (uint48 floor, uint48 requested)
    {
        if (isIsolated) {
            ISettlementAccounts.IsolatedBalance memory account = vault.isolatedOf(owner, market);
            return (account.floor, account.requestedFloor);
        }
        ISettlementAccounts.Balance memory slot = vault.slotOf(owner, asset);
        return (slot.floor, slot.requestedFloor);
    }

    /// @dev The call, and what is wrong with it: 0 another key than the owner's, 1 no word of the engine.
    function withdrawal(uint256 account, uint32 market, uint16 asset, uint64 amount, bool isIsolated, uint256 how)
        private
        returns (bytes memory)
    {
        uint64 nonce = ++_nonce;
        uint256 ownerKey = how == 0 ? walletKey(account) + 1 : walletKey(account);
        uint256 engineKey = how == 1 ? walletKey(account) : ENGINE_KEY;
        address owner = wallet(account);
        if (isIsolated) {
            bytes memory consent = sign(ownerKey, TypedData.isolatedWithdrawal(market, asset, amount, nonce, FOREVER));
            bytes memory approval =
                sign(engineKey, TypedData.isolatedWithdrawalApproval(owner, market, asset, amount, nonce, FOREVER));
            return abi.encodeCall(
                ISettlementAccounts.withdrawIsolated, (owner, market, asset, amount, nonce, FOREVER, consent, approval)
            );
        }
        bytes memory word = sign(ownerKey, TypedData.withdrawal(asset, amount, nonce, FOREVER));
        bytes memory agreed = sign(engineKey, TypedData.withdrawalApproval(owner, asset, amount, nonce, FOREVER));
        return abi.encodeCall(ISettlementAccounts.withdraw, (owner, asset, amount, nonce, FOREVER, word, agreed));
    }
}

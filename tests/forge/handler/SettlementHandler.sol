// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISettlement, ISettlementAccounts} from "../../../contracts/interfaces/ISettlement.sol";
import {Owners} from "./Owners.sol";
import {Rule} from "./Textbook.sol";

/// @dev Everybody who may act on the vault, at random: owners, engine and submitter (`Trading`, `Netting`, `Owners`), and
/// here administrators, strangers and time. This contract is the administrator.
contract SettlementHandler is Owners {
    address private constant TREASURY = address(0xFEE);
    uint16 private _nextAsset = 100;
    bool public wasClosed;
    /// @dev Where the vault keeps the engine's key and the pause.
    bytes32 private _control;

    function setUp() public override {
        super.setUp();
        vm.record();
        vault.setEngineKey(vm.addr(ENGINE_KEY));
        (, bytes32[] memory writes) = vm.accesses(address(vault));
        assertEq(writes.length, 1, "the engine's key is in one word");
        _control = writes[0];
    }

    function vaultOf() external view returns (ISettlement) {
        return vault;
    }

    function accountOfIndex(uint256 index) external view returns (address) {
        return wallet(index);
    }

    function sessionAddress(uint256 index) external view returns (address) {
        return addressOf(sessionKeyOf(index));
    }

    function heldTokens(uint16 asset) external view returns (uint256) {
        return tokenOf(asset).balanceOf(address(vault));
    }

    function accountCount() external pure returns (uint256) {
        return ACCOUNTS;
    }

    function wait(uint256 dice) external {
        uint256 longest = dice % 16 == 0 ? 3 days : dice % 4 == 0 ? 26 hours : 20 minutes;
        vm.warp(vm.getBlockTimestamp() + 1 + (dice >> 8) % longest);
    }

    /// @dev What an administrator can do, which changes no account.
    function administrate(uint256 dice) external {
        vm.record();
        uint256 how = dice % 6;
        uint40 until = vault.pausedUntil();
        if (how == 0) vault.revokeEngineKey();
        if (how == 1) {
            try vault.pause() {
                check(!vault.isClosed(), Rule.CLOSED);
                check(until == 0 || vm.getBlockTimestamp() >= uint256(until) + 7 days, Rule.PAUSE);
                check(vault.pausedUntil() == vm.getBlockTimestamp() + 7 days, Rule.PAUSE);
            } catch {}
        }
        if (how == 2) {
            try vault.unpause() {
                check(until != FOREVER && until > vm.getBlockTimestamp(), Rule.PAUSE);
            } catch {}
        }
        if (how == 3) {
            try vault.listAsset(QTRA, address(btc), 1) {
                check(false, Rule.LISTINGS);
            } catch {}
            try vault.listMarket(QTRA_USDC, ISettlementAccounts.Market(BTC, USDC, 1, 1)) {
                check(false, Rule.LISTINGS);
            } catch {}
        }
        if (how == 4) vault.setEngineKey(vm.addr(ENGINE_KEY));
        if (how == 5) {
            try vault.unpause() {} catch {}
        }
        (, bytes32[] memory writes) = vm.accesses(address(vault));
        for (uint256 i = 0; i < writes.length; ++i) {
            check(writes[i] == _control, Rule.ADMINISTRATOR);
        }
    }

    function collectFees(uint256 dice) external {
        uint16 asset = uint16(QTRA + dice % 3);
        uint64 units = uint64((dice >> 8) % (fees[asset] + 1));
        uint256 before = tokenOf(asset).balanceOf(TREASURY);
        vault.collectFees(asset, units, TREASURY);
        check(tokenOf(asset).balanceOf(TREASURY) - before == uint256(units) * scaleOf(asset), Rule.ADMINISTRATOR);
        fees[asset] -= units;
        paidOut[asset] += units;
        try vault.collectFees(asset, uint64(fees[asset]) + 1, TREASURY) {
            check(false, Rule.ADMINISTRATOR);
        } catch {}
    }

    /// @dev Somebody without a role, who also sends tokens to the vault that nobody owns.
    function intrude(uint256 dice) external {
        bytes[] memory calls = new bytes[](8);
        calls[0] = abi.encodeCall(ISettlementAccounts.setEngineKey, (address(0xBAD)));
        calls[1] = abi.encodeCall(ISettlementAccounts.revokeEngineKey, ());
        calls[2] = abi.encodeCall(ISettlementAccounts.pause, ());
        calls[3] = abi.encodeCall(ISettlementAccounts.unpause, ());
        calls[4] = abi.encodeCall(ISettlementAccounts.collectFees, (USDC, 0, address(0xBAD)));
        calls[5] = abi.encodeCall(ISettlementAccounts.listAsset, (_nextAsset, address(usdc), 1));
        calls[6] = abi.encodeCall(ISettlementAccounts.listMarket, (99, ISettlementAccounts.Market(BTC, USDC, 1, 1)));
        calls[7] = abi.encodeWithSignature("setAuthority(address)", address(0xBAD));
        vm.prank(address(0xBAD));
        (bool success,) = address(vault).call(calls[dice % calls.length]);
        check(!success, Rule.STRANGER);
        if ((dice >> 8) % 4 == 0) {
            tokenOf(uint16(QTRA + (dice >> 16) % 3)).mint(address(vault), 1 + (dice >> 24) % 1e6);
        }
    }

    /// @dev Anybody may close the exchange when it has been silent for long enough, and only then.
    function close(uint256 dice) external {
        // Seldom, or most of every run would be about a closed exchange.
        if (dice % 64 == 0) vm.warp(uint256(vault.lastBatchAt()) + 14 days - 1 + (dice >> 8) % 2);
        bool isDue = vm.getBlockTimestamp() >= uint256(vault.lastBatchAt()) + 14 days && !vault.isClosed();
        vm.prank(address(0xBAD));
        try vault.closeExchange() {
            check(isDue, Rule.CLOSING_TIME);
            wasClosed = true;
        } catch {
            check(!isDue, Rule.CLOSING_TIME);
        }
    }

    /// @dev Everybody leaves with everything within a day, though the exchange is paused and has neither engine nor
    /// administrator. Reverts if one cannot.
    function everybodyLeaves() external {
        vault.revokeEngineKey();
        try vault.pause() {} catch {}
        for (uint256 i = 0; i < ACCOUNTS; ++i) {
            vm.startPrank(wallet(i));
            for (uint16 asset = QTRA; asset <= BTC; ++asset) {
                try vault.requestExit(asset) {} catch {}
            }
            for (uint32 market = QTRA_USDC; market <= BTC_USDC; ++market) {
                try vault.requestExitIsolated(market) {} catch {}
            }
            vm.stopPrank();
        }
        vm.warp(vm.getBlockTimestamp() + 24 hours);
        for (uint256 i = 0; i < ACCOUNTS; ++i) {
            for (uint16 asset = QTRA; asset <= BTC; ++asset) {
                leaveNow(wallet(i), asset);
            }
        }
    }

    function leaveNow(address owner, uint16 asset) private {
        uint256 owed = unified[owner][asset];
        uint256 before = tokenOf(asset).balanceOf(owner);
        vm.startPrank(owner);
        vault.exit(asset);
        for (uint32 market = QTRA_USDC; market <= BTC_USDC; ++market) {
            if (asset != USDC && asset != baseOf(market)) continue;
            owed += _isolated[owner][market][asset == USDC ? 1 : 0];
            // Leaving with the last unit ends the exit: nothing is held back then.
            ISettlementAccounts.IsolatedBalance memory account = vault.isolatedOf(owner, market);
            if (account.base != 0 || account.quote != 0) vault.exitIsolated(market, asset);
        }
        vm.stopPrank();
        assertEq(tokenOf(asset).balanceOf(owner) - before, owed * scaleOf(asset), "everything");
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISettlement} from "../../contracts/interfaces/ISettlement.sol";
import {SettlementHandler} from "./base/SettlementHandler.sol";
import {TestBase} from "./base/TestBase.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @dev What is true of the vault after any sequence of calls by anybody.
contract SettlementInvariantsTest is TestBase {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    SettlementHandler private _handler;
    ISettlement private _vault;

    function setUp() public {
        _handler = new SettlementHandler();
        _handler.setUp();
        _vault = _handler.vaultOf();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        bytes4[] memory selectors = new bytes4[](14);
        selectors[0] = SettlementHandler.deposit.selector;
        (selectors[1], selectors[2], selectors[3]) =
        (SettlementHandler.trade.selector, SettlementHandler.trade.selector, SettlementHandler.trade.selector);
        selectors[4] = SettlementHandler.withdraw.selector;
        selectors[5] = SettlementHandler.requestExit.selector;
        selectors[6] = SettlementHandler.cancelExit.selector;
        selectors[7] = SettlementHandler.exit.selector;
        selectors[8] = SettlementHandler.requestCancel.selector;
        selectors[9] = SettlementHandler.cancelNow.selector;
        selectors[10] = SettlementHandler.collectFees.selector;
        (selectors[11], selectors[12]) = (SettlementHandler.wait.selector, SettlementHandler.wait.selector);
        selectors[13] = SettlementHandler.stop.selector;
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(_handler), selectors);
    }

    function wallet(uint256 index) private pure returns (address) {
        return vm.addr(0xA11CE + index);
    }

    function invariantBalancesAndFeesAreWhatCameInLessWhatWentOut() external view {
        for (uint16 asset = 1; asset <= 3; ++asset) {
            uint256 sum = _vault.feesOf(asset);
            for (uint256 i = 0; i < _handler.walletCount(); ++i) {
                sum += _vault.balanceOf(wallet(i), asset);
            }
            assertEq(sum, _handler.paidIn(asset) - _handler.paidOut(asset), "sum");
            assertEq(sum, _vault.assetOf(asset).total, "total");
        }
    }

    function invariantTheVaultHoldsWhatItOwes() external view {
        for (uint16 asset = 1; asset <= 3; ++asset) {
            ISettlement.Asset memory listed = _vault.assetOf(asset);
            uint256 held = IERC20(listed.token).balanceOf(address(_vault));
            assertEq(held, uint256(listed.total) * listed.unitScale, "held");
        }
    }

    function invariantTheVaultAgreesWithTheTextbook() external view {
        for (uint16 asset = 1; asset <= 3; ++asset) {
            assertEq(_vault.feesOf(asset), _handler.fees(asset), "fees");
            for (uint256 i = 0; i < _handler.walletCount(); ++i) {
                assertEq(_vault.balanceOf(wallet(i), asset), _handler.ledger(wallet(i), asset), "balance");
            }
        }
    }

    function invariantNothingForbiddenHappened() external view {
        string memory violation = _handler.violation();
        assertTrue(bytes(violation).length == 0, violation);
    }

    function invariantBatchesAreNumberedWithoutGaps() external view {
        assertEq(_vault.batchNumber(), _handler.batches(), "number");
    }

    function invariantEverybodyCanLeaveWithEverything() external {
        uint256 state = vm.snapshotState();
        _handler.everybodyExits();
        vm.revertToState(state);
    }
}

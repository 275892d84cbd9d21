// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISaleManager, RoundState} from "../../contracts/interfaces/ISaleManager.sol";
import {TestBase} from "./base/TestBase.sol";
import {SaleHandler, SaleRule} from "./handler/SaleHandler.sol";

/// @dev What is true of a sale after any sequence of calls by anybody. `SaleHandler` acts and notes what it sees of each rule;
/// what can be seen of the state alone is looked at here.
contract SaleInvariantsTest is TestBase {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    uint256 private constant ROUNDS = 4;
    uint256 private constant BUYERS = 5;
    uint8 private constant PAYMENTS = 3;
    uint256 private constant WALLET_CAP = 45_000e6;

    SaleHandler private _handler;
    ISaleManager private _sale;

    function setUp() public {
        _handler = new SaleHandler();
        _handler.setUp();
        _sale = _handler.saleOf();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    /// @dev A function that stands here twice is drawn twice as often.
    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        bytes4[14] memory drawn = [
            SaleHandler.purchase.selector,
            SaleHandler.purchase.selector,
            SaleHandler.purchase.selector,
            SaleHandler.purchase.selector,
            SaleHandler.purchase.selector,
            SaleHandler.wait.selector,
            SaleHandler.wait.selector,
            SaleHandler.finalise.selector,
            SaleHandler.refund.selector,
            SaleHandler.claimReferral.selector,
            SaleHandler.revokeVoucher.selector,
            SaleHandler.changeSigner.selector,
            SaleHandler.donate.selector,
            SaleHandler.intrude.selector
        ];
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(_handler), new bytes4[](drawn.length + 1));
        for (uint256 i = 0; i < drawn.length; ++i) {
            targets[0].selectors[i] = drawn[i];
        }
        targets[0].selectors[drawn.length] = SaleHandler.payProceeds.selector;
    }

    /// @dev One campaign for all of them.
    function invariantAll() external view {
        invariantEscrowIsWhatWasPaidLessWhatWasPaidOut();
        invariantWhatWasRaisedIsTheTextbooks();
        invariantCapsNest();
        invariantAllocationsAreTheTextbooks();
        invariantARoundNeverSellsMoreThanItHas();
        invariantRefundOrAllocationNeverBoth();
        invariantTheTokensOfOpenRoundsAreKept();
        invariantSoldAndUnsoldAreTheCap();
        invariantReferralsAreWithinTheirShare();
        invariantSupplyOnlyFallsByWhatIsUnsold();
        _never(SaleRule.BUYS_AS_THE_TEXTBOOK, "BuysAsTheTextbook");
        _never(SaleRule.TAKES_AS_THE_TEXTBOOK, "TakesAsTheTextbook");
        _never(SaleRule.FINALISES_IN_TIME, "FinalisesInTime");
        _never(SaleRule.REFUNDS_WHAT_WAS_PAID, "RefundsWhatWasPaid");
        _never(SaleRule.REFERRALS_AFTER_SUCCESS, "ReferralsAfterSuccess");
        _never(SaleRule.PROCEEDS_ONCE, "ProceedsOnce");
        _never(SaleRule.STRANGER, "AStrangerCanDoNothing");
        _never(SaleRule.STATES_MOVE_ON, "StatesMoveOn");
    }

    /// @dev After the last call of a sequence.
    function afterInvariant() external {
        _handler.everythingEnds();
    }

    function invariantEscrowIsWhatWasPaidLessWhatWasPaidOut() internal view {
        for (uint8 payment = 0; payment < PAYMENTS; ++payment) {
            uint256 scale = payment == 0 ? 1 : payment == 1 ? 100 : 1e12;
            uint256 paid = _handler.donated(payment);
            for (uint256 round = 0; round < ROUNDS; ++round) {
                paid += _handler.raisedIn(round, payment) * scale;
            }
            assertEq(_handler.held(payment), paid - _handler.out(payment), "EscrowIsWhatWasPaidLessWhatWasPaidOut");
        }
    }

    function invariantWhatWasRaisedIsTheTextbooks() internal view {
        for (uint256 round = 0; round < ROUNDS; ++round) {
            for (uint8 payment = 0; payment < PAYMENTS; ++payment) {
                uint256 expected = _handler.raisedIn(round, payment);
                assertEq(_sale.raisedIn(round, payment), expected, "WhatWasRaisedIsTheTextbooks");
                expected = _handler.earnedIn(round, payment);
                assertEq(_sale.referralsOf(round, payment), expected, "WhatWasRaisedIsTheTextbooks");
            }
            assertEq(_sale.raisedOf(round), _handler.raised(round), "WhatWasRaisedIsTheTextbooks");
        }
    }

    function invariantCapsNest() internal view {
        for (uint256 i = 0; i < BUYERS; ++i) {
            uint256 sum = 0;
            for (uint256 round = 0; round < ROUNDS; ++round) {
                uint256 paid = _sale.paidOf(_handler.wallet(i), round);
                assertEq(paid, _handler.paidBy(i, round), "CapsNest");
                assertTrue(paid <= _sale.roundOf(round).walletCap, "CapsNest");
                if (!_handler.failed(round)) sum += paid;
            }
            assertTrue(sum <= WALLET_CAP, "CapsNest");
        }
        for (uint256 round = 0; round < ROUNDS; ++round) {
            assertTrue(_sale.raisedOf(round) <= _sale.hardCapOf(round), "CapsNest");
        }
    }

    function invariantAllocationsAreTheTextbooks() internal view {
        for (uint256 round = 0; round < ROUNDS; ++round) {
            uint256 price = _sale.roundOf(round).price;
            bool failed = _handler.failed(round);
            for (uint256 i = 0; i < BUYERS; ++i) {
                uint256 expected = failed ? 0 : _handler.paidBy(i, round) * 1e18 / price;
                assertEq(_sale.allocationOf(_handler.wallet(i), round), expected, "AllocationsAreTheTextbooks");
            }
        }
    }

    function invariantARoundNeverSellsMoreThanItHas() internal view {
        for (uint256 round = 0; round < ROUNDS; ++round) {
            uint256 sum = 0;
            for (uint256 i = 0; i < BUYERS; ++i) {
                sum += _sale.allocationOf(_handler.wallet(i), round);
            }
            bool succeeded = _sale.stateOf(round) == RoundState.SUCCEEDED;
            uint256 most = succeeded ? _handler.fundedOf(round) : _sale.roundOf(round).tokenCap;
            assertTrue(sum <= most, "ARoundNeverSellsMoreThanItHas");
            if (succeeded) assertTrue(most - sum < BUYERS, "ARoundNeverSellsMoreThanItHas");
        }
    }

    function invariantRefundOrAllocationNeverBoth() internal view {
        for (uint256 round = 0; round < ROUNDS; ++round) {
            for (uint256 i = 0; i < BUYERS; ++i) {
                if (!_handler.refunded(i, round)) continue;
                bool failed = _sale.stateOf(round) == RoundState.FAILED;
                assertTrue(failed, "RefundOrAllocationNeverBoth");
                assertEq(_sale.allocationOf(_handler.wallet(i), round), 0, "RefundOrAllocationNeverBoth");
                assertEq(_handler.fundedOf(round), 0, "RefundOrAllocationNeverBoth");
            }
        }
    }

    function invariantTheTokensOfOpenRoundsAreKept() internal view {
        uint256 kept = 0;
        for (uint256 round = 0; round < ROUNDS; ++round) {
            if (_sale.stateOf(round) < RoundState.SUCCEEDED) kept += _sale.roundOf(round).tokenCap;
        }
        assertEq(_handler.qtraOf(address(_sale)), kept, "TheTokensOfOpenRoundsAreKept");
    }

    function invariantSoldAndUnsoldAreTheCap() internal view {
        uint256 closed = 0;
        uint256 sold = 0;
        for (uint256 round = 0; round < ROUNDS; ++round) {
            if (_sale.stateOf(round) < RoundState.SUCCEEDED) continue;
            closed += _sale.roundOf(round).tokenCap;
            sold += _handler.fundedOf(round);
        }
        uint256 unsold = _handler.burned() + _handler.qtraOf(_sale.shares()[0].treasury);
        assertEq(sold + unsold, closed, "SoldAndUnsoldAreTheCap");
        assertEq(_handler.qtraOf(_sale.vesting()), sold, "SoldAndUnsoldAreTheCap");
    }

    function invariantReferralsAreWithinTheirShare() internal view {
        for (uint256 round = 0; round < ROUNDS; ++round) {
            uint256 bps = _sale.roundOf(round).referralBps;
            for (uint8 payment = 0; payment < PAYMENTS; ++payment) {
                uint256 earned = _sale.referralsOf(round, payment);
                assertTrue(earned * 10_000 <= _sale.raisedIn(round, payment) * bps, "ReferralsAreWithinTheirShare");
                uint256 owed = 0;
                for (uint256 i = 0; i < BUYERS; ++i) {
                    owed += _sale.referralOf(_handler.wallet(i), round, payment);
                }
                assertTrue(owed <= earned, "ReferralsAreWithinTheirShare");
            }
        }
    }

    function invariantSupplyOnlyFallsByWhatIsUnsold() internal view {
        assertEq(_handler.supplyOfQtra(), 1e27 - _handler.burned(), "SupplyOnlyFallsByWhatIsUnsold");
    }

    function _never(SaleRule rule, string memory name) private view {
        assertTrue(_handler.broken() & (1 << uint256(rule)) == 0, name);
    }
}

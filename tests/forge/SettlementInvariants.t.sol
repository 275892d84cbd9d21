// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISettlement, ISettlementAccounts} from "../../contracts/interfaces/ISettlement.sol";
import {TestBase} from "./base/TestBase.sol";
import {Netting} from "./handler/Netting.sol";
import {Owners} from "./handler/Owners.sol";
import {SettlementHandler} from "./handler/SettlementHandler.sol";
import {Rule} from "./handler/Textbook.sol";
import {Trading} from "./handler/Trading.sol";

/// @dev What is true of the vault after any sequence of calls by anybody. `handler/` acts and notes what it sees of each
/// rule; what can be seen of the state alone is looked at here.
abstract contract SettlementInvariants is TestBase {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    /// @dev What is seen after a call, read once for all invariants. Units of accounts and fees as `Textbook` orders them;
    /// sums by asset.
    struct Sight {
        uint256 accounts;
        uint256 broken;
        uint256[] held;
        uint256[] expected;
        uint256[] sums;
        uint256[] net;
    }

    uint16 private constant ASSETS = 3;
    /// @dev Of one account: its unified assets, base and quote of its isolated ones.
    uint256 private constant PLACES = 7;
    uint32 private constant MARKETS = 2;

    SettlementHandler internal _handler;
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

    /// @dev A function that stands here twice is drawn twice as often.
    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        bytes4[21] memory drawn = [
            Trading.trade.selector,
            Trading.trade.selector,
            Trading.trade.selector,
            Trading.tradeHonestly.selector,
            Trading.tradeThreeWays.selector,
            Trading.forgeBatch.selector,
            Netting.net.selector,
            Netting.net.selector,
            Netting.net.selector,
            Owners.deposit.selector,
            Owners.withdraw.selector,
            Owners.requestExit.selector,
            Owners.cancelExit.selector,
            Owners.exit.selector,
            Owners.requestCancel.selector,
            Owners.cancelNow.selector,
            Owners.session.selector,
            Owners.abuseSession.selector,
            Owners.setMood.selector,
            SettlementHandler.wait.selector,
            SettlementHandler.wait.selector
        ];
        bytes4[4] memory powers = [
            SettlementHandler.administrate.selector,
            SettlementHandler.collectFees.selector,
            SettlementHandler.intrude.selector,
            SettlementHandler.close.selector
        ];
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(_handler), new bytes4[](drawn.length + powers.length));
        for (uint256 i = 0; i < drawn.length + powers.length; ++i) {
            targets[0].selectors[i] = i < drawn.length ? drawn[i] : powers[i - drawn.length];
        }
    }

    /// @dev Every invariant of this contract, by what can be seen now.
    function checkAll() internal view {
        Sight memory sight = _look();
        invariantBalancesAndFeesAreWhatCameInLessWhatWentOut(sight);
        invariantTheVaultSaysWhatItOwes(sight);
        invariantTheVaultHoldsWhatItOwes(sight);
        invariantUnifiedBalancesAreTheTextbooks(sight);
        invariantIsolatedBalancesAreTheTextbooks(sight);
        invariantFeesAreTheTextbooks(sight);
        invariantWidthsNeverOverflow(sight);
        invariantBatchesAreNumberedWithoutGaps();
        invariantTheChainOfHashesIsUnbroken();
        invariantTheTimeOfTheLastBatchIsKept();
        invariantSessionsNeverExceedTheirLimits(sight);
        invariantAPauseEndsByItself();
        invariantAnOrderNeverFillsBeyondItsQuantity(sight);
        invariantNoFillIsWorseThanEitherLimit(sight);
        invariantNoFeeIsAboveTheSignedCap(sight);
        invariantAnExpiredOrderNeverFills(sight);
        invariantACancelledOrderNeverFills(sight);
        invariantNothingSettlesForWhoLeft(sight);
        invariantOnlyOppositeOrdersOfOneMarketMatch(sight);
        invariantNothingSettlesWithoutItsOwnersSignature(sight);
        invariantALadderWaitsForItsFloor(sight);
        invariantAFillSettlesAtMostOnce(sight);
        invariantAStatementCountsInItsBatchOnly(sight);
        invariantANetGroupSettlesWholeOrNotAtAll(sight);
        invariantAStatementRaisesItsFloors(sight);
        invariantAPayloadSettlesOnce(sight);
        invariantABatchOutOfTurnIsRefused(sight);
        invariantABatchThatTheEngineDidNotSignIsRefused(sight);
        invariantABadItemChangesNoOther(sight);
        invariantABatchIsItsFillsOneByOne(sight);
        invariantGoodOrdersSettleBesideRubbish(sight);
        invariantAWithdrawalPaysOnce(sight);
        invariantAWithdrawalNeedsOwnerAndEngine(sight);
        invariantAnExitPaysWhenItIsDueAndNotBefore(sight);
        invariantAnExitPaysTheWholeBalance(sight);
        invariantFloorsOnlyRise(sight);
        invariantLanesOnlyMoveOn(sight);
        invariantACancelCountsWhenItShould(sight);
        invariantAStrangerCanDoNothing(sight);
        invariantAnAdministratorReachesNoAccount(sight);
        invariantASessionKeyOnlyTrades(sight);
        invariantAPauseStopsDepositsAndRests(sight);
        invariantAClosedExchangeStaysClosed(sight);
        invariantTheExchangeClosesOnlyAfterSilence(sight);
        invariantListingsAreFinal(sight);
        invariantAnOpenExchangeTakesDeposits(sight);
    }

    /// @dev Costs a few hundred calls, so it stands at the end of a sequence.
    function everybodyCanLeaveWithEverything() internal {
        uint256 state = vm.snapshotState();
        _handler.everybodyLeaves();
        vm.revertToStateAndDelete(state);
    }

    function invariantBalancesAndFeesAreWhatCameInLessWhatWentOut(Sight memory sight) internal pure {
        for (uint256 i = 0; i < ASSETS; ++i) {
            assertEq(sight.sums[i], sight.net[i], "BalancesAndFeesAreWhatCameInLessWhatWentOut");
        }
    }

    function invariantTheVaultSaysWhatItOwes(Sight memory sight) internal view {
        for (uint16 asset = 1; asset <= ASSETS; ++asset) {
            assertEq(sight.sums[asset - 1], _vault.assetOf(asset).total, "TheVaultSaysWhatItOwes");
        }
    }

    function invariantTheVaultHoldsWhatItOwes(Sight memory sight) internal view {
        for (uint16 asset = 1; asset <= ASSETS; ++asset) {
            uint256 held = _handler.heldTokens(asset);
            assertTrue(held >= sight.sums[asset - 1] * _vault.assetOf(asset).unitScale, "TheVaultHoldsWhatItOwes");
        }
    }

    function invariantUnifiedBalancesAreTheTextbooks(Sight memory sight) internal pure {
        for (uint256 i = 0; i < sight.held.length - ASSETS; ++i) {
            if (i % PLACES < ASSETS) assertEq(sight.held[i], sight.expected[i], "UnifiedBalancesAreTheTextbooks");
        }
    }

    function invariantIsolatedBalancesAreTheTextbooks(Sight memory sight) internal pure {
        for (uint256 i = 0; i < sight.held.length - ASSETS; ++i) {
            if (i % PLACES >= ASSETS) assertEq(sight.held[i], sight.expected[i], "IsolatedBalancesAreTheTextbooks");
        }
    }

    function invariantFeesAreTheTextbooks(Sight memory sight) internal pure {
        for (uint256 i = sight.held.length - ASSETS; i < sight.held.length; ++i) {
            assertEq(sight.held[i], sight.expected[i], "FeesAreTheTextbooks");
        }
    }

    function invariantWidthsNeverOverflow(Sight memory sight) internal pure {
        for (uint256 i = 0; i < sight.held.length; ++i) {
            assertTrue(sight.held[i] < 2 ** 63, "WidthsNeverOverflow");
            bool isIsolated = i % PLACES >= ASSETS && i < sight.held.length - ASSETS;
            assertTrue(!isIsolated || sight.held[i] < 2 ** 56, "WidthsNeverOverflow");
        }
    }

    function invariantBatchesAreNumberedWithoutGaps() internal view {
        assertEq(_vault.batchNumber(), _handler.batches(), "BatchesAreNumberedWithoutGaps");
    }

    function invariantTheChainOfHashesIsUnbroken() internal view {
        assertEq(_vault.batchHash(), _handler.chain(), "TheChainOfHashesIsUnbroken");
    }

    function invariantTheTimeOfTheLastBatchIsKept() internal view {
        assertEq(_vault.lastBatchAt(), _handler.lastBatchAt(), "TheTimeOfTheLastBatchIsKept");
    }

    function invariantSessionsNeverExceedTheirLimits(Sight memory sight) internal view {
        _never(sight, Rule.SESSIONS, "SessionsNeverExceedTheirLimits");
        for (uint256 i = 0; i + 1 < sight.accounts; ++i) {
            for (uint32 market = 1; market <= MARKETS; ++market) {
                _checkSession(_handler.accountOfIndex(i), _handler.sessionAddress(i), market);
            }
        }
    }

    function invariantAPauseEndsByItself() internal view {
        bool isClosed = _vault.isClosed();
        assertTrue(isClosed == _handler.wasClosed(), "APauseEndsByItself");
        if (!isClosed) assertTrue(_vault.pausedUntil() <= vm.getBlockTimestamp() + 7 days, "APauseEndsByItself");
    }

    function invariantAnOrderNeverFillsBeyondItsQuantity(Sight memory sight) internal pure {
        _never(sight, Rule.NO_OVERFILL, "AnOrderNeverFillsBeyondItsQuantity");
    }

    function invariantNoFillIsWorseThanEitherLimit(Sight memory sight) internal pure {
        _never(sight, Rule.LIMITS, "NoFillIsWorseThanEitherLimit");
    }

    function invariantNoFeeIsAboveTheSignedCap(Sight memory sight) internal pure {
        _never(sight, Rule.FEE_CAP, "NoFeeIsAboveTheSignedCap");
    }

    function invariantAnExpiredOrderNeverFills(Sight memory sight) internal pure {
        _never(sight, Rule.EXPIRY, "AnExpiredOrderNeverFills");
    }

    function invariantACancelledOrderNeverFills(Sight memory sight) internal pure {
        _never(sight, Rule.CANCELLED, "ACancelledOrderNeverFills");
    }

    function invariantNothingSettlesForWhoLeft(Sight memory sight) internal pure {
        _never(sight, Rule.EXITED, "NothingSettlesForWhoLeft");
    }

    function invariantOnlyOppositeOrdersOfOneMarketMatch(Sight memory sight) internal pure {
        _never(sight, Rule.MATCHING, "OnlyOppositeOrdersOfOneMarketMatch");
    }

    function invariantNothingSettlesWithoutItsOwnersSignature(Sight memory sight) internal pure {
        _never(sight, Rule.CONSENT, "NothingSettlesWithoutItsOwnersSignature");
    }

    function invariantALadderWaitsForItsFloor(Sight memory sight) internal pure {
        _never(sight, Rule.LADDER_FLOOR, "ALadderWaitsForItsFloor");
    }

    function invariantAFillSettlesAtMostOnce(Sight memory sight) internal pure {
        _never(sight, Rule.ONCE, "AFillSettlesAtMostOnce");
    }

    function invariantAStatementCountsInItsBatchOnly(Sight memory sight) internal pure {
        _never(sight, Rule.STATEMENT_OF_ITS_BATCH, "AStatementCountsInItsBatchOnly");
    }

    function invariantANetGroupSettlesWholeOrNotAtAll(Sight memory sight) internal pure {
        _never(sight, Rule.NET_WHOLE, "ANetGroupSettlesWholeOrNotAtAll");
    }

    function invariantAStatementRaisesItsFloors(Sight memory sight) internal pure {
        _never(sight, Rule.NET_FLOOR, "AStatementRaisesItsFloors");
    }

    function invariantAPayloadSettlesOnce(Sight memory sight) internal pure {
        _never(sight, Rule.PAYLOAD_ACCEPTED_ONCE, "APayloadSettlesOnce");
    }

    function invariantABatchOutOfTurnIsRefused(Sight memory sight) internal pure {
        _never(sight, Rule.WRONG_BATCH, "ABatchOutOfTurnIsRefused");
    }

    function invariantABatchThatTheEngineDidNotSignIsRefused(Sight memory sight) internal pure {
        _never(sight, Rule.FORGED_BATCH, "ABatchThatTheEngineDidNotSignIsRefused");
    }

    function invariantABadItemChangesNoOther(Sight memory sight) internal pure {
        _never(sight, Rule.BAD_ITEM, "ABadItemChangesNoOther");
    }

    function invariantABatchIsItsFillsOneByOne(Sight memory sight) internal pure {
        _never(sight, Rule.ONE_BY_ONE, "ABatchIsItsFillsOneByOne");
    }

    function invariantGoodOrdersSettleBesideRubbish(Sight memory sight) internal pure {
        _never(sight, Rule.HONEST_SETTLES, "GoodOrdersSettleBesideRubbish");
    }

    function invariantAWithdrawalPaysOnce(Sight memory sight) internal pure {
        _never(sight, Rule.WITHDRAWAL_ONCE, "AWithdrawalPaysOnce");
    }

    function invariantAWithdrawalNeedsOwnerAndEngine(Sight memory sight) internal pure {
        _never(sight, Rule.WITHDRAWAL_SIGNED, "AWithdrawalNeedsOwnerAndEngine");
    }

    function invariantAnExitPaysWhenItIsDueAndNotBefore(Sight memory sight) internal pure {
        _never(sight, Rule.EXIT_TIME, "AnExitPaysWhenItIsDueAndNotBefore");
    }

    function invariantAnExitPaysTheWholeBalance(Sight memory sight) internal pure {
        _never(sight, Rule.EXIT_PAYS, "AnExitPaysTheWholeBalance");
    }

    function invariantFloorsOnlyRise(Sight memory sight) internal pure {
        _never(sight, Rule.FLOOR_RISES, "FloorsOnlyRise");
    }

    function invariantLanesOnlyMoveOn(Sight memory sight) internal pure {
        _never(sight, Rule.LANE_MOVES_ON, "LanesOnlyMoveOn");
    }

    function invariantACancelCountsWhenItShould(Sight memory sight) internal pure {
        _never(sight, Rule.CANCEL_TIME, "ACancelCountsWhenItShould");
    }

    function invariantAStrangerCanDoNothing(Sight memory sight) internal pure {
        _never(sight, Rule.STRANGER, "AStrangerCanDoNothing");
    }

    function invariantAnAdministratorReachesNoAccount(Sight memory sight) internal pure {
        _never(sight, Rule.ADMINISTRATOR, "AnAdministratorReachesNoAccount");
    }

    function invariantASessionKeyOnlyTrades(Sight memory sight) internal pure {
        _never(sight, Rule.SESSION_POWERS, "ASessionKeyOnlyTrades");
    }

    function invariantAPauseStopsDepositsAndRests(Sight memory sight) internal pure {
        _never(sight, Rule.PAUSE, "APauseStopsDepositsAndRests");
    }

    function invariantAClosedExchangeStaysClosed(Sight memory sight) internal pure {
        _never(sight, Rule.CLOSED, "AClosedExchangeStaysClosed");
    }

    function invariantTheExchangeClosesOnlyAfterSilence(Sight memory sight) internal pure {
        _never(sight, Rule.CLOSING_TIME, "TheExchangeClosesOnlyAfterSilence");
    }

    function invariantListingsAreFinal(Sight memory sight) internal pure {
        _never(sight, Rule.LISTINGS, "ListingsAreFinal");
    }

    function invariantAnOpenExchangeTakesDeposits(Sight memory sight) internal pure {
        _never(sight, Rule.DEPOSIT, "AnOpenExchangeTakesDeposits");
    }

    function _look() private view returns (Sight memory sight) {
        sight.accounts = _handler.accountCount();
        sight.broken = _handler.broken();
        sight.held = _handler.heldUnits();
        sight.expected = _handler.expectedUnits();
        sight.sums = new uint256[](ASSETS);
        sight.net = new uint256[](ASSETS);
        uint256 fees = sight.held.length - ASSETS;
        // The assets of an account's places: three unified ones, then base and quote of two markets.
        uint8[7] memory assetOf = [0, 1, 2, 0, 1, 2, 1];
        for (uint256 i = 0; i < sight.held.length; ++i) {
            sight.sums[i < fees ? assetOf[i % PLACES] : i - fees] += sight.held[i];
        }
        for (uint16 asset = 1; asset <= ASSETS; ++asset) {
            sight.net[asset - 1] = _handler.paidIn(asset) - _handler.paidOut(asset);
        }
    }

    function _never(Sight memory sight, Rule rule, string memory name) private pure {
        assertTrue(sight.broken & (1 << uint256(rule)) == 0, name);
    }

    function _checkSession(address owner, address key, uint32 market) private view {
        (uint64 baseLimit, uint64 quoteLimit, uint40 expiry, uint256 base, uint256 quote) =
            _handler.sessions(owner, key, market);
        ISettlementAccounts.Session memory session = _vault.sessionOf(owner, key, market);
        assertEq(session.expiry, expiry, "SessionsNeverExceedTheirLimits");
        bool free = baseLimit == type(uint64).max;
        assertTrue(
            free ? session.baseLeft == baseLimit : session.baseLeft + base == baseLimit,
            "SessionsNeverExceedTheirLimits"
        );
        free = quoteLimit == type(uint64).max;
        assertTrue(
            free ? session.quoteLeft == quoteLimit : session.quoteLeft + quote == quoteLimit, "quote of a session"
        );
    }
}

/// @dev One campaign for all invariants: each is looked at after every call, so none needs sequences of its own.
contract SettlementInvariantsTest is SettlementInvariants {
    function invariantAll() external view {
        checkAll();
    }

    /// @dev After the last call of a sequence.
    function afterInvariant() external {
        everybodyCanLeaveWithEverything();
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRevenueRouter} from "../../contracts/interfaces/IRevenueRouter.sol";
import {TestBase} from "./base/TestBase.sol";
import {RevenueHandler, RevenueRule} from "./handler/RevenueHandler.sol";

/// @dev What is true of the router and its prices after any sequence of calls by anybody.
contract RevenueInvariantsTest is TestBase {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    uint256 private constant TOKENS = 3;

    RevenueHandler private _handler;
    IRevenueRouter private _router;

    function setUp() public {
        _handler = new RevenueHandler();
        _handler.setUp();
        _router = _handler.routerOf();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    /// @dev A function that stands here twice is drawn twice as often.
    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        bytes4[16] memory drawn = [
            RevenueHandler.earnSome.selector,
            RevenueHandler.earnSome.selector,
            RevenueHandler.routeSome.selector,
            RevenueHandler.routeSome.selector,
            RevenueHandler.startSome.selector,
            RevenueHandler.startSome.selector,
            RevenueHandler.buySome.selector,
            RevenueHandler.buySome.selector,
            RevenueHandler.buySome.selector,
            RevenueHandler.endSome.selector,
            RevenueHandler.report.selector,
            RevenueHandler.report.selector,
            RevenueHandler.readMean.selector,
            RevenueHandler.wait.selector,
            RevenueHandler.administrate.selector,
            RevenueHandler.intrude.selector
        ];
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(_handler), new bytes4[](drawn.length));
        for (uint256 i = 0; i < drawn.length; ++i) {
            targets[0].selectors[i] = drawn[i];
        }
    }

    /// @dev One campaign for all: each is looked at after every call.
    function invariantAll() external view {
        checkEveryUnitIsOutOrHere();
        checkTheRouterHoldsWhatAuctionsHold();
        checkOneAuctionRunsOfAToken();
        checkTheSplitIsOfTheWhole();
        checkSupplyOnlyFallsByWhatIsBurned();
        checkWhatIsStreamedIsPaidIn();
        checkNoAllowanceStays();
        never(RevenueRule.WHOLE_SPLIT, "PartsAddUpToTheAmount");
        never(RevenueRule.SPLIT_AS_SET, "PartsAreAsTheSplitSays");
        never(RevenueRule.BOUNTY, "KeepersGetNoMoreThanTheCap");
        never(RevenueRule.FLOOR, "NothingIsSoldUnderTheFloor");
        never(RevenueRule.PRICE_FALLS, "AnAuctionsPriceOnlyFalls");
        never(RevenueRule.FRESH_PRICE, "ThereIsNoAuctionWithoutAFreshPrice");
        never(RevenueRule.DAILY_CAP, "NoMoreThanTheCapIsSoldInADay");
        never(RevenueRule.ONE_AUCTION, "OneAuctionRunsOfAToken");
        never(RevenueRule.PRICE_STEP, "AReportIsWithinATenthAndTenMinutes");
        never(RevenueRule.MEAN, "AMeanIsWithinWhatWasReported");
        never(RevenueRule.BURNED, "WhatABuyerPaysIsBurned");
        never(RevenueRule.STREAMED, "StakersGetTheirPart");
        never(RevenueRule.HALTED, "WhatIsHaltedIsNotSold");
        never(RevenueRule.STRANGER, "AStrangerCanDoNothing");
    }

    function checkEveryUnitIsOutOrHere() private view {
        for (uint256 i = 0; i < TOKENS; ++i) {
            address token = _handler.tokenOf(i);
            (uint256 waiting, uint256 inAuction) = _router.heldOf(token);
            uint256 here = waiting + inAuction + _router.routable(token);
            assertEq(_handler.balanceHere(token), here, "EveryUnitIsOutOrHere");
            assertEq(_handler.cameIn(token), _handler.wentOut(token) + here, "EveryUnitIsOutOrHere");
        }
    }

    function checkTheRouterHoldsWhatAuctionsHold() private view {
        for (uint256 i = 0; i < TOKENS; ++i) {
            address token = _handler.tokenOf(i);
            (uint256 waiting, uint256 inAuction) = _router.heldOf(token);
            assertTrue(_handler.balanceHere(token) >= waiting + inAuction, "TheRouterHoldsWhatAuctionsHold");
            assertEq(waiting + inAuction, _handler.forBuyback(token), "WhatIsForTheBuybackStaysForIt");
        }
    }

    function checkOneAuctionRunsOfAToken() private view {
        uint256 count = _router.auctionCount();
        for (uint256 auction = count > 8 ? count - 8 : 1; auction <= count; ++auction) {
            IRevenueRouter.Auction memory sale = _router.auctionOf(auction);
            if (sale.left != 0) assertEq(_router.runningOf(sale.token), auction, "OneAuctionRunsOfAToken");
        }
    }

    function checkTheSplitIsOfTheWhole() private view {
        IRevenueRouter.Split memory split = _router.split();
        uint256 sum = uint256(split.stakersBps) + split.buybackBps + split.treasuryBps + split.insuranceBps;
        assertEq(sum, 10_000, "TheSplitIsOfTheWhole");
    }

    function checkSupplyOnlyFallsByWhatIsBurned() private view {
        assertEq(_handler.qtraSupply() + _handler.burned(), _handler.supplyAtStart(), "SupplyOnlyFallsByWhatIsBurned");
    }

    function checkWhatIsStreamedIsPaidIn() private view {
        for (uint8 reward = 1; reward <= 2; ++reward) {
            address token = _handler.stakingOf().streamOf(reward).token;
            uint256 earned = _handler.stakingOf().earned(_handler.staker(), reward);
            uint256 ahead = _handler.stakingOf().streamOf(reward).left + _handler.stakingOf().streamOf(reward).waiting;
            assertTrue(earned + ahead <= _handler.streamed(token), "WhatIsStreamedIsPaidIn");
        }
    }

    function checkNoAllowanceStays() private view {
        for (uint256 i = 0; i < TOKENS; ++i) {
            assertEq(_handler.allowanceToStaking(_handler.tokenOf(i)), 0, "NoAllowanceStays");
        }
    }

    function never(RevenueRule rule, string memory name) private view {
        assertTrue(_handler.broken() & (1 << uint256(rule)) == 0, name);
    }
}

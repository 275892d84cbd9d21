// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IReportedPrice} from "../../../contracts/interfaces/IReportedPrice.sol";
import {IRevenueRouter} from "../../../contracts/interfaces/IRevenueRouter.sol";
import {IStaking} from "../../../contracts/interfaces/IStaking.sol";
import {TestToken} from "../../../contracts/mocks/TestToken.sol";
import {RevenueFixture} from "../base/RevenueFixture.sol";
import {Vm} from "../base/TestBase.sol";

/// @dev Rules of which the handler notes whether one was ever broken.
enum RevenueRule {
    WHOLE_SPLIT,
    SPLIT_AS_SET,
    BOUNTY,
    FLOOR,
    PRICE_FALLS,
    FRESH_PRICE,
    DAILY_CAP,
    ONE_AUCTION,
    PRICE_STEP,
    MEAN,
    BURNED,
    STREAMED,
    HALTED,
    STRANGER
}

/// @dev Keepers, buyers, the reporter, the operator, the guardian and strangers, at random, and a textbook of where every
/// unit went. Three tokens: dollars and QTRA, which are rewards, and bitcoin, which is not.
contract RevenueHandler is RevenueFixture {
    uint256 public constant TOKENS = 3;
    uint256 private constant MAX_BOUNTY_BPS = 50;
    uint256 public broken;
    uint256 public supplyAtStart;
    uint256 public burned;
    address[TOKENS] private _tokens;
    address private _stranger = address(0xBAD);
    mapping(address token => uint256) public cameIn;
    mapping(address token => uint256) public wentOut;
    mapping(address token => uint256) public streamed;
    /// @dev Split off for the buyback and not sold yet.
    mapping(address token => uint256) public forBuyback;
    mapping(address token => mapping(uint256 day => uint256)) private _soldOn;
    mapping(address token => mapping(uint256 day => uint256)) private _highestCapOn;
    mapping(address token => mapping(uint256 day => uint256)) private _bountyOn;
    mapping(address token => mapping(uint256 day => uint256)) private _highestBountyOn;
    mapping(address token => bool) private _halted;
    /// @dev What the last purchase of an auction cost, per 10^18 base units.
    mapping(uint256 auction => uint256) private _lastPrice;
    mapping(uint256 auction => uint256) private _floor;
    mapping(address token => uint256) private _lowest;
    mapping(address token => uint256) private _highest;

    function setUp() public override {
        super.setUp();
        _tokens = [address(usdc), address(qtra), address(btc)];
        qtra.transfer(bob, 500_000_000e18);
        stake(alice, 1000e18);
        supplyAtStart = qtra.totalSupply();
        _noteReport(address(usdc), USDC_PRICE);
        _noteReport(address(btc), BTC_PRICE);
        _noteCaps();
    }

    // -- what is done

    /// @dev Fees that were collected, or a gift: the router cannot tell them apart.
    function earnSome(uint256 dice) external {
        dice = spread(dice);
        address token = _token(dice);
        uint256 amount = (dice >> 8) % (token == address(qtra) ? 10_000e18 : token == address(btc) ? 20e8 : 300_000e6);
        if ((dice >> 128) % 4 == 0) amount %= 100;
        if (token == address(qtra)) qtra.transfer(address(router), amount);
        else TestToken(token).mint(address(router), amount);
        cameIn[token] += amount;
    }

    function routeSome(uint256 dice) external {
        dice = spread(dice);
        address token = _token(dice);
        uint256 amount = router.routable(token);
        uint256 supply = qtra.totalSupply();
        uint256 here = _balance(token, address(router));
        uint256 inStaking = _balance(token, address(staking));
        (uint256 waitingBefore,) = router.heldOf(token);
        uint256[3] memory held = _heldByRecipients(token);
        vm.recordLogs();
        vm.prank(keeper);
        try router.route(token) returns (uint256 routed) {
            check(routed == amount && amount != 0, RevenueRule.WHOLE_SPLIT);
        } catch {
            check(amount == 0, RevenueRule.WHOLE_SPLIT);
            return;
        }
        uint256[6] memory parts = _partsOfRoute(amount);
        _checkSplit(token, amount - parts[0], parts);
        (uint256 waiting,) = router.heldOf(token);
        uint256[3] memory after_ = _heldByRecipients(token);
        check(after_[0] - held[0] == parts[0], RevenueRule.BOUNTY);
        check(after_[1] - held[1] == parts[3] && after_[2] - held[2] == parts[4], RevenueRule.WHOLE_SPLIT);
        check(_balance(token, address(staking)) - inStaking == parts[1], RevenueRule.STREAMED);
        if (token == address(qtra)) check(supply - qtra.totalSupply() == parts[2], RevenueRule.BURNED);
        else check(waiting - waitingBefore == parts[2], RevenueRule.WHOLE_SPLIT);
        if (token != address(qtra)) forBuyback[token] += parts[2];
        burned += supply - qtra.totalSupply();
        streamed[token] += parts[1];
        wentOut[token] += here - _balance(token, address(router));
        _bountyOn[token][_day()] += parts[0];
        check(parts[0] <= amount * MAX_BOUNTY_BPS / 10_000, RevenueRule.BOUNTY);
        check(_bountyOn[token][_day()] <= _highestBountyOn[token][_day()], RevenueRule.BOUNTY);
    }

    function startSome(uint256 dice) external {
        dice = spread(dice);
        address token = dice % 8 == 0 ? address(qtra) : dice % 2 == 0 ? address(usdc) : address(btc);
        // Half of the time a price is there, so that auctions begin.
        (uint256 last, uint40 reportedAt) = prices.lastOf(token);
        if (last != 0 && (dice >> 8) % 2 == 0 && vm.getBlockTimestamp() >= uint256(reportedAt) + 10 minutes) {
            prices.report(token, last);
        }
        uint256 running = router.runningOf(token);
        bool runs = running != 0 && router.quote(running, 1) != 0;
        try router.startAuction(token) returns (uint256 auction) {
            IRevenueRouter.Auction memory sale = router.auctionOf(auction);
            check(!runs && sale.token == token && router.runningOf(token) == auction, RevenueRule.ONE_AUCTION);
            check(!_halted[token], RevenueRule.HALTED);
            (, uint40 time) = prices.lastOf(token);
            check(vm.getBlockTimestamp() - time <= 2 hours, RevenueRule.FRESH_PRICE);
            check(sale.left <= _highestCapOn[token][_day()], RevenueRule.DAILY_CAP);
            uint256 price = prices.twap(token);
            check(sale.floorPrice * 10_000 >= price * 8000 && sale.startPrice >= sale.floorPrice, RevenueRule.FLOOR);
            (_lastPrice[auction], _floor[auction]) = (sale.startPrice, sale.floorPrice);
        } catch {}
    }

    function buySome(uint256 dice) external {
        dice = spread(dice);
        uint256 count = router.auctionCount();
        if (count == 0) return;
        uint256 auction = router.runningOf(_token(dice >> 2));
        if (auction == 0 || dice % 4 == 0) auction = 1 + (dice >> 64) % count;
        IRevenueRouter.Auction memory sale = router.auctionOf(auction);
        uint256 amount = (dice >> 4) % 4 == 0 ? sale.left : 1 + (dice >> 8) % (uint256(sale.left) + 1);
        uint256 supply = qtra.totalSupply();
        uint256 held = _balance(sale.token, bob);
        vm.prank(bob);
        try router.buy(auction, amount, type(uint256).max, type(uint256).max) returns (uint256 cost) {
            check(_balance(sale.token, bob) - held == amount && amount <= sale.left, RevenueRule.WHOLE_SPLIT);
            check(cost * 1e18 >= amount * _floor[auction], RevenueRule.FLOOR);
            check(supply - qtra.totalSupply() == cost, RevenueRule.BURNED);
            // Cheaper or as dear as the last purchase, but for rounding.
            check(cost == 0 || (cost - 1) * 1e18 <= amount * _lastPrice[auction], RevenueRule.PRICE_FALLS);
            uint256 price = (cost * 1e18 + amount - 1) / amount;
            if (price < _lastPrice[auction]) _lastPrice[auction] = price;
            check(!_halted[sale.token], RevenueRule.HALTED);
            burned += cost;
            wentOut[sale.token] += amount;
            forBuyback[sale.token] -= amount;
            _soldOn[sale.token][_day()] += amount;
            check(_soldOn[sale.token][_day()] <= router.termsOf(sale.token).dailyCap, RevenueRule.DAILY_CAP);
            check(_soldOn[sale.token][_day()] == router.soldToday(sale.token), RevenueRule.DAILY_CAP);
        } catch {}
    }

    function endSome(uint256 dice) external {
        dice = spread(dice);
        uint256 count = router.auctionCount();
        if (count == 0) return;
        try router.endAuction(1 + dice % count) {} catch {}
    }

    function report(uint256 dice) external {
        dice = spread(dice);
        address token = dice % 2 == 0 ? address(usdc) : address(btc);
        (uint256 last, uint40 time) = prices.lastOf(token);
        uint256 price = last * (8500 + (dice >> 8) % 3000) / 10_000;
        bool isDue = vm.getBlockTimestamp() >= uint256(time) + 10 minutes;
        bool isNear = price * 10 >= last * 9 && price * 10 <= last * 11;
        // Kept where the products of the test fit.
        if (price < 1e9 || price > 2 ** 126) return;
        try prices.report(token, price) {
            check(isDue && isNear, RevenueRule.PRICE_STEP);
            _noteReport(token, price);
        } catch {
            check(!isDue || !isNear, RevenueRule.PRICE_STEP);
        }
    }

    function readMean(uint256 dice) external {
        dice = spread(dice);
        address token = dice % 2 == 0 ? address(usdc) : address(btc);
        try prices.twap(token) returns (uint256 price) {
            check(price >= _lowest[token] && price <= _highest[token], RevenueRule.MEAN);
        } catch (bytes memory reason) {
            (, uint40 time) = prices.lastOf(token);
            check(bytes4(reason) == IReportedPrice.ReportedPriceStale.selector, RevenueRule.MEAN);
            check(vm.getBlockTimestamp() - time > 2 hours, RevenueRule.FRESH_PRICE);
        }
    }

    function wait(uint256 dice) external {
        dice = spread(dice);
        pass(1 + (dice >> 8) % (dice % 8 == 0 ? 2 days : 20 minutes));
        _noteCaps();
    }

    /// @dev What the operator and the guardian do.
    function administrate(uint256 dice) external {
        dice = spread(dice);
        address token = dice % 2 == 0 ? address(usdc) : address(btc);
        uint256 how = (dice >> 8) % 4;
        if (how == 0) {
            uint16 first = uint16((dice >> 16) % 10_001);
            uint16 second = uint16((dice >> 32) % (10_001 - first));
            uint16 third = uint16((dice >> 48) % (10_001 - first - second));
            router.setSplit(IRevenueRouter.Split(first, second, third, 10_000 - first - second - third));
        }
        if (how == 1) {
            uint128 cap = uint128(1 + (dice >> 16) % USDC_CAP);
            uint128 least = uint128(1 + (dice >> 80) % (cap < 1e6 ? cap : 1e6));
            router.setAuctionTerms(token, IRevenueRouter.AuctionTerms(cap, least, 11_000, 8000, 1 hours));
            _halted[token] = false;
        }
        if (how == 2) router.setBounty(token, uint16((dice >> 16) % 51), uint128((dice >> 32) % 100e6));
        if (how == 3 && (dice >> 16) % 8 == 0) {
            router.haltAuctions(token);
            _halted[token] = true;
        }
        _noteCaps();
    }

    function intrude(uint256 dice) external {
        dice = spread(dice);
        bytes[] memory calls = new bytes[](8);
        calls[0] = abi.encodeCall(IRevenueRouter.setSplit, (IRevenueRouter.Split(0, 0, 0, 10_000)));
        calls[1] = abi.encodeCall(IRevenueRouter.setTreasury, (_stranger));
        calls[2] = abi.encodeCall(IRevenueRouter.setInsurance, (_stranger));
        calls[3] = abi.encodeCall(IRevenueRouter.setBounty, (address(usdc), 50, 1e12));
        calls[4] = abi.encodeCall(IRevenueRouter.haltAuctions, (address(usdc)));
        calls[5] = abi.encodeCall(
            IRevenueRouter.setAuctionTerms, (address(usdc), IRevenueRouter.AuctionTerms(1, 1, 10_000, 8000, 1 hours))
        );
        calls[6] = abi.encodeCall(IReportedPrice.report, (address(usdc), USDC_PRICE));
        calls[7] = abi.encodeCall(IReportedPrice.setPrice, (address(usdc), 1));
        uint256 which = dice % calls.length;
        vm.prank(_stranger);
        (bool success,) = (which < 6 ? address(router) : address(prices)).call(calls[which]);
        check(!success, RevenueRule.STRANGER);
    }

    // -- what is seen

    function tokenOf(uint256 index) external view returns (address) {
        return _tokens[index];
    }

    function routerOf() external view returns (IRevenueRouter) {
        return router;
    }

    function stakingOf() external view returns (IStaking) {
        return staking;
    }

    function balanceHere(address token) external view returns (uint256) {
        return _balance(token, address(router));
    }

    function allowanceToStaking(address token) external view returns (uint256) {
        return TestToken(token).allowance(address(router), address(staking));
    }

    function staker() external view returns (address) {
        return alice;
    }

    function qtraSupply() external view returns (uint256) {
        return qtra.totalSupply();
    }

    // -- notes

    function check(bool holds, RevenueRule rule) private {
        if (!holds) broken |= 1 << uint256(rule);
    }

    /// @dev Bounty, stakers, buyback, treasury and insurance of the event, and their sum.
    function _partsOfRoute(uint256 amount) private returns (uint256[6] memory parts) {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics[0] != IRevenueRouter.RevenueRouted.selector) continue;
            (parts[0], parts[1], parts[2], parts[3], parts[4]) =
                abi.decode(logs[i].data, (uint256, uint256, uint256, uint256, uint256));
        }
        for (uint256 i = 0; i < 5; ++i) {
            parts[5] += parts[i];
        }
        check(parts[5] == amount, RevenueRule.WHOLE_SPLIT);
    }

    /// @dev Each part is its share of what the bounty leaves, rounded down; the insurance's is the rest.
    function _checkSplit(address token, uint256 rest, uint256[6] memory parts) private {
        IRevenueRouter.Split memory shares = router.split();
        uint256 stakers = rest * shares.stakersBps / 10_000;
        uint256 buyback = rest * shares.buybackBps / 10_000;
        uint256 forTreasury = rest * shares.treasuryBps / 10_000;
        uint256 forInsurance = rest - stakers - buyback - forTreasury;
        // Bitcoin is no reward.
        if (token == address(btc)) (stakers, buyback) = (0, stakers + buyback);
        check(parts[1] == stakers && parts[2] == buyback, RevenueRule.SPLIT_AS_SET);
        check(parts[3] == forTreasury && parts[4] == forInsurance, RevenueRule.SPLIT_AS_SET);
    }

    /// @dev The highest cap and bounty that stood on this day.
    function _noteCaps() private {
        for (uint256 i = 0; i < TOKENS; ++i) {
            address token = _tokens[i];
            uint256 cap = router.termsOf(token).dailyCap;
            if (cap > _highestCapOn[token][_day()]) _highestCapOn[token][_day()] = cap;
            (, uint256 bounty) = router.bountyOf(token);
            if (bounty > _highestBountyOn[token][_day()]) _highestBountyOn[token][_day()] = bounty;
        }
    }

    function _noteReport(address token, uint256 price) private {
        if (_lowest[token] == 0 || price < _lowest[token]) _lowest[token] = price;
        if (price > _highest[token]) _highest[token] = price;
    }

    function _heldByRecipients(address token) private view returns (uint256[3] memory) {
        return [_balance(token, keeper), _balance(token, treasury), _balance(token, insurance)];
    }

    function _balance(address token, address holder) private view returns (uint256) {
        return TestToken(token).balanceOf(holder);
    }

    function _token(uint256 dice) private view returns (address) {
        return _tokens[dice % TOKENS];
    }

    function _day() private view returns (uint256) {
        return vm.getBlockTimestamp() / 1 days;
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IReportedPrice} from "../interfaces/IReportedPrice.sol";
import {IRevenueRouter} from "../interfaces/IRevenueRouter.sol";
import {ISettlementAccounts} from "../interfaces/ISettlementAccounts.sol";
import {IStaking} from "../interfaces/IStaking.sol";
import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ERC20Burnable} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Burnable.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title RevenueRouter
/// @dev Documented on `IRevenueRouter`. Of every token the balance is what waits for the buyback, what is left in its
/// auction, and the rest, which is to be routed. There is no other way out.
contract RevenueRouter is AccessManaged, ReentrancyGuardTransient, IRevenueRouter {
    using SafeCast for uint256;
    using SafeERC20 for IERC20;

    /// @param waiting for an auction
    /// @param running number of the auction that has not ended; 0 without
    struct Buyback {
        uint128 waiting;
        uint128 running;
    }

    struct Sales {
        uint128 amount;
        uint128 day;
    }

    /// @param cap the most that keepers get in a day
    /// @param paid what they got on that day
    struct Bounty {
        uint96 cap;
        uint96 paid;
        uint40 day;
        uint16 bps;
    }

    uint16 public constant MAX_BOUNTY_BPS = 50;
    uint40 private constant STREAM_DURATION = 7 days;
    uint256 private constant BPS = 10_000;
    uint256 private constant PRICE_UNIT = 1e18;
    uint256 private constant MAX_START_BPS = 20_000;
    uint256 private constant MIN_FLOOR_BPS = 8000;
    uint256 private constant MIN_AUCTION = 10 minutes;
    uint256 private constant MAX_AUCTION = 1 days;

    address public immutable settlement;
    address public immutable staking;
    address public immutable prices;
    address public immutable qtra;

    Split private _split;
    address public treasury;
    address public insurance;
    uint256 public auctionCount;
    mapping(address token => Buyback) private _buybacks;
    mapping(address token => Sales) private _sales;
    mapping(address token => Bounty) private _bounties;
    mapping(address token => AuctionTerms) private _terms;
    mapping(uint256 auction => Auction) private _auctions;

    /// @param accessManager decides who may call what is `restricted`
    /// @param settlement_ where the fees are; this contract must be allowed to collect them
    /// @param prices_ an `IReportedPrice`
    constructor(address accessManager, address settlement_, address qtra_, address staking_, address prices_)
        AccessManaged(accessManager)
    {
        settlement = settlement_;
        qtra = qtra_;
        staking = staking_;
        prices = prices_;
    }

    function collect(uint16 asset, uint64 amount) external nonReentrant {
        ISettlementAccounts.Asset memory listed = ISettlementAccounts(settlement).assetOf(asset);
        emit FeesCollected(asset, listed.token, uint256(amount) * listed.unitScale);
        ISettlementAccounts(settlement).collectFees(asset, amount, address(this));
    }

    function route(address token) external nonReentrant returns (uint256 amount) {
        amount = routable(token);
        require(amount != 0, RouterNothingToRoute(token));
        Split memory shares = _split;
        (address toTreasury, address toInsurance) = (treasury, insurance);
        require(
            shares.stakersBps + uint256(shares.buybackBps) + shares.treasuryBps + shares.insuranceBps == BPS
                && toTreasury != address(0) && toInsurance != address(0),
            RouterNotConfigured()
        );

        uint256 bounty = _takeBounty(token, amount);
        uint256 rest = amount - bounty;
        uint256 stakers = rest * shares.stakersBps / BPS;
        uint256 buyback = rest * shares.buybackBps / BPS;
        uint256 forTreasury = rest * shares.treasuryBps / BPS;
        // What rounding leaves goes to the insurance.
        uint256 forInsurance = rest - stakers - buyback - forTreasury;
        uint8 reward = IStaking(staking).rewardOf(token);
        if (reward == 0) (stakers, buyback) = (0, stakers + buyback);
        emit RevenueRouted(token, msg.sender, bounty, stakers, buyback, forTreasury, forInsurance);

        _takeBuyback(token, buyback);
        if (stakers != 0) {
            IERC20(token).forceApprove(staking, stakers);
            IStaking(staking).notify(reward, stakers, STREAM_DURATION);
        }
        _send(token, toTreasury, forTreasury);
        _send(token, toInsurance, forInsurance);
        _send(token, msg.sender, bounty);
    }

    function startAuction(address token) external nonReentrant returns (uint256 auction) {
        Buyback memory buyback = _buybacks[token];
        if (buyback.running != 0) {
            require(_isOver(_auctions[buyback.running]), RouterAuctionRuns(buyback.running));
            _end(buyback.running);
            buyback = _buybacks[token];
        }
        AuctionTerms memory terms = _terms[token];
        require(terms.dailyCap != 0, RouterNotAuctioned(token));
        uint256 amount = Math.min(buyback.waiting, terms.dailyCap - Math.min(terms.dailyCap, soldToday(token)));
        require(amount >= terms.minAmount, RouterTooLittle(token, amount, terms.minAmount));

        uint256 price = IReportedPrice(prices).twap(token);
        uint256 startPrice = price * terms.startBps / BPS;
        uint256 floorPrice = Math.ceilDiv(price * terms.floorBps, BPS);
        auction = ++auctionCount;
        _buybacks[token] = Buyback({waiting: buyback.waiting - amount.toUint128(), running: auction.toUint128()});
        _auctions[auction] = Auction({
            token: token,
            startedAt: uint40(block.timestamp),
            duration: terms.duration,
            left: amount.toUint128(),
            startPrice: startPrice.toUint128(),
            floorPrice: floorPrice.toUint128()
        });
        emit AuctionStarted(auction, token, amount, startPrice, floorPrice);
    }

    function buy(uint256 auction, uint256 amount, uint256 maxQtra, uint256 deadline)
        external
        nonReentrant
        returns (uint256 cost)
    {
        require(block.timestamp <= deadline, RouterDeadlinePassed(deadline));
        Auction memory sale = _known(auction);
        require(!_isOver(sale), RouterAuctionOver(auction));
        require(amount != 0 && amount <= sale.left, RouterInvalidAmount(amount, sale.left));
        cost = _cost(sale, amount);
        require(cost <= maxQtra, RouterTooExpensive(cost, maxQtra));
        _countSale(sale.token, amount);

        uint128 left = sale.left - uint128(amount);
        _auctions[auction].left = left;
        emit AuctionBought(auction, msg.sender, amount, cost);
        if (left == 0) _end(auction);
        ERC20Burnable(qtra).burnFrom(msg.sender, cost);
        IERC20(sale.token).safeTransfer(msg.sender, amount);
    }

    function endAuction(uint256 auction) external {
        Auction memory sale = _known(auction);
        require(sale.left != 0, RouterAuctionOver(auction));
        require(_isOver(sale), RouterAuctionRuns(auction));
        _end(auction);
    }

    function haltAuctions(address token) external restricted {
        delete _terms[token];
        emit AuctionTermsSet(token, _terms[token]);
        uint256 running = _buybacks[token].running;
        if (running != 0) _end(running);
    }

    function setSplit(Split calldata newSplit) external restricted {
        uint256 sum = uint256(newSplit.stakersBps) + newSplit.buybackBps + newSplit.treasuryBps + newSplit.insuranceBps;
        require(sum == BPS, RouterInvalidSplit(sum));
        _split = newSplit;
        emit SplitSet(newSplit);
    }

    function setTreasury(address newTreasury) external restricted {
        treasury = _recipient(newTreasury);
        emit TreasurySet(newTreasury);
    }

    function setInsurance(address newInsurance) external restricted {
        insurance = _recipient(newInsurance);
        emit InsuranceSet(newInsurance);
    }

    function setBounty(address token, uint16 bps, uint128 cap) external restricted {
        require(bps <= MAX_BOUNTY_BPS, RouterBountyTooHigh(bps));
        (_bounties[token].bps, _bounties[token].cap) = (bps, uint256(cap).toUint96());
        emit BountySet(token, bps, cap);
    }

    function setAuctionTerms(address token, AuctionTerms calldata terms) external restricted {
        require(
            token != qtra && terms.minAmount != 0 && terms.minAmount <= terms.dailyCap && terms.startBps >= BPS
                && terms.startBps <= MAX_START_BPS && terms.floorBps >= MIN_FLOOR_BPS && terms.floorBps <= BPS
                && terms.duration >= MIN_AUCTION && terms.duration <= MAX_AUCTION,
            RouterInvalidTerms(token)
        );
        _terms[token] = terms;
        emit AuctionTermsSet(token, terms);
    }

    function routable(address token) public view returns (uint256 amount) {
        (uint256 waiting, uint256 inAuction) = heldOf(token);
        return IERC20(token).balanceOf(address(this)) - waiting - inAuction;
    }

    function heldOf(address token) public view returns (uint256 waiting, uint256 inAuction) {
        Buyback memory buyback = _buybacks[token];
        if (buyback.running != 0) inAuction = _auctions[buyback.running].left;
        return (buyback.waiting, inAuction);
    }

    function quote(uint256 auction, uint256 amount) external view returns (uint256 cost) {
        Auction memory sale = _known(auction);
        return _isOver(sale) ? 0 : _cost(sale, amount);
    }

    function auctionOf(uint256 auction) external view returns (Auction memory) {
        return _known(auction);
    }

    function runningOf(address token) external view returns (uint256 auction) {
        return _buybacks[token].running;
    }

    function termsOf(address token) external view returns (AuctionTerms memory) {
        return _terms[token];
    }

    function soldToday(address token) public view returns (uint256 amount) {
        Sales memory sales = _sales[token];
        return sales.day == block.timestamp / 1 days ? sales.amount : 0;
    }

    function bountyOf(address token) external view returns (uint16 bps, uint128 cap) {
        Bounty memory bounty = _bounties[token];
        return (bounty.bps, bounty.cap);
    }

    function split() external view returns (Split memory) {
        return _split;
    }

    /// @dev The bounty for an amount, counted among the day's.
    function _takeBounty(address token, uint256 amount) private returns (uint256 bounty) {
        Bounty memory terms = _bounties[token];
        if (terms.bps == 0) return 0;
        uint40 today = uint40(block.timestamp / 1 days);
        uint256 paid = terms.day == today ? terms.paid : 0;
        // The cap may have been lowered since.
        bounty = Math.min(amount * terms.bps / BPS, terms.cap - Math.min(terms.cap, paid));
        (terms.day, terms.paid) = (today, uint96(paid + bounty));
        _bounties[token] = terms;
    }

    /// @dev QTRA is burned at once. What is not QTRA waits for an auction.
    function _takeBuyback(address token, uint256 amount) private {
        if (token == qtra) return ERC20Burnable(qtra).burn(amount);
        _buybacks[token].waiting += amount.toUint128();
    }

    /// @dev Counts a sale among the day's, which must stay within the cap.
    function _countSale(address token, uint256 amount) private {
        uint256 sold = soldToday(token);
        uint256 cap = _terms[token].dailyCap;
        // The cap may have been lowered since the auction began.
        uint256 leftToday = cap - Math.min(cap, sold);
        require(amount <= leftToday, RouterDailyCap(token, leftToday, amount));
        _sales[token] = Sales({amount: uint128(sold + amount), day: uint128(block.timestamp / 1 days)});
    }

    function _end(uint256 auction) private {
        Auction storage sale = _auctions[auction];
        uint128 unsold = sale.left;
        Buyback storage buyback = _buybacks[sale.token];
        buyback.waiting += unsold;
        buyback.running = 0;
        sale.left = 0;
        emit AuctionEnded(auction, unsold);
    }

    function _send(address token, address to, uint256 amount) private {
        // A token may refuse a transfer of nothing.
        if (amount != 0) IERC20(token).safeTransfer(to, amount);
    }

    /// @dev What an amount costs now, in QTRA. Rounded up twice, so that no split of a purchase is below the floor.
    function _cost(Auction memory sale, uint256 amount) private view returns (uint256) {
        uint256 remaining = uint256(sale.startedAt) + sale.duration - block.timestamp;
        uint256 price = sale.floorPrice + Math.ceilDiv((sale.startPrice - sale.floorPrice) * remaining, sale.duration);
        return Math.mulDiv(amount, price, PRICE_UNIT, Math.Rounding.Ceil);
    }

    function _isOver(Auction memory sale) private view returns (bool) {
        return sale.left == 0 || block.timestamp > uint256(sale.startedAt) + sale.duration;
    }

    function _known(uint256 auction) private view returns (Auction memory sale) {
        sale = _auctions[auction];
        require(sale.token != address(0), RouterUnknownAuction(auction));
    }

    function _recipient(address recipient) private view returns (address) {
        require(recipient != address(0) && recipient != address(this), RouterInvalidRecipient(recipient));
        return recipient;
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";

/// @title RevenueRouter: where the exchange's fees go
/// @notice Anybody may collect the fees of an asset from `Settlement` and have them split between stakers, buyback, treasury
/// and insurance. What is for the buyback is sold for QTRA in a Dutch auction that never goes below a floor against a
/// time-weighted price, and never above a day's cap; the QTRA is burned.
/// @dev Amounts are base units of the token; prices the base units of QTRA for 10^18 of them, as in `IReportedPrice`.
interface IRevenueRouter is IAccessManaged {
    /// @notice Shares in basis points; they add up to 10,000.
    struct Split {
        uint16 stakersBps;
        uint16 buybackBps;
        uint16 treasuryBps;
        uint16 insuranceBps;
    }

    /// @notice How a token is auctioned.
    /// @param dailyCap the most that is sold of it in a day (UTC); 0: none is
    /// @param minAmount an auction is of at least so much
    /// @param startBps where the price starts, in basis points of the time-weighted one
    /// @param floorBps where it ends
    /// @param duration seconds in which it falls from the one to the other; then the auction is over
    struct AuctionTerms {
        uint128 dailyCap;
        uint128 minAmount;
        uint16 startBps;
        uint16 floorBps;
        uint40 duration;
    }

    /// @param left what is not sold yet; 0 of an auction that ended
    struct Auction {
        address token;
        uint40 startedAt;
        uint40 duration;
        uint128 left;
        uint128 startPrice;
        uint128 floorPrice;
    }

    event SplitSet(Split split);
    event TreasurySet(address indexed treasury);
    event InsuranceSet(address indexed insurance);
    /// @param cap the most that keepers get of the token in a day (UTC)
    event BountySet(address indexed token, uint16 bps, uint128 cap);
    event AuctionTermsSet(address indexed token, AuctionTerms terms);
    event FeesCollected(uint16 indexed asset, address indexed token, uint256 amount);
    /// @notice The parts add up to the amount. Of a token that is no reward of `Staking`, the stakers' part is in the
    /// buyback's. Of QTRA the buyback's part is burned at once.
    /// @param bounty what the caller got of the amount, before the split
    event RevenueRouted(
        address indexed token,
        address indexed keeper,
        uint256 bounty,
        uint256 stakers,
        uint256 buyback,
        uint256 treasury,
        uint256 insurance
    );
    event AuctionStarted(
        uint256 indexed auction, address indexed token, uint256 amount, uint256 startPrice, uint256 floorPrice
    );
    /// @param amount base units of the token sold
    /// @param qtra base units of QTRA that were paid and burned
    event AuctionBought(uint256 indexed auction, address indexed buyer, uint256 amount, uint256 qtra);
    /// @param unsold waits for the next auction
    event AuctionEnded(uint256 indexed auction, uint256 unsold);

    /// @dev The shares do not add up to 10,000.
    error RouterInvalidSplit(uint256 sum);
    error RouterInvalidRecipient(address recipient);
    /// @dev Split, treasury and insurance are set before the first amount is routed.
    error RouterNotConfigured();
    error RouterBountyTooHigh(uint16 bps);
    /// @dev The start is from 100 % to 200 %, the floor from 80 % to 100 %, the duration from ten minutes to a day, the least
    /// amount above 0 and at most the cap.
    error RouterInvalidTerms(address token);
    error RouterNothingToRoute(address token);
    /// @dev Less than the least amount waits.
    error RouterTooLittle(address token, uint256 waiting, uint256 least);
    error RouterNotAuctioned(address token);
    error RouterAuctionRuns(uint256 auction);
    error RouterUnknownAuction(uint256 auction);
    error RouterAuctionOver(uint256 auction);
    error RouterInvalidAmount(uint256 amount, uint256 left);
    error RouterDailyCap(address token, uint256 leftToday, uint256 amount);
    error RouterTooExpensive(uint256 qtra, uint256 maxQtra);
    error RouterDeadlinePassed(uint256 deadline);

    /// @notice Fetches fees from `Settlement`.
    /// @param amount ledger units of the asset
    function collect(uint16 asset, uint64 amount) external;

    /// @notice Splits what there is of a token, less what is held for auctions, and pays the caller the bounty. Stakers get
    /// theirs streamed over 7 days.
    /// @return amount what was split, with the bounty
    function route(address token) external returns (uint256 amount);

    /// @notice Starts an auction of what waits for it, at most a day's cap. One at a time of each token.
    function startAuction(address token) external returns (uint256 auction);

    /// @notice Buys from an auction and burns the QTRA, which the caller has approved. What it costs is rounded up.
    /// @param amount base units of the auction's token, at most what is left
    /// @return cost base units of QTRA
    function buy(uint256 auction, uint256 amount, uint256 maxQtra, uint256 deadline) external returns (uint256 cost);

    /// @notice Ends an auction whose time is over; what is unsold waits for the next. One that is sold out has ended.
    function endAuction(uint256 auction) external;

    /// @notice Ends a token's auction now and allows no other until its terms are set again.
    function haltAuctions(address token) external;

    function setSplit(Split calldata newSplit) external;
    function setTreasury(address newTreasury) external;
    function setInsurance(address newInsurance) external;

    /// @notice What keepers get of what they route of a token: basis points, at most `MAX_BOUNTY_BPS`, and at most `cap` in a
    /// day (UTC), however often they route.
    /// @param cap below 2^96
    function setBounty(address token, uint16 bps, uint128 cap) external;
    function setAuctionTerms(address token, AuctionTerms calldata terms) external;

    /// @notice What `route` would split: all that is here of a token but what auctions hold.
    function routable(address token) external view returns (uint256 amount);

    /// @notice What is held for the buyback of a token: what waits, and what is left in its auction.
    function heldOf(address token) external view returns (uint256 waiting, uint256 inAuction);

    /// @notice What an auction asks now for an amount; 0 if it is over.
    function quote(uint256 auction, uint256 amount) external view returns (uint256 cost);
    function auctionOf(uint256 auction) external view returns (Auction memory);

    /// @notice The auction of a token that has not ended; 0 without.
    function runningOf(address token) external view returns (uint256 auction);

    /// @notice How many auctions there were. They are numbered from 1.
    function auctionCount() external view returns (uint256 count);
    function termsOf(address token) external view returns (AuctionTerms memory);

    /// @notice How much of a token was sold today.
    function soldToday(address token) external view returns (uint256 amount);
    function bountyOf(address token) external view returns (uint16 bps, uint128 cap);
    function split() external view returns (Split memory);
    function treasury() external view returns (address);
    function insurance() external view returns (address);
    function settlement() external view returns (address);
    function staking() external view returns (address);
    function prices() external view returns (address);
    function qtra() external view returns (address);
    function MAX_BOUNTY_BPS() external view returns (uint16);
}

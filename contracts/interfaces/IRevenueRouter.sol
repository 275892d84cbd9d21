// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title RevenueRouter: where the exchange's fees go
/// @notice Anybody may collect the fees of an asset from `Settlement` and have them split between stakers, buyback, treasury
/// and insurance. What is for the buyback is sold for QTRA in a Dutch auction that never goes below a floor against a
/// time-weighted price, and never above a day's cap; the QTRA is burned.
interface IRevenueRouter {
    /// @notice Shares in basis points; they add up to 10,000.
    struct Split {
        uint16 stakersBps;
        uint16 buybackBps;
        uint16 treasuryBps;
        uint16 insuranceBps;
    }

    event SplitSet(Split split);
    event FeesCollected(uint16 indexed asset, address indexed token, uint256 amount);
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
    event AuctionEnded(uint256 indexed auction, uint256 unsold);
    event PriceReported(address indexed token, uint256 price);
}

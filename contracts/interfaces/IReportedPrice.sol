// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";

/// @title ReportedPrice: time-weighted prices in QTRA, from what a reporter says
/// @notice A reporter can move a price by at most a tenth every ten minutes, and what is read is the mean over at least an
/// hour, so a stolen key cannot make a price overnight of nothing. Without fresh reports there is no price.
/// @dev A price is the base units of QTRA that 10^18 base units of the token are worth.
interface IReportedPrice is IAccessManaged {
    /// @notice A price counts from now until the next one.
    event PriceReported(address indexed token, uint256 price);

    /// @dev A price is above 0 and below 2^128.
    error ReportedPriceInvalid(uint256 price);
    error ReportedPriceTooSoon(address token, uint40 allowedFrom);
    error ReportedPriceTooFar(address token, uint256 last, uint256 price);
    /// @dev `setPrice` begins.
    error ReportedPriceUnknown(address token);
    error ReportedPriceStale(address token, uint40 time);
    /// @dev What is known does not reach back `WINDOW`.
    error ReportedPriceTooYoung(address token, uint40 since);

    /// @notice Reports a price. At least `MIN_INTERVAL` after the last one, and at most `MAX_STEP_BPS` from it.
    function report(address token, uint256 price) external;

    /// @notice Begins the history of a token, or begins it anew. There is no mean until it reaches back `WINDOW`.
    function setPrice(address token, uint256 price) external;

    /// @notice The mean over `WINDOW` or a little more, up to now; none if the last report is older than `MAX_AGE`.
    function twap(address token) external view returns (uint256 price);

    /// @notice The last price, and when it was reported; 0 and 0 for a token without.
    function lastOf(address token) external view returns (uint256 price, uint40 time);

    function WINDOW() external view returns (uint40);
    function MAX_AGE() external view returns (uint40);
    function MIN_INTERVAL() external view returns (uint40);
    function MAX_STEP_BPS() external view returns (uint16);
}

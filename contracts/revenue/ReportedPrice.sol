// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IReportedPrice} from "../interfaces/IReportedPrice.sol";
import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";

/// @title ReportedPrice
/// @dev Documented on `IReportedPrice`. Of each token a ring of its last reports, each with the sum of price times seconds
/// until it.
contract ReportedPrice is AccessManaged, IReportedPrice {
    /// @param count reports since the history began
    struct Last {
        uint128 price;
        uint40 time;
        uint40 count;
    }

    /// @param sum price times seconds since the history began
    struct Observation {
        uint40 time;
        uint216 sum;
    }

    uint40 public constant WINDOW = 1 hours;
    uint40 public constant MAX_AGE = 2 hours;
    uint40 public constant MIN_INTERVAL = 10 minutes;
    uint16 public constant MAX_STEP_BPS = 1000;
    /// @dev Of so many reports, ten minutes apart or more, one is an hour old.
    uint256 private constant RING = 8;
    uint256 private constant BPS = 10_000;

    mapping(address token => Last) private _last;
    mapping(address token => Observation[RING]) private _observations;

    /// @param accessManager decides who may call what is `restricted`
    constructor(address accessManager) AccessManaged(accessManager) {}

    function report(address token, uint256 price) external restricted {
        Last memory last = _last[token];
        require(last.time != 0, ReportedPriceUnknown(token));
        uint40 allowedFrom = last.time + MIN_INTERVAL;
        require(block.timestamp >= allowedFrom, ReportedPriceTooSoon(token, allowedFrom));
        uint256 step = price > last.price ? price - last.price : last.price - price;
        require(step * BPS <= uint256(last.price) * MAX_STEP_BPS, ReportedPriceTooFar(token, last.price, price));
        uint216 sum = _sumAt(_observations[token][(last.count - 1) % RING], last.price);
        _record(token, price, sum, last.count);
    }

    function setPrice(address token, uint256 price) external restricted {
        _record(token, price, 0, 0);
    }

    function twap(address token) external view returns (uint256 price) {
        Last memory last = _last[token];
        require(last.time != 0, ReportedPriceUnknown(token));
        require(block.timestamp - last.time <= MAX_AGE, ReportedPriceStale(token, last.time));
        Observation[RING] storage ring = _observations[token];
        uint216 sum = _sumAt(ring[(last.count - 1) % RING], last.price);
        uint256 oldest = last.count > RING ? last.count - RING : 0;
        for (uint256 i = last.count; i > oldest; --i) {
            Observation memory past = ring[(i - 1) % RING];
            uint256 span = block.timestamp - past.time;
            if (span >= WINDOW) return (sum - past.sum) / span;
        }
        revert ReportedPriceTooYoung(token, ring[oldest % RING].time);
    }

    function lastOf(address token) external view returns (uint256 price, uint40 time) {
        return (_last[token].price, _last[token].time);
    }

    function _record(address token, uint256 price, uint216 sum, uint40 count) private {
        require(price != 0 && price <= type(uint128).max, ReportedPriceInvalid(price));
        _observations[token][count % RING] = Observation({time: uint40(block.timestamp), sum: sum});
        _last[token] = Last({price: uint128(price), time: uint40(block.timestamp), count: count + 1});
        emit PriceReported(token, price);
    }

    function _sumAt(Observation memory last, uint128 price) private view returns (uint216) {
        return last.sum + uint216(price) * (uint40(block.timestamp) - last.time);
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISettlementAccounts} from "../interfaces/ISettlementAccounts.sol";
import {SettlementStorage} from "./SettlementStorage.sol";

/// @dev Listings. They are final: what a balance or an order means never changes.
abstract contract SettlementRegistry is SettlementStorage, ISettlementAccounts {
    function listAsset(uint16 asset, address token, uint64 unitScale) external restricted {
        require(asset != 0 && unitScale != 0 && token.code.length != 0, SettlementInvalidAsset(asset, token, unitScale));
        require(_assets[asset].token == address(0), SettlementAssetListed(asset));
        require(_assetOfToken[token] == 0, SettlementTokenListed(token));
        _assets[asset] = Asset({token: token, unitScale: unitScale, total: 0});
        _assetOfToken[token] = asset;
        emit AssetListed(asset, token, unitScale);
    }

    function listMarket(uint32 market, Market calldata terms) external restricted {
        require(
            market != 0 && terms.base != terms.quote && terms.baseUnitsPerLot != 0 && terms.quoteUnitsPerTickLot != 0,
            SettlementInvalidMarket(market)
        );
        _listedAsset(terms.base);
        _listedAsset(terms.quote);
        require(_markets[market].base == 0, SettlementMarketListed(market));
        _markets[market] = terms;
        emit MarketListed(market, terms.base, terms.quote, terms.baseUnitsPerLot, terms.quoteUnitsPerTickLot);
    }

    function assetOf(uint16 asset) external view returns (Asset memory) {
        return _listedAsset(asset);
    }

    function marketOf(uint32 market) external view returns (Market memory) {
        return _listedMarket(market);
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

interface IVault {
    function depositFor(address owner, uint16 asset, uint256 amount) external;
}

interface IToken {
    function approve(address spender, uint256 amount) external returns (bool);
    function transfer(address to, uint256 amount) external returns (bool);
}

/// @title DepositLoad: many deposits and transfers in one transaction, so that a benchmark's history is made in seconds
contract DepositLoad {
    uint160 private constant FIRST_OWNER = 0x1000000;

    function approve(IToken token, address vault) external {
        token.approve(vault, type(uint256).max);
    }

    function deposit(IVault vault, uint16 asset, uint256 amount, uint256 start, uint256 count, uint256 owners) external {
        for (uint256 i = start; i < start + count; ++i) {
            vault.depositFor(address(FIRST_OWNER + uint160(i % owners)), asset, amount);
        }
    }

    function transfer(IToken token, uint256 amount, uint256 start, uint256 count, uint256 holders) external {
        for (uint256 i = start; i < start + count; ++i) {
            token.transfer(address(FIRST_OWNER + uint160(i % holders)), amount);
        }
    }
}

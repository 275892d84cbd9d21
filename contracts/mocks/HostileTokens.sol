// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISettlement} from "../interfaces/ISettlement.sol";
import {TestToken} from "./TestToken.sol";

/// @title FeeOnTransferToken: burns one percent of every transfer
contract FeeOnTransferToken is TestToken("Fee on transfer", "FEE", 6) {
    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        if (from != address(0) && to != address(0)) super._update(to, address(0), value / 100);
    }
}

/// @title FalseReturningToken: says that a transfer failed instead of reverting, once it is told to
contract FalseReturningToken is TestToken("Returns false", "FALSE", 6) {
    bool public refusing;

    function setRefusing(bool refuse) external {
        refusing = refuse;
    }

    function transfer(address to, uint256 value) public override returns (bool) {
        return !refusing && super.transfer(to, value);
    }

    function transferFrom(address from, address to, uint256 value) public override returns (bool) {
        return !refusing && super.transferFrom(from, to, value);
    }
}

/// @title SilentToken: returns nothing from transfers, as some of the largest tokens do
contract SilentToken {
    mapping(address holder => uint256) public balanceOf;
    mapping(address holder => mapping(address spender => uint256)) public allowance;

    function mint(address to, uint256 amount) external {
        balanceOf[to] += amount;
    }

    function approve(address spender, uint256 amount) external {
        allowance[msg.sender][spender] = amount;
    }

    function transfer(address to, uint256 amount) external {
        _move(msg.sender, to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) external {
        allowance[from][msg.sender] -= amount;
        _move(from, to, amount);
    }

    function _move(address from, address to, uint256 amount) private {
        balanceOf[from] -= amount;
        balanceOf[to] += amount;
    }
}

/// @title ReentrantToken: calls back into the vault while it moves
contract ReentrantToken is TestToken("Reentrant", "REENTER", 6) {
    ISettlement private _vault;
    bytes private _call;

    /// @notice From now on every transfer makes this call to the vault, and fails as the call does.
    function arm(ISettlement vault, bytes calldata call_) external {
        _vault = vault;
        _call = call_;
    }

    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        if (_call.length == 0 || from == address(0)) return;
        (bool success, bytes memory answer) = address(_vault).call(_call);
        if (success) return;
        assembly ("memory-safe") {
            revert(add(answer, 0x20), mload(answer))
        }
    }
}

/// @title BlacklistingToken: refuses all transfers from and to whom its issuer has listed, as some of the largest tokens do
contract BlacklistingToken is TestToken("Blacklisting", "LIST", 6) {
    mapping(address holder => bool) public listed;

    error Blacklisted(address holder);

    function setListed(address holder, bool isListed) external {
        listed[holder] = isListed;
    }

    function _update(address from, address to, uint256 value) internal override {
        require(!listed[from], Blacklisted(from));
        require(!listed[to], Blacklisted(to));
        super._update(from, to, value);
    }
}

/// @title RebasingToken: its issuer changes what somebody holds
contract RebasingToken is TestToken("Rebasing", "REBASE", 6) {
    function rebase(address holder, uint256 balance) external {
        _burn(holder, balanceOf(holder));
        _mint(holder, balance);
    }
}

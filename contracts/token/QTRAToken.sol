// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Burnable} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Burnable.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

/// @title QTRAToken: the token of the exchange
/// @notice The whole supply is minted when the contract is made. It can only be burned from then on. Nobody owns the
/// contract.
contract QTRAToken is ERC20, ERC20Burnable, ERC20Permit {
    /// @notice A named part of the supply, in base units.
    struct Allocation {
        bytes32 name;
        address holder;
        uint256 amount;
    }

    uint256 public constant CAP = 1_000_000_000e18;

    event Allocated(bytes32 indexed name, address indexed holder, uint256 amount);

    error QTRATokenUnnamedAllocation(uint256 index);
    error QTRATokenEmptyAllocation(bytes32 name);
    /// @dev The allocations must add up to `CAP`.
    error QTRATokenAllocationsNotCap(uint256 sum);

    constructor(Allocation[] memory allocations) ERC20("QuantaTrade", "QTRA") ERC20Permit("QuantaTrade") {
        for (uint256 i = 0; i < allocations.length; ++i) {
            Allocation memory allocation = allocations[i];
            require(allocation.name != bytes32(0), QTRATokenUnnamedAllocation(i));
            require(allocation.amount != 0, QTRATokenEmptyAllocation(allocation.name));
            _mint(allocation.holder, allocation.amount);
            emit Allocated(allocation.name, allocation.holder, allocation.amount);
        }
        require(totalSupply() == CAP, QTRATokenAllocationsNotCap(totalSupply()));
    }
}

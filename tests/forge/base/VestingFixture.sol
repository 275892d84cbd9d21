// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ExchangeAccess} from "../../../contracts/access/ExchangeAccess.sol";
import {IMerkleVesting} from "../../../contracts/interfaces/IMerkleVesting.sol";
import {QTRAToken} from "../../../contracts/token/QTRAToken.sol";
import {TestBase} from "./TestBase.sol";

/// @title Tree: a Merkle tree as OpenZeppelin's standard has it, written for the tests alone
/// @dev The leaves stand at the end of the nodes, each pair of nodes is sorted before it is hashed. It takes them as they come.
library Tree {
    function nodes(bytes32[] memory leaves) internal pure returns (bytes32[] memory all) {
        all = new bytes32[](2 * leaves.length - 1);
        for (uint256 i = 0; i < leaves.length; ++i) {
            all[all.length - 1 - i] = leaves[i];
        }
        for (uint256 i = leaves.length - 1; i > 0; --i) {
            all[i - 1] = pair(all[2 * i - 1], all[2 * i]);
        }
    }

    function proof(bytes32[] memory leaves, uint256 index) internal pure returns (bytes32[] memory path) {
        bytes32[] memory all = nodes(leaves);
        uint256 place = all.length - 1 - index;
        uint256 depth = 0;
        for (uint256 i = place; i > 0; i = (i - 1) / 2) {
            ++depth;
        }
        path = new bytes32[](depth);
        for (uint256 i = 0; i < depth; ++i) {
            path[i] = all[place % 2 == 1 ? place + 1 : place - 1];
            place = (place - 1) / 2;
        }
    }

    function pair(bytes32 left, bytes32 right) internal pure returns (bytes32) {
        return left < right ? keccak256(abi.encode(left, right)) : keccak256(abi.encode(right, left));
    }
}

/// @dev A vesting contract with QTRA at hand, and owners of allocations. This contract is the administrator and pays for
/// all pools.
abstract contract VestingFixture is TestBase {
    struct Grant {
        address account;
        uint128 allocation;
    }

    uint40 internal constant START = 1_750_000_000;
    uint256 internal constant SALE_POOL = 0;
    uint256 internal constant TEAM_POOL = 4;
    uint256 internal constant OWNERS = 5;
    address internal constant TREASURY = address(0x7EA5);
    address internal constant STRANGER = address(0x57A);

    ExchangeAccess internal access;
    QTRAToken internal qtra;
    IMerkleVesting internal vesting;

    function setUp() public virtual {
        vm.warp(START);
        access = new ExchangeAccess(address(this));
        QTRAToken.Allocation[] memory all = new QTRAToken.Allocation[](1);
        all[0] = QTRAToken.Allocation("vesting", address(this), 1e27);
        qtra = new QTRAToken(all);
        vesting = deployVesting();
    }

    /// @dev From the artifact, so that a change of a test does not compile the contract again.
    function deployVesting() internal returns (IMerkleVesting) {
        bytes memory arguments = abi.encode(address(access), address(qtra), TREASURY);
        IMerkleVesting made = IMerkleVesting(vm.deployCode("MerkleVesting.sol:MerkleVesting", arguments));
        qtra.approve(address(made), type(uint256).max);
        return made;
    }

    function ownerKey(uint256 index) internal pure returns (uint256) {
        return 0x0E4E + index;
    }

    function owner(uint256 index) internal pure returns (address) {
        return vm.addr(ownerKey(index));
    }

    function grants() internal pure returns (Grant[] memory all) {
        all = new Grant[](OWNERS);
        for (uint256 i = 0; i < OWNERS; ++i) {
            // The last one is a single base unit.
            all[i] = Grant(owner(i), i + 1 == OWNERS ? 1 : uint128(1000e18 * (i + 1) + 7 * i));
        }
    }

    function totalOf(Grant[] memory all) internal pure returns (uint128 total) {
        for (uint256 i = 0; i < all.length; ++i) {
            total += all[i].allocation;
        }
    }

    function leaf(uint256 pool, Grant memory grant) internal view returns (bytes32) {
        bytes memory fields = abi.encode(block.chainid, address(vesting), pool, grant.account, grant.allocation);
        return keccak256(bytes.concat(keccak256(fields)));
    }

    function leaves(uint256 pool, Grant[] memory all) internal view returns (bytes32[] memory hashes) {
        hashes = new bytes32[](all.length);
        for (uint256 i = 0; i < all.length; ++i) {
            hashes[i] = leaf(pool, all[i]);
        }
    }

    function rootOf(uint256 pool, Grant[] memory all) internal view returns (bytes32) {
        return Tree.nodes(leaves(pool, all))[0];
    }

    function proofOf(uint256 pool, uint256 index) internal view returns (bytes32[] memory) {
        return Tree.proof(leaves(pool, grants()), index);
    }

    function allocationOf(uint256 index) internal pure returns (uint128) {
        return grants()[index].allocation;
    }

    /// @dev A tenth at the start, nothing more for 30 days, all after 300.
    function scheduleOf(bool revocable) internal pure returns (IMerkleVesting.Schedule memory) {
        return IMerkleVesting.Schedule(START + 1 days, START + 31 days, START + 301 days, 1000, revocable);
    }

    /// @dev A pool with everybody's grants, funded to the unit.
    function open(uint256 pool, bool revocable) internal {
        Grant[] memory all = grants();
        vesting.fund(pool, totalOf(all));
        vesting.publish(pool, rootOf(pool, all), totalOf(all), scheduleOf(revocable));
    }

    function claim(uint256 pool, uint256 index) internal {
        bytes32[] memory proof = proofOf(pool, index);
        vm.prank(owner(index));
        vesting.claim(pool, allocationOf(index), proof);
    }

    function claimAgain(uint256 pool, uint256 index) internal {
        vm.prank(owner(index));
        vesting.claimAgain(pool);
    }

    function day(uint256 number) internal {
        vm.warp(START + number * 1 days);
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title MerkleVesting: QTRA that vests over time, claimed against a Merkle root
/// @notice A pool is one root and one schedule: the pools of the sale's rounds have their numbers, others follow. A leaf is
/// keccak256(bytes.concat(keccak256(abi.encode(chain id, this contract, pool, account, allocation)))), the standard tree
/// of OpenZeppelin with sorted pairs. A root and its schedule are written once. A pool holds at least what its tree gives.
interface IMerkleVesting {
    /// @notice When an allocation vests: a share at `start`, nothing more until `cliff`, from then on in proportion to the
    /// time since `start`, all of it at `end`.
    /// @param startBps share that vests at `start`
    /// @param revocable whether what has not vested can be taken back; for the team's pools only
    struct Schedule {
        uint40 start;
        uint40 cliff;
        uint40 end;
        uint16 startBps;
        bool revocable;
    }

    event PoolFunded(uint256 indexed pool, address indexed funder, uint128 amount);
    event PoolPublished(uint256 indexed pool, bytes32 root, uint128 total, Schedule schedule);
    /// @param claimed all that the account has claimed of the pool
    event Claimed(
        uint256 indexed pool, address indexed account, address indexed recipient, uint128 amount, uint128 claimed
    );
    /// @param vested what the account keeps
    /// @param returned what went back to the treasury
    event Revoked(uint256 indexed pool, address indexed account, uint128 vested, uint128 returned);
}

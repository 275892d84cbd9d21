// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";

/// @title MerkleVesting: QTRA that vests over time, claimed against a Merkle root
/// @notice A pool is one root and one schedule: the pools of the sale's rounds have their numbers, others follow. A leaf is
/// keccak256(bytes.concat(keccak256(abi.encode(chain id, this contract, pool, account, allocation)))), the standard tree
/// of OpenZeppelin with sorted pairs. A root and its schedule are written once. A pool holds at least what its tree gives,
/// and pays no more than that, whatever the tree says: no pool can spend another's tokens.
interface IMerkleVesting is IAccessManaged {
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

    /// @notice A claim that the account signs (EIP-712, by a key or by a contract wallet), for anybody to send.
    /// @param recipient who is paid
    /// @param nonce `nonces(account)`; each counts once
    /// @param deadline last second in which it may be mined
    struct SignedClaim {
        uint256 pool;
        address account;
        address recipient;
        uint256 nonce;
        uint40 deadline;
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
    /// @notice What a pool held beyond its total went to the treasury.
    event SurplusReturned(uint256 indexed pool, uint128 amount);

    error VestingZeroAddress();
    error VestingZeroAmount();
    /// @dev QTRA has 10^27 base units; a pool holds fewer than 2^112.
    error VestingAmountTooLarge(uint256 amount);
    error VestingNotPublished(uint256 pool);
    /// @dev A pool has one root for ever. Publish a mistake's remedy as another pool.
    error VestingAlreadyPublished(uint256 pool);
    error VestingZeroRoot();
    /// @dev In order: start, cliff, end; and at most 10,000 basis points at the start.
    error VestingInvalidSchedule();
    /// @dev Fund the pool with what is missing first.
    error VestingUnderfunded(uint256 pool, uint128 funded, uint128 total);
    /// @dev The proof does not show this allocation of this account in this pool.
    error VestingBadProof(uint256 pool, address account, uint128 allocation);
    /// @dev The first claim of an account brings its proof.
    error VestingProofNeeded(uint256 pool, address account);
    /// @dev Nothing has vested since the last claim.
    error VestingNothingToClaim(uint256 pool, address account);
    error VestingNotRevocable(uint256 pool);
    error VestingRevoked(uint256 pool, address account);
    error VestingDeadlinePassed(uint40 deadline);
    error VestingBadSignature(address account);
    /// @dev The tree gives more than the total that it was published with.
    error VestingPoolSpent(uint256 pool, uint128 left, uint128 amount);
    error VestingNoSurplus(uint256 pool);

    /// @notice Adds QTRA of the caller to a pool. Never refused, so that nobody can hold up a sale by publishing early.
    function fund(uint256 pool, uint128 amount) external;

    /// @notice Writes a pool's root and schedule, once. Restricted.
    /// @param total sum of the tree's allocations; the pool must hold it
    function publish(uint256 pool, bytes32 root, uint128 total, Schedule calldata schedule) external;

    /// @notice Pays the caller what has vested and was not claimed, and remembers the allocation: later claims need no proof.
    function claim(uint256 pool, uint128 allocation, bytes32[] calldata proof) external;

    /// @notice The same for whoever has claimed before.
    function claimAgain(uint256 pool) external;

    /// @notice The same for another account, which is paid.
    function claimFor(uint256 pool, address account, uint128 allocation, bytes32[] calldata proof) external;

    /// @notice The same to a recipient that the account names.
    /// @param allocation and `proof`: as for `claim`
    function claimBySignature(
        SignedClaim calldata signed,
        uint128 allocation,
        bytes32[] calldata proof,
        bytes calldata signature
    ) external;

    /// @notice Ends an account's vesting in a revocable pool: pays it what has vested, and the treasury the rest. Restricted.
    function revoke(uint256 pool, address account, uint128 allocation, bytes32[] calldata proof) external;

    /// @notice Sends the treasury what a published pool holds beyond its total, which no leaf can claim.
    function returnSurplus(uint256 pool) external;

    /// @notice The only token.
    function qtra() external view returns (address);

    /// @notice Where revoked and surplus tokens go.
    function treasury() external view returns (address);

    /// @notice Zero until it is published.
    function rootOf(uint256 pool) external view returns (bytes32);

    function scheduleOf(uint256 pool) external view returns (Schedule memory);

    /// @notice Base units that came in for a pool, less returned surplus.
    function fundedOf(uint256 pool) external view returns (uint128);

    /// @notice Sum of the tree's allocations.
    function totalOf(uint256 pool) external view returns (uint128);

    /// @notice What of the total no account has proved to be its own yet.
    function leftOf(uint256 pool) external view returns (uint128);

    /// @notice The allocation as remembered by the first claim; of a revoked account what it kept.
    function allocationOf(uint256 pool, address account) external view returns (uint128);

    function claimedOf(uint256 pool, address account) external view returns (uint128);

    function isRevoked(uint256 pool, address account) external view returns (bool);

    /// @notice What of an allocation has vested by a time, rounded down. For any time of a published pool.
    function vested(uint256 pool, uint128 allocation, uint40 time) external view returns (uint128);

    /// @notice What an account that has claimed before could claim now.
    function claimable(uint256 pool, address account) external view returns (uint128);

    /// @notice What an account of this allocation could claim now. It is not proved here.
    function claimableWith(uint256 pool, address account, uint128 allocation) external view returns (uint128);

    /// @notice The leaf of the tree.
    function leafOf(uint256 pool, address account, uint128 allocation) external view returns (bytes32);

    /// @notice The nonce of the account's next signed claim.
    function nonces(address account) external view returns (uint256);

    function domainSeparator() external view returns (bytes32);
}

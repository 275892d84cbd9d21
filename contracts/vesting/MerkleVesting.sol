// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMerkleVesting} from "../interfaces/IMerkleVesting.sol";
import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";
import {EIP712} from "solady/src/utils/EIP712.sol";
import {MerkleProofLib} from "solady/src/utils/MerkleProofLib.sol";
import {SignatureCheckerLib} from "solady/src/utils/SignatureCheckerLib.sol";

/// @title MerkleVesting
/// @dev Documented on `IMerkleVesting`. It calls no token but QTRA, which calls nobody; state is written before it is moved.
contract MerkleVesting is AccessManaged, EIP712, Nonces, IMerkleVesting {
    using SafeERC20 for IERC20;

    /// @dev One word. `left` is what of the total no account has proved yet: the first claim takes the whole allocation off it,
    /// so later ones need not count.
    struct Pool {
        uint40 start;
        uint40 cliff;
        uint40 end;
        uint16 startBps;
        bool revocable;
        uint112 left;
    }

    struct Balance {
        uint128 funded;
        uint128 total;
    }

    /// @dev One word. An allocation of zero was not proved yet, unless the account is revoked.
    struct Account {
        uint120 allocation;
        uint120 claimed;
        bool revoked;
    }

    bytes32 private constant CLAIM_TYPEHASH =
        keccak256("Claim(uint256 pool,address account,address recipient,uint256 nonce,uint40 deadline)");
    uint256 private constant BPS = 10_000;

    IERC20 private immutable _QTRA;
    address private immutable _TREASURY;

    mapping(uint256 pool => Pool) private _pools;
    mapping(uint256 pool => bytes32) private _roots;
    mapping(uint256 pool => Balance) private _balances;
    mapping(uint256 pool => mapping(address account => Account)) private _accounts;

    /// @param accessManager decides who may call what is `restricted`
    constructor(address accessManager, address qtra_, address treasury_) AccessManaged(accessManager) {
        require(qtra_ != address(0) && treasury_ != address(0), VestingZeroAddress());
        _QTRA = IERC20(qtra_);
        _TREASURY = treasury_;
    }

    function fund(uint256 pool, uint128 amount) external {
        require(amount != 0, VestingZeroAmount());
        Balance storage balance = _balances[pool];
        uint256 funded = uint256(balance.funded) + amount;
        require(funded <= type(uint112).max, VestingAmountTooLarge(funded));
        balance.funded = uint128(funded);
        emit PoolFunded(pool, msg.sender, amount);
        _QTRA.safeTransferFrom(msg.sender, address(this), amount);
    }

    function publish(uint256 pool, bytes32 root, uint128 total, Schedule calldata schedule) external restricted {
        require(_roots[pool] == bytes32(0), VestingAlreadyPublished(pool));
        require(root != bytes32(0), VestingZeroRoot());
        require(total != 0, VestingZeroAmount());
        require(
            schedule.start != 0 && schedule.start <= schedule.cliff && schedule.cliff <= schedule.end
                && schedule.startBps <= BPS,
            VestingInvalidSchedule()
        );
        Balance storage balance = _balances[pool];
        require(total <= balance.funded, VestingUnderfunded(pool, balance.funded, total));
        balance.total = total;
        _roots[pool] = root;
        _pools[pool] =
            Pool(schedule.start, schedule.cliff, schedule.end, schedule.startBps, schedule.revocable, uint112(total));
        emit PoolPublished(pool, root, total, schedule);
    }

    function claim(uint256 pool, uint128 allocation, bytes32[] calldata proof) external {
        _claim(pool, msg.sender, msg.sender, _proved(pool, msg.sender, allocation, proof));
    }

    function claimAgain(uint256 pool) external {
        Account memory account = _accounts[pool][msg.sender];
        require(!account.revoked, VestingRevoked(pool, msg.sender));
        require(account.allocation != 0, VestingProofNeeded(pool, msg.sender));
        _claim(pool, msg.sender, msg.sender, account);
    }

    function claimFor(uint256 pool, address account, uint128 allocation, bytes32[] calldata proof) external {
        _claim(pool, account, account, _proved(pool, account, allocation, proof));
    }

    function claimBySignature(
        SignedClaim calldata signed,
        uint128 allocation,
        bytes32[] calldata proof,
        bytes calldata signature
    ) external {
        require(block.timestamp <= signed.deadline, VestingDeadlinePassed(signed.deadline));
        require(signed.recipient != address(0), VestingZeroAddress());
        _useCheckedNonce(signed.account, signed.nonce);
        bytes32 digest = _hashTypedData(
            keccak256(
                abi.encode(CLAIM_TYPEHASH, signed.pool, signed.account, signed.recipient, signed.nonce, signed.deadline)
            )
        );
        require(
            SignatureCheckerLib.isValidSignatureNowCalldata(signed.account, digest, signature),
            VestingBadSignature(signed.account)
        );
        Account memory proved = _proved(signed.pool, signed.account, allocation, proof);
        _claim(signed.pool, signed.account, signed.recipient, proved);
    }

    function revoke(uint256 pool, address account, uint128 allocation, bytes32[] calldata proof) external restricted {
        Pool memory terms = _pools[pool];
        require(terms.revocable, VestingNotRevocable(pool));
        Account memory held = _proved(pool, account, allocation, proof);
        uint128 kept = _vested(terms, allocation, block.timestamp);
        uint128 due = kept - held.claimed;
        uint128 returned = allocation - kept;
        _accounts[pool][account] = Account(uint120(kept), uint120(kept), true);
        emit Revoked(pool, account, kept, returned);
        if (due != 0) {
            emit Claimed(pool, account, account, due, kept);
            _QTRA.safeTransfer(account, due);
        }
        if (returned != 0) _QTRA.safeTransfer(_TREASURY, returned);
    }

    function returnSurplus(uint256 pool) external {
        require(_roots[pool] != bytes32(0), VestingNotPublished(pool));
        Balance memory balance = _balances[pool];
        uint128 surplus = balance.funded - balance.total;
        require(surplus != 0, VestingNoSurplus(pool));
        _balances[pool].funded = balance.total;
        emit SurplusReturned(pool, surplus);
        _QTRA.safeTransfer(_TREASURY, surplus);
    }

    function qtra() external view returns (address) {
        return address(_QTRA);
    }

    function treasury() external view returns (address) {
        return _TREASURY;
    }

    function rootOf(uint256 pool) external view returns (bytes32) {
        return _roots[pool];
    }

    function scheduleOf(uint256 pool) external view returns (Schedule memory) {
        Pool memory terms = _pools[pool];
        return Schedule(terms.start, terms.cliff, terms.end, terms.startBps, terms.revocable);
    }

    function fundedOf(uint256 pool) external view returns (uint128) {
        return _balances[pool].funded;
    }

    function totalOf(uint256 pool) external view returns (uint128) {
        return _balances[pool].total;
    }

    function leftOf(uint256 pool) external view returns (uint128) {
        return _pools[pool].left;
    }

    function allocationOf(uint256 pool, address account) external view returns (uint128) {
        return _accounts[pool][account].allocation;
    }

    function claimedOf(uint256 pool, address account) external view returns (uint128) {
        return _accounts[pool][account].claimed;
    }

    function isRevoked(uint256 pool, address account) external view returns (bool) {
        return _accounts[pool][account].revoked;
    }

    function vested(uint256 pool, uint128 allocation, uint40 time) external view returns (uint128) {
        require(_roots[pool] != bytes32(0), VestingNotPublished(pool));
        return _vested(_pools[pool], allocation, time);
    }

    function claimable(uint256 pool, address account) external view returns (uint128) {
        return _claimable(pool, account, _accounts[pool][account].allocation);
    }

    function claimableWith(uint256 pool, address account, uint128 allocation) external view returns (uint128) {
        return _claimable(pool, account, allocation);
    }

    function domainSeparator() external view returns (bytes32) {
        return _domainSeparator();
    }

    function nonces(address account) public view override(IMerkleVesting, Nonces) returns (uint256) {
        return super.nonces(account);
    }

    function leafOf(uint256 pool, address account, uint128 allocation) public view returns (bytes32) {
        // Hashed twice, so that no inner node of the tree, 64 bytes hashed once, can stand for a leaf.
        return keccak256(
            bytes.concat(keccak256(abi.encode(block.chainid, address(this), pool, account, uint256(allocation))))
        );
    }

    /// @dev The account as it stands. Its first time the proof is checked, and its allocation taken off what the pool has
    /// left; from then on its allocation must be the one that was proved. Whoever calls this writes the account.
    function _proved(uint256 pool, address account, uint128 allocation, bytes32[] calldata proof)
        private
        returns (Account memory held)
    {
        held = _accounts[pool][account];
        require(!held.revoked, VestingRevoked(pool, account));
        if (held.allocation != 0) {
            require(held.allocation == allocation, VestingBadProof(pool, account, allocation));
            return held;
        }
        bytes32 root = _roots[pool];
        require(root != bytes32(0), VestingNotPublished(pool));
        require(
            MerkleProofLib.verifyCalldata(proof, root, leafOf(pool, account, allocation)),
            VestingBadProof(pool, account, allocation)
        );
        uint112 left = _pools[pool].left;
        require(allocation <= left, VestingPoolSpent(pool, left, allocation));
        unchecked {
            _pools[pool].left = left - uint112(allocation);
        }
        held.allocation = uint120(allocation);
    }

    function _claim(uint256 pool, address account, address recipient, Account memory held) private {
        uint128 claimed = _vested(_pools[pool], held.allocation, block.timestamp);
        require(claimed > held.claimed, VestingNothingToClaim(pool, account));
        uint128 amount;
        unchecked {
            amount = claimed - held.claimed;
        }
        _accounts[pool][account] = Account(held.allocation, uint120(claimed), false);
        emit Claimed(pool, account, recipient, amount, claimed);
        _QTRA.safeTransfer(recipient, amount);
    }

    function _claimable(uint256 pool, address account, uint128 allocation) private view returns (uint128) {
        Account memory held = _accounts[pool][account];
        if (_roots[pool] == bytes32(0) || held.revoked) return 0;
        uint128 amount = _vested(_pools[pool], allocation, block.timestamp);
        return amount > held.claimed ? amount - held.claimed : 0;
    }

    /// @dev Never falls with time, and never exceeds the allocation.
    function _vested(Pool memory terms, uint256 allocation, uint256 time) private pure returns (uint128) {
        unchecked {
            // Products of an allocation of 120 bits with 14 or 40 bits.
            if (time < terms.start) return 0;
            if (time >= terms.end) return uint128(allocation);
            uint256 initial = allocation * terms.startBps / BPS;
            if (time < terms.cliff) return uint128(initial);
            return uint128(initial + (allocation - initial) * (time - terms.start) / (uint256(terms.end) - terms.start));
        }
    }

    function _domainNameAndVersion() internal pure override returns (string memory name, string memory version) {
        return ("QuantaTrade Vesting", "1");
    }
}

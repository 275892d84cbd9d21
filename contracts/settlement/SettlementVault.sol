// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SettlementApprovals} from "./SettlementApprovals.sol";
import {Slot, SlotLibrary} from "./Slot.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {SignatureCheckerLib} from "solady/src/utils/SignatureCheckerLib.sol";

/// @dev Tokens in and out. The only files that call tokens are this one and, through `_payOut`, those that build on it.
abstract contract SettlementVault is SettlementApprovals, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    bytes32 private constant WITHDRAWAL_TYPEHASH =
        keccak256("Withdrawal(uint16 asset,uint64 amount,uint64 nonce,uint40 deadline)");
    bytes32 private constant WITHDRAWAL_APPROVAL_TYPEHASH =
        keccak256("WithdrawalApproval(address owner,uint16 asset,uint64 amount,uint64 nonce,uint40 deadline)");

    function deposit(uint16 asset, uint256 amount) external {
        _deposit(msg.sender, asset, amount);
    }

    function depositFor(address owner, uint16 asset, uint256 amount) external {
        require(owner != FEE_OWNER, SettlementInvalidOwner(owner));
        _deposit(owner, asset, amount);
    }

    function depositWithPermit(uint16 asset, uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external {
        address token = _listedAsset(asset).token;
        // Whoever saw the permit may have used it first. Then the allowance is there, or the transfer fails.
        try IERC20Permit(token).permit(msg.sender, address(this), amount, deadline, v, r, s) {} catch {}
        _deposit(msg.sender, asset, amount);
    }

    function withdraw(
        address owner,
        uint16 asset,
        uint64 amount,
        uint64 nonce,
        uint40 deadline,
        bytes calldata ownerSignature,
        bytes calldata engineSignature
    ) external nonReentrant {
        // Fees are kept under an owner that no signature may ever be valid for.
        require(owner != FEE_OWNER, SettlementInvalidOwner(owner));
        _checkDeadline(deadline);
        _useNonce(owner, nonce);
        bytes32 digest = _hashTypedData(keccak256(abi.encode(WITHDRAWAL_TYPEHASH, asset, amount, nonce, deadline)));
        require(
            SignatureCheckerLib.isValidSignatureNowCalldata(owner, digest, ownerSignature),
            SettlementBadOwnerSignature(owner)
        );
        bytes32 approval = keccak256(abi.encode(WITHDRAWAL_APPROVAL_TYPEHASH, owner, asset, amount, nonce, deadline));
        _checkEngineSignature(_hashTypedData(approval), engineSignature);

        uint256 key = SlotLibrary.keyOf(owner, asset, 0);
        emit Withdrawn(owner, asset, amount, nonce);
        _payOut(owner, asset, amount, key, _currentSlot(key), owner);
    }

    function collectFees(uint16 asset, uint64 amount, address to) external restricted nonReentrant {
        uint256 key = SlotLibrary.keyOf(FEE_OWNER, asset, 0);
        emit FeesCollected(asset, to, amount);
        _payOut(FEE_OWNER, asset, amount, key, _slots[key], to);
    }

    function balanceOf(address owner, uint16 asset) external view returns (uint64) {
        return _slots[SlotLibrary.keyOf(owner, asset, 0)].amount();
    }

    function feesOf(uint16 asset) external view returns (uint64) {
        return _slots[SlotLibrary.keyOf(FEE_OWNER, asset, 0)].amount();
    }

    function nonceUsed(address owner, uint64 nonce) external view returns (bool) {
        return _usedNonces[owner][nonce >> 8] & (1 << (nonce & 0xff)) != 0;
    }

    /// @dev Takes `amount` units from `slot` of `owner`, which may carry other changes to store, and sends them to `to`.
    /// State first, token last.
    function _payOut(address owner, uint16 asset, uint64 amount, uint256 key, Slot slot, address to) internal {
        Asset storage listed = _listedAsset(asset);
        uint64 balance = slot.amount();
        require(amount <= balance, SettlementInsufficientBalance(owner, asset, balance, amount));
        unchecked {
            // amount <= balance, and the total is the sum of all balances.
            _slots[key] = slot.withAmount(balance - amount);
            listed.total -= amount;
        }
        // A token may refuse a transfer of nothing, which must not hold up an exit.
        if (amount != 0) IERC20(listed.token).safeTransfer(to, uint256(amount) * listed.unitScale);
    }

    function _deposit(address owner, uint16 asset, uint256 amount) private whenNotPaused nonReentrant {
        Asset storage listed = _listedAsset(asset);
        uint64 unitScale = listed.unitScale;
        require(amount != 0, SettlementZeroAmount());
        require(amount % unitScale == 0, SettlementNotWholeUnits(amount, unitScale));
        uint256 units = amount / unitScale;
        uint64 total = listed.total;
        require(units <= MAX_TOTAL_UNITS - total, SettlementAssetFull(asset, total, units));

        _receive(IERC20(listed.token), amount);

        uint256 key = SlotLibrary.keyOf(owner, asset, 0);
        Slot slot = _slots[key];
        unchecked {
            // units + total <= 2^63 - 1, checked above; a balance is at most the total.
            listed.total = total + uint64(units);
            _slots[key] = slot.withAmount(slot.amount() + uint64(units));
        }
        emit Deposited(owner, asset, uint64(units));
    }

    function _receive(IERC20 token, uint256 amount) private {
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(msg.sender, address(this), amount);
        uint256 received = token.balanceOf(address(this)) - before;
        require(received == amount, SettlementUnexpectedReceipt(amount, received));
    }

    function _useNonce(address owner, uint64 nonce) private {
        uint256 bit = 1 << (nonce & 0xff);
        uint256 used = _usedNonces[owner][nonce >> 8];
        require(used & bit == 0, SettlementNonceUsed(owner, nonce));
        _usedNonces[owner][nonce >> 8] = used | bit;
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISettlementAccounts} from "../interfaces/ISettlementAccounts.sol";
import {Limits} from "./Limits.sol";
import {SettlementApprovals} from "./SettlementApprovals.sol";
import {Slot, SlotLibrary} from "./Slot.sol";
import {SlotField, SlotFields} from "./SlotField.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {SignatureCheckerLib} from "solady/src/utils/SignatureCheckerLib.sol";

/// @dev Tokens in and out. The only files that call tokens are this one and, through `_payOut`, those that build on it.
abstract contract SettlementVault is SettlementApprovals, ReentrancyGuardTransient, ISettlementAccounts {
    using SafeERC20 for IERC20;

    bytes32 private constant WITHDRAWAL_TYPEHASH =
        keccak256("Withdrawal(uint16 asset,uint64 amount,uint64 nonce,uint40 deadline)");
    bytes32 private constant WITHDRAWAL_APPROVAL_TYPEHASH =
        keccak256("WithdrawalApproval(address owner,uint16 asset,uint64 amount,uint64 nonce,uint40 deadline)");
    bytes32 private constant ISOLATED_WITHDRAWAL_TYPEHASH =
        keccak256("IsolatedWithdrawal(uint32 market,uint16 asset,uint64 amount,uint64 nonce,uint40 deadline)");
    bytes32 private constant ISOLATED_WITHDRAWAL_APPROVAL_TYPEHASH = keccak256(
        "IsolatedWithdrawalApproval(address owner,uint32 market,uint16 asset,uint64 amount,uint64 nonce,uint40 deadline)"
    );

    function deposit(uint16 asset, uint256 amount) external {
        _deposit(msg.sender, asset, amount);
    }

    function depositFor(address owner, uint16 asset, uint256 amount) external {
        _deposit(owner, asset, amount);
    }

    function depositWithPermit(uint16 asset, uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external {
        address token = _listedAsset(asset).token;
        // Whoever saw the permit may have used it first. Then the allowance is there, or the transfer fails.
        try IERC20Permit(token).permit(msg.sender, address(this), amount, deadline, v, r, s) {} catch {}
        _deposit(msg.sender, asset, amount);
    }

    function depositIsolated(uint32 market, uint16 asset, uint256 amount) external {
        _depositIsolated(msg.sender, market, asset, amount);
    }

    function depositIsolatedFor(address owner, uint32 market, uint16 asset, uint256 amount) external {
        _depositIsolated(owner, market, asset, amount);
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
        _useNonce(owner, nonce, deadline);
        bytes32 consent = keccak256(abi.encode(WITHDRAWAL_TYPEHASH, asset, amount, nonce, deadline));
        _checkOwnerSignature(owner, consent, ownerSignature);
        bytes32 approval = keccak256(abi.encode(WITHDRAWAL_APPROVAL_TYPEHASH, owner, asset, amount, nonce, deadline));
        _checkEngineSignature(_hashTypedData(approval), engineSignature);

        uint256 key = SlotLibrary.keyOf(owner, asset, 0);
        emit Withdrawn(owner, asset, amount, nonce);
        _take(owner, asset, amount, key, SlotFields.AMOUNT);
        _send(asset, amount, owner);
    }

    function withdrawIsolated(
        address owner,
        uint32 market,
        uint16 asset,
        uint64 amount,
        uint64 nonce,
        uint40 deadline,
        bytes calldata ownerSignature,
        bytes calldata engineSignature
    ) external nonReentrant {
        _useNonce(owner, nonce, deadline);
        bytes32 consent = keccak256(abi.encode(ISOLATED_WITHDRAWAL_TYPEHASH, market, asset, amount, nonce, deadline));
        _checkOwnerSignature(owner, consent, ownerSignature);
        bytes32 approval =
            keccak256(abi.encode(ISOLATED_WITHDRAWAL_APPROVAL_TYPEHASH, owner, market, asset, amount, nonce, deadline));
        _checkEngineSignature(_hashTypedData(approval), engineSignature);

        uint256 key = SlotFields.isolatedKeyOf(owner, market, 0);
        emit IsolatedWithdrawn(owner, market, asset, amount, nonce);
        _take(owner, asset, amount, key, _fieldOf(market, asset));
        _send(asset, amount, owner);
    }

    function collectFees(uint16 asset, uint64 amount, address to) external restricted nonReentrant {
        uint256 key = SlotLibrary.keyOf(FEE_OWNER, asset, 0);
        emit FeesCollected(asset, to, amount);
        _take(FEE_OWNER, asset, amount, key, SlotFields.AMOUNT);
        _send(asset, amount, to);
    }

    function nonceUsed(address owner, uint64 nonce) external view returns (bool) {
        return _usedNonces[owner][nonce >> 8] & (1 << (nonce & 0xff)) != 0;
    }

    /// @dev Where an isolated account of a market holds an asset.
    function _fieldOf(uint32 market, uint16 asset) internal view returns (SlotField) {
        Market memory listed = _listedMarket(market);
        if (asset == listed.base) return SlotFields.ISOLATED_BASE;
        require(asset == listed.quote, SettlementNotOfMarket(market, asset));
        return SlotFields.ISOLATED_QUOTE;
    }

    /// @dev Sends units that no account holds any more. State first, token last.
    function _send(uint16 asset, uint64 units, address to) internal {
        Asset storage listed = _listedAsset(asset);
        unchecked {
            // The total is the sum of all balances, of which the units were one.
            listed.total -= units;
        }
        // A token may refuse a transfer of nothing, which must not hold up an exit.
        if (units != 0) IERC20(listed.token).safeTransfer(to, uint256(units) * listed.unitScale);
    }

    /// @dev Takes units off an account.
    function _take(address owner, uint16 asset, uint64 units, uint256 key, SlotField field) private {
        Slot slot = _currentSlot(key);
        uint64 balance = field.read(slot);
        require(units <= balance, SettlementInsufficientBalance(owner, asset, balance, units));
        unchecked {
            _slots[key] = field.write(slot, balance - units);
        }
    }

    function _deposit(address owner, uint16 asset, uint256 amount) private whenOpen nonReentrant {
        uint64 units = _receive(owner, asset, amount);
        uint256 key = SlotLibrary.keyOf(owner, asset, 0);
        Slot slot = _slots[key];
        unchecked {
            // A balance is at most the total, which is below 2^63.
            _slots[key] = SlotFields.AMOUNT.write(slot, SlotFields.AMOUNT.read(slot) + units);
        }
        emit Deposited(owner, asset, units);
    }

    function _depositIsolated(address owner, uint32 market, uint16 asset, uint256 amount)
        private
        whenOpen
        nonReentrant
    {
        SlotField field = _fieldOf(market, asset);
        uint64 units = _receive(owner, asset, amount);
        uint256 key = SlotFields.isolatedKeyOf(owner, market, 0);
        Slot slot = _slots[key];
        uint64 balance = field.read(slot);
        unchecked {
            // Both are at most the total, which is below 2^63.
            require(balance + units <= field.highest(), SettlementAccountFull(market, asset, balance, units));
            _slots[key] = field.write(slot, balance + units);
        }
        emit IsolatedDeposited(owner, market, asset, units);
    }

    /// @dev Receives tokens of the caller for an account of `owner`, and counts them.
    function _receive(address owner, uint16 asset, uint256 amount) private returns (uint64 units) {
        // Fees are kept under an owner that no signature may ever be valid for.
        require(owner != FEE_OWNER, SettlementInvalidOwner(owner));
        Asset storage listed = _listedAsset(asset);
        uint64 unitScale = listed.unitScale;
        require(amount != 0, SettlementZeroAmount());
        require(amount % unitScale == 0, SettlementNotWholeUnits(amount, unitScale));
        uint256 whole = amount / unitScale;
        uint64 total = listed.total;
        require(whole <= Limits.MAX_TOTAL_UNITS - total, SettlementAssetFull(asset, total, whole));
        units = uint64(whole);

        IERC20 token = IERC20(listed.token);
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(msg.sender, address(this), amount);
        uint256 received = token.balanceOf(address(this)) - before;
        require(received == amount, SettlementUnexpectedReceipt(amount, received));
        unchecked {
            // At most the highest total, checked above.
            listed.total = total + units;
        }
    }

    function _checkOwnerSignature(address owner, bytes32 structHash, bytes calldata signature) private view {
        require(
            SignatureCheckerLib.isValidSignatureNowCalldata(owner, _hashTypedData(structHash), signature),
            SettlementBadOwnerSignature(owner)
        );
    }

    function _useNonce(address owner, uint64 nonce, uint40 deadline) private {
        // The owner of the fees signs nothing.
        require(owner != FEE_OWNER, SettlementInvalidOwner(owner));
        _checkDeadline(deadline);
        uint256 bit = 1 << (nonce & 0xff);
        uint256 used = _usedNonces[owner][nonce >> 8];
        require(used & bit == 0, SettlementNonceUsed(owner, nonce));
        _usedNonces[owner][nonce >> 8] = used | bit;
    }
}

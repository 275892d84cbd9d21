// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMerkleVesting} from "../interfaces/IMerkleVesting.sol";
import {RoundState, Unsold} from "../interfaces/ISaleManager.sol";
import {Lanes} from "./Lanes.sol";
import {SaleTerms} from "./SaleTerms.sol";
import {SaleWallets} from "./SaleWallets.sol";
import {Standing} from "./Standing.sol";
import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ERC20Burnable} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Burnable.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {SafeTransferLib} from "solady/src/utils/SafeTransferLib.sol";

/// @title SaleManager
/// @dev Documented on `ISaleManager`.
contract SaleManager is SaleWallets, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;
    using SafeTransferLib for address;

    uint256 private constant SUCCEEDED = 1;
    uint256 private constant FAILED = 2;

    IMerkleVesting private immutable _VESTING;

    mapping(uint256 round => mapping(address referrer => Lanes)) private _referrals;
    mapping(uint256 round => Lanes) private _referralSums;
    /// @dev Bit 8 * payment + share: whether that share was paid.
    mapping(uint256 round => uint256 bits) private _paidShares;

    /// @param accessManager decides who may call what is `restricted`
    constructor(address accessManager, address qtra_, address vesting_) AccessManaged(accessManager) SaleTerms(qtra_) {
        require(vesting_ != address(0), SaleZeroAddress());
        _VESTING = IMerkleVesting(vesting_);
    }

    function buy(Purchase calldata purchase, Voucher calldata voucher, bytes calldata signature) external {
        _buy(purchase, voucher, signature);
    }

    function buyWithPermit(
        Purchase calldata purchase,
        Voucher calldata voucher,
        bytes calldata signature,
        Permit calldata permit
    ) external {
        (address token,) = _paymentOf(purchase.payment);
        // Whoever saw the permit may have used it first. Then the allowance is there, or the transfer fails.
        try IERC20Permit(token)
            .permit(msg.sender, address(this), permit.value, permit.deadline, permit.v, permit.r, permit.s) {}
            catch {}
        _buy(purchase, voucher, signature);
    }

    function finalise(uint256 round) external nonReentrant {
        Round memory terms = _termsOf(round);
        Lanes raised = _raised[round];
        uint256 sum = raised.sum();
        require(raised.outcome() == 0, SaleFinalisedAlready(round));
        require(block.timestamp >= terms.end || sum == _hardCap(terms), SaleNotEnded(round));
        bool succeeded = sum >= terms.softCap;
        uint256 sold = succeeded ? _tokensFor(terms, sum) : 0;
        uint256 unsold = terms.tokenCap - sold;
        _raised[round] = raised.close(succeeded ? SUCCEEDED : FAILED);
        emit RoundFinalised(round, succeeded, uint64(sum), uint128(sold), uint128(unsold));
        if (unsold != 0) {
            if (terms.unsold == Unsold.BURN) {
                ERC20Burnable(address(_QTRA)).burn(unsold);
            } else {
                _QTRA.safeTransfer(_shares[0].treasury, unsold);
            }
        }
        if (sold != 0) {
            _QTRA.forceApprove(address(_VESTING), sold);
            _VESTING.fund(round, uint128(sold));
        }
        // A treasury that a token refuses to pay holds up nobody.
        if (succeeded) _payShares(round);
    }

    function payProceeds(uint256 round) external nonReentrant {
        require(_raised[round].outcome() == SUCCEEDED, SaleNotSucceeded(round));
        require(_payShares(round), SaleNothingToPay(round));
    }

    function refund(uint256 round) external nonReentrant {
        require(_raised[round].outcome() == FAILED, SaleNotFailed(round));
        Standing standing = _standingOf(msg.sender, round);
        bool isPaid = false;
        for (uint8 payment = 0; payment < PAYMENTS_MAX; ++payment) {
            uint256 micros = standing.paidBy(payment);
            if (micros == 0) continue;
            // Taken off before the token is called, so that nobody sees it paid and owed.
            standing = standing.takeBack(payment, micros);
            _keep(msg.sender, standing);
            if (_tryPay(payment, msg.sender, micros)) {
                emit Refunded(round, msg.sender, payment, uint64(micros));
                isPaid = true;
            } else {
                standing = standing.pay(payment, micros);
                _keep(msg.sender, standing);
            }
        }
        require(isPaid, SaleNothingToPay(round));
    }

    function claimReferral(uint256 round) external nonReentrant {
        require(_raised[round].outcome() == SUCCEEDED, SaleNotSucceeded(round));
        bool isPaid = false;
        for (uint8 payment = 0; payment < PAYMENTS_MAX; ++payment) {
            Lanes owed = _referrals[round][msg.sender];
            uint256 micros = owed.get(payment);
            if (micros == 0) continue;
            _referrals[round][msg.sender] = owed.take(payment, micros);
            if (_tryPay(payment, msg.sender, micros)) {
                emit ReferralPaid(round, msg.sender, payment, uint64(micros));
                isPaid = true;
            } else {
                _referrals[round][msg.sender] = owed;
            }
        }
        require(isPaid, SaleNothingToPay(round));
    }

    function vesting() external view returns (address) {
        return address(_VESTING);
    }

    function stateOf(uint256 round) external view returns (RoundState) {
        Round memory terms = _termsOf(round);
        uint256 outcome = _raised[round].outcome();
        if (outcome != 0) return outcome == SUCCEEDED ? RoundState.SUCCEEDED : RoundState.FAILED;
        if (block.timestamp < terms.start) return RoundState.UPCOMING;
        bool isOver = block.timestamp >= terms.end || _raised[round].sum() == _hardCap(terms);
        return isOver ? RoundState.ENDED : RoundState.OPEN;
    }

    function raisedOf(uint256 round) external view returns (uint64) {
        return uint64(_raised[round].sum());
    }

    function raisedIn(uint256 round, uint8 payment) external view returns (uint64) {
        return uint64(_raised[round].get(payment));
    }

    function quote(uint256 round, uint64 micros) external view returns (uint64 taken, uint128 tokens) {
        Round memory terms = _termsOf(round);
        taken = uint64(_min(micros, _hardCap(terms) - _raised[round].sum()));
        tokens = uint128(_tokensFor(terms, taken));
    }

    function referralOf(address referrer, uint256 round, uint8 payment) external view returns (uint64) {
        return uint64(_referrals[round][referrer].get(payment));
    }

    function referralsOf(uint256 round, uint8 payment) external view returns (uint64) {
        return uint64(_referralSums[round].get(payment));
    }

    function _buy(Purchase calldata purchase, Voucher calldata voucher, bytes calldata signature) private nonReentrant {
        (uint256 round, uint8 payment, address referrer) = (purchase.round, purchase.payment, purchase.referrer);
        require(block.timestamp <= purchase.deadline, SaleDeadlinePassed(purchase.deadline));
        Round memory terms = _termsOf(round);
        require(
            block.timestamp >= terms.start && block.timestamp < terms.end, SaleNotOpen(round, terms.start, terms.end)
        );
        Lanes raised = _raised[round];
        Standing standing = _enter(terms, round, raised, voucher, signature);
        uint256 paid = standing.paid();
        uint256 micros = _accept(terms, round, raised, purchase.micros, _left(standing.limit(), paid));
        uint256 tokens;
        unchecked {
            // Both within the limit, of 44 bits. More micros are never fewer tokens.
            tokens = _tokensFor(terms, paid + micros);
            uint256 bought = tokens - _tokensFor(terms, paid);
            require(bought >= purchase.minTokens, SaleTooFewTokens(uint128(bought)));
        }
        _raised[round] = raised.add(payment, micros);
        _keepLatest(standing.pay(payment, micros));
        if (referrer != address(0)) _refer(terms, round, payment, referrer, micros);
        emit Purchased(round, msg.sender, payment, uint64(micros), uint128(tokens), referrer);
        _collect(payment, micros);
    }

    /// @dev What a round takes of a purchase: all, or what it has open. `left` is what the wallet may pay yet.
    function _accept(Round memory terms, uint256 round, Lanes raised, uint256 asked, uint256 left)
        private
        pure
        returns (uint256 micros)
    {
        uint256 open;
        unchecked {
            // Never raised above it.
            open = _hardCap(terms) - raised.sum();
        }
        require(open != 0, SaleSoldOut(round));
        micros = _min(asked, open);
        require(micros <= left, SaleWalletCapExceeded(uint64(left)));
        if (micros < terms.minPurchase) {
            uint256 least = _min(terms.minPurchase, _min(open, left));
            require(micros != 0 && micros >= least, SaleBelowMinimum(uint64(least)));
        }
    }

    function _refer(Round memory terms, uint256 round, uint256 payment, address referrer, uint256 micros) private {
        require(referrer != msg.sender, SaleSelfReferral());
        uint256 earned = micros * terms.referralBps / BPS;
        _referrals[round][referrer] = _referrals[round][referrer].add(payment, earned);
        _referralSums[round] = _referralSums[round].add(payment, earned);
    }

    /// @dev Takes a payment from the caller, and measures it.
    function _collect(uint8 payment, uint256 micros) private {
        (address token, uint256 scale) = _paymentOf(payment);
        uint256 before = token.balanceOf(address(this));
        unchecked {
            // Micros of 44 bits at a scale of at most 10^12. A balance that fell is no receipt either.
            uint256 amount = micros * scale;
            token.safeTransferFrom(msg.sender, address(this), amount);
            uint256 received = token.balanceOf(address(this)) - before;
            require(received == amount, SaleUnexpectedReceipt(amount, received));
        }
    }

    /// @dev Pays what was not paid yet of a round's proceeds; whether it paid anything.
    function _payShares(uint256 round) private returns (bool isPaid) {
        uint256 bits = _paidShares[round];
        Lanes raised = _raised[round];
        Lanes referrals = _referralSums[round];
        for (uint8 payment = 0; payment < PAYMENTS_MAX; ++payment) {
            uint256 proceeds = raised.get(payment) - referrals.get(payment);
            uint256 left = proceeds;
            for (uint256 i = 0; i < _shares.length; ++i) {
                Share memory share = _shares[i];
                // The last share is what the others left, so that nothing remains.
                uint256 micros = i + 1 == _shares.length ? left : proceeds * share.bps / BPS;
                left -= micros;
                uint256 bit = 1 << (8 * payment + i);
                if (micros == 0 || bits & bit != 0) continue;
                if (!_tryPay(payment, share.treasury, micros)) continue;
                bits |= bit;
                isPaid = true;
                emit ProceedsPaid(round, payment, share.treasury, uint64(micros));
            }
        }
        _paidShares[round] = bits;
    }

    /// @dev Whether the token was sent.
    function _tryPay(uint8 payment, address to, uint256 micros) private returns (bool) {
        (address token, uint256 scale) = _paymentOf(payment);
        return IERC20(token).trySafeTransfer(to, micros * scale);
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISaleManager} from "../interfaces/ISaleManager.sol";
import {Lanes, LanesLibrary} from "./Lanes.sol";
import {StandingLibrary} from "./Standing.sol";
import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {MetadataReaderLib} from "solady/src/utils/MetadataReaderLib.sol";
import {SSTORE2} from "solady/src/utils/SSTORE2.sol";

/// @dev The terms of the sale. They never change, so they are the code of a contract that holds nothing else: one account to
/// load for a purchase, where storage would take several words.
abstract contract SaleTerms is AccessManaged, ISaleManager {
    using SafeERC20 for IERC20;

    uint256 internal constant BPS = 10_000;
    uint256 internal constant QTRA_UNIT = 1e18;
    uint256 internal constant PAYMENTS_MAX = 4;
    uint256 private constant SHARES_MAX = 8;
    uint256 private constant REFERRAL_BPS_MAX = 2000;
    uint256 private constant MICRO_DECIMALS = 6;
    uint256 private constant DECIMALS_MAX = 18;
    /// @dev The code: one byte that stops, a word for the first signer of vouchers and the sale's wallet cap above it, one for
    /// each payment token and its scale above it, ten for each round.
    uint256 private constant SALE_AT = 1;
    uint256 private constant PAYMENTS_AT = 33;
    uint256 private constant ROUNDS_AT = 161;
    uint256 private constant ROUND_BYTES = 320;
    uint256 private constant ABOVE_ADDRESS = 160;

    IERC20 internal immutable _QTRA;
    address private immutable _TERMS;

    Share[] internal _shares;
    mapping(uint256 round => Lanes) internal _raised;

    constructor(address qtra_) {
        require(qtra_ != address(0), SaleZeroAddress());
        _QTRA = IERC20(qtra_);
        _TERMS = SSTORE2.predictDeterministicAddress(0);
    }

    function configure(
        Round[] calldata rounds,
        address[] calldata payments_,
        Share[] calldata shares_,
        uint64 walletCap_,
        address voucherSigner_
    ) external restricted {
        require(_TERMS.code.length == 0, SaleConfiguredAlready());
        require(rounds.length != 0, SaleNoRounds());
        require(rounds.length <= StandingLibrary.ROUNDS_MAX, SaleTooManyRounds(rounds.length));
        uint256 tokens = _checkRounds(rounds, walletCap_, voucherSigner_);
        _setShares(shares_);
        bytes32 head = bytes32((uint256(walletCap_) << ABOVE_ADDRESS) | uint160(voucherSigner_));
        bytes memory code = bytes.concat(head, _listPayments(payments_));
        for (uint256 i = 0; i < rounds.length; ++i) {
            code = bytes.concat(code, abi.encode(rounds[i]));
            emit RoundConfigured(i, rounds[i]);
        }
        SSTORE2.writeDeterministic(code, 0);
        emit SaleConfigured(walletCap_, tokens);
        emit VoucherSignerSet(voucherSigner_);
        _QTRA.safeTransferFrom(msg.sender, address(this), tokens);
    }

    function qtra() external view returns (address) {
        return address(_QTRA);
    }

    function roundOf(uint256 round) external view returns (Round memory) {
        return _termsOf(round);
    }

    function payments() external view returns (address[] memory tokens) {
        uint256 count = 0;
        while (count < PAYMENTS_MAX && _termsWord(PAYMENTS_AT + 32 * count) != 0) ++count;
        tokens = new address[](count);
        for (uint8 i = 0; i < count; ++i) {
            (tokens[i],) = _paymentOf(i);
        }
    }

    function paymentOf(uint8 payment) external view returns (address token, uint256 scale) {
        return _paymentOf(payment);
    }

    function shares() external view returns (Share[] memory) {
        return _shares;
    }

    function walletCap() external view returns (uint64) {
        (, uint256 cap) = _head();
        return uint64(cap);
    }

    function roundCount() public view returns (uint256) {
        uint256 size = _TERMS.code.length;
        return size == 0 ? 0 : (size - ROUNDS_AT) / ROUND_BYTES;
    }

    function hardCapOf(uint256 round) external view returns (uint64) {
        return uint64(_hardCap(_termsOf(round)));
    }

    function _termsOf(uint256 round) internal view returns (Round memory terms) {
        address code = _TERMS;
        require(round < StandingLibrary.ROUNDS_MAX, SaleUnknownRound(round));
        uint256 place;
        unchecked {
            // A round of 16.
            place = ROUNDS_AT + round * ROUND_BYTES;
        }
        // Assembly because a struct in memory is laid out as it was encoded. Beyond the end of the code are zeros.
        assembly ("memory-safe") {
            extcodecopy(code, terms, place, ROUND_BYTES)
        }
        require(terms.end != 0, SaleUnknownRound(round));
    }

    function _paymentOf(uint8 payment) internal view returns (address token, uint256 scale) {
        require(payment < PAYMENTS_MAX, SaleUnknownPayment(payment));
        uint256 word;
        unchecked {
            // A payment of 4.
            word = _termsWord(PAYMENTS_AT + 32 * uint256(payment));
        }
        require(word != 0, SaleUnknownPayment(payment));
        return (address(uint160(word)), word >> ABOVE_ADDRESS);
    }

    /// @dev The first signer of vouchers, and the sale's wallet cap.
    function _head() internal view returns (address firstSigner, uint256 cap) {
        uint256 word = _termsWord(SALE_AT);
        return (address(uint160(word)), word >> ABOVE_ADDRESS);
    }

    /// @dev Micros that the tokens of a round are worth, rounded down: so the round never sells more than it has.
    function _hardCap(Round memory terms) internal pure returns (uint256) {
        unchecked {
            // 128 and 64 bits.
            return uint256(terms.tokenCap) * terms.price / QTRA_UNIT;
        }
    }

    /// @dev Base units of QTRA for micros, rounded down.
    function _tokensFor(Round memory terms, uint256 micros) internal pure returns (uint256) {
        unchecked {
            // Micros of at most 64 bits. A price is at least one.
            return micros * QTRA_UNIT / terms.price;
        }
    }

    /// @dev Whether a round has missed its soft cap. Nothing is paid after its end, so the answer is final from then on.
    function _missed(uint256 round, Round memory terms) internal view returns (bool) {
        return block.timestamp >= terms.end && _raised[round].sum() < terms.softCap;
    }

    function _termsWord(uint256 place) private view returns (uint256 word) {
        address code = _TERMS;
        // Assembly as above.
        assembly ("memory-safe") {
            extcodecopy(code, 0, place, 32)
            word := mload(0)
        }
    }

    function _checkRounds(Round[] calldata rounds, uint64 walletCap_, address signer)
        private
        view
        returns (uint256 tokens)
    {
        uint256 ended = block.timestamp;
        uint256 price = 1;
        for (uint256 i = 0; i < rounds.length; ++i) {
            Round calldata terms = rounds[i];
            require(terms.start >= ended && terms.end > terms.start, SaleInvalidTimes(i));
            require(terms.price >= price && terms.price <= QTRA_UNIT, SaleInvalidPrice(i));
            uint256 hardCap = _hardCap(terms);
            require(
                terms.minPurchase != 0 && terms.minPurchase <= terms.walletCap && terms.walletCap <= hardCap
                    && terms.walletCap <= walletCap_ && terms.softCap <= hardCap && hardCap <= LanesLibrary.LANE_MAX
                    && walletCap_ <= StandingLibrary.LANE_MAX,
                SaleInvalidCaps(i)
            );
            require(terms.referralBps <= REFERRAL_BPS_MAX, SaleInvalidReferral(i));
            require(!terms.needsVoucher || signer != address(0), SaleNoVoucherSigner());
            (ended, price) = (terms.end, terms.price);
            tokens += terms.tokenCap;
        }
    }

    function _setShares(Share[] calldata shares_) private {
        require(shares_.length != 0 && shares_.length <= SHARES_MAX, SaleInvalidShares());
        uint256 sum = 0;
        for (uint256 i = 0; i < shares_.length; ++i) {
            Share calldata share = shares_[i];
            require(share.treasury != address(0) && share.treasury != address(this), SaleInvalidShares());
            require(share.bps != 0, SaleInvalidShares());
            sum += share.bps;
            _shares.push(share);
            emit ShareConfigured(share.treasury, share.bps);
        }
        require(sum == BPS, SaleInvalidShares());
    }

    /// @dev The payment tokens as they stand in the code, with zeros for those that are not.
    function _listPayments(address[] calldata tokens) private returns (bytes memory code) {
        require(tokens.length != 0, SaleNoPayments());
        require(tokens.length <= PAYMENTS_MAX, SaleTooManyPayments(tokens.length));
        for (uint256 i = 0; i < tokens.length; ++i) {
            address token = tokens[i];
            require(token != address(_QTRA) && token.code.length != 0, SaleInvalidPayment(token));
            for (uint256 k = 0; k < i; ++k) {
                require(tokens[k] != token, SaleInvalidPayment(token));
            }
            // Zero if the contract does not answer.
            uint8 decimals = MetadataReaderLib.readDecimals(token);
            require(decimals >= MICRO_DECIMALS && decimals <= DECIMALS_MAX, SaleInvalidPayment(token));
            uint256 scale = 10 ** (decimals - MICRO_DECIMALS);
            code = bytes.concat(code, bytes32((scale << ABOVE_ADDRESS) | uint160(token)));
            emit PaymentListed(uint8(i), token, decimals);
        }
        return bytes.concat(code, new bytes((PAYMENTS_MAX - tokens.length) * 32));
    }
}

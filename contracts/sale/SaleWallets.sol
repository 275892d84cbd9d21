// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Lanes, LanesLibrary} from "./Lanes.sol";
import {SaleTerms} from "./SaleTerms.sol";
import {Standing, StandingLibrary} from "./Standing.sol";
import {ECDSA} from "solady/src/utils/ECDSA.sol";
import {EIP712} from "solady/src/utils/EIP712.sol";

/// @dev What wallets have paid and may pay yet, and the vouchers that they show.
abstract contract SaleWallets is SaleTerms, EIP712 {
    bytes32 private constant VOUCHER_TYPEHASH =
        keccak256("Voucher(address buyer,uint256 round,uint64 cap,uint40 deadline,uint64 nonce)");

    /// @dev Of the last round in which the wallet bought. Those before lie in `_earlier`: a purchase by a wallet that has never
    /// bought in another round need not look at any of them.
    mapping(address wallet => Standing) private _latest;
    mapping(address wallet => mapping(uint256 round => Standing)) private _earlier;
    mapping(address buyer => mapping(uint256 word => uint256 bits)) private _revoked;
    /// @dev Not looked at before the first change of signers.
    address private _laterSigner;

    function setVoucherSigner(address signer) external restricted {
        require(signer != address(0), SaleZeroAddress());
        _setSigner(signer);
    }

    function revokeVoucherSigner() external restricted {
        _setSigner(address(0));
    }

    function revokeVoucher(address buyer, uint64 nonce) external restricted {
        _revoked[buyer][nonce >> 8] |= 1 << (nonce & 0xff);
        for (uint256 i = _configuredRounds(); i > 0; --i) {
            _raised[i - 1] = _raised[i - 1].suspect(buyer);
        }
        _latest[buyer] = _latest[buyer].remember(0, 0, 0);
        emit VoucherRevoked(buyer, nonce);
    }

    function voucherSigner() external view returns (address) {
        return _signer(_raised[0].epoch());
    }

    function rememberedOf(address wallet, uint256 round) external view returns (uint64 limit, uint40 until) {
        Round memory terms = _termsOf(round);
        Standing standing = _latest[wallet];
        if (standing.round() != round) return (0, 0);
        if (!terms.needsVoucher) return (uint64(standing.limit()), standing.limit() == 0 ? 0 : type(uint40).max);
        if (!_holds(standing, _raised[round].epoch())) return (0, 0);
        return (uint64(standing.limit()), uint40(standing.hour() * 1 hours));
    }

    function paidOf(address wallet, uint256 round) external view returns (uint64) {
        return uint64(_standingOf(wallet, round).paid());
    }

    function paidIn(address wallet, uint256 round, uint8 payment) external view returns (uint64) {
        return uint64(_standingOf(wallet, round).paidBy(payment));
    }

    function allocationOf(address wallet, uint256 round) external view returns (uint128) {
        Round memory terms = _termsOf(round);
        return _missed(round, terms) ? 0 : uint128(_tokensFor(terms, _standingOf(wallet, round).paid()));
    }

    function remainingOf(address wallet, uint256 round) external view returns (uint64) {
        Round memory terms = _termsOf(round);
        uint256 limit = _limitOf(wallet, round, terms.walletCap, _latest[wallet]);
        uint256 left = _left(limit, _standingOf(wallet, round).paid());
        return uint64(_min(left, _hardCap(terms) - _raised[round].sum()));
    }

    function domainSeparator() external view returns (bytes32) {
        return _domainSeparator();
    }

    function voucherRevoked(address buyer, uint64 nonce) public view returns (bool) {
        return _revoked[buyer][nonce >> 8] & (1 << (nonce & 0xff)) != 0;
    }

    /// @dev The caller's standing in an open round, with its limit.
    function _enter(Round memory terms, uint256 round, Lanes raised, Voucher calldata voucher, bytes calldata signature)
        internal
        returns (Standing standing)
    {
        Standing latest = _latest[msg.sender];
        bool isNew = latest.round() != round;
        standing = isNew ? StandingLibrary.start(round) : latest;
        uint256 cap = terms.walletCap;
        uint256 hour = 0;
        uint256 epoch = 0;
        if (terms.needsVoucher) {
            epoch = raised.epoch();
            if (signature.length == 0) {
                require(_holds(standing, epoch), SaleVoucherNeeded(round));
                return standing;
            }
            (uint256 voucherCap, uint256 deadline) = _checkVoucher(raised, round, voucher, signature);
            cap = _min(cap, voucherCap);
            hour = _min(deadline / 1 hours, StandingLibrary.HOUR_MAX);
        } else if (standing.limit() != 0) {
            return standing;
        }
        standing = standing.remember(_limitOf(msg.sender, round, cap, latest), hour, epoch);
        // Rounds do not overlap, so an open round is later than every one in which the wallet has bought before.
        if (isNew && Standing.unwrap(latest) != 0) _earlier[msg.sender][latest.round()] = latest;
    }

    function _keep(address wallet, Standing standing) internal {
        if (_latest[wallet].round() == standing.round()) _latest[wallet] = standing;
        else _earlier[wallet][standing.round()] = standing;
    }

    function _keepLatest(Standing standing) internal {
        _latest[msg.sender] = standing;
    }

    function _standingOf(address wallet, uint256 round) internal view returns (Standing) {
        Standing latest = _latest[wallet];
        return latest.round() == round ? latest : _earlier[wallet][round];
    }

    function _left(uint256 limit, uint256 paid) internal pure returns (uint256) {
        return limit > paid ? limit - paid : 0;
    }

    function _min(uint256 left, uint256 right) internal pure returns (uint256) {
        return left < right ? left : right;
    }

    /// @dev What the wallet may pay in the round by the caps: its cap there, and what its earlier rounds left it of the sale's.
    function _limitOf(address wallet, uint256 round, uint256 cap, Standing latest) private view returns (uint256) {
        (, uint256 allowed) = _head();
        // A wallet that has bought nothing at all has bought nothing earlier.
        if (Standing.unwrap(latest) == 0) return _min(cap, allowed);
        for (uint256 i = 0; i < round; ++i) {
            uint256 paid = _standingOf(wallet, i).paid();
            if (paid != 0 && !_missed(i, _termsOf(i))) allowed = _left(allowed, paid);
        }
        return _min(cap, allowed);
    }

    /// @dev Whether a voucher that was shown before still counts.
    function _holds(Standing standing, uint256 epoch) private view returns (bool) {
        unchecked {
            // An hour of 20 bits.
            return standing.limit() != 0 && block.timestamp < standing.hour() * 1 hours && standing.epoch() == epoch;
        }
    }

    function _checkVoucher(Lanes raised, uint256 round, Voucher calldata voucher, bytes calldata signature)
        private
        view
        returns (uint256 cap, uint256 deadline)
    {
        require(
            voucher.buyer == msg.sender && voucher.round == round, SaleVoucherOfAnother(voucher.buyer, voucher.round)
        );
        (cap, deadline) = (voucher.cap, voucher.deadline);
        require(block.timestamp <= deadline, SaleVoucherExpired(uint40(deadline)));
        uint64 nonce = voucher.nonce;
        require(
            !raised.suspects(msg.sender) || !voucherRevoked(msg.sender, nonce), SaleVoucherWasRevoked(msg.sender, nonce)
        );
        bytes32 structHash;
        bytes32 typehash = VOUCHER_TYPEHASH;
        // Assembly because the fields lie in the calldata as they are hashed. Their widths were checked as they were read.
        assembly ("memory-safe") {
            let words := mload(0x40)
            mstore(words, typehash)
            calldatacopy(add(words, 32), voucher, 160)
            structHash := keccak256(words, 192)
        }
        address recovered = ECDSA.tryRecoverCalldata(_hashTypedData(structHash), signature);
        // A broken signature recovers to nobody, and so may the signer be.
        require(recovered != address(0) && recovered == _signer(raised.epoch()), SaleBadVoucher(recovered));
    }

    function _setSigner(address signer) private {
        uint256 count = _configuredRounds();
        // From the last number back to 1, the first of the later signers, long after whatever was remembered by it has ended.
        uint256 epoch = _raised[0].epoch() % LanesLibrary.EPOCH_MAX + 1;
        for (uint256 i = 0; i < count; ++i) {
            _raised[i] = _raised[i].setEpoch(epoch);
        }
        _laterSigner = signer;
        emit VoucherSignerSet(signer);
    }

    /// @dev What is written into the word of every round needs rounds.
    function _configuredRounds() private view returns (uint256 count) {
        count = roundCount();
        require(count != 0, SaleUnknownRound(0));
    }

    function _signer(uint256 epoch) private view returns (address signer) {
        if (epoch != 0) return _laterSigner;
        (signer,) = _head();
    }

    function _domainNameAndVersion() internal pure override returns (string memory name, string memory version) {
        return ("QuantaTrade Sale", "1");
    }
}

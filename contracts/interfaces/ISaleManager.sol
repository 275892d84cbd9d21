// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";

/// @notice What is done with the tokens that a round did not sell.
enum Unsold {
    BURN,
    TREASURY
}

/// @notice Where a round stands. OPEN ends at the last token too, SUCCEEDED and FAILED are told by `finalise`.
enum RoundState {
    UPCOMING,
    OPEN,
    ENDED,
    SUCCEEDED,
    FAILED
}

/// @title SaleManager: the sale of QTRA in rounds
/// @notice Amounts of money are micros: millionths of a dollar. A payment token of d decimals pays 10^(d - 6) of its base
/// units a micro, so that a payment is never rounded. What a wallet has bought in a round is what it has paid there times
/// 10^18 over the price, rounded down once: buying in parts neither gains nor loses. Payments stay here until the round is
/// finalised: then they go to the treasuries and the tokens to vesting, or, below its soft cap, back to who paid.
interface ISaleManager is IAccessManaged {
    /// @param price micros for 10^18 base units of QTRA
    /// @param start first second in which it is open
    /// @param end first second in which it is no longer
    /// @param tokenCap base units of QTRA for sale
    /// @param softCap micros below which the round fails; 0: it cannot fail
    /// @param minPurchase micros that one purchase pays at least, unless fewer are left
    /// @param walletCap micros that one wallet pays at most in the round
    /// @param referralBps share of a purchase that its referrer earns
    /// @param unsold what is done with what is left
    /// @param needsVoucher whether a buyer needs a voucher
    struct Round {
        uint64 price;
        uint40 start;
        uint40 end;
        uint128 tokenCap;
        uint64 softCap;
        uint64 minPurchase;
        uint64 walletCap;
        uint16 referralBps;
        Unsold unsold;
        bool needsVoucher;
    }

    /// @notice A share of the proceeds. All shares add up to 10,000.
    struct Share {
        address treasury;
        uint16 bps;
    }

    /// @notice That a buyer has been identified, signed (EIP-712) by the voucher signer.
    /// @param cap micros that the buyer may pay in the round, all in all
    /// @param nonce what a revocation names
    struct Voucher {
        address buyer;
        uint256 round;
        uint64 cap;
        uint40 deadline;
        uint64 nonce;
    }

    /// @notice What a purchase asks for.
    /// @param payment index of the payment token
    /// @param micros what to pay; less is taken if less is left, and never more
    /// @param minTokens base units of QTRA below which nothing is bought
    /// @param deadline last second in which it may be mined
    /// @param referrer who earns the referral share; zero: nobody
    struct Purchase {
        uint256 round;
        uint8 payment;
        uint64 micros;
        uint128 minTokens;
        uint40 deadline;
        address referrer;
    }

    /// @notice An ERC-2612 permit over the payment. One that somebody else has used already is no obstacle.
    struct Permit {
        uint256 value;
        uint256 deadline;
        uint8 v;
        bytes32 r;
        bytes32 s;
    }

    event SaleConfigured(uint64 walletCap, uint256 tokens);
    event RoundConfigured(uint256 indexed round, Round terms);
    event PaymentListed(uint8 indexed payment, address token, uint8 decimals);
    event ShareConfigured(address indexed treasury, uint16 bps);
    event VoucherSignerSet(address signer);
    event VoucherRevoked(address indexed buyer, uint64 nonce);
    /// @param micros paid now
    /// @param tokens the buyer's allocation in the round after it
    event Purchased(
        uint256 indexed round,
        address indexed buyer,
        uint8 payment,
        uint64 micros,
        uint128 tokens,
        address indexed referrer
    );
    /// @param raised micros paid in the round
    /// @param sold base units of QTRA that went to vesting
    /// @param unsold base units that were burned or went to the first treasury
    event RoundFinalised(uint256 indexed round, bool succeeded, uint64 raised, uint128 sold, uint128 unsold);
    event ProceedsPaid(uint256 indexed round, uint8 payment, address indexed treasury, uint64 micros);
    event Refunded(uint256 indexed round, address indexed buyer, uint8 payment, uint64 micros);
    event ReferralPaid(uint256 indexed round, address indexed referrer, uint8 payment, uint64 micros);

    error SaleZeroAddress();
    error SaleConfiguredAlready();
    error SaleNoRounds();
    error SaleTooManyRounds(uint256 rounds);
    error SaleNoPayments();
    error SaleTooManyPayments(uint256 payments);
    /// @dev A payment token is a contract of 6 to 18 decimals, listed once, and not QTRA.
    error SaleInvalidPayment(address token);
    /// @dev Every share is of an address and more than nothing, at most 8 of them, and they add up to 10,000.
    error SaleInvalidShares();
    /// @dev A round starts after now and after the one before has ended, and ends after it starts.
    error SaleInvalidTimes(uint256 round);
    /// @dev A price is at least one micro, at most 10^18, and not below the price of the round before.
    error SaleInvalidPrice(uint256 round);
    /// @dev The caps do not nest: 0 < minimum <= wallet's cap <= round's cap and sale's wallet cap; soft cap <= round's cap. A
    /// round takes less than 2^48 micros, a wallet in the whole sale less than 2^44.
    error SaleInvalidCaps(uint256 round);
    error SaleInvalidReferral(uint256 round);
    /// @dev A round that needs vouchers needs a signer.
    error SaleNoVoucherSigner();

    error SaleUnknownRound(uint256 round);
    error SaleUnknownPayment(uint8 payment);
    error SaleNotOpen(uint256 round, uint40 start, uint40 end);
    error SaleDeadlinePassed(uint40 deadline);
    error SaleSoldOut(uint256 round);
    /// @dev Bring a voucher: none of this round is remembered, or it has ended.
    error SaleVoucherNeeded(uint256 round);
    error SaleVoucherOfAnother(address buyer, uint256 round);
    error SaleVoucherExpired(uint40 deadline);
    error SaleVoucherWasRevoked(address buyer, uint64 nonce);
    error SaleBadVoucher(address recovered);
    /// @dev The wallet may pay `left` micros yet.
    error SaleWalletCapExceeded(uint64 left);
    error SaleBelowMinimum(uint64 least);
    error SaleTooFewTokens(uint128 tokens);
    error SaleSelfReferral();
    /// @dev The token moved another amount than it was asked to; such tokens are not taken.
    error SaleUnexpectedReceipt(uint256 asked, uint256 received);

    error SaleNotEnded(uint256 round);
    error SaleFinalisedAlready(uint256 round);
    error SaleNotSucceeded(uint256 round);
    error SaleNotFailed(uint256 round);
    error SaleNothingToPay(uint256 round);

    /// @notice Sets the terms of the whole sale, once, and takes the tokens of all rounds from the caller. Restricted.
    /// @param walletCap micros that one wallet pays at most in all rounds that do not fail
    /// @param voucherSigner may be zero if no round needs vouchers
    function configure(
        Round[] calldata rounds,
        address[] calldata payments,
        Share[] calldata shares,
        uint64 walletCap,
        address voucherSigner
    ) external;

    /// @notice Another signer of vouchers. What the one before has signed is worth nothing from then on. Restricted.
    function setVoucherSigner(address signer) external;

    /// @notice No signer, until another is set: all vouchers are worth nothing, shown ones too. Restricted.
    function revokeVoucherSigner() external;

    /// @notice Makes a voucher worthless, and forgets what the buyer has shown. Restricted.
    function revokeVoucher(address buyer, uint64 nonce) external;

    /// @notice Buys tokens of an open round for the caller. The cap of a voucher that was shown once in a round is remembered:
    /// until the last full hour before its deadline the buyer can leave out the signature, and nothing is read of the voucher.
    /// @param voucher not read in a round that needs none
    function buy(Purchase calldata purchase, Voucher calldata voucher, bytes calldata signature) external;

    /// @notice The same with an allowance by permit.
    function buyWithPermit(
        Purchase calldata purchase,
        Voucher calldata voucher,
        bytes calldata signature,
        Permit calldata permit
    ) external;

    /// @notice Closes a round that has ended or is sold out. Whoever calls, the same happens.
    function finalise(uint256 round) external;

    /// @notice Pays treasuries what a token refused to pay them when the round was finalised.
    function payProceeds(uint256 round) external;

    /// @notice Pays the caller back what it paid in a failed round. A token that refuses stays owed.
    function refund(uint256 round) external;

    /// @notice Pays the caller what it has earned as referrer in a successful round. A token that refuses stays owed.
    function claimReferral(uint256 round) external;

    /// @notice The token for sale.
    function qtra() external view returns (address);

    /// @notice Where sold tokens go.
    function vesting() external view returns (address);

    function roundCount() external view returns (uint256);

    function roundOf(uint256 round) external view returns (Round memory);

    /// @notice The payment tokens by index.
    function payments() external view returns (address[] memory);

    /// @param scale base units of the token for a micro
    function paymentOf(uint8 payment) external view returns (address token, uint256 scale);

    function shares() external view returns (Share[] memory);

    function walletCap() external view returns (uint64);

    function voucherSigner() external view returns (address);

    function voucherRevoked(address buyer, uint64 nonce) external view returns (bool);

    /// @notice What a purchase can do without a signature.
    /// @param limit micros that the wallet may pay in the round, all in all; zero if nothing is remembered
    /// @param until first second in which it is no longer remembered; the highest number in a round without vouchers
    function rememberedOf(address wallet, uint256 round) external view returns (uint64 limit, uint40 until);

    function stateOf(uint256 round) external view returns (RoundState);

    /// @notice Micros that the round takes at most: the worth of its tokens, rounded down.
    function hardCapOf(uint256 round) external view returns (uint64);

    /// @notice Micros paid in the round, refunded ones too.
    function raisedOf(uint256 round) external view returns (uint64);

    /// @notice The same in one payment token.
    function raisedIn(uint256 round, uint8 payment) external view returns (uint64);

    /// @notice Micros that the wallet has paid in the round and that were not refunded.
    function paidOf(address wallet, uint256 round) external view returns (uint64);

    /// @notice The same in one payment token.
    function paidIn(address wallet, uint256 round, uint8 payment) external view returns (uint64);

    /// @notice Base units of QTRA that the wallet has bought; nothing in a round that has ended below its soft cap.
    function allocationOf(address wallet, uint256 round) external view returns (uint128);

    /// @notice Micros that the wallet may still pay in the round. A voucher can allow less.
    function remainingOf(address wallet, uint256 round) external view returns (uint64);

    /// @notice What the round would take of so many micros, and base units of QTRA for them to who has none in the round.
    function quote(uint256 round, uint64 micros) external view returns (uint64 taken, uint128 tokens);

    /// @notice Micros in one payment token that the referrer is owed if the round succeeds, and has not been paid.
    function referralOf(address referrer, uint256 round, uint8 payment) external view returns (uint64);

    /// @notice Micros in one payment token that referrers have earned in the round, paid or not.
    function referralsOf(uint256 round, uint8 payment) external view returns (uint64);

    function domainSeparator() external view returns (bytes32);
}

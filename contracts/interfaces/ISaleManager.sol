// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

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
interface ISaleManager {
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
}

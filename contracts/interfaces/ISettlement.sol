// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISettlementAccounts} from "./ISettlementAccounts.sol";
import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";

/// @notice Why a fill or a net group of a batch was left out. The numbers are part of the events and never change.
enum SkipReason {
    /// Not skipped.
    NONE,
    /// A signature is not one, or not of whom it should be.
    BAD_SIGNATURE,
    /// An order's expiry has passed.
    EXPIRED,
    /// An order's seq is at or under its account's cancel floor.
    CANCELLED,
    /// An account has an exit in effect.
    EXITED,
    /// An order has no price, no price in force, no quantity, flags above the eleven bits of its instructions, or more than
    /// its isolated account can count.
    UNSUPPORTED_ORDER,
    /// An order's fee rate is above its signed cap, or the cap above what the contract allows.
    FEE_ABOVE_CAP,
    /// The two orders are not of one market and of opposite sides.
    NOT_OPPOSITE,
    /// The maker's price is beyond the taker's limit; a half's price is beyond its order's.
    LIMIT_CROSSED,
    /// Both orders use the same lane of the same account.
    SHARED_LANE,
    /// A newer order has used the lane.
    SUPERSEDED,
    /// Another order with the same seq has used the lane.
    SEQ_REUSED,
    /// The fill is zero, or more than what is left of an order.
    OVERFILL,
    /// The seller holds less of the base asset than the fill takes.
    BASE_SHORT,
    /// The buyer holds less of the quote asset than the fill and its fee take.
    QUOTE_SHORT,
    /// The fees taken so far do not pay for the rebate.
    REBATE_UNFUNDED,
    /// An isolated account would hold more than 2^56 - 1 units of an asset.
    ACCOUNT_FULL,
    /// The session is unknown, over, of another market, or does not cover the assets of the statement.
    SESSION_INVALID,
    /// More would leave the account than is left of the session's limit.
    SESSION_LIMIT,
    /// The cancel floor that a ladder waits for is not reached.
    LADDER_WAITING,
    /// Two statements of the batch name the same account.
    NET_REPEATED,
    /// A statement takes more of an asset than the account holds.
    NET_SHORT,
    /// The statements, halves and fees of a net group do not add up to zero in every asset.
    UNBALANCED
}

/// @title SettlementBatches: the batches of fills
interface ISettlementBatches {
    /// @param fills fills that were settled
    /// @param skipped fills and net groups that were left out, each with an event of its own before this one
    event BatchSettled(
        uint64 indexed number,
        bytes32 batchHash,
        bytes32 journalRoot,
        uint64 throughSequence,
        uint32 fills,
        uint32 skipped
    );
    /// @param fill the fill's index in the payload
    event FillSkipped(uint64 indexed number, uint32 fill, SkipReason reason);
    /// @param group the net group's index in the payload
    /// @param item which of its statements, halves and fee rows was at fault, counted in this order; all of them for
    /// `UNBALANCED`
    event NetGroupSkipped(uint64 indexed number, uint32 group, SkipReason reason, uint32 item);

    error SettlementWrongBatch(uint64 expected, uint64 given);
    /// @param position the byte of the payload at which it stops making sense
    error SettlementMalformedPayload(uint256 position);
    error SettlementUnsupportedVersion(uint8 version);
    error SettlementUnsupportedAuthorization(uint8 kind);
    /// @dev The transaction has too little gas for the contract wallets of its batch to answer; send it with more.
    error SettlementGasTooLow();

    /// @notice Settles the next batch. Anybody may submit what the engine signed (EIP-712 `Batch`). What cannot settle is
    /// skipped with a reason; a payload that is not well formed reverts.
    /// @param payload docs/contracts/batch-format.md
    /// @param number one more than the last batch's
    /// @param journalRoot root of the journal segment that the batch settles
    /// @param throughSequence sequence of the last command whose fills are in the batch
    /// @param engineSignature 64 bytes (ERC-2098)
    function settle(
        bytes calldata payload,
        uint64 number,
        bytes32 journalRoot,
        uint64 throughSequence,
        bytes calldata engineSignature
    ) external;
}

/// @title Settlement: the vault of the exchange
/// @notice Users deposit tokens. Balances inside move only by batches, each change consented to by the signatures of whom it
/// concerns. Nobody but its owner can take a balance out, and the owner needs nobody to do so.
/// @dev Two contracts have one half each, so that both keep to the size that Ethereum allows: `Settlement` settles batches
/// and hands every other call to the code of `SettlementAccounts`, which its constructor creates.
interface ISettlement is ISettlementBatches, ISettlementAccounts, IAccessManaged {}

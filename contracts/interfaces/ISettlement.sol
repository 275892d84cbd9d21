// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice Why a fill of a batch was left out. The numbers are part of the `FillSkipped` event and never change.
enum SkipReason {
    /// Not skipped.
    NONE,
    /// An order's signature is not one.
    BAD_SIGNATURE,
    /// An order's expiry has passed.
    EXPIRED,
    /// An order's seq is at or under its owner's cancel floor.
    CANCELLED,
    /// An order's owner has an exit in effect for one of the two assets.
    EXITED,
    /// An order has no price, no price in force, no quantity, or flags above the ten bits of its instructions.
    UNSUPPORTED_ORDER,
    /// An order's fee rate is above its signed cap, or the cap above what the contract allows.
    FEE_ABOVE_CAP,
    /// The two orders are not of one market and of opposite sides.
    NOT_OPPOSITE,
    /// The maker's price is beyond the taker's limit.
    LIMIT_CROSSED,
    /// Both orders use the same lane of the same owner.
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
    REBATE_UNFUNDED
}

/// @title Settlement: the vault of the exchange
/// @notice Users deposit tokens. Balances inside move only by batches of fills, each consented to by the signed orders of
/// both sides. Nobody but its owner can take a balance out, and the owner needs nobody to do so.
/// @dev Amounts are ledger units (u64; `unitScale` base units of the token each) unless a name says otherwise,
/// quantities lots, prices ticks, fee rates parts per million. Times are seconds since 1970.
interface ISettlement {
    /// @notice A listed token. One ledger unit is `unitScale` base units of it. `total` is what the contract owes in it.
    struct Asset {
        address token;
        uint64 unitScale;
        uint64 total;
    }

    /// @notice A listed market. quote units = price ticks * quantity lots * `quoteUnitsPerTickLot`.
    struct Market {
        uint16 base;
        uint16 quote;
        uint64 baseUnitsPerLot;
        uint64 quoteUnitsPerTickLot;
    }

    /// @notice The balance of an owner in an asset, with what limits its orders now.
    /// @param filled lots filled so far of the order that last used lane 0
    /// @param seq that order's seq
    /// @param tag the low 24 bits of that order's EIP-712 digest
    /// @param floor orders with this base asset and a seq at or under it are dead
    /// @param requestedFloor the floor from `floorEffectiveAt` on; both 0 without a request under way
    /// @param exitEffectiveAt from when on nothing settles and `exit` pays; 0 without a request
    struct Balance {
        uint64 amount;
        uint64 filled;
        uint48 seq;
        uint24 tag;
        uint48 floor;
        uint48 requestedFloor;
        uint40 floorEffectiveAt;
        uint40 exitEffectiveAt;
    }

    event Deposited(address indexed owner, uint16 indexed asset, uint64 amount);
    event Withdrawn(address indexed owner, uint16 indexed asset, uint64 amount, uint64 nonce);
    event ExitRequested(address indexed owner, uint16 indexed asset, uint40 effectiveAt);
    event ExitCancelled(address indexed owner, uint16 indexed asset);
    event Exited(address indexed owner, uint16 indexed asset, uint64 amount);
    event CancelRequested(address indexed owner, uint16 indexed asset, uint48 floor, uint40 effectiveAt);
    event CancelFloorRaised(address indexed owner, uint16 indexed asset, uint48 floor);
    /// @param fills fills that were settled
    /// @param skipped fills that were left out, each with a `FillSkipped` before this event
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
    event AssetListed(uint16 indexed asset, address token, uint64 unitScale);
    event MarketListed(
        uint32 indexed market, uint16 base, uint16 quote, uint64 baseUnitsPerLot, uint64 quoteUnitsPerTickLot
    );
    event FeesCollected(uint16 indexed asset, address indexed to, uint64 amount);
    event EngineKeySet(address indexed engineKey);
    event PauseSet(uint40 until);

    error SettlementUnknownAsset(uint16 asset);
    error SettlementInvalidAsset(uint16 asset, address token, uint64 unitScale);
    error SettlementAssetListed(uint16 asset);
    error SettlementTokenListed(address token);
    error SettlementUnknownMarket(uint32 market);
    error SettlementInvalidMarket(uint32 market);
    error SettlementMarketListed(uint32 market);

    error SettlementInvalidOwner(address owner);
    error SettlementZeroAmount();
    /// @dev Send a multiple of `unitScale` base units of the token.
    error SettlementNotWholeUnits(uint256 amount, uint64 unitScale);
    /// @dev The token moved another amount than it was asked to; such tokens are not taken.
    error SettlementUnexpectedReceipt(uint256 asked, uint256 received);
    /// @dev All accounts together may hold 2^63 - 1 units.
    error SettlementAssetFull(uint16 asset, uint64 total, uint256 units);
    error SettlementInsufficientBalance(address owner, uint16 asset, uint64 balance, uint64 amount);
    error SettlementNonceUsed(address owner, uint64 nonce);
    error SettlementDeadlinePassed(uint40 deadline);
    error SettlementBadOwnerSignature(address owner);
    error SettlementBadEngineSignature(address recovered);
    error SettlementEngineRevoked();

    error SettlementExitPending(address owner, uint16 asset);
    error SettlementNoExit(address owner, uint16 asset);
    error SettlementExitTooEarly(uint40 effectiveAt);
    error SettlementFloorTooLow(uint48 floor, uint48 given);

    error SettlementPaused(uint40 until);
    error SettlementNotPaused();
    error SettlementPauseTooSoon(uint40 allowedFrom);

    error SettlementWrongBatch(uint64 expected, uint64 given);
    /// @param position the byte of the payload at which it stops making sense
    error SettlementMalformedPayload(uint256 position);
    error SettlementUnsupportedVersion(uint8 version);
    error SettlementUnsupportedAuthorization(uint8 kind);

    /// @notice Deposits for the caller.
    /// @param amount base units of the token: a whole number of ledger units, approved to this contract
    function deposit(uint16 asset, uint256 amount) external;

    /// @notice Deposits the caller's tokens for another owner.
    function depositFor(address owner, uint16 asset, uint256 amount) external;

    /// @notice Deposits for the caller with an EIP-2612 permit. A permit that somebody else has already used is no
    /// obstacle: the allowance is there.
    function depositWithPermit(uint16 asset, uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external;

    /// @notice Withdraws at once, by signature of the owner (EIP-712 `Withdrawal`, EOA or ERC-1271) and of the engine
    /// (`WithdrawalApproval`), which took the amount off its books. Anybody may submit it; it pays the owner.
    function withdraw(
        address owner,
        uint16 asset,
        uint64 amount,
        uint64 nonce,
        uint40 deadline,
        bytes calldata ownerSignature,
        bytes calldata engineSignature
    ) external;

    /// @notice Starts the caller's exit with an asset: after `EXIT_DELAY` nothing settles for it and `exit` pays it all.
    function requestExit(uint16 asset) external;

    /// @notice Takes back a requested exit, in effect or not.
    function cancelExit(uint16 asset) external;

    /// @notice Pays the caller its whole balance. Needs a request that is in effect, and nothing else.
    function exit(uint16 asset) external;

    /// @notice Kills the caller's orders with this base asset and a seq at or under `floor`, after `CANCEL_DELAY`. A
    /// request that is still waiting is replaced.
    function requestCancel(uint16 asset, uint48 floor) external;

    /// @notice The same at once, with the engine's signature (EIP-712 `CancelApproval`) that the orders left its book.
    function cancelNow(uint16 asset, uint48 floor, uint40 deadline, bytes calldata engineSignature) external;

    /// @notice Settles the next batch. Anybody may submit what the engine signed (EIP-712 `Batch`). A fill that cannot
    /// settle is skipped with a reason; a payload that is not well formed reverts.
    /// @param payload docs/contracts/batch-format.md
    /// @param number one more than the last batch's
    /// @param journalRoot root of the journal segment that the batch settles
    /// @param throughSequence sequence of the last command whose fills are in the batch
    function settle(
        bytes calldata payload,
        uint64 number,
        bytes32 journalRoot,
        uint64 throughSequence,
        bytes calldata engineSignature
    ) external;

    /// @notice Lists a token under a new number. There is no way to take it off or to change it.
    function listAsset(uint16 asset, address token, uint64 unitScale) external;

    /// @notice Lists a market under a new number. There is no way to take it off or to change it.
    function listMarket(uint32 market, Market calldata terms) external;

    /// @notice Replaces the key that signs batches and approvals.
    function setEngineKey(address engineKey) external;

    /// @notice Removes the engine's key: nothing settles and nothing is approved until another is set.
    function revokeEngineKey() external;

    /// @notice Stops deposits and settlement for `PAUSE_DURATION`. As long again must pass before the next pause.
    function pause() external;

    /// @notice Ends a pause early.
    function unpause() external;

    /// @notice Pays out fees that the exchange earned.
    function collectFees(uint16 asset, uint64 amount, address to) external;

    function balanceOf(address owner, uint16 asset) external view returns (uint64 amount);
    function slotOf(address owner, uint16 asset) external view returns (Balance memory);

    /// @notice The order that last used a lane from 1 on: lots filled so far, seq, and low 24 bits of its digest.
    function laneOf(address owner, uint16 base, uint16 lane)
        external
        view
        returns (uint64 filled, uint48 seq, uint24 tag);

    /// @notice Fees earned and not yet collected.
    function feesOf(uint16 asset) external view returns (uint64 amount);
    function assetOf(uint16 asset) external view returns (Asset memory);
    function marketOf(uint32 market) external view returns (Market memory);
    function nonceUsed(address owner, uint64 nonce) external view returns (bool);

    /// @notice Number of the last settled batch; 0 before the first.
    function batchNumber() external view returns (uint64);

    /// @notice Hash of the last settled batch: the first 24 bytes of its EIP-712 digest, then its number in 8 bytes.
    function batchHash() external view returns (bytes32);
    function engineKey() external view returns (address);

    /// @notice The end of the last pause, over or not.
    function pausedUntil() external view returns (uint40);
    function domainSeparator() external view returns (bytes32);

    function EXIT_DELAY() external view returns (uint40);
    function CANCEL_DELAY() external view returns (uint40);
    function PAUSE_DURATION() external view returns (uint40);
    function MAX_FEE_BPS() external view returns (uint16);
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title SettlementAccounts: what owners, the guardian and the operator do with the vault on their own, and its views
/// @notice Everything of the settlement contract but the batches; `ISettlement` is all of it.
/// @dev Amounts are ledger units (u64; `unitScale` base units of the token each) unless a name says otherwise,
/// quantities lots, prices ticks, fee rates parts per million. Times are seconds since 1970.
///
/// An owner has two kinds of account. The unified one holds a balance per asset, and its orders in all markets share it.
/// An isolated one belongs to one market, holds base and quote of it alone, and is cheaper to trade from.
interface ISettlementAccounts {
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

    /// @notice The isolated account of an owner in a market. The fields mean what those of `Balance` do; `tag` is the low
    /// 16 bits of a digest.
    struct IsolatedBalance {
        uint64 base;
        uint64 quote;
        uint64 filled;
        uint48 seq;
        uint16 tag;
        uint48 floor;
        uint48 requestedFloor;
        uint40 floorEffectiveAt;
        uint40 exitEffectiveAt;
    }

    /// @notice What a session key may still do in its market. It signs until `expiry`, that second not included.
    /// @param baseLeft base units that may still be sold; the highest number is no limit
    /// @param quoteLeft quote units that may still be paid, fees included; the highest number is no limit
    struct Session {
        uint64 baseLeft;
        uint64 quoteLeft;
        uint40 expiry;
    }

    event Deposited(address indexed owner, uint16 indexed asset, uint64 amount);
    event Withdrawn(address indexed owner, uint16 indexed asset, uint64 amount, uint64 nonce);
    event ExitRequested(address indexed owner, uint16 indexed asset, uint40 effectiveAt);
    event ExitCancelled(address indexed owner, uint16 indexed asset);
    event Exited(address indexed owner, uint16 indexed asset, uint64 amount);
    event CancelRequested(address indexed owner, uint16 indexed asset, uint48 floor, uint40 effectiveAt);
    event CancelFloorRaised(address indexed owner, uint16 indexed asset, uint48 floor);

    event IsolatedDeposited(address indexed owner, uint32 indexed market, uint16 indexed asset, uint64 amount);
    event IsolatedWithdrawn(
        address indexed owner, uint32 indexed market, uint16 indexed asset, uint64 amount, uint64 nonce
    );
    event IsolatedExitRequested(address indexed owner, uint32 indexed market, uint40 effectiveAt);
    event IsolatedExitCancelled(address indexed owner, uint32 indexed market);
    /// @param complete whether nothing is left in the account, which ends the exit
    event IsolatedExited(
        address indexed owner, uint32 indexed market, uint16 indexed asset, uint64 amount, bool complete
    );
    event IsolatedCancelRequested(address indexed owner, uint32 indexed market, uint48 floor, uint40 effectiveAt);
    event IsolatedCancelFloorRaised(address indexed owner, uint32 indexed market, uint48 floor);

    event SessionKeySet(
        address indexed owner,
        address indexed key,
        uint32 indexed market,
        uint64 baseLimit,
        uint64 quoteLimit,
        uint40 expiry
    );
    /// @param effectiveAt from when on nothing settles that the key signed
    event SessionKeyRevoked(address indexed owner, address indexed key, uint32 indexed market, uint40 effectiveAt);

    event AssetListed(uint16 indexed asset, address token, uint64 unitScale);
    event MarketListed(
        uint32 indexed market, uint16 base, uint16 quote, uint64 baseUnitsPerLot, uint64 quoteUnitsPerTickLot
    );
    event FeesCollected(uint16 indexed asset, address indexed to, uint64 amount);
    event EngineKeySet(address indexed engineKey);
    event PauseSet(uint40 until);
    event ExchangeClosed();

    error SettlementUnknownAsset(uint16 asset);
    error SettlementInvalidAsset(uint16 asset, address token, uint64 unitScale);
    error SettlementAssetListed(uint16 asset);
    error SettlementTokenListed(address token);
    error SettlementUnknownMarket(uint32 market);
    error SettlementInvalidMarket(uint32 market);
    error SettlementMarketListed(uint32 market);
    /// @dev An isolated account holds base and quote of its market, nothing else.
    error SettlementNotOfMarket(uint32 market, uint16 asset);

    error SettlementInvalidOwner(address owner);
    error SettlementZeroAmount();
    /// @dev Send a multiple of `unitScale` base units of the token.
    error SettlementNotWholeUnits(uint256 amount, uint64 unitScale);
    /// @dev The token moved another amount than it was asked to; such tokens are not taken.
    error SettlementUnexpectedReceipt(uint256 asked, uint256 received);
    /// @dev All accounts together may hold 2^63 - 1 units.
    error SettlementAssetFull(uint16 asset, uint64 total, uint256 units);
    /// @dev An isolated account may hold 2^56 - 1 units of each asset.
    error SettlementAccountFull(uint32 market, uint16 asset, uint64 balance, uint64 units);
    error SettlementInsufficientBalance(address owner, uint16 asset, uint64 balance, uint64 amount);
    error SettlementNonceUsed(address owner, uint64 nonce);
    error SettlementDeadlinePassed(uint40 deadline);
    error SettlementBadOwnerSignature(address owner);
    error SettlementBadEngineSignature(address recovered);
    error SettlementEngineRevoked();

    error SettlementExitPending(uint40 effectiveAt);
    error SettlementNoExit();
    error SettlementExitTooEarly(uint40 effectiveAt);
    error SettlementFloorTooLow(uint48 floor, uint48 given);
    /// @dev The seqs of an isolated account have 42 bits.
    error SettlementFloorTooHigh(uint48 highest, uint48 given);

    error SettlementInvalidSessionKey(address key);
    /// @dev Revoke it first. What is left of a live session cannot be changed.
    error SettlementSessionLive(uint40 expiry);
    error SettlementNoSession(address owner, address key, uint32 market);

    error SettlementPaused(uint40 until);
    error SettlementNotPaused();
    error SettlementPauseTooSoon(uint40 allowedFrom);
    error SettlementClosed();
    /// @dev The exchange closes only when no batch has settled for `DEAD_MAN_DELAY`.
    error SettlementCloseTooEarly(uint40 allowedFrom);

    /// @notice Deposits for the caller.
    /// @param amount base units of the token: a whole number of ledger units, approved to this contract
    function deposit(uint16 asset, uint256 amount) external;

    /// @notice Deposits the caller's tokens for another owner.
    function depositFor(address owner, uint16 asset, uint256 amount) external;

    /// @notice Deposits for the caller with an EIP-2612 permit. A permit that somebody else has already used is no
    /// obstacle: the allowance is there.
    function depositWithPermit(uint16 asset, uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external;

    /// @notice Deposits into the caller's isolated account of a market.
    /// @param asset base or quote of the market
    function depositIsolated(uint32 market, uint16 asset, uint256 amount) external;

    /// @notice Deposits the caller's tokens into the isolated account of another owner.
    function depositIsolatedFor(address owner, uint32 market, uint16 asset, uint256 amount) external;

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

    /// @notice The same from an isolated account (EIP-712 `IsolatedWithdrawal` and `IsolatedWithdrawalApproval`). Nonces
    /// are those of `withdraw`.
    function withdrawIsolated(
        address owner,
        uint32 market,
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

    /// @notice Pays the caller its whole balance. Needs a request that is in effect, and nothing else; on a closed
    /// exchange not even that.
    function exit(uint16 asset) external;

    /// @notice Starts the exit of the caller's isolated account of a market: after `EXIT_DELAY` nothing settles for it.
    function requestExitIsolated(uint32 market) external;

    /// @notice Takes it back, in effect or not.
    function cancelExitIsolated(uint32 market) external;

    /// @notice Pays the caller all that its isolated account holds of base or quote, by the rule of `exit`. One asset at a
    /// time, so that a token which refuses does not hold up the other. The exit ends when nothing is left.
    function exitIsolated(uint32 market, uint16 asset) external;

    /// @notice Kills the caller's orders with this base asset and a seq at or under `floor`, after `CANCEL_DELAY`. A
    /// request that is still waiting is replaced.
    function requestCancel(uint16 asset, uint48 floor) external;

    /// @notice The same at once, with the engine's signature (EIP-712 `CancelApproval`) that the orders left its book.
    function cancelNow(uint16 asset, uint48 floor, uint40 deadline, bytes calldata engineSignature) external;

    /// @notice `requestCancel` for the orders that trade from the caller's isolated account of a market.
    function requestCancelIsolated(uint32 market, uint48 floor) external;

    /// @notice `cancelNow` for the same (EIP-712 `IsolatedCancelApproval`).
    function cancelNowIsolated(uint32 market, uint48 floor, uint40 deadline, bytes calldata engineSignature) external;

    /// @notice Lets a key sign orders, ladders and netted statements for the caller in one market, from the unified and
    /// from the isolated account. It can do nothing else: not withdraw, exit, cancel or set keys.
    /// @param baseLimit base units that it may sell in all; the highest number is no limit
    /// @param quoteLimit quote units that it may pay in all, fees included; the highest number is no limit
    /// @param expiry from when on it signs nothing
    function setSessionKey(address key, uint32 market, uint64 baseLimit, uint64 quoteLimit, uint40 expiry) external;

    /// @notice Ends a session of the caller after `CANCEL_DELAY`, or at its expiry if that is sooner.
    function requestSessionRevocation(address key, uint32 market) external;

    /// @notice Ends a session of the caller at once, with the engine's signature (EIP-712 `SessionRevocationApproval`)
    /// that it holds nothing of that key.
    /// @dev The approval would also end a session of the same key that was set anew, so the engine takes none before the
    /// deadline.
    function revokeSessionNow(address key, uint32 market, uint40 deadline, bytes calldata engineSignature) external;

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

    /// @notice Closes the exchange for ever: no deposits, no batches, no new sessions, and exits need neither request nor
    /// delay. Anybody may, once no batch has settled for `DEAD_MAN_DELAY`.
    function closeExchange() external;

    /// @notice Pays out fees that the exchange earned.
    function collectFees(uint16 asset, uint64 amount, address to) external;

    function balanceOf(address owner, uint16 asset) external view returns (uint64 amount);
    function slotOf(address owner, uint16 asset) external view returns (Balance memory);

    /// @notice The order that last used a lane from 1 on: lots filled so far, seq, and low 24 bits of its digest.
    function laneOf(address owner, uint16 base, uint16 lane)
        external
        view
        returns (uint64 filled, uint48 seq, uint24 tag);

    function isolatedOf(address owner, uint32 market) external view returns (IsolatedBalance memory);

    /// @notice `laneOf` for the lanes of an isolated account.
    function isolatedLaneOf(address owner, uint32 market, uint16 lane)
        external
        view
        returns (uint64 filled, uint48 seq, uint24 tag);

    /// @notice What is left of a session, live or not.
    function sessionOf(address owner, address key, uint32 market) external view returns (Session memory);

    /// @notice Fees earned and not yet collected.
    function feesOf(uint16 asset) external view returns (uint64 amount);
    function assetOf(uint16 asset) external view returns (Asset memory);
    function marketOf(uint32 market) external view returns (Market memory);
    function nonceUsed(address owner, uint64 nonce) external view returns (bool);

    /// @notice Number of the last settled batch; 0 before the first.
    function batchNumber() external view returns (uint64);

    /// @notice Hash of the last settled batch: the first 22 bytes of its EIP-712 digest, five zero bytes, then its number
    /// in 5 bytes. 0 before the first.
    function batchHash() external view returns (bytes32);

    /// @notice When the last batch settled; before the first, when the contract was deployed.
    function lastBatchAt() external view returns (uint40);
    function engineKey() external view returns (address);

    /// @notice The end of the last pause, over or not; the highest time on a closed exchange.
    function pausedUntil() external view returns (uint40);
    function isClosed() external view returns (bool);
    function domainSeparator() external view returns (bytes32);

    function EXIT_DELAY() external view returns (uint40);
    function CANCEL_DELAY() external view returns (uint40);
    function PAUSE_DURATION() external view returns (uint40);
    function DEAD_MAN_DELAY() external view returns (uint40);
    function MAX_FEE_BPS() external view returns (uint16);
}

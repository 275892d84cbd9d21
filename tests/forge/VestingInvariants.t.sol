// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMerkleVesting} from "../../contracts/interfaces/IMerkleVesting.sol";
import {TestBase} from "./base/TestBase.sol";
import {VestingHandler, VestingRule} from "./handler/VestingHandler.sol";

/// @dev What is true of vesting after any sequence of calls by anybody. `VestingHandler` acts and notes what it sees of each
/// rule; what can be seen of the state alone is looked at here.
contract VestingInvariantsTest is TestBase {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    uint256 private constant POOLS = 4;
    uint256 private constant OWNERS = 5;

    VestingHandler private _handler;
    IMerkleVesting private _vesting;

    function setUp() public {
        _handler = new VestingHandler();
        _handler.setUp();
        _vesting = _handler.vestingOf();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    /// @dev A function that stands here twice is drawn twice as often.
    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        bytes4[16] memory drawn = [
            VestingHandler.fund.selector,
            VestingHandler.fund.selector,
            VestingHandler.publish.selector,
            VestingHandler.publish.selector,
            VestingHandler.claim.selector,
            VestingHandler.claim.selector,
            VestingHandler.claim.selector,
            VestingHandler.claimAgain.selector,
            VestingHandler.claimAgain.selector,
            VestingHandler.claimBySignature.selector,
            VestingHandler.counterfeit.selector,
            VestingHandler.revoke.selector,
            VestingHandler.returnSurplus.selector,
            VestingHandler.intrude.selector,
            VestingHandler.wait.selector,
            VestingHandler.wait.selector
        ];
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(_handler), new bytes4[](drawn.length));
        for (uint256 i = 0; i < drawn.length; ++i) {
            targets[0].selectors[i] = drawn[i];
        }
    }

    /// @dev One campaign for all of them.
    function invariantAll() external view {
        invariantItHoldsWhatItOwes();
        invariantClaimedIsVestedIsAllocatedIsFunded();
        invariantWhatIsLeftWasNotProved();
        invariantClaimsAreTheTextbooks();
        invariantClaimableIsVestedLessClaimed();
        invariantARevokedAccountKeepsWhatHadVested();
        invariantPoolsAreFinal();
        invariantEverybodyGetsWhatWasPaidOut();
        _never(VestingRule.PAYS_AS_THE_TEXTBOOK, "PaysAsTheTextbook");
        _never(VestingRule.NEEDS_ITS_PROOF, "AClaimNeedsItsProof");
        _never(VestingRule.SIGNED_ONCE, "ASignedClaimCountsOnce");
        _never(VestingRule.REVOKES_EXACTLY, "ARevocationPaysExactlyWhatHasVested");
        _never(VestingRule.SALE_POOLS_STAY, "SalePoolsAreNeverRevokedFrom");
        _never(VestingRule.ROOTS_ARE_FINAL, "RootsAreFinal");
        _never(VestingRule.SURPLUS_ONLY, "OnlySurplusReturns");
        _never(VestingRule.STRANGER, "AStrangerCanDoNothing");
    }

    /// @dev After the last call of a sequence.
    function afterInvariant() external {
        _handler.everybodyIsPaid();
    }

    function invariantItHoldsWhatItOwes() internal view {
        uint256 owed = 0;
        for (uint256 pool = 0; pool < POOLS; ++pool) {
            owed += _handler.funded(pool);
            for (uint256 i = 0; i < OWNERS; ++i) {
                bool revoked = _handler.revokedAt(pool, i) != 0;
                owed -= revoked ? _handler.grantOf(i) : _handler.claimed(pool, i);
            }
        }
        assertEq(_handler.held(address(_vesting)), owed, "ItHoldsWhatItOwes");
    }

    function invariantClaimedIsVestedIsAllocatedIsFunded() internal view {
        for (uint256 pool = 0; pool < POOLS; ++pool) {
            uint256 sum = 0;
            uint256 total = _vesting.totalOf(pool);
            for (uint256 i = 0; i < OWNERS; ++i) {
                address account = _handler.ownerOf(i);
                uint256 claimed = _vesting.claimedOf(pool, account);
                uint256 vested = _handler.textbook(pool, i, vm.getBlockTimestamp());
                assertTrue(claimed <= vested, "ClaimedIsVestedIsAllocatedIsFunded");
                assertTrue(vested <= _handler.grantOf(i), "ClaimedIsVestedIsAllocatedIsFunded");
                if (_handler.proved(pool, i)) sum += _handler.grantOf(i);
                assertTrue(claimed <= _vesting.allocationOf(pool, account), "ClaimedIsVestedIsAllocatedIsFunded");
            }
            assertTrue(sum <= total, "ClaimedIsVestedIsAllocatedIsFunded");
            assertTrue(total <= _vesting.fundedOf(pool), "ClaimedIsVestedIsAllocatedIsFunded");
            assertEq(_vesting.fundedOf(pool), _handler.funded(pool), "ClaimedIsVestedIsAllocatedIsFunded");
        }
    }

    function invariantWhatIsLeftWasNotProved() internal view {
        for (uint256 pool = 0; pool < POOLS; ++pool) {
            uint256 left = _vesting.totalOf(pool);
            for (uint256 i = 0; i < OWNERS; ++i) {
                if (_handler.proved(pool, i)) left -= _handler.grantOf(i);
            }
            assertEq(_vesting.leftOf(pool), left, "WhatIsLeftWasNotProved");
        }
    }

    function invariantClaimsAreTheTextbooks() internal view {
        for (uint256 pool = 0; pool < POOLS; ++pool) {
            for (uint256 i = 0; i < OWNERS; ++i) {
                uint256 claimed = _vesting.claimedOf(pool, _handler.ownerOf(i));
                assertEq(claimed, _handler.claimed(pool, i), "ClaimsAreTheTextbooks");
            }
        }
    }

    function invariantClaimableIsVestedLessClaimed() internal view {
        for (uint256 pool = 0; pool < POOLS; ++pool) {
            for (uint256 i = 0; i < OWNERS; ++i) {
                uint256 due = 0;
                if (_handler.published(pool) && _handler.revokedAt(pool, i) == 0) {
                    due = _handler.textbook(pool, i, vm.getBlockTimestamp()) - _handler.claimed(pool, i);
                }
                address account = _handler.ownerOf(i);
                uint256 told = _vesting.claimableWith(pool, account, uint128(_handler.grantOf(i)));
                assertEq(told, due, "ClaimableIsVestedLessClaimed");
                told = _vesting.claimable(pool, account);
                assertEq(told, _handler.proved(pool, i) ? due : 0, "ClaimableIsVestedLessClaimed");
            }
        }
    }

    function invariantARevokedAccountKeepsWhatHadVested() internal view {
        for (uint256 pool = 0; pool < POOLS; ++pool) {
            for (uint256 i = 0; i < OWNERS; ++i) {
                uint256 time = _handler.revokedAt(pool, i);
                address account = _handler.ownerOf(i);
                assertTrue(_vesting.isRevoked(pool, account) == (time != 0), "ARevokedAccountKeepsWhatHadVested");
                if (time == 0) continue;
                uint256 kept = _handler.textbook(pool, i, time);
                assertEq(_vesting.claimedOf(pool, account), kept, "ARevokedAccountKeepsWhatHadVested");
                assertEq(_vesting.allocationOf(pool, account), kept, "ARevokedAccountKeepsWhatHadVested");
            }
        }
    }

    function invariantPoolsAreFinal() internal view {
        for (uint256 pool = 0; pool < POOLS; ++pool) {
            assertEq(_vesting.rootOf(pool), _handler.roots(pool), "PoolsAreFinal");
            if (!_handler.published(pool)) continue;
            bytes32 schedule = keccak256(abi.encode(_handler.terms(pool)));
            assertEq(keccak256(abi.encode(_vesting.scheduleOf(pool))), schedule, "PoolsAreFinal");
            assertEq(_vesting.totalOf(pool), _handler.totalOfGrants(), "PoolsAreFinal");
        }
    }

    function invariantEverybodyGetsWhatWasPaidOut() internal view {
        uint256 held = _handler.held(_handler.recipient());
        assertEq(held, _handler.toRecipient(), "EverybodyGetsWhatWasPaidOut");
        for (uint256 i = 0; i < OWNERS; ++i) {
            held += _handler.held(_handler.ownerOf(i));
        }
        assertEq(held, _handler.paidOut(), "EverybodyGetsWhatWasPaidOut");
        assertEq(_handler.held(_handler.treasury()), _handler.toTreasury(), "EverybodyGetsWhatWasPaidOut");
    }

    function _never(VestingRule rule, string memory name) private view {
        assertTrue(_handler.broken() & (1 << uint256(rule)) == 0, name);
    }
}

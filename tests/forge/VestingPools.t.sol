// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMerkleVesting} from "../../contracts/interfaces/IMerkleVesting.sol";
import {VestingFixture} from "./base/VestingFixture.sol";
import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";

/// @dev How pools are funded, published and revoked from.
contract VestingPoolsTest is VestingFixture {
    function testAPoolKeepsWhatItWasPublishedWith() public {
        Grant[] memory all = grants();
        vm.expectEmit();
        emit IMerkleVesting.PoolFunded(SALE_POOL, address(this), totalOf(all));
        vesting.fund(SALE_POOL, totalOf(all));
        bytes32 root = rootOf(SALE_POOL, all);
        vm.expectEmit();
        emit IMerkleVesting.PoolPublished(SALE_POOL, root, totalOf(all), scheduleOf(true));
        vesting.publish(SALE_POOL, root, totalOf(all), scheduleOf(true));
        assertEq(vesting.rootOf(SALE_POOL), root, "root");
        assertEq(vesting.totalOf(SALE_POOL), totalOf(all), "total");
        assertEq(vesting.fundedOf(SALE_POOL), totalOf(all), "funded");
        assertEq(vesting.leftOf(SALE_POOL), totalOf(all), "left");
        bytes memory kept = abi.encode(vesting.scheduleOf(SALE_POOL));
        assertEq(keccak256(kept), keccak256(abi.encode(scheduleOf(true))), "schedule");
        assertTrue(vesting.qtra() == address(qtra) && vesting.treasury() == TREASURY, "contracts");
    }

    /// A second root would let everybody claim again.
    function testARootIsWrittenOnce() public {
        open(SALE_POOL, false);
        day(301);
        claim(SALE_POOL, 0);
        Grant[] memory all = grants();
        all[0].allocation += 1;
        vesting.fund(SALE_POOL, totalOf(all));
        bytes32 root = rootOf(SALE_POOL, all);
        vm.expectRevert(abi.encodeWithSelector(IMerkleVesting.VestingAlreadyPublished.selector, SALE_POOL));
        vesting.publish(SALE_POOL, root, totalOf(all), scheduleOf(false));
        vm.expectRevert(abi.encodeWithSelector(IMerkleVesting.VestingAlreadyPublished.selector, SALE_POOL));
        vesting.publish(SALE_POOL, bytes32(0), totalOf(all), scheduleOf(false));
    }

    function testAPoolHoldsWhatItsTreeGives() public {
        Grant[] memory all = grants();
        uint128 total = totalOf(all);
        bytes32 root = rootOf(SALE_POOL, all);
        vesting.fund(SALE_POOL, total - 1);
        vm.expectRevert(abi.encodeWithSelector(IMerkleVesting.VestingUnderfunded.selector, SALE_POOL, total - 1, total));
        vesting.publish(SALE_POOL, root, total, scheduleOf(false));
        vesting.fund(SALE_POOL, 1);
        vesting.publish(SALE_POOL, root, total, scheduleOf(false));
    }

    function testARootAndATotalAreSomething() public {
        vesting.fund(SALE_POOL, 10);
        vm.expectRevert(abi.encodeWithSelector(IMerkleVesting.VestingZeroRoot.selector));
        vesting.publish(SALE_POOL, bytes32(0), 10, scheduleOf(false));
        vm.expectRevert(abi.encodeWithSelector(IMerkleVesting.VestingZeroAmount.selector));
        vesting.publish(SALE_POOL, bytes32(uint256(1)), 0, scheduleOf(false));
        vm.expectRevert(abi.encodeWithSelector(IMerkleVesting.VestingZeroAmount.selector));
        vesting.fund(SALE_POOL, 0);
    }

    function testAScheduleIsInOrder() public {
        vesting.fund(SALE_POOL, 10);
        for (uint256 i = 0; i < 4; ++i) {
            IMerkleVesting.Schedule memory schedule = scheduleOf(false);
            if (i == 0) schedule.start = 0;
            if (i == 1) schedule.cliff = schedule.start - 1;
            if (i == 2) schedule.end = schedule.cliff - 1;
            if (i == 3) schedule.startBps = 10_001;
            vm.expectRevert(abi.encodeWithSelector(IMerkleVesting.VestingInvalidSchedule.selector));
            vesting.publish(SALE_POOL, bytes32(uint256(1)), 10, schedule);
        }
        // All at once is a schedule too.
        vesting.publish(SALE_POOL, bytes32(uint256(1)), 10, IMerkleVesting.Schedule(1, 1, 1, 0, false));
        assertEq(vesting.vested(SALE_POOL, 10, 1), 10, "all");
        assertEq(vesting.vested(SALE_POOL, 10, 0), 0, "before");
    }

    function testAPoolHoldsNoMoreThanItsWidth() public {
        vm.expectRevert(abi.encodeWithSelector(IMerkleVesting.VestingAmountTooLarge.selector, 2 ** 112));
        vesting.fund(SALE_POOL, 2 ** 112);
    }

    function testUnpublishedPoolsPayNothing() public {
        vesting.fund(SALE_POOL, 1000e18);
        bytes memory unpublished = abi.encodeWithSelector(IMerkleVesting.VestingNotPublished.selector, SALE_POOL);
        vm.expectRevert(unpublished);
        vesting.claim(SALE_POOL, 1, new bytes32[](0));
        vm.expectRevert(unpublished);
        vesting.vested(SALE_POOL, 1, 1);
        vm.expectRevert(unpublished);
        vesting.returnSurplus(SALE_POOL);
        vm.expectRevert(abi.encodeWithSelector(IMerkleVesting.VestingProofNeeded.selector, SALE_POOL, address(this)));
        vesting.claimAgain(SALE_POOL);
    }

    /// A tree that gives more than it was published with spends its own pool and no other's.
    function testAPoolNeverSpendsAnothers() public {
        open(TEAM_POOL, true);
        Grant[] memory all = grants();
        vesting.fund(SALE_POOL, 3000e18);
        vesting.publish(SALE_POOL, rootOf(SALE_POOL, all), 2500e18, scheduleOf(false));
        day(301);
        claim(SALE_POOL, 0);
        bytes32[] memory proof = proofOf(SALE_POOL, 1);
        vm.expectRevert(
            abi.encodeWithSelector(IMerkleVesting.VestingPoolSpent.selector, SALE_POOL, 1500e18, allocationOf(1))
        );
        vm.prank(owner(1));
        vesting.claim(SALE_POOL, all[1].allocation, proof);
        assertEq(qtra.balanceOf(address(vesting)), totalOf(all) + 2000e18, "the other pool is whole");
    }

    function testWhatIsLeftIsWhatNobodyHasProved() public {
        open(SALE_POOL, false);
        day(2);
        claim(SALE_POOL, 0);
        assertEq(vesting.leftOf(SALE_POOL), totalOf(grants()) - 1000e18, "the whole allocation is set aside");
        day(301);
        claimAgain(SALE_POOL, 0);
        assertEq(vesting.leftOf(SALE_POOL), totalOf(grants()) - 1000e18, "once");
    }

    function testSurplusReturnsToTheTreasury() public {
        open(SALE_POOL, false);
        vm.expectRevert(abi.encodeWithSelector(IMerkleVesting.VestingNoSurplus.selector, SALE_POOL));
        vesting.returnSurplus(SALE_POOL);
        // Late funding is not refused, and not lost.
        vesting.fund(SALE_POOL, 77);
        vm.expectEmit();
        emit IMerkleVesting.SurplusReturned(SALE_POOL, 77);
        vm.prank(STRANGER);
        vesting.returnSurplus(SALE_POOL);
        assertEq(qtra.balanceOf(TREASURY), 77, "returned");
        assertEq(vesting.fundedOf(SALE_POOL), vesting.totalOf(SALE_POOL), "to the unit");
        day(301);
        for (uint256 i = 0; i < OWNERS; ++i) {
            claim(SALE_POOL, i);
        }
        assertEq(qtra.balanceOf(address(vesting)), 0, "everybody is paid, nothing remains");
    }

    function testARevocationPaysWhatHasVestedAndReturnsTheRest() public {
        open(TEAM_POOL, true);
        day(2);
        claim(TEAM_POOL, 0);
        day(151);
        vm.expectEmit();
        emit IMerkleVesting.Revoked(TEAM_POOL, owner(0), 550e18, 450e18);
        vm.expectEmit();
        emit IMerkleVesting.Claimed(TEAM_POOL, owner(0), owner(0), 450e18, 550e18);
        vesting.revoke(TEAM_POOL, owner(0), 1000e18, new bytes32[](0));
        assertEq(qtra.balanceOf(owner(0)), 550e18, "what has vested, to the unit");
        assertEq(qtra.balanceOf(TREASURY), 450e18, "the rest");
        assertTrue(vesting.isRevoked(TEAM_POOL, owner(0)), "revoked");
        assertEq(vesting.allocationOf(TEAM_POOL, owner(0)), 550e18, "kept");
        _endedFor(0);
        day(400);
        _endedFor(0);
    }

    function testARevocationBeforeAnyClaim() public {
        open(TEAM_POOL, true);
        day(1);
        vm.warp(START + 1 days - 1);
        vesting.revoke(TEAM_POOL, owner(0), 1000e18, proofOf(TEAM_POOL, 0));
        assertEq(qtra.balanceOf(TREASURY), 1000e18, "nothing had vested");
        assertEq(qtra.balanceOf(owner(0)), 0, "nothing");
        _endedFor(0);
        day(301);
        _endedFor(0);
        // At the end there is nothing to take back.
        vesting.revoke(TEAM_POOL, owner(1), allocationOf(1), proofOf(TEAM_POOL, 1));
        assertEq(qtra.balanceOf(owner(1)), allocationOf(1), "all");
        assertEq(qtra.balanceOf(TREASURY), 1000e18, "no more");
    }

    function testOnlyRevocablePoolsAreRevokedFrom() public {
        open(SALE_POOL, false);
        bytes32[] memory proof = proofOf(SALE_POOL, 0);
        vm.expectRevert(abi.encodeWithSelector(IMerkleVesting.VestingNotRevocable.selector, SALE_POOL));
        vesting.revoke(SALE_POOL, owner(0), 1000e18, proof);
        vm.expectRevert(abi.encodeWithSelector(IMerkleVesting.VestingNotRevocable.selector, 77));
        vesting.revoke(77, owner(0), 1000e18, proof);
        open(TEAM_POOL, true);
        vm.expectRevert(abi.encodeWithSelector(IMerkleVesting.VestingBadProof.selector, TEAM_POOL, owner(0), 2000e18));
        vesting.revoke(TEAM_POOL, owner(0), 2000e18, proof);
    }

    function testOnlyItsRolesMayDoWhatIsRestricted() public {
        open(TEAM_POOL, true);
        bytes32[] memory proof = proofOf(TEAM_POOL, 0);
        bytes memory unauthorized = abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, STRANGER);
        vm.startPrank(STRANGER);
        vm.expectRevert(unauthorized);
        vesting.publish(1, bytes32(uint256(1)), 1, scheduleOf(false));
        vm.expectRevert(unauthorized);
        vesting.revoke(TEAM_POOL, owner(0), 1000e18, proof);
        vm.stopPrank();
    }

    function testContractsNeedTheirOthers() public {
        for (uint256 i = 0; i < 2; ++i) {
            bytes memory arguments = i == 0
                ? abi.encode(address(access), address(0), TREASURY)
                : abi.encode(address(access), address(qtra), address(0));
            (bool made,) = address(this).call(abi.encodeCall(this.make, (arguments)));
            assertTrue(!made, "made");
        }
    }

    function make(bytes calldata arguments) external {
        vm.deployCode("MerkleVesting.sol:MerkleVesting", arguments);
    }

    /// @dev A revoked account is paid nothing more, by no way.
    function _endedFor(uint256 index) private {
        bytes32[] memory proof = proofOf(TEAM_POOL, index);
        bytes memory revoked = abi.encodeWithSelector(IMerkleVesting.VestingRevoked.selector, TEAM_POOL, owner(index));
        assertEq(vesting.claimable(TEAM_POOL, owner(index)), 0, "nothing");
        assertEq(vesting.claimableWith(TEAM_POOL, owner(index), allocationOf(index)), 0, "nothing");
        vm.expectRevert(revoked);
        claimAgain(TEAM_POOL, index);
        vm.expectRevert(revoked);
        vesting.claimFor(TEAM_POOL, owner(index), allocationOf(index), proof);
        vm.expectRevert(revoked);
        vesting.revoke(TEAM_POOL, owner(index), allocationOf(index), proof);
    }
}

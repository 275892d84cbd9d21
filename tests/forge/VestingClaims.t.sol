// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMerkleVesting} from "../../contracts/interfaces/IMerkleVesting.sol";
import {FickleWallet} from "./base/TestWallets.sol";
import {Tree, VestingFixture} from "./base/VestingFixture.sol";

/// @dev Who is paid what and when.
contract VestingClaimsTest is VestingFixture {
    bytes32 private constant CLAIM_TYPEHASH =
        keccak256("Claim(uint256 pool,address account,address recipient,uint256 nonce,uint40 deadline)");

    function testAnAllocationVestsAlongItsSchedule() public {
        open(SALE_POOL, false);
        uint40 start = START + 1 days;
        assertEq(vesting.vested(SALE_POOL, 1000e18, start - 1), 0, "before");
        assertEq(vesting.vested(SALE_POOL, 1000e18, start), 100e18, "at the start");
        assertEq(vesting.vested(SALE_POOL, 1000e18, start + 30 days - 1), 100e18, "before the cliff");
        // A tenth of the time.
        assertEq(vesting.vested(SALE_POOL, 1000e18, start + 30 days), 190e18, "at the cliff");
        assertEq(vesting.vested(SALE_POOL, 1000e18, start + 150 days), 550e18, "half way");
        assertTrue(vesting.vested(SALE_POOL, 1000e18, start + 300 days - 1) < 1000e18, "a second before the end");
        assertEq(vesting.vested(SALE_POOL, 1000e18, start + 300 days), 1000e18, "at the end");
        assertEq(vesting.vested(SALE_POOL, 1000e18, type(uint40).max), 1000e18, "for ever");
    }

    function testVestedNeverFallsAndNeverExceeds(uint128 allocation, uint40 early, uint40 late, uint256 dice) public {
        (early, late) = early < late ? (early, late) : (late, early);
        uint40 start = uint40(bound(dice, 1, type(uint40).max - 2));
        uint40 cliff = uint40(bound(dice >> 40, start, type(uint40).max - 1));
        uint40 end = uint40(bound(dice >> 80, cliff, type(uint40).max));
        IMerkleVesting.Schedule memory schedule =
            IMerkleVesting.Schedule(start, cliff, end, uint16((dice >> 120) % 10_001), false);
        vesting.fund(9, 1);
        vesting.publish(9, bytes32(uint256(1)), 1, schedule);
        uint128 before = vesting.vested(9, allocation, early);
        uint128 later = vesting.vested(9, allocation, late);
        assertTrue(before <= later && later <= allocation, "rises to the allocation");
        if (late >= end) assertEq(later, allocation, "all at the end");
        if (early < start) assertEq(before, 0, "nothing before the start");
    }

    function testAFirstClaimNeedsAProofAndLaterOnesDoNot() public {
        open(SALE_POOL, false);
        day(16);
        vm.expectRevert(abi.encodeWithSelector(IMerkleVesting.VestingProofNeeded.selector, SALE_POOL, owner(0)));
        claimAgain(SALE_POOL, 0);
        vm.expectEmit();
        emit IMerkleVesting.Claimed(SALE_POOL, owner(0), owner(0), 100e18, 100e18);
        claim(SALE_POOL, 0);
        assertEq(qtra.balanceOf(owner(0)), 100e18, "a tenth");
        assertEq(vesting.allocationOf(SALE_POOL, owner(0)), 1000e18, "remembered");
        day(151);
        assertEq(vesting.claimable(SALE_POOL, owner(0)), 450e18, "claimable");
        claimAgain(SALE_POOL, 0);
        assertEq(vesting.claimedOf(SALE_POOL, owner(0)), 550e18, "in all");
        day(301);
        // With a proof again, or without.
        claim(SALE_POOL, 0);
        assertEq(qtra.balanceOf(owner(0)), 1000e18, "everything, once");
        vm.expectRevert(abi.encodeWithSelector(IMerkleVesting.VestingNothingToClaim.selector, SALE_POOL, owner(0)));
        claimAgain(SALE_POOL, 0);
    }

    function testClaimingInPartsIsClaimingAtOnce(uint256 dice) public {
        open(SALE_POOL, false);
        uint256 time = START + 1 days;
        for (uint256 i = 0; i < 6; ++i) {
            time += (dice >> (40 * i)) % 60 days;
            vm.warp(time);
            if (i == 0) {
                claim(SALE_POOL, 1);
            } else {
                vm.prank(owner(1));
                // There may be nothing yet.
                try vesting.claimAgain(SALE_POOL) {} catch {}
            }
            uint128 vested = vesting.vested(SALE_POOL, allocationOf(1), uint40(time));
            assertEq(qtra.balanceOf(owner(1)), vested, "as much as has vested");
        }
    }

    function testNothingIsPaidBeforeTheStart() public {
        open(SALE_POOL, false);
        bytes32[] memory proof = proofOf(SALE_POOL, 0);
        vm.warp(START + 1 days - 1);
        vm.expectRevert(abi.encodeWithSelector(IMerkleVesting.VestingNothingToClaim.selector, SALE_POOL, owner(0)));
        vm.prank(owner(0));
        vesting.claim(SALE_POOL, 1000e18, proof);
        vm.warp(START + 1 days);
        vm.prank(owner(0));
        vesting.claim(SALE_POOL, 1000e18, proof);
    }

    function testAnothersLeafPaysNobodyElse() public {
        open(SALE_POOL, false);
        day(301);
        bytes32[] memory proof = proofOf(SALE_POOL, 1);
        _refuseProof(owner(0), allocationOf(1), proof);
        _refuseProof(STRANGER, allocationOf(1), proof);
        _refuseProof(owner(1), allocationOf(1) + 1, proof);
        _refuseProof(owner(1), allocationOf(1) - 1, proof);
        proof = proofOf(SALE_POOL, 2);
        _refuseProof(owner(1), allocationOf(1), proof);
    }

    /// The two children of a node are 64 bytes, which hash to the node: nobody can pass them for a leaf.
    function testASecondPreimageIsNoLeaf() public {
        open(SALE_POOL, false);
        day(301);
        bytes32[] memory all = Tree.nodes(leaves(SALE_POOL, grants()));
        // An inner node as a leaf that was hashed once, with the proof of the node.
        for (uint256 place = 1; place < 3; ++place) {
            bytes32[] memory proof = new bytes32[](1);
            proof[0] = all[3 - place];
            _refuseProof(address(uint160(uint256(all[2 * place + 1]))), uint128(uint256(all[2 * place + 2])), proof);
        }
        // The root as a leaf, with no proof at all.
        _refuseProof(address(uint160(uint256(all[1]))), uint128(uint256(all[2])), new bytes32[](0));
        // A leaf hashed once is not a leaf.
        bytes32 once = keccak256(abi.encode(block.chainid, address(vesting), 7, owner(0), uint128(5)));
        vesting.fund(7, 5);
        vesting.publish(7, once, 5, scheduleOf(false));
        vm.expectRevert(abi.encodeWithSelector(IMerkleVesting.VestingBadProof.selector, 7, owner(0), 5));
        vm.prank(owner(0));
        vesting.claim(7, 5, new bytes32[](0));
    }

    function testALeafIsOfItsPoolItsContractAndItsChain() public {
        open(SALE_POOL, false);
        bytes32[] memory proof = proofOf(SALE_POOL, 0);
        bytes32 root = rootOf(SALE_POOL, grants());
        vesting.fund(1, 100_000e18);
        vesting.publish(1, root, 100_000e18, scheduleOf(false));
        day(301);
        vm.expectRevert(abi.encodeWithSelector(IMerkleVesting.VestingBadProof.selector, 1, owner(0), 1000e18));
        vm.prank(owner(0));
        vesting.claim(1, 1000e18, proof);
        IMerkleVesting other = deployVesting();
        other.fund(SALE_POOL, 100_000e18);
        other.publish(SALE_POOL, root, 100_000e18, scheduleOf(false));
        vm.expectRevert(abi.encodeWithSelector(IMerkleVesting.VestingBadProof.selector, SALE_POOL, owner(0), 1000e18));
        vm.prank(owner(0));
        other.claim(SALE_POOL, 1000e18, proof);
        vm.chainId(8453);
        _refuseProof(owner(0), 1000e18, proof);
        vm.chainId(31_337);
        claim(SALE_POOL, 0);
    }

    function testAnAccountThatWasProvedCannotChangeItsAllocation() public {
        open(SALE_POOL, false);
        day(301);
        claim(SALE_POOL, 0);
        _refuseProof(owner(0), 999e18, new bytes32[](0));
        _refuseProof(owner(0), 2000e18, proofOf(SALE_POOL, 0));
    }

    function testAnybodyMayClaimForAnAccountWhichIsPaid() public {
        open(SALE_POOL, false);
        bytes32[] memory proof = proofOf(SALE_POOL, 2);
        day(301);
        vm.prank(STRANGER);
        vesting.claimFor(SALE_POOL, owner(2), allocationOf(2), proof);
        assertEq(qtra.balanceOf(owner(2)), allocationOf(2), "the account");
        assertEq(qtra.balanceOf(STRANGER), 0, "not the sender");
    }

    function testASignedClaimPaysWhomTheAccountNames() public {
        open(SALE_POOL, false);
        day(151);
        IMerkleVesting.SignedClaim memory signed =
            IMerkleVesting.SignedClaim(SALE_POOL, owner(0), STRANGER, 0, START + 151 days);
        bytes memory signature = _sign(ownerKey(0), signed);
        vesting.claimBySignature(signed, 1000e18, proofOf(SALE_POOL, 0), signature);
        assertEq(qtra.balanceOf(STRANGER), 550e18, "the recipient");
        assertEq(vesting.nonces(owner(0)), 1, "used");
        // Once.
        bytes32[] memory none = new bytes32[](0);
        vm.expectRevert(abi.encodeWithSignature("InvalidAccountNonce(address,uint256)", owner(0), 1));
        vesting.claimBySignature(signed, 1000e18, none, signature);
        signed.nonce = 1;
        vm.expectRevert(abi.encodeWithSelector(IMerkleVesting.VestingBadSignature.selector, owner(0)));
        vesting.claimBySignature(signed, 1000e18, none, signature);
        // The account signs the next one in time.
        signature = _sign(ownerKey(0), signed);
        day(152);
        vm.expectRevert(abi.encodeWithSelector(IMerkleVesting.VestingDeadlinePassed.selector, signed.deadline));
        vesting.claimBySignature(signed, 1000e18, none, signature);
        signed.deadline = START + 152 days;
        vesting.claimBySignature(signed, 1000e18, none, _sign(ownerKey(0), signed));
        assertEq(qtra.balanceOf(STRANGER), 553e18, "a day more");
    }

    function testEveryFieldOfASignedClaimIsSigned(uint256 dice) public {
        open(SALE_POOL, false);
        open(1, false);
        day(301);
        IMerkleVesting.SignedClaim memory signed =
            IMerkleVesting.SignedClaim(SALE_POOL, owner(0), STRANGER, 0, START + 400 days);
        bytes memory signature = _sign(ownerKey(0), signed);
        bytes32[] memory proof = proofOf(dice % 4 == 0 ? 1 : SALE_POOL, 0);
        if (dice % 4 == 0) signed.pool = 1;
        else if (dice % 4 == 1) signed.recipient = address(uint160(bound(dice >> 8, 1, 1e9)));
        else if (dice % 4 == 2) signed.deadline += uint40(bound(dice >> 8, 1, 1e9));
        else signature[(dice >> 8) % 64] ^= bytes1(uint8(1 << ((dice >> 16) % 8)));
        vm.expectRevert(abi.encodeWithSelector(IMerkleVesting.VestingBadSignature.selector, owner(0)));
        vesting.claimBySignature(signed, 1000e18, proof, signature);
        // Nor can it be used for another account, or be paid to nobody.
        signed.recipient = address(0);
        vm.expectRevert(abi.encodeWithSelector(IMerkleVesting.VestingZeroAddress.selector));
        vesting.claimBySignature(signed, 1000e18, proof, signature);
    }

    function testAContractWalletSignsToo() public {
        FickleWallet wallet = new FickleWallet(owner(0));
        Grant[] memory all = new Grant[](1);
        all[0] = Grant(address(wallet), 50e18);
        vesting.fund(8, 50e18);
        vesting.publish(8, rootOf(8, all), 50e18, scheduleOf(false));
        day(301);
        IMerkleVesting.SignedClaim memory signed =
            IMerkleVesting.SignedClaim(8, address(wallet), STRANGER, 0, START + 400 days);
        (bytes32 r, bytes32 vs) = vm.signCompact(ownerKey(0), _digest(signed));
        bytes memory signature = abi.encodePacked(r, vs);
        wallet.setMood(FickleWallet.Mood.REFUSING);
        vm.expectRevert(abi.encodeWithSelector(IMerkleVesting.VestingBadSignature.selector, address(wallet)));
        vesting.claimBySignature(signed, 50e18, new bytes32[](0), signature);
        wallet.setMood(FickleWallet.Mood.HONEST);
        vesting.claimBySignature(signed, 50e18, new bytes32[](0), signature);
        assertEq(qtra.balanceOf(STRANGER), 50e18, "paid");
    }

    function testWhatCouldBeClaimedIsTold() public {
        assertEq(vesting.claimableWith(SALE_POOL, owner(0), 1000e18), 0, "not published");
        open(SALE_POOL, false);
        day(151);
        assertEq(vesting.claimable(SALE_POOL, owner(0)), 0, "not proved");
        assertEq(vesting.claimableWith(SALE_POOL, owner(0), 1000e18), 550e18, "with its allocation");
        claim(SALE_POOL, 0);
        assertEq(vesting.claimable(SALE_POOL, owner(0)), 0, "claimed");
        assertEq(vesting.claimableWith(SALE_POOL, owner(0), 1000e18), 0, "claimed");
        assertEq(vesting.leafOf(SALE_POOL, owner(0), 1000e18), leaf(SALE_POOL, grants()[0]), "the leaf");
    }

    function _refuseProof(address account, uint128 allocation, bytes32[] memory proof) private {
        bytes memory reason =
            abi.encodeWithSelector(IMerkleVesting.VestingBadProof.selector, SALE_POOL, account, allocation);
        vm.expectRevert(reason);
        vm.prank(account);
        vesting.claim(SALE_POOL, allocation, proof);
        vm.expectRevert(reason);
        vm.prank(STRANGER);
        vesting.claimFor(SALE_POOL, account, allocation, proof);
    }

    function _digest(IMerkleVesting.SignedClaim memory signed) private view returns (bytes32) {
        bytes32 structHash = keccak256(
            abi.encode(CLAIM_TYPEHASH, signed.pool, signed.account, signed.recipient, signed.nonce, signed.deadline)
        );
        return keccak256(abi.encodePacked("\x19\x01", vesting.domainSeparator(), structHash));
    }

    function _sign(uint256 key, IMerkleVesting.SignedClaim memory signed) private view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, _digest(signed));
        return abi.encodePacked(r, s, v);
    }
}

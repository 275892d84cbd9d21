// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMerkleVesting} from "../../../contracts/interfaces/IMerkleVesting.sol";
import {VestingFixture} from "../base/VestingFixture.sol";

/// @dev What the handler looks at while it acts.
enum VestingRule {
    PAYS_AS_THE_TEXTBOOK,
    NEEDS_ITS_PROOF,
    SIGNED_ONCE,
    REVOKES_EXACTLY,
    SALE_POOLS_STAY,
    ROOTS_ARE_FINAL,
    SURPLUS_ONLY,
    STRANGER
}

/// @dev Everybody who may act on vesting, at random, beside a textbook of what each account has been paid. Pools 0 and 1 are
/// of a sale, 2 and 3 of a team; the grants of all are the same. This contract is the administrator.
contract VestingHandler is VestingFixture {
    bytes32 private constant CLAIM_TYPEHASH =
        keccak256("Claim(uint256 pool,address account,address recipient,uint256 nonce,uint40 deadline)");
    uint256 public constant POOLS = 4;
    address private constant RECIPIENT = address(0x2EC1);
    uint256 public broken;
    uint256 public paidOut;
    uint256 public toRecipient;
    uint256 public toTreasury;
    address[] private _owners;
    mapping(uint256 pool => uint256) public funded;
    mapping(uint256 pool => bool) public published;
    mapping(uint256 pool => bytes32) public roots;
    mapping(uint256 pool => mapping(uint256 owner => uint256)) public claimed;
    mapping(uint256 pool => mapping(uint256 owner => bool)) public proved;
    mapping(uint256 pool => mapping(uint256 owner => uint256 time)) public revokedAt;

    function setUp() public override {
        super.setUp();
        for (uint256 i = 0; i < OWNERS; ++i) {
            _owners.push(owner(i));
        }
        // One of the sale's and one of the team's from the start on, the others when somebody pays for them.
        for (uint256 pool = 0; pool < POOLS; pool += 2) {
            fund(pool + 2 ** 8);
            publish(pool);
        }
    }

    function vestingOf() external view returns (IMerkleVesting) {
        return vesting;
    }

    function ownerOf(uint256 index) external view returns (address) {
        return _owners[index];
    }

    function grantOf(uint256 index) public pure returns (uint256) {
        return index + 1 == OWNERS ? 1 : 1000e18 * (index + 1) + 7 * index;
    }

    function totalOfGrants() public pure returns (uint256 total) {
        for (uint256 i = 0; i < OWNERS; ++i) {
            total += grantOf(i);
        }
    }

    function held(address account) external view returns (uint256) {
        return qtra.balanceOf(account);
    }

    function treasury() external pure returns (address) {
        return TREASURY;
    }

    function recipient() external pure returns (address) {
        return RECIPIENT;
    }

    /// @dev The schedules differ: a share at the start, a cliff, all at once, nothing but a line.
    function terms(uint256 pool) public pure returns (IMerkleVesting.Schedule memory) {
        if (pool == 0) return scheduleOf(false);
        if (pool == 1) return IMerkleVesting.Schedule(START + 3 days, START + 3 days, START + 3 days, 0, false);
        if (pool == 2) return IMerkleVesting.Schedule(START + 2 days, START + 20 days, START + 182 days, 0, true);
        return IMerkleVesting.Schedule(START + 1 days, START + 1 days, START + 301 days, 2500, true);
    }

    /// @dev What has vested of a grant, to the unit.
    function textbook(uint256 pool, uint256 index, uint256 time) public pure returns (uint256) {
        IMerkleVesting.Schedule memory schedule = terms(pool);
        uint256 grant = grantOf(index);
        if (time < schedule.start) return 0;
        if (time >= schedule.end) return grant;
        uint256 first = grant * schedule.startBps / 10_000;
        if (time < schedule.cliff) return first;
        return first + (grant - first) * (time - schedule.start) / (uint256(schedule.end) - schedule.start);
    }

    function wait(uint256 dice) external {
        vm.warp(vm.getBlockTimestamp() + 1 + (dice >> 8) % (dice % 2 == 0 ? 20 days : 5 hours));
    }

    function fund(uint256 dice) public {
        uint256 pool = dice % POOLS;
        uint128 amount = uint128((dice >> 8) % 4 == 0 ? 1 + (dice >> 16) % 1e20 : totalOfGrants());
        vesting.fund(pool, amount);
        funded[pool] += amount;
    }

    function publish(uint256 dice) public {
        uint256 pool = dice % POOLS;
        bytes32 root = (dice >> 8) % 8 == 0 ? bytes32(dice) : rootOf(pool, grants());
        bool isDue = !published[pool] && funded[pool] >= totalOfGrants();
        // A wrong root is for a second time only.
        if (isDue) root = rootOf(pool, grants());
        try vesting.publish(pool, root, uint128(totalOfGrants()), terms(pool)) {
            check(isDue, VestingRule.ROOTS_ARE_FINAL);
            published[pool] = true;
            roots[pool] = root;
        } catch {
            check(!isDue, VestingRule.ROOTS_ARE_FINAL);
        }
    }

    /// @dev With a proof, by the account itself or by a stranger.
    function claim(uint256 dice) external {
        (uint256 pool, uint256 index) = (dice % POOLS, (dice >> 8) % OWNERS);
        bytes32[] memory proof = proofOf(pool, index);
        uint256 due = _due(pool, index);
        bool byItself = (dice >> 16) % 2 == 0;
        vm.prank(byItself ? _owners[index] : STRANGER);
        if (byItself) {
            try vesting.claim(pool, uint128(grantOf(index)), proof) {
                _paid(pool, index, due);
            } catch {
                check(due == 0, VestingRule.PAYS_AS_THE_TEXTBOOK);
            }
        } else {
            try vesting.claimFor(pool, _owners[index], uint128(grantOf(index)), proof) {
                _paid(pool, index, due);
            } catch {
                check(due == 0, VestingRule.PAYS_AS_THE_TEXTBOOK);
            }
        }
    }

    function claimAgain(uint256 dice) external {
        (uint256 pool, uint256 index) = (dice % POOLS, (dice >> 8) % OWNERS);
        uint256 due = proved[pool][index] ? _due(pool, index) : 0;
        vm.prank(_owners[index]);
        try vesting.claimAgain(pool) {
            _paid(pool, index, due);
        } catch {
            check(due == 0, VestingRule.PAYS_AS_THE_TEXTBOOK);
        }
    }

    function claimBySignature(uint256 dice) external {
        (uint256 pool, uint256 index) = (dice % POOLS, (dice >> 8) % OWNERS);
        uint256 due = _due(pool, index);
        uint256 nonce = vesting.nonces(_owners[index]);
        bool isSigned = (dice >> 16) % 4 != 0;
        IMerkleVesting.SignedClaim memory signed =
            IMerkleVesting.SignedClaim(pool, _owners[index], RECIPIENT, nonce, uint40(vm.getBlockTimestamp()));
        bytes memory signature = _sign(isSigned ? ownerKey(index) : 0xBAD, signed);
        bytes32[] memory proof = proofOf(pool, index);
        uint256 before = qtra.balanceOf(RECIPIENT);
        try vesting.claimBySignature(signed, uint128(grantOf(index)), proof, signature) {
            check(isSigned && qtra.balanceOf(RECIPIENT) - before == due, VestingRule.SIGNED_ONCE);
            toRecipient += due;
            _paid(pool, index, due);
        } catch {
            check(!isSigned || due == 0, VestingRule.SIGNED_ONCE);
            return;
        }
        try vesting.claimBySignature(signed, uint128(grantOf(index)), proof, signature) {
            check(false, VestingRule.SIGNED_ONCE);
        } catch {}
    }

    /// @dev Another's leaf, another pool's, another amount, a node for a leaf.
    function counterfeit(uint256 dice) external {
        (uint256 pool, uint256 index) = (dice % POOLS, (dice >> 8) % OWNERS);
        uint256 how = (dice >> 16) % 4;
        bytes32[] memory proof = proofOf(how == 0 ? (pool + 1) % POOLS : pool, index);
        uint256 amount = how == 1 ? grantOf(index) + 1 : grantOf(index);
        address account = how == 2 ? STRANGER : _owners[index];
        if (how == 3) proof[0] = bytes32(dice);
        // Who was proved already needs no proof, and is paid by `claim`.
        if (proved[pool][index] && how != 1 && how != 2) return;
        vm.prank(account);
        try vesting.claim(pool, uint128(amount), proof) {
            check(false, VestingRule.NEEDS_ITS_PROOF);
        } catch {}
    }

    /// @dev Mostly from the team's pools; who has only just begun or has one unit keeps nothing.
    function revoke(uint256 dice) external {
        uint256 pool = dice % 8 == 0 ? (dice >> 3) % 2 : 2 + (dice >> 3) % 2;
        uint256 index = (dice >> 8) % OWNERS;
        bool isDue = pool >= 2 && published[pool] && revokedAt[pool][index] == 0;
        uint256 vested = textbook(pool, index, vm.getBlockTimestamp());
        uint256 before = qtra.balanceOf(_owners[index]);
        uint256 treasuryBefore = qtra.balanceOf(TREASURY);
        try vesting.revoke(pool, _owners[index], uint128(grantOf(index)), proofOf(pool, index)) {
            check(pool >= 2, VestingRule.SALE_POOLS_STAY);
            check(isDue, VestingRule.REVOKES_EXACTLY);
        } catch {
            check(!isDue, VestingRule.REVOKES_EXACTLY);
            return;
        }
        uint256 paid = qtra.balanceOf(_owners[index]) - before;
        check(paid == vested - claimed[pool][index], VestingRule.REVOKES_EXACTLY);
        check(qtra.balanceOf(TREASURY) - treasuryBefore == grantOf(index) - vested, VestingRule.REVOKES_EXACTLY);
        claimed[pool][index] = vested;
        proved[pool][index] = true;
        revokedAt[pool][index] = vm.getBlockTimestamp();
        paidOut += paid;
        toTreasury += grantOf(index) - vested;
    }

    function returnSurplus(uint256 dice) external {
        uint256 pool = dice % POOLS;
        uint256 surplus = published[pool] ? funded[pool] - totalOfGrants() : 0;
        uint256 before = qtra.balanceOf(TREASURY);
        vm.prank(STRANGER);
        try vesting.returnSurplus(pool) {
            check(surplus != 0, VestingRule.SURPLUS_ONLY);
            check(qtra.balanceOf(TREASURY) - before == surplus, VestingRule.SURPLUS_ONLY);
            funded[pool] -= surplus;
            toTreasury += surplus;
        } catch {
            check(surplus == 0, VestingRule.SURPLUS_ONLY);
        }
    }

    function intrude(uint256 dice) external {
        (uint256 pool, uint256 index) = (dice % POOLS, (dice >> 8) % OWNERS);
        bytes[2] memory calls = [
            abi.encodeCall(IMerkleVesting.publish, (pool, bytes32(dice), 1, terms(pool))),
            abi.encodeCall(IMerkleVesting.revoke, (pool, _owners[index], uint128(grantOf(index)), proofOf(pool, index)))
        ];
        vm.prank(STRANGER);
        (bool done,) = address(vesting).call(calls[(dice >> 16) % 2]);
        check(!done, VestingRule.STRANGER);
    }

    /// @dev At the end everybody is paid everything, and the contract is empty.
    function everybodyIsPaid() external {
        vm.warp(START + 400 days);
        uint256 rest = 0;
        for (uint256 pool = 0; pool < POOLS; ++pool) {
            if (!published[pool]) {
                rest += funded[pool];
                continue;
            }
            for (uint256 i = 0; i < OWNERS; ++i) {
                if (_due(pool, i) == 0) continue;
                vesting.claimFor(pool, _owners[i], uint128(grantOf(i)), proofOf(pool, i));
            }
            if (funded[pool] > totalOfGrants()) vesting.returnSurplus(pool);
        }
        assertEq(qtra.balanceOf(address(vesting)), rest, "EverybodyIsPaid");
    }

    function check(bool condition, VestingRule rule) private {
        if (!condition) broken |= 1 << uint256(rule);
    }

    function _due(uint256 pool, uint256 index) private view returns (uint256) {
        if (!published[pool] || revokedAt[pool][index] != 0) return 0;
        return textbook(pool, index, vm.getBlockTimestamp()) - claimed[pool][index];
    }

    function _paid(uint256 pool, uint256 index, uint256 due) private {
        check(due != 0, VestingRule.PAYS_AS_THE_TEXTBOOK);
        claimed[pool][index] += due;
        proved[pool][index] = true;
        paidOut += due;
    }

    function _sign(uint256 key, IMerkleVesting.SignedClaim memory signed) private view returns (bytes memory) {
        bytes32 structHash = keccak256(
            abi.encode(CLAIM_TYPEHASH, signed.pool, signed.account, signed.recipient, signed.nonce, signed.deadline)
        );
        bytes32 digest = keccak256(abi.encodePacked("\x19\x01", vesting.domainSeparator(), structHash));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ExchangeAccess} from "../../../contracts/access/ExchangeAccess.sol";
import {IStaking} from "../../../contracts/interfaces/IStaking.sol";
import {TestToken} from "../../../contracts/mocks/TestToken.sol";
import {QTRAToken} from "../../../contracts/token/QTRAToken.sol";
import {TestBase} from "./TestBase.sol";

/// @dev QTRA is staked for dollars (reward 1) and QTRA (reward 2). This contract is administrator and holds the supply.
abstract contract StakingFixture is TestBase {
    uint8 internal constant DOLLARS = 1;
    uint8 internal constant QTRAS = 2;
    uint256 internal constant ALICE_KEY = 0xA11CE;
    uint256 internal constant FUNDS = 10_000_000e18;
    uint40 internal constant WEEK = 7 days;

    ExchangeAccess internal access;
    QTRAToken internal qtra;
    TestToken internal usdc;
    IStaking internal staking;
    address internal alice = vm.addr(ALICE_KEY);
    address internal bob = address(0xB0B);
    address internal carol = address(0xCA201);

    function setUp() public virtual {
        vm.warp(1_750_000_000);
        access = new ExchangeAccess(address(this));
        QTRAToken.Allocation[] memory allocations = new QTRAToken.Allocation[](1);
        allocations[0] = QTRAToken.Allocation("all", address(this), 1_000_000_000e18);
        qtra = new QTRAToken(allocations);
        usdc = new TestToken("USD Coin", "USDC", 6);
        staking = deployStaking();
        staking.listReward(address(usdc));
        staking.listReward(address(qtra));
        usdc.approve(address(staking), type(uint256).max);
        qtra.approve(address(staking), type(uint256).max);
        address[3] memory accounts = [alice, bob, carol];
        for (uint256 i = 0; i < accounts.length; ++i) {
            qtra.transfer(accounts[i], FUNDS);
            vm.prank(accounts[i]);
            qtra.approve(address(staking), type(uint256).max);
        }
    }

    /// @dev From the artifact, so that a change of a test does not compile the contract again.
    function deployStaking() internal returns (IStaking) {
        return IStaking(vm.deployCode("Staking.sol:Staking", abi.encode(address(access), address(qtra))));
    }

    function stake(address account, uint256 amount) internal {
        vm.prank(account);
        staking.stake(amount);
    }

    function unstake(address account, uint256 amount) internal returns (uint256) {
        vm.prank(account);
        return staking.requestUnstake(amount);
    }

    function claim(address account, uint8 reward) internal returns (uint256) {
        vm.prank(account);
        return staking.claim(reward);
    }

    /// @dev Pays in dollars that are streamed for a week.
    function notifyDollars(uint256 amount) internal {
        usdc.mint(address(this), amount);
        staking.notify(DOLLARS, amount, WEEK);
    }

    function pass(uint256 seconds_) internal {
        vm.warp(vm.getBlockTimestamp() + seconds_);
    }

    /// @dev The fuzzer likes small numbers; actions draw from all bits.
    function spread(uint256 dice) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode(dice)));
    }

    /// @dev Rounding takes at most so many base units.
    function assertAbout(uint256 value, uint256 expected, uint256 less, string memory what) internal pure {
        assertTrue(value <= expected && value + less >= expected, what);
    }
}

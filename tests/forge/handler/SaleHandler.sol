// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISaleManager, RoundState, Unsold} from "../../../contracts/interfaces/ISaleManager.sol";
import {TestToken} from "../../../contracts/mocks/TestToken.sol";
import {SaleFixture} from "../base/SaleFixture.sol";

/// @dev What the handler looks at while it acts.
enum SaleRule {
    BUYS_AS_THE_TEXTBOOK,
    TAKES_AS_THE_TEXTBOOK,
    FINALISES_IN_TIME,
    REFUNDS_WHAT_WAS_PAID,
    REFERRALS_AFTER_SUCCESS,
    PROCEEDS_ONCE,
    STRANGER,
    STATES_MOVE_ON
}

/// @dev Everybody who may act on a sale, at random, beside a textbook of what they should be able to do: plain numbers for
/// each wallet, round and payment token. This contract is the administrator.
contract SaleHandler is SaleFixture {
    /// @dev What a wallet has shown last: an epoch of zero is none.
    struct Shown {
        uint256 round;
        uint256 cap;
        uint256 until;
        uint256 epoch;
        uint64 nonce;
    }

    address private constant STRANGER = address(0x57A);
    uint256 public broken;
    mapping(uint256 wallet => mapping(uint256 round => uint256[PAYMENTS])) private _paid;
    mapping(uint256 wallet => mapping(uint256 round => bool)) public refunded;
    mapping(uint256 round => uint256[PAYMENTS]) private _raised;
    mapping(uint256 round => uint256[PAYMENTS]) private _earned;
    mapping(uint256 wallet => mapping(uint256 round => uint256[PAYMENTS])) private _referrals;
    mapping(uint256 round => RoundState) private _seen;
    mapping(uint256 wallet => Shown) private _shown;
    mapping(uint256 wallet => mapping(uint64 nonce => bool)) private _revoked;
    mapping(uint8 payment => uint256 units) public out;
    mapping(uint8 payment => uint256 units) public donated;
    uint256 private _epoch = 1;
    uint256 public burned;
    uint256 public purchases;

    function saleOf() external view returns (ISaleManager) {
        return sale;
    }

    function wallet(uint256 index) external view returns (address) {
        return buyer(index);
    }

    function paidBy(uint256 index, uint256 round) public view returns (uint256 micros) {
        for (uint8 payment = 0; payment < PAYMENTS; ++payment) {
            micros += _paid[index][round][payment];
        }
    }

    function raisedIn(uint256 round, uint8 payment) external view returns (uint256) {
        return _raised[round][payment];
    }

    function earnedIn(uint256 round, uint8 payment) external view returns (uint256) {
        return _earned[round][payment];
    }

    function held(uint8 payment) external view returns (uint256) {
        return heldBy(address(sale), payment);
    }

    function supplyOfQtra() external view returns (uint256) {
        return qtra.totalSupply();
    }

    function qtraOf(address account) external view returns (uint256) {
        return qtra.balanceOf(account);
    }

    function fundedOf(uint256 round) external view returns (uint256) {
        return vesting.fundedOf(round);
    }

    /// @dev A while, or until something begins or ends, or the second before.
    function wait(uint256 dice) external {
        uint256 time = vm.getBlockTimestamp();
        if (dice % 3 == 0) vm.warp(_nextChange() - (dice >> 8) % 2);
        else vm.warp(time + 1 + (dice >> 8) % (dice % 3 == 1 ? 2 days : 4 hours));
        for (uint256 round = 0; round < ROUNDS; ++round) {
            RoundState state = sale.stateOf(round);
            check(state >= _seen[round], SaleRule.STATES_MOVE_ON);
            _seen[round] = state;
        }
    }

    /// @dev A few purchases, so that rounds reach their caps in short sequences.
    function purchase(uint256 dice) external {
        for (uint256 i = 0; i <= dice % 4; ++i) {
            _purchase(uint256(keccak256(abi.encode(dice, i))));
        }
    }

    function finalise(uint256 dice) external {
        uint256 round = dice % ROUNDS;
        ISaleManager.Round memory terms = sale.roundOf(round);
        RoundState state = sale.stateOf(round);
        uint256 supply_ = qtra.totalSupply();
        uint256[PAYMENTS] memory before = _allHeld();
        bool isDue = state == RoundState.ENDED;
        vm.prank((dice >> 8) % 2 == 0 ? STRANGER : buyer(0));
        try sale.finalise(round) {
            check(isDue, SaleRule.FINALISES_IN_TIME);
        } catch {
            check(!isDue, SaleRule.FINALISES_IN_TIME);
            return;
        }
        bool succeeded = raised(round) >= terms.softCap;
        check(sale.stateOf(round) == (succeeded ? RoundState.SUCCEEDED : RoundState.FAILED), SaleRule.FINALISES_IN_TIME);
        burned += supply_ - qtra.totalSupply();
        check(terms.unsold == Unsold.BURN || supply_ == qtra.totalSupply(), SaleRule.FINALISES_IN_TIME);
        for (uint8 payment = 0; payment < PAYMENTS; ++payment) {
            uint256 paidOut = before[payment] - heldBy(address(sale), payment);
            uint256 due = succeeded ? _raised[round][payment] - _earned[round][payment] : 0;
            check(paidOut == due * scaleOf(payment), SaleRule.PROCEEDS_ONCE);
            out[payment] += paidOut;
        }
    }

    function payProceeds(uint256 dice) external {
        // Every treasury was paid when the round was finalised.
        try sale.payProceeds(dice % ROUNDS) {
            check(false, SaleRule.PROCEEDS_ONCE);
        } catch {}
    }

    function refund(uint256 dice) public {
        uint256 index = dice % BUYERS;
        uint256 round = (dice >> 8) % ROUNDS;
        uint256[PAYMENTS] memory before = _allHeld();
        bool isDue = sale.stateOf(round) == RoundState.FAILED && paidBy(index, round) != 0;
        vm.prank(buyer(index));
        try sale.refund(round) {
            check(isDue, SaleRule.REFUNDS_WHAT_WAS_PAID);
            refunded[index][round] = true;
        } catch {
            check(!isDue, SaleRule.REFUNDS_WHAT_WAS_PAID);
            return;
        }
        for (uint8 payment = 0; payment < PAYMENTS; ++payment) {
            uint256 paidOut = before[payment] - heldBy(address(sale), payment);
            check(paidOut == _paid[index][round][payment] * scaleOf(payment), SaleRule.REFUNDS_WHAT_WAS_PAID);
            out[payment] += paidOut;
            _paid[index][round][payment] = 0;
        }
    }

    function claimReferral(uint256 dice) public {
        uint256 index = dice % BUYERS;
        uint256 round = (dice >> 8) % ROUNDS;
        uint256[PAYMENTS] memory before = _allHeld();
        uint256 owed = 0;
        for (uint8 payment = 0; payment < PAYMENTS; ++payment) {
            owed += _referrals[index][round][payment];
        }
        bool isDue = sale.stateOf(round) == RoundState.SUCCEEDED && owed != 0;
        vm.prank(buyer(index));
        try sale.claimReferral(round) {
            check(isDue, SaleRule.REFERRALS_AFTER_SUCCESS);
        } catch {
            check(!isDue, SaleRule.REFERRALS_AFTER_SUCCESS);
            return;
        }
        for (uint8 payment = 0; payment < PAYMENTS; ++payment) {
            uint256 paidOut = before[payment] - heldBy(address(sale), payment);
            check(paidOut == _referrals[index][round][payment] * scaleOf(payment), SaleRule.REFERRALS_AFTER_SUCCESS);
            out[payment] += paidOut;
            _referrals[index][round][payment] = 0;
        }
    }

    function revokeVoucher(uint256 dice) external {
        uint256 index = dice % BUYERS;
        uint64 nonce = uint64((dice >> 8) % 8);
        sale.revokeVoucher(buyer(index), nonce);
        _revoked[index][nonce] = true;
        _shown[index].epoch = 0;
    }

    function changeSigner(uint256) external {
        ++_epoch;
        sale.setVoucherSigner(vm.addr(_signerKey(_epoch)));
    }

    /// @dev Tokens that nobody asked for are no payment.
    function donate(uint256 dice) external {
        uint8 payment = uint8(dice % PAYMENTS);
        uint256 units = (dice >> 8) % 1e20;
        TestToken(dollars[payment]).mint(address(sale), units);
        donated[payment] += units;
    }

    function intrude(uint256 dice) external {
        bytes[4] memory calls = [
            abi.encodeCall(ISaleManager.setVoucherSigner, (STRANGER)),
            abi.encodeCall(ISaleManager.revokeVoucher, (buyer(0), 1)),
            abi.encodeCall(ISaleManager.configure, (rounds(), dollars, shares(), WALLET_CAP, STRANGER)),
            abi.encodeCall(ISaleManager.refund, (dice % ROUNDS))
        ];
        vm.prank(STRANGER);
        (bool done,) = address(sale).call(calls[(dice >> 8) % 4]);
        check(!done, SaleRule.STRANGER);
    }

    /// @dev Afterwards nothing is owed to anybody.
    function everythingEnds() external {
        finish(PUBLIC);
        for (uint256 round = 0; round < ROUNDS; ++round) {
            try sale.finalise(round) {} catch {}
            for (uint256 i = 0; i < BUYERS; ++i) {
                vm.prank(buyer(i));
                try sale.refund(round) {} catch {}
                vm.prank(buyer(i));
                try sale.claimReferral(round) {} catch {}
            }
        }
        for (uint8 payment = 0; payment < PAYMENTS; ++payment) {
            assertEq(heldBy(address(sale), payment), donated[payment], "EverythingEnds");
        }
        assertEq(qtra.balanceOf(address(sale)), 0, "EverythingEnds");
    }

    function raised(uint256 round) public view returns (uint256 micros) {
        for (uint8 payment = 0; payment < PAYMENTS; ++payment) {
            micros += _raised[round][payment];
        }
    }

    /// @dev Whether a round has ended below its soft cap.
    function failed(uint256 round) public view returns (bool) {
        ISaleManager.Round memory terms = sale.roundOf(round);
        return vm.getBlockTimestamp() >= terms.end && raised(round) < terms.softCap;
    }

    function check(bool condition, SaleRule rule) private {
        if (!condition) broken |= 1 << uint256(rule);
    }

    /// @dev A purchase in the round that is open, or in any.
    function _purchase(uint256 dice) private {
        uint256 index = dice % BUYERS;
        uint256 round = (dice >> 8) % 16 == 0 ? (dice >> 16) % ROUNDS : _openRound();
        ISaleManager.Purchase memory wanted = purchaseOf(round, uint8((dice >> 24) % PAYMENTS), 0);
        wanted.micros = _amount(index, round, dice >> 32);
        if ((dice >> 96) % 3 == 0) wanted.referrer = buyer((dice >> 100) % BUYERS);
        if ((dice >> 104) % 32 == 0) wanted.deadline = uint40(vm.getBlockTimestamp() - 1);
        uint256 how = (dice >> 112) % 8;
        ISaleManager.Voucher memory voucher = _voucher(index, round, dice >> 120);
        bytes memory signature = "";
        bool isValid = false;
        if (how < 5) {
            signature = signBy(_signerKey(_epoch), voucher, domain);
            isValid = voucher.deadline >= vm.getBlockTimestamp() && !_revoked[index][voucher.nonce];
        } else if (how == 5) {
            signature = signBy(0xBAD, voucher, domain);
        } else if (how == 6) {
            // Of another round or buyer, or made so after it was signed.
            uint256 trick = (dice >> 115) % 3;
            if (trick == 1) voucher.round = round + 1;
            if (trick == 2) voucher.buyer = buyer((index + 1) % BUYERS);
            signature = signBy(_signerKey(_epoch), voucher, domain);
            if (trick == 0) voucher.round = round + 1;
        } else {
            isValid = _remembers(index, round);
            if (isValid) (voucher.cap, voucher.nonce) = (uint64(_shown[index].cap), _shown[index].nonce);
        }
        _try(index, wanted, voucher, signature, isValid);
    }

    function _try(
        uint256 index,
        ISaleManager.Purchase memory wanted,
        ISaleManager.Voucher memory voucher,
        bytes memory signature,
        bool isValid
    ) private {
        uint256 taken = _textbook(index, wanted, voucher.cap, isValid);
        uint256 before = heldBy(buyer(index), wanted.payment);
        vm.prank(buyer(index));
        try sale.buy(wanted, voucher, signature) {
            check(taken != 0, SaleRule.BUYS_AS_THE_TEXTBOOK);
        } catch {
            check(taken == 0, SaleRule.BUYS_AS_THE_TEXTBOOK);
            return;
        }
        uint256 paid = before - heldBy(buyer(index), wanted.payment);
        check(paid == taken * scaleOf(wanted.payment), SaleRule.TAKES_AS_THE_TEXTBOOK);
        ++purchases;
        _note(index, wanted, taken);
        if (signature.length == 0 || !sale.roundOf(wanted.round).needsVoucher) return;
        uint256 until = uint256(voucher.deadline) / 1 hours * 1 hours;
        _shown[index] = Shown(wanted.round, voucher.cap, until, _epoch, voucher.nonce);
    }

    function _note(uint256 index, ISaleManager.Purchase memory wanted, uint256 taken) private {
        _paid[index][wanted.round][wanted.payment] += taken;
        _raised[wanted.round][wanted.payment] += taken;
        if (wanted.referrer == address(0)) return;
        uint256 earned = taken * sale.roundOf(wanted.round).referralBps / 10_000;
        _earned[wanted.round][wanted.payment] += earned;
        for (uint256 i = 0; i < BUYERS; ++i) {
            if (buyer(i) == wanted.referrer) _referrals[i][wanted.round][wanted.payment] += earned;
        }
    }

    /// @dev What a purchase should take; zero if it should be refused.
    function _textbook(uint256 index, ISaleManager.Purchase memory wanted, uint256 voucherCap, bool isValid)
        private
        view
        returns (uint256 taken)
    {
        ISaleManager.Round memory terms = sale.roundOf(wanted.round);
        uint256 time = vm.getBlockTimestamp();
        if (time < terms.start || time >= terms.end || time > wanted.deadline) return 0;
        if (wanted.referrer == buyer(index)) return 0;
        if (terms.needsVoucher && !isValid) return 0;
        uint256 limit = terms.walletCap;
        if (terms.needsVoucher && voucherCap < limit) limit = voucherCap;
        uint256 earlier = 0;
        for (uint256 round = 0; round < wanted.round; ++round) {
            if (!failed(round)) earlier += paidBy(index, round);
        }
        if (WALLET_CAP - earlier < limit) limit = WALLET_CAP - earlier;
        uint256 paid = paidBy(index, wanted.round);
        uint256 left = limit > paid ? limit - paid : 0;
        uint256 open = uint256(terms.tokenCap) * terms.price / 1e18 - raised(wanted.round);
        taken = wanted.micros < open ? wanted.micros : open;
        if (taken > left) return 0;
        if (taken < terms.minPurchase && taken < left && taken < open) return 0;
    }

    /// @dev Often at the edges of what is left.
    function _amount(uint256 index, uint256 round, uint256 dice) private view returns (uint64) {
        uint64 left = sale.remainingOf(buyer(index), round);
        uint256 how = dice % 16;
        if (how < 6) return left;
        if (how == 6) return left + 1;
        if (how == 7) return sale.roundOf(round).minPurchase;
        if (how == 8) return sale.roundOf(round).minPurchase - 1;
        if (how == 9) return uint64((dice >> 8) % 1e12);
        return uint64((dice >> 8) % (uint256(left) + 1));
    }

    function _voucher(uint256 index, uint256 round, uint256 dice)
        private
        view
        returns (ISaleManager.Voucher memory voucher)
    {
        voucher = voucherOf(buyer(index), round);
        if (dice % 8 == 0) voucher.cap = uint64((dice >> 8) % (20_000 * DOLLAR));
        voucher.deadline = uint40(vm.getBlockTimestamp() + (dice >> 72) % 2 days);
        if ((dice >> 96) % 32 == 0) voucher.deadline = uint40(vm.getBlockTimestamp() - 1);
        voucher.nonce = uint64((dice >> 104) % 8);
    }

    function _remembers(uint256 index, uint256 round) private view returns (bool) {
        Shown memory shown = _shown[index];
        return shown.epoch == _epoch && shown.round == round && vm.getBlockTimestamp() < shown.until
            && paidBy(index, round) != 0;
    }

    function _openRound() private view returns (uint256 round) {
        while (round + 1 < ROUNDS && vm.getBlockTimestamp() >= sale.roundOf(round).end) ++round;
    }

    function _nextChange() private view returns (uint256) {
        uint256 time = vm.getBlockTimestamp();
        for (uint256 round = 0; round < ROUNDS; ++round) {
            ISaleManager.Round memory terms = sale.roundOf(round);
            if (time < terms.start) return terms.start;
            if (time < terms.end) return terms.end;
        }
        return time + 1;
    }

    function _signerKey(uint256 epoch) private pure returns (uint256) {
        return SIGNER_KEY + epoch - 1;
    }

    function _allHeld() private view returns (uint256[PAYMENTS] memory units) {
        for (uint8 payment = 0; payment < PAYMENTS; ++payment) {
            units[payment] = heldBy(address(sale), payment);
        }
    }
}

"""Netted statements: the signed outcome of a batch instead of the proof of its orders, once and for all."""

import pytest
from holding import Holding
from msgspec import structs
from venue import BUY, QTRA, QTRA_USDC, SELL, USDC, Intent, group_skips, skips

from offchain.chain.typed_data import ISOLATED
from offchain.core.money import fee_units
from offchain.settlement.batch import (
    Authorization,
    BatchFill,
    Delta,
    Half,
    IsolatedStatement,
    NetGroup,
    Role,
    SkipReason,
    UnifiedStatement,
)

FUNDS = 10**15
LOT = 10**6
NOBODY = Authorization(b"")
PRICE, LOTS = 50, 40
NOTIONAL = PRICE * LOTS
MAKER_FEE, TAKER_FEE = fee_units(NOTIONAL, 1_500), fee_units(NOTIONAL, 2_500)


def statement(venue, wallet, base, quote, floor=9):
    """What a wallet states about its unified account."""
    unsigned = UnifiedStatement(NOBODY, floor, (Delta(QTRA, base), Delta(USDC, quote)))
    return venue.stated(unsigned, venue.wallets[wallet].private_key)


def seller(venue, floor=9):
    """Wallet 0 made a sale of 40 lots."""
    return statement(venue, 0, -LOTS * LOT, NOTIONAL - MAKER_FEE, floor)


def buyer(venue, floor=9):
    """Wallet 1 took it."""
    return statement(venue, 1, LOTS * LOT, -NOTIONAL - TAKER_FEE, floor)


def fees(units=MAKER_FEE + TAKER_FEE):
    """What both pay."""
    return (Delta(USDC, units),)


def test_two_statements_settle_what_their_signers_traded(venue):
    receipt = venue.settle([], [], [NetGroup((seller(venue), buyer(venue)), (), fees())])
    assert group_skips(receipt) == {}
    assert venue.balance(0, QTRA) == FUNDS - LOTS * LOT
    assert venue.balance(0, USDC) == FUNDS + NOTIONAL - MAKER_FEE
    assert venue.balance(1, QTRA) == FUNDS + LOTS * LOT
    assert venue.balance(1, USDC) == FUNDS - NOTIONAL - TAKER_FEE
    assert venue.vault.feesOf(USDC) == MAKER_FEE + TAKER_FEE
    assert Holding(venue, 0, QTRA).floor == Holding(venue, 1, USDC).floor == 9


def test_a_statement_and_the_order_of_a_silent_trader_settle_together(venue):
    half = Half(0, Role.TAKER, PRICE, LOTS)
    receipt = venue.settle([venue.signed(Intent(1, BUY, price=55))], [], [NetGroup((seller(venue),), (half,), fees())])
    assert group_skips(receipt) == {}
    assert venue.balance(1, USDC) == FUNDS - NOTIONAL - TAKER_FEE
    assert venue.vault.slotOf(venue.wallets[1], QTRA).filled == LOTS
    again = venue.settle([venue.signed(Intent(1, BUY, price=55)), venue.signed(Intent(2, SELL))], [BatchFill(1, 0, 61)])
    assert skips(again) == {0: SkipReason.OVERFILL}


def test_isolated_accounts_net_as_well(venue):
    for wallet, asset, units in ((0, QTRA, 100 * LOT), (1, USDC, 10_000)):
        Holding(venue, wallet, asset, QTRA_USDC).fund(units)
    rows = ((0, -LOTS * LOT, NOTIONAL - MAKER_FEE), (1, LOTS * LOT, -NOTIONAL - TAKER_FEE))
    statements = tuple(
        venue.stated(IsolatedStatement(NOBODY, 9, QTRA_USDC, base, quote), venue.wallets[wallet].private_key)
        for wallet, base, quote in rows
    )
    assert group_skips(venue.settle([], [], [NetGroup(statements, (), fees())])) == {}
    assert Holding(venue, 0, QTRA, QTRA_USDC).units == 60 * LOT
    assert Holding(venue, 1, USDC, QTRA_USDC).units == 10_000 - NOTIONAL - TAKER_FEE
    assert Holding(venue, 0, QTRA, QTRA_USDC).floor == 9
    assert Holding(venue, 0, QTRA).floor == 0


@pytest.mark.parametrize("flags", [0, ISOLATED], ids=["unified", "isolated"])
def test_what_a_statement_settled_no_order_settles_again(venue, flags):
    """Neither in the same batch, by a half or by a fill, nor in a later one."""
    for wallet in (0, 1):
        for asset, units in ((QTRA, 1_000 * LOT), (USDC, 10**6)):
            Holding(venue, wallet, asset, QTRA_USDC).fund(units)
    orders = [venue.signed(Intent(0, SELL, seq=9, flags=flags)), venue.signed(Intent(1, BUY, seq=9, flags=flags))]
    if flags:
        rows = ((0, -LOTS * LOT, NOTIONAL - MAKER_FEE), (1, LOTS * LOT, -NOTIONAL - TAKER_FEE))
        statements = tuple(
            venue.stated(IsolatedStatement(NOBODY, 9, QTRA_USDC, base, quote), venue.wallets[wallet].private_key)
            for wallet, base, quote in rows
        )
    else:
        statements = (seller(venue), buyer(venue))
    halves = (Half(0, Role.MAKER, PRICE, LOTS), Half(1, Role.TAKER, PRICE, LOTS))
    twice = [NetGroup((), halves, fees()), NetGroup(statements, (), fees())]
    receipt = venue.settle(orders, [BatchFill(0, 1, LOTS)], twice)
    assert group_skips(receipt) == {0: (SkipReason.CANCELLED, 0)}
    assert skips(receipt) == {0: SkipReason.CANCELLED}
    assert skips(venue.settle(orders, [BatchFill(0, 1, LOTS)])) == {0: SkipReason.CANCELLED}
    assert venue.vault.feesOf(USDC) == MAKER_FEE + TAKER_FEE


def test_a_statement_is_for_one_batch_only(venue):
    group = NetGroup((seller(venue), buyer(venue)), (), fees())
    assert group_skips(venue.settle([], [], [group])) == {}
    receipt = venue.settle([], [], [group])
    # The signatures recover to other accounts now, which hold nothing.
    assert group_skips(receipt)[0][0] is SkipReason.NET_SHORT
    assert venue.vault.feesOf(USDC) == MAKER_FEE + TAKER_FEE


def test_a_group_at_fault_is_left_out_whole_and_alone(venue):
    good = NetGroup((seller(venue), buyer(venue)), (), fees())
    short = NetGroup((statement(venue, 2, -FUNDS - 1, 1), statement(venue, 3, FUNDS + 1, -1)), (), ())
    unbalanced = NetGroup((statement(venue, 4, 5, 0), statement(venue, 5, -4, 0)), (), ())
    pair = [venue.signed(Intent(4, SELL, seq=10)), venue.signed(Intent(5, BUY, seq=10))]
    receipt = venue.settle(pair, [BatchFill(0, 1, 3)], [short, good, unbalanced])
    assert group_skips(receipt) == {0: (SkipReason.NET_SHORT, 0), 2: (SkipReason.UNBALANCED, 2)}
    assert skips(receipt) == {}
    assert [venue.balance(wallet, QTRA) for wallet in (2, 3)] == [FUNDS, FUNDS]
    assert venue.balance(5, QTRA) == FUNDS + 3 * LOT
    # A group that did not settle raised no floor.
    assert [Holding(venue, wallet, QTRA).floor for wallet in range(6)] == [9, 9, 0, 0, 0, 0]
    (log,) = receipt.decode_logs(venue.vault.BatchSettled)
    assert (log.fills, log.skipped) == (1, 2)


def test_an_account_states_its_outcome_once(venue):
    one = statement(venue, 0, -5, 0)
    other = statement(venue, 0, -6, 0, floor=10)
    receiver = statement(venue, 1, 11, 0)
    receipt = venue.settle([], [], [NetGroup((one, other, receiver), (), ())])
    assert group_skips(receipt) == {0: (SkipReason.NET_REPEATED, 1)}
    assert venue.balance(0, QTRA) == FUNDS


def test_nothing_that_was_stated_can_be_changed(venue):
    stated = seller(venue)
    for changed in (
        structs.replace(stated, floor=8),
        structs.replace(stated, deltas=(Delta(QTRA, -LOTS * LOT), Delta(USDC, NOTIONAL - MAKER_FEE - 1))),
    ):
        owed = -sum(units for asset, units in changed.deltas if asset == USDC) + NOTIONAL - MAKER_FEE
        group = NetGroup((changed, buyer(venue)), (), fees(MAKER_FEE + TAKER_FEE + owed))
        ((_, (reason, item)),) = group_skips(venue.settle([], [], [group])).items()
        assert (reason, item) == (SkipReason.NET_SHORT, 0)
    assert venue.balance(0, QTRA) == FUNDS

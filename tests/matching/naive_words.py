"""The state of the reference model as canonical words, and back: one section after the other."""

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

from offchain.core.commands import Side
from tests.matching.naive_state import VOLUME_DAYS, Account, Breaker, Limits, Market, NaiveState, Order, Tier

VERSION = 4
BUYS, SELLS, BUY_STOPS, SELL_STOPS = range(4)
Row = tuple[int, ...]


def words_of(state: NaiveState) -> list[int]:
    words = [VERSION, state.last_sequence, state.event_sequence, state.all_killed, state.rolled_day, state.accounts]
    for rows in (
        [(tier, *state.tiers[tier]) for tier in sorted(state.tiers)],
        [(account, *state.own_limits[account]) for account in sorted(state.own_limits)],
        account_rows(state),
        volume_rows(state),
        [(asset,) for asset in sorted(state.listed)],
        [market_row(market, state.markets[market]) for market in sorted(state.markets)],
        balance_rows(state),
        order_rows(state),
    ):
        words += [len(rows), *itertools.chain.from_iterable(rows)]
    return words


def account_rows(state: NaiveState) -> list[Row]:
    rows = []
    for number, one in enumerate(state.people):
        own = (0, 0, 0) if one.own_rates is None else (1, *one.own_rates)
        standing = (one.tier - 1, one.counted_volume, one.maker_off, one.taker_off, one.killed)
        rows.append((number, *own, *standing, one.window_start, one.messages))
    return [row for row in rows if any(row[1:])]


def volume_rows(state: NaiveState) -> list[Row]:
    rows = []
    for number, one in enumerate(state.people):
        if one.volumes:
            days = range(one.newest_day - VOLUME_DAYS + 1, one.newest_day + 1)
            rows.append((number, one.newest_day, *(one.volumes.get(day, 0) for day in days)))
    return rows


def market_row(number: int, market: Market) -> Row:
    *fields, breaker = vars(market).values()
    return (number, *fields, *vars(breaker).values())


def balance_rows(state: NaiveState) -> list[Row]:
    reserved = state.reserved()
    rows = [
        (
            *key,
            state.available.get(key, 0),
            reserved.get(key, 0),
            int(key in state.exiting),
            state.caps.get(key, 0),
        )
        for key in sorted({*state.available, *reserved, *state.exiting, *state.caps})
    ]
    return [row for row in rows if any(row[2:])]


def order_rows(state: NaiveState) -> list[Row]:
    rows: list[Row] = []
    for number in sorted(state.markets):
        for book in (BUYS, SELLS, BUY_STOPS, SELL_STOPS):
            armed = book >= BUY_STOPS
            side = Side(book % 2)
            for one in state.stops(number, side) if armed else state.book(number, side):
                row = (number, book, one.order_id, one.account, one.price, one.remaining, one.fee_cap)
                how = (one.time_in_force, one.order_type, one.self_trade_prevention, one.trigger)
                rows.append((*row, *(how if armed else (0, 0, 0, 0))))
    return rows


def load(state: NaiveState, words: Sequence[int]) -> None:
    """Bring a new model to what canonical words say."""
    tape = iter(words)
    assert next(tape) == VERSION
    state.last_sequence, state.event_sequence, state.all_killed, state.rolled_day, accounts = itertools.islice(tape, 5)
    state.tiers = {tier: Tier(*rates) for tier, *rates in section(tape, 4)}
    state.own_limits = {account: Limits(*limits) for account, *limits in section(tape, 4)}
    state.people = [Account() for _ in range(accounts)]
    for account, own, maker, taker, tier, *standing in section(tape, 11):
        state.people[account] = Account((maker, taker) if own else None, tier + 1, *standing)
    for account, newest, *units in section(tape, 2 + VOLUME_DAYS):
        person, first = state.people[account], newest - VOLUME_DAYS + 1
        person.newest_day = newest
        person.volumes = {first + place: counted for place, counted in enumerate(units) if counted}
    state.listed = {asset for (asset,) in section(tape, 1)}
    for market, *fields in section(tape, 23):
        state.markets[market] = Market(*fields[:15])
        state.markets[market].breaker = Breaker(*fields[15:])
    for account, asset, available, _, exiting, cap in section(tape, 6):
        state.available[account, asset] = available
        if exiting:
            state.exiting.add((account, asset))
        if cap:
            state.caps[account, asset] = cap
    for market, book, order_id, account, price, remaining, fee_cap, *how in section(tape, 11):
        state.orders[order_id] = Order(order_id, account, market, book % 2, price, remaining, fee_cap, *how)
    assert next(tape, None) is None


def section(tape: Iterator[int], width: int) -> list[list[Any]]:
    return [list(itertools.islice(tape, width)) for _ in range(next(tape))]

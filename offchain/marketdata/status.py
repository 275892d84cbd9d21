"""What each market takes, as operators, kill switches and circuit breakers change it, told to whoever subscribes."""

from collections import defaultdict

import msgspec

from offchain.core.bus import Subscription, Topic
from offchain.core.commands import MarketStatus
from offchain.core.events import EventKind, LoggedCommand
from offchain.core.listings import Listings
from offchain.core.operator_settings import sets_exchange_killed


class StatusSnapshot(msgspec.Struct, frozen=True):
    """What a market takes after the command `sequence`. `is_killed`: its own kill switch or the exchange's is on."""

    market: int
    sequence: int
    status: MarketStatus
    is_killed: bool


class StatusUpdate(msgspec.Struct, frozen=True):
    """What a market takes from now on; `refused_ticks` is the price at which its circuit breaker tripped, else 0.

    `previous_sequence` is the `sequence` of the snapshot or update before.
    """

    market: int
    sequence: int
    previous_sequence: int
    timestamp_us: int
    status: MarketStatus
    is_killed: bool
    refused_ticks: int


class StatusBoard:
    """All markets of some listings, which somebody else keeps up to date."""

    def __init__(self, listings: Listings) -> None:
        self._listings = listings
        self._is_killed = False
        self._told: dict[int, StatusSnapshot] = {}
        self._topics: dict[int, Topic[StatusUpdate]] = defaultdict(Topic)

    def restore(self, sequence: int, is_killed: bool) -> None:
        """Start from the listings as they are after the command `sequence`, with the exchange's kill switch."""
        self._is_killed = is_killed
        for market in self._listings.markets:
            self._told[market] = self._state(market, sequence)

    def follow(self, one: LoggedCommand, is_listed_anew: bool) -> None:
        """Follow a command that the listings have noted; `is_listed_anew`: it changed something of them."""
        killed = sets_exchange_killed(one)
        if killed is not None:
            self._is_killed = killed
        elif not is_listed_anew:
            return
        refused = {event.market: event.price for event in one.events if event.kind == EventKind.STATUS_CHANGED}
        for market in self._listings.markets:
            now, before = self._state(market, one.command.sequence), self._told.get(market)
            if before is None:
                self._told[market] = now
            elif (now.status, now.is_killed) != (before.status, before.is_killed):
                self._told[market] = now
                self._topics[market].publish(
                    StatusUpdate(
                        market=market,
                        sequence=now.sequence,
                        previous_sequence=before.sequence,
                        timestamp_us=one.command.timestamp_us,
                        status=now.status,
                        is_killed=now.is_killed,
                        refused_ticks=refused.get(market, 0),
                    )
                )

    def snapshot(self, market: int) -> StatusSnapshot:
        """What the market takes now; KeyError if it is not listed. Updates of `subscribe` go on from it."""
        return self._told[market]

    def subscribe(self, market: int, limit: int) -> Subscription[StatusUpdate]:
        """The market's changes from now on; a reader with more than `limit` waiting is cut."""
        return self._topics[market].subscribe(limit)

    def close(self) -> None:
        """End all subscriptions after what is waiting in them."""
        for topic in self._topics.values():
            topic.close()

    def _state(self, market: int, sequence: int) -> StatusSnapshot:
        listed = self._listings.markets[market]
        return StatusSnapshot(market, sequence, listed.status, self._is_killed or listed.is_killed)

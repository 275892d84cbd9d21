"""The feed: every subscriber gets every durable command once, in order, however slow, late or broken it is."""

import asyncio

from offchain.sequencer.sequencer import Sequencer
from tests.sequencer.world import ALICE, BOB, IOC, SELL, funding, opened, order
from tests.support.waiting import eventually


class Reader:
    """A consumer that keeps what it was given."""

    def __init__(self, pause_s: float = 0.0) -> None:
        self.logged = []
        self.pause_s = pause_s
        self.deliveries = 0

    async def __call__(self, logged) -> None:
        await asyncio.sleep(self.pause_s)
        self.deliveries += 1
        self.logged.extend(logged)

    @property
    def sequences(self) -> list[int]:
        return [logged.command.sequence for logged in self.logged]


async def place(sequencer: Sequencer, first: int, count: int) -> None:
    for lane in range(first, first + count):
        await sequencer.submit(order(ALICE, f"a{lane}", lane=lane))
        await sequencer.submit(order(BOB, f"b{lane}", SELL, lane=lane, quantity=4 + lane % 9))


async def caught_up(sequencer: Sequencer, reader: Reader) -> None:
    await eventually(lambda: reader.sequences and reader.sequences[-1] == sequencer.last_sequence)


async def test_a_late_subscriber_gets_the_past_exactly_as_it_was_told_live(tmp_path):
    sequencer = await opened(tmp_path, snapshot_every_commands=25)
    live = Reader()
    sequencer.subscribe("live", 0, live)
    await sequencer.submit_many(funding(ALICE, BOB))
    await place(sequencer, 1, 40)
    await caught_up(sequencer, live)
    total = sequencer.last_sequence
    assert live.sequences == list(range(1, total + 1))
    for start in (0, 1, 5, 24, 30, 50, total - 1):
        late = Reader()
        subscription = sequencer.subscribe("late", start, late)
        await caught_up(sequencer, late)
        assert late.logged == live.logged[start:]
        await subscription.close()
    await sequencer.stop()


async def test_a_subscriber_goes_over_from_the_journal_to_live_without_gap_or_repeat(tmp_path):
    sequencer = await opened(tmp_path)
    await sequencer.submit_many(funding(ALICE, BOB))
    await place(sequencer, 1, 20)
    readers = []
    for step in range(10):
        readers.append(Reader())
        sequencer.subscribe(f"reader {step}", step, readers[-1])
        await place(sequencer, 100 + 10 * step, 5)
    for start, reader in enumerate(readers):
        await caught_up(sequencer, reader)
        assert reader.sequences == list(range(start + 1, sequencer.last_sequence + 1))
    await sequencer.stop()


async def test_a_slow_subscriber_is_fed_from_the_journal_and_holds_nobody_up(tmp_path):
    sequencer = await opened(tmp_path, subscriber_commands=8)
    slow, quick = Reader(pause_s=0.05), Reader()
    subscription = sequencer.subscribe("slow", 0, slow)
    sequencer.subscribe("quick", 0, quick)
    await sequencer.submit_many(funding(ALICE, BOB))
    most = 0
    for step in range(20):
        await place(sequencer, 1 + 10 * step, 10)
        most = max(most, len(subscription._waiting))
    assert most <= 8
    await caught_up(sequencer, quick)
    status = {one.name: one for one in sequencer.subscribers}
    assert status["slow"].sequence + status["slow"].lag == sequencer.last_sequence
    await caught_up(sequencer, slow)
    assert slow.logged == quick.logged
    assert slow.sequences == list(range(1, sequencer.last_sequence + 1))
    await sequencer.stop()


async def test_a_consumer_that_fails_gets_the_same_again(tmp_path):
    sequencer = await opened(tmp_path)
    failures = 2
    reader = Reader()

    async def consumer(logged):
        nonlocal failures
        if failures:
            failures -= 1
            raise RuntimeError("database is away")
        await reader(logged)

    sequencer.subscribe("test", 0, consumer)
    await sequencer.submit_many(funding(ALICE, BOB))
    await eventually(lambda: sequencer.subscribers[0].failure)
    assert "database is away" in sequencer.subscribers[0].failure
    await place(sequencer, 1, 5)
    await caught_up(sequencer, reader)
    assert reader.sequences == list(range(1, sequencer.last_sequence + 1))
    assert sequencer.subscribers[0].failure == ""
    await sequencer.stop()


async def test_a_subscriber_that_cannot_read_the_journal_says_so(tmp_path, caplog):
    sequencer = await opened(tmp_path)
    await sequencer.submit_many(funding(ALICE, BOB))
    segment = next(tmp_path.glob("segment-*.journal"))
    whole = segment.read_bytes()
    segment.write_bytes(whole[:100] + b"?" + whole[101:])
    reader = Reader()
    sequencer.subscribe("test", 0, reader)
    await eventually(lambda: sequencer.subscribers[0].failure)
    assert "stopped for good" in sequencer.subscribers[0].failure
    assert reader.logged == []
    await sequencer.stop()


async def test_closing_ends_a_delivery_that_hangs(tmp_path, monkeypatch):
    monkeypatch.setattr("offchain.sequencer.feed._CLOSE_S", 0.05)
    sequencer = await opened(tmp_path)
    started = asyncio.Event()

    async def consumer(_):
        started.set()
        await asyncio.Event().wait()

    subscription = sequencer.subscribe("test", 0, consumer)
    await sequencer.submit_many(funding(ALICE))
    await asyncio.wait_for(started.wait(), 5)
    await subscription.close()
    assert sequencer.subscribers == []
    await subscription.close()
    await sequencer.stop()


async def test_closing_while_retrying_ends_at_once(tmp_path):
    sequencer = await opened(tmp_path)

    async def consumer(_):
        raise RuntimeError("never")

    sequencer.subscribe("test", 0, consumer)
    await sequencer.submit_many(funding(ALICE))
    await eventually(lambda: sequencer.subscribers[0].failure)
    async with asyncio.timeout(5):
        await sequencer.stop()


async def test_commands_of_one_delivery_are_bounded(tmp_path):
    sequencer = await opened(tmp_path)
    await sequencer.submit_many(funding(ALICE))
    orders = [order(ALICE, f"o{seq}", lane=0, seq=seq, tif=IOC) for seq in range(1, 2_500)]
    await sequencer.submit_many(orders)
    reader = Reader()
    sequencer.subscribe("test", 0, reader)
    await caught_up(sequencer, reader)
    assert reader.deliveries == 3
    await sequencer.stop()

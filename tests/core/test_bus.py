"""A subscriber gets everything in order, or is told that it does not."""

import asyncio

import pytest

from offchain.core.bus import Topic
from offchain.core.errors import SlowConsumer


async def test_every_subscriber_gets_everything_from_its_subscription_on() -> None:
    topic: Topic[int] = Topic()
    early = topic.subscribe()
    topic.publish(1)
    late = topic.subscribe()
    topic.publish(2)
    assert [await anext(early), await anext(early), await anext(late)] == [1, 2, 2]


async def test_a_waiting_reader_wakes_for_the_next_item() -> None:
    topic: Topic[int] = Topic()
    subscription = topic.subscribe()
    reader = asyncio.create_task(anext(subscription))
    await asyncio.sleep(0)
    topic.publish(7)
    assert await reader == 7


async def test_a_slow_consumer_is_cut_and_the_others_are_not() -> None:
    topic: Topic[int] = Topic()
    slow, quick = topic.subscribe(limit=2), topic.subscribe(limit=3)
    for item in range(3):
        topic.publish(item)
    assert quick.drain() == [0, 1, 2]
    with pytest.raises(SlowConsumer, match="More than 2 updates"):
        await anext(slow)
    assert len(topic) == 1


async def test_closing_ends_the_iteration_after_what_is_waiting() -> None:
    topic: Topic[int] = Topic()
    subscription = topic.subscribe()
    topic.publish(1)
    topic.close()
    topic.publish(2)
    assert [item async for item in subscription] == [1]
    assert len(topic) == 0

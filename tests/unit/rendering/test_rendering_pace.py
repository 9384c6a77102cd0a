import asyncio

from pipeline.rendering.pacing import Pace
from pipeline.rendering.retry import backoff


class Clock:
    def __init__(self):
        self.time, self.slept = 0.0, []

    def __call__(self):
        return self.time

    async def sleep(self, seconds):
        self.slept.append(seconds)
        self.time += seconds
        await asyncio.sleep(0)


async def test_no_more_than_the_limit_are_in_flight_at_once():
    pace, clock, most, now = Pace(limit=3), Clock(), [0], [0]

    async def one():
        async with pace.turn():
            now[0] += 1
            most[0] = max(most[0], now[0])
            await asyncio.sleep(0.001)
            now[0] -= 1

    async with asyncio.TaskGroup() as group:
        for _ in range(20):
            group.create_task(one())
    assert most[0] == 3
    assert clock.slept == []


async def test_a_throttle_makes_everybody_wait_as_long_as_the_provider_says():
    clock = Clock()
    pace = Pace(limit=4, clock=clock, sleep=clock.sleep)
    pace.throttled(7.0)
    async with pace.turn():
        assert clock.time == 7.0


async def test_a_throttle_halves_the_window_once_and_answers_ease_it_in_again():
    clock = Clock()
    pace = Pace(limit=8, clock=clock, sleep=clock.sleep)
    for _ in range(5):
        pace.throttled(1.0)
    assert pace.window == 4.0
    for _ in range(100):
        pace.answered()
    assert pace.window == 8.0


async def test_a_window_that_grows_lets_those_in_who_wait():
    clock = Clock()
    pace = Pace(limit=2, clock=clock, sleep=clock.sleep)
    pace.throttled(0.1)
    inside = []

    async def one(name):
        async with pace.turn():
            inside.append(name)
            pace.answered()
            await asyncio.sleep(0.01)

    async with asyncio.timeout(2), asyncio.TaskGroup() as group:
        for name in range(6):
            group.create_task(one(name))
    assert sorted(inside) == [0, 1, 2, 3, 4, 5]


async def test_images_per_minute_are_spread_evenly():
    clock = Clock()
    pace = Pace(limit=10, images_per_minute=60, clock=clock, sleep=clock.sleep)
    starts = []
    for _ in range(5):
        async with pace.turn():
            starts.append(clock.time)
    assert starts == [0.0, 1.0, 2.0, 3.0, 4.0]


async def test_a_machine_that_slept_for_an_hour_does_not_burst():
    clock = Clock()
    pace = Pace(limit=10, images_per_minute=60, clock=clock, sleep=clock.sleep)
    async with pace.turn():
        pass
    clock.time += 3600
    starts = []
    for _ in range(3):
        async with pace.turn():
            starts.append(clock.time - 3600)
    assert starts == [0.0, 1.0, 2.0]


def test_backoff_doubles_and_is_capped():
    waits = [backoff(tries, first=1.0, longest=8.0, jitter=lambda: 1.0) for tries in range(1, 7)]
    assert waits == [1.0, 2.0, 4.0, 8.0, 8.0, 8.0]

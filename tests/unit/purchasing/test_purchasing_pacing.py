import asyncio

import pytest
from clock import in_virtual_time

from pipeline.errors import Interrupted
from pipeline.purchasing.halt import Halt
from pipeline.purchasing.pacing import Pacer
from pipeline.purchasing.retry import backoff


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
    pace, clock, most, now = Pacer(limit=3), Clock(), [0], [0]

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


async def test_a_turn_that_ends_early_lets_the_next_request_start_and_counts_once():
    pace, started = Pacer(limit=1), asyncio.Event()

    async def next_one():
        async with pace.turn():
            started.set()

    async with pace.turn() as turn:
        waiting = asyncio.create_task(next_one())
        await asyncio.sleep(0)
        assert not started.is_set()
        turn.end()
        turn.end()
        await waiting
    assert pace.in_flight == 0


@pytest.mark.parametrize("leaves", ["before", "after"])
async def test_a_caller_that_leaves_does_not_keep_its_place(leaves):
    """`after`: it was given the place already, and is cancelled before it runs."""
    pace = Pacer(limit=1)

    async def one():
        async with pace.turn():
            pass

    async with pace.turn() as turn:
        first, second = asyncio.create_task(one()), asyncio.create_task(one())
        await asyncio.sleep(0)
        if leaves == "before":
            first.cancel()
        turn.end()
        first.cancel()
        async with asyncio.timeout(2):
            await second
    assert pace.in_flight == 0


async def test_a_throttle_makes_everybody_wait_as_long_as_the_provider_says():
    clock = Clock()
    pace = Pacer(limit=4, clock=clock, sleep=clock.sleep)
    pace.throttled(7.0)
    async with pace.turn():
        assert clock.time == 7.0


async def test_a_throttle_halves_the_window_once_and_answers_ease_it_in_again():
    clock = Clock()
    pace = Pacer(limit=8, clock=clock, sleep=clock.sleep)
    for _ in range(5):
        pace.throttled(1.0)
    assert pace.window == 4.0
    for _ in range(100):
        pace.answered()
    assert pace.window == 8.0


async def test_a_window_that_grows_lets_those_in_who_wait():
    clock = Clock()
    pace = Pacer(limit=2, clock=clock, sleep=clock.sleep)
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


async def test_images_that_go_with_a_request_count_for_the_rate():
    clock = Clock()
    pace = Pacer(limit=10, images_per_minute=60, clock=clock, sleep=clock.sleep)
    for images in (1, 4, 1):
        async with pace.turn(images=images):
            pass
    async with pace.turn():
        assert clock.time == 6.0


async def test_images_per_minute_are_spread_evenly():
    clock = Clock()
    pace = Pacer(limit=10, images_per_minute=60, clock=clock, sleep=clock.sleep)
    starts = []
    for _ in range(5):
        async with pace.turn():
            starts.append(clock.time)
    assert starts == [0.0, 1.0, 2.0, 3.0, 4.0]


async def test_a_machine_that_slept_for_an_hour_does_not_burst():
    clock = Clock()
    pace = Pacer(limit=10, images_per_minute=60, clock=clock, sleep=clock.sleep)
    async with pace.turn():
        pass
    clock.time += 3600
    starts = []
    for _ in range(3):
        async with pace.turn():
            starts.append(clock.time - 3600)
    assert starts == [0.0, 1.0, 2.0]


def test_a_throttle_holds_back_who_waits_for_a_place_in_the_minute():
    """Workers that had been given their moment went on asking through a Retry-After."""
    asked = []

    async def one(pace, number):
        async with pace.turn():
            asked.append(asyncio.get_running_loop().time())
            if number == 0:
                await asyncio.sleep(1.0)
                pace.throttled(300.0)

    async def main():
        pace = Pacer(limit=8, images_per_minute=6, clock=asyncio.get_running_loop().time)
        async with asyncio.TaskGroup() as group:
            for number in range(4):
                group.create_task(one(pace, number))

    in_virtual_time(main())
    assert asked == [0.0, 301.0, 311.0, 321.0]


def test_workers_that_slept_with_their_machine_do_not_all_start_at_once():
    """Each had been given a moment of its own, and after a SIGSTOP all those had passed."""
    asked = []

    async def one(pace, loop):
        async with pace.turn():
            asked.append(loop.time())
            if len(asked) == 1:
                await asyncio.sleep(0.5)
                loop.now += 3600.0

    async def main():
        loop = asyncio.get_running_loop()
        pace = Pacer(limit=8, images_per_minute=60, clock=loop.time)
        async with asyncio.TaskGroup() as group:
            for _ in range(4):
                group.create_task(one(pace, loop))

    in_virtual_time(main())
    assert asked == [0.0, 3600.5, 3601.5, 3602.5]


def test_a_run_that_stops_does_not_sit_out_a_pause():
    """After a signal nothing is in flight, and it stayed for the two minutes of the drain."""

    async def main():
        loop, halt = asyncio.get_running_loop(), Halt()
        pace = Pacer(limit=1, clock=loop.time, halt=halt)
        pace.throttled(300.0)
        loop.call_later(7.0, halt.because, Interrupted(signal_name="SIGINT", exit_code=130))
        for _ in range(3):
            async with pace.turn():
                pass
        return loop.time()

    assert in_virtual_time(main()) == 7.0


def test_a_provider_that_says_at_once_for_ever_is_asked_ever_more_seldom():
    """A 429 with `Retry-After: 0` was answered with twenty requests a second for 15 minutes."""

    async def main():
        loop = asyncio.get_running_loop()
        pace, asked = Pacer(limit=8, clock=loop.time), 0
        while pace.throttled_for() < 900.0:
            async with pace.turn():
                asked += 1
                pace.throttled(0.0)
        return asked

    assert in_virtual_time(main()) < 40


def test_backoff_doubles_and_is_capped():
    waits = [backoff(tries, first=1.0, longest=8.0, jitter=lambda: 1.0) for tries in range(1, 7)]
    assert waits == [1.0, 2.0, 4.0, 8.0, 8.0, 8.0]

"""A run in which nothing moves says what it waits for, and does not wait for ever."""

import asyncio
import time

import pytest
from builders import a_job

from pipeline.app.run.watchdog import Watchdog, WatchdogTimes
from pipeline.errors import LocalFault
from pipeline.purchasing.events import StillWaiting
from pipeline.purchasing.halt import Halt
from pipeline.purchasing.worker_pool import WaitedFor, Waits

LIME = a_job("lime/1x1")


class Watched:
    """A watchdog, and all that it says."""

    def __init__(self, **times):
        self.waits, self.halt = Waits(), Halt()
        self.events, self.statuses, self.told = [], [], []
        self.watchdog = Watchdog(
            waits=self.waits,
            halt=self.halt,
            listen=self.events.append,
            status=self.statuses.append,
            tell=self.told.append,
            times=WatchdogTimes(look_every=0.02, **times),
        )


async def test_what_is_waited_for_is_named_and_forgotten_once_it_came():
    watched = Watched(tell_after=0.1)
    async with watched.watchdog.watching():
        with watched.waits.on(WaitedFor.IMAGE_HOST, LIME):
            await asyncio.sleep(0.25)
        await asyncio.sleep(0.06)
    assert {type(event) for event in watched.events} == {StillWaiting}
    assert watched.events[0].reason.startswith("the image host (1); lime/1x1 for ")
    assert 1 <= len(watched.events) <= 3
    assert watched.statuses[0].startswith("nothing has moved for 0 s: waiting for the image host")
    assert watched.statuses[-1] == ""


async def test_a_run_in_which_waits_come_and_go_is_left_alone():
    watched = Watched(tell_after=0.1, give_up_after=0.2)
    async with watched.watchdog.watching():
        for _ in range(10):
            with watched.waits.on(WaitedFor.PROVIDER, LIME):
                await asyncio.sleep(0.04)
    assert not watched.halt
    assert watched.events == []


async def test_a_run_that_waits_for_ever_is_given_up_with_a_word():
    """A callback had died: the run hung, and cron's later runs ended with 75 for days."""
    watched = Watched(tell_after=0.05, give_up_after=0.2)

    async def run():
        async with watched.watchdog.watching():
            await asyncio.Event().wait()

    with pytest.raises(asyncio.CancelledError):
        await asyncio.create_task(run())
    assert isinstance(watched.halt.reason, LocalFault)
    assert "waiting for the ledger, the disk, or a pause" in str(watched.halt.reason)
    assert "the run is given up" in str(watched.halt.reason)


async def test_a_blocked_event_loop_is_told_of_with_its_place():
    watched = Watched(blocked_after=0.1)
    async with watched.watchdog.watching():
        await asyncio.sleep(0.05)
        time.sleep(0.4)  # noqa: ASYNC251 - the very thing
    # a busy machine may hold up the loop once more, which is told as well
    assert {*watched.told} == {
        "the program itself hangs in the event loop; what is paid for is in the ledger"
    }
    assert {*watched.statuses} == {"the program itself hangs in the event loop"}


def test_the_oldest_of_several_waits_is_named():
    now = [0.0]
    waits = Waits(clock=lambda: now[0])
    with waits.on(WaitedFor.PROVIDER, LIME):
        now[0] = 100.0
        with waits.on(WaitedFor.PROVIDER, a_job("crab/1x1")):
            now[0] = 160.0
            assert waits.words() == "the provider's answer (2); lime/1x1 for 160 s"
            assert waits.quiet_for() == 60.0

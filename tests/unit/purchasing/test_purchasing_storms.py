"""Random storms over purse, pace, breaker and halt: no hang, no overspending, nothing leaked.

Time is virtual, and the ledger answers in groups as the real one does: callers of one moment are
answered at one later moment, which is what hid two livelocks from ledgers that answer at once.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from builders import NOW, a_job, a_run
from clock import in_virtual_time
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from pipeline.errors import (
    Interrupted,
    NotSent,
    PolicyRefused,
    ProviderStopped,
    Rejected,
    ReplyUnknown,
    Throttled,
)
from pipeline.ledger.memory.ledger import MemoryRowStore
from pipeline.ledger.row_store import SpendScope
from pipeline.ledger.sqlite.ledger import SqliteLedger
from pipeline.model.campaign import FailureLimit
from pipeline.model.money import Budget
from pipeline.model.outcome import Receipt
from pipeline.model.providers.profile import BASE_QUALITIES
from pipeline.providers.names import EMBEDDED, GPTIMAGE
from pipeline.providers.profiles import PROFILES
from pipeline.purchasing.buying import KnownImages, Purchasing
from pipeline.purchasing.halt import Breaker, Halt
from pipeline.purchasing.pacing import Pacer
from pipeline.purchasing.reservations import Reservations
from pipeline.purchasing.sealed_replies import SealedReplies
from pipeline.purchasing.worker_pool import work_through
from pipeline.settings import RenderingSettings

ERRORS = {
    "unsent": lambda _wait: NotSent("refused"),
    "throttled": lambda wait: Throttled("slow down", retry_after=wait),
    "rejected": lambda _wait: Rejected("bad", http=400),
    "policy": lambda _wait: PolicyRefused("no", http=400),
    "stopped": lambda _wait: ProviderStopped("402", http=402),
    "conflict": lambda _wait: ReplyUnknown("in flight", http=409),
    "lost": lambda _wait: ReplyUnknown("reset"),
    "lost after the charge": lambda _wait: ReplyUnknown("504", http=504),
}
CHARGED = {"yes", "lost after the charge"}


@dataclass(frozen=True)
class Ending:
    """What one POST meets, and after how many seconds."""

    kind: str
    after: float
    wait: float | None = None


@dataclass
class Weather:
    """One storm."""

    jobs: list
    workers: int
    limit: int
    script: list
    budget: int | None
    per_minute: int | None
    commit: float
    honoured: bool
    doubts: int
    failures: int | None
    drained: float | None
    aborted: float | None


class Groups:
    """The writer of a ledger, which answers everybody of one moment at one later moment."""

    def __init__(self, store, seconds):
        self.store, self.seconds = store, seconds
        self.gathering = []

    def enqueue(self, operation, *, jobs=(), alone=False, undelivered=None):
        loop = asyncio.get_running_loop()
        result = loop.create_future()
        if not self.gathering:
            loop.call_later(self.seconds, self._apply)
        self.gathering.append((operation, result, undelivered))
        return result

    def _apply(self):
        group, self.gathering = self.gathering, []
        for operation, result, undelivered in group:
            try:
                given = operation(self.store)
            except Exception as error:  # noqa: BLE001 - handed on, as the real one does
                if not result.cancelled():
                    result.set_exception(error)
                continue
            if not result.cancelled():
                result.set_result(given)
            elif undelivered is not None:
                undelivered(given)

    async def drain(self):
        await asyncio.sleep(3 * self.seconds)
        assert not self.gathering

    async def close(self):
        pass


class Readers:
    def __init__(self, store):
        self.store = store

    async def query(self, query):
        return query(self.store)

    async def close(self):
        pass


@dataclass
class Provider:
    """Answers by the script, then yes; its books are the truth."""

    script: list
    honoured: bool
    run: object
    charges: dict = field(default_factory=dict)
    posts: list = field(default_factory=list)
    flying: int = 0
    most: int = 0
    broken: list = field(default_factory=list)
    look: object = None

    @property
    def profile(self):
        return PROFILES[EMBEDDED if self.honoured else GPTIMAGE]

    @property
    def account(self):
        return self.run.account

    @property
    def charged(self):
        return sum(sum(prices) for prices in self.charges.values())

    async def submit(self, request, *, key, seal):
        self.posts.append((asyncio.get_running_loop().time(), request.prompt))
        self.flying += 1
        self.most = max(self.most, self.flying)
        ending = self.script.pop() if self.script else Ending("yes", 1.0)
        price = self.profile.quote(request).at_most
        try:
            known = self.honoured and self.charges.get((request.prompt, key))
            if (ending.kind in CHARGED) and not known:
                self.charges.setdefault((request.prompt, key), []).append(price)
            self.look()
            await asyncio.sleep(ending.after)
            if ending.kind != "yes":
                raise ERRORS[ending.kind](ending.wait)
            return Receipt(url=f"https://x/{len(self.posts)}", amount=price)
        finally:
            self.flying -= 1


class Storm:
    """A run in that weather."""

    def __init__(self, weather):
        self.weather = weather
        self.store = MemoryRowStore()
        self.ledger = SqliteLedger(
            Readers(self.store), Groups(self.store, weather.commit), now=lambda: NOW
        )
        self.run = a_run()
        self.halt, self.halted_at = Halt(), []
        self.provider = Provider(list(weather.script), weather.honoured, self.run, look=self.look)
        self.budget = Budget(run=weather.budget)
        self.reservations = Reservations(
            self.ledger, run=self.run, budget=self.budget, halt=self.halt
        )
        self.delivered = []

    def look(self):
        """The promises that hold at every instant."""
        spent = self.store.spent(SpendScope())
        assert spent.confirmed <= self.provider.charged <= spent.upper
        assert self.weather.budget is None or spent.upper <= self.weather.budget
        assert self.provider.flying <= self.weather.limit

    async def live(self):
        """All jobs, with a signal or two where the weather has them; then everything is drained."""
        weather, loop = self.weather, asyncio.get_running_loop()
        self.halt.on_halt(lambda _reason: self.halted_at.append(loop.time()))
        settings_ = replace(RenderingSettings(), doubts_in_a_row=weather.doubts)
        self.pace = Pacer(
            limit=weather.limit,
            halt=self.halt,
            images_per_minute=weather.per_minute,
            clock=loop.time,
        )
        purchasing = Purchasing(
            provider=self.provider,
            ledger=self.ledger,
            reservations=self.reservations,
            pace=self.pace,
            breaker=Breaker(
                self.halt,
                doubts_in_a_row=weather.doubts,
                failures=FailureLimit(count=weather.failures),
                due=len(weather.jobs),
            ),
            halt=self.halt,
            known_images=KnownImages(self.ledger),
            replies=SealedReplies(Path("/nonexistent")),
            settings=settings_,
            listen=lambda _event: None,
            sleep=self.halt.sleep,
            clock=loop.time,
        )
        await self.ledger.begin(self.run)

        async def work(job):
            self.delivered.append((job.key, await purchasing.buy(job)))

        running = asyncio.create_task(work_through(weather.jobs, work, workers=weather.workers))
        if weather.drained is not None:
            loop.call_later(weather.drained, self._drain)
        if weather.aborted is not None:
            loop.call_later(weather.aborted, running.cancel)
        with suppress(asyncio.CancelledError):
            await running
        self.cancelled = running.cancelled()
        self.ended = loop.time()
        await asyncio.sleep(2 * weather.commit + 0.001)
        await self.ledger.close()

    def _drain(self):
        self.halt.because(Interrupted(signal_name="SIGINT", exit_code=130))


def jobs_of(qualities):
    return [
        a_job(f"p{n}/4x3", quality=quality, prompt=f"photo {n}")
        for n, quality in enumerate(qualities)
    ]


endings = st.builds(
    Ending,
    kind=st.sampled_from(["yes", "yes", *(kind for kind in ERRORS if kind != "stopped")]),
    after=st.sampled_from([0.0, 0.0, 0.01, 1.0, 5.0, 60.0]),
    wait=st.sampled_from([None, 0.0, 0.5, 20.0, 300.0]),
)
weathers = st.builds(
    Weather,
    jobs=st.lists(st.sampled_from(BASE_QUALITIES), min_size=1, max_size=40).map(jobs_of),
    workers=st.integers(1, 32),
    limit=st.integers(1, 32),
    script=st.lists(endings, max_size=60),
    budget=st.none() | st.integers(0, 120),
    per_minute=st.none() | st.sampled_from([6, 60, 600]),
    commit=st.sampled_from([0.0, 0.001, 0.05]),
    honoured=st.booleans(),
    doubts=st.sampled_from([0, 1, 3]),
    failures=st.none() | st.integers(0, 5),
    drained=st.none() | st.sampled_from([0.0, 0.0005, 0.05, 1.0, 30.0]),
    aborted=st.none() | st.sampled_from([0.0, 0.0005, 0.02, 0.05, 1.0, 2.5, 31.0, 400.0]),
)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(weathers)
def test_whatever_comes_no_run_hangs_overspends_or_leaks_a_permit(weather):
    storm = Storm(weather)
    in_virtual_time(storm.live())
    storm.look()
    event("aborted" if storm.cancelled else f"halted: {type(storm.halt.reason).__name__}")
    assert (storm.pace.in_flight, storm.reservations.in_flight, storm.provider.flying) == (0, 0, 0)
    assert list(storm.store.open_attempts(storm.run.campaign)) == []
    bought = {}
    for (prompt, _key), prices in storm.provider.charges.items():
        bought.setdefault(prompt, []).extend(prices)
    assert all(len(prices) == 1 for prices in bought.values())
    if storm.halted_at:
        late = [when for when, _ in storm.provider.posts if when > storm.halted_at[0] + 0.11]
        assert not late, "asked for an image after the run had stopped buying"
    if not storm.cancelled:
        assert sorted(key for key, _ in storm.delivered) == sorted(job.key for job in weather.jobs)

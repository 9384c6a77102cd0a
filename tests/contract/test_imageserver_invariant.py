"""Thousands of mixed requests with faults, a kill -9 in the middle, and books that add up."""

import asyncio
import itertools
import json
import random
import signal
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import apsw
import pytest
from image_server_client import DOCUMENTED

import pipeline
from pipeline.imageserver.options import Engine, Idempotency, ServerSettings
from pipeline.imageserver.server import ImageServer

START = 1_000_000
FAULT_GUIDE = [
    {"fault": "status", "status": 500, "when": "after", "chance": 0.05},
    {"fault": "status", "status": 429, "retry_after": 0, "chance": 0.05},
    {"fault": "drop", "when": "before", "chance": 0.03},
    {"fault": "drop", "when": "after", "chance": 0.03},
    {"fault": "drop-body", "chance": 0.03},
    {"fault": "empty-data", "chance": 0.03},
    {"fault": "html", "chance": 0.03},
]
SERVER = """
import asyncio, json, sys
from pathlib import Path
from pipeline.imageserver.options import Engine, ServerSettings, Idempotency
from pipeline.imageserver.server import ImageServer

async def main():
    settings = ServerSettings(
        state=Path(sys.argv[1]), engine=Engine.NONE, credits=int(sys.argv[2]),
        idempotency=Idempotency.REPLAY, faults=Path(sys.argv[3]),
    )
    async with ImageServer(settings) as server:
        print(json.dumps({"url": server.url, "key": server.key}), flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""
WISHES = [
    ("generate", DOCUMENTED),
    ("generate", DOCUMENTED | {"quality": "low", "n": 3}),
    ("generate", {"prompt": "a soda"}),
    ("jobs", DOCUMENTED | {"quality": "medium"}),
    ("generate", DOCUMENTED | {"n": 99}),
    ("generate", DOCUMENTED | {"prompt": "a nude statue"}),
]


@dataclass
class Crowd:
    """Clients that keep buying, each purchase under a key of its own, some of them twice."""

    url: str
    key: str
    keys: "itertools.count[int]"
    busy: int
    """So many answers after which somebody else may act."""
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    answers: Counter[str] = field(default_factory=Counter)
    images: set[str] = field(default_factory=set)

    async def buy(self, seed: int, *, until: int) -> None:
        chance = random.Random(seed)  # noqa: S311 - repeatable, no secret
        async with aiohttp.ClientSession() as session:
            while self.answers.total() < until:
                route, body = chance.choice(WISHES)
                key = f"k-{next(self.keys)}"
                for _ in range(chance.choice((1, 1, 2))):
                    await self._ask(session, route, body, key)

    async def _ask(
        self, session: aiohttp.ClientSession, route: str, body: dict[str, object], key: str
    ) -> None:
        headers = {"Authorization": f"Bearer {self.key}", "Idempotency-Key": key}
        try:
            async with session.post(
                f"{self.url}/v1/images/{route}", json=body, headers=headers
            ) as response:
                reply = await response.json()
        except (aiohttp.ClientError, ValueError) as error:
            self._count(type(error).__name__)
            return
        self._count(str(response.status))
        if response.status == 200 and reply["data"]:
            self.images |= {aiohttp.client.URL(i["url"]).name for i in reply["data"]["images"]}

    def _count(self, ending: str) -> None:
        self.answers[ending] += 1
        if self.answers.total() >= self.busy:
            self.reached.set()


async def trade(folder: Path, crowd_size: int, *, until: int, keys: "itertools.count[int]"):
    """A server of its own process, a crowd, and SIGKILL while everybody is still buying."""
    server = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", SERVER, str(folder / "state"), str(START)),
        str(folder / "faults.json"),
        env={"PYTHONPATH": str(Path(pipeline.__file__).parents[1])},
        stdout=asyncio.subprocess.PIPE,
    )
    assert server.stdout is not None
    ready = json.loads(await server.stdout.readline())
    crowd = Crowd(ready["url"], ready["key"], keys, busy=until * 9 // 10)
    async with asyncio.TaskGroup() as group:
        for seed in range(crowd_size):
            group.create_task(crowd.buy(seed, until=until))
        await crowd.reached.wait()
        server.send_signal(signal.SIGKILL)
    await server.wait()
    return crowd


@pytest.mark.parametrize("requests", [400, pytest.param(10_000, marks=pytest.mark.thorough)])
async def test_the_books_add_up_after_mixed_requests_with_faults_and_a_kill(
    tmp_path: Path, requests: int
):
    (tmp_path / "faults.json").write_text(json.dumps({"seed": 5, "rules": FAULT_GUIDE}))
    keys = itertools.count()
    crowds = [await trade(tmp_path, 24, until=requests // 2, keys=keys) for _ in range(2)]
    settings = ServerSettings(
        state=tmp_path / "state",
        engine=Engine.NONE,
        credits=START,
        idempotency=Idempotency.REPLAY,
    )
    async with ImageServer(settings) as server:
        standing = server.totals()
        charges = server.charges()
    assert sum(crowd.answers.total() for crowd in crowds) >= requests
    assert {"200", "202", "400"} <= set(crowds[0].answers)
    assert standing.reserved == 0
    assert standing.start == (standing.remaining or 0) + standing.charged
    assert standing.charged == sum(capture.credits for capture in charges)
    assert max(Counter(capture.idempotency_key for capture in charges).values()) == 1
    sold = {picture.name for capture in charges for picture in capture.pictures}
    assert set.union(*(crowd.images for crowd in crowds)) <= sold
    assert _endings(tmp_path / "state" / "books.db") == {1}


def _endings(books: Path) -> set[int]:
    """How many endings the purchases have: each was captured or released, once."""
    connection = apsw.Connection(str(books))
    rows = connection.execute(
        "SELECT DISTINCT (SELECT count(*) FROM entry WHERE purchase = p.id AND kind <> 'reserve')"
        " FROM purchase AS p"
    ).fetchall()
    connection.close()
    return {count for (count,) in rows}

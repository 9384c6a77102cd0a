"""Whole commands as a user runs them: plans of many cells, a rerun with nothing due, start-up.

CPU is of the command and everything that it started; memory is its largest process.
"""

import asyncio
import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from builders import a_run
from postgres_server import execute, start_server

from pipeline.campaign.loading import load_campaign
from pipeline.ledger.registry import open_ledger
from pipeline.ledger.rules import buying, settling
from pipeline.model.artifact import Alpha, Artifact, ImageKind
from pipeline.model.money import Amount, Budget
from pipeline.model.outcome import Receipt
from pipeline.prompts.jobs import plan_drafts
from pipeline.providers.registry import account_at, profiles

ROOT = Path(__file__).resolve().parents[2]
NOWHERE = "http://127.0.0.1:9"
"""Whoever sends anything there is told so."""

CAMPAIGN = """\
campaign: big
provider: gptimage
data: {products: {source: products.csv, key: sku}}
matrix:
  product: {from: products}
  size: [1:1, 4:3, 16:9, 9:21, 1:2]
prompt: |
  A photorealistic product photo of {{ product.look }} on a marble table, soft morning light,
  centered framing, poster layout with the headline "{{ product.headline }}".
stages:
  draft: {quality: low, takes: TAKES, review: none}
"""
CELLS_PER_ROW = 5
TAKES = 2
GROUP = 2000


@dataclass(frozen=True)
class Cost:
    cpu: float
    wall: float
    megabytes: float
    out: str
    err: str
    code: int


def command(*words, folder, ledger=""):
    """One command of the pipeline and what it cost; `ledger` is the address of a shared one."""
    with (
        tempfile.TemporaryFile("w+") as out,
        tempfile.TemporaryFile("w+") as err,
        subprocess.Popen(
            [sys.executable, *map(str, words)],
            cwd=folder,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(folder),
                "PYTHONPATH": str(ROOT),
                "GPTIMAGE_BASE_URL": NOWHERE,
                "GPTIMAGE_API_KEY": "bench",
                **({"PIPELINE_LEDGER": ledger} if ledger else {}),
            },
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
        ) as process,
    ):
        began = time.monotonic()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.monotonic() - began
        out.seek(0)
        err.seek(0)
        return Cost(
            cpu=used.ru_utime + used.ru_stime,
            wall=wall,
            megabytes=used.ru_maxrss / 1024,
            out=out.read(),
            err=err.read(),
            code=process.returncode,
        )


def write_campaign(folder, rows, *, takes):
    """A campaign of a feed with so many products."""
    with (folder / "products.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["sku", "look", "headline"])
        table.writerows(
            (f"sku-{row}", f"a glass bottle no. {row}", f"FRESH {row}") for row in range(rows)
        )
    file = folder / "big.yaml"
    file.write_text(CAMPAIGN.replace("TAKES", str(takes)))
    return file


def plan(cells, *, takes):
    """What `pipeline plan` of so many cells costs, with so many images each."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        file = write_campaign(folder, cells // CELLS_PER_ROW, takes=takes)
        cost = command("-m", "pipeline", "plan", file, "--json", folder=folder)
        assert cost.code == 0, cost.err[-500:]
        return cost


async def store_all(folder, file, output):
    """Every image of the campaign, bought and stored as far as ledger and disk can tell."""
    loaded = load_campaign(file, profiles=profiles())
    run = a_run(campaign="big", account=account_at(loaded.campaign.provider, NOWHERE))
    ledger = await open_ledger(output)
    await ledger.begin(run)
    group = []
    for job in plan_drafts(loaded):
        group.append(job)
        if len(group) == GROUP:
            await ledger._write(_bought(group, run))
            _put(output, group)
            group = []
    await ledger._write(_bought(group, run))
    _put(output, group)
    await ledger.close()


def _bought(jobs, run):
    def verb(books, now):
        for job in jobs:
            permit = buying.submit(books, now, job, run=run, budget=Budget())
            receipt = Receipt(url=f"{NOWHERE}/{job.key}.png", amount=Amount(2), raw=b"{}")
            settling.paid(books, now, permit, receipt)
            settling.stored(books, job.key, _artifact(job))

    return verb


def _artifact(job):
    return Artifact(
        path=f"big/{job.path}",
        sha256=job.key * 2,
        bytes=1,
        kind=ImageKind.PNG,
        width=1024,
        height=1024,
        alpha=Alpha.NONE,
    )


def _put(root, jobs):
    for job in jobs:
        place = root / "big" / job.path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(b"x")


def rerun(jobs):
    """What two reruns with nothing due cost: the first one, and the one after it."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        file = write_campaign(folder, jobs // CELLS_PER_ROW // TAKES, takes=TAKES)
        output = folder / "output"
        output.mkdir()
        asyncio.run(store_all(folder, file, output))
        os.sync()  # the kernel writing 100,000 files meanwhile would be measured as well
        costs = []
        for _ in range(2):
            words = ("run", file, "--output", output, "-q", "--yes")
            cost = command("-m", "pipeline", *words, folder=folder)
            assert cost.code == 0, cost.err[-500:]
            costs.append(cost)
        manifest = json.loads((output / "big" / "latest" / "manifest.json").read_text())
        assert manifest["totals"]["stored"] == manifest["totals"]["jobs"], manifest["totals"]
        return costs


ON_A_LEDGER = (
    ("run", "big.yaml", "-q", "--yes"),
    ("plan", "big.yaml"),
    ("status",),
    ("status", "big.yaml"),
    ("ls", "big.yaml"),
    ("cost", "big.yaml"),
    ("explain", "big.yaml", "sku-1/1x1"),
    ("verify", "big.yaml"),
    ("resolve", "big.yaml"),
    ("gc",),
    ("approve", "big.yaml", "sku-1/*", "--take", "1"),
)


def on_both_ledgers(jobs, rounds=3):
    """Yield commands with the least seconds that each took on a file, and in Postgres.

    The server's work counts as well, so it is wall time; both are measured in turn.
    """
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        server = start_server(folder / "server")
        try:
            execute(server.get_uri(), "create database bench")
            address = server.get_uri("bench")
            file = write_campaign(folder, jobs // CELLS_PER_ROW // TAKES, takes=TAKES)
            (folder / "file").mkdir()
            asyncio.run(store_all(folder, file, folder / "file"))
            words = ("ledger", "copy", folder / "file" / "ledger.db", "PIPELINE_LEDGER")
            copied = command("-m", "pipeline", *words, folder=folder, ledger=address)
            assert copied.code == 0, copied.err
            without = shutil.ignore_patterns("ledger.db*")
            shutil.copytree(folder / "file", folder / "shared", ignore=without)
            os.sync()
            costs = {words: ([], []) for words in ON_A_LEDGER}
            for words, pair in [*costs.items()] * rounds:
                for output, ledger, measured in (
                    ("file", "", pair[0]),
                    ("shared", address, pair[1]),
                ):
                    more = () if words[0] == "explain" else ("--output", folder / output)
                    ended = command("-m", "pipeline", *words, *more, folder=folder, ledger=ledger)
                    assert ended.code in {0, 3, 5}, (words, output, ended.err[-500:])
                    measured.append(ended.wall)
        finally:
            server.cleanup()
    for words, (here, shared) in costs.items():
        yield words, min(here), min(shared)


STARTS = (
    ("--help",),
    ("status",),
    ("status", "campaigns/tea.yaml"),
    ("ls", "campaigns/tea.yaml"),
    ("cost",),
    ("cost", "campaigns/tea.yaml"),
    ("log", "campaigns/tea.yaml"),
)


def starts(rounds=15):
    """Yield quick commands, and their CPU milliseconds above a bare python: the least of each.

    They are measured in turn, so that a neighbour on the machine slows all of them down alike. The
    folder holds a campaign that has been rendered.
    """
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for words in (("init", "tea"), ("run", "campaigns/tea.yaml", "--yes")):
            made = command("-m", "pipeline", *words, folder=folder)
            assert made.code == 0, made.err
        costs = {words: [] for words in ((), *STARTS)}
        for _ in range(rounds):
            for words, measured in costs.items():
                whole = ("-m", "pipeline", *words) if words else ("-c", "pass")
                measured.append(command(*whole, folder=folder).cpu)
        bare = min(costs.pop(()))
        for words, measured in costs.items():
            yield words, 1000 * (min(measured) - bare)

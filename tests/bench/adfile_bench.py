"""A thousand ad files: CPU of a file by its format, memory of the workers, buying beside them.

The images are pictures of the image server's studio with 2 Mpx, as finals have. A source's own cost
is that of its first ad file less that of a further one.
"""

import asyncio
import hashlib
import os
import resource
import sys
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median

import render_bench

from pipeline.adfiles.derive import AdFileTask, Derive
from pipeline.campaign.matrix.placements import placements
from pipeline.executors.local import LocalExecutor
from pipeline.images.local.store import LocalImageStore
from pipeline.imageserver.painting.painter import PaintOrder, PaintQuality
from pipeline.imageserver.studio import proof
from pipeline.model.adfiles.ad_file import AdFile, FileLabels, Recipe
from pipeline.model.adfiles.placement import ImageFormat

PLACES = (
    "meta-feed-portrait", "instagram-story", "google-landscape", "pinterest-pin", "half-page",
    "medium-rectangle", "skyscraper", "meta-vertical", "billboard", "leaderboard",
)  # fmt: skip
FORMATS = (ImageFormat.JPG, ImageFormat.PNG, ImageFormat.WEBP, ImageFormat.AVIF)
SOURCES = 6
BUYING = {"jobs": 120, "at_once": 12, "size": 300_000}
PROMPT = 'Poster for a bottle of {} soda on a wet table, headline "{}", label "{}"'
LABELS = FileLabels(source_type="algorithmicMedia")


@dataclass(frozen=True, kw_only=True)
class Figures:
    made: int
    seconds: float
    cpu_each: float
    early: float
    """MiB of the largest worker after a tenth of the files, and after all."""
    late: float
    alone: float
    """Wall efficiency of buying alone, and while the files are made."""
    beside: float
    cpu: dict = field(default_factory=dict)
    """CPU seconds of a file, by format."""
    source: float = 0.0
    """CPU seconds of reading and measuring a source."""


def measure(files=1000):
    with tempfile.TemporaryDirectory(prefix="adfile-bench-") as folder:
        images = LocalImageStore(Path(folder))
        names = [_paint(images, Path(folder), number) for number in range(SOURCES)]
        cpu = {form: _cpu_of(images, names[0], form) for form in FORMATS}
        found = asyncio.run(_many(images, names, files))
        return replace(found, cpu=cpu, source=_cpu_of_source(images, names[:3]))


def _paint(images, folder, number):
    word = ("LEMON", "LIME", "BERRY", "MINT", "PEACH")[number % 5]
    prompt = PROMPT.format(word.lower(), f"{word} {number}", word)
    ratio = ((1, 1), (4, 5), (16, 9))[number % 3]
    png = proof.paint(PaintOrder(prompt=prompt, ratio=ratio, quality=PaintQuality.MEDIUM)).png
    (folder / f"{number}.png").write_bytes(png)
    return f"{number}.png", hashlib.sha256(png).hexdigest()


def _task(images, source, files):
    """Ad files of one image: pairs of a placement and a format, with a number each."""
    path, sha256 = source
    tasks = []
    for number, (place, form) in files:
        placement = placements()[place]
        recipe = Recipe(
            source_sha256=sha256,
            placement=place,
            pixels=placement.pixels,
            safe=placement.safe,
            format=form,
            max_kb=placement.max_kb,
            enlarge=4.0,
            labels=LABELS,
        )
        tasks.append(AdFileTask(recipe=recipe, path=f"c/{number}-{place}.{form}"))
    return Derive(images=images.location, source=path, files=tuple(tasks))


def _spent(task):
    before = time.process_time()
    task.run()
    return time.process_time() - before


def _cpu_of(images, source, form):
    """The mean over all placements, without the source's own cost."""
    every = [(number, (place, form)) for number, place in enumerate(PLACES)]
    one = _spent(_task(images, source, every[:1]))
    return (_spent(_task(images, source, every)) - one) / (len(every) - 1)


def _cpu_of_source(images, names):
    found = []
    for source in names:
        small = [(n, ("medium-rectangle", ImageFormat.JPG)) for n in range(3)]
        one, three = (_spent(_task(images, source, small[:count])) for count in (1, 3))
        found.append(one - (three - one) / 2)
    return median(found)


async def _many(images, names, files):
    alone = await render_bench.wall_efficiency(**BUYING)
    pairs = [(place, form) for place in PLACES for form in (ImageFormat.JPG, ImageFormat.WEBP)]
    numbered = [(number, pairs[number % len(pairs)]) for number in range(files)]
    step = -(-files // (SOURCES * 5))
    tasks = [
        _task(images, names[at % SOURCES], numbered[first : first + step])
        for at, first in enumerate(range(0, files, step))
    ]
    workers, seen, running = LocalExecutor(), [], asyncio.Event()

    async def make():
        made, free = [], asyncio.Semaphore(workers.at_once)

        async def one(task):
            async with free:
                made.extend(await workers.run(task))
                seen.append(_largest_child())
                running.set()

        async with asyncio.TaskGroup() as group:
            for task in tasks:
                group.create_task(one(task))
        return sum(isinstance(found, AdFile) for found in made)

    async with workers:
        before, started = _children(), time.monotonic()
        making = asyncio.create_task(make())
        await running.wait()
        beside = await render_bench.wall_efficiency(**BUYING)
        made = await making
        seconds = time.monotonic() - started
    return Figures(
        made=made,
        seconds=seconds,
        cpu_each=(_children() - before) / files,
        early=seen[len(seen) // 10],
        late=max(seen),
        alone=alone,
        beside=beside,
    )


def _largest_child():
    """MiB of the largest process that this one started."""
    largest = 0
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            fields = dict(row.split(":", 1) for row in status.read_text().splitlines())
        except OSError:
            continue
        if int(fields["PPid"]) == os.getpid() and "VmRSS" in fields:
            largest = max(largest, int(fields["VmRSS"].split()[0]))
    return largest / 1024


def _children():
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


if __name__ == "__main__":
    print(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 1000))

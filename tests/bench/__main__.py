"""`python -m tests.bench [NAME …]`: ratios, each measured side by side in one run.

Absolute times mean nothing on a shared machine; the goals stand beside what was measured, and so
does the load of the machine. Each bench has a process of its own, so that none inherits another's
memory.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import adfile_bench  # noqa: E402
import campaign_bench  # noqa: E402 - beside this file, which is no package
import imageserver_bench  # noqa: E402
import ledger_bench  # noqa: E402
import render_bench  # noqa: E402
import review_bench  # noqa: E402
import scale_bench  # noqa: E402
import sealed_bench  # noqa: E402
import store_bench  # noqa: E402


def cpu(_jobs):
    """The main process, nobody looking at the images."""
    mine, loop, others = asyncio.run(render_bench.cpu_beside())
    told = f"{mine - loop:.1f} ms more ({mine:.1f}, {loop:.1f}; requests {others:.1f})"
    yield "CPU per image against a bare aiohttp loop, 1.3 MB", told, "≤ 1 ms + 0.8 ms/MB"


def whole(_jobs):
    """All processes, with decoding, alpha, checks and thumbs."""
    costs = asyncio.run(render_bench.cpu_ratios(render_bench.looked_at, jobs=60, at_once=16))
    yield from _ratio("  the same, decoded and thumbed, all processes", costs, "honest")
    pace = {"jobs": 60, "at_once": 12, "size": 1_300_000}
    unseen = asyncio.run(render_bench.wall_efficiency(**pace))
    seen = asyncio.run(render_bench.wall_efficiency(render_bench.looked_at, **pace))
    told = f"{seen:.3f} ({unseen:.3f} unseen)"
    yield "  wall efficiency while looking, 60 of 1 s, 12 at once", told, "unchanged"


def _ratio(name, costs, goal):
    ratios = [mine / loop for mine, loop in costs]
    mine, loop = costs[len(costs) // 2]
    spread = f"{ratios[len(ratios) // 2]:.2f}× ({ratios[0]:.2f}–{ratios[-1]:.2f})"
    yield name, spread, goal
    yield "  the pipeline, the bare loop, median pair", f"{mine:.2f} ms, {loop:.2f} ms", ""


def sealed(_jobs):
    """Replies that hold the image, of an image of 3 MB."""
    mine, loop, official = asyncio.run(sealed_bench.cpu())
    told = f"{mine - loop:.1f} ms more ({mine:.1f}, {loop:.1f}; openai-python {official:.1f})"
    yield "CPU per image in a reply against a bare loop, 3 MB", told, "≤ 1 ms + 0.8 ms/MB"


def sealed_memory(_jobs):
    """Replies that hold the image, in a process that did nothing else before."""
    peak = asyncio.run(sealed_bench.peak_memory())
    yield "memory, 200 replies of 20 MB in flight", f"{peak:.0f} MiB", "≤ 400 MiB"


def wall(_jobs):
    """How much longer than the provider's own time it takes."""
    loop = asyncio.run(render_bench.wall_efficiency(render_bench.bare))
    share = asyncio.run(render_bench.wall_efficiency())
    told = f"{share:.3f} (bare loop {loop:.3f})"
    yield "wall efficiency, 2000 jobs of 1 s, 200 at once", told, "≥ 0.97"


def store(jobs):
    """A run that uploads to an object store, beside the same run without one."""
    without, beside, tail = asyncio.run(store_bench.efficiency(jobs=jobs or 160))
    yield "wall efficiency of a run with uploads", f"{beside:.3f} (without {without:.3f})", "equal"
    yield "  from the last image to the end of the run", f"{tail:.1f} s", ""


def memory(_jobs):
    """What a thousand images in flight weigh."""
    peak = asyncio.run(render_bench.peak_memory())
    yield "memory, 1000 images of 4 MB at once", f"{peak:.0f} MiB", "≤ 300 MiB"


def ledger(jobs):
    """Durable transitions."""
    for name, value in ledger_bench.measure(jobs or 100_000).items():
        yield name.replace("_", " "), _plain(value), LEDGER_GOALS.get(name, "")


def shared(jobs):
    """Commands on a ledger in Postgres, beside the same on a file."""
    for words, here, there in campaign_bench.on_both_ledgers(jobs or 10_000):
        told = f"{there / here:.2f}× ({there:.2f} s, {here:.2f} s)"
        yield f"pipeline {' '.join(words)[:40]}, in Postgres", told, "≤ 1.5×"
    for name, value in ledger_bench.measure_postgres(jobs or 10_000).items():
        yield f"  {name.replace('_', ' ')}", _plain(value), SHARED_GOALS.get(name, "")


def engine(_jobs):
    """The image server's own cost."""
    for name, value in imageserver_bench.measure().items():
        yield name.replace("_", " "), _plain(value), ""


def review(jobs):
    """The review page in a real browser, with ten thousand images."""
    seen = review_bench.measure(jobs or 10_000)
    told = f"{seen.middle('card'):.2f} s (best {seen.best('card'):.2f})"
    yield f"review of {jobs or 10_000:,} images: first card, cold", told, "≤ 0.4 s"
    told = f"{seen.middle('bare'):.2f} s (best {seen.best('bare'):.2f})"
    yield "  a page of plain text in the same browser", told, ""
    told = f"{seen.middle('picture'):.2f} s (best {seen.best('picture'):.2f})"
    yield "  first picture on a card", told, ""
    told = f"{seen.middle('page_cpu'):.2f} s and {seen.middle('server_cpu'):.2f} s"
    yield "  CPU until then, of the page and of the server", told, ""
    yield "  the index on the wire", f"{seen.index / 1000:.0f} kB", ""
    yield "  most nodes in the document", f"{seen.nodes}", "< 1,000"
    told = f"{seen.scroll_cpu:.2f} s ({seen.scroll_main:.2f} main thread)"
    yield "  5 s of scrolling, CPU of the renderer", told, "≤ 1.6 s"
    told = f"{seen.thumbs:,.0f} a second ({seen.thumbs_cpu:,.0f} a CPU second)"
    yield "  thumbs served", told, "≥ 400 a second"


def adfiles(jobs):
    """Ad files of studio pictures, made beside buying."""
    found = adfile_bench.measure(jobs or 1000)
    yield "CPU of reading and measuring a source", f"{found.source:.2f} s", "≤ 0.6 s"
    for form, seconds in found.cpu.items():
        goal = "≤ 0.25 s" if form is adfile_bench.ImageFormat.JPG else ""
        yield f"  of an ad file as {form}", f"{seconds:.3f} s", goal
    told = f"{found.seconds:.0f} s, {found.cpu_each:.3f} s CPU each"
    yield f"{found.made:,} ad files in the local pool, JPG and WebP", told, ""
    told = f"{found.early:.0f} MB, then {found.late:.0f} MB"
    yield "  the largest worker after a tenth of them, at most", told, "flat"
    told = f"{found.alone:.3f} alone, {found.beside:.3f} beside"
    yield "  wall efficiency of 120 images of 1 s, 12 at once", told, "unchanged"


def plan(jobs):
    """Plans of ten thousand and of a million cells, of one image each and of two."""
    for cells in [jobs] if jobs else [10_000, 1_000_000]:
        for takes in (1, 2):
            cost = campaign_bench.plan(cells, takes=takes)
            told = f"{cost.cpu:.1f} s, {cost.megabytes:.0f} MB"
            name = f"plan of {cells:,} cells, {takes * cells:,} images, CPU and memory"
            yield name, told, PLAN_GOALS.get((cells, takes), "")


def rerun(jobs):
    """Reruns with nothing due; a request would be refused."""
    jobs = jobs or 100_000
    first, second = campaign_bench.rerun(jobs)
    share = jobs / 100_000
    told = f"{first.cpu:.1f} s, {first.megabytes:.0f} MB"
    yield f"rerun of {jobs:,} stored jobs, CPU and memory", told, f"≤ {12 * share:.1f} s"
    told = f"{second.cpu:.1f} s, {second.megabytes:.0f} MB"
    yield "  once more, nothing changed (fast path)", told, f"≤ {2 * share:.1f} s"


def slope(jobs):
    """What an image adds to the memory of a rerun with nothing due, and of a plan."""
    few, many = 20_000, jobs or 100_000
    reruns = {size: campaign_bench.rerun(size)[0] for size in (few, many)}
    yield _projected("rerun with nothing due", reruns)
    plans = {size: campaign_bench.plan(size, takes=1) for size in (few, many)}
    yield _projected("plan", plans)


def _projected(name, costs):
    """Return a line with the slopes between two sizes, and what they say of a million and more."""
    (few, first), (many, second) = costs.items()
    each = (second.megabytes - first.megabytes) / (many - few)
    cpu = (second.cpu - first.cpu) / (many - few)
    sizes = (1_000_000, 10_000_000)
    ahead = ", ".join(
        f"{second.cpu + cpu * (size - many):.0f} s {second.megabytes + each * (size - many):.0f} MB"
        for size in sizes
    )
    told = f"{1e6 * each:.0f} B, {1e6 * cpu:.0f} µs"
    return f"{name}, {few:,} to {many:,} images: each image", told, f"1 and 10 million: {ahead}"


def small(jobs):
    """A run that renders tiny images, as many as come in eight minutes."""
    grown = scale_bench.small_images(jobs or 100_000, seconds=480)
    yield f"tiny images stored of {jobs or 100_000:,}", f"{grown.images:,}", ""
    yield "  images a second", f"{grown.per_second:.0f}", ""
    first, last = grown.samples[0].megabytes, grown.samples[-1].megabytes
    yield "  memory at the first and the last of them", f"{first:.0f} MB, {last:.0f} MB", "≤ 400 MB"
    yield "  growth for each image", f"{grown.bytes_per_image:.0f} B", "flat"


def page(jobs):
    """The page's server over stored images, without a browser."""
    ready, held, cells, most, size = scale_bench.page_server(jobs or 40_000)
    name = f"page of {jobs or 40_000:,} images: server ready"
    yield name, f"{ready:.1f} s, {held:.0f} MB", "a million: ≤ 3 s, ≤ 500 MB"
    told = f"{cells:.1f} s, {most:.0f} MB, {size / 1e6:.1f} MB"
    yield "  its cells: time, memory after them, size", told, "≤ 1 s"


def start(_jobs):
    """Start-up above a bare python."""
    for words, extra in campaign_bench.starts():
        shown = " ".join(Path(word).name for word in words)
        yield f"start: pipeline {shown}, above bare python", f"{extra:.0f} ms CPU", "≤ 80 ms"


def _plain(value):
    return f"{value:,.2f}" if isinstance(value, float) else str(value)


LEDGER_GOALS = {"transitions_per_second": "≥ 3000", "entries_cpu_s_per_100k": "≤ 3"}
SHARED_GOALS = {
    "transitions_per_second": "≥ 4000",
    "groups_per_second_at_1_ms": "≥ 150",
    "bytes_per_stored_job": "≤ 1500",
}
PLAN_GOALS = {(10_000, 1): "≤ 2 s", (1_000_000, 1): "≤ 60 s, ≤ 300 MB"}
"""By cells, and images of each."""
BENCHES = {
    bench.__name__: bench
    for bench in (
        cpu,
        whole,
        sealed,
        sealed_memory,
        wall,
        store,
        memory,
        ledger,
        shared,
        engine,
        start,
        review,
        adfiles,
        plan,
        rerun,
        slope,
        small,
        page,
    )
}


def main(words):
    """Run the benches that were named, each in a process of its own; exit 1 where one broke."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHES)} (all)")
    parser.add_argument("--jobs", type=int, help="jobs or cells, where a bench has some")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args(words)
    unknown = set(arguments.names) - set(BENCHES)
    if unknown:
        parser.error(f"there is no bench {', '.join(sorted(unknown))}")
    if arguments.here:
        for what, value, goal in BENCHES[arguments.names[0]](arguments.jobs):
            print(f"{what:<58} {value:>28}   {goal}", flush=True)
        return 0
    return max(_apart(name, arguments.jobs) for name in arguments.names or BENCHES)


def _apart(name, jobs):
    before, began = _noise(), time.monotonic()
    words = [sys.executable, "-m", "tests.bench", name, "--here"]
    code = subprocess.run(words + (["--jobs", str(jobs)] if jobs else []), check=False).returncode
    seconds, after = time.monotonic() - began, _noise()
    noise = f"load {os.getloadavg()[0]:.1f}, a fixed loop costs {before:.2f}–{after:.2f} × its best"
    print(f"{'':<58} ({name}: {seconds:.0f} s; {noise})", flush=True)
    return code


def _noise():
    """How much more CPU a fixed piece of work takes than at best: what neighbours do to ours."""
    costs = []
    for _ in range(40):
        began = time.process_time()
        sum(range(200_000))
        costs.append(time.process_time() - began)
    return max(1.0, sum(costs) / len(costs) / min(costs))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

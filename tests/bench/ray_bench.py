"""Tasks on a Ray cluster beside the local pool: time, and what a task costs the coordinator.

`python tests/bench/ray_bench.py FOLDER [IMAGES]` renders a campaign once, offline. Then it checks
all finals and makes all ad files again: in the local pool, and on a cluster with one and with two
cores. The files must be the same.
"""

import asyncio
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent)]

from executor_tasks import Square  # noqa: E402 - beside this file, which is no package
from ray_cluster import Cluster  # noqa: E402

from pipeline.executors.base import Executor  # noqa: E402
from pipeline.executors.inline import InlineExecutor  # noqa: E402
from pipeline.executors.local import LocalExecutor  # noqa: E402
from pipeline.executors.ray.executor import RayExecutor  # noqa: E402
from pipeline.images.local.store import LocalImageStore  # noqa: E402
from pipeline.images.transfer import ImageTransfer  # noqa: E402
from pipeline.inspection.task import Inspect  # noqa: E402

CAMPAIGN = """\
campaign: many
matrix:
  product: [{products}]
  size: [meta-feed-portrait, instagram-story, medium-rectangle, leaderboard]
prompt: |
  A photorealistic product photo of an amber bottle of {{{{ product }}}} on a wet studio table,
  premium lighting, poster layout with the headline "{{{{ product | upper }}}}".
stages: {{draft: {{quality: low, takes: 1, review: none}}, final: {{quality: medium}}}}
"""
RECORDS = ("adfiles.jsonl", "checks.jsonl", "contents.jsonl")


def pipeline(*words, folder):
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "RAY_AUTH_MODE": "disabled"}
    begun = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "pipeline", *map(str, words)],
        cwd=folder,
        env=environment | {"PYTHONPATH": f"{HERE.parents[1]}:{HERE.parent}"},
        check=True,
        capture_output=True,
    )
    return time.perf_counter() - begun


def rendered(folder, images):
    """Render the campaign, unless it is there, and return its file."""
    file = folder / "many.yaml"
    products = ", ".join(f"soda {number}" for number in range(-(-images // 4)))
    file.write_text(CAMPAIGN.format(products=products))
    pipeline("run", file, "--output", folder / "output", folder=folder)
    return file


def ad_files(folder):
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted((folder / "output" / "many" / "adfiles").rglob("*"))
        if path.is_file()
    }


def made_again(folder, file, *words):
    """Check the finals and make the ad files of a campaign whose records are gone; return both."""
    campaign = folder / "output" / "many"
    for name in RECORDS:
        (campaign / name).unlink(missing_ok=True)
    for path in campaign.joinpath("adfiles").rglob("*"):
        if path.is_file():
            path.unlink()
    common = (*words, "--output", folder / "output")
    checked = pipeline("verify", file, *common, folder=folder)
    return checked, pipeline("adfiles", file, *common, folder=folder)


async def overhead(executor: Executor, tasks):
    """Return milliseconds of this process's CPU and of time for each task; one at a time."""
    await executor.run(tasks[0])
    used, begun = time.process_time(), time.perf_counter()
    for task in tasks:
        await executor.run(task)
    count = len(tasks) / 1000
    return (time.process_time() - used) / count, (time.perf_counter() - begun) / count


async def overheads(address, image):
    """Print what a task costs the coordinator, by path and with its bytes."""
    small = [Square(number=n) for n in range(300)]
    async with RayExecutor(address) as executor:
        cpu, wall = await overhead(executor, small)
        print(f"an empty task on Ray            {cpu:.2f} ms CPU here, {wall:.2f} ms of time")
        used, begun = time.process_time(), time.perf_counter()
        await asyncio.gather(*map(executor.run, small))
        cpu, wall = time.process_time() - used, time.perf_counter() - begun
        print(f"  300 of them at once           {cpu / 0.3:.2f} ms CPU here, {wall / 0.3:.2f} ms")
    async with LocalExecutor() as executor:
        cpu, wall = await overhead(executor, small)
        print(f"an empty task in the local pool {cpu:.2f} ms CPU here, {wall:.2f} ms of time")
    images = LocalImageStore(image.parent)
    looks = [Inspect(images=images.location, path=image.name)] * 60
    print(f"an image of {image.stat().st_size / 1e6:.2f} MB, decoded and checked:")
    async with InlineExecutor() as executor:
        cpu, wall = await overhead(executor, looks)
        print(f"  in this process               {cpu:.2f} ms CPU here, {wall:.2f} ms of time")
    transfer = ImageTransfer(images)
    async with RayExecutor(address, transfer=transfer) as executor:
        cpu, wall = await overhead(executor, looks)
        print(f"  on Ray, by path               {cpu:.2f} ms CPU here, {wall:.2f} ms of time")
        transfer.end()
        cpu, wall = await overhead(executor, looks)
        print(f"  on Ray, with its bytes        {cpu:.2f} ms CPU here, {wall:.2f} ms of time")


def main(folder, images):
    folder.mkdir(parents=True, exist_ok=True)
    file = rendered(folder, images)
    finals = sorted((folder / "output" / "many" / "finals").rglob("*.png"))
    print(f"{len(finals)} finals, load {os.getloadavg()[0]:.1f}")
    largest = max(finals, key=lambda path: path.stat().st_size)
    clusters = []
    try:
        for cores in (1, 2):
            place = tempfile.mkdtemp(prefix="r", dir="/tmp")
            clusters.append(Cluster(place, cores=cores))
        asyncio.run(overheads(clusters[1].address, largest))
        choices = {"local pool": ()} | {
            f"Ray, {cores} core{'s' if cores > 1 else ''}": (
                *("--executor", "ray", "--ray-address", cluster.address),
            )
            for cores, cluster in enumerate(clusters, start=1)
        }
        expected = None
        for name, words in choices.items():
            checked, made = made_again(folder, file, *words)
            found = ad_files(folder)
            expected = expected or found
            same = "the same files" if found == expected else "OTHER FILES"
            told = f"checked in {checked:.1f} s, {len(found)} ad files in {made:.1f} s, {same}"
            print(f"{name:<14}  {told}, load {os.getloadavg()[0]:.1f}", flush=True)
            assert found == expected
    finally:
        for cluster in clusters:
            cluster.close()
            shutil.rmtree(cluster.folder, ignore_errors=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), int(sys.argv[2]) if len(sys.argv) > 2 else 200)

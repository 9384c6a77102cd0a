"""What every executor promises: in this process, in a pool, and in processes that share nothing."""

import asyncio
import os
import threading
import time
from pathlib import Path

import pytest
from encoded_pictures import END, SIGNATURE, chunk, encoded, header, pieces
from executor_tasks import ERRORS, Die, Fail, Note, Process, Square
from isolated_executor import IsolatedExecutor
from ray_cluster import NEEDS_RAY

from pipeline.adfiles.derive import AdFileTask, Derive
from pipeline.errors import ImageBroken, LocalFault, TaskDied, TaskFailed, UsageError
from pipeline.executors.inline import InlineExecutor
from pipeline.executors.local import LocalExecutor
from pipeline.executors.ray.executor import RayExecutor
from pipeline.executors.registry import open_executor
from pipeline.images.local.store import LocalImageStore
from pipeline.images.thumbs import SIDES, thumb_path
from pipeline.inspection.task import Inspect, inspect_of
from pipeline.model.adfiles.ad_file import FileLabels, Recipe
from pipeline.model.adfiles.placement import ImageFormat
from pipeline.model.providers.request import Background
from pipeline.settings import ExecutorName, ExecutorSettings, read_settings

# Structure and every CRC are right, and the pixels are none.
UNDECODABLE = SIGNATURE + header(64, 48) + chunk(b"IDAT", b"not deflated") + END

RAY = pytest.param("ray", marks=NEEDS_RAY)
OTHER_PROCESSES = ["local", "isolated", RAY]
ALL = ["inline", *OTHER_PROCESSES]


def newly_opened(kind, request):
    match kind:
        case "inline":
            return InlineExecutor()
        case "local":
            return LocalExecutor(2)
        case "isolated":
            return IsolatedExecutor()
        case "ray":
            return RayExecutor(request.getfixturevalue("ray_cluster")[0])


@pytest.fixture(params=ALL)
async def executor(request):
    if request.param == "ray":
        yield request.getfixturevalue("ray_executor")
    else:
        async with newly_opened(request.param, request) as opened:
            yield opened


@pytest.fixture(params=OTHER_PROCESSES)
async def outside(request):
    if request.param == "ray":
        yield request.getfixturevalue("ray_executor")
    else:
        async with newly_opened(request.param, request) as opened:
            yield opened


def test_every_executor_that_can_be_named_is_held_to_the_contract():
    opened = {name: type(open_executor(ExecutorSettings(name=name))) for name in ExecutorName}
    assert opened == {"inline": InlineExecutor, "local": LocalExecutor, "ray": RayExecutor}
    assert type(open_executor()) is LocalExecutor
    with pytest.raises(UsageError, match=r"PIPELINE_EXECUTOR=cloud: .* there are: local, inline"):
        read_settings({"PIPELINE_EXECUTOR": "cloud"})


async def test_a_task_returns_what_it_would_return_here(executor):
    task = Square(number=12)
    assert await executor.run(task) == task.run() == (12, 144)


async def test_a_task_may_be_run_again(executor):
    assert [await executor.run(Square(number=3)) for _ in range(2)] == [(3, 9)] * 2


async def test_many_run_at_once_and_each_gets_its_own_answer(executor):
    found = await asyncio.gather(*(executor.run(Square(number=number)) for number in range(12)))
    assert found == [(number, number**2) for number in range(12)]


async def test_the_event_loop_turns_while_a_task_runs(executor):
    running = asyncio.ensure_future(executor.run(Square(number=2, seconds=0.3)))
    turns = 0
    while not running.done():
        await asyncio.sleep(0.01)
        turns += 1
    assert (await running, turns > 2) == ((2, 4), True)


@pytest.mark.parametrize("error", [name for name in ERRORS if name != "foreign"])
async def test_an_error_arrives_as_it_was_raised(executor, error):
    """Six errors of the pipeline did not survive a pickle, and broke the pool they came from."""
    raised = ERRORS[error]()
    with pytest.raises(type(raised)) as arrived:
        await executor.run(Fail(error=error))
    assert str(arrived.value) == str(raised)
    assert arrived.value.args == raised.args
    assert vars(arrived.value) == vars(raised)


async def test_an_error_that_cannot_be_rebuilt_arrives_in_words_and_breaks_nothing(outside):
    with pytest.raises(TaskFailed, match="Foreign: foreign: of no house"):
        await outside.run(Fail(error="foreign"))
    assert await outside.run(Square(number=2)) == (2, 4)


async def test_a_caller_that_is_cancelled_waits_no_longer_and_harms_nobody(executor):
    waiting = asyncio.ensure_future(executor.run(Square(number=2, seconds=0.5)))
    other = asyncio.ensure_future(executor.run(Square(number=3)))
    await asyncio.sleep(0.1)
    waiting.cancel()
    begun = time.monotonic()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert time.monotonic() - begun < 0.3
    assert await other == (3, 9)
    assert await executor.run(Square(number=4)) == (4, 16)


@pytest.mark.parametrize("kind", ALL)
async def test_leaving_drops_what_has_not_begun(tmp_path, kind, request):
    notes = [str(tmp_path / str(number)) for number in range(12)]
    async with newly_opened(kind, request) as executor:
        waiting = [asyncio.ensure_future(executor.run(Note(path=p, seconds=0.2))) for p in notes]
        await asyncio.sleep(0.05)
        for one in waiting:
            one.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
    ran = [path for path in notes if Path(path).exists()]
    await asyncio.sleep(0.3)
    assert [path for path in notes if Path(path).exists()] == ran
    assert len(ran) < len(notes)


@pytest.mark.parametrize("kind", ALL)
async def test_nothing_is_left_behind(kind, request):
    executor = newly_opened(kind, request)
    threads = set(threading.enumerate())
    async with executor:
        process = await executor.run(Process())
    deadline = time.monotonic() + (10 if kind == "ray" else 0)  # a cluster ends its own processes
    while process != os.getpid() and Path(f"/proc/{process}").exists():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)
    assert [one for one in set(threading.enumerate()) - threads if "asyncio" not in one.name] == []


async def test_a_task_whose_process_was_killed_is_run_once_more(outside, tmp_path):
    assert await outside.run(Die(once=str(tmp_path / "died"))) == "alive"
    assert await outside.run(Square(number=2)) == (2, 4)


async def test_a_task_that_kills_every_process_is_told_and_no_other_suffers(outside):
    """It broke the pool a second time, and every task that had been in it was said to be broken."""
    tasks = [Square(number=1, seconds=0.2), Die(), *(Square(number=n) for n in range(2, 8)), Die()]
    found = await asyncio.gather(*map(outside.run, tasks), return_exceptions=True)
    died = [one for one in found if isinstance(one, TaskDied)]
    assert [str(one) for one in died] == ["Die ended every process it ran in"] * 2
    assert [one for one in found if one not in died] == [(n, n**2) for n in range(1, 8)]
    assert await outside.run(Square(number=9)) == (9, 81)


async def test_an_image_is_inspected_and_gets_its_thumbs(executor, tmp_path):
    images = LocalImageStore(tmp_path)
    artifact = await images.put("c/a.png", pieces(encoded("PNG", mode="RGBA", alpha=0)))
    task = inspect_of(
        images.location, artifact, campaign="c", size="4:3", background=Background.OPAQUE
    )
    found = await executor.run(task)
    assert found == task.run()
    assert (found.image.width, found.image.height) == (64, 48)
    assert [check.name for check in found.checks if not check.passed] == ["alpha"]
    paths = [thumb_path("c", artifact.sha256, side) for side in SIDES]
    assert list(images.stat_many(paths)) == paths


async def test_what_is_wrong_with_an_image_is_told(executor, tmp_path):
    images = LocalImageStore(tmp_path)
    images.write("c/a.png", UNDECODABLE)
    with pytest.raises(ImageBroken, match="cannot be decoded"):
        await executor.run(Inspect(images=images.location, path="c/a.png"))
    with pytest.raises(LocalFault, match=r"c/b\.png: No such file"):
        await executor.run(Inspect(images=images.location, path="c/b.png"))


def recipe_of(artifact, **settings):
    return Recipe(
        source_sha256=artifact.sha256,
        placement="square-200",
        format=ImageFormat.JPG,
        labels=FileLabels(source_type="algorithmicMedia"),
        **{"pixels": (48, 48), **settings},
    )


async def test_ad_files_are_derived_anywhere_and_one_refusal_leaves_the_others(executor, tmp_path):
    images = LocalImageStore(tmp_path)
    artifact = await images.put("c/a.png", pieces(encoded("PNG")))
    good, large = recipe_of(artifact), recipe_of(artifact, pixels=(900, 900))
    task = Derive(
        images=images.location,
        source=artifact.path,
        files=(AdFileTask(recipe=large, path="c/l.jpg"), AdFileTask(recipe=good, path="c/g.jpg")),
    )
    refused, made = await executor.run(task)
    assert (refused, made) == task.run()
    assert "have to be enlarged" in refused.reason
    assert (made.path, made.width, made.height) == ("c/g.jpg", 48, 48)
    assert images.stat_many(["c/g.jpg", "c/l.jpg"]) == {"c/g.jpg": made.bytes}


async def test_an_image_that_is_gone_or_broken_arrives_as_such_an_error(executor, tmp_path):
    images = LocalImageStore(tmp_path)
    artifact = await images.put("c/a.png", pieces(encoded("PNG")))
    file = AdFileTask(recipe=recipe_of(artifact), path="c/g.jpg")
    task = Derive(images=images.location, source=artifact.path, files=(file,))
    (tmp_path / "c/a.png").write_bytes(UNDECODABLE)
    with pytest.raises(ImageBroken, match="is not the image that was approved"):
        await executor.run(task)
    (tmp_path / "c/a.png").unlink()
    with pytest.raises(ImageBroken, match=r"c/a\.png is missing"):
        await executor.run(task)

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import small_painters

import pipeline
from pipeline.imageserver.api.refusal import RefusedError
from pipeline.imageserver.painting.painter import PaintOrder, PaintQuality
from pipeline.imageserver.painting.painter_pool import PainterPool

ORDER = PaintOrder(prompt="a citrus soda", ratio=(1, 1), quality=PaintQuality.LOW)


async def test_a_process_paints_and_the_picture_comes_back_whole():
    async with PainterPool(small_painters.paint_plainly, workers=1, seconds=30) as painters:
        picture = await painters.paint(ORDER)
    assert (picture.width, picture.height) == (640, 640)
    assert picture.png.startswith(b"\x89PNG")


async def test_words_that_cannot_be_painted_are_refused_with_the_hint():
    async with PainterPool(small_painters.refuse, workers=1, seconds=30) as painters:
        with pytest.raises(RefusedError, match=r"prompt: no font .*; use Latin letters"):
            await painters.paint(ORDER)


async def test_a_bug_in_a_painter_is_an_honest_refusal():
    async with PainterPool(small_painters.stumble, workers=1, seconds=30) as painters:
        with pytest.raises(RefusedError, match="could not be painted; nothing was charged"):
            await painters.paint(ORDER)


async def test_an_order_whose_painter_dies_is_painted_by_another_one(tmp_path: Path):
    order = PaintOrder(prompt=str(tmp_path / "dead"), ratio=(1, 1), quality=PaintQuality.LOW)
    async with PainterPool(small_painters.die_once, workers=1, seconds=30) as painters:
        picture = await painters.paint(order)
        assert (picture.width, painters.deaths) == (640, 1)


async def test_an_order_that_kills_two_painters_is_given_up():
    async with PainterPool(small_painters.die, workers=1, seconds=30) as painters:
        with pytest.raises(RefusedError, match="could not be painted"):
            await painters.paint(ORDER)
        assert painters.deaths == 2


async def test_a_painter_that_takes_too_long_is_taken_for_dead(tmp_path: Path):
    order = PaintOrder(prompt=str(tmp_path / "pid"), ratio=(1, 1), quality=PaintQuality.LOW)
    async with PainterPool(small_painters.tell_pid_and_stay, workers=1, seconds=0.2) as painters:
        with pytest.raises(RefusedError, match="could not be painted"):
            await painters.paint(order)


async def test_closing_does_not_wait_for_a_picture_in_the_making(tmp_path: Path):
    mark = tmp_path / "pid"
    order = PaintOrder(prompt=str(mark), ratio=(1, 1), quality=PaintQuality.LOW)
    async with (
        asyncio.timeout(10),
        PainterPool(small_painters.tell_pid_and_stay, workers=1, seconds=60) as painters,
    ):
        painting = asyncio.create_task(painters.paint(order))
        pid = await _written(mark)
    with pytest.raises(RefusedError, match="stopping"):
        await painting
    assert not _alive(pid)


async def test_painters_leave_by_themselves_when_the_server_is_killed(tmp_path: Path):
    mark = tmp_path / "pid"
    server = await asyncio.create_subprocess_exec(
        sys.executable,
        str(Path(__file__).parent / "painting_server.py"),
        str(mark),
        env={"PYTHONPATH": str(Path(pipeline.__file__).parents[1])},
    )
    pid = await _written(mark)
    server.send_signal(signal.SIGKILL)
    await server.wait()
    assert await asyncio.to_thread(_comes_true, lambda: not _alive(pid))


async def _written(path: Path) -> int:
    assert await asyncio.to_thread(_comes_true, lambda: path.exists() and path.read_text() != "")
    return int(path.read_text())


def _comes_true(condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + 20
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"

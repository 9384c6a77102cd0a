"""A writer whose reader stops: nobody waits, lines are dropped, and the reader is told how many."""

import os
import threading
import time

import pytest

from pipeline.files import background_writer
from pipeline.files.background_writer import MOST_WAITING, BackgroundWriter

LINE = "a line that somebody may read\n"


@pytest.fixture
def pipe():
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    yield reading, writing
    os.close(reading)
    os.close(writing)


def read_all(reading, *, seconds=0.5):
    content, until = b"", time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            content += os.read(reading, 1 << 20)
        except BlockingIOError:
            time.sleep(0.01)
    return content.decode()


def test_a_text_is_there_once_it_was_flushed(pipe):
    reading, writing = pipe
    stream = BackgroundWriter(writing)
    print("one", file=stream, flush=True)
    assert os.read(reading, 100) == b"one\n"
    stream.close()


def test_a_reader_that_stops_reading_costs_lines_and_not_time(pipe):
    """`--log json` into a reader that had stopped blocked the event loop, and no signal helped."""
    reading, writing = pipe
    stream = BackgroundWriter(writing)
    began = time.monotonic()
    for _ in range(100_000):
        stream.write(LINE)
        if _ % 1000 == 0:
            stream.flush()
    stream.flush()
    assert time.monotonic() - began < 5
    assert stream.dropped > 0
    dropped = stream.dropped
    first = read_all(reading)
    print("again", file=stream, flush=True)
    rest = read_all(reading)
    assert set(first.splitlines()) == {LINE.strip()}
    told = rest.splitlines()[-2:]
    assert told == [f"… {dropped:,} lines are missing here: nobody read this stream", "again"]
    assert len(first.splitlines()) + dropped + len(rest.splitlines()) == 100_002
    stream.close()


def test_lines_that_were_dropped_last_are_told_at_the_end(pipe):
    """Nothing was written after them, so nobody was told."""
    reading, writing = pipe
    stream = BackgroundWriter(writing, orderly=False)
    while not stream.dropped:
        stream.write(LINE)
    dropped = stream.dropped
    closing = threading.Thread(target=stream.close)
    closing.start()
    rest = read_all(reading, seconds=1.5)
    closing.join()
    told = f"… {dropped:,} {'line is' if dropped == 1 else 'lines are'} missing here"
    assert rest.splitlines()[-1].startswith(told)


def test_closing_gives_up_a_reader_that_does_not_read(pipe, monkeypatch):
    monkeypatch.setattr(background_writer, "LAST_PATIENCE", 0.2)
    _, writing = pipe
    stream = BackgroundWriter(writing)
    stream.write("x" * (MOST_WAITING // 2))
    began = time.monotonic()
    stream.close()
    assert time.monotonic() - began < 1


def test_a_reader_that_left_is_no_error():
    reading, writing = os.pipe()
    os.close(reading)
    stream = BackgroundWriter(writing, owned=True)
    for _ in range(3):
        print("nobody hears this", file=stream, flush=True)
    stream.close()
    assert stream.dropped == 3


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")  # noqa: PTH110
def test_a_full_disk_drops_lines_and_says_so_once_there_is_room(tmp_path):
    place = tmp_path / "log.jsonl"
    file = os.open(place, os.O_WRONLY | os.O_CREAT)
    full = os.open("/dev/full", os.O_WRONLY)
    spare = os.dup(file)
    os.dup2(full, file)
    stream = BackgroundWriter(file, owned=True)
    print("lost", file=stream, flush=True)
    os.dup2(spare, file)
    print("kept", file=stream, flush=True)
    stream.close()
    assert place.read_text() == "\n… 1 line is missing here: nobody read this stream\nkept\n"
    os.close(full)
    os.close(spare)


def test_without_a_thread_it_writes_what_can_be_taken_at_once(pipe, monkeypatch):
    def none_left(_thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", none_left)
    reading, writing = pipe
    stream = BackgroundWriter(writing)
    print("one", file=stream, flush=True)
    assert os.read(reading, 100) == b"one\n"
    for _ in range(10_000):
        print(LINE, end="", file=stream, flush=True)
    assert stream.dropped > 0
    stream.close()


def test_letters_that_the_terminal_lacks_are_escaped(pipe):
    reading, writing = pipe
    stream = BackgroundWriter(writing, encoding="ascii")
    print("thé", file=stream, flush=True)
    assert os.read(reading, 100) == b"th\\xe9\n"
    stream.close()

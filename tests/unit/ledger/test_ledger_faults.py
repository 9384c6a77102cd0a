"""Disks that fail: nothing more is bought, and what was acknowledged stays."""

import asyncio
import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

import apsw
import pytest
from builders import a_job, a_run

from pipeline.errors import LocalFault
from pipeline.ledger.sqlite import errors, opening
from pipeline.ledger.sqlite.ledger import SqliteLedger
from pipeline.ledger.sqlite.read_only import ReadOnlyLedger
from pipeline.model.money import Amount, Budget, Spent
from pipeline.model.outcome import Receipt

HOUSE = Path(__file__).parents[3]
CRAB = a_job("crab/1x1")
LIME = a_job("lime/1x1")


class BrokenJournal:
    """The journal's descriptor in this process, which can be made to lead elsewhere."""

    def __init__(self, place):
        (self.descriptor,) = (
            int(link.name)
            for link in Path("/proc/self/fd").iterdir()
            if link.is_symlink() and link.readlink() == place.with_name("ledger.db-wal")
        )
        self.whole = os.dup(self.descriptor)

    def leads_to(self, device):
        """`/dev/null` takes every write and fails every fsync, `/dev/full` has no space left."""
        other = os.open(device, os.O_RDWR)
        os.dup2(other, self.descriptor)
        os.close(other)

    def mend(self):
        os.dup2(self.whole, self.descriptor)
        os.close(self.whole)


async def submit(ledger, job):
    return await ledger.submit(job, run=a_run(), budget=Budget())


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc and /dev/full")
@pytest.mark.parametrize("device", ["/dev/null", "/dev/full"])
async def test_a_journal_that_cannot_be_written_ends_all_buying(tmp_path, device):
    place = tmp_path / "ledger.db"
    ledger = await SqliteLedger.open(place)
    await ledger.begin(a_run())
    permit = await submit(ledger, CRAB)
    journal = BrokenJournal(place)
    journal.leads_to(device)
    told = await asyncio.gather(
        *(submit(ledger, a_job(f"p{number}/1x1")) for number in range(9)), return_exceptions=True
    )
    journal.mend()
    assert [type(answer) for answer in told] == [LocalFault] * 9
    for verb in (
        submit(ledger, LIME),
        ledger.paid(permit, Receipt(url="https://cdn.test/1.png", amount=Amount(2))),
        ledger.end(a_run().id, exit_code=0),
    ):
        with pytest.raises(LocalFault, match="Nothing more is bought"):
            await verb
    assert (await ledger.entries([CRAB.key]))[CRAB.key].rendering
    await ledger.close()


async def test_a_full_disk_ends_all_buying_and_keeps_what_was_acknowledged(tmp_path):
    ledger = await SqliteLedger.open(tmp_path / "ledger.db")
    await ledger.begin(a_run())
    await submit(ledger, CRAB)
    ledger._writer._connection.pragma("max_page_count", 1)
    for number in range(1000):
        told = await asyncio.gather(submit(ledger, a_job(f"p{number}/1x1")), return_exceptions=True)
        if isinstance(told[0], LocalFault):
            break
    with pytest.raises(LocalFault, match="full"):
        await submit(ledger, LIME)
    await ledger.close()
    again = await SqliteLedger.open(tmp_path / "ledger.db")
    assert await again.spent() == Spent(in_doubt=Amount(2 * (number + 1)))
    await again.close()


LIMITED = """
import asyncio, resource, signal, sys
from pathlib import Path
sys.path[:0] = [sys.argv[1], sys.argv[1] + "/tests"]
from builders import a_job, a_run
from pipeline.errors import LocalFault
from pipeline.ledger.sqlite.ledger import SqliteLedger
from pipeline.model.money import Budget

async def write(place):
    ledger = await SqliteLedger.open(Path(place))
    await ledger.begin(a_run())
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
    bought = 0
    try:
        while True:
            await ledger.submit(a_job(f"p{bought}/1x1"), run=a_run(), budget=Budget())
            bought += 1
    except LocalFault as fault:
        print(bought, fault.exit_code)
    await ledger.close()

asyncio.run(write(sys.argv[2]))
"""


async def test_a_file_that_may_not_grow_counts_as_a_full_disk(tmp_path):
    place = tmp_path / "ledger.db"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", LIMITED, str(HOUSE), str(place)), stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    bought, exit_code = (int(word) for word in said.split())
    ledger = await SqliteLedger.open(place)
    spent = await ledger.spent()
    await ledger.close()
    assert exit_code == 74
    assert 0 < 2 * bought <= spent.upper <= 2 * (bought + 1)


async def test_a_folder_that_cannot_be_made_is_a_local_fault(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(LocalFault, match=r"ledger\.db cannot be used"):
        await SqliteLedger.open(tmp_path / "file" / "output" / "ledger.db")


READ_ONLY = """
import asyncio, os, sys
from pathlib import Path
sys.path[:0] = [sys.argv[1], sys.argv[1] + "/tests"]
from builders import a_run
from pipeline.errors import LocalFault
from pipeline.ledger.sqlite.ledger import SqliteLedger
from pipeline.ledger.sqlite.read_only import ReadOnlyLedger
import pipeline.ledger.registry

async def look(place):
    if os.getuid() == 0:
        os.setuid(65534)
    reader = ReadOnlyLedger(place)
    print(len(await reader.runs()))
    await reader.close()
    try:
        await SqliteLedger.open(place)
    except LocalFault as fault:
        print(fault.exit_code)

asyncio.run(look(Path(sys.argv[2])))
"""


async def test_a_folder_that_may_not_be_written_can_be_read_and_is_not_bought_on(tmp_path):
    folder = tmp_path / "output"
    ledger = await SqliteLedger.open(folder / "ledger.db")
    await ledger.begin(a_run())
    await ledger.close()
    for path in (tmp_path, *tmp_path.parents):
        if path.owner() == "root" and not path.stat().st_mode & 0o001 and os.getuid() == 0:
            path.chmod(0o711)
    for file in folder.iterdir():  # whatever the umask was
        file.chmod(0o444)
    folder.chmod(0o555)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", READ_ONLY, str(HOUSE), str(folder / "ledger.db")),
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate()
    folder.chmod(0o755)
    assert said.split() == [b"1", b"74"]


async def test_a_ledger_that_another_program_does_not_let_go_of_is_a_local_fault(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(errors, "BUSY_TIMEOUT", 100)
    place = tmp_path / "ledger.db"
    ledger = await SqliteLedger.open(place)
    other = apsw.Connection(str(place))
    other.execute("begin immediate")
    with pytest.raises(LocalFault, match="another program"):
        await ledger.begin(a_run())
    other.execute("rollback")
    other.close()
    await ledger.close()


async def test_reading_does_not_wait_for_writing(tmp_path):
    place = tmp_path / "ledger.db"
    ledger = await SqliteLedger.open(place)
    await ledger.begin(a_run())
    other = apsw.Connection(str(place))
    other.execute("begin immediate")
    async with asyncio.timeout(5):
        assert len(await ledger.runs()) == 1
    other.execute("rollback")
    other.close()
    await ledger.close()


async def test_a_ledger_opened_for_reading_refuses_to_write(place):
    ledger = ReadOnlyLedger(place)
    with pytest.raises(LocalFault, match="reading only"):
        await ledger.begin(a_run("2026-11-22T070000Z-bbbbbb"))
    await ledger.close()


async def test_a_closed_ledger_answers_nothing_and_can_be_closed_again(place):
    ledger = await SqliteLedger.open(place)
    await ledger.close()
    await ledger.close()
    with pytest.raises(LocalFault, match="closed"):
        await ledger.begin(a_run("2026-11-22T070000Z-bbbbbb"))
    with pytest.raises(LocalFault, match="closed"):
        await ledger.runs()


FIRST_RUN = """
import asyncio, sys
from pathlib import Path
from pipeline.errors import LocalFault
from pipeline.ledger.sqlite.ledger import SqliteLedger

async def first():
    await (await SqliteLedger.open(Path(sys.argv[1]))).close()

try:
    asyncio.run(first())
except LocalFault:
    sys.exit(74)
"""


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace to fill a disk at a write")
@pytest.mark.parametrize("write", [1, 2, 4, 8, 16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96])
def test_a_new_ledger_on_a_nearly_full_disk_is_whole_or_not_there(tmp_path, write):
    """A first run on a nearly full disk left a ledger that no later run could use.

    Closing the new file copied its journal back, which failed without a word, and the file got its
    name without its journal.
    """
    place = tmp_path / "ledger.db"
    fault = f"inject=pwrite64:error=ENOSPC:when={write}+"
    words = ["strace", "-qqf", "-o", "/dev/null", "-e", "trace=pwrite64", "-e", fault]
    words += [sys.executable, "-c", FIRST_RUN, str(place)]
    ended = subprocess.run(words, cwd=HOUSE, capture_output=True, text=True, check=False)
    if "ptrace" in ended.stderr:
        pytest.skip(f"nothing may be traced here: {ended.stderr.strip()}")
    assert ended.returncode in {0, 74}, ended.stderr

    async def again():
        ledger = await SqliteLedger.open(place)
        await ledger.begin(a_run())
        await ledger.close()

    asyncio.run(again())


async def test_a_lock_on_the_output_folder_is_not_waited_for(tmp_path):
    """`flock OUTPUT pipeline run` waited for ever on the lock that it held itself."""
    folder = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    async with asyncio.timeout(10):
        ledger = await SqliteLedger.open(tmp_path / "ledger.db")
        await ledger.close()
    os.close(folder)
    assert not (tmp_path / "ledger.db.lock").exists()


async def test_a_process_that_makes_the_ledger_for_ever_is_told_of(tmp_path, monkeypatch):
    monkeypatch.setattr(opening, "_MAKING", 0.1)
    held = os.open(tmp_path / "ledger.db.lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(held, fcntl.LOCK_EX)
    with pytest.raises(LocalFault, match=r"another process has been making the ledger"):
        await SqliteLedger.open(tmp_path / "ledger.db")
    os.close(held)


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc and /dev/full")
async def test_a_ledger_that_recovers_takes_the_next_write_once_there_is_room(tmp_path):
    """After one full disk the review page answered every verdict with an error, for ever."""
    place = tmp_path / "ledger.db"
    ledger = await SqliteLedger.open(place, recovers=True)
    await ledger.begin(a_run())
    journal = BrokenJournal(place)
    journal.leads_to("/dev/full")
    with pytest.raises(LocalFault):
        await ledger.end(a_run().id, exit_code=0)
    journal.mend()
    await ledger.end(a_run().id, exit_code=0)
    [run] = await ledger.runs(None)
    assert run.exit_code == 0
    await ledger.close()

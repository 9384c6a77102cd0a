"""Backups: taken during writes, put back whole, never in the place of what knows more."""

import asyncio
import os
from pathlib import Path

import apsw
import pytest
from builders import a_job, a_run
from ledgers import LedgerCase, a_receipt

from pipeline.errors import LedgerUnusable, LocalFault, UsageError
from pipeline.ledger.sqlite import backup
from pipeline.ledger.sqlite.backup import back_up, read_copy, restore
from pipeline.ledger.sqlite.commit_mark import mark_path, read_mark

ASIDE = ".replaced"


async def buys(case, *names):
    for name in names:
        attempt = await case.submit(a_job(f"{name}/1x1"))
        await case.ledger.paid(attempt, a_receipt(f"https://cdn.test/{name}.png"))


async def bought(folder):
    case = await LedgerCase.open("sqlite", folder)
    try:
        return (await case.ledger.spent()).confirmed
    finally:
        await case.ledger.close()


@pytest.fixture
async def folder(tmp_path):
    """An output folder whose ledger has bought two images."""
    case = await LedgerCase.open("sqlite", tmp_path)
    await case.ledger.begin(a_run())
    await buys(case, "one", "two")
    await case.ledger.close()
    return tmp_path


@pytest.fixture
def file(tmp_path_factory):
    return tmp_path_factory.mktemp("backups") / "ledger-backup.db"


async def test_a_backup_is_one_whole_file(folder, file):
    copy = back_up(folder / "ledger.db", file)
    assert [place.name for place in file.parent.iterdir()] == [file.name]
    assert read_copy(file) == copy
    mark = read_mark(folder / "ledger.db")
    assert (copy.name, copy.commits) == (mark.name.hex(), mark.commits)


async def test_a_backup_during_writes_is_a_state_of_the_ledger(folder, file):
    """Each purchase moves 2 credits from reserved to confirmed: no copy may show half of one."""
    case = await LedgerCase.open("sqlite", folder)

    async def keep_buying():
        for number in range(60):
            await buys(case, f"more-{number}")

    buying = asyncio.create_task(keep_buying())
    copies = 0
    while not buying.done():
        await asyncio.to_thread(back_up, folder / "ledger.db", file)
        read_copy(file)
        copies += 1
    await buying
    await case.ledger.close()
    assert copies > 2
    assert await bought(folder) == 2 * 62


async def test_a_lost_ledger_is_restored(folder, file):
    back_up(folder / "ledger.db", file)
    for place in folder.glob("ledger.db*"):
        place.unlink()
    restored = restore(file, folder / "ledger.db", aside=ASIDE)
    assert (restored.missing, restored.moved) == (0, None)
    assert await bought(folder) == 4
    case = await LedgerCase.open("sqlite", folder)
    await buys(case, "three")
    await case.ledger.close()
    assert await bought(folder) == 6


async def test_a_damaged_ledger_is_moved_aside(folder, file):
    back_up(folder / "ledger.db", file)
    place = folder / "ledger.db"
    content = bytearray(place.read_bytes())
    content[4096:] = os.urandom(len(content) - 4096)
    place.write_bytes(content)
    with pytest.raises(LedgerUnusable):
        await bought(folder)
    restored = restore(file, place, aside=ASIDE)
    assert restored.moved == folder / "ledger.db.replaced"
    assert restored.moved.read_bytes() == bytes(content)
    assert await bought(folder) == 4


async def test_the_mark_tells_what_a_backup_lacks(folder, file):
    back_up(folder / "ledger.db", file)
    case = await LedgerCase.open("sqlite", folder)
    await buys(case, "three")
    await case.ledger.close()
    before = read_mark(folder / "ledger.db").commits
    (folder / "ledger.db").unlink()
    restored = restore(file, folder / "ledger.db", aside=ASIDE)
    assert restored.missing == before - restored.copy.commits > 0
    assert await bought(folder) == 4


async def test_a_sound_ledger_is_not_replaced_by_what_knows_less(folder, file):
    back_up(folder / "ledger.db", file)
    with pytest.raises(UsageError, match="is sound and has all of it"):
        restore(file, folder / "ledger.db", aside=ASIDE)
    case = await LedgerCase.open("sqlite", folder)
    await buys(case, "three")
    await case.ledger.close()
    with pytest.raises(UsageError, match=r"has \d+ writes that the backup lacks; nothing was"):
        restore(file, folder / "ledger.db", aside=ASIDE)
    assert await bought(folder) == 6


async def test_an_older_copy_is_replaced_by_a_newer_backup(folder, file):
    older = (folder / "ledger.db").read_bytes()
    case = await LedgerCase.open("sqlite", folder)
    await buys(case, "three")
    await case.ledger.close()
    back_up(folder / "ledger.db", file)
    (folder / "ledger.db").write_bytes(older)
    with pytest.raises(LedgerUnusable, match="lacks the last"):
        await bought(folder)
    restore(file, folder / "ledger.db", aside=ASIDE)
    assert await bought(folder) == 6


async def test_another_ledger_is_neither_replaced_nor_overwritten(folder, file, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    case = await LedgerCase.open("sqlite", other)
    await case.ledger.begin(a_run())
    await case.ledger.close()
    back_up(other / "ledger.db", file)
    with pytest.raises(UsageError, match="a backup of another ledger"):
        back_up(folder / "ledger.db", file)
    with pytest.raises(UsageError, match="is a backup of another ledger than"):
        restore(file, folder / "ledger.db", aside=ASIDE)
    assert await bought(folder) == 4


async def test_a_backup_that_knows_more_is_not_overwritten(folder, file):
    older = (folder / "ledger.db").read_bytes()
    case = await LedgerCase.open("sqlite", folder)
    await buys(case, "three")
    await case.ledger.close()
    back_up(folder / "ledger.db", file)
    (folder / "ledger.db").write_bytes(older)
    mark_path(folder / "ledger.db").unlink()
    with pytest.raises(UsageError, match="pipeline ledger restore"):
        back_up(folder / "ledger.db", file)


@pytest.mark.parametrize("content", [b"", b"not a database", b"SQLite format 3\0" + bytes(4096)])
async def test_other_files_are_no_backups(folder, file, content):
    file.write_bytes(content)
    with pytest.raises(UsageError, match="not a backup"):
        restore(file, folder / "ledger.db", aside=ASIDE)
    with pytest.raises(UsageError, match="is no backup of this ledger"):
        back_up(folder / "ledger.db", file)
    assert file.read_bytes() == content


async def test_a_damaged_backup_is_refused(folder, file):
    back_up(folder / "ledger.db", file)
    content = bytearray(file.read_bytes())
    content[8192:12288] = bytes(4096)
    file.write_bytes(content)
    (folder / "ledger.db").unlink()
    with pytest.raises(UsageError, match="damaged"):
        restore(file, folder / "ledger.db", aside=ASIDE)
    assert not (folder / "ledger.db").exists()


async def test_places_that_cannot_be_a_backup(folder, file):
    with pytest.raises(UsageError, match="is the ledger itself"):
        back_up(folder / "ledger.db", folder / "ledger.db")
    with pytest.raises(UsageError, match="is a folder"):
        back_up(folder / "ledger.db", file.parent)
    with pytest.raises(LocalFault, match="cannot be written"):
        back_up(folder / "ledger.db", file.parent / "missing" / "ledger.db")
    with pytest.raises(UsageError, match="there is no backup"):
        restore(file, folder / "ledger.db", aside=ASIDE)


async def test_a_ledger_of_a_newer_version_is_not_taken_for_a_damaged_one(folder, file):
    back_up(folder / "ledger.db", file)
    connection = apsw.Connection(str(folder / "ledger.db"))
    connection.execute("pragma user_version = 999")
    connection.close()
    with pytest.raises(LedgerUnusable):
        restore(file, folder / "ledger.db", aside=ASIDE)
    assert not (folder / "ledger.db.replaced").exists()


class _Killed(BaseException):
    pass


KILLS = [(step, damaged) for step in range(12) for damaged in (True, False)]


@pytest.mark.parametrize("kill", KILLS)
async def test_a_restore_that_is_killed_anywhere_can_be_given_again(
    folder, file, monkeypatch, kill
):
    """Every step that changes a name may be the last one: the ledger is refused, or restored."""
    step, damaged = kill
    back_up(folder / "ledger.db", file)
    case = await LedgerCase.open("sqlite", folder)
    await buys(case, "three")
    await case.ledger.close()
    place = folder / "ledger.db"
    place.write_bytes(file.read_bytes()[:5000] if damaged else file.read_bytes())
    left = [step]

    def dying(original):
        def call(*arguments, **options):
            if not left[0]:
                raise _Killed
            left[0] -= 1
            return original(*arguments, **options)

        return call

    with monkeypatch.context() as patched:
        for name in ("rename", "unlink"):
            patched.setattr(Path, name, dying(getattr(Path, name)))
        patched.setattr(backup, "_sync", dying(backup._sync))
        try:
            restore(file, place, aside=ASIDE)
        except _Killed:
            killed = True
        else:
            killed = False
    if killed:
        try:
            assert await bought_if_there(place) == 4
        except LocalFault:
            pass
        else:
            return
        restore(file, place, aside=ASIDE + "-again")
    assert await bought(folder) == 4


async def bought_if_there(place):
    """What the ledger says that a command would find; a missing one is no ledger of purchases."""
    if not place.exists():
        raise LocalFault("missing")
    return await bought(place.parent)

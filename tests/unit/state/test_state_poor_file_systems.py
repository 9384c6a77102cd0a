"""File systems without links, locks or the fsync of a folder, and links where a folder belongs."""

import errno
import fcntl
import json
import os
import stat
from pathlib import PurePosixPath

import pytest

from pipeline.app.commands import doctor
from pipeline.errors import LocalFault, LockHeld
from pipeline.files.confined import ConfinedPath, write_whole
from pipeline.files.locks import missing_operations
from pipeline.images.local.store import LocalImageStore
from pipeline.model.artifact import Artifact, ImageKind
from pipeline.model.names import Slug
from pipeline.model.run import RunId, RunPaths
from pipeline.settings import Settings
from pipeline.state.output.folder import make_folder, open_log, point_latest, write_file
from pipeline.state.output.lock import campaign_lock, run_is_alive

PATHS = RunPaths(campaign=Slug("soda"), run=RunId("2026-11-30T000000Z-1"))


def refusing(number):
    def refuse(*_, **__):
        raise OSError(number, os.strerror(number))

    return refuse


def an_artifact(content):
    return Artifact(
        path="soda/drafts/a.png",
        sha256="5" * 64,
        bytes=len(content),
        kind=ImageKind.PNG,
        width=1,
        height=1,
        alpha=False,
    )


@pytest.mark.parametrize("number", [errno.EPERM, errno.ENOTSUP, errno.EMLINK])
async def test_without_hard_links_an_older_image_keeps_a_copy(tmp_path, monkeypatch, number):
    """After a changed word every run on such a disk stopped with "Operation not permitted"."""
    (tmp_path / "soda" / "drafts").mkdir(parents=True)
    (tmp_path / "soda" / "drafts" / "a.png").write_bytes(b"older")
    monkeypatch.setattr(os, "link", refusing(number))
    second = await LocalImageStore(tmp_path).second_name(an_artifact(b"older"))
    assert (tmp_path / second.path).read_bytes() == b"older"
    assert second.path != "soda/drafts/a.png"


async def test_a_disk_that_is_full_is_no_disk_without_links(tmp_path, monkeypatch):
    (tmp_path / "soda" / "drafts").mkdir(parents=True)
    (tmp_path / "soda" / "drafts" / "a.png").write_bytes(b"older")
    monkeypatch.setattr(os, "link", refusing(errno.ENOSPC))
    with pytest.raises(LocalFault, match="No space"):
        await LocalImageStore(tmp_path).second_name(an_artifact(b"older"))


def test_a_folder_that_cannot_be_synced_is_written_all_the_same(tmp_path, monkeypatch):
    original = os.fsync

    def fsync(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        original(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    write_whole(tmp_path, ConfinedPath.at("a.json"), b"new")
    assert (tmp_path / "a.json").read_bytes() == b"new"


def test_a_folder_whose_disk_fails_is_still_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", refusing(errno.EIO))
    with pytest.raises(OSError, match="Input/output"):
        write_whole(tmp_path, ConfinedPath.at("a.json"), b"new")


def test_without_symlinks_latest_is_a_folder_with_copies(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "symlink", refusing(errno.EPERM))
    for number in (1, 2):
        write_file(tmp_path, PATHS.manifest, json.dumps({"n": number}).encode())
        write_file(tmp_path, PATHS.table, b"job,cell\n")
        point_latest(tmp_path, PATHS)
        latest = tmp_path / "soda" / "latest"
        assert json.loads((latest / "manifest.json").read_bytes()) == {"n": number}
        assert (latest / "images.csv").read_bytes() == b"job,cell\n"


def test_without_flock_one_run_of_this_machine_still_keeps_others_out(tmp_path, monkeypatch):
    original, output = fcntl.flock, tmp_path / "output"
    monkeypatch.setenv("TMPDIR", str(tmp_path))

    def flock(handle, how):
        if "output" in os.readlink(f"/proc/self/fd/{handle}"):  # noqa: PTH115 - it is an int
            raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))
        original(handle, how)

    monkeypatch.setattr(fcntl, "flock", flock)
    with campaign_lock(output, "soda"):
        with pytest.raises(LockHeld, match="another run of soda"):
            campaign_lock(output, "soda").__enter__()
        assert run_is_alive(output, "soda")
    assert not run_is_alive(output, "soda")
    with campaign_lock(output, "soda"):
        pass


@pytest.fixture
def elsewhere(tmp_path):
    place = tmp_path / "elsewhere"
    place.mkdir()
    (tmp_path / "output").mkdir()
    return place


def test_a_link_in_place_of_the_campaigns_folder_is_not_followed_to_lock_it(tmp_path, elsewhere):
    (tmp_path / "output" / "soda").symlink_to(elsewhere)
    with pytest.raises(LocalFault, match="soda is a link, and links are not followed"):
        campaign_lock(tmp_path / "output", "soda").__enter__()
    assert list(elsewhere.iterdir()) == []


def test_a_link_in_place_of_the_runs_is_not_followed_to_write_a_log(tmp_path, elsewhere):
    (tmp_path / "output" / "soda").mkdir()
    (tmp_path / "output" / "soda" / "runs").symlink_to(elsewhere)
    with pytest.raises(LocalFault, match="runs is a link, and links are not followed"):
        make_folder(tmp_path / "output", PATHS.folder)
    with pytest.raises(LocalFault, match="is a link"):
        open_log(tmp_path / "output", PATHS.log)
    assert list(elsewhere.iterdir()) == []


def test_a_file_in_place_of_a_folder_is_told_as_one(tmp_path):
    (tmp_path / "soda").write_text("a file")
    with pytest.raises(LocalFault, match="soda is no folder"):
        make_folder(tmp_path, PurePosixPath("soda/runs"))


def test_what_a_file_system_lacks_is_named_and_nothing_is_left_there(tmp_path, monkeypatch):
    assert missing_operations(tmp_path) == []
    with monkeypatch.context() as poor:
        for name in ("link", "symlink"):
            poor.setattr(os, name, refusing(errno.EPERM))
        poor.setattr(fcntl, "flock", refusing(errno.ENOTSUP))
        assert missing_operations(tmp_path) == ["hard links", "symbolic links", "locks"]
    assert list(tmp_path.iterdir()) == []


def test_the_doctor_says_what_is_done_without_links_and_locks(tmp_path, monkeypatch):
    monkeypatch.setattr(doctor, "missing_operations", lambda _root: list(doctor.WITHOUT))
    found = doctor.check_machine(Settings(output=tmp_path))
    said = [(check.state, check.said) for check in found if check.name == "files"]
    assert [state for state, _ in said] == ["note"] * 3
    assert said[0][1] == f"{tmp_path} takes no hard links: older images are copied instead"


def test_a_flushed_line_is_in_the_log_before_anything_follows_it(tmp_path):
    """A thread wrote it later: a run that was killed in between had not told what it had sent."""
    log = open_log(tmp_path, PurePosixPath("log.jsonl"))
    for number in range(1, 101):
        log.write(f"{number:04}\n")
        log.flush()
        assert (tmp_path / "log.jsonl").stat().st_size == 5 * number
    log.close()

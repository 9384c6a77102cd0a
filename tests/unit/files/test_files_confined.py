"""Small files of our own, and names that stay inside the folder."""

import errno
import gc
import os

import pytest

from pipeline.files import confined
from pipeline.files.confined import ConfinedPath, OpenFolders, make_folders, write_whole


def test_a_file_is_replaced_whole_and_leaves_nothing_beside_it(tmp_path):
    write_whole(tmp_path, ConfinedPath.at("a.json"), b"old")
    write_whole(tmp_path, ConfinedPath.at("a.json"), b"new")
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("a.json", b"new")]


@pytest.mark.parametrize("step", ["fsync", "rename"])
def test_a_disk_that_fails_leaves_the_old_file_and_nothing_beside_it(tmp_path, monkeypatch, step):
    write_whole(tmp_path, ConfinedPath.at("a.json"), b"old")

    def fail(*_, **__):
        raise OSError(errno.ENOSPC, "full")

    with monkeypatch.context() as broken:
        broken.setattr(confined.os, step, fail)
        with pytest.raises(OSError, match="full"):
            write_whole(tmp_path, ConfinedPath.at("a.json"), b"new")
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("a.json", b"old")]


def test_a_link_under_the_files_name_is_replaced_and_not_written_through(tmp_path):
    (tmp_path / "precious").write_bytes(b"mine")
    (tmp_path / "a.json").symlink_to("precious")
    write_whole(tmp_path, ConfinedPath.at("a.json"), b"new")
    assert (tmp_path / "precious").read_bytes() == b"mine"


def test_folders_are_made_once_and_never_through_a_link(tmp_path):
    make_folders(tmp_path, ("a", "b"))
    make_folders(tmp_path, ("a", "b"))
    (tmp_path / "out").mkdir()
    (tmp_path / "link").symlink_to("out")
    with pytest.raises(OSError, match="link is a link, and links are not followed"):
        make_folders(tmp_path, ("link", "c"))
    assert os.listdir(tmp_path / "out") == []  # noqa: PTH208 - an empty folder has no paths


def test_a_place_is_written_as_its_path():
    assert str(ConfinedPath.at("c/drafts/a.png")) == "c/drafts/a.png"


def in_folder(folders, *steps):
    """The names in a folder, as seen through a descriptor that is let go of again."""
    return os.listdir(folders.open(steps).descriptor)  # noqa: PTH208 - a descriptor is no path


def test_a_kept_folder_that_was_moved_away_is_not_written_to_any_more(tmp_path):
    make_folders(tmp_path, ("a", "b"))
    folders = OpenFolders(tmp_path)
    assert in_folder(folders, "a", "b") == []
    (tmp_path / "a").rename(tmp_path / "elsewhere")
    with pytest.raises(FileNotFoundError):
        folders.open(("a", "b"))
    make_folders(tmp_path, ("a", "b"))
    (tmp_path / "a/b/new.txt").touch()
    assert in_folder(folders, "a", "b") == ["new.txt"]


def test_a_kept_folder_that_became_a_link_is_refused(tmp_path):
    make_folders(tmp_path, ("a", "b"))
    folders = OpenFolders(tmp_path)
    in_folder(folders, "a", "b")
    (tmp_path / "a/b").rmdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "a/b").symlink_to(tmp_path / "outside")
    with pytest.raises(NotADirectoryError):
        folders.open(("a", "b"))


def test_a_folder_is_walked_to_once_however_often_it_is_asked_for(tmp_path, monkeypatch):
    make_folders(tmp_path, ("a", "b"))
    walks = []
    walk = confined.open_folder
    monkeypatch.setattr(
        confined, "open_folder", lambda root, steps: walks.append(steps) or walk(root, steps)
    )
    folders = OpenFolders(tmp_path)
    for _ in range(5):
        in_folder(folders, "a", "b")
    assert walks == [("a", "b")]


def test_no_more_folders_are_kept_than_said_and_none_after_the_end(tmp_path):
    for number in range(OpenFolders.MOST + 5):
        make_folders(tmp_path, (f"p{number}",))
    gc.collect()  # what other tests left open would be closed in the middle
    before = len(os.listdir("/dev/fd"))  # noqa: PTH208 - names are enough
    folders = OpenFolders(tmp_path)
    for number in range(OpenFolders.MOST + 5):
        in_folder(folders, f"p{number}")
    assert len(os.listdir("/dev/fd")) == before + OpenFolders.MOST  # noqa: PTH208
    del folders
    gc.collect()
    assert len(os.listdir("/dev/fd")) == before  # noqa: PTH208

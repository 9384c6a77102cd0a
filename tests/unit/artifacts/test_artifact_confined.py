"""Small files of our own, and names that stay inside the folder."""

import errno
import os

import pytest

from pipeline.artifacts import confined
from pipeline.artifacts.confined import Place, make_folders, write_whole


def test_a_file_is_replaced_whole_and_leaves_nothing_beside_it(tmp_path):
    write_whole(tmp_path, Place.at("a.json"), b"old")
    write_whole(tmp_path, Place.at("a.json"), b"new")
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("a.json", b"new")]


@pytest.mark.parametrize("step", ["fsync", "rename"])
def test_a_disk_that_fails_leaves_the_old_file_and_nothing_beside_it(tmp_path, monkeypatch, step):
    write_whole(tmp_path, Place.at("a.json"), b"old")

    def fail(*_, **__):
        raise OSError(errno.ENOSPC, "full")

    with monkeypatch.context() as broken:
        broken.setattr(confined.os, step, fail)
        with pytest.raises(OSError, match="full"):
            write_whole(tmp_path, Place.at("a.json"), b"new")
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("a.json", b"old")]


def test_a_link_under_the_files_name_is_replaced_and_not_written_through(tmp_path):
    (tmp_path / "precious").write_bytes(b"mine")
    (tmp_path / "a.json").symlink_to("precious")
    write_whole(tmp_path, Place.at("a.json"), b"new")
    assert (tmp_path / "precious").read_bytes() == b"mine"


def test_folders_are_made_once_and_never_through_a_link(tmp_path):
    make_folders(tmp_path, ("a", "b"))
    make_folders(tmp_path, ("a", "b"))
    (tmp_path / "out").mkdir()
    (tmp_path / "link").symlink_to("out")
    with pytest.raises(OSError, match="directory"):
        make_folders(tmp_path, ("link", "c"))
    assert os.listdir(tmp_path / "out") == []  # noqa: PTH208 - an empty folder has no paths


def test_a_place_is_written_as_its_path():
    assert str(Place.at("c/drafts/a.png")) == "c/drafts/a.png"

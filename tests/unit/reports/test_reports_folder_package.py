"""Exports into a folder: resumed, never over what others put there."""

import pytest

from pipeline.errors import UsageError
from pipeline.reports.export import package as folder_package
from pipeline.reports.export.assets import MANIFEST, export_manifest
from pipeline.reports.export.package import UNFINISHED, earlier_export, file_of, write_export


def package(**contents):
    """The files of an export, and its manifest."""
    files = [file_of(f"story/{name}.jpg", content) for name, content in contents.items()]
    known = {file.path: file.sha256 for file in files}
    manifest = export_manifest("shop", assets=[], removed=[], missing={}, files=known)
    return [*files, file_of(MANIFEST, manifest)]


def export(to, files):
    return write_export(to, files, earlier_export(to))


def contents(to):
    return {one.name: one.read_bytes() for one in (to / "story").iterdir()}


@pytest.fixture
def killed(monkeypatch):
    """Return a function that exports and is killed while it writes the n-th picture."""

    def export_until(to, files, number):
        real, left = folder_package.write_whole, [number]

        def writing(root, place, content, **more):
            if place.name.endswith(".jpg"):
                left[0] -= 1
                if not left[0]:
                    (root / "story" / f"{place.name}.77-88.part").write_bytes(b"hal")
                    raise KeyboardInterrupt
            real(root, place, content, **more)

        with monkeypatch.context() as patched:
            patched.setattr(folder_package, "write_whole", writing)
            with pytest.raises(KeyboardInterrupt):
                export(to, files)

    return export_until


@pytest.mark.parametrize("first", [False, True], ids=["the first", "a later one"])
def test_an_interrupted_export_is_resumed_even_if_it_has_changed(tmp_path, killed, first):
    """It refused its own files: nothing had noted what the interrupted export was to write."""
    if first:
        export(tmp_path, package(a=b"0", b=b"0"))
    killed(tmp_path, package(a=b"1", b=b"1", c=b"1"), 3)
    assert export(tmp_path, package(a=b"2", b=b"1")) >= 2
    assert contents(tmp_path) == {"a.jpg": b"2", "b.jpg": b"1"}
    assert not (tmp_path / UNFINISHED).exists()
    assert export(tmp_path, package(a=b"2", b=b"1")) == 0


def test_what_an_interrupted_export_wrote_and_no_later_one_has_is_removed(tmp_path, killed):
    """Words that were given up would have been uploaded with the others."""
    killed(tmp_path, package(old=b"1", never=b"1"), 2)
    export(tmp_path, package(new=b"2"))
    assert contents(tmp_path) == {"new.jpg": b"2"}


def test_a_file_of_others_is_refused_after_an_interruption_too(tmp_path, killed):
    killed(tmp_path, package(a=b"1", b=b"1"), 2)
    (tmp_path / "story" / "b.jpg").write_bytes(b"theirs")
    (tmp_path / "story" / "a.jpg").write_bytes(b"edited")
    with pytest.raises(UsageError, match="already exists"):
        export(tmp_path, package(a=b"2", b=b"2"))
    (tmp_path / "story" / "b.jpg").unlink()
    with pytest.raises(UsageError, match="already exists"):
        export(tmp_path, package(a=b"2", b=b"2"))
    assert contents(tmp_path)["a.jpg"] == b"edited"


def test_a_manifest_of_others_is_refused(tmp_path):
    """A folder's `manifest.json` that no export wrote was replaced."""
    (tmp_path / MANIFEST).write_bytes(b"{}")
    with pytest.raises(UsageError, match="already exists"):
        export(tmp_path, package(a=b"1"))
    assert (tmp_path / MANIFEST).read_bytes() == b"{}"

import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from pipeline.engine.noting import noted
from pipeline.engine.order import Order, Picture, Quality, UnpaintableError
from pipeline.engine.studio import proof
from pipeline.engine.studio.traced import painter, readiness

SODA = Order(prompt="a citrus soda bottle", ratio=(1, 1), quality=Quality.LOW)
PHONE = Order(prompt="a phone with an app", ratio=(1, 1), quality=Quality.LOW)


@pytest.fixture(autouse=True)
def fresh_answers() -> Iterator[None]:
    readiness.obstacle.cache_clear()
    yield
    readiness.obstacle.cache_clear()


def words_in(picture: Picture) -> dict[str, str]:
    with Image.open(io.BytesIO(picture.png)) as image:
        image.load()
        return dict(image.text)


def pixels_of(picture: Picture) -> bytes:
    with Image.open(io.BytesIO(picture.png)) as image:
        return image.tobytes()


def test_without_the_extra_proof_paints_and_says_why(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(readiness, "PACKAGES", ("no_such_tracer",))
    picture = painter.paint(SODA)
    assert picture.renderer == "proof"
    assert "the extra studio is not installed (no_such_tracer)" in picture.notes[0]


def test_what_stepped_in_is_said_in_the_file_too(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(readiness, "PACKAGES", ("no_such_tracer",))
    picture = painter.paint(SODA)
    assert words_in(picture)["note"] == picture.notes[0]
    assert words_in(picture)["engine"] == "proof"


def test_the_stand_in_is_the_picture_that_proof_paints(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(readiness, "PACKAGES", ("no_such_tracer",))
    assert pixels_of(painter.paint(SODA)) == pixels_of(proof.paint(SODA))


def test_without_libatomic_proof_paints_and_says_why(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(readiness, "PACKAGES", ("zlib",))
    monkeypatch.setattr(readiness, "ATOMIC", "libatomic.so.99")
    assert "the system's libatomic.so.99 is missing" in painter.paint(SODA).notes[0]


def test_what_has_no_model_is_painted_by_proof():
    picture = painter.paint(PHONE)
    assert picture.notes == (
        "the studio renderer has no model of a phone; proof painted this instead",
    )


def test_copy_that_cannot_be_set_is_refused_whoever_paints(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(readiness, "PACKAGES", ("no_such_tracer",))
    order = Order(prompt='a poster, headline "\U0001e900"', ratio=(1, 1), quality=Quality.LOW)
    with pytest.raises(UnpaintableError):
        painter.paint(order)


@pytest.mark.parametrize("version", [(14, 0, 6), (18, 1, 8)])
def test_an_llvm_that_aborts_the_process_is_never_used(version: tuple[int, int, int]):
    assert "is too old, 19 is needed" in readiness.too_old(version)


def test_an_llvm_of_19_is_new_enough():
    assert readiness.too_old((19, 0, 0)) == ""


def test_kernels_are_kept_where_nobody_else_can_put_any(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = readiness.cache_folder()
    assert folder.is_relative_to(tmp_path)
    assert folder.stat().st_mode & 0o077 == 0


def test_a_kernel_folder_that_others_can_write_to_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    shared = tmp_path / "cache" / "campaign-pipeline" / "kernels"
    shared.mkdir(parents=True)
    shared.chmod(0o777)
    assert readiness.cache_folder() != shared


def test_the_painter_can_be_imported_without_the_tracer():
    script = (
        "import sys, pipeline.engine.engines, pipeline.engine.studio.traced.painter;"
        "print([m for m in ('mitsuba', 'drjit', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_a_note_changes_no_pixel_and_keeps_the_words():
    before = proof.paint(SODA)
    after = noted(before, "added later – später")
    assert pixels_of(after) == pixels_of(before)
    assert words_in(after) == words_in(before) | {"note": "added later – später"}

"""Making ad files: exactly what is missing, wherever an earlier run was killed."""

import hashlib
import shutil
from types import SimpleNamespace

import pytest
from encoded_pictures import encoded

from pipeline.adfiles.contents import locate
from pipeline.adfiles.contents.picture_contents import ContentsRecord
from pipeline.adfiles.record import AdFileRecord
from pipeline.app.run import ad_files, examining
from pipeline.app.run.ad_files import AdFileMaker, manifest_rows
from pipeline.app.run.examining import PictureExaminer
from pipeline.errors import LocalFault
from pipeline.executors.inline import InlineExecutor
from pipeline.images.local.store import LocalImageStore
from pipeline.model.adfiles.ad_file import AdFileApproval, FileLabels, Flag, Recipe
from pipeline.model.adfiles.placement import FitSettings, ImageFormat
from pipeline.model.artifact import Alpha, Artifact, ImageKind
from pipeline.model.names import CellName, Slug, Stage
from pipeline.state.checks.results import CampaignChecks
from pipeline.state.output.ad_files import AdFilePlan, PlannedAdFile

IMAGES, PLACES = 4, (("square", (48, 48)), ("wide", (80, 40)), ("tall", (30, 60)))
FILES = IMAGES * len(PLACES)


class Job:
    """As much of a job as the maker needs."""

    def __init__(self, key):
        self.key = key
        self.request = SimpleNamespace(prompt="a soda")


def source(folder, number):
    """An image on disk that differs from the others."""
    content = encoded("PNG", size=(64, 48 + number))
    path = f"c/finals/{number}.png"
    (folder / "c/finals").mkdir(parents=True, exist_ok=True)
    (folder / path).write_bytes(content)
    return Artifact(
        path=path,
        sha256=hashlib.sha256(content).hexdigest(),
        bytes=len(content),
        kind=ImageKind.PNG,
        width=64,
        height=48 + number,
        alpha=Alpha.NONE,
    )


def planned(artifact, cell, place, pixels, *, credit=""):
    recipe = Recipe(
        source_sha256=artifact.sha256,
        placement=place,
        pixels=pixels,
        format=ImageFormat.JPG,
        labels=FileLabels(source_type="algorithmicMedia", credit=credit),
    )
    return PlannedAdFile(
        cell=CellName(cell),
        job=Job(cell),
        source=artifact,
        placement=place,
        recipe=recipe,
        name=f"{cell}.jpg",
        path=f"c/adfiles/{place}/{cell}.{recipe.id[:12]}.jpg",
        fit=FitSettings(),
    )


def plan(folder, *, credit="", images=IMAGES):
    files = []
    for number in range(images):
        artifact = source(folder, number)
        for place, pixels in PLACES:
            files.append(planned(artifact, f"cell{number}", place, pixels, credit=credit))
    return AdFilePlan(files=files, missing={})


def no_checks(folder):
    return CampaignChecks(rules={}, brand=(), contents=ContentsRecord(folder, "c"), ad_files=list)


class Killed(BaseException):
    """Ends a run where it is, as SIGKILL would: nothing handles it."""


async def make(folder, wanted, *, images=None, only=None, stage=Stage.FINAL):
    async with InlineExecutor() as executor:
        examiner = PictureExaminer(
            images=images or LocalImageStore(folder),
            executor=executor,
            checks=no_checks(folder),
        )
        maker = AdFileMaker(examiner=examiner, executor=executor, output=folder, campaign=Slug("c"))
        return await maker.make(wanted, stage=stage, only=only)


def delivered(folder):
    top = folder / "c/adfiles"
    return sorted(str(path.relative_to(top)) for path in top.rglob("*.jpg"))


async def test_what_is_there_is_not_made_again(tmp_path):
    wanted = plan(tmp_path)
    first = await make(tmp_path, wanted)
    again = await make(tmp_path, wanted)
    assert (first.made, again.made, len(list(again.current))) == (FILES, 0, FILES)
    assert manifest_rows(first) == manifest_rows(again)
    assert len(delivered(tmp_path)) == FILES


@pytest.mark.parametrize("step", range(1, 2 * FILES + 1))
async def test_killed_at_any_step_the_next_run_makes_exactly_what_is_missing(
    tmp_path, monkeypatch, step
):
    """A step is a file that was written, or a line of the record."""
    wanted, done = plan(tmp_path), []

    def counting(method):
        def counted(self, *args, **more):
            result = method(self, *args, **more)
            done.append(method.__name__)
            if len(done) == step:
                raise Killed
            return result

        return counted

    with monkeypatch.context() as patch:
        patch.setattr(LocalImageStore, "write", counting(LocalImageStore.write))
        patch.setattr(AdFileRecord, "add", counting(AdFileRecord.add))
        with pytest.raises(BaseException) as ended:  # noqa: PT011 - a group of it, or itself
            await make(tmp_path, wanted)
    assert "Killed" in repr(ended.value) or ended.group_contains(Killed)
    recorded = done.count("add")
    again = await make(tmp_path, wanted)
    assert (again.made, again.failed) == (FILES - recorded, [])
    assert len(delivered(tmp_path)) == FILES
    assert not list(tmp_path.rglob("*.part"))
    assert (await make(tmp_path, wanted)).made == 0


async def test_a_file_that_was_cut_blindly_is_cut_anew_once_copy_can_be_found(
    tmp_path, monkeypatch
):
    """After the extra `ads` was installed. What a person approved as it is stays."""
    monkeypatch.setattr(ad_files, "is_installed", lambda *_: False)
    monkeypatch.setattr(examining, "is_installed", lambda *_: False)
    monkeypatch.setattr(locate, "open_text_reader", lambda: None)
    wanted = plan(tmp_path)
    first = await make(tmp_path, wanted)
    blind = [row.made for _, row in first.flagged if Flag.NOT_LOOKED_FOR in row.made.flags]
    assert len(blind) > IMAGES
    approval = AdFileApproval(by="ann", at="now")
    AdFileRecord(tmp_path, "c").approve(blind[0].recipe, approval)
    assert (await make(tmp_path, wanted)).made == 0

    class Reader:
        def read(self, image):
            return ()

    monkeypatch.setattr(ad_files, "is_installed", lambda *_: True)
    monkeypatch.setattr(examining, "is_installed", lambda *_: True)
    monkeypatch.setattr(locate, "open_text_reader", Reader)
    again = await make(tmp_path, wanted)
    assert again.made == len(blind) - 1
    assert [row.made for _, row in again.flagged if Flag.NOT_LOOKED_FOR in row.made.flags] == []
    monkeypatch.setattr(locate, "open_source", None)  # nothing is looked at again
    assert (await make(tmp_path, wanted)).made == 0


async def test_a_changed_recipe_replaces_its_file_and_the_old_one_makes_way(tmp_path):
    await make(tmp_path, plan(tmp_path))
    before = delivered(tmp_path)
    changed = await make(tmp_path, plan(tmp_path, credit="Sunburst"))
    assert (changed.made, changed.superseded) == (FILES, FILES)
    assert not set(delivered(tmp_path)) & set(before)
    gone = tmp_path / "c/adfiles-superseded"
    assert sorted(str(path.relative_to(gone)) for path in gone.rglob("*.jpg")) == before
    back = await make(tmp_path, plan(tmp_path))
    assert (back.made, delivered(tmp_path)) == (FILES, before)


async def test_a_run_of_some_cells_leaves_the_files_of_others(tmp_path):
    await make(tmp_path, plan(tmp_path))
    everything = plan(tmp_path, credit="Sunburst")
    some = AdFilePlan(files=[one for one in everything.files if one.cell == "cell1"], missing={})
    report = await make(tmp_path, some, only=frozenset({CellName("cell1")}))
    assert (report.made, report.superseded) == (len(PLACES), len(PLACES))
    assert len(delivered(tmp_path)) == FILES


async def test_a_file_of_somebody_else_in_the_folder_stays(tmp_path):
    foreign = tmp_path / "c/adfiles/square/mine.jpg"
    foreign.parent.mkdir(parents=True)
    foreign.write_bytes(b"mine")
    await make(tmp_path, plan(tmp_path))
    await make(tmp_path, AdFilePlan(files=[], missing={}))
    assert delivered(tmp_path) == ["square/mine.jpg"]


async def test_a_full_disk_is_told_at_each_file_and_the_rest_goes_on(tmp_path, monkeypatch):
    write, failing = LocalImageStore.write, {"c/adfiles/wide"}

    def full(self, path, content):
        if any(path.startswith(place) for place in failing):
            raise LocalFault(f"{path}: No space left on device")
        write(self, path, content)

    monkeypatch.setattr(LocalImageStore, "write", full)
    report = await make(tmp_path, plan(tmp_path))
    assert (report.made, len(report.failed)) == (FILES - IMAGES, IMAGES)
    assert {one.planned.placement for one in report.failed} == {"wide"}
    assert all("No space left on device" in one.reason for one in report.failed)
    failing.clear()
    assert (await make(tmp_path, plan(tmp_path))).made == IMAGES


async def test_an_image_that_is_gone_costs_only_its_own_files(tmp_path):
    wanted = plan(tmp_path)
    (tmp_path / wanted.files[0].source.path).unlink()
    report = await make(tmp_path, wanted)
    assert (report.made, len(report.failed)) == (FILES - len(PLACES), len(PLACES))
    assert {one.planned.cell for one in report.failed} == {"cell0"}


async def test_a_lost_record_makes_everything_once_more_under_the_same_names(tmp_path):
    await make(tmp_path, plan(tmp_path))
    before = delivered(tmp_path)
    (tmp_path / "c/adfiles.jsonl").unlink()
    assert (await make(tmp_path, plan(tmp_path))).made == FILES
    assert delivered(tmp_path) == before
    shutil.rmtree(tmp_path / "c/adfiles")
    assert (await make(tmp_path, plan(tmp_path))).made == FILES

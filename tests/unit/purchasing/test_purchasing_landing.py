"""An image lands, is inspected, and only then is stored; a run may die between any two of these."""

import json
import re

import pytest
from broken_pictures import BROKEN, WHOLE
from builders import a_job
from encoded_pictures import END, SIGNATURE, chunk, encoded, header

from pipeline.app.run.examining import score_of
from pipeline.errors import LocalFault, TaskDied
from pipeline.images.thumbs import SIDES, thumb_path
from pipeline.model.outcome import Paid, PaidLost, Stored

JOB = a_job()
CHECKS = {"whole": {"score": 1.0, "threshold": 1.0, "said": "64×64"}}
# Structure and every CRC are right, and the pixels are none.
UNDECODABLE = SIGNATURE + header(64, 48) + chunk(b"IDAT", b"not deflated") + END


class Died(BaseException):
    """The process ends here."""


def die(*_words, **_more):
    raise Died


def next_run(here, tmp_path, **knobs):
    """The parts of another run over the same ledger, folder and provider."""
    made = type(here)(tmp_path, ledger=here.ledger, **knobs)
    made.provider.pictures = here.provider.pictures
    made.downloader.inspector.kept.load()
    return made


async def entry_of(here, job=JOB):
    return (await here.ledger.entries([job.key]))[job.key]


async def dies(here, job=JOB):
    with pytest.raises(Died):
        await here.render(job)
    assert isinstance((await entry_of(here, job)).outcome, Paid)


async def test_a_run_that_dies_before_an_image_is_inspected_downloads_it_only_once(case, tmp_path):
    """The image was downloaded again, from a URL that may be gone by then."""
    here = await case()
    here.executor.run = die
    await dies(here)
    again = next_run(here, tmp_path)
    [stored] = await again.render(JOB)
    assert isinstance(stored, Stored)
    assert (again.provider.asked, again.provider.downloads) == ([], [])
    assert (tmp_path / stored.artifact.path).read_bytes() == here.provider.pictures[stored.url]
    assert (await entry_of(again)).outcome == stored
    paths = [thumb_path("citrus-soda", stored.artifact.sha256, side) for side in SIDES]
    assert list(again.images.stat_many(paths)) == paths


async def test_an_image_that_landed_in_a_dead_run_is_inspected_and_not_downloaded_again(
    case, tmp_path
):
    here = await case()
    here.ledger.stored, stored = die, here.ledger.stored
    await dies(here)
    here.ledger.stored = stored
    again = next_run(here, tmp_path)
    assert isinstance((await again.render(JOB))[0], Stored)
    assert (again.provider.downloads, again.executor.tasks) == ([], [])


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
async def test_an_image_that_landed_under_another_ending_is_found(case, tmp_path, kind):
    here = await case()
    here.provider._render = with_picture(here, encoded(kind))
    here.executor.run = die
    await dies(here)
    again = next_run(here, tmp_path)
    [stored] = await again.render(JOB)
    assert stored.artifact.kind.name == kind
    assert again.provider.downloads == []


def with_picture(here, content):
    truly = here.provider._render

    def render(request):
        receipt = truly(request)
        here.provider.pictures[receipt.url] = content
        return receipt

    return render


@pytest.mark.parametrize("content", [UNDECODABLE, *BROKEN.values()], ids=["PNG", *BROKEN.keys()])
async def test_an_image_that_cannot_be_decoded_is_never_stored(case, tmp_path, content):
    """With 100 of 256 rows it was stored, passed every check, and bought a final."""
    here = await case(download_tries=3)
    here.provider._render = with_picture(here, content)
    [lost] = await here.render(JOB)
    assert isinstance(lost, PaidLost)
    assert re.search("cannot be decoded|fewer rows|was cut off", lost.reason)
    assert len(here.provider.downloads) == 3
    assert not [*(tmp_path / "citrus-soda").rglob("*.*g")]
    assert here.inspector.kept.known == {}
    assert (await here.ledger.spent()).confirmed == here.provider.charged == 2


@pytest.mark.parametrize("content", WHOLE.values(), ids=WHOLE.keys())
async def test_an_image_of_any_kind_that_has_its_pixels_is_stored(case, content):
    here = await case(download_tries=1)
    here.provider._render = with_picture(here, content)
    assert isinstance((await here.render(JOB))[0], Stored)


async def test_a_check_of_an_older_version_is_not_believed(case, tmp_path):
    """`review: auto` took its word for a picture with missing rows, and bought the final."""
    here = await case()
    [stored] = await here.render(JOB)
    (tmp_path / stored.artifact.path).write_bytes(BROKEN["PNG, 25 of 64 rows"])
    sha256 = stored.artifact.sha256
    passed = {name: {**check, "passed": True} for name, check in CHECKS.items()}
    older = json.dumps({"sha256": sha256, "checks": passed}) + "\n"
    (tmp_path / "citrus-soda" / "checks.jsonl").write_text(older)
    later = next_run(here, tmp_path)
    assert later.inspector.kept.known[sha256] == passed
    assert not score_of(await later.inspector.inspect_stored(JOB, stored.artifact)).passed
    last = next_run(later, tmp_path)
    assert not score_of(await last.inspector.inspect_stored(JOB, stored.artifact)).passed
    assert last.executor.tasks == []


async def test_a_better_download_replaces_one_that_cannot_be_decoded(case, tmp_path):
    here = await case()
    here.provider._render = with_picture(here, UNDECODABLE)
    whole = encoded("PNG")

    async def heal(_seconds):
        here.provider.pictures.update(dict.fromkeys(here.provider.pictures, whole))

    here.downloader = type(here.downloader)(
        **{
            name: getattr(here.downloader, name)
            for name in ("provider", "ledger", "images", "replies")
        },
        inspector=here.inspector,
        known_images=here.known_images,
        settings=here.settings,
        listen=here.events.append,
        sleep=heal,
    )
    here.renderer._downloader = here.downloader
    [stored] = await here.render(JOB)
    assert (tmp_path / stored.artifact.path).read_bytes() == whole


async def test_an_image_that_nobody_could_inspect_waits_for_the_next_run(case, tmp_path):
    """A process that memory ran out for says nothing about the image: it is kept."""
    here = await case()

    async def dead(_task):
        raise TaskDied("Inspect ended every process it ran in")

    here.executor.run = dead
    [paid] = await here.render(JOB)
    assert isinstance(paid, Paid)
    assert paid.reason == "Inspect ended every process it ran in"
    assert len(here.provider.downloads) == 1
    again = next_run(here, tmp_path)
    assert isinstance((await again.render(JOB))[0], Stored)
    assert again.provider.downloads == []


async def test_an_image_of_another_job_did_not_land_for_this_one(case, tmp_path):
    """A run that died before a changed word's image came leaves the older one at its path."""
    here = await case()
    older, newer = JOB, a_job(prompt="A drawing of a soda bottle.")
    [first] = await here.render(older)
    changed = next_run(here, tmp_path)
    changed.provider.asked.extend(here.provider.asked)  # so that it paints another picture
    await changed.renderer.prepare_paths(
        [newer], (await here.ledger.record(JOB.at.campaign)).entries
    )
    changed.images.put = die
    await dies(changed, newer)
    last = next_run(changed, tmp_path)
    await last.renderer.prepare_paths([newer], (await here.ledger.record(JOB.at.campaign)).entries)
    [second] = await last.render(newer)
    assert len(last.provider.downloads) == 1
    assert second.artifact.sha256 != first.artifact.sha256


async def test_a_file_of_others_that_is_no_image_did_not_land(case, tmp_path):
    here = await case()
    here.images.put = die
    await dies(here)
    place = tmp_path / "citrus-soda" / JOB.path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(b"somebody's own notes")
    again = next_run(here, tmp_path)
    assert await again.render(JOB) == [None]
    assert isinstance(again.halt.reason, LocalFault)
    assert place.read_bytes() == b"somebody's own notes"


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
async def test_an_older_image_of_another_kind_makes_way_too(case, tmp_path, kind):
    """An API that sends JPEG for `a.png` was refused the name `a.jpg` once a word had changed."""
    here = await case()
    older, newer = JOB, a_job(prompt="A drawing of a soda bottle.")
    here.provider._render = with_picture(here, encoded(kind))
    [first] = await here.render(older)
    changed = next_run(here, tmp_path)
    changed.provider._render = with_picture(changed, encoded(kind, size=(32, 32)))
    known = (await here.ledger.record(JOB.at.campaign)).entries
    await changed.renderer.prepare_paths([newer], known)
    [second] = await changed.render(newer)
    assert isinstance(second, Stored)
    assert second.artifact.path == first.artifact.path
    kept = (await entry_of(changed, older)).outcome.artifact
    assert kept.sha256 == first.artifact.sha256
    assert (tmp_path / kept.path).read_bytes() == encoded(kind)

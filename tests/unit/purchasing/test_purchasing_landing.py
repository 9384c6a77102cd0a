"""An image lands, is inspected, and only then is stored; a run may die between any two of these."""

import pytest
from builders import a_job
from encoded_pictures import END, SIGNATURE, chunk, encoded, header

from pipeline.errors import LocalFault, TaskDied
from pipeline.images.thumbs import SIDES, thumb_path
from pipeline.model.outcome import Paid, PaidLost, Stored

JOB = a_job()
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


async def test_a_run_that_dies_before_an_image_is_inspected_downloads_it_only_once(shop, tmp_path):
    """The image was downloaded again, from a URL that may be gone by then."""
    here = await shop()
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
    shop, tmp_path
):
    here = await shop()
    here.ledger.stored, stored = die, here.ledger.stored
    await dies(here)
    here.ledger.stored = stored
    again = next_run(here, tmp_path)
    assert isinstance((await again.render(JOB))[0], Stored)
    assert (again.provider.downloads, again.executor.tasks) == ([], [])


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
async def test_an_image_that_landed_under_another_ending_is_found(shop, tmp_path, kind):
    here = await shop()
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


async def test_an_image_that_cannot_be_decoded_is_never_stored(shop, tmp_path):
    here = await shop(download_tries=3)
    here.provider._render = with_picture(here, UNDECODABLE)
    [lost] = await here.render(JOB)
    assert isinstance(lost, PaidLost)
    assert "cannot be decoded" in lost.reason
    assert len(here.provider.downloads) == 3
    assert not (tmp_path / "citrus-soda" / JOB.path).exists()


async def test_a_better_download_replaces_one_that_cannot_be_decoded(shop, tmp_path):
    here = await shop()
    here.provider._render = with_picture(here, UNDECODABLE)
    whole = encoded("PNG")

    async def heal(_seconds):
        here.provider.pictures.update(dict.fromkeys(here.provider.pictures, whole))

    here.downloader = type(here.downloader)(
        **{name: getattr(here.downloader, name) for name in ("provider", "ledger", "images")},
        inspector=here.inspector,
        known_images=here.known_images,
        settings=here.settings,
        listen=here.events.append,
        sleep=heal,
    )
    here.renderer._downloader = here.downloader
    [stored] = await here.render(JOB)
    assert (tmp_path / stored.artifact.path).read_bytes() == whole


async def test_an_image_that_nobody_could_inspect_waits_for_the_next_run(shop, tmp_path):
    """A process that memory ran out for says nothing about the image: it is kept."""
    here = await shop()

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


async def test_an_image_of_another_job_did_not_land_for_this_one(shop, tmp_path):
    """A run that died before a changed word's image came leaves the older one at its path."""
    here = await shop()
    older, newer = JOB, a_job(prompt="A drawing of a soda bottle.")
    [first] = await here.render(older)
    changed = next_run(here, tmp_path)
    changed.provider.asked.extend(here.provider.asked)  # so that it paints another picture
    await changed.renderer.prepare_paths(
        [newer], await here.ledger.campaign_entries(JOB.at.campaign)
    )
    changed.images.put = die
    await dies(changed, newer)
    last = next_run(changed, tmp_path)
    await last.renderer.prepare_paths([newer], await here.ledger.campaign_entries(JOB.at.campaign))
    [second] = await last.render(newer)
    assert len(last.provider.downloads) == 1
    assert second.artifact.sha256 != first.artifact.sha256


async def test_a_file_of_others_that_is_no_image_did_not_land(shop, tmp_path):
    here = await shop()
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
async def test_an_older_image_of_another_kind_makes_way_too(shop, tmp_path, kind):
    """An API that sends JPEG for `a.png` was refused the name `a.jpg` once a word had changed."""
    here = await shop()
    older, newer = JOB, a_job(prompt="A drawing of a soda bottle.")
    here.provider._render = with_picture(here, encoded(kind))
    [first] = await here.render(older)
    changed = next_run(here, tmp_path)
    changed.provider._render = with_picture(changed, encoded(kind, size=(32, 32)))
    known = await here.ledger.campaign_entries(JOB.at.campaign)
    await changed.renderer.prepare_paths([newer], known)
    [second] = await changed.render(newer)
    assert isinstance(second, Stored)
    assert second.artifact.path == first.artifact.path
    kept = (await entry_of(changed, older)).outcome.artifact
    assert kept.sha256 == first.artifact.sha256
    assert (tmp_path / kept.path).read_bytes() == encoded(kind)

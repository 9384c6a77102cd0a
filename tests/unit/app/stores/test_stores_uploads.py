"""Uploads of a run: what is uploaded, told and left for the next run."""

import asyncio
import hashlib
from dataclasses import replace

import pytest
from memory_images import MemoryImages
from memory_objects import MemoryObjects

from pipeline.app.stores import uploads
from pipeline.app.stores.campaign_store import CampaignStore
from pipeline.app.stores.uploads import LocalFile, Uploader
from pipeline.errors import Interrupted, LocalFault, StoreFault, UploadStopped
from pipeline.model.names import Slug
from pipeline.purchasing.events import BuyingHalted
from pipeline.purchasing.halt import Halt
from pipeline.state.upkeep.upload_record import UploadRecord


class Uploads:
    """Files of a campaign, an object store in memory, and what uploads between the two."""

    def __init__(self, folder, monkeypatch, objects=None):
        self.folder, self.objects = folder, objects or MemoryObjects()
        self.images = MemoryImages(str(folder))
        self.halt = Halt()

        async def opened(_store):
            return self.objects

        monkeypatch.setattr(uploads, "prove_writable", opened)

    def file(self, path, content):
        self.images.write(path, content)
        return LocalFile(path=path, sha256=hashlib.sha256(content).hexdigest())

    def uploader(self):
        store = CampaignStore(address=self.objects.address, public="")
        record = UploadRecord(self.folder, Slug("soda"), store.address.url)
        return Uploader(store, images=self.images, record=record, halt=self.halt)

    async def run(self, files):
        return await self.uploader().finish(files)

    def contents(self):
        return {path: content for path, (content, _) in self.objects.files.items()}


@pytest.fixture
def case(tmp_path, monkeypatch):
    return Uploads(tmp_path, monkeypatch)


async def test_a_file_is_uploaded_once_over_all_runs(case):
    files = [case.file(f"soda/drafts/{n}.png", b"%d" % n) for n in range(30)]
    report = await case.run([*files, *files])
    assert (report.uploaded, report.in_store, report.waiting) == (30, 30, 0)
    again = await case.run(files)
    assert (again.uploaded, again.found, again.in_store) == (0, 0, 30)


async def test_an_object_whose_line_was_lost_is_found_and_not_sent_again(case):
    files = [case.file("soda/drafts/a.png", b"a")]
    await case.run(files)
    (case.folder / "soda" / "uploads.jsonl").unlink()
    report = await case.run(files)
    assert (report.uploaded, report.found, report.in_store) == (0, 1, 1)


async def test_a_torn_line_of_the_record_is_written_anew(case):
    files = [case.file("soda/drafts/a.png", b"a"), case.file("soda/drafts/b.png", b"b")]
    await case.run(files)
    place = case.folder / "soda" / "uploads.jsonl"
    place.write_bytes(place.read_bytes()[:-5])
    assert (await case.run(files)).found == 1
    assert (await case.run(files)).found == 0


async def test_a_newer_file_replaces_the_object_that_was_uploaded(case):
    await case.run([case.file("soda/finals/a.png", b"old")])
    report = await case.run([case.file("soda/finals/a.png", b"new")])
    assert (report.uploaded, case.contents()) == (1, {"soda/finals/a.png": b"new"})


async def test_an_object_that_others_deleted_is_uploaded_again_when_it_changes(case):
    await case.run([case.file("soda/finals/a.png", b"old")])
    await case.objects.delete("soda/finals/a.png")
    await case.run([case.file("soda/finals/a.png", b"new")])
    assert case.contents() == {"soda/finals/a.png": b"new"}


@pytest.mark.parametrize("earlier", [True, False], ids=["changed", "put"])
async def test_an_object_of_others_is_told_and_kept(case, earlier):
    if earlier:
        await case.run([case.file("soda/finals/a.png", b"old")])
    case.objects.put_by_others("soda/finals/a.png", b"theirs")
    report = await case.run([case.file("soda/finals/a.png", b"new")])
    assert case.contents() == {"soda/finals/a.png": b"theirs"}
    assert "changed by others at s3://ads/shop/soda/finals/a.png" in report.refused[0]
    assert (report.is_complete, report.waiting, case.halt.reason) == (False, 0, None)


async def test_a_file_that_changed_on_disk_is_not_uploaded(case):
    file = case.file("soda/finals/a.png", b"paid")
    case.images.write("soda/finals/a.png", b"edited")
    gone = LocalFile(path="soda/finals/gone.png", sha256="0" * 64)
    report = await case.run([file, gone])
    assert case.contents() == {}
    assert [line.split()[1:4] for line in sorted(report.refused)] == [
        ["changed", "on", "this"],
        ["is", "not", "on"],
    ]


async def test_an_upload_that_arrived_cut_is_repeated(case):
    create, sent = case.objects.create, []

    async def cutting(path, content):
        sent.append(path)
        return await create(path, content[:1])

    case.objects.create = cutting
    report = await case.run([case.file("soda/finals/a.png", b"whole")])
    assert case.contents() == {"soda/finals/a.png": b"whole"}
    assert (report.uploaded, sent) == (1, ["soda/finals/a.png"])


@pytest.mark.parametrize("fresh", [True, False])
async def test_an_object_is_ours_though_the_answer_to_the_first_try_was_lost(case, fresh):
    """The second try found the name taken, and the ad file counted as somebody else's."""
    create = case.objects.create

    async def repeated(path, content):
        await create(path, content)
        return await create(path, content)

    case.objects.create = repeated
    file = case.file("soda/finals/a.png", b"whole")
    report = await case.run([replace(file, fresh=fresh)])
    assert (report.refused, report.in_store, report.waiting) == ([], 1, 0)


async def test_a_store_that_always_cuts_is_told(case):
    case.objects._put = lambda path, content, put=case.objects._put: put(path, content[:1])
    report = await case.run([case.file("soda/finals/a.png", b"whole")])
    assert isinstance(case.halt.reason, UploadStopped)
    assert "did not arrive as it was sent" in str(case.halt.reason)
    assert report.waiting == 1


async def test_a_fault_of_the_store_stops_buying_and_keeps_images_in_flight(case):
    async def refusing(path, content):
        raise StoreFault("s3://ads/shop: the store refused")

    case.objects.create = refusing
    files = [case.file(f"soda/drafts/{n}.png", b"%d" % n) for n in range(20)]
    report = await case.run(files)
    assert (report.waiting, report.in_store) == (20, 0)
    assert (case.halt.reason.exit_code, case.halt.disk_is_lost) == (74, False)


async def test_a_full_queue_never_waits_and_the_end_uploads_the_rest(case, monkeypatch):
    monkeypatch.setattr(uploads, "MOST_WAITING", 2)
    uploader = case.uploader()
    await uploader.begin([], anyway=True)
    files = [case.file(f"soda/drafts/{n}.png", b"%d" % n) for n in range(20)]
    for file in files:
        uploader.offer(file)  # no turn of the loop in between: most find no room
    report = await uploader.finish(files)
    assert (report.uploaded, report.in_store) == (20, 20)


@pytest.mark.parametrize(
    "reason",
    [Interrupted(signal_name="SIGTERM", exit_code=143), LocalFault("the disk is full")],
    ids=["signal", "disk"],
)
async def test_a_signal_or_a_full_disk_ends_uploads_and_the_next_run_goes_on(case, reason):
    begun, create = asyncio.Event(), case.objects.create

    async def hanging(path, content):
        begun.set()
        await asyncio.Event().wait()

    case.objects.create = hanging
    files = [case.file(f"soda/drafts/{n}.png", b"%d" % n) for n in range(20)]
    uploader = case.uploader()
    await uploader.begin(files)
    await begun.wait()
    finishing = asyncio.create_task(uploader.finish(files))
    case.halt.because(reason)
    uploader.happened(BuyingHalted(reason=str(reason), exit_code=143))
    report = await finishing
    assert (report.waiting, case.halt.reason) == (20, reason)
    case.objects.create = create
    assert (await case.run(files)).in_store == 20


async def test_a_bug_ends_the_uploads_instead_of_waiting_for_ever(case):
    async def broken(path, content):
        raise ZeroDivisionError

    case.objects.create = broken
    files = [case.file(f"soda/drafts/{n}.png", b"%d" % n) for n in range(20)]
    with pytest.raises(ZeroDivisionError):
        await case.run(files)


async def test_nothing_is_opened_where_nothing_is_due(case, monkeypatch):
    async def never(_store):
        raise AssertionError("the store was opened")

    files = [case.file("soda/drafts/a.png", b"a")]
    await case.run(files)
    monkeypatch.setattr(uploads, "prove_writable", never)
    uploader = case.uploader()
    await uploader.begin(files)
    assert (await uploader.finish(files)).is_complete


def test_uploads_to_another_store_do_not_count(tmp_path):
    one = UploadRecord(tmp_path, Slug("soda"), "s3://one")
    one.add(uploads.UploadedObject(path="a", sha256="1", bytes=1, etag="x"))
    assert UploadRecord(tmp_path, Slug("soda"), "s3://one").has("a", "1")
    assert not UploadRecord(tmp_path, Slug("soda"), "s3://two").has("a", "1")
    one.remove("a")
    assert not UploadRecord(tmp_path, Slug("soda"), "s3://one").has("a", "1")

"""Images that cells share are found in the folder of each cell, and nothing else is touched."""

import errno
import hashlib
import os
from dataclasses import replace
from types import SimpleNamespace

import pytest
from builders import a_job

from pipeline.model.artifact import Alpha, Artifact, ImageKind
from pipeline.model.entry import Entry
from pipeline.model.money import Amount, Spent
from pipeline.model.outcome import Stored
from pipeline.state.upkeep import shared_images
from pipeline.state.upkeep.shared_images import make_way, show_shared, spare_names

PICTURE, OTHER = b"a picture", b"another one"
MARK = hashlib.sha256(PICTURE).hexdigest()[:12]


class Shop:
    """Two cells of one campaign that share the image of the first."""

    def __init__(self, output):
        self.output = output
        self.payer = a_job("mint/1x1")
        self.twin = replace(a_job("mint/feed"), payer=self.payer.key)
        self.entries = {}

    def put(self, path, content):
        place = self.output / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
        return place

    def stores(self, path, content=PICTURE, *, of=()):
        """The ledger has an image at a path under these jobs."""
        self.put(path, content)
        artifact = Artifact(
            path=path,
            sha256=hashlib.sha256(content).hexdigest(),
            bytes=len(content),
            width=8,
            height=8,
            kind=ImageKind.PNG,
            alpha=Alpha.NONE,
        )
        for job in of or (self.payer, self.twin):
            outcome = Stored(url="https://cdn.test/a.png", amount=Amount(2), artifact=artifact)
            self.entries[job.key] = Entry(key=job.key, at=job.at, outcome=outcome, spent=Spent())

    def show(self, jobs=None):
        state = SimpleNamespace(jobs=jobs or [self.payer, self.twin], entries=self.entries)
        return show_shared(self.output, state)

    def path(self, job, suffix=".png"):
        return f"{job.at.campaign}/{job.path.removesuffix('.png')}{suffix}"

    def place(self, job):
        return self.output / self.path(job)


@pytest.fixture
def shop(tmp_path):
    shop = Shop(tmp_path)
    shop.stores(shop.path(shop.payer))
    return shop


def test_the_image_is_found_under_each_cell_once(shop):
    assert shop.show() == 1
    assert shop.place(shop.twin).samefile(shop.place(shop.payer))
    assert shop.show() == 0


def test_a_disk_without_links_gets_a_copy(shop, monkeypatch):
    def refuse(*_, **__):
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    assert shop.show() == 1
    assert shop.place(shop.twin).read_bytes() == PICTURE
    assert not shop.place(shop.twin).samefile(shop.place(shop.payer))
    assert shop.show() == 0


def test_a_disk_that_fails_ends_nothing(shop, monkeypatch):
    def refuse(*_, **__):
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "link", refuse)
    assert shop.show() == 0
    assert not shop.place(shop.twin).exists()


def test_a_file_of_a_person_stays(shop):
    mine = shop.put(shop.path(shop.twin), b"retouched")
    assert shop.show() == 0
    make_way(shop.output, [shop.twin], shop.entries)
    assert mine.read_bytes() == b"retouched"
    assert [*spare_names(shop.output, shop.payer.at.campaign, shop.entries.values())] == []


def test_an_image_that_only_a_manifest_knows_stays(shop, monkeypatch):
    """It looked like another image, so it gave way, and a new one was bought in its place."""
    shop.put(shop.path(shop.twin), PICTURE)
    monkeypatch.setattr(shared_images, "owner_in_manifests", lambda *_: "as an image of run r")
    make_way(shop.output, [shop.twin], shop.entries)
    assert [*spare_names(shop.output, shop.payer.at.campaign, shop.entries.values())] == []
    assert shop.place(shop.twin).exists()
    old = a_job("mint/feed", prompt="an older prompt")
    shop.stores(shop.path(shop.twin).replace(".png", f".{MARK}.png"), of=[old])
    make_way(shop.output, [shop.twin], shop.entries)
    assert not shop.place(shop.twin).exists()


def test_the_name_of_an_earlier_image_gives_way(shop):
    """The image of the pair was replaced: the name of the twin shows the new one."""
    shop.show()
    shop.place(shop.payer).rename(shop.output / "older.png")
    old = a_job("mint/1x1", prompt="an older prompt")
    shop.stores("older.png", of=[old])
    shop.stores(shop.path(shop.payer), OTHER)
    assert shop.show() == 1
    assert shop.place(shop.twin).read_bytes() == OTHER


def test_a_cell_that_buys_an_image_of_its_own_finds_its_place_free(shop):
    shop.show()
    make_way(shop.output, [shop.twin, shop.payer], shop.entries)
    assert not shop.place(shop.twin).exists()
    assert shop.place(shop.payer).read_bytes() == PICTURE


def test_a_name_is_kept_if_it_is_all_that_is_left(shop):
    shop.show()
    shop.place(shop.payer).unlink()
    make_way(shop.output, [shop.twin], shop.entries)
    assert shop.place(shop.twin).read_bytes() == PICTURE


def test_the_ending_is_that_of_the_image(shop):
    shop.stores(shop.path(shop.payer, ".jpg"))
    assert shop.show() == 1
    assert (shop.output / shop.path(shop.twin, ".jpg")).exists()


def test_names_of_images_that_are_gone_are_listed(shop):
    shop.show()
    campaign = shop.payer.at.campaign
    found = [*spare_names(shop.output, campaign, shop.entries.values())]
    assert found == [shop.path(shop.twin)]

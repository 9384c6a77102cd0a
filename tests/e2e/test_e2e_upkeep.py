"""An output folder after months: what `gc` removes, and backups of the ledger."""

import hashlib
import json
import re
import shutil

import pytest
import requests
from account import audit
from conftest import Cli
from feed_server import feed_server

from pipeline.app.commands.gc import GcOptions, collect_garbage
from pipeline.settings import Settings
from pipeline.state.output.lock import campaign_lock
from pipeline.state.upkeep import removable

FILE = """\
campaign: soda
feed_hosts: [127.0.0.1]
data: {{products: {{source: "{url}"}}}}
matrix: {{product: {{from: products}}, size: ['1:1']}}
prompt: a product photo of {{{{ product.name }}}} on a wet studio table, soft reflections
stages: {{draft: {{quality: low, takes: 1, review: auto}}}}
"""
OTHER = FILE.replace("campaign: soda", "campaign: gone")


@pytest.fixture(scope="module")
def used(tmp_path_factory):
    """Two campaigns with several runs, plans and feeds; the file of one of them is gone."""
    pipeline = Cli(tmp_path_factory.mktemp("used"))
    with feed_server() as feeds:
        file = pipeline.write(FILE.format(url=f"{feeds.url}/soda.csv"), "soda.yaml")
        gone = pipeline.write(OTHER.format(url=f"{feeds.url}/gone.csv"), "gone.yaml")
        for number in range(2):
            for name in ("soda", "gone"):
                feeds.give(f"/{name}.csv", f"id,name\nx,Citrus {number}\n")
            assert pipeline("plan", file).code == 0
            ended = pipeline("run", file)
            assert ended.code == 0, ended.err
        assert pipeline("run", gone).code == 0
    gone.unlink()
    (pipeline.output / "soda" / "thumbs" / f"{'ab' * 8}-256.webp").write_bytes(b"idle")
    return pipeline.folder


@pytest.fixture
def folder(used, tmp_path):
    """The same, with files of a person in every folder."""
    shutil.copytree(used, tmp_path / "used", symlinks=True)
    output = tmp_path / "used" / "output"
    for place in [output, *(one for one in output.rglob("*") if one.is_dir())]:
        if not place.is_symlink() and ".embedded" not in place.parts:
            (place / "notes.txt").write_text(str(place.relative_to(output)))
    return output


def hashes(output):
    return {
        str(place.relative_to(output)): hashlib.sha256(place.read_bytes()).hexdigest()
        for place in sorted(output.rglob("*"))
        if place.is_file()
        and not place.is_symlink()
        and not place.name.startswith("ledger.db")
        and place.name != ".lock"
    }


def collect(output, **options):
    return collect_garbage(GcOptions(**options), Settings(output=output))


def named(report):
    """What a report names, as files."""
    return {str(item.path) for item in report.items}


def test_nothing_is_removed_unless_that_is_asked_for(folder):
    before = hashes(folder)
    report = collect(folder, keep_runs=1)
    assert hashes(folder) == before
    kinds = [item.why.name for item in report.items]
    assert {kind: kinds.count(kind) for kind in kinds} == {
        "RUN": 1,
        "PLAN": 1,
        "SNAPSHOT": 1,
        "THUMB": 1,
    }
    assert [item.why.name for item in report.images] == ["IMAGE"]
    assert report.images[0].amount == 2


def test_only_what_was_listed_is_removed(folder):
    before = hashes(folder)
    listed = named(collect(folder, keep_runs=1))
    collect(folder, keep_runs=1, yes=True)
    after = hashes(folder)
    assert {path: after[path] for path in after} == {path: before[path] for path in after}
    lost = set(before) - set(after)
    assert lost
    assert all(path in listed or any(path.startswith(f"{one}/") for one in listed) for path in lost)
    assert not any(path.endswith("notes.txt") for path in lost)
    assert collect(folder, keep_runs=1).items == []
    assert audit(folder)[2] == []


def test_the_default_keeps_a_season(folder):
    assert [item.why.name for item in collect(folder).items] == ["THUMB"]


def test_images_of_a_campaign_that_is_gone_are_removed_by_name_only(folder):
    [image] = [path for path in hashes(folder) if re.match("gone/drafts/.*png", path)]
    collect(folder, yes=True)
    assert (folder / image).exists()
    report = collect(folder, images_gone=True, yes=True)
    assert image in named(report)
    assert not (folder / image).exists()
    verified = Cli(folder.parent)("verify")
    assert verified.code == 0, verified.err


class _Killed(BaseException):
    pass


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_removal_that_is_killed_anywhere_can_be_given_again(used, monkeypatch, tmp_path, when):
    """It dies at every file and folder that it removes: before that, or once it is gone.

    A folder of a run that was empty by then stayed for ever.
    """
    folder = tmp_path / "copy" / "output"
    shutil.copytree(used, folder.parent, symlinks=True)
    wanted = tmp_path / "wanted" / "output"
    shutil.copytree(folder.parent, wanted.parent, symlinks=True)
    collect(wanted, keep_runs=1, images_gone=True, yes=True)
    left = [0]

    def dying(original):
        def call(output, place):
            if not (output / str(place)).exists():
                return
            if when == "before" and not left[0]:
                raise _Killed
            original(output, place)
            left[0] -= 1
            if when == "after" and not left[0]:
                raise _Killed

        return call

    for name in ("remove_file", "remove_empty_folder"):
        monkeypatch.setattr(removable, name, dying(getattr(removable, name)))
    kills, done = 0, False
    while not done:
        assert kills < 60
        left[0] = 1
        try:
            collect(folder, keep_runs=1, images_gone=True, yes=True)
            done = True
        except _Killed:
            kills += 1
    assert kills > 5
    assert hashes(folder) == hashes(wanted)
    assert folders(folder) == folders(wanted)


def folders(output):
    return sorted(str(one.relative_to(output)) for one in output.rglob("*") if one.is_dir())


def test_a_run_that_the_ledger_does_not_know_is_kept(folder):
    """Its manifest is all that is left of what it bought."""
    runs = sorted(place.name for place in (folder / "soda" / "runs").iterdir() if place.is_dir())
    foreign = folder / "soda" / "runs" / "2020-01-01T000000Z-abcdef"
    shutil.copytree(folder / "soda" / "runs" / runs[0], foreign)
    assert str(foreign.relative_to(folder)) not in named(collect(folder, keep_runs=1))


def test_a_live_run_is_left_alone(folder):
    with campaign_lock(folder, "soda"):
        for yes in (False, True):
            report = collect(folder, keep_runs=1, yes=yes)
            assert report.busy == ["soda"]
            assert {item.path.parts[0] for item in report.items} <= {"gone"}


def test_links_are_not_followed(folder, tmp_path):
    outside = tmp_path / "outside"
    (folder / "soda" / "plans").rename(outside)
    (folder / "soda" / "plans").symlink_to(outside)
    before = sorted(place.name for place in outside.iterdir())
    collect(folder, keep_runs=1, yes=True)
    assert sorted(place.name for place in outside.iterdir()) == before


def test_the_rerun_after_gc_costs_nothing(folder, used):
    pipeline = Cli(folder.parent)
    collect(folder, keep_runs=1, yes=True)
    ended = pipeline("run", "soda.yaml", "--feeds", "kept")
    assert ended.code == 0, ended.err
    assert pipeline.manifest()["totals"]["credits"]["this_run"] == 0


def test_gc_says_what_it_would_do(folder):
    pipeline = Cli(folder.parent)
    shown = pipeline("gc", "--keep-runs", "1")
    assert shown.code == 0, shown.err
    assert "1 old run" in shown.out
    assert "gone: the campaign file is gone. 1 image, which cost 2 credits: kept" in shown.err
    assert "Nothing was removed: 4 items" in shown.err
    assert "Next  pipeline gc --keep-runs 1 --yes\n" in shown.err
    done = json.loads(pipeline("gc", "soda.yaml", "--keep-runs", "1", "--yes", "--json").out)
    assert done["removed"]
    assert len(done["items"]) == 4


# the ledger's backups


def test_a_backup_restores_what_was_bought(folder, tmp_path):
    pipeline = Cli(folder.parent)
    file = tmp_path / "ledger-backup.db"
    ended = pipeline("ledger", "backup", file)
    assert ended.code == 0, ended.err
    assert json.loads((folder / "backup.json").read_text())["file"] == str(file)
    for place in folder.glob("ledger.db*"):
        place.unlink()
    assert pipeline("run", "soda.yaml", "--feeds", "kept").code == 2
    ended = pipeline("ledger", "restore", file)
    assert ended.code == 0, ended.err
    ended = pipeline("run", "soda.yaml", "--feeds", "kept")
    assert ended.code == 0, ended.err
    assert pipeline.manifest()["totals"]["credits"]["this_run"] == 0


def test_what_was_bought_since_a_backup_is_not_forgotten(folder, tmp_path):
    """The runs beside the ledger prove it: the next run refuses until they are imported."""
    pipeline = Cli(folder.parent)
    file = tmp_path / "ledger-backup.db"
    assert pipeline("ledger", "backup", file).code == 0
    text = (folder.parent / "soda.yaml").read_text().replace("studio table", "marble table")
    (folder.parent / "soda.yaml").write_text(text)
    assert pipeline("run", "soda.yaml", "--feeds", "kept").code == 0
    assert pipeline.manifest()["totals"]["credits"]["this_run"] == 2
    assert "is sound" in pipeline("ledger", "restore", file).err
    (folder / "ledger.db").unlink()
    ended = pipeline("ledger", "restore", file)
    assert ended.code == 3, ended.err
    assert "1 run of soda beside it" in ended.err
    assert "writes are missing" in ended.err
    refused = pipeline("run", "soda.yaml", "--feeds", "kept")
    assert refused.code == 2
    assert "ledger import" in refused.err
    assert pipeline("ledger", "import", folder / "soda").code == 0
    ended = pipeline("run", "soda.yaml", "--feeds", "kept")
    assert ended.code == 0, ended.err
    assert pipeline.manifest()["totals"]["credits"]["this_run"] == 0
    assert audit(folder)[2] == []


def test_a_ledger_is_not_restored_while_a_run_is_alive(folder, tmp_path):
    pipeline = Cli(folder.parent)
    file = tmp_path / "ledger-backup.db"
    pipeline("ledger", "backup", file)
    with campaign_lock(folder, "soda"):
        assert pipeline("ledger", "backup", file).code == 0
        (folder / "ledger.db").unlink()
        assert pipeline("ledger", "restore", file).code == 75
    assert not (folder / "ledger.db").exists()


# backups of a ledger that is being written


SOAK = """\
campaign: soak
matrix: {{product: [{products}], size: ['1:1']}}
prompt: a product photo of {{{{ product.id }}}} on a wet studio table, soft reflections
stages: {{draft: {{quality: low, takes: 1, review: none}}}}
budget: {{run: 10000}}
"""


@pytest.mark.parametrize(
    ("images", "kills", "every"),
    [
        pytest.param(12, 1, 8, id="sample"),
        pytest.param(300, 6, 25, id="all", marks=[pytest.mark.thorough, pytest.mark.timeout(1800)]),
    ],
)
def test_a_backup_of_any_moment_restores_to_what_the_next_run_can_trust(
    pipeline, served, tmp_path_factory, *, images, kills, every
):
    """Each is put in the place of the lost ledger of a run that was killed and went on.

    What was bought since is named by the run manifests: the next run refuses until it is imported,
    and then buys nothing that the server has charged.
    """
    server = served("--engine", "none")
    pipeline.environment |= {"GPTIMAGE_BASE_URL": server.url, "GPTIMAGE_API_KEY": server.key}
    file = pipeline.write(SOAK.format(products=", ".join(f"p{n}" for n in range(images))))
    words = ("run", file, "--provider", "gptimage", "--yes", "--concurrency", "2")
    drafts = pipeline.output / "soak" / "drafts"
    elsewhere, backups = tmp_path_factory.mktemp("backups"), []
    for number in range(1, kills + 2):
        process = pipeline.start(*words)
        enough = images * number // (kills + 1)
        while process.poll() is None:
            stored = len([*drafts.rglob("*.png")])
            if stored >= every * (len(backups) + 1):
                backups.append(elsewhere / f"backup-{len(backups)}.db")
                ended = pipeline("ledger", "backup", backups[-1])
                assert ended.code == 0, ended.err
            if number <= kills and stored >= enough:
                process.kill()
        process.communicate()
    charged = spent_on(server)
    manifest = pipeline.manifest("soak")["totals"]["credits"]
    assert manifest["confirmed"] <= charged <= manifest["upper"]
    assert len(backups) >= max(1, images // every - 1)
    refused = 0
    for backup in backups:
        copy = Cli(elsewhere / backup.stem)
        shutil.copytree(pipeline.folder, copy.folder, symlinks=True)
        copy.environment |= pipeline.environment
        for place in copy.output.glob("ledger.db*"):
            place.unlink()
        lacks = copy("ledger", "restore", backup)
        again = ("run", "soda.yaml", *words[2:])
        ended = copy(*again)
        if lacks.code == 3:
            refused += 1
            assert (ended.code, "ledger import" in ended.err) == (2, True), ended.err
            assert copy("ledger", "import", copy.output / "soak").code == 0
            ended = copy(*again)
        else:
            assert lacks.code == 0, lacks.err
        assert ended.code in {0, 6}, ended.err
        found = copy.manifest("soak")["totals"]
        assert found["credits"]["this_run"] == 0
        assert found["credits"]["confirmed"] <= charged <= found["credits"]["upper"]
        assert found["stored"] + found["in_doubt"] == images
    assert spent_on(server) == charged
    print(f"{images} images, {kills} kills, {len(backups)} backups, {refused} refused at first")


def spent_on(server):
    """What the server's own account says was charged."""
    headers = {"Authorization": f"Bearer {server.key}"}
    account = requests.get(f"{server.url}/v1/credits", headers=headers, timeout=10).json()
    return account["data"]["spent"]

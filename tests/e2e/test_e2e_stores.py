"""Images and ad files in an object store: a real S3-speaking server, with faults in between."""

import csv
import hashlib
import json

import pytest
from conftest import SODA
from s3_server import SECRET, Fault, make_bucket, no_fault, objects, proxy_to, put, s3_server

STORE = 'output: {store: "s3://ads/shop", public_url: "https://cdn.example.com/{{ path }}"}\n'
SMALL = SODA.partition("stages:")[0].replace("[1:1, 4:3]", "[medium-rectangle]")
SMALL += "stages: {final: {quality: low}}\n" + STORE
IMAGES, AD_FILES = 2, 2


@pytest.fixture(scope="module")
def server():
    with s3_server() as url:
        yield url


@pytest.fixture
def proxy(server, pipeline):
    make_bucket(server)
    with proxy_to(server) as proxy:
        pipeline.environment |= proxy.environment()
        yield proxy


def in_store(server):
    """What the bucket has below the prefix, without the object that says who writes there."""
    found = {key.removeprefix("shop/"): content for key, content in objects(server).items()}
    found.pop(".campaign-pipeline", None)
    return found


def on_disk(pipeline):
    """Every image and ad file of the output folder."""
    folders = (pipeline.output / "soda" / name for name in ("drafts", "finals", "adfiles"))
    files = (place for folder in folders for place in folder.rglob("*") if place.is_file())
    return {str(one.relative_to(pipeline.output)): one.read_bytes() for one in files}


def test_every_image_and_ad_file_is_uploaded_beside_the_run(pipeline, proxy, server):
    file = pipeline.write(SMALL)
    ended = pipeline("run", file)
    assert ended.code == 0, ended.err
    assert "s3://ads/shop/  4 files, 4 of them now" in ended.err
    assert in_store(server) == on_disk(pipeline)
    manifest = pipeline.manifest()
    files = [*manifest["images"], *(one for row in manifest["images"] for one in row["adfiles"])]
    assert len(files) == IMAGES + AD_FILES
    for one in files:
        assert one["stored_at"] == f"s3://ads/shop/{one['file']}"
        assert one["public_url"] == f"https://cdn.example.com/{one['file']}"
        kept = in_store(server)[one["file"]]
        assert hashlib.sha256(kept).hexdigest() == one["sha256"]
    with (pipeline.output / "soda" / "latest" / "images.csv").open() as table:
        rows = [*csv.DictReader(table)]
    assert {row["stored_at"] for row in rows} == {one["stored_at"] for one in manifest["images"]}
    assert len(proxy.puts()) == IMAGES + AD_FILES + 1
    kinds = {
        one.key[-4:]: one.headers["content-type"]
        for one in proxy.requests[1:]
        if one.method == "PUT"
    }
    assert kinds == {".png": "image/png", ".jpg": "image/jpeg"}
    pipeline("run", file)
    again = pipeline("run", file)
    assert "nothing has changed" in again.err
    assert len(proxy.puts()) == IMAGES + AD_FILES + 1
    assert_no_secret(pipeline, ended, again)


def assert_no_secret(pipeline, *ended):
    for place in pipeline.output.rglob("*"):
        assert not place.is_file() or SECRET.encode() not in place.read_bytes(), place
    assert SECRET not in "".join(one.out + one.err for one in ended)


REFUSALS = {
    "another region": (Fault(301, "PermanentRedirect"), "set AWS_REGION to the bucket's own"),
    "secret": (
        Fault(403, "SignatureDoesNotMatch", f"not {SECRET}"),
        "SignatureDoesNotMatch: not …",
    ),
}


@pytest.mark.parametrize(("fault", "words"), REFUSALS.values(), ids=REFUSALS.keys())
def test_a_store_that_refuses_ends_a_run_before_anything_is_sent(pipeline, proxy, *, fault, words):
    proxy.answer = lambda _: fault
    file = pipeline.write(SMALL)
    ended = pipeline("run", file)
    assert ended.code == 74
    assert words in " ".join(ended.err.split())
    assert "nothing was sent to the provider" in " ".join(ended.err.split())
    assert not (pipeline.output / "soda" / "finals").exists()
    assert_no_secret(pipeline, ended)


def test_a_store_that_fails_later_stops_buying_and_the_next_run_goes_on(pipeline, proxy, server):
    """Permission is withdrawn after the first image: nothing is bought after that was told."""

    def withdrawn(request):
        images = len(proxy.puts()) - 1
        refused = request.method == "PUT" and images > 1
        return Fault(403, "AccessDenied", "Access Denied") if refused else None

    proxy.answer = withdrawn
    file = pipeline.write(SMALL)
    ended = pipeline("run", file, "--concurrency", "1")
    assert ended.code == 74, ended.err
    said = " ".join(ended.err.split())
    assert "Every image is kept on this machine" in said
    assert "not uploaded; the next run uploads" in said
    report = pipeline.manifest()
    assert [one["stored_at"] is None for one in report["images"] if one["file"]]
    proxy.answer = no_fault
    ended = pipeline("run", file)
    assert ended.code == 0, ended.err
    assert in_store(server) == on_disk(pipeline)
    uploaded = [key for key in proxy.puts() if not key.endswith(".campaign-pipeline")]
    assert len(uploaded) <= IMAGES + AD_FILES + 2  # what was refused was sent too


def test_an_object_that_others_changed_is_told_and_not_overwritten(pipeline, proxy, server):
    file = pipeline.write(SMALL)
    assert pipeline("run", file).code == 0
    path = pipeline.manifest()["images"][0]["file"]
    assert pipeline("verify", file).code == 0
    put(server, f"shop/{path}", b"retouched by the agency")
    ended = pipeline("verify", file)
    assert (ended.code, ended.out) == (3, f"changed by others: s3://ads/shop/{path}\n")
    assert "3 of 4 objects in the store as uploaded" in ended.err
    file.write_text(SMALL.replace("wet studio table", "dry studio table"))
    ended = pipeline("run", file)
    assert ended.code == 3, ended.err
    assert f"{path} was put or changed by others at s3://ads/shop/{path}" in "".join(
        line.strip() + " " for line in ended.err.splitlines()
    )
    assert in_store(server)[path] == b"retouched by the agency"
    changed = [one for one in pipeline.manifest()["images"] if one["file"] == path]
    assert changed[0]["stored_at"] is None
    others = {key: content for key, content in on_disk(pipeline).items() if key in in_store(server)}
    assert [key for key in others if in_store(server)[key] != others[key]] == [path]


def test_brief_faults_and_cut_uploads_leave_every_object_whole(pipeline, proxy, server):
    faults = [
        Fault(503, "SlowDown"),
        Fault(),
        Fault(after=True),
        Fault(400, "IncompleteBody"),
        None,
        "cut",
    ]

    def faulty(request):
        if request.method != "PUT" or request.number > 2 * len(faults):
            return None
        fault = faults[request.number % len(faults)]
        if fault == "cut":
            request.body = request.body[: len(request.body) // 2]
            return None
        return fault

    proxy.answer = faulty
    ended = pipeline("run", pipeline.write(SMALL))
    assert ended.code == 0, ended.err
    assert in_store(server) == on_disk(pipeline)


BAD = {
    "ftp://ads/x": "ftp:// is no store that is known here",
    "s3://key:hunter2@ads/x": "holds no credentials",
}


@pytest.mark.parametrize(("url", "words"), BAD.items(), ids=BAD.values())
def test_check_and_plan_refuse_a_bad_address_with_its_line(pipeline, *, url, words):
    file = pipeline.write(SODA + f'output: {{store: "{url}"}}\n')
    for command in ("check", "plan"):
        ended = pipeline(command, file)
        assert (ended.code, words in ended.out + ended.err) == (2, True), ended.err
        assert "soda.yaml:13" in ended.out + ended.err
        assert "hunter2" not in ended.out + ended.err


def test_a_shared_folder_is_a_store_too(pipeline):
    shared = pipeline.folder / "share"
    file = pipeline.write(SMALL.replace(STORE, f'output: {{store: "{shared}"}}\n'))
    ended = pipeline("run", file)
    assert ended.code == 0, ended.err
    found = {
        str(one.relative_to(shared)): one.read_bytes() for one in (shared / "soda").rglob("*.*")
    }
    assert found == on_disk(pipeline)
    row = pipeline.manifest()["images"][0]
    assert (row["stored_at"], row["public_url"]) == (f"file://{shared}/{row['file']}", None)
    assert json.loads((pipeline.output / "soda" / "uploads.jsonl").read_text().splitlines()[0])


@pytest.fixture
def shop_proxy(server, shop):
    make_bucket(server)
    with proxy_to(server) as proxy:
        shop.environment |= proxy.environment()
        yield proxy


def test_an_export_into_a_bucket_is_resumed_and_checked(shop, shop_proxy, server):
    """It ends half way with 74; run again, it sends what is missing, and then nothing."""
    command = ("export", "shop.yaml", "--to", "s3://ads/out/may")
    shop_proxy.answer = lambda request: (
        Fault(403, "AccessDenied") if request.method == "PUT" and request.number > 4 else None
    )
    ended = shop(*command)
    assert (ended.code, "HTTP 403 AccessDenied" in ended.err) == (74, True), ended.err
    first = set(shop_proxy.puts())
    shop_proxy.answer = no_fault
    shop_proxy.requests.clear()
    ended = shop(*command)
    assert ended.code == 0, ended.err
    assert "s3://ads/out/may  8 ad files for 3 placements" in ended.err
    found = {key.removeprefix("out/may/"): one for key, one in objects(server).items()}
    folder = shop.folder / "local"
    assert shop("export", "shop.yaml", "--to", folder).code == 0
    local = {str(one.relative_to(folder)): one.read_bytes() for one in folder.rglob("*.*")}
    tables = {"manifest.json", "assets.csv"}
    assert found.keys() == local.keys()
    assert {key for key in found if found[key] != local[key]} == tables
    rows = [*csv.DictReader(found["assets.csv"].decode().splitlines())]
    assert {row["stored_at"] for row in rows} == {f"s3://ads/out/may/{row['file']}" for row in rows}
    sent = [key for key in shop_proxy.puts() if not key.endswith(".unfinished-export.json")]
    assert len(sent) == len({*sent})
    assert len(sent) + len(first) >= len(found)
    shop_proxy.requests.clear()
    assert "nothing changed" in shop(*command).err
    assert shop_proxy.puts() == []
    assert shop(*command, "--check").code == 0
    put(server, f"out/may/{rows[0]['file']}", b"retouched")
    ended = shop(*command, "--check")
    assert (ended.code, ended.out) == (3, f"changed: {rows[0]['file']}\n")
    ended = shop(*command)
    assert (ended.code, "no export wrote it" in ended.err) == (2, True), ended.err
    assert objects(server)[f"out/may/{rows[0]['file']}"] == b"retouched"


def test_an_export_in_a_folder_or_a_zip_is_checked(shop):
    for to in ("out", "out.zip"):
        assert shop("export", "shop.yaml", "--to", to).code == 0
        assert shop("export", "shop.yaml", "--to", to, "--check").code == 0
    (shop.folder / "out" / "assets.csv").write_text("edited")
    ended = shop("export", "shop.yaml", "--to", "out", "--check")
    assert (ended.code, ended.out) == (3, "changed: assets.csv\n")
    assert shop("export", "shop.yaml", "--to", "none", "--check").code == 2


def told(pipeline, *words):
    """What the doctor says of stores."""
    found = json.loads(pipeline("doctor", *words, "--json").out)
    return [(one["state"], one["said"]) for one in found if one["name"] == "store"]


def test_the_doctor_tries_out_a_store_and_cleans_up(pipeline, proxy, server):
    file = pipeline.write(SMALL)
    assert told(pipeline) == []
    assert told(pipeline, file) == [("ok", "s3://ads/shop can be written, read and cleaned")]
    assert objects(server) == {}
    proxy.answer = lambda request: (
        Fault(403, "AccessDenied") if request.method in {"DELETE", "POST"} else None
    )
    ((state, said),) = told(pipeline, file)
    assert (state, "could not be removed" in said) == ("note", True)

    def unconditional(request):
        request.headers.pop("if-none-match", None)

    proxy.answer = unconditional
    ((state, said),) = told(pipeline, file)
    assert (state, "what others put could be overwritten" in said) == ("bad", True)
    proxy.answer = lambda _: Fault(403, "InvalidAccessKeyId", SECRET)
    ((state, said),) = told(pipeline, file)
    assert (state, "InvalidAccessKeyId" in said, SECRET in said) == ("bad", True, False)


def test_gc_removes_objects_that_nothing_names_unless_others_changed_them(pipeline, proxy, server):
    """An ad file with another recipe is another object; the old one stays until gc removes it."""
    file = pipeline.write(SMALL)
    assert pipeline("run", file).code == 0
    before = set(in_store(server))
    file.write_text(SMALL + "provenance: {credit: Sunburst GmbH}\n")
    assert pipeline("run", file).code == 0
    old = sorted(key for key in before if key.startswith("soda/adfiles/"))
    new = set(in_store(server)) - before
    assert (len(old), len(new)) == (2, 2)
    ended = pipeline("gc", file)
    assert (ended.code, "2 objects that nothing names" in ended.out) == (0, True), ended.out
    assert set(in_store(server)) == before | new
    put(server, f"shop/{old[0]}", b"linked by the agency")
    assert pipeline("gc", file, "--yes").code == 0
    assert set(in_store(server)) == (before | new) - {old[1]}
    assert "Nothing to remove" in pipeline("gc", file).err
    assert pipeline("verify", file).code == 0

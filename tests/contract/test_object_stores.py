"""What every object store promises: a server that speaks S3, a folder, and one in memory."""

import pytest
from memory_objects import MemoryObjects
from s3_server import BUCKET, SECRET, Fault, make_bucket, no_fault, proxy_to, s3_server

from pipeline.errors import StoreFault, UsageError
from pipeline.images.object_store import registry
from pipeline.images.object_store.address import store_address
from pipeline.images.object_store.base import ObjectVersion, held_version
from pipeline.images.object_store.client import ObjectClient
from pipeline.images.object_store.registry import open_objects


@pytest.fixture(scope="module")
def proxy():
    with s3_server() as server, proxy_to(server) as proxy:
        make_bucket(server)
        yield proxy


@pytest.fixture
def s3(proxy, monkeypatch, request):
    proxy.answer = no_fault
    for name, value in proxy.environment().items():
        monkeypatch.setenv(name, value)
    prefix = f"p{abs(hash(request.node.name))}"
    return ObjectClient(store_address(f"s3://{BUCKET}/{prefix}"), tries=3, first_pause=0.001)


@pytest.fixture(params=["s3", "folder", "memory"])
def objects(request, tmp_path):
    match request.param:
        case "s3":
            return request.getfixturevalue("s3")
        case "folder":
            return open_objects(store_address(f"file://{tmp_path}/share"))
    return MemoryObjects()


async def test_an_object_is_created_only_where_none_is(objects):
    version = await objects.create("c/a b+ü.png", b"mine")
    assert version is not None
    assert await objects.create("c/a b+ü.png", b"other") is None
    assert await objects.read("c/a b+ü.png") == b"mine"
    found = await objects.head("c/a b+ü.png")
    assert (found.path, found.size, found.version) == ("c/a b+ü.png", 4, version)


async def test_an_object_is_replaced_only_while_it_is_the_same_version(objects):
    first = await objects.create("a.png", b"first")
    second = await objects.replace("a.png", b"second!", known=first)
    assert second not in {None, first}
    assert await objects.replace("a.png", b"third", known=first) is None
    assert await objects.read("a.png") == b"second!"
    assert await objects.replace("none.png", b"x", known=first) is None
    assert await objects.read("none.png") is None


async def test_what_is_not_there_is_no_error(objects):
    assert await objects.head("a.png") is None
    assert await objects.read("a.png") is None
    await objects.delete("a.png")
    assert [*objects.found_below("")] == []


async def test_objects_are_listed_by_folder(objects):
    for path in ("c/a.png", "c/d/b.png", "cc/e.png"):
        await objects.create(path, path.encode())
    await objects.delete("c/a.png")
    assert {one.path: one.size for one in objects.found_below("c")} == {"c/d/b.png": 9}
    assert {one.path for one in objects.found_below("")} == {"c/d/b.png", "cc/e.png"}


async def test_content_is_proven_by_its_bytes(objects):
    version = await objects.create("a.png", b"mine")
    assert await held_version(objects, "a.png", b"mine") == version
    assert await held_version(objects, "a.png", b"mime") is None
    assert await held_version(objects, "a.png", b"mine and more") is None
    assert await held_version(objects, "b.png", b"mine") is None


async def test_an_entity_tag_that_is_no_md5_is_read_back():
    """With keys of a customer, and at Azure, an entity tag says nothing about the content."""
    objects = MemoryObjects(opaque=True)
    await objects.create("a.png", b"mine")
    assert await held_version(objects, "a.png", b"mine") is not None
    assert await held_version(objects, "a.png", b"mime") is None
    assert objects.reads == ["a.png", "a.png"]
    assert not ObjectVersion(etag='"0x8D4BCC2E4835CD0"').is_md5_of(b"mine")


BRIEF = {
    "slow down": Fault(503, "SlowDown"),
    "broken": Fault(),
    "lost answer": Fault(after=True),
    "cut": Fault(400, "IncompleteBody"),
    "bad gateway": Fault(502),
}


@pytest.mark.parametrize("fault", BRIEF.values(), ids=BRIEF.keys())
async def test_a_brief_fault_is_tried_again(s3, proxy, fault):
    proxy.answer = lambda request: fault if request.number == first else None
    first = proxy.number_of("PUT") + 1
    made = await s3.create("a.png", b"mine")
    # the reply to a first try was lost: the second finds the object, as if others had made it
    assert (made is None) is fault.after
    assert await held_version(s3, "a.png", b"mine") is not None


LASTING = {
    "slow down": (Fault(503, "SlowDown", "Reduce your rate"), 3, "HTTP 503 SlowDown"),
    "unreachable": (Fault(), 3, "cannot be reached"),
    "denied": (Fault(403, "AccessDenied", "Access Denied"), 1, "AWS_ACCESS_KEY_ID"),
    "expired": (Fault(400, "ExpiredToken", "The token has expired"), 1, "ExpiredToken: The token"),
    "elsewhere": (Fault(301, "PermanentRedirect"), 1, "AWS_REGION"),
    "wrong region": (Fault(400, "AuthorizationHeaderMalformed", "expecting"), 1, "AWS_REGION"),
    "bucket": (Fault(404, "NoSuchBucket"), 1, f"no bucket {BUCKET}"),
    "echo": (Fault(403, "SignatureDoesNotMatch", f"signed {SECRET} so"), 1, "signed … so"),
}


@pytest.mark.parametrize(("fault", "tries", "words"), LASTING.values(), ids=LASTING.keys())
async def test_a_lasting_fault_says_its_cause_and_no_secret(s3, proxy, *, fault, tries, words):
    before = len(proxy.requests)
    proxy.answer = lambda _request: fault
    with pytest.raises(StoreFault) as raised:
        await s3.create("a.png", b"mine")
    assert words in str(raised.value)
    assert "a.png: " in str(raised.value)
    assert SECRET not in str(raised.value)
    assert len(proxy.requests) - before == tries


def test_credentials_that_are_missing_are_named(monkeypatch):
    for name in ("AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_ACCOUNT_KEY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(StoreFault, match="no credentials were found; set AZURE_STORAGE_ACC"):
        open_objects(store_address("az://ads/shop"))


async def test_a_folder_that_cannot_be_made_is_told_at_once():
    with pytest.raises(StoreFault, match=r"/proc/none.*No such file"):
        await ObjectClient(store_address("/proc/none/x")).create("a.png", b"x")


def test_a_missing_extra_is_told_with_its_command(monkeypatch):
    monkeypatch.setattr(registry, "NEEDED", "no_such_package")
    with pytest.raises(UsageError, match=r"pip install 'campaign-pipeline\[stores\]'"):
        open_objects(store_address("s3://ads/shop"))

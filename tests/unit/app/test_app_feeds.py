"""Feeds by URL: what is fetched, refused, kept, and told."""

import asyncio
import gzip
import hashlib
import io
import json
import time
import zlib
from dataclasses import replace

import pytest
from campaign_texts import CampaignFolder
from feed_server import feed_server
from workbooks import row, workbook

from pipeline.app.campaign import load
from pipeline.app.options import CampaignOptions, FeedReading
from pipeline.campaign.feeds.remote import download_url, ending_of
from pipeline.errors import CampaignError, FeedNotFetched
from pipeline.prompts.cells import expand
from pipeline.settings import FeedSettings, Settings
from pipeline.state.upkeep.feed_snapshots import FeedSnapshots

CSV = "id,name\ncitrus,Citrus Soda\nberry,Berry Soda\n"
FILE = """\
campaign: demo
{hosts}
data:
  products: {{source: "{url}", key: id{more}}}
matrix:
  product: {{from: products}}
  size: ['1:1']
prompt: a photo of {{{{ product.name }}}}
"""
QUICK = FeedSettings(size_limit=100_000, patience=5.0, total_timeout=5.0, pause=0.01)


@pytest.fixture
def feeds():
    with feed_server() as server:
        yield server


class Case:
    """A campaign whose products come from a URL."""

    def __init__(self, folder):
        self.campaign = CampaignFolder(folder)
        self.settings = Settings(output=folder / "output", feeds=QUICK)

    def write(self, url, *, hosts="feed_hosts: [127.0.0.1]", more=""):
        self.campaign.write(FILE.format(url=url, hosts=hosts, more=more))

    def load(self, *, feeds=FeedReading.FETCH, plan=None, makes_output=True, **limits):
        settings = replace(self.settings, feeds=replace(QUICK, **limits))
        options = CampaignOptions(campaign=self.campaign.file, feeds=feeds)
        return load(options, settings, plan=plan, makes_output=makes_output)

    def cells(self, **options):
        return sorted(cell.name for cell in expand(self.load(**options)))

    def refused(self, **options):
        with pytest.raises(CampaignError) as caught:
            self.load(**options)
        return [self.campaign.told(finding) for finding in caught.value.findings]

    def snapshots(self):
        folder = self.settings.output / "demo" / "feeds"
        return sorted(place.name for place in folder.iterdir() if place.name != "index.json")


@pytest.fixture
def case(tmp_path):
    return Case(tmp_path)


BOTH = ["berry/1x1", "citrus/1x1"]


def test_a_feed_is_fetched_and_kept_as_a_snapshot(case, feeds):
    case.write(feeds.give("/products.csv", CSV, etag=True))
    loaded = case.load()
    digest = hashlib.sha256(CSV.encode()).hexdigest()
    assert case.snapshots() == [f"{digest}.csv"]
    assert loaded.campaign.feeds == {f"{feeds.url}/products.csv": digest}
    assert case.cells() == BOTH


@pytest.mark.parametrize(
    "mark", [{"etag": True}, {"last_modified": "Mon, 30 Nov 2026 08:00:00 GMT"}]
)
def test_an_unchanged_feed_is_not_sent_again(case, feeds, mark):
    case.write(feeds.give("/products.csv", CSV, **mark))
    first = case.load().campaign.sha256
    assert feeds.sent == len(CSV)
    assert case.load().campaign.sha256 == first
    assert (feeds.sent, len(feeds.asked)) == (len(CSV), 2)


def test_a_changed_feed_is_fetched_and_its_older_snapshot_stays(case, feeds):
    case.write(feeds.give("/products.csv", CSV, etag=True))
    first = case.load().campaign.sha256
    feeds.give("/products.csv", CSV + "lime,Lime\n", etag=True)
    assert case.cells() == [*BOTH, "lime/1x1"]
    assert case.load().campaign.sha256 != first
    assert len(case.snapshots()) == 2


def test_kept_feeds_need_no_network(case, feeds):
    case.write(feeds.give("/products.csv", CSV))
    case.load()
    asked = len(feeds.asked)
    feeds.give("/products.csv", status=500)
    assert case.cells(feeds=FeedReading.KEPT) == BOTH
    assert case.cells(feeds=FeedReading.KEPT_FIRST) == BOTH
    assert len(feeds.asked) == asked


def test_kept_feeds_must_be_there(case, feeds):
    case.write(feeds.give("/products.csv", CSV))
    [told] = case.refused(feeds=FeedReading.KEPT)
    assert "has no snapshot to use: it was never fetched" in told
    assert told.startswith("c.yaml:4:22: data.products.source: ")
    assert feeds.asked == []
    assert case.cells(feeds=FeedReading.KEPT_FIRST) == BOTH


def test_a_snapshot_that_was_edited_is_not_used(case, feeds):
    """The manifest names its digest: with other bytes, a plan would not be repeated."""
    case.write(feeds.give("/products.csv", CSV, etag=True))
    case.load()
    [name] = case.snapshots()
    (case.settings.output / "demo" / "feeds" / name).write_text(CSV + "lime,Lime\n")
    [told] = case.refused(feeds=FeedReading.KEPT)
    assert "was changed since it was fetched" in told
    assert case.cells() == BOTH
    assert feeds.sent == 2 * len(CSV)


def test_a_saved_plan_is_read_from_its_snapshot(case, feeds):
    case.write(feeds.give("/products.csv", CSV))
    loaded = case.load()
    plans = case.settings.output / "demo" / "plans"
    plans.mkdir()
    (plans / "abc.json").write_text(json.dumps({"feeds": dict(loaded.campaign.feeds)}))
    feeds.give("/products.csv", CSV + "lime,Lime\n")
    assert case.cells() == [*BOTH, "lime/1x1"]
    asked = len(feeds.asked)
    assert case.cells(plan="abc") == BOTH
    assert case.load(plan="abc").campaign.sha256 == loaded.campaign.sha256
    assert len(feeds.asked) == asked
    for name in case.snapshots():
        (case.settings.output / "demo" / "feeds" / name).unlink()
    [told] = case.refused(plan="abc")
    assert "that plan abc was made of; run pipeline plan again" in told


def test_a_check_makes_no_output_folder(case, feeds):
    case.write(feeds.give("/products.csv", CSV))
    assert case.cells(makes_output=False) == BOTH
    assert not case.settings.output.exists()


def test_a_campaign_without_urls_asks_for_nothing(case):
    case.campaign.put("products.csv", CSV)
    case.write("products.csv", hosts="")
    assert case.cells() == BOTH
    assert not case.settings.output.exists()


def test_two_tables_of_one_url_fetch_it_once(case, feeds):
    url = feeds.give("/products.csv", CSV)
    case.write(url)
    text = case.campaign.file.read_text()
    copy = f'  copy: {{source: "{url}", key: name}}\n'
    case.campaign.write(text.replace("matrix:", f"{copy}matrix:", 1))
    case.load()
    assert len(feeds.asked) == 1


# where a feed may come from


def test_a_private_network_is_refused_unless_the_campaign_names_the_host(case, feeds):
    case.write(feeds.give("/products.csv", CSV).replace("http:", "https:"), hosts="")
    [told] = case.refused()
    assert "127.0.0.1 leads to a private network, which" in told
    assert feeds.asked == []


def test_plain_http_is_refused_unless_the_campaign_names_the_host(case, feeds):
    case.write(feeds.give("/products.csv", CSV), hosts="")
    [told] = case.refused()
    assert "must be an https URL" in told
    assert "feed_hosts: [127.0.0.1]" in told


def test_a_redirect_may_not_lead_into_a_private_network(case, feeds):
    target = feeds.give("/secret.csv", CSV).replace("127.0.0.1", "127.0.0.2")
    case.write(feeds.give("/products.csv", status=302, Location=target))
    [told] = case.refused()
    words = "127.0.0.2, to which 127.0.0.1 redirects, leads to a private network, which"
    assert words in told
    assert told.endswith("feed_hosts: [127.0.0.2]")
    assert [path for path, _ in feeds.asked] == ["/products.csv"]


def test_redirects_are_followed(case, feeds):
    feeds.give("/now.csv", CSV)
    case.write(feeds.give("/products.csv", status=307, Location="/now.csv"))
    assert case.cells() == BOTH


def test_neither_cookies_nor_a_key_are_sent(case, feeds, monkeypatch):
    monkeypatch.setenv("GPTIMAGE_API_KEY", "sk-very-secret")
    feeds.give("/now.csv", CSV)
    case.write(feeds.give("/products.csv", status=302, Location="/now.csv", Set_Cookie="a=b"))
    case.load()
    assert len(feeds.asked) == 2
    for _, headers in feeds.asked:
        assert not {"Cookie", "Authorization"} & set(headers)
        assert "sk-very-secret" not in str(headers)


def test_a_secret_of_a_url_stays_in_the_environment(case, feeds, monkeypatch):
    monkeypatch.setenv("SHOP_FEED", "sesame-open")
    feeds.give("/products.csv", CSV, etag=True)
    case.write(f"{feeds.url}/products.csv?t={{{{ env.SHOP_FEED }}}}")
    loaded = case.load()
    assert feeds.asked[0][0] == "/products.csv?t=sesame-open"
    assert "sesame" not in str(loaded.campaign.feeds)
    written = [place for place in case.settings.output.rglob("*") if place.is_file()]
    assert len(written) == 2
    assert not any(b"sesame" in place.read_bytes() for place in written)
    feeds.give("/products.csv", status=404)
    [told] = case.refused()
    assert "sesame" not in told
    assert "env.SHOP_FEED" in told


def test_another_url_in_the_variable_is_another_feed(case, feeds, monkeypatch):
    """Its ETag belongs to another document: one that is equal by chance must not count."""
    for name in ("one", "two"):
        feeds.give(f"/{name}.csv", f"id,name\n{name},{name}\n", ETag='"1"')
    case.write(f"{feeds.url}/{{{{ env.SHEET }}}}.csv")
    monkeypatch.setenv("SHEET", "one")
    assert case.cells() == ["one/1x1"]
    monkeypatch.setenv("SHEET", "two")
    assert "was never fetched" in case.refused(feeds=FeedReading.KEPT)[0]
    assert case.cells() == ["two/1x1"]
    assert "If-None-Match" not in feeds.asked[1][1]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("NOT_SET", "needs the variable NOT_SET"),
        ("FEED_TOKEN", "PIPELINE_FILE_VARIABLES=FEED_TOKEN"),
    ],
)
def test_a_variable_that_is_missing_or_secret_is_named(case, monkeypatch, name, words):
    monkeypatch.setenv("FEED_TOKEN", "hidden-value")
    case.write(f"https://127.0.0.1:9/a.csv?t={{{{ env.{name} }}}}")
    told = case.refused()
    assert any(words in one for one in told)
    assert "hidden-value" not in str(told)
    assert "private" not in str(told)


# what a host may give

LOGIN = b"<!DOCTYPE html><html><head><title>Google Sheets: Sign-in</title></head></html>"
REFUSED = {
    "a login page": ({"body": LOGIN}, "is no feed, but an HTML page, 'Google Sheets: Sign-in'"),
    "a login page called CSV": ({"body": LOGIN, "Content_Type": "text/csv"}, "an HTML page"),
    "not public": (
        {"status": 403, "body": LOGIN},
        "is not public (HTTP 403, an HTML page, 'Google Sheets: Sign-in')",
    ),
    "needs a login": ({"status": 401}, "is not public (HTTP 401): share it with everyone"),
    "gone": (
        {"status": 404, "body": b"no such export"},
        "does not exist (HTTP 404, no such export)",
    ),
    "no content": ({"status": 204}, "HTTP 204"),
    "part of it": ({"status": 206, "body": CSV}, "HTTP 206"),
    "304 unasked": ({"status": 304}, "HTTP 304"),
    "a PDF": ({"body": b"%PDF-1.7 ..."}, "gives a PDF, not a table"),
    "a picture": ({"body": b"\x89PNG\r\n\x1a\n"}, "gives a picture (PNG), not a table"),
    "an old workbook": ({"body": b"\xd0\xcf\x11\xe0" + bytes(600)}, "Excel file of the old kind"),
    "XML": ({"body": b"<?xml version='1.0'?><Error/>"}, "is a web page or XML, not a table"),
    "an error as JSON": ({"body": b'{"error": "unauthorized"}'}, "must contain a list of objects"),
    "nothing": ({"body": b""}, "is empty; a header row is missing"),
    "another table": ({"body": b"sku,title\n1,Citrus\n"}, "id"),
    "too large by its header": ({"body": b"x" * 200_000}, "is larger than 100000 bytes"),
    "a gzip bomb": (
        {"body": gzip.compress(bytes(5_000_000)), "Content_Encoding": "gzip"},
        "is larger than 100000 bytes",
    ),
    "a bomb without a label": ({"body": gzip.compress(b"a,b\n" * 500_000)}, "is larger than"),
    "cut gzip": ({"body": gzip.compress(CSV.encode())[:-6]}, "compressed feed is incomplete"),
    "brotli": ({"body": b"\x0b\x02\x80abc", "Content_Encoding": "br"}, "compressed as 'br'"),
    "redirect in a circle": ({"status": 302, "Location": "/products.csv"}, "redirects more than 5"),
    "redirect to a file": ({"status": 302, "Location": "file:///etc/passwd"}, "redirects to"),
}


@pytest.mark.parametrize(("answer", "words"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_table_is_told_and_not_used(case, feeds, answer, words):
    case.write(feeds.give("/products.csv", **answer))
    told = case.refused()
    assert words in str(told)
    assert f"{feeds.url}/products.csv" in told[0]


def test_a_refused_feed_does_not_replace_the_kept_one(case, feeds):
    case.write(feeds.give("/products.csv", CSV, etag=True))
    case.load()
    feeds.give("/products.csv", LOGIN)
    [told] = case.refused()
    assert "--feeds kept uses the snapshot of 20" in told
    assert case.cells(feeds=FeedReading.KEPT) == BOTH
    assert len(case.snapshots()) == 1


def test_a_body_without_end_is_cut_off(case, feeds):
    def endless(handler):
        handler.send_response(200)
        handler.end_headers()
        try:
            for _ in range(10_000):
                handler.wfile.write(b"a,b\n" * 4096)
        except OSError:
            pass

    case.write(feeds.give_by("/products.csv", endless))
    assert "is larger than 100000 bytes" in case.refused()[0]


def test_a_host_that_hangs_is_given_up(case, feeds):
    case.write(feeds.give_by("/products.csv", lambda _handler: time.sleep(2)))
    begun = time.monotonic()
    [told] = case.refused(total_timeout=0.3)
    assert "was not fetched within 0.3 s" in told
    assert time.monotonic() - begun < 2


def test_a_body_that_drips_is_given_up(case, feeds):
    def dripping(handler):
        handler.send_response(200)
        handler.end_headers()
        for sign in CSV.encode():
            try:
                handler.wfile.write(bytes([sign]))
            except OSError:
                return
            time.sleep(0.1)

    case.write(feeds.give_by("/products.csv", dripping))
    assert "was not fetched within" in case.refused(total_timeout=0.5)[0]


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_host_in_trouble_is_asked_again(case, feeds, status):
    url = feeds.give("/products.csv", CSV)
    well, troubles = feeds.answers["/products.csv"], [None, None]

    def twice_in_trouble(handler):
        if troubles:
            troubles.pop()
            handler.send_error(status)
        else:
            feeds.answers["/products.csv"] = well
            feeds.answer(handler)

    feeds.give_by("/products.csv", twice_in_trouble)
    case.write(url)
    assert case.cells() == BOTH


def test_a_host_that_stays_in_trouble_is_told(case, feeds):
    case.write(feeds.give("/products.csv", status=503))
    assert "cannot be fetched: the feed host answers HTTP 503" in case.refused()[0]
    assert len(feeds.asked) == 3


def test_a_name_that_does_not_resolve_is_told(case):
    case.write("https://feeds.invalid/products.csv")
    [told] = case.refused(tries=1)
    assert "feeds.invalid cannot be resolved" in told


def test_a_compressed_feed_is_unpacked(case, feeds):
    case.write(feeds.give("/products.csv.gz", gzip.compress(CSV.encode())))
    assert case.cells() == BOTH
    case.write(feeds.give("/b.csv", zlib.compress(CSV.encode()), Content_Encoding="deflate"))
    assert case.cells() == BOTH


def test_the_content_decides_whether_a_feed_is_a_workbook(case, feeds):
    rows = [("id", "name"), ("citrus", "Citrus Soda"), ("berry", "Berry Soda")]
    content = workbook(*(row(number, *cells) for number, cells in enumerate(rows, start=1)))
    case.write(feeds.give("/products.csv", content))
    assert case.cells() == BOTH
    [name] = case.snapshots()
    assert name.endswith(".xlsx")


KINDS = [
    ("/feed", b"a,b\n", {}, ".csv"),
    ("/feed", b"a\tb\n", {"media_type": "text/tab-separated-values"}, ".tsv"),
    ("/feed.tsv", b"a\tb\n", {}, ".tsv"),
    ("/feed?format=tsv", b"a\tb\n", {}, ".tsv"),
    ("/feed?output=csv", b"a,b\n", {"media_type": "text/plain"}, ".csv"),
    ("/feed", b'[{"id": 1}]', {}, ".json"),
    ("/feed.csv", b' [{"id": 1}]', {"media_type": "text/csv"}, ".json"),
    ("/feed.jsonl", b'{"id": 1}\n{"id": 2}\n', {}, ".jsonl"),
    ("/feed", b'{"id": 1}\n', {"media_type": "application/x-ndjson"}, ".jsonl"),
    ("/feed", b"- {id: 1}\n", {"file_name": "products.yaml"}, ".yaml"),
    ("/feed.csv", b"PK\x03\x04", {}, ".xlsx"),
    ("/feed", b"", {}, ".csv"),
]


@pytest.mark.parametrize(("path", "start", "said", "ending"), KINDS)
def test_the_kind_of_a_feed(path, start, said, ending):
    told = {"media_type": "application/octet-stream", "file_name": "", **said}
    assert ending_of(start, url=f"https://shop.test{path}", **told) == ending


def test_other_kinds_of_files_are_no_feeds():
    with pytest.raises(FeedNotFetched, match="a RAR archive"):
        ending_of(b"Rar!\x1a\x07", url="https://a.test/b", media_type="", file_name="")


SHEET = "https://docs.google.com/spreadsheets/d/1AbC-d_E"
LINKS = [
    (f"{SHEET}/edit#gid=0", None, f"{SHEET}/export?format=csv&gid=0"),
    (f"{SHEET}/edit?gid=7#gid=7", None, f"{SHEET}/export?format=csv&gid=7"),
    (f"{SHEET}/edit?usp=sharing", None, f"{SHEET}/export?format=csv"),
    (SHEET, None, f"{SHEET}/export?format=csv"),
    (f"{SHEET}/edit#gid=7", "Copy DE", f"{SHEET}/export?format=xlsx"),
    (SHEET.replace("/d/", "/u/1/d/") + "/edit", None, f"{SHEET}/export?format=csv"),
    (f"{SHEET}/export?format=csv&gid=3", None, f"{SHEET}/export?format=csv&gid=3"),
    (
        "https://docs.google.com/spreadsheets/d/e/2PACX-1v/pubhtml?gid=5",
        None,
        "https://docs.google.com/spreadsheets/d/e/2PACX-1v/pub?output=csv&gid=5&single=true",
    ),
    (
        "https://docs.google.com/spreadsheets/d/e/2PACX-1v/pub?output=csv",
        None,
        "https://docs.google.com/spreadsheets/d/e/2PACX-1v/pub?output=csv",
    ),
    ("https://shop.test/edit#gid=1", None, "https://shop.test/edit#gid=1"),
]


@pytest.mark.parametrize(("link", "sheet", "url"), LINKS)
def test_the_link_of_a_google_sheet_leads_to_its_file(link, sheet, url):
    assert download_url(link, sheet=sheet) == url


def test_the_first_command_of_two_loses_at_most_an_entry(tmp_path):
    snapshots = FeedSnapshots(output=tmp_path, campaign="demo")
    file = snapshots.keep(hashlib.sha256(b"a").hexdigest(), ".csv", io.BytesIO(b"a"))
    assert file.read_bytes() == b"a"
    (tmp_path / "demo" / "feeds" / "index.json").write_text("{broken")
    assert snapshots.newest() == {}


def test_feeds_of_a_running_event_loop_are_fetched_too(case, feeds):
    case.write(feeds.give("/products.csv", CSV))

    async def inside():
        return case.cells()

    assert asyncio.run(inside()) == BOTH

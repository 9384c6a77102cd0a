"""Answers that tell something else than was done, held against what the server itself charged."""

import gzip
import hashlib
import json

import apsw
import pytest
from broken_pictures import BROKEN
from conftest import SODA
from rewriting_proxy import gateway_to

from pipeline.ledger.sqlite.columns import checksum_of, packed

CREDITS = 100
ONE = SODA.replace(
    "    - {id: berry,  name: Berry Soda,  look: a slim pink can,       headline: BERRY RUSH}\n", ""
).replace("[1:1, 4:3]", "[1:1]")
PAGE = b"<!DOCTYPE html><html><head><title>Office network: sign in</title></head></html>"


@pytest.fixture
def shop(pipeline, served):
    """A campaign's words of a run, through a gateway to a server that counts what it takes."""
    server = served("--engine", "none", "--credits", CREDITS)
    with gateway_to(server.url, server.key) as gateway:
        pipeline.environment |= gateway.environment()

        def run(*more, text=ONE):
            file = pipeline.write(text)
            return pipeline(
                "run", file, "--provider", "gptimage", "--stage", "draft", "--yes", *more
            )

        run.gateway = gateway
        yield run


def money(pipeline, shop):
    """Confirmed, charged and most, which must stand in this order."""
    told = pipeline.manifest()["totals"]["credits"]
    charged = shop.gateway.charged(of=CREDITS)
    assert told["confirmed"] <= charged <= told["upper"]
    return told["confirmed"], charged, told["upper"]


def test_the_same_url_twice_in_one_answer_is_two_images(pipeline, shop):
    """Charged 8, and the manifest said [4, 4]."""
    shop.gateway.ordered = 2

    def twice(answered):
        first, _ = answered.images
        answered.images = [first, first]

    shop.gateway.answer = twice
    ended = shop(text=SODA.replace("[1:1, 4:3]", "[1:1]"))
    assert ended.code == 6
    assert "the answer contains 2" in ended.err
    assert money(pipeline, shop) == (0, 8, 8)


def test_one_url_for_three_jobs_is_told_and_in_doubt(pipeline, shop):
    """Three images "stored", exit 0, and not a word."""
    kept = []

    def same(answered):
        kept.append(answered.images)
        answered.images = kept[0]

    shop.gateway.answer = same
    ended = shop(text=SODA.replace("[1:1, 4:3]", "[1:1, 4:3, 16:9]"))
    assert ended.code == 6
    assert "the answer names the image of citrus/1x1 draft take 1 of soda" in ended.err
    confirmed, charged, most = money(pipeline, shop)
    assert (confirmed, charged) == (2, most)
    assert pipeline.manifest()["totals"]["stored"] == 1
    listed = pipeline("resolve", pipeline.folder / "soda.yaml")
    assert "--charged" in listed.out or "--charged" in listed.err


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, b'{"code": 400, "message": "content policy: 2 credits were charged"}'),
        (200, '{"code": -1, "message": "提示词违规: 已扣除2个积分"}'.encode()),
        (422, b'{"error": {"message": "n must be 1", "usage": {"credits": 2}}}'),
        (403, b"Your prompt was blocked. Es wurden 2 Credits berechnet."),
    ],
)
def test_a_refusal_that_says_it_charged_is_in_doubt(pipeline, shop, status, body):
    """It counted as free, though the server took its credits."""

    def refuse(answered):
        answered.status, answered.body = status, body

    shop.gateway.answer = refuse
    ended = shop()
    assert ended.code == 6, ended.err
    assert "2 credits in doubt" in ended.err
    assert money(pipeline, shop) == (0, 2, 2)
    assert shop().code == 6
    assert shop.gateway.posts == 1


def test_fifteen_sign_in_pages_and_the_image_is_still_there(pipeline, shop):
    """Fifteen times a page of the office network, and it was paid and lost for ever."""

    def page(answered):
        answered.body, answered.headers = PAGE, {"Content-Type": "text/html"}

    shop.gateway.image = page
    for _ in range(3):
        ended = shop()
        assert ended.code == 3
        assert "sign in" in ended.err
        assert "<" not in ended.err
        assert pipeline.manifest()["totals"]["pending_download"] == 1
    shop.gateway.image = lambda _: None
    assert shop().code == 0
    assert len(shop.gateway.gets) == 16
    assert money(pipeline, shop) == (2, 2, 2)


def test_a_page_for_ever_is_settled_by_a_person_and_by_nobody_else(pipeline, shop):
    def page(answered):
        answered.body = PAGE

    shop.gateway.image = page
    shop(text=ONE.replace("takes: 1", "takes: 2"))
    file = pipeline.folder / "soda.yaml"
    listed = pipeline("resolve", file)
    assert listed.code == 3
    assert "citrus/1x1 draft take 1: pending_download" in listed.out
    assert pipeline("resolve", file, "--rebuy").code == 0
    assert pipeline.manifest()["totals"]["pending_download"] == 2
    one = ("resolve", file, "citrus/1x1", "--stage", "draft", "--take", "1", "--rebuy")
    assert " ".join(map(str, one)) in " ".join(listed.out.split())
    assert pipeline(*one).code == 0
    shop.gateway.image = lambda _: None
    assert shop(text=ONE.replace("takes: 1", "takes: 2")).code == 0
    assert money(pipeline, shop) == (6, 6, 6)


def test_a_lost_image_that_is_there_again_is_not_bought_again(pipeline, shop):
    def gone(answered):
        answered.status, answered.body = 404, b""

    shop.gateway.image = gone
    assert shop().code == 3
    assert pipeline.manifest()["totals"]["paid_lost"] == 1
    shop.gateway.image = lambda _: None
    assert shop("--rebuy-lost").code == 0
    assert shop.gateway.posts == 1
    assert money(pipeline, shop) == (2, 2, 2)


def test_a_packed_image_is_stored_as_it_was_made(pipeline, shop):
    def pack(answered):
        answered.body = gzip.compress(answered.body)
        answered.headers = {"Content-Encoding": "gzip"}

    shop.gateway.image = pack
    ended = shop()
    assert ended.code == 0, ended.err
    assert pipeline("verify").code == 0
    assert money(pipeline, shop) == (2, 2, 2)


def test_a_signed_url_reaches_the_host_as_it_was_signed(pipeline, shop):
    """`%3A %2F %7E %27 %28` were rewritten, and every image of a signed host answered 403."""
    odd = "?X-Amz-Credential=AK%2F20261130%3Aus&Policy=%7E%27%28a%29&plain=~'(a):/"

    def sign(answered):
        [one] = answered.images
        answered.images = [{"url": one["url"] + (odd if "?" not in one["url"] else "&" + odd[1:])}]

    shop.gateway.answer = sign
    shop()
    [target] = {*shop.gateway.gets}
    assert target.endswith(odd[1:])


@pytest.mark.parametrize("kind", ["PNG, 25 of 64 rows", "JPEG, half", "WebP, half"])
def test_pictures_without_all_their_pixels_buy_no_finals(pipeline, shop, kind):
    """They were stored, passed every check, and `review: auto` bought the finals."""

    def cut(answered):
        answered.body = BROKEN[kind]

    shop.gateway.image = cut
    file = pipeline.write(ONE)
    ended = pipeline("run", file, "--provider", "gptimage", "--yes")
    assert ended.code == 3
    assert "lost" in ended.err
    assert money(pipeline, shop) == (2, 2, 2)
    assert pipeline.manifest()["totals"]["stored"] == 0


@pytest.mark.parametrize("kind", ["PNG, 25 of 64 rows", "JPEG, half", "PNG, not deflated"])
def test_verify_finds_a_picture_that_an_older_version_stored_without_its_pixels(
    pipeline, shop, kind
):
    """Its bytes are those in the ledger, and verify said that it was whole."""
    assert shop().code == 0
    content = BROKEN[kind]
    [image] = pipeline.manifest()["images"]
    (pipeline.output / image["file"]).write_bytes(content)
    forget_completeness(pipeline.output, image["sha256"], content)
    found = pipeline("verify", "--json")
    assert found.code == 3
    assert json.loads(found.out)["bad"] == {image["file"]: "broken"}
    assert "move a changed or broken one away" in " ".join(found.err.split())


def forget_completeness(output, sha256, content):
    """Make an output folder as an older version left it: these bytes, and checks that pass."""
    checks = output / "soda" / "checks.jsonl"
    rows = [json.loads(line) for line in checks.read_text().splitlines()]
    now = hashlib.sha256(content).hexdigest()
    older = [{"sha256": now, "checks": row["checks"]} for row in rows if row["sha256"] == sha256]
    checks.write_text("".join(json.dumps(row) + "\n" for row in older))
    ledger = apsw.Connection(str(output / "ledger.db"))
    [row] = ledger.execute("select * from job where sha256 is not null").fetchall()
    names = [column[1] for column in ledger.execute("pragma table_info(job)")]
    values = dict(zip(names, row, strict=True)) | {"sha256": packed(now), "bytes": len(content)}
    seal = checksum_of(tuple(values[name] for name in names[:-1]))
    ledger.execute(
        "update job set sha256 = ?, bytes = ?, seal = ? where id = ?",
        (values["sha256"], values["bytes"], seal, values["id"]),
    )
    ledger.close()


def test_a_campaign_file_cannot_have_the_key_sent_to_its_own_hosts(pipeline, served):
    """Webhook and base URL of a file got the key; `--strict` was silent, and nobody was asked."""
    server = served("--engine", "none", "--credits", CREDITS)
    with gateway_to(server.url, server.key) as gateway:
        key = {"GPTIMAGE_API_KEY": server.key}
        file = pipeline.write(
            ONE + f"providers: {{gptimage: {{base_url: '{gateway.url}'}}}}\n", name="elsewhere.yaml"
        )
        words = ("run", file, "--provider", "gptimage", "--stage", "draft")
        refused = pipeline(*words, **key)
        assert refused.code == 2
        assert f"GPTIMAGE_KEY_HOSTS={gateway.url}" in " ".join(refused.err.split())
        hook = (
            f'notify: [{{when: [always], webhook: "{gateway.url}/{{{{ env.GPTIMAGE_API_KEY }}}}"}}]'
        )
        webhook = pipeline.write(
            ONE.replace("campaign: ", "campaign: hook-") + hook, name="webhook.yaml"
        )
        refused = pipeline("run", webhook, **key)
        assert refused.code == 2
        assert "PIPELINE_FILE_VARIABLES=GPTIMAGE_API_KEY" in " ".join(refused.err.split())
        assert server.key not in refused.err
        assert (gateway.posts, gateway.charged(of=CREDITS)) == (0, 0)
        allowed = pipeline(*words, GPTIMAGE_KEY_HOSTS=gateway.url, **key)
        assert allowed.code == 0, allowed.err
        assert (gateway.posts, gateway.charged(of=CREDITS)) == (1, 2)

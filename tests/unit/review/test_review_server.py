"""The review server over real HTTP: who may ask for what, and what is answered."""

import asyncio
import json
import re

import pytest
from review_case import SLUG, ReviewCase, paint
from review_client import API, browsing

from pipeline.errors import CampaignError, Finding, LockHeld, UsageError
from pipeline.model.campaign import FinalMode
from pipeline.model.check import CampaignCheck, CheckRule, OnMiss
from pipeline.model.names import Stage
from pipeline.model.verdict import Decision
from pipeline.review.page.routes import STYLE, page_files
from pipeline.review.page.security import ReviewOptions

STATIC = f"/static/{page_files().version}"


@pytest.fixture
async def case(tmp_path):
    case = ReviewCase(folder=tmp_path)
    await case.render(await case.drafts())
    return case


async def test_the_index_has_a_column_per_axis_and_a_row_per_cell(case):
    async with browsing(case) as (browser, _):
        index = await browser.index()
    assert [axis["labels"] for axis in index["axes"]] == [
        ["Citrus Soda", "Berry Soda"],
        ["1:1", "4:3"],
    ]
    assert index["cells"]["axes"] == [[0, 0, 1, 1], [0, 1, 0, 1]]
    assert [row[0] for row in index["draft"]] == ["undecided"] * 4


async def test_a_decision_is_in_the_ledger_and_soon_in_the_review_file(case):
    async with browsing(case) as (browser, _):
        status, reply = await browser.decide("citrus/4x3", "approved", take=2)
    verdict = (await case.ledger.verdicts(SLUG))["citrus/4x3", Stage.DRAFT]
    assert (status, reply["ops"][0]["change"]["row"][0]) == (200, "approved")
    assert (verdict.decision, verdict.take, verdict.by) == (Decision.APPROVED, 2, "you")
    assert "citrus/4x3:\n    draft: {status: approved, take: 2" in case.file.read_text()


async def test_a_decision_on_an_old_revision_gets_409_with_what_stands(case):
    async with browsing(case) as (browser, _):
        await browser.decide("citrus/4x3", "rejected")
        status, reply = await browser.decide("citrus/4x3", "approved")
        again, _ = await browser.decide("citrus/4x3", "approved", base=1)
    assert status == 409
    assert reply["ops"][0]["conflict"] == {"by": "you", "decision": "rejected"}
    assert reply["ops"][0]["change"]["row"][0] == "rejected"
    assert again == 200


async def test_an_image_that_changed_while_it_was_looked_at_is_not_approved(case):
    async with browsing(case) as (browser, _):
        status, reply = await browser.decide("citrus/4x3", "approved", seen="0" * 16)
    assert status == 422
    assert "changed since the page showed it" in reply["ops"][0]["refused"]
    assert await case.ledger.verdicts(SLUG) == {}


async def test_a_token_opens_the_page_once_and_becomes_a_cookie(case):
    async with browsing(case, token=None) as (browser, server):
        before, _ = await browser.get("/")
        async with browser.session.get(server.url, allow_redirects=False) as entered:
            cookie = entered.headers["Set-Cookie"]
            where = entered.headers["Location"]
        after, page = await browser.get("/")
    assert (before, after, where) == (401, 200, "/")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert f"pipeline_review_{server.port}=" in cookie
    assert server.url.partition("?t=")[2] not in cookie + page.decode()


async def test_a_restarted_server_has_the_link_that_it_had(case):
    """A restart made a new token at a new port, and every link that was copied was dead."""
    async with case.server(token=None) as server:
        first = server.url
    async with case.server(token=None) as server:
        second = server.url
        file = case.output / SLUG / "review-link.json"
        assert file.stat().st_mode & 0o077 == 0
    async with case.server(token=None, new_link=True) as server:
        third = server.url
    assert first == second
    assert first.partition("?t=")[0] == third.partition("?t=")[0]
    assert first != third


@pytest.mark.parametrize(
    "broken", ["", "{}", '{"token": "", "port": 1}', '{"token": 3, "port": 1}']
)
async def test_a_kept_link_that_cannot_be_read_is_made_anew(case, broken):
    (case.output / SLUG).mkdir(parents=True, exist_ok=True)
    (case.output / SLUG / "review-link.json").write_text(broken)
    async with browsing(case, token=None) as (browser, server):
        status, _ = await browser.get(server.url.removeprefix(browser.base))
    assert status == 200


async def test_a_copied_link_leads_to_its_place_once_the_link_with_the_token_is_opened(case):
    place = "view=loupe&cell=citrus%2F4x3&only=size%3A4x3"
    async with browsing(case, token=None) as (browser, server):
        status, page = await browser.get(f"/?{place}")
        assert (status, b"printed" in page) == (401, True)
        async with browser.session.get(server.url, allow_redirects=False) as entered:
            assert entered.headers["Location"] == f"/?{place}"
        status, _ = await browser.get(f"/?{place}")
        token = server.url.partition("?t=")[2]
        async with browser.session.get(
            f"/?t={token}&stage=final", allow_redirects=False
        ) as entered:
            assert entered.headers["Location"] == "/?stage=final"
    assert status == 200


@pytest.mark.parametrize(
    ("words", "cells"),
    [
        ("studio TABLE", [0, 1, 2, 3]),
        ("berry soda studio", [2, 3]),
        ("citrus-nothing", []),
        ("", []),
        ("BERRY", [2, 3]),
    ],
)
async def test_words_are_found_in_prompts_and_values(case, words, cells):
    """Only names and notes were searched: no headline and no word of a prompt was found."""
    async with browsing(case) as (browser, _):
        _, answer = await browser.get(f"{API}/search", params={"q": words})
        _, none = await browser.get(f"{API}/search", params={"q": words, "stage": "final"})
    assert (answer, none) == ({"cells": cells}, {"cells": []})


async def test_an_image_comes_in_a_size_for_screens(case):
    async with browsing(case) as (browser, _):
        image = (await browser.index())["draft"][0][3][0][0]
        status, body = await browser.get(f"/img/{image}/screen")
    assert (status, body[8:12]) == (200, b"WEBP")


async def test_a_cell_shows_the_images_of_earlier_rounds_and_what_was_asked_for(case):
    """The pictures of a round were gone from the page once the next one was rendered."""
    async with browsing(case) as (browser, _):
        before = (await browser.index())["draft"][0][3]
        await browser.decide("citrus/1x1", "redo", note="bigger")
        await case.render([j for j in (await case.survey()).drafts if j.at.round == 2])
        await settled(browser, lambda index: index["draft"][0][1] == 2)
        _, detail = await browser.get(f"{API}/cells/0")
    first, second = detail["rounds"]
    assert [one["image"] for one in first["takes"]] == [image for image, *_ in before]
    assert ("by" in first, second["by"], second["note"]) == (False, "you", "bigger")


@pytest.mark.parametrize("mode", FinalMode)
async def test_a_refined_final_says_how_much_of_its_draft_has_changed(case, mode):
    case.source.mode = mode
    async with browsing(case) as (browser, _):
        await browser.decide("citrus/1x1", "approved")
        await case.render((await case.survey()).finals)
        await settled(browser, lambda index: index["final"][0] is not None)
        _, detail = await browser.get(f"{API}/cells/0?stage=final")
    changed = detail["takes"][0].get("changed")
    assert changed is None if mode is FinalMode.REGENERATE else 0.5 < changed <= 1


async def settled(browser, wanted):
    """Wait until the index is as wanted."""
    for _ in range(100):
        if wanted(await browser.index()):
            return
        await asyncio.sleep(0.05)
    raise AssertionError(await browser.index())


async def test_a_wrong_token_stays_outside(case):
    async with browsing(case, token=None) as (browser, _):
        status, _ = await browser.get("/?t=guessed")
        api, _ = await browser.get(f"{API}/cells?t=guessed")
    assert (status, api) == (401, 401)


@pytest.mark.parametrize(
    "host", ["evil.test", "127.0.0.1.evil.test", "", "[", "localhost:99999999"]
)
async def test_another_host_name_is_misdirected(case, host):
    async with browsing(case) as (browser, _):
        status, _ = await browser.get("/", headers={"Host": host})
    assert status == 421


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"X-Review": None}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({"Sec-Fetch-Site": None, "Origin": None}, 403),
        ({"Sec-Fetch-Site": None, "Origin": "http://evil.test"}, 403),
        ({"Origin": "http://evil.test"}, 403),
        ({"Content-Type": "text/plain"}, 415),
    ],
)
async def test_a_write_that_is_not_our_pages_is_refused(case, headers, status):
    async with browsing(case) as (browser, _):
        got, _ = await browser.post(f"{API}/decisions", {"ops": []}, **headers)
    assert got == status
    assert await case.ledger.verdicts(SLUG) == {}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b"[" * 100_000,
        b'{"ops": 1}',
        b'{"ops": []}',
        b'{"ops": [1]}',
        b'{"ops": [{"cell": "citrus/4x3", "stage": "draft", "decision": "maybe"}]}',
        b'{"ops": [{"cell": 1, "stage": "draft", "decision": "approved"}]}',
        b'{"ops": [{"cell": "x", "stage": "draft", "decision": "approved", "take": -1}]}',
        b'{"ops": [{"cell": "x", "stage": "draft", "decision": "approved", "base": true}]}',
        b'{"ops": [{"cell": "\\ud800", "stage": "draft", "decision": "approved"}]}',
        b"\xff\xfe",
    ],
)
async def test_a_body_that_makes_no_sense_gets_400_and_a_message(case, body):
    async with browsing(case) as (browser, _):
        status, reply = await browser.post(f"{API}/decisions", body)
    assert status == 400
    assert reply["message"]


@pytest.mark.parametrize(
    "path",
    [
        "/img/../../etc/passwd/full",
        "/img/" + "0" * 16 + "/full",
        "/img/" + "0" * 16 + "/1024",
        f"{STATIC}/../server.py",
        f"{STATIC}/../../server.py",
        f"{STATIC}/%2e%2e/server.py",
        f"{STATIC}/js/../../routes.py",
        f"{STATIC}//etc/passwd",
        "/static/000000000000/js/main.js",
        f"{API}/cells/999999",
        "/api/runs/another/cells",
        "/nothing",
    ],
)
async def test_what_is_not_in_the_index_is_not_found(case, path):
    async with browsing(case) as (browser, _):
        status, _ = await browser.get(path)
    assert status == 404


@pytest.mark.parametrize("path", [f"{API}/decisions", f"{API}/finals", f"{API}/drafts"])
async def test_a_get_never_changes_anything(case, path):
    async with browsing(case) as (browser, _):
        status, _ = await browser.get(path)
    assert status == 405


async def test_every_answer_carries_a_policy_that_allows_only_our_own_files(case):
    async with browsing(case) as (browser, _):
        policies = []
        for path in ("/", f"{STATIC}/js/main.js", f"{API}/cells", "/nothing"):
            async with browser.session.get(path) as reply:
                policies.append(reply.headers["Content-Security-Policy"])
    assert all(policy.startswith("default-src 'none'; script-src 'self'") for policy in policies)
    assert not any("unsafe" in policy for policy in policies)


async def test_a_browser_that_comes_back_asks_for_none_of_the_pages_own_files(case):
    async with browsing(case) as (browser, _):
        _, page = await browser.get("/")
        own = re.findall(rb'(?:href|src)="(/static/[^"]+)"', page)
        kept = []
        for path in own:
            async with browser.session.get(path.decode()) as reply:
                kept.append((reply.status, "immutable" in reply.headers["Cache-Control"]))
    assert kept == [(200, True)] * len(own)
    assert len(own) > 20


async def test_scripts_and_styles_travel_packed_to_those_who_can_unpack(case):
    async with browsing(case) as (browser, _):
        sizes = {}
        for wanted in ("gzip", "identity"):
            headers = {"Accept-Encoding": wanted}
            path = f"{STATIC}/{STYLE}"
            async with browser.session.get(path, headers=headers) as reply:
                sizes[wanted] = (reply.content_length, reply.headers.get("Content-Encoding"))
                text = await reply.text()
                assert "@font-face" in text
                assert ".dlg" in text
    assert sizes["gzip"][1] == "gzip"
    assert sizes["identity"][1] is None
    assert sizes["gzip"][0] * 2 < sizes["identity"][0]


async def test_an_image_comes_in_full_and_as_a_thumb_that_is_made_when_missing(case):
    async with browsing(case) as (browser, _):
        name = (await browser.index())["draft"][0][3][0][0]
        full = await browser.get(f"/img/{name}/full")
        thumb = await browser.get(f"/img/{name}/256")
    assert full == (200, paint((await case.drafts())[0]))
    assert (thumb[0], thumb[1][:4], thumb[1][8:12]) == (200, b"RIFF", b"WEBP")


async def test_an_image_that_was_deleted_says_so_and_the_page_lives_on(case):
    async with browsing(case) as (browser, _):
        name = (await browser.index())["draft"][0][3][0][0]
        (case.output / SLUG / "drafts/citrus/1x1-t1.png").unlink()
        full, words = await browser.get(f"/img/{name}/full")
        thumb, _ = await browser.get(f"/img/{name}/256")
        page, _ = await browser.get("/")
    assert (full, thumb, page) == (410, 410, 200)
    assert b"not on disk any more" in words


async def test_an_image_that_became_a_link_is_not_followed(case, tmp_path):
    secret = tmp_path / "secret.png"
    secret.write_bytes(b"secret")
    async with browsing(case) as (browser, _):
        name = (await browser.index())["draft"][0][3][0][0]
        image = case.output / SLUG / "drafts/citrus/1x1-t1.png"
        image.unlink()
        image.symlink_to(secret)
        status, body = await browser.get(f"/img/{name}/full")
    assert status == 410
    assert b"secret.png" not in body


async def test_a_launch_may_spend_what_the_dialog_said_of_new_takes_and_no_more(case):
    """A launch was limited to the first takes, so that a re-roll ended it at its budget."""
    bought, done = [], asyncio.Event()

    async def launch(stage, cells, *, most):
        bought.append((stage, most))
        done.set()
        return 0

    case.source.check_rules = {CampaignCheck.TEXT: CheckRule(on_miss=OnMiss.FLAG, rerolls=2)}
    async with browsing(case, launch=launch, allow_spend=True) as (browser, _):
        await browser.decide("citrus/4x3", "approved")
        _, shown = await browser.get(f"{API}/quote/final")
        order = {"plan": shown["plan"], "credits": shown["credits"]}
        unsaid, newest = await browser.post(f"{API}/finals", order)
        begun, _ = await browser.post(f"{API}/finals", {**order, "rerolls": newest["rerolls"]})
        await asyncio.wait_for(done.wait(), 5)
    assert (shown["rerolls"], shown["rerolls_cost"], shown["most_cost"]) == (
        24,
        "24 credits",
        "36 credits",
    )
    assert (unsaid, begun, bought) == (409, 202, [(Stage.FINAL, 36)])


async def test_a_reviewers_link_cannot_spend(case):
    bought = []

    async def launch(stage, cells, *, most):
        bought.append(cells)
        return 0

    async with browsing(case, launch=launch) as (browser, _):
        await browser.decide("citrus/4x3", "approved")
        status, quote = await browser.get(f"{API}/quote/final")
        order = {"plan": quote["plan"], "credits": quote["credits"]}
        got, reply = await browser.post(f"{API}/finals", order)
    assert (status, quote["credits"], got, bought) == (200, 12, 403, [])
    assert "--allow-spend" in reply["message"]


async def test_a_launch_must_repeat_the_plan_and_the_sum_that_were_shown(case):
    bought = []
    done = asyncio.Event()

    async def launch(stage, cells, *, most):
        bought.append((stage, list(cells), most))
        done.set()
        return 0

    async with browsing(case, launch=launch, allow_spend=True) as (browser, _):
        await browser.decide("citrus/4x3", "approved")
        _, shown = await browser.get(f"{API}/quote/final")
        order = {"plan": shown["plan"], "credits": shown["credits"]}
        await browser.decide("berry/4x3", "approved")
        stale, newest = await browser.post(f"{API}/finals", order)
        cheaper, _ = await browser.post(f"{API}/finals", {**order, "credits": 1})
        order = {"plan": newest["plan"], "credits": newest["credits"]}
        begun, _ = await browser.post(f"{API}/finals", order)
        await asyncio.wait_for(done.wait(), 5)
    assert (stale, cheaper, begun) == (409, 409, 202)
    assert bought == [(Stage.FINAL, ["citrus/4x3", "berry/4x3"], 24)]


async def test_a_run_that_cannot_begin_is_told_to_every_page(case):
    async def launch(stage, cells, *, most):
        raise LockHeld("another run of citrus-soda is alive")

    async with browsing(case, launch=launch, allow_spend=True) as (browser, _):
        await browser.decide("citrus/4x3", "approved")
        _, shown = await browser.get(f"{API}/quote/final")
        async with browser.session.get(f"{API}/events") as stream:
            await browser.post(
                f"{API}/finals", {"plan": shown["plan"], "credits": shown["credits"]}
            )
            told = await until(stream, "launch", lambda news: news["state"] == "done")
    assert (told["exit"], told["message"]) == (75, "another run of citrus-soda is alive")


async def until(stream, kind, wanted=None):
    """The first event of a kind that fits."""
    event = ""
    async with asyncio.timeout(10):
        async for raw in stream.content:
            line = raw.decode().strip()
            if line.startswith("event: "):
                event = line.removeprefix("event: ")
            elif line.startswith("data: ") and event == kind:
                data = json.loads(line.removeprefix("data: "))
                if wanted is None or wanted(data):
                    return data
    raise AssertionError(kind)


async def test_another_reviewer_hears_of_a_verdict_at_once(case):
    async with browsing(case) as (browser, _), browser.session.get(f"{API}/events") as stream:
        await browser.decide("citrus/4x3", "rejected")
        (change,) = await until(stream, "rows")
    assert (change["i"], change["row"][0]) == (1, "rejected")


async def test_a_page_that_was_away_hears_what_it_missed(case):
    async with browsing(case) as (browser, _):
        index = await browser.index()
        await browser.decide("citrus/4x3", "rejected")
        headers = {"Last-Event-ID": index["event"]}
        async with browser.session.get(f"{API}/events", headers=headers) as stream:
            (change,) = await until(stream, "rows")
    assert change["i"] == 1


async def test_a_page_of_an_earlier_server_is_told_to_read_everything_anew(case):
    async with browsing(case) as (browser, _):
        headers = {"Last-Event-ID": "abcd1234-7"}
        async with browser.session.get(f"{API}/events", headers=headers) as stream:
            assert await until(stream, "reload") == {}


async def test_a_draft_that_arrives_from_another_process_appears(tmp_path):
    case = ReviewCase(folder=tmp_path)
    jobs = await case.drafts()
    await case.render(jobs[:2])
    async with browsing(case) as (browser, _), browser.session.get(f"{API}/events") as stream:
        await case.render(jobs[2:4])
        (change,) = await until(stream, "rows")
        name = change["row"][3][0][0]
        status, _ = await browser.get(f"/img/{name}/full")
    assert (change["i"], change["row"][0], status) == (1, "undecided", 200)


async def test_an_edited_campaign_makes_approvals_stale_and_finals_skip_them(case):
    async with browsing(case) as (browser, _):
        await browser.decide("citrus/4x3", "approved")
        async with browser.session.get(f"{API}/events") as stream:
            case.source.words = "Another photo of {name}."
            changes = await until(stream, "rows", lambda rows: len(rows) > 1)
        _, quote = await browser.get(f"{API}/quote/final")
    row = next(change["row"] for change in changes if change["i"] == 1)
    assert (row[0], row[-1]) == (
        "stale",
        "its prompt, its settings or the provider changed after the approval",
    )
    assert quote["credits"] == 0


async def test_an_edit_that_breaks_the_campaign_is_shown_and_the_board_stays(case):
    async with browsing(case) as (browser, _):

        def broken(rounds):
            raise CampaignError((Finding(file="x.yaml", line=3, complaint="no such key"),))

        case.source.drafts, case.source.words = broken, "Edited {name}."
        async with browser.session.get(f"{API}/events") as stream:
            told = await until(stream, "complaint")
        index = await browser.index()
    assert told["message"] == "x.yaml:3: no such key"
    assert [row[0] for row in index["draft"]] == ["undecided"] * 4


async def test_a_refused_draft_shows_its_reason_and_can_be_redone(tmp_path):
    case = ReviewCase(folder=tmp_path)
    for job in (await case.drafts())[:2]:
        await case.refuse(job)
    async with browsing(case) as (browser, _):
        row = (await browser.index())["draft"][0]
        status, _ = await browser.decide("citrus/1x1", "redo", note="without the brand")
    assert (row[0], row[-1], status) == ("refused", "the policy says no", 200)


async def test_one_cell_in_full_tells_its_words_checks_and_history(case):
    async with browsing(case) as (browser, _):
        await browser.decide("citrus/1x1", "redo", note="bigger")
        _, detail = await browser.get(f"{API}/cells/0")
    assert ["Citrus Soda", "product.name"] in detail["prompt"]
    assert [name for name, _, good in detail["takes"][0]["checks"] if good] == [
        "whole",
        "ratio",
        "blank",
    ]
    assert [one["what"] for one in detail["history"]].count("redo") == 1


def test_beyond_loopback_nothing_is_served_without_a_token():
    with pytest.raises(UsageError, match="needs a token"):
        ReviewOptions(host="0.0.0.0", token="")  # noqa: S104 - refused before it is bound


async def test_a_port_that_is_taken_is_a_usage_error(case, tmp_path):
    async with browsing(case) as (_, server):
        with pytest.raises(UsageError, match="cannot listen"):
            async with case.server(port=server.port):
                pass


async def test_the_review_ends_only_after_a_launch_that_is_going_on(case):
    gate, finished = asyncio.Event(), []

    async def launch(stage, cells, *, most):
        await gate.wait()
        finished.append(stage)
        return 0

    async with browsing(case, launch=launch, allow_spend=True) as (browser, _):
        await browser.decide("citrus/4x3", "approved")
        _, shown = await browser.get(f"{API}/quote/final")
        await browser.post(f"{API}/finals", {"plan": shown["plan"], "credits": shown["credits"]})
        asyncio.get_running_loop().call_later(0.2, gate.set)
    assert finished == [Stage.FINAL]


async def test_verdicts_that_git_brings_appear_on_an_open_page_without_anybody_deciding(case):
    async with browsing(case) as (browser, _), browser.session.get(f"{API}/events"):
        line = '{status: rejected, take: 1, by: jon, at: "2026-11-22T05:00:00Z"}'
        case.file.write_text(case.file.read_text().replace("{status: undecided}", line, 1))
        for _ in range(200):
            states = [row[0] for row in (await browser.index())["draft"]]
            if "rejected" in states:
                break
            await asyncio.sleep(0.05)
    assert states == ["undecided", "undecided", "rejected", "undecided"]


async def test_conflict_marks_of_git_are_told_on_an_open_page_with_their_line(case):
    async with browsing(case) as (browser, _), browser.session.get(f"{API}/events"):
        case.file.write_text("<<<<<<< ours\n" + case.file.read_text())
        for _ in range(200):
            complaint = (await browser.index())["complaint"]
            if complaint:
                break
            await asyncio.sleep(0.05)
    assert "the file contains conflict markers of git" in complaint
    assert "citrus-soda.yaml:" in complaint
    assert case.file.read_text().startswith("<<<<<<<")

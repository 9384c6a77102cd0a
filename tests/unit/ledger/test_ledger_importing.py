"""A lost ledger is rebuilt from a run manifest."""

import io
import json
from dataclasses import replace
from decimal import Decimal

import pytest
from builders import NOW, a_job, a_run

from pipeline.errors import UsageError
from pipeline.ledger.manifest_import.importing import (
    SCHEMAS,
    UNLISTED,
    import_manifest,
    import_manifests,
    read_manifest,
)
from pipeline.ledger.manifest_import.run_log import with_log
from pipeline.ledger.memory.ledger import MemoryLedger
from pipeline.ledger.rules import restoring
from pipeline.ledger.sqlite.ledger import SqliteLedger
from pipeline.model.artifact import Alpha, Artifact, ImageKind
from pipeline.model.campaign import Campaign, StageSettings
from pipeline.model.entry import Resolution
from pipeline.model.money import Amount, Budget, MoneyFormat, Spent, Unit
from pipeline.model.names import Stage
from pipeline.model.outcome import Failed, FailureKind, InDoubt, Receipt
from pipeline.model.providers.request import Quality
from pipeline.model.ticket import TicketState
from pipeline.model.verdict import Decision, Verdict
from pipeline.purchasing.events import RequestSent, TicketMoved
from pipeline.purchasing.sealed_replies import reply_name
from pipeline.reports.journal import Journal
from pipeline.reports.run_manifest import SCHEMA, SCHEMA_BESIDE, RunFacts, manifest_text
from pipeline.reports.run_report import ReportScope, make_report

PRICES = {Quality.LOW: Amount(2), Quality.HIGH: Amount(12)}
NEXT = a_run("2026-11-22T070000Z-bbbbbb")
LAST = a_run("2026-11-22T080000Z-cccccc")
STORED, PENDING, LOST, DOUBT = (a_job(f"{name}/4x3") for name in ("kept", "late", "lost", "odd"))
NOT_SENT, REJECTED, REFUSED = (a_job(f"{name}/4x3") for name in ("unsent", "invalid", "refused"))
FLYING, FREE, GONE = (a_job(f"{name}/4x3") for name in ("flying", "free", "gone"))
LISTED = [STORED, PENDING, LOST, DOUBT, NOT_SENT, REJECTED, REFUSED, FLYING, FREE]
CAMPAIGN = Campaign(
    slug="citrus-soda",
    file="citrus-soda.yaml",
    sha256="cd" * 32,
    provider="gptimage",
    stages={Stage.DRAFT: StageSettings(quality=Quality.LOW)},
    budget=Budget(),
)


def an_artifact():
    return Artifact(
        path="citrus-soda/drafts/stored/4x3.png",
        sha256="ab" * 32,
        bytes=1_300_000,
        kind=ImageKind.PNG,
        width=1024,
        height=768,
        alpha=Alpha.CHANNEL,
    )


def a_verdict():
    return Verdict(
        cell=STORED.at.cell,
        stage=Stage.DRAFT,
        decision=Decision.APPROVED,
        round=1,
        take=1,
        job=STORED.key,
        sha256="ab" * 32,
        by="ada",
        at="2026-11-22T06:00:00Z",
        note="this one",
    )


async def live(ledger):
    """Every ending there is."""
    await ledger.begin(a_run())

    async def submit(job):
        return await ledger.submit(job, run=a_run(), budget=Budget())

    async def paid(job):
        url = f"https://cdn.test/{job.at.cell}.png"
        await ledger.paid(await submit(job), Receipt(url=url, amount=Amount(2), request_id="r"))

    await paid(STORED)
    await ledger.stored(STORED.key, an_artifact())
    await ledger.decide(a_verdict(), campaign="citrus-soda")
    await paid(PENDING)
    await ledger.unfetched(PENDING.key, reason="reset", lost=False)
    await paid(LOST)
    await ledger.unfetched(LOST.key, reason="404", lost=True)
    await paid(GONE)
    await ledger.doubt(await submit(DOUBT), reason="reset", http=504)
    for job, kind, http in (
        (NOT_SENT, FailureKind.NOT_SENT, None),
        (REJECTED, FailureKind.REJECTED, 400),
        (REFUSED, FailureKind.REFUSED, 400),
    ):
        await ledger.fail(await submit(job), Failed(kind=kind, reason="no"), http=http)
    await ledger.release(await submit(FREE), reason="429")
    await submit(FLYING)


async def the_manifest_of(ledger, *, run=a_run(), campaign=CAMPAIGN, listed=LISTED):  # noqa: B008 - a value
    keys = [job.key for job in listed]
    account = await make_report(
        ledger,
        run=run,
        campaign=campaign,
        budget=campaign.budget,
        scope=ReportScope(jobs=listed, entries=await ledger.entries(keys)),
        verdicts=await ledger.all_verdicts("citrus-soda"),
        checks={},
    )
    facts = RunFacts(
        run=run,
        campaign=campaign,
        stages=["draft"],
        started="2026-11-22T06:00:00Z",
        finished="",
        exit_code=None,
        arguments=[],
        versions={},
        git="",
        number=(await ledger.known_runs([run.id]))[run.id].number,
    )
    return json.loads(b"".join(manifest_text(facts, account.totals, account.rows)))


@pytest.fixture
async def lost():
    ledger = MemoryLedger(now=lambda: NOW)
    await live(ledger)
    return ledger


@pytest.fixture
async def manifest(lost):
    return await the_manifest_of(lost)


@pytest.fixture(params=["memory", "sqlite"])
async def ledger(request, tmp_path):
    if request.param == "memory":
        ledger = MemoryLedger(now=lambda: NOW)
    else:
        ledger = await SqliteLedger.open(tmp_path / "ledger.db", now=lambda: NOW)
    yield ledger
    await ledger.close()


async def test_every_image_stands_as_it_stood(lost, manifest, ledger):
    await import_manifest(ledger, manifest, prices=PRICES)
    await lost.abandon(await lost.begin(NEXT), reason="killed")
    keys = [job.key for job in LISTED]
    before, after = await lost.entries(keys), await ledger.entries(keys)
    flying = replace(before[FLYING.key].outcome, reason=after[FLYING.key].outcome.reason)
    before[FLYING.key] = replace(before[FLYING.key], outcome=flying)
    assert after == {
        key: replace(entry, purchase=None, purchased="") for key, entry in before.items()
    }


async def test_what_was_in_flight_may_have_been_charged(manifest, ledger):
    await import_manifest(ledger, manifest, prices=PRICES)
    flying = (await ledger.entries([FLYING.key]))[FLYING.key]
    assert isinstance(flying.outcome, InDoubt)
    assert flying.spent == Spent(in_doubt=Amount(2))


async def test_every_credit_is_counted_also_of_images_that_are_gone(lost, manifest, ledger):
    await import_manifest(ledger, manifest, prices=PRICES)
    for scope in ({}, {"campaign": "citrus-soda"}, {"month": "2026-11"}, {"run": a_run().id}):
        assert await ledger.spent(**scope) == await lost.spent(**scope)
    told = await ledger.campaign_entries("citrus-soda")
    assert [entry.spent.confirmed for entry in told if entry.at.cell == UNLISTED] == [2]


async def test_every_post_is_told_as_before(lost, manifest, ledger):
    await import_manifest(ledger, manifest, prices=PRICES)
    keys = [job.key for job in LISTED if job is not FLYING]
    before = await lost.attempts(keys)
    after = await ledger.attempts(keys)
    assert after == {
        key: [replace(post, purchase="") for post in posts] for key, posts in before.items()
    }


async def test_verdicts_are_remembered(manifest, ledger):
    await import_manifest(ledger, manifest, prices=PRICES)
    assert await ledger.verdicts("citrus-soda") == {
        (STORED.at.cell, Stage.DRAFT): replace(a_verdict(), revision=1)
    }


async def test_importing_twice_changes_nothing(manifest, ledger):
    assert await import_manifest(ledger, manifest, prices=PRICES) == len(LISTED) + 1
    spent = await ledger.spent()
    assert await import_manifest(ledger, manifest, prices=PRICES) == 0
    assert await ledger.spent() == spent
    assert len(await ledger.verdict_history("citrus-soda", STORED.at.cell)) == 1


async def test_what_the_ledger_knows_already_is_left_alone(manifest, ledger):
    await ledger.begin(NEXT)
    permit = await ledger.submit(PENDING, run=NEXT, budget=Budget())
    await ledger.paid(permit, Receipt(url="https://cdn.test/newer.png", amount=Amount(2)))
    await import_manifest(ledger, manifest, prices=PRICES)
    known = (await ledger.entries([PENDING.key]))[PENDING.key]
    assert known.outcome.url == "https://cdn.test/newer.png"


async def test_a_restored_doubt_is_not_replayed_under_a_key_that_nobody_knows(manifest, ledger):
    await import_manifest(ledger, manifest, prices=PRICES)
    await ledger.begin(NEXT)
    with pytest.raises(ValueError, match=r"key of job .* is lost"):
        await ledger.submit(DOUBT, run=NEXT, budget=Budget(), same_purchase=True)
    await ledger.resolve(DOUBT.key, Resolution.NOT_CHARGED)
    assert (await ledger.submit(DOUBT, run=NEXT, budget=Budget())).number == 2


async def test_a_restored_run_is_told_and_cannot_be_one_of_another_campaign(manifest, ledger):
    await import_manifest(ledger, manifest, prices=PRICES)
    (told,) = await ledger.runs()
    assert (told.id, told.started) == (a_run().id, "2026-11-22T06:00:00.000Z")
    manifest["run"]["campaign"] = "winter"
    with pytest.raises(ValueError, match="another campaign"):
        await import_manifest(ledger, manifest, prices=PRICES)


async def test_an_account_that_gave_an_image_lately_is_remembered(manifest, ledger):
    await import_manifest(ledger, manifest, prices=PRICES)
    assert await ledger.last_paid("gptimage@test") == NOW


async def test_an_image_that_another_one_paid_for_is_not_paid_again(manifest, ledger):
    image = manifest["images"][0]
    manifest["images"].append({**image, "job": "ef" * 16, "shared_with": image["job"]})
    await import_manifest(ledger, manifest, prices=PRICES)
    assert await ledger.entries(["ef" * 16]) == {}


def changed(manifest, path, value):
    *ways, last = path
    inner = manifest
    for way in ways:
        inner = inner[way]
    inner[last] = value


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        (["schema"], "somebody-else/1", "not a run manifest"),
        (["run"], [], "run is not a JSON object"),
        (["run", "campaign"], "../winter", r"run\.campaign is no name"),
        (["run", "account"], None, r"run\.account is missing"),
        (["run", "started"], "yesterday", r"run\.started is not a time"),
        (["run", "finished"], "2026-11-22T06:00:00", r"run\.finished is not a time"),
        (["run", "exit_code"], "0", r"run\.exit_code is not a whole number"),
        (["totals"], None, "totals is not a JSON object"),
        (["images"], {}, "images is no list"),
        (["images", 0], 7, r"images\[0\] is not a JSON object"),
        (["images", 0, "job"], None, r"images\[0\]\.job is missing"),
        (["images", 0, "axes", "product"], 7, r"images\[0\]\.axes\.product is no text"),
        (["images", 0, "status"], "perhaps", r"images\[0\]\.status is none of"),
        (["images", 0, "stage"], "middle", r"images\[0\]\.stage is none of"),
        (["images", 0, "credits"], -2, r"images\[0\]\.credits is no count"),
        (["images", 0, "credits"], True, r"images\[0\]\.credits is not a whole number"),
        (["images", 0, "bytes"], 10**30, r"images\[0\]\.bytes is no count"),
        (["images", 0, "file"], "../../etc/passwd.png", "leads out of the output folder"),
        (["images", 0, "file"], "/etc/passwd.png", "leads out of the output folder"),
        (["images", 0, "file"], "drafts/virus.exe", "is no image file"),
        (["images", 0, "attempts", 0, "outcome"], "maybe", r"attempts\[0\]\.outcome is no ending"),
        (["images", 0, "in_doubt"], -2, r"images\[0\]\.in_doubt is no count"),
        (["images", 0, "runs"], [7], r"images\[0\]\.runs is no list of texts"),
        (["images", 0, "purchases"], ["1"], r"images\[0\]\.purchases is no list of counts"),
        (["runs", 0, "confirmed"], -1, r"runs\[0\]\.confirmed is no count"),
        (["earlier_verdicts"], 7, r"earlier_verdicts is no list"),
    ],
)
async def test_a_damaged_manifest_is_refused_with_the_place(manifest, path, value, complaint):
    ledger = MemoryLedger()
    changed(manifest, path, value)
    with pytest.raises(UsageError, match=complaint):
        await import_manifest(ledger, manifest, prices=PRICES)
    assert await ledger.runs() == []


async def test_a_doubt_of_an_older_manifest_needs_the_price_of_its_quality(manifest):
    """Manifests say now what is in doubt, and did not."""
    ledger = MemoryLedger()
    for image in manifest["images"]:
        del image["in_doubt"], image["at_most"]
    changed(manifest, ["images", 3, "quality"], "medium")
    with pytest.raises(UsageError, match="has no price"):
        await import_manifest(ledger, manifest, prices=PRICES)
    assert await ledger.runs() == []


async def test_what_is_no_json_object_is_no_manifest():
    with pytest.raises(UsageError, match="not a JSON object"):
        await import_manifest(MemoryLedger(), ["a list"], prices=PRICES)


def test_a_manifest_is_named_by_the_schema_that_runs_write():
    assert SCHEMA == SCHEMAS[1] == "campaign-pipeline/run-manifest/2"
    assert SCHEMA_BESIDE == SCHEMAS[2] == "campaign-pipeline/run-manifest/3"


async def test_credits_of_images_that_the_ledger_knows_are_not_counted_as_gone_again(
    lost, manifest
):
    """Into the very ledger that it was written from, a manifest brought the gone ones twice."""
    spent = await lost.spent()
    assert await import_manifest(lost, manifest, prices=PRICES) == 0
    assert await lost.spent() == spent


async def test_what_was_bought_after_the_loss_hides_nothing_that_was_bought_before(
    lost, manifest, ledger
):
    before = await lost.spent()
    await ledger.begin(NEXT)
    permit = await ledger.submit(a_job("new/4x3"), run=NEXT, budget=Budget())
    await ledger.paid(permit, Receipt(url="https://cdn.test/new.png", amount=Amount(2)))
    await import_manifest(ledger, manifest, prices=PRICES)
    assert (await ledger.spent()).confirmed == before.confirmed + 2


async def later_than(lost, manifest):
    """Settle, fetch and buy after the manifest was written; return the manifest of that."""
    await lost.abandon(await lost.begin(NEXT), reason="killed")
    await lost.resolve(DOUBT.key, Resolution.CHARGED)
    await lost.stored(PENDING.key, an_artifact())
    await lost.resolve(LOST.key, Resolution.REBUY)
    for job in (LOST, FREE):
        permit = await lost.submit(job, run=NEXT, budget=Budget())
        await lost.doubt(permit, reason="reset")
    redo = replace(a_verdict(), decision=Decision.REDO, note="warmer", at="2026-11-22T07:00:00Z")
    await lost.decide(redo, campaign="citrus-soda")
    return await the_manifest_of(lost, run=NEXT)


async def test_a_second_manifest_brings_what_was_bought_after_the_first(lost, manifest, ledger):
    """It was refused, since what the first one had told of an image was kept: a doubt that a later
    run had bought again, or a file that it had fetched, would have been bought or lost again.
    """
    later = await later_than(lost, manifest)
    await import_manifest(ledger, manifest, prices=PRICES)
    await import_manifest(ledger, later, prices=PRICES)
    keys = [job.key for job in LISTED if job is not FLYING]
    before, after = await lost.entries(keys), await ledger.entries(keys)
    assert {key: entry.outcome for key, entry in after.items()} == {
        key: entry.outcome for key, entry in before.items()
    }
    assert await ledger.spent() == await lost.spent()
    for run in (a_run(), NEXT):
        assert await ledger.spent(run=run.id) == await lost.spent(run=run.id)
    assert await import_manifest(ledger, later, prices=PRICES) == 0


async def test_manifests_in_any_order_bring_the_same(lost, manifest, ledger):
    later = await later_than(lost, manifest)
    await import_manifest(ledger, later, prices=PRICES)
    await import_manifest(ledger, manifest, prices=PRICES)
    assert await ledger.spent() == await lost.spent()
    assert await ledger.verdicts("citrus-soda") == await lost.verdicts("citrus-soda")


async def test_the_note_of_a_redo_comes_back_with_the_verdicts_before_it(lost, manifest, ledger):
    """The cell was in its first round again, and that round would have been bought anew."""
    later = await later_than(lost, manifest)
    await import_manifest(ledger, later, prices=PRICES)
    assert await ledger.all_verdicts("citrus-soda") == await lost.all_verdicts("citrus-soda")


async def test_a_job_that_only_an_older_manifest_lists_is_known_by_its_key(lost, manifest, ledger):
    """Else it is bought again as soon as it comes back into the campaign file."""
    later = await later_than(lost, manifest)
    later["images"] = [one for one in later["images"] if one["job"] != STORED.key]
    contents = [read_manifest(one, prices=PRICES) for one in (later, manifest)]
    await import_manifests(ledger, contents)
    assert (await ledger.entries([STORED.key]))[STORED.key].outcome.artifact == an_artifact()
    assert await ledger.spent() == await lost.spent()


async def test_what_could_not_be_placed_is_not_counted_again_with_its_job(lost, manifest, ledger):
    """The older manifest that lists it was imported later, and its credits twice."""
    later = await later_than(lost, manifest)
    later["images"] = [one for one in later["images"] if one["job"] != STORED.key]
    for one in (later, manifest):
        await import_manifest(ledger, one, prices=PRICES)
    assert (await ledger.entries([STORED.key]))[STORED.key].outcome.artifact == an_artifact()
    assert await ledger.spent() == await lost.spent()


async def test_an_older_copy_of_the_ledger_is_brought_up_to_date(lost, manifest, ledger):
    """What was in flight, in doubt or to be fetched in the copy has an answer in the manifest."""
    await live(ledger)
    later = await later_than(lost, manifest)
    await import_manifest(ledger, later, prices=PRICES)
    keys = [job.key for job in LISTED if job is not FLYING]
    before, after = await lost.entries(keys), await ledger.entries(keys)
    assert {key: entry.outcome for key, entry in after.items()} == {
        key: entry.outcome for key, entry in before.items()
    }
    assert await ledger.spent() == await lost.spent()
    assert await ledger.verdicts("citrus-soda") == await lost.verdicts("citrus-soda")


async def test_a_doubt_that_was_settled_in_the_ledger_is_not_doubted_again(lost, manifest, ledger):
    await import_manifest(ledger, manifest, prices=PRICES)
    await ledger.resolve(DOUBT.key, Resolution.NOT_CHARGED)
    spent = await ledger.spent()
    manifest["run"]["id"] = NEXT.id
    await import_manifest(ledger, manifest, prices=PRICES)
    assert (await ledger.entries([DOUBT.key]))[DOUBT.key].outcome is None
    assert (await ledger.spent()).confirmed == spent.confirmed


async def test_manifests_that_count_by_account_alone_are_still_counted_whole(
    lost, manifest, ledger
):
    """As all were that were written before runs were listed in them."""
    del manifest["runs"], manifest["earlier_verdicts"], manifest["run"]["number"]
    for image in manifest["images"]:
        del image["runs"]
    assert await import_manifest(ledger, manifest, prices=PRICES) == len(LISTED) + 1
    assert await ledger.spent() == await lost.spent()
    assert await import_manifest(ledger, manifest, prices=PRICES) == 0


async def test_runs_keep_their_place_whatever_their_dates(lost, manifest, ledger):
    """After a run under a clock a year ahead the next one is dated before it, and is newer."""
    await lost.begin(replace(NEXT, id="2025-01-01T000000Z-cccccc"))
    later = await the_manifest_of(lost, run=replace(NEXT, id="2025-01-01T000000Z-cccccc"))
    await import_manifests(ledger, [read_manifest(one, prices=PRICES) for one in (later, manifest)])
    assert [run.id for run in await ledger.runs()] == [run.id for run in await lost.runs()]
    assert [run.number for run in await ledger.runs()] == [2, 1]


async def test_manifests_of_two_campaigns_are_not_imported_together(manifest, ledger):
    other = {**manifest, "run": {**manifest["run"], "campaign": "winter"}, "runs": []}
    contents = [read_manifest(one, prices=PRICES) for one in (manifest, other)]
    with pytest.raises(UsageError, match="one campaign at a time"):
        await import_manifests(ledger, contents)
    assert await ledger.runs() == []


@pytest.fixture
async def replayed():
    """A ledger with a purchase of the first run that the next one sent again under its key."""
    ledger = MemoryLedger(now=lambda: NOW)
    await ledger.begin(a_run())
    permit = await ledger.submit(DOUBT, run=a_run(), budget=Budget())
    older = await the_manifest_of(ledger)
    await ledger.doubt(permit, reason="reset")
    await ledger.begin(NEXT)
    replay = await ledger.submit(DOUBT, run=NEXT, budget=Budget(), same_purchase=True)
    await ledger.paid(replay, Receipt(url="https://cdn.test/odd.png", amount=Amount(2)))
    await ledger.stored(DOUBT.key, an_artifact())
    return ledger, older


async def by_run(ledger):
    return [await ledger.spent(run=run.id) for run in (a_run(), NEXT)]


async def test_a_purchase_belongs_to_the_run_that_opened_it(replayed, ledger):
    """It was given to the run of its last request, while the sums of the runs had it with the one
    that opened it: after the import it was counted with both (charged 16, the ledger said 18).
    """
    lost, _ = replayed
    await import_manifest(ledger, await the_manifest_of(lost, run=NEXT), prices=PRICES)
    assert await by_run(ledger) == await by_run(lost) == [Spent(confirmed=Amount(2)), Spent()]
    assert await ledger.spent() == Spent(confirmed=Amount(2))


async def test_a_replay_settles_the_purchase_that_an_older_ledger_has_in_doubt(replayed, ledger):
    """It was a second purchase, and the doubt of the first one stayed for ever."""
    lost, older = replayed
    await import_manifest(ledger, older, prices=PRICES)
    assert await ledger.spent() == Spent(in_doubt=Amount(2))
    await import_manifest(ledger, await the_manifest_of(lost, run=NEXT), prices=PRICES)
    assert await by_run(ledger) == await by_run(lost)
    assert (await ledger.entries([DOUBT.key]))[DOUBT.key].spent == Spent(confirmed=Amount(2))


async def test_purchases_stay_apart_when_they_are_imported_twice(lost, manifest, ledger):
    """A ledger that was rebuilt is lost again: its manifests say the same as the first ones."""
    later = await later_than(lost, manifest)
    await import_manifest(ledger, later, prices=PRICES)
    assert await by_run(ledger) == await by_run(lost)
    again = MemoryLedger(now=lambda: NOW)
    await import_manifest(again, await the_manifest_of(ledger, run=NEXT), prices=PRICES)
    assert await by_run(again) == await by_run(lost)


async def test_manifests_that_do_not_number_purchases_are_still_imported(replayed, ledger):
    """They give a replayed purchase to two runs, as they did: too much, and never too little."""
    lost, _ = replayed
    manifest = await the_manifest_of(lost, run=NEXT)
    for image in manifest["images"]:
        del image["purchases"]
    await import_manifest(ledger, manifest, prices=PRICES)
    assert (await ledger.entries([DOUBT.key]))[DOUBT.key].outcome.artifact == an_artifact()
    assert (await ledger.spent()).confirmed == 4


async def test_money_in_doubt_beside_an_outcome_comes_back(ledger):
    lost = MemoryLedger(now=lambda: NOW)
    await lost.begin(a_run())
    url = "https://cdn.test/x.png"
    for job, paid, in_doubt in ((STORED, 1, 3), (PENDING, 0, 7), (LOST, 2, 5)):
        permit = await lost.submit(job, run=a_run(), budget=Budget())
        receipt = Receipt(url=url, amount=Amount(paid), in_doubt=Amount(in_doubt))
        await lost.paid(permit, receipt)
    await lost.stored(STORED.key, an_artifact())
    await lost.unfetched(LOST.key, reason="404", lost=True)
    for job, kind in ((REJECTED, FailureKind.REJECTED), (REFUSED, FailureKind.REFUSED)):
        failure = Failed(kind=kind, reason="blocked", in_doubt=Amount(9))
        await lost.fail(await lost.submit(job, run=a_run(), budget=Budget()), failure, http=400)
    permit = await lost.submit(DOUBT, run=a_run(), budget=Budget())
    await lost.doubt(permit, reason="3 images", at_most=Amount(6))
    await import_manifest(ledger, await the_manifest_of(lost), prices={})
    keys = [job.key for job in LISTED]
    before, after = await lost.entries(keys), await ledger.entries(keys)
    assert {key: entry.outcome for key, entry in after.items()} == {
        key: entry.outcome for key, entry in before.items()
    }
    assert await ledger.spent() == await lost.spent()
    assert await ledger.spent(run=a_run().id) == await lost.spent()
    assert await import_manifest(ledger, await the_manifest_of(lost), prices={}) == 0


async def test_a_refusal_with_money_in_doubt_that_only_the_log_tells_may_have_been_charged(
    lost, manifest, ledger, tmp_path
):
    sent = {"event": "submit", "job": FREE.key, "attempt": 2}
    refused = {"event": "refused", "job": FREE.key, "reason": "blocked", "in_doubt": 2}
    log = a_log(tmp_path, sent, refused)
    await import_manifest(ledger, with_log(manifest, log), prices=PRICES)
    assert (await ledger.entries([FREE.key]))[FREE.key].spent == Spent(in_doubt=Amount(2))


DOLLARS = MoneyFormat(unit=Unit.DOLLARS)
EUROS = MoneyFormat(currency="EUR", per_credit=Decimal("0.0075"))


async def test_a_manifest_names_its_amounts_by_their_unit_and_writes_them_out(lost):
    """Who adds up a field called credits must not find nano-dollars in it."""
    budget = Budget(run=Amount(12_500_000_000), money=DOLLARS)
    campaign = replace(CAMPAIGN, money=DOLLARS, budget=budget)
    manifest = await the_manifest_of(lost, campaign=campaign)
    run, totals, image = manifest["run"], manifest["totals"], manifest["images"][0]
    account = {"account": a_run().account, "unit": "USD"}
    assert (run["unit"], run["price"], run["accounts"]) == ("USD", None, {"draft": account})
    assert totals["nano_usd"]["budget"] == 12_500_000_000
    assert totals["text"]["budget"] == "$12.50"
    assert (image["nano_usd"], image["cost"]) == (2, "$0.000000002")
    assert totals["by"]["stage"]["draft"]["nano_usd"] > 0
    assert not any('"credits"' in json.dumps(one) for one in (totals, image))


async def test_a_manifest_in_credits_keeps_its_names_and_adds_their_price(lost):
    manifest = await the_manifest_of(lost, campaign=replace(CAMPAIGN, money=EUROS))
    assert manifest["run"]["price"] == {"currency": "EUR", "per_credit": "0.0075"}
    assert manifest["totals"]["credits"]["confirmed"] == (await lost.spent()).confirmed
    image = manifest["images"][0]
    assert (image["credits"], image["cost"]) == (2, "2 credits (0.015 EUR)")


@pytest.mark.parametrize("schema", [*SCHEMAS])
async def test_manifests_of_either_schema_are_imported(lost, manifest, ledger, schema):
    manifest["schema"] = schema
    if schema == SCHEMAS[0]:
        for name in ("unit", "price", "accounts"):
            del manifest["run"][name]
        for image in manifest["images"]:
            del image["cost"], image["in_doubt"], image["at_most"], image["purchases"]
    await import_manifest(ledger, manifest, prices=PRICES)
    assert await ledger.spent() == await lost.spent()


async def test_a_manifest_in_dollars_comes_back_to_the_nano_dollar(lost, ledger):
    manifest = await the_manifest_of(lost, campaign=replace(CAMPAIGN, money=DOLLARS))
    await import_manifest(ledger, manifest, prices={})
    assert await ledger.spent() == await lost.spent()
    assert await import_manifest(ledger, manifest, prices={}) == 0


def a_log(folder, *events):
    file = folder / "log.jsonl"
    file.write_text("".join(json.dumps(event) + "\n" for event in events))
    return file


async def test_a_replay_that_only_the_log_tells_belongs_to_the_purchase_in_doubt(
    replayed, ledger, tmp_path
):
    """The run was killed after it had sent a doubt again, and before it wrote its manifest."""
    lost, _ = replayed
    manifest = await the_manifest_of(lost, run=NEXT)
    (image,) = (one for one in manifest["images"] if one["job"] == DOUBT.key)
    for name in ("attempts", "runs", "purchases"):
        del image[name][1:]
    image |= {"status": "in_doubt", "credits": 0, "file": None}
    log = a_log(tmp_path, {"event": "submit", "job": DOUBT.key, "attempt": 2})
    await import_manifest(ledger, with_log(manifest, log), prices=PRICES)
    assert await by_run(ledger) == [Spent(in_doubt=Amount(2)), Spent()]
    assert len((await ledger.attempts([DOUBT.key]))[DOUBT.key]) == 2


async def test_a_request_that_only_the_log_tells_is_a_purchase_of_its_run(
    lost, manifest, ledger, tmp_path
):
    log = a_log(tmp_path, {"event": "submit", "job": FREE.key, "attempt": 2})
    await import_manifest(ledger, with_log(manifest, log), prices=PRICES)
    free = (await ledger.entries([FREE.key]))[FREE.key]
    assert free.spent == Spent(in_doubt=Amount(2))
    told = (await ledger.attempts([FREE.key]))[FREE.key]
    assert [one.purchase_number for one in told] == [1, 2]


async def test_an_import_that_breaks_off_has_done_nothing(manifest, tmp_path, monkeypatch):
    """Broken off after its first thousand images, the next run bought the others again."""

    def broken(*_arguments):
        raise RuntimeError("killed")

    monkeypatch.setattr(restoring, "restore_verdicts", broken)
    ledger = await SqliteLedger.open(tmp_path / "ledger.db")
    with pytest.raises(RuntimeError, match="killed"):
        await import_manifest(ledger, manifest, prices=PRICES)
    assert await ledger.runs() == []
    assert (await ledger.spent()).upper == 0
    assert await ledger.campaign_entries("citrus-soda") == []
    await ledger.close()


TICKET = "batch-1f0c"
ORDERED = [a_job(f"{name}/4x3", quality=Quality.LOW) for name in ("dill", "sage", "mint")]


async def with_order(lost, *, batch="batch_9"):
    """Three images are ordered by the second run; one of them has ended already."""
    if not await lost.known_runs([NEXT.id]):
        await lost.begin(NEXT)
    attempts = await lost.order(ORDERED, run=NEXT, budget=Budget(), ticket=TICKET)
    (ticket,) = await lost.open_tickets()
    state = TicketState.OPEN if batch else TicketState.UPLOADED
    await lost.update_ticket(replace(ticket, state=state, file="file-1", batch=batch))
    await lost.release(attempts[2], reason="never made")
    return [reply_name(attempt) for attempt in attempts]


async def manifest_with_order(lost):
    names = [*LISTED, *ORDERED]
    return await the_manifest_of(lost, run=NEXT, listed=names)


async def lines_of(ledger):
    return {reply_name(attempt) for attempt in await ledger.ticket_attempts(TICKET)}


async def test_an_open_order_comes_back_with_its_lines(lost, ledger):
    """They were doubts: a person had to settle each, though the provider had made them."""
    lines = await with_order(lost)
    manifest = await manifest_with_order(lost)
    await import_manifest(ledger, manifest, prices=PRICES)
    (before,), (after,) = await lost.open_tickets(), await ledger.open_tickets()
    assert after == replace(before, changed=after.changed)
    assert await lines_of(ledger) == {*lines[:2]}
    entries = await ledger.entries([job.key for job in ORDERED])
    assert [str(entries[job.key].status) for job in ORDERED] == ["ordered", "ordered", "planned"]
    reserved = await ledger.spent()
    assert reserved == await lost.spent()
    assert await ledger.begin(LAST) == []
    assert await import_manifest(ledger, manifest, prices=PRICES) == 0
    for attempt in await ledger.ticket_attempts(TICKET):
        await ledger.paid(attempt, Receipt(url=f"reply:{reply_name(attempt)}", amount=Amount(1)))
    await ledger.close_ticket(TICKET)
    assert (await ledger.spent()).upper == reserved.upper - 2
    await import_manifest(ledger, manifest, prices=PRICES)
    assert await ledger.open_tickets() == []
    entries = await ledger.entries([job.key for job in ORDERED[:2]])
    assert {str(entry.status) for entry in entries.values()} == {"pending_download"}


async def test_an_order_that_was_not_told_as_accepted_is_looked_for(lost, ledger):
    """The run may have sent it after it wrote the manifest: it is not freed unseen."""
    await with_order(lost, batch="")
    await import_manifest(ledger, await manifest_with_order(lost), prices=PRICES)
    (ticket,) = await ledger.open_tickets()
    assert (ticket.state, ticket.batch, ticket.misses) == (TicketState.CREATING, "", 0)


@pytest.mark.parametrize("lacking", ["line", "number", "ticket", "run"])
async def test_an_order_whose_lines_are_not_known_is_in_doubt_and_names_its_batch(
    lost, ledger, lacking
):
    """A line under another name would be looked for in vain among the results."""
    await with_order(lost)
    manifest = await manifest_with_order(lost)
    for image in manifest["images"]:
        if lacking == "line":
            image.pop("line", None)
        elif lacking == "number" and image["status"] == "ordered":
            image["line"] = f"{image['line']}7"
    if lacking == "ticket":
        manifest["tickets"] = []
    if lacking == "run":
        manifest["tickets"][0]["run"] = "2026-11-22T990000Z-dddddd"
    await import_manifest(ledger, manifest, prices=PRICES)
    assert await ledger.open_tickets() == []
    entry = (await ledger.entries([ORDERED[0].key]))[ORDERED[0].key]
    assert (str(entry.status), entry.spent) == ("in_doubt", Spent(in_doubt=Amount(2)))
    assert TICKET in entry.outcome.reason
    assert await ledger.spent() == await lost.spent()


async def test_an_older_ledger_learns_of_an_order_that_it_does_not_know(lost, ledger):
    manifest = await the_manifest_of(lost)
    await import_manifest(ledger, manifest, prices=PRICES)
    lines = await with_order(lost)
    await import_manifest(ledger, await manifest_with_order(lost), prices=PRICES)
    assert await lines_of(ledger) == {*lines[:2]}
    assert await ledger.spent() == await lost.spent()


async def test_an_order_that_only_the_log_tells_comes_back(lost, ledger, tmp_path):
    """Its run was killed before it wrote a manifest, and the next one ordered all of it again."""
    await lost.begin(NEXT)
    manifest = await manifest_with_order(lost)
    lines = await with_order(lost)
    (ticket,) = await lost.open_tickets()
    stream = io.StringIO()
    journal = Journal(stream)
    for line, job in zip(lines, ORDERED, strict=True):
        number = int(line.rpartition("-")[2])
        journal.happened(RequestSent(job=job, attempt=number, ticket=TICKET, line=line))
    journal.happened(TicketMoved(ticket=ticket))
    (tmp_path / "log.jsonl").write_text(stream.getvalue())
    await import_manifest(ledger, with_log(manifest, tmp_path / "log.jsonl"), prices=PRICES)
    (known,) = await ledger.open_tickets()
    assert (known.batch, known.state, known.model) == ("batch_9", TicketState.OPEN, ticket.model)
    assert await lines_of(ledger) == {*lines}
    assert (await ledger.spent()).upper >= (await lost.spent()).upper


async def test_an_order_that_the_log_tells_to_be_given_up_is_due_again(lost, ledger, tmp_path):
    await lost.begin(NEXT)
    manifest = await manifest_with_order(lost)
    events = [
        {"event": "submit", "job": ORDERED[0].key, "attempt": 1, "ticket": TICKET, "line": "ab-1"},
        {"event": "ticket", "ticket": TICKET, "state": "packed", "images": 1},
        {"event": "ticket", "ticket": TICKET, "state": "collected", "images": 1},
    ]
    log = a_log(tmp_path, *events)
    await import_manifest(ledger, with_log(manifest, log), prices=PRICES)
    assert await ledger.entries([ORDERED[0].key]) == {}
    assert await ledger.open_tickets() == []

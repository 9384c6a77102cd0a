"""Ordering and collecting: nothing is posted twice, and every line is settled or in doubt."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from builders import a_run
from fake_batches import HALF, USAGE, FakeBatches, made, not_made
from fake_provider import png

from pipeline.errors import (
    Interrupted,
    LeaseLost,
    NotSent,
    ProviderStopped,
    Rejected,
    ReplyUnknown,
    Throttled,
)
from pipeline.ledger.memory.ledger import MemoryLedger
from pipeline.model.coordination import WHOLE, LivingRun
from pipeline.model.job import Coordinates, Job, job_key
from pipeline.model.money import Amount, Budget, Spent
from pipeline.model.names import CellName, ProfileName, Slug, Stage
from pipeline.model.outcome import Paid
from pipeline.model.providers.request import Quality, Reference, RenderRequest
from pipeline.model.ticket import TicketState
from pipeline.providers.batches import BatchPhase
from pipeline.providers.profiles import PROFILES
from pipeline.purchasing.batches import ordering
from pipeline.purchasing.batches.collecting import Collecting
from pipeline.purchasing.batches.order_files import OrderFiles
from pipeline.purchasing.batches.ordering import Tickets
from pipeline.purchasing.batches.packing import MEBIBYTE, BatchLimits, packed
from pipeline.purchasing.events import TicketMoved
from pipeline.purchasing.halt import Halt
from pipeline.purchasing.sealed_replies import SealedReplies

PROFILE = PROFILES[ProfileName("openai")].in_batch()
CAMPAIGN = Slug("citrus-soda")
NO_LIMITS = Budget()


def a_job(name, *, model="gpt-image-2", size="1024x1024", references=()):
    at = Coordinates(
        campaign=CAMPAIGN,
        cell=CellName(f"{name}/1x1"),
        axes=(("product", name), ("size", "1x1")),
        stage=Stage.FINAL,
    )
    request = RenderRequest(
        prompt="A soda.", model=model, size=size, quality=Quality.LOW, references=references
    )
    return Job(
        key=job_key(at, profile=PROFILE.name, request=request),
        at=at,
        request=request,
        price=PROFILE.quote(request).at_most,
        profile=PROFILE.name,
        path=f"finals/{name}.png",
    )


JOBS = [a_job(name) for name in ("crab", "lime", "mint", "plum")]
PRICE = JOBS[0].price


class Case:
    """A ledger, a provider, and runs that order and collect."""

    def __init__(self, folder):
        self.folder, self.batches = folder, FakeBatches()
        self.ledger, self.halt = MemoryLedger(), Halt()
        self.told, self.count, self.looks_apart = [], 0, timedelta(0)

    async def begin(self, *, budget=NO_LIMITS):
        """Begin a run, as after the death of the one before."""
        self.count += 1
        self.halt = Halt()
        run = replace(
            a_run(f"2026-11-22T06000{self.count}Z-aaaaaa"), account="openai@https://api.test/v1"
        )
        assert list(await self.ledger.begin(run)) == []
        self.tickets = Tickets(
            batches=self.batches,
            ledger=self.ledger,
            run=run,
            budget=budget,
            halt=self.halt,
            files=OrderFiles(self.folder),
            listen=self.told.append,
            sleep=lambda _: asyncio.sleep(0),
        )
        return self

    async def order(self, jobs=JOBS, **settings):
        await self.begin(**settings)
        await self.tickets.order_all(jobs)
        return self

    async def collect(self):
        await self.begin()
        await Collecting(
            tickets=self.tickets,
            replies=SealedReplies(self.folder),
            looks_apart=self.looks_apart,
        ).collect()
        return self

    async def statuses(self, jobs=JOBS):
        entries = await self.ledger.entries([job.key for job in jobs])
        return [entries[job.key].status.value if job.key in entries else "new" for job in jobs]

    async def open(self):
        return list(await self.ledger.open_tickets())

    @property
    def names(self):
        return list(self.batches.orders.values())[-1]


@pytest.fixture
def case(tmp_path):
    return Case(tmp_path)


async def test_an_order_reserves_half_the_price_and_leaves_one_durable_file(case):
    await case.order()
    (ticket,) = await case.open()
    assert (ticket.state, ticket.batch, ticket.file) == (TicketState.OPEN, "batch_0", "file-0")
    assert await case.ledger.spent() == Spent(in_doubt=Amount(4 * PRICE))
    assert PROFILES[PROFILE.name].quote(JOBS[0].request).at_most == PRICE * 2
    file = case.folder / ".tickets" / f"{ticket.id}.jsonl"
    assert file.read_bytes() == case.batches.files["file-0"]
    steps = [getattr(one, "line", "") or str(one.ticket.state) for one in case.told]
    assert steps == ["packed", *case.names, "uploaded", "creating", "open"]


async def test_finished_lines_are_paid_by_their_usage_at_half_the_price(case):
    await case.order()
    lines = [made(name, number=at) for at, name in enumerate(case.names)]
    case.batches.end(BatchPhase.COMPLETED, output=lines)
    await case.collect()
    assert await case.statuses() == ["pending_download"] * 4
    assert await case.ledger.spent() == Spent(confirmed=Amount(4 * HALF))
    assert await case.open() == []
    assert not (case.folder / ".tickets").exists()
    entries = await case.ledger.entries([job.key for job in JOBS])
    replies = SealedReplies(case.folder)
    assert replies.kept() == {entry.outcome.url for entry in entries.values()}
    async with replies.open_picture(entries[JOBS[2].key].outcome.url) as pieces:
        picture = b"".join([piece async for piece in pieces])
    assert picture.startswith(b"\x89PNG")


async def test_a_batch_that_is_being_made_stays_open_and_is_told(case):
    await case.order()
    await case.collect()
    assert await case.statuses() == ["ordered"] * 4
    assert case.told[-1].ticket.reason == "0 of 4 are made"
    assert case.batches.posts == 1


ENDS = {
    "expired": (BatchPhase.EXPIRED, 2, "batch_expired", ["pending_download"] * 2 + ["planned"] * 2),
    "cancelled": (
        *(BatchPhase.CANCELLED, 1, "batch_cancelled"),
        ["pending_download"] + ["planned"] * 3,
    ),
    "nothing made": (BatchPhase.EXPIRED, 0, "batch_expired", ["planned"] * 4),
}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("listed", [True, False], ids=["with errors", "without errors"])
async def test_what_was_not_made_before_the_end_is_free_again(case, end, listed):
    phase, count, code, statuses = ENDS[end]
    await case.order()
    errors = [not_made(name, code) for name in case.names[count:]] if listed else ()
    case.batches.end(phase, output=[made(name) for name in case.names[:count]], errors=errors)
    await case.collect()
    assert await case.statuses() == statuses
    assert await case.ledger.spent() == Spent(confirmed=Amount(count * HALF))
    assert await case.open() == []


@pytest.mark.parametrize("phase", [BatchPhase.COMPLETED, BatchPhase.EXPIRED])
async def test_a_line_in_neither_file_is_in_doubt(case, phase):
    await case.order()
    rest = case.names[1:]
    case.batches.end(phase, output=[made(name) for name in rest], charged=case.names)
    await case.collect()
    assert await case.statuses() == ["in_doubt"] + ["pending_download"] * 3
    entry = (await case.ledger.entries([JOBS[0].key]))[JOBS[0].key]
    assert "in neither of its files" in entry.outcome.reason
    spent = await case.ledger.spent()
    assert spent.confirmed <= 4 * HALF <= spent.upper


async def test_a_completed_batch_without_an_output_file_is_in_doubt(case):
    await case.order()
    case.batches.end(BatchPhase.COMPLETED, output=None, charged=case.names)
    await case.collect()
    assert await case.statuses() == ["in_doubt"] * 4
    assert await case.open() == []


REPLIES = {
    "policy": (400, {"error": {"code": "moderation_blocked", "message": "no"}}, "refused"),
    "invalid": (400, {"error": {"code": "invalid_value", "message": "size"}}, "failed"),
    "throttled": (429, {"error": {"code": "rate_limit_exceeded", "message": "wait"}}, "planned"),
    "key": (401, {"error": {"code": "invalid_api_key", "message": "no"}}, "planned"),
    "broken": (500, {"error": {"code": "server_error", "message": "oops"}}, "in_doubt"),
    "empty": (200, {"data": []}, "in_doubt"),
    "cut": (200, {"data": [{"b64_json": "iVBORw0KG"}], "usage": {}}, "in_doubt"),
}


@pytest.mark.parametrize("reply", REPLIES)
async def test_the_answer_of_a_line_means_what_it_means_to_a_request(case, reply):
    status, body, expected = REPLIES[reply]
    await case.order(JOBS[:2])
    first, second = case.names
    line = made(first, status=status, body=body)
    case.batches.end(BatchPhase.COMPLETED, output=[made(second)], errors=[line])
    await case.collect()
    assert await case.statuses(JOBS[:2]) == [expected, "pending_download"]
    assert await case.open() == []


async def test_a_line_that_is_no_json_or_of_nobody_settles_nothing(case):
    await case.order(JOBS[:2])
    first, second = case.names
    case.batches.end(BatchPhase.COMPLETED, output=[made(first), made("nobody-1"), made(first)])
    case.batches.files["batch_0-output"] += b'{"custom_id": "' + second.encode() + b'", "resp\n'
    await case.collect()
    assert await case.statuses(JOBS[:2]) == ["pending_download", "in_doubt"]
    assert (await case.ledger.spent()).confirmed == HALF


async def test_results_that_break_off_are_settled_as_far_as_they_came_and_fetched_again(case):
    await case.order()
    case.batches.end(BatchPhase.COMPLETED, output=[made(name) for name in case.names])
    size = len(case.batches.files["batch_0-output"])
    case.batches.cut = size // 2 + 100
    await case.collect()
    assert await case.statuses() == ["pending_download"] * 2 + ["ordered"] * 2
    (ticket,) = await case.open()
    assert ticket.state is TicketState.CLOSED
    case.batches.cut = None
    await case.collect()
    assert await case.statuses() == ["pending_download"] * 4
    assert await case.ledger.spent() == Spent(confirmed=Amount(4 * HALF))


async def test_a_line_that_was_sealed_and_not_settled_is_not_fetched_again(case):
    """The run died between the seal and the ledger; the results are gone by now."""
    await case.order(JOBS[:1])
    case.batches.end(BatchPhase.COMPLETED, output=[made(case.names[0])])
    await case.begin()
    collecting = Collecting(tickets=case.tickets, replies=SealedReplies(case.folder))

    async def dies(*_):
        raise KeyboardInterrupt

    object.__setattr__(collecting.tickets.ledger, "paid", dies)
    with pytest.raises(KeyboardInterrupt):
        await collecting.collect()
    del collecting.tickets.ledger.paid
    case.batches.files["batch_0-output"] = b""
    await case.collect()
    entry = (await case.ledger.entries([JOBS[0].key]))[JOBS[0].key]
    assert isinstance(entry.outcome, Paid)
    assert entry.spent == Spent(confirmed=Amount(HALF))


async def test_a_batch_that_is_refused_whole_is_freed_and_nothing_more_is_ordered(case):
    await case.order()
    case.batches.end(BatchPhase.REFUSED, reason="token_limit_exceeded: too many.")
    await case.collect()
    assert await case.statuses() == ["planned"] * 4
    assert await case.ledger.spent() == Spent()
    assert "token_limit_exceeded: too many; nothing was charged" in str(case.halt.reason)
    assert isinstance(case.halt.reason, ProviderStopped)


async def test_a_line_that_a_batch_was_refused_for_fails_and_the_others_are_due(case):
    await case.order()
    case.batches.end(BatchPhase.REFUSED, wrong={2: "invalid_size: no"})
    await case.collect()
    assert await case.statuses() == ["planned", "failed", "planned", "planned"]
    assert case.halt.reason is None


async def test_a_lost_answer_is_found_by_its_label_and_never_posted_again(case):
    case.batches.faults["open"] = [ReplyUnknown("no answer")]
    await case.order()
    (ticket,) = await case.open()
    assert (ticket.state, ticket.batch, case.batches.posts) == (TicketState.OPEN, "batch_0", 1)


async def test_an_order_that_is_not_in_the_list_waits_for_a_person_after_two_looks(case):
    """Looked for twice, minutes apart: the list may lag. It is never posted again."""
    case.batches.faults["open"] = [ReplyUnknown("no answer")]
    case.batches.hidden = True
    await case.order()
    (ticket,) = await case.open()
    assert (ticket.state, ticket.misses) == (TicketState.CREATING, 1)
    assert not ticket.waits_for_person
    case.looks_apart = timedelta(minutes=2)
    await case.collect()
    assert (await case.open())[0].misses == 1
    case.looks_apart = timedelta(0)
    await case.collect()
    (ticket,) = await case.open()
    assert ticket.waits_for_person
    assert "a person decides" in ticket.reason
    assert await case.statuses() == ["ordered"] * 4
    assert case.batches.posts == 1
    case.batches.hidden = False
    await case.collect()
    assert (await case.open())[0].state is TicketState.OPEN


@pytest.mark.parametrize(
    ("error", "tries"),
    [
        (NotSent("no route"), 4),
        (Throttled("wait", retry_after=1.0), 1),
        (Rejected("no such endpoint", http=404), 1),
        (ProviderStopped("invalid key"), 1),
    ],
)
async def test_an_order_that_was_not_accepted_is_freed_and_the_run_stops(case, error, tries):
    case.batches.faults["open"] = [error] * 4
    await case.order()
    assert await case.statuses() == ["planned"] * 4
    assert await case.ledger.spent() == Spent()
    assert await case.open() == []
    assert isinstance(case.halt.reason, ProviderStopped)
    assert case.batches.posts == tries
    assert case.batches.batches == {}


@pytest.mark.parametrize("error", [NotSent("no route"), ReplyUnknown("reset"), Throttled("wait")])
async def test_an_upload_is_tried_again_since_it_orders_nothing(case, error):
    case.batches.faults["upload"] = [error] * 3
    await case.order()
    assert await case.statuses() == ["ordered"] * 4
    case.batches.faults["upload"] = [error] * 4
    other = [a_job("rum")]
    await case.order(other)
    assert await case.statuses(other) == ["planned"]


async def test_what_a_dead_run_packed_is_freed_by_the_next_one(case):
    """Nothing was ordered: the next order packs what is due then."""
    for state in ("upload", "moved"):
        case.batches.faults["upload"] = [KeyboardInterrupt()] if state == "upload" else []
        if state == "moved":
            case.batches.faults["open"] = [KeyboardInterrupt()]
        with pytest.raises(KeyboardInterrupt):
            await case.order()
        if state == "moved":
            (ticket,) = await case.open()
            assert ticket.state is TicketState.CREATING
            return
        assert await case.statuses() == ["ordered"] * 4
        await case.collect()
        assert await case.statuses() == ["planned"] * 4
        assert await case.ledger.spent() == Spent()
        assert not (case.folder / ".tickets").exists()


async def test_a_packed_ticket_of_an_older_ledger_is_found_instead_of_freed(case):
    """A ledger restored from a backup does not know that its ticket was ordered since."""
    await case.order()
    (ticket,) = await case.open()
    case.ledger.store._tickets[ticket.id].state = TicketState.PACKED
    case.ledger.store._tickets[ticket.id].batch = ""
    await case.collect()
    (ticket,) = await case.open()
    assert (ticket.state, ticket.batch) == (TicketState.OPEN, "batch_0")
    assert await case.statuses() == ["ordered"] * 4


async def test_a_reference_that_has_changed_fails_its_image_and_not_the_order(case):
    gone = a_job("sour", references=(Reference(path="", sha256="ab" * 32),))
    good = a_job("rum", references=(Reference(path="there", sha256="ab" * 32),))
    await case.order([gone, good])
    assert await case.statuses([gone, good]) == ["failed", "ordered"]
    assert len(case.names) == 1
    await case.order([replace(gone, key="ab" * 16)])
    assert len(await case.open()) == 1


async def test_an_order_stops_at_the_budget(case):
    await case.order(budget=Budget(run=Amount(2 * PRICE)))
    assert await case.statuses() == ["ordered", "ordered", "new", "new"]
    assert case.halt.reason is None
    await case.order(JOBS[2:], budget=Budget(campaign=Amount(2 * PRICE)))
    assert case.halt.reason.exit_code == 4


@pytest.mark.parametrize("error", [LeaseLost("another run"), ProviderStopped("no key")])
async def test_an_order_that_another_run_forbids_stops_the_run_before_anything_is_sent(case, error):
    """Met by a run of the same account on another machine, or this run's place was taken."""
    await case.begin()

    async def refused(*_jobs, **_how):
        raise error

    case.ledger.order = refused
    await case.tickets.order_all(JOBS)
    assert case.halt.reason is error
    assert (case.batches.posts, case.batches.files) == (0, {})


async def test_a_ticket_of_a_run_that_is_alive_on_another_machine_is_left_alone(case):
    """It may be packing it right now: its images must not be freed under it."""
    case.batches.faults["upload"] = [KeyboardInterrupt()]
    with pytest.raises(KeyboardInterrupt):
        await case.order()
    living = LivingRun(run=case.tickets.run, shard=WHOLE, owner="there", heard=1.0, left=19.0)

    async def living_runs(_campaign):
        return [living]

    case.ledger.living_runs = living_runs
    await case.collect()
    assert await case.statuses() == ["ordered"] * 4
    del case.ledger.living_runs
    await case.collect()
    assert await case.statuses() == ["planned"] * 4


async def test_a_run_that_is_interrupted_orders_nothing_more(case):
    await case.begin()
    case.halt.because(Interrupted(signal_name="SIGINT", exit_code=130))
    await case.tickets.order_all(JOBS)
    assert await case.statuses() == ["new"] * 4


async def test_one_ticket_that_cannot_be_looked_at_does_not_keep_the_others(case):
    await case.order(JOBS[:1])
    case.batches.end(BatchPhase.COMPLETED, output=[made(case.names[0])])
    await case.order(JOBS[1:2])
    case.batches.end(BatchPhase.COMPLETED, output=[made(case.names[0])])
    case.batches.faults["look"] = [ReplyUnknown("reset")]
    await case.collect()
    assert await case.statuses(JOBS[:2]) == ["ordered", "pending_download"]
    case.batches.faults["look"] = [ProviderStopped("invalid key")]
    await case.collect()
    assert isinstance(case.halt.reason, ProviderStopped)
    await case.collect()
    assert await case.statuses(JOBS[:2]) == ["pending_download"] * 2


def test_orders_are_of_one_model_and_endpoint_and_of_a_size_that_can_be_collected():
    edit = (Reference(path="", sha256="ab" * 32),)
    jobs = [a_job(f"a{at}") for at in range(5)]
    jobs += [a_job("b", model="gpt-image-1.5"), a_job("c", references=edit)]
    limits = BatchLimits(images=2)
    groups = [[job.at.cell for job in group] for group in packed(jobs, limits)]
    assert groups == [
        *(["a0/1x1", "a1/1x1"], ["a2/1x1", "a3/1x1"]),
        *(["a4/1x1"], ["b/1x1"], ["c/1x1"]),
    ]
    large = [a_job(f"d{at}", size="3840x2160") for at in range(5)]
    limits = BatchLimits(picture_bytes=70 * MEBIBYTE)
    assert [len(group) for group in packed(large, limits)] == [2, 2, 1]
    limits = BatchLimits(file_bytes=3000)
    assert [len(group) for group in packed(jobs[:4], limits)] == [2, 2]


async def test_the_file_of_an_order_that_was_collected_is_removed_by_the_next_run(case):
    """A run that died between the ledger and the disk left it for ever."""
    await case.order(JOBS[:1])
    leftover = case.folder / ".tickets" / "batch-old.jsonl"
    leftover.write_bytes(b"{}\n")
    await case.order(JOBS[1:2])
    await case.collect()
    kept = {file.stem for file in leftover.parent.iterdir()}
    assert kept == {ticket.id for ticket in await case.open()}


async def test_the_files_of_a_settled_order_are_deleted_at_the_provider(case):
    await case.order()
    lines = [made(name, number=at) for at, name in enumerate(case.names[:3])]
    failed = [made(case.names[3], status=400, body={"error": {"code": "invalid_value"}})]
    case.batches.end(BatchPhase.COMPLETED, output=lines, errors=failed)
    seen = []

    async def delete(file):
        seen.append((file, await case.statuses()))

    case.batches.delete = delete
    await case.collect()
    recorded = ["pending_download"] * 3 + ["failed"]
    files = ("file-0", "batch_0-output", "batch_0-errors")
    assert seen == [(file, recorded) for file in files]


async def test_a_run_that_died_after_deleting_the_files_does_not_need_them_again(case):
    """The files go before the ticket is closed, or a killed run would leave them for ever."""
    await case.order()
    case.batches.end(BatchPhase.COMPLETED, output=[made(name) for name in case.names])
    close, case.ledger.close_ticket = case.ledger.close_ticket, killed
    with pytest.raises(KeyboardInterrupt):
        await case.collect()
    assert case.batches.files == {}
    (ticket,) = await case.open()
    leftover = case.folder / ".replies" / f"{ticket.id}.part"
    leftover.write_bytes(b"half a line")
    case.ledger.close_ticket = close
    await case.collect()
    assert await case.open() == []
    assert await case.statuses() == ["pending_download"] * 4
    assert not leftover.exists()


async def killed(*_):
    raise KeyboardInterrupt


async def test_files_that_cannot_be_deleted_are_told_once_and_hurt_nothing(case):
    await case.order()
    case.batches.end(BatchPhase.COMPLETED, output=[made(name) for name in case.names])
    case.batches.faults["delete"] = [ProviderStopped("insufficient permissions", http=403)]
    await case.collect()
    await case.collect()
    assert await case.open() == []
    assert case.halt.reason is None
    assert await case.statuses() == ["pending_download"] * 4
    moved = [event.ticket.reason for event in case.told if isinstance(event, TicketMoved)]
    told = [reason for reason in moved if "permissions" in reason]
    files = "delete file-0, batch_0-output at the provider"
    assert told == [f"completed; {files}, which did not: insufficient permissions"]


async def test_a_provider_that_never_answers_a_deletion_does_not_hold_the_run(case, monkeypatch):
    monkeypatch.setattr(ordering, "DELETE_PATIENCE", 0.01)
    await case.order()
    case.batches.end(BatchPhase.COMPLETED, output=[made(name) for name in case.names])
    case.batches.delete = lambda _: asyncio.sleep(60)
    await case.collect()
    assert await case.open() == []
    assert "no answer within" in case.told[-1].ticket.reason


async def test_the_files_of_an_order_with_doubts_stay_since_a_person_may_need_them(case):
    """What became of a line that is missing or damaged can be seen nowhere else."""
    await case.order()
    case.batches.end(BatchPhase.COMPLETED, output=[made(name) for name in case.names[:3]])
    await case.collect()
    assert await case.open() == []
    assert await case.statuses() == ["pending_download"] * 3 + ["in_doubt"]
    assert case.batches.deleted == []
    stay = "its files stay at the provider: file-0, batch_0-output"
    assert case.told[-1].ticket.reason == f"completed; 1 in doubt, so {stay}"


async def test_an_order_that_is_given_up_leaves_no_file_at_the_provider(case):
    case.batches.faults["open"] = [Rejected("bad order", http=400)]
    await case.order()
    assert await case.statuses() == ["planned"] * 4
    assert case.batches.deleted == ["file-0"]


async def test_results_that_the_provider_does_not_have_any_more_are_in_doubt(case):
    """A ledger restored from a backup has lines open whose files were deleted since.

    The ticket was looked at by every later run, and never came further.
    """
    await case.order()
    case.batches.end(BatchPhase.COMPLETED, output=[made(name) for name in case.names])
    case.batches.files.clear()
    await case.collect()
    assert await case.open() == []
    assert await case.statuses() == ["in_doubt"] * 4
    entries = await case.ledger.entries([job.key for job in JOBS])
    assert "batch_0-output" in entries[JOBS[0].key].outcome.reason
    assert await case.ledger.spent() == Spent(in_doubt=Amount(4 * PRICE))


async def test_a_line_that_comes_twice_is_settled_once_told_and_stands_for_no_other(case):
    """It was counted as another line that the batch had made, whose image was then bought again."""
    await case.order()
    first = made(case.names[0])
    lines = [first, first, made(case.names[1], number=1)]
    case.batches.end(BatchPhase.EXPIRED, output=lines, charged=case.names[:3])
    await case.collect()
    assert await case.statuses() == ["pending_download"] * 2 + ["in_doubt"] * 2
    assert f"came twice, so look in the provider's log what was charged: {case.names[0]}" in (
        case.told[-1].ticket.reason
    )


async def test_a_line_with_two_pictures_holds_two_prices_and_either_can_be_taken(case):
    await case.order(JOBS[:1])
    two = [made(case.names[0], number=at)["response"]["body"]["data"][0] for at in (1, 2)]
    line = made(case.names[0], body={"data": two, "usage": USAGE})
    case.batches.end(BatchPhase.COMPLETED, output=[line])
    await case.collect()
    entry = (await case.ledger.entries([JOBS[0].key]))[JOBS[0].key]
    assert entry.spent == Spent(in_doubt=Amount(2 * PRICE))
    replies = SealedReplies(case.folder)
    sources = replies.pictures(entry.purchase)
    assert sources == [f"reply:{case.names[0]}#{number}" for number in (1, 2)]
    async with replies.open_picture(sources[1]) as pieces:
        assert b"".join([piece async for piece in pieces]) == png(64, 64, shade=2)

"""Packed containers give back exactly what they were given, and take little memory."""

from dataclasses import MISSING, fields, replace

import pytest
from builders import a_job

from pipeline.model.artifact import Alpha, Artifact, ImageKind
from pipeline.model.entry import Entry, PurchaseKey
from pipeline.model.job import JobKey
from pipeline.model.money import Amount, Spent
from pipeline.model.outcome import Failed, FailureKind, InDoubt, Paid, PaidLost, Stored
from pipeline.model.packed.containers import BLOCK, ColumnMapping, HashIndex, JoinedSequence
from pipeline.model.packed.rows import (
    entries_without_image,
    packed_entries,
    packed_jobs,
    sharing_jobs,
)
from pipeline.model.providers.request import Background, OutputFormat, Reference

ARTIFACT = Artifact(
    path="a/ü.jpg",
    sha256="1" * 64,
    bytes=7,
    kind=ImageKind.JPEG,
    width=3,
    height=2,
    alpha=Alpha.USED,
)
JOB = replace(
    a_job("citrus/4x3", take=3, round_=2),
    payer=JobKey("2" * 32),
    derived_from=JobKey("3" * 32),
    overlay=("Frisch", "ab 2 €"),
)
JOB = replace(
    JOB,
    request=replace(
        JOB.request,
        prompt="Ein Foto \ud83d\udca7 \udcff",
        background=Background.TRANSPARENT,
        references=(Reference(path="a.png", sha256="4" * 64), Reference(path="", sha256="5" * 64)),
        mask=Reference(path="m.png", sha256="6" * 64),
        output_format=OutputFormat.WEBP,
        compression=80,
        variation="2.3",
    ),
)
IN_DOUBT = Amount(1)
MONEY = {"amount": Amount(2), "in_doubt": IN_DOUBT, "url": "https://x/1.png"}
OUTCOMES = [
    Stored(**MONEY, artifact=ARTIFACT),
    Paid(**MONEY, reason="late"),
    PaidLost(**MONEY, reason="gone"),
    Failed(kind=FailureKind.REFUSED, reason="policy", in_doubt=IN_DOUBT),
    InDoubt(amount=Amount(2), reason="no answer"),
    None,
]
ENTRY = Entry(
    key=JOB.key,
    at=JOB.at,
    outcome=OUTCOMES[0],
    spent=Spent(confirmed=Amount(2), in_doubt=IN_DOUBT),
    purchase=PurchaseKey("p" * 32),
    purchased="2026-11-22T05:00:00.000Z",
    rendering=True,
    ordered=True,
)


@pytest.mark.parametrize("value", [JOB, JOB.at, JOB.request, ENTRY, *OUTCOMES[:5], ARTIFACT])
def test_the_samples_leave_no_field_at_its_default(value):
    """A field that is added later has to be packed too; these samples then fail here."""
    for field in fields(value):
        default = (
            field.default_factory()
            if field.default is MISSING and callable(field.default_factory)
            else field.default
        )
        assert getattr(value, field.name) != default, field.name


def test_a_job_comes_back_with_every_field():
    assert [*packed_jobs([JOB, a_job()])] == [JOB, a_job()]


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_an_entry_comes_back_with_every_field(outcome):
    entry = replace(ENTRY, outcome=outcome)
    bare = replace(entry, key=JobKey("f" * 32), purchase=None, purchased="")
    packed = packed_entries([entry, bare])
    assert packed[entry.key] == entry
    assert [*packed.values()] == [entry, bare]
    assert {**packed} == {entry.key: entry, bare.key: bare} == packed


def jobs_of(count):
    return [a_job(f"sku-{number}/4x3") for number in range(count)]


@pytest.mark.parametrize("count", [0, 1, BLOCK - 1, BLOCK, 2 * BLOCK + 5])
def test_a_packed_sequence_is_read_as_a_list_is(count):
    jobs = jobs_of(count)
    packed = packed_jobs(iter(jobs))
    assert packed == jobs
    assert len(packed) == count
    assert bool(packed) is bool(jobs)
    for part in (slice(None), slice(1, 3), slice(-2, None), slice(None, None, -1)):
        assert packed[part] == jobs[part]
    if jobs:
        assert (packed[0], packed[-1]) == (jobs[0], jobs[-1])
        assert jobs[-1] in packed
    for outside in (count, -count - 1):
        with pytest.raises(IndexError):
            packed[outside]
    assert packed != [*jobs, a_job()]


def test_joined_sequences_are_read_as_one():
    jobs = jobs_of(7)
    joined = JoinedSequence(packed_jobs(jobs[:3]), [], jobs[3:])
    assert joined == jobs
    assert [joined[at] for at in (0, 2, 3, -1, -7)] == [jobs[at] for at in (0, 2, 3, -1, -7)]
    assert joined[2:5] == jobs[2:5]
    for outside in (7, -8):
        with pytest.raises(IndexError):
            joined[outside]


def entries_of(count):
    return [replace(ENTRY, key=job.key, at=job.at) for job in jobs_of(count)]


def test_a_packed_mapping_is_read_as_a_dict_is():
    entries = entries_of(3 * BLOCK)
    packed, plain = packed_entries(iter(entries)), {one.key: one for one in entries}
    assert packed == plain
    assert [*packed] == [*plain]
    assert [*packed.items()] == [*plain.items()]
    assert len(packed) == len(packed.values()) == len(plain)
    assert all(packed.get(key) == entry for key, entry in plain.items())
    absent = JobKey("0" * 32)
    assert absent not in packed
    assert packed.get(absent) is None
    assert packed.get(absent, ENTRY) is ENTRY
    with pytest.raises(KeyError):
        packed[absent]
    assert dict(packed_entries([])) == {}


def test_a_hash_has_every_place_at_which_it_was_added():
    index, hashes = HashIndex(), [5, -7, 5, 2**62, 5 + 2**40] * 50
    for hashed in hashes:
        index.add(hashed)
    assert len(index) == len(hashes)
    for one in {*hashes}:
        assert [*index.places(one)] == [at for at, other in enumerate(hashes) if other == one]
    assert (5 in index, 6 in index) == (True, False)


def test_a_column_has_the_keys_that_have_a_value():
    entries = entries_of(5)
    keys = [one.key for one in entries]
    column = ColumnMapping(packed_entries(entries), ["a", None, "b", "a", None])
    assert column == {keys[0]: "a", keys[2]: "b", keys[3]: "a"}
    assert len(column) == 3
    assert keys[1] not in column
    assert column.get(JobKey("0" * 32)) is None


def test_jobs_that_share_an_image_are_found_in_every_kind_of_sequence():
    own, sharing = jobs_of(2), [replace(job, payer=JobKey("2" * 32)) for job in jobs_of(2)]
    mixed = [own[0], sharing[0], own[1], sharing[1]]
    joined = JoinedSequence(packed_jobs(mixed[:3]), mixed[3:])
    for jobs in (mixed, packed_jobs(mixed), joined):
        assert [*sharing_jobs(jobs)] == sharing


def test_a_container_shows_a_few_of_its_values():
    """asyncio writes the result of a task for a message: that was the whole campaign."""
    jobs = jobs_of(3)
    assert repr(packed_jobs(jobs)) == f"PackedSequence({jobs})"
    for many in (packed_jobs(jobs_of(1000)), JoinedSequence(jobs_of(1000))):
        assert repr(many).endswith("], and 995 more)")
        assert len(repr(many)) < 5000
    assert "and 995 more" in repr(packed_entries(entries_of(1000)))


def test_entries_that_are_open_or_not_stored_are_found_in_every_mapping():
    closed = replace(ENTRY, rendering=False, ordered=False)
    states = [replace(closed, outcome=outcome) for outcome in OUTCOMES]
    states += [replace(closed, rendering=True), replace(closed, ordered=True)]
    entries = [replace(one, key=JobKey(f"{number:032x}")) for number, one in enumerate(states)]
    for mapping in ({one.key: one for one in entries}, packed_entries(entries)):
        assert [*entries_without_image(mapping)] == entries[1:]

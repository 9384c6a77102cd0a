"""`resolve` and `verify` as the command line answers them."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest
from builders import a_job, a_run

from pipeline.app import campaign
from pipeline.cli.main import main
from pipeline.ledger.registry import open_ledger
from pipeline.model.money import Amount, Budget, Spent
from pipeline.model.outcome import Failed, FailureKind, Receipt

SODA = """\
campaign: soda
matrix: {product: [{id: citrus, name: Soda}], size: ['4:3']}
prompt: A product photo of {{ product.name }} on a wet table, soft light, centered framing.
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "soda.yaml").write_text(SODA)
    (tmp_path / "output").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def a_ledger(*jobs, **answer):
    """The jobs in doubt."""

    async def make():
        ledger, run = await open_ledger(Path("output")), a_run(campaign="soda")
        await ledger.begin(run)
        for job in jobs:
            permit = await ledger.submit(job, run=run, budget=Budget())
            await ledger.doubt(permit, reason="reset", **answer)
        await ledger.close()

    asyncio.run(make())


@pytest.mark.usefixtures("folder")
def test_nothing_in_doubt_is_an_empty_list_for_other_programs(capfd):
    """It was no JSON at all."""
    a_ledger()
    assert main(["resolve", "soda.yaml", "--json"]) == 0
    assert json.loads(capfd.readouterr().out) == []


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("answer", "step"),
    [
        (
            "--charged",
            "Next  pipeline run soda.yaml --rebuy-lost --provider gptimage  # pays for another one",
        ),
        ("--not-charged", "Next  pipeline run soda.yaml --provider gptimage"),
    ],
)
def test_the_next_step_of_an_answer_is_one_that_does_something(capfd, answer, step):
    """After `--charged` a plain run was named, which did nothing and ended with 3."""
    a_ledger(a_job(campaign="soda"))
    assert main(["resolve", "soda.yaml", answer, "--provider", "gptimage"]) == 0
    assert capfd.readouterr().err.splitlines()[-1] == step


TWO = b'{"code": 0, "data": [{"url": "https://a.test/1.png"}, {"url": "https://a.test/2.png"}]}'


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("words", [("--charged",), ("--found", "https://a.test/1.png")])
def test_what_several_images_cost_is_said_by_the_person_not_guessed(capfd, words):
    """One price was confirmed, whatever had been taken."""
    job = a_job(campaign="soda")
    a_ledger(job, raw=TWO, at_most=2 * job.price)
    assert main(["resolve", "soda.yaml"]) == 6
    listed = capfd.readouterr().out
    assert "4 credits" in listed
    assert listed.count("--credits N") == 3
    assert main(["resolve", "soda.yaml", *words]) == 2
    assert "contained 2 images, and up to 4 credits are reserved" in capfd.readouterr().err
    assert not Path("output/soda/resolutions.jsonl").exists()
    assert main(["resolve", "soda.yaml", *words, "--credits", "3", "--as", "ana"]) == 0
    (told,) = Path("output/soda/resolutions.jsonl").read_text().splitlines()
    assert (json.loads(told)["charged"], json.loads(told)["by"]) == (3, "ana")
    assert asyncio.run(spent_now()) == Spent(confirmed=3)


ONE = b'{"code": 0, "data": [{"url": "https://a.test/x.png?a=1&b=2"}]}'


@pytest.mark.usefixtures("folder")
def test_a_doubt_is_listed_with_the_commands_that_settle_it(capfd):
    """It named the options, and left the command line to the reader.

    The command would have been for another account and another ledger.
    """
    a_ledger(a_job(campaign="soda"))
    options = ("--output", "output", "--provider", "gptimage")
    assert main(["resolve", "soda.yaml", *options]) == 6
    said = capfd.readouterr()
    ending = "--provider gptimage --output output"
    assert said.out.splitlines()[1:] == [
        f"  pipeline resolve soda.yaml citrus/4x3 --found URL {ending}",
        f"  pipeline resolve soda.yaml citrus/4x3 --charged {ending}",
        f"  pipeline resolve soda.yaml citrus/4x3 --not-charged {ending}",
    ]
    meaning = "it was charged; an image that is not there counts as lost"
    assert f"--charged         {meaning}\n" in said.err
    settle = said.out.splitlines()[-1].split()[1:]
    assert main(settle) == 0
    assert asyncio.run(spent_now()) == Spent()


@pytest.mark.usefixtures("folder")
def test_a_url_in_the_reply_is_part_of_the_command(capfd):
    a_ledger(a_job(campaign="soda"), raw=ONE)
    assert main(["resolve", "soda.yaml"]) == 6
    commands = [line for line in capfd.readouterr().out.splitlines() if "pipeline" in line]
    assert commands[0] == (
        "  pipeline resolve soda.yaml citrus/4x3 --found 'https://a.test/x.png?a=1&b=2'"
    )


@pytest.mark.usefixtures("folder")
def test_several_doubts_are_told_apart_and_settled_together(capfd):
    """Two takes of one cell need `--take`; of many doubts, one command settles all."""
    jobs = [a_job(campaign="soda"), a_job(campaign="soda", take=2), a_job("p/1x1", campaign="soda")]
    a_ledger(*jobs)
    assert main(["resolve", "soda.yaml"]) == 6
    out = capfd.readouterr().out
    first = "  pipeline resolve soda.yaml citrus/4x3 --stage draft --take 2 --not-charged\n"
    assert first in out
    assert "  pipeline resolve soda.yaml p/1x1 --not-charged\n" in out
    assert out.endswith(
        "all images in doubt\n"
        "  pipeline resolve soda.yaml --charged\n"
        "  pipeline resolve soda.yaml --not-charged\n"
        "  pipeline resolve soda.yaml --balance\n"
    )


@pytest.mark.usefixtures("folder")
def test_of_many_doubts_only_the_command_for_all_is_shown(capfd):
    a_ledger(*(a_job(f"p{at}/4x3", campaign="soda") for at in range(11)))
    assert main(["resolve", "soda.yaml", "p*"]) == 6
    out = capfd.readouterr().out
    assert out.count("in_doubt") == 11
    assert [line for line in out.splitlines() if "pipeline" in line] == [
        f"  pipeline resolve soda.yaml 'p*' {answer}"
        for answer in ("--charged", "--not-charged", "--balance")
    ]


@pytest.mark.usefixtures("folder")
def test_a_lost_image_can_be_found_or_bought_again(capfd):
    a_ledger(a_job(campaign="soda"))
    assert main(["resolve", "soda.yaml", "--charged"]) == 0
    capfd.readouterr()
    assert main(["resolve", "soda.yaml"]) == 3
    commands = [line.split()[-1] for line in capfd.readouterr().out.splitlines()[1:]]
    assert commands == ["URL", "--rebuy"]
    assert main(["resolve", "soda.yaml", "citrus/4x3", "--rebuy"]) == 0
    assert asyncio.run(spent_now()) == Spent(confirmed=2)


@pytest.mark.usefixtures("folder")
def test_the_campaign_is_not_read_once_for_every_doubt_that_is_answered(capfd, monkeypatch):
    """It was, with all its feeds, though an answer by a person needs nothing of it."""
    reads = []
    original = campaign.load_campaign

    def counted(*words, **options):
        reads.append(words)
        return original(*words, **options)

    monkeypatch.setattr(campaign, "load_campaign", counted)
    a_ledger(*(a_job(f"p{at}/4x3", campaign="soda") for at in range(3)))
    assert main(["resolve", "soda.yaml", "--charged"]) == 0
    assert "3 images settled" in capfd.readouterr().err
    assert reads == []


@pytest.mark.usefixtures("folder")
def test_several_images_that_were_not_charged_need_no_sum(capfd):
    a_ledger(a_job(campaign="soda"), raw=TWO, at_most=4)
    assert main(["resolve", "soda.yaml", "--not-charged"]) == 0
    assert asyncio.run(spent_now()) == Spent()
    assert "settled" in capfd.readouterr().err


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--not-charged", "--credits", "2"), "--credits goes with --found or --charged"),
        (("--charged", "--credits", "2"), "--credits is for one image, and 2 match"),
        (("--charged", "--credits", "-2"), "is not a whole number of credits"),
    ],
)
def test_a_sum_without_its_image_is_refused(capfd, words, complaint):
    a_ledger(a_job(campaign="soda"), a_job("lime/1x1", campaign="soda"))
    try:
        code = main(["resolve", "soda.yaml", *words])
    except SystemExit as ending:
        code = ending.code
    assert code == 2
    assert complaint in capfd.readouterr().err
    assert asyncio.run(spent_now()) == Spent(in_doubt=4)


async def spent_now():
    ledger = await open_ledger(Path("output"))
    try:
        return await ledger.spent()
    finally:
        await ledger.close()


@pytest.mark.usefixtures("folder")
def test_a_file_that_is_not_there_is_not_taken_for_all_campaigns(capfd):
    """It verified everything and ended with 0."""
    a_ledger()
    assert main(["verify", "nofile.yaml"]) == 2
    assert "nofile.yaml" in capfd.readouterr().err


def a_ledger_of_costs():
    """A stored image and a refused one, of whose cost something is in doubt."""

    async def make():
        ledger, run = await open_ledger(Path("output")), a_run(campaign="soda")
        await ledger.begin(run)
        paid, refused = (a_job(f"{name}/4x3", campaign="soda") for name in ("citrus", "berry"))
        permit = await ledger.submit(paid, run=run, budget=Budget())
        receipt = Receipt(url="https://a.test/1.png", amount=Amount(1), in_doubt=Amount(1))
        await ledger.paid(permit, receipt)
        failure = Failed(kind=FailureKind.REFUSED, reason="blocked", in_doubt=Amount(2))
        await ledger.fail(await ledger.submit(refused, run=run, budget=Budget()), failure)
        await ledger.close()

    asyncio.run(make())


async def statuses_and_money():
    ledger = await open_ledger(Path("output"), read_only=True)
    entries = await ledger.campaign_entries("soda")
    await ledger.close()
    return [(str(one.status), one.spent.confirmed, one.spent.in_doubt) for one in entries]


@pytest.mark.usefixtures("folder")
def test_images_of_which_only_the_cost_is_in_doubt_are_listed_with_what_settles_it(capfd):
    a_ledger_of_costs()
    assert main(["resolve", "soda.yaml"]) == 6
    listed = capfd.readouterr().out
    assert "berry/4x3 draft take 1: refused" in listed
    assert "citrus/4x3 draft take 1: pending_download" in listed
    assert listed.count("--not-charged\n") == 3
    assert (listed.count("--charged --credits N\n"), listed.count("--charged\n")) == (2, 1)
    assert "its reply did not say what it cost: between 1 credit and 2 credits" in listed
    assert "blocked; it may have been charged all the same, up to 2 credits" in listed
    assert "--found" not in listed
    assert "--rebuy" not in listed


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(("answer", "paid"), [("--charged", (2, 2)), ("--not-charged", (1, 0))])
def test_a_person_settles_the_cost_and_never_the_image(capfd, answer, paid):
    a_ledger_of_costs()
    assert main(["resolve", "soda.yaml", answer]) == 0
    assert "paid and lost" not in capfd.readouterr().err
    assert asyncio.run(statuses_and_money()) == [
        ("pending_download", paid[0], 0),
        ("refused", paid[1], 0),
    ]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("answer", [("--rebuy",), ("--found", "https://a.test/2.png")])
def test_an_image_that_is_settled_is_not_found_or_bought_by_resolve(capfd, answer):
    a_ledger_of_costs()
    before = asyncio.run(statuses_and_money())
    assert main(["resolve", "soda.yaml", "berry/*", *answer]) == 2
    assert "only the cost is in doubt" in capfd.readouterr().err
    assert asyncio.run(statuses_and_money()) == before


@pytest.mark.usefixtures("folder")
def test_a_charge_below_what_is_paid_is_refused_before_it_is_recorded(capfd):
    a_ledger_of_costs()
    words = ["resolve", "soda.yaml", "citrus/*", "--charged", "--credits", "0"]
    assert main(words) == 2
    assert "at least what is confirmed, 1 credit" in capfd.readouterr().err
    assert not Path("output", "soda", "resolutions.jsonl").exists()


def a_ledger_in_dollars(*cells, raw=TWO):
    """Images in doubt on an account that counts in dollars."""

    async def make():
        ledger = await open_ledger(Path("output"))
        run = a_run(campaign="soda", account="openai@https://api.openai.test/v1")
        await ledger.begin(run)
        for cell in cells or (a_job().at.cell,):
            job = replace(a_job(cell, campaign="soda"), price=Amount(53_000_000))
            permit = await ledger.submit(job, run=run, budget=Budget())
            await ledger.doubt(permit, reason="reset", raw=raw, at_most=Amount(106_000_000))
        await ledger.close()

    asyncio.run(make())


@pytest.mark.usefixtures("folder")
def test_a_doubt_in_dollars_is_listed_and_settled_in_dollars(capfd):
    a_ledger_in_dollars()
    assert main(["resolve", "soda.yaml"]) == 6
    listed = capfd.readouterr().out
    assert "$0.106, requested" in listed
    assert listed.count("--cost N") == 3
    assert main(["resolve", "soda.yaml", "--charged", "--credits", "1"]) == 2
    assert "use --cost, not --credits" in capfd.readouterr().err
    assert main(["resolve", "soda.yaml", "--charged"]) == 2
    assert "$0.106 are reserved for it; add --cost N" in capfd.readouterr().err
    assert main(["resolve", "soda.yaml", "--charged", "--cost", "0.053"]) == 0
    assert asyncio.run(statuses_and_money()) == [("paid_lost", 53_000_000, 0)]


@pytest.mark.usefixtures("folder")
def test_no_answer_is_offered_that_an_api_whose_reply_is_the_image_cannot_give(capfd):
    """For OpenAI it offered the URL of the image, and the credits that are left."""
    a_ledger_in_dollars("a/1x1", "b/1x1", raw=b"")
    assert main(["resolve", "soda.yaml"]) == 6
    listed = capfd.readouterr().out
    assert listed.count("--charged") == listed.count("--not-charged") == 3
    assert "--found" not in listed
    assert "--balance" not in listed


@pytest.mark.usefixtures("folder")
def test_a_charge_in_dollars_is_not_taken_for_credits(capfd):
    a_ledger(a_job(campaign="soda"))
    assert main(["resolve", "soda.yaml", "--charged", "--cost", "0.05"]) == 2
    assert "use --credits, not --cost" in capfd.readouterr().err

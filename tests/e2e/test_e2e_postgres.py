"""Every command on a ledger in Postgres, from several output folders as on several machines."""

import asyncio
import json

import pytest
from builders import a_run
from conftest import SODA, Cli
from postgres_server import empty_ledger, own_database

from pipeline.ledger import registry

SMALL = SODA.replace("[1:1, 4:3]", "[1:1]")


@pytest.fixture
def shared(pipeline):
    """A pipeline whose ledger is in Postgres."""
    pipeline.environment["PIPELINE_LEDGER"] = empty_ledger()
    return pipeline


def test_every_command_works_and_none_tells_the_address(shared):
    file = shared.write(SMALL.replace("review: auto", "takes: 1").replace("takes: 1, ", ""))
    ran = shared("run", file)
    assert ran.code == 0, ran.err
    assert not (shared.output / "ledger.db").exists()
    for words, code in (
        (("check", file), 0),
        (("plan", file), 0),
        (("approve", file, "citrus/1x1"), 0),
        (("redo", file, "berry/1x1", "--note", "darker"), 0),
        (("run", file), 0),
        (("status",), 0),
        (("ls", file), 0),
        (("log", file), 0),
        (("explain", file, "citrus/1x1"), 0),
        (("cost",), 0),
        (("verify", file), 0),
        (("sheet", file), 0),
        (("gc",), 0),
        (("resolve", file), 0),
        (("doctor",), 0),
        (("ledger", "import", shared.output / "soda"), 0),
    ):
        ended = shared(*words)
        assert ended.code == code, (words, ended.out, ended.err)
        assert "host=" not in ended.out + ended.err, words
    status = json.loads(shared("status", "--json").out)
    assert [one["campaign"] for one in status] == ["soda"]
    manifest = (shared.output / "soda/latest/manifest.json").read_text()
    assert "postgresql" not in manifest
    again = shared("run", file)
    assert (again.code, shared.manifest()["totals"]["credits"]["this_run"]) == (0, 0), again.err


def test_a_second_folder_without_files_buys_nothing_anew(shared, tmp_path):
    """What is paid for is known from the ledger alone: a fresh machine downloads it again."""
    file = shared.write(SMALL)
    assert shared("run", file).code == 0
    bought = shared.manifest()["totals"]["credits"]
    elsewhere = Cli(tmp_path / "elsewhere")
    elsewhere.environment |= {"PIPELINE_LEDGER": shared.environment["PIPELINE_LEDGER"]}
    planned = elsewhere("plan", elsewhere.write(SMALL))
    assert planned.code == 0, planned.err
    assert "to buy" not in planned.out
    assert bought["confirmed"] == bought["this_run"] > 0


def test_an_unchanged_campaign_is_not_planned_again_until_anybody_writes(shared, tmp_path):
    """As with a file: what another machine writes counts, whichever campaign it concerns."""
    file = shared.write(SMALL)
    for told in (False, False, True, True):
        ended = shared("run", file)
        assert (ended.code, "nothing has changed since" in ended.err) == (0, told), ended.err
    other = Cli(tmp_path / "other")
    other.environment |= {"PIPELINE_LEDGER": shared.environment["PIPELINE_LEDGER"]}
    tea = SMALL.replace("campaign: soda", "campaign: tea")
    elsewhere = other("run", other.write(tea), "--stage", "draft", "--only", "citrus/*")
    assert elsewhere.code == 0, elsewhere.err
    ended = shared("run", file)
    assert (ended.code, "nothing has changed since" in ended.err) == (0, False), ended.err


async def begin_elsewhere(folder):
    folder.mkdir()
    ledger = await registry.open_ledger(folder, address=own_database())
    await ledger.begin(a_run(campaign="soda"))
    return ledger


def test_a_run_elsewhere_ends_this_one_with_75_until_it_is_over(shared, tmp_path):
    """Commands that settle something wait for its end as well; those that only show do not."""
    file = shared.write(SMALL)
    with asyncio.Runner() as runner:
        other = runner.run(begin_elsewhere(tmp_path / "elsewhere"))
        for words in (("run", file), ("resolve", file)):
            ended = shared(*words)
            assert ended.code == 75, ended.err
            assert "is alive (" in ended.err
        assert '"alive": true' in shared("status", "--json").out
        runner.run(other.close())
    ended = shared("run", file)
    assert ended.code == 0, ended.err


def test_a_ledger_file_beside_a_shared_ledger_is_not_forgotten(pipeline):
    file = pipeline.write(SMALL)
    assert pipeline("run", file).code == 0
    ended = pipeline("run", file, PIPELINE_LEDGER=empty_ledger())
    assert ended.code == 2, ended.err
    assert "would be bought again" in ended.err or "would buy its images again" in ended.err


@pytest.mark.parametrize(
    ("address", "code", "told"),
    [
        ("mysql://ann:s3cret@127.0.0.1/soda", 2, "has to begin with postgresql://"),
        ("postgresql://ann:s3@cret@127.0.0.1/soda", 2, "%40"),
        ("postgresql://ann:s3cret@127.0.0.1:1/soda", 74, "cannot be reached"),
    ],
)
def test_a_wrong_address_ends_every_command_without_its_password(pipeline, address, code, told):
    file = pipeline.write(SMALL)
    pipeline.environment |= {"PIPELINE_LEDGER": address}
    for words in (("run", file), ("status",)):
        ended = pipeline(*words)
        assert ended.code == code, ended.err
        assert told in ended.err
        assert "cret" not in ended.out + ended.err
        if code == 74:  # it waits a while; once is enough
            return


def test_two_shards_in_folders_of_their_own_render_the_whole_campaign_once(shared, tmp_path):
    file = shared.write(SODA)
    other = Cli(tmp_path / "other")
    other.environment |= {"PIPELINE_LEDGER": shared.environment["PIPELINE_LEDGER"]}
    with (
        shared.start("run", file, "--shard", "1/2") as first,
        other.start("run", other.write(SODA), "--shard", "2/2") as second,
    ):
        told = [process.communicate(timeout=100) for process in (first, second)]
    assert (first.returncode, second.returncode) == (0, 0), told
    whole = json.loads(shared("status", "--json").out)[0]
    paths = [
        {place.relative_to(one.output) for place in one.output.glob("soda/*/*/*.png")}
        for one in (shared, other)
    ]
    assert paths[0].isdisjoint(paths[1])
    assert len(paths[0] | paths[1]) == 8, whole  # four drafts, four finals
    planned = shared("plan", file)
    assert "to buy" not in planned.out, planned.out


def test_a_shard_needs_a_shared_ledger(pipeline):
    ended = pipeline("run", pipeline.write(SMALL), "--shard", "1/2")
    assert ended.code == 2, ended.err
    assert "PIPELINE_LEDGER" in ended.err

"""Units that run a campaign daily: read by what will read them, and run with a stand-in command."""

import argparse
import configparser
import json
import os
import shlex
import shutil
import signal
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import pytest
import yaml
from cronsim import CronSim

from pipeline.app.commands.schedule import ScheduleOptions, Scheduler, schedule_unit
from pipeline.app.schedules.scheduled_run import DailyTime
from pipeline.cli.commands.run import RunCommand
from pipeline.cli.main import main
from pipeline.errors import CampaignError, UsageError
from pipeline.settings import read_settings

SCHEMAS = Path(__file__).parents[2] / "schemas"
SECRET = "sk-live-" + "9" * 24
CAMPAIGN = """\
campaign: night
provider: gptimage
matrix: {size: [1:1]}
prompt: A mug.
stages: {draft: {takes: 1}, final: {}}
notify: [{to: "https://hooks.test/{{ env.HOOK_ADDRESS }}", when: [stopped]}]
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project whose folder has a blank and what units escape in its name."""
    folder = tmp_path / "my $campaigns 100%"
    (folder / "campaigns").mkdir(parents=True)
    (folder / "pyproject.toml").touch()
    (folder / "campaigns" / "night.yaml").write_text(CAMPAIGN)
    for name in ("GPTIMAGE_API_KEY", "PIPELINE_LEDGER", "AWS_SECRET_ACCESS_KEY", "HOOK_ADDRESS"):
        monkeypatch.setenv(name, SECRET)
    monkeypatch.setenv("PIPELINE_FILE_VARIABLES", "HOOK_ADDRESS")
    return folder


@pytest.fixture
def unit(project):
    def printed(scheduler, **changes):
        options = ScheduleOptions(
            campaign=project / "campaigns" / "night.yaml",
            scheduler=Scheduler(scheduler),
            **{"at": DailyTime(hour=3, minute=5), "image": "registry.test/night:2"} | changes,
        )
        settings = read_settings(os.environ | {"PIPELINE_OUTPUT": str(project / "output")})
        return schedule_unit(options, settings)

    return printed


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    """Commands that end with the codes in `codes`, one after the other, and write what they got."""
    folder, log = tmp_path / "bin", tmp_path / "log"
    folder.mkdir()
    (tmp_path / "codes").write_text("")

    def command(name, *lines):
        place = folder / name
        place.write_text("\n".join(("#!/bin/bash", f'echo "{name} $*" >> {log}', *lines)) + "\n")
        place.chmod(0o755)

    take = f"code=$(head -n 1 {tmp_path}/codes); sed -i 1d {tmp_path}/codes; exit ${{code:-0}}"
    command("pipeline", f"env > {tmp_path}/env", take)
    command("sleep")
    command("scontrol")
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")

    def run(script, codes, **environment):
        (tmp_path / "codes").write_text("".join(f"{code}\n" for code in codes))
        log.write_text("")
        ended = subprocess.run(
            ["/bin/bash", "-e", "-c", script],
            env=os.environ | environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
        return ended.returncode, log.read_text().splitlines(), ended.stdout

    run.folder, run.log = folder, log
    return run


def schema(name, part=None):
    document = json.loads((SCHEMAS / name).read_text())
    return document if part is None else {**document, "$ref": f"#/$defs/{part}"}


@pytest.mark.parametrize("scheduler", Scheduler)
def test_secrets_are_named_and_none_is_printed(unit, scheduler):
    """The value of no variable may land in a unit, which is committed or read by others."""
    text = unit(scheduler)
    assert SECRET not in text
    for name in ("GPTIMAGE_API_KEY", "PIPELINE_LEDGER", "HOOK_ADDRESS", "AWS_SECRET_ACCESS_KEY"):
        assert name in text


def test_a_campaign_without_secrets_asks_for_none(unit, monkeypatch):
    for name in ("PIPELINE_LEDGER", "AWS_SECRET_ACCESS_KEY", "PIPELINE_FILE_VARIABLES"):
        monkeypatch.delenv(name)
    text = unit("systemd", provider="embedded")
    assert "HOOK_ADDRESS=…" in text
    assert "API_KEY" not in text


def test_kubernetes_gets_a_cron_job_and_a_disk_that_fit_its_schema(unit):
    job, claim = yaml.safe_load_all(unit("kubernetes", max_credits=40, only=("night/*",)))
    jsonschema.validate(job, schema("kubernetes.json", "io.k8s.api.batch.v1.CronJob"))
    jsonschema.validate(
        claim, schema("kubernetes.json", "io.k8s.api.core.v1.PersistentVolumeClaim")
    )
    assert job["spec"]["schedule"] == "5 3 * * *"
    assert job["spec"]["concurrencyPolicy"] == "Forbid"
    each = job["spec"]["jobTemplate"]["spec"]
    pod = each["template"]["spec"]
    [container] = pod["containers"]
    words = "pipeline run campaigns/night.yaml --only night/* --max-credits 40 --quiet"
    assert container["command"] == words.split()
    assert container["image"] == "registry.test/night:2"
    assert container["envFrom"] == [{"secretRef": {"name": "night"}}]
    rules = [
        (rule["action"], rule.get("onExitCodes", {}).get("values"))
        for rule in each["podFailurePolicy"]["rules"]
    ]
    assert rules == [("Ignore", None), ("FailJob", [1, 2, 3, 4, 6, 7]), ("Count", [74, 75])]
    assert pod["restartPolicy"] == "Never"  # a policy for failed pods needs it
    assert pod["volumes"][0]["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]


def test_kubernetes_keeps_no_disk_if_ledger_and_images_lie_elsewhere(unit, monkeypatch):
    monkeypatch.setenv("PIPELINE_IMAGES", "s3://bucket/images")
    [job] = yaml.safe_load_all(unit("kubernetes"))
    jsonschema.validate(job, schema("kubernetes.json", "io.k8s.api.batch.v1.CronJob"))
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert pod["volumes"] == [{"name": "output", "emptyDir": {}}]


def test_the_schema_of_kubernetes_bites():
    wrong = {"apiVersion": "batch/v1", "kind": "CronJob", "spec": {"scedule": "* * * * *"}}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, schema("kubernetes.json", "io.k8s.api.batch.v1.CronJob"))


@pytest.fixture
def github(unit):
    document = yaml.safe_load(unit("github"))
    document["on"] = document.pop(True)  # YAML 1.1 reads the key `on` so; GitHub does not
    return document


def test_github_gets_a_workflow_that_fits_its_schema(github):
    jsonschema.validate(github, schema("github-workflow.json"))
    assert github["on"]["schedule"] == [{"cron": "5 3 * * *"}]
    [step] = [one for one in github["jobs"]["run"]["steps"] if "env" in one]
    assert step["env"]["GPTIMAGE_API_KEY"] == "${{ secrets.GPTIMAGE_API_KEY }}"
    assert step["env"]["PIPELINE_LEDGER"] == "${{ secrets.PIPELINE_LEDGER }}"


@pytest.mark.parametrize(
    ("codes", "end", "runs"),
    [
        ([0], 0, 1),
        ([5], 0, 1),
        ([75, 74, 0], 0, 3),
        ([7], 7, 1),
        ([75] * 9, 75, 5),
        ([130], 130, 1),
    ],
)
def test_the_workflow_heeds_exit_codes(github, stand_in, *, codes, end, runs):
    [script] = [one["run"] for one in github["jobs"]["run"]["steps"] if "env" in one]
    code, log, out = stand_in(script, codes, PIPELINE_LEDGER="postgresql://")
    asked = "pipeline run campaigns/night.yaml --quiet --detailed-exitcode"
    assert (code, [line for line in log if "pipeline" in line]) == (end, [asked] * runs)
    assert ("::notice::drafts of night wait for review" in out) is (codes == [5])


def test_the_workflow_buys_nothing_without_a_ledger_that_is_kept(github, stand_in):
    """A secret that is not set is an empty variable; the runner's own ledger is gone each time."""
    [script] = [one["run"] for one in github["jobs"]["run"]["steps"] if "env" in one]
    assert stand_in(script, [0], PIPELINE_LEDGER="")[:2] == (2, [])


def test_kubernetes_gets_an_indexed_job_for_shards(unit, stand_in, monkeypatch):
    monkeypatch.delenv("PIPELINE_LEDGER")
    job, claim = yaml.safe_load_all(unit("kubernetes", shards=4))
    jsonschema.validate(job, schema("kubernetes.json", "io.k8s.api.batch.v1.CronJob"))
    each = job["spec"]["jobTemplate"]["spec"]
    assert (each["completions"], each["parallelism"], each["completionMode"]) == (4, 4, "Indexed")
    assert each["podFailurePolicy"]["rules"][1]["action"] == "FailIndex"
    assert claim["spec"]["accessModes"] == ["ReadWriteMany"]
    assert "--from-literal=PIPELINE_LEDGER=…" in unit("kubernetes", shards=4)
    [container] = each["template"]["spec"]["containers"]
    _, log, _ = stand_in(shlex.join(container["command"]), [0], JOB_COMPLETION_INDEX="3")
    words = "pipeline run campaigns/night.yaml --quiet --output output/shard-4 --shard 4/4"
    assert log == [words]


def test_github_gets_a_job_for_each_shard(unit, stand_in):
    document = yaml.safe_load(unit("github", shards=2))
    document["on"] = document.pop(True)
    jsonschema.validate(document, schema("github-workflow.json"))
    job = document["jobs"]["run"]
    assert job["strategy"] == {"fail-fast": False, "matrix": {"shard": [1, 2]}}
    [script] = [one["run"] for one in job["steps"] if "env" in one]
    filled = script.replace("${{ matrix.shard }}", "2")
    _, log, _ = stand_in(filled, [0], PIPELINE_LEDGER="postgresql://")
    assert log == ["pipeline run campaigns/night.yaml --quiet --detailed-exitcode --shard 2/2"]


def test_slurm_gets_an_array_for_shards(unit, stand_in, project):
    script = local(unit("slurm", shards=3), stand_in, project)
    assert "\n#SBATCH --array=1-3\n" in script
    home = str(project / "home")
    _, log, _ = stand_in(script, [0], HOME=home, SLURM_ARRAY_TASK_ID="2", SLURM_JOB_ID="7")
    assert log[0].endswith(f"night.yaml --quiet --output {project}/output/shard-2 --shard 2/3")


@pytest.mark.parametrize("scheduler", ["systemd", "cron"])
def test_what_starts_one_run_takes_no_shards(unit, scheduler):
    with pytest.raises(UsageError, match=f"{scheduler} starts one run; --shards is for kubernetes"):
        unit(scheduler, shards=2)


def local(text, stand_in, project):
    """Return a unit with the stand-in for the program of this machine, and its own home."""
    program = next(word for word in text.replace('"', " ").split() if word.endswith("bin/pipeline"))
    home = project / "home" / ".config" / "campaign-pipeline"
    home.mkdir(parents=True, exist_ok=True)
    (home / "night.env").write_text("HOOK_ADDRESS=from-the-file\n")
    return text.replace(program, str(stand_in.folder / "pipeline"))


@pytest.mark.parametrize(
    ("codes", "end", "again"),
    [([0], 0, False), ([5], 0, False), ([7], 7, False), ([74], 74, True), ([75], 75, True)],
)
def test_slurm_heeds_exit_codes(unit, stand_in, project, *, codes, end, again):
    script = local(unit("slurm"), stand_in, project)
    assert script.startswith("#!/bin/bash\n")
    environment = {"HOME": str(project / "home"), "SLURM_JOB_ID": "77"}
    code, log, _ = stand_in(script, codes, **environment)
    assert code == end
    output = project / "output"
    assert log[0] == f"pipeline run {project}/campaigns/night.yaml --output {output} --quiet"
    assert ("scontrol requeue 77" in log) is again
    assert "HOOK_ADDRESS=from-the-file\n" in (stand_in.log.parent / "env").read_text()
    code, log, _ = stand_in(script, codes, SLURM_RESTART_COUNT="5", **environment)
    assert "scontrol requeue 77" not in log


def test_slurm_lets_a_run_that_has_to_stop_wait_for_its_images(unit, stand_in, project, tmp_path):
    program = stand_in.folder / "pipeline"
    ready = tmp_path / "ready"
    program.write_text(
        f"#!/bin/bash\ntrap 'echo drained; exit 143' TERM\ntouch {ready}\n"
        "while :; do read -t 0.05 <> <(:) || :; done\n"
    )
    script = local(unit("slurm"), stand_in, project)
    with subprocess.Popen(
        ["/bin/bash", "-c", script],
        env=os.environ | {"HOME": str(project / "home")},
        stdout=subprocess.PIPE,
        text=True,
    ) as job:
        deadline = time.monotonic() + 10
        while not ready.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        job.send_signal(signal.SIGTERM)
        assert (job.communicate(timeout=10)[0], job.returncode) == ("drained\n", 143)


def test_a_crontab_line_is_a_time_and_a_command_that_a_shell_runs(unit, stand_in, project):
    """In a crontab, an unescaped % ends the command."""
    text = local(unit("cron"), stand_in, project)
    [line] = [line for line in text.splitlines() if not line.startswith("#")]
    *fields, command = line.split(maxsplit=5)
    at = next(CronSim(" ".join(fields), datetime(2026, 1, 1, tzinfo=UTC)))
    assert (at.hour, at.minute, at.day) == (3, 5, 1)
    assert "100%" not in command.replace("\\%", "")
    ended = subprocess.run(
        ["/bin/sh", "-c", command.replace("\\%", "%")],
        env={"PATH": os.environ["PATH"], "HOME": str(project / "home")},
        check=False,
    )
    assert ended.returncode == 0
    output = project / "output"
    [asked] = stand_in.log.read_text().splitlines()
    assert asked == f"pipeline run {project}/campaigns/night.yaml --output {output} --quiet"
    environment = (stand_in.log.parent / "env").read_text()
    assert "HOOK_ADDRESS=from-the-file\n" in environment
    assert f"PWD={project}\n" in environment


def systemd_files(text, folder):
    service, timer = text.split("\n# /etc/systemd/system/campaign-night.timer\n")
    places = (folder / "campaign-night.service", folder / "campaign-night.timer")
    for place, content in zip(places, (service, timer), strict=True):
        place.write_text(content)
    return places


def read_ini(place):
    parser = configparser.RawConfigParser(strict=True)
    parser.optionxform = str
    parser.read(place)
    return parser


def test_systemd_gets_a_service_and_a_timer(unit, tmp_path):
    service, timer = map(read_ini, systemd_files(unit("systemd"), tmp_path))
    assert timer["Timer"]["OnCalendar"] == "*-*-* 03:05:00"
    run = service["Service"]
    assert run["EnvironmentFile"] == "/etc/campaign-pipeline/night.env"
    stays = set(run["RestartPreventExitStatus"].split())
    assert stays == {"1", "2", "3", "4", "5", "6", "7", "130", "143"}
    assert (run["Restart"], run["SuccessExitStatus"]) == ("on-failure", "5")
    assert int(run["TimeoutStopSec"]) > 120
    quoted = str(tmp_path / "my $$campaigns 100%%" / "campaigns" / "night.yaml")
    assert f'"{quoted}"' in run["ExecStart"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_itself_reads_the_units(unit, tmp_path):
    places = systemd_files(unit("systemd"), tmp_path)
    ended = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *places],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    about = [line for line in ended.stderr.splitlines() if "campaign-night" in line]
    assert about == []


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_would_find_a_mistake(unit, tmp_path):
    places = systemd_files(
        unit("systemd").replace("Restart=on-failure", "Restart=no-way"), tmp_path
    )
    words = ["systemd-analyze", "verify", "--man=no", *places]
    ended = subprocess.run(words, capture_output=True, text=True, timeout=30, check=False)
    assert "no-way" in ended.stderr


def test_a_campaign_with_mistakes_is_scheduled_nowhere(unit, project):
    (project / "campaigns" / "night.yaml").write_text("campaign: night\nmatrx: {}\n")
    with pytest.raises(CampaignError, match="matrx"):
        unit("cron")


def test_the_command_prints_the_unit_and_nothing_else(project, capsys, monkeypatch):
    monkeypatch.chdir(project)
    assert main(["schedule", "campaigns/night.yaml", "cron", "--at", "4:30"]) == 0
    out, err = capsys.readouterr()
    assert "\n30 4 * * *  cd " in out
    assert err == ""
    assert main(["schedule", "campaigns/night.yaml", "cron", "--at", "24:10"]) == 2
    assert "'24:10' is not a time of the day, such as 02:15" in capsys.readouterr().err


def test_the_command_itself_takes_every_option_that_is_printed(unit, stand_in, project):
    """With a share of the images, and on a cluster."""
    script = local(unit("slurm", shards=3, max_credits=9, only=("night/*",)), stand_in, project)
    environment = {"HOME": str(project / "home"), "SLURM_ARRAY_TASK_ID": "2"}
    words = stand_in(script, [0], **environment)[1][0].partition(" run ")[2]
    file = str(project / "campaigns" / "night.yaml")
    parser = argparse.ArgumentParser()
    RunCommand().add_arguments(parser)
    given = parser.parse_args([file, *words.removeprefix(file).split()[:5]])
    assert (given.max_credits, given.only, given.quiet) == (9, ["night/*"], True)
    share = parser.parse_args([file, *words.split()[-2:]]).shard
    assert (share.number, share.of) == (2, 3)

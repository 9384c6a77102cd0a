"""Printing the unit that runs a campaign daily: what it needs, and where its secrets come from."""

import os
import pwd
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import assert_never

from pipeline.app.campaign import load
from pipeline.app.options import CampaignOptions, chosen_options
from pipeline.app.schedules.github import workflow
from pipeline.app.schedules.kubernetes import cron_job
from pipeline.app.schedules.machines import crontab_line, slurm_script, systemd_units
from pipeline.app.schedules.scheduled_run import DailyTime, ScheduledRun
from pipeline.campaign.environment import named_variables
from pipeline.campaign.loading import LoadedCampaign
from pipeline.campaign.reading.files import project_root
from pipeline.errors import UsageError
from pipeline.model.campaign import ContentCredentials
from pipeline.providers.names import EMBEDDED
from pipeline.settings import ExecutorName, Settings


class Scheduler(StrEnum):
    """What starts the runs."""

    KUBERNETES = "kubernetes"
    GITHUB = "github"
    SLURM = "slurm"
    SYSTEMD = "systemd"
    CRON = "cron"


@dataclass(frozen=True, kw_only=True, slots=True)
class ScheduleOptions(CampaignOptions):
    """The campaign, and when and by what it is run."""

    scheduler: Scheduler
    at: DailyTime
    image: str
    """The container image, for Kubernetes."""
    shards: int = 1
    """Number of runs that share the campaign; more than one for `SHARED` only."""


SHARED = (Scheduler.KUBERNETES, Scheduler.GITHUB, Scheduler.SLURM)
"""What can start several runs at one time."""


def schedule_unit(options: ScheduleOptions, settings: Settings) -> str:
    """Return the unit as text. It names secrets, and contains none.

    `CampaignError` if the campaign cannot be run as it is written, `UsageError` for shards of what
    starts one run only.
    """
    if options.shards > 1 and options.scheduler not in SHARED:
        names = ", ".join(SHARED)
        raise UsageError(f"{options.scheduler} starts one run; --shards is for {names}")
    loaded = load(options, settings, makes_output=False)
    run = ScheduledRun(
        campaign=loaded.campaign.slug,
        file=options.campaign,
        project=project_root(options.campaign),
        program=_program(),
        output=settings.output,
        user=pwd.getpwuid(os.getuid()).pw_name if os.getuid() else "",
        options=_options(options, settings),
        secrets=[*dict.fromkeys((*_ledger(options), *_secrets(loaded, settings)))],
        store=loaded.campaign.store,
        at=options.at,
        image=options.image,
        shards=options.shards,
    )
    match options.scheduler:
        case Scheduler.KUBERNETES:
            return cron_job(run)
        case Scheduler.GITHUB:
            return workflow(run)
        case Scheduler.SLURM:
            return slurm_script(run)
        case Scheduler.SYSTEMD:
            return systemd_units(run)
        case Scheduler.CRON:
            return crontab_line(run)
        case _:
            assert_never(options.scheduler)


def _program() -> Path:
    """Return the command that was started, or the one of this Python."""
    beside = Path(sys.executable).parent / "pipeline"
    found = str(beside) if beside.exists() else shutil.which("pipeline")
    return Path(found or beside)


def _options(options: ScheduleOptions, settings: Settings) -> Sequence[str]:
    """Return the options of the run that were given here, or in the environment."""
    words = [] if options.provider is None else ["--provider", options.provider]
    words += chosen_options(options)
    if settings.executor.name is ExecutorName.RAY:
        words += ["--executor", "ray", "--ray-address", settings.executor.ray_address]
    return (*words, "--quiet")


def _ledger(options: ScheduleOptions) -> Sequence[str]:
    """Return the variable that names the ledger which shards have in common."""
    return ("PIPELINE_LEDGER",) if options.shards > 1 else ()


def _secrets(loaded: LoadedCampaign, settings: Settings) -> Iterator[str]:
    """Yield the names of the variables that a run needs; those of this machine if they are set."""
    provider = loaded.campaign.provider
    if provider != EMBEDDED:
        reached = settings.of(provider)
        yield reached.key_variable
        if reached.base_url_given:
            yield f"{reached.prefix}_BASE_URL"
    if loaded.campaign.provenance.c2pa is ContentCredentials.SIGN:
        yield from ("PIPELINE_C2PA_CERTIFICATE", "PIPELINE_C2PA_KEY")
    yield from named_variables(loaded.checked)
    yield from (name for name in _ALSO if os.environ.get(name))


_ALSO = (
    "PIPELINE_LEDGER",
    "PIPELINE_IMAGES",
    "PIPELINE_FILE_VARIABLES",
    "PIPELINE_TRUST_ENV",
    "PIPELINE_CA_FILE",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_REGION",
    "AWS_ENDPOINT_URL",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "AZURE_STORAGE_ACCOUNT_NAME",
    "AZURE_STORAGE_ACCOUNT_KEY",
)
"""Variables that a run reads, listed if they are set where the unit is printed."""

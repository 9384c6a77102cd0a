"""Values from literals: a test says only what it is about."""

from datetime import UTC, datetime

from pipeline.model.job import Coordinates, Job, job_key
from pipeline.model.money import Amount
from pipeline.model.names import Account, CellName, ProfileName, Slug, Stage
from pipeline.model.providers.request import Quality, RenderRequest
from pipeline.model.run import Run, RunId

NOW = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
PRICES = {Quality.LOW: 2, Quality.MEDIUM: 6, Quality.HIGH: 12}


def a_job(
    cell="citrus/4x3",
    *,
    campaign="citrus-soda",
    stage=Stage.DRAFT,
    take=1,
    round_=1,
    prompt="A photo of a soda bottle.",
    quality=Quality.LOW,
):
    product, size = cell.split("/")[:2]
    at = Coordinates(
        campaign=Slug(campaign),
        cell=CellName(cell),
        axes=(("product", product), ("size", size)),
        stage=stage,
        round=round_,
        take=take,
    )
    request = RenderRequest(
        prompt=prompt, model="gpt-image-2", size=size.replace("x", ":"), quality=quality
    )
    profile = ProfileName("gptimage")
    return Job(
        key=job_key(at, profile=profile, request=request),
        at=at,
        request=request,
        price=Amount(PRICES[quality]),
        profile=profile,
        path=f"{stage}s/{cell}-t{take}.png",
    )


def a_run(run_id="2026-11-22T060000Z-aaaaaa", *, campaign="citrus-soda", account="gptimage@test"):
    return Run(id=RunId(run_id), campaign=Slug(campaign), account=Account(account))

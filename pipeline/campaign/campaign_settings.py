"""Making the `Campaign` value of a checked file: all that a run needs besides its jobs."""

from collections.abc import Mapping

from pipeline.campaign.grammar.campaign_file import CampaignFile
from pipeline.campaign.grammar.checking import CheckedFile
from pipeline.campaign.grammar.delivery import ProviderPart
from pipeline.campaign.grammar.stages import Budgeted
from pipeline.campaign.matrix.ad_files import ad_file_settings
from pipeline.campaign.variants import stage_settings
from pipeline.errors import UsageError
from pipeline.images.object_store.address import public_url_problem, store_address
from pipeline.model.adfiles.ad_file import VisibleLabel
from pipeline.model.campaign import (
    Campaign,
    ContentCredentials,
    FailureLimit,
    Notice,
    PaceLimits,
    Provenance,
    ProviderOptions,
)
from pipeline.model.check import CampaignCheck, CheckRule, CheckRules, OnMiss
from pipeline.model.money import Amount, Budget, MoneyFormat
from pipeline.model.names import ProfileName, Slug
from pipeline.model.providers.profile import Profile
from pipeline.model.providers.request import Background


def campaign_from(
    file: CampaignFile,
    *,
    shown: str,
    sha256: str,
    profile: Profile,
    money: MoneyFormat,
    feeds: Mapping[str, str],
    batch: bool = False,
) -> Campaign:
    """Return a checked file as a `Campaign`; `shown` is its name in messages."""
    return Campaign(
        slug=Slug(file.campaign),
        file=shown,
        sha256=sha256,
        provider=profile.name,
        stages=stage_settings(file, provider=profile.name),
        budget=Budget(
            run=_amount(file.budget.run),
            campaign=_amount(file.budget.campaign),
            month=_amount(file.budget.month),
            money=money,
        ),
        money=money,
        pace=_pace(file, profile),
        batch=batch,
        background=Background(file.background),
        tags=dict(file.tags),
        feeds=dict(feeds),
        notices=tuple(
            Notice(
                when=tuple(part.when),
                webhook=part.webhook,
                to=(part.to,) if isinstance(part.to, str) else tuple(part.to or ()),
                ping=part.ping,
            )
            for part in file.notify
        ),
        ad_files=ad_file_settings(file),
        checks=_checks(file),
        provenance=Provenance(
            credit=file.provenance.credit,
            label=VisibleLabel.AI if file.provenance.label == "ai" else None,
            c2pa=ContentCredentials(file.provenance.c2pa),
        ),
        store=file.output.store or "",
        public_url=file.output.public_url or "",
        providers={ProfileName(name): _options(part) for name, part in file.providers.items()},
    )


def _checks(file: CampaignFile) -> CheckRules:
    rules = {}
    for name in CampaignCheck:
        written = getattr(file.checks, name)
        if isinstance(written, int):
            rules[name] = CheckRule(on_miss=OnMiss.REROLL, rerolls=written)
        elif written is not None:
            rules[name] = CheckRule(on_miss=OnMiss(written))
    return rules


def _options(part: ProviderPart) -> ProviderOptions:
    return ProviderOptions(
        base_url=part.base_url,
        model=part.model,
        edits=part.edits,
        image_hosts=tuple(part.image_hosts),
        dialect=part.dialect or "",
        balance=part.balance,
        timeout=part.timeout,
        trust_env=part.trust_env,
        ca_file=part.ca_file,
        currency=part.price.currency if part.price else "",
        per_credit=part.price.per_credit if part.price else None,
    )


def money_format(file: CampaignFile, profile: Profile) -> MoneyFormat:
    """Return how amounts of a provider are written in a campaign."""
    part = file.providers.get(profile.name)
    if part is None or part.price is None:
        return MoneyFormat(unit=profile.unit)
    price = part.price
    return MoneyFormat(unit=profile.unit, currency=price.currency, per_credit=price.per_credit)


def _amount(limit: Budgeted | None) -> Amount | None:
    return None if limit is None else limit.amount


def _pace(file: CampaignFile, profile: Profile) -> PaceLimits:
    run, part = file.run, file.providers.get(profile.name)
    limit = FailureLimit()
    if isinstance(run.max_failures, int):
        limit = FailureLimit(count=run.max_failures)
    elif run.max_failures is not None:
        limit = FailureLimit(share=float(run.max_failures.rstrip(" %")) / 100)
    tier = part.tier if part is not None and part.tier is not None else 0
    rate = run.images_per_minute or profile.caps.images_per_minute.get(tier)
    return PaceLimits(
        concurrency=run.concurrency,
        images_per_minute=None if rate is None else float(rate),
        failures=limit,
    )


def check_store(checked: CheckedFile) -> None:
    """Report an address of a store, or a template of public URLs, that cannot work."""
    part = checked.file.output
    if part.store and "{{" not in part.store:  # else it is filled in, and checked, at use
        try:
            store_address(part.store)
        except UsageError as error:
            _report(checked, "store", str(error))
    if part.public_url:
        if not part.store:
            _report(checked, "public_url", "needs output.store, where the files are uploaded")
        elif problem := public_url_problem(part.public_url):
            _report(checked, "public_url", problem)


def _report(checked: CheckedFile, key: str, complaint: str) -> None:
    at = checked.place("output", key)
    checked.findings.error(complaint, at=at, path=f"output.{key}", code="store")

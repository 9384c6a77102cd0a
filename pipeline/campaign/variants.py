"""Settings of cells: those of the file, changed by each override that fits, in order."""

from collections.abc import Mapping
from dataclasses import replace
from threading import Lock

from pipeline.campaign.feeds.table import pack
from pipeline.campaign.grammar.campaign_file import CampaignFile, SettingsChange, StageChange
from pipeline.campaign.matrix.ad_files import fit_settings
from pipeline.campaign.overlay.parts import Overlay, overlay_of
from pipeline.campaign.resolved import Variant
from pipeline.model.campaign import FinalMode, Review, StageSettings
from pipeline.model.names import Stage
from pipeline.model.providers.request import Background, OutputFormat, Quality

Fits = tuple[int, ...]
"""The numbers of the overrides that fit a cell, in order."""


def template_name(file: str, path: str) -> str:
    """Return the name of a template that is written in a campaign file."""
    return f"{file}#{path}"


def stage_settings(file: CampaignFile, *, provider: str) -> dict[Stage, StageSettings]:
    """Return the settings of the stages that run, drafts first."""
    part = file.providers.get(provider)
    named = part.model if part and part.model else ""
    stages: dict[Stage, StageSettings] = {}
    if file.stages.draft is not None:
        draft = file.stages.draft
        stages[Stage.DRAFT] = StageSettings(
            quality=Quality(draft.quality),
            takes=draft.takes,
            model=draft.model or named,
            review=Review(draft.review),
        )
    if file.stages.final is not None:
        final = file.stages.final
        stages[Stage.FINAL] = StageSettings(
            quality=Quality(final.quality),
            takes=final.takes,
            model=final.model or named,
            mode=FinalMode(final.mode),
        )
    return stages


class Variants:
    """The settings for each combination of overrides, built once; thread-safe."""

    def __init__(
        self,
        file: CampaignFile,
        names: Mapping[str, str],
        overlays: Mapping[str, Overlay],
        *,
        provider: str,
    ) -> None:
        self.file = file
        self.provider = provider
        self.names = names
        """Template names by path in the campaign file."""
        self.overlays = overlays
        """Overlays by path in the campaign file."""
        self._numbers: dict[Fits, int] = {}
        self._all: list[Variant] = []
        self._fits: list[Fits] = []
        self._adding = Lock()

    def number(self, fits: Fits) -> int:
        """Return the number of the variant for a combination of overrides."""
        known = self._numbers.get(fits)
        return self._add(fits) if known is None else known

    def _add(self, fits: Fits) -> int:
        with self._adding:
            if fits not in self._numbers:
                self._all.append(self._build(fits))
                self._fits.append(fits)
                self._numbers[fits] = len(self._all) - 1
            return self._numbers[fits]

    def __getitem__(self, number: int) -> Variant:
        return self._all[number]

    def overrides_of(self, number: int) -> Fits:
        """Return the numbers of the overrides in a variant."""
        return self._fits[number]

    def _build(self, fits: Fits) -> Variant:
        values = dict(self.file.vars)
        prompt = self.names["prompt"]
        texts = {key: self.names[f"text.{key}"] for key in self.file.text}
        references = [
            self.names[f"references[{number}]"] for number in range(len(self.file.references))
        ]
        mask = self.names.get("mask")
        background, compression = self.file.background, self.file.compression
        output_format = self.file.output_format
        stages = stage_settings(self.file, provider=self.provider)
        for number in fits:
            change, path = self.file.overrides[number].set, f"overrides[{number}].set"
            values |= change.vars
            texts |= {key: self.names[f"{path}.text.{key}"] for key in change.text}
            prompt = self.names.get(f"{path}.prompt", prompt)
            if change.references is not None:
                references = [
                    self.names[f"{path}.references[{n}]"] for n in range(len(change.references))
                ]
            mask = self.names.get(f"{path}.mask", mask)
            background = change.background or background
            output_format = change.output_format or output_format
            compression = compression if change.compression is None else change.compression
            stages = _restaged(stages, change)
        return Variant(
            vars=values,
            packed=pack(["", None, values]),
            prompt=prompt,
            texts=tuple(sorted(texts.items())),
            references=tuple(references),
            mask=mask,
            background=Background(background),
            output_format=OutputFormat(output_format) if output_format else None,
            compression=compression,
            overlay=overlay_of(self.overlays, fits),
            stages=stages,
            fit=fit_settings(
                self.file,
                [
                    change
                    for change in (self.file.overrides[number].set.adfiles for number in fits)
                    if change is not None
                ],
            ),
        )


def _restaged(
    stages: Mapping[Stage, StageSettings], change: SettingsChange
) -> dict[Stage, StageSettings]:
    if change.stages is None:
        return dict(stages)
    changes: dict[Stage, StageChange | None] = {
        Stage.DRAFT: change.stages.draft,
        Stage.FINAL: change.stages.final,
    }
    return {stage: _restaged_one(settings, changes[stage]) for stage, settings in stages.items()}


def _restaged_one(settings: StageSettings, change: StageChange | None) -> StageSettings:
    if change is None:
        return settings
    return replace(
        settings,
        quality=Quality(change.quality) if change.quality else settings.quality,
        takes=change.takes or settings.takes,
    )

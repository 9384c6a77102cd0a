"""Comparing two runs of a campaign; only their manifests are read."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.app.commands.log import unknown_run
from pipeline.app.named_campaign import campaign_in
from pipeline.errors import UsageError
from pipeline.images.registry import images_in
from pipeline.model.names import Slug
from pipeline.reports.diff.comparing import RunDiff, compare_runs
from pipeline.reports.diff.diff_page import draw_diff
from pipeline.reports.diff.diff_pictures import pictures_in
from pipeline.reports.diff.shown_run import read_run
from pipeline.state.output.run_folders import MANIFEST, ManifestHead, manifest_heads, run_folder
from pipeline.system_errors import not_written

LATEST = "latest"


@dataclass(frozen=True, kw_only=True, slots=True)
class DiffOptions:
    """The runs to compare."""

    campaign: Path
    """The campaign file."""
    runs: tuple[str, ...] = ()
    """At most two: run ids, `latest`, or run manifests. One: it and the newest run."""
    page: Path | None = None
    """Where to write an HTML page; `None`: none is written."""


def diff_runs(options: DiffOptions, output: Path) -> RunDiff:
    """Return what differs between two runs, and write the page if one is asked for.

    `UsageError` if there are no such runs.
    """
    campaign = campaign_in(output, options.campaign)
    before, after = _chosen(options.runs, output, campaign)
    diff = compare_runs(read_run(before), read_run(after))
    if options.page is not None:
        html = draw_diff(diff, pictures_in(images_in(output), diff.after.campaign))
        try:
            options.page.parent.mkdir(parents=True, exist_ok=True)
            options.page.write_bytes(html.encode("utf-8", "replace"))
        except OSError as error:
            raise not_written(options.page, error) from error
    return diff


def _chosen(runs: Sequence[str], output: Path, campaign: Slug) -> tuple[Path, Path]:
    """Return the manifests of the earlier and of the later run."""
    heads = manifest_heads(output, campaign)
    named = [_manifest(run, heads, run_folder(output, campaign)) for run in runs]
    match named:
        case [before, after]:
            return before, after
        case [only] if not heads or only == heads[-1].place:
            return _one_before(heads), only
        case [only]:
            return only, heads[-1].place
        case _:
            earlier = _one_before(heads)
            return earlier, heads[-1].place


def _one_before(heads: Sequence[ManifestHead]) -> Path:
    if len(heads) < 2:  # noqa: PLR2004 - it takes two to compare
        count = "only one run" if heads else "no run"
        raise UsageError(
            f"there is {count} of this campaign here, and a comparison needs two; "
            "another run manifest can be named by its file"
        )
    return heads[-2].place


def _manifest(run: str, heads: Sequence[ManifestHead], folder: Path) -> Path:
    """Return the manifest that a word of the command line names."""
    if run == LATEST and heads:
        return heads[-1].place
    known = {head.run: head.place for head in heads}
    starts = [place for name, place in known.items() if name.startswith(run)]
    if len(starts) == 1:
        return starts[0]
    file = Path(run)
    if file.is_dir():
        file /= MANIFEST
    if file.is_file():
        return file
    if starts:
        raise UsageError(f"several runs begin with {run}: {', '.join(map(str, known))}")
    raise unknown_run(run, [*known], folder=folder)

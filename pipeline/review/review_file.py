"""The review file, `reviews/<campaign>.yaml`: the verdicts of a campaign, to be kept in git.

Every cell is in the file, with a line for its key and one for its value, so that verdicts on
different cells never change adjacent lines, and git can merge them.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import yaml

from pipeline.errors import CampaignError, Finding, UsageError
from pipeline.model.job import JobKey
from pipeline.model.names import CellName, Slug, Stage
from pipeline.model.verdict import Decision, Verdict
from pipeline.review.ad_file_lines import ADFILE, WINDOW
from pipeline.review.verdicts import clean_name, clean_note
from pipeline.state.lookup import Newest

ALL_UP_TO = 10_000
"""Up to this number of cells, all are written; above, only cells with a verdict."""

_LARGEST = 64 * 1024 * 1024
_DEEPEST = 6
_PLAIN = re.compile(r"^[A-Za-z][A-Za-z0-9._/-]*$")
_HEX = re.compile(r"^[0-9a-f]*$")
_COUNT = re.compile(r"^[1-9][0-9]{0,5}$", re.ASCII)
_HEAD = """\
# Verdicts on {campaign}, kept by `pipeline review`; made to be committed and merged.
# A changed line is taken over when the review is opened next.
campaign: {campaign}
cells:
"""
"""Never change this text: files in git would change without a new verdict."""

Place = tuple[CellName, str]
"""A cell, and what a line is about: a stage, `adfile` or `window`."""

_KEYS = (*Stage, ADFILE, WINDOW)


@dataclass(frozen=True, kw_only=True, slots=True)
class FileVerdict:
    """One line as it is written in the file."""

    line: int
    fields: Mapping[str, str]
    lists: Mapping[str, object]
    """The values that are lists, such as `keep`."""

    @property
    def facts(self) -> Mapping[str, object]:
        """All values."""
        return {**self.fields, **self.lists}


def render_reviews(
    campaign: Slug,
    cells: Iterable[CellName],
    newest: Newest,
    more: Callable[[CellName], Iterable[tuple[str, str]]] = lambda _: (),
) -> str:
    """Return the text of the file, with the cells in alphabetical order.

    `more` returns key and value of further lines of a cell.
    """
    names = sorted(cells)
    everything = len(names) <= ALL_UP_TO
    parts = [_HEAD.format(campaign=campaign)]
    for name in names:
        draft, final = newest.get((name, Stage.DRAFT)), newest.get((name, Stage.FINAL))
        lines = [*more(name)]
        if not everything and draft is None and final is None and not lines:
            continue
        parts.append(f"  {name if _PLAIN.match(name) else _quoted(name)}:\n")
        parts.append(f"    draft: {_value(draft)}\n")
        if final is not None:
            parts.append(f"    final: {_value(final)}\n")
        parts += [f"    {key}: {value}\n" for key, value in lines]
    return "".join(parts)


def read_reviews(text: str, *, file: str) -> dict[Place, FileVerdict]:
    """Return the lines of the file as text; raise `CampaignError` with every mistake."""
    if len(text) > _LARGEST:
        raise CampaignError((Finding(file=file, complaint="too large for a review file"),))
    try:
        root = yaml.compose(_shallow(text, file), Loader=yaml.CBaseLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = mark.line + 1 if mark is not None else 0
        hint = "; the file contains conflict markers of git" if "<<<<<<<" in text else ""
        complaint = f"{error.problem or error.context or 'not YAML'}{hint}"
        raise CampaignError((Finding(file=file, line=line, complaint=complaint),)) from error
    except yaml.YAMLError as error:
        raise CampaignError((Finding(file=file, complaint=f"not YAML: {error}"),)) from error
    findings: list[Finding] = []
    found = dict(_walk(root, file, findings))
    if findings:
        raise CampaignError(tuple(findings))
    return found


def verdict_of(place: Place, written: FileVerdict, *, file: str, now: str) -> Verdict:
    """Return a line as a verdict; raise `CampaignError` if it is incomplete or wrong."""
    cell, stage = place
    fields = written.fields
    try:
        return Verdict(
            cell=cell,
            stage=Stage(stage),
            decision=_decision(fields.get("status", "")),
            round=_whole(fields, "round"),
            take=_whole(fields, "take"),
            job=JobKey(_hash(fields, "job", 32)),
            sha256=_hash(fields, "sha256", 64),
            by=clean_name(fields.get("by") or "git"),
            # With a time in the future, a line would outrank every verdict until that time.
            at=min(fields.get("at") or now, now),
            note=clean_note(fields.get("note", "")),
        )
    except UsageError as error:
        raise mistake(place, written, error, file=file) from error


def mistake(place: Place, written: FileVerdict, error: UsageError, *, file: str) -> CampaignError:
    """Return the error of a line that is incomplete or wrong."""
    finding = Finding(file=file, line=written.line, path=str(place[0]), complaint=str(error))
    return CampaignError((finding,))


def _value(verdict: Verdict | None) -> str:
    if verdict is None:
        return "{status: undecided}"
    parts = [f"status: {verdict.decision}"]
    if verdict.decision is not Decision.UNDECIDED:
        parts.append(f"take: {verdict.take}")
    parts += [f"round: {verdict.round}", f"by: {_quoted(verdict.by)}", f'at: "{verdict.at}"']
    if verdict.note:
        parts.append(f"note: {_quoted(verdict.note)}")
    if verdict.sha256:
        parts.append(f"sha256: {verdict.sha256}")
    return "{" + ", ".join([*parts, f"job: {verdict.job}"]) + "}"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _shallow(text: str, file: str) -> str:
    """Return the text; refuse deep nesting and aliases, which could exhaust the parser."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CBaseLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _DEEPEST or isinstance(event, yaml.AliasEvent):
            mark = event.start_mark
            line = mark.line + 1 if mark is not None else 0
            finding = Finding(file=file, line=line, complaint="not the structure of a review file")
            raise CampaignError((finding,))
    return text


def _walk(
    root: yaml.Node | None, file: str, findings: list[Finding]
) -> Iterator[tuple[Place, FileVerdict]]:
    cells = dict(_pairs(root, file, findings)).get("cells")
    for cell, value in _pairs(cells, file, findings):
        for key, verdict in _pairs(value, file, findings):
            if key not in _KEYS:
                findings.append(_at(verdict, file, cell, f"unknown stage {key}"))
                continue
            found = dict(_pairs(verdict, file, findings))
            written = FileVerdict(
                line=verdict.start_mark.line + 1,
                fields={n: f.value for n, f in found.items() if isinstance(f, yaml.ScalarNode)},
                lists={n: _list(f) for n, f in found.items() if isinstance(f, yaml.SequenceNode)},
            )
            yield (CellName(cell), key), written


def _list(node: yaml.Node) -> object:
    """Return a list as lists of texts; the depth is limited by `_shallow`."""
    if isinstance(node, yaml.SequenceNode):
        return [_list(one) for one in node.value]
    return str(node.value)


def _pairs(
    node: yaml.Node | None, file: str, findings: list[Finding]
) -> Iterator[tuple[str, yaml.Node]]:
    if node is None or (isinstance(node, yaml.ScalarNode) and not node.value):
        return
    if not isinstance(node, yaml.MappingNode):
        findings.append(_at(node, file, "", "a mapping is expected here"))
        return
    seen: set[str] = set()
    for key, value in node.value:
        name = str(key.value)
        if name in seen:
            findings.append(_at(key, file, name, "occurs twice; remove one of the two"))
        seen.add(name)
        yield name, value


def _at(node: yaml.Node, file: str, path: str, complaint: str) -> Finding:
    mark = node.start_mark
    return Finding(
        file=file, line=mark.line + 1, column=mark.column + 1, path=path, complaint=complaint
    )


def _decision(status: str) -> Decision:
    try:
        return Decision(status)
    except ValueError:
        words = ", ".join(Decision)
        raise UsageError(f"unknown status {status or '(empty)'}; write one of {words}") from None


def _whole(fields: Mapping[str, str], name: str) -> int:
    text = fields.get(name, "1")
    if not _COUNT.match(text):
        raise UsageError(f"{name} is {text}, but must be a number from 1")
    return int(text)


def _hash(fields: Mapping[str, str], name: str, length: int) -> str:
    text = fields.get(name, "")
    if text and (len(text) != length or not _HEX.match(text)):
        raise UsageError(f"{name} is not {length} hexadecimal characters")
    if not text and fields.get("status") == Decision.APPROVED:
        raise UsageError(f"an approval names its image by {name}; or use `pipeline approve`")
    return text

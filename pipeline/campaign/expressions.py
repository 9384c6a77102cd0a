"""Every template and expression that a campaign file holds or names."""

import re
from collections.abc import Iterator

from pipeline.campaign.checked_file import CheckedFile
from pipeline.campaign.grammar.campaign_file import CampaignFile
from pipeline.campaign.reading.located import Step, dotted
from pipeline.campaign.resolved import TemplateSource
from pipeline.campaign.template_set import TemplateSet
from pipeline.campaign.variants import template_name

_FILE = re.compile(r"\S[^\n{}]*\.j2\s*")
_OTHER_FILE = re.compile(r"\S+\.(?:jinja2?|tmpl|tpl|txt|md|html?|prompt)", re.IGNORECASE)


def gather_templates(opened: CheckedFile, library: TemplateSet) -> dict[str, str]:
    """Put every template into the library; returns path in the file → the template's name."""
    names: dict[str, str] = {}
    for steps, text in _templates(opened.file):
        path, at = dotted(steps), opened.place(*steps)
        reading = opened.base(at)
        if steps[-1] == "prompt" and _FILE.fullmatch(text):
            names[path] = library.add_file(
                text.strip(), base=reading, at=at, path=path, findings=opened.findings
            )
        else:
            if steps[-1] == "prompt" and _OTHER_FILE.fullmatch(text.strip()):
                complaint = f"{text.strip()} looks like a file; a prompt file's name ends in .j2"
                opened.findings.error(complaint, at=at, path=path, code="file")
            name = template_name(at.file, path)
            names[path] = library.add_text(
                name, TemplateSource(text=text, place=at, path=path), base=reading
            )
    return names


def gather_expressions(opened: CheckedFile, library: TemplateSet) -> None:
    """Put every `if` and `where` into the library, named by its path."""
    for name, table in opened.file.data.items():
        if table.where is not None:
            _expression(("data", name, "where"), table.where, opened, library)
    for number, rule in enumerate(opened.file.matrix.exclude):
        if "if" in rule:
            steps = ("matrix", "exclude", number, "if")
            _expression(steps, str(rule["if"]), opened, library)


def _expression(
    steps: tuple[Step, ...], text: str, opened: CheckedFile, library: TemplateSet
) -> None:
    path = dotted(steps)
    library.expressions[path] = TemplateSource(text=text, place=opened.place(*steps), path=path)


def _templates(file: CampaignFile) -> Iterator[tuple[tuple[Step, ...], str]]:
    yield ("prompt",), file.prompt
    yield from ((("text", key), text) for key, text in file.text.items())
    yield from ((("references", n), text) for n, text in enumerate(file.references))
    if file.output.path is not None:
        yield ("output", "path"), file.output.path
    for number, override in enumerate(file.overrides):
        start: tuple[Step, ...] = ("overrides", number, "set")
        if override.set.prompt is not None:
            yield (*start, "prompt"), override.set.prompt
        yield from (((*start, "text", key), text) for key, text in override.set.text.items())
        yield from (
            ((*start, "references", n), text)
            for n, text in enumerate(override.set.references or ())
        )


def check_names(opened: CheckedFile) -> None:
    """Note names that templates cannot say, or that two things have."""
    file, findings = opened.file, opened.findings
    kinds: dict[str, str] = dict.fromkeys(_RESERVED, "a word of the pipeline's own")
    groups: list[tuple[str, tuple[str, ...], list[str]]] = [
        ("an axis", ("matrix",), ["size", *file.matrix.__pydantic_extra__]),
        ("a table", ("data",), list(file.data)),
        ("one of the vars", ("vars",), list(file.vars)),
    ]
    for kind, steps, names in groups:
        for name in names:
            at, path = opened.place(*steps, name, key=True), dotted((*steps, name))
            if not _NAME.fullmatch(name):
                plain = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_") or "a_name"
                complaint = f"templates cannot say {name}: letters, digits and _ make a name"
                findings.error(f"{complaint}, such as {plain}", at=at, path=path, code="name")
            elif name in kinds:
                complaint = f"{name} is already {kinds[name]}"
                findings.error(complaint, at=at, path=path, code="name")
            kinds.setdefault(name, kind)
    for number, override in enumerate(file.overrides):
        for name in override.set.vars:
            steps_ = ("overrides", number, "set", "vars", name)
            if kinds.setdefault(name, "one of the vars") != "one of the vars":
                findings.error(
                    f"{name} is already {kinds[name]}",
                    at=opened.place(*steps_, key=True),
                    path=dotted(steps_),
                    code="name",
                )
    _check_values(opened)


def _check_values(opened: CheckedFile) -> None:
    for name, value in opened.file.vars.items():
        if isinstance(value, str) and ("{{" in value or "{%" in value):
            complaint = "vars are values and no templates: the braces are sent as they stand"
            at = opened.place("vars", name)
            opened.findings.warning(complaint, at=at, path=f"vars.{name}", code="literal-braces")


_RESERVED = ("stage", "take", "round", "note", "env")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)

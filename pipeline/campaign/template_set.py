"""The templates and expressions of a campaign: reading, compiling and checking them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.campaign.findings import Findings, Place
from pipeline.campaign.grammar.campaign_file import CampaignFile
from pipeline.campaign.grammar.checking import CheckedFile
from pipeline.campaign.overlay.parts import overlay_templates
from pipeline.campaign.reading.files import ReadableFile, below_root, beside, where_named
from pipeline.campaign.reading.located import Step, dotted
from pipeline.campaign.reading.source import read_text
from pipeline.campaign.resolved import TemplateSource
from pipeline.campaign.variants import template_name
from pipeline.errors import CampaignError
from pipeline.templates.messages import Slots
from pipeline.templates.syntax import TemplateNames
from pipeline.templates.template_process import TemplateProcess, TemplateProcessDied, TemplateSetup

_MOST_FILES = 500


@dataclass(slots=True)
class TemplateSet:
    """Templates by name; the name of a template file is its name in messages."""

    root: Path
    sources: dict[str, TemplateSource] = field(default_factory=dict)
    expressions: dict[str, TemplateSource] = field(default_factory=dict)
    files: dict[str, ReadableFile] = field(default_factory=dict)
    """The file that a template's includes are relative to."""
    names: TemplateNames = field(default_factory=TemplateNames)
    """The names in the templates, as the template process found them."""

    def add_text(self, name: str, source: TemplateSource, *, base: ReadableFile) -> str:
        """Add a template that is written in the campaign file; return its name."""
        self.sources[name] = source
        self.files[name] = base
        return name

    def add_file(
        self, named: str, *, base: ReadableFile, at: Place, path: str, findings: Findings
    ) -> str:
        """Read a template file, unless it was read before; return its name."""
        readable = beside(named, base=base)
        if readable.shown in self.sources:
            return readable.shown
        try:
            below_root(readable, root=self.root, at=at, path=path)
            text = read_text(readable.path, shown=readable.shown)
        except CampaignError as error:
            findings.extend(where_named(error, readable, at=at, path=path).findings)
            text = "-"
        self.sources[readable.shown] = TemplateSource(text=text, place=Place(readable.shown, 1, 1))
        self.files[readable.shown] = readable
        return readable.shown

    def compile_in(
        self,
        template_process: TemplateProcess,
        findings: Findings,
        *,
        slots: Slots,
        longest: int,
    ) -> frozenset[str]:
        """Compile everything, including included files, and report problems.

        Returns the names of the templates and expressions that do not compile.
        """
        broken: set[str] = set()
        fresh = {name: source.text for name, source in self.sources.items()}
        expressions = {name: source.text for name, source in self.expressions.items()}
        while fresh or expressions:
            setup = TemplateSetup(
                templates=fresh,
                expressions=expressions,
                columns=slots.columns,
                decimals=slots.decimals,
                own_ids=slots.own_ids,
                longest=longest,
            )
            try:
                reply = template_process.compile(setup)
            except TemplateProcessDied as died:
                name = [*fresh, *expressions][died.number]
                self._note({"template": name, "line": 1, "complaint": died.reason}, findings)
                findings.raise_if_failed()
                raise
            for name, (names, includes) in reply["names"].items():
                self.names.add(name, names=names, includes=includes)
            for problem in reply["problems"]:
                broken.add(problem["template"])
                self._note(problem, findings)
            fresh, expressions = self._included(reply["needs"], findings), {}
        return frozenset(broken)

    def place(self, template: str, line: int) -> tuple[Place, str]:
        """Return the place of a line of a template, and its path in the campaign file."""
        source = self.sources.get(template) or self.expressions.get(template)
        if source is None:
            return Place(template, line), ""
        start = source.place
        if line <= 1 and not start.indent:
            return start, source.path
        if start.indent or ("\n" in source.text and not source.path):
            return Place(start.file, start.line + start.indent + line - 1, 1), source.path
        return start, source.path

    def _note(self, problem: Mapping[str, Any], findings: Findings) -> None:
        at, path = self.place(problem["template"], problem["line"])
        findings.error(problem["complaint"], at=at, path=path, code="template")

    def _included(self, needs: Sequence[tuple[str, str]], findings: Findings) -> dict[str, str]:
        fresh: dict[str, str] = {}
        for template, wanted in needs:
            at, path = self.place(template, 1)
            if len(self.sources) > _MOST_FILES:
                complaint = f"includes lead to more than {_MOST_FILES} files"
                findings.error(complaint, at=at, path=path, code="template")
                return {}
            base = self.files[template]
            name = self.add_file(wanted, base=base, at=at, path=path, findings=findings)
            fresh[name] = self.sources[name].text
        return fresh


_FILE = re.compile(r"\S[^\n{}]*\.j2\s*")
_OTHER_FILE = re.compile(r"\S+\.(?:jinja2?|tmpl|tpl|txt|md|html?|prompt)", re.IGNORECASE)


def gather_templates(checked: CheckedFile, templates: TemplateSet) -> dict[str, str]:
    """Add every template of the file; return their names by path in the file."""
    names: dict[str, str] = {}
    for steps, text in [*_templates(checked.file), *overlay_templates(checked)]:
        path, at = dotted(steps), checked.place(*steps)
        readable = checked.base(at)
        if steps[-1] == "prompt" and _FILE.fullmatch(text):
            names[path] = templates.add_file(
                text.strip(), base=readable, at=at, path=path, findings=checked.findings
            )
        else:
            if steps[-1] == "prompt" and _OTHER_FILE.fullmatch(text.strip()):
                complaint = f"{text.strip()} looks like a file; a prompt file's name ends in .j2"
                checked.findings.error(complaint, at=at, path=path, code="file")
            name = template_name(at.file, path)
            names[path] = templates.add_text(
                name, TemplateSource(text=text, place=at, path=path), base=readable
            )
    return names


def gather_expressions(checked: CheckedFile, templates: TemplateSet) -> None:
    """Add every `if` and `where` of the file, named by its path."""
    for name, table in checked.file.data.items():
        if table.where is not None:
            _expression(("data", name, "where"), table.where, checked, templates)
    for number, rule in enumerate(checked.file.matrix.exclude):
        if "if" in rule:
            steps = ("matrix", "exclude", number, "if")
            _expression(steps, str(rule["if"]), checked, templates)


def _expression(
    steps: tuple[Step, ...], text: str, checked: CheckedFile, templates: TemplateSet
) -> None:
    path = dotted(steps)
    templates.expressions[path] = TemplateSource(text=text, place=checked.place(*steps), path=path)


def _templates(file: CampaignFile) -> Iterator[tuple[tuple[Step, ...], str]]:
    yield ("prompt",), file.prompt
    yield from ((("text", key), text) for key, text in file.text.items())
    yield from ((("references", n), text) for n, text in enumerate(file.references))
    if file.mask is not None:
        yield ("mask",), file.mask
    if file.output.path is not None:
        yield ("output", "path"), file.output.path
    for number, override in enumerate(file.overrides):
        start: tuple[Step, ...] = ("overrides", number, "set")
        if override.set.prompt is not None:
            yield (*start, "prompt"), override.set.prompt
        if override.set.mask is not None:
            yield (*start, "mask"), override.set.mask
        yield from (((*start, "text", key), text) for key, text in override.set.text.items())
        yield from (
            ((*start, "references", n), text)
            for n, text in enumerate(override.set.references or ())
        )


def check_names(checked: CheckedFile) -> None:
    """Report names that templates cannot use, and names that are used twice."""
    file, findings = checked.file, checked.findings
    kinds: dict[str, str] = dict.fromkeys(_RESERVED, "a reserved name")
    groups: list[tuple[str, tuple[str, ...], list[str]]] = [
        ("an axis", ("matrix",), ["size", *file.matrix.__pydantic_extra__]),
        ("a table", ("data",), list(file.data)),
        ("one of the vars", ("vars",), list(file.vars)),
    ]
    for kind, steps, names in groups:
        for name in names:
            at, path = checked.place(*steps, name, key=True), dotted((*steps, name))
            if not _NAME.fullmatch(name):
                plain = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_") or "a_name"
                complaint = f"templates cannot use the name {name}; use letters, digits and _"
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
                    at=checked.place(*steps_, key=True),
                    path=dotted(steps_),
                    code="name",
                )
    _check_values(checked)


def _check_values(checked: CheckedFile) -> None:
    for name, value in checked.file.vars.items():
        if isinstance(value, str) and ("{{" in value or "{%" in value):
            complaint = "vars are values, not templates: the braces are sent as written"
            at = checked.place("vars", name)
            checked.findings.warning(complaint, at=at, path=f"vars.{name}", code="literal-braces")


_RESERVED = ("stage", "take", "round", "note", "env")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)

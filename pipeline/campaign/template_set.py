"""The templates and expressions of a campaign: read, handed to the writing process, checked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.campaign.files import ReadableFile, below_root, beside, where_named
from pipeline.campaign.places import Findings, Place
from pipeline.campaign.reading.source import read_text
from pipeline.campaign.resolved import TemplateSource
from pipeline.errors import CampaignError
from pipeline.templates.template_process import TemplateProcess, TemplateProcessDied, TemplateSetup
from pipeline.templates.vocabulary import Vocabulary

_MOST_FILES = 500


@dataclass(slots=True)
class TemplateSet:
    """Templates by name; files are named as messages show them."""

    root: Path
    templates: dict[str, TemplateSource] = field(default_factory=dict)
    expressions: dict[str, TemplateSource] = field(default_factory=dict)
    files: dict[str, ReadableFile] = field(default_factory=dict)
    """Where the file lies from which a template's includes are found."""
    vocabulary: Vocabulary = field(default_factory=Vocabulary)
    """What the writing process found in the templates."""

    def add_text(self, name: str, source: TemplateSource, *, base: ReadableFile) -> str:
        """Keep a template that stands in the campaign file."""
        self.templates[name] = source
        self.files[name] = base
        return name

    def add_file(
        self, named: str, *, base: ReadableFile, at: Place, path: str, findings: Findings
    ) -> str:
        """Read a template file, once; its name is the file's."""
        reading = beside(named, base=base)
        if reading.shown in self.templates:
            return reading.shown
        try:
            below_root(reading, root=self.root, at=at, path=path)
            text = read_text(reading.path, shown=reading.shown)
        except CampaignError as error:
            findings.extend(where_named(error, reading, at=at, path=path).findings)
            text = "-"
        self.templates[reading.shown] = TemplateSource(text=text, place=Place(reading.shown, 1, 1))
        self.files[reading.shown] = reading
        return reading.shown

    def teach(
        self,
        template_process: TemplateProcess,
        findings: Findings,
        *,
        columns: Mapping[str, Sequence[str]],
        longest: int,
    ) -> frozenset[str]:
        """Hand everything to the writing process, included files too; problems are noted.

        Returns the names of what is broken.
        """
        broken: set[str] = set()
        fresh = {name: source.text for name, source in self.templates.items()}
        expressions = {name: source.text for name, source in self.expressions.items()}
        while fresh or expressions:
            lesson = TemplateSetup(
                templates=fresh,
                expressions=expressions,
                columns=columns,
                longest=longest,
            )
            try:
                reply = template_process.learn(lesson)
            except TemplateProcessDied as died:
                name = [*fresh, *expressions][died.number]
                self._note({"template": name, "line": 1, "complaint": died.reason}, findings)
                findings.settle()
                raise
            for name, (names, includes) in reply["said"].items():
                self.vocabulary.add(name, names=names, includes=includes)
            for problem in reply["problems"]:
                broken.add(problem["template"])
                self._note(problem, findings)
            fresh, expressions = self._included(reply["needs"], findings), {}
        return frozenset(broken)

    def place(self, template: str, line: int) -> tuple[Place, str]:
        """Where a line of a template stands, and its path in the campaign file."""
        source = self.templates.get(template) or self.expressions.get(template)
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
            if len(self.templates) > _MOST_FILES:
                complaint = f"includes lead to more than {_MOST_FILES} files"
                findings.error(complaint, at=at, path=path, code="template")
                return {}
            base = self.files[template]
            name = self.add_file(wanted, base=base, at=at, path=path, findings=findings)
            fresh[name] = self.templates[name].text
        return fresh

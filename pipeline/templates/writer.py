"""Compiling templates once and writing them for many cells, inside the template process."""

import json
import mmap
import re
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

from jinja2 import Template, TemplateSyntaxError, meta, nodes
from jinja2.exceptions import SecurityError, TemplateError, TemplateNotFound

from pipeline.templates.messages import Slots
from pipeline.templates.sandbox import OF_PATHS, Missing, PromptEnvironment
from pipeline.templates.syntax import (
    TemplateNames,
    explain_failure,
    explain_syntax,
    leftover_braces,
)
from pipeline.templates.values import Unwritable, named_values, special_value

_WHERE = re.compile(r"data\.(.+)\.where")
"""The name of the expression that filters a table."""
_GAP = re.compile(r"\n[ \t]*\n(?:[ \t]*\n)+")
"""Several blank lines in a row, which template blocks leave behind."""
_UNFIT = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_OPENING, _CLOSING = "\"“„„«»'\u2018「『", "\"”“”»«'\u2019」』"
Reply = dict[str, object]
CellTemplates = tuple[str, list[tuple[str, str]], list[str], str | None, list[str]]
"""The templates of a cell: prompt, texts by key, references, output path, texts of an overlay."""
_MOST_PROBLEMS = 50
"""Problems in a message above which only the first one of each cell is reported."""


class TemplateWriter:
    """Answers messages about the templates of one campaign."""

    def __init__(self, progress: mmap.mmap) -> None:
        self.progress = progress
        self.sources: dict[str, str] = {}
        self.slots = Slots()
        self.longest = 0
        self.environment = PromptEnvironment(self.sources.get)
        self.names = TemplateNames()
        self._campaign = ""
        """The campaign's name, which templates of output paths can use."""
        self._expressions: dict[str, Any] = {}

    def answer(self, body: bytes) -> Reply:
        """Carry out one message and return the answer."""
        message = json.loads(body, object_hook=special_value)
        if message["op"] == "compile":
            return self._compile(message)
        if message["op"] == "evaluate":
            return self._evaluate(message)
        return self._write(message)

    def _step(self, number: int) -> None:
        self.progress[0:4] = number.to_bytes(4, "little")

    def _compile(self, message: Mapping[str, Any]) -> Reply:
        self.slots = Slots(
            columns=message["columns"],
            decimals=message.get("decimals", {}),
            own_ids=message.get("own_ids", ()),
        )
        self.longest = message["longest"]
        problems: list[Reply] = []
        needs: list[tuple[str, str]] = []
        names_by_template: dict[str, tuple[list[str], list[str]]] = {}
        number = 0
        self.sources.update(message["templates"])
        for name, source in message["templates"].items():
            self._step(number)
            number += 1
            try:
                names_by_template[name] = self._compile_template(name, source, problems, needs)
            except RecursionError:
                problems.append({"template": name, "line": 1, "complaint": "is nested too deeply"})
            except Exception as error:  # noqa: BLE001  a template may fail in any way
                problems.append({"template": name, **self._compile_problem(error, name, source)})
        for name, source in message["expressions"].items():
            self._step(number)
            number += 1
            try:
                compiled = self.environment.compile_expression(source, undefined_to_none=False)
                self._expressions[name] = compiled
            except Exception as error:  # noqa: BLE001  as above
                problems.append({"template": name, **self._compile_problem(error, name, source)})
        return {"problems": problems, "needs": needs, "names": names_by_template}

    def _compile_problem(self, error: Exception, name: str, source: str) -> Reply:
        """Return the reason why a template cannot be compiled."""
        problem = _problem(error, name)
        if isinstance(error, TemplateSyntaxError) and problem["template"] == name:
            lines = source.splitlines() or [""]
            line = lines[min(error.lineno, len(lines)) - 1]
            known = [*self.environment.filters, *self.environment.tests]
            columns = self._columns_in(name)
            explained = explain_syntax(error.message or "", line, known=known, columns=columns)
            problem["complaint"] = explained or problem["complaint"]
        return problem

    def _columns_in(self, name: str) -> dict[str, Sequence[str]]:
        """Return the columns that a template or expression can name, by slot."""
        where = _WHERE.fullmatch(name)
        columns = self.slots.columns.items()
        if where is None:
            return {slot: names for slot, names in columns if not slot.startswith(".")}
        return {slot: names for slot, names in columns if slot == f".{where[1]}"}

    def _compile_template(
        self, name: str, source: str, problems: list[Reply], needs: list[tuple[str, str]]
    ) -> tuple[list[str], list[str]]:
        """Compile a template and report leftover braces; return its names and its includes."""
        tree = self.environment.parse(source, name)
        self.environment.compile(tree, name)
        names = sorted({one.name for one in tree.find_all(nodes.Name)})
        includes: list[str] = []
        for wanted in meta.find_referenced_templates(tree):
            if wanted is None:
                complaint = "the name of an included file must be a plain text"
                problems.append({"template": name, "line": 1, "complaint": complaint})
                continue
            path = self.environment.join_path(wanted, name)
            includes.append(path)
            if path not in self.sources:
                needs.append((name, wanted))
        for text in tree.find_all(nodes.TemplateData):
            left = leftover_braces(text.data)
            if left:
                complaint = f"{left[0]} is left over in the template's own text"
                if left[0].strip("{}").strip():
                    complaint += f"; a value is written {{{{ {left[0].strip('{} ')} }}}}"
                problems.append(
                    {"template": name, "line": text.lineno + left[1], "complaint": complaint}
                )
        self.names.add(name, names=names, includes=includes)
        return names, includes

    def _evaluate(self, message: Mapping[str, Any]) -> Reply:
        values = [named_values(entry, self.slots) for entry in message["values"]]
        answers: list[bool | None] = []
        problems: list[Reply] = []
        for number, (name, used) in enumerate(message["conditions"]):
            self._step(number)
            context: dict[str, object] = {}
            for index in used:
                context.update(values[index])
            Missing.known = context
            try:
                answers.append(bool(self.environment.truth(self._expressions[name](context))))
            except Exception as error:  # noqa: BLE001  an expression may fail in any way
                answers.append(None)
                problems.append({"number": number, "template": name, **_problem(error, name)})
        return {"answers": answers, "problems": problems}

    def _write(self, message: Mapping[str, Any]) -> Reply:
        values = [named_values(entry, self.slots) for entry in message["values"]]
        written: list[object] = []
        problems: list[Reply] = []
        self._campaign = message.get("campaign", "")
        for number, (templates, used, take, round_, note) in enumerate(message["images"]):
            self._step(number)
            context = {"stage": message["stage"], "take": take, "round": round_, "note": note}
            for index in used:
                context.update(values[index])
            Missing.known = context
            chosen = message["cell_templates"][templates]
            try:
                written.append(self._write_image(chosen, context, number, problems))
            except Exception as error:  # noqa: BLE001  a template may fail in any way
                written.append(None)
                problem = [_problem(error, chosen[0])]
                if isinstance(error, Unwritable) and len(problems) < _MOST_PROBLEMS:
                    problem = self._all_problems(chosen, context) or problem
                problems.extend({"number": number, **one} for one in problem)
        return {"written": written, "problems": problems}

    def _write_image(
        self,
        templates: CellTemplates,
        context: dict[str, object],
        number: int,
        problems: list[Reply],
    ) -> object:
        """Return the prompt, quoted texts, references, path and overlay of one image."""
        main, texts, references, path, laid_over = templates
        prompt = self._text(main, context)
        note = context["note"]
        if note and "note" not in self.names.used_in([main]):
            prompt = f"{prompt}\n\nRevision note: {note}"
        complaint = self._prompt_problem(prompt)
        if complaint:
            raise _UnusablePrompt(complaint)
        quoted: dict[str, str] = {}
        for key, name in texts:
            text = quoted[key] = self._text(name, context)
            if text and not is_quoted(text, prompt):
                complaint = f'"{text}" is not in quotes in the prompt'
                problems.append(
                    {"number": number, "template": name, "line": 1, "complaint": complaint}
                )
        files = [self._text(name, context) for name in references]
        place = None if path is None else self._text(path, self._path_names(context))
        words = [self._text(name, context) for name in laid_over]
        for name, text in zip(laid_over, words, strict=True):
            unfit = unfit_character(text)
            if unfit:
                complaint = f"the text holds {unfit}, a character that no text may hold"
                problems.append(
                    {"number": number, "template": name, "line": 1, "complaint": complaint}
                )
        return [prompt, quoted, files, place, words]

    def _path_names(self, context: dict[str, object]) -> dict[str, object]:
        """Return what the template of a path can use: the campaign's name too."""
        names = {OF_PATHS: self._campaign, **context}
        Missing.known = names
        return names

    def _all_problems(self, templates: CellTemplates, context: dict[str, object]) -> list[Reply]:
        """Return every problem with the templates of a cell, not only the first one."""
        main, texts, references, path, laid_over = templates
        names = [main, *(name for _, name in texts), *references, *([path] if path else [])]
        names += laid_over
        found_problems: list[Reply] = []
        for name in names:
            self.environment.problems = []
            ending: list[BaseException] = []
            try:
                self._text(name, self._path_names(context) if name == path else context)
            except Exception as error:  # noqa: BLE001  a template may fail in any way
                ending.append(error)
            for found in [*self.environment.problems, *ending]:
                problem = _problem(found, name)
                if problem not in found_problems:
                    found_problems.append(problem)
            self.environment.problems = None
        return found_problems

    def _text(self, name: str, context: dict[str, object]) -> str:
        template = self.environment.get_template(name)
        scope = template.new_context(context, shared=False)
        try:
            return _GAP.sub("\n\n", "".join(template.root_render_func(scope)).strip())
        except MemoryError as error:
            raise _UnusablePrompt("needs more memory than a prompt may") from error

    def _prompt_problem(self, prompt: str) -> str:
        if not prompt:
            return "the prompt is empty"
        if len(prompt) > self.longest:
            return f"the prompt has {len(prompt)} characters; the provider takes {self.longest}"
        unfit = unfit_character(prompt)
        return f"the prompt holds {unfit}, a character that no prompt may hold" if unfit else ""


class _UnusablePrompt(Exception):
    """A prompt that must not be sent."""


def _problem(error: BaseException, main: str) -> Reply:
    """Return the place of an error in a template, and its explanation."""
    template, line = _template_line(error.__traceback__)
    if isinstance(error, Unwritable) and error.line:
        template, line = error.template, error.line
    problem: Reply = {"template": template or main, "line": line, "slot": "", "column": ""}
    if isinstance(error, Unwritable):
        problem |= {"slot": error.slot, "column": error.column, "complaint": str(error)}
    elif isinstance(error, TemplateSyntaxError):
        known = error.name is not None and not error.name.startswith("<")
        problem |= {
            "template": error.name if known else main,
            "line": error.lineno,
            "complaint": f"not readable as a template: {error.message}",
        }
    elif isinstance(error, TemplateNotFound):
        problem["complaint"] = f"there is no file {error.name} to include"
    elif isinstance(error, SecurityError):
        problem["complaint"] = f"not allowed in a template: {error}"
    elif isinstance(error, RecursionError):
        problem["complaint"] = "the template calls itself endlessly"
    elif isinstance(error, MemoryError | OverflowError):
        problem["complaint"] = "needs more memory than a prompt may"
    elif isinstance(error, _UnusablePrompt | TemplateError):
        problem["complaint"] = str(error)
    else:
        problem["complaint"] = explain_failure(error)
    return problem


def _template_line(trace: TracebackType | None) -> tuple[str, int]:
    """Return the name and line of the innermost template in a traceback."""
    name, line = "", 1
    while trace is not None:
        template = trace.tb_frame.f_globals.get("__jinja_template__")
        if isinstance(template, Template):
            name = template.name or ""
            line = template.get_corresponding_lineno(trace.tb_lineno)
        trace = trace.tb_next
    return name, line


def unfit_character(prompt: str) -> str:
    """Return the first control character, bidi override or lone surrogate; empty if none.

    Newlines and tabs are fine, and so are the direction marks that Arabic and Hebrew copy needs.
    """
    found = _UNFIT.search(prompt)
    return f"U+{ord(found[0]):04X}" if found else ""


def is_quoted(text: str, prompt: str) -> bool:
    """Return whether the prompt contains a text in quotes, in the style of any language."""
    pairs = zip(_OPENING, _CLOSING, strict=True)
    return text in prompt and any(
        f"{opening}{text}{closing}" in prompt for opening, closing in pairs
    )

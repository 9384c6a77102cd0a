"""Inside the child: templates are learned once, then written for many cells."""

import json
import mmap
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from types import TracebackType
from typing import Any

from jinja2 import Template, TemplateSyntaxError, meta, nodes
from jinja2.exceptions import SecurityError, TemplateError, TemplateNotFound

from pipeline.templates.prompt_checks import leftover_braces, stands_quoted, unfit_character
from pipeline.templates.sandbox import Missing, PromptEnvironment, Unwritable
from pipeline.templates.syntax import explain_failure, explain_syntax
from pipeline.templates.values import revive
from pipeline.templates.vocabulary import Vocabulary

_GAP = re.compile(r"\n[ \t]*\n(?:[ \t]*\n)+")
"""Several blank lines, as blocks leave them behind."""
Reply = dict[str, object]
Kit = tuple[str, list[tuple[str, str]], list[str], str | None]
"""The templates of a cell: prompt, texts by key, references, output path."""
_MOST_ASKED = 50
"""Problems of one message after which a cell is not asked for more than its first."""
_DECIMAL = "\0decimal"


class TemplateWriter:
    """Holds the templates of one campaign."""

    def __init__(self, progress: mmap.mmap) -> None:
        self.progress = progress
        self.sources: dict[str, str] = {}
        self.columns: dict[str, Sequence[str]] = {}
        self.longest = 0
        self.environment = PromptEnvironment(self.sources.get)
        self.vocabulary = Vocabulary()
        self._expressions: dict[str, Any] = {}

    def answer(self, body: bytes) -> Reply:
        """Do what one message asks."""
        message = json.loads(body, object_hook=_undecimal)
        if message["op"] == "learn":
            return self._learn(message)
        if message["op"] == "judge":
            return self._judge(message)
        return self._write(message)

    def _step(self, number: int) -> None:
        self.progress[0:4] = number.to_bytes(4, "little")

    def _learn(self, message: Mapping[str, Any]) -> Reply:
        self.columns.update(message["columns"])
        self.longest = message["longest"]
        problems: list[Reply] = []
        needs: list[tuple[str, str]] = []
        said: dict[str, tuple[list[str], list[str]]] = {}
        number = 0
        self.sources.update(message["templates"])
        for name, source in message["templates"].items():
            self._step(number)
            number += 1
            try:
                said[name] = self._study(name, source, problems, needs)
            except RecursionError:
                problems.append({"template": name, "line": 1, "complaint": "is nested too deeply"})
            except Exception as error:  # noqa: BLE001  a template may fail in any way
                problems.append({"template": name, **self._unread(error, name, source)})
        for name, source in message["expressions"].items():
            self._step(number)
            number += 1
            try:
                compiled = self.environment.compile_expression(source, undefined_to_none=False)
                self._expressions[name] = compiled
            except Exception as error:  # noqa: BLE001  as above
                problems.append({"template": name, **self._unread(error, name, source)})
        return {"problems": problems, "needs": needs, "said": said}

    def _unread(self, error: Exception, name: str, source: str) -> Reply:
        """Why a template cannot be compiled."""
        told = _told(error, name)
        if isinstance(error, TemplateSyntaxError) and told["template"] == name:
            lines = source.splitlines() or [""]
            line = lines[min(error.lineno, len(lines)) - 1]
            known = [*self.environment.filters, *self.environment.tests]
            explained = explain_syntax(error.message or "", line, known=known)
            told["complaint"] = explained or told["complaint"]
        return told

    def _study(
        self, name: str, source: str, problems: list[Reply], needs: list[tuple[str, str]]
    ) -> tuple[list[str], list[str]]:
        """Compile a template and note what is left over; the names in it, and what it includes."""
        tree = self.environment.parse(source, name)
        self.environment.compile(tree, name)
        names = sorted({one.name for one in tree.find_all(nodes.Name)})
        includes: list[str] = []
        for wanted in meta.find_referenced_templates(tree):
            if wanted is None:
                complaint = "the name of an included file must be written out"
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
        self.vocabulary.add(name, names=names, includes=includes)
        return names, includes

    def _judge(self, message: Mapping[str, Any]) -> Reply:
        values = [revive(entry, self.columns) for entry in message["values"]]
        answers: list[bool | None] = []
        problems: list[Reply] = []
        for number, (name, used) in enumerate(message["questions"]):
            self._step(number)
            context: dict[str, object] = {}
            for index in used:
                context.update(values[index])
            Missing.known = context
            try:
                answers.append(bool(self._expressions[name](context)))
            except Exception as error:  # noqa: BLE001  an expression may fail in any way
                answers.append(None)
                problems.append({"shot": number, "template": name, **_told(error, name)})
        return {"answers": answers, "problems": problems}

    def _write(self, message: Mapping[str, Any]) -> Reply:
        values = [revive(entry, self.columns) for entry in message["values"]]
        written: list[object] = []
        problems: list[Reply] = []
        for number, (kit, used, take, round_, note) in enumerate(message["shots"]):
            self._step(number)
            context = {"stage": message["stage"], "take": take, "round": round_, "note": note}
            for index in used:
                context.update(values[index])
            Missing.known = context
            chosen = message["kits"][kit]
            try:
                written.append(self._shot(chosen, context, number, problems))
            except Exception as error:  # noqa: BLE001  a template may fail in any way
                written.append(None)
                told = [_told(error, chosen[0])]
                if isinstance(error, Unwritable) and len(problems) < _MOST_ASKED:
                    told = self._everything(chosen, context) or told
                problems.extend({"shot": number, **one} for one in told)
        return {"written": written, "problems": problems}

    def _shot(
        self,
        kit: Kit,
        context: dict[str, object],
        number: int,
        problems: list[Reply],
    ) -> object:
        """One cell's prompt, quoted texts, references and path."""
        main, texts, references, path = kit
        prompt = self._text(main, context)
        note = context["note"]
        if note and "note" not in self.vocabulary.said([main]):
            prompt = f"{prompt}\n\nRevision note: {note}"
        complaint = self._hygiene(prompt)
        if complaint:
            raise _Unclean(complaint)
        quoted: dict[str, str] = {}
        for key, name in texts:
            text = quoted[key] = self._text(name, context)
            if text and not stands_quoted(text, prompt):
                complaint = f'"{text}" does not stand in quotes in the prompt'
                problems.append(
                    {"shot": number, "template": name, "line": 1, "complaint": complaint}
                )
        files = [self._text(name, context) for name in references]
        return [prompt, quoted, files, None if path is None else self._text(path, context)]

    def _everything(self, kit: Kit, context: dict[str, object]) -> list[Reply]:
        """All that keeps a cell's templates from being written, not only what came first."""
        main, texts, references, path = kit
        names = [main, *(name for _, name in texts), *references, *([path] if path else [])]
        noted: list[Reply] = []
        for name in names:
            self.environment.noted = []
            ending: list[BaseException] = []
            try:
                self._text(name, context)
            except Exception as error:  # noqa: BLE001  a template may fail in any way
                ending.append(error)
            for found in [*self.environment.noted, *ending]:
                told = _told(found, name)
                if told not in noted:
                    noted.append(told)
            self.environment.noted = None
        return noted

    def _text(self, name: str, context: dict[str, object]) -> str:
        template = self.environment.get_template(name)
        scope = template.new_context(context, shared=False)
        try:
            return _GAP.sub("\n\n", "".join(template.root_render_func(scope)).strip())
        except MemoryError as error:
            raise _Unclean("needs more memory than a prompt may") from error

    def _hygiene(self, prompt: str) -> str:
        if not prompt:
            return "the prompt is empty"
        if len(prompt) > self.longest:
            return f"the prompt has {len(prompt)} characters; the provider takes {self.longest}"
        unfit = unfit_character(prompt)
        return f"the prompt holds {unfit}, a character that no prompt may hold" if unfit else ""


class _Unclean(Exception):
    """A prompt that must not be sent."""


def _told(error: BaseException, main: str) -> Reply:
    """What a template's failure means: where, and in words."""
    template, line = _spot(error.__traceback__)
    if isinstance(error, Unwritable) and error.line:
        template, line = error.template, error.line
    told: Reply = {"template": template or main, "line": line, "slot": "", "column": ""}
    if isinstance(error, Unwritable):
        told |= {"slot": error.slot, "column": error.column, "complaint": str(error)}
    elif isinstance(error, TemplateSyntaxError):
        known = error.name is not None and not error.name.startswith("<")
        told |= {
            "template": error.name if known else main,
            "line": error.lineno,
            "complaint": f"not readable as a template: {error.message}",
        }
    elif isinstance(error, TemplateNotFound):
        told["complaint"] = f"there is no file {error.name} to include"
    elif isinstance(error, SecurityError):
        told["complaint"] = f"not allowed in a template: {error}"
    elif isinstance(error, RecursionError):
        told["complaint"] = "the template calls itself without end"
    elif isinstance(error, MemoryError | OverflowError):
        told["complaint"] = "needs more memory than a prompt may"
    elif isinstance(error, _Unclean | TemplateError):
        told["complaint"] = str(error)
    else:
        told["complaint"] = explain_failure(error)
    return told


def _spot(trace: TracebackType | None) -> tuple[str, int]:
    """The innermost template and line of a traceback."""
    name, line = "", 1
    while trace is not None:
        template = trace.tb_frame.f_globals.get("__jinja_template__")
        if isinstance(template, Template):
            name = template.name or ""
            line = template.get_corresponding_lineno(trace.tb_lineno)
        trace = trace.tb_next
    return name, line


def _undecimal(mapping: dict[str, object]) -> object:
    if len(mapping) == 1 and isinstance(number := mapping.get(_DECIMAL), str):
        return Decimal(number)
    return mapping

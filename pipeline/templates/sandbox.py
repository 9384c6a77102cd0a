"""The sandboxed Jinja environment in which prompts are written."""

import functools
import inspect
import posixpath
import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, NoReturn

from jinja2 import FunctionLoader, StrictUndefined, Template, TemplateRuntimeError, Undefined, nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing

from pipeline.suggestions import did_you_mean, listing
from pipeline.templates.messages import ROW
from pipeline.templates.numbers import NoNumber, declared, read_float, read_int, read_number
from pipeline.templates.operators import COMPARED, check_order, compare, operands, truth
from pipeline.templates.values import (
    AxisValue,
    TableRow,
    UnusableCell,
    Unwritable,
    composed,
    kind_of,
)

_FEW_COLUMNS = 8
"""Most columns that a complaint lists if none of them resembles the name."""
OF_PATHS = "campaign"
"""A name that only templates of output paths have; their complaints list all names."""
_VARS = "vars"
_UNSTABLE = ("random", "pprint", "urlize")
"""Filters that are removed: their result varies between runs, or does not suit a prompt."""
_ORDERING = ("max", "min", "sort")
"""Filters that compare the values of a list."""
_TEXT_FILTERS = frozenset(
    "capitalize center e escape forceescape format indent lower replace string striptags title "  # noqa: SIM905  a list of words
    "trim truncate upper urlencode wordcount wordwrap".split()
)


class Missing(StrictUndefined):
    """A name or column that does not exist; every use of it raises `Unwritable`."""

    __slots__ = ()
    known: Iterable[str] = ()
    """Names that exist now, for the hint."""

    def __init__(
        self,
        hint: str | None = None,
        obj: object = missing,
        name: str | None = None,
        exc: type[TemplateRuntimeError] = Unwritable,
    ) -> None:
        super().__init__(hint, obj, name, exc)
        self._undefined_exception = self._complaint  # type: ignore[assignment]  # only ever called

    @property
    def is_vars(self) -> bool:
        """True for `vars`, as it is written in the campaign file; templates name its values."""
        return str(self._undefined_name) == _VARS and self._undefined_obj is missing

    def _complaint(self, message: str) -> Unwritable:
        name, owner = str(self._undefined_name), self._undefined_obj
        if isinstance(owner, TableRow | AxisValue):
            if self._undefined_hint:
                return Unwritable(message, slot=owner.slot, column=name)
            hint = _longer_name(name, owner) or did_you_mean(name, owner.columns)
            if not hint and len(owner.columns) <= _FEW_COLUMNS:
                hint = f"; it has {listing(owner.columns, last='and')}"
            complaint = f"{owner.slot} has no column {name}{hint}"
            return Unwritable(complaint, slot=owner.slot, column=name)
        if self._undefined_hint or owner is not missing:
            return Unwritable(message)
        return Unwritable(f"nothing is named {name}{self._alternative(name)}")

    def _alternative(self, name: str) -> str:
        """Return the name that was probably meant, or how a column is written here."""
        meant = did_you_mean(name, self.known)
        if OF_PATHS in self.known:
            return f"{meant}; there are {listing(sorted(self.known), last='and')}"
        row = self.known.get(ROW) if isinstance(self.known, Mapping) else None
        longer = _longer_name(name, row) if isinstance(row, TableRow) else ""
        if longer or meant or not isinstance(row, TableRow):
            return longer or meant
        few = listing(row.columns, last="and") if len(row.columns) <= _FEW_COLUMNS else ""
        columns = f" ({few})" if few else ""
        return f"; write a column{columns} without its table, or as {ROW}['…']"


def _longer_name(name: str, row: TableRow | AxisValue) -> str:
    """Return how to write a column whose first word alone was read: `sale` of `sale-price`."""
    for column in row.columns:
        if column.startswith(name) and re.match(r"\W", column[len(name) :]):
            return f"; the column {column} is written {row.slot}['{column}']"
    return ""


class _Context(Context):
    """Names of a template; composed and separate accents are the same."""

    def resolve_or_missing(self, key: str) -> Any:  # noqa: ANN401  jinja2's signature
        """Return the value of a name, or the mark that there is none."""
        found = super().resolve_or_missing(key)
        if found is missing and not key.isascii():
            found = super().resolve_or_missing(composed(key))
        if type(found) is UnusableCell:
            return self.environment.undefined(found.reason, name=key)
        return found


class _Generator(CodeGenerator):
    """A code generator that subjects operands to the rules for texts and numbers."""

    def visit_Compare(self, node: nodes.Compare, frame: Frame) -> None:  # noqa: N802  jinja2's name
        if len(node.ops) > 1 or node.ops[0].op not in COMPARED:
            super().visit_Compare(node, frame)
            return
        self.write(f"environment.compared({node.ops[0].op!r}, ")
        self.visit(node.expr, frame)
        self.write(", ")
        self.visit(node.ops[0].expr, frame)
        self.write(")")

    def visit_And(self, node: nodes.BinExpr, frame: Frame) -> None:  # noqa: N802  as above
        self._decided("and", node, frame)

    def visit_Or(self, node: nodes.BinExpr, frame: Frame) -> None:  # noqa: N802  as above
        self._decided("or", node, frame)

    def visit_Not(self, node: nodes.UnaryExpr, frame: Frame) -> None:  # noqa: N802  as above
        self.write("(not ")
        self._operand(node.node, frame)
        self.write(")")

    def _decided(self, word: str, node: nodes.BinExpr, frame: Frame) -> None:
        self.write("(")
        self._operand(node.left, frame)
        self.write(f" {word} ")
        self._operand(node.right, frame)
        self.write(")")

    def _operand(self, node: nodes.Expr, frame: Frame) -> None:
        """Write an operand of a condition; in templates, `or` also gives a value for an empty one.

        Templates have names, the conditions of a campaign file have none.
        """
        self.write("environment.truth(" if self.name is None else "(")
        self.visit(node, frame)
        self.write(")")

    def visit_Add(self, node: nodes.BinExpr, frame: Frame) -> None:  # noqa: N802  as above
        self._computed(node, frame)

    def visit_Mul(self, node: nodes.BinExpr, frame: Frame) -> None:  # noqa: N802  as above
        self._computed(node, frame)

    def _computed(self, node: nodes.BinExpr, frame: Frame) -> None:
        """Generate code for a sum or product, unless an operand is a text of the template."""
        sides = (node.left, node.right)
        literal = any(isinstance(s, nodes.Const) and isinstance(s.value, str) for s in sides)
        self.write("(" if literal else f"environment.call_binop(context, {node.operator!r}, ")
        self.visit(node.left, frame)
        self.write(f" {node.operator} " if literal else ", ")
        self.visit(node.right, frame)
        self.write(")")

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:  # noqa: N802  jinja2's name
        self.write("environment.concatenated((")
        for part in node.nodes:
            self.visit(part, frame)
            self.write(", ")
        self.write("))")


class PromptEnvironment(ImmutableSandboxedEnvironment):
    """A sandbox with key-first lookup and strict names; only text and numbers are printed."""

    code_generator_class = _Generator
    context_class = _Context
    intercepted_binops = frozenset("+-*/%") | {"//"}
    compared = staticmethod(compare)
    truth = staticmethod(truth)

    def __init__(self, load: Callable[[str], str | None]) -> None:
        super().__init__(
            loader=FunctionLoader(load),
            undefined=Missing,
            finalize=self.printable,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            optimized=False,
            auto_reload=False,
            cache_size=-1,
        )
        self.problems: list[Unwritable] | None = None
        """If it is a list, errors are added to it instead of being raised."""
        self.last = ("", "")
        """Slot and column of the last value that was not text."""
        self._last_text = ("", "", "")
        """Slot, column and value of the last text."""
        for name in _UNSTABLE:
            self.filters.pop(name, None)
        self.globals.pop("lipsum")
        for name in _TEXT_FILTERS:
            self.filters[name] = self._guarded(self.filters[name])
        self.filters["join"] = self._guarded_join(self.filters["join"])
        for name in _ORDERING:
            self.filters[name] = _ordering(self.filters[name])
        self.filters["float"] = self._reading(self.filters["float"], read_float)
        self.filters["int"] = self._reading(self.filters["int"], read_int)
        self.filters["number"] = self.number

    def join_path(self, template: str, parent: str) -> str:
        """Return the path of an included file, relative to the file that includes it."""
        return posixpath.normpath(posixpath.join(posixpath.dirname(parent), template))

    def getattr(self, obj: object, attribute: str) -> object:
        """Return `obj.attribute`; columns and keys come before Python attributes."""
        return self._looked_up(obj, attribute, super().getattr)

    def getitem(self, obj: object, argument: object) -> object:
        """Return `obj[argument]`; columns and keys come before Python attributes."""
        return self._looked_up(obj, argument, super().getitem)

    def _looked_up(self, obj: object, name: object, otherwise: Callable[..., object]) -> object:
        if isinstance(obj, AxisValue | TableRow):
            if not isinstance(name, str) or (name := composed(name)) not in obj.columns:
                return self.undefined(obj=obj, name=str(name))
            value = obj.columns[name]
            if isinstance(value, str):
                self._last_text = (obj.slot, name, value)
            elif type(value) is UnusableCell:
                return self.undefined(value.reason, obj=obj, name=name)
            else:
                self.last = (obj.slot, name)
            return value
        if isinstance(obj, Mapping) and isinstance(name, str) and name in obj:
            return obj[name]
        if isinstance(obj, Missing):
            if obj.is_vars and isinstance(name, str):
                return self.undefined(f"vars are used without this prefix: write {{{{ {name} }}}}")
            if self.problems is not None:
                return obj
        return otherwise(obj, name)

    def printable(self, value: object) -> object:
        """Return a value as a prompt shows it; raise `Unwritable` if it may not."""
        if type(value) is str:
            return value
        try:
            return self._shown(value)
        except Unwritable as unwritable:
            if self.problems is None:
                raise
            unwritable.template, unwritable.line = _calling_line()
            self.problems.append(unwritable)
            return ""

    def _shown(self, value: object) -> object:
        if isinstance(value, (str, Undefined)):
            return str(value)
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, int | float | Decimal | Undefined):
            return value
        slot, column = (value.slot, "") if isinstance(value, TableRow) else self.last
        named = f"{slot}.{column}".strip(".") or "the value"
        complaint = f"{named} is {kind_of(value)} and cannot be printed"
        raise Unwritable(complaint, slot=slot, column=column)

    def concatenated(self, parts: Iterable[object]) -> str:
        """Return the result of `~`."""
        return "".join(str(self.printable(part)) for part in parts)

    def call_binop(self, context: Context, operator: str, left: object, right: object) -> object:
        """Apply an operator; with a text on the left of `%`, check the values to be printed."""
        if operator == "%" and isinstance(left, str):
            for part in right if isinstance(right, tuple) else (right,):
                self.printable(part)
        else:
            left, right = operands(operator, left, right)
        return super().call_binop(context, operator, left, right)

    def call(self, context: Context, function: object, *args: object, **kwargs: object) -> object:
        """Call a function that templates may call; check the arguments that `format` prints."""
        if getattr(function, "__name__", "") in ("format", "format_map"):
            for part in (*args, *kwargs.values()):
                self.printable(part)
        return super().call(context, function, *args, **kwargs)

    def unsafe_undefined(self, obj: object, attribute: str) -> NoReturn:
        """Refuse private names, and methods that would change a value."""
        raise SecurityError(f"{attribute} may not be used on {type(obj).__name__}")

    def number(self, value: object, decimal: object = "", default: object = missing) -> object:
        """Return the number in a text, with `,` or `.` as decimal sign; see `read_number`."""
        if decimal not in ("", ",", "."):
            raise Unwritable(f"|number takes the decimal sign ',' or '.', not {decimal}")
        if not isinstance(value, str):
            return self._number_of(value, default)
        try:
            return read_number(value, str(decimal) or declared(value))
        except NoNumber as error:
            return self._or_default(value, default, str(error))

    def _reading(
        self, original: Callable[..., object], read: Callable[[str], object]
    ) -> Callable[..., object]:
        """Return the filter `float` or `int`, which refuses a text that is not a number."""

        @functools.wraps(original)
        def reading(value: object, default: object = missing, base: int = 10) -> object:
            if not isinstance(value, str):
                return original(self._number_of(value, default))
            if base != 10:  # noqa: PLR2004  other numerals are no amounts
                return (
                    original(value, base=base)
                    if default is missing
                    else original(value, default, base)
                )
            try:
                return read(value)
            except NoNumber as error:
                return self._or_default(value, default, str(error))

        return reading

    def _number_of(self, value: object, default: object) -> object:
        """Return a number as it is; for other values, return the default or raise an error."""
        if isinstance(value, int | float | Decimal | Undefined):
            return value
        slot, column = self.last
        named = f"{slot}.{column}".strip(".") or "the value"
        complaint = f"{named} is {kind_of(value)} and no number"
        return self._or_default(value, default, complaint)

    def _or_default(self, value: object, default: object, complaint: str) -> object:
        if default is not missing:
            return default
        slot, column, text = self._last_text
        known = text is value
        raise Unwritable(complaint, slot=slot if known else "", column=column if known else "")

    def _guarded(self, original: Callable[..., object]) -> Callable[..., object]:
        position = 1 if getattr(original, "jinja_pass_arg", None) is not None else 0

        @functools.wraps(original)
        def guarded(*args: object, **kwargs: object) -> object:
            shown = [self.printable(value) for value in args[position:]]
            return original(
                *(args if self.problems is None else (*args[:position], *shown)), **kwargs
            )

        return guarded

    def _guarded_join(self, original: Callable[..., object]) -> Callable[..., object]:
        @functools.wraps(original)
        def guarded(
            scope: object, values: Iterable[Any], *args: object, **kwargs: object
        ) -> object:
            kept = list(values)
            if not args[1:] and "attribute" not in kwargs:
                shown = [self.printable(value) for value in kept]
                kept = kept if self.problems is None else shown
            return original(scope, kept, *args, **kwargs)

        return guarded


def _ordering(original: Callable[..., object]) -> Callable[..., object]:
    """Return a filter that orders values and refuses numbers in texts that it would misplace."""

    @functools.wraps(original)
    def ordering(scope: object, values: Iterable[Any], *args: object, **kwargs: object) -> object:
        kept = list(values)
        if "attribute" not in kwargs:
            check_order(kept)
        return original(scope, kept, *args, **kwargs)

    return ordering


def _calling_line() -> tuple[str, int]:
    """Return the name and line of the template that is being executed."""
    frame = inspect.currentframe()
    while frame is not None:
        template = frame.f_globals.get("__jinja_template__")
        if isinstance(template, Template):
            return template.name or "", template.get_corresponding_lineno(frame.f_lineno)
        frame = frame.f_back
    return "", 0

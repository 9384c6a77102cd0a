"""What prose promises is tested: the drawn tree, the exit codes, the commands, the sizes."""

import ast
import inspect
import re
from pathlib import Path

import pytest

from pipeline import errors
from pipeline.app.run.endings import PRECEDENCE
from pipeline.cli.registry import COMMANDS

PIPELINE = Path(errors.__file__).parent
ROOT = PIPELINE.parent


def drawn_tree():
    """(depth, name, exit code as written) of every line of the tree in errors.py."""
    assert errors.__doc__ is not None
    for line in errors.__doc__.splitlines():
        found = re.match(r"([│├└─ ]*)([A-Z]\w+)\s+(\d+(?:/\d+)?)?", line)
        if found and hasattr(errors, found[2]):
            yield len(found[1]) // 4, found[2], found[3]


def test_the_drawn_tree_names_every_error_once():
    drawn = [name for _, name, _ in drawn_tree()]
    real = [
        name
        for name, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, errors.PipelineError)
    ]
    assert sorted(drawn) == sorted(real)


def test_the_drawn_tree_shows_real_parents_and_exit_codes():
    above = {}
    for depth, name, code in drawn_tree():
        kind = getattr(errors, name)
        above[depth] = kind
        if depth:
            assert kind.__bases__[0] is above[depth - 1], name
        if code:
            assert str(kind.exit_code) in code.split("/"), name


def test_every_exit_code_has_a_place_in_the_order_and_in_the_reference():
    reference = (PIPELINE / "REFERENCE.md").read_text()
    codes = {
        kind.exit_code
        for _, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, errors.PipelineError)
    }
    assert codes - {2, 75} <= set(PRECEDENCE)
    for code in codes:
        assert re.search(rf"^\|[^|]*\b{code}\b", reference, re.MULTILINE), f"exit code {code}"


@pytest.mark.parametrize("listing", COMMANDS, ids=lambda listing: listing.name)
def test_every_command_keeps_the_form_of_a_command(listing):
    command = listing.load()
    assert callable(command.add_arguments)
    assert callable(command.run)


@pytest.mark.parametrize("listing", COMMANDS, ids=lambda listing: listing.name)
def test_every_command_has_a_row_in_the_reference(listing):
    reference = (PIPELINE / "REFERENCE.md").read_text()
    assert re.search(rf"^\| `pipeline {listing.name}\b", reference, re.MULTILINE)


def test_the_readme_leads_to_the_other_pages():
    readme = (ROOT / "README.md").read_text()
    for page in (
        "campaigns/README.md",
        "output/README.md",
        "pipeline/REFERENCE.md",
        "pipeline/ARCHITECTURE.md",
    ):
        assert f"]({page})" in readme
        assert (ROOT / page).is_file()


def modules():
    return [path for path in PIPELINE.rglob("*.py") if "vendor" not in path.parts]


def test_a_rooms_init_is_one_docstring():
    for path in PIPELINE.rglob("__init__.py"):
        if path.parent == PIPELINE:
            continue
        body = ast.parse(path.read_text()).body
        assert len(body) == 1, path
        assert isinstance(body[0], ast.Expr), path


def test_files_and_functions_keep_comfortable_sizes():
    long = [f"{path}: {lines}" for path in modules() if (lines := _lines(path)) > 400]
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > 60:
                    long.append(f"{path}:{node.lineno} {node.name}: {lines}")
    assert long == []


def _lines(path):
    return path.read_text().count("\n")


def test_nothing_is_imported_inside_a_function():
    late = [
        f"{path}:{node.lineno}"
        for path in modules()
        for function in ast.walk(ast.parse(path.read_text()))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert late == []

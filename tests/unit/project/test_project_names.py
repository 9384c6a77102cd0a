"""Names and places: one meaning a name, plain words, folders that can be taken in at a glance."""

import ast
import re
from collections import Counter, defaultdict
from pathlib import Path

import pipeline

PIPELINE = Path(pipeline.__file__).parent
UNIT_TESTS = Path(__file__).parents[1]

METAPHORS = """
bookkeeper books census chapter charter counter courier darkroom desk door folio foresight gallery
gist keeper kit manuscript mischief noting premises purse roll roster scribe shelf shot spot tally
till turnstile weighing workbench
"""
"""Words that no name may contain, alone or with others."""
VAGUE = """
asked binding child common data gate handler helper info item manager misc process rendered settled
sight spans util wanted wire
"""
"""Words that are no whole name: beside another word they may be the right ones."""
LARGE_FOLDERS = {
    "app/commands": "one file per command",
    "cli/commands": "one file per command",
    "model": "one file per noun: a command loads only those that it needs",
}
"""Folders of more than twelve modules, and why they are not divided."""


def modules():
    return [path for path in sorted(PIPELINE.rglob("*.py")) if "vendor" not in path.parts]


def name_of(path):
    return path.parent.name if path.name == "__init__.py" else path.stem


def definitions(path):
    """Every class and function that a module defines, methods and nested ones too."""
    kinds = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    return [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, kinds)]


def words_of(name):
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}


def is_plain(name):
    words = words_of(name)
    singular = {word.removesuffix("s") for word in words}
    alone = name.strip("_").lower()
    return (words | singular).isdisjoint(METAPHORS.split()) and alone not in VAGUE.split()


def test_no_name_is_a_metaphor_or_says_nothing():
    """A name is what somebody guesses who knows Python, image APIs and ad operations."""
    found = set()
    for path in modules():
        names = [name_of(path), *(node.name for node in definitions(path))]
        place = path.relative_to(PIPELINE)
        found |= {f"{place}: {name}" for name in names if not is_plain(name)}
    assert found == set()


def test_a_class_name_is_defined_once():
    places = defaultdict(list)
    for path in modules():
        for node in definitions(path):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(str(path.relative_to(PIPELINE)))
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def test_a_folder_of_more_than_twelve_modules_has_a_reason():
    count = Counter(path.parent for path in modules() if path.name != "__init__.py")
    large = {str(folder.relative_to(PIPELINE)) for folder, number in count.items() if number > 12}
    assert large - set(LARGE_FOLDERS) == set()


def test_unit_tests_lie_where_their_room_lies():
    """Each folder of tests/unit is one of pipeline/, and its tests bear the folder's name."""
    folders = {path.parent for path in UNIT_TESTS.rglob("test_*.py")} - {Path(__file__).parent}
    for folder in folders:
        place = folder.relative_to(UNIT_TESTS)
        assert (PIPELINE / place / "__init__.py").is_file(), f"there is no pipeline/{place}"
        start = f"test_{folder.name.removesuffix('s')}"
        assert [
            one.name for one in folder.glob("test_*.py") if not one.name.startswith(start)
        ] == []


def test_the_name_of_a_test_fits_on_a_line():
    """What a test is about stands in its name, its story in a docstring."""
    names = [
        name
        for path in sorted(UNIT_TESTS.parent.rglob("test_*.py"))
        for name in re.findall(r"^(?:async )?def (test_\w+)\(", path.read_text(), re.MULTILINE)
    ]
    assert [name for name in names if len(f"def {name}():") > 88] == []

"""Errors cross processes: a worker's error arrives in its parent as it was raised."""

import importlib
import inspect
import pickle
import pkgutil
import types
import typing

import pipeline
from pipeline.adfiles.provenance.signing import SIGNER
from pipeline.errors import Finding
from pipeline.inspection.readers import NEEDED, READER, is_installed

SAMPLES = {
    str: "why",
    type(None): None,
    int: 3,
    float: 2.5,
    bytes: b"{}",
    tuple[Finding, ...]: (Finding(complaint="a typo", file="c.yaml", line=3),),
}


def exceptions():
    """Every exception class that pipeline/ defines."""
    found = [one.name for one in pkgutil.walk_packages(pipeline.__path__, "pipeline.")]
    extras = {
        READER[0]: NEEDED,
        SIGNER[0]: ("c2pa",),
    }  # cannot be imported without the extra, and defines no error
    for name in found:
        if not is_installed(*extras.get(name, ())):
            continue
        module = importlib.import_module(name)
        for kind in vars(module).values():
            is_error = inspect.isclass(kind) and issubclass(kind, BaseException)
            if is_error and kind.__module__ == module.__name__:
                yield kind


def sample(annotation):
    """A value of this type, and not None where another is known."""
    if isinstance(annotation, types.UnionType):
        kinds = typing.get_args(annotation)
        annotation = next((kind for kind in kinds if kind in SAMPLES), type(None))
    return SAMPLES[annotation]


def an_error(kind):
    """An error with a value for every parameter of its class."""
    if not inspect.isfunction(kind.__init__):
        return kind("why")
    wanted = typing.get_type_hints(kind.__init__)
    positional, named = [], {}
    for one in list(inspect.signature(kind.__init__).parameters.values())[1:]:
        value = sample(wanted[one.name])
        if one.kind is one.KEYWORD_ONLY:
            named[one.name] = value
        else:
            positional.append(value)
    return kind(*positional, **named)


def complaint(kind):
    """What is lost on the way to another process; empty where nothing is."""
    error = an_error(kind)
    try:
        back = pickle.loads(pickle.dumps(error))  # noqa: S301 - pickled a moment ago
    except Exception as broken:  # noqa: BLE001 - an error of any kind may come of it
        return str(broken)
    told = [(type(one), str(one), one.args, vars(one)) for one in (error, back)]
    return "" if told[0] == told[1] else f"{told[0]} came back as {told[1]}"


def test_every_error_survives_pickle_with_its_attributes():
    """Eight did not: a worker that raised one ended the whole pool, or told another story.

    Pickle calls the class with `args` again, which is the message alone.
    """
    kinds = set(exceptions())
    assert len(kinds) > 30
    complaints = {kind.__name__: complaint(kind) for kind in kinds}
    assert {name: text for name, text in complaints.items() if text} == {}

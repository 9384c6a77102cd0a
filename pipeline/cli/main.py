"""The command line: find the command, run it, and return its exit code."""

import sys
from collections.abc import Sequence
from itertools import groupby, pairwise

import pipeline
from pipeline.cli.registry import COMMANDS, CommandEntry, Parser, find, load_part
from pipeline.cli.terminal import leave_stdout, paint, say, stderr_in_background
from pipeline.errors import Interrupted, UsageError
from pipeline.system_errors import expected_error

EPILOGUE = """\
A first campaign
  pipeline run campaigns/citrus-soda.yaml       works offline and needs no key
  pipeline plan campaigns/spring-launch.yaml    shows what a run would cost
"""


def main(words: Sequence[str]) -> int:
    """Run one command line and return its exit code."""
    with stderr_in_background(as_json=_logs_json(words)):
        return _ended(words)


def _ended(words: Sequence[str]) -> int:
    try:
        code = _run(words)
        if sys.stdout is not None:
            sys.stdout.flush()  # here and not while the interpreter exits, with a code of its own
    except KeyboardInterrupt:
        say("interrupted")
        return 130
    except BrokenPipeError:
        leave_stdout()
        return 0
    except Exception as error:  # noqa: BLE001 - exceptions end here, and a bug must leave a trace
        return _told(error, as_json=_logs_json(words))
    else:
        return code


def _told(error: Exception, *, as_json: bool) -> int:
    """Say what ended a command, and return its exit code."""
    if isinstance(error, OSError):
        leave_stdout()
    problems = load_part("problems")
    expected = expected_error(error)
    if expected is None:
        problems.tell_bug(as_json=as_json)
        return 1
    code = expected.ends_with if isinstance(expected, Interrupted) else expected.exit_code
    if as_json:
        problems.log_error(expected, exit_code=code)
    else:
        problems.tell_error(expected)
    return code


def _logs_json(words: Sequence[str]) -> bool:
    """Return whether errors are read by a program, even if the command line is wrong."""
    return "--log=json" in words or ("--log", "json") in pairwise(words)


def _run(words: Sequence[str]) -> int:
    match words:
        case [] | ["-h" | "--help" | "help"]:
            print(_overview())
            return 0
        case ["help", name, *_]:
            words = [name, "--help"]
        case ["--version"]:
            print(f"campaign-pipeline {pipeline.__version__}")
            return 0
    entry = find(words[0])
    if entry is None:
        raise UsageError(load_part("problems").unknown_command(words[0]))
    command = entry.load()
    parser = Parser(name=entry.name, description=entry.help)
    command.add_arguments(parser)
    arguments, left = parser.parse_known_args(list(words[1:]))
    if left:  # argparse does not accept an optional GLOB after an option by itself
        arguments = parser.parse_intermixed_args(list(words[1:]))
    return command.run(arguments)


def _overview() -> str:
    lines = [
        "Campaigns as code: drafts, review, finals, and an account of every credit.",
        "",
        f"{paint('Usage', 'bold')}  pipeline COMMAND [FILE] [OPTIONS]",
    ]
    longest = max(len(entry.name) for entry in COMMANDS)
    for group, entries in groupby(COMMANDS, key=lambda entry: entry.group):
        lines += ["", paint(group, "bold"), *(_row(one, longest) for one in entries)]
    lines += ["", EPILOGUE, "pipeline COMMAND --help shows the options of a command."]
    return "\n".join(lines)


def _row(entry: CommandEntry, longest: int) -> str:
    return f"  {paint(entry.name.ljust(longest), 'cyan')}  {entry.help}"

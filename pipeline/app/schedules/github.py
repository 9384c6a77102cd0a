"""A GitHub workflow that runs a campaign daily."""

import json
import shlex
from collections.abc import Iterator

from pipeline.app.schedules.scheduled_run import (
    AGAIN,
    LONGEST,
    PAUSE,
    TRIES,
    WAITS,
    ScheduledRun,
    codes,
)

LEDGER = "PIPELINE_LEDGER"
"""The variable that names a ledger elsewhere: the disk of a runner is not kept."""


def workflow(run: ScheduledRun) -> str:
    """Return the workflow."""
    name = str(run.campaign)
    lines = [
        f"# .github/workflows/{name}.yaml: daily at {run.at.hour:02}:{run.at.minute:02} UTC",
        "# The disk of a runner is not kept. What was paid for is kept in a Postgres database,",
        f"# which {LEDGER} names. Without it, every run would buy everything anew.",
        *_store_comment(run),
        f"name: {json.dumps(name)}",
        "on:",
        f"  schedule: [{{cron: {json.dumps(run.at.cron)}}}]",
        "  workflow_dispatch: {}",
        "permissions: {contents: read}",
        f"concurrency: {{group: {json.dumps(f'campaign-{name}')}, cancel-in-progress: false}}",
        "jobs:",
        "  run:",
        "    runs-on: ubuntu-latest",
        *_strategy(run),
        f"    timeout-minutes: {LONGEST * 60 - 10}",
        "    steps:",
        "      - uses: actions/checkout@v4",
        '      - {uses: actions/setup-python@v5, with: {python-version: "3.13"}}',
        f"      - run: pip install {_package(run)}",
        "      - name: Run the campaign",
        "        env:",
        *(f"          {one}: ${{{{ secrets.{one} }}}}" for one in _secrets(run)),
        "        run: |",
        *(f"          {line}" for line in _script(run)),
        "      - uses: actions/upload-artifact@v4",
        "        if: always()",
        f"        with: {{name: {_artifact(run)}, path: {json.dumps(f'output/{name}')}}}",
    ]
    return "\n".join(lines) + "\n"


def _strategy(run: ScheduledRun) -> Iterator[str]:
    if run.shards > 1:
        numbers = [*range(1, run.shards + 1)]
        yield f"    strategy: {{fail-fast: false, matrix: {{shard: {numbers}}}}}"


def _artifact(run: ScheduledRun) -> str:
    return '"output-${{ matrix.shard }}"' if run.shards > 1 else "output"


def _secrets(run: ScheduledRun) -> list[str]:
    return list(dict.fromkeys((*run.secrets, LEDGER)))


def _package(run: ScheduledRun) -> str:
    extras = ["postgres", *(["stores"] if run.store else [])]
    return shlex.quote(f"campaign-pipeline[{','.join(extras)}]")


def _store_comment(run: ScheduledRun) -> Iterator[str]:
    if not run.store:
        yield "# The campaign names no store (output: {store: …}): its images are an artifact."


def _script(run: ScheduledRun) -> Iterator[str]:
    command = shlex.join((*run.words_elsewhere, "--detailed-exitcode"))
    command += run.shard_options("${{ matrix.shard }}")
    yield from (
        f'if [ -z "${LEDGER}" ]; then',
        f'  echo "::error::the secret {LEDGER} is not set: everything would be bought anew"',
        "  exit 2",
        "fi",
        f"for try in {codes([*range(1, TRIES + 1)])}; do",
        f"  code=0; {command} || code=$?",
        f'  case "$code" in {codes(AGAIN, "|")}) sleep {PAUSE} ;; *) break ;; esac',
        "done",
        'case "$code" in',
        "  0) ;;",
        f'  {WAITS}) echo "::notice::drafts of {run.campaign} wait for review" ;;',
        '  *) exit "$code" ;;',
        "esac",
    )

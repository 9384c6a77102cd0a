"""The run under test, forked from a process that has imported everything already.

It is the whole of `pipeline run`: command line, lock, planning, ledger, HTTP client, store,
manifest. Three things that cost seconds and no money are replaced: prompts are written in this
process, images are not decoded in others, and git is not asked.
"""

import dataclasses
import json
import mmap
import os
import sys
import traceback
from datetime import timedelta

from crash.crash_points import replace, step_name

from pipeline.app.commands import resolve as resolve_command
from pipeline.app.run import manifest_writer, session
from pipeline.campaign import loading
from pipeline.cli import main
from pipeline.images.local import group_writer
from pipeline.images.local.part_file import PartFile
from pipeline.images.local.store import LocalImageStore
from pipeline.inspection.checks import Check, CheckName
from pipeline.inspection.task import Inspection
from pipeline.ledger.sqlite import group_commit, opening
from pipeline.ledger.sqlite.ledger import SqliteLedger
from pipeline.model.providers.profile import Dedupe
from pipeline.network import api_client
from pipeline.network.guarded_session import GuardedSession
from pipeline.prompts import cells, writing
from pipeline.providers import gptimage
from pipeline.providers.names import GPTIMAGE
from pipeline.providers.openai_api import client as openai_client
from pipeline.providers.openai_api.batch_client import OpenAIBatches
from pipeline.providers.profiles import PROFILES
from pipeline.purchasing.batches import collecting
from pipeline.purchasing.batches.collecting import Collecting
from pipeline.purchasing.batches.order_files import OrderFiles
from pipeline.purchasing.batches.ordering import Tickets
from pipeline.purchasing.batches.result_lines import ResultLines
from pipeline.purchasing.downloading import Downloader
from pipeline.purchasing.inspecting import ImageInspector
from pipeline.purchasing.renderer import Renderer
from pipeline.purchasing.reservations import Reservations
from pipeline.purchasing.sealed_replies import OpenSeal, SealedReplies
from pipeline.reports import run_manifest
from pipeline.state.output import folder as output_folder
from pipeline.state.output.kept_checks import KeptChecks
from pipeline.templates.writer import TemplateWriter

CAMPAIGN = """\
campaign: soda
provider: gptimage
matrix:
  product:
    - {id: citrus, look: an amber glass bottle}
    - {id: berry, look: a slim pink can}
  size: [1:1]
prompt: A product photo of {{ product.look }} on a wet studio table, soft reflections.
stages:
  draft: {quality: low, takes: 1, review: auto}
  final: {quality: medium}
"""
JOBS = 4
PRINTED = "printed.txt"
"""The file that has what a child printed."""

STEPS_OF_EVERY_RUN = (
    *((SqliteLedger, verb) for verb in ("begin", "submit", "paid", "stored", "end")),
    (group_commit.GroupCommit, "_commit"),
    (group_commit.CommitMark, "advance"),
    (opening, "_make"),
    (gptimage.GptImage, "submit"),
    (api_client.ApiClient, "post"),
    (gptimage, "read_receipt"),
    (api_client, "_note_sending"),
    (GuardedSession, "_get"),
    (LocalImageStore, "put"),
    (PartFile, "_create"),
    (PartFile, "_append"),
    (PartFile, "complete"),
    (PartFile, "name_it"),
    (PartFile, "release"),
    (group_writer, "_write_group"),
    (Downloader, "fetch"),
    (Downloader, "_download"),
    (ImageInspector, "inspect"),
    (Reservations, "reserve"),
    (Renderer, "render"),
    (KeptChecks, "keep"),
    (manifest_writer.ManifestWriter, "open_folder"),
    (manifest_writer, "write_manifest"),
    (manifest_writer, "point_latest"),
    (session, "run_campaign"),
    (run_manifest, "write_file"),
    (output_folder, "write_whole"),
)
"""Named steps that the first run of a campaign takes: (owner, name)."""
STEPS_OF_SOME_RUNS = (
    *((SqliteLedger, verb) for verb in ("release", "fail", "doubt", "unfetched")),
    *((SqliteLedger, verb) for verb in ("abandon", "decide", "resolve", "restore")),
    (resolve_command, "note_resolution"),
    (Downloader, "_landed"),
    (opening, "migrate"),
)
STEPS_OF_SEALING = (
    (openai_client.OpenAI, "submit"),
    *((OpenSeal, step) for step in ("_create", "_append", "_seal", "read")),
    (SealedReplies, "forget"),
    (SealedReplies, "find"),
)
"""Steps of runs whose replies hold the image."""
STEPS_OF_BATCHES = (
    *((SqliteLedger, verb) for verb in ("order", "update_ticket", "close_ticket")),
    *((OrderFiles, step) for step in ("write", "open", "remove")),
    *((OpenAIBatches, step) for step in ("upload", "open", "find", "look", "lines")),
    *((ResultLines, step) for step in ("_create", "_append", "_sealed", "_seal", "_remove")),
    (Tickets, "moved"),
    (Collecting, "_settle_line"),
)
"""Steps of runs that order images in batches, or collect them."""
NAMED_STEPS = {
    step_name(*step): step
    for step in STEPS_OF_EVERY_RUN + STEPS_OF_SOME_RUNS + STEPS_OF_SEALING + STEPS_OF_BATCHES
}
"""Looked up while this is imported: AttributeError if one was renamed and is not watched."""

PAYMENT = step_name(SqliteLedger, "paid")


def before(owner, name):
    """The label of the instant before a named step."""
    return f"before {_known(owner, name)}"


def after(owner, name):
    """The label of the instant after a named step."""
    return f"after {_known(owner, name)}"


def _known(owner, name):
    step = step_name(owner, name)
    if step not in NAMED_STEPS:
        raise LookupError(f"{step} is not watched: no run would ever be ended there")
    return step


class InlineTemplateProcess:
    """Writes prompts in this process: no money is at stake there, and a process costs 0.2 s."""

    def __init__(self):
        self._writer = TemplateWriter(mmap.mmap(-1, mmap.PAGESIZE))
        self._answer = b""

    def compile(self, setup):
        names = [field.name for field in dataclasses.fields(setup)]
        message = {"op": "compile", **{name: getattr(setup, name) for name in names}}
        return self._writer.answer(json.dumps(message).encode())

    def post(self, head, values):
        body = json.dumps(head)
        self._answer = json.dumps(
            self._writer.answer(f'{body[:-1]},"values":[{",".join(values)}]}}'.encode())
        ).encode()

    def answer(self):
        return json.loads(self._answer)

    def raw_answer(self):
        return self._answer

    def close(self):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        pass


class PassingExecutor:
    """Finds every image good, without looking at it."""

    at_once = 8

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_error):
        return None

    async def run(self, _task):
        good = Check(name=CheckName.WHOLE, score=0.5, threshold=0.1, words="good enough")
        return Inspection(image=None, checks=(good,))


def replace_slow_parts():
    """Replace what costs time and no money, in this process and all that are forked from it."""
    for module in (loading, cells, writing):
        replace(module, "TemplateProcess", InlineTemplateProcess)
    replace(session, "executor_for", lambda *_, **__: PassingExecutor())
    replace(manifest_writer, "git_commit", lambda _folder: "")
    replace(collecting, "BETWEEN_LOOKS", timedelta(0))


def honour_keys(yes):
    """Tell the client that the API honours idempotency keys, or that it does not."""
    profile = PROFILES[GPTIMAGE]
    caps = dataclasses.replace(profile.caps, dedupe=Dedupe.KEY if yes else Dedupe.NONE)
    PROFILES[GPTIMAGE] = dataclasses.replace(profile, caps=caps)


def watch_everything(watcher):
    """Count the steps of this process from now on; the caller has to keep what is returned."""
    for owner, name in NAMED_STEPS.values():
        watcher.watch(owner, name)
    watcher.watch_os()
    watcher.watch_network()
    return watcher.watch_sqlite()


def run_once(folder, *words):
    """Call `pipeline run` in this process; return its exit code."""
    output, file = folder / "output", folder / "soda.yaml"
    words = ("--output", str(output), "--concurrency", "2", "--yes", "-q", *words)
    return main.main(["run", str(file), *words])


def command_once(folder, *words):
    """Call any other command in this process; return its exit code."""
    return main.main([*words, "--output", str(folder / "output")])


def run_forked(folder, server, task, *, campaign=CAMPAIGN):
    """Call `task()` in a child; return its exit code. Its output goes to a file in the folder."""
    folder.mkdir(exist_ok=True)
    (folder / "soda.yaml").write_text(campaign)
    return os.waitstatus_to_exitcode(os.waitpid(fork_task(folder, server, task), 0)[1])


def fork_task(folder, server, task):
    """Start `task()` in a child; return its process id."""
    child = os.fork()
    if child:
        return child
    try:
        printed = os.open(folder / PRINTED, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(printed, 1)
        os.dup2(printed, 2)
        os.environ.update(GPTIMAGE_BASE_URL=server.url, GPTIMAGE_API_KEY=server.key)
        os.environ.update(OPENAI_BASE_URL=f"{server.url}/v1", OPENAI_API_KEY=server.key)
        code = task()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    except BaseException:  # noqa: BLE001 - a child must not return into its parent's stack
        os.write(2, traceback.format_exc().encode())
        os._exit(99)

"""One life of a run, forked from a process that has imported everything already.

The whole of `pipeline run` is what lives and dies here: command line, lock, planning, ledger,
HTTP client, store, manifest. Three things that cost seconds and no money are made light: prompts
are written in this process, images are not decoded in others, and git is not asked.
"""

import dataclasses
import json
import mmap
import os
import sys
import traceback

from pipeline.app import manifest_writer, session
from pipeline.campaign import loading
from pipeline.cli import main
from pipeline.images.local import group_writer
from pipeline.images.local.part_file import PartFile
from pipeline.images.local.store import LocalImageStore
from pipeline.inspection.checks import Check, CheckName
from pipeline.inspection.task import Inspection
from pipeline.ledger.sqlite import group_commit, opening
from pipeline.ledger.sqlite.ledger import SqliteLedger
from pipeline.network import api_client
from pipeline.network.image_downloads import Downloads
from pipeline.prompts import cells, writing
from pipeline.providers import gptimage
from pipeline.providers.profiles import GPTIMAGE, PROFILES
from pipeline.purchasing.downloading import Downloader
from pipeline.purchasing.inspecting import ImageInspector
from pipeline.purchasing.renderer import Renderer
from pipeline.purchasing.reservations import Reservations
from pipeline.reports import run_manifest
from pipeline.state.output import folder
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

NAMED_STEPS = (
    *((SqliteLedger, verb) for verb in ("begin", "submit", "paid", "stored", "end", "decide")),
    *((SqliteLedger, verb) for verb in ("release", "fail", "doubt", "unfetched", "abandon")),
    (group_commit.GroupCommit, "_commit"),
    (group_commit.CommitMark, "advance"),
    (opening, "_make"),
    (opening, "migrate"),
    (gptimage.GptImage, "submit"),
    (gptimage.Wire, "post"),
    (gptimage, "read_receipt"),
    (api_client, "_note_sending"),
    (Downloads, "_get"),
    (LocalImageStore, "put"),
    (PartFile, "_create"),
    (PartFile, "_append"),
    (PartFile, "complete"),
    (PartFile, "name_it"),
    (PartFile, "release"),
    (group_writer, "_write_group"),
    (Downloader, "fetch"),
    (Downloader, "_landed"),
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
    (folder, "write_whole"),
)


class TemplateProcessHere:
    """Writes prompts in this process: no money is at stake there, and a process costs 0.2 s."""

    def __init__(self):
        self._writer = TemplateWriter(mmap.mmap(-1, mmap.PAGESIZE))
        self._answer = b""

    def learn(self, lesson):
        names = [field.name for field in dataclasses.fields(lesson)]
        told = {"op": "learn", **{name: getattr(lesson, name) for name in names}}
        return self._writer.answer(json.dumps(told).encode())

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


class ExecutorHere:
    """Finds every image good, without looking at it."""

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_error):
        return None

    async def run(self, _task):
        good = Check(name=CheckName.WHOLE, score=0.5, threshold=0.1, words="good enough")
        return Inspection(image=None, checks=(good,))


def make_light():
    """What costs time and no money; for the whole process and all that is forked from it."""
    for module in (loading, cells, writing):
        module.TemplateProcess = TemplateProcessHere
    session.open_executor = ExecutorHere
    manifest_writer.git_commit = lambda _folder: ""


def honour_keys(yes):
    """Let the client believe that the API honours keys, or not."""
    profile = PROFILES[GPTIMAGE]
    caps = dataclasses.replace(profile.caps, replays_keys=yes)
    PROFILES[GPTIMAGE] = dataclasses.replace(profile, caps=caps)


def watch_everything(tripwire):
    """Count the steps of this process from now on; what is returned must be kept."""
    for owner, name in NAMED_STEPS:
        tripwire.watch(owner, name)
    tripwire.watch_os()
    tripwire.watch_network()
    return tripwire.watch_sqlite()


def run_once(home, *words):
    """`pipeline run` in this process; returns its exit code."""
    output, file = home / "output", home / "soda.yaml"
    words = ("--output", str(output), "--concurrency", "2", "--yes", "-q", *words)
    return main.main(["run", str(file), *words])


def forked(home, shop, live):
    """A child that lives `live()` in its home, and its exit code; output goes to a file there."""
    home.mkdir(exist_ok=True)
    (home / "soda.yaml").write_text(CAMPAIGN)
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    try:
        said = os.open(home / "said.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(said, 1)
        os.dup2(said, 2)
        os.environ.update(GPTIMAGE_BASE_URL=shop.url, GPTIMAGE_API_KEY=shop.key)
        code = live()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    except BaseException:  # noqa: BLE001 - a child must not return into its parent's stack
        os.write(2, traceback.format_exc().encode())
        os._exit(99)

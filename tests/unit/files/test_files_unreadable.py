"""A file that cannot be read: the user's mistake, or a fault of the machine.

In a sweep over system calls, ten commands ended with 2, "wrong campaign", because the disk failed
or no further file could be opened. Where a missing file means that nothing was bought, the same
mistake would have bought it again.
"""

import errno
import json
import os
from pathlib import Path

import pytest
from builders import a_run

from pipeline.cli.main import main
from pipeline.errors import LocalFault, UsageError
from pipeline.files.unreadable import raise_machine_fault, read_file
from pipeline.ledger.manifest_import.run_log import with_log
from pipeline.ledger.memory.ledger import MemoryLedger
from pipeline.ledger.registry import open_ledger
from pipeline.state.output.balances import read_balance
from pipeline.state.output.campaign_file import refuse_second_file
from pipeline.state.output.lock import run_is_alive
from pipeline.state.output.lost_runs import hold_ledger_to_runs, lost_runs

MACHINE = (errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN, errno.ESTALE)
FILE = (errno.ENOENT, errno.EACCES, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG)
SODA = """\
campaign: soda
data: {products: {source: products.csv, key: sku}}
matrix: {product: {from: products}, size: ['1:1']}
prompt: "{% include 'soda.j2' %}"
"""


@pytest.fixture
def failing(monkeypatch):
    """Let opening, or with `reading` the reading, of files of one name fail with an error."""

    def fail(name, number, *, reading=False):
        def is_meant(path):
            return isinstance(path, str | os.PathLike) and Path(path).name == name

        def broken(real):
            def call(path, *words, **more):
                if is_meant(path) and not reading:
                    raise OSError(number, os.strerror(number), str(path))
                opened = real(path, *words, **more)
                return Unreadable(opened, number) if is_meant(path) and reading else opened

            return call

        monkeypatch.setattr(os, "open", broken(os.open))
        monkeypatch.setattr("io.open", broken(open))
        monkeypatch.setattr(os, "scandir", broken(os.scandir))
        monkeypatch.setattr(os, "listdir", broken(os.listdir))

    return fail


@pytest.fixture
def campaign(tmp_path, monkeypatch):
    """A campaign of three files, in the current folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "soda.yaml").write_text(SODA)
    (tmp_path / "products.csv").write_text("sku,name\na,Tea\n")
    (tmp_path / "soda.j2").write_text("A photo of {{ product.name }} on a table.\n")
    return tmp_path


class Unreadable:
    """An open file whose reading fails; a file system that does not answer makes it `None`."""

    def __init__(self, file, number):
        self.file, self.number = file, number

    def read(self, _most=-1):
        if self.number != errno.EAGAIN:
            raise OSError(self.number, os.strerror(self.number))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()


@pytest.mark.parametrize("number", MACHINE, ids=errno.errorcode.get)
def test_a_fault_of_the_machine_is_one(number):
    with pytest.raises(LocalFault, match=r"soda\.yaml: .*run it again"):
        raise_machine_fault(OSError(number, os.strerror(number)), Path("soda.yaml"))


@pytest.mark.parametrize("number", FILE, ids=errno.errorcode.get)
def test_what_is_wrong_with_the_file_itself_is_left_to_the_caller(number):
    assert raise_machine_fault(OSError(number, "x"), Path("soda.yaml")) is None


@pytest.mark.parametrize("number", [errno.EIO, errno.EAGAIN], ids=errno.errorcode.get)
def test_reading_that_fails_is_a_fault_of_the_machine(tmp_path, failing, number):
    """Python returns `None` for EAGAIN: `json.loads(None)` ended as a bug, with 1."""
    (tmp_path / "a.json").write_bytes(b"{}")
    failing("a.json", number, reading=True)
    with pytest.raises(LocalFault, match=r"a\.json"):
        read_file(tmp_path / "a.json")


@pytest.mark.parametrize("name", ["soda.yaml", "products.csv", "soda.j2"])
@pytest.mark.parametrize("number", [errno.EIO, errno.EMFILE], ids=errno.errorcode.get)
@pytest.mark.usefixtures("campaign")
def test_an_input_that_the_machine_cannot_read_is_no_mistake_in_it(capfd, failing, name, number):
    assert main(["check", "soda.yaml"]) == 0
    failing(name, number)
    assert main(["check", "soda.yaml"]) == 74
    said = capfd.readouterr().err
    assert name in said
    assert os.strerror(number) in said
    assert "run it again" in said


@pytest.mark.parametrize("name", ["soda.yaml", "products.csv", "soda.j2"])
def test_a_missing_input_is_a_mistake(campaign, name):
    (campaign / name).unlink()
    assert main(["check", "soda.yaml"]) == 2


def test_a_manifest_that_the_machine_cannot_read_imports_nothing(tmp_path, capfd, failing):
    (tmp_path / "manifest.json").write_text("{}")
    failing("manifest.json", errno.EIO)
    words = ["ledger", "import", str(tmp_path / "manifest.json"), "--output", str(tmp_path / "o")]
    assert main(words) == 74
    assert "Input/output error" in capfd.readouterr().err


HEAD = {
    "run": {"account": "gptimage", "number": 1, "finished": None},
    "totals": {"credits": {"confirmed": 8, "in_doubt": 0, "this_run": 8}},
}


class TestWhatARunBought:
    """A run manifest or a folder of runs that cannot be read hides no run from the ledger."""

    @pytest.fixture
    def output(self, tmp_path):
        folder = tmp_path / "soda" / "runs" / "2026-11-20T060000Z-aaaaaa"
        folder.mkdir(parents=True)
        text = json.dumps(HEAD, indent=1)
        (folder / "manifest.json").write_text(text.removesuffix("\n}") + ',\n "images": [\n]}\n')
        (folder / "log.jsonl").write_text('{"event": "submit", "job": "a", "attempt": 1}\n')
        return tmp_path

    async def test_the_ledger_lacks_this_run(self, output):
        with pytest.raises(UsageError, match="A new run would buy its images again"):
            await hold_ledger_to_runs(MemoryLedger(), output, "soda")

    @pytest.mark.parametrize("name", ["runs", "manifest.json"])
    async def test_a_disk_that_fails_does_not_prove_that_nothing_was_bought(
        self, output, failing, name
    ):
        failing(name, errno.EIO)
        with pytest.raises(LocalFault, match="Input/output error"):
            await hold_ledger_to_runs(MemoryLedger(), output, "soda")

    def test_a_log_that_cannot_be_read_is_not_taken_for_a_run_without_requests(
        self, output, failing
    ):
        [folder] = (output / "soda" / "runs").iterdir()
        manifest = {"run": {"finished": None}, "images": [{"job": "a", "attempts": []}]}
        failing("log.jsonl", errno.EIO)
        with pytest.raises(LocalFault):
            with_log(manifest, folder / "log.jsonl")

    def test_a_record_of_the_campaign_file_that_cannot_be_read_allows_no_second_file(
        self, output, failing
    ):
        (output / "soda" / "campaign-file.json").write_text('{"file": "a.yaml"}')
        failing("campaign-file.json", errno.EMFILE)
        with pytest.raises(LocalFault):
            refuse_second_file(output, "soda", output / "b.yaml", read_name=lambda _: "soda")

    def test_a_lock_that_cannot_be_read_does_not_mean_killed(self, output, failing):
        (output / "soda" / ".lock").touch()
        failing(".lock", errno.EMFILE)
        with pytest.raises(LocalFault):
            run_is_alive(output, "soda")

    def test_balances_that_cannot_be_read_are_not_taken_for_none(self, output, failing):
        (output / "balances.json").write_text("{}")
        failing("balances.json", errno.EIO)
        with pytest.raises(LocalFault):
            read_balance(output, "gptimage")


async def test_a_ledger_that_knows_its_runs_is_held_to_nothing(tmp_path):
    ledger = await open_ledger(tmp_path)
    await ledger.begin(a_run())
    await hold_ledger_to_runs(ledger, tmp_path, "soda")
    assert await lost_runs(ledger, tmp_path, "soda") == []
    await ledger.close()

"""A campaign's folder belongs to one campaign file; a second one of the same name is refused."""

import json
import shutil

import pytest

from pipeline.campaign.naming import read_name
from pipeline.cli.main import main
from pipeline.errors import UsageError
from pipeline.state.output.campaign_file import (
    RECORD,
    record_file,
    recorded_name,
    refuse_second_file,
)

SODA = """\
campaign: soda
matrix: {product: [PRODUCT], size: ['1:1']}
prompt: A product photo of {{ product }} on a wet table, soft light, centered framing.
stages:
  draft: {quality: low, takes: 1, review: none}
"""


@pytest.fixture
def shop(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, product in (("a.yaml", "citrus"), ("b.yaml", "berry")):
        (tmp_path / name).write_text(SODA.replace("PRODUCT", product))
    (tmp_path / "output" / "soda").mkdir(parents=True)
    record_file(tmp_path / "output", "soda", tmp_path / "a.yaml")
    return tmp_path


def hold(shop, file):
    refuse_second_file(shop / "output", "soda", shop / file, read_name=read_name)


def owner_after(shop, file):
    """The file to which the folder belongs once a run has recorded this one."""
    record_file(shop / "output", "soda", shop / file)
    return json.loads((shop / "output" / "soda" / RECORD).read_text())["file"]


def test_another_file_of_the_same_name_is_refused(shop):
    hold(shop, "a.yaml")
    with pytest.raises(UsageError, match=r"is that of a\.yaml,\nand .*b\.yaml has the same name"):
        hold(shop, "b.yaml")


def test_a_file_that_was_moved_goes_on(shop):
    (shop / "a.yaml").rename(shop / "c.yaml")
    hold(shop, "c.yaml")
    record_file(shop / "output", "soda", shop / "c.yaml")
    with pytest.raises(UsageError, match=r"is that of c\.yaml"):
        hold(shop, "b.yaml")


def test_a_file_that_has_another_name_by_now_stands_in_nobodys_way(shop):
    (shop / "a.yaml").write_text("campaign: soda-old\n")
    hold(shop, "b.yaml")
    assert owner_after(shop, "b.yaml") == "../b.yaml"


def test_a_broken_file_keeps_its_name(shop):
    (shop / "a.yaml").write_text("campaign: [\n")
    with pytest.raises(UsageError, match="same name"):
        hold(shop, "b.yaml")


def test_a_copy_that_says_the_same_is_the_same_campaign_until_it_is_changed(shop):
    shutil.copy(shop / "a.yaml", shop / "copy.yaml")
    hold(shop, "copy.yaml")
    record_file(shop / "output", "soda", shop / "copy.yaml")
    (shop / "copy.yaml").write_text(SODA.replace("PRODUCT", "cola"))
    with pytest.raises(UsageError, match=r"is that of a\.yaml"):
        hold(shop, "copy.yaml")


def test_a_project_that_was_moved_or_copied_whole_goes_on(shop, tmp_path_factory):
    copy = tmp_path_factory.mktemp("copy") / "shop"
    shutil.copytree(shop, copy)
    hold(copy, "a.yaml")
    assert json.loads((copy / "output" / "soda" / RECORD).read_text()) == {"file": "../a.yaml"}


def test_the_same_file_of_another_checkout_is_the_same_campaign(shop, tmp_path_factory):
    """Two working trees of one repository share an output folder."""
    other = tmp_path_factory.mktemp("other")
    for root in (shop, other):
        (root / ".git").mkdir()
    (other / "a.yaml").write_text(SODA.replace("PRODUCT", "cola"))
    refuse_second_file(shop / "output", "soda", other / "a.yaml", read_name=read_name)
    assert json.loads((shop / "output" / "soda" / RECORD).read_text()) == {"file": "../a.yaml"}


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"file": 7}', '{"file": "gone.yaml"}'])
def test_a_record_that_cannot_be_read_stands_in_nobodys_way(shop, content):
    (shop / "output" / "soda" / RECORD).write_text(content)
    hold(shop, "b.yaml")
    assert owner_after(shop, "b.yaml") == "../b.yaml"


def test_a_text_that_a_run_has_read_is_not_read_again_for_its_name(shop):
    """Reading YAML was half of what `status FILE` took. Any other text is read as ever."""
    output, file = shop / "output", shop / "a.yaml"
    assert recorded_name(output, file) is None
    record_file(output, "soda", file, extends=False)
    assert recorded_name(output, file) == "soda"
    assert recorded_name(output, shop / "b.yaml") is None
    shutil.copy(file, shop / "copy.yaml")
    assert recorded_name(output, shop / "copy.yaml") is None
    file.write_text(file.read_text().replace("soda", "cola"))
    assert recorded_name(output, file) is None
    record_file(output, "soda", file, extends=False)
    assert recorded_name(output, file) == "soda"
    record_file(output, "soda", file)
    assert recorded_name(output, file) is None
    assert recorded_name(output, shop / "gone.yaml") is None


def test_a_file_that_was_renamed_while_a_run_read_it_has_no_recorded_name(shop):
    for name in ("soda", "cola"):
        record_file(shop / "output", name, shop / "a.yaml", extends=False)
    assert recorded_name(shop / "output", shop / "a.yaml") is None


COMMANDS = (
    *(["plan"], ["run"], ["finals", "--yes"], ["resolve"], ["approve", "*"], ["review"]),
    *(["redo", "*"], ["adfiles"], ["sheet"], ["export", "--to", "delivery"]),
    *(["ls"], ["status"], ["log"], ["verify"]),
)


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    """Two files of one name, of which the first one has been rendered."""
    folder = tmp_path_factory.mktemp("rendered")
    for name, product in (("a.yaml", "citrus"), ("b.yaml", "berry")):
        (folder / name).write_text(SODA.replace("PRODUCT", product) + "  final: {quality: low}\n")
    output = str(folder / "output")
    assert main(["run", str(folder / "a.yaml"), "-q", "--output", output, "--stage", "draft"]) == 0
    return folder


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_no_command_touches_or_shows_the_other_campaign(rendered, monkeypatch, capfd, words):
    """`ls`, `status`, `log`, `sheet`, `verify` and `export` showed its images as the file's own."""
    monkeypatch.chdir(rendered)
    before = sorted((rendered / "output" / "soda").rglob("*"))
    command, *rest = words
    assert main([command, "b.yaml", *rest]) == 2
    said = capfd.readouterr()
    assert "is that of a.yaml,\nand b.yaml has the same name" in said.err
    assert "citrus" not in said.out
    assert sorted((rendered / "output" / "soda").rglob("*")) == before


@pytest.mark.parametrize("command", ["ls", "status", "log", "verify"])
def test_the_file_that_a_folder_belongs_to_is_shown(rendered, monkeypatch, command):
    monkeypatch.chdir(rendered)
    assert main([command, "a.yaml"]) == 0


def test_check_finds_two_files_of_one_name(shop, capfd):
    assert main(["check", "a.yaml", "b.yaml"]) == 2
    shown = capfd.readouterr()
    assert "soda is the name of a.yaml too" in shown.out + shown.err
    assert main(["check", "a.yaml", "a.yaml"]) == 0

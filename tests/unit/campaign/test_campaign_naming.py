"""A campaign's name is read alone, and always agrees with what loading the whole file gives."""

import subprocess
import sys

import pytest
from campaign_texts import HEAD

from pipeline.campaign.naming import read_name
from pipeline.errors import CampaignError

REST = HEAD.partition("\n")[2] + "prompt: a photo\n"
JSON = (
    '{"matrix": {"size": ["1:1"], "product": [{"id": "a", "campaign": "inner"}]},\n'
    ' "prompt": "a photo",\n "campaign": "json-style"}\n'
)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (f"campaign: demo\n{REST}", "demo"),
        (f'campaign: "demo" # ours\n{REST}', "demo"),
        (f"'campaign': 'demo'\n{REST}", "demo"),
        (f"campaign: >-\n  demo\n{REST}", "demo"),
        (f"campaign: 2024\n{REST}", "2024"),
        (f"vars: {{a: &name demo}}\ncampaign: *name\n{REST}", "demo"),
        (f"vars:\n  text: |\n    x\n    campaign: other\ncampaign: demo\n{REST}", "demo"),
        (f"\ufeffcampaign: demo\r\n{REST}", "demo"),
        (JSON, "json-style"),
    ],
)
def test_name_is_the_loaders(board, text, name):
    """A regex over the lines took a JSON-style file for one without a name: `ls`, `log`, `status`,
    `verify` and `resolve` refused campaigns that `check` had accepted.
    """
    board.write(text)
    assert read_name(board.file) == board.load().campaign.slug == name


def test_name_comes_by_extends(board):
    board.put("house/base.yaml", "campaign: from-base\n").put(
        "house.yaml", "extends: house/base.yaml\n"
    )
    board.write(f"extends: house.yaml\n{REST}")
    assert read_name(board.file) == board.load().campaign.slug == "from-base"


def test_own_name_wins_over_the_extended_one(board):
    board.put("house.yaml", "campaign: house\n")
    board.write(f"extends: house.yaml\ncampaign: own\n{REST}")
    assert read_name(board.file) == board.load().campaign.slug == "own"


@pytest.mark.parametrize(
    "text",
    [
        f"campaign:\n{REST}",
        f"campaign: true\n{REST}",
        f"campaign: 2.5\n{REST}",
        f"campaign: [a]\n{REST}",
        f"campaign: {{a: b}}\n{REST}",
        f"campaign: Summer Sale\n{REST}",
        f'campaign: "demo\\n"\n{REST}',
        f"campaign: {'x' * 81}\n{REST}",
        f'campaign: ""\n{REST}',
        f"campaign: one\ncampaign: two\n{REST}",
        f"campaign: demo\nvars: {{a: 1, a: 2}}\n{REST}",
        f"extends: gone.yaml\ncampaign: demo\n{REST}",
        f"extends: c.yaml\ncampaign: demo\n{REST}",
        f"campaign: @demo\n{REST}",
        "",
        "- a\n",
        "campaign: {{ name }}\n",
        b"campaign: d\xff\n",
        REST,
    ],
)
def test_wrong_names_and_files_are_told_as_by_the_loader(board, text):
    board.write(text)
    with pytest.raises(CampaignError) as told:
        read_name(board.file)
    with pytest.raises(CampaignError) as loaded:
        board.load()
    assert set(told.value.findings) <= set(loaded.value.findings)


def test_a_file_that_is_not_there_is_told_as_by_the_loader(board):
    with pytest.raises(CampaignError) as told:
        read_name(board.file)
    with pytest.raises(CampaignError) as loaded:
        board.load()
    assert told.value.findings == loaded.value.findings


def test_a_mistake_in_another_key_does_not_hide_the_name(board):
    board.write(f"campaign: demo\nbudgte: 5\n{REST}")
    assert read_name(board.file) == "demo"


def test_reading_a_name_imports_nothing_heavy():
    """`status` must answer within milliseconds of bare Python."""
    script = (
        "import sys, pipeline.campaign.naming\n"
        "heavy = {'pydantic', 'jinja2', 'asyncio', 'aiohttp', 'multiprocessing', 'subprocess'}\n"
        "print(*(heavy & sys.modules.keys()))"
    )
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert loaded.stdout.split() == []

"""Bad input: one clear message, the right exit code, nothing sent, no traceback, no run folder."""

import os

import pytest
from conftest import SODA


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("campaign: soda", "campain: soda"), "did you mean campaign"),
        (("headline: SUMMER CRUSH}", "headlin: SUMMER CRUSH}"), "headline"),
        (("{{ product.name }}", "{{ produkt.name }}"), "produkt"),
        (("size: [1:1, 4:3]", "size: [1:1, 4:x]"), "4:x"),
        (("size: [1:1, 4:3]", "size: [1:1, 9:1]"), "9:1"),
        (("quality: low", "quality: lo"), "low"),
        (("review: auto", "review: robot"), "auto"),
        (("stages:", "stagez:"), "stages"),
    ],
)
@pytest.mark.parametrize("command", ["check", "plan", "run"])
def test_a_mistake_in_the_file_is_named_with_its_place(pipeline, change, message, command):
    file = pipeline.write(SODA.replace(*change))
    ended = pipeline(command, file)
    said = ended.out + ended.err
    assert ended.code == 2, said
    assert message in said
    assert "Traceback" not in said
    assert "soda.yaml:" in said
    assert not [*pipeline.folder.glob("output/*/runs")]


def test_a_mistake_in_the_yaml_hides_no_other_one_from_a_run(pipeline):
    """A run reads the name before the rest; that alone must not end it with the first layer."""
    text = SODA.replace("headline: SUMMER CRUSH}", "headline: SUMMER, CRUSH}")
    text = text.replace("size: [1:1, 4:3]", "size: [1:1, 4;3]") + "takes: 3\n"
    file = pipeline.write(text)
    told = [line.partition("  [")[0] for line in pipeline("check", file).out.splitlines()]
    ended = pipeline("run", file)
    assert ended.code == 2
    assert ended.err.splitlines() == [line for line in told if line.startswith("error: ")]
    assert len(ended.err.splitlines()) == 3


def test_the_real_api_without_a_key_is_refused_before_anything_is_sent(pipeline):
    ended = pipeline("run", pipeline.write(), "--provider", "gptimage")
    assert ended.code == 2
    assert "GPTIMAGE_API_KEY" in ended.err
    assert not [*pipeline.output.glob("*/runs")]


def test_a_provider_that_does_not_exist_is_refused(pipeline):
    ended = pipeline("run", pipeline.write(), "--provider", "dalle")
    assert ended.code == 2
    assert "dalle" in ended.err


@pytest.mark.parametrize("command", ["plan", "run"])
def test_a_glob_that_fits_no_cell_is_no_silent_nothing_to_do(pipeline, command):
    ended = pipeline(command, pipeline.write(), "--only", "citrs/1x1")
    assert ended.code == 2
    assert "no cell matches --only citrs/1x1" in ended.err
    assert not [*pipeline.output.glob("*/runs")]


def test_a_file_that_does_not_exist_is_refused(pipeline):
    ended = pipeline("run", "nowhere.yaml")
    assert ended.code == 2
    assert "nowhere.yaml" in ended.err


def test_a_command_that_does_not_exist_is_refused_with_a_suggestion(pipeline):
    ended = pipeline("rum", "x.yaml")
    assert ended.code == 2
    assert "did you mean run" in ended.err


def test_a_word_that_no_command_knows_is_refused(pipeline):
    ended = pipeline("run", pipeline.write(), "--max-credit", "5")
    assert ended.code == 2
    assert "--max-credit" in ended.err


def test_an_output_folder_that_cannot_be_written_is_a_fault_of_this_machine(pipeline):
    (pipeline.folder / "file").write_text("")
    ended = pipeline("run", pipeline.write(), "--output", pipeline.folder / "file")
    assert ended.code == 74
    assert "Traceback" not in ended.err


@pytest.mark.skipif(not os.path.exists("/proc/1"), reason="needs procfs")  # noqa: PTH110
def test_an_output_folder_on_a_file_system_that_refuses_is_a_fault_of_this_machine(pipeline):
    ended = pipeline("run", pipeline.write(), "--output", "/proc/nowhere")
    assert ended.code == 74
    assert "Traceback" not in ended.err


def test_approving_what_does_not_exist_is_refused(pipeline):
    file = pipeline.write(SODA.replace("review: auto", "review: human"))
    pipeline("run", file, "--only", "citrus/1x1")
    for words, message in (
        (("approve", file, "pear/*"), "pear"),
        (("approve", file, "berry/1x1"), "berry/1x1"),
        (("approve", file, "citrus/1x1", "--take", "7"), "take"),
    ):
        ended = pipeline(*words)
        assert ended.code == 2, ended.err
        assert message in ended.err

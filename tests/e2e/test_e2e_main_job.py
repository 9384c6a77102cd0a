"""The main job, as the issue tells it: one command, a whole campaign, an account that holds."""

import json
import os
import signal
import sys

from account import audit, charged
from conftest import SODA, wait_until


def test_one_command_renders_a_whole_campaign_and_the_server_agrees_on_the_bill(pipeline):
    ended = pipeline("run", pipeline.write())
    assert ended.code == 0, ended.err
    assert ended.err.endswith(
        f"\n\nNext  pipeline export {pipeline.folder}/soda.yaml --to soda.zip\n"
    )
    account = pipeline.manifest()
    assert account["totals"]["stored"] == account["totals"]["jobs"] == 8
    assert account["totals"]["credits"]["confirmed"] == 4 * 2 + 4 * 6
    assert audit(pipeline.output)[2] == []


def test_the_same_command_again_sends_nothing_and_pays_nothing(pipeline):
    file = pipeline.write()
    pipeline("run", file)
    before = charged(pipeline.output)
    ended = pipeline("run", file)
    assert ended.code == 0, ended.err
    assert charged(pipeline.output) == before
    assert pipeline.manifest()["totals"]["credits"]["this_run"] == 0
    assert audit(pipeline.output)[2] == []


def test_killed_in_the_middle_and_run_again_it_ends_with_the_same_images(pipeline):
    file = pipeline.write()
    with pipeline.start("run", file) as process:
        drafts = pipeline.output / "soda" / "drafts"
        wait_until(lambda: len([*drafts.rglob("*.png")]) >= 2)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=30)
    ended = pipeline("run", file)
    assert ended.code == 0, ended.err
    account = pipeline.manifest()
    assert account["totals"]["stored"] == 8
    _, keys = charged(pipeline.output)
    assert len(keys) == len(set(keys)) == 8
    assert audit(pipeline.output)[2] == []


def test_a_deleted_image_is_downloaded_again_without_paying(pipeline):
    file = pipeline.write()
    pipeline("run", file)
    before = charged(pipeline.output)
    lost = pipeline.output / pipeline.manifest()["images"][0]["file"]
    lost.unlink()
    ended = pipeline("run", file)
    assert ended.code == 0, ended.err
    assert lost.exists()
    assert charged(pipeline.output) == before


def test_a_changed_word_makes_exactly_its_jobs_due(pipeline):
    file = pipeline.write()
    pipeline("run", file)
    _, before = charged(pipeline.output)
    pipeline.write(SODA.replace("SUMMER CRUSH", "SUMMER SPLASH"))
    ended = pipeline("run", file)
    assert ended.code == 0, ended.err
    _, after = charged(pipeline.output)
    assert len(after) - len(before) == 4
    assert audit(pipeline.output)[2] == []


def test_the_real_api_client_renders_the_same_campaign_against_serve(pipeline, served):
    server = served("--engine", "none")
    environment = {"GPTIMAGE_BASE_URL": server.url, "GPTIMAGE_API_KEY": server.key}
    ended = pipeline("run", pipeline.write(), "--provider", "gptimage", **environment)
    assert ended.code in {0, 3}, ended.err
    account = pipeline.manifest()
    assert account["run"]["account"].startswith("gptimage@http://127.0.0.1")
    assert account["totals"]["stored"] >= 4


def test_the_key_of_the_real_api_is_in_no_file_and_on_no_screen(pipeline, served):
    server = served("--engine", "none")
    environment = {"GPTIMAGE_BASE_URL": server.url, "GPTIMAGE_API_KEY": server.key}
    ended = pipeline("run", pipeline.write(), "--provider", "gptimage", **environment)
    assert server.key not in ended.out + ended.err
    holding = [
        path
        for path in pipeline.output.rglob("*")
        if path.is_file() and server.key.encode() in path.read_bytes()
    ]
    assert holding == []


def test_a_person_chooses_in_the_shell_and_only_that_becomes_a_final(pipeline):
    file = pipeline.write(
        SODA.replace("review: auto", "review: human").replace("takes: 1", "takes: 2")
    )
    first = pipeline("run", file)
    assert first.code == 0, first.err
    assert "4 cells to review" in first.err
    assert pipeline("approve", file, "citrus/*").code == 2
    assert pipeline("approve", file, "citrus/4:3", "--take", "2").code == 0
    assert pipeline("reject", file, "berry/*").code == 0
    second = pipeline("run", file)
    assert second.code == 0, second.err
    finals = [one for one in pipeline.manifest()["images"] if one["stage"] == "final"]
    assert [final["cell"] for final in finals] == ["citrus/4x3"]


def test_a_redo_draws_a_new_round_with_the_note_in_its_prompt(pipeline):
    file = pipeline.write(SODA.replace("review: auto", "review: human"))
    pipeline("run", file, "--only", "citrus/1x1")
    assert pipeline("redo", file, "citrus/1x1", "--note", "more {{ ice }} please").code == 0
    assert pipeline("run", file, "--only", "citrus/1x1").code == 0
    [image] = [one for one in pipeline.manifest()["images"] if one["cell"] == "citrus/1x1"]
    assert image["round"] == 2
    assert "more {{ ice }} please" in image["prompt"]


def test_an_ordinary_log_has_no_carriage_return_and_the_json_log_parses(pipeline):
    file = pipeline.write()
    ended = pipeline("run", file)
    assert "\r" not in ended.err
    again = pipeline("run", file, "--log", "json")
    events = [json.loads(line)["event"] for line in again.err.splitlines()]
    assert events[0] == "start"
    assert events[-1] == "done"


def test_a_log_of_json_stays_json_when_the_run_is_stopped(pipeline):
    """`stopped: ...` stood between the lines, and whoever parsed them died of it."""
    with pipeline.start("run", pipeline.write(), "--log", "json") as process:
        wait_until(lambda: [*(pipeline.output / "soda").glob("drafts/**/*.png")])
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 143
    events = [json.loads(line) for line in err.splitlines()]
    assert any("SIGTERM" in event.get("reason", "") for event in events)


def test_after_a_run_of_one_cell_the_newest_manifest_still_tells_of_all_others(pipeline):
    """A ledger rebuilt from it had forgotten them, and they would have been bought again."""
    file = pipeline.write()
    pipeline("run", file, "--stage", "draft")
    ended = pipeline("run", file, "--stage", "draft", "--only", "citrus/1x1")
    assert ended.code == 0, ended.err
    assert "1 of 2 images stored" in ended.err
    assert len(pipeline.manifest()["images"]) == 8
    for place in pipeline.output.glob("ledger.db*"):
        place.unlink()
    rebuilt = pipeline("ledger", "import", pipeline.output / "soda" / "latest" / "manifest.json")
    assert rebuilt.code == 0, rebuilt.err
    charged = pipeline.manifest()["totals"]["credits"]["confirmed"]
    assert pipeline("run", file, "--stage", "draft").code == 0
    money = pipeline.manifest()["totals"]["credits"]
    assert (money["confirmed"], money["this_run"], money["gone"]) == (charged, 0, 0)


def test_quiet_says_nothing_when_all_is_well(pipeline):
    ended = pipeline("run", pipeline.write(), "-q")
    assert (ended.code, ended.out, ended.err) == (0, "", "")


def test_sigterm_drains_and_the_next_run_finishes(pipeline):
    file = pipeline.write()
    with pipeline.start("run", file) as process:
        wait_until(lambda: [*(pipeline.output / "soda").glob("drafts/**/*.png")])
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert process.returncode == 143
    assert pipeline.manifest()["run"]["exit_code"] == 143
    assert pipeline("run", file).code == 0
    assert audit(pipeline.output)[2] == []


def test_it_runs_in_an_empty_environment_from_the_root_folder(pipeline):
    file = pipeline.write()
    pipeline.environment = {"PYTHONPATH": pipeline.environment["PYTHONPATH"], "LC_ALL": "C"}
    pipeline.folder, folder = os.sep, pipeline.folder
    ended = pipeline("run", file, "--output", folder / "output", "--only", "citrus/1x1")
    assert ended.code == 0, ended.err
    assert sys.executable


def test_a_run_leaves_a_contact_sheet_and_the_shell_makes_one_to_mail(pipeline):
    file = pipeline.write()
    pipeline("run", file, "--stage", "draft")
    html = (pipeline.output / "soda" / "latest" / "sheet.html").read_text()
    assert html.count("data:image/webp") == 4
    assert "<script" not in html
    assert pipeline("sheet", file, "--eml", "--to", pipeline.folder / "mail").code == 0
    assert b"Content-ID" in (pipeline.folder / "mail" / "sheet.eml").read_bytes()
    assert pipeline("sheet", file, "--dir", "--to", pipeline.folder / "sheet").code == 0
    assert len([*(pipeline.folder / "sheet" / "thumbs").glob("*.webp")]) == 4


def test_a_run_in_which_nothing_happened_draws_no_new_sheet(pipeline):
    file = pipeline.write()
    pipeline("run", file)
    pipeline("run", file)
    assert not (pipeline.output / "soda" / "latest" / "sheet.html").exists()


def test_a_sheet_goes_into_the_output_folder_unless_told_and_json_names_its_files(pipeline):
    file = pipeline.write()
    pipeline("run", file, "--stage", "draft")
    ended = pipeline("sheet", file, "--json")
    [named] = json.loads(ended.out)["files"]
    assert (pipeline.folder / named).is_file()
    assert pipeline.folder / named == pipeline.output / "soda" / "sheet" / "sheet.html"
    assert not (pipeline.folder / "sheet.html").exists()

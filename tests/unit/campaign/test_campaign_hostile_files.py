"""Files that nobody should have sent: refused at once, with their name."""

import os
import time

import pytest

TEXT = b"campaign: demo\nmatrix: {size: ['1:1']}\nprompt: a photo\n"


def test_a_missing_file_is_named(board):
    assert board.refused() == ["c.yaml: cannot be read: No such file or directory"]


def test_a_folder_is_no_campaign_file(board):
    board.file.mkdir()
    assert board.refused() == ["c.yaml: is not a regular file"]


def test_a_pipe_that_nobody_writes_to_does_not_hang(board):
    os.mkfifo(board.file)
    assert board.refused() == ["c.yaml: is not a regular file"]


def test_an_endless_device_is_refused(board):
    board.file.symlink_to("/dev/zero")
    assert board.refused() == ["c.yaml: is not a regular file"]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (TEXT.decode().encode("utf-16"), "c.yaml:1:1: is UTF-16 or UTF-32; save the file as UTF-8"),
        (
            b"campaign: demo\nprompt: caf\xe9",
            "c.yaml:2:12: byte 0xE9 is not UTF-8; save the file as UTF-8",
        ),
        (
            b"campaign: de\0mo",
            "c.yaml:1:13: holds the character U+0000, which no text may hold",
        ),
        (
            b"campaign: demo\nprompt: a\x07b",
            "c.yaml:2:10: holds the character U+0007, which no text may hold",
        ),
        (
            b"- campaign: demo",
            ("c.yaml:1:1: is a list; a campaign file is a mapping: "
            "campaign: …, matrix: …, prompt: …"),
        ),
        (
            b"campaign:demo",
            ("c.yaml:1:1: is a single text; a campaign file is a mapping: "
            "campaign: …, matrix: …, prompt: …"),
        ),
        (
            b"",
            ("c.yaml:1:1: is empty; a campaign file is a mapping: "
            "campaign: …, matrix: …, prompt: …"),
        ),
        (TEXT + b"---\n" + TEXT, "c.yaml:4:1: a second document starts here; one file holds one"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_campaign_is_told_so(board, content, complaint):
    assert board.write(content).refused() == [complaint]


def test_a_byte_order_mark_and_windows_line_ends_are_fine(board):
    board.write(b"\xef\xbb\xbf" + TEXT.replace(b"\n", b"\r\n"))
    assert board.prompt() == "a photo"


def test_fifty_megabytes_are_refused_without_being_read(board):
    with board.file.open("wb") as file:
        file.truncate(50_000_000)
    started = time.process_time()
    assert board.refused() == ["c.yaml: is too large: 50 MB; at most 8 MB are read"]
    assert time.process_time() - started < 1.0


@pytest.mark.parametrize("bomb", ["[" * 200_000, "a: {" * 50_000, "- " * 200_000])
def test_a_nested_bomb_costs_less_than_a_second(board, bomb):
    board.write(bomb)
    started = time.process_time()
    assert len(board.refused()) == 1
    assert time.process_time() - started < 1.0


@pytest.mark.parametrize("named", ["../../../../../../etc/passwd.j2", "/etc/hostname.j2"])
def test_a_prompt_file_outside_the_project_is_not_read(board, named):
    board.write(f"campaign: demo\nmatrix: {{size: ['1:1']}}\nprompt: {named}\n")
    (complaint,) = board.refused()
    assert "which templates and partial files may not leave" in complaint


def test_an_included_file_outside_the_project_is_not_read(board):
    board.write(
        "campaign: demo\nmatrix: {size: ['1:1']}\n"
        "prompt: |\n  A photo\n  {% include '../../../../../../../../etc/passwd' %}\n"
    )
    (complaint,) = board.refused()
    assert complaint.startswith("c.yaml:4:1: prompt: ")
    assert "etc/passwd lies outside" in complaint


def test_a_link_that_leads_out_of_the_project_is_not_followed(board):
    (board.folder / "out.j2").symlink_to("/etc/hostname")
    board.write("campaign: demo\nmatrix: {size: ['1:1']}\nprompt: out.j2\n")
    (complaint,) = board.refused()
    assert "out.j2 lies outside" in complaint


def test_a_file_that_extends_itself_is_told_so(board):
    board.write("extends: c.yaml\ncampaign: demo")
    assert board.refused() == ["c.yaml:1:10: extends: c.yaml extends itself"]


def test_an_included_pipe_does_not_hang(board):
    os.mkfifo(board.folder / "part.j2")
    board.write(
        "campaign: demo\nmatrix: {size: ['1:1']}\nprompt: \"A photo {% include 'part.j2' %}\"\n"
    )
    assert board.refused() == ["c.yaml:3:9: prompt: part.j2 is not a regular file"]
